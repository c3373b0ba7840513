"""Shows a number as a spreadsheet does: number formats by ECMA-376 18.8.30 and 18.8.31, as Excel reads them in Chinese.

A format has up to four sections between semicolons: above zero, below zero, zero, text; conditions in brackets choose
otherwise. What a code says is read in formatcode.py, days and times are shown in dateformat.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from qrecords.stores.inputs.dateformat import SYSTEM_FORMATS, is_moment, render_moment
from qrecords.stores.inputs.formatcode import Section, Token, sections

GENERAL = "General"
_Y_M, _M_D, _H_M, _H_M_S = 'yyyy"年"m"月"', 'm"月"d"日"', 'h"时"mm"分"', 'h"时"mm"分"ss"秒"'
# What a numFmtId means where that depends on the language (18.8.30, zh-cn); 14 and 22 are the system's day.
CHINESE_FORMATS = {
    14: "yyyy/m/d", 22: "yyyy/m/d h:mm", 30: "m-d-yy", 31: 'yyyy"年"m"月"d"日"',
    **dict.fromkeys((27, 36, 50, 52, 57), _Y_M), **dict.fromkeys((28, 29, 51, 53, 54, 58), _M_D),
    32: _H_M, 33: _H_M_S,
    **dict.fromkeys((34, 55), f"上午/下午{_H_M}"), **dict.fromkeys((35, 56), f"上午/下午{_H_M_S}"),
}  # fmt: skip
DIGITS = Context(prec=15, rounding=ROUND_HALF_UP)  # a spreadsheet keeps fifteen digits

_PERCENT, _POINT, _COMMA, _TEXT = (Token("mark", mark) for mark in "%.,@")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a cell shows; `shows` as CellNumber has it; `doubt` why the text cannot be known."""

    text: str
    shows: str = ""
    doubt: str = ""
    hidden: bool = False  # the format shows nothing of the value


def show_number(value: Decimal, code: str, moment: datetime | None) -> Shown:
    """Show a number; `moment` is the same number as a day of the workbook's calendar."""
    parts = sections(code)
    section, negate = _choose(parts, value)
    if not section.tokens:
        return Shown("", hidden=True)
    if section.system:
        section = sections(SYSTEM_FORMATS[section.system])[0]
    if is_moment(section.tokens):
        return Shown(*render_moment(section, value, moment))
    if section.digits:
        return Shown(_plain(value), doubt="把数字显示成中文数字")
    return _render_number(section, -value if negate else value)


def show_text(text: str, code: str) -> Shown:
    """Show a text: formats may put words around it, or hide it."""
    parts = sections(code)
    section = parts[3] if len(parts) == 4 else parts[-1]
    if len(parts) < 4 and not any(t.text == "@" and t.kind == "mark" for t in section.tokens):
        return Shown(text)
    if not section.tokens:
        return Shown("", hidden=True)
    words = (text if t.kind in {"mark", "general"} else _literal(t) for t in section.tokens)
    return Shown("".join(words))


def general(value: Decimal) -> str:
    """Return a number as the format General shows it in a column wide enough."""
    value = value.normalize()
    if value and value.adjusted() < -9:
        return f"{value:E}".replace("E-", "E-0") if value.adjusted() > -10 else f"{value:E}"
    return _plain(value)


def _choose(parts: tuple[Section, ...], value: Decimal) -> tuple[Section, bool]:
    """Return the section for a number, and whether its sign is the section's to show."""
    numeric = parts[:3]
    if any(s.condition for s in numeric):
        met = next((s for s in numeric if s.condition and _meets(value, s.condition)), None)
        rest = [s for s in numeric if s.condition is None]
        return met or (rest or numeric)[-1], value < 0 and len(parts) > 1
    if len(numeric) == 1 or value > 0:
        return numeric[0], False
    if value < 0:
        return numeric[1], True
    return (numeric[2] if len(numeric) == 3 else numeric[0]), False


def _meets(value: Decimal, condition: tuple[str, Decimal]) -> bool:
    operator, limit = condition
    return {
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
        "=": value == limit,
    }.get(operator, value != limit)


def _is_place(token: Token) -> bool:
    return token.kind == "mark" and token.text in "0#?"


def _literal(token: Token) -> str:
    match token.kind:
        case "space":
            return " "
        case "fill":
            return ""
        case _:
            return token.text


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _render_number(section: Section, value: Decimal) -> Shown:
    tokens = list(section.tokens)
    percents = sum(t == _PERCENT for t in tokens)
    shows = "%" if percents else ""
    digits = [i for i, t in enumerate(tokens) if _is_place(t)]
    sign = "-" if value < 0 else ""
    if not digits:
        if any(t == _TEXT for t in tokens):
            return Shown(sign + general(abs(value)))  # words around a text stand around no number
        has_general = "general" in section.kinds()
        words = "".join(general(abs(value)) if t.kind == "general" else _literal(t) for t in tokens)
        return Shown(sign * has_general + words, shows, hidden=not words.strip())
    value = value.scaleb(2 * percents)
    if "exponent" in section.kinds():
        return Shown(_scientific(tokens, value), shows)
    if slash := _slash(tokens, digits):
        return Shown(_fraction(tokens, digits, slash, value), shows)
    return Shown(_decimal(tokens, digits, value), shows)


