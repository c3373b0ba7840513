"""What stands around every chart: title and unit above, the key of its series, the note below."""

from __future__ import annotations

from collections.abc import Sequence

from qrecords.render.charts.chart import Chart, Role, Series
from qrecords.render.charts.drawing import (
    BODY,
    DASHES,
    EDGE,
    FILLS,
    SIGNS,
    TITLE,
    WIDTH,
    Drawing,
    Line,
    Rect,
    Shape,
    Sign,
    block,
    block_high,
    one_line,
)
from qrecords.render.charts.measure import LEADING, clean, width

INSIDE = WIDTH - 2 * EDGE
KEY = 26  # how wide the sign of a series is
GAP = 6
_KEY_ROOM = 200  # for the words of one series in the key
_NOTE_LINES = 12


def head(drawing: Drawing, chart: Chart) -> None:
    """Write title, unit, period and number of records."""
    for words, size, lines in ((chart.title, TITLE, 2), (chart.below_title, BODY, 2)):
        drawing.add(*block(WIDTH / 2, drawing.high, words, INSIDE, lines=lines, size=size))
        drawing.high += block_high(words, INSIDE, lines=lines, size=size)
    drawing.high += GAP


def foot(drawing: Drawing, chart: Chart) -> None:
    """Write the note."""
    if chart.note:
        drawing.high += GAP
        drawing.add(*block(EDGE, drawing.high, chart.note, INSIDE, lines=_NOTE_LINES, anchor="start"))
        drawing.high += block_high(chart.note, INSIDE, lines=_NOTE_LINES)
    drawing.high += EDGE


def sample(chart: Chart, series: Series, x: float, middle: float, fills: Sequence[str] = FILLS) -> list[Shape]:
    """Return the sign of a series: its pattern, its line with its mark; nothing for one that is only written."""
    place = chart.of(series.role).index(series)
    match series.role:
        case Role.BAR:
            return [Rect(x, middle - 5, KEY - 6, 10, fills[place])]
        case Role.LINE:
            line = Line(((x, middle), (x + KEY - 6, middle)), 1.5, DASHES[place])
            return [line, Sign(x + KEY / 2 - 3, middle, SIGNS[place])]
        case Role.LEVEL:
            return [level((x, middle), (x + KEY - 6, middle))]
        case _:
            return []


def level(start: tuple[float, float], end: tuple[float, float]) -> Line:
    """Return the line of a value that holds for all categories."""
    return Line((start, end), 1.2, "9 3 2 3")


def key(drawing: Drawing, chart: Chart, series: Sequence[Series], fills: Sequence[str] = FILLS) -> None:
    """Write which sign means which series, in as many lines as it takes; levels with their value."""
    x, high = float(EDGE), BODY * LEADING
    for one in series:
        words = clean(f"{one.label} {one.values[0].text}" if one.role is Role.LEVEL else one.label)
        wide = KEY + min(width(words, BODY), _KEY_ROOM)
        if x + wide > WIDTH - EDGE:
            x, drawing.high = EDGE, drawing.high + high
        middle = drawing.high + high / 2
        drawing.add(*sample(chart, one, x, middle, fills))
        drawing.add(one_line(x + KEY, middle + BODY * 0.36, words, _KEY_ROOM, anchor="start"))
        x += wide + 3 * GAP
    drawing.high += high + GAP
