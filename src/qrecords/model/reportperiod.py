"""The months, half-years and years documents are made of (QS/PA758A 5.7.3, 5.7.4, 5.10.1).

Each period's document is of the period's own year, also when it is made in the next one.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from qrecords.model.values import YEARS

Span = Literal["month", "half", "year"]

SPAN_LABELS: Mapping[Span, str] = {"month": "月度", "half": "半年", "year": "年度"}
_MONTH = re.compile(r"^(\d{4})(?:[-/.]|年)(\d{1,2})月?$")
_HALF = re.compile(r"^(\d{4})(?:-?H([12])|年?(上|下)半年)$")
_YEAR = re.compile(r"^(\d{4})年?$")


@dataclass(frozen=True, slots=True)
class ReportPeriod:
    """A month (2026-03), a half-year (2026-H1) or a year (2026), its ends included."""

    key: str
    span: Span

    @classmethod
    def read(cls, text: str) -> ReportPeriod:
        """Return the period people call so; ValueError says how one is written."""
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
        if (found := _MONTH.match(plain)) and 1 <= int(found[2]) <= 12 and int(found[1]) in YEARS:
            return cls(f"{found[1]}-{int(found[2]):02}", "month")
        if (found := _HALF.match(plain)) and int(found[1]) in YEARS:
            return cls(f"{found[1]}-H{found[2] or (1 if found[3] == '上' else 2)}", "half")
        if (found := _YEAR.match(plain)) and int(found[1]) in YEARS:
            return cls(found[1], "year")
        raise ValueError(f"「{text}」不是一个月、半年或一年，请写成 2026-03、2026-H1 或 2026 的样子")

    @property
    def year(self) -> int:
        """Return the year it belongs to."""
        return int(self.key[:4])

    @property
    def first(self) -> date:
        """Return its first day."""
        match self.span:
            case "month":
                return date(self.year, int(self.key[5:]), 1)
            case "half":
                return date(self.year, 1 if self.key.endswith("1") else 7, 1)
            case "year":
                return date(self.year, 1, 1)

    @property
    def last(self) -> date:
        """Return its last day."""
        first = self.first
        month = {"month": first.month, "half": first.month + 5, "year": 12}[self.span]
        return date(self.year, month, monthrange(self.year, month)[1])

    @property
    def label(self) -> str:
        """Return how papers call it: 2026年3月, 2026年上半年, 2026年度."""
        match self.span:
            case "month":
                return f"{self.year}年{int(self.key[5:])}月"
            case "half":
                return f"{self.year}年{'上' if self.key.endswith('1') else '下'}半年"
            case "year":
                return f"{self.year}年度"

    @property
    def order(self) -> tuple[int, str]:
        """Return its place among the documents of a year: months, half-years, the year."""
        return ("month", "half", "year").index(self.span), self.key


def periods_of(year: int, span: Span, halves: tuple[str, ...]) -> Iterator[ReportPeriod]:
    """Give the periods of a year for which there is a document."""
    match span:
        case "month":
            yield from (ReportPeriod(f"{year}-{month:02}", "month") for month in range(1, 13))
        case "half":
            yield from (ReportPeriod(f"{year}-{half}", "half") for half in halves)
        case "year":
            yield ReportPeriod(f"{year}", "year")
