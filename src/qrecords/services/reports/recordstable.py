"""The table of a document nobody defined tables for: which records there are.

The scope is fixed before a record is read; what is above the document's secrecy level is out by definition, and the
paper says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from qrecords.model import runs
from qrecords.model.access import secrecy_rank
from qrecords.model.figures.management import narrowed
from qrecords.model.formats import FigureJson, TableJson
from qrecords.model.period import Period
from qrecords.model.record import GONE, Record
from qrecords.office import Office
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.services.reports.scope import narrowing, narrowing_told
from qrecords.stores.register import Transaction

BRANCH_FIELD, LEVEL_FIELD = "military_branch", "secrecy_level"


def records_table(office: Office, tx: Transaction, asked: Asked) -> Prepared:
    """Return 「记录总表」: of each form what was recorded in the period, how much is filed, and the period before."""
    period, before = asked.period, asked.period.preceding
    rows: list[tuple[str, str, dict[str, list[Record]]]] = []  # key, label, the records of each column
    for folder in office.forms.all():
        code = folder.form.code
        now = [*_within(office, tx, asked, code, period)]
        filed = [r for r in now if r.archive_no]
        sets = {"now": now, "filed": filed, "before": [*_within(office, tx, asked, code, before)]}
        rows.append((code, f"{office.form_codes.short(code)} {folder.form.title}", sets))
    totals = {column: [r for _, _, sets in rows for r in sets[column]] for column in _COLUMNS}
    rows.append(("all", "合计", totals))
    named = {r.record_no: r.archive_no for found in totals.values() for r in found}
    versions = tx.items.versions_of(named.values())
    places = {number: place for place, number in enumerate(sorted(named))}
    figures = [
        _figure(f"T01.{key}.{column}", f"{label} {head}", sets[column], places)
        for key, label, sets in rows
        for column, head in _COLUMNS.items()
    ]
    printed = tuple((label, *(f"T01.{key}.{column}" for column in _COLUMNS)) for key, label, _ in rows)
    table = TableJson("T01", "记录总表", "件", ("表式", *_COLUMNS.values()), printed, _zero(totals["now"], period))
    basis = (
        f"按事件日期计入 {period.first} 至 {period.last} 的记录；作废、已销毁的不计",
        f"上期为{before.label}",
        f"不含密级高于{asked.secrecy_level}的记录",
        *([narrowing_told(office, asked.milrep)] if asked.milrep else []),
    )
    records = tuple((number, versions.get(named[number], 0)) for number in places)
    return Prepared((table,), tuple(figures), basis, records=records)


_COLUMNS = {"now": "本期", "filed": "其中已归档", "before": "上期"}


def _within(office: Office, tx: Transaction, asked: Asked, form_code: str, period: Period) -> Iterator[Record]:
    highest = secrecy_rank(asked.secrecy_level)
    found = (
        record
        for record in tx.records.find(form_code=form_code)
        if record.state not in GONE
        and period.holds(record.date)
        and (not asked.branch or record.values.get(BRANCH_FIELD) == asked.branch)
        and secrecy_rank(str(record.values.get(LEVEL_FIELD) or "")) <= highest
    )
    return narrowed(found, narrowing(office, asked.milrep)) if asked.milrep else found


def _figure(key: str, label: str, records: Sequence[Record], places: Mapping[str, int]) -> FigureJson:
    count = str(len(records))
    return FigureJson(key, label, count, count, "件", runs.written(sorted(places[r.record_no] for r in records)))


def _zero(records: list[Record], period: Period) -> tuple[str, ...]:
    return () if records else (f"{period.label}无记录",)
