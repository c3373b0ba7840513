"""Bars from left to right: parts of a whole (C2), items where a net has too few (C5), grades of 100 % (C7)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from qrecords.render.charts.axis import Axis, axis
from qrecords.render.charts.chart import Chart, Role, Series
from qrecords.render.charts.drawing import (
    BODY,
    EDGE,
    FILLS,
    GRADES,
    WIDTH,
    Drawing,
    Line,
    Rect,
    Shape,
    Text,
    block,
    block_high,
    one_line,
)
from qrecords.render.charts.frame import GAP, foot, head, key, level
from qrecords.render.charts.measure import LEADING, clean, shortened, spread, width

_LABEL_ROOM = 176  # most room for a category
_FIGURE_ROOM = 96  # most room for a column of figures
_VALUE_ROOM = 130  # most room for a value beside its bar
_THICK = 15
_BETWEEN = 9
_STACK = 18
_LINES = 2


@dataclass(frozen=True, slots=True)
class _Columns:
    """Where the columns of figures stand on the right: their right edges and room, and how far the bars may go."""

    edges: tuple[float, ...]
    rooms: tuple[float, ...]
    bars_end: float


def bars(chart: Chart) -> Drawing:
    """Return the drawing; lines count as bars, each series has one in every category."""
    drawing = Drawing()
    head(drawing, chart)
    drawn, levels = chart.of(Role.BAR, Role.LINE), chart.of(Role.LEVEL)
    if len(drawn) > 1 or levels:
        _key(drawing, chart, drawn, levels)
    columns, left = _columns(chart), _left(chart)
    scale = axis(chart.numbers(Role.BAR, Role.LINE, Role.LEVEL))
    start, end = _ends(drawn, scale, left, columns.bars_end)
    x = _Scale(scale, start, end)
    _headings(drawing, chart, columns)
    top, marks = drawing.high, list[Shape]()
    for place, words in enumerate(chart.categories):
        high = max(block_high(words, _label_room(left), lines=_LINES), len(drawn) * _THICK) + _BETWEEN
        middle = drawing.high + high / 2
        drawing.add(*_label(words, left, middle), *_figures(chart, place, columns, middle))
        marks.extend(_bars_of(drawn, place, x, middle))
        drawing.high += high
    nought = x(Fraction(0))
    drawing.add(Line(((nought, top), (nought, drawing.high))))
    for one in levels:
        if one.values[0].number is not None:
            at = x(one.values[0].number)
            drawing.add(level((at, top), (at, drawing.high)))
    drawing.add(*marks)
    foot(drawing, chart)
    return drawing


def stacks(chart: Chart) -> Drawing:
    """Return the drawing of grades: each bar is 100 %, the values of its parts stand above it."""
    drawing = Drawing()
    head(drawing, chart)
    grades = chart.of(Role.BAR)
    key(drawing, chart, grades, GRADES)
    columns, left = _columns(chart), _left(chart)
    _headings(drawing, chart, columns)
    for place, words in enumerate(chart.categories):
        strip = BODY * LEADING
        high = max(strip + _STACK, block_high(words, _label_room(left), lines=_LINES)) + _BETWEEN
        top = drawing.high + strip
        drawing.add(*_label(words, left, top + _STACK / 2), *_figures(chart, place, columns, top + _STACK / 2))
        drawing.add(*_stack(grades, place, left + GAP, columns.bars_end, top))
        drawing.high += high
    foot(drawing, chart)
    return drawing


@dataclass(frozen=True, slots=True)
class _Scale:
    axis: Axis
    start: float
    end: float

    def __call__(self, number: Fraction) -> float:
        return self.start + self.axis.part(number) * (self.end - self.start)


def _key(drawing: Drawing, chart: Chart, drawn: Sequence[Series], levels: Sequence[Series]) -> None:
    """Write the key of bars; a line drawn as bar has a bar's sign."""
    as_bars = [Series(s.label, s.values) for s in drawn]
    key(drawing, _with(chart, (*as_bars, *levels)), (*(as_bars if len(drawn) > 1 else ()), *levels))


def _with(chart: Chart, series: tuple[Series, ...]) -> Chart:
    return Chart(chart.kind, chart.title, chart.unit, chart.categories, series)


def _left(chart: Chart) -> float:
    """Return where the bars may begin: right of the categories."""
    return EDGE + min(max(width(clean(c), BODY) for c in chart.categories), _LABEL_ROOM) + GAP


