"""Read one value as people write it: dates, numbers, ticks and words, into its one JSON form.

Every parser takes what a JSON, CSV or workbook cell holds and returns the stored form, or raises
ValueError with a Chinese sentence that says what is wrong and how to write it. What is ambiguous is
refused, never guessed.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from qrecords.model.radicals import as_ideographs

EXCEL_EPOCH = datetime(1899, 12, 30)
EXCEL_SERIALS = range(18264, 91313)  # 1950-01-01 to 2149-12-31
YEARS = range(1900, 2200)

_DATE = re.compile(r"^(\d{4})\s*(?:[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日?)$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_TIME = re.compile(r"^(\d{1,2})(?::(\d{1,2})(?::(\d{1,2})(?:\.0+)?)?|[时点](?:(\d{1,2})分?(?:(\d{1,2})秒)?)?)$")
_DATE_TIME = re.compile(r"^(.+?)(?:[T\s]+|(?<=日)\s*)(\d{1,2}(?::|时|点).*)$")
_NUMBER = re.compile(r"^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D.*)?$")

TRUE_WORDS = frozenset({"是", "有", "√", "✓", "☑", "对", "true", "yes", "y", "1"})
FALSE_WORDS = frozenset({"否", "无", "×", "✗", "□", "☐", "错", "false", "no", "n", "0"})

# Marks that turn a character into an emoji, or join several into one.
_EMOJI_MARKS = frozenset({0x200D, 0x20E3, 0xFE0E, 0xFE0F})


def unprintable(text: str) -> list[str]:
    """Return the characters no controlled form may hold, once each: control codes, private use, emoji."""
    if text.isascii() and text.isprintable():
        return []
    return [c for c in dict.fromkeys(text) if _is_unprintable(c)]


def _is_unprintable(char: str) -> bool:
    if char in "\n\t":
        return False
    point = ord(char)
    if 0x1F000 <= point <= 0x1FBFF or point in _EMOJI_MARKS:
        return True
    # Directional overrides and zero-width marks (Cf) would make paper and data read differently.
    return unicodedata.category(char) in {"Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp"}


def name_char(char: str) -> str:
    """Return a character as a message can show it: 「😀」(U+1F600)."""
    point = f"U+{ord(char):04X}"
    return f"「{char}」({point})" if char.isprintable() else f"控制字符（{point}）"


def parse_text(raw: object, max_length: int) -> str:
    """Return the text with line ends as one newline and the blank edge cut off."""
    match raw:
        case bool():
            raise ValueError("这里要写文字，不能是“是/否”的值")
        case float() if raw.is_integer():
            text = str(int(raw))
        case int() | float() | Decimal():
            text = str(raw)
        case datetime() if raw.time() == time(0):
            text = raw.date().isoformat()
        case datetime() | date():
            text = raw.isoformat(sep=" ") if isinstance(raw, datetime) else raw.isoformat()
        case str():
            text = raw.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " ").strip()
        case _:
            raise ValueError("这里要写文字")
    bad = unprintable(text)
    if bad:
        raise ValueError(f"含有表单上印不出的字符：{'、'.join(map(name_char, bad[:5]))}，请删去或改用文字说明")
    if len(text) > max_length:
        raise ValueError(f"太长：共{len(text)}字，最多{max_length}字，请精简或改用附件")
    return text


def parse_date(raw: object) -> str:
    """Return a day as YYYY-MM-DD."""
    return _day(raw).isoformat()


def _day(raw: object) -> date:
    match raw:
        case datetime():
            if raw.time() != time(0):
                raise ValueError("这里只写日期，不写时间，例如 2026-03-04")
            return raw.date()
        case date():
            return raw
        case bool():
            raise ValueError("不是日期，请写成 2026-03-04 的样子")
        case int() | float():
            return _from_serial(float(raw), whole=True).date()
        case str():
            return _day_from_text(_plain(raw))
    raise ValueError("不是日期，请写成 2026-03-04 的样子")


def _day_from_text(text: str) -> date:
    found = _DATE.match(text)
    parts = [p for p in found.groups() if p] if found else []
    if not parts and (compact := _COMPACT.match(text)):
        parts = list(compact.groups())
    if not parts:
        if text.isdigit() and int(text) in EXCEL_SERIALS:
            return _from_serial(float(text), whole=True).date()
        raise ValueError(f"「{text}」看不出是哪一天，请写成 2026-03-04 的样子")
    try:
        day = date(*map(int, parts))
    except ValueError:
        raise ValueError(f"日历上没有「{text}」这一天") from None
    if day.year not in YEARS:
        raise ValueError(f"「{text}」的年份不合理")
    return day


def _from_serial(serial: float, *, whole: bool) -> datetime:
    if int(serial) not in EXCEL_SERIALS or (whole and serial != int(serial)):
        raise ValueError(f"数字 {serial:g} 看不出是哪一天，请写成 2026-03-04 的样子")
    moment = EXCEL_EPOCH + timedelta(days=serial)
    # Workbooks keep times as fractions of a day: the nearest second is what the clerk typed.
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


def parse_datetime(raw: object) -> str:
    """Return a moment as YYYY-MM-DD HH:MM, with :SS only where seconds were written."""
    match raw:
        case datetime():
            moment = raw
        case bool():
            raise ValueError("不是时间，请写成 2026-03-04 15:20 的样子")
        case int() | float() if int(raw) in EXCEL_SERIALS:
            moment = _from_serial(float(raw), whole=False)
        case str():
            moment = _moment_from_text(_plain(raw))
        case date():
            raise ValueError(f"「{raw.isoformat()}」缺时刻，请写成 2026-03-04 15:20 的样子")
        case _:
            raise ValueError("不是时间，请写成 2026-03-04 15:20 的样子")
    if moment.tzinfo is not None:
        raise ValueError("请写当地时间，不带时区，例如 2026-03-04 15:20")
    moment = moment.replace(microsecond=0)
    return moment.isoformat(sep=" ", timespec="seconds" if moment.second else "minutes")


def _moment_from_text(text: str) -> datetime:
    found = _DATE_TIME.match(text)
    if not found:
        day = _day_from_text(text)
        raise ValueError(f"「{day.isoformat()}」缺时刻，请写成 2026-03-04 15:20 的样子")
    clock = _TIME.match(found[2].replace(" ", ""))
    if not clock:
        raise ValueError(f"「{found[2]}」看不出是几点几分，请写成 15:20 的样子")
    hour, minute, second = (int(g) if g else 0 for g in (clock[1], clock[2] or clock[4], clock[3] or clock[5]))
    try:
        return datetime.combine(_day_from_text(found[1].strip()), time(hour, minute, second))
    except ValueError as error:
        if "must be in" in str(error):
            raise ValueError(f"一天里没有「{found[2]}」这个时刻") from None
        raise


def parse_int(raw: object, low: Decimal | None, high: Decimal | None, unit: str) -> int:
    """Return a whole number; full-width digits, thousands marks and the field's own unit are understood."""
    number = _number(raw, unit)
    if number != number.to_integral_value():
        raise ValueError(f"要写整数，不能是 {number}")
    _within(number, low, high, unit)
    return int(number)


