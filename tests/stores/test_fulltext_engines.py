"""Every engine against a plain scan: the same records, in the same order, no more and no fewer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qrecords.errors import InvalidInput
from qrecords.model.query import Query, Word, parse_query
from qrecords.model.textnorm import BREAK, normalise
from qrecords.stores.fulltext import ENGINES, load_engine
from qrecords.stores.fulltext.interface import Document, Engine, Filters, Index, Scope, Sort
from qrecords.stores.fulltext.places import Place, day_of, order_number
from tests.fulltext_corpus import (
    LABELS,
    REAL_RECORDS,
    STATES,
    UNITS,
    document,
    invented,
    invented_text,
    newest_first,
    plain,
    plain_texts,
    real,
    scan,
)
from tests.model.test_query import fuzzed

EVERYTHING = Filters()


@pytest.fixture(scope="module", params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    if request.param == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    return load_engine(request.param)


@pytest.fixture(scope="module")
def corpus() -> list[Document]:
    return invented(400)


@pytest.fixture(scope="module")
def filled(engine: Engine, corpus: list[Document], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    path = tmp_path_factory.mktemp(engine.name)
    engine.build(path, corpus, "register-1", 400)
    index = engine.open(path)
    yield index
    index.close()


@pytest.fixture
def small(engine: Engine, tmp_path: Path) -> Iterator[Index]:
    engine.build(tmp_path, [document(1, "功放过热"), document(2, "泵不转"), document(3, "功放无输出")], "register-1", 3)
    index = engine.open(tmp_path)
    yield index
    index.close()


def found(
    index: Index, text: str | Query, filters: Filters = EVERYTHING, limit: int = 1000, *, facets: bool = True
) -> list[str]:
    query = parse_query(text, LABELS) if isinstance(text, str) else text
    hits = index.search(query, filters, limit=limit, after=None, sort="date", facets=facets)
    assert limit < hits.total or hits.total == len(hits.record_nos)
    return hits.record_nos


def pieces(documents: list[Document], count: int, seed: int) -> Iterator[str]:
    """Give pieces of 1 to 12 characters as they stand in the texts, line breaks and punctuation included."""
    rng = random.Random(seed)
    texts = [text for d in documents for _, text in d.texts]
    while count:
        text = rng.choice(texts)
        start = rng.randrange(len(text))
        piece = text[start : start + rng.randrange(1, 13)]
        # A piece that begins within a letter and its mark is another letter; breaks at its edges are not asked for.
        if normalise(piece) and normalise(piece) in plain(text):
            yield piece
            count -= 1


def recall_and_precision(index: Index, documents: list[Document], count: int) -> None:
    assert len({d.record_no for d in documents}) == len(documents)
    whole = [(d.record_no, "\n".join(text for _, text in plain_texts(d))) for d in newest_first(documents)]
    for piece in pieces(documents, count, seed=count):
        word = plain(piece)
        truth = [number for number, texts in whole if word in texts]
        assert found(index, Query(Word(normalise(piece)), piece), facets=False) == truth, piece


def test_finds_every_piece_of_invented_text(filled: Index, corpus: list[Document]) -> None:
    recall_and_precision(filled, corpus, 2000)


@pytest.mark.skipif(not REAL_RECORDS.exists(), reason="needs the real records beside the checkout")
def test_finds_every_piece_of_real_text(engine: Engine, tmp_path: Path) -> None:
    documents = real()
    engine.build(tmp_path, documents, "register-1", len(documents))
    index = engine.open(tmp_path)
    recall_and_precision(index, documents, 2000)
    index.close()


@pytest.mark.parametrize(
    "text",
    [
        "功放 过热", "功放 -过热", "-功放", "功放 OR 泵", "功放 OR -泵", '"功放 过热"', "TH120C", "ｔｈ－１２０", "7764", "15:20",
        "故障现象:功放", "-故障现象:功放", "故障现象:功放 OR 处理措施:泵", "故障现象:功", "用户:示例用户3", "型号:TH-12 型号:0",
        "编号:0012", "表:06A", "表:06", "-表:06A", "表:QR758-06A OR 表:07", "年:2024", "年:2024..2025", "状态:已归档",
        "状态:草稿 OR 状态:已成册", "日期:2025-03..2025-08", "日期:..2024-06", "-日期:2024", "功放 年:2025 -状态:filed", "题名:题",
        "功放 过热 OR 泵 OR 系统 -电源", "不在任何记录里", "泵 不在任何记录里", "泵 OR 不在任何记录里", "龘", "1",
    ],
)  # fmt: skip
def test_query_means_what_it_says(filled: Index, corpus: list[Document], text: str) -> None:
    assert found(filled, text) == scan(corpus, parse_query(text, LABELS).root)


@pytest.mark.parametrize(
    "filters",
    [
        Filters(forms=("QR758-06A",)),
        Filters(forms=("QR758-06A", "QR758-02A"), years=(2024, 2026)),
        Filters(states=("filed", "draft")),
        Filters(date_from="2024-05-05", date_to="2025-06-30"),
        Filters(date_from="2026-01-01"),
        Filters(date_to="2023-12-31"),
        Filters(unit="示例一部"),
        Filters(customer="示例用户3"),
        Filters(customer="示例用户"),
        Filters(model="TH-120"),
        Filters(customer="示例用户1", model="TH-121", readable=(Scope(max_secrecy=1),)),
        Filters(max_secrecy=0),
        Filters(max_secrecy=2, forms=("QR758-06A",), unit="示例二部"),
        Filters(readable=()),
        Filters(readable=(Scope(),)),
        Filters(readable=(Scope(units=("",)),)),
        Filters(readable=(Scope(("QR758-06A",), ("", "示例一部"), 1), Scope(("QR758-02A",)), Scope(max_secrecy=0))),
        Filters(years=(2024,), readable=(Scope(units=("示例二部",), max_secrecy=2),)),
        Filters(forms=("QR758-99A",)),
    ],
    ids=str,
)
@pytest.mark.parametrize("text", ["功放", "-功放", "泵 OR 系统", "年:2023..2026"])
def test_filters_are_part_of_the_search(filled: Index, corpus: list[Document], text: str, filters: Filters) -> None:
    assert found(filled, text, filters) == scan(corpus, parse_query(text).root, filters)


def test_a_record_of_several_units_is_found_by_each_of_them(engine: Engine, tmp_path: Path) -> None:
    documents = [
        replace(document(n, "功放"), unit=unit, other_units=others)
        for n, (unit, others) in enumerate((("甲所", ()), ("甲所", ("乙 所", "丙所")), ("丁所", ("甲所",)), ("", ())))
    ]
    engine.build(tmp_path, documents, "register-1", len(documents))
    index = engine.open(tmp_path)
    wanted = {"甲所": {0, 1, 2}, "乙所": {1}, "丙所": {1}, "丁所": {2}, "": {3}}
    for unit, places in wanted.items():
        numbers = {documents[place].record_no for place in places}
        assert {*found(index, "功放", Filters(readable=(Scope(units=(unit,)),)))} == numbers, unit
        assert not unit or {*found(index, "功放", Filters(unit=unit))} == numbers
    assert {*found(index, "功放", Filters(readable=(Scope(units=("丙所", "丁所")),)))} == {
        documents[1].record_no, documents[2].record_no,
    }  # fmt: skip
    index.close()


OWN_WORDS = ("功放", "风扇", "泵")


def owned_corpus() -> list[Document]:
    """Return records of one to three units, some of whose texts are one unit's own."""
    chance = random.Random(7)
    made = []
    for n in range(120):
        unit, *others = chance.sample(["甲所", "乙 所.一", "丙所", ""], chance.randint(1, 3))
        owned = [(u, chance.choice(("symptom", "cause")), chance.choice(OWN_WORDS)) for u in (unit, *others) if others]
        text = chance.choice((*OWN_WORDS, "示例"))
        made.append(replace(document(n, text), unit=unit, other_units=tuple(filter(None, others)), owned=tuple(owned)))
    return made