def _label_room(left: float) -> float:
    return left - GAP - EDGE + 0.01


def _label(words: str, left: float, middle: float) -> list[Text]:
    high = block_high(words, _label_room(left), lines=_LINES)
    return block(left - GAP, middle - high / 2, words, _label_room(left), lines=_LINES, anchor="end")


def _columns(chart: Chart) -> _Columns:
    """Return the columns of what is only written, from the right."""
    edge, edges, rooms = float(WIDTH - EDGE), [], []
    for one in reversed(chart.of(Role.FIGURE)):
        room = min(max(width(clean(text), BODY) for text in (one.label, *(v.text for v in one.values))), _FIGURE_ROOM)
        edges.append(edge)
        rooms.append(room)
        edge -= room + 2 * GAP
    return _Columns(tuple(reversed(edges)), tuple(reversed(rooms)), edge)


def _headings(drawing: Drawing, chart: Chart, columns: _Columns) -> None:
    """Write what the columns of figures are."""
    figures = chart.of(Role.FIGURE)
    for one, edge, room in zip(figures, columns.edges, columns.rooms, strict=True):
        drawing.add(one_line(edge, drawing.high + BODY, one.label, room + 0.01, anchor="end"))
    drawing.high += BODY * LEADING + 2 if figures else 0


def _figures(chart: Chart, place: int, columns: _Columns, middle: float) -> Iterator[Text]:
    for one, edge, room in zip(chart.of(Role.FIGURE), columns.edges, columns.rooms, strict=True):
        yield one_line(edge, middle + BODY * 0.36, one.values[place].text, room + 0.01, anchor="end")


def _ends(drawn: Sequence[Series], scale: Axis, left: float, right: float) -> tuple[float, float]:
    """Return where the axis begins and ends: beside it there is room for the values."""
    rooms = {False: 0.0, True: 0.0}
    for value in (v for s in drawn for v in s.values):
        below = value.number is not None and value.number < 0
        rooms[below] = max(rooms[below], min(width(clean(value.text), BODY), _VALUE_ROOM) + GAP)
    return left + (rooms[True] if scale.marks[0] < 0 else 0) + GAP, right - rooms[False] - GAP


def _bars_of(drawn: Sequence[Series], place: int, x: _Scale, middle: float) -> Iterator[Shape]:
    top = middle - len(drawn) * _THICK / 2
    nought = x(Fraction(0))
    for number, one in enumerate(drawn):
        value = one.values[place]
        at = nought if value.number is None else x(value.number)
        y = top + number * _THICK
        if at != nought:
            yield Rect(min(at, nought), y + 1, abs(at - nought), _THICK - 2, FILLS[number])
        if value.number is not None and value.number < 0:
            made = one_line(at - 4, y + _THICK / 2 + BODY * 0.36, value.text, _VALUE_ROOM, anchor="end")
        else:
            made = one_line(at + 4, y + _THICK / 2 + BODY * 0.36, value.text, _VALUE_ROOM, anchor="start")
        yield replace(made, halo=True)


def _stack(grades: Sequence[Series], place: int, left: float, right: float, top: float) -> Iterator[Shape]:
    """Give the parts of a bar and, above it, their values: spread where the parts are too small for them."""
    parts = [(number, s.values[place]) for number, s in enumerate(grades) if (s.values[place].number or 0) > 0]
    total = sum((value.number or Fraction(0) for _, value in parts), Fraction(0))
    if not parts:
        yield Line(((left, top), (left, top + _STACK)))
        yield Text(left + 4, top + _STACK / 2 + BODY * 0.36, "—", anchor="start")
        return
    room = (right - left) / len(parts)
    x, wanted, words = left, [], []
    for number, value in parts:
        wide = float((value.number or Fraction(0)) / total) * (right - left)
        yield Rect(x, top, wide, _STACK, GRADES[number])
        wanted.append(x + wide / 2)
        words.append(shortened(clean(value.text), room - GAP, BODY))
        x += wide
    places = spread(wanted, [width(w, BODY) + GAP for w in words], left, right)
    for at, aim, written in zip(places, wanted, words, strict=True):
        yield Text(at, top - 4, written)
        if abs(at - aim) > GAP:
            yield Line(((at, top - 2.5), (aim, top)), 0.6)
