"""The tantivy engine: pairs with positions, so that every word is one exact phrase (analysis.py).

`body` holds all texts of a record, `fields` each text under its key; everything else about a record is a fact (a term
such as `state:filed`) or a number. Texts one unit owns are in `owned` and `own` instead, asked where they may be read.
One more document, the mark, says whose index this is and how far it is; it changes in the same commit as the records.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from heapq import nlargest
from pathlib import Path
from typing import Any

import tantivy
from tantivy import FieldType, Occur, Query

from qrecords.model.access import Scope
from qrecords.model.query import AllOf, AnyOf, Between, Is, Node, Not, Word, form_names
from qrecords.model.query import Query as ParsedQuery
from qrecords.model.textnorm import normalise
from qrecords.stores.fulltext.analysis import text_pairs, word_pairs
from qrecords.stores.fulltext.interface import (
    FACETS,
    MOST_FREQUENT,
    OPEN_ENDED,
    Document,
    FileMark,
    Filters,
    Hits,
    Made,
    Sort,
    counted,
    file_mark,
    is_ranked,
    order_of,
)
from qrecords.stores.fulltext.places import DAY_SHIFT, SCORE_PLACES, Place, day_number, day_of

_RECORD, _MARK, _SHARED = "kind:record", "kind:mark", "kind:shared"
_WHOLE, _ALL = "whole", "all"
_BUILD_MEMORY, _APPLY_MEMORY = 256_000_000, 64_000_000  # bytes, shared by the threads
_LOOKED_AT = 2 * MOST_FREQUENT  # names fetched of a facet: more than are given, so that one sees where equals end
_MANY_BUCKETS = 10_000
_A_SEGMENT = 10 * _MANY_BUCKETS  # names counted in each part of the index: with fewer the sums would be guesses
_MORE_RANKED = 30  # hits looked at beyond a page, because of those of equal score


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("record_no", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("body", tokenizer_name="pairs", index_option="position")
    builder.add_json_field("fields", tokenizer_name="pairs", index_option="position")
    # Of texts one unit owns: all of them, then by unit (or _WHOLE) and field, under _ALL the unit's of all fields.
    builder.add_text_field("owned", tokenizer_name="pairs", index_option="position")
    builder.add_json_field("own", tokenizer_name="pairs", index_option="position")
    builder.add_text_field("facts", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("form_code", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("state", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("customer_unit", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("model", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("year", fast=True)
    builder.add_unsigned_field("secrecy", fast=True)
    builder.add_unsigned_field("order", fast=True)
    builder.add_text_field("mark", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def _prepare(index: tantivy.Index) -> tantivy.Index:
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer("pairs", analyzer)
    return index


class TantivyEngine:
    """Native code: some twenty times as fast as pure Python to index, some fifty times and more to search."""

    name = "tantivy"

    def build(self, path: Path, documents: Iterable[Document], register_id: str, last_seq: int) -> None:
        """Make a new index in an empty folder."""
        index = _prepare(tantivy.Index(_schema(), path=str(path)))
        with _open(index.writer(_BUILD_MEMORY, min(os.cpu_count() or 1, 4))) as writer:
            for document in documents:
                writer.add_document(_tantivy_document(document))
            writer.add_document(_mark(register_id, last_seq))
            writer.commit()

    def made(self, document: Document) -> Made:
        """Return a document in the form this engine takes."""
        return Made(document.record_no, _tantivy_document(document))

    def open(self, path: Path) -> TantivyIndex:
        """Open an index; any exception means it must be rebuilt."""
        return TantivyIndex(path)


class TantivyIndex:
    """One opened index."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._index = tantivy.Index.open(str(path))
        self._head = path / "meta.json"  # replaced by every commit
        self._seen: FileMark | None = None
        self.refresh()

    @property
    def register_id(self) -> str:
        """Return the register this index was made from."""
        return self._register_id

    @property
    def last_seq(self) -> int:
        """Return the last change of the register it holds."""
        return self._last_seq

    def refresh(self) -> None:
        """See what other processes finished since."""
        # A look at the head costs a fiftieth of reloading.
        head = file_mark(self._head)
        if head == self._seen:
            return
        self._index.reload()
        self._searcher = self._index.searcher()
        (_, address), *_ = self._searcher.search(self._fact(_MARK), 1).hits
        mark = json.loads(self._searcher.doc(address).get_first("mark") or "")
        self._register_id, self._last_seq = str(mark["register_id"]), int(mark["last_seq"])
        self._has_shared = _count(self._searcher.search(self._fact(_SHARED), 1)) > 0
        self._seen = head

    def apply(self, upserts: Iterable[Document], deletes: Iterable[str], last_seq: int) -> None:
        """Take in records and take out others in one commit."""
        made = (Made(document.record_no, _tantivy_document(document)) for document in upserts)
        with self.taking(made, deletes) as take_in:
            take_in(last_seq)

    @contextmanager
    def taking(self, upserts: Iterable[Made], deletes: Iterable[str]) -> Iterator[Callable[[int], None]]:
        """Write records down that no search sees yet; give what takes them in, in one commit."""
        # A writer that was killed may have left a file of the very name this commit needs. Only an index opened after
        # that knows of it.
        index = _prepare(tantivy.Index.open(str(self._path)))
        with _open(index.writer(_APPLY_MEMORY, 1)) as writer:
            writer.garbage_collect_files()
            for record_no in deletes:
                writer.delete_documents_by_term("record_no", record_no)
            for document in upserts:
                writer.delete_documents_by_term("record_no", document.record_no)
                writer.add_document(document.form)

            def take_in(last_seq: int) -> None:
                writer.delete_documents_by_term("facts", _MARK)
                writer.add_document(_mark(self._register_id, last_seq))
                writer.commit()

            yield take_in
        self.refresh()

    def search(
        self, query: ParsedQuery, filters: Filters, *, limit: int, after: Place | None, sort: Sort, facets: bool
    ) -> Hits:
        """Return a page of the records that fit query and filters."""
        whole = _all([*self._asked(query.root, filters), *self._filters(filters)])
        if facets and limit <= 0 and after is None:
            counts = self._facets(whole)
            total = sum(counts["state"].values())  # every record is in one state, and all states are counted
            return Hits(total, [], facets=counts, more=total > 0)
        # The engine makes room for as many hits as asked for, and for at least one.
        wanted = min(max(limit, 0), self._searcher.num_docs)
        hits = self._by_score(whole, wanted, after) if is_ranked(query, sort) else self._by_day(whole, wanted, after)
        return replace(hits, facets=self._facets(whole)) if facets else hits

    def _by_day(self, whole: Query, wanted: int, after: Place | None) -> Hits:
        rest = whole if after is None else _all([whole, self._between("order", 0, max(after.order() - 1, 0))])
        found = self._searcher.search(rest, max(wanted, 1), order_by_field="order")
        total = _count(found if after is None else self._searcher.search(whole, 1))
        page = found.hits[:wanted]
        record_nos = [self._record_no(address) for _, address in page]
        last = Place(record_nos[-1], day_of(int(page[-1][0]))) if page else None
        return Hits(total, record_nos, last=last, more=_count(found) > len(page))

    def _by_score(self, whole: Query, wanted: int, after: Place | None) -> Hits:
        """Rank by score, then number. The engine knows no such place to go on from: it ranks again from the top."""
        before = (self._rank_of(whole, after), after.record_no) if after else None
        room = wanted + _MORE_RANKED
        while True:
            found = self._searcher.search(whole, min(room, self._searcher.num_docs))
            hits = [(round(float(score), SCORE_PLACES), address) for score, address in found.hits]
            complete = len(hits) == _count(found)
            floor = -1.0 if complete or not hits else hits[-1][0]  # others of this score may not be there yet
            named = [
                (score, self._record_no(address))
                for score, address in hits
                if score > floor and (before is None or score <= before[0])
            ]
            ranked = sorted((hit for hit in named if before is None or hit < before), reverse=True)
            if complete or len(ranked) >= wanted:
                break
            room *= 4
        page = ranked[:wanted]
        last = Place(page[-1][1], score=page[-1][0]) if page else None
        numbers, scores = [number for _, number in page], [score for score, _ in page]
        return Hits(_count(found), numbers, scores, last=last, more=not complete or len(ranked) > wanted)

    def _rank_of(self, whole: Query, place: Place) -> float:
        """Return the score a place now has: every record that comes in moves the scores of all a little."""
        then = place.rank()
        one = _unscored(Query.term_query(self._index.schema, "record_no", place.record_no, index_option="basic"))
        found = self._searcher.search(_all([whole, one]), 1).hits
        return round(float(found[0][0]), SCORE_PLACES) if found else then

    def _record_no(self, address: tantivy.DocAddress) -> str:
        return str(self._searcher.doc(address).get_first("record_no"))

    def close(self) -> None:
        """Let go of the files."""
        del self._searcher, self._index

    def _facets(self, query: Query) -> dict[str, dict[str, int]]:
        found = self._counted(query, {n: _LOOKED_AT if n in OPEN_ENDED else _MANY_BUCKETS for n in FACETS})
        # Of hundreds of names few are given. Those not fetched matter where one may stand as often as the last given.
        if unsure := [n for n, (counts, rest) in found.items() if rest and _last_given(counts) <= min(counts.values())]:
            found |= self._counted(query, dict.fromkeys(unsure, _MANY_BUCKETS))
        return {name: counted(name, found[name][0]) for name in FACETS}

    def _counted(self, query: Query, most: Mapping[str, int]) -> dict[str, tuple[dict[str, int], int]]:
        """Return the counts of so many names of each facet, the most first, and how often those left out stand."""
        terms = {name: {"field": name, "size": size, "segment_size": _A_SEGMENT} for name, size in most.items()}
        found: dict[str, Any] = self._searcher.aggregate(query, {name: {"terms": of} for name, of in terms.items()})
        return {
            name: ({str(b["key"]): int(b["doc_count"]) for b in of["buckets"]}, int(of["sum_other_doc_count"]))
            for name, of in found.items()
        }

    def _asked(self, node: Node, filters: Filters) -> Iterable[Query]:
        """Give what is asked for in what may be read; in texts a unit owns where a scope reaches that unit, or all."""
        if filters.readable is None:
            yield self._node(node, ())
            return
        by_units: dict[tuple[str, ...], list[Query]] = {}
        for scope in filters.readable:
            units = scope.units if self._has_shared else ()
            by_units.setdefault(units, []).append(_all([self._fact(_RECORD), *self._scope(scope)]))
        if len(by_units) == 1:
            ((units, scopes),) = by_units.items()
            yield self._node(node, units)
            yield _any(scopes)
        else:
            yield _any([_all([self._node(node, units), _any(scopes)]) for units, scopes in by_units.items()])

    def _node(self, node: Node, units: tuple[str, ...]) -> Query:
        """Return a query; of what units own it looks into what these do, () for all."""
        match node:
            case Word(text, fields):
                places = [f"fields.{key}" for key in fields] or ["body"]
                if self._has_shared and not units:
                    places += [f"own.{_WHOLE}.{key}" for key in fields] or ["owned"]
                elif self._has_shared:
                    places += [f"own.{_path(unit)}.{key}" for unit in units for key in fields or (_ALL,)]
                return _any([self._word(place, text) for place in places])
            case Is(fact, value):
                return self._fact(f"{fact}:{value}")
            case Between(fact, first, last):
                return self._days(first, last) if fact == "date" else self._between("year", int(first), int(last))
            case Not(part):
                return self._without(self._node(part, units))
            case AllOf(parts):
                return _all([self._node(part, units) for part in parts])
            case AnyOf(parts):
                return _any([self._node(part, units) for part in parts])

    def _word(self, field: str, word: str) -> Query:
        if len(word) == 1:
            # The pairs of every field are in one of these too, and only their dictionaries can be read.
            texts = ("body", "owned") if self._has_shared else ("body",)
            pairs = [pair for text in texts for pair, _ in self._searcher.terms_with_prefix(text, word)]
            return Query.term_set_query(self._index.schema, field, pairs) if pairs else Query.empty_query()
        pairs = word_pairs(word)
        if len(pairs) == 1:
            return Query.term_query(self._index.schema, field, pairs[0])
        return Query.phrase_query(self._index.schema, field, [*pairs])

    def _filters(self, filters: Filters) -> Iterable[Query]:
        yield from self._scope(Scope(filters.forms, (), filters.max_secrecy))
        if filters.years:
            yield _any([self._between("year", year, year) for year in filters.years])
        if filters.states:
            yield _any([self._fact(f"state:{state}") for state in filters.states])
        if filters.date_from or filters.date_to:
            yield self._days(filters.date_from, filters.date_to or "9999-12-31")
        if filters.unit:
            yield self._fact(_unit(filters.unit))
        for field, name in (("customer_unit", filters.customer), ("model", filters.model)):
            if name.strip():
                yield _unscored(Query.term_query(self._index.schema, field, name.strip(), index_option="basic"))

    def _scope(self, scope: Scope) -> Iterable[Query]:
        if scope.forms:
            yield _any([self._fact(f"form:{normalise(form)}") for form in scope.forms])
        for form in scope.but:
            yield self._without(self._fact(f"form:{normalise(form)}"))
        if scope.units:
            yield _any([self._fact(_unit(unit)) for unit in scope.units])
        if scope.max_secrecy is not None:
            yield self._between("secrecy", 0, scope.max_secrecy)
        if scope.states:
            yield _any([self._fact(f"state:{state}") for state in scope.states])
        for group in scope.tags:
            yield _any([self._fact(f"tag:{tag}") for tag in group])

    def _without(self, query: Query) -> Query:
        return Query.boolean_query([(Occur.Must, self._fact(_RECORD)), (Occur.MustNot, query)])

    def _fact(self, fact: str) -> Query:
        return _unscored(Query.term_query(self._index.schema, "facts", fact, index_option="basic"))

    def _between(self, field: str, first: int, last: int) -> Query:
        return _unscored(Query.range_query(self._index.schema, field, FieldType.Unsigned, first, last))

    def _days(self, first: str, last: str) -> Query:
        # The order of a record begins with its day.
        return self._between("order", day_number(first) << DAY_SHIFT, ((day_number(last) + 1) << DAY_SHIFT) - 1)


