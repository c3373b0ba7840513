"""Columns and lines over categories (C1, C3, C4, C6), their values in a table right below them.

Beneath its column a value needs no room among bars and lines, so that none lies over another, however many there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from qrecords.render.charts.axis import PERCENT, Axis, axis
from qrecords.render.charts.chart import Chart, Kind, Role, Series, Value
from qrecords.render.charts.drawing import (
    BODY,
    DASHES,
    EDGE,
    FILLS,
    SIGNS,
    SMALL,
    WIDTH,
    Drawing,
    Line,
    Rect,
    Shape,
    Sign,
    Text,
    block,
    one_line,
)
from qrecords.render.charts.frame import GAP, KEY, foot, head, level, sample
from qrecords.render.charts.measure import ASCENT, DESCENT, LEADING, clean, width, wrapped

_HIGH = 190  # of the plot
_HEADING = 84  # most room for the name of a row
_PERCENT_ROOM = 44  # for the marks on the right
_LABEL_LINES = 6
_WIDEST = 72  # for the bars of one category
_ROW = BODY * LEADING + 4
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_EIGHTY = Fraction(80)


@dataclass(frozen=True, slots=True)
class _Plot:
    left: float
    right: float
    top: float
    bottom: float
    step: float  # from one category to the next
    axis: Axis
    line_axis: Axis

    def middle(self, place: int) -> float:
        return self.left + (place + 0.5) * self.step

    def y(self, number: Fraction, *, line: bool = False) -> float:
        part = (self.line_axis if line else self.axis).part(number)
        return self.bottom - part * (self.bottom - self.top)


def columns(chart: Chart) -> Drawing:
    """Return the drawing; lines of C3 are shares and have marks of their own on the right."""
    drawing = Drawing()
    head(drawing, chart)
    levels = chart.of(Role.LEVEL)
    plot = _plot(chart, drawing.high + BODY / 2)
    drawing.add(*_marks(plot, shares=chart.kind is Kind.PARETO))
    drawing.add(*_bars(chart, plot), *_lines(chart, plot))
    for one in levels:
        for number in chart.numbers(Role.LEVEL)[:1] if one.values[0].exact is not None else ():
            y = plot.y(number, line=chart.kind is Kind.PARETO)
            drawing.add(level((plot.left, y), (plot.right, y)))
    drawing.high = plot.bottom
    _table(drawing, chart, plot)
    foot(drawing, chart)
    return drawing


def _plot(chart: Chart, top: float) -> _Plot:
    lines = chart.numbers(Role.LINE, Role.LEVEL)
    if chart.kind is Kind.PARETO:
        own, shares = axis(chart.numbers(Role.BAR)), _fitting(lines)
    else:
        numbers = [*chart.numbers(Role.BAR), *lines]
        own = shares = _fitting(numbers) if chart.kind is Kind.TREND else axis(numbers)
    labels = max(width(label, BODY) for label in own.labels())
    names = max((width(clean(_name(s)), BODY) for s in chart.series), default=0)
    left = EDGE + max(labels + GAP, min(names, _HEADING) + KEY + GAP)
    right = WIDTH - EDGE - (_PERCENT_ROOM if chart.kind is Kind.PARETO else 0)
    step = (right - left) / len(chart.categories)
    return _Plot(left, right, top, top + _HIGH, step, own, shares)


def _fitting(numbers: Sequence[Fraction]) -> Axis:
    """Return the axis of shares and satisfaction, which goes to 100 whatever was reached."""
    return PERCENT if all(0 <= n <= 100 for n in numbers) else axis(numbers)


def _name(series: Series) -> str:
    return f"{series.label} {series.values[0].text}" if series.role is Role.LEVEL else series.label


def _marks(plot: _Plot, *, shares: bool) -> Iterator[Shape]:
    for mark, label in zip(plot.axis.marks, plot.axis.labels(), strict=True):
        y = plot.y(mark)
        yield Line(((plot.left, y), (plot.right, y)), 0.6, faint=bool(mark))
        yield one_line(plot.left - GAP, y + BODY * 0.36, label, plot.left - GAP - EDGE, anchor="end")
    yield Line(((plot.left, plot.top), (plot.left, plot.bottom)))
    if shares:
        yield Line(((plot.right, plot.top), (plot.right, plot.bottom)))
        for mark, label in zip(plot.line_axis.marks, plot.line_axis.labels(), strict=True):
            y = plot.y(mark, line=True)
            yield one_line(plot.right + 4, y + BODY * 0.36, f"{label}%", _PERCENT_ROOM - 4, anchor="start")
        if plot.line_axis is PERCENT:
            y = plot.y(_EIGHTY, line=True)
            yield Line(((plot.left, y), (plot.right, y)), 1, "2 3")


def _bars(chart: Chart, plot: _Plot) -> Iterator[Shape]:
    series = chart.of(Role.BAR)
    room = plot.step if chart.kind is Kind.SPREAD else min(plot.step * 0.66, _WIDEST)
    wide = room / max(len(series), 1)
    for number, one in enumerate(series):
        for place, value in enumerate(one.values):
            if value.number:
                ends = sorted((plot.y(value.number), plot.y(Fraction(0))))
                x = plot.middle(place) - room / 2 + number * wide
                yield Rect(x, ends[0], wide, ends[1] - ends[0], FILLS[number])


def _lines(chart: Chart, plot: _Plot) -> Iterator[Shape]:
    for number, one in enumerate(chart.of(Role.LINE)):
        for run in _runs(one.values):
            points = tuple((plot.middle(place), plot.y(value, line=True)) for place, value in run)
            if len(points) > 1:
                yield Line(points, 1.5, DASHES[number])
            yield from (Sign(x, y, SIGNS[number]) for x, y in points)


def _runs(values: Sequence[Value]) -> Iterator[list[tuple[int, Fraction]]]:
    """Yield the stretches of a line: where there is no value it is broken."""
    run: list[tuple[int, Fraction]] = []
    for place, value in enumerate(values):
        if value.number is None:
            if run:
                yield run
            run = []
        else:
            run.append((place, value.number))
    if run:
        yield run


def _table(drawing: Drawing, chart: Chart, plot: _Plot) -> None:
    """Write the categories and, row by row, the values as printed."""
    drawing.high += 3
    _categories(drawing, chart, plot)
    for one in chart.series:
        drawing.add(Line(((EDGE, drawing.high), (plot.right, drawing.high)), 0.6, faint=True))
        cells = [] if one.role is Role.LEVEL else [clean(v.text) for v in one.values]
        high, size, upright = _fit(cells, plot.step - 2)
        middle = drawing.high + high / 2
        drawing.add(*sample(chart, one, EDGE, middle))
        name = one_line(EDGE + KEY, middle + BODY * 0.36, _name(one), plot.left - EDGE - KEY - GAP, anchor="start")
        drawing.add(name)
        for place, words in enumerate(cells):
            x, y = plot.middle(place), middle + size * 0.36
            drawing.add(
                Text(x + size * 0.36, middle, words, size, "middle", True) if upright else Text(x, y, words, size)
            )
        drawing.high += high
    drawing.add(Line(((EDGE, drawing.high), (plot.right, drawing.high)), 0.6, faint=True))


def _fit(cells: Sequence[str], room: float) -> tuple[float, float, bool]:
    """Return height and size of a row, and whether its values are written upright: none is ever shortened."""
    for size in (BODY, SMALL):
        if all(width(words, size) <= room for words in cells):
            return _ROW, size, False
    size = min(SMALL, room / (ASCENT + DESCENT))
    return max(_ROW, max(width(words, size) for words in cells) + 6), size, True


def _categories(drawing: Drawing, chart: Chart, plot: _Plot) -> None:
    months = [_MONTH.fullmatch(c) for c in chart.categories]
    if all(months):
        _months(drawing, plot, [(m[1], int(m[2])) for m in months if m])
        return
    room, top = plot.step - 2, drawing.high
    size = BODY if room >= 2 * BODY else SMALL
    lines = [wrapped(words, room, size, _LABEL_LINES) for words in chart.categories]
    for place, words in enumerate(chart.categories):
        drawing.add(*block(plot.middle(place), top, words, room, lines=_LABEL_LINES, size=size))
    drawing.high = top + max(map(len, lines)) * LEADING * size + 3


def _months(drawing: Drawing, plot: _Plot, months: Sequence[tuple[str, int]]) -> None:
    """Write months, and each year once below its months."""
    room, y = plot.step - 2, drawing.high + BODY * ASCENT
    size = BODY if width("12", BODY) <= room else SMALL
    sign = "月" if width("12月", size) <= room else ""
    years: dict[str, list[int]] = {}
    for place, (year, month) in enumerate(months):
        drawing.add(Text(plot.middle(place), y, f"{month}{sign}", size))
        years.setdefault(year, []).append(place)
    y += BODY * LEADING
    for number, (year, places) in enumerate(years.items()):
        first, last = plot.middle(places[0]), plot.middle(places[-1])
        for words in (f"{year}年", year, f"{year[2:]}年"):
            if width(words, BODY) <= last - first + room:
                drawing.add(Text((first + last) / 2, y, words))
                break
        if number:
            edge = first - plot.step / 2
            drawing.add(Line(((edge, drawing.high), (edge, y + DESCENT * BODY)), 0.6, faint=True))
    drawing.high = y + DESCENT * BODY + 3
