"""How objects come into a folder and go out of it: by renames, each at once, of what lies staged on the same disk."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath

from qrecords.errors import QRecordsError
from qrecords.stores import durable, ocfl
from qrecords.stores.blobs.folder import FolderBlobs
from qrecords.stores.layouts import TUPLES
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory


class FolderMoves:
    """The moves of an archive whose objects are files below a folder; `lock` is a file beside it for who puts."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self.folder = folder
        self.blobs = FolderBlobs(folder, lock)
        self.at_once, self.settles_in = 1, 0.0  # who publishes holds the lock

    def walk(self, folder: str = "") -> FolderBlobs:
        """Return the blobs themselves: a folder is asked at once."""
        return self.blobs

    def holds(self, home: str) -> bool:
        """Tell whether anything at all lies where an object belongs."""
        return (self.folder / home).exists()

    def take_file(self, staged: Path, name: str) -> None:
        """Bring in a single file: never made aside here, where a kill would leave a stray file."""
        target = self.folder / name
        durable.make_dirs(target.parent)
        durable.replace_file(staged, target)

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
        place, name = self.folder / home, f"v{version}"
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
        place = self.folder / home
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

    def drop_half(self, home: str) -> None:
        """Do nothing: one rename brings a new object in."""

    def take_back(self, home: str, version: int, aside: Path) -> None:
        """Let an object be as it was before its newest version: the root inventory, its digest, then the folder."""
        place = self.folder / home
        durable.make_dirs(aside)
        for name in (INVENTORY, SIDECAR):
            durable.write_file(aside / name, (place / f"v{version - 1}" / name).read_bytes())
            durable.replace_file(aside / name, place / name)
        durable.replace_dir(place / f"v{version}", aside / f"v{version}")
        durable.remove_tree(aside)

    def take_copy(self, copy: Path, home: str) -> None:
        """Bring in a copy of a whole object, in the place of what was there."""
        place = self.folder / home
        durable.remove_tree(place)
        durable.make_dirs(place.parent)
        durable.replace_dir(copy, place)

    def take_versions(self, copy: Path, home: str, versions: Sequence[int]) -> None:
        """Bring in copies of further versions of an object, with the inventory of the last."""
        place = self.folder / home
        for number in versions:
            durable.replace_dir(copy / f"v{number}", place / f"v{number}")
            durable.checkpoint("mirror.version_in")
        for name in (INVENTORY, SIDECAR):
            durable.replace_file(copy / name, place / name)
            durable.checkpoint(f"mirror.{name}")

    def take_out(self, home: str, trash: Path) -> bool:
        """Rename an object into `trash`, with the folders above it that hold nothing else.

        No empty folder is ever seen below the storage root (OCFL 1.1, section 4). False when it is not there any more.
        """
        place = self.folder / home
        if not place.exists():
            return False
        top = place
        with durable.storage_errors(place):
            while top.parent != self.folder and [*top.parent.iterdir()] == [top]:
                top = top.parent
        durable.make_dirs(trash)
        durable.replace_dir(top, trash / place.name)
        durable.checkpoint("remove.taken")
        return True

    def drop(self, home: str) -> None:
        """Remove an object from a copy, with the folders that stand empty after it."""
        place = self.folder / home
        durable.remove_tree(place)
        for folder in place.parents[:TUPLES]:
            with suppress(OSError):
                folder.rmdir()
