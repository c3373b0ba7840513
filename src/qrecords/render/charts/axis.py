"""An axis from nought: round marks over the numbers, and where a number lies between two ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

_ROUND = (1, 2, 5, 10)
_BIG = ((10**8, "亿"), (10**4, "万"))


@dataclass(frozen=True, slots=True)
class Axis:
    """Marks of an axis, lowest first; nought is one of them."""

    marks: tuple[Fraction, ...]

    def part(self, number: Fraction) -> float:
        """Return how far along the axis a number lies, from 0 to 1."""
        low, high = self.marks[0], self.marks[-1]
        return float((number - low) / (high - low))

    def labels(self) -> list[str]:
        """Return what is written at the marks; great numbers in 万 and 亿."""
        step = self.marks[1] - self.marks[0]
        unit, sign = next(((u, s) for u, s in _BIG if step >= u // 10 and self.marks[-1] - self.marks[0] >= u), (1, ""))
        places = 0
        while (step / unit * 10**places).denominator != 1:
            places += 1
        return [f"{_plain(mark / unit, places)}{sign if mark else ''}" for mark in self.marks]


def _plain(number: Fraction, places: int) -> str:
    whole = round(number * 10**places)
    sign, digits = "-" if whole < 0 else "", str(abs(whole)).zfill(places + 1)
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places and number else digits.lstrip("0") or "0")


def axis(numbers: Sequence[Fraction], parts: int = 5) -> Axis:
    """Return an axis with nought and all the numbers on it; whole marks only, where all numbers are whole."""
    low, high = min([*numbers, Fraction(0)]), max([*numbers, Fraction(0)])
    if low == high:
        high = Fraction(1)
    step = _step((high - low) / parts)
    if all(n.denominator == 1 for n in numbers):
        step = max(step, Fraction(1))
    first, last = low // step, -(-high // step)
    return Axis(tuple(step * n for n in range(first, last + 1)))


PERCENT = Axis(tuple(Fraction(n) for n in range(0, 101, 20)))


def _step(least: Fraction) -> Fraction:
    """Return the next 1, 2 or 5 of a decimal place that is not less."""
    power = Fraction(1)
    while power * 10 <= least:
        power *= 10
    while power > least:
        power /= 10
    return next(power * n for n in _ROUND if power * n >= least)
