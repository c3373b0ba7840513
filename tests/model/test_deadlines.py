"""Deadlines in hours, months, before a date, by the week: the worked examples of the specification, to the day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from qrecords.model.deadlines import Deadline, add_months, end_of_week, iso_week
from qrecords.stores.procedure import Procedure
from tests.conftest import FORMS

CALENDAR = Procedure(FORMS).calendar


def deadline(**said: object) -> Deadline:
    return Deadline.model_validate({"label": "示例", "rule": "示例", "source": "procedure", **said})


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("said", "start", "limit"),
    [
        # What comes back is distributed within a week of its arrival, located five working days after the maker has it.
        ({"limit": 7}, "2026-01-29", "2026-02-05"),
        ({"limit": 5, "days": "working"}, "2026-02-11", "2026-02-25"),  # over 春节, one Saturday worked
        ({"limit": 45}, "2026-02-11", "2026-03-28"),
        ({"limit": 60}, "2026-02-11", "2026-04-12"),  # a Sunday, not rolled
        ({"limit": 3, "before": True}, "2026-04-20", "2026-04-17"),
        ({"limit": 3, "days": "months"}, "2026-01-31", "2026-04-30"),
        ({"limit": 3, "days": "months"}, "2025-11-30", "2026-02-28"),
        # Answers: 48 hours with no pause over the holiday; one working day after the measure is fixed.
        ({"limit": 48, "days": "hours"}, "2026-02-13 16:30", "2026-02-15 16:30"),
        ({"limit": 1, "days": "working"}, "2026-02-14", "2026-02-24"),
        ({"limit": 30, "roll": True}, "2026-04-02", "2026-05-06"),  # a follow-up: 2 May lies in the holiday
    ],
)
def test_examples(said: dict[str, object], start: str, limit: str) -> None:
    assert deadline(**said).limit_from(start, CALENDAR) == limit


def test_fixed_dates_before_something_are_not_rolled() -> None:
    plan = deadline(month_day="03-31")
    assert plan.day_of(2029, CALENDAR) == day("2029-03-31"), "a Saturday: over on 1 April, not later"
    assert plan.target_of(2029, CALENDAR) == day("2029-03-30")
    month = deadline(month_day="10", roll=True)
    assert month.day_of(2026, CALENDAR, 5) == day("2026-05-11")


def test_weeks_are_those_of_the_standard() -> None:
    assert (iso_week(day("2025-12-29")), iso_week(day("2027-01-01"))) == ("2026-W01", "2026-W53")
    assert end_of_week(day("2027-01-01")) == day("2027-01-03") == end_of_week(day("2027-01-03"))


def test_months_later_never_skips_one() -> None:
    start = day("2023-12-01")
    for n in range(800):
        later = add_months(start + timedelta(days=n), 1)
        assert (later.year * 12 + later.month) - (
            (start + timedelta(days=n)).year * 12 + (start + timedelta(days=n)).month
        ) == 1


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"limit": 3, "before": True, "roll": True}, "before"),
        ({"limit": 48, "days": "hours", "roll": True}, "不顺延"),
        ({"limit": 3, "form": "KF758-ZF"}, "start"),
        ({"form": "KF758-JH", "every": "year"}, "month_day"),
        ({"form": "KF758-RY", "every": "line", "month_day": "12-31", "start": ["year"]}, "哪一列是年度"),
        ({"limit": 3, "days": "weeks"}, "weeks"),
    ],
)
def test_a_row_that_cannot_be_reckoned_is_told(said: dict[str, object], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        deadline(**said)