@pytest.mark.parametrize(
    "text", ["功放", "风", "cause:泵", "-功放", "功放 -风扇", "功放 OR 泵", "风扇 cause:功放", "(泵 OR 风) -功放"]
)
@pytest.mark.parametrize(
    "scopes",
    [
        None,
        (Scope(units=("甲所",)),),
        (Scope(units=("乙 所.一", "丙所")),),
        (Scope(max_secrecy=9), Scope(units=("甲所",))),
        (Scope(units=("甲所",)), Scope(units=("丙所",))),
        (),
    ],
    ids=str,
)
def test_what_a_unit_owns_is_found_by_it_and_by_who_reads_all(
    owning: tuple[Index, list[Document]], text: str, scopes: tuple[Scope, ...] | None
) -> None:
    index, documents = owning
    root = parse_query(text, {"cause": ("cause",)}).root

    def plainly(scope: Scope) -> set[str]:
        seen = [
            replace(d, texts=(*d.texts, *(o[1:] for o in d.owned if not scope.units or o[0] in scope.units)), owned=())
            for d in documents
            if not scope.units or {d.unit, *d.other_units} & {*scope.units}
        ]
        return {*scan(seen, root)}

    wanted = set().union(*map(plainly, (Scope(),) if scopes is None else scopes))
    for sort in ("date", "relevance"):
        hits = index.search(
            parse_query(text, {"cause": ("cause",)}),
            Filters(readable=scopes), limit=500, after=None, sort=sort, facets=True,  # type: ignore[arg-type]
        )  # fmt: skip
        assert {*hits.record_nos} == wanted and len(hits.record_nos) == hits.total == len(wanted)
        assert sum(hits.facets["state"].values()) == len(wanted)


