"""A cell is what it shows: number formats, calendars, stand-ins and merged areas, judged by other readers of workbooks."""

from __future__ import annotations

import csv
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from python_calamine import CalamineWorkbook

from qrecords.errors import InvalidInput
from qrecords.model.cell import CellNumber, Unreadable
from qrecords.model.field import heading_key
from qrecords.model.form import Form
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.inputs import read_records
from qrecords.stores.inputs.book import Book
from qrecords.stores.inputs.numberformat import DIGITS, show_number, show_text
from qrecords.stores.inputs.remarks import is_remark
from qrecords.stores.inputs.returned import Mark, returned_copy
from qrecords.stores.inputs.standins import plain
from tests.conftest import FORMS
from tests.stores.test_inputs import FORM, HEADINGS, ROW, rewritten

SHEET, STYLES = "xl/worksheets/sheet1.xml", "xl/styles.xml"
PARCELS = FormCatalogue(FORMS).get("10A").form
MARCH = 46085  # 2026-03-04


def shown(value: float, code: str) -> str:
    number = DIGITS.create_decimal(repr(value))
    moment = datetime(1899, 12, 30) + timedelta(days=float(number)) if abs(number) < 10**6 else None
    return show_number(number, code, moment).text.strip()


@pytest.fixture
def cell(tmp_path: Path) -> Callable[..., Any]:
    """Read one cell of a workbook, written with a value and a number format or its number."""

    def read(value: Any, code: str = "General", *, number: int | None = None, mac: bool = False) -> Any:
        made = openpyxl.Workbook()
        if mac:
            made.epoch = CALENDAR_MAC_1904
        sheet = made.worksheets[0]
        sheet["A1"] = value
        sheet["A1"].number_format = code if number is None else '0.0"x"'
        made.save(tmp_path / "cell.xlsx")
        if number is not None:
            rewritten(
                tmp_path / "cell.xlsx",
                STYLES,
                lambda xml: (
                    xml.replace(b'"164"', b'"%d"' % number)
                    .replace(b"<numFmt ", b"<was ")
                    .replace(b"numFmts", b"wasFmts")
                ),
            )
        with Book.open(tmp_path / "cell.xlsx") as book:
            return next(book.sheets[0].rows()).cells[0]

    return read


# What Excel shows in Chinese for the formats without a code (ECMA-376 18.8.30, zh-cn).
CHINESE = {
    14: "2026/3/4", 22: "2026/3/4 14:30", 27: "2026年3月", 28: "3月4日", 29: "3月4日", 30: "3-4-26", 31: "2026年3月4日",
    32: "14时30分", 33: "14时30分00秒", 34: "下午2时30分", 35: "下午2时30分00秒", 36: "2026年3月", 50: "2026年3月",
    51: "3月4日", 52: "2026年3月", 53: "3月4日", 54: "3月4日", 55: "下午2时30分", 56: "下午2时30分00秒", 57: "2026年3月",
    58: "3月4日", 9: "4608560%", 0: "46085.6041666667", 20: "14:30", 46: "1106054:30:00",
}  # fmt: skip


