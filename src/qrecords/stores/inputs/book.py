"""Opens a workbook without trusting it, and gives the rows of its sheets as they read on the screen."""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from typing import Any, Self, TypeVar

import openpyxl
from openpyxl.utils.escape import unescape

from qrecords.errors import QRecordsError
from qrecords.stores.inputs.common import refuse, time_text
from qrecords.stores.inputs.table import NumberedRow, Unreadable

MAX_UNPACKED = 200 << 20
MAX_PARTS = 5_000
MAX_ROW = 1_048_576
MAX_CELLS = 20_000_000
EXACT_BELOW = 10**15  # a spreadsheet keeps fifteen digits of a number
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ONLY_ZEROS = re.compile(r"0{2,}")
_CHUNK = 1 << 20
_DAMAGED = "请用 Excel 或 WPS 打开，另存为新的 .xlsx 后再试"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One visible sheet of an open workbook."""

    path: Path
    title: str
    _values: Any
    _formulas: Any  # the same sheet with formulas in place of their results; None when it has none

    def rows(self) -> Iterator[NumberedRow]:
        """Give the rows from the first, numbered from 1; cells hold values, or Unreadable."""
        values = self._values.iter_rows()
        formulas = self._formulas.iter_rows() if self._formulas is not None else None
        number = cells = 0
        while (row := careful(self.path, lambda: next(values, None))) is not None:
            number += 1
            cells += len(row)
            if number > MAX_ROW or cells > MAX_CELLS:
                refuse(
                    self.path, "太大，不像填写的表格", "请删去空白的行列，或拆成几个文件", row=number, sheet=self.title
                )
            beside = careful(self.path, lambda: next(formulas, ())) if formulas is not None else ()
            yield number, [_value(cell, beside[i] if i < len(beside) else None) for i, cell in enumerate(row)]


class Book:
    """An open workbook; a context manager, since rows are read as they are asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheets: list[Sheet] = []
        self._open = ExitStack()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a workbook; InvalidInput when it is none, is damaged, or would unpack to more than a clerk can write."""
        with_formulas = _inspect(path)
        book = cls(path)
        values = book._load(data_only=True)
        formulas = book._load(data_only=False) if with_formulas else None
        for sheet in values.worksheets:
            if sheet.sheet_state == "visible":
                beside = formulas[sheet.title] if formulas is not None else None
                for each in (sheet, beside):
                    if each is not None:
                        each.reset_dimensions()  # what a file says of its size is often wrong
                book.sheets.append(Sheet(path, sheet.title, sheet, beside))
        return book

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _load(self, *, data_only: bool) -> Any:
        book = careful(
            self.path, lambda: openpyxl.load_workbook(self.path, read_only=True, data_only=data_only, keep_links=False)
        )
        self._open.callback(book.close)
        return book


def _inspect(path: Path) -> bool:
    """Refuse what is no workbook or unpacks too large; tells whether any sheet has formulas."""
    try:
        with zipfile.ZipFile(path) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(p.file_size for p in parts) > MAX_UNPACKED:
                refuse(path, f"解开后超过{MAX_UNPACKED >> 20}兆字节", "请删去空白的行、列和图片，或拆成几个文件")
            if "[Content_Types].xml" not in packed.namelist():
                refuse(path, "是压缩包，不是 Excel 工作簿", "请解压后给出其中的文件")
            if any(p.flag_bits & 1 for p in parts):
                refuse(path, "有密码保护", "请取消密码，另存后再试")
            sheets = [p for p in parts if p.filename.startswith("xl/worksheets/")]
            return any(_mentions_formula(packed, p) for p in sheets)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError, zlib.error):
        refuse(path, "已损坏，打不开", _DAMAGED)


def _mentions_formula(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with packed.open(part) as stream:
        tail = b""
        while chunk := stream.read(_CHUNK):
            if _FORMULA.search(tail + chunk):
                return True
            tail = chunk[-64:]
    return False


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


def _value(cell: Any, formula: Any) -> Any:
    """Return what a cell shows; Unreadable when that is not what was written."""
    value = cell.value
    match value:
        case None:
            # Without `t="str"` an empty result means the formula was never computed.
            if formula is not None and formula.data_type == "f" and cell.data_type == "n":
                return Unreadable("是还没有计算的公式；请用 Excel 打开并保存一次，或直接填写内容")
            return None
        case bool():
            return value
        case int() | float() if abs(value) >= EXACT_BELOW:
            return Unreadable("的数字超过15位，表格软件已丢失末几位；请把这格设为“文本”格式后重新填写")
        case int() if _ONLY_ZEROS.fullmatch(cell.number_format):
            return f"{value:0{len(cell.number_format)}d}"  # shown as 00123
        case str():
            return unescape(value) if "_x" in value else value
        case time():
            return time_text(value)
        case _:
            return value
