"""Sets and tables as an office writes them (`tables/sets.toml`, `tables/*.toml`): data, nothing evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Literal

from pydantic import Field as Key

from qrecords.model.field import Condition, Definition

# Which day or span of days a figure speaks of, seen from the report's period.
At = Literal[
    "period",
    "opening",
    "closing",
    "during",
    "preceding",
    "following",
    "year-before",
    "to-date",
    "twelve-months",
    "months",
]
Basis = Literal["", "registered", "valid", "left-out", "void", "any"]
KEY = r"^[a-z0-9_]+$"


class SetDefinition(Definition):
    """A set of records (or of what is in them), and which date decides when one belongs to it (F.2, G.2).

    `date` puts an entry into a span of days; `since` and `until` tell from which day to which one is there (stock).
    `of` narrows another set. `over` counts the lines of a repeated field, or `@occasions`, `@sheets`, `@ratings`,
    `@models`.
    """

    title: str
    forms: tuple[str, ...] = ()
    of: str = ""
    over: str = ""
    basis: Basis = ""
    date: str = ""
    since: str = ""
    until: str = ""
    when: tuple[Condition, ...] = ()


class Column(Definition):
    """One column: a measure over what lies in the row, narrowed by `when`.

    `fields` are the measure's own; `of` names columns of the row that a measure computes from. `each` makes a column
    for every value of a field (`empty = false`: that is used).
    """

    key: str = Key(pattern=KEY)
    label: str
    measure: str = "count"
    set: str = ""
    at: At | Literal[""] = ""
    basis: Basis = ""
    unit: str = "件"
    when: tuple[Condition, ...] = ()
    hit: tuple[Condition, ...] = ()
    fields: tuple[str, ...] = ()
    of: tuple[str, ...] = ()
    each: str = ""
    empty: bool = True
    per: Decimal = Decimal(100)
    target: str = ""
    compared: bool = False  # in half-years and years beside the sum of the approved months (F.7)
    periods: tuple[Literal["month", "half", "year"], ...] = ()


class RowDefinition(Definition):
    """A row that is named: its own set, its own conditions, its own time.

    One with `of` is computed from two rows before it: how much more the first is, in per cent, of rates and means in
    points.
    """

    key: str = Key(pattern=KEY)
    label: str
    set: str = ""
    at: At | Literal[""] = ""
    when: tuple[Condition, ...] = ()
    of: tuple[str, ...] = ()


class Rows(Definition):
    """What makes the rows: named ones, the values of a field, or months; none of them: the total alone.

    `top` keeps so many by the first column and sums the rest in 其他; `empty` shows choices nobody used.
    """

    each: tuple[RowDefinition, ...] = ()
    field: str = ""
    also: tuple[str, ...] = ()
    months: int = 0
    head: str = ""
    top: int = 0
    empty: bool = True
    last: tuple[str, ...] = ()
    total: str = "合计"

    def _problems(self) -> Iterator[str]:
        if sum(map(bool, (self.each, self.field, self.months))) > 1:
            yield "rows 只能写 each、field、months 之一"


class Item(Definition):
    """A column of a list: the words of a field, cut after some characters."""

    key: str = Key(pattern=KEY)
    label: str
    field: str
    length: int = 0


class ChartDefinition(Definition):
    """A chart of a part's rows (F.9): columns drawn as bars or lines, others written below; C3 sorts and cumulates.

    `level` names a target of the satisfaction, drawn as a line through all rows.
    """

    chart: Literal["C1", "C2", "C3", "C4", "C5", "C6", "C7", "C8"]
    title: str
    bars: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    level: str = ""
    kinds: tuple[str, ...] = ()
    periods: tuple[Literal["month", "half", "year"], ...] = ()


class Part(Definition):
    """A part of a table: rows by columns, or (`items`) a list of the entries themselves.

    `closes` names four columns that must close in every row: opening, came, went, closing (F.4-8); `few` columns whose
    rows rest on too few to be more than a hint (I.4). What it `needs` is meant as a table's.
    """

    key: str = Key(pattern=KEY)
    title: str = ""
    set: str
    at: At = "period"
    rows: Rows = Rows()
    columns: tuple[Column, ...] = ()
    items: tuple[Item, ...] = ()
    sort: tuple[str, ...] = ()
    limit: int = 0
    closes: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    when: tuple[Condition, ...] = ()
    notes: tuple[str, ...] = ()
    periods: tuple[Literal["month", "half", "year"], ...] = ()
    kinds: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    charts: tuple[ChartDefinition, ...] = ()

    def _problems(self) -> Iterator[str]:
        if bool(self.columns) == bool(self.items):
            yield "每一部分要写 columns（统计）或 items（列出）之一"
        keys = [*(column.key for column in self.columns), *(item.key for item in self.items)]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            yield f"列 {'、'.join(doubled)} 写了两次"
        if self.closes and (len(self.closes) != 4 or not set(self.closes) <= set(keys)):
            yield "closes 要写四列：期初、增加、减少、期末"
        if not set(self.few) <= set(keys):
            yield "few 要写本部分的列"
        counted = {column.key for column in self.columns}
        for chart in self.charts:
            drawn = {*chart.bars, *chart.lines}
            if not drawn or not {*drawn, *chart.written} <= counted or (chart.chart == "C3" and not chart.bars):
                yield f"charts「{chart.title}」的 bars、lines、written 要写本部分统计的列，至少画一列，C3 要有 bars"


class TableDefinition(Definition):
    """One table and the documents it stands in; one that `needs` forms only where there are records of one of them.

    `regions`, `points`, `levels` among them: only where the list of customers has them.
    """

    id: str = Key(pattern=r"^[A-Z]{1,4}[0-9]{1,3}[a-z]?$")
    title: str
    kinds: tuple[str, ...]
    periods: tuple[Literal["month", "half", "year"], ...] = ()
    order: int = 0
    needs: tuple[str, ...] = ()
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    def _problems(self) -> Iterator[str]:
        keys = [part.key for part in self.parts]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            yield f"部分 {'、'.join(doubled)} 写了两次"
