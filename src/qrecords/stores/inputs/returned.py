"""A clerk's own workbook sent back: wrong cells coloured, each with a comment that says why."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import column_index_from_string
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from qrecords.model.field import heading_key
from qrecords.model.form import Form
from qrecords.model.worksheet import ROW_COLUMN, is_sheet_of
from qrecords.stores.inputs.book import Merging, careful, merge_of, open_book
from qrecords.stores.inputs.common import refuse
from qrecords.stores.inputs.table import HEAD_ROWS, Headings, KeyOf, Row, find_headings, with_number
from qrecords.stores.inputs.workbook import column_keys, with_joins

MAX_UNPACKED, MAX_CELLS = 48 << 20, 500_000  # bytes, and cells of a sheet at about half a kilobyte each
PREFIX = "退回："  # begins every comment of ours, so that the next round can take it away
_WRONG = PatternFill("solid", fgColor="FFC7CE")
_WRONG_TAB = "C00000"
_LETTERS = re.compile(r"[A-Z]{1,3}")
_WRONG_HEAD = Font(bold=True, color="9C0006")  # readable on that colour, as white on blue no longer is


@dataclass(frozen=True, slots=True)
class Mark:
    """What is wrong in one place: the sheet, its row (None: the head), the field by key or heading (None: the row)."""

    sheet: str
    row: int | None
    field: str | None
    message: str


@dataclass(frozen=True, slots=True)
class _Table:
    """A sheet that is read: its headings, and where each row has moved to."""

    sheet: Worksheet
    headings: Headings
    key_of: KeyOf
    moved: dict[int, int]

    def cells(self, mark: Mark) -> list[Cell]:
        """Return the cells of a mark: that of its field or column, each of them in the head; else the first of its row.

        A field without a column marks the row; so does one of a row's cells merged over several.
        """
        head = self.headings
        row = self.moved.get(mark.row, mark.row) if mark.row else head.last_row
        wanted = (self.key_of(mark.field) or mark.field) if mark.field else None
        columns = [i for i, key in head.keys.items() if key == wanted]
        if not columns and mark.field and _LETTERS.fullmatch(mark.field):
            columns = [column_index_from_string(mark.field) - 1]
        columns = columns or sorted(head.keys)[:1]
        return [_writable(self.sheet, row, i + 1) for i in (columns if row <= head.last_row else columns[:1])]


def returned_copy(
    path: Path, form: Form, main: str, marks: Iterable[Mark], made: Mapping[str, Collection[int]]
) -> bytes:
    """Return a copy of a workbook with marks, without the rows of each sheet that were made into records.

    `main` names its main sheet. Formulas give way to their results where rows are taken out. InvalidInput when the
    workbook cannot be copied.
    """
    careful(path, lambda: _require_moderate(path))
    with_formulas = not any(made.values())
    with open_book(path) as source:
        book: Workbook = careful(
            path, lambda: openpyxl.load_workbook(source, data_only=not with_formulas, keep_links=False, rich_text=True)
        )
    _require_moderate(path, book)
    tables = {s.title: t for s in book.worksheets if (t := _table(s, form, made.get(s.title, ()))) is not None}
    for table in tables.values():
        _take_back_marks(table)
        _show_all_rows(table.sheet)
    if main in tables and tables[main].moved:
        _renumber_owners(tables[main].moved, tables)
    _write_marks(marks, tables)
    stream = io.BytesIO()
    careful(path, lambda: book.save(stream))
    return stream.getvalue()


def _require_moderate(path: Path, book: Workbook | None = None) -> None:
    """Refuse what would take too much memory: before it is opened by its bytes, then by its cells."""
    if book is None:
        with zipfile.ZipFile(path) as packed:
            too_much = sum(p.file_size for p in packed.infolist()) > MAX_UNPACKED
    else:
        too_much = any(s.max_row * s.max_column > MAX_CELLS for s in book.worksheets)
    if too_much:
        refuse(path, "太大，没有做标红的副本", "请按列出的行和栏目在原文件里改正，或拆成几个文件")


def _table(sheet: Worksheet, form: Form, made: Collection[int]) -> _Table | None:
    """Return a sheet as it is read, the rows that were made taken out; None when it has no headings of ours."""
    rows_field = next((f for f in form.fields if is_sheet_of(sheet.title, f)), None)
    key_of = with_joins(column_keys(rows_field) if rows_field else with_number(form.key_of))
    head = [*_head(sheet)]
    headings = find_headings(head, key_of)
    if headings is None or sheet.sheet_state != "visible":
        return None
    return _Table(sheet, headings, key_of, _take_out(sheet, headings.last_row, made) if made else {})


def _head(sheet: Worksheet) -> Iterator[Row]:
    """Give the first rows as the readers see them."""
    merging = Merging(sorted(merge_of(str(m.coord)) for m in sheet.merged_cells.ranges if m.min_row <= HEAD_ROWS))
    for number, cells in enumerate(sheet.iter_rows(max_row=HEAD_ROWS, values_only=True), start=1):
        read: list[Any] = [*cells]
        merging.apply(number, read)
        yield Row(number, read, merging.filled, merging.across)


def _take_out(sheet: Worksheet, head_row: int, made: Collection[int]) -> dict[int, int]:
    """Take rows out and close the gaps; returns where the others went."""
    for merged in [m for m in sheet.merged_cells.ranges if m.min_row > head_row]:
        sheet.unmerge_cells(merged.coord)  # merged cells do not move with their rows
        for row in range(merged.min_row + 1, merged.max_row + 1):
            _copy_cell(sheet.cell(merged.min_row, merged.min_col), sheet.cell(row, merged.min_col))
    last, width = sheet.max_row, sheet.max_column
    moved: dict[int, int] = {}
    free = head_row + 1
    for row in range(head_row + 1, last + 1):
        if row in made:
            continue
        if row != free:
            sheet.move_range(f"A{row}:{sheet.cell(row, width).coordinate}", rows=free - row)
        moved[row] = free
        free += 1
    sheet.delete_rows(free, last - free + 1)
    for row in [r for r in sheet.row_dimensions if r > head_row]:
        del sheet.row_dimensions[row]  # heights belong to rows that have gone elsewhere
    return moved


def _copy_cell(source: Any, target: Any) -> None:
    """Let a cell say what the merged area it was in said."""
    target.value = source.value
    target._style = copy(source._style)


def _renumber_owners(moved: Mapping[int, int], tables: Mapping[str, _Table]) -> None:
    """Let lines joined by the main sheet's row follow it to its new place."""
    for table in tables.values():
        head, sheet = table.headings, table.sheet
        for column in [i for i, heading in head.known.items() if heading_key(heading) == ROW_COLUMN]:
            for row in range(head.last_row + 1, sheet.max_row + 1):
                cell = _writable(sheet, row, column + 1)
                if str(cell.value).isdigit():
                    cell.value = moved.get(int(str(cell.value)), cell.value)


