"""How much room words take, without a font: no narrower than in the faces the office prints with.

Lengths are units of a drawing, four to a millimetre.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qrecords.model.neutral import neutral

ASCENT, DESCENT = 0.9, 0.22  # of the size: what Chinese faces reach above and below their line
LEADING = 1.25
CUT = "…"

# Parts of the size an ASCII character advances, rounded up over hei, song and sans faces; all others take a square.
_WIDTHS = (
    ("ijl.,:;'|!()[] ", 0.4),
    ('"*/\\-`^_frt{}?', 0.6),
    ("0123456789abcdeghknopqsuvxyz#$+<>=~JEFL", 0.64),
    ("ABCDGHIKNOPQRSTUVXYZ&", 0.84),
    ("MWmw@%", 1.06),
)
_NO_CHARACTER = re.compile("[\ufffe\uffff]")
_WIDTH = {char: wide for chars, wide in _WIDTHS for char in chars} | {"℃": 1.15}


def writable(text: str) -> str:
    """Return a text as any XML can hold it; what it cannot hold is shown as a sign."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", neutral(text))


def clean(text: str) -> str:
    """Return a text as one line that any XML can hold."""
    return " ".join(writable(text).split())


def width(text: str, size: float) -> float:
    """Return how long a text is at most."""
    return sum(_WIDTH.get(char, 1.0) for char in text) * size


def shortened(text: str, room: float, size: float) -> str:
    """Return a text, its end cut off when there is no room for it; empty when there is none for a character."""
    if width(text, size) <= room:
        return text
    left = room - width(CUT, size)
    if left < 0:
        return ""
    kept = ""
    for char in text:
        left -= width(char, size)
        if left < 0:
            break
        kept += char
    return kept.rstrip() + CUT


def wrapped(text: str, room: float, size: float, lines: int) -> list[str]:
    """Return a text in as many lines as it needs, the last one cut; words of letters and figures stay together."""
    text = clean(text)
    made: list[str] = []
    while text and len(made) < lines - 1:
        line = _first_line(text, room, size)
        made.append(line.rstrip())
        text = text[len(line) :].lstrip()
    if text:
        made.append(shortened(text, room, size))
    return made


def _first_line(text: str, room: float, size: float) -> str:
    end, used = 0, 0.0
    for char in text:
        used += width(char, size)
        if used > room:
            break
        end += 1
    end = max(end, 1)
    if end == len(text):
        return text
    start = end
    while start and _in_word(text[start - 1]) and _in_word(text[start]):
        start -= 1
    # A word wider than the line is parted after a hyphen, where it has one.
    return text[: start or text.rfind("-", 0, end) + 1 or end]


def _in_word(char: str) -> bool:
    return char.isascii() and not char.isspace()


def spread(wanted: Sequence[float], widths: Sequence[float], left: float, right: float) -> list[float]:
    """Return middles as near as can be to those wanted, in their order, so that no two of these widths meet.

    They must have room between left and right together.
    """
    places: list[float] = []
    end = left
    for middle, wide in zip(wanted, widths, strict=True):
        places.append(max(middle, end + wide / 2))
        end = places[-1] + wide / 2
    end = right
    for number in reversed(range(len(places))):
        places[number] = min(places[number], end - widths[number] / 2)
        end = places[number] - widths[number] / 2
    return places
