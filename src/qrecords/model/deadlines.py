"""Working days and deadlines (QS/PA758A 5.5.6 and the other clauses of forms/QR758/deadlines.toml).

The day something starts does not count; a limit that falls on a day of rest moves to the next working day where the
deadline says so. Which days are free and which weekend days are worked is data (holidays.csv).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, Self

from qrecords.model.field import Condition, Definition
from qrecords.model.rules import holds, is_empty
from qrecords.model.values import Values

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

    def roll_back(self, day: date) -> date:
        """Return the day itself, or the last working day before it: what must be done before a date has no more."""
        for back in range(LONGEST_REST):
            if self.is_working(day - timedelta(days=back)):
                return day - timedelta(days=back)
        raise ValueError(f"{day} 之前{LONGEST_REST}天都是休息日")

    def add_working(self, start: date, days: int) -> date:
        """Return the n-th working day after a day; that day itself for none."""
        day = start
        for _ in range(days):
            day = self.roll(day + timedelta(days=1))
        return day


WEEKENDS = Calendar()


def add_months(start: date, months: int) -> date:
    """Return the same day some calendar months later, the last of a shorter month: 31 January and three, 30 April."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def end_of_week(day: date) -> date:
    """Return the Sunday of a day's ISO week."""
    return day + timedelta(days=6 - day.weekday())


def iso_week(day: date) -> str:
    """Return a day's ISO week, 2026-W53 of 1 January 2027."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


class Naming(Definition):
    """Another record that says something is done: one of a form that names the record in a field."""

    form: str
    field: str


class Instead(Definition):
    """Records of another form that count like those a deadline expects, where the conditions hold."""

    form: str
    when: tuple[Condition, ...] = ()


class Beside(Definition):
    """Records of other forms a deadline is about as well; what it does not write is the row's own."""

    forms: tuple[str, ...]
    start: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()


