"""Blobs of a store that is asked over a network, as one listing found them: for who walks through all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from qrecords.ports import Blobs, Entry


class Listing:
    """What lies right in each folder, by the names of one listing."""

    def __init__(self, names: Iterable[str]) -> None:
        self._folders: dict[str, set[Entry]] = defaultdict(set)
        for name in names:
            above, _, last = name.rpartition("/")
            entry = Entry(last)
            while entry not in self._folders[above]:
                self._folders[above].add(entry)
                if not above:
                    break
                above, _, last = above.rpartition("/")
                entry = Entry(last, is_folder=True)

    def entries(self, folder: str = "") -> list[Entry]:
        """Return all that lay right in a folder, sorted."""
        return sorted(self._folders.get(folder, ()))


class ListedBlobs:
    """The same blobs: what lies where is known from a listing, bytes are read as they are now."""

    def __init__(self, blobs: Blobs, listing: Listing) -> None:
        self.entries = listing.entries
        self.get, self.lent, self.called = blobs.get, blobs.lent, blobs.called

    def has(self, name: str) -> bool:
        """Tell whether a name was there."""
        above, _, last = name.rpartition("/")
        return Entry(last) in self.entries(above)
