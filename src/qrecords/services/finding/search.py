"""Search over every text of what the account may read; loads no form definition, which takes longer than a search."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qrecords.model.answer import left_out
from qrecords.model.audit import digest
from qrecords.model.document import DOCUMENT_LABELS
from qrecords.model.looser import Looser, loosen
from qrecords.model.query import Query, everything, parse_query
from qrecords.model.record import Action, Record
from qrecords.model.textnorm import normalise
from qrecords.office import Office
from qrecords.services.finding.indexing import catch_up, catch_up_in_time, documents
from qrecords.stores.fulltext.interface import Filters, Sort
from qrecords.stores.fulltext.places import Place
from qrecords.stores.fulltext.snippets import Texts, cut, prepared

SNIPPET_WIDTH = 60
MOST_DOCUMENTS = 20


@dataclass(frozen=True, slots=True)
class Criteria:
    """What narrows a search beside its words; empty means any."""

    form_code: str = ""
    year: int | None = None
    date_from: str = ""
    date_to: str = ""
    unit: str = ""
    state: str = ""
    customer: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """A record that was found, with a piece of its text around the words."""

    record_no: str
    archive_no: str
    form_code: str
    title: str
    date: str
    customer_unit: str
    state: str
    volume_code: str
    snippet: str


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A report or brief whose number, title or archive number has the words."""

    document_no: str
    title: str
    period: str
    state: str
    state_label: str


@dataclass(frozen=True, slots=True)
class _Looked:
    """A record as it is looked through for the words of a query."""

    record: Record
    texts: Texts


