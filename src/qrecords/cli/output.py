"""What a command prints: one JSON object, or Chinese lines for people; notes go to standard error."""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from qrecords.errors import Problem, QRecordsError

SHOWN_PROBLEMS = 50


def emit_json(answer: dict[str, Any]) -> None:
    """Print the one JSON object of an answer."""
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, (Path,)):
        return str(value)
    raise TypeError(type(value).__name__)


def emit_error(error: QRecordsError, *, as_json: bool) -> None:
    """Print an error: all its problems, and what to do next."""
    if as_json:
        emit_json({"ok": False, "error": error.as_json()})
        return
    click.echo(f"✗ {error.message}", err=True)
    for line in problem_lines(error.problems):
        click.echo(f"  {line}", err=True)
    if error.remedy:
        click.echo(f"→ {error.remedy}", err=True)


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Give problems as lines for people, the first ones of very many."""
    for problem in problems[:SHOWN_PROBLEMS]:
        where = " ".join(
            part for part in (problem.source, f"第{problem.row}行" if problem.row is not None else "") if part
        )
        yield f"· {where}：{problem.message}" if where else f"· {problem.message}"
    if len(problems) > SHOWN_PROBLEMS:
        yield f"……另有{len(problems) - SHOWN_PROBLEMS}处，用 --json 可看全部"


def width(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], limits: Sequence[int] | None = None) -> list[str]:
    """Return aligned lines; a cell longer than its limit is cut with an ellipsis."""
    cells = [[cut(str(c).replace("\n", " "), n) for c, n in zip(r, limits or [40] * len(r), strict=True)] for r in rows]
    widths = [max(width(c) for c in column) for column in zip(headings, *cells, strict=True)]
    return [
        "  ".join(c + " " * (w - width(c)) for c, w in zip(r, widths, strict=True)).rstrip() for r in [headings, *cells]
    ]


def cut(text: str, limit: int) -> str:
    """Return a text that takes at most so many columns, an ellipsis where it was cut."""
    if width(text) <= limit:
        return text
    while width(text) > limit - 2:
        text = text[:-1]
    return text + "…"


def note(text: str) -> None:
    """Print a note that is no part of the answer."""
    click.echo(text, err=True)


@contextmanager
def progress(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far the work is, with rate and time left, once it takes longer than a second."""
    from tqdm import tqdm

    with tqdm(desc=label, unit=unit, delay=1, disable=not sys.stderr.isatty(), leave=False) as bar:

        def at(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield at
