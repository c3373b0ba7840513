"""Values as people write them."""

from __future__ import annotations

from datetime import date, datetime, time
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
    + ["20260304 15:20", datetime(2026, 3, 4, 15, 20), 46085 + (15 * 60 + 20) / 1440]
    + [
        "2026年3月4日 下午3:20",
        "2026年3月4日下午3点20分",
        "2026-3-4 3:20 PM",
        "2026/3/4 下午 3:20",
        "2026-03-04 下午15:20",
    ]
    + ["２０２６－３－４　１５：２０", "2026年3月4号15点20"],
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
        (46085, "缺时刻"),
        ("2026-3-4 15点半多", "几点几分"),
        ("下午2:30", "只有时刻，没有日期"),
        ("2026-3-4 晚上12:00", "看不出是几点"),
        ("2026-3-4 上午14:00", "看不出是几点"),
        ("2026-3-4 上午3:00PM", "写了两次"),
        ("3月5日 14:30", "没有写年份"),
    ],
)
def test_a_moment_without_its_time_is_refused(written: object, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.parse_datetime(written)


@pytest.mark.parametrize(
    ("written", "clock"),
    [
        ("上午9:05", "09:05"),
        ("中午12:30", "12:30"),
        ("中午1点", "13:00"),
        ("下午12:30", "12:30"),
        ("凌晨12:10", "00:10"),
    ]
    + [
        ("晚上8点半", "20:30"),
        ("傍晚6点一刻", "18:15"),
        ("12:10 AM", "00:10"),
        ("12 PM", "12:00"),
        ("早上7点整", "07:00"),
    ],
)
def test_halves_of_a_day_are_times(written: str, clock: str) -> None:
    assert values.parse_datetime(f"2026-03-04 {written}") == f"2026-03-04 {clock}"


@given(st.times(), st.sampled_from([":", "点"]))
def test_every_minute_survives_twelve_hours(clock: time, mark: str) -> None:
    half = "上午" if clock.hour < 12 else "下午"
    hour = clock.hour % 12 or (12 if clock.hour else 0)
    written = f"2026-03-04 {half}{hour}{mark}{clock.minute:02d}"
    assert values.parse_datetime(written) == f"2026-03-04 {clock:%H:%M}"


@pytest.mark.parametrize(
    ("written", "days", "whole"),
    [
        ("3月5日 14:30", [date(2026, 3, 4)], "2026-03-05 14:30"),
        ("3月5日下午2:30", [date(2026, 3, 4), date(2026, 3, 9)], "2026-03-05 下午2:30"),
        ("12月30日", [date(2026, 12, 31)], "2026-12-30"),
        ("2026年3月5日", [date(2025, 3, 4)], None),
        (46085, [date(2025, 3, 4)], None),
    ],
)
def test_a_year_left_out_is_that_of_the_other_days(written: object, days: list[date], whole: str | None) -> None:
    assert values.with_year(written, days) == whole


@pytest.mark.parametrize(
    ("days", "says"),
    [
        ([], "没有别的日期"),
        ([date(2025, 12, 31), date(2026, 1, 2)], "不在同一年"),
        ([date(2026, 1, 2)], "离别的日期又太远"),
    ],
)
def test_a_year_that_nothing_tells_is_refused(days: list[date], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        values.with_year("12月30日 14:30", days)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_every_day_survives_all_ways_of_writing_it(day: date) -> None:
    spellings = [day, day.isoformat(), f"{day.year}年{day.month}月{day.day}日", f"{day:%Y%m%d}".zfill(8)]
    assert {values.parse_date(s) for s in spellings} == {day.isoformat()}


@given(st.datetimes(datetime(1950, 1, 2), datetime(2149, 12, 30)))
def test_a_workbook_time_comes_back_to_the_second(moment: datetime) -> None:
    whole = moment.replace(microsecond=0)
    serial = (whole - values.EXCEL_EPOCH).total_seconds() / 86400
    if whole.time() == time(0):
        with pytest.raises(ValueError, match="缺时刻"):
            values.parse_datetime(serial)
    else:
        assert values.parse_datetime(serial) == values.parse_datetime(whole)


@pytest.mark.parametrize("written", ["4台", "4只", "4 页", "4人", "４件", "4个", "4"])
def test_a_count_without_a_unit_takes_any_counting_word(written: str) -> None:
    assert values.parse_int(written, None, None, "") == 4


@pytest.mark.parametrize(
    ("written", "unit"), [("4米", ""), ("4台", "小时"), ("4天", "小时"), ("4套", "台"), ("4台2只", "")]
)
def test_a_measure_is_no_count(written: str, unit: str) -> None:
    with pytest.raises(ValueError, match="单位对不上"):
        values.parse_int(written, None, None, unit)


def test_words_for_the_same_unit() -> None:
    assert values.parse_dec("1.5h", None, None, "小时") == "1.5"
    assert values.parse_int("5名", None, None, "人") == 5
    assert values.parse_dec("1,200元整", None, None, "元") == "1200"


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