class Deadline(Definition):
    """One deadline of the procedure, or of the office where the procedure names no number.

    `days` says what target and limit count: calendar or working days, hours (no pause on days of rest), calendar
    months; `before` counts days back from a date. One with a `form` says what it is about, too: of which records it
    starts, at the first filled of `start` (with a `month_day`: due by that day of the year it starts in), and which
    fields, once one is filled, say that it is `done`; or, with `every`, that a record of the form is expected in each
    week, or for each year, made so many years `ahead`, or (`line`) that each record gets a line a year, the year in the
    column `start` names (`rows.column`), or (`customer`) that there is one in each calendar year of every customer met
    in the last `known` months, or `instead` one of another form. A record that names it (`done_by`) says so as well.
    `lines`: each line of that field has its own clock, its columns named `rows.column` in `start`, `done` and `who`.
    `since`: asked only of an office that keeps records of that form, from the day of the first one on. Forms are named
    by their code without edition.
    """

    label: str
    rule: str
    target: int = 0
    limit: int = 0
    days: Literal["calendar", "working", "hours", "months"] = "calendar"
    before: bool = False
    month_day: str = ""
    roll: bool = False
    remind: int = 0
    source: Literal["procedure", "inferred"]
    form: str = ""
    start: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    also: tuple[Beside, ...] = ()
    who: tuple[str, ...] = ()
    every: Literal["", "year", "week", "line", "customer"] = ""
    known: int = 0
    back: int = 0
    instead: tuple[Instead, ...] = ()
    ahead: int = 0
    lines: str = ""
    done_by: tuple[Naming, ...] = ()
    since: str = ""

    def _problems(self) -> Iterator[str]:
        if self.target > self.limit or min(self.target, self.limit, self.remind) < 0:
            yield "target 不能大于 limit，都不能是负数"
        if self.before and (self.days != "calendar" or self.roll):
            yield "before 只用于日历天，不顺延"
        if self.days == "hours" and self.roll:
            yield "按小时的期限不顺延"
        if self.form and not (self.every or self.start):
            yield "写了 form 的还要写 start（从哪一栏起算）或 every（每年、每周一份）"
        if self.every in {"year", "line", "customer"} and not self.month_day:
            yield "每年一份、一行的要写 month_day"
        if (self.every == "customer") != (self.known > 0):
            yield "每个用户一份的要写 known（多少个月内有往来的用户），别的不写"
        if self.month_day and self.form and not self.every and max(self.target, self.limit):
            yield "写了 month_day 的按那一天，不写 target、limit"
        if self.also and not self.start:
            yield "also 只用于从某一栏起算的（start）"
        if self.lines and (self.every or self.also or self.done_by):
            yield "lines 不和 every、also、done_by 一起写"
        if self.every == "line" and not any("." in path for path in self.start):
            yield "每年一行的 start 要写哪一列是年度，如 reviews.year"

    @property
    def forms(self) -> tuple[str, ...]:
        """Return the forms whose records it is about."""
        return (self.form, *(form for beside in self.also for form in beside.forms))

    def clocks(self, values: Values) -> Sequence[Values]:
        """Return what has a clock of its own: a record's values, or them with those of each of its lines."""
        if not self.lines:
            return (values,)
        lines = values.get(self.lines) or ()
        return [{**values, **{f"{self.lines}.{key}": value for key, value in line.items()}} for line in lines]

    def started(self, form: str, values: Values) -> str:
        """Return by which day or moment it started for a record of a form, by its code without edition; "" if not."""
        own = Beside(forms=(self.form,), start=self.start, when=self.when, any=self.any)
        found = next((one for one in (own, *self.also) if form in one.forms), None)
        if found is None or not all(holds(c, values) for c in found.when or self.when):
            return ""
        if (some := found.any or self.any) and not any(holds(c, values) for c in some):
            return ""
        return next((str(values[key]) for key in found.start or self.start if not is_empty(values.get(key))), "")

    def target_day(self, start: date, calendar: Calendar) -> date:
        """Return the day it should be done by."""
        return self._after(start, self.target or self.limit, calendar)

    def limit_day(self, start: date, calendar: Calendar) -> date:
        """Return the last day that is not late."""
        return self._after(start, self.limit, calendar)

    def _after(self, start: date, days: int, calendar: Calendar) -> date:
        if self.month_day and self.form:
            return self.day_of(start.year, calendar)
        match self.days:
            case "working":
                return calendar.add_working(start, days)
            case "months":
                day = add_months(start, days)
            case "hours":
                raise ValueError("按小时的期限要从时刻起算")
            case _:
                day = start + timedelta(days=-days if self.before else days)
        return calendar.roll(day) if self.roll else day

    def limit_moment(self, start: datetime) -> datetime:
        """Return the last moment that is not late, of a deadline in hours: nights and days of rest count."""
        return start + timedelta(hours=self.limit)

    def target_moment(self, start: datetime) -> datetime:
        """Return the moment it should be done by, of a deadline in hours."""
        return start + timedelta(hours=self.target or self.limit)

    def limit_from(self, start: str, calendar: Calendar) -> str:
        """Return the last day, of one in hours the last moment, by the day or moment something started."""
        if self.days == "hours":
            return self.limit_moment(datetime.fromisoformat(start)).isoformat(" ", "minutes")
        return self.limit_day(date.fromisoformat(start[:10]), calendar).isoformat()

    def target_of(self, year: int, calendar: Calendar) -> date:
        """Return the last working day that keeps the fixed date of a year, which itself is not moved."""
        day = self.day_of(year, calendar)
        return day if self.roll else calendar.roll_back(day)

    def day_of(self, year: int, calendar: Calendar, month: int | None = None) -> date:
        """Return the fixed date of a year, or the fixed day of a month."""
        if month is None:
            day = date.fromisoformat(f"{year:04d}-{self.month_day}")
        else:
            day = date(year, month, int(self.month_day))
        return calendar.roll(day) if self.roll else day


Deadlines = Mapping[str, Deadline]