def _take_back_marks(table: _Table) -> None:
    """Take away the marks of an earlier round; what is still wrong is marked anew."""
    for row in table.sheet.iter_rows():
        for cell in row:
            if isinstance(cell, Cell) and cell.comment is not None and cell.comment.text.startswith(PREFIX):
                cell.comment = None
                if cell.row > table.headings.last_row:
                    cell.fill = PatternFill()


def _show_all_rows(sheet: Worksheet) -> None:
    sheet.auto_filter.filterColumn = []
    for dimension in sheet.row_dimensions.values():
        dimension.hidden = False


def _write_marks(marks: Iterable[Mark], tables: Mapping[str, _Table]) -> None:
    messages: dict[tuple[str, int, int], list[str]] = {}
    for mark in marks:
        if mark.sheet in tables:
            for cell in tables[mark.sheet].cells(mark):
                moved = mark.row is not None and cell.row != mark.row
                words = f"{mark.message}（原第{mark.row}行）" if moved else mark.message
                messages.setdefault((mark.sheet, cell.row, cell.column), []).append(words)
    for (title, row, column), found in messages.items():
        table = tables[title]
        cell = _writable(table.sheet, row, column)
        earlier = [cell.comment.text] if cell.comment is not None else []
        text = "\n".join([PREFIX + "；\n".join(found), *earlier])
        cell.comment = Comment(text, "qrecords", width=320, height=40 + 18 * (text.count("\n") + len(text) // 20))
        cell.fill = _WRONG
        if row <= table.headings.last_row:
            cell.font = _WRONG_HEAD
        table.sheet.sheet_properties.tabColor = _WRONG_TAB


def _writable(sheet: Worksheet, row: int, column: int) -> Cell:
    cell = sheet.cell(row, column)
    if isinstance(cell, MergedCell):
        merged = next(m for m in sheet.merged_cells.ranges if cell.coordinate in m)
        cell = sheet.cell(merged.min_row, merged.min_col)
    assert isinstance(cell, Cell)
    return cell
