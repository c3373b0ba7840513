"""The figures of a report: scope decided first, then records read in few queries, then tables (domain F.3–F.5)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from qrecords.model.access import SECRECY_LEVELS, secrecy_rank
from qrecords.model.deadlines import add_months
from qrecords.model.evaluation import (
    BOUND,
    CHECKED,
    Evaluation,
    Result,
    bound_in_time,
    cases_of,
    checked_quarters,
    evaluate,
    evaluation_table,
    unit_table,
)
from qrecords.model.figures.alarms import Answered, Answers, alarm_counts, alarm_table, alarms, answered
from qrecords.model.figures.arithmetic import Rounding
from qrecords.model.figures.drawing import Drawn, HowFar, Means, Read, draw, improvements
from qrecords.model.figures.facts import NOTHING
from qrecords.model.figures.results import Number, TableResult
from qrecords.model.figures.visits import KNOWN_MONTHS, Customers
from qrecords.model.form import Form
from qrecords.model.numbering import form_number, without_edition
from qrecords.model.period import Period
from qrecords.model.record import Action, Record
from qrecords.model.values import choice_key
from qrecords.office import Office
from qrecords.services.intake.lists import customers_listed, delivered_units
from qrecords.services.reports.byunit import results_by_unit
from qrecords.services.reports.scope import Of, customers_within, scoped
from qrecords.services.require import owes_something
from qrecords.settings import spans_of
from qrecords.stores.documentkinds import read_documents
from qrecords.stores.register import Transaction
from qrecords.stores.register.audit import Wanted
from qrecords.stores.retentionfile import read_complaint_kinds
from qrecords.stores.tablefiles import read_evaluation, read_regions, read_tables

# The days of a form's own records that put one into a figure, beside the day it is filed under.
_OTHER_DAYS = {"04": ("departed_on", "required_arrival", "returned_on", "submitted_on", "user_sign_date", "left_on")}
_CLOSED = {"02": "closed_on", "09": "delivered_on", "10": "closed_on"}
_SIGNED = ("05", "06", "07", "08")
# What is left open is carried on until it is answered, however long ago (T17).
_UNSOLVED: Mapping[str, Mapping[str, Collection[str]]] = {
    "04": {"open_issues": NOTHING, "completion": ("完成",)},
    "06": {"open_issues": NOTHING},
    "07": {"open_issues": NOTHING},
}
# Open until answered or valid for years, however long ago: all are read, they are few.
_WHOLE = ("01", "JH", "BJ", "RY", "GJ", "FX", "ZF")
ALARMS_COUNTED, SATISFACTION = "BB", "T13"  # the document that tells how many alarms there are, and where
EVALUATED, EVALUATION = "BB", "PJ"  # the document the evaluation stands in, and the tables it has to itself
_WRITTEN_BEFORE = timedelta(days=60)  # a notice is dated some days after the step that issues it, at most
NOTICE = "04"
_COMPARED = 13  # months to the period's end that trends and comparisons look at


@dataclass(frozen=True)
class Figures:
    """The tables of a document with its alarms, and the archive numbers of the records they name that are filed."""

    drawn: Drawn
    alarms: tuple[Answered, ...]
    filed: Mapping[str, str]


def figures_of(
    office: Office,
    tx: Transaction,
    kind: str,
    period: Period,
    *,
    branch: str = "",
    milrep: str = "",
    level: str = SECRECY_LEVELS[-1],
    said: Answers | None = None,
    progress: HowFar | None = None,
) -> Figures:
    """Return the tables of a kind of document, of one branch or all, of records up to a level (default: the highest).

    With `milrep` of what that office looks after in the branch alone.

    Whoever asks has decided on the scope before (F.3). `said` is what is answered to its alarms. InvalidInput names
    everything wrong in the definitions.
    """
    means = means_of(office)
    read = _read(office, tx, period, Of(branch, milrep), level)
    drawn = draw(kind, period, read, means, office.today(), progress=progress)
    kinds = read_documents(office.settings.forms_dir).kinds
    alarmed = kind in kinds and kinds[kind].alarms
    told = alarmed or kind == ALARMS_COUNTED
    found = answered(alarms(drawn.report, means.method), read.improved, said or Answers()) if told else ()
    if told:
        seqs = {r.record_no: r.seq for r in read.records}
        named = {no: seqs[no] for one in found for no in one.alarm.records}
        tables = (*drawn.tables, alarm_table(found)) if alarmed else _with_counts(drawn.tables, found)
        drawn = replace(drawn, tables=tables, records={**drawn.records, **named})
    if kind == EVALUATED and period.span != "month" and (office_own := read_evaluation(office.forms.beside)).on:
        beside = draw(EVALUATION, period, read, means, office.today())
        by_unit = results_by_unit(office_own, (EVALUATED, EVALUATION), period, read, means, office.today())
        drawn = _evaluated(drawn, beside, office_own, means.rounding, _of_office(office, tx, period), by_unit)
    filed = {r.record_no: r.archive_no for r in read.records if r.archive_no and r.record_no in drawn.records}
    return Figures(drawn, found if alarmed else (), filed)


def _with_counts(tables: Sequence[TableResult], found: Sequence[Answered]) -> tuple[TableResult, ...]:
    """Return a report's tables with how many alarms there are behind its satisfaction."""
    after = max((n for n, one in enumerate(tables, start=1) if one.id == SATISFACTION), default=0)
    return (*tables[:after], alarm_counts(found), *tables[after:]) if after else tuple(tables)


