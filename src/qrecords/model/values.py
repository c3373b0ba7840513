"""Read one value as people write it: dates, numbers, ticks and words, into its one JSON form.

Every parser takes what a JSON, CSV or workbook cell holds and returns the stored form, or raises
ValueError with a Chinese sentence that says what is wrong and how to write it. What is ambiguous is
refused, never guessed.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from qrecords.model.cell import CellNumber
from qrecords.model.radicals import as_ideographs

Values = Mapping[str, Any]  # of one record, by the keys of its fields, as they are stored

EXCEL_EPOCH = datetime(1899, 12, 30)
EXCEL_SERIALS = range(18264, 91313)  # 1950-01-01 to 2149-12-31
YEARS = range(1900, 2200)

_DATE = re.compile(r"^(\d{4})\s*(?:[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})|年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?)$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_MONTH_DAY = re.compile(r"^(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]")
_HALVES = "上午|下午|晚上|中午|凌晨|早上|清晨|早晨|傍晚|夜里|[AP]\\.?M\\.?"
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:\.0+)?)?"
    r"|[时点](?:整|(?P<part>半|[一三]刻)|(?P<m>\d{1,2})分?(?:(?P<s>\d{1,2})秒)?)?)"
)
_TIME = re.compile(
    rf"^(?P<half>{_HALVES})?(?:{_CLOCK}|(?P<bare>\d{{1,2}})(?=[AP]\.?M))(?P<late>[AP]\.?M\.?)?$", re.IGNORECASE
)
_DATE_TIME = re.compile(
    rf"^(.+?)(?:[T\s]+|(?<=[日号])\s*)((?:{_HALVES})?\s*\d{{1,2}}(?::|时|点|\s*[AP]\.?M).*)$", re.IGNORECASE
)
LONGEST_NAME = 100  # characters of a person or an office
LONGEST_NUMBER = 60  # characters of a number, its unit included
_TOO_LARGE = 10**12
_NUMBER = re.compile(r"^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?)\s*(\D.*)?$")
# Words for one of something: a count without a unit of its own takes any of them, a measure takes none.
_COUNTERS = frozenset("台只个件套页人名位份次张块根条支把部组对副盒箱包袋卷本枚颗片辆艘架门座处项批种封册瓶双具")
_SAME_UNITS = (
    {"小时", "h", "hr", "hour", "hours", "时", "个小时", "钟头"},
    {"元", "块钱", "rmb", "圆", "元整"},
    {"人", "名", "位", "个人"},
)

TRUE_WORDS = frozenset({"是", "有", "√", "✓", "☑", "对", "true", "yes", "y", "1"})
FALSE_WORDS = frozenset({"否", "无", "×", "✗", "□", "☐", "错", "false", "no", "n", "0"})

# Marks that turn a character into an emoji, or join several into one.
_EMOJI_MARKS = frozenset({0x200D, 0x20E3, 0xFE0E, 0xFE0F})
_EMOJI = re.compile("[\u200d\u20e3\ufe0e\ufe0f\U0001f000-\U0001fbff]")  # those `str.isprintable` lets through


def unprintable(text: str) -> list[str]:
    """Return the characters no controlled form may hold, once each: control codes, private use, emoji."""
    printable = text.isprintable() or text.replace("\n", "").replace("\t", "").isprintable()
    if printable and (text.isascii() or not _EMOJI.search(text)):
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
    text = _plain_lines(raw) if isinstance(raw, str) else _text_of(raw)
    bad = unprintable(text)
    if bad:
        raise ValueError(f"含有表单上印不出的字符：{'、'.join(map(name_char, bad[:5]))}，请删去或改用文字说明")
    if len(text) > max_length:
        raise ValueError(f"太长：共{len(text)}字，最多{max_length}字，请精简或改用附件")
    return text


def parse_name(text: str) -> str:
    """Return who signs, receives or is sent to: a person or an office, on one line as papers print it."""
    return " ".join(parse_text(text, LONGEST_NAME).split())


def _plain_lines(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\u00a0", " ").strip()


def _text_of(raw: object) -> str:
    """Return as text what a cell holds otherwise."""
    match raw:
        case bool():
            raise ValueError("这里要写文字，不能是“是/否”的值")
        case CellNumber():
            if raw.doubt:
                raise ValueError(f"这格{raw.doubt}；请把这格的格式设为“文本”，照原件填写")
            return raw.shown.strip()
        case float() if raw.is_integer():
            return str(int(raw))
        case int() | float() | Decimal():
            return str(raw)
        case datetime() if raw.time() == time(0):
            return raw.date().isoformat()
        case datetime():
            return raw.isoformat(sep=" ")
        case date():
            return raw.isoformat()
    raise ValueError("这里要写文字")


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
        case CellNumber():
            return _day_of_cell(raw)
        case bool():
            raise ValueError("不是日期，请写成 2026-03-04 的样子")
        case int() | float():
            return _from_serial(float(raw), whole=True).date()
        case str():
            return _day_from_text(_plain(raw))
    raise ValueError("不是日期，请写成 2026-03-04 的样子")


def _day_of_cell(cell: CellNumber) -> date:
    moment = _moment_of_cell(cell)
    if cell.shows and not {"m", "d"} <= set(cell.shows):
        raise ValueError(f"这格只显示「{cell.shown}」，看不出是哪一天，请写成 2026-03-04 的样子")
    if moment.time() != time(0) and (not cell.shows or "t" in cell.shows):
        raise ValueError(f"「{cell.shown}」：这里只写日期，不写时间，例如 2026-03-04")
    return moment.date()


def _moment_of_cell(cell: CellNumber) -> datetime:
    """Return the moment a number means in its own workbook; a plain number means one only if it looks like one."""
    years = YEARS if set(cell.shows) & set("ymd") else range(1950, 2150)
    if cell.shows == "t" and cell.value < 1:
        raise ValueError(f"「{cell.shown}」只有时刻，没有日期，请写成 2026-03-04 15:20 的样子")
    if cell.moment is None or cell.moment.year not in years or "%" in cell.shows:
        raise ValueError(f"数字 {cell} 看不出是哪一天，请写成 2026-03-04 的样子")
    return cell.moment


@lru_cache(maxsize=1024)  # the rows of a ledger name few days
def _day_from_text(text: str) -> date:
    found = _DATE.match(text)
    parts = [p for p in found.groups() if p] if found else []
    if not parts and (compact := _COMPACT.match(text)):
        parts = list(compact.groups())
    if not parts:
        if text.isdigit() and int(text) in EXCEL_SERIALS:
            return _from_serial(float(text), whole=True).date()
        if _MONTH_DAY.match(text):
            raise ValueError(f"「{text}」没有写年份，请写成 2026-03-04 的样子")
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
        case CellNumber():
            moment = _moment_of_cell(raw)
            if moment.time() == time(0) and "t" not in raw.shows:
                raise ValueError(f"「{raw}」缺时刻，请写成 2026-03-04 15:20 的样子")
        case bool():
            raise ValueError("不是时间，请写成 2026-03-04 15:20 的样子")
        case int() | float() if int(raw) in EXCEL_SERIALS:
            moment = _from_serial(float(raw), whole=False)
            if moment.time() == time(0):
                raise ValueError(f"「{moment.date()}」缺时刻，请写成 2026-03-04 15:20 的样子")
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
        if _TIME.match(text.replace(" ", "")):
            raise ValueError(f"「{text}」只有时刻，没有日期，请写成 2026-03-04 15:20 的样子")
        day = _day_from_text(text)
        raise ValueError(f"「{day.isoformat()}」缺时刻，请写成 2026-03-04 15:20 的样子")
    clock = _time_from_text(found[2])
    return datetime.combine(_day_from_text(found[1].strip()), clock)


def _time_from_text(text: str) -> time:
    """Return a time of day: 15:20, 15时20分, 下午3:20, 3点半, 3:20 PM."""
    found = _TIME.match(text.replace(" ", ""))
    if not found:
        raise ValueError(f"「{text}」看不出是几点几分，请写成 15:20 的样子")
    part = {"半": 30, "一刻": 15, "三刻": 45}.get(found["part"] or "", 0)
    hour = int(found["hour"] or found["bare"])
    minute, second = int(found["minute"] or found["m"] or part), int(found["second"] or found["s"] or 0)
    half = (found["half"] or found["late"] or "").upper().replace(".", "")
    if found["half"] and found["late"]:
        raise ValueError(f"「{text}」把上午、下午写了两次，请写成 15:20 的样子")
    try:
        return time(_hour(text, half, hour), minute, second)
    except ValueError as error:
        if "must be in" in str(error):
            raise ValueError(f"一天里没有「{text}」这个时刻") from None
        raise


def _hour(text: str, half: str, hour: int) -> int:
    """Return the hour of a day of 24 hours."""
    unclear = ValueError(f"「{text}」看不出是几点，请用24小时写成 15:20 的样子")
    match half:
        case "" | "中午" if not half or hour in {11, 12}:
            return hour
        case "中午":
            if hour not in {1, 2}:
                raise unclear
            return hour + 12
        case "下午" | "PM" | "傍晚":
            return hour + 12 if hour < 12 else hour
        case "晚上" | "夜里":
            if hour < 5 or hour in {12, 24}:
                raise unclear  # of that day or the next
            return hour + 12 if hour < 12 else hour
        case _:  # 上午, 凌晨, 早上, AM
            if hour > 12:
                raise unclear
            return 0 if hour == 12 and half in {"AM", "凌晨"} else hour


def lacks_year(raw: object) -> bool:
    """Tell whether a day or moment is written without its year."""
    return isinstance(raw, str) and not raw.isascii() and _MONTH_DAY.match(_plain(raw)) is not None


def with_year(raw: object, days: Sequence[date]) -> str | None:
    """Return a day or moment written without its year with the year of a record's other days; None: it has one.

    ValueError where they do not tell it: none is there, they are of several years, or lie half a year apart from it.
    """
    text = _plain(raw) if isinstance(raw, str) else ""
    found = _MONTH_DAY.match(text)
    if not found:
        return None
    ask = "请写成 2026-03-04 15:20 的样子" if _DATE_TIME.match(text) else "请写成 2026-03-04 的样子"
    years = {day.year for day in days}
    if len(years) != 1:
        reason = "别的日期不在同一年" if years else "也没有别的日期可看"
        raise ValueError(f"「{text}」没有写年份，{reason}，{ask}")
    year = years.pop()
    try:
        day = date(year, int(found[1]), int(found[2]))
    except ValueError:
        raise ValueError(f"日历上没有「{year}年{found[0]}」这一天") from None
    if min(abs((day - other).days) for other in days) > 183:
        raise ValueError(f"「{text}」没有写年份，离别的日期又太远，看不出是哪一年，{ask}")
    return f"{day.isoformat()} {text[found.end() :].strip()}".strip()


def parse_int(raw: object, low: Decimal | None, high: Decimal | None, unit: str) -> int:
    """Return a whole number; full-width digits, thousands marks and the field's own unit are understood.

    A field without a unit takes any counting word: 4台, 2只, 5人.
    """
    number = _number(raw, unit, count=True)
    if number != number.to_integral_value():
        seen = f"（这格显示为 {raw}）" if isinstance(raw, CellNumber) and str(raw) != str(number) else ""
        raise ValueError(f"要写整数，不能是 {number}{seen}")
    _within(number, low, high, unit)
    return int(number)


def parse_dec(raw: object, low: Decimal | None, high: Decimal | None, unit: str) -> str:
    """Return a decimal as a string, with the digits as written."""
    number = _number(raw, unit)
    _within(number, low, high, unit)
    return format(number, "f")


def _number(raw: object, unit: str, *, count: bool = False) -> Decimal:
    if isinstance(raw, CellNumber):
        return _number_of_cell(raw, unit)
    if isinstance(raw, bool) or not isinstance(raw, (int, float, str, Decimal)):
        raise ValueError("要写数字")
    if isinstance(raw, int) and abs(raw) >= _TOO_LARGE:  # too long a one cannot even be written out
        raise ValueError("数字超出范围")
    text = str(raw)
    if len(text) > LONGEST_NUMBER:
        raise ValueError(f"数字超出范围：写了{len(text)}个字符，最多{LONGEST_NUMBER}个；请核对")
    text = _plain(text)
    found = _NUMBER.match(text)
    if found and found[2] and not _same_unit(found[2], unit, count=count):
        expected = f"（单位是{unit}）" if unit else "（不带单位）"
        raise ValueError(f"「{text}」的单位对不上，请只写数字{expected}")
    try:
        number = Decimal(found[1].replace(",", "") if found else text)
    except InvalidOperation:
        raise ValueError(f"「{text}」不是数字") from None
    if not number.is_finite():
        raise ValueError(f"「{text}」不是数字")
    exponent = number.as_tuple().exponent
    if abs(number) >= _TOO_LARGE or (isinstance(exponent, int) and exponent < -LONGEST_NUMBER):
        raise ValueError(f"「{text}」超出范围")
    return number


def _number_of_cell(cell: CellNumber, unit: str) -> Decimal:
    if set(cell.shows) & set("ymdwt"):
        raise ValueError(f"「{cell}」是日期或时间，这里要写数字")
    if "%" in cell.shows and unit != "%":
        raise ValueError(f"「{cell}」是百分数，这里要写数字")
    number = cell.value.scaleb(2) if "%" in cell.shows else cell.value
    if abs(number) >= Decimal(10) ** 12:
        raise ValueError(f"「{cell}」超出范围")
    return Decimal(format(number, "f"))


def _same_unit(written: str, unit: str, *, count: bool) -> bool:
    """Tell whether a unit as written fits a field's: the same or a word for the same; a count without one takes any."""
    word, own = written.strip().casefold(), _plain(unit).casefold()
    if word == own or any({word, own} <= same for same in _SAME_UNITS):
        return True
    return count and not own and word in _COUNTERS


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
    if not isinstance(raw, (str, int, float, CellNumber)) or isinstance(raw, bool):
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


@lru_cache(maxsize=4096)
def choice_key(word: str) -> str:
    """Return a word without what people and programs vary: width, case, blanks, radicals for ideographs."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", as_ideographs(word))).casefold()


def _plain(text: str) -> str:
    """Return text with full-width digits and marks made half-width."""
    if text.isascii():
        return text.strip()
    return unicodedata.normalize("NFKC", text).replace("—", "-").replace("−", "-").strip()
