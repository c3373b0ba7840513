"""今日: what waits for whom, what is due, what is begun and not finished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from qrecords.model.document import DOCUMENT_NO
from qrecords.model.form import Form
from qrecords.model.numbering import RECORD_NO
from qrecords.model.record import Action
from qrecords.services.due import Due, due
from qrecords.services.finding.find import Summary
from qrecords.services.finding.waiting import waiting
from qrecords.services.intake.drafting import drafts
from qrecords.services.intake.registermonth import begun
from qrecords.services.scans.waiting import pages_without_place
from qrecords.stores.register.deskdrafts import LINES
from qrecords.web.asked import Asked
from qrecords.web.rendering import action_label

SHOWN = 100  # lines of one list; the rest is counted
# The steps that may be taken for many records at once, from a list.
AT_ONCE = {Action.ISSUE, Action.SUBMIT, Action.FILE}


def today(asked: Asked) -> Response:
    """Show the day: mine first, then what is due, then what waits for others."""
    if not asked.session.allows(Action.READ):  # the three administrators, who reads documents alone
        return asked.go("/reports" if asked.session.allows(Action.REPORT_READ) else "/office")
    # The lists hang on the account and on how the office stands, no more: they are worded once for both.
    lists = asked.session.kept(("today", asked.session.account), lambda: _lists(asked))
    return asked.page(
        "today.html", drafts=_drafts(asked), months=_months(asked), scans=pages_without_place(asked.session), **lists
    )


def _lists(asked: Asked) -> dict[str, Any]:
    pages = asked.request.app.state.pages
    found, late = waiting(asked.session), due(asked.session)
    groups = [
        {
            "action": action.value,
            "label": "登记签名" if action is Action.SIGN else action_label(action),  # as the record's page calls it
            "count": len(records),
            "rows": pages.rows("record_rows", records[:SHOWN], action in AT_ONCE),
            "more": max(0, len(records) - SHOWN),
            "at_once": action in AT_ONCE,
            "sheets": _sheets(asked, records) if action is Action.REVIEW else [],
        }
        for action, records in found.mine.items()
    ]
    return {
        "groups": groups,
        "others_rows": pages.rows("record_rows", found.others[:SHOWN]),
        "others_count": len(found.others),
        "others_more": max(0, len(found.others) - SHOWN),
        "due_rows": pages.rows("due_rows", [(d, seen_to(asked, d)) for d in late.due[:SHOWN]]),
        "due_count": len(late.due),
        "due_more": max(0, len(late.due) - SHOWN),
        "late": late.late,
        "unknown_years": late.unknown_years,
    }


def seen_to(asked: Asked, one: Due) -> str:
    """Return where something due is seen to: a record, a year of the shelf, a form to be filled, a document."""
    if RECORD_NO.match(one.about):
        return f"/records/{one.about}"
    if one.key == "yearly_binding":
        return f"/shelf/{one.about[-5:-1]}"
    if asked.session.forms.deadlines[one.key].form:
        return "/fill"
    return f"/reports/{one.about}" if DOCUMENT_NO.match(one.about) else "/reports"


def _sheets(asked: Asked, records: Sequence[Summary]) -> list[tuple[Form, int]]:
    """Return the registers more than one row of which waits, with how many."""
    counted = Counter(r.form_code for r in records)
    forms = [(asked.session.forms.get(code).form, n) for code, n in sorted(counted.items()) if n > 1]
    return [(form, n) for form, n in forms if form.is_register]


def _drafts(asked: Asked) -> list[dict[str, Any]]:
    forms = asked.session.forms
    return [
        {
            "key": d.key,
            "saved_at": d.saved_at,
            "record_no": d.record_no,
            "form": forms.get(d.form_code).form,
            "about": str(d.values.get("customer_unit") or ""),
        }
        for d in drafts(asked.session)
    ]


def _months(asked: Asked) -> list[dict[str, Any]]:
    forms = asked.session.forms
    return [
        {
            "form": forms.get(d.form_code).form,
            "month": d.month,
            "lines": len(d.values[LINES]),
            "saved_at": d.saved_at,
        }
        for d in begun(asked.session)
    ]