def _last_given(counts: Mapping[str, int]) -> int:
    """Return how often the last name stands that is given of an open-ended facet."""
    return nlargest(MOST_FREQUENT, counts.values())[-1]


def _count(found: tantivy.SearchResult) -> int:
    return int(found.count)  # type: ignore[attr-defined]  # missing from tantivy's stubs


@contextmanager
def _open(writer: tantivy.IndexWriter) -> Iterator[tantivy.IndexWriter]:
    """Let go of the engine's lock and threads in the end; what the block did not commit is gone."""
    try:
        yield writer
    finally:
        # Small segments are joined by threads, which must not outlive this: the process may end, the folder be removed.
        writer.wait_merging_threads()


def _all(queries: list[Query]) -> Query:
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Must, query) for query in queries])


def _any(queries: list[Query]) -> Query:
    if not queries:
        return Query.empty_query()
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])


def _unscored(query: Query) -> Query:
    """Return what a record is as a query: it says nothing of how relevant the record is."""
    return Query.const_score_query(query, 0.0)


def _unit(unit: str) -> str:
    return f"unit:{normalise(unit)}"


def _path(unit: str) -> str:
    """Return a unit as a part of a path, in which its name might be read as several."""
    return f"u{sha256(normalise(unit).encode()).hexdigest()[:16]}"


