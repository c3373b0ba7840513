"""The Whoosh engine: pure Python, for any machine.

Positions are what makes Whoosh slow, so the index holds only which records have which pair (analysis.py). A search
takes the records that have the rarest pairs of each word and looks into their stored texts: that is exact, and faster.
The mark, a document of its own, says whose index this is and how far; it changes in the same commit as the records.
"""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import Any

from whoosh import columns, fields, formats, index
from whoosh.codec.whoosh3 import W3Codec

from qrecords.model.query import AllOf, AnyOf, Node, Query, Word
from qrecords.stores.fulltext.analysis import text_pairs, word_pairs
from qrecords.stores.fulltext.interface import FACETS, Document, Filters, Hits, Made, Sort, counted, is_ranked
from qrecords.stores.fulltext.matching import Facts, fits, passes, sights
from qrecords.stores.fulltext.places import SCORE_PLACES, Place, day_of

_MARK = "mark"
_SEPARATOR = "\n"  # between stored texts; no normal form holds it
_MEMORY = 128  # megabytes
_BLOCK = 2048  # postings read at a time; Whoosh's 128 make common pairs slow
_POSTINGS_A_LOOK = 25  # looking into one record's texts takes as long as reading this many postings


class Pairs(fields.FieldType):  # type: ignore[misc]  # whoosh has no types
    """Which pairs a record has in any of its texts; the value is its normal texts."""

    def __init__(self) -> None:
        # Scored, though the scores are not used: without lengths Whoosh asks the disk for them at every posting.
        super().__init__(formats.Existence(), None, scorable=True)

    def index(self, value: list[str], **_: Any) -> Iterator[tuple[bytes, int, float, bytes]]:
        """Give each pair once, as Whoosh takes terms: bytes, frequency, weight, no positions."""
        for pair in set(chain.from_iterable(row.split(" ") for row in text_pairs(value))):
            yield pair.encode(), 1, 1.0, b""


def _schema() -> fields.Schema:
    return fields.Schema(
        record_no=fields.ID(unique=True),
        mark=fields.ID(stored=True),
        pairs=Pairs(),
        facts=fields.COLUMN(columns.VarBytesColumn()),
        texts=fields.COLUMN(columns.VarBytesColumn()),
    )


class WhooshEngine:
    """Slower than native code, the same answers."""

    name = "whoosh"

    def build(self, path: Path, documents: Iterable[Document], register_id: str, last_seq: int) -> None:
        """Make a new index in an empty folder."""
        with _taking(index.create_in(path, _schema()), map(self.made, documents), [], register_id) as take_in:
            take_in(last_seq)

    def made(self, document: Document) -> Made:
        """Return a document in the form this engine takes."""
        return Made(document.record_no, _stored(document))

    def open(self, path: Path) -> WhooshIndex:
        """Open an index; any exception means it must be rebuilt."""
        return WhooshIndex(index.open_dir(path))


