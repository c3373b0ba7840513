"""The one way a workbook is made: its sheets are data (columns, rows, looks, checks), written here and nowhere else.

Every text stays text: no cell turns into a formula where it is opened, nor when someone edits it. With the moment it
was made, the same sheets give the same bytes. Rows are written as they come, however many there are.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from xml.sax.saxutils import escape

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.comments.comment_sheet import CommentRecord
from openpyxl.compat import safe_string
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.utils.datetime import to_excel
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.writer.excel import ExcelWriter

from qrecords.model.neutral import neutral
from qrecords.model.worksheet import sheet_title
from qrecords.render.sheetcharts import SheetChart, put_chart
from qrecords.render.zips import join, pack

MAX_ROWS = 1_048_576  # of a worksheet
MAX_TEXT = 32_767  # characters of a cell
FACE = "微软雅黑"
TEXT = "@"  # the number format of cells that stay text: leading zeros survive, nothing turns into a date

# What begins with one of them may be taken for a formula, where a text is opened or edited.
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Value = str | int | float | date | datetime | None

_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_ROWS = b"<sheetData></sheetData>"
_CLOCK = re.compile(rb"(<dcterms:(created|modified)\b[^>]*>)[^<]*(</dcterms:\2>)")
_CORE = "docProps/core.xml"
_EDGE = Side(style="thin", color="BFBFBF")
_AUTHOR = "qrecords"
_serial: Any = to_excel  # of a day; it has no types
_LINE_END = {"\r": "&#13;"}  # read back as it is


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks: colours as RRGGBB, `lines` the sides that have one, of "left right top bottom"."""

    size: int = 11  # points
    bold: bool = False
    colour: str = ""
    fill: str = ""
    lines: str = ""
    wrap: bool = True
    across: str = ""
    down: str = "top"
    number_format: str = "General"


HEAD = Look(bold=True, colour="FFFFFF", fill="2F5597")
BODY = Look()
BOXED = "left right top bottom"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value with a look of its own, what is said when one points at it, and the place in the book it leads to."""

    value: Value
    look: Look
    note: str = ""
    link: str = ""  # 'sheet'!A5


@dataclass(frozen=True, slots=True)
class Row:
    """A row of values, which look as the row does, or of cells; `joined`: its first cell takes the width of all."""

    cells: Sequence[Value | Cell]
    look: Look = BODY
    height: float = 0  # points; 0: as the program sees fit
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """How wide a column is, in characters, and how its cells look that nobody has written yet."""

    width: float
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What cells of a column take: `kind` and `first`, `second` as spreadsheets have them (ECMA-376 18.3.1.32)."""

    cells: str
    kind: Literal["list", "date", "whole", "decimal", "textLength", "custom"]
    first: str
    second: str = ""
    operator: Literal["between", "lessThanOrEqual"] = "between"
    title: str = ""
    message: str = ""
    refuse: bool = True  # else the list only helps


@dataclass(frozen=True, slots=True)
class Page:
    """How a sheet is printed, always across."""

    paper: Literal["", "A4", "A3"] = ""
    head_rows: int = 1  # repeated on every page; 0: none
    fit_width: bool = False
    header: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet; `freeze` names the first cell that moves, `text` what is made of each text before it is written."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Row]
    freeze: str | None = None
    page: Page | None = None
    checks: Sequence[Check] = ()
    charts: Sequence[SheetChart] = ()
    hidden: bool = False
    grid: bool = True
    text: Callable[[str], str] = field(default=neutral)


def as_stored(text: str) -> str:
    """Return a text as it is: for sheets that come back, and are compared with what is stored."""
    return text


def workbook(
    sheets: Sequence[Sheet],
    *,
    names: Mapping[str, tuple[str, str]] | None = None,
    active: int = 0,
    made: datetime | None = None,
    title: str = "",
) -> bytes:
    """Return the bytes of an .xlsx, the same for the same contents; without `made` it names no moment.

    `names` are ranges by name: title of the sheet and cells, such as `$A$1:$A$9`.
    """
    book = Workbook(write_only=True)
    looks = _Looks(book)
    rows = [_write(book, looks, sheet) for sheet in sheets]
    for name, (sheet_name, cells) in (names or {}).items():
        book.defined_names[name] = DefinedName(name, attr_text=f"{quote_sheetname(sheet_name)}!{cells}")
    book.active = active
    if title:
        book.properties.title = title
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:  # deflated once, below
        ExcelWriter(book, archive).save()
        bodies = {made.path[1:]: body for made, body in zip(book.worksheets, rows, strict=True)}
    return _packed(stream, bodies, made)


class _Looks:
    """The looks of one workbook, each weighed once: a style given in words is weighed anew for every cell."""

    def __init__(self, book: Any) -> None:
        self._by = book.create_sheet("looks")  # cells are styled by way of a sheet of their book
        book.remove(self._by)
        self._book = book
        self._known: dict[tuple[Look, bool], int] = {}

    def number(self, look: Look, *, quoted: bool = False) -> int:
        """Return a look's number in the book; `quoted`: a text stays one also when someone edits it."""
        if (look, quoted) not in self._known:
            cell: Any = WriteOnlyCell(self._by)
            dress(cell, look)
            cell.quotePrefix = quoted
            self._known[look, quoted] = self._book._cell_styles.add(cell._style)
        return self._known[look, quoted]