_as_json = json.JSONEncoder(ensure_ascii=False).encode  # made once, asked for every record


def _tantivy_document(document: Document) -> tantivy.Document:
    texts = document.normal_texts()
    rows = text_pairs([text for _, text in texts])
    by_key: dict[str, str] = {}
    for (key, _), row in zip(texts, rows, strict=True):
        by_key[key] = f"{by_key[key]} {row}" if key in by_key else row
    made = tantivy.Document()
    if document.owned:
        _add_owned(made, document.normal_owned())
    made.add_text("record_no", document.record_no)
    made.add_text("body", " ".join(rows))
    # The engine reads JSON text faster than Python objects.
    made.add_json("fields", _as_json(by_key))
    made.add_text("form_code", document.form_code)
    made.add_text("state", document.state)
    if customer := document.customer_unit.strip():
        made.add_text("customer_unit", customer)
    for model in document.models():
        made.add_text("model", model)
    made.add_unsigned("year", document.year)
    made.add_unsigned("secrecy", document.secrecy_level)
    made.add_unsigned("order", order_of(document))
    for fact in (_RECORD, f"state:{document.state}", *map(_unit, (document.unit, *document.other_units))):
        made.add_text("facts", fact)
    for tag in document.tags:
        made.add_text("facts", f"tag:{tag}")
    for name in form_names(document.form_code):
        made.add_text("facts", f"form:{name}")
    return made


def _add_owned(made: tantivy.Document, owned: Sequence[tuple[str, str, str]]) -> None:
    rows = text_pairs([text for _, _, text in owned])
    places: dict[str, dict[str, str]] = {}
    for (unit, key, _), row in zip(owned, rows, strict=True):
        for path, name in ((_WHOLE, key), (_path(unit), key), (_path(unit), _ALL)):
            held = places.setdefault(path, {})
            held[name] = f"{held[name]} {row}" if name in held else row
    made.add_text("owned", " ".join(rows))
    made.add_json("own", _as_json(places))
    made.add_text("facts", _SHARED)


def _mark(register_id: str, last_seq: int) -> tantivy.Document:
    made = tantivy.Document()
    made.add_text("facts", _MARK)
    made.add_text("mark", json.dumps({"register_id": register_id, "last_seq": last_seq}))
    return made