class WhooshIndex:
    """One opened index."""

    def __init__(self, opened: index.Index) -> None:
        self._index = opened
        self._reader: Any = None
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
        if self._reader and self._reader.generation() == self._index.latest_generation():
            return
        # Not `reuse`: a reader reused does not learn which of its records were deleted since.
        self._reader = self._index.reader()
        mark = json.loads(self._reader.stored_fields(self._reader.first_id(_MARK, _MARK))[_MARK])
        self._register_id, self._last_seq = str(mark["register_id"]), int(mark["last_seq"])
        self._segments = [_Segment(reader) for reader, _ in self._reader.leaf_readers()]

    def apply(self, upserts: Iterable[Document], deletes: Iterable[str], last_seq: int) -> None:
        """Take in records and take out others in one commit."""
        latest = {document.record_no: document for document in upserts}
        made = [Made(record_no, _stored(document)) for record_no, document in latest.items()]
        with self.taking(made, deletes) as take_in:
            take_in(last_seq)

    @contextmanager
    def taking(self, upserts: Iterable[Made], deletes: Iterable[str]) -> Iterator[Callable[[int], None]]:
        """Write records down that no search sees yet; give what takes them in, in one commit."""
        made = [*upserts]
        removed = [*(one.record_no for one in made), *deletes]
        with _taking(self._index, made, removed, self._register_id) as take_in:
            yield take_in
        self.refresh()

    def search(
        self, query: Query, filters: Filters, *, limit: int, after: Place | None, sort: Sort, facets: bool
    ) -> Hits:
        """Return a page of the records that fit query and filters."""
        ranked = is_ranked(query, sort)
        found = [hit for segment in self._segments for hit in segment.search(query, filters, scored=ranked)]
        names = FACETS if facets else ()
        counts = {n: counted(n, Counter(chain.from_iterable(facts.of_facet(n) for _, facts in found))) for n in names}
        total = len(found)
        behind = (_by_score if ranked else _by_day)(found, after)
        page = behind[: max(limit, 0)]
        last: Place | None = None
        if page:
            score, facts = page[-1]
            last = Place(facts.record_no, day_of(facts.order), score if ranked else None)
        scores = [score for score, _ in page] if ranked else []
        return Hits(total, [facts.record_no for _, facts in page], scores, counts, last, len(behind) > len(page))

    def close(self) -> None:
        """Let go of the files."""
        self._reader.close()
        self._index.close()


_Hit = tuple[float, Facts]


def _by_day(found: list[_Hit], after: Place | None) -> list[_Hit]:
    found.sort(key=lambda hit: hit[1].order, reverse=True)
    return found if after is None else [hit for hit in found if hit[1].order < after.order()]


def _by_score(found: list[_Hit], after: Place | None) -> list[_Hit]:
    found.sort(key=lambda hit: (hit[0], hit[1].record_no), reverse=True)
    if after is None:
        return found
    then = after.rank(), after.record_no
    for number, (_, facts) in enumerate(found):
        if facts.record_no == after.record_no:
            return found[number + 1 :]
    return [hit for hit in found if (hit[0], hit[1].record_no) < then]