@pytest.fixture(scope="module")
def owning(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Index, list[Document]]]:
    documents = owned_corpus()
    path = tmp_path_factory.mktemp(f"{engine.name}-owned")
    engine.build(path, documents[:60], "register-1", 60)
    index = engine.open(path)
    index.apply(documents[60:], [], 120)
    yield index, documents
    index.close()


@pytest.mark.parametrize("sort", ["date", "relevance"])
@pytest.mark.parametrize("text", ["功放", "功 OR 泵", "状态:filed"])
def test_pages_make_the_whole(filled: Index, corpus: list[Document], text: str, sort: str) -> None:
    query = parse_query(text)
    whole = filled.search(query, EVERYTHING, limit=1000, after=None, sort=sort, facets=True)  # type: ignore[arg-type]
    assert sorted(whole.record_nos) == sorted(scan(corpus, query.root))
    paged: list[str] = []
    after = None
    while True:
        page = filled.search(query, EVERYTHING, limit=7, after=after, sort=sort, facets=True)  # type: ignore[arg-type]
        assert (page.total, page.facets) == (whole.total, whole.facets)
        if not page.record_nos:
            assert page.last is None
            break
        paged += page.record_nos
        assert page.last is not None
        assert page.last.record_no == page.record_nos[-1]
        assert page.more is (len(paged) < whole.total)
        after = Place.parse(str(page.last))  # as it comes back from a clerk
    assert paged == whole.record_nos
    huge = filled.search(query, EVERYTHING, limit=10**12, after=None, sort=sort, facets=True)  # type: ignore[arg-type]
    assert huge.record_nos == whole.record_nos
    nothing = filled.search(query, EVERYTHING, limit=0, after=None, sort=sort, facets=True)  # type: ignore[arg-type]
    assert (nothing.total, nothing.record_nos) == (whole.total, [])


@pytest.mark.parametrize("sort", ["date", "relevance"])
def test_what_comes_in_between_two_pages_repeats_and_hides_nothing(engine: Engine, tmp_path: Path, sort: Sort) -> None:
    if (engine.name, sort) == ("tantivy", "relevance"):
        pytest.skip("its scores weigh words by all records, so what comes in can make near neighbours change places")
    rng = random.Random(7)
    before = [document(n, "功放过热" + "，功放" * rng.randrange(9) + invented_text(rng, 9)) for n in range(1, 60)]
    engine.build(tmp_path, before, "r", 60)
    index = engine.open(tmp_path)
    query, seen, after = parse_query("功放"), [], None
    for turn in range(100):
        page = index.search(query, EVERYTHING, limit=6, after=after, sort=sort, facets=False)
        if not page.record_nos:
            break
        seen += page.record_nos
        after = page.last
        # One that is found before or behind the place, and one of the present list that is written again.
        again = before[rng.randrange(len(before))]
        index.apply([document(1000 + turn, "又一份功放", seq=1000 + turn), replace(again, seq=2000 + turn)], [], turn)
    assert len(seen) == len(set(seen))
    assert {d.record_no for d in before} <= set(seen)
    index.close()