def _decimal(tokens: list[Token], digits: list[int], value: Decimal) -> str:
    """Show whole and decimal digits; a comma between places groups them, one behind the last divides by a thousand."""
    last, point = digits[-1], tokens.index(_POINT) if _POINT in tokens else None
    behind = [i for i in range(last + 1, len(tokens)) if tokens[last + 1 : i + 1] == [_COMMA] * (i - last)]
    value = value.scaleb(-3 * len(behind))
    kept = [t for i, t in enumerate(tokens) if i not in behind]
    end = point if point is not None else last + 1
    grouped = _COMMA in kept[digits[0] : end]
    places = sum(i > end for i in digits) if point is not None else 0
    rounded = abs(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, fraction = format(rounded, "f").partition(".")
    body = _whole(kept[:end], whole.lstrip("0"), grouped)
    body += "." + _decimals(kept[end + 1 :], fraction) if point is not None else "".join(map(_literal, kept[end:]))
    return ("-" if value < 0 and rounded else "") + body


def _whole(tokens: list[Token], digits: str, grouped: bool) -> str:
    """Fill the digits of a whole number into its places, from the right; the first place takes all that are left."""
    places = sum(_is_place(t) for t in tokens)
    out: list[str] = []
    left, done = list(digits), 0
    for token in reversed(tokens):
        if not _is_place(token):
            out.append("" if token == _COMMA else _literal(token))
            continue
        places -= 1
        take = [left.pop()] if left else [{"0": "0", "?": " "}.get(token.text, "")]
        take += reversed(left) if not places else []
        for digit in filter(None, take):
            if grouped and done and done % 3 == 0 and digit != " ":
                out.append(",")
            out.append(digit)
            done += 1
    return "".join(reversed(out))


def _decimals(tokens: list[Token], digits: str) -> str:
    """Fill digits in behind the point: # drops the zeros at the end, ? makes them blank."""
    kept = max([i for i, d in enumerate(digits) if d != "0"], default=-1)
    marks = [t.text for t in tokens if _is_place(t)]
    kept = max([kept, *(i for i, mark in enumerate(marks) if mark == "0")])
    out: list[str] = []
    place = 0
    for token in tokens:
        if _is_place(token):
            out.append(digits[place] if place <= kept else {"?": " "}.get(token.text, ""))
            place += 1
        else:
            out.append(_literal(token))
    return "".join(out)


def _scientific(tokens: list[Token], value: Decimal) -> str:
    at = next(i for i, t in enumerate(tokens) if t.kind == "exponent")
    mantissa = tokens[:at]
    point = next((i for i, t in enumerate(mantissa) if t == _POINT), len(mantissa))
    step = max(1, sum(_is_place(t) for t in mantissa[:point]))
    places = sum(_is_place(t) for t in mantissa[point:])
    power = 0 if not value else (value.adjusted() // step) * step if step > 1 else value.adjusted()
    number = abs(value).scaleb(-power).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if number and number.adjusted() >= step:
        power += step
        number = abs(value).scaleb(-power).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    whole, _, fraction = format(number, "f").partition(".")
    text = _whole(mantissa[:point], whole.lstrip("0"), grouped=False)
    text += "." + _decimals(mantissa[point + 1 :], fraction) if point < len(mantissa) else ""
    width = 0
    while at + 1 + width < len(tokens) and _is_place(tokens[at + 1 + width]):
        width += 1
    sign = "-" if power < 0 else "+" if tokens[at].text.endswith("+") else ""
    rest = "".join(map(_literal, tokens[at + 1 + width :]))
    return ("-" if value < 0 else "") + f"{text}E{sign}{abs(power):0{width}d}{rest}"


def _slash(tokens: list[Token], digits: list[int]) -> int:
    """Return where a fraction's stroke stands: between places; 0 when there is none."""
    found = next((i for i, t in enumerate(tokens) if t == Token("mark", "/")), 0)
    after = "".join(t.text for t in tokens[found + 1 :]).strip()
    return found if any(i < found for i in digits) and re.match(r"[0-9#?]", after) else 0


def _fraction(tokens: list[Token], digits: list[int], slash: int, value: Decimal) -> str:
    """Show a number as a fraction: `# ?/?`, `# ??/??`, `# ?/8`, `?/?`."""
    before = [i for i in digits if i < slash]
    top = before[-1]
    while top - 1 in before:
        top -= 1
    mixed = top != before[0]
    below = re.match(r"\s*([0-9#?]+)", "".join(t.text for t in tokens[slash + 1 :]))
    places = below[1] if below else "?"
    amount = Fraction(abs(value))
    whole = int(amount) if mixed else 0
    part = amount - whole
    if re.search(r"[1-9]", places):
        bottom = int(re.sub(r"[#?]", "0", places))
        over = int(part * bottom + Fraction(1, 2))
    else:
        near = part.limit_denominator(10 ** len(places) - 1)
        over, bottom = near.numerator, near.denominator
    if mixed and over == bottom:
        whole, over = whole + 1, 0
    sign = "-" if value < 0 and (whole or over) else ""
    if mixed and not over:
        return f"{sign}{whole}"
    return sign + (f"{whole} " if mixed and whole else "") + f"{over}/{bottom}"