@pytest.mark.parametrize("number", CHINESE)
def test_formats_that_carry_no_code_are_read_in_chinese(cell: Callable[..., Any], number: int) -> None:
    read = cell(MARCH + 0.604166666666667, number=number)
    assert str(read) == CHINESE[number]
    assert read.moment == datetime(2026, 3, 4, 14, 30)


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ('yyyy"年"m"月"d"日"', MARCH, "2026年3月4日"),
        ("yyyy年m月d日;@", MARCH, "2026年3月4日"),
        ('[$-804]yyyy"年"m"月"d"日" dddd', MARCH, "2026年3月4日 星期三"),
        ("[$-804]aaaa", MARCH, "星期三"),
        ('[DBNum1][$-804]yyyy"年"m"月"d"日";@', MARCH, "二〇二六年三月四日"),
        ('[DBNum1][$-804]m"月"d"日";@', 46387, "十二月三十一日"),
        ("[$-F800]dddd, mmmm dd, yyyy", MARCH, "2026年3月4日"),
        ('[$-804]上午/下午h"时"mm"分"', MARCH + 0.604166666666667, "下午2时30分"),
        ("[h]:mm", 1.75, "42:00"),
        ('[h]"小时"mm"分"', 1.0625, "25小时30分"),
        ("yyyy-mm-dd hh:mm", MARCH + 0.999999, "2026-03-05 00:00"),
        ("mm:ss.0", 0.000729166666666667, "01:03.0"),
        ("0.00", 2.675, "2.68"),  # as typed, not as binary
        ("General", 3.3000000000000003, "3.3"),
        ("General", 1e-12, "1E-12"),
        ("0%", 0.15, "15%"),
        ("#,##0.00", -1234.567, "-1,234.57"),
        ("0000", 7, "0007"),
        ("000-0000-0000", 13800138000, "138-0013-8000"),
        ("# ?/?", 2.5, "2 1/2"),
        ("# ?/8", 0.25, "2/8"),
        ("0.00E+00", 12345, "1.23E+04"),
        ('0"台"', 5, "5台"),
        ('"第"0"号"', 7, "第7号"),
        ("#,##0;(#,##0)", -5, "(5)"),
        ('0;-0;"零"', 0, "零"),
        ('[>=1000]#,##0,"千";0', 12345, "12千"),
        ("¥#,##0.00", 1200, "¥1,200.00"),
        ("[$¥-804]#,##0.00", 1200, "¥1,200.00"),
        ('[=1]"是";[=0]"否";0', 1, "是"),
        ("G/通用格式", 5, "5"),
        ("?/?", 0.5, "1/2"),
        ("0.0,", 1234.5, "1.2"),
    ],
)  # fmt: skip
def test_a_number_shows_as_its_format_says(code: str, value: float, text: str) -> None:
    assert shown(value, code) == text


@pytest.mark.parametrize(
    ("code", "text"),
    [("@", "A"), ('"编号"@', "编号A"), ('0;-0;0;"第"@"号"', "第A号"), ("0.00", "A"), ("yyyy-mm-dd", "A")],
)
def test_a_text_shows_as_its_format_says(code: str, text: str) -> None:
    assert show_text("A", code).text == text


def test_what_a_format_hides_is_never_taken(cell: Callable[..., Any]) -> None:
    assert isinstance(cell(5, ";;;"), Unreadable)
    assert isinstance(cell("机密", ";;;"), Unreadable)
    assert cell(0, "0;-0;;@") is None  # zeros are hidden where nothing was counted


def test_a_telephone_in_scientific_form_is_not_taken_as_text(cell: Callable[..., Any]) -> None:
    text = FORM.check({"产品型号": cell(13800138000, "0.00E+00")})
    assert "显示为 1.38E+10，实际是 13800138000" in text.problems[0].message
    assert str(cell(13800138000)) == "13800138000"
    assert str(cell(1.5e-6, "0.0E+00")) == "1.5E-06"


CODES = ["General", "0", "0.00", "#,##0", "#,##0.00", "0%", "0.0%", "0.00E+00", "##0.0E+0", "# ?/?", "# ??/??", "00000", "0.0##",
         "#,##0;(#,##0)", '0"台"', '0;-0;"零"', "[>=1000]#,##0;0.0", "_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * \"-\"??_ ;_ @_ ",
         "[$-804]#,##0", "0_);(0)", "??0.0?", "000-0000", "+0;-0;0", "[Red]0.0"]  # fmt: skip
DAYS = ["yyyy-mm-dd", "yyyy/m/d", 'yyyy"年"m"月"d"日"', 'm"月"d"日"', "h:mm", "yyyy-mm-dd hh:mm", "h:mm AM/PM", "[h]:mm", "[mm]:ss", "mm:ss.0",
        '[DBNum1][$-804]yyyy"年"m"月"d"日";@', '[$-804]yyyy"年"m"月"d"日" dddd', "d-mmm-yy", "yyyymmdd", "yyyy-mm"]  # fmt: skip
NUMBERS = [0, 1, -1, 3.3000000000000003, 0.15, 1234.5, -1234.567, 0.005, 2.675, 99.995, 0.3333333333, 45.5]
MOMENTS = [MARCH, MARCH + 0.604166666666667, 0.625, 1.75, 61, 46387]


def grid() -> Iterator[tuple[int, int, str, float]]:
    for row, (codes, values) in enumerate([(c, NUMBERS) for c in CODES] + [(c, MOMENTS) for c in DAYS], start=1):
        for column, (code, value) in enumerate(product([codes], values), start=1):
            yield row, column, code, value


