"""The input workbook of a form: a sheet to fill, one for each field of rows, and a page that tells how.

The example stands on the page of instructions, which `fill` never reads, so that no one can file it by accident.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Literal

from openpyxl.utils import get_column_letter

from qrecords.advice import Sentence
from qrecords.model.field import Field, FieldType
from qrecords.model.form import Form
from qrecords.model.worksheet import (
    GIVEN_SHEET,
    NUMBER_COLUMN,
    RECORD_COLUMN,
    GivenRow,
    how_to_write,
    main_fields,
    must_be_filled,
    rows_fields,
    sheet_title,
    shown,
    text_limit,
)
from qrecords.render.inputguide import guide_sheet
from qrecords.render.workbook import (
    BODY,
    HEAD,
    TEXT,
    Cell,
    Check,
    Column,
    Look,
    Page,
    Row,
    Sheet,
    Value,
    as_stored,
    workbook,
)

NUMBERED_ROWS = 200  # rows of the main sheet that bear their 记录序号 already
CHECKED_ROWS = 2_000  # rows that drop-downs and checks reach
CHOICES_SHEET = "选项"
_OWNERS = "record_numbers"

_NOW, _NOW_REQUIRED, _LATER = (
    replace(HEAD, fill=fill, lines="left right bottom", across="center", down="center")
    for fill in ("2F5597", "1F3864", "7F7F7F")
)
_JOIN = Look(wrap=False, across="center")
_GIVEN_NUMBER = replace(_JOIN, colour="7F7F7F")
_FORMATS = {FieldType.DATE: "yyyy-mm-dd", FieldType.DATETIME: "yyyy-mm-dd hh:mm", FieldType.INT: "0"}
_WIDTHS = {
    FieldType.TEXT: 22,
    FieldType.LTEXT: 36,
    FieldType.DATE: 13,
    FieldType.DATETIME: 18,
    FieldType.INT: 9,
    FieldType.DEC: 9,
}
_EARLIEST, _LATEST, _MOST = date(1950, 1, 1), date(2149, 12, 31), "999999999999"  # what values.py understands
_PLAIN = {FieldType.TEXT, FieldType.LTEXT, FieldType.ENUM, FieldType.MULTI, FieldType.BOOL}


def input_workbook(
    form: Form,
    example: Mapping[str, Any],
    rows: Sequence[GivenRow] | None = None,
    words: Callable[[Sentence], str] = str,
    begun: Mapping[str, Any] | None = None,
) -> bytes:
    """Return the bytes of an .xlsx a clerk fills; `example` holds stored values, {} when there are none.

    With `rows`, records of a register to be gone on with: a row each, known by its number. `begun` is a record of a
    form with lines that is written in already, as the first one, for the clerk to go on with.
    `words` is how the front end says what to do next.
    """
    main_title = sheet_title(f"{form.number}{form.edition} {form.title}")
    lines, choices = rows_fields(form), _Choices()
    names = {_OWNERS: (main_title, f"$A$2:$A${CHECKED_ROWS}")} if lines else {}
    first = _by_number() if rows is not None else _numbered() if lines else None
    main = _table(main_title, form, main_fields(form), choices, first)
    if rows is not None:
        main = replace(main, rows=[*main.rows, *(_given_row(main_fields(form), given) for given in rows)])
    elif lines:
        numbered = [Row([n], _GIVEN_NUMBER) for n in range(1, NUMBERED_ROWS + 1)]
        if begun is not None:
            numbered[0] = _line_row(main_fields(form), begun)
        main = replace(main, rows=[*main.rows, *numbered])
    sheets = [guide_sheet(form, example, main_title, words, goes_on=rows is not None), main]
    for f in lines:
        columns = [c for c in f.columns if c.compute is None]
        sheet = _table(f.label, form, columns, choices, _joining(main_title), of_lines=True)
        written = [_line_row(columns, line) for line in (begun or {}).get(f.key) or ()]
        sheets.append(replace(sheet, rows=[*sheet.rows, *written]))
    sheets += choices.sheets()
    if rows:
        sheets.append(_given_sheet(rows))
    return workbook(sheets, names=names | choices.names(), active=1)


@dataclass
class _Choices:
    """The hidden sheet drop-downs take their choices from; the same choices stand there once, a column each.

    Drop-downs name the ranges: Excel keeps a plain reference to another sheet in an extension few other programs read.
    """

    _known: dict[tuple[str, ...], str] = field(default_factory=dict)

    def name_of(self, choices: tuple[str, ...]) -> str:
        """Return the name of the range that holds these choices."""
        return self._known.setdefault(choices, f"choices_{len(self._known) + 1}")

    def names(self) -> dict[str, tuple[str, str]]:
        """Return where each range stands, by name."""
        letters = {name: get_column_letter(number) for number, name in enumerate(self._known.values(), start=1)}
        return {
            name: (CHOICES_SHEET, f"${letters[name]}$1:${letters[name]}${len(choices)}")
            for choices, name in self._known.items()
        }

    def sheets(self) -> list[Sheet]:
        """Return the sheet, none when no field has choices."""
        rows = [Row(row) for row in zip_longest(*self._known)]
        return [Sheet(CHOICES_SHEET, (), rows, hidden=True)] if self._known else []


@dataclass(frozen=True, slots=True)
class _First:
    """The column before those of the fields: by it rows are known, or joined to their record."""

    heading: Cell
    column: Column
    checks: Sequence[Check] = ()


def _by_number() -> _First:
    note = "登记的编号，这一行凭它认得；请不要改。"
    return _First(_heading(NUMBER_COLUMN, note, required=True, later=False), Column(24))


def _numbered() -> _First:
    note = "每份记录一个序号，已经编好；其他工作表上的明细行写这个序号，就知道属于哪一份。"
    return _First(_heading(RECORD_COLUMN, note, required=False, later=False), Column(12, _JOIN))


def _joining(main_title: str) -> _First:
    note = f"这一行属于哪份记录，就写它在工作表「{main_title}」上的「{RECORD_COLUMN}」。"
    message = f"主表的「{RECORD_COLUMN}」里没有这个号，请核对。"
    check = Check(_cells(1), "custom", f"COUNTIF({_OWNERS},A2)>0", title=_wrong(RECORD_COLUMN), message=message)
    return _First(_heading(RECORD_COLUMN, note, required=True, later=False), Column(12, _JOIN), [check])


def _table(
    title: str,
    form: Form,
    fields: Sequence[Field],
    choices: _Choices,
    first: _First | None,
    *,
    of_lines: bool = False,
) -> Sheet:
    """Return a sheet with its head row; how the cells below look and what they take."""
    before = int(first is not None)
    headings, columns, checks = ([first.heading], [first.column], [*first.checks]) if first else ([], [], [])
    for number, each in enumerate(fields, start=before + 1):
        required = each.required if of_lines else must_be_filled(form, each)
        later = bool(each.stage) and each.stage != form.stages[0].key
        headings.append(_heading(each.label, _note(form, each, required), required=required, later=later))
        columns.append(Column(max(_WIDTHS.get(each.type, 16), 2 * len(each.label) + 3), _look(each)))
        checks += _checks(_cells(number), form, each, choices)
    return Sheet(
        title,
        columns,
        [Row(headings, height=30)],
        freeze=f"{get_column_letter(before + 1)}2",
        page=Page(),
        checks=checks,
        text=as_stored,
    )


def _look(each: Field) -> Look:
    """Return how the cells of a field look; text stays text: no leading zero is lost, no cell turns into a date."""
    plain = each.type in _PLAIN
    return replace(BODY, wrap=plain, number_format=TEXT if plain else _FORMATS.get(each.type, "General"))


def _given_row(fields: Sequence[Field], given: GivenRow) -> Row:
    """Return a record's values as they stand below the headings, as a spreadsheet types them."""
    values = [Cell(_typed(f, given.values.get(f.key)), replace(_look(f), wrap=True)) for f in fields]
    return Row([given.record_no, *(None if cell.value is None else cell for cell in values)])


