"""The tables of a kind of document as its definitions compute them, ready for paper (F.4, F.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction

from qrecords.model import runs
from qrecords.model.figures.alarms import Answered
from qrecords.model.figures.drawing import HowFar
from qrecords.model.figures.results import ChartResult, ChartSeries, Figure, TableResult
from qrecords.model.formats import AlarmJson, ChartJson, ChartSeriesJson, FigureJson, TableJson
from qrecords.office import Office
from qrecords.services.reports.figures import figures_of
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.services.reports.recordstable import records_table
from qrecords.services.reports.scope import narrowing_told
from qrecords.services.reports.toldbefore import told_before
from qrecords.stores.documentkinds import read_documents
from qrecords.stores.register import Transaction


def prepare(office: Office, tx: Transaction, asked: Asked, progress: HowFar | None = None) -> Prepared:
    """Return the tables of a document; a kind no table is defined for has that of its records."""
    found = computed(office, tx, asked, progress)
    return found if found.tables else records_table(office, tx, asked)


def computed(office: Office, tx: Transaction, asked: Asked, progress: HowFar | None = None) -> Prepared:
    """Return what `forms/…/tables` defines for the kind; the scope was decided on before."""
    period = asked.period
    found = figures_of(
        office,
        tx,
        asked.kind,
        period,
        branch=asked.branch,
        milrep=asked.milrep,
        level=asked.secrecy_level,
        said=asked.said,
        progress=progress,
    )
    series = read_documents(office.settings.forms_dir)
    kind = series.kinds.get(asked.kind)
    tables = [*found.drawn.tables]
    if tables and kind and "month" in kind.periods and asked.period.span != "month" and found.drawn.compared:
        tables.append(told_before(office, tx, asked, series.form_code(asked.kind), found.drawn.compared))
    named = sorted({number for part in tables for number in part.named()})
    places = _Places(named)
    items = tx.items.versions_of(found.filed.values())
    basis = (
        f"报告期 {asked.period.first} 至 {asked.period.last}，按各表所写的日期计入；截至 {found.drawn.cutoff}",
        "作废、已销毁的不计",
        f"不含密级高于{asked.secrecy_level}的记录",
        *([narrowing_told(office, asked.milrep)] if asked.milrep else []),
        *([f"{asked.period.label}无记录"] if found.drawn.report.population.is_empty(period) else []),
    )
    return Prepared(
        tuple(map(_table, tables)),
        tuple(figure for part in tables for figure in _figures(part, places)),
        basis,
        tuple(map(_alarm, found.alarms)),
        tuple(_chart(chart, asked.period.label) for chart in found.drawn.charts),
        tuple((number, items.get(found.filed.get(number, ""), 0)) for number in named),
    )


def _alarm(one: Answered) -> AlarmJson:
    alarm = one.alarm
    return AlarmJson(alarm.key, alarm.kind, alarm.told, one.state, one.items, one.reason, one.by)


class _Places:
    """Where records stand among all a document names. Many figures count the same: those are looked up once."""

    def __init__(self, named: Sequence[str]) -> None:
        self._of = {number: place for place, number in enumerate(named)}
        self._runs: dict[tuple[str, ...], str] = {(): ""}

    def at(self, records: Sequence[str]) -> list[int]:
        """Return the place of each record, in their order."""
        return [*map(self._of.__getitem__, records)]

    def runs(self, records: tuple[str, ...]) -> str:
        """Return the places of records as runs."""
        if (known := self._runs.get(records)) is None:
            known = self._runs[records] = runs.written(sorted({*self.at(records)}))
        return known


def _said_twice(part: TableResult, rows: Sequence[Sequence[str]]) -> int | None:
    """Return the column of a list that says what its rows are called by: on paper it stands once, first."""
    heads = [head.label for head in part.columns]
    if not rows:
        return heads.index(part.row_head) if part.row_head in heads else None
    return next((n for n in range(len(heads)) if all(row[0] == row[n + 1] for row in rows)), None)


def _table(part: TableResult) -> TableJson:
    """Return a part as paper has it: the unit most columns share stands once, another one at its column."""
    units = Counter(head.unit for head in part.columns if head.unit)
    unit = units.most_common(1)[0][0] if units else ""
    heads = [f"{head.label}（{head.unit}）" if head.unit not in ("", unit) else head.label for head in part.columns]
    rows = [(row.label, *(c.id if isinstance(c, Figure) else c for c in row.cells)) for row in part.rows]
    first = part.row_head
    if (own := _said_twice(part, rows)) is not None:
        first, heads = heads[own], heads[:own] + heads[own + 1 :]
        rows = [(row[0], *row[1 : own + 1], *row[own + 2 :]) for row in rows]
    if not rows:
        rows = [("无", *[""] * len(heads))]
    title = f"{part.title}　{part.part_title}" if part.part_title else part.title
    return TableJson(f"{part.id}.{part.part}", title, unit, (first, *heads), tuple(rows), part.notes)


def _figures(part: TableResult, places: _Places) -> Iterator[FigureJson]:
    """Give the figures of a part; of a line of words how many records it rests on, which no column prints."""
    for figure in part.figures():
        yield _figure(figure, places)
    for row in part.rows:
        if row.records:
            key, number = f"{part.id}.{part.part}.{row.key}.records", str(len(row.records))
            yield FigureJson(key, f"{row.label} 依据", number, number, "件", places.runs(row.records))


def _figure(figure: Figure, places: _Places) -> FigureJson:
    """Return a figure with each record and what it gives; of a rate also those it is a part of; what it left out."""
    counts: tuple[str, ...] = ()
    if figure.contributions:
        pairs = sorted(zip(places.at(figure.records), figure.contributions, strict=True))
        counts = tuple(str(one) for _, one in pairs)
    of: tuple[str, ...] = ()
    if figure.of and figure.of != figure.records:
        part = frozenset(figure.records)
        of = tuple(number for number in figure.of if number not in part)
    reasons: dict[str, list[str]] = {}
    for number, reason in figure.left_out:
        reasons.setdefault(reason, []).append(number)
    return FigureJson(
        figure.id, figure.label, figure.shown, figure.exact, figure.unit, places.runs(figure.records), counts,
        places.runs(of), tuple((reason, places.runs(tuple(numbers))) for reason, numbers in sorted(reasons.items())),
    )  # fmt: skip


def _chart(chart: ChartResult, period: str) -> ChartJson:
    series = tuple(map(_chart_series, chart.series))
    return ChartJson(chart.name, chart.kind, chart.title, chart.unit, period, chart.n, chart.categories, series)


def _chart_series(series: ChartSeries) -> ChartSeriesJson:
    values = (("" if value is None else str(Fraction(value)), shown) for value, shown in series.values)
    return ChartSeriesJson(series.label, series.role, tuple(values))
