"""Facts of plans, spares, visits, follow-ups, staff, improvements, for tables to name (J.5, K.6, L, M, Q.3, S)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from qrecords.model.deadlines import add_months
from qrecords.model.figures.entries import Entry, Fact, Links, Surroundings
from qrecords.model.numbering import form_number, numbers_told, without_edition
from qrecords.model.record import GONE, Record, State
from qrecords.model.staff import may_be_sent, qualification
from qrecords.model.values import choice_key

PLAN = "JH"
PLAN_PARTS = ("measures", "training", "visits", "textbooks")
VISIT = "走访"
FOLLOW_UP = "follow_up"
CALL_OUT = "去电"


def links(records: Iterable[Record]) -> Links:
    """Return what these records say of others; void ones say nothing."""
    done: dict[str, str] = {}
    followed: dict[str, list[str]] = {}
    cards: list[Mapping[str, Any]] = []
    handed: dict[tuple[str, str], list[str]] = {}
    standing = [r for r in records if r.state not in GONE]
    notices = {r.record_no: r.notice_no for r in standing if r.notice_no}
    for record in standing:
        values, day = record.values, record.date[:10]
        if item := choice_key(str(values.get("plan_item_no") or "")):
            done[item] = min(day, done.get(item, day))
        for number in asked_after(record):
            for about in {number, notices.get(number, number)}:
                followed.setdefault(about, []).append(day)
        if form_number(record.form_code) == "RY":
            cards.append(values)
        if day_back := str(values.get("handed_to_user_on") or ""):
            handed.setdefault(unit_of(values), []).append(day_back)
    return Links(
        done,
        {number: tuple(sorted(days)) for number, days in followed.items()},
        tuple(cards),
        {unit: tuple(sorted(days)) for unit, days in handed.items()},
        tuple(standing),
    )


def unit_of(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the unit a record is about: model and serial number, as they are told apart."""
    return choice_key(str(values.get("product_model") or "")), choice_key(str(values.get("serial_no") or ""))


def of_branch(records: Iterable[Record], branch: str, listed: Mapping[str, Mapping[str, str]]) -> Iterator[Record]:
    """Give the records of a branch, and of plans what they say of its customers, by the customer list."""
    for record in records:
        if record.values.get("military_branch") == branch:
            yield record
        elif form_number(record.form_code) == PLAN and (lines := _lines_of(record, branch, listed)):
            yield replace(record, values={"plan_year": record.values.get("plan_year"), **lines})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The customers (names and codes) and models a document is about alone, as they are told apart; none = all.

    Where both are told, what is in both.
    """

    customers: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()

    def holds(self, said: Mapping[str, Any], needed: Collection[str] = ("customers", "models")) -> bool:
        """Tell whether a record or row is within: by the customer and model it says; it must say what is needed."""
        unit, code, model = (
            choice_key(str(said.get(key) or "")) for key in ("customer_unit", "customer_code", "product_model")
        )
        customer = unit or code  # the name is what is printed
        models = {part for part in _SEVERAL.split(model) if part}
        return (not self.customers or (customer in self.customers if customer else "customers" not in needed)) and (
            not self.models or (models <= self.models if models else "models" not in needed)
        )


_SEVERAL = re.compile("[、,;；，]")


def narrowed(records: Iterable[Record], to: Narrowing) -> Iterator[Record]:
    """Give the records of some customers or models alone, and of those that have rows of several models these rows.

    What does not say whose it is, is left out (5.11.1).
    """
    for record in records:
        values = {key: _rows_within(value, to) for key, value in record.values.items()}
        by_rows = [row for key in _WITH_ROWS for row in values.get(key) or () if to.holds(row, ("models",))]
        if form_number(record.form_code) == PLAN:
            values = {key: [*filter(to.holds, rows)] if key in PLAN_PARTS else rows for key, rows in values.items()}
            if any(values.get(part) for part in PLAN_PARTS):
                yield replace(record, values=values)
        elif to.holds(values, ("customers",) if by_rows else ("customers", "models")):
            yield replace(record, values=values)


_WITH_ROWS = ("products",)  # of a notice (04A) and of what is told of a service (11A): the models it is about


def _rows_within(value: Any, to: Narrowing) -> Any:
    """Return a list's rows but those that say they are of others; any other value as it is."""
    if isinstance(value, list) and all(isinstance(row, Mapping) for row in value):
        return [row for row in value if to.holds(row, ())]
    return value


def _lines_of(record: Record, branch: str, listed: Mapping[str, Mapping[str, str]]) -> dict[str, list[Any]]:
    def told(line: Mapping[str, Any]) -> bool:
        said = listed.get(choice_key(str(line.get("customer_unit") or "")), {})
        return said.get("military_branch") == branch

    found = {part: [*filter(told, record.values.get(part) or ())] for part in PLAN_PARTS}
    return {part: lines for part, lines in found.items() if lines}


def asked_after(record: Record) -> tuple[str, ...]:
    """Return the service or report a follow-up, a call out or what a customer said afterwards names (M.1)."""
    values = record.values
    match form_number(record.form_code):
        case "02":
            found = values.get("linked_record") if values.get("direction") == CALL_OUT else ""
        case "01":
            found = values.get("source_record_no")
        case "HF":
            found = values.get("service_no")
        case _:
            found = ""
    return numbers_told(str(found)) if found else ()


