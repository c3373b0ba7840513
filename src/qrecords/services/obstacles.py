"""What still stands between a record and the archive: asked here by whatever names the next obstacle.

`list`, `show`, `submit`, `review`, `file` and the desk all ask the same, so that nothing is told first when it is late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from qrecords.errors import Problem
from qrecords.model.apart import UNIT
from qrecords.model.form import Form, root
from qrecords.model.record import Action, Record, State, missing_before, open_actions
from qrecords.office import Office
from qrecords.services.checking import conflicting, references
from qrecords.services.neighbours import Neighbours
from qrecords.services.reportlist import listed
from qrecords.services.require import Owed, owed_by, owing

# The steps of a record's way, in their order.
WAY = (Action.ISSUE, Action.SUBMIT, Action.REVIEW, Action.FILE)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What a record lacks before its next step, and what filing will ask beyond that."""

    action: Action | None  # the next step; None when the way is at its end
    now: tuple[Problem, ...] = ()
    later: tuple[Problem, ...] = ()


def obstacles_of(office: Office, record: Record) -> Obstacles:
    """Return what stands before a record; of other records only what the account may read is named."""
    form = office.forms.get(record.form_code).form
    action = next_step(form, record)
    if action is None:
        return Obstacles(None)
    record = listed(office, record).record  # as submitting or filing will list them
    now = _told(office, record, [*missing_before(form, record, action), *before_step(office, record, action)])
    return Obstacles(action, now, _told(office, record, _later(office, form, record, action, now)))


def _told(office: Office, record: Record, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems without those of fields that are another unit's: whether they are filled in is not told."""
    hidden = {place.key for place in office.unseen(record) if place.kind == UNIT}
    return tuple(p for p in problems if not hidden or root(p.field) not in hidden)


def next_step(form: Form, record: Record) -> Action | None:
    """Return the step that takes a record on; None when it is filed, void or destroyed."""
    ways = open_actions(form, record.state)
    return next((step for step in WAY if step in ways), None)


def _later(office: Office, form: Form, record: Record, action: Action, now: Sequence[Problem]) -> Iterable[Problem]:
    told = {p.message for p in now}
    for step in WAY[WAY.index(action) + 1 :]:
        asked = missing_before(form, record, step)
        # Other records count when their step comes: what they lack today may be there then. What a notice owes is told.
        asked += before_step(office, record, step) if step is Action.FILE and Action.ISSUE.value in form.steps else []
        for problem in asked:
            if problem.message not in told:
                told.add(problem.message)
                yield problem


def named_before(
    office: Office, records: Sequence[Record], owed: Mapping[str, Owed] | None = None
) -> dict[str, tuple[Problem, ...]]:
    """Return the next obstacles of many records, as a list names them, by number: what `obstacles_of` names `now`.

    `owed` is what notices owe, by number, where that is known already.
    """
    found: dict[str, tuple[Problem, ...]] = {r.record_no: () for r in records}
    for code, of_form in _by_form(records).items():
        form = office.forms.get(code).form
        around = Neighbours(office, form)
        around.look_up([record.values for record in of_form])
        steps = {record.record_no: next_step(form, record) for record in of_form}
        if Action.ISSUE.value not in form.steps:
            owing: Mapping[str, Owed] = {}
        elif owed is not None:
            owing = owed
        else:
            owing = owed_by(office, [r for r in of_form if steps[r.record_no] is Action.FILE])
        for record in of_form:
            if action := steps[record.record_no]:
                lacking = missing_before(form, record, action)
                lacking += before_step(office, record, action, around, owing.get(record.record_no))
                found[record.record_no] = _told(office, record, lacking)
    return found


def _by_form(records: Sequence[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record.form_code, []).append(record)
    return groups


def waiting_steps(office: Office, records: Sequence[Record]) -> Counter[str]:
    """Count open records by the step they are ready for; those that lack something first are counted as `lacking`."""
    lacking = named_before(office, records)
    steps = {r.record_no: next_step(office.forms.get(r.form_code).form, r) for r in records}
    counts = Counter("lacking" if lacking[no] else step.value for no, step in steps.items() if step)
    return Counter({key: counts[key] for key in (*(step.value for step in WAY), "lacking") if key in counts})


def before_step(
    office: Office, record: Record, action: Action, around: Neighbours | None = None, owed: Owed | None = None
) -> list[Problem]:
    """Return what keeps a record from a step because of other records; the record's own gaps are not told here.

    `around` is what was looked up for many records of its form together, `owed` what a notice owes.
    """
    form = office.forms.get(record.form_code).form
    found: list[Problem] = []
    if action in {Action.SUBMIT, Action.FILE}:
        around = around or Neighbours.of(office, form, record.values)
        found += references(office, form, record.values, around)
        if action is Action.SUBMIT:  # another process may have filled one beside it meanwhile
            found += conflicting(form, record.values, around, own=record.record_no)
    if action is Action.ISSUE:  # who is sent may have lost his qualification since it was filled
        around = around or Neighbours.of(office, form, record.values)
        found += conflicting(form, record.values, around, own=record.record_no)
    if action is Action.FILE and Action.ISSUE.value in form.steps:
        found += owing(office, record, owed)
    if action is Action.VOID:
        found += _depending(office, record)
    return [p.at(record.record_no, None) for p in found]


def _depending(office: Office, record: Record) -> Iterator[Problem]:
    """A notice other records stand on is not voided under them (R18)."""
    with office.register.read() as tx:
        standing = [r for r in tx.records.find(notice_no=record.record_no) if r.state is not State.VOID]
    if named := [r.record_no for r in office.only_readable(standing)]:
        yield Problem(f"还有记录写着这份通知单：{'、'.join(named[:10])}，请先作废或改正它们（QS/PA758A 5.5.4）")
    elif standing:
        yield Problem("这份通知单的事项还没有办完，不能作废；请管理信息部主管核对（QS/PA758A 5.5.4）")
