"""The sample years: what reports need to be judged by is in them, and they are the same each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from qrecords.model.record import State
from qrecords.office import Office
from qrecords.services.demo import add_years
from qrecords.services.demoyear import GRADES, RATINGS, Happened, happened
from qrecords.services.finding.find import list_records
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import FORMS

YEARS = (2024, 2025)


def brought() -> list[Happened]:
    folders = {folder.form.number: folder for folder in FormCatalogue(FORMS).all()}
    samples = {number: folder.sample() for number, folder in folders.items()}
    keys = {number: folder.form.by_key for number, folder in folders.items()}
    return [happened(samples, keys, year, last=year == YEARS[-1]) for year in YEARS]


@pytest.fixture(scope="module")
def years() -> list[Happened]:
    return brought()


def reports(years: list[Happened], form: str) -> list[dict[str, Any]]:
    made = [
        report for year in years for journey in year.journeys for digits, report in journey.reports if digits == form
    ]
    return made + [one.report for year in years for one in year.returns if form == "06"]


def days(values: dict[str, Any], *keys: str) -> Iterator[date]:
    return (date.fromisoformat(values[key]) for key in keys)


def test_they_are_the_same_each_time(years: list[Happened]) -> None:
    assert years == brought()


def test_users_models_faults_and_parts_are_many(years: list[Happened]) -> None:
    repairs = reports(years, "06")
    assert len({r["customer_unit"] for r in repairs}) == 8
    assert len({r["military_branch"] for r in repairs}) == 4
    models = {p["product_model"] for year in years for j in year.journeys for p in j.notice["products"]}
    assert len(models) == 6
    folder = FormCatalogue(FORMS).get("06A")
    assert {r.get("fault_category") for r in repairs} == {*folder.form.by_key["fault_category"].choices, None}
    assert {r["repair_conclusion"] for r in repairs} == {*folder.form.by_key["repair_conclusion"].choices}
    parts = {p["name"] for r in repairs for p in r.get("parts", [])}
    assert len(parts) == 12
    months = {r["finished_on"][:7] for r in repairs}
    assert len(months) == 24
    again = Counter((r["product_model"], r["serial_no"]) for r in repairs if r.get("fault_category"))
    assert max(again.values()) >= 2, "no unit failed twice"


def test_ratings_use_every_word_and_have_gaps(years: list[Happened]) -> None:
    sheets = [j.notice for year in years for j in year.journeys] + reports(years, "06")
    words = Counter(sheet.get(key) for sheet in sheets for key in RATINGS)
    assert {*words} == {*GRADES, None}
    assert sum("not_rated_reason" in sheet for sheet in sheets) > 5


def test_some_come_late_and_some_papers_too(years: list[Happened]) -> None:
    notices = [j.notice for year in years for j in year.journeys]
    late = [n for n in notices if n["arrived_on"] > n["required_arrival"]]
    assert 0.05 < len(late) / len(notices) < 0.4
    slow = [
        n for n in notices if (date.fromisoformat(n["submitted_on"]) - date.fromisoformat(n["returned_on"])).days > 3
    ]
    assert slow
    assert all(n["late_reason"] for n in slow)


def test_training_lies_on_both_sides_of_four_hours(years: list[Happened]) -> None:
    short = [float(r["training_hours"]) for r in reports(years, "06") if "training_hours" in r]
    whole = [sum(float(c["hours"]) for c in r["courses"]) for r in reports(years, "05")]
    assert short
    assert max(short) < 4 <= min(whole)


def test_a_complaint_lies_over_each_new_year(years: list[Happened]) -> None:
    first, last = years
    over = [v for v in first.information if v["received_at"] < "2025" <= v["handled_on"]]
    assert [v["info_type"] for v in over] == [["投诉"]]
    assert [v["info_type"] for v in last.unsettled] == [["投诉"]]


def test_related_units_served_and_handed_on_what_they_learned(years: list[Happened]) -> None:
    notices = [j for year in years for j in year.journeys if j.notice["performed_by"] == "相关单位"]
    assert len(notices) == 4
    assert all(j.notice["performing_unit"] and [f for f, _ in j.reports] == ["07", "11"] for j in notices)


def test_they_are_entered_whole_and_only_the_last_work_is_open(office: Office) -> None:
    numbers = add_years(office, [2025])
    records = list_records(office, year=2025)
    assert {r.record_no for r in records} == {*numbers}
    states = Counter(r.state for r in records)
    assert {*states} == {State.DRAFT, State.ISSUED, State.SUBMITTED, State.REVIEWED}
    assert (states[State.DRAFT], states[State.ISSUED]) == (1, 1)
    assert 1 <= states[State.SUBMITTED] <= 3
