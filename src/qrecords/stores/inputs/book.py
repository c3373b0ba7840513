"""Opens a workbook without trusting it, and gives the rows of its sheets as they read on the screen."""

from __future__ import annotations

import re
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, Self, TypeVar

import openpyxl
from openpyxl.utils import range_boundaries

from qrecords.errors import QRecordsError
from qrecords.stores.inputs.cells import CellReader
from qrecords.stores.inputs.common import refuse
from qrecords.stores.inputs.table import Merge, Row, is_blank

MAX_UNPACKED = 200 << 20
MAX_PARTS = 5_000
MAX_ROW = 1_048_576
MAX_CELLS = 20_000_000
MAX_MERGES, MAX_MERGES_OF_ROW = 100_000, 1_000
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^<>]*?\bref\s*=\s*[\"']([A-Z]{1,3}\d{1,7}:[A-Z]{1,3}\d{1,7})[\"']")
_CHUNK, _TAG = 1 << 20, 512
_DAMAGED = "请用 Excel 或 WPS 打开，另存为新的 .xlsx 后再试"
# Strict Open XML (ISO/IEC 29500-1) says the same in other namespaces; their ends differ in one word alone.
_STRICT = b"http://purl.oclc.org/ooxml/"
_TRANSITIONAL = {
    b"http://purl.oclc.org/ooxml/officeDocument/relationships": b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    b"http://purl.oclc.org/ooxml/officeDocument/extendedProperties": b"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties",
    b"http://purl.oclc.org/ooxml/officeDocument/customProperties": b"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties",
    b"http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes": b"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes",
    b"http://purl.oclc.org/ooxml/spreadsheetml/main": b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    b"http://purl.oclc.org/ooxml/drawingml/": b"http://schemas.openxmlformats.org/drawingml/2006/",
}  # fmt: skip

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of an open workbook."""

    path: Path
    title: str
    _values: Any
    _formulas: Any  # the same sheet with formulas in place of their results; None when it has none
    _cells: CellReader
    _merges: tuple[Merge, ...]  # by their first row

    def rows(self) -> Iterator[Row]:
        """Give the rows from the first; the cells of a merged area that goes down all hold its value."""
        values = self._values.iter_rows()
        formulas = self._formulas.iter_rows() if self._formulas is not None else None
        merging = Merging(self._merges)
        number = cells = 0
        while (row := careful(self.path, lambda: next(values, None))) is not None:
            number += 1
            cells += len(row)
            if number > MAX_ROW or cells > MAX_CELLS:
                refuse(
                    self.path, "太大，不像填写的表格", "请删去空白的行列，或拆成几个文件", row=number, sheet=self.title
                )
            beside = careful(self.path, lambda: next(formulas, ())) if formulas is not None else ()
            read = careful(self.path, partial(self._read, row, beside))
            if not merging.apply(number, read):
                refuse(self.path, "合并的格太多", "请取消合并，分别填写", row=number, sheet=self.title)
            yield Row(number, read, merging.filled, merging.across)

    def _read(self, row: tuple[Any, ...], beside: tuple[Any, ...]) -> list[Any]:
        return [self._cells.read(cell, beside[i] if i < len(beside) else None) for i, cell in enumerate(row)]


class Merging:
    """Follows the merged areas of a sheet from row to row."""

    def __init__(self, merges: Sequence[Merge]) -> None:
        self._coming = list(reversed(merges))
        self._open: list[tuple[Merge, Any]] = []
        self.filled: dict[int, Merge] = {}
        self.across: tuple[Merge, ...] = ()

    def apply(self, number: int, cells: list[Any]) -> bool:
        """Fill a row's cells from the areas begun above; False when too many reach it."""
        self._open = [entry for entry in self._open if entry[0].last_row >= number]
        self.filled = {}
        for merge, value in self._open:
            cells += [None] * (merge.first + 1 - len(cells))
            cells[merge.first] = value
            self.filled[merge.first] = merge
        while self._coming and self._coming[-1].first_row <= number:
            merge = self._coming.pop()
            if merge.first_row == number and merge.first < len(cells) and not is_blank(cells[merge.first]):
                self._open.append((merge, cells[merge.first]))
        self.across = tuple(merge for merge, _ in self._open if merge.last > merge.first)
        return len(self._open) <= MAX_MERGES_OF_ROW


@dataclass(slots=True)
class _Parts:
    """What a look through the parts of a workbook tells: the file to read, formulas, merged areas by part."""

    stream: IO[bytes]
    formulas: bool = False
    merges: dict[str, tuple[Merge, ...]] = field(default_factory=dict)


