"""Reads the code of a number format into sections and their tokens (ECMA-376 18.8.31)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

# Marks of a day or time; only outside quotes and brackets. `b` is the Buddhist year, `g` an era.
_TIME_MARKS = "y+|m+|d+|h+|s+|e+|a{3,4}|g+|b+"
_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|_(?P<space>.)|\*(?P<fill>.)|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General|(?:G/)?通用格式)|(?P<half>AM/PM|A/P|上午/下午)|(?P<exponent>[eE][+-](?=[0#?]))"
    rf"|(?P<time>{_TIME_MARKS})|(?P<mark>[0#?.,%/@])|(?P<literal>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[0-9.]+(?:E[+-]?\d+)?)$", re.IGNORECASE)
_ELAPSED = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)
_LANGUAGE = re.compile(r"\$([^-]*)(?:-([0-9A-F]+))?(?:,.*)?$", re.IGNORECASE)
_CHINESE = {"804", "404", "C04", "1004", "1404"}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a section: `kind` names the group of `_TOKEN` it is, or `elapsed`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a format."""

    tokens: tuple[Token, ...]
    condition: tuple[str, Decimal] | None = None
    chinese: bool = False  # names of days and halves of the day
    digits: str = ""  # DBNum1 and the like: digits in Chinese
    system: str = ""  # F800, F400: day or time as the system shows it

    def kinds(self) -> set[str]:
        """Return the kinds of token it has."""
        return {t.kind for t in self.tokens}


@lru_cache(maxsize=1024)
def sections(code: str) -> tuple[Section, ...]:
    """Return the sections of a format code."""
    found: list[list[re.Match[str]]] = [[]]
    for match in _TOKEN.finditer(code):
        if match["literal"] == ";":
            found.append([])
        else:
            found[-1].append(match)
    return tuple(map(_section, found[:4]))


def _section(matches: list[re.Match[str]]) -> Section:
    tokens: list[Token] = []
    condition, chinese, digits, system = None, False, "", ""
    for match in matches:
        kind = match.lastgroup or "literal"
        text = match[kind]
        if kind != "bracket":
            tokens.append(Token(kind, text))
        elif found := _CONDITION.match(text):
            condition = found[1], Decimal(found[2])
        elif _ELAPSED.match(text):
            tokens.append(Token("elapsed", text.lower()))
        elif found := _LANGUAGE.match(text):
            tokens += [Token("quoted", found[1])] if found[1] else []
            language = (found[2] or "").upper().lstrip("0")
            chinese = chinese or language[-4:].lstrip("0") in _CHINESE
            system = language if language in {"F800", "F400"} else system
        elif text.upper().startswith(("DBNUM", "NATNUM")):
            digits = text.upper()
    return Section(tuple(tokens), condition, chinese, digits, system)
