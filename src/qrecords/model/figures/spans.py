"""The days a report's figures speak of: those of its `ReportPeriod`, and the spans compared with them (F.1)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from qrecords.model.reportperiod import ReportPeriod, Span

Kind = Span | Literal["span"]
_MONTHS = {"month": 1, "half": 6, "year": 12}


@dataclass(frozen=True, slots=True)
class Period:
    """A period, both ends (YYYY-MM-DD) included."""

    kind: Kind
    first: str
    last: str

    @property
    def code(self) -> str:
        """Return it as numbers and commands write it: 2026-03, 2026-H1, 2026."""
        match self.kind:
            case "month":
                return self.first[:7]
            case "half":
                return f"{self.first[:4]}-H{1 if self.first[5:7] == '01' else 2}"
            case "year":
                return self.first[:4]
            case _:
                return f"{self.first}..{self.last}"

    @property
    def label(self) -> str:
        """Return it as paper writes it."""
        if self.kind == "span":
            return f"{self.first}至{self.last}"
        return ReportPeriod(self.code, self.kind).label

    def holds(self, day: str) -> bool:
        """Tell whether a day, or the day of a moment, lies in it."""
        return self.first <= day[:10] <= self.last

    @property
    def opening(self) -> str:
        """Return the day before it: what was there when it began."""
        return (date.fromisoformat(self.first) - timedelta(days=1)).isoformat()

    @property
    def preceding(self) -> Period:
        """Return the period of the same kind before (环比)."""
        if self.kind == "span":
            days = date.fromisoformat(self.last) - date.fromisoformat(self.first)
            last = date.fromisoformat(self.opening)
            return Period("span", (last - days).isoformat(), last.isoformat())
        return self._of_months(-_MONTHS[self.kind])

    @property
    def year_before(self) -> Period:
        """Return the same period a year before (同比)."""
        if self.kind == "span":
            return Period("span", *(_a_year_before(day) for day in (self.first, self.last)))
        return self._of_months(-12)

    @property
    def to_date(self) -> Period:
        """Return from 1 January to its end (本年累计)."""
        return Period("span", f"{self.last[:4]}-01-01", self.last)

    @property
    def twelve_months(self) -> Period:
        """Return the twelve months to its end."""
        months = self.last_months(12)
        return Period("span", months[0].first, self.last)

    def months(self) -> tuple[Period, ...]:
        """Return its months."""
        if self.kind == "span":
            return tuple(m for m in self.last_months(12) if m.last >= self.first)
        return self.last_months(_MONTHS[self.kind])

    def last_months(self, count: int) -> tuple[Period, ...]:
        """Return the last months to its end, oldest first."""
        year, month = int(self.last[:4]), int(self.last[5:7])
        places = [year * 12 + month - 1 - back for back in reversed(range(count))]
        return tuple(month_of(place // 12, place % 12 + 1) for place in places)

    def _of_months(self, moved: int) -> Period:
        year, month = int(self.first[:4]), int(self.first[5:7])
        start = year * 12 + month - 1 + moved
        end = start + _MONTHS[self.kind] - 1
        first, last = month_of(start // 12, start % 12 + 1), month_of(end // 12, end % 12 + 1)
        return Period(self.kind, first.first, last.last)


def month_of(year: int, month: int) -> Period:
    """Return a month."""
    start = f"{year:04}-{month:02}"
    return Period("month", f"{start}-01", f"{start}-{monthrange(year, month)[1]}")


def days_of(period: ReportPeriod) -> Period:
    """Return the days of a report's period."""
    return Period(period.span, period.first.isoformat(), period.last.isoformat())


def _a_year_before(day: str) -> str:
    year, rest = int(day[:4]) - 1, day[5:]
    return f"{year:04}-02-28" if rest == "02-29" else f"{year:04}-{rest}"
