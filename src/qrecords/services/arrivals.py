"""How many were on site by the day agreed, by year and by unit (QS/PA758A 5.5.4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from qrecords.model.arrivals import Arrival, arrival_of, counts, rate_of
from qrecords.model.record import Action, Record
from qrecords.office import Office


def arrivals(office: Office, year: int | None = None) -> dict[str, Any]:
    """Return the rates of the notices the account may read, due in one year or in any, and every late one."""
    office.authorise(Action.READ, "arrivals")
    codes = [code for code in office.forms.codes() if Action.ISSUE.value in office.forms.get(code).form.steps]
    with office.register.read() as tx:
        notices = [r for code in codes for r in tx.records.find(form_code=code)]
    readable = map(arrival_of, office.only_readable(filter(counts, notices)))
    found = [a for a in readable if a.year and year in {None, a.year}]
    late = sorted((a for a in found if a.late), key=lambda a: (a.required, a.record_no))
    return {
        "year": year,
        "all": _rate("", found),
        "years": _rates(found, lambda a: str(a.year)),
        "units": _rates(found, lambda a: a.unit),
        "late": [asdict(a) | {"days_late": a.days_late} for a in late],
    }


def told_arrival(notice: Record) -> dict[str, Any]:
    """Return what a notice's own page says of its arrival."""
    one = arrival_of(notice)
    return {"required": one.required or None, "arrived": one.arrived or None, "days_late": one.days_late}


def _rates(found: Sequence[Arrival], name_of: Callable[[Arrival], str]) -> list[dict[str, Any]]:
    return [_rate(name, [a for a in found if name_of(a) == name]) for name in sorted({name_of(a) for a in found})]


def _rate(name: str, found: Sequence[Arrival]) -> dict[str, Any]:
    rate = rate_of(name, found)
    return asdict(rate) | {"awaited": rate.awaited, "percent": rate.percent}
