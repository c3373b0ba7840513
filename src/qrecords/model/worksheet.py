"""What an input workbook of a form is made of: its sheets, and the words that tell how to write each field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qrecords.model.field import MAX_LENGTH, Field, FieldType, heading_key
from qrecords.model.form import Form

RECORD_COLUMN, ROW_COLUMN = "记录序号", "主表行号"  # what joins a line to its record, on both sheets or by row
NUMBER_COLUMN = "记录编号"  # the number a row was given; on the main sheet, where the form has no such field
NEW_WORDS = frozenset({"新", "新的", "新增", "新记录", "new"})  # there: a record of its own
MAX_TITLE = 31  # characters a spreadsheet gives a sheet's name
_NUMBER_HEADINGS = frozenset(heading_key(name) for name in (NUMBER_COLUMN, "编号", "record_no"))
GIVEN_SHEET = "导出时的内容"  # hidden: what each cell held when rows were given out
SEPARATOR = "、"  # between several choices in one cell


@dataclass(frozen=True, slots=True)
class GivenRow:
    """A record given out as a row: its number, its values, and what they said (model/givenrows.py)."""

    record_no: str
    values: Mapping[str, Any]
    said: str


def sheet_title(name: str) -> str:
    """Return a name as a sheet may bear it: without the marks it cannot hold, not too long."""
    return re.sub(r"[\[\]:*?/\\]", "", name)[:MAX_TITLE]


def is_number_heading(heading: str) -> bool:
    """Tell whether a heading means the record's own number."""
    return heading_key(heading) in _NUMBER_HEADINGS


def is_sheet_of(title: str, field: Field) -> bool:
    """Tell whether a sheet's name means a field of rows."""
    names = {heading_key(sheet_title(name)) for name in (field.label, field.key)}
    return field.type is FieldType.ROWS and heading_key(title) in names


def main_fields(form: Form) -> tuple[Field, ...]:
    """Return the fields that are columns of the main sheet, those of the first stage first."""
    stages = [s.key for s in form.stages]
    single = [f for f in form.input_fields if f.type is not FieldType.ROWS]
    return tuple(sorted(single, key=lambda f: stages.index(f.stage)))


def rows_fields(form: Form) -> tuple[Field, ...]:
    """Return the fields that have a sheet of their own."""
    return tuple(f for f in form.input_fields if f.type is FieldType.ROWS)


def must_be_filled(form: Form, field: Field) -> bool:
    """Tell whether `fill` refuses a record without this field: required in the first stage, without a default."""
    return field.required and field.default is None and field.stage == form.stages[0].key


def how_to_write(field: Field) -> str:
    """Return how a field is written, in one sentence for a clerk: kind, choices, unit, limits, note."""
    parts = [_kind(field)]
    if field.default is not None:
        parts.append(f"不填就是「{shown(field, field.default)}」")
    if field.note:
        parts.append(field.note)
    return "；".join(parts)


def shown(field: Field, value: Any) -> str:
    """Return a stored value as a clerk would write it in a cell."""
    match value:
        case None:
            return ""
        case bool():
            return "是" if value else "否"
        case list() if field.type is FieldType.MULTI:
            return SEPARATOR.join(value)
        case _:
            return str(value)


def _kind(field: Field) -> str:
    match field.type:
        case FieldType.TEXT:
            return f"文字，最多{text_limit(field)}字"
        case FieldType.LTEXT:
            return "文字，可以写多行（格内换行按 Alt+Enter）"
        case FieldType.DATE:
            return "日期，写成 2026-03-04 的样子"
        case FieldType.DATETIME:
            return "日期和时刻，写成 2026-03-04 15:20 的样子"
        case FieldType.INT | FieldType.DEC:
            return _number(field)
        case FieldType.ENUM:
            return f"从列表里选一个：{SEPARATOR.join(field.choices)}"
        case FieldType.MULTI:
            return f"可以选几个，中间用「{SEPARATOR}」隔开：{SEPARATOR.join(field.choices)}"
        case FieldType.BOOL:
            return "写「是」或「否」"
        case FieldType.ROWS:
            return f"写在工作表「{sheet_title(field.label)}」上，一行一条"
        case _:
            return ""


def _number(field: Field) -> str:
    words = "整数" if field.type is FieldType.INT else "数字"
    if field.unit:
        words += f"，单位是{field.unit}，只写数字"
    if field.min is not None:
        words += f"，最小{field.min}"
    if field.max is not None:
        words += f"，最大{field.max}"
    return words


def text_limit(field: Field) -> int:
    """Return how many characters a text may have."""
    return field.max_length or MAX_LENGTH[field.type]
