"""A register's row that goes on over the page's end names its number again there, where the next page shows none.

Word and LibreOffice repeat headings only. Where rows end is known once the pages are made, so the number is drawn into
the finished PDF: at the head of its column, the year and the running number; the form stands in the page's head.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pypdfium2
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject
from pypdfium2 import raw

from qrecords.foreign.pdfium import looked_into
from qrecords.model.access import SECRECY_LEVELS
from qrecords.render.context import BLANK_BELOW
from qrecords.render.digits import ADVANCE, HEIGHT
from qrecords.render.pdfout import PdfOut

HEADING = "记录编号"  # of the column that holds the numbers, as every register's template has it
SIZE = 7.5  # points
_LINE = 6.0  # points; what stands lower than that below the first line of a page begins another row
# As the column has them, line by line: where a row begins, and the end of its number, be the code what it may.
_BEGINS = re.compile(rf"\d+(?:{'|'.join(SECRECY_LEVELS)}|/|$)")
_NUMBER = re.compile(r"[A-Z0-9.]\W(\d{4})\W(\d{5,})$")  # the reader may take a hyphen for a soft one


@dataclass(frozen=True, slots=True)
class Repeated:
    """A number to be drawn on a page: centred on `x`, with its upper edge at `top` (points from the lower left)."""

    number: str
    x: float
    top: float


@dataclass(frozen=True, slots=True)
class _Character:
    text: str
    x: float
    top: float


def rows_that_go_on(pdf: Path) -> dict[int, Repeated]:
    """Return the pages (from 1) that begin with the rest of a row, each with the number it belongs to."""
    found: dict[int, Repeated] = {}
    before, numbers = "", _Numbers()
    with looked_into(pdf) as document:
        for number, page in enumerate(document, start=1):
            characters = _characters(page)
            text = "".join(c.text for c in characters)
            if (place := text.find(HEADING)) < 0:
                continue
            # What pages begin with alike is the heading; what comes after it, the rows.
            alike = _alike(before, text[place:])
            before = text[place : place + alike] if before else text[place:]
            rows = characters[place + alike :]
            heading = characters[place : place + len(HEADING)]
            x = sum(c.x for c in heading) / len(heading)
            half = 2 * (max(c.x for c in heading) - x)  # of the column, nearly: what stands in it is centred
            top = max((c.top for c in rows), default=0.0)
            first = [c for c in rows if c.top > top - _LINE]
            goes_on = bool(first) and not any(abs(c.x - x) <= half for c in first)
            if numbers.last and goes_on and BLANK_BELOW not in "".join(c.text for c in first):
                found[number] = Repeated(numbers.last, x, top)
            for line in _lines([c for c in rows if abs(c.x - x) <= half]):
                numbers.read(line)
    return found


class _Numbers:
    """Follows the column of numbers, over the ends of pages as well."""

    def __init__(self) -> None:
        self.last = ""  # of the row under way; empty until all of it was read
        self._so_far = ""  # what was read of the row whose number is not known yet

    def read(self, line: str) -> None:
        """Take in the next line of the column."""
        parted = line.isdigit() and re.search(r"\W$", self._so_far)  # the running number on a line of its own
        if _BEGINS.match(line) and not parted:
            self.last = self._so_far = ""
        elif not self.last:
            self._so_far += line
            if found := _NUMBER.search(self._so_far):
                self.last, self._so_far = f"{found[1]}-{found[2]}", ""


def _lines(characters: list[_Character]) -> list[str]:
    """Return characters as the lines they stand on, from the top."""
    lines: list[tuple[float, str]] = []
    for character in characters:
        if lines and abs(lines[-1][0] - character.top) < _LINE:
            lines[-1] = (lines[-1][0], lines[-1][1] + character.text)
        else:
            lines.append((character.top, character.text))
    return [text for _, text in lines]


def repeat(out: PdfOut, page: DictionaryObject, what: Repeated, font: IndirectObject) -> None:
    """Draw a number on a page, marked as no part of its text."""
    wide, high = ADVANCE / 1000 * SIZE, HEIGHT / 1000 * SIZE
    x, y = what.x - len(what.number) * wide / 2, what.top - high
    year, running = what.number.split("-")
    text = f"BT /Repeated {SIZE:g} Tf {x:.3f} {y:.3f} Td [({year}) -{ADVANCE} ({running})] TJ ET"
    # The font has figures only; the hyphen between them is a stroke.
    start, middle = x + (len(year) + 0.2) * wide, y + high / 2
    stroke = f"0.5 w {start:.3f} {middle:.3f} m {start + 0.6 * wide:.3f} {middle:.3f} l S"
    drawing = out.put_stream({}, f"/Artifact <</Type /Pagination>> BDC\nq 0 g 0 G {text} {stroke} Q\nEMC\n".encode())
    resources: DictionaryObject = page["/Resources"]  # type: ignore[assignment]  # pypdf resolves it
    fonts: Mapping[str, object] = resources.get("/Font", DictionaryObject()).get_object()
    own = DictionaryObject({**fonts, NameObject("/Repeated"): font})
    page[NameObject("/Resources")] = DictionaryObject({**resources, NameObject("/Font"): own})
    contents = page.raw_get("/Contents")
    held = contents.get_object()
    before = list(held) if isinstance(held, ArrayObject) else [contents]
    page[NameObject("/Contents")] = ArrayObject([*before, drawing])


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike; one that is not known yet is no help."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _characters(page: pypdfium2.PdfPage) -> list[_Character]:
    """Return what is written on a page, in the order of the file, with the middle and upper edge of each."""
    found = []
    words = page.get_textpage()
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    for index in range(raw.FPDFText_CountChars(words)):
        text = chr(raw.FPDFText_GetUnicode(words, index))
        if not text.isspace() and not raw.FPDFText_IsGenerated(words, index):
            raw.FPDFText_GetCharBox(words, index, left, right, bottom, top)
            found.append(_Character(text, (left.value + right.value) / 2, top.value))
    words.close()
    return found
