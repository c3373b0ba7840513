"""Draws pages of PDFs as browsers do (pdfium), with their form fields and seals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageChops

from qrecords.foreign.pdfium import looked_into

_COMPARED_DPI = 48
_OTHER_SHADE = 48  # of 255: less is how an edge falls on the dots
_OTHER_DOTS = 12  # so many dots of another shade are a difference, wherever they lie


@contextmanager
def drawable(source: Path | bytes) -> Iterator[pypdfium2.PdfDocument]:
    """Open a PDF with what is filled into its fields; pypdfium2.PdfiumError when it does not open."""
    with looked_into(source) as document:
        document.init_forms()  # without, pdfium leaves out every field, the seal of an electronic signature too
        yield document


def drawn(page: Any, scale: float) -> Image.Image:
    """Return a page as a picture in colour, `scale` dots a point."""
    image: Image.Image = page.render(scale=scale, rev_byteorder=True, limit_image_cache=True).to_pil()
    return image.convert("RGB")


def looks_like(page: Any, other: Any) -> bool:
    """Tell whether two pages look the same: not to the dot, but no stroke of a pen more or less."""
    if [round(side) for side in page.get_size()] != [round(side) for side in other.get_size()]:
        return False
    scale = min(_COMPARED_DPI / 72, 4_000 / max(page.get_size()))
    one, two = drawn(page, scale), drawn(other, scale)
    if one.size != two.size:
        two = two.resize(one.size)
    difference = ImageChops.difference(one, two)
    dots = 0
    for band in difference.split():
        dots = max(dots, sum(band.histogram()[_OTHER_SHADE:]))
    return dots < _OTHER_DOTS
