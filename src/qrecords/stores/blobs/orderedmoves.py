"""How objects come into a store that has no rename, and go out of it: by puts in an order, the root inventory last.

What a kill leaves is no object, or a version no root inventory names: nobody reads it, and whoever finds the staged
files finishes it (all of the version is in) or lets go of it. A put that is killed leaves its name free (ports.Blobs).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from qrecords.errors import NotFound, Overtaken, QRecordsError
from qrecords.ports import Blobs
from qrecords.stores import durable, ocfl
from qrecords.stores.blobs.listed import ListedBlobs, Listing
from qrecords.stores.ocfl import INVENTORY, SIDECAR, Inventory

AT_ONCE = 8  # ways to the store at a time


class OrderedMoves:
    """The moves of an archive over any blobs.

    One process at a time does them for an object, and sees to it (stores/archive.py holds a lock of the machine).
    """

    def __init__(self, blobs: Blobs, settles_in: float = 0.0) -> None:
        self.blobs = blobs
        self.at_once, self.settles_in = AT_ONCE, settles_in

    def walk(self, folder: str = "") -> ListedBlobs:
        """Return the blobs as one listing finds them: each folder asked for by itself is a way there and back."""
        return ListedBlobs(self.blobs, Listing(self.blobs.names(f"{folder}/" if folder else "")))

    def holds(self, home: str) -> bool:
        """Tell whether anything at all lies where an object belongs."""
        return any(True for _ in self.blobs.entries(home))

    def take_file(self, staged: Path, name: str) -> None:
        """Bring in a single file, in the place of what was there."""
        self.blobs.replace(name, staged)

    def take_in(self, tree: Path, home: str) -> None:
        """Bring in a new object; WrongState when another came first."""
        self.drop_half(home)
        try:
            if not self._put(tree / home, home):
                raise Overtaken(f"{home} 别处刚归档", remedy="请重新查看后再试")
        except QRecordsError:
            with suppress(QRecordsError):
                self.drop_half(home)
            raise

    def take_version(self, staged: Path, home: str, version: int) -> None:
        """Bring in a version of an object that is here: its files, the digest of the inventory, the root inventory."""
        folder = f"{home}/v{version}"
        self._clear(folder)  # what a kill elsewhere left: no root inventory names it
        try:
            self._put(staged / f"v{version}", folder)
            durable.checkpoint("publish.version_in")
            self.blobs.replace(f"{home}/{SIDECAR}", staged / SIDECAR)
            durable.checkpoint("publish.inventory_in")
            self.blobs.replace(f"{home}/{INVENTORY}", staged / INVENTORY)
        except QRecordsError:
            with suppress(QRecordsError):
                self._take_back(home, folder, version)
            raise

    def finish_version(self, object_id: str, staged: Path, home: str) -> bool:
        """Finish a version whose files are all in, or let go of them."""
        data = (staged / INVENTORY).read_bytes()
        number = Inventory.parse(data, object_id).head
        standing, folder = self.blobs.get(f"{home}/{INVENTORY}"), f"{home}/v{number}"
        if standing == data or Inventory.parse(standing, object_id).head >= number:
            return False
        if not self.blobs.has(f"{folder}/{INVENTORY}") or self.blobs.get(f"{folder}/{INVENTORY}") != data:
            self._take_back(home, folder, number)
            return False
        for name in (SIDECAR, INVENTORY):
            self.blobs.replace(f"{home}/{name}", staged / name)
            durable.checkpoint(f"recover.{name}")
        return True

    def drop_half(self, home: str) -> None:
        """Let go of what lies where an object belongs and has no root inventory, or none of a version.

        A put that was held up may bring the root inventory after the rest was let go, inventories first.
        """
        names = [*self.blobs.names(f"{home}/")]
        inventories = [name for name in names if name.rpartition("/")[2] == INVENTORY]
        if (root := f"{home}/{INVENTORY}") not in inventories or inventories == [root]:
            self._let_go(names)

    def take_back(self, home: str, version: int, aside: Path) -> None:  # bytes are replaced: nothing lies aside
        """Let an object be as it was before its newest version: the root inventory, its digest, then the files."""
        before = self.blobs.get(f"{home}/v{version - 1}/{INVENTORY}")
        self.blobs.replace(f"{home}/{INVENTORY}", before)
        self.blobs.replace(f"{home}/{SIDECAR}", ocfl.sidecar(before))
        self._clear(f"{home}/v{version}")

    def take_copy(self, copy: Path, home: str) -> None:
        """Bring in a copy of a whole object, in the place of what was there."""
        self.drop(home)
        self._put(copy, home)

    def take_versions(self, copy: Path, home: str, versions: Sequence[int]) -> None:
        """Bring in copies of further versions of an object, with the inventory of the last."""
        for number in versions:
            self._clear(f"{home}/v{number}")
            self._put(copy / f"v{number}", f"{home}/v{number}")
            durable.checkpoint("mirror.version_in")
        for name in (SIDECAR, INVENTORY):
            self.blobs.replace(f"{home}/{name}", copy / name)
            durable.checkpoint(f"mirror.{name}")

    def take_out(self, home: str, trash: Path) -> bool:  # nothing waits there: the bytes go at once
        """Let an object be gone: the root inventory first, so that nobody reads the rest."""
        if not self.holds(home):
            return False
        self.drop(home)
        durable.checkpoint("remove.taken")
        return True

    def drop(self, home: str) -> None:
        """Remove an object, its root inventory first."""
        self.blobs.delete(f"{home}/{INVENTORY}")
        self._clear(home)

    def _put(self, folder: Path, place: str) -> bool:
        """Put all files of a folder, its own inventory last; tells whether that name was free.

        Overtaken when one was taken for other bytes: a put of another try, held up on its way, came before this one.
        """
        *rest, last = _in_order(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())

        def put(name: str) -> bool:
            if self.blobs.put(f"{place}/{name}", folder / name):
                return True
            with suppress(NotFound):
                if self.blobs.get(f"{place}/{name}") == (folder / name).read_bytes():
                    return False
            raise Overtaken(f"{place}/{name} 已有别处写的内容", remedy="请重新查看后再试")

        with ThreadPoolExecutor(AT_ONCE) as pool:  # nobody reads them before the last: their order does not matter
            [*pool.map(put, rest)]
        return put(last)

    def _take_back(self, home: str, folder: str, version: int) -> None:
        """Let the object be as it was before a version, unless the root inventory names that already."""
        standing = self.blobs.get(f"{home}/{INVENTORY}")
        if Inventory.parse(standing, home).head >= version:
            return
        if self.blobs.get(f"{home}/{SIDECAR}") != (before := ocfl.sidecar(standing)):
            self.blobs.replace(f"{home}/{SIDECAR}", before)
        self._clear(folder)

    def _clear(self, folder: str) -> None:
        self._let_go([*self.blobs.names(f"{folder}/")])

    def _let_go(self, names: list[str]) -> None:
        with suppress(NotFound):
            # An inventory first: without it the rest is nothing to anybody.
            self.blobs.delete(*reversed(_in_order(names)))


def _in_order(names: Iterable[str]) -> list[str]:
    """Return names in the order they are put: content, then digest and inventory of each folder, the deepest first."""

    def rank(name: str) -> tuple[bool, int, bool, str]:
        last = name.rpartition("/")[2]
        return last in {INVENTORY, SIDECAR}, -name.count("/"), last == INVENTORY, name

    return sorted(names, key=rank)
