"""Rejected rows come back as a copy of the clerk's own workbook: marked, complete, and safe to fill again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment

from qrecords.model.form import Form
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.inputs import read_records
from qrecords.stores.inputs.returned import PREFIX, Mark, returned_copy
from tests.conftest import FORMS, CommandLine

RED = "00FFC7CE"
HEADINGS = [
    "收件日期",
    "类别",
    "来件单位",
    "用户类别/兵种",
    "附件/数量",
    "签收人",
    "我的备注",
    "标题/内容（用户需求）",
    "处理意见",
]
Rows = list[list[Any]]


def parcel(unit: str, **changes: Any) -> list[Any]:
    row = {"day": date(2026, 3, 4), "kind": "函件", "unit": unit, "branch": "海军", "items": "1件", "by": "示例签收人"}
    return [*(row | changes).values(), f"{unit}的备注", "示例来函", "示例意见"]


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    def make(rows: Rows, headings: list[str] = HEADINGS, name: str = "收件.xlsx") -> Path:
        made = openpyxl.Workbook()
        sheet = made.worksheets[0]
        sheet.title = "收件"
        for row in [headings, *rows]:
            sheet.append(row)
        made.save(tmp_path / name)
        return tmp_path / name

    return make


def marked(path: Path) -> dict[tuple[str, str], str]:
    """Return the coloured cells of a copy: sheet and place → why."""
    found = {}
    for sheet in openpyxl.load_workbook(path):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.fill.fgColor.rgb == RED:
                    found[sheet.title, cell.coordinate] = cell.comment.text
    return found


def column(path: Path, letter: str, sheet: str = "收件") -> list[Any]:
    return [c.value for c in openpyxl.load_workbook(path)[sheet][letter][1:] if c.value is not None]


def correct(path: Path, sheet: str = "收件", **cells: Any) -> Path:
    made = openpyxl.load_workbook(path)
    for place, value in cells.items():
        made[sheet][place] = value
    made.save(path)
    return path


MIXED = [parcel("甲"), parcel("乙", kind="包裹"), parcel("丙"), parcel("丁", day="2026-02-30", by=None)]


def test_what_was_not_made_comes_back_and_nothing_doubles(cli: CommandLine, book: Callable[..., Path]) -> None:
    source = book(MIXED)
    before = source.read_bytes()
    answer = cli.json("fill", "10A", source, "--keep-going", "--out", cli.root / "out", ok=False)
    (copy,) = map(Path, answer["returned"])
    assert copy == cli.root / "out" / "收件-退回.xlsx"
    assert source.read_bytes() == before
    assert column(copy, "C") == ["乙", "丁"]
    assert column(copy, "G") == ["乙的备注", "丁的备注"]
    why = marked(copy)
    assert set(why) == {("收件", "B2"), ("收件", "A3"), ("收件", "F3")}
    assert "不在可选范围内" in why["收件", "B2"]
    assert "（原第3行）" in why["收件", "B2"]
    assert "日历上没有" in why["收件", "A3"]
    assert "没有填写" in why["收件", "F3"]
    correct(copy, B2="备件", A3=date(2026, 2, 28), F3="示例签收人")
    first = cli.json("fill", "10A", copy)["records"]
    assert cli.json("fill", "10A", copy)["records"] == [r | {"again": True} for r in first]
    assert cli.json("fill", "10A", source, "--keep-going", ok=False)["records"]
    units = [cli.json("show", r["record_no"])["record"]["customer_unit"] for r in cli.json("list")["records"]]
    assert sorted(units) == sorted("甲乙丙丁")


def test_where_nothing_was_made_every_row_comes_back(cli: CommandLine, book: Callable[..., Path]) -> None:
    ran = cli("--json", "fill", "10A", book(MIXED), ok=False)
    copy = cli.root / "archive" / "drafts" / "收件-退回.xlsx"
    assert str(copy) in ran.json["error"]["remedy"]
    assert cli.json("list")["records"] == []
    assert column(copy, "C") == ["甲", "乙", "丙", "丁"]
    assert set(marked(copy)) == {("收件", "B3"), ("收件", "A5"), ("收件", "F5")}
    correct(copy, B3="备件", A5=date(2026, 2, 28), F5="示例签收人")
    assert len(cli.json("fill", "10A", copy)["records"]) == 4


def test_a_second_round_marks_only_what_is_still_wrong(cli: CommandLine, book: Callable[..., Path]) -> None:
    cli("fill", "10A", book(MIXED), "--rejected", cli.root / "back", ok=False)
    copy = correct(cli.root / "back" / "收件-退回.xlsx", B3="备件", A5=date(2026, 2, 28))
    cli("fill", "10A", copy, "--rejected", cli.root / "back", ok=False)
    second = cli.root / "back" / "收件-退回-2.xlsx"
    assert set(marked(second)) == {("收件", "F5")}
    comments = [c for row in openpyxl.load_workbook(second)["收件"].iter_rows() for c in row if c.comment]
    assert len(comments) == 1


def test_a_field_without_a_column_marks_its_row(cli: CommandLine, book: Callable[..., Path]) -> None:
    headings = [h for h in HEADINGS if h != "签收人"]
    cli(
        "fill",
        "10A",
        book([parcel("甲")[:5] + parcel("甲")[6:]], headings),
        "--rejected",
        cli.root / "x.xlsx",
        ok=False,
    )
    assert "签收人" in marked(cli.root / "x.xlsx")["收件", "A2"]


def test_what_concerns_every_row_marks_the_head(cli: CommandLine, book: Callable[..., Path]) -> None:
    source = book([[*r, r[0]] for r in MIXED], [*HEADINGS, "收件日期"])
    cli("fill", "10A", source, "--keep-going", "--rejected", cli.root / "x.xlsx", ok=False)
    # What is wrong with the rows otherwise is told at once, not when the head is mended.
    assert set(marked(cli.root / "x.xlsx")) == {("收件", "A1"), ("收件", "J1"), ("收件", "B3"), ("收件", "F5")}
    assert cli.json("list")["records"] == []
    assert column(cli.root / "x.xlsx", "C") == ["甲", "乙", "丙", "丁"]


def test_the_comment_of_the_clerk_stays(cli: CommandLine, book: Callable[..., Path]) -> None:
    source = book(MIXED)
    made = openpyxl.load_workbook(source)
    made["收件"]["B3"].comment = Comment("问过对方", "某")
    made["收件"].auto_filter.ref = "A1:G5"
    made["收件"].row_dimensions[3].hidden = True
    made.save(source)
    cli("fill", "10A", source, "--rejected", cli.root / "x.xlsx", ok=False)
    text = marked(cli.root / "x.xlsx")["收件", "B3"]
    assert text.startswith(PREFIX)
    assert text.endswith("问过对方")
    assert not openpyxl.load_workbook(cli.root / "x.xlsx")["收件"].row_dimensions[3].hidden


def test_formulas_become_results_where_rows_move(cli: CommandLine, book: Callable[..., Path]) -> None:
    source = correct(book(MIXED), K1="=1+1")
    cli("fill", "10A", source, "--rejected", cli.root / "all.xlsx", ok=False)
    assert openpyxl.load_workbook(cli.root / "all.xlsx")["收件"]["K1"].value == "=1+1"
    cli("fill", "10A", source, "--keep-going", "--rejected", cli.root / "some.xlsx", ok=False)
    assert openpyxl.load_workbook(cli.root / "some.xlsx")["收件"]["K1"].value is None


def test_a_dry_run_writes_a_copy_only_where_told(cli: CommandLine, book: Callable[..., Path]) -> None:
    cli("fill", "10A", book(MIXED), "--dry-run", ok=False)
    assert not list(cli.root.rglob("*.xlsx"))
    cli("fill", "10A", book(MIXED), "--dry-run", "--keep-going", "--rejected", cli.root / "x.xlsx", ok=False)
    assert column(cli.root / "x.xlsx", "C") == ["甲", "乙", "丙", "丁"]


def test_places_that_cannot_serve_are_refused_first(
    cli: CommandLine, book: Callable[..., Path], write: Callable[..., Path], sample: Callable[..., dict[str, Any]]
) -> None:
    source = book(MIXED)
    there = cli.root / "there.xlsx"
    there.write_bytes(b"x")
    attempts = [([source], there, 6), ([source, source], cli.root / "y.xlsx", 2), ([write(sample("10A"))], there, 2)]
    for inputs, place, status in attempts:
        assert cli("fill", "10A", *inputs, "--keep-going", "--rejected", place, ok=False).status == status
    assert there.read_bytes() == b"x"
    assert cli.json("list")["records"] == []


def test_other_formats_and_torn_books_have_no_copy(
    cli: CommandLine, tmp_path: Path, write: Callable[..., Path]
) -> None:
    torn = tmp_path / "torn.xlsx"
    torn.write_bytes(b"PK\x03\x04")
    assert cli("fill", "10A", torn, write({"类别": "x"}), ok=False).status == 3
    assert [p.name for p in cli.root.rglob("*.xlsx")] == []


def test_a_book_too_large_to_hold_is_told(
    cli: CommandLine, book: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.stores.inputs.returned.MAX_CELLS", 10)
    ran = cli("--json", "fill", "10A", book(MIXED), "--keep-going", ok=False)
    assert ran.json["returned"] == []
    assert len(ran.json["records"]) == 2
    assert "没有做标红的副本" in ran.err


FORM = FormCatalogue(FORMS).get("06A").form


def repairs(path: Path, units: list[str], parts: list[tuple[int, Any]], join: str) -> Path:
    """Write repairs, and parts each belonging to one of them, joined as a clerk may join them."""
    made = openpyxl.Workbook()
    main = made.worksheets[0]
    main.title = "维修"
    main.append(["记录序号", "用户单位", "故障现象"])
    for number, unit in enumerate(units):
        main.append([f"n{number}", unit, "示例故障"])
    lines = made.create_sheet("更换件")
    lines.append([join, "名称", "数量"])
    for owner, name in parts:
        lines.append([f"n{owner}" if join == "记录序号" else owner + 2, name, 1])
    made.save(path)
    return path


def read(path: Path, form: Form) -> list[tuple[str, list[Any]]]:
    return [(r.values["用户单位"], [p["名称"] for p in r.values.get("parts", [])]) for r in read_records(path, form)]


@settings(max_examples=40, deadline=None)
@given(st.data(), st.integers(1, 8), st.sampled_from(["记录序号", "主表行号"]))
def test_whatever_was_made_the_others_come_back_whole(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, count: int, join: str
) -> None:
    folder = tmp_path_factory.mktemp("book")
    units = [f"单位{n}" for n in range(count)]
    owners = data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=12))
    parts = [(owner, f"件{n}") for n, owner in enumerate(owners)]
    done = data.draw(st.sets(st.integers(0, count - 1), max_size=count - 1))
    source = repairs(folder / "a.xlsx", units, parts, join)
    made: dict[str, set[int]] = {"维修": set(), "更换件": set()}
    for number, record in enumerate(read_records(source, FORM)):
        if number in done:
            made["维修"].add(record.row)
            made["更换件"] |= {row for _, row in record.lines.values()}
    copy = folder / "b.xlsx"
    copy.write_bytes(returned_copy(source, FORM, "维修", [Mark("维修", None, None, "x")], made))
    assert read(copy, FORM) == [r for n, r in enumerate(read(source, FORM)) if n not in done]


def test_a_wrong_line_is_marked_on_its_own_sheet(cli: CommandLine, tmp_path: Path) -> None:
    source = repairs(tmp_path / "维修.xlsx", ["甲", "乙"], [(1, "风扇"), (0, "电容"), (0, "螺钉")], "记录序号")
    correct(source, "更换件", C4="许多")
    cli("fill", "06A", source, "--rejected", cli.root / "x.xlsx", ok=False)
    assert "「许多」不是数字" in marked(cli.root / "x.xlsx")["更换件", "C4"]