@pytest.mark.office
def test_libreoffice_shows_the_same(tmp_path: Path) -> None:
    """LibreOffice converts the same workbook to CSV as shown; only blanks for alignment are left out of the comparison."""
    made = openpyxl.Workbook()
    for row, column, code, value in grid():
        made.worksheets[0].cell(row, column, value).number_format = code
    made.save(tmp_path / "shown.xlsx")
    office = shutil.which("soffice") or pytest.skip("LibreOffice is not installed")
    filter_name = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", filter_name, "--outdir", tmp_path, tmp_path / "shown.xlsx"],
        check=False,
        capture_output=True,
        timeout=120,
    )
    if not (tmp_path / "shown.csv").exists():
        pytest.skip("LibreOffice has no Calc here")
    with (tmp_path / "shown.csv").open(encoding="utf-8", newline="") as stream:
        theirs = list(csv.reader(stream))
    differing = [
        (code, value, ours, them)
        for row, column, code, value in grid()
        if "".join((ours := shown(value, code)).split()) != "".join((them := theirs[row - 1][column - 1]).split())
    ]
    assert differing == []


@pytest.mark.parametrize("mac", [False, True])
def test_calamine_reads_the_same_days(tmp_path: Path, mac: bool) -> None:
    made = openpyxl.Workbook()
    if mac:
        made.epoch = CALENDAR_MAC_1904
    codes = [code for code in DAYS if not code.startswith("[") and "h" not in code and ":" not in code] + [
        "yyyy-mm-dd hh:mm"
    ]
    for row, (code, serial) in enumerate(
        product(codes, [61, 40000, MARCH, MARCH + 0.25, MARCH + 0.604166666666667]), start=1
    ):
        made.worksheets[0].cell(row, 1, serial).number_format = code
    made.save(tmp_path / "days.xlsx")
    theirs = CalamineWorkbook.from_path(tmp_path / "days.xlsx").get_sheet_by_index(0).to_python()
    with Book.open(tmp_path / "days.xlsx") as book:
        ours = [row.cells[0].moment for row in book.sheets[0].rows()]
    assert len(ours) == len(theirs) >= 40
    for mine, (their,) in zip(ours, theirs, strict=True):
        moment = their if isinstance(their, datetime) else datetime(their.year, their.month, their.day)
        assert abs((mine - moment).total_seconds()) < 1


@settings(max_examples=200, deadline=None)
@given(st.decimals(-(10**11), 10**11, places=4, allow_nan=False))
def test_fifteen_digits_come_back_whatever_the_format(number: Decimal) -> None:
    """Shown with all its places a number is itself; grouped, it is itself without the commas."""
    exact = DIGITS.create_decimal(repr(float(number)))
    assert Decimal(show_number(exact, "General", None).text) == exact
    assert Decimal(show_number(exact, "0.0000", None).text) == exact.quantize(Decimal("0.0001"))
    assert Decimal(show_number(exact, "#,##0.0000", None).text.replace(",", "")) == exact.quantize(Decimal("0.0001"))


@settings(max_examples=300, deadline=None)
@given(
    st.text(st.sampled_from('0#?.,%/@;[]"\\_*yYmdhsEe+-AP/M年月日$[>=h]General '), max_size=14), st.floats(-1e6, 1e6)
)
def test_no_format_however_odd_breaks_the_reader(code: str, value: float) -> None:
    number = DIGITS.create_decimal(repr(value))
    moment = datetime(1899, 12, 30) + timedelta(days=value) if value >= 0 else None
    read = show_number(number, code or "General", moment)
    assert isinstance(read.text, str)
    assert isinstance(show_text("x", code or "General").text, str)


# Days and times in fields


