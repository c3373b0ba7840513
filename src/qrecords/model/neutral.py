"""What a terminal may be sent: text that moves no cursor, sets no colour, rings no bell and reads as it is stored.

Values, names, file names, keys and arguments come from elsewhere. Controls (C0, DEL, C1), marks of direction, invisible
characters and bytes that are no character are shown as signs of their own; in JSON they are escaped: nothing is lost.
"""

from __future__ import annotations

import re
import unicodedata

# Letters and marks that show nothing, though Unicode counts them as neither control nor format.
INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
_INVISIBLE = re.compile(f"[{''.join(sorted(INVISIBLE))}]")  # of long texts sooner than character by character
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_KEPT = frozenset("\n\t")
_LATER_LINE = re.compile(r"(?<!^)\n(?![ \n]|$)")


def is_neutral(char: str) -> bool:
    """Tell whether a character shows as itself and does nothing else."""
    return char in _KEPT or (char not in INVISIBLE and unicodedata.category(char) not in _UNSAFE)


def neutral(text: str) -> str:
    """Return a text as a terminal may show it; line ends and tabs stay."""
    plain = text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))
    return text if plain else "".join(map(_SHOWN.__getitem__, text))


def neutral_line(text: str) -> str:
    """Return the text of one entry, its further lines set in: none of them can pass for another entry."""
    return _LATER_LINE.sub("\n    ", neutral(text))


def neutral_json(text: str) -> str:
    """Return JSON that says the same, its unsafe characters escaped."""
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(c if is_neutral(c) else _escaped(c) for c in text)


class _Shown(dict[str, str]):
    """How each character is shown, filled as characters are met."""

    def __missing__(self, char: str) -> str:
        self[char] = shown = char if is_neutral(char) else _sign(ord(char))
        return shown


def _sign(point: int) -> str:
    if point < 0x20 or point == 0x7F:
        return chr(0x2421 if point == 0x7F else 0x2400 + point)  # Unicode's pictures of control codes: ␛
    if 0xDC80 <= point <= 0xDCFF:  # a byte of a file name that is no UTF-8
        return f"⟨{point - 0xDC00:02X}⟩"
    return f"⟨U+{point:04X}⟩"


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n]:02x}{units[n + 1]:02x}" for n in range(0, len(units), 2))


_SHOWN = _Shown()
