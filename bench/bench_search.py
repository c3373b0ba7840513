"""How search and index measure up to the engines they stand on: `python -m bench.bench_search [--records N]`.

Each line is a ratio of two things measured in turns in the same run, with what is asked for. What has to do with a
whole office (a cold command, a record found after its commit) is in bench_search_office, what growth does in
bench_search_growth: `--growth` runs 10,000, 100,000 and 1,000,000 records, or the sizes named after it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import tantivy
from whoosh import analysis, fields, index
from whoosh.query import Phrase, Term

from bench.bench_search_growth import SIZES, growth
from bench.bench_search_office import cold_command, filing
from bench.measure import line, seconds
from bench.search_corpus import documents, questions
from qrecords.model.query import Query, Word, parse_query
from qrecords.stores.fulltext import tantivy_engine
from qrecords.stores.fulltext.analysis import text_pairs, word_pairs
from qrecords.stores.fulltext.interface import Document
from qrecords.stores.fulltext.store import IndexStore

Calls = list[tuple[str, str, Any]]
PAGE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument(
        "--whoosh-records", type=int, default=0, help="records in the Whoosh indexes (default: as many)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rebuilds of each kind; the fastest counts")
    parser.add_argument("--growth", type=int, nargs="*", help="only the table of growth, for these numbers of records")
    given = parser.parse_args()
    if given.growth is not None:
        growth(given.growth or SIZES)
        return
    corpus = [*documents(given.records)]
    characters = statistics.mean(sum(len(text) for _, text in d.texts) for d in corpus)
    print(f"{len(corpus)} records of {characters:.0f} characters")
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rate = rebuilding(root, corpus, given.rounds)
        ours = IndexStore(root / "ours", "tantivy", "bench")
        searching(ours, corpus)
        beside_whoosh(root, ours, corpus[: given.whoosh_records or len(corpus)], rate)
        adding(root, ours, corpus)
        filing(root, corpus)
    cold_command()


def rebuilding(root: Path, corpus: list[Document], rounds: int) -> float:
    """Rebuild, and build the same index from tokens made beforehand; returns our records a second."""
    ready = [_calls(d) for d in corpus]
    store = IndexStore(root / "ours", "tantivy", "bench")
    ours, bare = [], []
    for turn in range(rounds):
        ours.append(seconds(lambda: store.rebuild(corpus, last_seq=len(corpus))))
        bare.append(seconds(partial(_bare_build, root / f"bare{turn}", ready)))
    print(f"index, records a second: rebuild {len(corpus) / min(ours):.0f}, bare {len(corpus) / min(bare):.0f}")
    line("rebuild / bare tantivy fed ready tokens", min(ours) / min(bare), "≤ 2.5")
    return len(corpus) / min(ours)


def searching(store: IndexStore, corpus: list[Document]) -> None:
    """Ask 200 questions of every kind of the store, and the same of tantivy's searcher on the same index."""
    asked = questions(corpus, 200)
    opened: Any = store._guarded(lambda index: index)
    searcher = opened._searcher
    built = {text: opened._node(parse_query(text).root) for text in asked}

    def bare(text: str) -> int:
        return int(searcher.search(built[text], PAGE, order_by_field="order").count)

    def ours(text: str) -> int:
        return store.search(parse_query(text), limit=PAGE).total

    assert [bare(t) for t in asked] == [ours(t) for t in asked]
    theirs, own = _in_turns(bare, ours, asked)
    print(f"search, ms: ours median {own[0]:.3f} p95 {own[1]:.3f}, bare median {theirs[0]:.3f} p95 {theirs[1]:.3f}")
    line("search median / bare tantivy", own[0] / theirs[0], "≤ 3")
    line("search p95 / bare tantivy", own[1] / theirs[1], "≤ 3")
    theirs, own = _in_turns(bare, lambda text: store.search(parse_query(text), limit=PAGE, facets=True), asked)
    print(f"  with facets: median / bare {own[0] / theirs[0]:.2f}, p95 / bare {own[1] / theirs[1]:.2f}")


