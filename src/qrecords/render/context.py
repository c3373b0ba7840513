"""What a template may say: the printed text of every field, and the head and foot every form shares.

A tag named like a field prints its value; `KEY_boxes` prints all choices with □/☑. Empty fields of a stage that
is done print 「/」; those of a stage still open stay blank, to be written by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.rules import is_empty
from qrecords.model.values import Values

# Tags every template may use beside its fields; the caller gives their values.
SYSTEM_TAGS = (
    "org_name",  # 公司名称
    "form_title",
    "form_code",
    "form_edition",
    "retention",  # 保存期限, 「5年」
    "record_no",
    "print_id",
    "supervisor_opinion",
    "archive_no",
    "archived_by",
    "archived_on",
)
REGISTER_TAGS = ("month", "rows")  # rows: one context a record, with its `row_no` and `record_no`

NOT_APPLICABLE = "/"
BLANK_BELOW = "以下空白"
BLANK_DATE = "　　年　　月　　日"
_WITH_BOXES = frozenset({FieldType.ENUM, FieldType.MULTI, FieldType.BOOL})
TICKED, UNTICKED = "☑", "□"


def form_context(form: Form, present: Values, head: Mapping[str, str]) -> dict[str, Any]:
    """Return everything the template of a form may print for one record."""
    context: dict[str, Any] = {tag: head.get(tag, "") for tag in SYSTEM_TAGS}
    done = {s for s in form.begun(present) if not form.incomplete(present, [s])}
    for field in form.written:
        _add_texts(context, field, present.get(field.key), filled=field.stage in done)
    return context


def register_context(
    form: Form, rows: Sequence[tuple[str, Values]], head: Mapping[str, str], month: str
) -> dict[str, Any]:
    """Return everything the template of a register may print for a sheet of (record number, values)."""
    context: dict[str, Any] = {tag: head.get(tag, "") for tag in SYSTEM_TAGS}
    lines = [
        form_context(form, present, {"record_no": record_no}) | {"row_no": str(number)}
        for number, (record_no, present) in enumerate(rows, start=1)
    ]
    return context | {"month": month_text(month), "rows": lines}


def _add_texts(context: dict[str, Any], field: Field, value: Any, *, filled: bool) -> None:
    if field.columns:
        context[field.key] = _row_texts(field, value or [], filled=filled)
        return
    context[field.key] = printed(field, value, filled=filled)
    if field.type in _WITH_BOXES:
        context[f"{field.key}_boxes"] = boxes(field, value)


def printed(field: Field, value: Any, *, filled: bool) -> str:
    """Return a value as the form prints it; with its unit, dates as 「2026年3月4日」."""
    if is_empty(value):
        if filled:
            return NOT_APPLICABLE
        return BLANK_DATE if field.type is FieldType.DATE else ""
    match field.type:
        case FieldType.DATE:
            return date_text(value)
        case FieldType.DATETIME:
            return f"{date_text(value[:10])} {value[11:]}"
        case FieldType.MULTI:
            return "、".join(value)
        case FieldType.BOOL:
            return "是" if value else "否"
        case _:
            return f"{value}{field.unit}"


def boxes(field: Field, value: Any) -> str:
    """Return all choices of a field with a ticked or an empty box before each."""
    if field.type is FieldType.BOOL:
        return _ticked(("是", "否"), () if value is None else ("是" if value else "否",))
    return _ticked(field.choices, (*value,) if isinstance(value, list) else (value,))


@lru_cache(maxsize=1024)  # the records of a batch choose few different things
def _ticked(choices: tuple[str, ...], ticked: tuple[str | None, ...]) -> str:
    return "  ".join(f"{TICKED if c in ticked else UNTICKED}{c}" for c in choices)


@lru_cache(maxsize=1024)  # the records of a batch name few days
def date_text(day: str) -> str:
    """Return YYYY-MM-DD as 「2026年3月4日」."""
    year, month, number = day.split("-")
    return f"{year}年{int(month)}月{int(number)}日"


def month_text(month: str) -> str:
    """Return YYYY-MM as 「2026年3月」."""
    year, _, number = month.partition("-")
    return f"{year}年{int(number)}月" if number else month


def _row_texts(field: Field, rows: Sequence[Values], *, filled: bool) -> list[dict[str, str]]:
    """Return the printed rows, padded to the table's least length; the first unused row says 「以下空白」."""
    lines = []
    for number, row in enumerate(rows, start=1):
        line = {"no": str(number)}
        for column in field.columns:
            _add_texts(line, column, row.get(column.key), filled=True)
        lines.append(line)
    for spare in range(len(rows), field.print_rows):
        line = dict.fromkeys(_names_of_row(field), "")
        if filled and spare == len(rows):
            line[_widest(field).key] = BLANK_BELOW
        lines.append(line)
    return lines


def _names_of_row(field: Field) -> Iterator[str]:
    """Give what a row is asked for: its number, its columns, their boxes."""
    yield "no"
    for column in field.columns:
        yield column.key
        if column.type in _WITH_BOXES:
            yield f"{column.key}_boxes"


def _widest(field: Field) -> Field:
    long = [c for c in field.columns if c.type is FieldType.LTEXT]
    return (long or [c for c in field.columns if c.type is FieldType.TEXT] or list(field.columns))[0]