@pytest.mark.parametrize(
    ("value", "code", "mac", "day"),
    [
        (MARCH, "General", False, "2026-03-04"),
        (44623, "General", True, "2026-03-04"),  # the same day counted from 1904
        ("44623", "@", True, "2026-03-04"),
        (44623, "yyyy/m/d", True, "2026-03-04"),
        (MARCH + 0.6, "yyyy-mm-dd", False, "2026-03-04"),  # =NOW() shown as a day
        (MARCH, 'm"月"d"日"', False, "2026-03-04"),
        (MARCH, 'yyyy"年"m"月"', False, "看不出是哪一天"),
        (MARCH, "[$-804]dddd", False, "看不出是哪一天"),
        (MARCH + 0.6, "yyyy-mm-dd hh:mm", False, "只写日期"),
        (0.625, "h:mm", False, "只有时刻"),
        (0.15, "0%", False, "看不出是哪一天"),
        (15, "General", False, "看不出是哪一天"),
        (-5, "yyyy-mm-dd", False, "看不出是哪一天"),
    ],
)
def test_a_day_is_the_one_the_cell_shows(cell: Callable[..., Any], value: Any, code: str, mac: bool, day: str) -> None:
    checked = FORM.check({"完成日期": cell(value, code, mac=mac)})
    if day.startswith("2026"):
        assert checked.values["finished_on"] == day
    else:
        assert day in checked.problems[0].message


CALLS = FormCatalogue(FORMS).get("02A").form


@pytest.mark.parametrize(
    ("value", "code", "moment"),
    [
        (MARCH + 0.604166666666667, "yyyy-mm-dd hh:mm", "2026-03-04 14:30"),
        (MARCH + 0.604166666666667, "yyyy-mm-dd", "2026-03-04 14:30"),
        (MARCH + 0.604166666666667, "General", "2026-03-04 14:30"),
        (MARCH, "yyyy-mm-dd", "缺时刻"),
        (MARCH, "General", "缺时刻"),
        (0.604166666666667, "h:mm", "只有时刻"),
    ],
)
def test_a_day_without_its_time_is_told(cell: Callable[..., Any], value: float, code: str, moment: str) -> None:
    checked = CALLS.check({"通话时间": cell(value, code)})
    assert (
        checked.values.get("call_at", checked.problems[0].message if checked.problems else "").endswith(moment)
        or moment in checked.problems[0].message
    )


def test_a_percentage_or_a_time_is_no_plain_number(cell: Callable[..., Any]) -> None:
    for value, code, words in [
        (0.15, "0%", "百分数"),
        (1.5, "[h]:mm", "日期或时间"),
        (MARCH, "yyyy-mm-dd", "日期或时间"),
    ]:
        assert words in FORM.check({"工时": cell(value, code)}).problems[0].message
    assert FORM.check({"工时": cell(3.3000000000000003, "0.0")}).values == {"work_hours": "3.3"}
    assert FORM.check({"工时": cell(1234.5, '#,##0.0"小时"')}).values == {"work_hours": "1234.5"}


# Stand-ins


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('="02012345678"', "02012345678"),
        ('="a""b"', 'a"b'),
        ('= "00123"', "00123"),
        ("＝＂00123＂", "＝＂00123＂"),
        ("'00123", "00123"),
    ]
    + [
        (word, word)
        for word in ("3#机", "#1机", "第#2号", "1.5E-06", "2E10", "=====", "A=B", "N/A", "-", "'引用'", "E+10")
    ],
)
def test_what_is_certain_is_unwrapped_and_text_stays(written: str, read: str) -> None:
    found = plain(written)
    assert found == read or (written.startswith("＝") and isinstance(found, Unreadable))


@pytest.mark.parametrize(
    "written",
    [
        "#N/A",
        "#REF!",
        "#SPILL!",
        "#FIELD!",
        "#CALC!",
        "#BLOCKED!",
        "#CONNECT!",
        "#UNKNOWN!",
        "#PYTHON!",
        "#NAME?",
        "#GETTING_DATA",
        "#n/a",
    ]
    + [
        "＃REF！",
        "Err:508",
        "#########",
        "1.38E+10",
        "7.30123E+11",
        "-1.2e+05",
        "=A1+B2",
        "=VLOOKUP(A1,B:C,2,0)",
        "=+A1",
        "='表1'!A1",
    ]
    + [
        '=DISPIMG("ID_0123",1)',
        '=_xlfn.DISPIMG("ID_0123",1)',
        '_xlfn.IMAGE("x")',
        '=TEXT("1","0")',
        "=#REF!",
        '="#N/A"',
    ],
)
def test_a_stand_in_is_no_value(written: str) -> None:
    assert isinstance(plain(written), Unreadable), written


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_every_text_survives_the_wrapping_of_exports(text: str) -> None:
    wrapped = '="' + text.replace('"', '""') + '"'
    found = plain(wrapped)
    assert found == plain(text) or isinstance(found, Unreadable)


