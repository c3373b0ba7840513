"""Find records: what is open and whose turn it is, one record whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from qrecords.errors import Problem
from qrecords.model.record import (
    ACTION_LABELS,
    STATE_LABELS,
    STEADY,
    Action,
    Record,
    State,
    open_actions,
)
from qrecords.office import Office
from qrecords.services import reading

if TYPE_CHECKING:
    from qrecords.model.form import Form
    from qrecords.stores.register.rows import ItemRow


def list_records(
    office: Office, *, form_code: str = "", states: Sequence[State] = (), year: int | None = None, month: str = ""
) -> list[dict[str, Any]]:
    """Return the records that fit, each with the steps open from its state and what is still missing."""
    office.authorise(Action.READ, "list")
    code = office.forms.full_code(form_code) if form_code else None
    with office.register.read() as tx:
        found = tx.records.find(form_code=code, states=states, year=year, month=month or None)
    return summaries(office, office.only_readable(found))


def summaries(
    office: Office, records: Sequence[Record], before: Mapping[str, Sequence[Problem]] | None = None
) -> list[dict[str, Any]]:
    """Return records as lists show them: where each stands, whose turn it is, what is still missing.

    `before` is what they lack, by number, where that is known already.
    """
    from qrecords.services.obstacles import named_before  # brings in the fonts, which other readings do without

    if before is None:
        before = named_before(office, records)
    return [_summary(office.forms.get(r.form_code).form, r, before[r.record_no]) for r in records]


def show(office: Office, record_no: str, *, history: bool = False) -> dict[str, Any]:
    """Return one record whole: values, signatures, where it is kept, and what it waits for."""
    return shown(office, reading.one(office, record_no), history=history)


def shown(office: Office, record: Record, *, history: bool = False) -> dict[str, Any]:
    """Return a record that was read just now as `show` does."""
    record_no = record.record_no
    form = office.forms.get(record.form_code).form
    from qrecords.services.checking import reminders  # brings in the fonts, which a start does without
    from qrecords.services.obstacles import obstacles_of

    ahead = obstacles_of(office, record)
    whole = asdict(record) | _summary(form, record, ahead.now)
    whole["later"] = [p.message for p in ahead.later]
    from qrecords.services.complaints import as_shown, standing_of

    whole["reminders"] = [p.message for p in reminders(office, form, record.values, own=record_no)]
    whole["complaint"] = as_shown(standing_of(office, record))
    whole["signature_labels"] = {s.kind: s.label for s in form.signatures}
    whole["labels"] = {f.key: f.label for f in form.fields}
    office.note([office.event(Action.READ, record.record_no)])  # nothing is read on screen without a trace
    with office.register.read() as tx:
        may = reading.whole(office, tx, [record.archive_no])
        item = tx.items.row(record.archive_no) if record.archive_no in may else None
        gone = next(iter(tx.retention.destroyed([record.archive_no])), None)
        whole["item"] = asdict(item) if item else None
        whole["destroyed"] = asdict(gone) if gone else None
        if history:
            whole["versions"] = _versions(office, item)
            whole["history"] = [_event(e) for e in tx.audit.events(record.record_no) if e.action != Action.READ]
    return whole


def _summary(form: Form, record: Record, missing: Sequence[Problem]) -> dict[str, Any]:
    steps = [a for a in open_actions(form, record.state) if a not in STEADY]
    forward = next((a for a in steps if a not in {Action.VOID, Action.RETURN, Action.BIND}), None)
    return {
        "record_no": record.record_no,
        "form_code": record.form_code,
        "form_title": form.title,
        "state": record.state.value,
        "state_label": STATE_LABELS[record.state],
        "date": record.date,
        "customer_unit": record.customer_unit,
        "title": record.title,
        "secrecy_level": str(record.values.get("secrecy_level") or ""),
        "archive_no": record.archive_no,
        "volume_code": record.volume_code,
        "next": forward.value if forward else None,
        "turn": _turn(form, record, forward) if forward else "",
        "missing": [p.message for p in missing],
    }


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


def _versions(office: Office, item: ItemRow | None) -> list[dict[str, Any]]:
    """Return every version an item was frozen in, the first too, and where its PDF can be read."""
    if item is None or item.version < 1:  # reserved, or destroyed
        return []
    object_id = item.object_id
    return [
        asdict(v) | {"pdf": str(office.archive.path(object_id, "form.pdf", v.number))}
        for v in office.archive.versions(object_id)
    ]


def _event(event: Any) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "at": event.at,
        "account": event.account,
        "action": event.action,
        "outcome": event.outcome,
        "detail": dict(event.detail),
    }
