"""更正: a filed record with all its fields, lists too; what is typed otherwise is corrected, with one reason."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from typing import Any

from starlette.responses import Response

from qrecords.errors import InvalidInput, WrongState
from qrecords.model.field import FieldType
from qrecords.model.record import Record
from qrecords.services.correct import correct, correctable
from qrecords.services.intake import drafting
from qrecords.services.intake.asking import columns_of
from qrecords.stores.given import GivenFile
from qrecords.web.asked import Asked, typed
from qrecords.web.pages.filling import offered_lists, sections_of
from qrecords.web.wording import worded


def form(asked: Asked) -> Response:
    """Show a filed record's fields as they stand, to be written over."""
    one = correctable(asked.session, asked.path["number"])
    return _page(asked, one, drafting.as_typed(one))


def corrected(asked: Asked) -> Response:
    """Correct what was typed otherwise; everything wrong is told at its field, and what was typed stays."""
    one = correctable(asked.session, asked.path["number"])
    form = asked.session.forms.get(one.form_code).form
    said = typed(
        asked.sent,
        frozenset(f.key for f in form.input_fields if f.type is FieldType.MULTI),
        frozenset(f.key for f in form.input_fields if f.type is FieldType.ROWS),
    )
    if asked.text("seq") != str(one.seq):
        raise WrongState(f"{one.record_no} 刚被别人改过，没有更正", remedy="请看过现在的内容，再更正")
    # What the page did not ask for stays; what it asked for and is not sent was unticked.
    asked_for = {*asked.texts("asked")} & {f.key for f in form.input_fields}
    values = {k: v for k, v in drafting.as_typed(one).items() if k not in asked_for}
    values |= {key: said[key] for key in asked_for & said.keys()}
    entry = drafting.written_over(form, one, values, date.fromisoformat(asked.session.today()))
    try:
        source = GivenFile("更正.json", json.dumps(entry, ensure_ascii=False).encode())
        done = correct(asked.session, one.record_no, source, reason=asked.text("reason"))
    except InvalidInput as error:
        return _page(asked, one, values, 422, error)
    fields = "、".join(f"「{form.label(key)}」" for key in done.corrections[-1].changes)
    return asked.go(f"/records/{done.record_no}", f"已更正{fields}，原来的一版留着")


def _page(
    asked: Asked, one: Record, values: dict[str, Any], status: int = 200, wrong: InvalidInput | None = None
) -> Response:
    form = asked.session.forms.get(one.form_code).form
    told: dict[str, list[str]] = defaultdict(list)
    for problem in wrong.problems if wrong else ():
        told[drafting.problem_field(problem)].append(worded(problem.message))
    elsewhere = [message for key, messages in told.items() if key not in form.by_key for message in messages]
    return asked.page(
        "correct.html", status, record=one, form=form, values=values, seq=one.seq, reason=asked.text("reason"),
        sections=[*sections_of(form, {f.key for f in form.input_fields})], columns=columns_of,
        lists=offered_lists(asked, form), wrong=wrong, told=told, elsewhere=elsewhere,
    )  # fmt: skip
