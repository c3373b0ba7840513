"""The documents an office owes: periods that are over without one, and what is approved and not sent (5.7.3, 5.7.4).

A kind is owed from its first document on, for a branch from that branch's: before, the office did not make it. So is
one to each office of military representatives that looks after a part of the branch alone, but for the periods whose
whole was for it, before it was narrowed. The answer is for those who draw, sign or send it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from qrecords.advice import Sentence, advise
from qrecords.model.access import DocumentScope, secrecy_rank
from qrecords.model.deadlines import Deadline
from qrecords.model.document import Document, DocumentState, to_draw
from qrecords.model.period import Period, periods_of
from qrecords.model.record import Action
from qrecords.model.reportkind import DocumentSeries, ReportKind
from qrecords.office import Office
from qrecords.services.reports.kept import series_of

SEND = "report_send"
WORK = (Action.REPORT_DRAW, Action.REPORT_REVIEW, Action.REPORT_APPROVE, Action.REPORT_ISSUE)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A document to be drawn, signed or sent by a day, under a deadline's key."""

    key: str
    about: str
    limit: date
    detail: Sentence


def awaited_documents(office: Office, on: date) -> Iterator[Awaited]:
    """Give the documents owed on a day that the account may work on; an older deadlines.toml may not have theirs."""
    with office.register.read() as tx:
        there = [d for d in tx.documents.all() if d.state is not DocumentState.VOID]
    if not there:
        return
    series = series_of(office)
    for code, kind in series.kinds.items():
        form_code = series.form_code(code)
        for branch in series.branches_of(code) or ("",):
            of_kind = [d for d in there if d.form_code == form_code and d.branch == branch]
            for milrep in milreps_of(series, code, branch, of_kind) if of_kind else ():
                scope = DocumentScope(form_code, branch, secrecy_rank(kind.secrecy_level), milrep=milrep)
                if any(office.may_document(action, scope) for action in WORK):
                    yield from _missing(office, series, kind, of_kind, milrep, on)
                    yield from _not_sent(office, [d for d in of_kind if d.milrep == milrep])


def milreps_of(series: DocumentSeries, kind: str, branch: str, there: Sequence[Document]) -> list[str]:
    """Return whose documents of a kind and branch there are or should be: "" = the whole, then office by office."""
    return [*dict.fromkeys(["", *series.narrowed_to(kind, branch), *(d.milrep for d in there)])]


def is_owed(series: DocumentSeries, there: Sequence[Document], milrep: str, period: Period) -> bool:
    """Tell whether a branch's document of a period, of which there is none, is to be made, by those there are of it."""
    kind, branch = there[0].kind, there[0].branch
    if not milrep:
        return series.is_wanted(kind, branch, period)
    of_period = (d for d in there if d.period == period.key and d.state is not DocumentState.VOID)
    whole = any(milrep in d.recipients for d in of_period if not d.milrep)
    return milrep in series.narrowed_to(kind, branch) and not whole and series.is_wanted(kind, branch, period, milrep)


def _missing(
    office: Office, series: DocumentSeries, kind: ReportKind, there: Sequence[Document], milrep: str, on: date
) -> Iterator[Awaited]:
    by_period = {d.period: d for d in there if d.milrep == milrep}
    first = min(Period.read(d.period).last for d in there)
    for span in kind.periods:
        for year in range(int(first[:4]), on.year + 1):
            for period in periods_of(year, span, series.halves):
                drawn = by_period.get(period.key)
                done = drawn is not None and bool(drawn.progress.approved_version or drawn.version < 0)
                done = done or (drawn is None and not is_owed(series, there, milrep, period))
                if done or not first <= period.last < on.isoformat() or not (key := kind.due_of(period)):
                    continue
                deadline = office.forms.procedure.deadlines.get(key)
                if deadline and on >= (limit := _limit(office, deadline, period)) - timedelta(days=deadline.remind):
                    kept = there[0]
                    about = drawn.document_no if drawn else f"{kept.form_code} {period.key}{kept.branch}{milrep}"
                    step = to_draw(kept.kind, period.key, kept.branch, milrep)
                    detail = drawn.next_step if drawn else advise("还没有拟制：{}", step)
                    yield Awaited(key, about, limit, detail)


def _limit(office: Office, deadline: Deadline, period: Period) -> date:
    """Return the fixed day after a period's end: of the next month, or the next such day of a year."""
    calendar, last = office.forms.procedure.calendar, date.fromisoformat(period.last)
    if "-" not in deadline.month_day:
        after = last + timedelta(days=1)
        return deadline.day_of(after.year, calendar, after.month)
    return deadline.day_of(last.year + (deadline.month_day <= f"{last:%m-%d}"), calendar)


def _not_sent(office: Office, there: Sequence[Document]) -> Iterator[Awaited]:
    deadline = office.forms.procedure.deadlines.get(SEND)
    for document in there:
        if deadline and document.state is DocumentState.APPROVED:
            day = next(s.on for s in document.signatures if s.part == document.last)
            limit = deadline.limit_day(date.fromisoformat(day), office.forms.procedure.calendar)
            yield Awaited(SEND, document.document_no, limit, document.next_step)
