"""The arithmetic of reports, by the worked values of the rule and for any numbers (F.4)."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from statistics import median as reference_median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.figures import NEW, NONE, Rate, Rounding, closes, growth, mean, median, rounded, shares

counts = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("part", "whole", "percent"),
    [(1, 16, "6.3"), (1999, 2000, "99.9"), (1, 3000, "0.1"), (0, 7, "0.0"), (7, 7, "100.0"), (2, 3, "66.7"), (1, 800, "0.1")],
)  # fmt: skip
def test_a_percentage_has_one_place_rounded_half_up(part: int, whole: int, percent: str) -> None:
    assert Rate(part, whole).percent() == Decimal(percent)


def test_an_office_may_round_half_to_even() -> None:
    assert Rate(1, 16).percent(Rounding.HALF_EVEN) == Decimal("6.2")
    assert Rate(3, 16).percent(Rounding.HALF_EVEN) == Decimal("18.8")
    assert Rate(0, 0).percent() is None


def test_a_target_is_met_by_the_value_before_rounding() -> None:
    rate = Rate(8996, 10000)
    assert not rate.reaches(Decimal(90))
    assert rate.percent() == Decimal("90.0")
    assert rate.against(Decimal(90)) == Decimal("89.96"), "90.0 would hide that it is missed"
    assert Rate(9, 10).against(Decimal(90)) == Decimal("90.0")
    assert Rate(0, 0).against(Decimal(90)) is None


@given(st.fractions(min_value=-1000, max_value=1000), st.integers(0, 4))
def test_rounding_is_that_of_decimal(value: Fraction, places: int) -> None:
    # Far more places than are asked for, and a last one that says whether anything is behind them.
    exact = Decimal(value.numerator * 10**60 // value.denominator).scaleb(-60)
    if Fraction(exact) != value:
        exact += Decimal(1).scaleb(-61)
    unit = Decimal(1).scaleb(-places)
    from decimal import localcontext

    with localcontext() as context:
        context.prec = 100
        assert rounded(value, places) == exact.quantize(unit, ROUND_HALF_UP)
        assert rounded(value, places, Rounding.HALF_EVEN) == exact.quantize(unit, ROUND_HALF_EVEN)


@given(counts, counts)
def test_no_rate_below_all_prints_all_and_none_above_nothing_prints_nothing(one: int, other: int) -> None:
    part, whole = sorted((one, other))
    percent = Rate(part, whole).percent()
    if not whole:
        assert percent is None
        return
    assert percent is not None
    assert (percent == 100) == (part == whole)
    assert (percent == 0) == (part == 0)


@given(st.lists(counts, min_size=1, max_size=30))
def test_shares_add_up_and_none_is_off_by_a_tenth(parts: list[int]) -> None:
    found = shares(parts)
    if not sum(parts):
        assert found is None
        return
    assert found is not None
    assert sum(found) == Decimal("100.0")
    for part, share in zip(parts, found, strict=True):
        assert abs(Fraction(share) - Fraction(100 * part, sum(parts))) < Fraction(1, 10)


def test_ties_of_shares_go_to_the_upper_row() -> None:
    assert shares([1, 1, 1]) == [Decimal("33.4"), Decimal("33.3"), Decimal("33.3")]
    assert shares([1, 1, 1, 1, 1, 1]) == [Decimal("16.7")] * 4 + [Decimal("16.6")] * 2


def test_mean_and_median_of_days() -> None:
    days = [3, 5, 5, 8, 40]
    found = mean(days)
    assert found is not None
    assert rounded(found) == Decimal("12.2")
    assert median(days) == 5
    assert mean([]) is median([]) is None


@given(st.lists(st.integers(-1000, 1000), min_size=1))
def test_the_median_is_that_of_the_standard_library(values: list[int]) -> None:
    found = median(values)
    assert found is not None
    assert float(found) == pytest.approx(float(reference_median(values)))


def test_growth_says_what_cannot_be_said() -> None:
    assert growth(6, 4) == Decimal("50.0")
    assert growth(3, 4) == Decimal("-25.0")
    assert growth(4, 0) == NEW
    assert growth(0, 0) == growth(5, None) == NONE


@given(counts, counts, counts)
def test_stock_and_flow_close(opening: int, came: int, went: int) -> None:
    assert closes(opening, came, went, opening + came - went)
    assert not closes(opening, came, went, opening + came - went + 1)
