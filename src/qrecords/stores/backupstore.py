"""A backup's folder: an OCFL storage root of its own, the register, the other files by their hash, one manifest.

backup.json        what belongs to the backup; replaced last, so that the folder always holds one whole backup
register/…sqlite   the register named by the manifest
objects/           every object in the version the register knows
files/ab/ab12…     settings, forms, lists, signed papers: by SHA-256
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, NotFound, Problem
from qrecords.ports import Objects
from qrecords.stores import durable, ocfl
from qrecords.stores.archive import Archive

MANIFEST = "backup.json"
SCHEMA = 1
ASIDE = "restore"  # below the staging of what is restored: an object on its way
OWN_NAMES = {MANIFEST, "register", "objects", "files", "staging", "locks"}  # what a backup's folder holds


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one backup holds: hashes by path, objects with their version, and the head of the log it was made at."""

    register_id: str
    made_at: str
    made_by: str
    program: str
    register_sha256: str
    audit_seq: int
    audit_head: str
    files: Mapping[str, str]  # path in the workspace → SHA-256
    objects: Mapping[str, tuple[int, str]]  # object id → version, SHA-512 of that version's inventory


class BackupStore:
    """The folder of one office's backups; each new one replaces the last and copies only what is new."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._archive = Archive(folder)

    def prepare(self) -> None:
        """Make the folder; what is there stays."""
        durable.make_private(self.folder)
        self._archive.prepare()
        durable.make_dirs(self.folder / "register")

    def manifest(self) -> Manifest | None:
        """Return what the last whole backup holds; None before the first. IntegrityFailure when it cannot be read."""
        path = self.folder / MANIFEST
        if not path.is_file():
            return None
        try:
            data: dict[str, Any] = json.loads(path.read_bytes())
            own = data.pop("sha256")
            if data.pop("schema") != SCHEMA or own != _digest(data):
                raise ValueError(own)
            objects = {name: (int(version), str(digest)) for name, (version, digest) in data["objects"].items()}
            manifest = Manifest(**{**data, "objects": objects})
            if not all(ocfl.is_safe_name(name) for name in manifest.files):
                raise ValueError("a path that leads out of the workspace")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise IntegrityFailure(f"{path} 已损坏", remedy="请换一份备份；不要在这个文件夹上继续备份") from None
        return manifest

    def require_manifest(self) -> Manifest:
        """Return what the backup holds; NotFound when the folder is none."""
        found = self.manifest()
        if found is None:
            raise NotFound(
                f"{self.folder} 不是备份（没有 {MANIFEST}）", remedy=advise("请指明 {} 写过的文件夹", Do.BACKUP)
            )
        return found

    def register_path(self, sha256: str) -> Path:
        """Return where the copy of the register with this hash lies."""
        return self.folder / "register" / f"{sha256}.sqlite"

    def file_path(self, sha256: str) -> Path:
        """Return where the file with this hash lies."""
        return self.folder / "files" / sha256[:2] / sha256

    def put_object(self, source: Objects, object_id: str, version: int) -> tuple[int, str]:
        """Copy an object from an archive; returns the bytes copied and the hash of its inventory."""
        copied = self._archive.copy_in(source, object_id, version)
        return copied, self._archive.inventory_digest(object_id, version)

    def put_file(self, path: Path) -> str:
        """Copy a file by its hash, if it is not there yet; returns the hash."""
        sha256 = sha256_of(path)
        kept = self.file_path(sha256)
        if not kept.is_file():
            durable.write_file_from(path, kept)
            if sha256_of(kept) != sha256:
                kept.unlink()
                raise IntegrityFailure(f"{path.name} 在备份时被改动", remedy="请再备份一次")
        return sha256

    def put_register(self, path: Path) -> str:
        """Move a copy of the register into the backup; returns its hash."""
        sha256 = sha256_of(path)
        durable.replace_file(path, self.register_path(sha256))
        return sha256

    def publish(self, manifest: Manifest) -> None:
        """Make this the backup the folder holds, then let go of what only the one before needed."""
        data = asdict(manifest)
        text = {**data, "schema": SCHEMA, "sha256": _digest(data)}
        durable.checkpoint("backup.ready")
        durable.write_file(self.folder / MANIFEST, ocfl.to_json(text))
        durable.checkpoint("backup.published")
        self._tidy(manifest)

    def restore_object(self, target: Objects, object_id: str, manifest: Manifest) -> None:
        """Copy an object out of the backup, checked byte for byte on the way; IntegrityFailure when it is damaged."""
        version, digest = manifest.objects[object_id]
        if self._inventory_digest(object_id, version) != digest:
            raise IntegrityFailure(f"备份里的 {object_id} 与备份清单不符", remedy="请换一份备份")
        target.copy_in(self._archive, object_id, version, ASIDE)

    def restore_file(self, sha256: str, target: Path) -> None:
        """Copy a file out of the backup; IntegrityFailure when it is damaged."""
        self._copy_out(self.file_path(sha256), target, sha256)

    def restore_register(self, sha256: str, target: Path) -> None:
        """Copy the register out of the backup; IntegrityFailure when it is damaged."""
        self._copy_out(self.register_path(sha256), target, sha256)

    def look_through(self, manifest: Manifest, progress: Callable[[int, int], None] | None = None) -> Iterator[Problem]:
        """Give what of the backup is missing or not what the manifest says, every byte read."""
        kept = [(name, self.file_path(sha256), sha256) for name, sha256 in sorted(manifest.files.items())]
        register = manifest.register_sha256
        for name, path, sha256 in [("register.sqlite", self.register_path(register), register), *kept]:
            if not path.is_file() or sha256_of(path) != sha256:
                yield Problem("丢失或损坏", source=name)
        total = len(manifest.objects)
        for done, (object_id, (version, digest)) in enumerate(sorted(manifest.objects.items()), start=1):
            if self._inventory_digest(object_id, version) != digest:
                yield Problem("与备份清单不符", source=object_id)
            else:
                yield from self._archive.check(object_id, deep=True)
            if progress:
                progress(done, total)

    @property
    def aside(self) -> Path:
        """Return the folder of what is under way, on the backup's own file system."""
        return self.folder / "staging"

    def _inventory_digest(self, object_id: str, version: int) -> str:
        try:
            return self._archive.inventory_digest(object_id, version)
        except NotFound:
            return ""

    def _copy_out(self, source: Path, target: Path, sha256: str) -> None:
        if not source.is_file() or sha256_of(source) != sha256:
            raise IntegrityFailure(f"备份里的 {target.name} 丢失或损坏", remedy="请换一份备份")
        durable.write_file_from(source, target)

    def _tidy(self, manifest: Manifest) -> None:
        """Remove objects, files and registers the backup no longer names: destroyed records must not live on here."""
        for object_id in [*self._archive.ids()]:
            if object_id not in manifest.objects:
                self._archive.discard(object_id)
        wanted = {self.register_path(manifest.register_sha256), *map(self.file_path, manifest.files.values())}
        for kept in [*self.folder.glob("register/*"), *self.folder.glob("files/*/*")]:
            if kept not in wanted:
                durable.remove_file(kept)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with durable.storage_errors(path), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(ocfl.to_json(data)).hexdigest()
