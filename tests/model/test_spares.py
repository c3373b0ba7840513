"""Spare parts ahead: the worked examples to the digit, and laws that hold for every series."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.spares import (
    classified,
    croston,
    mtbf_demand,
    poisson_cdf,
    proposal,
    sba,
    stock_level,
    tsb,
    yearly_demand,
)

# Three years of a part used now and then. The forecasts are those of statsforecast 2.1.1 to eight digits.
SERIES = (
    [0, 1, 0, 0, 2, 0, 0, 1, 0, 0, 0, 1] + [0, 0, 1, 0, 0, 3, 0, 0, 1, 0, 0, 1] + [0, 2, 0, 0, 1, 0, 0, 0, 2, 0, 1, 0]
)
months = st.lists(st.integers(0, 9), min_size=1, max_size=60)


def test_parts_that_fail_by_chance() -> None:
    demand = mtbf_demand(40, 1, 2_000, 20_000)
    assert demand == 4
    level = stock_level(float(demand), months=18, protection=0.9)
    assert level == 9
    assert [round(poisson_cdf(s, 6.0), 4) for s in (8, 9)] == [0.8472, 0.9161]
    assert proposal(level, stock=5, on_order=2) == 2


def test_parts_used_now_and_then() -> None:
    found = classified(SERIES)
    assert (found.months, found.used_in, found.total, found.interval) == (36, 12, 17, 3)
    assert [sum(SERIES[n : n + 12]) for n in (0, 12, 24)] == [5, 6, 6]
    assert (round(float(found.size), 4), round(float(found.variation), 4), found.kind) == (1.4167, 0.2042, "间歇")
    assert round(croston(SERIES), 8) == 0.49277793
    assert round(sba(SERIES), 8) == 0.46813904
    assert round(tsb(SERIES), 8) == 0.44362366
    demand, method = yearly_demand(SERIES)
    assert (round(demand, 1), method) == (5.3, "TSB")
    mean = demand / 12 * 18
    assert round(mean, 3) == 7.985
    level = stock_level(demand, size=float(found.size))
    assert level == 12
    assert [round(poisson_cdf(s, mean), 4) for s in (11, 12)] == [0.8891, 0.9369]
    assert proposal(level, stock=6, on_order=2, backorders=0) == 4


@pytest.mark.parametrize(
    ("series", "kind"),
    [
        ([0] * 24, "无消耗"),
        ([2] * 24, "平稳"),
        ([1, 9] * 12, "波动"),
        ([0, 0, 1] * 8, "间歇"),
        ([0, 1, 0, 0, 9, 0] * 4, "块状"),
    ],
)
def test_kinds_of_demand(series: list[int], kind: str) -> None:
    assert classified(series).kind == kind


def test_steady_use_grows_with_the_units_in_service() -> None:
    assert yearly_demand([2] * 36, Fraction(3, 2)) == (36.0, "近12月平均")
    assert yearly_demand([0] * 36) == (0.0, "无历史")
    assert (stock_level(0.0), proposal(0, stock=3, on_order=0), proposal(7, stock=0, on_order=0, pack=5)) == (0, 0, 10)


def test_several_at_a_time_are_counted_as_occasions() -> None:
    assert stock_level(12.0, months=12, size=3.0) == 3 * stock_level(4.0, months=12)
    with pytest.raises(ValueError, match="之间"):
        stock_level(4.0, protection=1.0)


@given(months)
def test_a_forecast_lies_between_none_and_the_most_ever_used(series: list[int]) -> None:
    for found in (croston(series), sba(series), tsb(series)):
        assert 0 <= found <= max(series) + 1e-9
    assert sba(series) <= croston(series)


@given(months)
def test_nothing_used_for_long_fades_in_tsb_alone(series: list[int]) -> None:
    later = [*series, *[0] * 24]
    assert tsb(later) <= tsb(series) + 1e-9
    assert croston(later) == croston(series)


@given(st.floats(0, 200), st.floats(0.5, 0.99))
def test_the_level_is_the_least_that_suffices(demand: float, protection: float) -> None:
    level, mean = stock_level(demand, protection=protection), demand / 12 * 18
    assert poisson_cdf(level, mean) >= protection - 1e-9
    assert level == 0 or poisson_cdf(level - 1, mean) < protection + 1e-9
