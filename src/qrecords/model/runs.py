"""Rising places in a list, written as runs: 0-45,47,50-52."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def written(places: Iterable[int]) -> str:
    """Return places, each once and rising, as runs."""
    found: list[str] = []
    first = last = -1
    for place in places:
        if place == last + 1 and first >= 0:
            last = place
            continue
        if first >= 0:
            found.append(f"{first}-{last}" if last > first else str(first))
        first = last = place
    if first >= 0:
        found.append(f"{first}-{last}" if last > first else str(first))
    return ",".join(found)


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
