"""What a chart says, before it is drawn: categories and series of a table printed in the same document.

A chart computes nothing: each value comes exact, to be drawn, and in the words the table prints it in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from qrecords.model.formats import ChartJson

ENOUGH = 5  # records, for a picture to say anything
MOST = 31  # categories that can be told apart over the width of a page
MOST_SERIES = 5  # patterns that can be told apart on paper
MOST_SPOKES, FEWEST_SPOKES = 8, 4


class Kind(StrEnum):
    """The charts the documents know, by their number there."""

    MONTHS = "C1"
    PARTS = "C2"
    PARETO = "C3"
    SPREAD = "C4"
    ITEMS = "C5"
    TREND = "C6"
    GRADES = "C7"
    DONE = "C8"


class Role(StrEnum):
    """How a series shows: `level` is one value for all categories, `figure` is written and not drawn."""

    BAR = "bar"
    LINE = "line"
    LEVEL = "level"
    FIGURE = "figure"


@dataclass(frozen=True, slots=True)
class Value:
    """A number of the table: exact, None when there is none, and as it is printed."""

    exact: int | Decimal | Fraction | None
    text: str

    @property
    def number(self) -> Fraction | None:
        """Return the exact number as a fraction."""
        return None if self.exact is None else Fraction(self.exact)


@dataclass(frozen=True, slots=True)
class Series:
    """One row or column of the table: a value for each category, for a level one value in all."""

    label: str
    values: tuple[Value, ...]
    role: Role = Role.BAR


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart; `name` tells it from others on the same page, such as `T08-C3`, `n` is how many records stand behind it.

    Kinds take: C1, C3, C4, C6, C8 columns and lines over categories (C3: the line is a share of 100), C2 bars, C5 a
    line for each polygon, C7 a bar for each grade. ValueError when a series has not a value for each category.
    """

    kind: Kind
    title: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    period: str = ""
    n: int | None = None
    note: str = ""
    name: str = ""

    def __post_init__(self) -> None:
        for one in self.series:
            if len(one.values) != (1 if one.role is Role.LEVEL else len(self.categories)):
                raise ValueError(f"{self.kind} {self.title}: {one.label} has {len(one.values)} values")

    def of(self, *roles: Role) -> tuple[Series, ...]:
        """Return the series that have one of these roles."""
        return tuple(s for s in self.series if s.role in roles)

    def numbers(self, *roles: Role) -> list[Fraction]:
        """Return every number of these series that is there."""
        return [number for s in self.of(*roles) for v in s.values if (number := v.number) is not None]

    @property
    def below_title(self) -> str:
        """Return unit, period and number of records in one line."""
        told = (self.unit and f"单位：{self.unit}", self.period, "" if self.n is None else f"n＝{self.n}")
        return "，".join(part for part in told if part)


def chart_of(kept: ChartJson, number: int) -> Chart:
    """Return the number-th chart of a document as its object keeps it."""
    series = tuple(
        Series(
            s.label, tuple(Value(Fraction(exact) if exact else None, text) for exact, text in s.values), Role(s.role)
        )
        for s in kept.series
    )
    title = f"图{number}　{kept.title}"
    return Chart(
        Kind(kept.kind), title, kept.unit, kept.categories, series, period=kept.period, n=kept.n, name=kept.name
    )


def why_not(chart: Chart) -> str:
    """Return the sentence printed where a chart would say nothing or could not be read; empty when it is drawn."""
    if not chart.categories or not chart.numbers(Role.BAR, Role.LINE):
        return "无数据，不作图"
    if chart.n is not None and chart.n < ENOUGH:
        return "样本少，不作图"
    if len(chart.categories) > MOST or max(len(chart.of(role)) for role in Role) > MOST_SERIES:
        return "类别过多，不作图，见表"
    return ""


def in_words(chart: Chart) -> str:
    """Return the table in words for who cannot see it: 「月度趋势（单位：件）。1月：本期 3，上年同期 2；…」."""
    head = f"（{chart.below_title}）" if chart.below_title else ""
    body = "；".join(_told(chart)) or "无数据"
    levels = "".join(f"{s.label}：{s.values[0].text}。" for s in chart.of(Role.LEVEL))
    return f"{chart.title}{head}。{body}。{levels}{chart.note}"


def _told(chart: Chart) -> Iterator[str]:
    series = [s for s in chart.series if s.role is not Role.LEVEL]
    for place, category in enumerate(chart.categories):
        if len(series) == 1:
            yield f"{category} {series[0].values[place].text}"
        elif series:
            yield f"{category}：" + "，".join(f"{s.label} {s.values[place].text}" for s in series)
