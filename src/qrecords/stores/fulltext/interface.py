"""What a full-text engine takes and gives; every engine passes the same tests against a plain scan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Any, Literal, Protocol

from qrecords.advice import Do, advise
from qrecords.errors import QRecordsError
from qrecords.model.access import Scope
from qrecords.model.query import Query
from qrecords.model.textnorm import normalise
from qrecords.stores.fulltext.places import Place, order_number

Sort = Literal["date", "relevance"]
FACETS = ("form_code", "year", "customer_unit", "model", "state")
OPEN_ENDED = {"customer_unit", "model"}  # there may be thousands: only the most frequent are given
MOST_FREQUENT = 20


class MustRebuild(QRecordsError):
    """The index is missing, torn, of another register or of another engine; it can be made again at any time."""

    code = "index_must_be_rebuilt"
    exit_status = 7

    def __init__(self, why: str) -> None:
        remedy = advise("请运行 {} 重建索引；记录本身不受影响", Do.REBUILD_INDEX)
        super().__init__(f"检索索引不能用：{why}", remedy=remedy)


@dataclass(frozen=True, slots=True)
class Document:
    """What the index holds of one record; `texts` are (field key, text), rows flattened, all of them searched.

    `owned` are (unit, field key, text): found by who reads everything the record says, and by that unit.
    """

    record_no: str
    seq: int
    form_code: str
    year: int
    state: str
    date: str  # YYYY-MM-DD
    customer_unit: str
    model: str
    title: str
    unit: str  # the performing unit, "" = the centre
    secrecy_level: int
    texts: tuple[tuple[str, str], ...]
    tags: tuple[str, ...] = ()  # what rights ask of it beside the above (model/access.tags_of)
    other_units: tuple[str, ...] = ()  # that have a part in it
    owned: tuple[tuple[str, str, str], ...] = ()

    def all_texts(self) -> tuple[tuple[str, str], ...]:
        """Return the texts, and what the record is called by as texts under their usual keys."""
        named = (
            ("record_no", self.record_no),
            ("customer_unit", self.customer_unit),
            ("product_model", self.model),
            ("title", self.title),
        )
        return tuple(dict.fromkeys((*self.texts, *named)))

    def models(self) -> tuple[str, ...]:
        """Return the models of all products it names, each once."""
        named = (*(text for key, text in self.texts if key == "product_model"), self.model)
        return tuple(dict.fromkeys(model for text in named if (model := text.strip())))

    def normal_texts(self) -> list[tuple[str, str]]:
        """Return all texts in the normal form that words are looked for in; those without a letter are left out."""
        return [(key, normal) for key, text in self.all_texts() if (normal := normalise(text))]

    def normal_owned(self) -> list[tuple[str, str, str]]:
        """Return the owned texts, and whose they are, in that form."""
        return [(normalise(unit), key, normal) for unit, key, text in self.owned if (normal := normalise(text))]


@dataclass(frozen=True, slots=True)
class Filters:
    """What narrows a search beside its words; empty means any. Days are YYYY-MM-DD, both included.

    `customer` and `model` are whole names, as the facets count them. `readable` is what the account may read: the
    record must fit one of the scopes; None = everything, () = nothing.
    """

    forms: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    states: tuple[str, ...] = ()
    date_from: str = ""
    date_to: str = ""
    unit: str = ""
    customer: str = ""
    model: str = ""
    max_secrecy: int | None = None
    readable: tuple[Scope, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of what was found: numbers in order, with scores when ranked by them; `last` is where the page ends,
    `more` whether there is another behind it.

    Where facets were asked for: how many of all `total` there are of each form_code, year and state, and of the most
    frequent customers and models; the most first.
    """

    total: int
    record_nos: list[str]
    scores: list[float] = field(default_factory=list)
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    last: Place | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A document in the form its engine takes: what is left to do is to take it in."""

    record_no: str
    form: Any


class Index(Protocol):
    """One index on disk, opened; a search sees the last finished `apply`, whole."""

    @property
    def register_id(self) -> str:
        """The register this index was made from."""
        ...

    @property
    def last_seq(self) -> int:
        """The last change of the register it holds."""
        ...

    def refresh(self) -> None:
        """See what other processes finished since."""
        ...

    def apply(self, upserts: Iterable[Document], deletes: Iterable[str], last_seq: int) -> None:
        """Take in records (a known number is replaced) and take out others: all with `last_seq`, or nothing."""
        ...

    def taking(self, upserts: Iterable[Made], deletes: Iterable[str]) -> AbstractContextManager[Callable[[int], None]]:
        """Write records down that no search sees yet; give what takes them in, with the last change of the register.

        Nothing is taken in unless that is called before the block ends.
        """
        ...

    def search(
        self, query: Query, filters: Filters, *, limit: int, after: Place | None, sort: Sort, facets: bool
    ) -> Hits:
        """Return a page of the records that fit query and filters, behind `after`: newest or most relevant first."""
        ...

    def close(self) -> None:
        """Let go of the files."""
        ...


class Engine(Protocol):
    """One way to keep an index; the caller holds the lock for `build` and `apply`."""

    name: str

    def build(self, path: Path, documents: Iterable[Document], register_id: str, last_seq: int) -> None:
        """Make a new index in an empty folder."""
        ...

    def made(self, document: Document) -> Made:
        """Return a document in the form this engine takes."""
        ...

    def open(self, path: Path) -> Index:
        """Open an index; any exception means it is torn and must be rebuilt."""
        ...


FileMark = tuple[int, int, int]


def file_mark(path: Path) -> FileMark:
    """Return what changes when a file is replaced: inode, time, size. OSError when there is none."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def order_of(document: Document) -> int:
    """Return the key of the order by date: the day, then the record number (both rising, 64 bits)."""
    return order_number(document.date, document.record_no)


