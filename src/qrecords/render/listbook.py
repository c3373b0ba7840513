"""A printed list as a workbook: title, heading, rows. Same input, same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties

from qrecords.model.neutral import neutral
from qrecords.render.zips import join, pack

_HEAD = PatternFill("solid", fgColor="D9D9D9")
_EDGE = Side(style="thin", color="BFBFBF")
_LINES = Border(left=_EDGE, right=_EDGE, top=_EDGE, bottom=_EDGE)
_MODIFIED = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*")


def list_workbook(
    title: str, columns: Sequence[tuple[str, int]], rows: Sequence[Sequence[str | int]], made: datetime
) -> bytes:
    """Return an .xlsx of one sheet; a column is its heading and its width in characters."""
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = re.sub(r"[\\/*?:\[\]]", " ", title)[:31]
    sheet.append([title])
    sheet.append([heading for heading, _ in columns])
    for row in rows:
        sheet.append([neutral(value) if isinstance(value, str) else value for value in row])
    sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(columns))
    sheet["A1"].font = Font(bold=True, size=14)
    for number, (_, width) in enumerate(columns, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    plain: Any = sheet["A2"]
    plain.border, plain.alignment = _LINES, Alignment(vertical="top", wrap_text=True)
    style = plain._style  # given by its number: a style given in words is weighed anew for every cell
    lines: Iterator[Any] = sheet.iter_rows(min_row=2, max_col=len(columns))
    for cells in lines:
        for cell in cells:
            cell._style = copy(style)
            if isinstance(cell.value, str):
                cell.data_type = "s"  # never a formula, whatever it begins with
            if cell.row == 2:
                cell.fill, cell.font = _HEAD, Font(bold=True)
    sheet.freeze_panes = "A3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr = 0, PageSetupProperties(fitToPage=True)
    moment = made.replace(tzinfo=None)
    book.properties.created, book.properties.title = moment, title
    stream = io.BytesIO()
    book.save(stream)
    return _dated(stream.getvalue(), moment)


def _dated(data: bytes, moment: datetime) -> bytes:
    """Return the workbook packed anew: openpyxl writes the clock into it, twice."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    core = "docProps/core.xml"
    entries[core] = _MODIFIED.sub(rb"\g<1>" + f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode(), entries[core])
    return join(pack(name, content) for name, content in entries.items())
