"""How many were on site by the day agreed, by year and by unit (QS/PA758A 5.5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qrecords.model.arrivals import Arrival, Rate, arrival_of, counts, rate_of
from qrecords.model.record import Action, Record
from qrecords.office import Office


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The rates of the notices due in a year (None: in any), by year and by unit, and every late one."""

    year: int | None
    all: Rate
    years: Sequence[Rate]
    units: Sequence[Rate]
    late: Sequence[Arrival]


@dataclass(frozen=True, slots=True)
class ArrivalTold:
    """What a notice's own page says of its arrival."""

    required: str | None
    arrived: str | None
    days_late: int | None


def arrivals(office: Office, year: int | None = None) -> Arrivals:
    """Return the rates of the notices the account may read, due in one year or in any, and every late one."""
    found = notices_due(office, year)
    late = sorted((a for a in found if a.late), key=lambda a: (a.required, a.record_no))
    return Arrivals(
        year=year,
        all=rate_of("", found),
        years=_rates(found, lambda a: str(a.year)),
        units=_rates(found, lambda a: a.unit),
        late=late,
    )


def notices_due(office: Office, year: int | None = None) -> list[Arrival]:
    """Return the notices counted, of those the account may read: due in one year or in any."""
    office.authorise(Action.READ, "arrivals")
    codes = [code for code in office.forms.codes() if Action.ISSUE.value in office.forms.get(code).form.steps]
    with office.register.read() as tx:
        notices = [r for code in codes for r in tx.records.find(form_code=code)]
    readable = map(arrival_of, office.only_readable(filter(counts, notices)))
    return [a for a in readable if a.year and year in {None, a.year}]


def told_arrival(notice: Record) -> ArrivalTold:
    """Return what a notice's own page says of its arrival."""
    one = arrival_of(notice)
    return ArrivalTold(one.required or None, one.arrived or None, one.days_late)


def _rates(found: Sequence[Arrival], name_of: Callable[[Arrival], str]) -> list[Rate]:
    return [rate_of(name, [a for a in found if name_of(a) == name]) for name in sorted({name_of(a) for a in found})]