def parse_dec(raw: object, low: Decimal | None, high: Decimal | None, unit: str) -> str:
    """Return a decimal as a string, with the digits as written."""
    number = _number(raw, unit)
    _within(number, low, high, unit)
    return format(number, "f")


def _number(raw: object, unit: str) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
        raise ValueError("要写数字")
    text = _plain(str(raw))
    found = _NUMBER.match(text)
    if found and found[2] and found[2] != _plain(unit):
        expected = f"（单位是{unit}）" if unit else "（不带单位）"
        raise ValueError(f"「{text}」的单位对不上，请只写数字{expected}")
    try:
        number = Decimal(found[1].replace(",", "") if found else text)
    except InvalidOperation:
        raise ValueError(f"「{text}」不是数字") from None
    if not number.is_finite():
        raise ValueError(f"「{text}」不是数字")
    if abs(number) >= Decimal(10) ** 12:
        raise ValueError(f"「{text}」超出范围")
    return number


def _within(number: Decimal, low: Decimal | None, high: Decimal | None, unit: str) -> None:
    if low is not None and number < low:
        raise ValueError(f"{number}{unit} 太小，最小是 {low}{unit}")
    if high is not None and number > high:
        raise ValueError(f"{number}{unit} 太大，最大是 {high}{unit}")


def parse_bool(raw: object) -> bool:
    """Return a tick as true or false."""
    if isinstance(raw, bool):
        return raw
    word = _plain(str(raw)).casefold()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(f"「{raw}」看不出是“是”还是“否”，请写“是”或“否”")


def parse_choice(raw: object, choices: Sequence[str]) -> str:
    """Return the choice meant; width and blanks are forgiven, other words are not."""
    if not isinstance(raw, (str, int, float)) or isinstance(raw, bool):
        raise ValueError(f"请从这些里选一个：{'、'.join(choices)}")
    wanted = choice_key(str(raw))
    for choice in choices:
        if choice_key(choice) == wanted:
            return choice
    near = difflib.get_close_matches(wanted, choices, n=1)
    hint = f"是不是「{near[0]}」？" if near else ""
    raise ValueError(f"「{raw}」不在可选范围内，{hint}可选：{'、'.join(choices)}")


def parse_choices(raw: object, choices: Sequence[str]) -> list[str]:
    """Return one or several choices, in the order the form prints them."""
    if isinstance(raw, str):
        # A choice may itself hold a comma-like mark, so the whole is tried first.
        whole = [c for c in choices if choice_key(c) == choice_key(raw)]
        parts: Sequence[object] = whole or [p for p in re.split("[、,\uff0c;\uff1b|\n]", raw) if p.strip()]
    elif isinstance(raw, (list, tuple)):
        parts = raw
    else:
        parts = [raw]
    picked = {parse_choice(p, choices) for p in parts}
    return [c for c in choices if c in picked]


def choice_key(word: str) -> str:
    """Return a word without what people and programs vary: width, case, blanks, radicals for ideographs."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", as_ideographs(word))).casefold()


def _plain(text: str) -> str:
    """Return text with full-width digits and marks made half-width."""
    return unicodedata.normalize("NFKC", text).replace("—", "-").replace("−", "-").strip()
