"""What is due, what is late, and whose it is (QS/PA758A 5.5.6 and the other clauses of deadlines.toml)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from qrecords.advice import Do, Sentence, advise
from qrecords.errors import Problem
from qrecords.model.complaints import awaits_quality, receipt_of
from qrecords.model.deadlines import Calendar, Deadlines
from qrecords.model.numbering import without_edition
from qrecords.model.record import DOINGS, Action, Record, State
from qrecords.office import Office
from qrecords.services.complaints import standing_of
from qrecords.services.duerows import waiting
from qrecords.services.intake.lists import customers_mark
from qrecords.services.obstacles import next_step
from qrecords.services.reports.awaited import awaited_documents
from qrecords.services.require import owed
from qrecords.services.underway import lacking, owed_under_way, under_way

# What series.toml calls the forms these rules speak of.
NOTICE, INFORMATION, RECEIPT, RELATED_REPORT = "notice", "information", "receipt", "service-information"
RELATED_UNIT, QUALITY, DRAFTERS = "相关单位", "质量部", "管理信息部"
# The fields that name who has a row of a register in hand, in the order they are looked at.
HANDS = ("resp_person", "answered_by", "handled_by", "received_by")


@dataclass(frozen=True, slots=True)
class Due:
    """One thing due: by when it should be done, from when on it is late, and who has it in hand."""

    key: str
    label: str
    rule: str
    about: str
    who: str
    due_on: str
    limit_on: str
    late: bool
    days_left: int
    detail: Sentence = ""
    next: Sentence = ""  # what the record lacks before its next step, or that step


@dataclass(frozen=True, slots=True)
class DueList:
    """What is due on a day, the latest first, and how many of it are late.

    `unknown_years`: years met whose holidays holidays.csv does not have; there only weekends count as days of rest.
    """

    on: str
    due: Sequence[Due]
    late: int
    unknown_years: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Desk:
    """A day's look at the office."""

    office: Office
    on: date
    records: tuple[Record, ...]

    @property
    def calendar(self) -> Calendar:
        return self.office.forms.procedure.calendar

    @property
    def deadlines(self) -> Deadlines:
        """The office's deadlines: an older deadlines.toml, or another procedure's, may not have one."""
        return self.office.forms.deadlines

    def of(self, task: str) -> Iterator[Record]:
        """Give the records of the form that does a task of the procedure."""
        form = self.office.forms.doing(task)
        return (r for r in self.records if form and without_edition(r.form_code) == form)

    def entry(self, key: str, start: date, about: str, who: str, detail: Sentence = "") -> Iterator[Due]:
        """Give what is due some days after a start, where the office's deadlines have this one."""
        if deadline := self.deadlines.get(key):
            target, limit = (f(start, self.calendar) for f in (deadline.target_day, deadline.limit_day))
            yield self.on_day(key, target, limit, about, who, detail)

    def on_day(self, key: str, target: date, limit: date, about: str, who: str, detail: Sentence = "") -> Due:
        deadline = self.deadlines[key]
        return Due(
            key, deadline.label, deadline.rule, about, who, target.isoformat(), limit.isoformat(),
            self.on > limit, (limit - self.on).days, detail,
        )  # fmt: skip


def due(office: Office, *, on: str = "") -> DueList:
    """Return what is due on a day, today when none is given; only of records one may read."""
    office.authorise(Action.READ, "due")
    day = date.fromisoformat(on or office.today())
    key = ("due", office.reach(), day, customers_mark(office))
    found = office.kept(key, lambda: _due(office, day))
    return _with_documents(office, found, day)


def _with_documents(office: Office, found: DueList, day: date) -> DueList:
    """Return the list with the documents owed, which change without a record (R98, R103)."""
    desk = _Desk(office, day, ())
    owed_now = [
        desk.on_day(a.key, a.limit, a.limit, a.about, DRAFTERS, a.detail) for a in awaited_documents(office, day)
    ]
    if not owed_now:
        return found
    together = sorted([*found.due, *owed_now], key=_in_order)
    return replace(found, due=together, late=sum(d.late for d in together))


