"""Charts: no words over others whatever they say, the same bytes twice, and everything a picture says in words too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from PIL import ImageFont

from qrecords.errors import MissingProgram
from qrecords.render.charts.axis import axis
from qrecords.render.charts.chart import MOST, Chart, Kind, Role, Series, Value, in_words, why_not
from qrecords.render.charts.drawing import WIDTH, Box, Drawing, Line, Rect, Sign, Text
from qrecords.render.charts.measure import spread, width, wrapped
from qrecords.render.charts.svg import laid_out, svg
from qrecords.render.fonts import hei_file
from tests.render.chart_samples import SAMPLES, row

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = ("</text><script>alert(1)</script>", "\"' onload=x", "a\x00b\x1b[31m\ud800\uffff", "]]>&amp;&#0;", "\u202e反")
LABEL = st.text(st.sampled_from("一三故障类别元器件（）AWiml10.-/ ％℃"), min_size=1, max_size=40)
NUMBER = st.one_of(
    st.none(),
    st.integers(-30, 10**7),
    st.integers(0, 100),
    st.decimals(-500, 10**9, places=1),
    st.fractions(0, 100, max_denominator=7),
)


def value(number: int | Decimal | Fraction | None) -> Value:
    return Value(number, "—" if number is None else f"{float(number):.1f}".removesuffix(".0"))


@st.composite
def charts(draw: st.DrawFn) -> Chart:
    kind = draw(st.sampled_from(list(Kind)))
    count = draw(st.integers(1, MOST))
    months = [f"{2024 + m // 12}-{m % 12 + 1:02}" for m in range(draw(st.integers(0, 30)), 99)][:count]
    labels = st.lists(LABEL, min_size=count, max_size=count)
    categories = months if kind in (Kind.MONTHS, Kind.TREND) else draw(labels)
    series = []
    for _ in range(draw(st.integers(1, 5))):
        role = draw(st.sampled_from(list(Role)))
        numbers = draw(st.lists(NUMBER, min_size=1, max_size=1) if role is Role.LEVEL else _numbers(count))
        series.append(Series(draw(LABEL), tuple(value(n) for n in numbers), role))
    note = draw(LABEL) if draw(st.booleans()) else ""
    return Chart(
        kind, draw(LABEL), "件", tuple(categories), tuple(series), note=note, n=draw(st.sampled_from([None, 9]))
    )


def _numbers(count: int) -> st.SearchStrategy[list[int | Decimal | Fraction | None]]:
    return st.lists(NUMBER, min_size=count, max_size=count)


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    boxes = [(t.words, t.box) for t in drawing.texts]
    return [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.meets(other)]


def ends(drawing: Drawing) -> Iterator[tuple[float, float]]:
    for shape in drawing.shapes:
        match shape:
            case Text() if shape.words:
                yield from ((shape.box.left, shape.box.top), (shape.box.right, shape.box.bottom))
            case Rect():
                yield from ((shape.x, shape.y), (shape.x + shape.wide, shape.y + shape.high))
            case Line():
                yield from shape.points
            case Sign():
                yield shape.x, shape.y


@given(charts())
@example(SAMPLES[Kind.MONTHS])
@example(replace(SAMPLES[Kind.ITEMS], categories=("一" * 40,) * 6))
@examples(max_examples=60)
def test_no_words_lie_over_others_or_beyond_the_edge(chart: Chart) -> None:
    drawing = laid_out(chart)
    assert overlaps(drawing) == []
    outside = [(x, y) for x, y in ends(drawing) if not (-0.1 <= x <= WIDTH + 0.1 and -0.1 <= y <= drawing.high + 0.1)]
    assert outside == []
    ET.fromstring(svg(chart))


@given(charts())
@examples(max_examples=20)
def test_no_number_is_shortened_among_columns(chart: Chart) -> None:
    if why_not(chart) or chart.kind not in (Kind.MONTHS, Kind.PARETO, Kind.SPREAD, Kind.TREND):
        return
    written = [text.words for text in laid_out(chart).texts]
    for series in chart.series:
        if series.role is not Role.LEVEL:
            assert all(v.text in written for v in series.values)


def test_what_meets_is_told() -> None:
    one = Text(100, 100, "甲乙")
    assert one.box.meets(replace(one, x=110).box)
    assert not one.box.meets(replace(one, x=126.1).box)
    assert overlaps(Drawing(shapes=[one, replace(one, words="丙")])) == [("甲乙", "丙")]
    assert replace(one, upright=True).box == Box(100 - 11.7, 87, 100 + 2.86, 113)


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_face_of_this_machine_takes_no_more_room_than_is_kept(kind: Kind) -> None:
    try:
        font = ImageFont.truetype(hei_file(), 1000)
    except MissingProgram:
        pytest.skip("no Chinese face is installed")
    for text in laid_out(SAMPLES[kind]).texts:
        assert font.getlength(text.words) / 1000 * text.size <= width(text.words, text.size) + 0.01


@pytest.mark.parametrize("kind", SAMPLES)
def test_charts_look_as_they_did(kind: Kind, golden: Callable[[str, str], None]) -> None:
    golden(f"charts/{kind}", svg(SAMPLES[kind]))


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_same_chart_gives_the_same_bytes(kind: Kind) -> None:
    assert svg(SAMPLES[kind]) == svg(replace(SAMPLES[kind]))


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.parametrize("kind", SAMPLES)
def test_hostile_words_stay_words(kind: Kind, words: str) -> None:
    sample = SAMPLES[kind]
    series = tuple(
        replace(s, label=words, values=(Value(s.values[0].exact, words), *s.values[1:])) for s in sample.series
    )
    chart = replace(
        sample, title=words, unit=words, note=words, name=words, series=series,
        categories=(words, *sample.categories[1:]),
    )  # fmt: skip
    tree = ET.fromstring(svg(chart).encode("utf-8"))
    known = {"svg", "title", "desc", "defs", "pattern", "rect", "circle", "path", "text"}
    assert {e.tag.removeprefix(SVG) for e in tree.iter()} <= known
    assert not [name for e in tree.iter() for name in e.attrib if name == "style" or name.startswith("on")]
    assert re.fullmatch(r"chart-[A-Za-z0-9_.-]+-title", tree[0].attrib["id"])


def test_nothing_but_attributes_says_how_it_looks_and_parts_are_told_apart() -> None:
    one, other = (svg(replace(SAMPLES[Kind.GRADES], name=name)) for name in ("M06-C7", "M06-C7b"))
    assert "style" not in one
    assert not {*re.findall(r'id="([^"]+)"', one)} & {*re.findall(r'id="([^"]+)"', other)}
    for reference in re.findall(r"url\(#([^)]+)\)", one):
        assert f'id="{reference}"' in one


def test_the_table_is_told_in_words() -> None:
    told = in_words(SAMPLES[Kind.MONTHS])
    assert told.startswith("服务任务月度趋势（单位：件，2025年3月至2026年3月，n＝111）。2025-03：本期 3，上年同期 2；")
    assert "2025-09：本期 11，上年同期 —；" in told
    assert in_words(SAMPLES[Kind.SPREAD]).endswith("0–2天 12；3–7天 23；8–15天 9；16–30天 4；31–60天 0；60天以上 2。")
    assert "。目标：90。" in in_words(SAMPLES[Kind.TREND])
    tree = ET.fromstring(svg(SAMPLES[Kind.MONTHS]))
    assert tree.findtext(f"{SVG}desc") == told
    assert tree.attrib["aria-labelledby"].split() == [tree[0].attrib["id"], tree[1].attrib["id"]]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"n": 4}, "样本少，不作图"),
        ({"categories": (), "series": (row("件数"),), "n": 0}, "无数据，不作图"),
        ({"series": (row("件数", *[None] * 6),)}, "无数据，不作图"),
        ({"categories": ("甲",) * 32, "series": (row("件数", *range(32)),)}, "类别过多，不作图，见表"),
    ],
)
def test_where_a_picture_would_say_nothing_the_reason_stands(change: dict[str, object], why: str) -> None:
    chart = replace(SAMPLES[Kind.SPREAD], **change)  # type: ignore[arg-type]
    assert why_not(chart) == why
    assert why in [text.words for text in laid_out(chart).texts]


def test_a_chart_of_noughts_is_drawn() -> None:
    chart = replace(SAMPLES[Kind.SPREAD], series=(row("件数", *[0] * 6),))
    drawing = laid_out(chart)
    assert [t.words for t in drawing.texts].count("0") == 7  # six values and the mark
    assert not [s for s in drawing.shapes if isinstance(s, Rect) and s.fill == "grey" and s.wide > 30]


def test_a_series_has_a_value_for_each_category() -> None:
    with pytest.raises(ValueError, match="件数 has 5 values"):
        replace(SAMPLES[Kind.SPREAD], series=(row("件数", 1, 2, 3, 4, 5),))


def test_few_items_are_bars_and_many_a_net() -> None:
    net = SAMPLES[Kind.ITEMS]
    few = replace(net, series=(row("本期", 92, 90, None, None, None, 84, role=Role.LINE),))
    assert [s for s in laid_out(net).shapes if isinstance(s, Line) and s.closed]
    assert not [s for s in laid_out(few).shapes if isinstance(s, Line) and s.closed]


def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = [s for s in laid_out(SAMPLES[Kind.PARTS]).shapes if isinstance(s, Rect)]
    assert [round(s.wide / drawn[0].wide, 6) for s in drawn] == [1, round(21 / 34, 6), round(12 / 34, 6)]


def test_columns_begin_at_nought_and_a_line_breaks_where_there_is_no_value() -> None:
    chart = replace(SAMPLES[Kind.SPREAD], series=(row("增减", -4, 8, None, 0, 2, 6),))
    below, *above = [s for s in laid_out(chart).shapes if isinstance(s, Rect) and s.wide > 30]
    assert {round(s.y + s.high, 6) for s in above} == {round(below.y, 6)}
    lines = [s for s in laid_out(SAMPLES[Kind.MONTHS]).shapes if isinstance(s, Line) and s.thick == 1.5]
    assert [len(s.points) for s in lines if len(s.points) > 2] == [6, 5]


def test_parts_of_a_grade_fill_the_bar_in_their_shares() -> None:
    drawn = [s for s in laid_out(SAMPLES[Kind.GRADES]).shapes if isinstance(s, Rect) and s.high == 18]
    first = drawn[:5]
    assert [round(s.wide / sum(p.wide for p in first) * 41, 3) for s in first] == [30, 8, 1, 1, 1]
    assert [s.fill for s in first] == ["white", "dots", "hatch", "grey", "black"]


@pytest.mark.parametrize(
    ("numbers", "marks"),
    [
        ([], "0 1"),
        ([0, 0], "0 1"),
        ([3, 1], "0 1 2 3"),
        ([13], "0 5 10 15"),
        ([-12, 7], "-15 -10 -5 0 5 10"),
        ([Fraction(1, 3)], "0 0.1 0.2 0.3 0.4"),
        ([12345], "0 0.5万 1.0万 1.5万"),
        ([10**9], "0 2亿 4亿 6亿 8亿 10亿"),
    ],
)
def test_marks_are_round_and_begin_at_nought(numbers: list[int], marks: str) -> None:
    assert " ".join(axis([Fraction(n) for n in numbers]).labels()) == marks


@given(st.lists(st.fractions(-(10**12), 10**12), max_size=6))
def test_every_number_lies_on_its_axis(numbers: list[Fraction]) -> None:
    made = axis(numbers)
    assert all(0 <= made.part(n) <= 1 for n in [*numbers, Fraction(0)])
    assert Fraction(0) in made.marks
    assert 2 <= len(made.marks) <= 13


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(1, 80)), min_size=1, max_size=6))
def test_spread_places_keep_their_order_and_do_not_meet(wanted: list[tuple[float, float]]) -> None:
    wanted.sort()
    places = spread([w for w, _ in wanted], [wide for _, wide in wanted], 0, 500)
    assert places[0] - wanted[0][1] / 2 >= -1e-6
    assert places[-1] + wanted[-1][1] / 2 <= 500 + 1e-6
    for (one, a), (other, b) in zip(
        zip(places, wanted, strict=True), list(zip(places, wanted, strict=True))[1:], strict=False
    ):
        assert one + a[1] / 2 <= other - b[1] / 2 + 1e-6


def test_words_of_letters_stay_together_and_the_end_is_cut() -> None:
    assert wrapped("晶体振荡器OCXO-10M", 80, 10, 3) == ["晶体振荡器", "OCXO-10M"]
    assert wrapped("散热风扇 FJ-24V", 25, 10, 4) == ["散热", "风扇", "FJ-", "24V"], (
        "after the hyphen, not within the number"
    )
    assert wrapped("一二三四五六七八九十", 40, 10, 2) == ["一二三四", "五六七…"]
    assert wrapped("一\n二\t三", 40, 10, 2) == ["一 二 三"]
    assert wrapped("ABCDEFGH", 17, 10, 2) == ["AB", "…"]
