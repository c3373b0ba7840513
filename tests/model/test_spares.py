"""Spare parts ahead: the worked examples to the digit, and laws that hold for every series."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.fleet import Delivery, Fleet
from qrecords.model.period import Period
from qrecords.model.spares import (
    Use,
    classified,
    croston,
    mtbf_demand,
    poisson_cdf,
    proposal,
    proposals,
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


BASE = [month.key for month in Period.read("2026-08").last_months(36)]  # 2023-09 to 2026-08


def a_fleet() -> Fleet:
    """Thirty units ever since, twenty from the nineteenth month on, ten to come in the year planned, one after it."""
    return Fleet(
        [
            Delivery("SL-120", units=30),
            Delivery("sl-120", "2025-03-31", 20),
            Delivery("SL-120", "2027-11-30", 10),
            Delivery("SL-120", "2028-01-01"),
            Delivery("SL-200", units=500),
        ],
        2027,
    )


def test_use_grows_with_the_units_in_service() -> None:
    """By hand: (18 × 30 + 18 × 50) ÷ 36 = 40 on the mean, 60 at the end of 2027; 24 a year become 36, six years 54."""
    assert (BASE[0], BASE[18], BASE[-1]) == ("2023-09", "2025-03", "2026-08")
    grown = a_fleet().growth(["SL-120"], BASE)
    assert grown is not None
    assert (grown.units, grown.mean, grown.factor, grown.told) == (60, 40, Fraction(3, 2), "60÷40＝1.50")
    uses = [Use(month, "电源模块", "DY-5", "SL-120", 2) for month in BASE]
    (steady,) = proposals(uses, BASE, {}, fleet=a_fleet(), grow=True)
    assert (steady.method, steady.demand, steady.expected, steady.grow) == ("近12月平均", "36.0", "54.0", "60÷40＝1.50")
    (plain,) = proposals(uses, BASE, {}, fleet=a_fleet())
    assert (plain.demand, plain.expected, plain.grow) == ("24.0", "36.0", "")


def test_the_factor_is_exact_and_of_the_parts_own_products() -> None:
    """A third of a month's unit more is no rounded number; of models the list does not have there is no factor."""
    fleet = Fleet([Delivery("A", units=2), Delivery("A", BASE[35] + "-31"), Delivery("B", units=7)], 2027)
    grown = fleet.growth(["A", "Ａ"], BASE)
    assert grown is not None
    assert (grown.mean, grown.factor) == (Fraction(73, 36), Fraction(108, 73)), "one model, written twice"
    both = fleet.growth(["A", "B"], BASE)
    assert both is not None
    assert both.factor == 10 / Fraction(325, 36)
    assert fleet.growth(["C"], BASE) is None
    assert fleet.growth([""], BASE) is None
    uses = [Use(month, "滤波器", "", "C", 1) for month in BASE]
    (unknown,) = proposals(uses, BASE, {}, fleet=fleet, grow=True)
    assert (unknown.demand, unknown.grow) == ("12.0", "")


def test_units_of_a_user_who_left_were_there_and_will_not_be() -> None:
    fleet = Fleet([Delivery("A", units=3), Delivery("A", units=1, left=True)], 2027)
    grown = fleet.growth(["A"], BASE)
    assert grown is not None
    assert (grown.units, grown.mean, grown.told) == (3, 4, "3÷4＝0.75")