def _in_order(one: Due) -> tuple[str, str, str]:
    return one.limit_on, one.key, one.about


def _due(office: Office, day: date) -> DueList:
    desk = _Desk(office, day, under_way(office))
    found = [
        *_on_the_way(desk),
        *_notices(desk),
        *_registers(desk),
        *_information(desk),
        *_quality(desk),
        *_property(desk),
    ]
    found += _binding(desk)
    found += [desk.on_day(w.key, w.target, w.limit, w.about, w.who, w.detail) for w in waiting(office, day)]
    found.sort(key=_in_order)
    before, on_their_way = lacking(office), {r.record_no: r for r in desk.records}
    found = [replace(d, next=_next(office, on_their_way.get(d.about), before.get(d.about, ()))) for d in found]
    years = {int(d.limit_on[:4]) for d in found} | {day.year}
    return DueList(day.isoformat(), found, sum(d.late for d in found), sorted(years - desk.calendar.years()))


def _next(office: Office, record: Record | None, problems: Sequence[Problem]) -> Sentence:
    """Return what a record lacks before its next step, or the step itself; nothing of what is no record on its way."""
    if problems:
        return advise("{}{}", problems[0].message, f"（共{len(problems)}处）" if len(problems) > 1 else "")
    step = next_step(office.forms.get(record.form_code).form, record) if record else None
    return advise("接着办：{}", DOINGS[step](record.record_no)) if record and step else ""


def _notices(desk: _Desk) -> Iterator[Due]:
    """Notices whose people are back: reports with the notice in days (R23), of related units by month (R25, R27)."""
    debts = owed_under_way(desk.office)
    for notice in desk.of(NOTICE):
        returned = notice.values.get("returned_on")
        if not returned or date.fromisoformat(returned) > desk.on:
            continue
        start, found = date.fromisoformat(returned), debts.get(notice.record_no) or owed(desk.office, notice)
        missing = [d.name for d in found.missing if d.holds_notice]
        handed_in = notice.state in {State.SUBMITTED, State.REVIEWED}
        detail = "还缺 " + "、".join(missing) if missing else ""
        related = notice.values.get("performed_by") == RELATED_UNIT
        if missing or not handed_in:
            if related:
                unit = str(notice.values.get("performing_unit") or RELATED_UNIT)
                if limit := _month_after(desk, start):
                    yield desk.on_day("related_unit_filing", limit, limit, notice.record_no, unit, detail)
            else:
                yield from desk.entry("report_submission", start, notice.record_no, _leader(notice), detail)
        report = desk.office.forms.doing(RELATED_REPORT)
        if related and any(map(report.__eq__, (without_edition(c) for d in found.missing for c in d.form_codes[:1]))):
            unit = str(notice.values.get("performing_unit") or RELATED_UNIT)
            yield from desk.entry("related_unit_information", start, notice.record_no, unit)


def _on_the_way(desk: _Desk) -> Iterator[Due]:
    """Notices issued whose people are not there by the day asked for, or not done by the day planned (R19)."""
    for notice in desk.of(NOTICE):
        if notice.state is not State.ISSUED:
            continue
        values = notice.values
        if not values.get("arrived_on"):
            yield from _awaited(desk, "arrival", notice, "required_arrival")
        elif not any(values.get(key) for key in ("left_on", "returned_on")):
            yield from _awaited(desk, "service_finish", notice, "planned_finish")


def _awaited(desk: _Desk, key: str, notice: Record, field: str) -> Iterator[Due]:
    """Give an entry from some days before a day the notice names; an older deadlines.toml may not have it."""
    deadline = desk.deadlines.get(key)
    if deadline is None or not (day := notice.values.get(field)):
        return
    limit = date.fromisoformat(day)
    if desk.on >= limit - timedelta(days=deadline.remind):
        detail = "、".join(
            str(notice.values.get(k) or "") for k in ("customer_unit", "service_site") if notice.values.get(k)
        )
        yield desk.on_day(key, limit, limit, notice.record_no, _leader(notice), detail)