class Book:
    """An open workbook; a context manager, since rows are read as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheets: list[Sheet] = []
        self.hidden: list[Sheet] = []
        self._open = ExitStack()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a workbook; InvalidInput when it is none, is damaged, or would unpack to more than a clerk can write."""
        book = cls(path)
        parts = book._inspect()
        values = book._load(parts.stream, data_only=True)
        formulas = book._load(parts.stream, data_only=False) if parts.formulas else None
        cells = CellReader(values)
        for sheet in values.worksheets:
            beside = formulas[sheet.title] if formulas is not None else None
            for each in (sheet, beside):
                if each is not None:
                    each.reset_dimensions()  # what a file says of its size is often wrong
            merges = parts.merges.get(sheet._worksheet_path.lstrip("/"), ())
            seen = book.sheets if sheet.sheet_state == "visible" else book.hidden
            seen.append(Sheet(path, sheet.title, sheet, beside, cells, merges))
        return book

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _load(self, stream: IO[bytes], *, data_only: bool) -> Any:
        book: Any = careful(
            self.path, lambda: openpyxl.load_workbook(stream, read_only=True, data_only=data_only, keep_links=False)
        )
        self._open.callback(book.close)
        # Numbers stay numbers: which of them are days is for the reader of cells to say.
        book._date_formats = book._timedelta_formats = frozenset()
        return book

    def _inspect(self) -> _Parts:
        """Refuse what is no workbook or unpacks too large; look through its sheets."""
        stream = self._open.enter_context(open_book(self.path))
        found = _Parts(stream)
        with zipfile.ZipFile(stream) as packed:
            for part in packed.infolist():
                if part.filename.startswith("xl/worksheets/"):
                    careful(self.path, partial(_look_through, packed, part, found))
        if any(len(merges) > MAX_MERGES for merges in found.merges.values()):
            refuse(self.path, "合并的格太多", "请取消合并，分别填写")
        return found


def open_book(path: Path) -> IO[bytes]:
    """Open a workbook's file; one in Strict Open XML is given in the usual form. InvalidInput when it is none."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                refuse(path, f"解开后超过{MAX_UNPACKED >> 20}兆字节", "请删去空白的行、列和图片，或拆成几个文件")
            if "[Content_Types].xml" not in packed.namelist():
                refuse(path, "是压缩包，不是 Excel 工作簿", "请解压后给出其中的文件")
            if any(p.flag_bits & 1 for p in parts):
                refuse(path, "有密码保护", "请取消密码，另存后再试")
            if "_rels/.rels" in packed.namelist() and _STRICT in packed.read("_rels/.rels"):
                return _transitional(packed)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error):
        refuse(path, "已损坏，打不开", _DAMAGED)
    return path.open("rb")


def _transitional(packed: zipfile.ZipFile) -> IO[bytes]:
    """Return a copy of a Strict workbook in the namespaces of the Transitional form, which libraries read."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115 — its reader closes it
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
        for part in packed.infolist():
            content = packed.read(part)
            if part.filename.endswith((".xml", ".rels")):
                for strict, usual in _TRANSITIONAL.items():
                    content = content.replace(strict, usual)
            made.writestr(part.filename, content)
    copy.seek(0)
    return copy


def _look_through(packed: zipfile.ZipFile, part: zipfile.ZipInfo, found: _Parts) -> None:
    merges: set[Merge] = set()
    with packed.open(part) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            text = tail + chunk
            found.formulas = found.formulas or _FORMULA.search(text) is not None
            merges.update(merge_of(m[1].decode()) for m in _MERGE.finditer(text))
            tail = chunk[-_TAG:]
    found.merges[part.filename] = tuple(sorted(merges, key=lambda m: (m.first_row, m.first)))


def merge_of(ref: str) -> Merge:
    """Return a merged area by its reference: A2:B4."""
    left, top, right, bottom = range_boundaries(ref)
    assert left and top and right and bottom
    return Merge(top, bottom, left - 1, right - 1)


def careful(path: Path, ask: Callable[[], T]) -> T:
    """Ask the library for something of a file; whatever it stumbles over is the file's fault."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ask()
    except QRecordsError:
        raise
    except Exception as error:  # it answers damage with KeyError, TypeError, ParseError, OSError, and more
        if isinstance(error, OSError) and error.errno:
            raise
        refuse(path, "已损坏，打不开", _DAMAGED)