def _evaluated(
    drawn: Drawn,
    beside: Drawn,
    own: Evaluation,
    rounding: Rounding,
    of_office: dict[str, Number | None],
    by_unit: Mapping[str, Result],
) -> Drawn:
    """Return a report with its evaluation, and behind it what is listed for that alone; its figures stand nowhere."""
    figures = {f.id: f for one in (*drawn.tables, *beside.tables) for f in one.figures()}
    values = {key: figure.value for key, figure in figures.items()} | of_office
    result = evaluate(own, values.get, {key: cases_of(figure) for key, figure in figures.items()})
    lists = [one for one in beside.tables if one.rows and not [*one.figures()]]
    named = {no for one in lists for no in one.named()}
    records = {**drawn.records, **{no: seq for no, seq in beside.records.items() if no in named}}
    made = [evaluation_table(result, rounding), *([unit_table(by_unit, rounding)] if by_unit else [])]
    return replace(drawn, tables=(*drawn.tables, *made, *lists), records=records)


def _of_office(office: Office, tx: Transaction, period: Period) -> dict[str, Number | None]:
    """Return what the evaluation asks of the office itself: check lists of complaints, last year's volumes."""
    told = (e.detail for e in tx.audit.events("complaints") if e.outcome == "done" and e.detail.get("exported"))
    found: dict[str, Number | None] = {CHECKED: checked_quarters(period, [(d["since"], d["until"]) for d in told])}
    if binding := office.forms.deadlines.get("yearly_binding"):
        year = int(period.last[:4])
        limit = binding.day_of(year, office.forms.procedure.calendar).isoformat()
        made = [v.compiled_at[:10] for v in tx.items.volumes(year - 1) if v.version and not v.supplement]
        waiting = any(of == year - 1 for of, _ in tx.items.unbound(before=year))
        found[BOUND] = bound_in_time(made, limit, office.today(), waiting=waiting)
    return found


def means_of(office: Office) -> Means:
    """Return what the office says of its figures; InvalidInput names everything wrong in its definitions."""
    forms, settings = office.forms, office.settings.reports

    @cache  # asked for each column of each table, and for each record
    def editions(number: str) -> list[Form]:
        return [folder.form for folder in forms.numbered(number)]

    found = read_tables(forms.main, editions, forms.beside, forms.deadlines)
    return Means(
        form=cache(lambda code: forms.get(code).form),
        editions=editions,
        sets=found.sets,
        tables=found.tables,
        method=found.method,
        calendar=forms.procedure.calendar,
        deadlines=forms.deadlines,
        complaints=read_complaint_kinds(forms.main),
        regions=read_regions(forms.main),
        rounding=Rounding(settings.rounding),
        filed=settings.year_basis == "filed",
        refix_days=settings.refix_days,
        workday=spans_of(settings.workday),
        branches=read_documents(forms.main).branch_days,
    )


