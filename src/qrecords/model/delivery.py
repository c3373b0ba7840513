"""A delivered unit on its way: trained, commissioned, asked after at 1, 6, 12 months and each year, in trouble (R136).

Advice alone: the procedure sets no days for it. What a record says of a unit, it says by model and serial number.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any, Literal

from qrecords.model.deadlines import add_months
from qrecords.model.figures.management import asked_after, unit_of
from qrecords.model.numbering import form_number
from qrecords.model.record import Record
from qrecords.model.values import choice_key

Place = tuple[str, str]  # model and serial number, as they are told apart
FIRST_MONTHS, YEAR = (1, 6), 12  # after the delivery; then each year
TRAINING, REPAIR, ONE, BATCH, INFORMATION = "05", "06", "07", "08", "01"
READ = (INFORMATION, "02", TRAINING, REPAIR, ONE, BATCH, "HF")
_NO_FAULT = "无故障"
_TROUBLE = frozenset({"抱怨", "投诉", "质量信息"})  # what makes a 01A one of a unit in trouble


@dataclass(frozen=True, slots=True)
class Mark:
    """A day by which a unit is to have been asked after since the mark before, whether it was, and when last."""

    due_on: str
    state: Literal["已回访", "未回访", "未到期"]
    on: str


@dataclass(frozen=True, slots=True)
class Tracked:
    """A delivered unit: what came of it first, its marks up to the next one, how often it was in trouble."""

    product_model: str
    serial_no: str
    delivered_on: str
    customer_unit: str
    trained_on: str
    commissioned_on: str
    marks: Sequence[Mark]
    warranty_status: str
    troubles: int


@dataclass
class _Said:
    """What records say of one unit."""

    customer: str = ""
    told_on: str = ""  # by the newest that names its customer
    commissioned: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    troubles: set[str] = field(default_factory=set)


def tracked(entries: Iterable[Mapping[str, Any]], records: Sequence[Record], today: str) -> list[Tracked]:
    """Return the units of a product list that were delivered by a day, in the list's order; records are none void."""
    delivered = {
        unit_of(e): e
        for e in entries
        if e.get("delivery_date") and str(e["delivery_date"])[:10] <= today and all(unit_of(e))
    }
    said = {place: _Said() for place in delivered}
    named: dict[str, set[Place]] = {}  # by the number of a report, and of its notice
    for record in records:
        for place in _read(record, said):
            for number in {record.record_no, str(record.values.get("notice_no") or "")} - {""}:
                named.setdefault(number, set()).add(place)
    for record in records:
        for place in {p for number in asked_after(record) for p in named.get(number, ())}:
            said[place].asked.append(record.date[:10])
    trained = _trained(records)
    return [_line(place, entry, said[place], trained, today) for place, entry in delivered.items()]


def _read(record: Record, said: Mapping[Place, _Said]) -> list[Place]:
    """Take what a record says of the units it is about; return them."""
    number, values, day = form_number(record.form_code), record.values, record.date[:10]
    found = [(unit_of(values), values.get("finished_on"))]
    if lines := values.get("units"):
        found = [(unit_of({**values, **line}), line.get("commissioned_on")) for line in lines]
    for place, commissioned in (about := [(p, c) for p, c in found if p in said]):
        unit = said[place]
        if (customer := str(values.get("customer_unit") or "")) and day >= unit.told_on:
            unit.customer, unit.told_on = customer, day
        if number in {ONE, BATCH} and commissioned:
            unit.commissioned.append(str(commissioned)[:10])
        if number == "HF":
            unit.asked.append(day)
        if _is_trouble(number, values):
            unit.troubles.add(record.record_no)
    return [place for place, _ in about]


def _is_trouble(number: str, values: Mapping[str, Any]) -> bool:
    if number == REPAIR:
        return values.get("repair_conclusion") != _NO_FAULT
    return number == INFORMATION and not _TROUBLE.isdisjoint(values.get("info_type") or ())


def _trained(records: Iterable[Record]) -> dict[tuple[str, str], list[str]]:
    """Return the days trainings ended, by customer and model: a training names no unit."""
    found: dict[tuple[str, str], list[str]] = {}
    for record in records:
        if form_number(record.form_code) == TRAINING:
            values = record.values
            key = choice_key(str(values.get("customer_unit") or "")), choice_key(str(values.get("product_model") or ""))
            found.setdefault(key, []).append(str(values.get("train_to") or record.date)[:10])
    return found


def _line(
    place: Place, entry: Mapping[str, Any], said: _Said, trained: Mapping[tuple[str, str], Sequence[str]], today: str
) -> Tracked:
    since = str(entry["delivery_date"])[:10]
    trainings = trained.get((choice_key(said.customer), place[0]), ()) if said.customer else ()
    return Tracked(
        product_model=str(entry["product_model"]),
        serial_no=str(entry["serial_no"]),
        delivered_on=since,
        customer_unit=said.customer,
        trained_on=min((day for day in trainings if day >= since), default=""),
        commissioned_on=min(said.commissioned, default=""),
        marks=marks(since, said.asked, today),
        warranty_status=str(entry.get("warranty_status") or ""),
        troubles=len(said.troubles),
    )


def marks(delivered_on: str, asked_on: Sequence[str], today: str) -> list[Mark]:
    """Return the marks of a unit up to the first that is not due yet, that one too."""
    start, days = date.fromisoformat(delivered_on), [delivered_on]
    months = [*FIRST_MONTHS, YEAR]
    while len(days) == 1 or days[-1] < today:
        ahead = months[len(days) - 1] if len(days) <= len(months) else months[-1] + YEAR * (len(days) - len(months))
        days.append(add_months(start, ahead).isoformat())
    found = []
    for before, due in pairwise(days):
        last = max((day for day in asked_on if before < day <= min(due, today)), default="")
        found.append(Mark(due, "已回访" if last else "未回访" if due < today else "未到期", last))
    return found
