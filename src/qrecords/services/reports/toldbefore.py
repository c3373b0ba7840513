"""What the approved documents of a period's months said, beside what the records say now (F.7)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from qrecords.model.document import Document
from qrecords.model.figures.reconcile import Difference, Part, Told, differences, reconciliation
from qrecords.model.figures.results import Figure, TableResult
from qrecords.model.formats import DocumentJson
from qrecords.model.period import Period, periods_of
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.reports.prepared import Asked
from qrecords.stores.register import Transaction


def told_before(office: Office, tx: Transaction, asked: Asked, form_code: str, now: Sequence[Figure]) -> TableResult:
    """Return table T19 of a half-year or year: totals that are not what its months said, and why.

    All its months must be approved: of some alone there is no sum.
    """
    period = asked.period
    months = [m for m in periods_of(period.year, "month", ()) if period.first <= m.first <= period.last]
    drawn = {d.period: d for d in tx.documents.all(form_code=form_code, year=period.year) if _told(d, asked)}
    there = {month: drawn[month.key] for month in months if month.key in drawn}
    missing = [month.label for month in months if month not in there]
    if missing:
        return reconciliation((), (), missing if there else ())
    parts = [_part(office, document, month, now) for month, document in there.items()]
    found = differences(parts, now, {}, {})
    changed = sorted({no for one in found for no, _ in one.records})
    if changed:
        found = _with_reasons(tx, parts, now, changed)
    return reconciliation(found, parts)


def _told(document: Document, asked: Asked) -> bool:
    same = (document.branch, document.milrep) == (asked.branch, asked.milrep)
    return same and document.version > 0 and bool(document.progress.approved_version)


def _part(office: Office, document: Document, month: Period, now: Sequence[Figure]) -> Part:
    held = office.archive.read_as(DocumentJson, document.object_id, document.progress.approved_version)
    wanted = {figure.id for figure in now}
    figures = {
        f.id: Told(Fraction(f.exact or 0), {number: Fraction(counts) for number, _, counts in held.records_of(f)})
        for f in held.figures
        if f.id in wanted
    }
    return Part(month.label, held.register_seq, figures, month.first, month.last)


def _with_reasons(
    tx: Transaction, parts: Sequence[Part], now: Sequence[Figure], changed: Sequence[str]
) -> list[Difference]:
    """Return the differences again, of the records behind them known when each was put in, and what was corrected."""
    records = {r.record_no: r for r in tx.records.many(changed)}
    created = {e.object: e.seq for e in tx.audit.of(changed) if e.action == Action.CREATE}
    return differences(parts, now, records, created)
