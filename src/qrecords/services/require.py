"""Which records a task owes, and whether a notice has them (QS/PA758A 5.5.5, 5.5.6, table 1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from qrecords.errors import Problem, WrongState
from qrecords.model.answer import named
from qrecords.model.record import STATE_LABELS, Action, Record, State
from qrecords.model.requirements import Required, required_records, task_of_notice
from qrecords.model.settlement import Alike, Debt, alike, settle
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.arrivals import ArrivalTold, told_arrival
from qrecords.services.reportlist import list_field, on_list

SUBMISSION = "report_submission"


@dataclass(frozen=True, slots=True)
class Owed:
    """A notice with what it owes, and the days it is to be handed in."""

    notice: Record
    debts: tuple[Debt, ...]
    records: tuple[Record, ...]
    target: date | None
    limit: date | None

    @property
    def missing(self) -> list[Debt]:
        """Return what is not there."""
        return [d for d in self.debts if d.missing]

    def is_late(self, on: date) -> bool:
        """Tell whether the day to hand everything in has passed and something is not handed in (5.5.6)."""
        done = self.notice.state in {State.SUBMITTED, State.REVIEWED, State.FILED, State.BOUND}
        return self.limit is not None and on > self.limit and (bool(self.missing) or not done)


def owed(office: Office, notice: Record) -> Owed:
    """Return what a notice owes, against the records that name it."""
    return owed_by(office, [notice])[notice.record_no]


def owed_by(office: Office, notices: Sequence[Record]) -> dict[str, Owed]:
    """Return what each of some notices owes, in few queries."""
    with office.register.read() as tx:
        beside = tx.records.beside("notice_no", [n.record_no for n in notices], office.forms.codes())
    return {n.record_no: _owed(office, n, named) for n, named in _named_by(notices, beside)}


def owes_something(office: Office, notices: Sequence[Record], records: Iterable[Record]) -> dict[str, bool]:
    """Tell of each of some notices whether a record it owes is missing among these."""
    training = office.forms.doing("training")
    known: dict[Alike, list[Required]] = {}  # notices of a few kinds come by the thousand
    found: dict[str, bool] = {}
    for notice, naming in _named_by(notices, records):
        if (required := known.get(like := alike(notice))) is None:
            required = known[like] = _required(office, notice)
        found[notice.record_no] = any(debt.missing for debt in settle(required, naming, training))
    return found


def _named_by(notices: Sequence[Record], records: Iterable[Record]) -> Iterator[tuple[Record, list[Record]]]:
    named: dict[str, list[Record]] = {n.record_no: [] for n in notices}
    for record in records:
        if record.notice_no in named and record.state is not State.VOID:
            named[record.notice_no].append(record)
    return ((n, named[n.record_no]) for n in notices)


def _debts(office: Office, notice: Record, records: Sequence[Record]) -> list[Debt]:
    return settle(_required(office, notice), records, office.forms.doing("training"))


def _required(office: Office, notice: Record) -> list[Required]:
    table = office.forms.procedure.requirements
    # The notice itself is there; what else table 1 asks is looked for.
    return [r for r in required_records(table, task_of_notice(notice.values)) if r.form_code != notice.form_code]


def _owed(office: Office, notice: Record, records: Sequence[Record]) -> Owed:
    debts = _debts(office, notice, records)
    target = limit = None
    if returned := notice.values.get("returned_on"):
        deadline, calendar = office.forms.procedure.deadlines[SUBMISSION], office.forms.procedure.calendar
        target = deadline.target_day(date.fromisoformat(returned), calendar)
        limit = deadline.limit_day(date.fromisoformat(returned), calendar)
    return Owed(notice, tuple(debts), tuple(records), target, limit)


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A record by its number, and how far it is."""

    record_no: str
    state: str
    state_label: str

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return a record as a line of a task."""
        return cls(record.record_no, record.state.value, STATE_LABELS[record.state])


@dataclass(frozen=True, slots=True)
class DebtShown:
    """One thing a task owes: how many of what, why, and the records that are there."""

    form_code: str | None
    alternatives: Sequence[str] = field(metadata=named("or"))
    document: str | None
    per: str
    product_model: str | None
    reason: str
    rule: str
    source: str
    count: int
    there: int
    missing: int
    late: bool
    holds_notice: bool
    records: Sequence[RecordLine]
    name: str


@dataclass(frozen=True, slots=True)
class Task:
    """A notice's task: what it owes, what is there, what is missing, what is late."""

    record_no: str
    state: str
    state_label: str
    customer_unit: str
    title: str
    due_on: str | None
    limit_on: str | None
    late: bool
    arrival: ArrivalTold
    missing: int
    required: Sequence[DebtShown]
    records: Sequence[RecordLine]


