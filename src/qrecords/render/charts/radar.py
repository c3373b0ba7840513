"""A net of items (C5): how far each spoke is reached, from nought in the middle to 100 at the rim."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import cos, pi, sin

from qrecords.render.charts.axis import PERCENT, Axis, axis
from qrecords.render.charts.chart import FEWEST_SPOKES, MOST_SPOKES, Chart, Role, Value
from qrecords.render.charts.drawing import (
    BODY,
    DASHES,
    EDGE,
    SIGNS,
    SMALL,
    WIDTH,
    Anchor,
    Drawing,
    Line,
    Shape,
    Sign,
    Text,
    block,
    one_line,
)
from qrecords.render.charts.frame import foot, head, key
from qrecords.render.charts.measure import LEADING, clean, wrapped

_REACH = 118
_AWAY = 12  # from the rim to the words
_TOP_ROOM = 110  # for the words above and below, which stand in the middle


def fits_net(chart: Chart) -> bool:
    """Tell whether a net says more than bars: four to eight items have data, none of it below nought."""
    drawn = chart.of(Role.LINE, Role.BAR)
    numbers = chart.numbers(Role.LINE, Role.BAR, Role.LEVEL)
    there = sum(any(s.values[place].exact is not None for s in drawn) for place in range(len(chart.categories)))
    return there >= FEWEST_SPOKES and len(chart.categories) <= MOST_SPOKES and len(drawn) <= 3 and min(numbers) >= 0


def radar(chart: Chart) -> Drawing:
    """Return the drawing; bars count as lines, each with a sign of its own."""
    drawing = Drawing()
    head(drawing, chart)
    drawn = chart.of(Role.LINE, Role.BAR)
    if len(chart.series) > 1:
        key(drawing, chart, (*drawn, *chart.of(Role.LEVEL)))
    numbers = chart.numbers(Role.LINE, Role.BAR, Role.LEVEL)
    net = _Net(PERCENT if max(numbers) <= 100 else axis(numbers), len(chart.categories), 0.0)
    labels = [_label(chart, place, net) for place in range(net.spokes)]
    above = min(text.box.top for words in labels for text in words)
    below = max(_REACH, *(text.box.bottom for words in labels for text in words))
    net = _Net(net.axis, net.spokes, drawing.high - above)
    drawing.add(*_web(net))
    for one in chart.of(Role.LEVEL):
        if one.values[0].number is not None:
            ring = tuple(net.at(place, one.values[0].number) for place in range(net.spokes))
            drawing.add(Line(ring, 1.2, "9 3 2 3", closed=True))
    for number, series in enumerate(drawn):
        drawing.add(*_outline(net, series.values, DASHES[number], SIGNS[number]))
    drawing.add(*_rings(net))
    for place in range(net.spokes):
        drawing.add(*_label(chart, place, net))
    drawing.high = net.middle + below + EDGE
    foot(drawing, chart)
    return drawing


class _Net:
    def __init__(self, scale: Axis, spokes: int, middle: float) -> None:
        self.axis, self.spokes, self.middle = scale, spokes, middle

    def towards(self, place: int) -> tuple[float, float]:
        """Return the way from the middle to the rim, the first one up, then clockwise."""
        angle = 2 * pi * place / self.spokes
        return round(sin(angle), 6), round(-cos(angle), 6)

    def at(self, place: int, number: Fraction) -> tuple[float, float]:
        across, down = self.towards(place)
        far = self.axis.part(number) * _REACH
        return WIDTH / 2 + across * far, self.middle + down * far


def _web(net: _Net) -> Iterator[Shape]:
    rim = net.axis.marks[-1]
    for mark in net.axis.marks[1:]:
        yield Line(tuple(net.at(p, mark) for p in range(net.spokes)), 0.6, faint=True, closed=True)
    for place in range(net.spokes):
        yield Line((net.at(place, Fraction(0)), net.at(place, rim)), 0.6, faint=True)


def _rings(net: _Net) -> Iterator[Shape]:
    """Write what the rings mean."""
    for mark, label in zip(net.axis.marks[1:], net.axis.labels()[1:], strict=True):
        x, y = net.at(0, mark)
        yield replace(one_line(x + 3, y + SMALL + 1, label, 60, SMALL, "start"), halo=True)


def _outline(net: _Net, values: Sequence[Value], dash: str, sign: str) -> Iterator[Shape]:
    """Give the line around; it is broken where an item has no value."""
    points = [None if v.number is None else net.at(place, v.number) for place, v in enumerate(values)]
    for place, point in enumerate(points):
        after = points[(place + 1) % len(points)]
        if point and after:
            yield Line((point, after), 1.6, dash)
    yield from (Sign(*point, sign) for point in points if point)


def _label(chart: Chart, place: int, net: _Net) -> list[Text]:
    """Return the words at a spoke: the item and below it its values, those of several series with their names."""
    across, down = net.towards(place)
    anchor: Anchor = "middle" if abs(across) < 0.2 else ("start" if across > 0 else "end")
    x, y = WIDTH / 2 + across * (_REACH + _AWAY), net.middle + down * (_REACH + _AWAY)
    room = _TOP_ROOM if anchor == "middle" else WIDTH / 2 - EDGE - abs(across) * (_REACH + _AWAY)
    drawn = chart.of(Role.LINE, Role.BAR)
    values = [clean(s.values[place].text if len(drawn) == 1 else f"{s.label} {s.values[place].text}") for s in drawn]
    line, lines = BODY * LEADING, len(wrapped(chart.categories[place], room, BODY, 2)) + len(values)
    high = lines * line
    top = y - high / 2 + down * high / 2
    made = block(x, top, chart.categories[place], room, lines=2, anchor=anchor)
    top += len(made) * line
    made += [one_line(x, top + n * line + BODY * 0.9, words, room, anchor=anchor) for n, words in enumerate(values)]
    return made
