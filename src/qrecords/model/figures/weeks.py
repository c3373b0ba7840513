"""Weeks in which users were asked what they think, and weeks missed (pack `ledger`, R138; V-9).

A week is an ISO week, Monday to Sunday, and counts in the period its Sunday lies in: from the first solicitation's on,
once it is over. A row entered after its week had ended keeps that week missed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from qrecords.model.deadlines import end_of_week, iso_week
from qrecords.model.figures.entries import Entry

ASKING = "征求意见"
DONE, LATE, MISSED = STATES = ("按周", "补登", "漏")
OWN_FACTS = frozenset({"@week", "@week_from", "@week_state"})
_WEEK = timedelta(days=7)


def weeks(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Give an entry for each week; one without a solicitation rests on the last before it: nothing came after that."""
    asked: dict[date, list[Entry]] = {}
    for entry in entries:
        day = str(entry.get("@date") or "")
        if day and entry.get("category") == ASKING:
            asked.setdefault(end_of_week(date.fromisoformat(day)), []).append(entry)
    if not asked:
        return
    sunday, newest, before = min(asked), max(asked), asked[min(asked)]
    today = entries[0].surroundings.cutoff
    while sunday <= newest or sunday.isoformat() < today:
        found = asked.get(sunday, [])
        if found or sunday.isoformat() < today:
            yield _week(sunday, found, found or before)
        before = found or before
        sunday += _WEEK


def _week(sunday: date, found: Sequence[Entry], rests_on: Sequence[Entry]) -> Entry:
    first = rests_on[0]
    in_time = any(_entered_in_time(entry, sunday) for entry in found)
    own = {
        "@date": sunday.isoformat(),
        "@week": iso_week(sunday),
        "@week_from": (sunday - timedelta(days=6)).isoformat(),
        "@week_state": DONE if in_time else LATE if found else MISSED,
    }
    numbers = tuple(entry.record.record_no for entry in rests_on)
    return Entry(first.record, first.surroundings, first.facts, own, numbers)


def _entered_in_time(entry: Entry, sunday: date) -> bool:
    """Tell whether a row was entered in its week; past paper tells of weeks before there was a register."""
    entered = entry.record.created_at[:10]
    return not entered or bool(entry.record.paper_no) or entered <= sunday.isoformat()
