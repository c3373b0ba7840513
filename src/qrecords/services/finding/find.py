"""Find records: what is open and whose turn it is, one record whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Self

from qrecords.advice import Sentence
from qrecords.errors import Problem
from qrecords.model.answer import left_out, told
from qrecords.model.audit import Event
from qrecords.model.record import (
    ACTION_LABELS,
    OPEN_STATES,
    STATE_LABELS,
    STEADY,
    Action,
    Attached,
    Correction,
    Record,
    Signed,
    State,
    open_actions,
)
from qrecords.model.values import Values
from qrecords.office import Office
from qrecords.services import reading
from qrecords.stores.register.rows import ItemRow, Tombstone

if TYPE_CHECKING:
    from qrecords.model.complaints import Standing
    from qrecords.model.form import Form
    from qrecords.services.obstacles import Obstacles


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A record as lists show it: where it stands, whose turn it is, what is still missing."""

    record_no: str
    form_code: str
    form_title: str
    state: str
    state_label: str
    date: str
    customer_unit: str
    title: str
    secrecy_level: str
    archive_no: str
    volume_code: str
    next: str | None  # the action that takes it on
    turn: str
    missing: Sequence[Sentence]


@dataclass(frozen=True, slots=True)
class FrozenVersion:
    """A version an item was frozen in, and where its PDF can be read."""

    number: int
    created: str
    message: str
    user: str
    pdf: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a record's history."""

    seq: int
    at: str
    account: str
    action: str
    outcome: str
    detail: Mapping[str, object]

    @classmethod
    def of(cls, event: Event, withheld: Sequence[str] = ()) -> Self:
        """Return an event as it is shown; with something withheld, without the hashes: they tell short values."""
        hashes = {"values", "whole"} if withheld else set()
        detail = {key: value for key, value in event.detail.items() if key not in hashes}
        return cls(event.seq, event.at, event.account, event.action, event.outcome, detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Summary):
    """A record whole: all of `Record`, what it still waits for, and where it is kept.

    `versions` and `history` are told when they are asked for.
    """

    year: int
    values: Values
    created_at: str
    created_by: str
    opinion: str
    reviewed_on: str
    reviewed_by: str
    record_year: int | None
    reason: str
    notice_no: str
    paper_no: str
    seq: int
    signatures: Sequence[Signed]
    attached: Sequence[Attached]
    corrections: Sequence[Correction]
    later: Sequence[Sentence]
    reminders: Sequence[Sentence]
    complaint: Standing | None
    signature_labels: Mapping[str, str]
    labels: Mapping[str, str]
    item: ItemRow | None
    destroyed: Tombstone | None
    withheld: Mapping[str, str] | None = left_out()  # what the account does not see of it: labels by key or key.column
    versions: Sequence[FrozenVersion] | None = left_out()
    history: Sequence[Happened] | None = left_out()


_SUMMED_UP, _WHOLE = ({f.name for f in fields(kind)} for kind in (Summary, Shown))
_OF_RECORD = [f.name for f in fields(Record) if f.name in _WHOLE - _SUMMED_UP - {"withheld"}]


def list_records(
    office: Office, *, form_code: str = "", states: Sequence[State] = (), year: int | None = None, month: str = ""
) -> list[Summary]:
    """Return the records that fit, each with the steps open from its state and what is still missing."""
    office.authorise(Action.READ, "list")
    code = office.forms.full_code(form_code) if form_code else None
    with office.register.read() as tx:
        found = tx.records.find(form_code=code, states=states, year=year, month=month or None)
    return summaries(office, office.only_readable(found))


def summaries(
    office: Office, records: Sequence[Record], before: Mapping[str, Sequence[Problem]] | None = None
) -> list[Summary]:
    """Return records as lists show them: where each stands, whose turn it is, what is still missing.

    `before` is what they lack, by number, where that is known already.
    """
    from qrecords.services.obstacles import named_before  # brings in the fonts, which other readings do without

    if before is None:
        before = named_before(office, records)
    return [_summary(office.forms.get(r.form_code).form, r, before[r.record_no]) for r in records]


