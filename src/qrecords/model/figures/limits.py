"""How deadlines were kept: of every row of deadlines.toml that starts from a record, two facts tables may name (F.11).

`@due.KEY` is the last day (in hours: the last moment), `@kept.KEY` whether it was kept. What is due and what is counted
are one definition: a pack's row of deadlines.toml needs no code to be reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from qrecords.model.deadlines import Deadline, Deadlines
from qrecords.model.figures.entries import Entry, Fact, Surroundings
from qrecords.model.numbering import without_edition
from qrecords.model.rules import is_empty

KEPT = ("按期", "逾期", "逾期未办", "未到期")
_DUE, _KEPT = "@due.", "@kept."


def deadline_facts(deadlines: Deadlines) -> dict[str, Fact]:
    """Return the facts of the deadlines that start at a field of a record; `kept` of those a field says are done."""
    found: dict[str, Fact] = {}
    for key, deadline in deadlines.items():
        if not deadline.form or deadline.every:
            continue
        found[f"{_DUE}{key}"] = partial(_due, deadline)
        if deadline.done:
            found[f"{_KEPT}{key}"] = partial(_kept, deadline)
    return found


def kept_choices(deadlines: Deadlines) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give what the facts of few values may say, in the order tables show."""
    yield from ((name, KEPT) for name in deadline_facts(deadlines) if name.startswith(_KEPT))


def _due(deadline: Deadline, entry: Entry, near: Surroundings) -> str | None:
    """Return the last day, or moment; None where nothing started, and of past paper, which is not judged."""
    record = entry.record
    # Of a line, its own columns stand in the entry.
    start = "" if record.paper_no else deadline.started(without_edition(record.form_code), entry)
    return deadline.limit_from(start, near.calendar) if start else None


def _kept(deadline: Deadline, entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 逾期未办 · 未到期: the first of what says it is done against the last day; equal is in time."""
    if (limit := _due(deadline, entry, near)) is None:
        return None
    days = [str(v) for key in deadline.done if not is_empty(v := entry.get(key))]
    if days:
        return KEPT[0] if min(_alike(day, limit) for day in days) <= limit else KEPT[1]
    return KEPT[2] if limit[: len(near.cutoff)] < near.cutoff else KEPT[3]


def _alike(moment: str, limit: str) -> str:
    """Return a moment as long as the limit is written; a day alone, against an hour, is its beginning."""
    return moment.replace("T", " ")[: len(limit)]
