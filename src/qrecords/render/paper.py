"""Reads a printed page as the eye does: what the file says is there, and of that only what leaves ink where it stands.

Each page is drawn twice, with its text and without. A character whose place looks the same both times is on no paper:
white, hidden under a picture, cut off, beyond the edge.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image, ImageChops
from pypdfium2 import raw

from qrecords.foreign.pdfium import looked_into
from qrecords.render.context import TICKED

DPI = 150  # as office scanners are set
EDGE = 3 / 25.4 * 72  # points from the edge of the sheet that office printers leave white
LEAST_POINTS = 5.0  # smaller than the small print under a code, nobody reads it
NARROWEST = 0.4  # width by height of a letter's design, when it was squeezed
INK = 64  # of 255: fainter against what is around it, a copy or scan loses it
COVERED = 0.5  # part of a character's own ink that must be left
GAP = 0.3  # of its size, before a character: wider, and the next cell begins
OVER = 0.3  # of its size: two characters whose middles lie nearer than that stand on one another
_DEPTH = 8  # of drawings inside drawings


@dataclass(frozen=True, slots=True)
class PrintedPage:
    """A page as it is seen: lines of text (`plain`), ticks, text nobody sees, drawings that leave the sheet."""

    lines: tuple[str, ...]
    ticks: int
    unseen: str
    leaves_sheet: bool


@dataclass(frozen=True, slots=True)
class _Character:
    text: str
    box: tuple[float, float, float, float]  # points from the lower left: left, bottom, right, top
    size: float
    width: float  # its size across


_LINE_END = _Character("\n", (0, 0, 0, 0), 0, 0)


def read_pages(pdf: Path) -> list[PrintedPage]:
    """Return the pages of a PDF as they are seen."""
    with looked_into(pdf) as document:
        return [_read(page) for page in document]


def page_pictures(pdf: Path, target: Path) -> Path:
    """Write the pages as a scanner set to 150 dpi delivers them, in grey, as one TIFF."""
    with looked_into(pdf) as document:
        first, *others = [_drawn(page) for page in document]
    resolution = (DPI, DPI)
    first.save(target, "TIFF", save_all=True, append_images=others, compression="packbits", dpi=resolution)
    return target


def plain(text: str) -> str:
    """Return a text as it is compared with a paper: letters and figures alone, one form of each.

    Blanks leave no ink, a comma or stroke too little to be sure of, and a sign its face lacks stands behind the line in
    the file, since another face draws it.
    """
    return "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c)[0] in "LNM")


def missing_from(value: str, lines: Sequence[str]) -> str:
    """Return what of a value does not stand on the lines; empty when all of it does.

    A value may go over several lines, and between them other cells, the foot and head of a page.
    """
    wanted = plain(value)
    if wanted in "\n".join(lines):
        return ""
    reached: set[int] = set()  # how far some choice of the lines read so far goes
    furthest = 0
    for line in lines:
        rest = len(wanted) - len(line)
        if furthest >= rest and any(n >= rest and line.startswith(wanted[n:]) for n in reached):
            return ""
        further = (
            {n + len(line) for n in reached if wanted.startswith(line, n)} if reached and line in wanted else set()
        )
        if wanted[0] in line:
            further |= {len(line) - at for at in _places(wanted[0], line) if wanted.startswith(line[at:])}
        if further:
            reached |= further
            furthest = max(furthest, *further)
    return wanted[furthest:]


def _places(character: str, line: str) -> Iterator[int]:
    at = line.find(character)
    while at >= 0:
        yield at
        at = line.find(character, at + 1)


def _read(page: pypdfium2.PdfPage) -> PrintedPage:
    objects = list(page.get_objects(max_depth=_DEPTH))
    texts = [o for o in objects if o.type == raw.FPDF_PAGEOBJ_TEXT]
    others = [o for o in objects if o.type not in (raw.FPDF_PAGEOBJ_TEXT, raw.FPDF_PAGEOBJ_FORM)]
    words = page.get_textpage()
    characters = list(_characters(words))
    whole = _drawn(page)
    _show(texts, False)
    ink = ImageChops.difference(whole, _drawn(page)).point(_is_ink)
    _show(texts, True)
    _show(others, False)
    own = ImageChops.invert(_drawn(page)).point(_is_ink)
    _show(others, True)
    seen = _Seen(page.get_size(), ink, own)
    crowded = _crowded(characters)
    lines, unseen = [""], []
    for number, character in enumerate(characters):
        if character.text == "\n":
            lines.append("")
        elif number not in crowded and seen(character):
            lines[-1] += character.text
        else:
            unseen.append(character.text)
    words.close()
    printed = tuple(text for line in lines if (text := plain(line)))
    return PrintedPage(printed, "".join(lines).count(TICKED), plain("".join(unseen)), _leaves(page, objects))


class _Seen:
    """Tells which characters of a page are seen."""

    def __init__(self, size: tuple[float, float], ink: Image.Image, own: Image.Image) -> None:
        self._size, self._extent, self._ink, self._own = size, ink.size, ink.tobytes(), own.tobytes()

    def __call__(self, character: _Character) -> bool:
        left, bottom, right, top = character.box
        wide, high = self._size
        if character.size < LEAST_POINTS or character.width < character.size * NARROWEST:
            return False
        if left < EDGE or bottom < EDGE or right > wide - EDGE or top > high - EDGE:
            return False
        scale, (across, down) = DPI / 72, self._extent
        first, last = math.floor(left * scale), min(math.ceil(right * scale), across)
        up, low = math.floor((high - top) * scale), min(math.ceil((high - bottom) * scale), down)
        # Counted row by row where they lie: to cut a picture out for each character takes most of reading a page.
        in_ink, in_own, inked, own = self._ink.count, self._own.count, 0, 0
        for row in range(up * across, low * across, across):
            inked += in_ink(b"\xff", row + first, row + last)
            own += in_own(b"\xff", row + first, row + last)
        return inked > 0 and inked >= own * COVERED


def _characters(words: pypdfium2.PdfTextPage) -> Iterator[_Character]:
    """Give the characters in the order they are written, and a line end where a line or a cell ends.

    Between cells side by side there is a gap with no blank in it.
    """
    half, end, last = "", 0.0, ""
    for index in range(raw.FPDFText_CountChars(words)):
        text = chr(raw.FPDFText_GetUnicode(words, index))
        if 0xD800 <= ord(text) < 0xDC00:
            half = text
            continue
        if half:
            text, half = (half + text).encode("utf-16", "surrogatepass").decode("utf-16", "replace"), ""
        if text in "\r\n":
            last = text
            yield _LINE_END
            continue
        if raw.FPDFText_IsGenerated(words, index):
            continue
        size, width = _sizes(words, index)
        left, right = _across(words, index)
        if last != "\n" and not -size < left - end < GAP * size:
            yield _LINE_END
        end, last = right, text
        if plain(text) or text == TICKED:  # others are neither compared nor missed
            yield _Character(text, _box(words, index), size, width)


def _sizes(words: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    """Return how high and how wide a character's design square is on the page."""
    matrix = raw.FS_MATRIX()
    raw.FPDFText_GetMatrix(words, index, matrix)
    size = raw.FPDFText_GetFontSize(words, index)
    return size * math.hypot(matrix.c, matrix.d), size * math.hypot(matrix.a, matrix.b)


