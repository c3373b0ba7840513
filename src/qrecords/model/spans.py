"""Numbers that follow one another, written as the first and how many: a part of a job may name many thousands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

Span = Sequence[str | int]  # the first, and how many; as JSON keeps it

_NUMBER = re.compile(r"\d+\Z", re.ASCII)


def packed(names: Iterable[str]) -> list[Span]:
    """Return names as spans, in their order; `unpacked` gives the very same."""
    found: list[tuple[str, int]] = []
    follows = ""
    for name in names:
        if found and name == follows:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((name, 1))
        follows = _after(name, 1)
    return [[first, count] for first, count in found]


def unpacked(spans: Iterable[Span]) -> Iterator[str]:
    """Give the names of spans."""
    for first, count in spans:
        name = str(first)
        yield name
        for further in range(1, int(count)):
            yield _after(name, further)


def _after(name: str, further: int) -> str:
    """Return the name so many numbers further on; "" where a name has no number, or one so wide."""
    number = _NUMBER.search(name)
    if number is None:
        return ""
    digits = str(int(number[0]) + further).zfill(len(number[0]))
    return name[: number.start()] + digits if len(digits) == len(number[0]) else ""
