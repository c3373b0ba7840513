"""Delivered units and their phases (R136): marks at 1, 6 and 12 months and each year, and what records say between."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.delivery import marks, tracked
from qrecords.model.record import Record, State

TODAY = "2026-03-04"


def record(number: str, day: str, form: str = "", **values: Any) -> Record:
    code = form or f"QR758-{number[:3]}"
    return Record(f"{code}-{number}", code, int(day[:4]), State.FILED, values, "示例", day, "", "", "")


def test_marks_go_up_to_the_next_and_none_is_met_by_what_met_the_one_before() -> None:
    """Delivered on the last of January: the last of February; asked after at two months is for the mark of six."""
    found = marks("2024-01-31", ["2024-01-31", "2024-04-02", "2025-01-31", "2026-02-10"], TODAY)
    assert [(m.due_on, m.state, m.on) for m in found] == [
        ("2024-02-29", "未回访", ""), ("2024-07-31", "已回访", "2024-04-02"), ("2025-01-31", "已回访", "2025-01-31"),
        ("2026-01-31", "未回访", ""), ("2027-01-31", "已回访", "2026-02-10"),
    ]  # fmt: skip
    assert [(m.due_on, m.state) for m in marks(TODAY, [], TODAY)] == [("2026-04-04", "未到期")]


@given(st.dates(date(2005, 1, 1), date(2026, 3, 4)))
def test_one_mark_is_ahead_and_the_days_rise(day: date) -> None:
    found = marks(day.isoformat(), [], TODAY)
    days = [m.due_on for m in found]
    assert days == sorted(set(days)) and days[-1] >= TODAY and all(d < TODAY for d in days[:-1])


UNIT = {"product_model": "SL-120", "serial_no": "01", "delivery_date": "2025-01-10", "warranty_status": "保内"}
ITSELF = {"product_model": "ＳＬ-120", "serial_no": "01"}


def test_what_records_say_of_a_unit() -> None:
    """By model and number, however wide they are written; trained is the customer's, after the delivery alone."""
    records = [
        record("05A-1", "2024-12-01", customer_unit="甲部队", product_model="SL-120", train_to="2024-12-01"),
        record("05A-2", "2025-03-01", customer_unit="甲部队", product_model="SL-120", train_to="2025-03-02"),
        record("05A-3", "2025-02-01", customer_unit="乙部队", product_model="SL-120", train_to="2025-02-02"),
        record("08A-1", "2025-02-20", product_model="SL-120", customer_unit="甲部队", notice_no="N1",
               units=[{"serial_no": "01", "commissioned_on": "2025-02-18"}, {"serial_no": "02"}]),
        record("06A-1", "2025-08-01", **ITSELF, customer_unit="甲部队", repair_conclusion="修复"),
        record("06A-2", "2025-09-01", **ITSELF, customer_unit="甲部队", repair_conclusion="无故障"),
        record("06A-3", "2025-09-01", product_model="SL-90", serial_no="01", repair_conclusion="修复"),
        record("01A-1", "2025-10-01", **ITSELF, info_type=["投诉"]),
        record("01A-2", "2025-10-02", **ITSELF, info_type=["咨询"]),
        record("HF-1", "2025-02-09", "KF758-HF", **ITSELF, service_no="别处"),
        record("HF-2", "2025-05-09", "KF758-HF", service_no="N1"),  # the notice of its report
        record("02A-1", "2025-12-01", direction="去电", linked_record="QR758-06A-06A-1"),
        record("02A-2", "2026-02-01", direction="来电", linked_record="QR758-06A-06A-1"),
    ]  # fmt: skip
    (unit,) = tracked([UNIT, UNIT | {"delivery_date": None, "serial_no": "07"}], records, TODAY)
    assert (unit.customer_unit, unit.trained_on, unit.commissioned_on) == ("甲部队", "2025-03-02", "2025-02-18")
    assert (unit.troubles, unit.warranty_status) == (2, "保内")
    assert [(m.state, m.on) for m in unit.marks] == [
        ("已回访", "2025-02-09"), ("已回访", "2025-05-09"), ("已回访", "2025-12-01"), ("未到期", ""),
    ]  # fmt: skip


def test_a_unit_nobody_wrote_of_has_its_delivery_alone() -> None:
    (unit,) = tracked([UNIT, UNIT | {"serial_no": "", "delivery_date": "2025-01-01"}], [], TODAY)
    assert (unit.customer_unit, unit.trained_on, unit.commissioned_on, unit.troubles) == ("", "", "", 0)
    assert tracked([UNIT | {"delivery_date": "2026-03-05"}], [], TODAY) == [], "not delivered yet"