def test_a_place_of_another_order_is_refused(filled: Index) -> None:
    number = "QR758-06A-2026-00001"
    for sort, place in (("date", Place(number, score=1.0)), ("relevance", Place(number, day="2026-01-01"))):
        with pytest.raises(InvalidInput, match="不是这次检索的位置"):
            filled.search(parse_query("功放"), EVERYTHING, limit=5, after=place, sort=sort, facets=False)  # type: ignore[arg-type]


def test_a_place_whose_record_is_gone_still_holds(engine: Engine, small: Index) -> None:
    query = parse_query("功放 OR 泵")
    for sort in ("date", "relevance"):
        first = small.search(query, EVERYTHING, limit=1, after=None, sort=sort, facets=False)  # type: ignore[arg-type]
        rest = small.search(query, EVERYTHING, limit=9, after=first.last, sort=sort, facets=False)  # type: ignore[arg-type]
        assert len(rest.record_nos) == 2
        small.apply([], first.record_nos, 9)
        now = small.search(query, EVERYTHING, limit=9, after=first.last, sort=sort, facets=False)  # type: ignore[arg-type]
        assert now.record_nos == rest.record_nos
        small.apply([document(1, "功放过热"), document(2, "泵不转"), document(3, "功放无输出")], [], 10)


def test_more_of_a_word_is_more_relevant(engine: Engine, tmp_path: Path) -> None:
    texts = ["水泵检查，泵体更换，油泵清洗", "更换水泵一台", "泵泵泵泵泵", "阀门更换"]
    documents = [document(n, text, date="2026-01-01") for n, text in enumerate(texts)]
    engine.build(tmp_path, documents, "r", 4)
    index = engine.open(tmp_path)
    hits = index.search(
        parse_query("油泵 OR 水泵 OR 泵体 OR 清洗"), EVERYTHING, limit=9, after=None, sort="relevance", facets=False
    )
    assert hits.record_nos == [documents[0].record_no, documents[1].record_no]
    assert hits.scores == sorted(hits.scores, reverse=True)
    assert len(hits.scores) == 2
    index.close()


def test_facets_count_all_that_was_found(filled: Index, corpus: list[Document]) -> None:
    hits = filled.search(parse_query("功放"), Filters(states=STATES[:3]), limit=1, after=None, sort="date", facets=True)
    there = [d for d in corpus if d.record_no in set(found(filled, "功放", Filters(states=STATES[:3])))]
    assert hits.total == len(there) > 10
    assert hits.facets == {
        "form_code": Counter(d.form_code for d in there),
        "year": Counter(str(d.year) for d in there),
        "state": Counter(d.state for d in there),
        "customer_unit": Counter(d.customer_unit for d in there),
        "model": Counter(d.model for d in there),
    }


def test_facets_name_every_product_and_the_most_frequent_customers(engine: Engine, tmp_path: Path) -> None:
    documents = [document(n, "功放", customer_unit=f"示例用户{n % 30:02}", model="") for n in range(85)]
    both = (("product_model", "TH-120"), ("product_model", "SL-7"), ("product_model", "TH-120"))
    documents.append(replace(document(90, customer_unit="", model="TH-120"), texts=(("fault_symptom", "功放"), *both)))
    engine.build(tmp_path, documents, "r", 90)
    index = engine.open(tmp_path)
    facets = index.search(parse_query("功放"), EVERYTHING, limit=1, after=None, sort="date", facets=True).facets
    index.close()
    assert facets["model"] == {"TH-120": 1, "SL-7": 1}
    counts = Counter(d.customer_unit for d in documents if d.customer_unit)
    most = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:20]
    assert [*facets["customer_unit"].items()] == most


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("names_there", [20, 21, 40, 41, 90, 300])
def test_the_most_frequent_names_are_those_a_count_finds(
    engine: Engine, tmp_path: Path, names_there: int, most: int
) -> None:
    # Many names stand equally often, about the last one given too, in several parts of the index.
    rng = random.Random(names_there)
    names = [f"示例用户{n:03}" for n in range(names_there)]
    often = [rng.randint(1, most) for _ in names]
    units = [name for name, times in zip(names, often, strict=True) for _ in range(times)]
    rng.shuffle(units)
    documents = [document(n, "功放", customer_unit=unit, model=f"M{unit}") for n, unit in enumerate(units, 1)]
    engine.build(tmp_path, documents[::2], "r", 1)
    index = engine.open(tmp_path)
    for part in (documents[1::4], documents[3::4]):
        index.apply(part, [], len(documents))
    for limit in (0, 1):
        hits = index.search(parse_query("功放"), EVERYTHING, limit=limit, after=None, sort="date", facets=True)
        assert (hits.total, hits.more) == (len(documents), True)
        for facet, counts in (("customer_unit", Counter(units)), ("model", Counter(f"M{unit}" for unit in units))):
            first = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:20]
            assert [*hits.facets[facet].items()] == first
        assert hits.facets["form_code"] == Counter(d.form_code for d in documents)
    index.close()


