"""Arriving by the day agreed (QS/PA758A 5.5.4, rule R19): days late, rates by year and unit, what may be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.model.access import Account, Grant
from qrecords.model.arrivals import Arrival, rate_of
from qrecords.office import Office
from qrecords.services.arrivals import arrivals
from tests.conftest import CommandLine
from tests.services.test_rules import Desk

UNIT = {"performed_by": "相关单位", "performing_unit": "示例一所"}
EARLIER = {
    "issued_on": "2024-03-03", "required_arrival": "2024-03-06", "planned_finish": "2024-03-12",
    "departed_on": "2024-03-05", "arrived_on": "2024-03-06", "left_on": "2024-03-12", "returned_on": "2024-03-13",
    "submitted_on": "2024-03-14", "user_sign_date": "2024-03-12", "late_reason": None,
}  # fmt: skip
LATE = {"arrived_on": "2025-03-08", "required_arrival": "2025-03-06"}
NOT_YET = dict.fromkeys(
    ["departed_on", "arrived_on", "left_on", "returned_on", "submitted_on", "completion", "reports"]
)


@pytest.fixture
def desk(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> Desk:
    return Desk(office, sample, write)


@pytest.mark.parametrize(
    ("arrived", "days", "late"), [("2025-03-06", 0, False), ("2025-03-05", -1, False), ("2025-03-07", 1, True), ("", None, False)]
)  # fmt: skip
def test_r19_clause_5_5_4_the_day_agreed_is_still_in_time(arrived: str, days: int | None, late: bool) -> None:
    one = Arrival("QR758-04A-2025-00001", 2025, "客户服务中心", "示例单位一", "2025-03-06", arrived)
    assert (one.days_late, one.late) == (days, late)


def test_r19_clause_5_5_4_who_has_not_arrived_counts_in_no_rate() -> None:
    base = Arrival("QR758-04A-2025-00001", 2025, "客户服务中心", "示例单位一", "2025-03-06", "2025-03-06")
    rate = rate_of("x", [base, replace(base, arrived="2025-03-09"), base, replace(base, arrived="")])
    assert (rate.notices, rate.arrived, rate.in_time, rate.awaited, rate.percent) == (4, 3, 2, 1, 66.7)
    assert rate_of("x", [replace(base, arrived="")]).percent is None


def test_r19_clause_5_5_4_rates_by_year_and_unit_with_every_late_one(desk: Desk) -> None:
    desk.notice(**EARLIER)
    late = desk.notice(**LATE)
    desk.notice(**UNIT)
    desk.notice(**NOT_YET)
    desk.new("04A", **NOT_YET, task_description="示例：没有签发的不算")
    found = arrivals(desk.office)
    assert [(y.name, y.notices, y.arrived, y.in_time, y.percent) for y in found.years] == [
        ("2024", 1, 1, 1, 100.0),
        ("2025", 3, 2, 1, 50.0),
    ]
    assert [(u.name, u.arrived, u.in_time) for u in found.units] == [
        ("客户服务中心", 2, 1),
        ("示例一所", 1, 1),
    ]
    assert [(a.record_no, a.days_late) for a in found.late] == [(late, 2)]
    assert arrivals(desk.office, 2024).late == []
    assert arrivals(desk.office, 2023).all.percent is None


def test_r19_w3_a_notice_belongs_to_the_year_it_is_due_in(desk: Desk) -> None:
    due = {"required_arrival": "2026-01-03", "planned_finish": "2026-01-09", "departed_on": "2026-01-02"}
    after = {"arrived_on": "2026-01-04", "left_on": "2026-01-09", "returned_on": "2026-01-10"}
    rest = {"submitted_on": "2026-01-11", "user_sign_date": "2026-01-09", "late_reason": None}
    late = desk.notice(issued_on="2025-12-30", **due, **after, **rest)
    assert "-2025-" in late, "numbered by its issue"
    assert arrivals(desk.office, 2025).all.notices == 0
    assert [a.record_no for a in arrivals(desk.office, 2026).late] == [late]


def test_r19_clause_5_5_4_only_what_may_be_read_is_counted(desk: Desk) -> None:
    desk.notice(**LATE)
    desk.notice(**UNIT)
    unit = replace(desk.office, account=Account("low", "示例员工", None, True, "示例一所", 3, (Grant("unit"),)))
    found = arrivals(unit)
    assert (found.all.notices, found.late) == (1, [])


def test_r19_the_commands_say_it(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> None:
    assert "没有已签发的通知单" in cli("task", "arrivals").out
    cli("fill", "04A", write([sample("04A"), sample("04A", **LATE)]))
    cli("issue", "QR758-04A-2025-00001", "QR758-04A-2025-00002")
    out = cli("task", "arrivals", "--year", "2025").out
    assert "50.0%" in out
    assert "QR758-04A-2025-00002" in out and "QR758-04A-2025-00001" not in out
    assert "按期（QS/PA758A 5.5.4）" in cli("task", "show", "QR758-04A-2025-00001").out
    assert "晚2天（QS/PA758A 5.5.4）" in cli("task", "show", "QR758-04A-2025-00002").out
    assert cli.json("task", "show", "QR758-04A-2025-00002")["task"]["arrival"]["days_late"] == 2
