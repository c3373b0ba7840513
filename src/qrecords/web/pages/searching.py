"""检索: one field, hits as one types, facets to click, snippets with the words marked."""

from __future__ import annotations

from starlette.responses import Response

from qrecords.services.finding.search import Criteria, search
from qrecords.web.asked import Asked


def searching(asked: Asked) -> Response:
    """Show the hits of a query; the page's script asks for the list alone."""
    text, year = asked.query("q").strip(), asked.query("year")
    criteria = Criteria(form_code=asked.query("form"), year=int(year) if year.isdecimal() and len(year) == 4 else None)
    found = search(asked.session, text, criteria, limit=20, after=asked.query("after")) if text else None
    template = "hits.html" if asked.query("part") == "hits" else "search.html"
    return asked.page(
        template, found=found, text=text, form=asked.query("form"), year=year,
        forms=[folder.form for folder in asked.session.forms.all()],
    )  # fmt: skip
