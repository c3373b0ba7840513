"""The clerk's own workbook with the numbers of its records written in; every other byte of it stays as it is.

The sheet's XML alone is changed: a library that reads and writes the workbook anew would lose pictures, drawings and
what it does not know.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from lxml import etree
from openpyxl.utils import column_index_from_string, get_column_letter

from qrecords.model.form import Form
from qrecords.model.worksheet import NUMBER_COLUMN
from qrecords.stores.inputs.book import MAX_UNPACKED, Book, careful
from qrecords.stores.inputs.common import refuse
from qrecords.stores.inputs.table import HEAD_ROWS, NUMBER_KEY, find_headings, with_number
from qrecords.stores.inputs.workbook import with_joins

_WIDTH = "24"  # characters: a number in full
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REL_STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


def numbered_copy(path: Path, form: Form, main: str, numbers: Mapping[int, str]) -> bytes:
    """Return the workbook with numbers in its column 记录编号, by row of the sheet `main`.

    Where it has no such column, the first free one gets that heading. InvalidInput when it cannot be written into.
    """
    return careful(path, lambda: _copy(path, form, main, numbers))


def _copy(path: Path, form: Form, main: str, numbers: Mapping[int, str]) -> bytes:
    column, head_row = _number_column(path, form, main)
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as packed, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as copy:
        part = _part_of(packed, main)
        for entry in packed.infolist():
            data = packed.read(entry)
            copy.writestr(
                entry, _write(data, column, head_row, numbers) if entry.filename == part else data, entry.compress_type
            )
    return stream.getvalue()


def _number_column(path: Path, form: Form, main: str) -> tuple[int | None, int]:
    """Return the column the numbers stand in, from 1, None where there is none yet; and the row of the headings."""
    with Book.open(path) as book:
        sheet = next(s for s in book.sheets if s.title == main)
        headings = find_headings(list(islice(sheet.rows(), HEAD_ROWS)), with_number(with_joins(form.key_of)))
    if headings is None:
        refuse(path, "找不到表头，编号没有写进去", "请看屏幕上列出的编号")
    place = next((i + 1 for i, key in headings.keys.items() if key == NUMBER_KEY), None)
    return place, headings.last_row


def _parse(data: bytes) -> Any:
    if len(data) > MAX_UNPACKED:
        raise ValueError("too large")
    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))


def _part_of(packed: zipfile.ZipFile, title: str) -> str:
    """Return the name of the part that holds a sheet."""
    rels = {r.get("Id"): r.get("Target") for r in _parse(packed.read("xl/_rels/workbook.xml.rels"))}
    for sheet in _parse(packed.read("xl/workbook.xml")).iter("{*}sheet"):
        if sheet.get("name") == title:
            target = str(rels[sheet.get(_REL) or sheet.get(_REL_STRICT)])
            return posixpath.normpath(posixpath.join("xl", target)) if target[0] != "/" else target[1:]
    raise KeyError(title)


def _write(data: bytes, column: int | None, head_row: int, numbers: Mapping[int, str]) -> bytes:
    root = _parse(data)
    sheet = root.find("{*}sheetData")
    space = etree.QName(root).namespace
    rows = {int(r.get("r") or place): r for place, r in enumerate(sheet.findall("{*}row"), start=1)}
    if column is None:
        column = max((_column(c, place) for r in rows.values() for place, c in enumerate(r, start=1)), default=0) + 1
        _put(rows[head_row], head_row, column, NUMBER_COLUMN, space)
        _widen(root, sheet, column, space)
    for number, text in numbers.items():
        _put(rows[number], number, column, text, space)
    if (dimension := root.find("{*}dimension")) is not None:
        root.remove(dimension)  # a hint, and no longer true
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))


def _column(cell: Any, place: int) -> int:
    return column_index_from_string(str(cell.get("r")).rstrip("0123456789")) if cell.get("r") else place


def _put(row: Any, number: int, column: int, text: str, space: str) -> None:
    """Write a text into a cell; a new one looks like the one before it."""
    cells = {_column(c, place): c for place, c in enumerate(row, start=1) if etree.QName(c).localname == "c"}
    cell = cells.get(column)
    if cell is None:
        cell = etree.Element(f"{{{space}}}c")
        before = [c for c in cells if c < column]
        if before and (style := cells[max(before)].get("s")):
            cell.set("s", style)
        place = list(row).index(cells[max(before)]) + 1 if before else 0
        row.insert(place, cell)
    for child in list(cell):
        cell.remove(child)
    cell.set("r", f"{get_column_letter(column)}{number}")
    cell.set("t", "inlineStr")
    etree.SubElement(etree.SubElement(cell, f"{{{space}}}is"), f"{{{space}}}t").text = text
    row.attrib.pop("spans", None)


def _widen(root: Any, sheet: Any, column: int, space: str) -> None:
    """Make a new column wide enough, where nothing says how wide it is."""
    cols = root.find("{*}cols")
    if cols is None:
        cols = etree.Element(f"{{{space}}}cols")
        sheet.addprevious(cols)
    reaching = [c for c in cols if int(c.get("min")) <= column <= int(c.get("max"))]
    if reaching:
        return
    one = etree.Element(f"{{{space}}}col", min=str(column), max=str(column), width=_WIDTH, customWidth="1")
    before = [c for c in cols if int(c.get("max")) < column]
    cols.insert(list(cols).index(before[-1]) + 1 if before else 0, one)
