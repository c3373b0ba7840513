"""Table 1 as a decision table: what was done decides which records are owed (QS/PA758A 5.5.5, table 1).

The rows are data (forms/QR758/requirements.toml); this module reads them, a task, and compares what a notice owes
with the records that are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from qrecords.errors import Problem
from qrecords.model import values as reading
from qrecords.model.field import Definition
from qrecords.model.rules import is_empty
from qrecords.model.values import Values

CATEGORIES = (
    "安装", "开通", "改造", "试验", "技术培训", "技术保障", "技术咨询", "技术支持", "现场维修", "返厂维修",
    "备件供应", "走访",
)  # fmt: skip
CHANNELS = ("电话", "传真", "函件", "其他")
PERFORMERS = ("客户服务中心", "相关单位")
MAX_UNITS = 500

Per = Literal["task", "unit", "model", "period"]


class TaskCondition(Definition):
    """When a row of the table applies to a task; what is not said does not matter."""

    service_category: tuple[str, ...] = ()
    on_site: bool | None = None
    hours_from: Decimal | None = None
    hours_below: Decimal | None = None
    hours_unknown: bool = False
    performed_by: tuple[str, ...] = ()
    channel: tuple[str, ...] = ()
    feedback: bool | None = None


class Row(Definition):
    """One row of the decision table."""

    form: str = ""
    document: str = ""
    alternatives: tuple[str, ...] = Key(default=(), alias="or")
    per: Per
    units: Literal["", "all", "normal", "faulty", "parts-replaced"] = ""
    batch_from: int = 0
    batch_below: int = 0
    when: TaskCondition
    reason: str
    rule: str
    source: Literal["procedure", "inferred"]
    holds_notice: bool = True

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.form) == bool(self.document):
            raise ValueError("每行要有 form 或 document 之一")
        if (self.per in {"unit", "model"}) != bool(self.units):
            raise ValueError("按台、按型号的行要有 units，其他行不能有")
        return self


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit a task works on; its own categories when they are known, else the task's."""

    product_model: str = ""
    serial_no: str = ""
    fault: bool = False
    parts_replaced: bool = False
    service_category: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What was done, or is to be done, for a customer."""

    service_category: tuple[str, ...]
    on_site: bool = True
    total_hours: Decimal | None = None
    units: tuple[Unit, ...] = ()
    channel: str = ""
    performed_by: str = PERFORMERS[0]
    feedback: bool = False


@dataclass(frozen=True, slots=True)
class Required:
    """A record owed, and why."""

    form_code: str
    per: Per
    reason: str
    rule: str
    source: str
    alternatives: tuple[str, ...] = ()
    document: str = ""
    product_model: str = ""
    units: tuple[str, ...] = ()
    count: int = 1
    holds_notice: bool = True


def required_records(table: Sequence[Row], task: Task) -> list[Required]:
    """Return the records a task owes, in the table's order."""
    found: list[Required] = []
    for row in table:
        if not row.units:
            if _applies(row.when, task, task.service_category):
                found.append(_owed(row))
            continue
        units = [u for u in task.units if _applies(row.when, task, u.service_category or task.service_category)]
        for model, members in _by_model(units).items():
            normal = [u for u in members if not u.fault]
            if len(normal) < row.batch_from or (row.batch_below and len(normal) >= row.batch_below):
                continue
            meant = [u for u in members if _meant(row, u)]
            if meant and row.per == "model":
                found.append(_owed(row, model, meant))
            else:
                found += [_owed(row, model, [u]) for u in meant]
    return found


def _owed(row: Row, model: str = "", units: Sequence[Unit] = ()) -> Required:
    return Required(
        row.form, row.per, row.reason, row.rule, row.source, row.alternatives, row.document, model,
        tuple(u.serial_no for u in units if u.serial_no), max(len(units), 1), row.holds_notice,
    )  # fmt: skip


def _meant(row: Row, unit: Unit) -> bool:
    match row.units:
        case "normal":
            return not unit.fault
        case "faulty":
            return unit.fault
        case "parts-replaced":
            return unit.parts_replaced
        case _:
            return True


def _by_model(units: Iterable[Unit]) -> dict[str, list[Unit]]:
    groups: dict[str, list[Unit]] = {}
    for unit in units:
        groups.setdefault(unit.product_model, []).append(unit)
    return groups


