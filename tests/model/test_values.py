"""Values as people write them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qrecords.model import values


@pytest.mark.parametrize(
    "written",
    [
        "2026-3-4",
        "2026-03-04",
        "2026年3月4日",
        "2026 年 3 月 4 日",
        "２０２６-3-４",
        "20260304",
        "2026/3/4",
        "2026.3.4",
        "2026-3-4",
    ]
    + ["46085", 46085, 46085.0, date(2026, 3, 4), datetime(2026, 3, 4)],
)
def test_a_day_is_understood_however_it_is_written(written: object) -> None:
    assert values.parse_date(written) == "2026-03-04"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("3/4/2026", "看不出是哪一天"),
        ("26-3-4", "看不出是哪一天"),
        ("2026-3", "看不出是哪一天"),
        ("2026-2-30", "日历上没有"),
        ("明天", "看不出是哪一天"),
        (3, "看不出是哪一天"),
        (True, "不是日期"),
        (46085.5, "看不出是哪一天"),
        (datetime(2026, 3, 4, 12), "不写时间"),
        ("2999-01-01", "年份不合理"),
    ],
)
def test_an_ambiguous_or_impossible_day_is_refused(written: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.parse_date(written)


@pytest.mark.parametrize(
    "written",
    ["2026-3-4 15:20", "2026年3月4日 15:20", "2026年3月4日15时20分", "2026-03-04T15:20", "2026-3-4 15:20:00"]
    + ["20260304 15:20", datetime(2026, 3, 4, 15, 20), 46085 + (15 * 60 + 20) / 1440],
)
def test_a_moment_is_understood_however_it_is_written(written: object) -> None:
    assert values.parse_datetime(written) == "2026-03-04 15:20"


def test_seconds_stay_where_they_were_written() -> None:
    assert values.parse_datetime("2026-03-04 15:20:31") == "2026-03-04 15:20:31"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("2026-3-4", "缺时刻"),
        (date(2026, 3, 4), "缺时刻"),
        ("2026-3-4 25:20", "一天里没有"),
        ("2026-3-4 15点半", "几点几分"),
    ],
)
def test_a_moment_without_its_time_is_refused(written: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.parse_datetime(written)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_survives_all_ways_of_writing_it(day: date) -> None:
    spellings = [day, day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}".zfill(8)]
    assert {values.parse_date(s) for s in spellings} == {day.isoformat()}


@given(st.datetimes(datetime(1950, 1, 2), datetime(2149, 12, 30)))
def test_a_workbook_time_comes_back_to_the_second(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    serial = (whole - values.EXCEL_EPOCH).total_seconds() / 86400
    assert values.parse_datetime(serial) == values.parse_datetime(whole)


@pytest.mark.parametrize("written", ["12", "12台", "１２", "12 台", 12, 12.0, "+12"])
def test_a_whole_number_is_understood(written: object) -> None:
    assert values.parse_int(written, None, None, "台") == 12


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("12.5", "整数"),
        ("十二", "不是数字"),
        ("12套", "单位对不上"),
        ("0", "太小"),
        ("1000", "太大"),
        ("nan", "不是数字"),
        (True, "数字"),
    ],
)
def test_a_wrong_number_is_refused(written: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.parse_int(written, Decimal(1), Decimal(100), "台")


@pytest.mark.parametrize("written", ["inf", "1e400", "9" * 400, "--1", "1,23", ""])
def test_a_decimal_out_of_reason_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"不是数字|超出范围|单位对不上"):
        values.parse_dec(written, None, None, "")


def test_a_decimal_keeps_its_digits() -> None:
    assert values.parse_dec("3.50", None, None, "小时") == "3.50"
    assert values.parse_dec("1,234.50小时", None, None, "小时") == "1234.50"


def test_choices_forgive_width_and_blanks_and_name_the_nearest() -> None:
    choices = ("要求", "表扬（感谢）", "工艺/装配")
    assert values.parse_choice(" 表扬(感谢)", choices) == "表扬（感谢）"
    assert values.parse_choices("工艺/装配，要求", choices) == ["要求", "工艺/装配"]
    with pytest.raises(ValueError, match="是不是「表扬（感谢）」"):
        values.parse_choice("表扬感谢", choices)


@pytest.mark.parametrize("written", ["😀 好", "a\x00b", "\ud800", "\ue000", "a\u202eb", "零\u200b宽", "👨‍👩‍👧"])
def test_what_a_form_cannot_print_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="印不出的字符"):
        values.parse_text(written, 100)


@pytest.mark.parametrize("written", ["&<>\"'", "{{ 7*7 }}", "{% x %}", "a\tb", "第一行\n第二行", "Ω≥5℃ φ ☎ №", "𠮷野"])
def test_what_a_form_can_print_stays_as_it_is(written: str) -> None:
    assert values.parse_text(written, 100) == written


def test_line_ends_become_one_kind_and_the_edge_is_cut() -> None:
    assert values.parse_text("  一\r\n二\r三 \n", 100) == "一\n二\n三"


def test_a_text_over_its_length_says_how_long_it_is() -> None:
    with pytest.raises(ValueError, match="共501字，最多500字"):
        values.parse_text("字" * 501, 500)


@given(st.text())
def test_reading_a_text_twice_changes_nothing(text: str) -> None:
    try:
        once = values.parse_text(text, 1000)
    except ValueError:
        return
    assert values.parse_text(once, 1000) == once
