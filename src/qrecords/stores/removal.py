"""Takes an object out of the storage root for good: one rename, then the bytes (the archive's destruction).

A kill before the rename leaves the object whole; after it the object is gone from `objects/` and its bytes wait in the
staging of the step, to be removed by whoever finishes or sweeps that step.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qrecords.stores import durable
from qrecords.stores.ocfl import SIDECAR

TRASH = "removed"  # below the staging folder of the step


@dataclass(frozen=True, slots=True)
class Stored:
    """What an object is on disk: files, bytes, and the SHA-512 of its inventory, which covers all of them."""

    files: int
    size: int
    sha512: str


def measure(home: Path) -> Stored:
    """Return what lies in an object's folder."""
    with durable.storage_errors(home):
        sizes = [path.stat().st_size for path in home.rglob("*") if path.is_file()]
        digest = (home / SIDECAR).read_text(encoding="ascii").split()[0]
    return Stored(len(sizes), sum(sizes), digest)


def take_out(objects: Path, home: Path, trash: Path) -> bool:
    """Rename an object out of the storage root, with the folders above it that hold nothing else.

    No empty folder is ever seen below the storage root (OCFL 1.1, section 4). False when it is not there any more.
    """
    if not home.exists():
        return False
    top = home
    with durable.storage_errors(home):
        while top.parent != objects and [*top.parent.iterdir()] == [top]:
            top = top.parent
    durable.make_dirs(trash)
    durable.replace_dir(top, trash / home.name)
    durable.checkpoint("remove.taken")
    return True


def erase(trash: Path) -> None:
    """Remove the bytes of what was taken out."""
    if trash.exists():
        durable.remove_tree(trash)
        durable.sync_dir(trash.parent)
    durable.checkpoint("remove.erased")
