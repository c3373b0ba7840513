"""OCFL 1.1 as the archive uses it: where an object lies, and the inventory that says what is in it.

One profile of the standard: sha512, folders v1, v2, …, content in `content/`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from qrecords.errors import IntegrityFailure
from qrecords.stores.layouts import NAMED

INVENTORY, SIDECAR = "inventory.json", "inventory.json.sha512"
ROOT_DECLARATION = ("0=ocfl_1.1", b"ocfl_1.1\n")
OBJECT_DECLARATION = ("0=ocfl_object_1.1", b"ocfl_object_1.1\n")
_TYPE = "https://ocfl.io/1.1/spec/#inventory"
_VERSION = re.compile(r"v[1-9][0-9]*")
_CONTENT_PATH = re.compile(r"v[1-9][0-9]*/content/.+")


def object_path(object_id: str) -> Path:
    """Return where an object lies below the archive's storage root (extension 0003)."""
    return NAMED.path(object_id)


def sha512(data: bytes) -> str:
    """Return the digest of bytes as inventories write it."""
    return hashlib.sha512(data).hexdigest()


def sha512_of(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha512").hexdigest()


def sidecar(inventory: bytes) -> bytes:
    """Return the content of the file that holds an inventory's digest."""
    return f"{sha512(inventory)} {INVENTORY}\n".encode()


def to_json(data: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for the same data, to be read by people too."""
    return (json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def is_version_name(name: str) -> bool:
    """Tell whether a folder of an object is named as a version's."""
    return _VERSION.fullmatch(name) is not None


def is_safe_name(name: str) -> bool:
    """Tell whether a name may be a logical path: relative, no `.` or `..`, writable on every file system."""
    parts = name.split("/")
    return name == str(PurePosixPath(name)) and all(
        part not in {"", ".", ".."} and not re.search(r'[\x00-\x1f<>:"|?*\\]', part) and len(part.encode()) <= 255
        for part in parts
    )


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object: digests of its files by logical name, and who made it, when, why."""

    state: Mapping[str, str]
    created: str
    message: str
    user: str

    def as_json(self) -> dict[str, Any]:
        """Return the version block of the inventory."""
        by_digest: dict[str, list[str]] = {}
        for name in sorted(self.state):
            by_digest.setdefault(self.state[name], []).append(name)
        address = f"urn:qrecords:account:{quote(self.user, safe='')}"
        return {
            "created": self.created,
            "message": self.message,
            "state": by_digest,
            "user": {"address": address, "name": self.user},
        }


@dataclass(frozen=True, slots=True)
class Inventory:
    """What an object holds: its versions in order, and the content paths of every digest."""

    object_id: str
    manifest: Mapping[str, Sequence[str]]
    versions: Sequence[Version]

    @property
    def head(self) -> int:
        """Return the number of the newest version."""
        return len(self.versions)

    def grown(self, version: Version, added: Mapping[str, str]) -> Inventory:
        """Return the inventory with one more version and the content (path by digest) it brings."""
        manifest = {**self.manifest, **{digest: [path] for digest, path in added.items()}}
        return Inventory(self.object_id, manifest, [*self.versions, version])

    def to_bytes(self) -> bytes:
        """Return inventory.json."""
        return to_json(
            {
                "digestAlgorithm": "sha512",
                "head": f"v{self.head}",
                "id": self.object_id,
                "manifest": {digest: sorted(paths) for digest, paths in self.manifest.items()},
                "type": _TYPE,
                "versions": {f"v{n}": v.as_json() for n, v in enumerate(self.versions, start=1)},
            }
        )

    @classmethod
    def parse(cls, data: bytes, where: str) -> Inventory:
        """Read an inventory.json; IntegrityFailure names `where` when it is not one of this archive's."""
        try:
            read = json.loads(data)
            versions = [_version(read["versions"][f"v{n}"]) for n in range(1, len(read["versions"]) + 1)]
            manifest = {digest.lower(): list(paths) for digest, paths in read["manifest"].items()}
            inventory = cls(read["id"], manifest, versions)
            sound = (
                (read["type"], read["digestAlgorithm"], read["head"]) == (_TYPE, "sha512", f"v{inventory.head}")
                and inventory.head > 0
                and all(_is_content_path(p) for paths in manifest.values() for p in paths)
                and all(manifest.get(digest) for v in versions for digest in v.state.values())
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            sound = False
        if not sound:
            raise IntegrityFailure(f"{where} 的清单 {INVENTORY} 已损坏", remedy="请从备份恢复这个对象")
        return inventory


def _version(block: Mapping[str, Any]) -> Version:
    state = {name: digest.lower() for digest, names in block["state"].items() for name in names}
    datetime.fromisoformat(block["created"])
    return Version(state, block["created"], str(block.get("message", "")), str(block.get("user", {}).get("name", "")))


def _is_content_path(path: str) -> bool:
    """Tell whether a manifest names a file of the object itself, nothing outside it."""
    return _CONTENT_PATH.fullmatch(path) is not None and not {"", ".", ".."} & set(path.split("/"))