def is_ranked(query: Query, sort: Sort) -> bool:
    """Tell whether scores rank the hits: one character says nothing of how relevant a record is, nor do facts."""
    return sort == "relevance" and any(len(word.text) > 1 for word in query.words)


def counted(name: str, counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counts of a facet, the most first and then by name."""

    def place(entry: tuple[str, int]) -> tuple[int, str]:
        return -entry[1], entry[0]

    there = counts.items()
    return dict(nsmallest(MOST_FREQUENT, there, key=place) if name in OPEN_ENDED else sorted(there, key=place))


class Taking(Protocol):
    """The index in use, for the one who may change it."""

    @property
    def last_seq(self) -> int:
        """The last change of the register it holds."""
        ...

    def apply(self, upserts: Iterable[Document], deletes: Iterable[str] = (), *, last_seq: int) -> None:
        """Take in records and take out others; `last_seq` is the last change among them. All or nothing."""
        ...

    def taking(self, upserts: Iterable[Made]) -> AbstractContextManager[Callable[[int], None]]:
        """Write records down that no search sees yet; give what takes them in, with the last change of the register."""
        ...


class OfficeIndex(Protocol):
    """The index of an office, wherever it is kept: derived, made again any time. MustRebuild when it is not usable."""

    def last_seq(self) -> int | None:
        """Return the last change of the register the index holds, or None when there is no usable index."""
        ...

    def search(
        self,
        query: Query,
        filters: Filters | None = None,
        *,
        limit: int = 20,
        after: Place | None = None,
        sort: Sort = "date",
        facets: bool = False,
    ) -> Hits:
        """Return a page of what fits query and filters, behind `after`."""
        ...

    def made(self, documents: Iterable[Document]) -> list[Made]:
        """Return documents in the form the engine takes; needs no lock."""
        ...

    def writer(self) -> AbstractContextManager[Taking]:
        """Give the one who may change the index; WrongState when another process does not let go of it."""
        ...

    def rebuild(
        self, documents: Iterable[Document], *, last_seq: int, before_switch: Callable[[], None] | None = None
    ) -> None:
        """Make a new index of these records and put it in the place of the old one."""
        ...

    def purge(self, documents: Iterable[Document], *, last_seq: int) -> None:
        """Rebuild so that nothing of any record but these is left; StorageFailure when something is."""
        ...

    def take_copy(self, folder: Path) -> None:
        """Put a copy of another machine's index in the place of this one; MustRebuild when it does not fit."""
        ...

    def close(self) -> None:
        """Let go of what is open; the next use opens it again."""
        ...
