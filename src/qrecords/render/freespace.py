"""Finds room for the archive stamp in the margins of a page, by looking at how the page is drawn (DA/T 22-2015).

Room is where nothing is drawn, a little around it included, and no line is ruled between it and the edge of the page:
an empty box of a form is not room, what belongs in it may still be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image

from qrecords.foreign.pdfium import looked_into
from qrecords.model.volume import Spot
from qrecords.render.stamps import POINTS_PER_MM, STAMP_HIGH, STAMP_WIDE

# Where room is looked for, and for how large a stamp; smaller than this, its words could not be read.
_TRIES = (("head", 1.0), ("head", 0.8), ("foot", 1.0), ("foot", 0.8), ("head", 0.65), ("foot", 0.65))
LARGEST = 4000  # points a side: no paper, and not worth the memory
_DEEP = 48.0  # millimetres of the margin looked at
_EDGE = 3.0  # of the edge left out: a scanner's shadow is nothing drawn
_ASIDE = 28.0  # at the sides: as much as the forms leave for the holes of binding; clear of page numbers
_GAPS = (14.0, 11.0, 8.0, 6.0, 16.0, 18.0, 20.0)  # between the edge and the stamp, the first that is free
_BESIDE, _ABOVE = 2.5, 1.0  # that must be free around the stamp
_STEP = 2.0
_RULED = 15.0  # a stroke as long as this is a ruled line
_DARKER = 24  # than the paper, of 255: something is drawn
_PAPER = 180  # of 255; what is darker is a picture
_SPECKS = 2  # dots that may be dust
_LINE = re.compile(rb"\xff{%d,}" % round(_RULED * POINTS_PER_MM))


def free_spot(source: Path | bytes, page: int) -> Spot | None:
    """Return where a page (from 0) has room for the stamp: at its head, from left to right, or its foot.

    None when there is no room, or the page cannot be drawn.
    """
    # From memory: pdfium reads a file in many small steps.
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with looked_into(data) as document:
            drawn = document[page]
            if max(drawn.get_size()) > LARGEST or min(drawn.get_size()) < 2 * _DEEP * POINTS_PER_MM:
                return None
            margins: dict[str, _Margin] = {}
            for end, scale in _TRIES:
                if end not in margins:
                    margins[end] = _Margin(drawn, head=end == "head")
                if found := margins[end].spot(scale):
                    return found
    except (pypdfium2.PdfiumError, ValueError, OSError):
        return None
    return None


class _Margin:
    """The head or the foot of a page, a dot a point, its outer edge above: 255 where something is drawn, else 0."""

    def __init__(self, page: Any, *, head: bool) -> None:
        self._wide, self._high = page.get_size()
        self._head = head
        rest = self._high - _DEEP * POINTS_PER_MM
        crop = (0, rest, 0, 0) if head else (0, 0, 0, rest)  # left, bottom, right, top
        image: Image.Image = page.render(grayscale=True, crop=crop).to_pil().convert("L")
        if not head:
            image = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        shades = image.histogram()
        paper = shades.index(max(shades))
        dark = paper - _DARKER if paper >= _PAPER else 255
        self._drawn = image.point([255 if shade <= dark else 0 for shade in range(256)])
        self._ruled = self._lines()
        self._sums: dict[tuple[int, int], list[int]] = {}

    def spot(self, scale: float) -> Spot | None:
        """Return the first place for a stamp of this size."""
        wide, high = STAMP_WIDE * scale, STAMP_HIGH * scale
        for x, gap in self._places(wide):
            if self._is_free(x, gap, wide, high):
                left, above = x * POINTS_PER_MM, gap * POINTS_PER_MM
                return Spot(
                    round(left, 1),
                    round(self._high - above - high * POINTS_PER_MM if self._head else above, 1),
                    scale,
                )
        return None

    def _places(self, wide: float) -> Iterator[tuple[float, float]]:
        last, x = self._wide / POINTS_PER_MM - _ASIDE - wide, _ASIDE
        while x <= last:
            yield from ((x, gap) for gap in _GAPS)
            x += _STEP

    def _is_free(self, x: float, gap: float, wide: float, high: float) -> bool:
        left, right = (round(mm * POINTS_PER_MM) for mm in (x - _BESIDE, x + wide + _BESIDE))
        above, below = (round(mm * POINTS_PER_MM) for mm in (gap - _ABOVE, gap + high + _ABOVE))
        sums = self._dots(above, below)
        drawn = sums[min(right, len(sums) - 1)] - sums[min(left, len(sums) - 1)]
        return drawn <= _SPECKS and not any(
            row < below and left < end and start < right for row, start, end in self._ruled
        )

    def _dots(self, above: int, below: int) -> list[int]:
        """Return how many dots are drawn between two rows, left of each column: summed once for all places in them."""
        if (above, below) not in self._sums:
            # Turned on its side, each column of the band is a run of bytes.
            band = self._drawn.crop((0, above, self._drawn.width, below)).transpose(Image.Transpose.TRANSPOSE)
            high, dots = band.width, band.tobytes()
            columns = (dots.count(255, start, start + high) for start in range(0, len(dots), high))
            self._sums[above, below] = list(accumulate(columns, initial=0))
        return self._sums[above, below]

    def _lines(self) -> list[tuple[int, int, int]]:
        """Return the ruled lines: row, first dot, last dot."""
        pixels, wide = self._drawn.tobytes(), self._drawn.width
        rows = range(round(_EDGE * POINTS_PER_MM), self._drawn.height)
        return [(row, *line.span()) for row in rows for line in _LINE.finditer(pixels[row * wide : (row + 1) * wide])]
