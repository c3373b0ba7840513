"""A list as a file: workbook or CSV. Cells stay text: none turns into a formula where it is opened."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

MAX_ROWS = 1_048_575  # of a worksheet, below its heading
_MAX_CELL = 32_767
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_FACE = "微软雅黑"
_HEAD = Font(name=_FACE, bold=True, color="FFFFFF")
_BODY = Font(name=_FACE)
_FILL = PatternFill("solid", fgColor="2F5597")
_WRAP = Alignment(vertical="top", wrap_text=True)


def list_workbook(title: str, columns: Sequence[tuple[str, int]], rows: Iterable[Sequence[str]]) -> bytes:
    """Return the bytes of an .xlsx: headings with their widths, and rows of texts; rows are written as they come."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for number, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.freeze_panes = "A2"
    sheet.append([*_cells(sheet, [heading for heading, _ in columns], _HEAD, _FILL)])
    for row in rows:
        sheet.append([*_cells(sheet, row, _BODY)])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def list_csv(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return the bytes of a CSV that spreadsheets read as UTF-8; a cell that could be a formula begins with '."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(headings)
    writer.writerows([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in row] for row in rows)
    return stream.getvalue().encode("utf-8-sig", errors="replace")


def _cells(
    sheet: WriteOnlyWorksheet, row: Sequence[str], font: Font, fill: PatternFill | None = None
) -> Iterator[Cell]:
    for text in row:
        cell = WriteOnlyCell(sheet, _NOT_IN_XML.sub("", text)[:_MAX_CELL])
        cell.data_type = "s"  # what begins with = is a text too
        cell.quotePrefix = True  # and stays one when someone edits the cell
        cell.font, cell.alignment = font, _WRAP
        if fill:
            cell.fill = fill
        yield cell
