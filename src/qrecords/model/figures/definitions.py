"""Sets and tables as an office writes them (`tables/sets.toml`, `tables/*.toml`): data, nothing evaluated."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from qrecords.model.field import Condition, Definition

# Which day or span of days a figure speaks of, seen from the report's period.
At = Literal["period", "opening", "closing", "during", "preceding", "year-before", "to-date", "twelve-months", "months"]
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
    periods: tuple[Literal["month", "half", "year"], ...] = ()


class RowDefinition(Definition):
    """A row that is named: its own set, its own conditions, its own time."""

    key: str = Key(pattern=KEY)
    label: str
    set: str = ""
    at: At | Literal[""] = ""
    when: tuple[Condition, ...] = ()


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

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.each, self.field, self.months))) > 1:
            raise ValueError("rows 只能写 each、field、months 之一")
        return self


class Item(Definition):
    """A column of a list: the words of a field, cut after some characters."""

    key: str = Key(pattern=KEY)
    label: str
    field: str
    length: int = 0


class Part(Definition):
    """A part of a table: rows by columns, or (`items`) a list of the entries themselves.

    `closes` names four columns that must close in every row: opening, came, went, closing (F.4-8); `few` columns whose
    rows rest on too few to be more than a hint (I.4).
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

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if bool(self.columns) == bool(self.items):
            raise ValueError("每一部分要写 columns（统计）或 items（列出）之一")
        keys = [*(column.key for column in self.columns), *(item.key for item in self.items)]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"列 {'、'.join(doubled)} 写了两次")
        if self.closes and (len(self.closes) != 4 or not set(self.closes) <= set(keys)):
            raise ValueError("closes 要写四列：期初、增加、减少、期末")
        if not set(self.few) <= set(keys):
            raise ValueError("few 要写本部分的列")
        return self


class TableDefinition(Definition):
    """One table and the documents it stands in."""

    id: str = Key(pattern=r"^[A-Z]{1,4}[0-9]{1,3}[a-z]?$")
    title: str
    kinds: tuple[str, ...]
    periods: tuple[Literal["month", "half", "year"], ...] = ()
    order: int = 0
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Self:
        keys = [part.key for part in self.parts]
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise ValueError(f"部分 {'、'.join(doubled)} 写了两次")
        return self
