"""A chart as a sheet of a workbook: its numbers, and beside them a native chart of them, for who wants to go on."""

from __future__ import annotations

import re

from qrecords.render.charts.chart import Chart, Kind, Role, Series, why_not
from qrecords.render.charts.drawing import FILLS, GRADES
from qrecords.render.charts.radar import fits_net
from qrecords.render.sheetcharts import BoundSeries, Form, SheetChart
from qrecords.render.workbook import HEAD, Cell, Column, Look, Page, Row, Sheet

_HEADS = 3  # rows before the first category: title, unit, headings
_DRAWN = (Role.BAR, Role.LINE, Role.LEVEL)
_PRINTED = re.compile(r"(-?[0-9]+)(?:\.([0-9]+))?(%?)")


def chart_sheet(chart: Chart, title: str = "") -> Sheet:
    """Return a sheet with the chart's table; its native chart beside it, or the sentence why there is none."""
    why = why_not(chart)
    columns = [Column(24), *(Column(14) for _ in chart.series)]
    rows = [
        Row([Cell(chart.title, Look(size=14, bold=True, wrap=False))]),
        Row([Cell("　".join(part for part in (chart.below_title, why) if part), Look(wrap=False))]),
        Row(["", *(s.label for s in chart.series)], HEAD),
        *(Row([words, *(_cell(s, place) for s in chart.series)]) for place, words in enumerate(chart.categories)),
    ]
    if chart.note:
        rows.append(Row([Cell(chart.note, Look(wrap=False))]))
    page = Page("A4", head_rows=0, fit_width=True)
    charts = () if why else (_native(chart),)
    return Sheet(title or chart.title, columns, rows, freeze=f"B{_HEADS + 1}", charts=charts, page=page)


def _cell(series: Series, place: int) -> Cell:
    """Return a value as the number the table prints, with as many places; the words where there is none."""
    value = series.values[0 if series.role is Role.LEVEL else place]
    printed = _PRINTED.fullmatch(value.text)
    if value.number is None:  # a spreadsheet draws a line through words at nought, and breaks it at an empty cell
        line = series.role is Role.LINE
        return Cell(None if line else value.text, Look(across="right"), note=value.text if line else "")
    if not printed:
        return Cell(float(value.number), Look(across="right"))
    places, percent = len(printed[2] or ""), bool(printed[3])
    shown = ("0." + "0" * places if places else "0") + ('"%"' if percent else "")
    number = printed[1] + (f".{printed[2]}" if places else "")
    return Cell(float(number) if places else int(number), Look(across="right", number_format=shown))


def _native(chart: Chart) -> SheetChart:
    drawn = [(number, s) for number, s in enumerate(chart.series) if s.role is not Role.FIGURE]
    seen: dict[Role, int] = {}
    bound = []
    for number, one in drawn:
        place = seen.setdefault(one.role, 0)
        seen[one.role] += 1
        fill = (GRADES if chart.kind is Kind.GRADES else FILLS)[place]
        second = chart.kind is Kind.PARETO and one.role is not Role.BAR
        bound.append(BoundSeries(number + 2, one.role is not Role.BAR, fill, second))
    return SheetChart(
        _form(chart),
        chart.title,
        chart.unit,
        bound,
        head_row=_HEADS,
        last_row=_HEADS + len(chart.categories),
        anchor=f"{chr(ord('C') + len(chart.series))}2",
        below=min(chart.numbers(*_DRAWN)) < 0,
        hundred=chart.kind in (Kind.ITEMS, Kind.TREND) and max(chart.numbers(*_DRAWN)) <= 100,
    )


def _form(chart: Chart) -> Form:
    match chart.kind:
        case Kind.PARTS:
            return "bars"
        case Kind.ITEMS:
            return "radar" if fits_net(chart) else "bars"
        case Kind.GRADES:
            return "stacks"
        case _:
            return "columns"