def beside_whoosh(root: Path, store: IndexStore, corpus: list[Document], rate: float) -> None:
    """Index the plain way with Whoosh, pairs with positions, and ask it the questions that are one word."""
    plain_path = root / "whoosh_plain"
    plain_path.mkdir()
    schema = fields.Schema(no=fields.ID(stored=True), body=fields.TEXT(analyzer=analysis.SpaceSeparatedTokenizer()))
    plain = index.create_in(plain_path, schema)
    texts = [(d.record_no, " ".join(text_pairs([text for _, text in d.normal_texts()]))) for d in corpus]

    def build() -> None:
        writer = plain.writer(limitmb=512)
        for number, pairs in texts:
            writer.add_document(no=number, body=pairs)
        writer.commit()

    plain_rate = len(corpus) / seconds(build)
    pure = IndexStore(root / "pure", "whoosh", "bench")
    pure_rate = len(corpus) / seconds(lambda: pure.rebuild(corpus, last_seq=len(corpus)))
    print(f"index {len(corpus)}, records a second: Whoosh plain {plain_rate:.0f}, our Whoosh engine {pure_rate:.0f}")
    line("rebuild / Whoosh plain", rate / plain_rate, "≥ 15")
    asked = [text for text in questions(corpus, 200) if _plain_query(parse_query(text))]
    with plain.searcher() as searcher:

        def phrase(text: str) -> int:
            return len(searcher.search(_plain_query(parse_query(text)), limit=PAGE))

        (slow, _), (fast, _) = _in_turns(phrase, lambda text: store.search(parse_query(text), limit=PAGE), asked)
        (slow_too, _), (middle, _) = _in_turns(phrase, lambda text: pure.search(parse_query(text), limit=PAGE), asked)
    print(f"one word, ms median: Whoosh phrase {slow:.1f}, ours {fast:.3f}, our Whoosh engine {middle:.1f}")
    line("Whoosh phrase / search", slow / fast, "≥ 50")
    line("Whoosh phrase / our Whoosh engine", slow_too / middle, "≥ 3")


def adding(root: Path, big: IndexStore, corpus: list[Document]) -> None:
    """Add records one by one to a small index and to the big one."""
    small = IndexStore(root / "small", "tantivy", "bench")
    small.rebuild(corpus[:1000], last_seq=1000)
    more = [*documents(60, seed=1)]

    def add(store: IndexStore, document: Document) -> None:
        with store.writer() as writer:
            writer.apply([document], last_seq=writer.last_seq + 1)

    (little, _), (much, _) = _in_turns(lambda d: add(small, d), lambda d: add(big, d), more, repeat=1)
    print(f"add one, ms median: to 1,000 records {little:.1f}, to {len(corpus)} {much:.1f}")
    line(f"add to {len(corpus)} / add to 1,000", much / little, "≤ 1.5")


class _Recorder:
    """Stands for tantivy.Document and remembers what was put into it."""

    def __init__(self) -> None:
        self.calls: Calls = []

    def __getattr__(self, method: str) -> Callable[[str, Any], None]:
        return lambda field, value: self.calls.append((method, field, value))


def _calls(document: Document) -> Calls:
    with mock.patch.object(tantivy, "Document", _Recorder):
        recorded: Any = tantivy_engine._tantivy_document(document)
    return list(recorded.calls)


def _bare_build(path: Path, ready: list[Calls]) -> None:
    path.mkdir()
    made = tantivy_engine._prepare(tantivy.Index(tantivy_engine._schema(), path=str(path)))
    writer = made.writer(tantivy_engine._BUILD_MEMORY, 2)
    for calls in ready:
        document = tantivy.Document()
        for method, field, value in calls:
            getattr(document, method)(field, value)
        writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()


def _plain_query(query: Query) -> Any:
    """Return the Whoosh query for a single word of two or more characters, else None."""
    match query.root:
        case Word(text, ()) if len(text) >= 2:
            pairs = word_pairs(text)
            return Phrase("body", pairs) if len(pairs) > 1 else Term("body", pairs[0])
    return None


def _in_turns(
    one: Callable[[Any], object], other: Callable[[Any], object], questions: Sequence[Any], repeat: int = 3
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return median and p95 (ms) of both, asked in turns; of repeated questions the fastest answer counts."""
    times: tuple[list[float], list[float]] = ([], [])
    for question in questions:
        best = [min(seconds(partial(ask, question)) for _ in range(repeat)) for ask in (one, other)]
        for kept, fastest in zip(times, best, strict=True):
            kept.append(fastest * 1000)
    first, second = ((statistics.median(kept), sorted(kept)[int(len(kept) * 0.95)]) for kept in times)
    return first, second


if __name__ == "__main__":
    main()