def _read(office: Office, tx: Transaction, period: Period, of: Of, level: str) -> Read:
    trend = period.last_months(_COMPARED)[0]  # of which only longer periods show the year before
    since = min(
        period.year_before.first,
        period.preceding.first,
        trend.first if period.span == "month" else trend.year_before.first,
    )
    codes = office.forms.counted_codes()
    customers = customers_within(office, of)
    visits_since = min(since, _months_before(period, Customers(customers).longest))
    found: list[Record] = []
    older: list[Record] = []
    for code in codes:
        number = form_number(code)
        if number in _WHOLE:
            found += tx.records.counted(code)
            continue
        days = _OTHER_DAYS.get(number, ("user_sign_date",) if number in _SIGNED else ())
        closed = (_CLOSED[number],) if number in _CLOSED else ()
        from_day = visits_since if number == NOTICE else since
        found += tx.records.counted(code, since=from_day, days=(*days, *closed))
        if left := _UNSOLVED.get(number):
            older += tx.records.saying(code, left, before=since)
    handed_in = _handed_in(tx, period)
    there = {r.record_no for r in found}
    found += (r for r in older if r.record_no not in there)
    there |= {r.record_no for r in older}
    if not customers and period.span != "month":  # without a list whoever was met is to be visited (L.1)
        met = tx.records.customers_since(_months_before(period, KNOWN_MONTHS), until=since)
        units = {choice_key(r.customer_unit) for r in found}
        numbers = [no for unit, form, _, no in met if form in codes and choice_key(unit) not in units]
        found += [r for r in tx.records.many(numbers) if r.record_no not in there]
        there |= {*numbers}
    # What was handed in long after its own day: few.
    found += [r for r in tx.records.many([no for no in handed_in if no not in there]) if r.form_code in codes]
    rank = secrecy_rank(level)
    within = [r for r in found if secrecy_rank(str(r.values.get("secrecy_level") or "")) <= rank]
    listed, delivered = customers_listed(office), delivered_units(office)
    scope = [*scoped(office, within, of, listed)]
    first_day, months = tx.records.months()
    spans = (period, period.preceding, period.year_before)  # those a summary sets side by side
    owes = owes_something(office, _back(office, scope, spans), found)
    issued, improved = _issued(tx, period), improvements(within)
    return Read(scope, first_day, months, owes, handed_in, issued, improved, listed, delivered, customers)


def _months_before(period: Period, months: int) -> str:
    """Return the day so many months before a period's last."""
    return add_months(date.fromisoformat(period.last), -months).isoformat()


def _back(office: Office, records: list[Record], spans: Sequence[Period]) -> list[Record]:
    """Return the notices whose people came back in some periods: what they owe is judged now."""
    notice = office.forms.doing("notice")
    return [
        r
        for r in records
        if without_edition(r.form_code) == notice
        and any(span.holds(str(r.values.get("returned_on") or "")) for span in spans)
    ]


def _handed_in(tx: Transaction, period: Period) -> dict[str, tuple[str, bool]]:
    """Return the records handed in during the period: on which day, and whether one was sent back in it."""

    def about(action: Action) -> dict[str, str]:
        wanted = Wanted(action=action.value, date_from=period.first, date_to=period.last)
        return {e.object: e.at[:10] for e in tx.audit.page(wanted, limit=None) if e.outcome == "done"}

    back = about(Action.RETURN)
    return {number: (day, number in back) for number, day in about(Action.SUBMIT).items()}


def _issued(tx: Transaction, period: Period) -> dict[str, tuple[str, ...]]:
    """Return how those a notice sends stood when it was issued, of those issued since some weeks before a period."""
    since = (date.fromisoformat(period.first) - _WRITTEN_BEFORE).isoformat()
    events = tx.audit.page(Wanted(action=Action.ISSUE.value, date_from=since), limit=None)
    return {e.object: tuple(staff) for e in events if e.outcome == "done" and (staff := e.detail.get("staff"))}
