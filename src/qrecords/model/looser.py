"""A looser query for one that found nothing: what of it may go so that something is found.

Tried in this order, the first that finds something counts: one part less (conditions and exclusions first, short words
before long ones), words anywhere instead of in their fields, one part alone, the longest pieces of the words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from qrecords.model.query import AllOf, AnyOf, Node, Not, Query, Word
from qrecords.model.textnorm import BREAK

_COMMA = "，"  # any punctuation matches any other
_MAX_PARTS = 12  # of a query, tried one by one
_MAX_PIECE = 40  # characters of a word, cut into pieces


@dataclass(frozen=True, slots=True)
class Looser:
    """A query that finds something, how many records, and in what it differs, for people."""

    text: str
    total: int
    how: str


def loosen(query: Query, count: Callable[[str], int]) -> Looser | None:
    """Return the nearest query that finds something; `count` tells how many records a query finds."""
    for text, how in _candidates(query, count):
        if text != query.text and (total := count(text)):
            return Looser(text, total, how)
    return None


def _candidates(query: Query, count: Callable[[str], int]) -> Iterator[tuple[str, str]]:
    parts = query.parts[:_MAX_PARTS]
    words = query.words
    by_weight = sorted(range(len(parts)), key=lambda number: _weight(parts[number][1]))
    # What is left must still say something: all records but some, or all of a year, are no answer to a word.
    telling = [n for n in by_weight if not words or _weight(parts[n][1])[0] > 1]
    for number in by_weight if len(parts) > 1 else ():
        if set(telling) - {number}:
            rest = [written for n, (written, _) in enumerate(parts) if n != number]
            yield " ".join(rest), f"去掉「{parts[number][0]}」"
    if any(word.fields for word in words):
        yield " ".join(_written(word.text) for word in words), "不限栏目"
    for number in reversed(telling) if len(parts) > 2 else ():
        yield parts[number][0], f"只查「{parts[number][0]}」"
    pieces = [piece for word in words if (piece := _longest(word.text, count))]
    whole = " ".join(dict.fromkeys(pieces))
    for text in dict.fromkeys([whole, *sorted(pieces, key=len, reverse=True)]):
        if text:
            yield text, "缩短检索词"


def _weight(node: Node) -> tuple[int, int]:
    """Return how much a part says: what excludes or is no word goes first, then the shorter word."""
    match node:
        case Word(text, fields):
            return (2 if fields else 3), len(text)
        case AllOf(parts) | AnyOf(parts):
            return max(map(_weight, parts))
        case Not(_):
            return 0, 0
    return 1, 0


def _written(text: str) -> str:
    return '"' + text.replace(BREAK, _COMMA) + '"' if BREAK in text else text


def _longest(word: str, count: Callable[[str], int]) -> str:
    """Return the longest piece of a word that is found: a piece not found is in none that is."""
    best = ""
    for run in word[:_MAX_PIECE].split(BREAK):
        start = 0
        for end in range(1, len(run) + 1):
            while start < end and not count(run[start:end]):
                start += 1
            best = max(best, run[start:end], key=len)
    return best
