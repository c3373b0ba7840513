"""A field (栏目) of a controlled form: its kinds, and the reading of what a clerk wrote in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cached_property, lru_cache, partial
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, model_validator

from qrecords.errors import Problem
from qrecords.model import values
from qrecords.model.cell import Unreadable
from qrecords.model.numbering import RECORD_NO, FormCodes, full_record_no
from qrecords.model.rules import is_empty
from qrecords.model.values import Values


class FieldType(StrEnum):
    """The kinds of field a form may have."""

    TEXT = "text"
    LTEXT = "ltext"
    DATE = "date"
    DATETIME = "datetime"
    INT = "int"
    DEC = "dec"
    ENUM = "enum"
    MULTI = "multi"
    BOOL = "bool"
    ROWS = "rows"
    SIGNATURE = "signature"  # an empty box on paper; the evidence is recorded by `sign`
    SEAL = "seal"
    COMPUTED = "computed"


BOXES = frozenset({FieldType.SIGNATURE, FieldType.SEAL})
_DAYS = frozenset({FieldType.DATE, FieldType.DATETIME})
MAX_LENGTH = {FieldType.TEXT: 500, FieldType.LTEXT: 32_767}  # a workbook cell holds no more
MAX_ROWS = 500
_SHORT = 40  # characters
_KIND = re.compile(r"[a-z][a-z0-9_-]*")


class Definition(BaseModel):
    """Base of everything read from a form folder: frozen, and a misspelt key is an error."""

    # A start reads few kinds of definitions: the checks of each are built when the first of it is read.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if problems := [*self._problems()]:
            raise ValueError("；".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        """Give what is wrong with it as a whole."""
        yield from ()


class Compute(Definition):
    """How a computed field gets its value: rows counted, a column of them summed, or summed for each value of another.

    The last is words, 「SL-120 6；SL-200 2」, what has no value last. A computed column of rows is the `product` of
    other columns of its row, `factors`, with so many `places`, half up; it has no value where one of them has none.
    """

    function: Literal["count", "sum", "sum_by", "product"]
    field: str = ""
    column: str = ""
    by: str = ""
    factors: tuple[str, ...] = ()
    places: int = 2

    def _problems(self) -> Iterator[str]:
        if bool(self.by) != (self.function == "sum_by"):
            yield "sum_by 要写 by（按哪一列分），别的不写"
        of_row = self.function == "product"
        if bool(self.factors) != of_row or bool(self.field) == of_row:
            yield "product 要写 factors（同一行的哪几列相乘），别的写 field"

    def of(self, rows: Sequence[Mapping[str, Any]]) -> int | str:
        """Return the value of some rows."""
        if self.function == "count":
            return len(rows)
        if self.function == "sum":
            return self._sum(rows)
        groups: dict[str, list[Mapping[str, Any]]] = {}
        for row in rows:
            groups.setdefault(str(row.get(self.by) or ""), []).append(row)
        told = sorted(groups.items(), key=lambda group: (not group[0], group[0]))
        return "；".join(f"{name or '未填'} {self._sum(found)}" for name, found in told)

    def of_row(self, row: Mapping[str, Any]) -> str | None:
        """Return the product of a row's columns; None where one of them says nothing."""
        found = [row.get(column) for column in self.factors]
        if any(is_empty(value) for value in found):
            return None
        exact = Decimal(1)
        for value in found:
            exact *= Decimal(str(value))
        return format(exact.quantize(Decimal(1).scaleb(-self.places), ROUND_HALF_UP), "f")

    def _sum(self, rows: Iterable[Mapping[str, Any]]) -> str:
        return format(sum(Decimal(str(row.get(self.column) or 0)) for row in rows), "f")


class Condition(Definition):
    """When something applies: a field (a column of its rows) holds one of `among`, none of `not_among`, or anything."""

    field: str
    column: str = ""
    among: tuple[Any, ...] = ()
    not_among: tuple[Any, ...] = ()


