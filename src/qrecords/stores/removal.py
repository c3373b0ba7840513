"""Takes an object out of the storage root for good: it is gone at once, then its bytes (the archive's destruction).

In a folder the one is a rename (blobs/foldermoves.py): a kill before it leaves the object whole; after it the object is
gone from `objects/` and its bytes wait in the staging of the step, to be removed by whoever finishes or sweeps it.
"""

from __future__ import annotations

from pathlib import Path

from qrecords.ports import Blobs, Stored
from qrecords.stores import durable
from qrecords.stores.ocfl import SIDECAR

TRASH = "removed"  # below the staging folder of the step


def measure(blobs: Blobs, home: str) -> Stored:
    """Return what lies where an object belongs."""
    sizes = [blobs.size(name) for name in blobs.names(f"{home}/")]
    digest = blobs.get(f"{home}/{SIDECAR}").decode("ascii").split()[0]
    return Stored(len(sizes), sum(sizes), digest)


def erase(trash: Path) -> None:
    """Remove the bytes of what was taken out."""
    if trash.exists():
        durable.remove_tree(trash)
        durable.sync_dir(trash.parent)
    durable.checkpoint("remove.erased")