def _of_line(entry: Entry, column: str) -> str:
    """Return a column of the plan's line an entry is, whichever part it stands in."""
    return next((str(v) for part in PLAN_PARTS if (v := entry.get(f"{part}.{column}"))), "")


def _item_state(entry: Entry, near: Surroundings) -> str:
    """取消 · 按期完成 · 逾期完成 · 逾期未完成 · 未到期, of an item of the plan at the period's end."""
    if _of_line(entry, "cancelled"):
        return "取消"
    planned, done = _of_line(entry, "planned_on"), near.links.done.get(choice_key(_of_line(entry, "item_no")), "")
    if done and done <= near.last:
        return "按期完成" if done <= planned else "逾期完成"
    return "逾期未完成" if planned <= near.last else "未到期"


def _in_force(entry: Entry, _: Surroundings) -> bool:
    """Filed: with both signatures (5.4.1)."""
    return entry.record.state in {State.FILED, State.BOUND}


def _supply(entry: Entry, near: Surroundings) -> str:
    """按期 · 逾期 · 未交, of a spare part of the plan."""
    came = str(entry.get("parts.delivered_on") or "")
    if not came or came > near.last:
        return "未交"
    return "按期" if came <= str(entry.get("parts.needed_on") or "") else "逾期"


def _visit(entry: Entry, _: Surroundings) -> bool:
    """A visit: its record, a notice of the category, or what was said on one; a call is none."""
    number, values = form_number(entry.record.form_code), entry.record.values
    return number == "ZF" or VISIT in (values.get("service_category") or ()) or values.get("channel") == VISIT


def _need_state(entry: Entry, near: Surroundings) -> str:
    """未转 · 办理中 · 已办结, of what a user asked for on a visit, by the 01A it became (L.3)."""
    told = near.links.by_number.get(str(entry.get("opinions.info_no") or ""))
    if told is None:
        return "未转"
    closed = near.standing(told).closed
    return "已办结" if closed and closed <= near.last else "办理中"


def _to_follow(entry: Entry, near: Surroundings) -> str:
    """Return the day a follow-up is counted from: people back, a repaired unit or an answer received."""
    deadline = near.deadlines.get(FOLLOW_UP)
    return deadline.started(without_edition(entry.record.form_code), entry.record.values)[:10] if deadline else ""


def _follow_due_on(entry: Entry, near: Surroundings) -> str | None:
    back = _to_follow(entry, near)
    return near.limit(FOLLOW_UP, back) if back else None


def _follow_up(entry: Entry, near: Surroundings) -> str | None:
    """按期 · 逾期 · 未回访, of what is to be asked after."""
    due = _follow_due_on(entry, near)
    if due is None:
        return None
    back = _to_follow(entry, near)
    days = [d for d in near.links.followed.get(entry.record.record_no, ()) if back <= d <= near.last]
    return "未回访" if not days else "按期" if days[0] <= due else "逾期"


def _qualified(entry: Entry, near: Surroundings) -> str:
    return qualification(entry.record.values, near.last)


def _sent_qualified(entry: Entry, near: Surroundings) -> str:
    """合格 · 缺项 · 过期 · 停用 · 不在册, of someone a notice sends, on the day of issue: as was kept with it then."""
    person = {key: entry.get(f"staff.{key}") for key in ("name", "unit")}
    kept = near.issued.get(entry.record.record_no, ())
    for line, standing in zip(entry.record.values.get("staff") or (), kept, strict=False):
        if all(line.get(key) == said for key, said in person.items()):
            return standing
    return may_be_sent(person, near.links.cards, str(entry.record.values.get("issued_on") or "")[:10])


def _improved(entry: Entry, near: Surroundings) -> str:
    """按期 · 逾期 · 未完成 · 不采纳, of an item of improvement."""
    values = entry.record.values
    done = str(values.get("done_on") or "")
    if values.get("outcome") == "不采纳":
        return "不采纳"
    if not done or done > near.last:
        return "未完成"
    return "按期" if done <= str(values.get("due_on") or "") else "逾期"


def _returned_again(entry: Entry, near: Surroundings) -> bool:
    """Taken in for repair again within twelve months of being handed back (O.5)."""
    values, came = entry.record.values, str(entry.record.values.get("arrived_on") or "")
    if not came or values.get("acceptance") != "接收":
        return False
    back = near.links.handed.get(unit_of(values), ())
    return any(day <= came <= add_months(date.fromisoformat(day), 12).isoformat() for day in back)


def _issued_first(entry: Entry, _: Surroundings) -> bool:
    """Issued not after its people left (5.5.4)."""
    issued, left = (str(entry.record.values.get(key) or "")[:10] for key in ("issued_on", "departed_on"))
    return bool(issued) and issued <= left


def _owes(entry: Entry, near: Surroundings) -> bool:
    return bool(near.notice_owes.get(entry.record.record_no))


MANAGEMENT: dict[str, Fact] = {
    "@item_state": _item_state,
    "@in_force": _in_force,
    "@supply": _supply,
    "@visit": _visit,
    "@need_state": _need_state,
    "@follow_due_on": _follow_due_on,
    "@follow_up": _follow_up,
    "@qualified": _qualified,
    "@sent_qualified": _sent_qualified,
    "@improved": _improved,
    "@issued_first": _issued_first,
    "@owes": _owes,
    "@returned_again": _returned_again,
}
