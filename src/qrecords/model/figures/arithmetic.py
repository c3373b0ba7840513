"""Exact arithmetic of reports (domain F.4): whole numbers and fractions inside, one rounding at the end.

Percentages and means have one place, rounded half up (四舍五入) as offices expect, or half to even (GB/T 8170-2008)
where the office says so. Nothing here is a binary float.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

NONE = "—"  # cannot be computed: nothing to divide by, or nothing to compare with
NEW = "新增"  # nothing before, something now
_TENTH = Decimal("0.1")


class Rounding(StrEnum):
    """How a half is rounded."""

    HALF_UP = "half-up"
    HALF_EVEN = "half-even"


def rounded(value: Fraction, places: int = 1, rounding: Rounding = Rounding.HALF_UP) -> Decimal:
    """Return an exact value to some places."""
    scaled = value * 10**places
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    twice = 2 * rest
    up = twice > scaled.denominator or (
        twice == scaled.denominator and (rounding is Rounding.HALF_UP or whole % 2 == 1)
    )
    number = Decimal(whole + up).scaleb(-places)
    return -number if scaled < 0 else number


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of something, exact: `part` of `whole`; without a whole there is none."""

    part: int
    whole: int

    @property
    def exact(self) -> Fraction | None:
        """Return the share, None when there is nothing to divide by."""
        return Fraction(self.part, self.whole) if self.whole else None

    def percent(self, rounding: Rounding = Rounding.HALF_UP) -> Decimal | None:
        """Return the share in per cent to one place; below all it is never 100.0, above nothing never 0.0 (F.4-2)."""
        if (share := self.exact) is None:
            return None
        shown = rounded(share * 100, rounding=rounding)
        if share < 1 and shown >= 100:
            return Decimal("99.9")
        if share > 0 and shown <= 0:
            return _TENTH
        return shown

    def reaches(self, target: Decimal) -> bool:
        """Tell whether the share, before any rounding, is at least so many per cent (GB/T 8170 clause 4)."""
        return self.exact is not None and self.exact * 100 >= Fraction(target)

    def against(self, target: Decimal, rounding: Rounding = Rounding.HALF_UP) -> Decimal | None:
        """Return the per cent as printed beside a target: with one more place where one would hide the outcome."""
        shown = self.percent(rounding)
        if shown is None or self.exact is None or (shown >= target) == self.reaches(target):
            return shown
        return rounded(self.exact * 100, places=2, rounding=rounding)


def shares(parts: Sequence[int]) -> list[Decimal] | None:
    """Return what each part is of the sum, in per cent, adding up to 100.0 (largest remainder, ties to the upper row).

    None when there is nothing to share.
    """
    total = sum(parts)
    if not total:
        return None
    tenths = [divmod(part * 1000, total) for part in parts]
    left = 1000 - sum(whole for whole, _ in tenths)
    order = sorted(range(len(parts)), key=lambda n: (-tenths[n][1], n))
    more = set(order[:left])
    return [Decimal(whole + (n in more)) / 10 for n, (whole, _) in enumerate(tenths)]


def total(values: Iterable[int | Fraction]) -> Fraction:
    """Return an exact sum: of each denominator first, for a fraction is slow to add."""
    found: dict[int, int] = {}
    for value in values:
        found[value.denominator] = found.get(value.denominator, 0) + value.numerator
    return sum((Fraction(numerator, denominator) for denominator, numerator in found.items()), Fraction(0))


def mean(values: Sequence[int]) -> Fraction | None:
    """Return the mean, None of nothing."""
    return Fraction(sum(values), len(values)) if values else None


def median(values: Sequence[int]) -> Fraction | None:
    """Return the median, None of nothing."""
    ordered, half = sorted(values), len(values) // 2
    if not ordered:
        return None
    return Fraction(ordered[half]) if len(ordered) % 2 else Fraction(ordered[half - 1] + ordered[half], 2)


def growth(now: int, base: int | None, rounding: Rounding = Rounding.HALF_UP) -> Decimal | str:
    """Return by how many per cent something grew (环比, 同比); `base` None when there was no such period."""
    if base is None or (not base and not now):
        return NONE
    return rounded(Fraction(now - base, base) * 100, rounding=rounding) if base else NEW


def closes(opening: int, came: int, went: int, closing: int) -> bool:
    """Tell whether a table of stock and flow is true to itself: what was there, came and went is what is there."""
    return opening + came - went == closing
