"""产品交付跟踪: the delivered units of the product list, each with its phases; as a file too."""

from __future__ import annotations

from starlette.responses import Response

from qrecords.model.lists import PRODUCTS
from qrecords.services.tracking import COLUMNS, TITLE, lines_of, tracking, tracking_file
from qrecords.web.asked import Asked, download

SHOWN = 500


def listed(asked: Asked) -> Response:
    """Show the delivered units, or those of entries with some words in them."""
    words = asked.query("q")
    found = tracking(asked.session, words)
    lines = lines_of(found)
    return asked.page(
        "tracking.html", words=words, found=found, columns=COLUMNS, lines=lines[:SHOWN],
        more=max(0, len(lines) - SHOWN), kind=PRODUCTS,
    )  # fmt: skip


def listed_file(asked: Asked) -> Response:
    """Give the delivered units as a file, as the command line writes it."""
    name = f"{TITLE}.{asked.path['kind']}"
    return download(name, tracking_file(tracking(asked.session, asked.query("q")), name))
