"""Objects and papers go from one store into another: what is there already stays, every byte is compared.

The old store is only read; who moves decides when the new one is in force (services/care/movearchive.py). What broke
off is done again: whole objects are told by their digests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from qrecords.errors import IntegrityFailure, Problem, QRecordsError
from qrecords.ports import Blobs
from qrecords.stores.archive import Archive

AT_ONCE = 8  # more than wait for the network at a time bring nothing

Progress = Callable[[int, int], None]


@dataclass
class Move:
    """One move; `papers` are the stores of papers, each with the one they go into."""

    source: Archive
    target: Archive
    papers: Sequence[tuple[Blobs, Blobs]]
    aside: str  # a folder of the staging, which belongs to whoever moves
    size: int = 0  # bytes copied anew
    _compared: dict[str, int] = field(default_factory=dict)  # versions, by object

    def take_over(self, progress: Progress | None = None) -> tuple[int, int]:
        """Copy and compare what is not yet there, remove what is gone from the source; returns objects and papers.

        IntegrityFailure names all that is damaged, at once; then nothing is lost by it and nothing in force.
        """
        self.target.prepare()
        ids = sorted(self.source.ids())
        self._drop_strays(set(ids))
        problems: list[Problem] = []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done, found in enumerate(pool.map(self._object, ids), start=1):
                problems += found
                if progress:
                    progress(done, len(ids))
        self.target.drop_aside(self.aside)
        if problems:
            told = f"{len({p.source for p in problems})}个对象不完好，没有搬"
            raise IntegrityFailure(told, remedy="请按各条提示处理，再试；原来的照常使用", problems=problems)
        return len(ids), sum(map(_take_papers, *zip(*self.papers, strict=True)))

    def _object(self, object_id: str) -> list[Problem]:
        try:
            head = self.source.head(object_id)
            if self._compared.get(object_id) == head:
                return []
            if head == 0:
                return self.source.check(object_id, deep=False)
            aside = f"{self.aside}/{self.source.home(object_id).rpartition('/')[2]}"
            if not self._is_same(object_id, head):
                self.size += self.target.copy_in(self.source, object_id, head, aside)
            if self.target.head(object_id) != head:  # there was a newer one, of a move long ago
                self.target.discard(object_id)
                self.size += self.target.copy_in(self.source, object_id, head, aside)
            found = self.target.look_through(object_id, deep=True).problems
            if not found and not self._is_same(object_id, head):
                found = [Problem("搬过去的与原来的不同；请再试一次", source=object_id)]
        except QRecordsError as error:
            return [Problem(error.told, source=object_id)]
        if not found:
            self._compared[object_id] = head
        return found

    def _is_same(self, object_id: str, head: int) -> bool:
        """Tell whether both have the same inventory, which holds the digest of every file."""
        if self.target.head(object_id) != head:
            return False
        return self.source.inventory_digest(object_id, head) == self.target.inventory_digest(object_id, head)

    def _drop_strays(self, ids: set[str]) -> None:
        """Remove what an earlier move left there and was destroyed here since."""
        for object_id in [one for one in self.target.ids() if one not in ids]:
            self.target.discard(object_id)


def _take_papers(source: Blobs, target: Blobs) -> int:
    names = [*source.names()]
    target.delete(*(set(target.names()) - set(names)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(lambda name: _take_paper(source, target, name), names))


def _take_paper(source: Blobs, target: Blobs, name: str) -> bool:
    data = source.get(name)
    if not target.put(name, data) and target.get(name) != data:
        target.replace(name, data)
    if target.get(name) != data:
        raise IntegrityFailure(f"{target.called(name)} 与原来的不同，没有搬", remedy="请再试一次；原来的照常使用")
    return True
