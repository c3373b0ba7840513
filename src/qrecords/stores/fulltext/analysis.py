"""Cut normal forms into the overlapping pairs an index holds, and words into what to look for.

    功放|过热  →  功放 放| |过 过热 热|

A text ends with a break, so every character begins exactly one pair. A word of two or more characters, breaks inside
included, is its pairs in a row; one character is every pair that begins with it. Pairs of two texts never make a word:
no text begins with a break.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import add

from qrecords.model.textnorm import BREAK

_CODE = "utf-32-le"  # every character one unit, so that a row is filled by three strided copies
_BLANK_PAIR = (BREAK + BREAK + " ").encode(_CODE)


def text_pairs(texts: Sequence[str]) -> list[str]:
    """Return for each text its pairs in a row, with blanks between them."""
    joined = memoryview(BREAK.join((*texts, "")).encode(_CODE)).cast("I")
    row = bytearray(_BLANK_PAIR * len(joined))
    units = memoryview(row).cast("I")
    units[0::3] = joined
    units[1:-2:3] = joined[1:]
    pairs = row.decode(_CODE)
    rows, start = [], 0
    for text in texts:
        end = start + len(text)
        rows.append(pairs[3 * start : 3 * end - 1])
        start = end + 1
    return rows


def word_pairs(word: str) -> list[str]:
    """Return the pairs of a word of two or more characters, in order."""
    return [*map(add, word, word[1:])]