def _line_row(fields: Sequence[Field], values: Mapping[str, Any]) -> Row:
    """Return what the first record, or a line of it, says already."""
    cells = [Cell(_typed(f, values.get(f.key)), _look(f)) for f in fields]
    return Row([Cell(1, _GIVEN_NUMBER), *(None if cell.value is None else cell for cell in cells)])


def _typed(field: Field, value: Any) -> Value:
    """Return a stored value as a cell holds it; a number too long for a spreadsheet stays text."""
    match field.type:
        case _ if value is None:
            return None
        case FieldType.DATE:
            return date.fromisoformat(value)
        case FieldType.DATETIME:
            return datetime.fromisoformat(value)
        case FieldType.INT:
            return int(value)
        case FieldType.DEC:
            number = float(value)
            return number if Decimal(format(number, ".15g")) == Decimal(str(value)) else str(value)
        case _:
            return shown(field, value)


def _given_sheet(rows: Sequence[GivenRow]) -> Sheet:
    """Return, out of sight, what each cell held, so that what the clerk changed is known when the book returns."""
    lines = [Row([given.record_no, given.said]) for given in rows]
    return Sheet(GIVEN_SHEET, (), lines, hidden=True, text=as_stored)


def _heading(label: str, note: str, *, required: bool, later: bool) -> Cell:
    look = _LATER if later else _NOW_REQUIRED if required else _NOW
    return Cell(f"{label}*" if required else label, look, note)


