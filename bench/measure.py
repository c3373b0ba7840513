"""What the search measurements share: the clock, and a line with what is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable


def seconds(do: Callable[[], object]) -> float:
    start = time.perf_counter()
    do()
    return time.perf_counter() - start


def line(what: str, figure: float, asked: str) -> None:
    """Print a figure beside what is asked of it, such as "≤ 3"."""
    met = figure <= float(asked[1:]) if asked[0] == "≤" else figure >= float(asked[1:])
    print(f"  {'ok  ' if met else 'MISS'} {what}: {figure:.2f} ({asked})", flush=True)
