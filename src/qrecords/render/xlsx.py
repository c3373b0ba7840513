"""The input workbook of a form: a sheet to fill, one for each field of rows, and a page that tells how.

The example stands on the page of instructions, which `fill` never reads, so that no one can file it by accident.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

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
from qrecords.render.xlsx_guide import write_guide

NUMBERED_ROWS = 200  # rows of the main sheet that bear their 记录序号 already
CHECKED_ROWS = 2_000  # rows that drop-downs and checks reach
CHOICES_SHEET = "选项"
_OWNERS = "record_numbers"
GUIDE_SHEET = "填写说明"

_NOW, _NOW_REQUIRED, _LATER = (PatternFill("solid", fgColor=c) for c in ("2F5597", "1F3864", "7F7F7F"))
_FACE = "微软雅黑"
_HEAD_FONT = Font(name=_FACE, size=11, bold=True, color="FFFFFF")
_CELL_FONT = Font(name=_FACE, size=11)
_EDGE = Side(style="thin", color="BFBFBF")
_FORMATS = {FieldType.DATE: "yyyy-mm-dd", FieldType.DATETIME: "yyyy-mm-dd hh:mm", FieldType.INT: "0"}
_WIDTHS = {
    FieldType.TEXT: 22,
    FieldType.LTEXT: 36,
    FieldType.DATE: 13,
    FieldType.DATETIME: 18,
    FieldType.INT: 9,
    FieldType.DEC: 9,
}
# Text stays text: leading zeros of numbers and telephones survive, and no cell turns into a formula or a date.
_TEXT_FORMAT = "@"
_EARLIEST, _LATEST, _MOST = date(1950, 1, 1), date(2149, 12, 31), "999999999999"  # what values.py understands
_PLAIN = {FieldType.TEXT, FieldType.LTEXT, FieldType.ENUM, FieldType.MULTI, FieldType.BOOL}


def input_workbook(
    form: Form,
    example: Mapping[str, Any],
    rows: Sequence[GivenRow] | None = None,
    words: Callable[[Sentence], str] = str,
) -> bytes:
    """Return the bytes of an .xlsx a clerk fills; `example` holds stored values, {} when there are none.

    With `rows`, records of a register to be gone on with: a row each, known by its number.
    `words` is how the front end says what to do next.
    """
    book = Workbook()
    del book[book.sheetnames[0]]
    guide = book.create_sheet(GUIDE_SHEET)
    main = book.create_sheet(sheet_title(f"{form.number}{form.edition} {form.title}"))
    choices = _Choices(book)
    lines = rows_fields(form)
    if lines:
        _define(book, _OWNERS, main, f"$A$2:$A${CHECKED_ROWS}")
    _write_table(main, form, main_fields(form), choices, numbered=bool(lines), carries_numbers=rows is not None)
    for row, given in enumerate(rows or (), start=2):
        _write_row(main, row, main_fields(form), given)
    for field in lines:
        sheet = book.create_sheet(sheet_title(field.label))
        _write_table(sheet, form, field.columns, choices, belongs_to=main)
    write_guide(guide, form, example, main.title, words, goes_on=rows is not None)
    choices.hide()
    if rows:
        _write_given(book, rows)
    book.active = main
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def _define(book: Workbook, name: str, sheet: Worksheet, cells: str) -> None:
    book.defined_names[name] = DefinedName(name, attr_text=f"{quote_sheetname(sheet.title)}!{cells}")


class _Choices:
    """The hidden sheet drop-downs take their choices from; the same choices stand there once.

    Drop-downs name the ranges: Excel keeps a plain reference to another sheet in an extension few other programs read.
    """

    def __init__(self, book: Workbook) -> None:
        self._sheet = book.create_sheet(CHOICES_SHEET)
        self._book = book
        self._names: dict[tuple[str, ...], str] = {}

    def name_of(self, choices: tuple[str, ...]) -> str:
        """Return the name of the range that holds these choices."""
        if choices not in self._names:
            column = len(self._names) + 1
            for row, choice in enumerate(choices, start=1):
                self._sheet.cell(row, column, choice)
            letter = get_column_letter(column)
            self._names[choices] = f"choices_{column}"
            _define(self._book, self._names[choices], self._sheet, f"${letter}$1:${letter}${len(choices)}")
        return self._names[choices]

    def hide(self) -> None:
        """Put the sheet last and out of sight; take it away when no field has choices."""
        if not self._names:
            self._book.remove(self._sheet)
            return
        self._sheet.sheet_state = "hidden"
        self._book.move_sheet(self._sheet, len(self._book.sheetnames))


def _write_table(
    sheet: Worksheet,
    form: Form,
    fields: Sequence[Field],
    choices: _Choices,
    *,
    numbered: bool = False,
    belongs_to: Worksheet | None = None,
    carries_numbers: bool = False,
) -> None:
    """Write the head row; set how the cells below look and what they take."""
    column = 1
    if carries_numbers:
        _write_heading(sheet, 1, NUMBER_COLUMN, "登记的编号，这一行凭它认得；请不要改。", required=True, later=False)
        sheet.column_dimensions["A"].width = 24
        column = 2
    elif numbered or belongs_to:
        _write_join(sheet, belongs_to)
        column = 2
    for number, field in enumerate(fields, start=column):
        required = field.required if belongs_to else must_be_filled(form, field)
        later = bool(field.stage) and field.stage != form.stages[0].key
        _write_heading(sheet, number, field.label, _note(form, field, required), required=required, later=later)
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width = max(_WIDTHS.get(field.type, 16), 2 * len(field.label) + 3)
        dimension.number_format = _TEXT_FORMAT if field.type in _PLAIN else _FORMATS.get(field.type, "General")
        dimension.font = _CELL_FONT
        dimension.alignment = Alignment(vertical="top", wrap_text=field.type in _PLAIN)
        _add_check(sheet, number, form, field, choices)
    sheet.freeze_panes = f"{get_column_letter(column)}2"
    sheet.row_dimensions[1].height = 30
    sheet.page_setup.orientation = "landscape"
    sheet.print_title_rows = "1:1"


def _write_row(sheet: Worksheet, row: int, fields: Sequence[Field], given: GivenRow) -> None:
    """Write a record's values below the headings, as a spreadsheet types them."""
    for column, value in enumerate([given.record_no, *(_typed(f, given.values.get(f.key)) for f in fields)], start=1):
        if value is None:
            continue
        cell = sheet.cell(row, column, value)
        if isinstance(value, str):
            cell.data_type = "s"  # never a formula, whatever it begins with
        dimension = sheet.column_dimensions[get_column_letter(column)]
        cell.number_format, cell.font = dimension.number_format, _CELL_FONT
        cell.alignment = Alignment(vertical="top", wrap_text=True)


