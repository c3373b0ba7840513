"""How long things are kept, and what stands in the way of destroying them (QS/PA758A clause 7; DA/T 42-2009 7.7).

A record is kept for five years from 1 January after its year, longer when its form, its customer or its contract asks
for it; a volume is kept as long as its latest item. A period that is over destroys nothing: it only lets people decide.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from qrecords.advice import Do, Sentence, advise
from qrecords.model.numbering import FLOOR_YEARS, numbers_within
from qrecords.model.values import choice_key


class Count(StrEnum):
    """From which year the years are counted; FILING_YEAR is the stricter one, the later date wins."""

    RECORD_YEAR = "record-year"
    FILING_YEAR = "filing-year"


class UnitKind(StrEnum):
    """What is appraised and destroyed as a whole: a volume, or an item that is in none."""

    VOLUME = "volume"
    ITEM = "item"


class HoldKind(StrEnum):
    """What a hold is put on."""

    RECORD = "record"
    ITEM = "item"
    VOLUME = "volume"
    CUSTOMER = "customer"


UNIT_LABELS = {UnitKind.VOLUME: "册", UnitKind.ITEM: "件"}
HOLD_LABELS = {
    HoldKind.RECORD: "记录",
    HoldKind.ITEM: "归档件",
    HoldKind.VOLUME: "册",
    HoldKind.CUSTOMER: "用户",
}


@dataclass(frozen=True, slots=True)
class Longer:
    """A period longer than the form's, for what fits every condition given (empty = any)."""

    years: int
    reason: str
    form_code: str = ""
    customer: str = ""
    contract: str = ""

    def fits(self, kept: Kept) -> bool:
        """Tell whether an item falls under it; width, case and blanks are forgiven."""
        return (
            (not self.form_code or self.form_code == kept.form_code)
            and (not self.customer or _among(self.customer, kept.customers))
            and (not self.contract or _among(self.contract, kept.contracts))
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """One filed item as retention sees it; `years` is what its form asked for, at filing or today."""

    archive_no: str
    form_code: str
    object_id: str
    version: int
    month: str
    document_no: str
    title: str
    date_from: str
    date_to: str
    pages: int
    secrecy_level: str
    record_year: int
    filed_year: int
    years: int
    record_nos: tuple[str, ...]
    customers: tuple[str, ...]  # units and codes, as the records name them
    contracts: tuple[str, ...]
    volumes: tuple[str, ...]  # every volume a version of it is bound in
    bound_version: int  # the newest version that is bound, 0 when none is


@dataclass(frozen=True, slots=True)
class Unit:
    """What is destroyed as a whole; `extended_to` is the latest day an appraisal kept it until, or empty."""

    kind: UnitKind
    code: str
    title: str
    items: tuple[Kept, ...]
    extended_to: str = ""

    @property
    def record_nos(self) -> tuple[str, ...]:
        """Return the records in it."""
        return tuple(number for item in self.items for number in item.record_nos)

    @property
    def pages(self) -> int:
        """Return how many pages its items have."""
        return sum(item.pages for item in self.items)


@dataclass(frozen=True, slots=True)
class Hold:
    """An order to keep something whatever the date, until another person releases it."""

    id: int
    kind: HoldKind
    subject: str
    reason: str
    placed_at: str
    placed_by: str

    def covers(self, unit: Unit) -> bool:
        """Tell whether any part of a unit is under this hold."""
        match self.kind:
            case HoldKind.RECORD:
                return self.subject in unit.record_nos
            case HoldKind.ITEM:
                return any(item.archive_no == self.subject for item in unit.items)
            case HoldKind.VOLUME:
                return self.subject == unit.code or any(self.subject in item.volumes for item in unit.items)
            case HoldKind.CUSTOMER:
                return any(_among(self.subject, item.customers) for item in unit.items)


@dataclass(frozen=True, slots=True)
class ComplaintKind:
    """Which records are complaints: a form, the field that says so and its words, the field that says it is settled."""

    form: str
    field: str
    among: frozenset[str]
    settled_field: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """A complaint that is not settled: `open` while it is not filed, else filed as unresolved."""

    record_no: str
    customer: str
    open: bool
    names: tuple[str, ...]  # the records it refers to

    def touches(self, unit: Unit) -> bool:
        """Tell whether a unit may still be needed for it: the same customer while it is open, or linked records."""
        if self.record_no in unit.record_nos or set(self.names) & set(unit.record_nos):
            return True
        return self.open and any(_among(self.customer, item.customers) for item in unit.items)


def last_day(kept: Kept, longer: Iterable[Longer] = (), count: Count = Count.RECORD_YEAR) -> str:
    """Return the last day an item must be kept (YYYY-12-31): 2024, five years → 2029-12-31."""
    years = max(FLOOR_YEARS, kept.years, *(rule.years for rule in longer if rule.fits(kept)))
    start = kept.record_year if count is Count.RECORD_YEAR else max(kept.record_year, kept.filed_year)
    return date(start + years, 12, 31).isoformat()


def unit_last_day(unit: Unit, longer: Sequence[Longer] = (), count: Count = Count.RECORD_YEAR) -> str:
    """Return the last day a unit must be kept: that of its latest item, or to which an appraisal extended it."""
    return max(unit.extended_to, *(last_day(item, longer, count) for item in unit.items))


def is_over(last: str, on: str) -> bool:
    """Tell whether a period that ends with `last` is over on a day."""
    return on > last


def obstacles(unit: Unit, last: str, on: str, holds: Iterable[Hold], complaints: Iterable[Complaint]) -> list[str]:
    """Return all that forbids destroying a unit on a day, in words for people; empty when nothing does."""
    found = [] if is_over(last, on) else [f"保存期限到 {last} 为止，{on} 还没有届满"]
    found += [f"冻结中（{h.placed_by}，{h.placed_at[:10]}：{h.reason}）" for h in holds if h.covers(unit)]
    found += [f"投诉 {c.record_no} 还没有了结" for c in complaints if c.touches(unit)]
    return found


def not_whole(unit: Unit, together: Collection[str]) -> list[Sentence]:
    """Return why a unit cannot go by itself: what is bound goes by the volume, and with all volumes that hold it."""
    found: list[Sentence] = []
    for item in unit.items:
        if unit.kind is UnitKind.ITEM and item.volumes:
            found.append(f"{item.archive_no} 已成册，只能随册销毁：{'、'.join(item.volumes)}")
        elif apart := sorted(set(item.volumes) - set(together)) if unit.kind is UnitKind.VOLUME else []:
            found.append(f"{item.archive_no} 还在 {'、'.join(apart)} 里，要列在同一份清册上")
        if unit.kind is UnitKind.VOLUME and item.bound_version < item.version:
            found.append(
                advise("{} 有补归档的内容还没有成册，请先成册（{}）", item.archive_no, Do.COMPILE(item.record_year))
            )
    return found


def mentioned(values: Any) -> tuple[str, ...]:
    """Return the record numbers that stand anywhere in a record's values."""
    if isinstance(values, str):
        return tuple(numbers_within(values))
    if isinstance(values, list | tuple):
        return tuple(number for value in values for number in mentioned(value))
    if isinstance(values, dict):
        return mentioned(list(values.values()))
    return ()


def _among(wanted: str, present: Iterable[str]) -> bool:
    return choice_key(wanted) in {choice_key(p) for p in present if p} if wanted else False