@pytest.mark.parametrize("names_there", [39, 40, 41, 90, 300])
def test_which_of_equals_the_engine_fetches_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names_there: int
) -> None:
    tantivy_engine = pytest.importorskip("qrecords.stores.fulltext.tantivy_engine", exc_type=ImportError)
    counting = tantivy_engine.TantivyIndex._counted

    def other_way(self: Index, query: object, most: dict[str, int]) -> dict[str, tuple[dict[str, int], int]]:
        fetched = {}
        for name, (counts, rest) in counting(self, query, dict.fromkeys(most, 10_000)).items():
            assert not rest
            there = sorted(counts.items(), key=lambda entry: (entry[1], entry[0]), reverse=True)
            kept, left = there[: most[name]], there[most[name] :]
            fetched[name] = dict(kept), sum(count for _, count in left)
        return fetched

    monkeypatch.setattr(tantivy_engine.TantivyIndex, "_counted", other_way)
    test_the_most_frequent_names_are_those_a_count_finds(load_engine("tantivy"), tmp_path, names_there, 3)


def test_a_match_never_spans_two_texts(engine: Engine, tmp_path: Path) -> None:
    documents = [document(1, "功放", "过热"), document(2, "功放，", "，过热"), document(3, "功放过热")]
    engine.build(tmp_path, documents, "r", 3)
    index = engine.open(tmp_path)
    assert found(index, "功放过热") == [documents[2].record_no]
    assert found(index, '"功放，过热"') == []
    assert len(found(index, "功放 过热")) == 3
    index.close()


def test_a_change_replaces_and_a_deletion_takes_out(engine: Engine, small: Index, tmp_path: Path) -> None:
    other = engine.open(tmp_path)  # as another process has it
    one, two = document(1).record_no, document(2).record_no
    small.apply([document(1, "已改为滤波器", seq=4), document(5, "新的一份", seq=5)], [two], 5)
    for index in (small, other):
        index.refresh()
        assert index.last_seq == 5
        assert index.register_id == "register-1"
        assert found(index, "过热") == []
        assert found(index, "泵") == []
        assert found(index, "滤波器") == [one]
        assert sorted(found(index, "-不存在")) == sorted(document(n).record_no for n in (1, 3, 5))
    other.close()


def test_the_last_of_a_record_counts(small: Index) -> None:
    twice = document(9, "先写的"), document(9, "后写的", seq=10)
    small.apply(twice, [], 10)
    assert found(small, "先写") == []
    assert found(small, "后写") == [twice[1].record_no]


def test_a_change_that_fails_changes_nothing(small: Index) -> None:
    def broken() -> Iterator[Document]:
        yield document(1, "不应留下")
        raise InvalidInput("坏了")

    with pytest.raises(InvalidInput):
        small.apply(broken(), [document(3).record_no], 99)
    small.refresh()
    assert small.last_seq == 3
    assert found(small, "不应留下") == []
    assert len(found(small, "功放")) == 2
    small.apply([document(4, "再来")], [], 4)
    assert found(small, "再来") == [document(4).record_no]


