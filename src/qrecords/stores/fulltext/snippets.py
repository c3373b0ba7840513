"""Show where a query was found: pieces of a record's texts as they were written, what matched between 【 and 】."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from qrecords.model.query import Query, Word
from qrecords.model.textnorm import normal_forms, normalise_with_places

MAX_PIECES = 3
_MAX_PLACES = 200  # of one word looked at in one text
_OPEN, _CLOSE, _MORE = "【", "】", "…"
_END = "\n"  # of a text; no normal form holds it
_OWN_BRACKETS = str.maketrans("【】", "[]")
_PAUSE = re.compile(r"[\s,;.!?\uff0c\uff1b\uff1a\uff01\uff1f。、]")
_WORDLIKE = re.compile(r"[0-9A-Za-z.\-]")


_SHORT = 400  # characters
# Who types on is shown the same texts again, with other words marked.
_placed = lru_cache(maxsize=1024)(normalise_with_places)


@dataclass(frozen=True, slots=True)
class _Match:
    start: int
    end: int
    word: Word


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of one text with the words it shows."""

    text: str
    matches: Sequence[_Match]
    start: int
    end: int
    words: frozenset[Word]


_Marked = tuple[str, Sequence[_Match]]  # a text, and where words stand in it


@dataclass(frozen=True, slots=True)
class Texts:
    """The (field key, text) pairs of a record, and the normal form of all, in which words are looked for."""

    texts: Sequence[tuple[str, str]]
    normal: str  # of one text behind the other, with an end after each
    ends: Sequence[int]  # where in it

    def with_any(self, words: Iterable[str]) -> list[int]:
        """Return which texts hold one of the words or more, in their order."""
        found: set[int] = set()
        for word in words:
            at = self.normal.find(word)
            while at >= 0:
                number = bisect_right(self.ends, at)
                found.add(number)
                at = self.normal.find(word, self.ends[number])
        return sorted(found)


def prepared(texts: Sequence[tuple[str, str]]) -> Texts:
    """Return the (field key, text) pairs of a record ready to be looked through, again and again."""
    normal = normal_forms([text for _, text in texts])
    ends = [*accumulate(map(len, normal), lambda end, length: end + length + 1, initial=0)]
    return Texts(texts, _END.join([*normal, ""]), ends[1:])


def snippet(texts: Sequence[tuple[str, str]], query: Query, width: int) -> str:
    """Return about `width` characters of the (field key, text) pairs of a record, the words of the query marked.

    Words far apart come as up to three pieces. Where no word is looked for, the longest text begins.
    """
    return cut(prepared(texts), query.words, width)


def cut(given: Texts, words: Sequence[Word], width: int) -> str:
    """Return the snippet of texts made ready before, with the words of a query marked."""
    marked: list[_Marked] = []
    best: _Window | None = None
    for number in given.with_any({word.text for word in words}):
        key, text = given.texts[number]
        if found := _matches(key, text, words):
            marked.append((text, found))
            best = _better(best, marked[-1], words, width)
            if best is not None and len(best.words) == len(words):  # no other shows more
                return _shown(best, width)
    if best is None:
        longest = max((text for _, text in given.texts), key=len, default="")
        return _shown(_Window(longest, [], 0, 0, frozenset()), width)
    wanted = {match.word for _, found in marked for match in found}
    if len(best.words) == len(wanted):
        return _shown(best, width)
    size = width // min(len(wanted), MAX_PIECES)
    pieces: list[str] = []
    while wanted and len(pieces) < MAX_PIECES:
        window = _best(marked, wanted, size)
        pieces.append(_shown(window, size).strip(_MORE))
        wanted -= window.words
    return _MORE + _MORE.join(pieces) + _MORE


def _matches(key: str, text: str, words: Iterable[Word]) -> list[_Match]:
    """Return where words that may stand in this field are found, from left to right."""
    here = [word for word in words if not word.fields or key in word.fields]
    if not here:
        return []
    normal, places = (_placed if len(text) <= _SHORT else normalise_with_places)(text)
    found: list[_Match] = []
    for word in here:
        at, length = normal.find(word.text), len(word.text)
        for _ in range(_MAX_PLACES):
            if at < 0:
                break
            found.append(_Match(places[at][0], places[at + length - 1][1], word))
            at = normal.find(word.text, at + length)
    return found if len(here) == 1 else sorted(found, key=lambda match: (match.start, match.end))


def _best(marked: Sequence[_Marked], wanted: Collection[Word], size: int) -> _Window:
    """Return the first stretch of at most `size` characters (or one match) that shows the most wanted words."""
    best: _Window | None = None
    for one in marked:
        best = _better(best, one, wanted, size)
    assert best is not None  # every wanted word has a match
    return best


def _better(best: _Window | None, marked: _Marked, wanted: Collection[Word], size: int) -> _Window | None:
    """Return the first stretch of one text that shows more wanted words than the best so far, else that."""
    text, matches = marked
    for number, first in enumerate(matches):
        if best is not None and len(best.words) == len(wanted):
            break
        if first.word not in wanted:
            continue
        within = [m for m in matches[number:] if m is first or m.end <= first.start + size]
        words = frozenset(m.word for m in within if m.word in wanted)
        if best is None or len(words) > len(best.words):
            best = _Window(text, matches, first.start, max(m.end for m in within if m.word in words), words)
    return best


def _shown(window: _Window, size: int) -> str:
    """Return the stretch with some of what stands around it, cut where one may pause."""
    text = window.text
    spare = max(size - (window.end - window.start), 0)
    start = _start(text, max(window.start - spare // 3, 0), window.start)
    end = _end(text, window.end, min(window.end + spare - (window.start - start), len(text)))
    parts = [_MORE if start else ""]
    at = start
    for first, last in _merged([m for m in window.matches if m.start >= start and m.end <= end]):
        parts += [_plain(text[at:first]), _OPEN, _plain(text[first:last]), _CLOSE]
        at = last
    parts += [_plain(text[at:end]), _MORE if end < len(text) else ""]
    return re.sub(r"\s+", " ", "".join(parts)).strip()


def _start(text: str, low: int, high: int) -> int:
    """Return a place between `low` and `high` to begin at: after a pause, or at least not within a number."""
    if low == 0:
        return 0
    if pause := _PAUSE.search(text, low, high):
        return pause.end()
    while low < high and _WORDLIKE.match(text[low - 1]) and _WORDLIKE.match(text[low]):
        low += 1
    return low


def _end(text: str, low: int, high: int) -> int:
    """Return a place between `low` and `high` to end at: after a late pause, or at least not within a number."""
    if high == len(text):
        return high
    late = [pause.end() for pause in _PAUSE.finditer(text, low + (high - low) * 2 // 3, high)]
    if late:
        return late[-1]
    while high > low and _WORDLIKE.match(text[high - 1]) and _WORDLIKE.match(text[high]):
        high -= 1
    return high


def _merged(matches: Sequence[_Match]) -> list[tuple[int, int]]:
    """Return the places of matches, those that overlap as one."""
    places: list[tuple[int, int]] = []
    for match in matches:
        if places and match.start < places[-1][1]:
            places[-1] = (places[-1][0], max(places[-1][1], match.end))
        else:
            places.append((match.start, match.end))
    return places


def _plain(text: str) -> str:
    return text.translate(_OWN_BRACKETS)
