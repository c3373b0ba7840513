"""Working days and deadlines (QS/PA758A 5.5.6 and the other clauses of forms/QR758/deadlines.toml).

The day something starts does not count; a limit that falls on a day of rest moves to the next working day where the
deadline says so. Which days are free and which weekend days are worked is data (holidays.csv).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, Self

from pydantic import model_validator

from qrecords.model.field import Definition

FREE, WORKED = "休", "班"
SATURDAY = 5
LONGEST_REST = 60  # no holiday is longer: a calendar that says so is wrong


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of rest: weekends, changed by what the state announces each year."""

    free: frozenset[date] = field(default_factory=frozenset)
    worked: frozenset[date] = field(default_factory=frozenset)

    @classmethod
    def of(cls, days: Iterable[tuple[date, str]]) -> Self:
        """Return the calendar of these special days, each 休 or 班."""
        known = dict(days)
        return cls(
            frozenset(d for d, kind in known.items() if kind == FREE),
            frozenset(d for d, kind in known.items() if kind == WORKED),
        )

    def years(self) -> set[int]:
        """Return the years whose holidays are known; in the others only weekends are days of rest."""
        return {d.year for d in self.free | self.worked}

    def is_working(self, day: date) -> bool:
        """Tell whether a day is worked."""
        return day in self.worked or (day not in self.free and day.weekday() < SATURDAY)

    def roll(self, day: date) -> date:
        """Return the day itself, or the first working day after it."""
        for ahead in range(LONGEST_REST):
            if self.is_working(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise ValueError(f"{day} 之后{LONGEST_REST}天都是休息日")

    def add_working(self, start: date, days: int) -> date:
        """Return the n-th working day after a day; that day itself for none."""
        day = start
        for _ in range(days):
            day = self.roll(day + timedelta(days=1))
        return day


WEEKENDS = Calendar()


class Deadline(Definition):
    """One deadline of the procedure, or of the office where the procedure names no number."""

    label: str
    rule: str
    target: int = 0
    limit: int = 0
    days: Literal["calendar", "working"] = "calendar"
    month_day: str = ""
    roll: bool = False
    remind: int = 0
    source: Literal["procedure", "inferred"]

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.target > self.limit or min(self.target, self.limit, self.remind) < 0:
            raise ValueError("target 不能大于 limit，都不能是负数")
        return self

    def target_day(self, start: date, calendar: Calendar) -> date:
        """Return the day it should be done by."""
        return self._after(start, self.target or self.limit, calendar)

    def limit_day(self, start: date, calendar: Calendar) -> date:
        """Return the last day that is not late."""
        return self._after(start, self.limit, calendar)

    def _after(self, start: date, days: int, calendar: Calendar) -> date:
        if self.days == "working":
            return calendar.add_working(start, days)
        day = start + timedelta(days=days)
        return calendar.roll(day) if self.roll else day

    def day_of(self, year: int, calendar: Calendar, month: int | None = None) -> date:
        """Return the fixed date of a year, or the fixed day of a month."""
        if month is None:
            day = date.fromisoformat(f"{year:04d}-{self.month_day}")
        else:
            day = date(year, month, int(self.month_day))
        return calendar.roll(day) if self.roll else day


Deadlines = Mapping[str, Deadline]