@pytest.mark.parametrize("name", ["#N/A", "#SPILL!", "#FIELD!", "#异常!", "whatever"])
def test_an_error_cell_of_any_name_is_refused(tmp_path: Path, name: str) -> None:
    path = table(tmp_path, [HEADINGS, [*ROW[:3], "x"]])
    rewritten(path, SHEET, lambda xml: _cell(xml, "D2", f't="e"><v>{name}</v>'))
    assert "D 列" in problems(path)
    assert name in problems(path)


def test_a_cell_picture_of_wps_is_refused(tmp_path: Path) -> None:
    for result in (
        't="str"><f>_xlfn.DISPIMG(&quot;ID_1&quot;,1)</f><v>=DISPIMG(&quot;ID_1&quot;,1)</v>',
        't="e"><v>#VALUE!</v>',
    ):
        path = table(tmp_path, [HEADINGS, [*ROW[:3], "x"]])
        rewritten(path, SHEET, lambda xml, result=result: _cell(xml, "D2", result))  # type: ignore[misc]
        assert "请改填文字" in problems(path)


def test_a_result_nobody_computed_is_refused(tmp_path: Path) -> None:
    """Some programs write 0 for every formula and leave the computing to whoever opens the workbook."""
    path = table(tmp_path, [HEADINGS, [*ROW[:3], "x"]])
    rewritten(path, SHEET, lambda xml: _cell(xml, "D2", "><f>1+1</f><v>0</v>"))
    assert "还没有计算的公式" in problems(path)


def _cell(xml: bytes, where: str, inside: str) -> bytes:
    import re

    return re.sub(rb'<c r="%s"[^>]*>.*?</c>' % where.encode(), f'<c r="{where}" {inside}</c>'.encode(), xml, flags=re.S)


def table(folder: Path, rows: list[list[Any]], *merged: str, name: str = "in.xlsx") -> Path:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    for row in rows:
        sheet.append(row)
    for area in merged:
        sheet.merge_cells(area)
    made.save(folder / name)
    return folder / name


def problems(path: Path, form: Form = FORM) -> str:
    """Return all that is wrong with a file: of its reading and of its records."""
    found: list[str] = []
    try:
        for record in read_records(path, form):
            found += [p.message for p in form.check(record.values).problems]
    except InvalidInput as error:
        found += [p.message for p in error.problems]
    return "\n".join(found)


# Merged areas


def test_an_area_merged_downwards_fills_every_row(tmp_path: Path) -> None:
    path = table(tmp_path, [HEADINGS, ROW, ["", "B", "2026-03-05", "y"], [None, "C", "2026-03-06", "z"]], "A2:A4")
    records = list(read_records(path, FORM))
    assert [r.values["用户单位"] for r in records] == ["示例单位一"] * 3
    assert [r.notes for r in records] == [(), ("「用户单位」第2至4行合并成一格，每行都读作「示例单位一」",), ()]


def test_rows_that_are_merged_as_a_whole_are_one_record(tmp_path: Path) -> None:
    path = table(tmp_path, [HEADINGS, ROW, [], ROW, []], *(f"{c}{n}:{c}{n + 1}" for c in "ABCD" for n in (2, 4)))
    assert [r.row for r in read_records(path, FORM)] == [2, 4]


def test_an_area_merged_over_fields_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path, [HEADINGS, ["甲", None, "2026-03-05", "y"], ROW], "A2:B2")
    records = []
    with pytest.raises(InvalidInput) as caught:
        records += read_records(path, FORM)
    assert "A2:B2 合并成一格，跨了「用户单位」、「产品型号」" in str(caught.value.problems)
    path = table(tmp_path, [[*HEADINGS, "我的列"], [*ROW[:3], "x", None]], "D2:E2")
    assert [r.values["故障现象"] for r in read_records(path, FORM)] == ["x"]


def test_a_merged_heading_counts_for_what_stands_below(tmp_path: Path) -> None:
    path = table(
        tmp_path, [["用户单位", None, "完成日期"], [None, "甲", "2026-03-04"], ["乙", None, "2026-03-05"]], "A1:B1"
    )
    assert [r.values["用户单位"] for r in read_records(path, FORM)] == ["甲", "乙"]
    both = table(tmp_path, [["用户单位", None, "完成日期"], ["甲", "乙", "2026-03-04"]], "A1:B1")
    assert "A、B 列都在表头「用户单位」下面" in problems(both)


