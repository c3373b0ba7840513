"""A span of days as people write it: a year, a month, a day, or from one to another."""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange

from qrecords.model.values import YEARS, parse_date

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"

_TO = re.compile(r"\.{2,}|~|至|到")
_YEAR = re.compile(r"^(\d{4})年?$")
_MONTH = re.compile(r"^(\d{4})(?:[-/.]|年)(\d{1,2})月?$")


def parse_period(text: str) -> tuple[str, str]:
    """Return the first and last day (YYYY-MM-DD) of 2026, 2026-03, 2026年3月4日, 2026-01..2026-03, 2026-03.. or ..2026.

    ValueError says what cannot be read.
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    parts = _TO.split(plain)
    if len(parts) > 2 or not any(parts):
        raise ValueError(f"「{text}」看不出是哪段时间，请写成 2026-03 或 2026-01..2026-03 的样子")
    if len(parts) == 1:
        return _span(plain)
    first = _span(parts[0])[0] if parts[0] else FIRST_DAY
    last = _span(parts[1])[1] if parts[1] else LAST_DAY
    if first > last:
        raise ValueError(f"「{text}」的起止颠倒了，请把早的写在前面")
    return first, last


def _span(text: str) -> tuple[str, str]:
    if found := _YEAR.match(text):
        _check_year(found[1])
        return f"{found[1]}-01-01", f"{found[1]}-12-31"
    if found := _MONTH.match(text):
        year, month = _check_year(found[1]), int(found[2])
        if not 1 <= month <= 12:
            raise ValueError(f"「{text}」的月份不对，月份是 1 到 12")
        return f"{year}-{month:02}-01", f"{year}-{month:02}-{monthrange(year, month)[1]}"
    day = parse_date(text)
    return day, day


def _check_year(text: str) -> int:
    if int(text) not in YEARS:
        raise ValueError(f"「{text}」的年份不合理")
    return int(text)
