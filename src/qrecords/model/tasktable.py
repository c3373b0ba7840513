"""A task written as a table: a row for each unit, what holds for the whole task in any of them (QS/PA758A table 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from qrecords.errors import Problem
from qrecords.model.field import Field, FieldType
from qrecords.model.requirements import CATEGORIES, CHANNELS, MAX_UNITS, PERFORMERS, Task, Unit
from qrecords.model.worksheet import shown

Rows = Sequence[tuple[int, Mapping[str, Any]]]  # each with its row of the file

_OF_UNIT = (
    Field(key="service_category", label="服务类别", type=FieldType.MULTI, choices=CATEGORIES),
    Field(key="product_model", label="型号", type=FieldType.TEXT),
    Field(key="serial_no", label="出厂编号", type=FieldType.TEXT),
    Field(key="quantity", label="数量", type=FieldType.INT, min=Decimal(1), max=Decimal(MAX_UNITS)),
    Field(key="fault", label="有故障", type=FieldType.BOOL),
    Field(key="parts_replaced", label="更换器件", type=FieldType.BOOL),
)
_OF_TASK = (
    Field(key="on_site", label="现场服务", type=FieldType.BOOL),
    Field(key="total_hours", label="总学时", type=FieldType.DEC, unit="小时", min=Decimal(0)),
    Field(key="channel", label="信息渠道", type=FieldType.ENUM, choices=CHANNELS),
    Field(key="performed_by", label="承办单位类别", type=FieldType.ENUM, choices=PERFORMERS),
    Field(key="feedback", label="用户反馈", type=FieldType.TEXT),
)
TASK_FIELDS = (*_OF_UNIT, *_OF_TASK)
TASK_HEADINGS = tuple(f.label for f in TASK_FIELDS)
_NO_FEEDBACK = frozenset({"无", "否", "没有"})


def task_of_rows(rows: Rows) -> tuple[Task | None, list[Problem]]:
    """Return the task rows make: a unit's own categories where they are written, else those of all; every problem."""
    found: list[Problem] = []
    whole: dict[str, Any] = {}
    for field in _OF_TASK:
        written = [(row, entry[field.key]) for row, entry in rows if field.key in entry]
        for row, value in written[1:]:
            if value != written[0][1]:
                first, other = (shown(field, v) for v in (written[0][1], value))
                where = f"第{written[0][0]}行是「{first}」，这里是「{other}」"
                found.append(Problem(f"「{field.label}」{where}；整个任务只有一个，请改成一样", field.key, row))
        if written:
            whole[field.key] = written[0][1]
    written_categories = {c for _, entry in rows for c in entry.get("service_category") or ()}
    if not written_categories:
        found.append(Problem(f"没有写「服务类别」，可用：{'、'.join(CATEGORIES)}", "service_category", rows[0][0]))
    units = [unit for _, entry in rows for unit in _units(entry)]
    if len(units) > MAX_UNITS:
        found.append(Problem(f"共{len(units)}台，最多{MAX_UNITS}台；请分几次", "quantity", rows[0][0]))
    if found:
        return None, found
    if "total_hours" in whole:
        whole["total_hours"] = Decimal(whole["total_hours"])
    whole["feedback"] = bool(whole.get("feedback")) and whole["feedback"] not in _NO_FEEDBACK
    return Task(tuple(c for c in CATEGORIES if c in written_categories), units=tuple(units), **whole), []


def _units(entry: Mapping[str, Any]) -> list[Unit]:
    """Return the units of a row; none of one that names neither model, number, quantity nor what became of it."""
    if not any(key in entry for key in ("product_model", "serial_no", "quantity", "fault", "parts_replaced")):
        return []
    unit = Unit(
        entry.get("product_model", ""),
        entry.get("serial_no", ""),
        bool(entry.get("fault")),
        bool(entry.get("parts_replaced")),
        tuple(entry.get("service_category") or ()),
    )
    return [unit] * int(entry.get("quantity", 1))
