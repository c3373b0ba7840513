"""What is drawn over a page when it is bound: its number in the corner, as the page is seen, whatever its rotation."""

from __future__ import annotations

from pypdf.generic import DictionaryObject

from qrecords.render.digits import ADVANCE, HEIGHT

POINTS_PER_MM = 72 / 25.4
FIGURE_SIZE = 11.0  # points
FROM_SIDE, FROM_EDGE = 10 * POINTS_PER_MM, 8 * POINTS_PER_MM  # inside the margin, clear of the forms' foot
_FIGURE_HEIGHT = FIGURE_SIZE * HEIGHT / 1000

Box = tuple[float, float, float, float]


def number_operators(page: DictionaryObject, font: str, number: str, *, left: bool, top: bool) -> str:
    """Return the drawing of a number in a corner of a page, marked as no part of its text."""
    wide, high = seen_size(page)
    length = len(number) * ADVANCE / 1000 * FIGURE_SIZE
    x = FROM_SIDE if left else wide - FROM_SIDE - length
    y = high - FROM_EDGE - _FIGURE_HEIGHT if top else FROM_EDGE
    text = f"BT {font} {FIGURE_SIZE:g} Tf {as_seen(page, x, y)} Tm ({number}) Tj ET"
    return f"/Artifact <</Type /Pagination>> BDC\nq 0 g 0 G {text} Q\nEMC\n"


def as_seen(page: DictionaryObject, x: float, y: float) -> str:
    """Return the matrix that puts its origin at (x, y) points from the lower left of a page as it is seen, upright."""
    x0, y0, x1, y1 = visible_box(page)
    wide, high = x1 - x0, y1 - y0
    matrix, at = {
        90: ("0 1 -1 0", (wide - y, x)),
        180: ("-1 0 0 -1", (wide - x, high - y)),
        270: ("0 -1 1 0", (y, high - x)),
    }.get(rotation(page), ("1 0 0 1", (x, y)))
    return f"{matrix} {x0 + at[0]:.3f} {y0 + at[1]:.3f}"


def seen_size(page: DictionaryObject) -> tuple[float, float]:
    """Return width and height of a page as it is seen, in points."""
    x0, y0, x1, y1 = visible_box(page)
    return (y1 - y0, x1 - x0) if rotation(page) in (90, 270) else (x1 - x0, y1 - y0)


def rotation(page: DictionaryObject) -> int:
    """Return by how many degrees a page is turned clockwise when it is seen."""
    return int(page.get("/Rotate", 0)) % 360


def visible_box(page: DictionaryObject) -> Box:
    """Return the box of a page that is seen: left, bottom, right, top."""
    box = [float(n) for n in page.get("/CropBox", page["/MediaBox"])]
    return min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])
