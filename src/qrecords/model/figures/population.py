"""Who belongs to a set, and when: the records of a report, read once, asked by every table (G.2)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence

from qrecords.model.figures.basis import counting
from qrecords.model.figures.definitions import At, Basis, SetDefinition
from qrecords.model.figures.entries import Entry, said
from qrecords.model.period import Period
from qrecords.model.rules import ConditionLike, holds

# Makes other entries of those of records: occasions of service, the lines of a field.
Makes = Callable[[Sequence[Entry]], Iterable[Entry]]
_MAY_BE_EMPTY = (str, list)  # and then says nothing, unlike nought and no
OF_A_DAY = frozenset({"opening", "closing", "during"})


def meeting(entries: Sequence[Entry], when: Iterable[ConditionLike]) -> Sequence[Entry]:
    """Return the entries that meet every condition, in their order; as `rules.holds` judges each of them."""
    for condition in when:
        entries = _meeting(entries, condition)
    return entries


def _meeting(entries: Sequence[Entry], condition: ConditionLike) -> list[Entry]:
    among, not_among = condition.among, condition.not_among
    if condition.column:
        return [entry for entry in entries if holds(condition, entry)]
    pairs = [
        (entry, value)
        for entry, value in zip(entries, said(entries, condition.field), strict=True)
        if value is not None and (value.__class__ not in _MAY_BE_EMPTY or value)
    ]
    if among:
        return [
            entry
            for entry, value in pairs
            if (any(v in among for v in value) if value.__class__ is list else value in among)
        ]
    if not_among:
        return [
            entry
            for entry, value in pairs
            if (any(v not in not_among for v in value) if value.__class__ is list else value not in not_among)
        ]
    return [entry for entry, _ in pairs]


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
        self._all: dict[tuple[str, Basis], list[Entry]] = {}
        self._over: dict[tuple[tuple[str, ...], Basis, str], list[Entry]] = {}
        self._dated: dict[tuple[tuple[str, ...], Basis, str, str], tuple[list[str], list[Entry]]] = {}
        self._at: dict[tuple[str, At, Period, Basis], list[Entry]] = {}

    def knows(self, span: Period) -> bool:
        """Tell whether the office has records of a span of days: without any there is nothing to compare with."""
        return span.last >= self._first_day and any(m.key in self._months for m in span.months())

    def is_empty(self, period: Period) -> bool:
        """Tell whether there is no record of a period at all."""
        return not any(period.holds(entry.record.date) for found in self._entries.values() for entry in found)

    def at(self, name: str, at: At, period: Period, basis: Basis = "") -> list[Entry]:
        """Return the members of a set at a time seen from a period, in the order of their days."""
        if (key := (name, at, period, basis)) not in self._at:
            self._at[key] = self._members(name, at, period, basis)
        return self._at[key]

    def left_out(self, name: str, at: At, period: Period) -> list[Entry]:
        """Return the reports that would be members of a set if they were valid; none of a set that asks for less."""
        found = self.sets[name]
        if found.basis not in ("", "valid") or found.since or found.over.startswith("@") or at in OF_A_DAY:
            return []
        return self.at(name, at, period, "left-out")

    def _members(self, name: str, at: At, period: Period, basis: Basis) -> list[Entry]:
        found = self.sets[name]
        match at:
            case "opening":
                there = self._there(found, period.opening, period.opening)
            case "closing":
                there = self._there(found, period.last, period.last)
            case "during":
                there = self._there(found, period.last, period.opening)
            case _:
                span = span_of(at, period)
                # By day first: conditions are asked of the few of a month, not of all.
                days, entries = self._by_day(found, basis or found.basis)
                there = [*meeting(entries[bisect_left(days, span.first) : bisect_right(days, span.last)], found.when)]
        return there

    def _there(self, found: SetDefinition, came_by: str, gone_after: str) -> list[Entry]:
        """Return who meets a set's conditions, came by a day and went after a day, or not at all."""
        made = self._made(found.forms, found.basis, found.over)
        came = [e for e, day in zip(made, said(made, found.since), strict=True) if day and str(day)[:10] <= came_by]
        there = meeting(came, found.when)
        if not found.until:
            return [*there]
        gone = said(there, found.until)  # asked of the few that are left: it may take some working out
        return [e for e, day in zip(there, gone, strict=True) if not day or str(day)[:10] > gone_after]

    def of_those(self, name: str, period: Period, test: Callable[[Entry], bool]) -> list[Entry]:
        """Return the members of a set in a period that are made of entries passing a test, one of each at most."""
        found = self.sets[name]
        counted = [e for form in found.forms for e in self._counted(form, found.basis) if test(e)]
        made = [*self._makers[found.over](counted)] if found.over in self._makers else counted
        days = [str(day or "")[:10] for day in said(made, found.date or "@date")]
        there = sorted(
            ((day, e.numbers[:1], n) for n, (e, day) in enumerate(zip(made, days, strict=True)) if period.holds(day))
        )
        return [*meeting([made[n] for _, _, n in there], found.when)]

    def _by_day(self, found: SetDefinition, basis: Basis) -> tuple[list[str], list[Entry]]:
        date_key = found.date or "@date"
        if (key := (found.forms, basis, found.over, date_key)) not in self._dated:
            entries = self._made(found.forms, basis, found.over)
            days = said(entries, date_key)
            dated = [
                (str(day)[:10], entry.numbers[:1], place)
                for place, (entry, day) in enumerate(zip(entries, days, strict=True))
                if day
            ]
            dated.sort()
            self._dated[key] = [day for day, _, _ in dated], [entries[place] for _, _, place in dated]
        return self._dated[key]

    def _made(self, forms: tuple[str, ...], basis: Basis, over: str) -> list[Entry]:
        if (key := (forms, basis, over)) not in self._over:
            counted = [entry for form in forms for entry in self._counted(form, basis)]
            if not over:
                self._over[key] = counted
            elif over in self._makers:
                self._over[key] = [*self._makers[over](counted)]
            else:
                self._over[key] = [line for entry in counted for line in lines_of(entry, over)]
        return self._over[key]

    def _counted(self, form: str, basis: Basis) -> list[Entry]:
        if (key := (form, basis)) not in self._all:
            self._all[key] = counting(self._entries.get(form, ()), form, basis)
        return self._all[key]


def span_of(at: At, period: Period) -> Period:
    """Return the span of days a time means, seen from a period; of a day (opening, closing) that of the period."""
    match at:
        case "preceding":
            return period.preceding
        case "following":
            return period.following
        case "year-before":
            return period.year_before
        case "to-date":
            return period.to_date
        case "twelve-months":
            return period.twelve_months
        case _:
            return period
