"""Reads one cell of a workbook as its clerk sees it: text, a number with what it shows, or why it must not be taken."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904, to_excel
from openpyxl.utils.escape import unescape

from qrecords.model.cell import CellNumber, Unreadable
from qrecords.stores.inputs.numberformat import CHINESE_FORMATS, DIGITS, GENERAL, show_number, show_text

EXACT_BELOW = 10**15  # a spreadsheet keeps fifteen digits of a number
_LONG = 10**7  # a whole number in scientific form from here on is a number somebody wrote out: a telephone, a waybill
_WINDOWS, _MAC = datetime(1899, 12, 30), datetime(1904, 1, 1)
_PICTURE = re.compile(r"\b(?:DISPIMG|IMAGE|EMBED|SPARKLINE)\s*\(", re.IGNORECASE)
_FIVE_DIGITS = re.compile(r"\d{5}")
_SCIENTIFIC = re.compile(r"[+-]?\d[\d.]*E\+?\d+", re.IGNORECASE)

PICTURE = "里是图片或嵌入的对象，不是文字；请改填文字，图片另作附件"
UNCOMPUTED = "是还没有计算的公式；请用 Excel 打开并保存一次，或直接填写内容"
LOST_DIGITS = "的数字超过15位，表格软件已丢失末几位；请把这格设为“文本”格式后重新填写"
HIDDEN = "有内容，但它的数字格式使它显示不出来；请把格式改为“常规”，核对后再填"


class CellReader:
    """Reads the cells of one workbook: its calendar, its number formats."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._mac = book.epoch == CALENDAR_MAC_1904
        self._codes: dict[int, str] = {}
        # Such a workbook is computed when it is opened: until then some programs write 0 as every result.
        self._to_compute = bool(book.calculation and book.calculation.fullCalcOnLoad)

    def read(self, cell: Any, formula: Any) -> Any:
        """Return what a cell shows; `formula` is the same cell with its formula, None where the sheet has none."""
        value = cell.value
        computed = formula is not None and formula.data_type == "f"
        if computed and _PICTURE.search(_formula_text(formula.value)):
            return Unreadable(PICTURE)
        if cell.data_type == "e":
            return Unreadable(_error(str(value), typed=not computed))
        match value:
            case None:
                # Without `t="str"` an empty result means the formula was never computed.
                return Unreadable(UNCOMPUTED) if computed and cell.data_type == "n" else None
            case bool():
                return value
            case int() | float():
                if computed and self._to_compute and value == 0:
                    return Unreadable(UNCOMPUTED)
                return self._number(value, self._code(cell))
            case datetime() | date() | time() | timedelta():
                return self._iso(value, self._code(cell))
            case str():
                return self._text(unescape(value) if "_x" in value else value, cell)
            case _:
                return value

    def _code(self, cell: Any) -> str:
        """Return the format code of a cell; what depends on the language is Chinese."""
        style = cell._style_id  # a cell's own way to its format looks the number up in English
        if style not in self._codes:
            number = cell.style_array.numFmtId
            self._codes[style] = CHINESE_FORMATS.get(number) or cell.number_format or GENERAL
        return self._codes[style]

    def _number(self, written: float, code: str, moment: datetime | None = None) -> Any:
        if abs(written) >= EXACT_BELOW:
            return Unreadable(LOST_DIGITS)
        value = DIGITS.create_decimal(repr(written)).normalize(DIGITS)
        moment = moment or self._moment(value)
        shown = show_number(value, code, moment)
        if shown.hidden:
            return Unreadable(HIDDEN) if value else None
        doubt = shown.doubt
        if _SCIENTIFIC.fullmatch(shown.text) and value == value.to_integral_value() and abs(value) >= _LONG:
            doubt = f"显示为 {shown.text}，实际是 {value:f}"
        return CellNumber(value, shown.text, moment, shown.shows, doubt)

    def _moment(self, value: Decimal) -> datetime | None:
        """Return the day and time a number means in the workbook's calendar, to the nearest second."""
        if not self._mac and 1 <= value < 60:
            value += 1  # the calendar of 1900 has a 29 February
        try:
            moment = (_MAC if self._mac else _WINDOWS) + timedelta(days=float(value))
            return (moment + timedelta(microseconds=500_000)).replace(microsecond=0) if value >= 0 else None
        except OverflowError:
            return None

    def _iso(self, value: datetime | date | time | timedelta, code: str) -> Any:
        """Read a day or time written as such (t="d", Strict Open XML)."""
        to_serial: Any = to_excel
        serial = float(to_serial(value, self._book.epoch))
        shown = self._number(serial, code)
        if isinstance(shown, CellNumber) and not shown.shows:
            plain = {datetime: "yyyy-mm-dd hh:mm", date: "yyyy-mm-dd", time: "hh:mm", timedelta: "[h]:mm"}[type(value)]
            shown = self._number(serial, plain)
        return shown

    def _text(self, text: str, cell: Any) -> Any:
        if _PICTURE.match(text.lstrip("=").removeprefix("_xlfn.")):
            return Unreadable(PICTURE)
        if self._mac and _FIVE_DIGITS.fullmatch(text):
            return CellNumber(Decimal(text), text, self._moment(Decimal(text)))
        code = self._code(cell)
        if code in {GENERAL, "@"}:
            return text
        shown = show_text(text, code)
        return Unreadable(HIDDEN) if shown.hidden and text.strip() else shown.text


def _error(name: str, *, typed: bool) -> str:
    if typed and name == "#VALUE!":
        return "是 #VALUE!，可能是放在格子里的图片；请改填文字，图片另作附件"
    return f"是公式错误 {name}；请改正公式，或直接填写内容"


def _formula_text(formula: Any) -> str:
    return str(getattr(formula, "text", formula) or "")
