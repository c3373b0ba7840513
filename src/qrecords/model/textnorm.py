"""What makes two writings of a text the same for search; records and queries pass through it alike.

NFKC and case folding; radicals become the ideographs they stand for (`radicals.py`); blanks, line breaks, invisible
marks and the joiners of part numbers (`TH-120C` = `TH120C`) vanish; any other punctuation or symbol is a break, and
several breaks are one. What is left are letters, digits and ideographs, with BREAK between runs. A word is in a text
when its normal form is a substring of the text's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress, pairwise

from qrecords.model.radicals import as_ideographs

BREAK = "|"

# Hyphens, slashes, dots and middle dots as keyboards and copied documents give them; the em dash is punctuation.
JOINERS = frozenset("-_/.·‐‑‒–−∕⁄‧∙•⋅・")

# Vowels and finals of Hangul that NFKC may join to the letter before, and half-width voicing marks: they belong to it.
_CLINGING = re.compile("[\u1160-\u11ff\u3131-\u318e\ud7b0-\ud7ff\uff9e\uff9f\uffa0-\uffdc]")
# Hangul letters that found no partner would join across a vanished blank, and a second pass would differ.
_CONJOINING = re.compile("[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]")
_NEEDS_NEIGHBOUR = "\0"
_SHORT = 40  # characters: names, models, choices and days stand in record after record


def normalise(text: str) -> str:
    """Return the normal form; doing it twice changes nothing, and breaks stand only between runs."""
    return _normal_of_short(text) if len(text) <= _SHORT else _normal(text)


def normal_forms(texts: Iterable[str]) -> list[str]:
    """Return the normal form of each text: a record has dozens, most of them short and met before."""
    return [_normal_of_short(text) if len(text) <= _SHORT else _normal(text) for text in texts]


@lru_cache(maxsize=8192)
def _normal_of_short(text: str) -> str:
    return _normal(text)


def _normal(text: str) -> str:
    folded = "".join(map(_FOLD.__getitem__, text))
    if _NEEDS_NEIGHBOUR in folded:
        folded = "".join(_fold(text[start:end]) for start, end in _clusters(text))
    while BREAK + BREAK in folded:
        folded = folded.replace(BREAK + BREAK, BREAK)
    return folded.strip(BREAK)


def normalise_with_places(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the normal form and, for each of its characters, where in `text` it comes from (start, end)."""
    alone = [*map(_FOLD.__getitem__, text)]
    plain = "".join(alone)
    kept = [*compress(range(len(text)), alone)]
    if len(plain) == len(kept) and _NEEDS_NEIGHBOUR not in plain:  # almost every text: a character each
        if BREAK + BREAK in plain or plain[:1] == BREAK or plain[-1:] == BREAK:
            inner = [*map(str.__ne__, plain, BREAK + plain)]  # one of a row of breaks, none at the beginning
            inner = [differs or char != BREAK for differs, char in zip(inner, plain, strict=True)]
            plain, kept = "".join(compress(plain, inner)), [*compress(kept, inner)]
            if plain[-1:] == BREAK:
                plain, kept = plain[:-1], kept[:-1]
        return plain, [*zip(kept, map((1).__add__, kept), strict=True)]
    folded: list[str] = []
    places: list[tuple[int, int]] = []
    for (start, end), part in _folded(text):
        for char in part:
            if char == BREAK and (not folded or folded[-1] == BREAK):
                continue
            folded.append(char)
            places.append((start, end))
    if folded and folded[-1] == BREAK:
        del folded[-1], places[-1]
    return "".join(folded), places


def _folded(text: str) -> Iterator[tuple[tuple[int, int], str]]:
    """Give what each least part of a text becomes, with its span: a character alone, where none clings to another."""
    alone = [*map(_FOLD.__getitem__, text)]
    if _NEEDS_NEIGHBOUR in alone:
        yield from ((span, _fold(text[slice(*span)])) for span in _clusters(text))
    else:
        yield from (((place, place + 1), part) for place, part in enumerate(alone))


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Give the spans of a character with the marks on it, the least that can be normalised alone."""
    starts = [i for i, c in enumerate(text) if i == 0 or not _clings(c)]
    return pairwise([*starts, len(text)])


def _clings(char: str) -> bool:
    return char > "\u02ff" and (unicodedata.category(char)[0] == "M" or _CLINGING.match(char) is not None)


def _fold(cluster: str) -> str:
    if len(cluster) == 1 and (folded := _FOLD[cluster]) != _NEEDS_NEIGHBOUR:
        return folded
    return "".join(_role(c) for char in unicodedata.normalize("NFKC", as_ideographs(cluster)) for c in _casefold(char))


class _Fold(dict[str, str]):
    """What each character becomes, filled as characters are met: a text holds few different ones."""

    def __missing__(self, char: str) -> str:
        if _clings(char):
            folded = _NEEDS_NEIGHBOUR
        else:
            folded = "".join(_role(c) for c in _casefold(unicodedata.normalize("NFKC", as_ideographs(char))))
        self[char] = folded
        return folded


def _casefold(text: str) -> str:
    """Return a text folded until folding changes nothing more; some characters need two rounds."""
    folded = unicodedata.normalize("NFKC", text.casefold())
    return text if folded == text else _casefold(folded)


def _role(char: str) -> str:
    """Return a folded character itself, nothing where it vanishes, or BREAK."""
    category = unicodedata.category(char)
    if char in JOINERS or char.isspace() or category in {"Cf", "Cc"} or category[0] == "M":
        return ""
    if _CONJOINING.match(char):
        return BREAK
    return char if category[0] in "LN" or category == "Co" else BREAK


_FOLD = _Fold()
