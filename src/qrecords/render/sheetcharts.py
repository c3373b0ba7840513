"""Native charts of a worksheet, told as data like the sheet itself; who opens it may change them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["columns", "bars", "stacks", "radar"]
_WIDE, _HIGH = 15.6, 8.5  # cm
_GREY, _BLACK = "B8B8B8", "000000"
_PATTERNS: dict[str, Literal["wdUpDiag", "pct20"]] = {"hatch": "wdUpDiag", "dots": "pct20"}
_MARKS = ("circle", "square", "diamond", "triangle", "x")
_DASHES = ("solid", "dash", "sysDot", "dashDot", "sysDash")


@dataclass(frozen=True, slots=True)
class BoundSeries:
    """A column of the sheet as a series, by its number; `fill` is a pattern, `second` puts it on an axis of 100 %."""

    column: int
    line: bool = False
    fill: str = "grey"
    second: bool = False


@dataclass(frozen=True, slots=True)
class SheetChart:
    """A chart of rows below a row of headings; categories stand in the first column."""

    form: Form
    title: str
    unit: str
    series: Sequence[BoundSeries]
    head_row: int
    last_row: int
    anchor: str  # the cell its corner lies in
    below: bool = False  # there are numbers below nought
    hundred: bool = False  # the axis ends at 100


def put_chart(sheet: Any, told: SheetChart) -> None:
    """Put a chart on a sheet of openpyxl."""
    bars = [s for s in told.series if not s.line]
    lines = [s for s in told.series if s.line]
    if told.form == "radar":
        chart = _of(sheet, told, "radar", told.series)
    elif told.form in ("bars", "stacks"):
        chart = _of(sheet, told, told.form, told.series)
    elif not bars:
        chart = _of(sheet, told, "lines", lines)
    else:
        chart = _of(sheet, told, "columns", bars)
        for second in sorted({s.second for s in lines}):
            other = _of(sheet, told, "lines", [s for s in lines if s.second is second])
            if second:
                other.y_axis.axId = 200
                other.y_axis.crosses = "max"
                _axes(other, told)
                other.y_axis.title = "%"
                other.y_axis.scaling.max = 100
                other.y_axis.majorGridlines = None
            chart += other
    chart.title = told.title
    chart.width, chart.height = _WIDE, _HIGH
    chart.legend.position = "b"
    _axes(chart, told)
    if told.hundred:
        chart.y_axis.scaling.max = 100
    chart.anchor = told.anchor
    sheet.add_chart(chart)


def _axes(chart: Any, told: SheetChart) -> None:
    """Show both axes, values from nought, the categories beside them all."""
    for axis in (chart.x_axis, chart.y_axis):
        axis.delete = False
    if not told.below:
        chart.y_axis.scaling.min = 0
    if told.form != "radar":
        chart.x_axis.tickLblPos = "low"
        chart.y_axis.title = told.unit


def _of(sheet: Any, told: SheetChart, form: str, series: Sequence[BoundSeries]) -> Any:
    from openpyxl.chart import BarChart, LineChart, RadarChart, Reference, Series

    chart: Any = {"lines": LineChart, "radar": RadarChart}.get(form, BarChart)()
    if isinstance(chart, BarChart):
        chart.type = "col" if form == "columns" else "bar"
        if form != "columns":
            chart.x_axis.scaling.orientation = "maxMin"  # the first one on top, as in the table
            chart.y_axis.crosses = "max"
        if form == "stacks":
            chart.grouping, chart.overlap = "percentStacked", 100
        chart.gapWidth = 50
    if isinstance(chart, RadarChart):
        chart.type = "marker"
    for one in series:
        place = told.series.index(one)
        values = Reference(sheet, min_col=one.column, min_row=told.head_row, max_row=told.last_row)
        made = Series(values, title_from_data=True)
        _dress(made, one, place, line=form in ("lines", "radar"))
        chart.series.append(made)
    chart.set_categories(Reference(sheet, min_col=1, min_row=told.head_row + 1, max_row=told.last_row))
    return chart


def _dress(series: Any, told: BoundSeries, place: int, *, line: bool) -> None:
    """Give a series a pattern, or a line with marks: colours are lost on paper."""
    from openpyxl.drawing.colors import ColorChoice
    from openpyxl.drawing.fill import PatternFillProperties

    colour: Any = ColorChoice
    looks = series.graphicalProperties
    looks.line.solidFill = _BLACK
    if line:
        looks.line.dashStyle = _DASHES[place % len(_DASHES)]
        looks.line.width = 19_050  # 1.5 points, in EMU
        series.smooth = False
        series.marker.symbol = _MARKS[place % len(_MARKS)]
        series.marker.graphicalProperties.solidFill = _BLACK
        series.marker.graphicalProperties.line.solidFill = _BLACK
    elif told.fill in _PATTERNS:
        white, black = colour(srgbClr="FFFFFF"), colour(srgbClr=_BLACK)
        looks.pattFill = PatternFillProperties(prst=_PATTERNS[told.fill], fgClr=black, bgClr=white)
    else:
        looks.solidFill = {"white": "FFFFFF", "black": _BLACK}.get(told.fill, _GREY)