def show(office: Office, record_no: str, *, history: bool = False) -> Shown:
    """Return one record whole: values, signatures, where it is kept, and what it waits for."""
    return shown(office, reading.one(office, record_no), history=history)


def shown(office: Office, record: Record, *, history: bool = False, ahead: Obstacles | None = None) -> Shown:
    """Return a record that was read just now as `show` does; `ahead` is what stands before it, where that is known."""
    from qrecords.services.checking import reminders  # brings in the fonts, which a start does without
    from qrecords.services.complaints import standing_of
    from qrecords.services.obstacles import obstacles_of

    form = office.forms.get(record.form_code).form
    ahead = ahead or obstacles_of(office, record)
    reminded = [p.message for p in reminders(office, form, record.values, own=record.record_no)]
    with office.register.read() as tx:
        may = reading.whole(office, tx, [record.archive_no])
        item = tx.items.row(record.archive_no) if record.archive_no in may else None
        gone = tx.retention.destroyed([record.archive_no]) if record.state is State.DESTROYED else ()
        events = [*tx.audit.happened(record.record_no, Action.READ.value)] if history else []
    whole = Shown(
        **told(_summary(form, record, ahead.now)),
        **{name: getattr(record, name) for name in _OF_RECORD},
        later=[p.message for p in ahead.later],
        reminders=reminded,
        complaint=standing_of(office, record),
        signature_labels={s.kind: s.label for s in form.signatures},
        labels={f.key: f.label for f in form.fields},
        withheld={path: form.label(path) for path in record.withheld} or None,
        item=item,
        destroyed=next(iter(gone), None),
        versions=_versions(office, item) if history else None,
        history=[Happened.of(e, record.withheld) for e in events] if history else None,
    )
    office.note([office.event(Action.READ, record.record_no)])  # nothing is read on screen without a trace
    return whole


def _summary(form: Form, record: Record, missing: Sequence[Problem]) -> Summary:
    steps = [a for a in open_actions(form, record.state) if a not in STEADY]
    forward = next((a for a in steps if a not in {Action.VOID, Action.RETURN, Action.BIND}), None)
    return Summary(
        record_no=record.record_no,
        form_code=record.form_code,
        form_title=form.title,
        state=record.state.value,
        state_label=_state(form, record),
        date=record.date,
        customer_unit=record.customer_unit,
        title=record.title,
        secrecy_level=str(record.values.get("secrecy_level") or ""),
        archive_no=record.archive_no,
        volume_code=record.volume_code,
        next=forward.value if forward else None,
        turn=_turn(form, record, forward) if forward else "",
        missing=[p.message for p in missing],
    )


def _state(form: Form, record: Record) -> str:
    """Return what a record's state is called, with what it is until it is filed."""
    label = STATE_LABELS[record.state]
    return f"{label}（{form.until_filed}）" if form.until_filed and record.state in OPEN_STATES else label


def _turn(form: Form, record: Record, forward: Action) -> str:
    """Return whose turn it is: the hand of the first stage not complete, else who takes the next step."""
    step = form.steps.get(forward.value)
    for stage in form.stages:
        if step and stage.key in step.stages and form.incomplete(record.values, [stage.key]):
            return f"{stage.by or stage.label}：{stage.label}"
    takers = {
        Action.ISSUE: "签发人",
        Action.SUBMIT: "填写人",
        Action.REVIEW: "管理信息部主管",
        Action.FILE: "归档人",
    }
    return f"{takers[forward]}：{ACTION_LABELS[forward]}"


def _versions(office: Office, item: ItemRow | None) -> list[FrozenVersion]:
    """Return every version an item was frozen in, the first too, and where its PDF can be read."""
    if item is None or item.version < 1:  # reserved, or destroyed
        return []
    return [
        FrozenVersion(**asdict(v), pdf=office.archive.called(item.object_id, "form.pdf", v.number))
        for v in office.archive.versions(item.object_id)
    ]