class Field(Definition):
    """One field (栏目) of a form, or one column of its repeated rows."""

    key: str
    label: str
    type: FieldType
    stage: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    columns: tuple[Field, ...] = ()
    min: Decimal | None = None
    max: Decimal | None = None
    unit: str = ""
    max_length: int = 0
    print_rows: int = 0  # rows the printed table shows at least
    default: str | bool | int | None = None
    searchable: bool = True
    apart: str = ""  # kept apart as this: only rights that see it show it; it is never searched, counted or asked for
    # Whose it is, where a record is of several units: that of the field named here, of rows that in this column.
    # Who reads by his own unit alone sees no other's (model/apart.py).
    of_unit: str = ""
    refers_to: str = ""  # this field holds the number of a record of that form, QR758-04
    names_records: bool = False  # … or names records of any form in words: one that is not there is reminded of
    note: str = ""
    compute: Compute | None = None
    # Rows `form_code`, `record_no`, `copies`: the records naming this one in that field, listed when it is submitted.
    listed_by: Literal["", "notice_no"] = ""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.choices) != (self.type in {FieldType.ENUM, FieldType.MULTI}):
            raise ValueError(f"{self.key}: 单选、多选栏目要有 choices，其他栏目不能有")
        if bool(self.columns) != (self.type is FieldType.ROWS):
            raise ValueError(f"{self.key}: 明细表要有 columns，其他栏目不能有")
        if (self.compute is not None) != (self.type is FieldType.COMPUTED):
            raise ValueError(f"{self.key}: 计算栏目要有 compute，其他栏目不能有")
        if self.apart and not _KIND.fullmatch(self.apart):
            raise ValueError(f"{self.key}: apart 应为小写字母的词，如 price")
        if self.apart and (self.required or self.columns or self.type in BOXES):
            raise ValueError(f"{self.key}: 限阅（apart）的栏目不能必填，不能是签名处；明细表写在列上")
        if self.of_unit and self.columns and self.column(self.of_unit) is None:
            raise ValueError(f"{self.key}: of_unit 要写写明单位的那一列")
        for column in self.columns:
            if column.of_unit:
                raise ValueError(f"{self.key}: of_unit 写在明细表上，不写在列上")
            if (made := column.compute) and (made.field or not {*made.factors} <= {c.key for c in self.columns}):
                raise ValueError(f"{self.key}: 计算列 {column.key} 要由同一行的列相乘（product）")
        if self.listed_by and {c.key for c in self.columns} != {"form_code", "record_no", "copies"}:
            raise ValueError(f"{self.key}: 由记录列出的明细表要有 form_code、record_no、copies 三列")
        return self

    def parse(self, raw: object) -> Any:
        """Return the stored form of one value that is not rows; ValueError says what is wrong."""
        if isinstance(raw, Unreadable):
            raise ValueError(raw.reason)
        # Names, models, choices and days stand in record after record.
        return self._read_again(raw) if type(raw) is str and len(raw) <= _SHORT else self._read(raw)

    @cached_property
    def _read_again(self) -> Callable[[str], Any]:
        """Return the same reader with a memory; a list of choices is made anew, for it may be changed."""
        return self._read if self.type is FieldType.MULTI else lru_cache(maxsize=512)(self._read)

    @cached_property
    def _read(self) -> Callable[[object], Any]:
        """Return what reads a value of this kind: chosen once, asked of every record."""
        longest = self.max_length or MAX_LENGTH.get(self.type, 0)
        match self.type:
            case FieldType.TEXT:
                return partial(_one_line, longest=longest, refers_to=self.refers_to)
            case FieldType.LTEXT:
                return partial(values.parse_text, max_length=longest)
            case FieldType.DATE:
                return values.parse_date
            case FieldType.DATETIME:
                return values.parse_datetime
            case FieldType.INT:
                return partial(values.parse_int, low=self.min, high=self.max, unit=self.unit)
            case FieldType.DEC:
                return partial(values.parse_dec, low=self.min, high=self.max, unit=self.unit)
            case FieldType.ENUM:
                return partial(values.parse_choice, choices=self.choices)
            case FieldType.MULTI:
                return partial(values.parse_choices, choices=self.choices)
            case FieldType.BOOL:
                return values.parse_bool
            case _:
                return self._refuse

    def _refuse(self, _raw: object) -> None:
        if self.type in BOXES:
            raise ValueError("签名、盖章处不填写，请打印后在纸上签署，再登记签署")
        raise ValueError("此栏由系统计算，不用填写")

    @cached_property
    def computed_columns(self) -> tuple[Field, ...]:
        """Return the columns of repeated rows that are computed."""
        return tuple(c for c in self.columns if c.compute is not None)

    @cached_property
    def is_day(self) -> bool:
        """Tell whether it holds a day or a moment."""
        return self.type in _DAYS

    @cached_property
    def names(self) -> dict[str, Field]:
        """Return the columns of repeated rows by what heads them, as `heading_key` gives it: label or key."""
        return {heading_key(name): c for c in self.columns for name in (c.label, c.key)}

    def column(self, key: str) -> Field | None:
        """Return a column of repeated rows by its key."""
        return next((c for c in self.columns if c.key == key), None)


def _one_line(raw: object, *, longest: int, refers_to: str) -> str:
    """Read a text that is one line on paper: what was pasted over several lines is written on."""
    text = values.parse_text(raw, longest)
    if "\n" in text:
        text = text.replace("\n", " ")
    return _in_full(text, refers_to) if refers_to else text