def test_merged_owners_of_lines_are_filled_down(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    main, lines = made.worksheets[0], made.create_sheet("更换件")
    for row in (["记录序号", *HEADINGS], [1, *ROW], [2, *ROW]):
        main.append(row)
    for row in (["记录序号", "名称"], [1, "a"], [None, "b"], [2, "c"]):
        lines.append(row)
    lines.merge_cells("A2:A3")
    made.save(tmp_path / "in.xlsx")
    assert [[p["名称"] for p in r.values["parts"]] for r in read_records(tmp_path / "in.xlsx", FORM)] == [
        ["a", "b"],
        ["c"],
    ]


def test_many_merged_areas_are_refused_in_time(tmp_path: Path) -> None:
    path = table(tmp_path, [HEADINGS, ROW])
    areas = b"".join(b'<mergeCell ref="A%d:A900000"/>' % n for n in range(3, 2_000))
    full = b"".join(
        b'<row r="%d"><c r="A%d" t="inlineStr"><is><t>x</t></is></c></row>' % (n, n) for n in range(3, 2_000)
    )
    rewritten(
        path,
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", full + b"</sheetData><mergeCells>" + areas + b"</mergeCells>"),
    )
    assert "合并的格太多" in problems(path)


# Strict Open XML


def strict(path: Path) -> Path:
    """Save a workbook again as Excel's Strict Open XML: other namespaces, days as ISO text."""
    usual = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/drawingml/2006/main": b"http://purl.oclc.org/ooxml/drawingml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/extended-properties": b"http://purl.oclc.org/ooxml/officeDocument/extendedProperties",
    }
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            written = content
            for one, other in usual.items() if name != "[Content_Types].xml" else ():
                written = written.replace(one, other)
            packed.writestr(name, written)
    return path


@pytest.mark.parametrize(
    ("iso", "code", "text"),
    [
        ("2026-03-04", "yyyy/m/d", "2026/3/4"),
        ("2026-03-04T14:30:00", "General", "2026-03-04 14:30"),
        ("14:30:00", "h:mm", "14:30"),
    ],
)
def test_a_strict_workbook_is_read(tmp_path: Path, iso: str, code: str, text: str) -> None:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    for row in ([*HEADINGS], [*ROW[:3], 5]):
        sheet.append(row)
    sheet["D2"].number_format = code
    made.save(tmp_path / "in.xlsx")
    rewritten(
        tmp_path / "in.xlsx",
        SHEET,
        lambda xml: xml.replace(b"<v>5</v>", f"<v>{iso}</v>".encode()).replace(
            b't="n"><v>' + iso.encode(), b't="d"><v>' + iso.encode()
        ),
    )
    (record,) = read_records(strict(tmp_path / "in.xlsx"), FORM)
    assert (str(record.values["用户单位"]), str(record.values["故障现象"])) == ("示例单位一", text)


# Headings, remarks


@pytest.mark.parametrize(
    "heading",
    [
        "用户单位(必填)",
        "用户单位（必填项）",
        "用户单位*",
        "＊用户单位",
        "用 户 单 位",
        "用户单位\n(必填)",
        "1.用户单位",
        "（1）用户单位",
        "1、用户单位",
        "一、用户单位",
    ]
    + [
        "用户单位：",
        "★用户单位",
        "用户单位【选填】",
        "用户单位（请写全称）",
        "⽤户单位",
        "用户单位(例：某部)",
        "用户单位-必填",
    ],
)
def test_an_edited_heading_is_recognised(heading: str) -> None:
    assert FORM.key_of(heading) == "customer_unit"


@pytest.mark.parametrize("heading", ["用户单位（公章）", "其他用户单位", "用户单位2", "单位"])
def test_another_heading_is_not(heading: str) -> None:
    assert FORM.key_of(heading) is None


def test_no_two_fields_of_a_form_have_one_heading() -> None:
    for folder in FormCatalogue(FORMS).all():
        for fields in (folder.form.fields, *(f.columns for f in folder.form.fields)):
            keys = [heading_key(field.label) for field in fields]
            assert len(keys) == len(set(keys)), folder.form.code