def _typed(field: Field, value: Any) -> Any:
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


def _write_given(book: Workbook, rows: Sequence[GivenRow]) -> None:
    """Write down out of sight what each cell held, so that what the clerk changed is known when the book returns."""
    sheet = book.create_sheet(GIVEN_SHEET)
    for row, given in enumerate(rows, start=1):
        sheet.cell(row, 1, given.record_no)
        sheet.cell(row, 2, given.said).data_type = "s"
    sheet.sheet_state = "hidden"


def _write_heading(sheet: Worksheet, column: int, label: str, note: str, *, required: bool, later: bool) -> None:
    cell = sheet.cell(1, column, f"{label}*" if required else label)
    cell.font = _HEAD_FONT
    cell.fill = _LATER if later else _NOW_REQUIRED if required else _NOW
    cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    cell.border = Border(left=_EDGE, right=_EDGE, bottom=_EDGE)
    comment = Comment(note, "qrecords")
    comment.width, comment.height = 300, 30 + 18 * sum(1 + len(line) // 20 for line in note.split("\n"))
    cell.comment = comment


def _write_join(sheet: Worksheet, belongs_to: Worksheet | None) -> None:
    """Write the column that joins lines to their record; on the main sheet the numbers stand there already."""
    note = "每份记录一个序号，已经编好；其他工作表上的明细行写这个序号，就知道属于哪一份。"
    if belongs_to:
        note = f"这一行属于哪份记录，就写它在工作表「{belongs_to.title}」上的「{RECORD_COLUMN}」。"
    _write_heading(sheet, 1, RECORD_COLUMN, note, required=bool(belongs_to), later=False)
    sheet.column_dimensions["A"].width = 12
    sheet.column_dimensions["A"].alignment = Alignment(horizontal="center", vertical="top")
    if belongs_to:
        message = f"主表的「{RECORD_COLUMN}」里没有这个号，请核对。"
        _attach(sheet, 1, DataValidation("custom", formula1=f"COUNTIF({_OWNERS},A2)>0"), RECORD_COLUMN, message)
        return
    for number in range(1, NUMBERED_ROWS + 1):
        cell = sheet.cell(number + 1, 1, number)
        cell.font, cell.alignment = Font(name=_FACE, color="7F7F7F"), Alignment(horizontal="center", vertical="top")


def _note(form: Form, field: Field, required: bool) -> str:
    words = [f"【{field.label}】{'必填' if required else ''}", how_to_write(field)]
    if field.stage and field.stage != form.stages[0].key:
        stage = next(s for s in form.stages if s.key == field.stage)
        words.append(f"「{stage.label}」时由{stage.by or '经办人'}填写，现在可以空着。")
    return "\n".join(words)


def _add_check(sheet: Worksheet, column: int, form: Form, field: Field, choices: _Choices) -> None:
    """Let the cells of a column take only what the form takes, as far as a spreadsheet can tell."""
    message = f"{how_to_write(field)}。"
    match field.type:
        case FieldType.ENUM | FieldType.MULTI:
            check = DataValidation("list", formula1=choices.name_of(field.choices))
            # Several choices in one cell are no entry of the list: the list helps, `fill` checks.
            several = field.type is FieldType.MULTI
            _attach(sheet, column, check, field.label, "请从下拉列表里选。", refuse=not several)
        case FieldType.BOOL:
            check = DataValidation("list", formula1=choices.name_of(("是", "否")))
            _attach(sheet, column, check, field.label, message)
        case FieldType.DATE | FieldType.DATETIME:
            first, last = _EARLIEST, _LATEST
            if field.key == form.date_field:
                first = form.valid_from
                message += f"不能早于本表启用日期 {first}。"
            check = DataValidation("date", operator="between", formula1=_date(first), formula2=_date(last))
            _attach(sheet, column, check, field.label, message)
        case FieldType.INT | FieldType.DEC:
            low, high = (str(limit) if limit is not None else "" for limit in (field.min, field.max))
            check = DataValidation(operator="between", formula1=low or f"-{_MOST}", formula2=high or _MOST)
            check.type = "whole" if field.type is FieldType.INT else "decimal"
            _attach(sheet, column, check, field.label, message)
        case FieldType.TEXT:
            check = DataValidation("textLength", operator="lessThanOrEqual", formula1=str(text_limit(field)))
            _attach(sheet, column, check, field.label, message)


def _date(day: date) -> str:
    return f"DATE({day.year},{day.month},{day.day})"


def _attach(
    sheet: Worksheet, column: int, check: DataValidation, label: str, message: str, *, refuse: bool = True
) -> None:
    letter = get_column_letter(column)
    check.allow_blank = True
    check.showErrorMessage = refuse
    check.errorStyle = "stop"
    check.errorTitle, check.error = f"「{label}」不对"[:32], message[:255]
    check.add(f"{letter}2:{letter}{CHECKED_ROWS}")
    sheet.add_data_validation(check)
