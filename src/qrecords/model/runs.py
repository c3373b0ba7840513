"""Rising places in a list, written as runs: 0-45,47,50-52."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise


def written(places: Iterable[int]) -> str:
    """Return places, each once and rising, as runs."""
    at = [*places]
    cuts = [n for n, (before, after) in enumerate(pairwise(at), start=1) if after != before + 1]
    ends = zip([0, *cuts], [*cuts, len(at)], strict=True)
    return ",".join(f"{at[a]}-{at[b - 1]}" if b - a > 1 else str(at[a]) for a, b in ends) if at else ""


def spans(text: str) -> Iterator[tuple[int, int]]:
    """Give the first and the last place of each run; ValueError when they do not rise."""
    before = -1
    for run in text.split(",") if text else ():
        first, _, last = run.partition("-")
        start, end = int(first), int(last or first)
        if not before < start <= end:
            raise ValueError(f"「{text[:40]}」不是依次增加的位置")
        yield start, end
        before = end


def read(text: str) -> Iterator[int]:
    """Give each place of some runs."""
    for first, last in spans(text):
        yield from range(first, last + 1)