@dataclass(frozen=True, slots=True)
class Nearby:
    """A near query that finds something, and whether it keeps the conditions."""

    query: str
    conditions: bool
    total: int
    how: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits: how many there are in all, by what, where the next page begins.

    `saved` and `opened`: the name the search was kept by, the paper of a hit that was opened.
    `behind`: how many changes of the register the index does not hold yet.
    """

    total: int
    facets: Mapping[str, Mapping[str, int]]
    hits: Sequence[Hit]
    next: str | None
    looser: Nearby | None
    documents: Sequence[FoundDocument] = ()
    saved: str | None = left_out()
    opened: str | None = left_out()
    behind: int | None = left_out()


def search(
    office: Office, text: str, criteria: Criteria, *, limit: int = 20, after: str = "", sort: Sort = "date",
    facets: bool = True,
) -> Found:  # fmt: skip
    """Return a page of the records in which all words of the query stand, newest first or by relevance.

    `after` is the `next` of the page before; `looser`, where nothing was found, a near query that finds something.
    Without `facets` nothing is counted by kind, which takes as long as the search: `facets_of` does it afterwards.
    """
    place = Place.parse(after) if after else None
    query, filters = understood(office, text, criteria, wait=False)
    last, behind = catch_up_in_time(office)
    hits = office.index.search(query, filters, limit=limit, after=place, sort=sort, facets=facets)
    looser = _looser(office, query, filters) if hits.total == 0 else None
    if (office.index.last_seq() or 0) > last:
        office.register.look_anew()  # others brought it up meanwhile: an older view would not know all hits
    with office.register.one_view():
        shown = described(office, hits.record_nos, query)
        documents = _documents(office, text) if not after and criteria == Criteria() else []
    log_reading(office, text, hits.total)
    more = str(hits.last) if hits.more else None
    return Found(hits.total, hits.facets, shown, more, looser, documents, behind=behind or None)


def _documents(office: Office, text: str) -> list[FoundDocument]:
    """Return the documents the account may read that all plain words of a query name, newest first."""
    words = [normalise(word.strip('"“”')) for word in text.split()]
    if not words or not all(words) or "OR" in text.split() or re.search(r"[:：]|(?:^|\s)-", text):
        return []
    with office.register.read() as tx:
        there = [d for d in tx.documents.all() if d.version != 0]
    named = {d: normalise(f"{d.document_no} {d.title} {d.progress.archive_no}") for d in there}
    found = [d for d in there if all(word in named[d] for word in words)]
    found = [d for d in found if office.may_document(Action.REPORT_READ, d.scope)]
    found.sort(key=lambda d: (d.drawn_at, d.document_no), reverse=True)
    return [
        FoundDocument(d.document_no, d.title, d.period, d.state.value, DOCUMENT_LABELS[d.state])
        for d in found[:MOST_DOCUMENTS]
    ]


def facets_of(office: Office, text: str, criteria: Criteria) -> Mapping[str, Mapping[str, int]]:
    """Return how many of the records a search finds there are of each kind: what was left out of it."""
    query, filters = understood(office, text, criteria)
    hits = office.index.search(query, filters, limit=0, facets=True)
    log_reading(office, text, hits.total, part="facets")  # they name customers and models
    return hits.facets


def understood(office: Office, text: str, criteria: Criteria, *, wait: bool = True) -> tuple[Query, Filters]:
    """Return what is asked for, of what the account may read; with `wait` the index is brought up to the register."""
    office.authorise(Action.READ, "search")
    # By conditions alone: the words are what may be missing, never both.
    alone = not text.strip() and criteria != Criteria()
    query = everything() if alone else _read(office, text)
    filters = Filters(
        forms=(office.outlines.full_code(criteria.form_code),) if criteria.form_code else (),
        years=(criteria.year,) if criteria.year else (),
        states=(criteria.state,) if criteria.state else (),
        date_from=criteria.date_from,
        date_to=criteria.date_to,
        unit=criteria.unit,
        customer=criteria.customer,
        model=criteria.model,
        readable=office.readable(),
    )
    if wait:
        catch_up(office)
    return query, filters


def described(office: Office, record_nos: Sequence[str], query: Query) -> list[Hit]:
    """Return hits as they are shown, in their order; what is no longer there is left out."""
    recent = office.workspace.hits
    with office.register.read() as tx:
        changes = tx.records.changes_of(record_nos)
        found = recent.known(changes)
        records = tx.records.many([no for no in record_nos if no in changes and no not in found])
        made = {
            r.record_no: _Looked(r, prepared((*d.all_texts(), *(text[1:] for text in d.owned))))
            for r, d in zip(records, documents(office, tx, records), strict=True)
        }
    recent.keep(made, changes)
    found |= made
    # Asked once more on the way out: the right is part of the query, but what is shown is the register's.
    shown = office.only_readable(found[no].record for no in record_nos if no in found)
    words = query.words
    return [_hit(r, cut(found[r.record_no].texts, words, SNIPPET_WIDTH)) for r in shown]


def log_reading(office: Office, text: str, total: int, **detail: Any) -> None:
    """Write down a search: a list of hits shows pieces of records, which is a reading too."""
    office.note([office.event(Action.READ, "search", query=digest(text), total=total, **detail)])


def _looser(office: Office, query: Query, filters: Filters) -> Nearby | None:
    """Return a near query that finds something: the same without conditions, or less of it, with or without them."""
    bare = Filters(readable=filters.readable)
    if not query.text:
        return None

    def counting(narrowed: Filters) -> Callable[[str], int]:
        def count(text: str) -> int:
            asked = _read(office, text)
            return office.index.search(asked, narrowed, limit=1).total

        return count

    found: Looser | None = None
    if filters != bare and (total := counting(bare)(query.text)):
        found, filters = Looser(query.text, total, "不限条件"), bare
    for narrowed in dict.fromkeys([filters, bare]) if found is None else ():
        if found := loosen(query, counting(narrowed)):
            filters = narrowed
            break
    if found is None:
        return None
    return Nearby(found.text, filters != bare, found.total, found.how)


def _hit(record: Record, shown: str) -> Hit:
    return Hit(
        record_no=record.record_no,
        archive_no=record.archive_no,
        form_code=record.form_code,
        title=record.title,
        date=record.date,
        customer_unit=record.customer_unit,
        state=record.state.value,
        volume_code=record.volume_code,
        snippet=shown,
    )


def _read(office: Office, text: str) -> Query:
    outlines = office.outlines
    return parse_query(text, outlines.labels(), outlines.titles(), office.form_codes.main)
