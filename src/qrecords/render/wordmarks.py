"""Where words stand on the pages of a PDF, and a page as a picture with them marked.

Words are found as a search finds them: in the normal form of what is printed, across lines, whatever the joiners.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import pypdfium2
from PIL import Image, ImageChops, ImageDraw
from pypdfium2 import raw

from qrecords.foreign.drawing import drawn
from qrecords.model.textnorm import normalise_with_places

SCALE = 1.6  # dots a point: 115 dpi, read well on a screen
LARGEST_SIDE = 2_400  # dots, however large the page claims to be
MOST_MARKS = 200  # of one word on one page
_COLOUR = (255, 225, 110)
_EDGE = (196, 120, 0)
_PAD = 1.5  # points around a word
_SMALLEST = 0.5  # points: a box of a character that leaves no ink

Box = tuple[float, float, float, float]  # points from the lower left: left, bottom, right, top


@dataclass(frozen=True, slots=True)
class Mark:
    """A word on a page; a box for each line it stands on."""

    word: str
    boxes: tuple[Box, ...]


def marks_on(page: Any, words: Sequence[str]) -> list[Mark]:
    """Return where words (in normal form) stand on a page."""
    text, boxes = _characters(page)
    normal, places = normalise_with_places(text)
    found: list[Mark] = []
    for word in words:
        for at in islice(re.finditer(re.escape(word), normal), MOST_MARKS):
            start, end = places[at.start()][0], places[at.end() - 1][1]
            if lines := tuple(_lines(boxes[start:end])):
                found.append(Mark(word, lines))
    return found


def picture(page: Any, marks: Sequence[Mark]) -> bytes:
    """Return a page as PNG, the marks drawn as with a marker pen."""
    width, height = page.get_size()
    scale = min(SCALE, LARGEST_SIDE / max(width, height))
    image = drawn(page, scale)
    boxes = [
        [(left - _PAD) * scale, (height - top - _PAD) * scale, (right + _PAD) * scale, (height - bottom + _PAD) * scale]
        for mark in marks
        for left, bottom, right, top in mark.boxes
    ]
    pen = Image.new("RGB", image.size, "white")
    draw = ImageDraw.Draw(pen)
    for box in boxes:
        draw.rectangle(box, fill=_COLOUR, outline=_EDGE)
    target = BytesIO()
    ImageChops.multiply(image, pen).save(target, "PNG", optimize=True)
    return target.getvalue()


def _characters(page: Any) -> tuple[str, list[Box | None]]:
    """Return the characters of a page as they are written, each with its box; line ends have none."""
    words: pypdfium2.PdfTextPage = page.get_textpage()
    text: list[str] = []
    boxes: list[Box | None] = []
    try:
        for number in range(words.count_chars()):
            code = raw.FPDFText_GetUnicode(words, number)
            character = chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else " "
            text.append(character)
            boxes.append(None if character.isspace() else words.get_charbox(number))
    finally:
        words.close()
    return "".join(text), boxes


def _lines(boxes: Sequence[Box | None]) -> Iterator[Box]:
    """Give the boxes of characters joined, one for each line they stand on."""
    line: Box | None = None
    for box in boxes:
        if box is None or box[2] - box[0] < _SMALLEST:
            continue
        if line is not None and _beside(line, box):
            line = (min(line[0], box[0]), min(line[1], box[1]), max(line[2], box[2]), max(line[3], box[3]))
            continue
        if line is not None:
            yield line
        line = box
    if line is not None:
        yield line


def _beside(line: Box, box: Box) -> bool:
    """Tell whether a character goes on in a line: at its height, and not far away."""
    height = max(line[3] - line[1], box[3] - box[1])
    middle = (box[1] + box[3]) / 2
    return line[1] - height / 4 <= middle <= line[3] + height / 4 and -height <= box[0] - line[2] <= 2 * height
