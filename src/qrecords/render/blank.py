"""Which pages of a scan have nothing on them: only written pages are numbered (GB/T 11822-2008)."""

from __future__ import annotations

from pathlib import Path

import pypdfium2

from qrecords.foreign.pdfium import looked_into

SCALE = 0.5  # 36 dots an inch: the finest stroke of a pen still darkens a dot
DARK = 170  # of 255; paper is scanned lighter, show-through from the other side too
MARGIN = 0.04  # of each side: the shadow of the scanner's edge is no writing
LARGEST = 4000  # points a side, larger than A0: no paper, and not worth the memory
SPECKS = 4  # dark dots that may be dust


def blank_pages(source: Path | bytes) -> tuple[int, ...]:
    """Return the pages (from 0) on which nothing is written; what cannot be drawn counts as written."""
    try:
        with looked_into(source) as document:
            return tuple(n for n in range(len(document)) if _is_blank(document[n]))
    except (pypdfium2.PdfiumError, ValueError, OSError):
        return ()


def _is_blank(page: pypdfium2.PdfPage) -> bool:
    if max(page.get_size()) > LARGEST:
        return False
    bitmap = page.render(scale=SCALE, grayscale=True)
    pixels, stride, wide, high = bytes(bitmap.buffer), bitmap.stride, bitmap.width, bitmap.height
    aside, above = int(wide * MARGIN), int(high * MARGIN)
    dark = 0
    for y in range(above, high - above):
        row = pixels[y * stride + aside : y * stride + wide - aside]
        if min(row, default=255) < DARK:
            dark += sum(dot < DARK for dot in row)
            if dark > SPECKS:
                return False
    return True