def dress(cell: Any, look: Look) -> None:
    """Give a cell, or the blank cells of a column, a look."""
    cell.font = Font(name=FACE, size=look.size, bold=look.bold, color=look.colour or None)
    cell.alignment = Alignment(horizontal=look.across or None, vertical=look.down, wrap_text=look.wrap)
    cell.number_format = look.number_format
    if look.fill:
        cell.fill = PatternFill("solid", fgColor=look.fill)
    if look.lines:
        sides: dict[str, Any] = dict.fromkeys(look.lines.split(), _EDGE)
        cell.border = Border(**sides)


def _write(book: Any, looks: _Looks, sheet: Sheet) -> bytes:
    """Make a sheet without its rows; return them, as they stand in it."""
    made = book.create_sheet(sheet_title(sheet.title))
    for number, column in enumerate(sheet.columns, start=1):
        dimension = made.column_dimensions[get_column_letter(number)]
        dimension.width = column.width
        if column.look:
            dress(dimension, column.look)
    made.freeze_panes = sheet.freeze
    made.sheet_view.showGridLines = sheet.grid
    made.sheet_state = "hidden" if sheet.hidden else "visible"
    if sheet.page:
        _set_page(made, sheet.page)
    rows = _rows(made, looks, sheet)
    for check in sheet.checks:
        made.data_validations.append(_validation(check))
    for chart in sheet.charts:
        put_chart(made, chart)
    return rows


def _rows(made: Any, looks: _Looks, sheet: Sheet) -> bytes:
    """Return the rows as XML: by way of openpyxl, cell by cell, they take ten times as long."""
    made._get_writer()  # which begins the sheet, its notes too
    body = io.BytesIO()
    for number, row in enumerate(sheet.rows, start=1):
        if row.joined:
            made.merged_cells.add(f"A{number}:{get_column_letter(len(sheet.columns))}{number}")
        body.write(_row(made, looks, sheet, row, number).encode())
    return body.getvalue()


def _row(made: Any, looks: _Looks, sheet: Sheet, row: Row, number: int) -> str:
    more = f' ht="{row.height:g}" customHeight="1"' if row.height else ""
    cells = "".join(
        _cell(made, looks, sheet, row, one, (column, number))
        for column, one in enumerate(row.cells, start=1)
        if one is not None
    )
    return f'<row r="{number}"{more}>{cells}</row>'


def _cell(made: Any, looks: _Looks, sheet: Sheet, row: Row, one: Value | Cell, place: tuple[int, int]) -> str:
    value, look, note = (one.value, one.look, one.note) if isinstance(one, Cell) else (one, row.look, "")
    column, number = place
    where = f'<c r="{get_column_letter(column)}{number}" s="'
    if note:
        made._comments.append(_comment(made, note, place))
    if isinstance(one, Cell) and one.link:
        made._hyperlinks.append(Hyperlink(ref=f"{get_column_letter(column)}{number}", location=one.link))
    if isinstance(value, str):
        text = sheet.text(value)
        text = (text if text.isprintable() else _NOT_IN_XML.sub("", text))[:MAX_TEXT]
        style = looks.number(look, quoted=text.startswith(FORMULA_SIGNS))
        if not text:
            return f'{where}{style}" t="n"/>'
        space = ' xml:space="preserve"' if text != text.strip() else ""
        # What begins with = is a text too.
        return f'{where}{style}" t="inlineStr"><is><t{space}>{escape(text, _LINE_END)}</t></is></c>'
    style = looks.number(look)
    if value is None:
        return f'{where}{style}" t="n"/>'
    amount = safe_string(_serial(value) if isinstance(value, date) else value)
    return f'{where}{style}" t="n"><v>{amount}</v></c>'


def _comment(made: Any, note: str, place: tuple[int, int]) -> CommentRecord:
    cell: Any = WriteOnlyCell(made)
    cell.column, cell.row = place
    cell.comment = comment = Comment(note, _AUTHOR)
    comment.width, comment.height = 300, 30 + 18 * sum(1 + len(line) // 20 for line in note.split("\n"))
    made_of_it: CommentRecord = CommentRecord.from_cell(cell)
    return made_of_it


def _set_page(made: Any, page: Page) -> None:
    made.page_setup.orientation = "landscape"
    if page.paper:
        made.page_setup.paperSize = {"A4": 9, "A3": 8}[page.paper]
    if page.head_rows:
        made.print_title_rows = f"1:{page.head_rows}"
    if page.fit_width:
        made.page_setup.fitToHeight = 0
        made.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    if page.header:
        made.oddHeader.center.text = page.header.replace("&", "&&")


def _validation(check: Check) -> DataValidation:
    made = DataValidation(
        check.kind,
        formula1=check.first,
        formula2=check.second or None,
        operator=None if check.kind in {"list", "custom"} else check.operator,
        allow_blank=True,
        showErrorMessage=check.refuse,
        errorStyle="stop",
        errorTitle=check.title[:32],
        error=check.message[:255],
    )
    made.add(check.cells)
    return made


def _packed(stream: io.BytesIO, bodies: Mapping[str, bytes], moment: datetime | None) -> bytes:
    """Return the workbook with the rows of its sheets; where openpyxl writes the clock, the moment or nothing."""
    with zipfile.ZipFile(stream) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    changed = rb"\g<1>" + f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode() + rb"\g<3>" if moment else b""
    entries[_CORE] = _CLOCK.sub(changed, entries[_CORE])
    return join(pack(name, _with_rows(content, bodies.get(name, b""))) for name, content in entries.items())


def _with_rows(sheet: bytes, rows: bytes) -> bytes:
    return sheet.replace(_NO_ROWS, b"<sheetData>" + rows + b"</sheetData>", 1) if rows else sheet
