"""What a command prints: one JSON object, or Chinese lines for people; notes go to standard error.

Everything goes through `say` and `emit_json`: what reaches a terminal moves and hides nothing (`model/neutral.py`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from qrecords.advice import Advice, Sentence
from qrecords.cli.wording import error_json, worded
from qrecords.errors import Problem, QRecordsError
from qrecords.model.answer import told
from qrecords.model.neutral import neutral, neutral_json, neutral_line

SHOWN_PROBLEMS = 50


def say(text: Sentence, *, err: bool = False, nl: bool = True) -> None:
    """Print one entry of an answer, or to standard error; what goes on in a new line is set in."""
    click.echo(neutral_line(worded(text)), err=err, nl=nl)


def neutralise(stream: TextIO) -> None:
    """Let nothing but neutral text through a stream, whoever writes: help pages, prompts, warnings of libraries."""
    if getattr(stream, "is_neutral", False):
        return
    plain = stream.write
    stream.write = lambda text: plain(neutral(text))  # type: ignore[method-assign]
    stream.is_neutral = True  # type: ignore[attr-defined]


def emit_json(answer: Mapping[str, Any]) -> None:
    """Print the one JSON object of an answer."""
    click.echo(neutral_json(json.dumps(answer, ensure_ascii=False, indent=2, default=as_data)))


def as_data(value: object) -> Any:
    """Return what a service answers as JSON has it, one level deep: fields by name, advice in words, paths as text."""
    if isinstance(value, Advice):
        return worded(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return told(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)


def emit_error(error: QRecordsError, *, as_json: bool) -> None:
    """Print an error: all its problems, and what to do next."""
    if as_json:
        emit_json({"ok": False, "error": error_json(error)})
        return
    say(f"✗ {worded(error.message)}", err=True)
    for line in problem_lines(error.problems):
        say(f"  {line}", err=True)
    if error.remedy:
        say(f"→ {worded(error.remedy)}", err=True)


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Give problems as lines for people, the first ones of very many."""
    for problem in problems[:SHOWN_PROBLEMS]:
        where = " ".join(
            part for part in (problem.source, f"第{problem.row}行" if problem.row is not None else "") if part
        )
        message = worded(problem.message)
        yield f"· {where}：{message}" if where else f"· {message}"
    if len(problems) > SHOWN_PROBLEMS:
        yield f"……另有{len(problems) - SHOWN_PROBLEMS}处，用 --json 可看全部"


def width(text: str) -> int:
    """Return how many columns a terminal gives a text."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], limits: Sequence[int] | None = None) -> list[str]:
    """Return aligned lines; a cell longer than its limit is cut with an ellipsis, but never what to do next."""
    cells = [[_cell(c, n) for c, n in zip(r, limits or [40] * len(r), strict=True)] for r in rows]
    widths = [max(width(c) for c in column) for column in zip(headings, *cells, strict=True)]
    return [
        "  ".join(c + " " * (w - width(c)) for c, w in zip(r, widths, strict=True)).rstrip() for r in [headings, *cells]
    ]


def _cell(value: object, limit: int) -> str:
    text = _on_one_line(value)
    return text if isinstance(value, Advice) else cut(text, limit)


def _on_one_line(value: object) -> str:
    return neutral(worded(value) if isinstance(value, Advice) else str(value)).replace("\n", " ").replace("\t", " ")


def cut(text: str, limit: int) -> str:
    """Return a text that takes at most so many columns, an ellipsis where it was cut."""
    if width(text) <= limit:
        return text
    while width(text) > limit - 2:
        text = text[:-1]
    return text + "…"


def note(text: Sentence) -> None:
    """Print a note that is no part of the answer."""
    say(text, err=True)


@contextmanager
def progress(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far the work is, with rate and time left, once it takes longer than a second; only on a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from tqdm import tqdm

    with (
        _bare(sys.stderr) as shown,  # the bar moves the cursor, and shows nothing that comes from elsewhere
        tqdm(desc=label, unit=unit, delay=1, leave=False, file=shown) as bar,
    ):

        def at(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield at


def _bare(stream: TextIO) -> TextIO:
    """Return a stream of its own to the same terminal."""
    return open(stream.fileno(), "w", encoding="utf-8", errors="replace", closefd=False)
