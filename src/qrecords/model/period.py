"""Spans of days documents and their figures are of: months, half-years, years (QS/PA758A 5.7.3, 5.7.4, 5.10.1).

A period's document is of the period's own year, also when it is made in the next one.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from qrecords.model.values import YEARS

Span = Literal["month", "half", "year"]

SPAN_LABELS: Mapping[Span, str] = {"month": "月度", "half": "半年", "year": "年度"}
_MONTHS: Mapping[str, int] = {"month": 1, "half": 6, "year": 12}
_MONTH = re.compile(r"^(\d{4})(?:[-/.]|年)(\d{1,2})月?$")
_HALF = re.compile(r"^(\d{4})(?:-?H([12])|年?(上|下)半年)$")
_YEAR = re.compile(r"^(\d{4})年?$")


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a half-year or a year, or any days; both ends (YYYY-MM-DD) included."""

    span: Span | Literal["days"]
    first: str
    last: str

    @classmethod
    def read(cls, text: str) -> Period:
        """Return the period people call so, 2026-03, 2026-H1 or 2026; ValueError says how one is written."""
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
        if (found := _MONTH.match(plain)) and 1 <= int(found[2]) <= 12 and int(found[1]) in YEARS:
            return month_of(int(found[1]), int(found[2]))
        if (found := _HALF.match(plain)) and int(found[1]) in YEARS:
            return _of_months("half", int(found[1]), 1 if (found[2] or found[3]) in {"1", "上"} else 7)
        if (found := _YEAR.match(plain)) and int(found[1]) in YEARS:
            return _of_months("year", int(found[1]), 1)
        raise ValueError(f"「{text}」不是一个月、半年或一年，请写成 2026-03、2026-H1 或 2026 的样子")

    @property
    def key(self) -> str:
        """Return it as numbers and commands write it: 2026-03, 2026-H1, 2026."""
        match self.span:
            case "month":
                return self.first[:7]
            case "half":
                return f"{self.first[:4]}-H{1 if self.first[5:7] == '01' else 2}"
            case "year":
                return self.first[:4]
            case "days":
                return f"{self.first}..{self.last}"

    @property
    def label(self) -> str:
        """Return how papers call it: 2026年3月, 2026年上半年, 2026年度."""
        match self.span:
            case "month":
                return f"{self.year}年{int(self.first[5:7])}月"
            case "half":
                return f"{self.year}年{'上' if self.first[5:7] == '01' else '下'}半年"
            case "year":
                return f"{self.year}年度"
            case "days":
                return f"{self.first}至{self.last}"

    @property
    def year(self) -> int:
        """Return the year it belongs to."""
        return int(self.first[:4])

    @property
    def order(self) -> tuple[int, str]:
        """Return its place among the documents of a year: months, half-years, the year."""
        return ("month", "half", "year", "days").index(self.span), self.key

    def holds(self, day: str) -> bool:
        """Tell whether a day, or the day of a moment, lies in it."""
        return self.first <= day[:10] <= self.last

    @property
    def opening(self) -> str:
        """Return the day before it: what was there when it began."""
        return (date.fromisoformat(self.first) - timedelta(days=1)).isoformat()

    @property
    def preceding(self) -> Period:
        """Return the period of the same span before (环比)."""
        if self.span == "days":
            days = date.fromisoformat(self.last) - date.fromisoformat(self.first)
            last = date.fromisoformat(self.opening)
            return Period("days", (last - days).isoformat(), last.isoformat())
        return self._moved(-_MONTHS[self.span])

    @property
    def following(self) -> Period:
        """Return the period of the same span after; of days as many."""
        if self.span == "days":
            days = date.fromisoformat(self.last) - date.fromisoformat(self.opening)
            first = date.fromisoformat(self.last) + timedelta(days=1)
            return Period("days", first.isoformat(), (date.fromisoformat(self.last) + days).isoformat())
        return self._moved(_MONTHS[self.span])

    @property
    def year_before(self) -> Period:
        """Return the same period a year before (同比)."""
        if self.span == "days":
            return Period("days", *(_a_year_before(day) for day in (self.first, self.last)))
        return self._moved(-12)

    @property
    def to_date(self) -> Period:
        """Return from 1 January to its end (本年累计)."""
        return Period("days", f"{self.last[:4]}-01-01", self.last)

    @property
    def twelve_months(self) -> Period:
        """Return the twelve months to its end."""
        return Period("days", self.last_months(12)[0].first, self.last)

    def months(self) -> tuple[Period, ...]:
        """Return its months."""
        if self.span == "days":
            return tuple(m for m in self.last_months(12) if m.last >= self.first)
        return self.last_months(_MONTHS[self.span])

    def last_months(self, count: int) -> tuple[Period, ...]:
        """Return the last months to its end, oldest first."""
        year, month = int(self.last[:4]), int(self.last[5:7])
        return tuple(_of_months("month", year, month - back) for back in reversed(range(count)))

    def _moved(self, months: int) -> Period:
        return _of_months(self.span, int(self.first[:4]), int(self.first[5:7]) + months)


def month_of(year: int, month: int) -> Period:
    """Return a month."""
    return _of_months("month", year, month)


def periods_of(year: int, span: Span, halves: tuple[str, ...]) -> Iterator[Period]:
    """Give the periods of a year for which there is a document."""
    starts = range(1, 13, _MONTHS[span])
    found = (_of_months(span, year, start) for start in starts)
    yield from (period for period in found if span != "half" or period.key[5:] in halves)


def _of_months(span: Span | Literal["days"], year: int, month: int) -> Period:
    """Return the period that begins with a month; a month before January is of the year before."""
    start = year * 12 + month - 1
    end = start + _MONTHS[span] - 1
    last = monthrange(end // 12, end % 12 + 1)[1]
    return Period(span, f"{start // 12:04}-{start % 12 + 1:02}-01", f"{end // 12:04}-{end % 12 + 1:02}-{last:02}")


def _a_year_before(day: str) -> str:
    year, rest = int(day[:4]) - 1, day[5:]
    return f"{year:04}-02-28" if rest == "02-29" else f"{year:04}-{rest}"
