"""The table of a document nobody defined tables for: which records there are.

The scope is fixed before a record is read; what is above the document's secrecy level is out by definition, and the
paper says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qrecords.model.access import secrecy_rank
from qrecords.model.formats import FigureJson, TableJson
from qrecords.model.period import Period
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.stores.register import Transaction

NOT_COUNTED = (State.VOID, State.DESTROYED)
BRANCH_FIELD, LEVEL_FIELD = "military_branch", "secrecy_level"


def records_table(office: Office, tx: Transaction, asked: Asked) -> Prepared:
    """Return 「记录总表」: of each form what was recorded in the period, how much is filed, and the period before."""
    period, before = asked.period, asked.period.preceding
    figures: list[FigureJson] = []
    rows: list[tuple[str, ...]] = []
    totals: dict[str, list[Record]] = {column: [] for column in _COLUMNS}
    versions = tx.items.versions()
    for folder in office.forms.all():
        code = folder.form.code
        now = [*_within(tx, asked, code, period)]
        sets = {
            "now": now,
            "filed": [r for r in now if r.archive_no],
            "before": [*_within(tx, asked, code, before)],
        }
        label = f"{office.form_codes.short(code)} {folder.form.title}"
        ids = [_figure(figures, versions, f"T01.{code}.{c}", f"{label} {_COLUMNS[c]}", sets[c]) for c in _COLUMNS]
        rows.append((label, *ids))
        for column in _COLUMNS:
            totals[column] += sets[column]
    ids = [_figure(figures, versions, f"T01.all.{c}", f"合计 {_COLUMNS[c]}", totals[c]) for c in _COLUMNS]
    rows.append(("合计", *ids))
    table = TableJson("T01", "记录总表", "件", ("表式", *_COLUMNS.values()), tuple(rows), _zero(totals["now"], period))
    basis = (
        f"按事件日期计入 {period.first} 至 {period.last} 的记录；作废、已销毁的不计",
        f"上期为{before.label}",
        f"不含密级高于{asked.secrecy_level}的记录",
    )
    return Prepared((table,), tuple(figures), basis)


_COLUMNS = {"now": "本期", "filed": "其中已归档", "before": "上期"}


def _within(tx: Transaction, asked: Asked, form_code: str, period: Period) -> Iterator[Record]:
    highest = secrecy_rank(asked.secrecy_level)
    for record in tx.records.find(form_code=form_code):
        if (
            record.state not in NOT_COUNTED
            and period.holds(record.date)
            and (not asked.branch or record.values.get(BRANCH_FIELD) == asked.branch)
            and secrecy_rank(str(record.values.get(LEVEL_FIELD) or "")) <= highest
        ):
            yield record


def _figure(
    figures: list[FigureJson], versions: Mapping[str, int], key: str, label: str, records: Iterable[Record]
) -> str:
    counted = tuple((r.record_no, versions.get(r.archive_no, 0), "1") for r in records)
    figures.append(FigureJson(key, label, str(len(counted)), str(len(counted)), "件", counted))
    return key


def _zero(records: list[Record], period: Period) -> tuple[str, ...]:
    return () if records else (f"{period.label}无记录",)
