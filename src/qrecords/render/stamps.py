"""What is drawn over a page when it is bound, upright as the page is seen, whatever its rotation.

Its number in the corner; on an item's first page the archive stamp (归档章), whose frame and words are a drawing shared
by a series, while its figures, the item's number and its pages, are its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from pypdf.generic import DictionaryObject

from qrecords.render.digits import ADVANCE, HEIGHT

POINTS_PER_MM = 72 / 25.4
FIGURE_SIZE = 11.0  # points
FROM_SIDE, FROM_EDGE = 10 * POINTS_PER_MM, 8 * POINTS_PER_MM  # inside the margin, clear of the forms' foot
_FIGURE_HEIGHT = FIGURE_SIZE * HEIGHT / 1000

STAMP_WIDE, STAMP_HIGH = 42.0, 16.1  # millimetres; the template's page is drawn as large as this (DA/T 22-2015)
_CELL_MIDDLE = 34.6  # of the third column, from the left
_BASELINES = (7.2, 14.5)  # of its two rows, from the top
_STAMP_FIGURES = 7.5  # points

Box = tuple[float, float, float, float]


def number_operators(page: DictionaryObject, font: str, number: str, *, left: bool, top: bool) -> str:
    """Return the drawing of a number in a corner of a page, marked as no part of its text."""
    wide, high = seen_size(page)
    length = len(number) * ADVANCE / 1000 * FIGURE_SIZE
    x = FROM_SIDE if left else wide - FROM_SIDE - length
    y = high - FROM_EDGE - _FIGURE_HEIGHT if top else FROM_EDGE
    text = f"BT {font} {FIGURE_SIZE:g} Tf {as_seen(page, x, y)} Tm ({number}) Tj ET"
    return f"/Artifact <</Type /Pagination>> BDC\nq 0 g 0 G {text} Q\nEMC\n"


def stamp_operators(at: str, scale: float, frame: str, font: str, figures: Sequence[str]) -> str:
    """Return the drawing of an archive stamp with its origin at `at`: frame, figures in the third column."""
    texts = []
    for figure, baseline in zip(figures, _BASELINES, strict=True):
        x = _CELL_MIDDLE * POINTS_PER_MM - len(figure) * ADVANCE / 2000 * _STAMP_FIGURES
        y = (STAMP_HIGH - baseline) * POINTS_PER_MM
        texts.append(f"BT {font} {_STAMP_FIGURES:g} Tf {x:.3f} {y:.3f} Td ({figure}) Tj ET")
    drawing = f"q {at} cm {scale:g} 0 0 {scale:g} 0 0 cm\n{frame} Do\n0 g 0 G {' '.join(texts)} Q"
    return f"/Artifact BMC\n{drawing}\nEMC\n"


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