def test_many_changes_one_by_one(engine: Engine, small: Index) -> None:
    kept = {n: document(n, f"第{n}份，功放") for n in range(100, 125)}
    for n, d in kept.items():
        small.apply([d], [], n)
    small.apply([], [document(n).record_no for n in range(100, 110)], 200)
    assert found(small, "功放 第1") == [d.record_no for d in newest_first(kept[n] for n in range(110, 125))]
    assert small.last_seq == 200


def test_an_empty_index_answers(engine: Engine, tmp_path: Path) -> None:
    engine.build(tmp_path, [], "r", 0)
    index = engine.open(tmp_path)
    for text in ("功放", "-功放", "泵", "表:06A"):
        hits = index.search(parse_query(text), EVERYTHING, limit=10, after=None, sort="date", facets=True)
        assert (hits.total, hits.record_nos) == (0, [])
    index.apply([document(1, "功放")], [], 1)
    assert found(index, "功放") == [document(1).record_no]
    index.close()


def test_odd_texts_are_taken(engine: Engine, tmp_path: Path) -> None:
    odd = [
        "",
        "，。",
        "\0\x01\ud800\udfff",
        "𠮷" * 3,
        "a" * 32_767,
        "功放|过热",
        "\u202e反",
        '{"x": [1, "2"]}',
        "2026-03-04T09:30:00Z",
    ]
    documents = [document(n, *odd, title=odd[n % len(odd)], unit="，") for n in range(3)]
    documents.append(replace(document(3, "没有日期"), date="", unit="示例\ud800部"))
    engine.build(tmp_path, documents, "r", 4)
    index = engine.open(tmp_path)
    for text in ("𠮷", "𠮷𠮷𠮷", "a" * 900, '"功放，过热"', "反", "x 12", "20260304t09", "没有日期", "日期:2020.."):
        assert found(index, text) == scan(documents, parse_query(text).root), text
    index.close()


def test_odd_queries_get_the_answer_of_the_scan(filled: Index, corpus: list[Document]) -> None:
    answers_as_the_scan(filled, corpus, 10_000 if type(filled).__name__.startswith("Tantivy") else 1_500)


@pytest.mark.slow
def test_ten_thousand_odd_queries_on_every_engine(filled: Index, corpus: list[Document]) -> None:
    answers_as_the_scan(filled, corpus, 10_000)


def answers_as_the_scan(filled: Index, corpus: list[Document], count: int) -> None:
    some = corpus[:60]
    keep = {d.record_no for d in some}
    asked = 0
    for written in fuzzed(count, seed=7):
        try:
            query = parse_query(written, LABELS)
        except InvalidInput:
            continue
        asked += 1
        numbers = found(filled, query, limit=400)
        if asked % 20 == 0:
            assert [n for n in numbers if n in keep] == scan(some, query.root), written
    assert asked > 400


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(InvalidInput, match="没有检索引擎"):
        load_engine("lucene")


def test_every_break_is_one_character() -> None:
    assert len(BREAK) == 1
    assert all(normalise(unit) or unit == "" for unit in UNITS)


_DAYS = st.dates(date(1990, 1, 1), date(2120, 12, 31))
_FORMS = st.sampled_from(["QR758-01A", "QR758-06A", "QR758-11C", "WC.JL-002"])
_BESIDE = st.integers(-3, 3)  # years between a record's number and its day


@given(_DAYS, _DAYS, _BESIDE, _BESIDE, st.integers(499, 501) | st.integers(1, 2**23 - 1), _FORMS)
@example(date(2026, 3, 5), date(2026, 3, 5), 0, 0, 500, "QR758-01A")  # of one day and number: chance may not draw it
def test_the_order_is_of_day_year_and_number(
    one: date, other: date, years: int, others: int, number: int, form: str
) -> None:
    first = order_number(one.isoformat(), f"{form}-{one.year + years}-{number:05}")
    assert day_of(first) == one.isoformat()
    assert 0 <= first < 2**64
    for day in (one, other):
        second = order_number(day.isoformat(), f"QR758-06A-{day.year + others}-00500")
        mine, its = (one, one.year + years, number), (day, day.year + others, 500)
        if mine != its:
            assert (first < second) is (mine < its)
        else:
            assert (first == second) is (form == "QR758-06A"), "two records never share a place"
