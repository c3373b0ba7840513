"""Who belongs to a set, and when: the records of a report, read once, asked by every table (G.2)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence

from qrecords.model.figures.basis import counts_as
from qrecords.model.figures.definitions import At, Basis, SetDefinition
from qrecords.model.figures.entries import Entry
from qrecords.model.figures.spans import Period
from qrecords.model.rules import ConditionLike, holds

# Makes other entries of those of records: occasions of service, the lines of a field.
Makes = Callable[[Sequence[Entry]], Iterable[Entry]]


def fits(entry: Entry, when: Iterable[ConditionLike]) -> bool:
    """Tell whether an entry meets every condition."""
    return all(holds(condition, entry) for condition in when)


def lines_of(entry: Entry, field: str) -> Iterable[Entry]:
    """Give an entry for each line of a repeated field, its columns as `field.column`."""
    for row in entry.get(field) or ():
        yield entry.with_own({f"{field}.{key}": value for key, value in row.items()})


def resolved(sets: Mapping[str, SetDefinition], name: str) -> SetDefinition:
    """Return a set with all it takes from the one it narrows."""
    own = sets[name]
    if not own.of:
        return own
    above = resolved(sets, own.of)
    return own.model_copy(
        update={
            "forms": own.forms or above.forms,
            "over": own.over or above.over,
            "basis": own.basis or above.basis,
            "date": own.date or ("" if own.since else above.date),
            "since": own.since or ("" if own.date else above.since),
            "until": own.until or ("" if own.date else above.until),
            "when": (*above.when, *own.when),
        }
    )


class Population:
    """The entries by the number of their form, and the sets over them; what was worked out is kept."""

    def __init__(
        self,
        entries: Mapping[str, Sequence[Entry]],
        sets: Mapping[str, SetDefinition],
        makers: Mapping[str, Makes],
        first_day: str,
        months: frozenset[str] = frozenset(),
    ) -> None:
        """Take entries, sets, and makers by what a set is over; `first_day` is that of the office's first record.

        `months` are those the office has a record of.
        """
        self.sets = {name: resolved(sets, name) for name in sets}
        self._entries = entries
        self._makers = makers
        self._first_day, self._months = first_day, months
        self._all: dict[tuple[tuple[str, ...], Basis], list[Entry]] = {}
        self._over: dict[tuple[tuple[str, ...], Basis, str], list[Entry]] = {}
        self._dated: dict[tuple[str, str, Basis], tuple[list[str], list[Entry]]] = {}
        self._at: dict[tuple[str, At, Period, Basis], list[Entry]] = {}

    def knows(self, span: Period) -> bool:
        """Tell whether the office has records of a span of days: without any there is nothing to compare with."""
        return span.last >= self._first_day and any(m.code in self._months for m in span.months())

    def at(self, name: str, at: At, period: Period, basis: Basis = "") -> list[Entry]:
        """Return the members of a set at a time seen from a period, in the order of their days."""
        if (key := (name, at, period, basis)) not in self._at:
            self._at[key] = self._members(name, at, period, basis)
        return self._at[key]

    def _members(self, name: str, at: At, period: Period, basis: Basis) -> list[Entry]:
        match at:
            case "opening":
                return self._there(name, period.opening)
            case "closing":
                return self._there(name, period.last)
            case "during":
                found = self.sets[name]
                return [
                    entry
                    for entry in self._whole(name)
                    if (since := _day(entry, found.since))
                    and since <= period.last
                    and ((until := _day(entry, found.until)) == "" or until >= period.first)
                ]
            case _:
                span = span_of(at, period)
                days, entries = self._by_day(name, basis)
                return entries[bisect_left(days, span.first) : bisect_right(days, span.last)]

    def _there(self, name: str, day: str) -> list[Entry]:
        found = self.sets[name]
        return [
            entry
            for entry in self._whole(name)
            if (since := _day(entry, found.since))
            and since <= day
            and ((until := _day(entry, found.until)) == "" or until > day)
        ]

    def _by_day(self, name: str, basis: Basis) -> tuple[list[str], list[Entry]]:
        key = self.sets[name].date or "@date"
        if (known := (name, key, basis)) not in self._dated:
            pairs = [(day, entry) for entry in self._whole(name, basis) if (day := _day(entry, key))]
            pairs.sort(key=lambda pair: pair[0])
            self._dated[known] = [day for day, _ in pairs], [entry for _, entry in pairs]
        return self._dated[known]

    def _whole(self, name: str, basis: Basis = "") -> list[Entry]:
        found = self.sets[name]
        base = self._made(found.forms, basis or found.basis, found.over)
        return [entry for entry in base if fits(entry, found.when)] if found.when else base

    def _made(self, forms: tuple[str, ...], basis: Basis, over: str) -> list[Entry]:
        if (key := (forms, basis, over)) not in self._over:
            counted = self._counted(forms, basis)
            if not over:
                self._over[key] = counted
            elif over in self._makers:
                self._over[key] = [*self._makers[over](counted)]
            else:
                self._over[key] = [line for entry in counted for line in lines_of(entry, over)]
        return self._over[key]

    def _counted(self, forms: tuple[str, ...], basis: Basis) -> list[Entry]:
        if (key := (forms, basis)) not in self._all:
            self._all[key] = [e for form in forms for e in self._entries.get(form, ()) if counts_as(e, basis)]
        return self._all[key]


def span_of(at: At, period: Period) -> Period:
    """Return the span of days a time means, seen from a period; of a day (opening, closing) that of the period."""
    match at:
        case "preceding":
            return period.preceding
        case "year-before":
            return period.year_before
        case "to-date":
            return period.to_date
        case "twelve-months":
            return period.twelve_months
        case _:
            return period


def _day(entry: Entry, key: str) -> str:
    return str(entry.get(key) or "")[:10] if key else ""
