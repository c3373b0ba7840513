"""What charts show of the tables of the same document: nothing is counted again (F.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate

from qrecords.model.figures.arithmetic import Rate
from qrecords.model.figures.definitions import ChartDefinition, Part, TableDefinition
from qrecords.model.figures.results import ChartResult, ChartSeries, Figure, TableResult, TableRow
from qrecords.model.figures.tables import OTHERS, Report

PARETO = "C3"
CUMULATED, LEVEL = "累计占比", "目标"


def charts(definition: TableDefinition, found: Sequence[TableResult], report: Report) -> Iterator[ChartResult]:
    """Give the charts of a table for a kind and a period, from its parts as they were computed."""
    parts = {part.key: part for part in definition.parts}
    for result in found:
        for chart in parts[result.part].charts if result.part in parts else ():
            for_kind = not chart.kinds or report.kind in chart.kinds
            if for_kind and (not chart.periods or report.period.span in chart.periods):
                yield _chart(chart, parts[result.part], result, report)


def _chart(chart: ChartDefinition, part: Part, result: TableResult, report: Report) -> ChartResult:
    rows = [row for row in result.rows if not row.total]
    drawn = [*_places(chart.bars, part, result)], [*_places(chart.lines, part, result)]
    if chart.chart == PARETO:
        rows = _falling(rows, drawn[0][0])
    series = [_series(result, rows, place, "bar") for place in drawn[0]]
    series += [_series(result, rows, place, "line") for place in drawn[1]]
    if chart.chart == PARETO:
        series += _cumulated(rows, drawn[0][0], report)
    if (level := report.targets.get(chart.level)) is not None:
        series.append(ChartSeries(LEVEL, "level", ((Fraction(level), f"{level:f}"),)))
    series += [_series(result, rows, place, "figure") for place in _places(chart.written, part, result)]
    records = {no for row in rows for place in (*drawn[0], *drawn[1]) for no in _figure(row, place).records}
    unit = result.columns[(*drawn[0], *drawn[1])[0]].unit
    name = f"{result.id}-{result.part}-{chart.chart}"
    categories = tuple(row.key if part.rows.months else row.label for row in rows)  # months are drawn by year
    return ChartResult(name, chart.chart, chart.title, unit, categories, tuple(series), len(records))


def _places(keys: Sequence[str], part: Part, result: TableResult) -> Iterator[int]:
    """Give the places of columns; of one that stands for months or for a field's values, of all it became."""
    many = {column.key for column in part.columns if column.each or column.at == "months"}
    for key in keys:
        for place, head in enumerate(result.columns):
            if head.key == key or (key in many and head.key.rpartition("_")[0] == key):
                yield place


def _series(result: TableResult, rows: Sequence[TableRow], place: int, role: str) -> ChartSeries:
    cells = [_figure(row, place) for row in rows]
    return ChartSeries(result.columns[place].label, role, tuple((cell.value, cell.shown) for cell in cells))


def _falling(rows: Sequence[TableRow], place: int) -> list[TableRow]:
    """Return the rows that are not nought, the greatest first, 其他 last."""
    there = [row for row in rows if _figure(row, place).value]
    return sorted(there, key=lambda row: (row.label == OTHERS, -(_figure(row, place).value or 0)))


def _cumulated(rows: Sequence[TableRow], place: int, report: Report) -> Iterator[ChartSeries]:
    """Give the line of what each row and those before it are of all."""
    sums = [*accumulate(int(_figure(row, place).value or 0) for row in rows)]
    rates = [Rate(part, sums[-1]) for part in sums]
    values = tuple(
        (None if rate.exact is None else rate.exact * 100, f"{rate.percent(report.rounding)}%") for rate in rates
    )
    yield ChartSeries(CUMULATED, "line", values)


def _figure(row: TableRow, place: int) -> Figure:
    cell = row.cells[place]
    assert isinstance(cell, Figure)  # charts stand on parts that count
    return cell
