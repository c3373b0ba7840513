"""审查: the queue one after the other, each with its page, its warnings and what changed since it was returned."""

from __future__ import annotations

from starlette.responses import Response

from qrecords.model.field import BOXES
from qrecords.model.record import State
from qrecords.services.finding.find import list_records, show
from qrecords.web.asked import Asked


def queue(asked: Asked) -> Response:
    """Show the record to be reviewed, the first of the queue or the one named, and where the queue goes on.

    `held` are those the page has passed and may still take back: they are not asked for again.
    """
    held = {*asked.request.query_params.getlist("held")}
    waiting = list_records(asked.session, states=(State.SUBMITTED,))
    numbers = [r["record_no"] for r in waiting if r["record_no"] not in held]
    wanted = asked.query("number")
    if not numbers:
        return asked.page("review_empty.html")
    here = numbers.index(wanted) if wanted in numbers else 0
    shown = show(asked.session, numbers[here], history=True)
    form = asked.session.forms.get(shown["form_code"]).form
    rows = [r for r in waiting if r["form_code"] == form.code and r["record_no"] in numbers] if form.is_register else []
    return asked.page(
        "review.html", record=shown, form=form, fields=[f for f in form.fields if f.type not in BOXES],
        place=here + 1, total=len(numbers), rows=rows,
        following=numbers[(here + 1) % len(numbers)], before=numbers[here - 1],
        today=asked.session.today(), stages={s.key: s.label for s in form.stages},
    )  # fmt: skip
