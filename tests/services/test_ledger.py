"""A ledger written on and filled again: a row is known by what it says, whatever became of the file around it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font, PatternFill

from qrecords.services.intake import fill as filling
from tests.conftest import CommandLine

PARCELS = ["收件日期", "类别", "来件单位", "用户类别/兵种", "附件/数量", "签收人", "标题/内容（用户需求）", "处理意见"]
CALLS = [
    "接收时间",
    "信息来源/渠道",
    "信息类别",
    "用户单位",
    "用户类别/兵种",
    "联系人",
    "电话",
    "信息内容",
    "接收人",
    "严重程度",
]
FORMS = ("10A", "01A")


def row_of(form: str, n: int) -> list[Any]:
    if form == "10A":
        unit = f"示例单位{n}"
        return [date(2026, 3, n), "函件", unit, "海军", "1件", "示例签收人", f"示例来函{n}", "示例意见"]
    moment, unit = datetime(2026, 3, n, 9, 30), f"示例单位{n}"
    return [moment, "电话", "咨询", unit, "海军", "示例联系人", "0898-66001122", f"示例内容{n}", "示例接收人", "一般"]


HEADINGS = {"10A": PARCELS, "01A": CALLS}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def book(tmp_path: Path, form: str) -> Path:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet.title = "三月"
    for row in [HEADINGS[form], *(row_of(form, n) for n in (1, 2, 3))]:
        sheet.append(row)
    made.save(tmp_path / "台账.xlsx")
    return tmp_path / "台账.xlsx"


def changed(path: Path, change: Callable[[Any], object], name: str = "") -> Path:
    """Do something to the sheet and save the book again, perhaps under another name."""
    made = openpyxl.load_workbook(path)
    change(made.worksheets[0])
    target = path.with_name(name) if name else path
    made.save(target)
    return target


def numbers(form: str, *which: int) -> list[str]:
    return [f"QR758-{form}-2026-{n:05d}" for n in which]


def count(cli: CommandLine) -> int:
    return len(cli.json("list", "--all")["records"])


def filled(cli: CommandLine, form: str, path: Path, *words: str) -> tuple[list[str], list[str]]:
    """Fill, and return which numbers were found again and which are new."""
    records = cli.json("fill", form, path, *words)["records"]
    return [r["record_no"] for r in records if r.get("again")], [r["record_no"] for r in records if not r.get("again")]


@pytest.fixture
def known(cli: CommandLine, form: str, book: Path) -> CommandLine:
    assert filled(cli, form, book) == ([], numbers(form, 1, 2, 3))
    return cli


def bold(sheet: Any) -> None:
    sheet["C2"].font = Font(bold=True)


def sort_backwards(sheet: Any) -> None:
    rows = [[c.value for c in row] for row in sheet.iter_rows(min_row=2)]
    for number, values in enumerate(reversed(rows), start=2):
        for column, value in enumerate(values, start=1):
            sheet.cell(number, column, value)


def rename(sheet: Any) -> None:
    sheet.title = "三月（新）"


@pytest.mark.parametrize("change", [bold, sort_backwards, rename, lambda sheet: sheet.insert_rows(2)])
@pytest.mark.parametrize("name", ["", "副本 台账.xlsx"])
def test_what_leaves_the_words_leaves_the_numbers(
    known: CommandLine, form: str, book: Path, change: Callable[[Any], object], name: str
) -> None:
    again, new = filled(known, form, changed(book, change, name))
    assert (sorted(again), new) == (numbers(form, 1, 2, 3), [])
    assert count(known) == 3


def test_a_row_appended_gets_the_next_number(known: CommandLine, form: str, book: Path) -> None:
    ran = known("fill", form, changed(book, lambda s: s.append(row_of(form, 4))))
    assert "3行已有编号，新增1行" in ran.out
    assert [r["record_no"] for r in known.json("list", "--all")["records"]].count(numbers(form, 4)[0]) == 1
    assert count(known) == 4


def test_a_month_of_appending_day_by_day(known: CommandLine, form: str, book: Path) -> None:
    for n in range(4, 10):
        again, new = filled(known, form, changed(book, lambda s, n=n: s.append(row_of(form, n))))
        assert (again, new) == (numbers(form, *range(1, n)), numbers(form, n))
    assert count(known) == 9
    assert known.json("verify")["problems"] == []


@pytest.mark.parametrize("more", [lambda sheet: None, sort_backwards, rename], ids=["alone", "sorted", "renamed"])
def test_an_edited_cell_is_told_and_makes_no_second_record(
    known: CommandLine, form: str, book: Path, more: Callable[[Any], object]
) -> None:
    column = {"10A": "H", "01A": "G"}[form]
    old, label = {"10A": ("示例意见", "处理意见"), "01A": ("0898-66001122", "电话")}[form]

    def edit(sheet: Any) -> None:
        sheet[f"{column}3"] = "0898-66003344"
        sheet.append(row_of(form, 4))
        if more is not sort_backwards:
            more(sheet)

    path = changed(book, edit)
    if more is sort_backwards:
        changed(path, sort_backwards)
    answer = known.json("fill", form, path, ok=False)
    (told,) = answer["changed"]
    assert told["record_no"] == numbers(form, 2)[0]
    assert [(d["label"], d["old"], d["new"]) for d in told["differences"]] == [(label, old, "0898-66003344")]
    assert [r["record_no"] for r in answer["records"] if not r.get("again")] == numbers(form, 4)
    assert count(known) == 4
    assert known.json("show", numbers(form, 2)[0])["record"]["state"] == "draft"


def test_the_difference_goes_once_the_record_says_it_too(
    known: CommandLine, form: str, book: Path, write: Callable[..., Path]
) -> None:
    label = {"10A": "处理意见", "01A": "电话"}[form]
    column = {"10A": "H", "01A": "G"}[form]
    path = changed(book, lambda s: s.__setitem__(f"{column}3", "0898-66003344"))
    ran = known("fill", form, path, ok=False)
    assert f"qrecords update {numbers(form, 2)[0]}" in ran.out
    assert known("update", numbers(form, 2)[0], path, ok=False).status, "three rows, none with a number"
    known("update", numbers(form, 2)[0], write({label: "0898-66003344"}))
    assert filled(known, form, path) == (numbers(form, 1, 2, 3), [])


def test_the_date_of_a_row_edited_is_that_row_changed(known: CommandLine, form: str, book: Path) -> None:
    later = date(2026, 3, 20) if form == "10A" else datetime(2026, 3, 20, 8, 0)
    answer = known.json("fill", form, changed(book, lambda s: s.__setitem__("A3", later)), ok=False)
    assert [c["record_no"] for c in answer["changed"]] == numbers(form, 2)
    assert count(known) == 3


def test_a_row_deleted_leaves_its_record_and_is_told(known: CommandLine, form: str, book: Path) -> None:
    ran = known.json("fill", form, changed(book, lambda s: s.delete_rows(3)))
    assert [r["record_no"] for r in ran["records"]] == numbers(form, 1, 3)
    assert any(numbers(form, 2)[0] in line and "不再有" in line for line in ran["notes"])
    assert count(known) == 3


def test_a_row_deleted_and_another_appended_is_a_new_one(known: CommandLine, form: str, book: Path) -> None:
    def replace(sheet: Any) -> None:
        sheet.delete_rows(3)
        sheet.append(row_of(form, 9))

    again, new = filled(known, form, changed(book, replace))
    assert (again, new) == (numbers(form, 1, 3), numbers(form, 4))


def test_rows_that_are_alike_are_told_until_the_clerk_says_so(known: CommandLine, form: str, book: Path) -> None:
    changed(book, lambda s: s.append(row_of(form, 2)))
    refused = known("fill", form, book, ok=False)
    assert "完全相同；写重了就删去一行，确是两条就加 --same-again，或在这行的「记录编号」一列写「新」" in refused.err
    assert count(known) == 3
    assert filled(known, form, book, "--same-again") == (numbers(form, 1, 2, 3), numbers(form, 4))
    assert filled(known, form, book) == (numbers(form, 1, 2, 3, 4), []), "the same file again"
    assert filled(known, form, changed(book, bold)) == (numbers(form, 1, 2, 3, 4), [])
    assert filled(known, form, book, "--same-again") == (numbers(form, 1, 2, 3, 4), []), "said twice, made once"


def test_a_row_can_say_that_it_is_new(known: CommandLine, form: str, book: Path) -> None:
    def append(sheet: Any) -> None:
        column = sheet.max_column + 1
        sheet.cell(1, column, "记录编号")
        sheet.append([*row_of(form, 2), "新"])

    changed(book, append)
    assert filled(known, form, book) == (numbers(form, 1, 2, 3), numbers(form, 4))
    assert sorted(filled(known, form, changed(book, bold))[0]) == numbers(form, 1, 2, 3, 4)
    assert count(known) == 4


def test_the_numbers_come_back_and_a_row_is_known_by_them(known: CommandLine, form: str, book: Path) -> None:
    numbered = known.root / "archive/drafts/台账-已编号.xlsx"
    sheet = openpyxl.load_workbook(numbered)["三月"]
    place = next(c for c in sheet[1] if c.value == "记录编号")
    assert [sheet.cell(n, place.column).value for n in (2, 3, 4)] == numbers(form, 1, 2, 3)

    def rewrite(one: Any) -> None:  # everything but the number
        for column, value in enumerate(row_of(form, 8), start=1):
            one.cell(4, column, value)

    answer = known.json("fill", form, changed(numbered, rewrite), ok=False)
    (told,) = answer["changed"]
    assert told["record_no"] == numbers(form, 3)[0]
    assert count(known) == 3
    known("update", numbers(form, 3)[0], numbered)
    assert filled(known, form, numbered) == (numbers(form, 1, 2, 3), [])


def test_a_number_that_cannot_be_the_rows_is_refused(known: CommandLine, form: str, book: Path) -> None:
    numbered = known.root / "archive/drafts/台账-已编号.xlsx"
    column = len(HEADINGS[form]) + 1
    for wrong, said in ((numbers(form, 1)[0], "同一个编号"), ("06A-2026-1", "没有编号"), ("随便", "没有编号")):
        path = changed(numbered, lambda s, wrong=wrong: s.cell(3, column, wrong), "错号.xlsx")
        assert said in known("fill", form, path, ok=False).err
    short = changed(numbered, lambda s: s.cell(3, column, f"{form.lower()}－2026－2"), "短号.xlsx")
    assert filled(known, form, short) == (numbers(form, 1, 2, 3), [])


def test_in_place_keeps_all_else_of_the_workbook(cli: CommandLine, form: str, book: Path) -> None:
    def dress(sheet: Any) -> None:
        sheet["B2"].fill = PatternFill("solid", fgColor="FFFF00")
        sheet.conditional_formatting.add("A1:A9", openpyxl.formatting.rule.CellIsRule("equal", ["1"]))
        sheet.freeze_panes = "A2"

    changed(book, dress)
    with zipfile.ZipFile(book, "a") as packed:
        packed.writestr("xl/unknown/part.bin", b"what no library knows")
    before = {name: data for name, data in parts(book).items() if "sheet1" not in name}
    answer = cli.json("fill", form, book, "--in-place")
    assert answer["numbered"] == [str(book)]
    assert {name: data for name, data in parts(book).items() if "sheet1" not in name} == before
    sheet = openpyxl.load_workbook(book)["三月"]
    assert sheet["B2"].fill.fgColor.rgb == "00FFFF00"
    assert sheet.freeze_panes == "A2"
    assert list(sheet.conditional_formatting)
    assert [r[-1] for r in sheet.iter_rows(min_row=2, values_only=True)] == numbers(form, 1, 2, 3)
    assert "numbered" in cli.json("fill", form, book)
    assert not cli.json("fill", form, book)["numbered"], "they stand there already"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.office
def test_saved_by_libreoffice_they_are_the_same_rows(known: CommandLine, form: str, book: Path, tmp_path: Path) -> None:
    out, plain = tmp_path / "saved", shutil.copy(book, tmp_path / "ledger.xlsx")
    for kind in ("xlsx", "csv:Text - txt - csv (StarCalc):44,34,76"):
        words = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", kind]
        subprocess.run([*words, "--outdir", str(out), str(plain)], check=True, capture_output=True)
        if not list(out.glob("ledger.*")):
            pytest.skip("this LibreOffice has no Calc")
    assert filled(known, form, out / "ledger.xlsx") == (numbers(form, 1, 2, 3), [])
    assert filled(known, form, out / "ledger.csv") == (numbers(form, 1, 2, 3), [])
    numbered = shutil.copy(known.root / "archive/drafts/台账-已编号.xlsx", tmp_path / "numbered.xlsx")
    subprocess.run([*words[:-1], "xlsx", "--outdir", str(out), str(numbered)], check=True, capture_output=True)
    assert filled(known, form, out / "numbered.xlsx") == (numbers(form, 1, 2, 3), [])


def test_the_same_rows_as_csv_and_json(known: CommandLine, form: str, book: Path, tmp_path: Path) -> None:
    rows = [[str(v)[:16] if isinstance(v, datetime) else str(v) for v in row_of(form, n)] for n in (1, 2, 3)]
    with (tmp_path / "导出.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        csv.writer(stream).writerows([HEADINGS[form], *rows])
    data = [dict(zip(HEADINGS[form], row, strict=True)) for row in rows]
    (tmp_path / "导出.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    for name in ("导出.csv", "导出.json"):
        assert filled(known, form, tmp_path / name) == (numbers(form, 1, 2, 3), [])


def test_one_record_with_a_word_mended_is_that_record_changed(cli: CommandLine, write: Callable[..., Path]) -> None:
    data = dict(zip(CALLS, [str(v)[:16] if n == 0 else v for n, v in enumerate(row_of("01A", 1))], strict=True))
    cli("fill", "01A", write(data, "来电.json"))
    answer = cli.json("fill", "01A", write(data | {"联系人": "示例另一人"}, "来电.json"), ok=False)
    assert [c["record_no"] for c in answer["changed"]] == numbers("01A", 1)
    doubtful = cli("fill", "01A", write(data | {"用户单位": "示例单位9"}, "来电.json"), ok=False)
    assert "分不清" in doubtful.err
    assert count(cli) == 1
    another = write(data | {"用户单位": "示例单位9", "信息内容": "示例别的"}, "来电.json")
    assert filled(cli, "01A", another) == ([], numbers("01A", 2))


def test_a_void_record_makes_room_for_its_row(known: CommandLine, form: str, book: Path) -> None:
    known("void", numbers(form, 2)[0], "--reason", "填错")
    assert filled(known, form, changed(book, bold)) == (numbers(form, 1, 3), numbers(form, 4))


def test_two_files_of_the_same_rows_in_one_command(cli: CommandLine, form: str, book: Path) -> None:
    copy = shutil.copy(book, book.with_name("副本.xlsx"))
    changed(Path(copy), bold)
    answer = cli.json("fill", form, book, copy)
    assert [r["record_no"] for r in answer["records"]] == numbers(form, 1, 2, 3)
    assert count(cli) == 3


def test_a_ledger_killed_in_the_middle_and_changed_has_no_gap(
    known: CommandLine, form: str, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def append(sheet: Any) -> None:
        for n in (4, 5, 6, 7):
            sheet.append(row_of(form, n))

    monkeypatch.setattr(filling, "CHUNK", 2)
    passes = iter(range(9))

    def stop(at: str) -> None:
        if at == "fill.intent" and next(passes) == (0 if form == "10A" else 2):
            raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(filling.durable, "checkpoint", stop)
        assert known("fill", form, changed(book, append), ok=False).status == 130
    again, new = filled(known, form, changed(book, sort_backwards))
    assert sorted(again + new) == numbers(form, *range(1, 8))
    assert known.json("verify")["problems"] == []