@pytest.mark.parametrize(
    "cells",
    [
        ["备注：以上均为示例"],
        ["注：单位为台"],
        ["（备注：x）"],
        ["说明：按月报送"],
        ["※注1：x"],
        ["以下空白"],
        ["——以下空白——"],
        ["合计", CellNumber(Decimal(5), "5")],
    ]
    + [
        ["合 计", "共5件"],
        ["制表人：示例员", "审核人：示例长", "日期：2026-03-04"],
        ["备注：", "以上均为示例"],
        ["总计："],
    ],
)
def test_a_row_about_the_table_is_no_record(cells: list[Any]) -> None:
    assert is_remark(cells)


@pytest.mark.parametrize(
    "cells",
    [
        ["注油口漏油"],
        ["备注：x", "示例单位一", "2026-03-04"],
        ["合计器故障", "示例单位"],
        ["合计", "示例单位"],
        ["示例单位一"],
        ["说明书一份"],
        ["日期：", "示例单位"],
    ],
)
def test_a_record_is_no_remark(cells: list[Any]) -> None:
    assert not is_remark(cells)


def test_a_remark_is_passed_over_and_told(tmp_path: Path) -> None:
    rows = [HEADINGS, ROW, ["备注：1.以上为示例"], ["2.按月报送"], [], ["制表人：示例员"], ROW]
    records = list(read_records(table(tmp_path, rows), FORM))
    assert [r.row for r in records] == [2, 7]
    assert [note[:3] for note in records[0].notes] == ["第3行", "第4行", "第6行"]
    wide = table(tmp_path, [HEADINGS, ROW, ["本表由登记员填写，每月报送一次"], ROW], "A3:D3")
    assert [r.row for r in read_records(wide, FORM)] == [2, 4]


# Another form's table


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_table_of_another_form_is_told_as_that(tmp_path: Path, suffix: str) -> None:
    forms = [folder.form for folder in FormCatalogue(FORMS).all()]
    letters = FormCatalogue(FORMS).get("09A").form
    for form in (letters, PARCELS):
        labels = [f.label for f in form.input_fields if not f.columns]
        path = table(tmp_path, [labels, ["x"] * len(labels)])
        if suffix == "csv":
            path = tmp_path / "in.csv"
            path.write_text(",".join(labels) + "\n" + "x," * (len(labels) - 1) + "x\n", encoding="utf-8")
        for asked in (letters, PARCELS, CALLS):
            if asked is form:
                assert len(list(read_records(path, asked, forms))) == 1
                continue
            with pytest.raises(InvalidInput) as caught:
                list(read_records(path, asked, forms))
            assert f"像是 {form.code} {form.title}，不是 {asked.code}" in caught.value.message


def test_a_ledger_for_several_forms_is_none_of_them_wrongly(tmp_path: Path) -> None:
    forms = [folder.form for folder in FormCatalogue(FORMS).all()]
    labels = dict.fromkeys(f.label for form in forms for f in form.input_fields if not f.columns)
    path = table(tmp_path, [[*labels], ["x"] * len(labels)])
    for form in forms:
        try:
            assert list(read_records(path, form, forms))
        except InvalidInput as error:
            assert "像是" not in error.message


def test_a_returned_copy_keeps_what_was_merged(tmp_path: Path) -> None:
    path = table(tmp_path, [HEADINGS, ROW, ["", "B", "2026-03-05", "y"], [None, "C", "2026-02-30", "z"]], "A2:A4")
    marks = [Mark("Sheet", 4, "finished_on", "日历上没有"), Mark("Sheet", 4, "customer_unit", "不在清单")]
    (tmp_path / "back.xlsx").write_bytes(returned_copy(path, FORM, "Sheet", marks, {"Sheet": {2, 3}}))
    sheet = openpyxl.load_workbook(tmp_path / "back.xlsx")["Sheet"]
    assert [c.value for c in sheet[2]] == ["示例单位一", "C", "2026-02-30", "z"]
    assert "日历上没有" in sheet["C2"].comment.text
    (tmp_path / "all.xlsx").write_bytes(returned_copy(path, FORM, "Sheet", marks, {}))
    whole = openpyxl.load_workbook(tmp_path / "all.xlsx")["Sheet"]
    assert "不在清单（原第4行）" in whole["A2"].comment.text
    assert "日历上没有" in whole["C4"].comment.text
