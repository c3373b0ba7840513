"""Arriving by the day agreed: each notice's days late, and the rates of them (QS/PA758A 5.5.4, table 1 row 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from qrecords.model.access import CENTRE, performing_unit
from qrecords.model.figures.arithmetic import Rate as ExactRate
from qrecords.model.record import GONE, Record, State


@dataclass(frozen=True, slots=True)
class Arrival:
    """One notice: when people were to be there, and when they were; days are YYYY-MM-DD, "" = not recorded.

    `year` is that of the day asked for, as the reports count (domain W-3); 0 where none was.
    """

    record_no: str
    year: int
    unit: str
    customer_unit: str
    required: str
    arrived: str
    ALSO_TOLD: ClassVar = ("days_late",)

    @property
    def days_late(self) -> int | None:
        """Return the days from the day asked for to the arrival, negative when early; None while one is missing."""
        if not self.required or not self.arrived:
            return None
        return (date.fromisoformat(self.arrived) - date.fromisoformat(self.required)).days

    @property
    def late(self) -> bool:
        """Tell whether they came after the day asked for; that day itself is in time."""
        return (self.days_late or 0) > 0


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of some notices were in time; `awaited` have no arrival recorded and count in no rate."""

    name: str
    notices: int
    arrived: int
    in_time: int
    ALSO_TOLD: ClassVar = ("awaited", "percent")

    @property
    def awaited(self) -> int:
        """Return how many have no arrival recorded."""
        return self.notices - self.arrived

    @property
    def percent(self) -> float | None:
        """Return the share in time of those arrived, in per cent to one place; None when nobody has arrived."""
        percent = ExactRate(self.in_time, self.arrived).percent()
        return None if percent is None else float(percent)  # one place: no digit is lost


def counts(notice: Record) -> bool:
    """Tell whether a notice counts; a draft only when it was sent back: then people have been there."""
    return notice.state not in GONE and (notice.state is not State.DRAFT or bool(notice.values.get("arrived_on")))


def arrival_of(notice: Record) -> Arrival:
    """Return a notice's arrival; one asked for by no day is due in no year."""
    required, arrived = (str(notice.values.get(key) or "") for key in ("required_arrival", "arrived_on"))
    unit = performing_unit(notice.values) or CENTRE
    return Arrival(notice.record_no, int(required[:4] or 0), unit, notice.customer_unit, required, arrived)


def rate_of(name: str, arrivals: Iterable[Arrival]) -> Rate:
    """Return the rate of some notices."""
    counted = list(arrivals)
    there = [a for a in counted if a.days_late is not None]
    return Rate(name, len(counted), len(there), sum(not a.late for a in there))