def show_task(office: Office, notice_no: str) -> Task:
    """Return a notice's task: what it owes, what is there, what is missing, what is late."""
    office.authorise(Action.READ, notice_no)
    notice = reading.one(office, notice_no)
    if Action.ISSUE.value not in office.forms.get(notice.form_code).form.steps:
        raise WrongState(
            f"{notice.record_no} 不是售后服务通知单", remedy=f"请写 {office.forms.newest_doing('notice')} 的编号"
        )
    found = owed(office, notice)
    late = found.is_late(date.fromisoformat(office.today()))
    shown = {r.record_no for r in office.only_readable(found.records)}
    return Task(
        record_no=notice.record_no,
        state=notice.state.value,
        state_label=STATE_LABELS[notice.state],
        customer_unit=notice.customer_unit,
        title=notice.title,
        due_on=found.target.isoformat() if found.target else None,
        limit_on=found.limit.isoformat() if found.limit else None,
        late=late,
        arrival=told_arrival(notice),
        missing=sum(d.missing for d in found.debts),
        required=[_debt(d, shown, late=late) for d in found.debts],
        records=[RecordLine.of(r) for r in found.records if r.record_no in shown],
    )


def _debt(debt: Debt, shown: Collection[str], *, late: bool) -> DebtShown:
    return DebtShown(
        form_code=debt.form_codes[0] if debt.form_codes else None,
        alternatives=list(debt.form_codes[1:]),
        document=debt.document or None,
        per=debt.per,
        product_model=debt.product_model or None,
        reason=debt.reason,
        rule=debt.rule,
        source=debt.source,
        count=debt.count,
        there=debt.found,
        missing=debt.missing,
        late=late and debt.missing > 0,
        holds_notice=debt.holds_notice,
        records=[RecordLine.of(r) for r in debt.records if r.record_no in shown],
        name=debt.name,
    )


# How many of what is owed a notice must show before it is filed, by how far the task was done.
NOTHING, SOME = "未完成", "部分"


def owing(office: Office, notice: Record, found: Owed | None = None) -> Iterator[Problem]:
    """Give what keeps a notice from being filed: records it owes, and listed ones not handed in (R20).

    `found` is what it owes, where that was asked for many together.
    """
    completion = notice.values.get("completion")
    found = found or owed(office, notice)
    for debt in found.debts:
        wanted = {NOTHING: 0, SOME: min(debt.count, 1)}.get(str(completion), debt.count)
        if debt.holds_notice and debt.found < wanted:
            how = f"应有{wanted}份（台），已提交{debt.found}"
            yield Problem(f"还缺 {debt.name}：{debt.reason}，{how}（QS/PA758A 5.5.5，{debt.rule}）", "reports")
    # The list is taken from the records when it is filed: what is not handed in keeps it.
    if field := list_field(office.forms.get(notice.form_code).form):
        for record in on_list(notice, field, found.records):
            if record.state is State.DRAFT:
                told = f"「{field.label}」上的 {record.record_no} 还没有提交，请先提交它（QS/PA758A 5.5.6）"
                yield Problem(told, field.key)