def _in_full(number: str, form: str) -> str:
    """Return the number of a record of a form's series as it is called, in full where it is one: 04A-2025-1."""
    full = full_record_no(number, FormCodes(form.rpartition("-")[0], (form,)))
    return full if RECORD_NO.match(full) else number


# What clerks and systems write into a heading beside its name: whether it must be filled, how, its unit, its number.
_HINT = (
    r"必填项?|选填项?|非必填|可不填|可选|必选|必须填?写?|单选|多选|可多选|下拉选?择?|文本|数字|整数|日期|时间|格式.*|例.*|如.*|请.*|见.*"
    r"|yyyy.*|.*年.*月.*日.*|台|只|个|件|套|页|人|份|次|张|小时|h|元|天|日|年|月|%"
)
_HINTS = re.compile(rf"[(\[【<{{](?:{_HINT})[)\]】>}}]|[*:_★☆※●▲]|[,、/-]?(?:必填|选填)项?$")
_NUMBERED = re.compile(r"^(?:\(\d{1,2}\)|\d{1,2}[.、)](?!\d)|[一二三四五六七八九十]{1,2}、)")


@lru_cache(maxsize=4096)
def heading_key(heading: str) -> str:
    """Return a heading without what clerks vary: width, case, blanks, its number, hints such as (必填) and the unit."""
    key = values.choice_key(heading)
    bare = _NUMBERED.sub("", _HINTS.sub("", key))
    return bare or key


def add_year(field: Field, raw: Any, days: Callable[[], Sequence[date]], notes: list[str]) -> Any:
    """Return what was written in a field of days, with the year of a record's other days where it has none."""
    if field.columns:
        if isinstance(raw, list) and any(c.is_day for c in field.columns):
            return [_years_of_line(field, line, days, notes) if isinstance(line, Mapping) else line for line in raw]
        return raw
    if not field.is_day or not values.lacks_year(raw):
        return raw
    try:
        whole = values.with_year(raw, days())
    except ValueError as error:
        return Unreadable(str(error))
    if whole is None:
        return raw
    notes.append(f"「{field.label}」写的「{str(raw).strip()}」没有年份，按别的日期读作 {whole}")
    return whole


def _years_of_line(
    field: Field, line: Mapping[str, Any], days: Callable[[], Sequence[date]], notes: list[str]
) -> dict[str, Any]:
    columns = field.names
    return {
        heading: add_year(column, value, days, notes) if (column := columns.get(heading_key(str(heading)))) else value
        for heading, value in line.items()
    }


def parse_field(field: Field, raw: object, found: list[Problem]) -> Any:
    """Parse one field, rows included; problems go to `found`, an empty value comes back as None."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return None
    if field.type is FieldType.ROWS:
        return _parse_rows(field, raw, found)
    try:
        return field.parse(raw)
    except ValueError as error:
        found.append(Problem(f"「{field.label}」{error}", field.key))
        return None


def _parse_rows(field: Field, raw: object, found: list[Problem]) -> list[dict[str, Any]]:
    if not isinstance(raw, list) or not all(isinstance(r, Mapping) for r in raw):
        found.append(Problem(f"「{field.label}」要写成多行，每行各栏分开写", field.key))
        return []
    if len(raw) > MAX_ROWS:
        found.append(Problem(f"「{field.label}」有{len(raw)}行，最多{MAX_ROWS}行，请分成几份", field.key))
        return []
    names = field.names
    result = []
    for number, line in enumerate(raw, start=1):
        row: dict[str, Any] = {}
        for heading, value in line.items():
            column = names.get(heading_key(str(heading)))
            if column is None:
                known = "、".join(c.label for c in field.columns)
                message = f"「{field.label}」第{number}行没有「{heading}」这一栏，可用：{known}"
                found.append(Problem(message, f"{field.key}[{number}]"))
                continue
            if value is None or (isinstance(value, str) and not value.strip()) or column.compute is not None:
                continue  # what is computed is so anew, of a record read back in
            try:
                row[column.key] = column.parse(value)
            except ValueError as error:
                message = f"「{field.label}」第{number}行「{column.label}」{error}"
                found.append(Problem(message, f"{field.key}[{number}].{column.key}"))
        if row:
            result.append({c.key: row[c.key] for c in field.columns if c.key in row})
    return result


def incomplete_rows(field: Field, present: Values) -> Iterator[Problem]:
    """Give what the rows of a field still lack."""
    for number, row in enumerate(present.get(field.key) or [], start=1):
        for column in field.columns:
            if column.required and is_empty(row.get(column.key)):
                message = f"「{field.label}」第{number}行的「{column.label}」没有填写"
                yield Problem(message, f"{field.key}[{number}].{column.key}")
