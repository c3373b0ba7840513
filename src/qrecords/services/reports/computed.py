"""The tables of a kind of document as its definitions compute them, ready for paper (F.4, F.5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from qrecords.model.figures.results import Figure, TableResult
from qrecords.model.figures.spans import parse_report_period
from qrecords.model.formats import FigureJson, TableJson
from qrecords.office import Office
from qrecords.services.reports.figures import figures_of
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.services.reports.recordstable import records_table
from qrecords.stores.register import Transaction


def prepare(office: Office, tx: Transaction, asked: Asked) -> Prepared:
    """Return the tables of a document; a kind no table is defined for has that of its records."""
    found = computed(office, tx, asked)
    return found if found.tables else records_table(office, tx, asked)


def computed(office: Office, tx: Transaction, asked: Asked) -> Prepared:
    """Return what `forms/…/tables` defines for the kind; the scope was decided on before."""
    period = parse_report_period(asked.period.key)
    found = figures_of(office, tx, asked.kind, period, branch=asked.branch, level=asked.secrecy_level)
    items = {row.archive_no: row.version for row in tx.items.all()}
    filed = tx.records.archive_numbers()
    versions = {number: items.get(archive_no, 0) for archive_no, numbers in filed.items() for number in numbers}
    basis = (
        f"报告期 {asked.period.first} 至 {asked.period.last}，按各表所写的日期计入；截至 {found.drawn.cutoff}",
        "作废、已销毁的不计",
        f"不含密级高于{asked.secrecy_level}的记录",
        *([f"{asked.period.label}无记录"] if found.drawn.report.population.is_empty(period) else []),
    )
    return Prepared(
        tuple(_table(part) for part in found.drawn.tables),
        tuple(figure for part in found.drawn.tables for figure in _figures(part, versions)),
        basis,
        tuple("　".join((alarm.kind, alarm.told)) for alarm in found.alarms),
    )


def _table(part: TableResult) -> TableJson:
    """Return a part as paper has it: the unit most columns share stands once, another one at its column."""
    units = Counter(head.unit for head in part.columns if head.unit)
    unit = units.most_common(1)[0][0] if units else ""
    heads = [f"{head.label}（{head.unit}）" if head.unit not in ("", unit) else head.label for head in part.columns]
    rows = [(row.label, *(c.id if isinstance(c, Figure) else c for c in row.cells)) for row in part.rows]
    if heads and heads[0] == part.row_head and all(row[0] == row[1] for row in rows):  # a list says it once
        heads, rows = heads[1:], [(row[0], *row[2:]) for row in rows]
    if not rows:
        rows = [("无", *[""] * len(heads))]
    title = f"{part.title}　{part.part_title}" if part.part_title else part.title
    return TableJson(f"{part.id}.{part.part}", title, unit, (part.row_head, *heads), tuple(rows), part.notes)


def _figures(part: TableResult, versions: Mapping[str, int]) -> Iterator[FigureJson]:
    """Give the figures of a part; of a line of words how many records it rests on, which no column prints."""
    for figure in part.figures():
        records = tuple(_records(figure, versions))
        yield FigureJson(figure.id, figure.label, figure.shown, figure.exact, figure.unit, records)
    for row in part.rows:
        if row.records:
            key, number = f"{part.id}.{part.part}.{row.key}.records", str(len(row.records))
            records = tuple((no, versions.get(no, 0), "1") for no in row.records)
            yield FigureJson(key, f"{row.label} 依据", number, number, "件", records)


def _records(figure: Figure, versions: Mapping[str, int]) -> Iterator[tuple[str, int, str]]:
    """Give each record with what it contributes; of a rate also those it is a part of, which give nothing."""
    given = figure.contributions or (1,) * len(figure.records)
    yield from ((number, versions.get(number, 0), str(one)) for number, one in zip(figure.records, given, strict=True))
    counted = set(figure.records)
    yield from ((number, versions.get(number, 0), "0") for number in figure.of if number not in counted)
