"""Cut a search query into its tokens: words, quoted phrases, field values, OR."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from qrecords.errors import InvalidInput
from qrecords.model.textnorm import normalise

# Half-width and full-width signs are the same. An input method closes “ with any of these, so any closes any;
# corner quotes come in pairs.
_QUOTES = '"\uff02“”„'
_CLOSED_BY = dict.fromkeys(_QUOTES, _QUOTES) | {"「": "」", "『": "』"}
_MINUS = "-\uff0d−"
_COLONS = ":\uff1a"
_OR = {"OR", "\uff2f\uff32"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `place` counts characters from 1, `end` is where it ends in the query; `field` is a known name in
    normal form, `name` as written.
    """

    text: str
    place: int
    end: int
    negated: bool = False
    field: str = ""
    name: str = ""
    operator: bool = False


def scan(text: str, names: Collection[str]) -> Iterator[Token]:
    """Give the tokens in order; `names` are the known field names in normal form.

    A minus is an operator only before a word, a quote only at a word's beginning, a colon only after a known name.
    """
    at, end = 0, len(text)
    while at < end:
        if text[at].isspace():
            at += 1
            continue
        place = at + 1
        negated = text[at] in _MINUS and at + 1 < end and not text[at + 1].isspace()
        at += negated
        if text[at] in _CLOSED_BY:
            phrase, at = _phrase(text, at)
            yield Token(phrase, place, at, negated)
            continue
        stop = next((i for i in range(at, end) if text[i].isspace()), end)
        raw = text[at:stop]
        colon = next((i for i, c in enumerate(raw) if c in _COLONS), -1)
        name = raw[: max(colon, 0)]
        if (field := normalise(name)) and field in names:
            at += colon + 1
            value, stop = _phrase(text, at) if at < end and text[at] in _CLOSED_BY else (text[at:stop], stop)
            yield Token(value, place, stop, negated, field, name)
        else:
            yield Token(raw, place, stop, negated, operator=raw in _OR and not negated)
        at = stop


def _phrase(text: str, at: int) -> tuple[str, int]:
    """Return what stands between the quote at `at` and the one that closes it, and the place after it."""
    closing = _CLOSED_BY[text[at]]
    for end in range(at + 1, len(text)):
        if text[end] in closing:
            return text[at + 1 : end], end + 1
    raise InvalidInput(
        f"第{at + 1}字处的引号 {text[at]} 没有配对", remedy=f"请在短语末尾补上 {closing[0]}，或删去这个引号"
    )