def _month_after(desk: _Desk, start: date) -> date | None:
    following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    deadline = desk.deadlines.get("related_unit_filing")
    return deadline.day_of(following.year, desk.calendar, following.month) if deadline else None


def _leader(notice: Record) -> str:
    staff = notice.values.get("staff") or [{}]
    return str(next((p for p in staff if p.get("is_leader")), staff[0]).get("name") or "服务人员")


def _registers(desk: _Desk) -> Iterator[Due]:
    """Calls, faxes, letters without a result stay open and are listed (R5)."""
    for record in desk.records:
        form = desk.office.forms.get(record.form_code).form
        step = form.steps.get(Action.SUBMIT.value)
        if form.is_register and step and form.incomplete(record.values, step.stages):
            yield from desk.entry("open_result", date.fromisoformat(record.date), record.record_no, _hand(record))


def _hand(record: Record) -> str:
    return next((str(record.values[key]) for key in HANDS if record.values.get(key)), "登记员")


def _information(desk: _Desk) -> Iterator[Due]:
    """User information: answered by the day asked for (R43); what is grave is dealt with at once (R12)."""
    for record in desk.of(INFORMATION):
        who = str(record.values.get("resp_person") or record.values.get("received_by") or "主管")
        asked = record.values.get("due_date")
        deadline = desk.deadlines.get("information_due")
        if asked and deadline and not record.values.get("replied_at"):
            limit = date.fromisoformat(asked)
            if desk.on >= limit - timedelta(days=deadline.remind):
                yield desk.on_day("information_due", limit, limit, record.record_no, who, _open_days(desk, record))
        if record.values.get("severity") == "重大" and not record.values.get("handled_on"):
            yield from desk.entry("major_information", date.fromisoformat(record.date), record.record_no, who)


def _open_days(desk: _Desk, record: Record) -> str:
    where = standing_of(desk.office, record, desk.on.isoformat())
    return f"投诉，未办结，已{where.days}天" if where and where.open else ""


def _quality(desk: _Desk) -> Iterator[Due]:
    """Quality information: handed to the quality department, and its result back from there (R44)."""
    for record in (*desk.of(INFORMATION), *desk.of(RELATED_REPORT)):
        if not awaits_quality(record):
            continue
        if received := receipt_of(record):
            detail = f"{received} 已移交，还没有处理结果"
            yield from desk.entry("quality_result", date.fromisoformat(received), record.record_no, QUALITY, detail)
        else:
            who = str(record.values.get("received_by") or record.values.get("reported_by") or "登记员")
            handover = advise("还没有移交：{}", Do.FEEDBACK(record.record_no))
            yield from desk.entry("quality_handover", date.fromisoformat(record.date), record.record_no, who, handover)


def _property(desk: _Desk) -> Iterator[Due]:
    """What customers sent in is theirs until it is settled (R47)."""
    for record in desk.of(RECEIPT):
        if record.values.get("item_type") in {"返修产品", "备件"} and not record.values.get("closed_on"):
            what = " ".join(str(record.values.get(k) or "") for k in ("product_model", "serial_no")).strip()
            start, detail = date.fromisoformat(record.date), f"顾客财产 {what}".strip()
            yield from desk.entry("customer_property", start, record.record_no, _hand(record), detail)


def _binding(desk: _Desk) -> Iterator[Due]:
    """Years that are over and not bound yet (R8, R26)."""
    deadline = desk.deadlines.get("yearly_binding")
    if deadline is None:
        return
    with desk.office.register.read() as tx:
        waiting = tx.items.unbound(before=desk.on.year)
    for (year, form_code), count in waiting.items():
        limit = deadline.day_of(year + 1, desk.calendar)
        if desk.on >= limit - timedelta(days=deadline.remind):
            about = f"{form_code} {year}年"
            yield desk.on_day("yearly_binding", limit, limit, about, "归档人", f"{count}件没有成册")
