"""Shows days and times as a spreadsheet does, in the words Excel uses in Chinese."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from qrecords.stores.inputs.formatcode import Section, Token

_WEEKDAYS = "一二三四五六日"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_DIGITS = "〇一二三四五六七八九"
SYSTEM_FORMATS = {"F800": 'yyyy"年"m"月"d"日"', "F400": "h:mm:ss"}
_OUTSIDE = "是这种格式显示不出的日期（显示为 ####）"


def is_moment(tokens: Sequence[Token]) -> bool:
    """Tell whether a section shows a day or a time."""
    return any(t.kind in {"time", "half", "elapsed"} for t in tokens)


def render_moment(section: Section, value: Decimal, moment: datetime | None) -> tuple[str, str, str]:
    """Return what is shown, which parts of a moment that are (`ymdwt`), and a doubt ("" when there is none)."""
    tokens = section.tokens
    minutes = _minutes(tokens)
    marks = {t.text[0].lower() for i, t in enumerate(tokens) if t.kind == "time" and i not in minutes}
    named = {t.text.lower() for t in tokens if t.kind == "time" and t.text[0] in "dDaA" and len(t.text) > 2}
    days = {t.text.lower() for t in tokens if t.kind == "time" and t.text[0] in "dD"} - named
    shows = "y" * bool(marks & set("yeb")) + "m" * ("m" in marks) + "d" * bool(days) + "w" * bool(named)
    if marks & set("hs") or minutes or any(t.kind in {"elapsed", "half"} for t in tokens):
        shows += "t"
    elapsed = any(t.kind == "elapsed" for t in tokens)
    if value < 0 or (moment is None and not (elapsed and not set(shows) - {"t"})):
        return "", shows, _OUTSIDE
    if marks & set("gb"):
        return "", shows, "用了公历以外的纪年"
    return _written(section, minutes, value, moment, clocked="t" in shows), shows, ""


def _minutes(tokens: Sequence[Token]) -> set[int]:
    """Return which tokens `m` are minutes: behind an hour or before a second."""
    clock = [i for i, t in enumerate(tokens) if t.kind in {"time", "elapsed"}]
    found = set()
    for place, i in enumerate(clock):
        if tokens[i].kind == "time" and tokens[i].text[0] in "mM" and len(tokens[i].text) <= 2:
            before = tokens[clock[place - 1]].text[0].lower() if place else ""
            after = tokens[clock[place + 1]].text[0].lower() if place + 1 < len(clock) else ""
            if before == "h" or after == "s":
                found.add(i)
    return found


def _written(section: Section, minutes: set[int], value: Decimal, moment: datetime | None, *, clocked: bool) -> str:
    tokens = section.tokens
    places = _second_places(tokens)
    # Times are fractions of a day: the nearest unit shown is what was meant.
    units = round(value * 86400 * 10**places)
    seconds, fraction = divmod(units, 10**places)
    day_seconds = seconds % 86400
    if moment is not None and clocked:
        moment += timedelta(days=seconds // 86400 - int(value))
    half = any(t.kind == "half" for t in tokens)
    hour = day_seconds // 3600
    clock = {"h": (hour % 12 or 12) if half else hour, "n": day_seconds // 60 % 60, "s": day_seconds % 60}
    out: list[str] = []
    skip = 0
    for i, token in enumerate(tokens):
        if skip:
            skip -= 1
        elif token.kind == "time":
            mark, width = token.text[0].lower(), len(token.text)
            mark = "n" if i in minutes else mark
            if mark in clock:
                out.append(_number(clock[mark], min(width, 2), section))
            elif moment is not None:
                out.append(_day_part(moment, mark, width, section))
            if mark == "s" and places:
                out.append(f".{fraction:0{places}d}")
                skip = 1 + places
        elif token.kind == "elapsed":
            total = seconds // {"h": 3600, "m": 60, "s": 1}[token.text[0]]
            out.append(f"{total:0{len(token.text)}d}")
        elif token.kind == "half":
            out.append(_half(token.text, hour, section))
        elif token.kind == "space":
            out.append(" ")
        elif not (token.kind == "fill" or token.text == "@"):
            out.append(token.text)
    return "".join(out)


def _second_places(tokens: Sequence[Token]) -> int:
    """Return how many digits of a second are shown: ss.000."""
    for i, token in enumerate(tokens):
        if token.text and token.text[0] in "sS" and token.kind in {"time", "elapsed"}:
            places = 0
            if i + 1 < len(tokens) and tokens[i + 1].text == ".":
                while i + 2 + places < len(tokens) and tokens[i + 2 + places].text == "0":
                    places += 1
            return places
    return 0


def _day_part(moment: datetime, mark: str, width: int, section: Section) -> str:
    match mark, width:
        case ("y", 1 | 2):
            return _year(moment.year, 2, section)
        case ("y" | "e", _):
            return _year(moment.year, 4, section)
        case ("m", 1 | 2):
            return _number(moment.month, width, section)
        case ("m", 3):
            return f"{moment.month}月" if section.chinese else _MONTHS[moment.month - 1][:3]
        case ("m", 4):
            return f"{_chinese(moment.month)}月" if section.chinese else _MONTHS[moment.month - 1]
        case ("m", _):
            return _MONTHS[moment.month - 1][0]
        case ("d", 1 | 2):
            return _number(moment.day, width, section)
        case ("d" | "a", 3):
            chinese = section.chinese or mark == "a"
            return f"周{_WEEKDAYS[moment.weekday()]}" if chinese else _DAYS[moment.weekday()][:3]
        case _:
            chinese = section.chinese or mark == "a"
            return f"星期{_WEEKDAYS[moment.weekday()]}" if chinese else _DAYS[moment.weekday()]


def _half(written: str, hour: int, section: Section) -> str:
    first, second = ("上午", "下午") if section.chinese or written.startswith("上") else written.split("/")
    return first if hour < 12 else second


def _year(year: int, width: int, section: Section) -> str:
    text = f"{year:04d}"[-width:]
    return "".join(_DIGITS[int(d)] for d in text) if section.digits else text


def _number(number: int, width: int, section: Section) -> str:
    return _chinese(number) if section.digits else f"{number:0{width}d}"


def _chinese(number: int) -> str:
    """Return a number below a hundred in words: 二十一."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")
