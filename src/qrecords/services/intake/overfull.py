"""A record as full as it gets, to see what a template does with it: every text long, no piece of it like another.

It keeps the lengths of the definition and not its rules: it is printed, never stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from qrecords.model.field import BOXES, MAX_LENGTH, Field, FieldType
from qrecords.model.form import Form

LONG = {FieldType.TEXT: 80, FieldType.LTEXT: 700}  # characters; a field of less takes what it may
SHORT = 14  # of a text in an ordinary row of a list
ROWS = 24  # of a list, or as many as its form prints at least and some more
REGISTER_ROWS = 8
EVERY = 6  # of so many rows one is full
# What is known only later, and stands on the paper of a filed record.
FILED = {
    "supervisor_opinion": "同意归档，请跟踪验证后续使用情况，满格换行。" * 4,
    "archive_no": "000-KJ·KF·06·2031·D5-0001",
    "archived_by": "示例归档人",
    "archived_on": "2031年12月30日",
}
_FIRST_DAY = date(2031, 10, 11)


def overfull_values(form: Form) -> dict[str, Any]:
    """Return a value for every field of a record, about the most that anyone would write in it."""
    made = _Maker()
    return {f.key: made.value(f, full=True) for f in form.fields if f.type not in BOXES}


def overfull_rows(form: Form) -> list[tuple[str, dict[str, Any]]]:
    """Return a register's month: (record number, values) by row, of which some are full."""
    made = _Maker()
    fields = [f for f in form.fields if f.type not in BOXES]
    return [
        (f"{form.code}-2031-{number + 1:05d}", {f.key: made.value(f, full=number % EVERY == 0) for f in fields})
        for number in range(REGISTER_ROWS)
    ]


class _Maker:
    """Makes values, none of which occurs in another."""

    def __init__(self) -> None:
        self._number = count(1)

    def value(self, field: Field, *, full: bool) -> Any:
        """Return a value of a field's type; `full` ones of texts are long."""
        number = next(self._number)
        match field.type:
            case FieldType.TEXT | FieldType.LTEXT:
                most = LONG[field.type] if full else SHORT
                return _text(number, min(most, field.max_length or MAX_LENGTH[field.type]))
            case FieldType.DATE:
                return (_FIRST_DAY + timedelta(days=number)).isoformat()
            case FieldType.DATETIME:
                return f"{_FIRST_DAY + timedelta(days=number)} 23:{number % 60:02d}"
            case FieldType.INT | FieldType.COMPUTED:
                return int(_within(field, Decimal(10_000 + number)))
            case FieldType.DEC:
                return str(_within(field, Decimal(f"1234{number % 1000:03d}.25")))
            case FieldType.ENUM:
                return max(field.choices, key=len)
            case FieldType.MULTI:
                return list(field.choices)
            case FieldType.BOOL:
                return True
            case FieldType.ROWS:
                return [dict(self._row(field, line)) for line in range(max(ROWS, field.print_rows + 2))]
        raise AssertionError(field.type)

    def _row(self, field: Field, line: int) -> Iterator[tuple[str, Any]]:
        for column in field.columns:
            if column.type not in BOXES:
                yield column.key, self.value(column, full=line % EVERY == 0)


def _within(field: Field, value: Decimal) -> Decimal:
    low, high = (limit if limit is not None else value for limit in (field.min, field.max))
    return max(low, min(high, value))


def _text(number: int, length: int) -> str:
    """Return a text whose every piece says where it belongs."""
    text = ""
    for piece in count(1):
        if len(text) >= length:
            break
        text += f"第{number}号{piece}句示例内容，满格换行。" if piece % 7 else f"第{number}号{piece}句\n另起一行；"
    return text[:length].strip()
