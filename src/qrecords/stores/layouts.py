"""Where objects lie below a storage root: two layouts of the OCFL extensions, of the archive and of what leaves it.

In the archive a folder is named after its object, so that people find it (0003). A package's folders are named by
digest alone (0004): the names of 0003 have `%` in them, which a BagIt manifest may not (RFC 8493, 2.1.3).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

TUPLE_SIZE, TUPLES = 3, 3
_LONGEST_LEAF = 100
_NOT_IN_LEAF = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout: its name as an extension, what `ocfl_layout.json` and `config.json` say, how a folder is named."""

    name: str
    description: str
    leaf: Callable[[str, str], str]  # of an object's id and its SHA-256
    id_of_leaf: Callable[[str], str | None]  # None when the name does not tell
    more: dict[str, Any] = field(default_factory=dict)

    def path(self, object_id: str) -> Path:
        """Return where an object lies below the storage root."""
        digest = hashlib.sha256(object_id.encode()).hexdigest()
        tuples = (digest[i * TUPLE_SIZE : (i + 1) * TUPLE_SIZE] for i in range(TUPLES))
        return Path(*tuples, self.leaf(object_id, digest))

    @property
    def declaration(self) -> dict[str, Any]:
        """Return the content of `ocfl_layout.json`."""
        return {"description": self.description, "extension": self.name}

    @property
    def config(self) -> dict[str, Any]:
        """Return the content of the extension's `config.json`."""
        return {
            "digestAlgorithm": "sha256", "extensionName": self.name, "numberOfTuples": TUPLES, "tupleSize": TUPLE_SIZE,
            **self.more,
        }  # fmt: skip


def _encoded(object_id: str, digest: str) -> str:
    leaf = _NOT_IN_LEAF.sub(lambda found: "".join(f"%{byte:02x}" for byte in found[0].encode()), object_id)
    return leaf if len(leaf) <= _LONGEST_LEAF else f"{leaf[:_LONGEST_LEAF]}-{digest}"


def _decoded(leaf: str) -> str | None:
    return unquote(leaf) if len(leaf) <= _LONGEST_LEAF else None


NAMED = Layout(
    "0003-hash-and-id-n-tuple-storage-layout",
    "Three folders of three digits of the id's sha256, then the id itself, percent-encoded",
    _encoded,
    _decoded,
)
HASHED = Layout(
    "0004-hashed-n-tuple-storage-layout",
    "Three folders of three digits of the id's sha256, then all of it",
    lambda _id, digest: digest,
    lambda _leaf: None,
    {"shortObjectRoot": False},
)
LAYOUTS = (NAMED, HASHED)
