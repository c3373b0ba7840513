"""A chart as SVG: the same bytes from the same numbers, for paper and for the desk.

Nothing in it acts, and how it looks stands in attributes alone: a page that allows no inline style shows it.
"""

from __future__ import annotations

import re
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from qrecords.render.charts.bars import bars, stacks
from qrecords.render.charts.chart import Chart, Kind, in_words, why_not
from qrecords.render.charts.columns import columns
from qrecords.render.charts.drawing import BODY, WIDTH, Drawing, Text
from qrecords.render.charts.frame import foot, head
from qrecords.render.charts.measure import writable
from qrecords.render.charts.radar import fits_net, radar
from qrecords.render.fonts import HEI_FACES

PER_MM = 4  # units of a drawing
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9_.-]")


def svg(chart: Chart) -> str:
    """Return the chart as SVG, its table in words as what is read aloud; its name tells its parts from others'."""
    drawing = laid_out(chart)
    return _template().render(
        drawing=drawing,
        high=f"{drawing.high:.1f}",
        high_mm=f"{drawing.high / PER_MM:.2f}",
        wide=WIDTH,
        wide_mm=f"{WIDTH / PER_MM:g}",
        faces=",".join([*HEI_FACES, "sans-serif"]),
        id="chart-" + _NOT_IN_NAME.sub("-", chart.name or chart.kind),
        title=writable(chart.title),
        words=writable(in_words(chart)),
    )


def laid_out(chart: Chart) -> Drawing:
    """Return the drawing of a chart, or, where it would say nothing, the sentence why there is none."""
    if why := why_not(chart):
        drawing = Drawing()
        head(drawing, chart)
        drawing.high += 2 * BODY
        drawing.add(Text(WIDTH / 2, drawing.high, why))
        drawing.high += 2 * BODY
        foot(drawing, chart)
        return drawing
    match chart.kind:
        case Kind.PARTS:
            return bars(chart)
        case Kind.ITEMS:
            return radar(chart) if fits_net(chart) else bars(chart)
        case Kind.GRADES:
            return stacks(chart)
        case _:
            return columns(chart)


@lru_cache(maxsize=1)
def _template() -> Template:
    env = Environment(
        loader=PackageLoader("qrecords.render.charts"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters["n"] = _number
    return env.get_template("chart.svg")


def _number(value: float) -> str:
    """Return a length to a hundredth of a millimetre's quarter, without noughts nobody needs."""
    return f"{round(value, 2) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"
