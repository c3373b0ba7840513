"""审查: the queue one after the other, each with its page, its warnings and what changed since it was returned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from starlette.responses import Response

from qrecords.errors import UsageError
from qrecords.model.field import BOXES
from qrecords.model.form import Form
from qrecords.model.record import Action, State
from qrecords.services.finding.beforereview import changed_since_return, near
from qrecords.services.finding.find import Happened, list_records, show
from qrecords.services.finding.waiting import rows_to_review
from qrecords.services.intake.known import value_told
from qrecords.web.asked import Asked

SHOWN = 200  # rows looked at together; those after them come when these are done


def queue(asked: Asked) -> Response:
    """Show the record to be reviewed, the first of the queue or the one named, and where the queue goes on.

    `held` are those the page has passed and may still take back: they are not asked for again.
    """
    held = {*asked.request.query_params.getlist("held")}
    waiting = list_records(asked.session, states=(State.SUBMITTED,))
    numbers = [r.record_no for r in waiting if r.record_no not in held]
    wanted = asked.query("number")
    if not numbers:
        return asked.page("review_empty.html")
    here = numbers.index(wanted) if wanted in numbers else 0
    shown = show(asked.session, numbers[here], history=True)
    form = asked.session.forms.get(shown.form_code).form
    may = {a.value for a in (Action.REVIEW, Action.RETURN) if asked.session.allows(a)}
    rows = sum(r.form_code == form.code and r.record_no in numbers for r in waiting) if form.is_register else 0
    return asked.page(
        "review.html", record=shown, form=form, fields=[f for f in form.fields if f.type not in BOXES],
        place=here + 1, total=len(numbers), rows=rows,
        following=numbers[(here + 1) % len(numbers)], before=numbers[here - 1],
        today=asked.session.today(), may=may,
        changed=_changed(asked, shown.history or (), shown.record_no, form) if shown.reason else [],
        near=near(asked.session, shown.record_no),
    )  # fmt: skip


def _changed(asked: Asked, history: Sequence[Happened], number: str, form: Form) -> list[tuple[str, str, str, str]]:
    """Return what was changed since the record was last returned: key, label, old and new value."""
    found = changed_since_return(asked.session, number)
    if found is None:  # what it said then is not known; the log knows which fields were written
        return [(key, label, "（没有留下）", "见下面") for key, label in _written_since(history, form)]
    return [(d.field, d.label, value_told(form, d, d.old), value_told(form, d, d.new)) for d in found]


def _written_since(history: Sequence[Happened], form: Form) -> list[tuple[str, str]]:
    """Return the fields written since the record was last returned, key and label; the log has no values."""
    returned = [n for n, e in enumerate(history) if e.action == Action.RETURN.value and e.outcome == "done"]
    later = history[returned[-1] :] if returned else []
    keys = {key for e in later if e.action == Action.UPDATE.value for key in _written(e)}
    return [(f.key, f.label) for f in form.fields if f.key in keys]


def _written(event: Happened) -> Collection[str]:
    values = event.detail.get("values")
    return values if isinstance(values, Mapping) else ()


def rows(asked: Asked) -> Response:
    """Show the rows of a register that wait, whole, to be passed or returned together."""
    form = asked.session.forms.get(asked.path["form"]).form
    if not form.is_register:
        raise UsageError(f"「{form.title}」不是登记簿，要一份一份审查", remedy="请在「审查」里办")
    held = {*asked.request.query_params.getlist("held")}
    waiting, more = rows_to_review(asked.session, form.code, SHOWN + len(held))
    waiting = [r for r in waiting if r.record_no not in held]
    return asked.page(
        "review_rows.html", form=form, fields=[f for f in form.fields if f.type not in BOXES], rows=waiting[:SHOWN],
        more=more + max(0, len(waiting) - SHOWN), today=asked.session.today(),
    )  # fmt: skip
