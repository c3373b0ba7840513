"""A hit on its paper: the page on which what was looked for stands, the words marked."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from qrecords.services import reading
from qrecords.services.finding.pages import PageShown, where_found, words_looked_for
from qrecords.web.asked import Asked
from qrecords.web.pages.records import paper_of


def page(asked: Asked) -> Response:
    """Show a page of a record's paper; without a number the first on which one of the words stands."""
    one, text = reading.one(asked.session, asked.path["number"]), asked.query("q").strip()
    shown = _shown(asked)
    others = [n for n in shown.found if n != shown.number]

    def address(number: int, kind: str = "page") -> str:
        return f"/records/{one.record_no}/{kind}?{urlencode({'q': text, 'page': number})}"

    return asked.page(
        "page.html", record=one, shown=shown, text=text, picture=address(shown.number, "page.png"),
        found=[(n, count, address(n)) for n, count in shown.found.items()],
        before=address(shown.number - 1) if shown.number > 1 else "",
        after=address(shown.number + 1) if shown.number < shown.pages else "",
        next_found=address(next((n for n in others if n > shown.number), others[0])) if others else "",
        elsewhere=where_found(asked.session, one.record_no, text) if shown.absent else "",
        back=f"/search?{urlencode({'q': text})}" if text else "",
    )  # fmt: skip


def picture(asked: Asked) -> Response:
    """Give the picture of the page."""
    return Response(_shown(asked).picture, media_type="image/png")


def _shown(asked: Asked) -> PageShown:
    number = asked.query("page")
    words = words_looked_for(asked.session, asked.query("q"))
    _, data = paper_of(asked, asked.path["number"])
    wanted = int(number) if number.isascii() and number.isdecimal() and len(number) < 6 else 0
    return asked.request.app.state.pictures.page(data, words, wanted)  # type: ignore[no-any-return]