def _applies(when: TaskCondition, task: Task, categories: Sequence[str]) -> bool:
    hours = task.total_hours
    return (
        (not when.service_category or not set(when.service_category).isdisjoint(categories))
        and when.on_site in {None, task.on_site}
        and when.feedback in {None, task.feedback}
        and (not when.performed_by or task.performed_by in when.performed_by)
        and (not when.channel or task.channel in when.channel)
        and (when.hours_from is None or (hours is not None and hours >= when.hours_from))
        and (when.hours_below is None or (hours is not None and hours < when.hours_below))
        and (not when.hours_unknown or hours is None)
    )


# Reading a task


def parse_task(raw: object) -> tuple[Task | None, list[Problem]]:
    """Read a task as TASK.json gives it; every problem is found."""
    if not isinstance(raw, Mapping):
        return None, [Problem('任务要写成一个对象：{"service_category": …}')]
    known = ("service_category", "on_site", "total_hours", "units", "channel", "performed_by", "feedback")
    found = [Problem(f"没有 {k} 这一项，可用：{'、'.join(known)}", str(k)) for k in raw if k not in known]
    given: dict[str, Any] = {}
    for key, parse in _PARSERS.items():
        if key == "units" or is_empty(raw.get(key)):
            continue
        try:
            given[key] = parse(raw[key])
        except (ValueError, TypeError) as error:
            found.append(Problem(f"{key}：{error}", key))
    if is_empty(raw.get("service_category")):
        found.append(Problem(f"没有写 service_category，可用：{'、'.join(CATEGORIES)}", "service_category"))
    given["units"] = _units(raw.get("units"), found)
    return (None if found else Task(**given)), found


def _categories(raw: object) -> tuple[str, ...]:
    return tuple(reading.parse_choices(raw, CATEGORIES))


def _feedback(raw: object) -> bool:
    """What the customer said, or whether he said something."""
    if isinstance(raw, bool):
        return raw
    return raw not in {"无", "否"} if isinstance(raw, str) else bool(raw)


_PARSERS: dict[str, Any] = {
    "service_category": _categories,
    "on_site": reading.parse_bool,
    "total_hours": lambda raw: Decimal(reading.parse_dec(raw, Decimal(0), None, "小时")),
    "channel": lambda raw: reading.parse_choice(raw, CHANNELS),
    "performed_by": lambda raw: reading.parse_choice(raw, PERFORMERS),
    "feedback": _feedback,
}
_UNIT_PARSERS: dict[str, Any] = {
    "product_model": lambda raw: reading.parse_text(raw, 500),
    "serial_no": lambda raw: reading.parse_text(raw, 500),
    "fault": reading.parse_bool,
    "parts_replaced": reading.parse_bool,
    "service_category": _categories,
}


def _units(raw: object, found: list[Problem]) -> tuple[Unit, ...]:
    if is_empty(raw):
        return ()
    if not isinstance(raw, list) or not all(isinstance(u, Mapping) for u in raw) or len(raw) > MAX_UNITS:
        found.append(Problem(f"units 要写成设备的列表，最多{MAX_UNITS}台", "units"))
        return ()
    units = []
    for number, entry in enumerate(raw, start=1):
        given: dict[str, Any] = {}
        for key, value in entry.items():
            where = f"units[{number}].{key}"
            if key not in _UNIT_PARSERS:
                found.append(Problem(f"设备没有 {key} 这一项，可用：{'、'.join(_UNIT_PARSERS)}", where))
            elif not is_empty(value):
                try:
                    given[key] = _UNIT_PARSERS[key](value)
                except (ValueError, TypeError) as error:
                    found.append(Problem(f"{where}：{error}", where))
        units.append(Unit(**given))
    return tuple(units)


def task_of_notice(notice: Values) -> Task:
    """Return the task a service notice assigns; a product's own 「任务」 says which categories it is about."""
    categories = tuple(notice.get("service_category") or ())
    units: list[Unit] = []
    for row in notice.get("products") or ():
        own = tuple(c for c in categories if c in str(row.get("task") or ""))
        quantity = min(int(row.get("quantity") or 1), MAX_UNITS)
        serial = str(row.get("serial_no") or "") if quantity == 1 else ""
        units += [Unit(str(row.get("product_model") or ""), serial, service_category=own)] * quantity
    return Task(
        categories, on_site=True, units=tuple(units[:MAX_UNITS]), performed_by=str(notice.get("performed_by") or "")
    )