def _across(words: pypdfium2.PdfTextPage, index: int) -> tuple[float, float]:
    """Return from where to where a character reaches, the white at its sides included."""
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(words, index, box)
    return box.left, box.right


def _box(words: pypdfium2.PdfTextPage, index: int) -> tuple[float, float, float, float]:
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    raw.FPDFText_GetCharBox(words, index, left, right, bottom, top)
    return left.value, bottom.value, right.value, top.value


def _crowded(characters: Sequence[_Character]) -> set[int]:
    """Return the characters that stand on one another."""
    near: dict[tuple[int, int], list[int]] = {}
    found: set[int] = set()
    for number, character in enumerate(characters):
        if character.text == "\n" or unicodedata.category(character.text[0]).startswith("M"):
            continue
        left, bottom, right, top = character.box
        x, y = (left + right) / 2, (bottom + top) / 2
        cell = (int(x // 8), int(y // 8))
        for other in [n for i in (-1, 0, 1) for j in (-1, 0, 1) for n in near.get((cell[0] + i, cell[1] + j), ())]:
            a, b, c, d = characters[other].box
            least = OVER * min(character.size, characters[other].size)
            if math.hypot(x - (a + c) / 2, y - (b + d) / 2) < least * min(1, (right - left) / (top - bottom + 0.01)):
                found |= {number, other}
        near.setdefault(cell, []).append(number)
    return found


def _leaves(page: pypdfium2.PdfPage, objects: Sequence[Any]) -> bool:
    """Tell whether a line or a picture goes over the edge of the sheet."""
    wide, high = page.get_size()
    for each in objects:
        if each.type in (raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE):
            left, bottom, right, top = each.get_bounds()
            if right - left < 2 * wide and (left < -2 or bottom < -2 or right > wide + 2 or top > high + 2):
                return True
    return False


def _show(objects: Sequence[Any], visible: bool) -> None:
    for each in objects:
        raw.FPDFPageObj_SetIsActive(each, visible)


def _drawn(page: pypdfium2.PdfPage) -> Image.Image:
    image: Image.Image = page.render(scale=DPI / 72, grayscale=True).to_pil()
    return image.convert("L")


def _is_ink(value: float) -> int:
    return 255 if value >= INK else 0