def _note(form: Form, field: Field, required: bool) -> str:
    words = [f"【{field.label}】{'必填' if required else ''}", how_to_write(field)]
    if field.stage and field.stage != form.stages[0].key:
        stage = next(s for s in form.stages if s.key == field.stage)
        words.append(f"「{stage.label}」时由{stage.by or '经办人'}填写，现在可以空着。")
    return "\n".join(words)


def _checks(cells: str, form: Form, each: Field, choices: _Choices) -> list[Check]:
    """Return what lets the cells of a field take only what the form takes, as far as a spreadsheet can tell."""
    title, message = _wrong(each.label), f"{how_to_write(each)}。"
    match each.type:
        case FieldType.ENUM | FieldType.MULTI:
            # Several choices in one cell are no entry of the list: the list helps, `fill` checks.
            several = each.type is FieldType.MULTI
            told = "请从下拉列表里选。"
            return [Check(cells, "list", choices.name_of(each.choices), title=title, message=told, refuse=not several)]
        case FieldType.BOOL:
            return [Check(cells, "list", choices.name_of(("是", "否")), title=title, message=message)]
        case FieldType.DATE | FieldType.DATETIME:
            first = _EARLIEST
            if each.key == form.date_field:
                first = form.valid_from
                message += f"不能早于本表启用日期 {first}。"
            return [Check(cells, "date", _date(first), _date(_LATEST), title=title, message=message)]
        case FieldType.INT | FieldType.DEC:
            low, high = (str(limit) if limit is not None else "" for limit in (each.min, each.max))
            kind: Literal["whole", "decimal"] = "whole" if each.type is FieldType.INT else "decimal"
            return [Check(cells, kind, low or f"-{_MOST}", high or _MOST, title=title, message=message)]
        case FieldType.TEXT:
            most = str(text_limit(each))
            return [Check(cells, "textLength", most, operator="lessThanOrEqual", title=title, message=message)]
    return []


def _cells(column: int) -> str:
    letter = get_column_letter(column)
    return f"{letter}2:{letter}{CHECKED_ROWS}"


def _wrong(label: str) -> str:
    return f"「{label}」不对"


def _date(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"
