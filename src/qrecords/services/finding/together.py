"""A search over several offices of a group: each is asked by itself, what it may tell is merged by day and number.

Nothing is missed: an office that does not answer ends the search. Nothing leaks: each asks by the rights the account
has there, in its own index, and writes the reading into its own log.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

from qrecords.advice import Input, advise
from qrecords.errors import InvalidInput, NotPermitted, Problem, QRecordsError, UsageError
from qrecords.model.answer import left_out, told
from qrecords.office import Office
from qrecords.services.administer import open_signed_in
from qrecords.services.finding.search import Criteria, Found, FoundDocument, Hit, search
from qrecords.settings import Settings
from qrecords.stores.fulltext.places import Place, order_number
from qrecords.strict import require_none

_OVER, _BETWEEN = "-", ";"  # in a place: an office that has no more, and between offices


@dataclass(frozen=True, slots=True)
class HitThere(Hit):
    """A record that was found, and the folder of its office."""

    office: str


@dataclass(frozen=True, slots=True)
class DocumentThere(FoundDocument):
    """A document that was found, and the folder of its office."""

    office: str


@dataclass(frozen=True, slots=True)
class FoundTogether:
    """A page of hits of all offices; how many there are in each; where the next page begins.

    `behind`: by office, how many changes of its register this machine's index of it does not hold yet.
    """

    total: int
    offices: Mapping[str, int]
    hits: Sequence[HitThere]
    next: str | None
    documents: Sequence[DocumentThere]
    behind: Mapping[str, int] | None = left_out()


def has_others(office: Office) -> bool:
    """Tell whether the settings name other offices of the group."""
    return bool(_beside(office.settings))


def _beside(settings: Settings) -> list[Path]:
    return [settings.root / named.strip() for named in settings.desk.offices.split(";") if named.strip()]


@contextmanager
def opened_beside(office: Office) -> Iterator[list[Office]]:
    """Lend this office and those its settings name, each opened for who is signed in here, by the rights he has there.

    UsageError: none is named. NotPermitted: a strict run. InvalidInput tells of all that cannot be opened, or where the
    account of the same name is another person's.
    """
    if not (named := _beside(office.settings)):
        raise UsageError(
            "没有写要一起查的办公室",
            remedy=advise("请由管理员在 qrecords.toml 的 [desk] 里写上 offices（{}）", Input.FOLDER),
        )
    require_none("几个办公室一起检索")
    problems: list[Problem] = []
    with ExitStack() as stack:
        found = [office]
        for root in named:
            try:
                found.append(stack.enter_context(closing(_opened(office, root))))
            except QRecordsError as error:
                problems.append(Problem(error.told, source=root.name))
        if problems:
            raise _not_all(problems)
        yield found


def _opened(office: Office, root: Path) -> Office:
    there = open_signed_in(root, office.account.name, office.workspace.source)
    if there.account.display_name != office.account.display_name:
        there.close()
        raise NotPermitted(f"那里的账号 {office.account.name} 是另一个人的", remedy="请管理员核对两处账号的姓名")
    return there


def _not_all(problems: Sequence[Problem]) -> InvalidInput:
    return InvalidInput("有的办公室没有查成，不给不全的结果", remedy="请照各处所说办好再查", problems=problems)


def search_together(
    offices: Sequence[Office], text: str, criteria: Criteria, *, limit: int = 20, after: str = ""
) -> FoundTogether:
    """Return a page of what is found in all offices, newest first; of one day and number the office named first.

    `after` is the `next` of the page before, of the same offices in the same order. What any of them refuses, or
    cannot answer, is told of all at once.
    """
    places = after.split(_BETWEEN) if after else [""] * len(offices)
    if len(places) != len(offices):
        raise InvalidInput(
            f"「{after}」不是这几个办公室一起检索的位置",
            remedy=advise("请照抄上一页末尾给出的 {}，办公室和次序也要相同", Input.AFTER),
        )
    asked = [_Asked(office, text, criteria, limit, place) for office, place in zip(offices, places, strict=True)]
    with ThreadPoolExecutor(len(asked)) as pool:
        if problems := [problem for problem in pool.map(_Asked.begin, asked) if problem]:
            raise _not_all(problems)
    hits: list[HitThere] = []
    for _, one, hit in heapq.merge(*(one.hits() for one in asked), key=itemgetter(0), reverse=True):
        one.shown, one.place = one.shown + 1, str(Place(hit.record_no, day=hit.date))
        hits.append(hit)
        if len(hits) == limit:
            break
    ends = [one.end() for one in asked]
    return FoundTogether(
        total=sum(one.found.total for one in asked),
        offices={one.name: one.found.total for one in asked},
        hits=hits,
        next=None if set(ends) == {_OVER} else _BETWEEN.join(ends),
        documents=[] if after else [DocumentThere(**told(d), office=o.name) for o in asked for d in o.found.documents],
        behind={one.name: one.found.behind for one in asked if one.found.behind} or None,
    )


@dataclass
class _Asked:
    """One office while it is asked, page by page as far as they are needed."""

    office: Office
    text: str
    criteria: Criteria
    limit: int
    place: str  # of the last hit that is shown, here or on the pages before
    found: Found = field(init=False)  # the first page
    page: Found | None = field(init=False)  # the one hits are taken from; none is left
    shown: int = 0  # hits of it

    @property
    def name(self) -> str:
        """Return the folder of the office."""
        return str(self.office.settings.root)

    def begin(self) -> Problem | None:
        """Ask for the first page; returns why not."""
        try:
            self.found = self._asked("" if self.place == _OVER else self.place)
        except QRecordsError as error:
            return Problem(error.told, source=self.name)
        self.page = None if self.place == _OVER else self.found
        return None

    def hits(self) -> Iterator[tuple[int, _Asked, HitThere]]:
        """Give the hits by their order, the newest first."""
        while self.page:
            for hit in self.page.hits:
                yield order_number(hit.date, hit.record_no), self, HitThere(**told(hit), office=self.name)
            self.page, self.shown = self._asked(self.page.next) if self.page.next else None, 0

    def end(self) -> str:
        """Return where the next page of this office begins."""
        if self.page is None or (self.shown == len(self.page.hits) and not self.page.next):
            return _OVER
        return (self.page.next or "") if self.shown == len(self.page.hits) else self.place

    def _asked(self, after: str) -> Found:
        return search(self.office, self.text, self.criteria, limit=self.limit, after=after, facets=False)
