"""A folder of OCFL objects: blobs to read, and the moves by which staged versions come in and objects go out.

Whatever serves objects in another way keeps this promise by other moves: a reader sees the version before or the new
one, whole, since he follows the root inventory, which comes in last but for its digest.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path, PurePosixPath

from qrecords.errors import QRecordsError
from qrecords.stores import durable, ocfl, removal
from qrecords.stores.blobs.folder import FolderBlobs
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory


class ObjectFolder(FolderBlobs):
    """The storage root of an archive; what comes in lies staged on the same file system."""

    def mark(self, name: str) -> tuple[int, ...] | None:
        """Return what changes when the bytes of a name are replaced; None for a name that is not there."""
        path = self._path(name)
        if not path.is_file():
            return None
        with durable.storage_errors(path):
            stat = path.stat()
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size)

    def holds(self, home: str) -> bool:
        """Tell whether anything at all lies where an object belongs."""
        return self._path(home).exists()

    def take_in(self, tree: Path, home: str) -> None:
        """Bring in a new object, staged in `tree` below the folders of its place.

        The highest folder that is missing is renamed: no empty folder is ever seen below the storage root.
        """
        lying, place = tree, self.folder
        for part in PurePosixPath(home).parts:
            lying, place = lying / part, place / part
            if not place.exists():
                break
        durable.replace_dir(lying, place)

    def take_version(self, staged: Path, home: str, version: int) -> None:
        """Bring in a version of an object that is here: its folder, then the root inventory, then its digest."""
        place, name = self._path(home), f"v{version}"
        try:
            durable.replace_dir(staged / name, place / name)
            durable.checkpoint("publish.version_in")
            durable.replace_file(staged / INVENTORY, place / INVENTORY)
        except QRecordsError:
            # The disk refused, the process lives: take the folder out again, or leave it to `finish_version`.
            if (place / name).exists() and (staged / INVENTORY).exists():
                with suppress(QRecordsError):
                    durable.replace_dir(place / name, staged / name)
            raise
        durable.checkpoint("publish.inventory_in")
        durable.replace_file(staged / SIDECAR, place / SIDECAR)

    def finish_version(self, object_id: str, staged: Path, home: str) -> bool:
        """Do what is left of `take_version` once the version's folder is in; before that there is nothing to finish."""
        place = self._path(home)
        newest = max((int(p.name[1:]) for p in place.iterdir() if ocfl.is_version_name(p.name)), default=0)
        if newest == 0 or any(ocfl.is_version_name(p.name) for p in staged.iterdir()):
            return False
        whole = {name: (place / f"v{newest}" / name).read_bytes() for name in (INVENTORY, SIDECAR)}
        if whole == {name: (place / name).read_bytes() for name in whole}:
            return False
        inventory = Inventory.parse(whole[INVENTORY], object_id)
        if whole[SIDECAR] != ocfl.sidecar(whole[INVENTORY]) or (inventory.object_id, inventory.head) != (
            object_id,
            newest,
        ):
            return False  # damaged, not half-way: a check tells
        for name, data in whole.items():
            # Aside in staging: a kill here must not leave a stray file in the object.
            durable.write_file(staged / name, data)
            durable.replace_file(staged / name, place / name)
            durable.checkpoint(f"recover.{name}")
        return True

    def measure(self, home: str) -> removal.Stored:
        """Return how much an object is, and the digest that covers it."""
        return removal.measure(self._path(home))

    def take_out(self, home: str, trash: Path) -> bool:
        """Move an object into `trash`, at once; False when it is not here any more."""
        return removal.take_out(self.folder, self._path(home), trash)
