"""How long things are kept: five years from 1 January after the record's year, longer by rule, never shorter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model.retention import (
    Complaint,
    Count,
    Hold,
    HoldKind,
    Kept,
    Longer,
    Unit,
    UnitKind,
    is_over,
    last_day,
    mentioned,
    not_whole,
    obstacles,
    unit_last_day,
)

ITEM = Kept(
    archive_no="750-KJ·KF·01·2024·D5-0001",
    form_code="QR758-01A",
    object_id="urn:x",
    version=1,
    month="",
    document_no="QR758-01A-2024-00001",
    title="示例",
    date_from="2024-03-01",
    date_to="2024-03-01",
    pages=2,
    secrecy_level="内部",
    record_year=2024,
    filed_year=2025,
    years=5,
    record_nos=("QR758-01A-2024-00001",),
    customers=("示例单位一", "SL-001"),
    contracts=("SLHT-2022-018",),
    volumes=(),
    bound_version=0,
)
UNIT = Unit(UnitKind.ITEM, ITEM.archive_no, ITEM.title, (ITEM,))
VOLUME = Unit(UnitKind.VOLUME, "V", "册", (replace(ITEM, volumes=("V",), bound_version=1),))
AFTER = "2030-01-01"

years = st.integers(1990, 2150)
items = st.builds(
    lambda year, late, asked: replace(ITEM, record_year=year, filed_year=year + late, years=asked),
    years,
    st.integers(0, 9),
    st.integers(0, 60),
)
rules = st.lists(st.builds(lambda n: Longer(n, "示例", form_code="QR758-01A"), st.integers(0, 60)), max_size=3)
counts = st.sampled_from(Count)


def test_a_record_of_2024_is_kept_until_the_end_of_2029() -> None:
    assert last_day(ITEM) == "2029-12-31"
    assert not is_over("2029-12-31", "2029-12-31")
    assert is_over("2029-12-31", "2030-01-01")


@given(items)
def test_five_whole_years_lie_between_the_first_of_january_and_the_last_day(item: Kept) -> None:
    item = replace(item, years=5)
    begins = date(item.record_year + 1, 1, 1)
    assert date.fromisoformat(last_day(item)) + timedelta(days=1) == begins.replace(year=begins.year + 5)


@given(items, rules, counts)
def test_no_rule_and_no_count_makes_it_shorter_than_five_years(item: Kept, longer: list[Longer], count: Count) -> None:
    found = last_day(item, longer, count)
    assert found >= date(item.record_year + 5, 12, 31).isoformat()
    assert found >= last_day(item, longer)
    assert int(found[:4]) >= item.record_year + max([item.years, *(rule.years for rule in longer)])


@given(st.lists(items, min_size=1, max_size=5), rules, counts, st.one_of(st.just(""), st.dates().map(str)))
def test_a_volume_is_kept_as_long_as_its_latest_item(
    held: list[Kept], longer: list[Longer], count: Count, until: str
) -> None:
    found = unit_last_day(Unit(UnitKind.VOLUME, "V", "册", tuple(held), until), longer, count)
    assert all(found >= last_day(item, longer, count) for item in held)
    assert found in {until, *(last_day(item, longer, count) for item in held)}
    assert found >= until


def test_the_stricter_count_begins_with_the_filing() -> None:
    assert last_day(ITEM, count=Count.FILING_YEAR) == "2030-12-31"
    assert last_day(replace(ITEM, filed_year=2020), count=Count.FILING_YEAR) == "2029-12-31", "the later one wins"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (Longer(10, "示例", form_code="QR758-01A"), "2034-12-31"),
        (Longer(10, "示例", form_code="QR758-02A"), "2029-12-31"),
        (Longer(10, "示例", customer="示例单位一"), "2034-12-31"),
        (Longer(10, "示例", customer="ｓｌ-００１"), "2034-12-31"),
        (Longer(10, "示例", customer="示例单位"), "2029-12-31"),
        (Longer(8, "示例", contract="SLHT-2022-018"), "2032-12-31"),
        (Longer(8, "示例", contract="SLHT-2022-018", customer="示例单位二"), "2029-12-31"),
    ],
)
def test_form_customer_and_contract_may_ask_for_longer(rule: Longer, expected: str) -> None:
    assert last_day(ITEM, [rule]) == expected


@pytest.mark.parametrize(
    ("kind", "subject", "covered"),
    [
        (HoldKind.RECORD, "QR758-01A-2024-00001", True),
        (HoldKind.RECORD, "QR758-01A-2024-00002", False),
        (HoldKind.ITEM, ITEM.archive_no, True),
        (HoldKind.VOLUME, "V", True),
        (HoldKind.VOLUME, "W", False),
        (HoldKind.CUSTOMER, "SL-001", True),
        (HoldKind.CUSTOMER, "示例单位二", False),
    ],
)
def test_a_hold_covers_whatever_has_a_part_of_it(kind: HoldKind, subject: str, covered: bool) -> None:
    hold = Hold(1, kind, subject, "诉讼", "2029-01-01T00:00:00+08:00", "甲")
    assert bool(obstacles(VOLUME, "2029-12-31", AFTER, [hold], [])) is covered


@pytest.mark.parametrize(
    ("complaint", "touched"),
    [
        (Complaint("QR758-01A-2029-00001", "示例单位一", True, ()), True),
        (Complaint("QR758-01A-2029-00001", "示例单位一", False, ()), False),
        (Complaint("QR758-01A-2029-00001", "示例单位二", True, ()), False),
        (Complaint("QR758-01A-2029-00001", "示例单位二", False, ("QR758-01A-2024-00001",)), True),
        (Complaint("QR758-01A-2024-00001", "", False, ()), True),
    ],
)
def test_a_complaint_not_settled_keeps_what_belongs_to_it(complaint: Complaint, touched: bool) -> None:
    assert bool(obstacles(UNIT, "2029-12-31", AFTER, [], [complaint])) is touched


def test_what_is_bound_goes_by_the_volume_with_all_that_hold_it() -> None:
    (item,) = VOLUME.items
    alone = Unit(UnitKind.ITEM, item.archive_no, item.title, (item,))
    assert "随册销毁" in not_whole(alone, [alone.code])[0]
    assert not_whole(VOLUME, ["V"]) == []
    twice = replace(VOLUME, items=(replace(item, volumes=("V", "W"), version=2, bound_version=2),))
    assert "W" in not_whole(twice, ["V"])[0]
    assert not_whole(twice, ["V", "W"]) == []
    late = replace(VOLUME, items=(replace(item, version=2),))
    assert "补归档" in str(not_whole(late, ["V"])[0])


def test_numbers_are_found_wherever_they_stand() -> None:
    values = {"a": "见QR758-02A-2024-00007。", "rows": [{"b": ["QR758-06A-2024-123456", 3]}], "n": None}
    assert mentioned(values) == ("QR758-02A-2024-00007", "QR758-06A-2024-123456")
