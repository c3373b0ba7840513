"""What is counted: records, the lines in them, occasions of service; fields by key, derived facts as `@name`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from qrecords.model.branches import BranchDays
from qrecords.model.complaints import Standing
from qrecords.model.deadlines import Calendar, Deadlines
from qrecords.model.figures.naming import needed
from qrecords.model.record import Record
from qrecords.model.regions import Regions

Fact = Callable[["Entry", "Surroundings"], Any]
MISSING = object()


@dataclass(frozen=True)
class Links:
    """What records say of others: when an item of a plan was done, a service was asked after, who is registered.

    `handed` gives of a unit (model, serial number) the days it was handed back to its user after a repair; `standing`
    are those records themselves.
    """

    done: Mapping[str, str] = field(default_factory=dict)
    followed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    cards: tuple[Mapping[str, Any], ...] = ()
    handed: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    standing: tuple[Record, ...] = ()

    @cached_property
    def by_number(self) -> Mapping[str, Record]:
        """Return these records by their number."""
        return {record.record_no: record for record in self.standing}

    @cached_property
    def needed(self) -> Mapping[str, str]:
        """Return of each notice the day its need was told; asked by few tables, of all records."""
        return needed(self.standing)


@dataclass(frozen=True, slots=True, order=True)
class Improvement:
    """An item of improvement as it stands, seen from what it names: done and closed on which day ("" = not yet).

    `note` is what it says of the record it names; `rejected`: closed without a measure (不采纳).
    """

    number: str
    done: str = ""
    closed: str = ""
    rejected: bool = False
    note: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What facts need beside the record itself.

    `cutoff` is the day of the report; `last` the period's last day. `notice_owes` tells of each notice whether a
    record it owes is missing; `faults` gives of a unit its faults as (day reported, day finished, record number),
    `handed_in` of a record on which day it was, and whether it was sent back, `informed` of a notice on which day the
    information about it (11A) was passed on, `listed` of customers (by code, by unit) what their list says beside,
    `delivered` the day a unit of the product list was delivered, by model and serial number.
    `issued` gives of a notice how those it sends stood when it was issued, in the order of its lines, `improved` of a
    record the items of improvement that name it, `settled` the first day after one on which a later report says of a
    unit that nothing is left open.
    `branches` are those that were not always there.
    `valid` and `incomplete` are judged by whoever has the forms.
    """

    cutoff: str
    last: str
    calendar: Calendar
    deadlines: Deadlines
    valid: Callable[[Record], str]
    incomplete: Callable[[Record], bool]
    standing: Callable[[Record], Standing]
    is_complaint: Callable[[Record], bool]
    notice_owes: Mapping[str, bool] = field(default_factory=dict)
    faults: Mapping[tuple[str, str], tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    answered_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    handed_in: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    informed: Mapping[str, str] = field(default_factory=dict)
    issued: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    links: Links = field(default_factory=Links)
    improved: Mapping[str, tuple[Improvement, ...]] = field(default_factory=dict)
    settled: Callable[[tuple[str, str], str], str] = lambda _unit, _day: ""
    listed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delivered: Mapping[tuple[str, str], str] = field(default_factory=dict)
    branches: Mapping[str, BranchDays] = field(default_factory=dict)
    regions: Regions = field(default_factory=Regions)
    workday: tuple[tuple[str, str], ...] = (("08:00", "12:00"), ("14:00", "17:30"))
    refix_days: int = 30

    # What was worked out already: the same days come again and again.
    limits: dict[tuple[str, str], str] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def in_service(self) -> Mapping[str, int]:
        """Return how many units of the product list were delivered by the period's end, by model and by years since."""
        found: dict[str, int] = {}
        for (model, _), day in self.delivered.items():
            for kind in (model, age_span(day, self.last)) if day <= self.last else ():
                found[kind] = found.get(kind, 0) + 1
        return found

    def limit(self, deadline: str, start: str) -> str:
        """Return the last day of a deadline that starts on a day."""
        if (key := (deadline, start)) not in self.limits:
            found = self.deadlines[deadline].limit_day(date.fromisoformat(start), self.calendar)
            self.limits[key] = found.isoformat()
        return self.limits[key]

    def works_at(self, moment: str) -> bool:
        """Tell whether a moment lies within the hours of a working day."""
        if not self.calendar.is_working(date.fromisoformat(moment[:10])):
            return False
        return any(start <= moment[11:16] <= end for start, end in self.workday)


# Years in service (T07), each with the year it ends before.
AGE_SPANS = {"不满1年": 1, "满1年不满2年": 2, "满2年不满5年": 5, "5年以上": None}


def age_span(since: str, day: str) -> str:
    """Return how many years lie between two days (YYYY-MM-DD), as a span."""
    years = int(day[:4]) - int(since[:4]) - (day[5:] < since[5:])
    return next(name for name, end in AGE_SPANS.items() if end is None or years < end)


def said(entries: Iterable[Entry], key: str) -> list[Any]:
    """Return what each entry says in a field, or a fact: `get` of many at once."""
    if key[:1] == "@":
        return [
            known[key] if entry._own is None and (known := entry._known) and key in known else entry.get(key)
            for entry in entries
        ]
    return [entry._values.get(key) if entry._own is None else entry.get(key) for entry in entries]


class Entry(Mapping[str, Any]):
    """One thing counted. `numbers` are the records it rests on, by default its own, for a customer of the list perhaps
    none; `own` are values laid over those of the record."""

    __slots__ = ("_known", "_own", "_values", "facts", "numbers", "record", "surroundings")

    def __init__(
        self,
        record: Record,
        surroundings: Surroundings,
        facts: Mapping[str, Fact],
        own: Mapping[str, Any] | None = None,
        numbers: tuple[str, ...] | None = None,
    ) -> None:
        self.record = record
        self._values = record.values
        self.numbers = (record.record_no,) if numbers is None else numbers
        self._own = own
        self.surroundings = surroundings
        self.facts = facts
        self._known: dict[str, Any] | None = None

    def get(self, key: str, default: Any = None) -> Any:
        """Return a field's value, or a fact that is worked out when first asked for."""
        if self._own is not None and key in self._own:
            return self._own[key]
        if key[:1] != "@":
            return self._values.get(key, default)
        known = self._known
        if known is None:
            known = self._known = {}
        found = known.get(key, MISSING)
        if found is MISSING:
            found = known[key] = self.facts[key](self, self.surroundings)
        return default if found is None else found

    def with_own(self, own: Mapping[str, Any]) -> Entry:
        """Return an entry of the same record with more values."""
        return Entry(self.record, self.surroundings, self.facts, {**(self._own or {}), **own}, self.numbers)

    def __getitem__(self, key: str) -> Any:
        found = self.get(key, MISSING)
        if found is MISSING:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter({**self.record.values, **(self._own or {})})

    def __len__(self) -> int:
        return len({**self.record.values, **(self._own or {})})
