"""A deep check's reading: every byte of every object, every file opened, every page of the volumes compared.

Reading is done by child processes (`readers`), and goes on where a check broke off (`verify-deep.txt`). What is proven
by digests is not done twice (`opened`): the same bytes open as they did before, the same pages are the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from qrecords.errors import Problem, QRecordsError
from qrecords.office import Office
from qrecords.services.care.opened import Opened
from qrecords.services.care.readers import Readers
from qrecords.services.volumes.check import Checking, checking_of, unreadable
from qrecords.stores.journal import Journal
from qrecords.stores.register.rows import VolumeRow

JOURNAL, OPENED = "verify-deep.txt", "verify-opened.txt"
ITEMS_AT_ONCE = 20  # of a volume, compared by one process before it answers


@dataclass(frozen=True, slots=True)
class Found:
    """What was found about one object: `again` when an earlier check, broken off, had read it already."""

    object_id: str
    problems: Sequence[Problem] = ()
    unreadable: Sequence[Problem] = ()
    active: Sequence[Problem] = ()
    files: int = 0
    again: bool = False

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing at all is wrong with it."""
        return not (self.problems or self.unreadable or self.active)


class Deep:
    """One deep check under way; `afresh` takes nothing for granted that an earlier one found.

    `share` is the name of a part of the office others check the rest of at the same time.
    """

    def __init__(self, office: Office, ids: Sequence[str], *, afresh: bool = False, share: str = "") -> None:
        indexes = office.indexes_dir
        self._office = office
        self._ids = ids
        self._share = share
        own = f"-{share}.txt" if share else ".txt"  # two shares are checked at once, of one machine too
        memory = indexes / OPENED.replace(".txt", own)
        self._journal = Journal(indexes / JOURNAL.replace(".txt", own))
        if afresh:
            self._journal.finish()
        self._opened = Opened(memory, afresh=afresh)
        self._done = _still_so(office, self._journal.lines(), ids)
        known = "" if afresh else str(memory.absolute())
        setup = {"archive": office.archive.address, "known": known}
        self._readers = Readers(setup, len(ids) - len(self._done), cores=office.workspace.cores)
        self._sha256: dict[tuple[str, int, str], str] = {}  # of object, version and name

    def __enter__(self) -> Deep:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._readers.__exit__(kind, error, at)
        if kind is None:
            self._journal.finish()
            if not self._done:  # of those read before, what they hold is not known here
                self._opened.forget_others()

    def objects(self) -> Iterator[Found]:
        """Read every object, in order; what is sound is noted at once."""
        answers = self._readers.each({"object": i} for i in self._ids if i not in self._done)
        for object_id in self._ids:
            if object_id in self._done:
                yield Found(object_id, self._office.archive.check(object_id, deep=False), again=True)
                continue
            answer = next(answers)
            found = self._found(object_id, answer)
            if found.is_sound:
                self._journal.add(_line(object_id, answer["head"]))
            yield found

    def sha256(self, object_id: str, version: int, name: str) -> str:
        """Return the SHA-256 of a file of an object's version, from its reading if this version was read in this check.

        What was filed or corrected since is summed here.
        """
        return self._sha256.get((object_id, version, name)) or self._office.archive.sha256(object_id, name, version)

    def volumes(self, rows: Sequence[VolumeRow], damaged: Collection[str]) -> Iterator[Problem]:
        """Compare every page of the volumes with what was bound, unless these very bytes were compared before."""
        to_compare: list[tuple[str, Checking]] = []
        for row in rows:
            code = row.volume_code
            try:
                checking = checking_of(self._office, row)
            except (QRecordsError, KeyError, TypeError, ValueError) as error:
                yield Problem(unreadable(str(error)), source=code)
                continue
            yield from (Problem(message, source=code) for message in checking.problems)
            if checking.key in self._opened:
                self._opened.add([checking.key])
            else:
                to_compare.append((code, checking))
        asked = [(place, part) for place, (_, checking) in enumerate(to_compare) for part in _parts(checking)]
        told: dict[int, list[str]] = defaultdict(list)
        for (place, _), answer in zip(asked, self._readers.each({"volume": part} for _, part in asked), strict=True):
            told[place] += _differences(answer)
        for place, (code, checking) in enumerate(to_compare):
            yield from (Problem(message, source=code) for message in dict.fromkeys(told[place]))
            if not told[place] and self._all_read(checking.sources) and checking.sources.isdisjoint(damaged):
                self._opened.add([checking.key])

    def _all_read(self, sources: frozenset[str]) -> bool:
        """Tell whether a share read all that was bound: what another reads is not known to be sound here."""
        return not self._share or sources.issubset(self._ids)

    def _found(self, object_id: str, answer: dict[str, Any]) -> Found:
        def problems(messages: Sequence[str]) -> list[Problem]:
            return [Problem(message, source=object_id) for message in messages]

        if why := answer.get("broken"):
            return Found(object_id, problems([f"读不出这个对象：{why}；请再检查一次，仍然如此就从备份恢复"]))
        for name, sha256 in answer["sha256"].items():
            self._sha256[object_id, answer["head"], name] = sha256
        self._opened.add(answer["keys"])
        return Found(
            object_id, problems(answer["problems"]), problems(answer["unreadable"]), problems(answer["active"]),
            answer["files"],
        )  # fmt: skip


def _differences(answer: dict[str, Any]) -> list[str]:
    """Return what is told of a volume, by the answer about a part of it."""
    if "too_long" in answer:
        return [f"核对这一册用的时间太久（停在{answer['too_long']}），没有查完，不一定是坏了；请在机器空闲时再检查一次"]
    told: list[str] = [unreadable(answer["broken"])] if "broken" in answer else answer["differences"]
    return told


def _parts(checking: Checking) -> Iterator[dict[str, Any]]:
    """Give the comparison of a volume in parts, for several processes; the last has the list of contents as well."""
    items = [item.as_json() for item in checking.items]
    for start in range(0, max(1, len(items)), ITEMS_AT_ONCE):
        is_last = start + ITEMS_AT_ONCE >= len(items)
        yield {
            "volume": checking.volume,
            "items": items[start : start + ITEMS_AT_ONCE],
            "listed": checking.listed.as_json() if is_last else None,
        }


def _line(object_id: str, head: int) -> str:
    """Return how an object read to its end is noted: an object only gains versions."""
    return f"{object_id} v{head}"


def _still_so(office: Office, lines: set[str], ids: Sequence[str]) -> set[str]:
    """Return the objects an earlier check, broken off, had read in the version they have now."""
    noted = {line.rpartition(" v")[0] for line in lines}
    return {i for i in ids if i in noted and _line(i, _head(office, i)) in lines}


def _head(office: Office, object_id: str) -> int:
    try:
        return office.archive.head(object_id)
    except QRecordsError:
        return 0  # told by the check of the object
