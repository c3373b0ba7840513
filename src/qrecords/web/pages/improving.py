"""改进线索: what may become an item of improvement; an item is begun with one of them."""

from __future__ import annotations

from starlette.responses import Response

from qrecords.services.alike import item_form
from qrecords.services.improving import begun_with, candidates, may_offer
from qrecords.services.intake import drafting
from qrecords.web.asked import Asked

SHOWN = 200


def offered(asked: Asked) -> Response:
    """Show what is offered, each with the records it rests on."""
    found = candidates(asked.session)
    more = max(0, len(found.candidates) - SHOWN)
    may = may_offer(asked.session, item_form(asked.session))
    return asked.page("improve.html", since=found.since, candidates=found.candidates[:SHOWN], more=more, may=may)


def begin(asked: Asked) -> Response:
    """Begin an item of improvement with one."""
    values = begun_with(asked.session, asked.text("key"))
    return asked.go(f"/drafts/{drafting.begin(asked.session, item_form(asked.session).code, values).key}")
