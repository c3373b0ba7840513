"""Deadlines: the working-day calendar over year ends, leap days and holidays, and what `due` lists from it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qrecords.errors import InvalidInput
from qrecords.model.deadlines import Calendar, Deadline
from qrecords.stores.procedure import Procedure, with_days
from tests.conftest import FORMS, CommandLine

OURS = Procedure(FORMS)
CALENDAR = OURS.calendar
DAY = timedelta(days=1)

# 放假 and 上班 as announced, written down again by range: an error of one day in holidays.csv shows.
ANNOUNCED = {
    "2025": ["01-01", "01-28..02-04", "04-04..04-06", "05-01..05-05", "05-31..06-02", "10-01..10-08"],
    "2026": [
        "01-01..01-03",
        "02-15..02-23",
        "04-04..04-06",
        "05-01..05-05",
        "06-19..06-21",
        "09-25..09-27",
        "10-01..10-07",
    ],
}
WORKED = {
    "2025": ["01-26", "02-08", "04-27", "09-28", "10-11"],
    "2026": ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"],
}


def days_of(year: str, spans: list[str]) -> set[date]:
    found = set()
    for span in spans:
        first, _, last = span.partition("..")
        day, end = date.fromisoformat(f"{year}-{first}"), date.fromisoformat(f"{year}-{last or first}")
        while day <= end:
            found.add(day)
            day += DAY
    return found


@pytest.mark.parametrize("year", ["2025", "2026"])
def test_the_statutory_holidays_are_those_announced(year: str) -> None:
    assert {d for d in CALENDAR.free if str(d.year) == year} == days_of(year, ANNOUNCED[year])
    worked = days_of(year, WORKED[year])
    assert {d for d in CALENDAR.worked if str(d.year) == year} == worked
    assert all(d.weekday() >= 5 for d in worked), "only days of the weekend are worked instead"


def naive_working(calendar: Calendar, day: date) -> bool:
    if day in calendar.worked:
        return True
    return day not in calendar.free and day.isoweekday() <= 5


def naive_after(calendar: Calendar, start: date, days: int) -> date:
    """Count on the fingers: one day after another, the start not counted."""
    day, left = start, days
    while left:
        day += DAY
        left -= naive_working(calendar, day)
    return day


dates = st.dates(date(2023, 12, 1), date(2029, 3, 1))
calendars = st.one_of(
    st.just(CALENDAR),
    st.builds(
        lambda free, worked: Calendar(frozenset(free), frozenset(worked)),
        st.sets(st.dates(date(2023, 12, 20), date(2024, 3, 10)), max_size=12),
        st.sets(st.dates(date(2023, 12, 20), date(2024, 3, 10)), max_size=4),
    ),
)


@given(calendars, dates, st.integers(0, 25))
@example(CALENDAR, date(2025, 12, 31), 1)  # over the year's end and 元旦
@example(CALENDAR, date(2026, 2, 13), 2)  # a worked Saturday, then nine days off
@example(CALENDAR, date(2028, 2, 28), 1)  # a leap day
@example(CALENDAR, date(2025, 9, 30), 1)
def test_working_days_are_counted_as_on_the_fingers(calendar: Calendar, start: date, days: int) -> None:
    found = calendar.add_working(start, days)
    assert found == naive_after(calendar, start, days)
    assert days == 0 or naive_working(calendar, found)


@given(calendars, dates, st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_a_limit_never_comes_before_the_target_and_rolls_to_a_working_day(
    calendar: Calendar, start: date, target: int, more: int, roll: bool
) -> None:
    deadline = Deadline(label="x", rule="x", target=target, limit=target + more, roll=roll, source="inferred")
    limit = deadline.limit_day(start, calendar)
    assert start <= deadline.target_day(start, calendar) <= limit or target == 0
    plain = start + timedelta(days=target + more)
    assert limit >= plain
    assert not any(naive_working(calendar, plain + n * DAY) for n in range((limit - plain).days)), (
        "no working day skipped"
    )
    assert naive_working(calendar, limit) if roll else limit == plain


@given(dates, dates, st.integers(0, 10))
def test_who_comes_back_later_has_never_less_time(one: date, other: date, days: int) -> None:
    first, last = sorted((one, other))
    assert CALENDAR.add_working(first, days) <= CALENDAR.add_working(last, days)
    assert CALENDAR.roll(first) <= CALENDAR.roll(last)


@pytest.mark.parametrize(
    ("returned", "limit"),
    [
        ("2026-03-02", "2026-03-05"),  # Monday, Thursday
        ("2026-03-12", "2026-03-16"),  # the third day is a Sunday
        ("2026-02-12", "2026-02-24"),  # in the middle of 春节
        ("2025-12-29", "2026-01-04"),  # 元旦, and a worked Sunday
        ("2025-09-25", "2025-09-28"),  # a worked Sunday is a working day
        ("2028-02-26", "2028-02-29"),  # a leap day, a Tuesday
    ],
)
def test_r23_clause_5_5_6_three_days_after_the_return(returned: str, limit: str) -> None:
    deadline = OURS.deadlines["report_submission"]
    assert deadline.limit_day(date.fromisoformat(returned), CALENDAR) == date.fromisoformat(limit)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030", "utf-16"])
def test_days_of_rest_are_read_as_spreadsheets_write_them(tmp_path: Path, encoding: str) -> None:
    """One saves 2026-01-01 as 2026/1/1, and on Chinese Windows in GBK; a day taken out goes however it is written."""
    path = tmp_path / "holidays.csv"
    path.write_text("日期,类别,名称\n2026/1/1,休,元旦\n2026年1月4日,班,\n", encoding=encoding)
    calendar = Procedure(tmp_path).calendar
    assert not calendar.is_working(date(2026, 1, 1)) and calendar.is_working(date(2026, 1, 4))
    assert with_days(path, {date(2026, 1, 1): ""}) == "日期,类别,名称\n2026年1月4日,班,\n"


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("holidays.csv", "日期,类别,名称\n2026-13-01,休,x\n", "2026-13-01"),
        ("holidays.csv", "2026-01-01,放假,x\n", "应为 休 或 班"),
        ("deadlines.toml", '[x]\nlabel = "x"\nrule = "x"\ntarget = 5\nlimit = 2\nsource = "inferred"\n', "target"),
        ("deadlines.toml", '[x]\nlabel = "x"\n', "rule"),
        (
            "deadlines.toml",
            '[x]\nlabel = "x"\nrule = "x"\nsource = "inferred"\nform = "X"\nevery = "customer"\nmonth_day = "12-31"\n',
            "known",
        ),
        (
            "requirements.toml",
            '[[rows]]\nper = "unit"\nwhen = {}\nreason = "x"\nrule = "x"\nsource = "inferred"\n',
            "form",
        ),
    ],
)
def test_a_table_edited_wrongly_is_told_with_its_place(tmp_path: Path, name: str, text: str, words: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        getattr(Procedure(tmp_path), {"holidays.csv": "calendar"}.get(name, name.removesuffix(".toml")))
    told = [f"{p.field} {p.message}" for p in refused.value.problems]
    assert any(words in line for line in told), told


@pytest.fixture
def busy(cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]) -> CommandLine:
    """Two notices back from the field, one of a related unit; an open call, grave information, goods sent in."""
    unit = {"performed_by": "相关单位", "performing_unit": "示例研究所", "customer_unit": "示例单位三"}
    cli("fill", "04A", write([sample("04A", submitted_on=None), sample("04A", **unit)]))
    cli("issue", "QR758-04A-2025-00001", "QR758-04A-2025-00002")
    cli("fill", "02A", write(sample("02A", handling_result=None, closed_on=None)))
    late = {"replied_at": None, "handled_on": None, "severity": "重大", "channel": "电话"}
    cli("fill", "01A", write(sample("01A", **late)))
    cli("fill", "10A", write(sample("10A", closed_on=None, handling_result=None, item_type="返修产品")))
    return cli


def keys(cli: CommandLine, on: str) -> dict[str, list[bool]]:
    found: dict[str, list[bool]] = {}
    for entry in cli.json("due", "--on", on)["due"]:
        found.setdefault(entry["key"], []).append(entry["late"])
    return found


def test_r23_r25_r27_r5_r12_r43_r47_due_says_what_is_late_whose_it_is_and_by_which_clause(busy: CommandLine) -> None:
    on_time = keys(busy, "2025-03-17")
    assert on_time["report_submission"] == [False]
    assert on_time["related_unit_filing"] == [False]
    late = keys(busy, "2025-03-18")
    assert late["report_submission"] == [True], "three days after 13 March, Sunday rolled to Monday, are over"
    assert keys(busy, "2025-04-07")["related_unit_filing"] == [False], "清明 moves the 5th to Monday the 7th"
    assert keys(busy, "2025-04-08")["related_unit_filing"] == [True]
    later = keys(busy, "2025-09-30")
    assert set(later) == {
        "report_submission",
        "related_unit_filing",
        "related_unit_information",
        "open_result",
        "information_due",
        "major_information",
        "customer_property",
    }
    assert all(all(flags) for flags in later.values())
    entries = {d["key"]: d for d in busy.json("due", "--on", "2025-09-30")["due"]}
    assert all(d["rule"].startswith("QS/PA758A") and d["who"] for d in entries.values())
    assert entries["report_submission"]["who"] == "示例工程师甲"
    assert entries["related_unit_filing"]["who"] == "示例研究所"
    assert "QR758-08A" in entries["report_submission"]["detail"]
    assert "逾期" in busy("due", "--on", "2025-09-30").out


@pytest.mark.office
def test_r8_r26_a_year_that_is_over_is_due_for_binding_until_it_is_bound(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path]
) -> None:
    cli("fill", "10A", write(sample("10A")))
    cli("submit", "QR758-10A-2025-00001")
    cli("review", "QR758-10A-2025-00001", "--on", "2025-12-30")
    cli("file", "10A", "--month", sample("10A")["received_on"][:7])
    assert "yearly_binding" not in keys(cli, "2025-12-31")
    assert keys(cli, "2026-03-31")["yearly_binding"] == [False]
    assert keys(cli, "2026-04-01")["yearly_binding"] == [True]
    cli("compile", "2025")
    assert keys(cli, "2026-04-01") == {}


def test_a_year_without_holidays_is_told_and_an_idle_office_has_nothing_due(cli: CommandLine) -> None:
    ran = cli("due", "--on", "2031-05-01")
    assert "没有到期的事项" in ran.out
    assert "没有2031年的节假日" in ran.err
    assert cli.json("due", "--on", "2026-05-01")["unknown_years"] == []