class _Segment:
    """One segment of the index: postings, facts and texts by the segment's own record numbers."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self._facts = reader.column_reader("facts", translate=False)
        self._texts = reader.column_reader("texts", translate=False)
        self._read: dict[int, Facts | None] = {}

    def search(self, query: Query, filters: Filters, *, scored: bool) -> Iterator[tuple[float, Facts]]:
        """Give every record that fits with its score, 0 when none is asked for."""
        certain: dict[Word, set[int]] = {}
        candidates = self._candidates(query.root, certain)
        narrowed = filters != Filters()
        for number in self._reader.all_doc_ids() if candidates is None else candidates:
            facts = self._facts_of(number)
            if facts is None or (narrowed and not passes(facts, filters)):
                continue
            for seen in sights(facts, filters):
                texts = _Texts(self._texts, number, facts, certain, seen)
                if fits(query.root, facts, texts.have):
                    yield (texts.score(query.words) if scored else 0.0), facts
                    break

    def _facts_of(self, number: int) -> Facts | None:
        """Return what is stored of a record, read once; None for the mark."""
        if number not in self._read:
            stored = self._facts[number]
            self._read[number] = Facts.from_bytes(stored) if stored else None
        return self._read[number]

    def _candidates(self, node: Node, certain: dict[Word, set[int]]) -> set[int] | None:
        """Return the records that may fit, or None for all; `certain` gets the words of which that is the answer."""
        match node:
            case Word(text, keys):
                found, exact = self._having(text)
                if exact and not keys:
                    certain[node] = found
                return found
            case AllOf(parts):
                known = [ids for part in parts if (ids := self._candidates(part, certain)) is not None]
                return reduce(set.intersection, known) if known else None
            case AnyOf(parts):
                known = [ids for part in parts if (ids := self._candidates(part, certain)) is not None]
                return reduce(set.union, known) if len(known) == len(parts) else None
            case _:
                return None

    def _having(self, word: str) -> tuple[set[int], bool]:
        """Return the records that may have a word, and whether they surely do."""
        if len(word) == 1:
            pairs = self._reader.expand_prefix("pairs", word)
            return set(chain.from_iterable(self._reader.postings("pairs", p).all_ids() for p in pairs)), True
        counted = sorted((self._reader.doc_frequency("pairs", pair), pair) for pair in set(word_pairs(word)))
        if counted[0][0] == 0:
            return set(), True
        found: set[int] | None = None
        for count, pair in counted:
            if found is not None and count > _POSTINGS_A_LOOK * len(found):
                break
            having = self._reader.postings("pairs", pair).all_ids()
            found = set(having) if found is None else found.intersection(having)
        return found or set(), len(word) == 2


class _Texts:
    """The normal texts of one record, read when first needed; of those units own, the `seen` ones alone (None: all)."""

    def __init__(
        self, column: Any, number: int, facts: Facts, certain: dict[Word, set[int]], seen: frozenset[str] | None
    ) -> None:
        self._column, self._number, self._facts, self._seen = column, number, facts, seen
        self._certain = certain if seen is None else {}  # pairs are those of all texts
        self._read: str | None = None

    def have(self, word: Word) -> bool:
        """Tell whether a word is in them."""
        sure = self._certain.get(word)
        return self._number in sure if sure is not None else any(word.text in part for part in self._parts(word))

    def score(self, words: tuple[Word, ...]) -> float:
        """Return how often the words occur; more is better, and many times of one word not so much."""
        counts = [sum(part.count(word.text) for part in self._parts(word)) for word in words]
        return round(sum(count / (count + 1.2) for count in counts), SCORE_PLACES)

    def _parts(self, word: Word) -> list[str]:
        if self._read is None:
            self._read = zlib.decompress(self._column[self._number]).decode()
        if not word.fields and self._seen is None:
            return [self._read]
        keys, owners = self._facts.keys, self._facts.owners
        texts = [*zip(keys, self._read.split(_SEPARATOR), strict=True)]
        if self._seen is not None:
            common = len(keys) - len(owners)
            owned = zip(texts[common:], owners, strict=True)
            texts = texts[:common] + [text for text, owner in owned if owner in self._seen]
        return [text for key, text in texts if not word.fields or key in word.fields]


@contextmanager
def _taking(
    target: index.Index, added: Iterable[Made], removed: Iterable[str], register_id: str
) -> Iterator[Callable[[int], None]]:
    writer = target.writer(limitmb=_MEMORY, codec=W3Codec(blocklimit=_BLOCK, compression=1))
    try:
        with writer.searcher() as searcher:
            for record_no in removed:
                writer.delete_by_term("record_no", record_no, searcher)
            writer.delete_by_term(_MARK, _MARK, searcher)
        for document in added:
            writer.add_document(**document.form)

        def take_in(last_seq: int) -> None:
            mark = json.dumps({"register_id": register_id, "last_seq": last_seq})
            writer.add_document(mark=_MARK, _stored_mark=mark)
            writer.commit()

        yield take_in
    finally:
        if not writer.is_closed:
            writer.cancel()


def _stored(document: Document) -> dict[str, Any]:
    owned = document.normal_owned()
    texts = [*document.normal_texts(), *((key, text) for _, key, text in owned)]
    owners = tuple(unit for unit, _, _ in owned)
    return {
        "record_no": document.record_no,
        "pairs": [text for _, text in texts],
        "facts": Facts.of(document, tuple(key for key, _ in texts), owners).to_bytes(),
        "texts": zlib.compress(_SEPARATOR.join(text for _, text in texts).encode(), level=1),
    }
