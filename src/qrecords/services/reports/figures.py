"""The figures of a report: scope decided first, then records read in few queries, then tables (domain F.3–F.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qrecords.advice import Do, advise
from qrecords.errors import InvalidInput, NotPermitted
from qrecords.model.figures.alarms import Alarm, alarm_table, alarms
from qrecords.model.figures.arithmetic import Rounding
from qrecords.model.figures.drawing import Drawn, Means, Read, draw
from qrecords.model.figures.spans import Period, parse_report_period
from qrecords.model.form import Form
from qrecords.model.numbering import form_number, without_edition
from qrecords.model.record import Action, Record
from qrecords.model.volume import SECRECY_LEVELS, secrecy_rank
from qrecords.office import Office
from qrecords.services.require import owes_something
from qrecords.settings import spans_of
from qrecords.stores.register import Transaction
from qrecords.stores.register.audit import Wanted
from qrecords.stores.retentionfile import read_complaint_kinds
from qrecords.stores.tablefiles import read_tables

# The days of a form's own records that put one into a figure, beside the day it is filed under.
_OTHER_DAYS = {"04": ("departed_on", "required_arrival", "returned_on", "submitted_on", "user_sign_date", "left_on")}
_CLOSED = {"02": "closed_on", "09": "delivered_on", "10": "closed_on"}
_SIGNED = ("05", "06", "07", "08")
_WHOLE = ("01",)  # open until answered, however long ago: all are read, they are few
ALARMED = ("MY",)  # the kinds whose alarms are to be answered before they are approved (R115)
_COMPARED = 13  # months to the period's end that trends and comparisons look at


@dataclass(frozen=True)
class Figures:
    """The tables of a document with its alarms, and what they were computed for."""

    drawn: Drawn
    alarms: tuple[Alarm, ...]
    branch: str
    level: str


def tables(office: Office, kind: str, period: str, *, branch: str = "", level: str = "") -> Figures:
    """Return the tables of a kind of document, of one branch or all, of records up to a level (default: the highest).

    The scope is decided before a record is read (F.3): NotPermitted when the account may not read all of it, whether or
    not there are records in it. InvalidInput for what is no period, branch or level, and for wrong definitions.
    """
    try:
        span = parse_report_period(period)
    except ValueError as error:
        raise InvalidInput(str(error), remedy="请改正报告期") from None
    if level and level not in SECRECY_LEVELS:
        raise InvalidInput(f"没有密级「{level}」", remedy=f"可用：{'、'.join(SECRECY_LEVELS)}")
    if branch and branch not in (known := _branches(office)):
        raise InvalidInput(f"没有用户类别「{branch}」", remedy=f"可用：{'、'.join(known)}")
    office.authorise(Action.READ, "reports")
    highest = level or SECRECY_LEVELS[-1]
    _require_whole(office, branch, highest)
    with office.register.read() as tx:
        found = figures_of(office, tx, kind, span, branch=branch, level=highest)
    count = len(found.drawn.tables)
    office.note([office.event(Action.READ, "reports", kind=kind, period=span.code, branch=branch, tables=count)])
    return found


def figures_of(
    office: Office, tx: Transaction, kind: str, period: Period, *, branch: str = "", level: str = SECRECY_LEVELS[-1]
) -> Figures:
    """Return the same for a scope that was decided on already."""
    means = means_of(office)
    read = _read(office, tx, period, branch, level)
    drawn = draw(kind, period, read, means, office.today())
    found = alarms(drawn.report, means.method) if kind in ALARMED else ()
    if kind in ALARMED:
        seqs = {r.record_no: r.seq for r in read.records}
        named = {no: seqs[no] for alarm in found for no in alarm.records}
        drawn = replace(drawn, tables=(*drawn.tables, alarm_table(found)), records={**drawn.records, **named})
    return Figures(drawn, found, branch, level)


def means_of(office: Office) -> Means:
    """Return what the office says of its figures; InvalidInput names everything wrong in its definitions."""
    forms, settings = office.forms, office.settings.reports

    def editions(number: str) -> list[Form]:
        return [folder.form for folder in forms.editions(f"{forms.main.name}-{number}")]

    found = read_tables(forms.main, editions)
    return Means(
        form=lambda code: forms.get(code).form,
        editions=editions,
        sets=found.sets,
        tables=found.tables,
        method=found.method,
        calendar=forms.procedure.calendar,
        deadlines=forms.procedure.deadlines,
        complaints=read_complaint_kinds(forms.main),
        rounding=Rounding(settings.rounding),
        filed=settings.year_basis == "filed",
        refix_days=settings.refix_days,
        workday=spans_of(settings.workday),
    )


def _branches(office: Office) -> tuple[str, ...]:
    field = next((f for f in office.forms.block("customer") if f.key == "military_branch"), None)
    return field.choices if field else ()


def _require_whole(office: Office, branch: str, level: str) -> None:
    """Refuse who may not read the whole scope: smaller numbers under the same title would be wrong (F.3)."""
    scopes = office.readable()
    rank = secrecy_rank(level)
    tags = {f"branch:{branch}"} if branch else set()
    for scope in scopes or ():
        if (
            not scope.forms
            and not scope.units
            and not scope.states
            and (scope.max_secrecy is None or scope.max_secrecy >= rank)
            and all(tags.intersection(group) for group in scope.tags)
        ):
            return
    if scopes is None:
        return
    about = f"「{branch}」" if branch else "全中心"
    office.note([office.event(Action.READ, "reports", outcome="refused", branch=branch, level=level)])
    raise NotPermitted(
        f"账号 {office.account.name} 不能查阅{about}密级到「{level}」的全部记录，不能出这份报表",
        remedy=advise("请写明较低的密级或本人的用户类别，或请安全管理员授予（{}）", Do.GRANT),
    )


def _read(office: Office, tx: Transaction, period: Period, branch: str, level: str) -> Read:
    since = min(period.year_before.first, period.preceding.first, period.last_months(_COMPARED)[0].first)
    codes = [code for code in office.forms.codes() if code.startswith(f"{office.forms.main.name}-")]
    found: list[Record] = []
    for code in codes:
        number = form_number(code)
        if number in _WHOLE:
            found += tx.records.counted(code)
            continue
        days = _OTHER_DAYS.get(number, ("user_sign_date",) if number in _SIGNED else ())
        closed = (_CLOSED[number],) if number in _CLOSED else ()
        found += tx.records.counted(code, since=since, days=(*days, *closed))
    rank = secrecy_rank(level)
    scope = [
        r
        for r in found
        if secrecy_rank(str(r.values.get("secrecy_level") or "")) <= rank
        and (not branch or r.values.get("military_branch") == branch)
    ]
    first_day, months = tx.records.months()
    owes = owes_something(office, _back(office, scope, period), found)
    return Read(scope, first_day, months, owes, _handed_in(tx, period))


def _back(office: Office, records: list[Record], period: Period) -> list[Record]:
    """Return the notices whose people came back in the period: what they owe is judged now."""
    notice = office.forms.doing("notice")
    return [
        r
        for r in records
        if without_edition(r.form_code) == notice and period.holds(str(r.values.get("returned_on") or ""))
    ]


def _handed_in(tx: Transaction, period: Period) -> dict[str, tuple[str, bool]]:
    """Return the records handed in during the period: on which day, and whether one was sent back in it."""

    def about(action: Action) -> dict[str, str]:
        wanted = Wanted(action=action.value, date_from=period.first, date_to=period.last)
        return {e.object: e.at[:10] for e in tx.audit.page(wanted, limit=None) if e.outcome == "done"}

    back = about(Action.RETURN)
    return {number: (day, number in back) for number, day in about(Action.SUBMIT).items()}
