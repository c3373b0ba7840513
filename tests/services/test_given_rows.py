"""Open rows of a register given out as a workbook, completed in a spreadsheet, and taken back: all of them or none."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from qrecords.model.givenrows import UNTAKEN, parse_said, returned, said_of
from qrecords.model.worksheet import GIVEN_SHEET, NUMBER_COLUMN
from qrecords.render.inputbook import input_workbook
from qrecords.services.intake.givingout import _given
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.inputs import read_records
from qrecords.stores.inputs.givenrows import columns_of, given_rows
from tests.conftest import FORMS, CommandLine
from tests.spreadsheets import saved_by_libreoffice

REGISTERS = ("02A", "03A", "09A", "10A")
LATER = {"handling_result": None, "closed_on": None, "reply_record": None, "acceptance": None}


def numbers(form: str, *which: int) -> list[str]:
    return [f"QR758-{form}-2025-{n:05d}" for n in which]


class Book:
    """A workbook given out, as a clerk edits it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        self.sheet: Worksheet = next(s for s in self.book.worksheets if s["A1"].value == f"{NUMBER_COLUMN}*")
        self.columns = {str(c.value).removesuffix("*"): c.column for c in self.sheet[1] if c.value}

    def row(self, number: str) -> int:
        return next(r for r in range(2, self.sheet.max_row + 1) if self.sheet.cell(r, 1).value == number)

    def get(self, number: str, heading: str) -> Any:
        return self.sheet.cell(self.row(number), self.columns[heading]).value

    def set(self, number: str, **cells: Any) -> None:
        for heading, value in cells.items():
            self.sheet.cell(self.row(number), self.columns[heading]).value = value

    def save(self, name: str = "") -> Path:
        path = self.path.with_name(name) if name else self.path
        self.book.save(path)
        return path


@pytest.fixture
def rows(cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]) -> CommandLine:
    """Return an office with three open rows of 10A, and one already submitted."""
    entries = [sample("10A", user_need=f"示例来件{n}", doc_ref=f"示例函〔2025〕{n}号", **LATER) for n in (1, 2, 3)]
    cli("fill", "10A", write([*entries, sample("10A", user_need="示例来件4")]))
    cli("submit", numbers("10A", 4)[0])
    return cli


@pytest.fixture
def out(rows: CommandLine, tmp_path: Path) -> Book:
    return Book(Path(rows.json("forms", "sheet", "10A", "--open", "-o", tmp_path / "待续.xlsx")["path"]))


DONE = {"处理结果": "示例：已修复发还", "办结日期": date(2025, 4, 20)}


def values(cli: CommandLine, n: int) -> dict[str, Any]:
    found: dict[str, Any] = cli.json("show", numbers("10A", n)[0])["record"]["values"]
    return found


def test_the_open_rows_alone_come_out_with_what_they_say(rows: CommandLine, out: Book) -> None:
    given_out = [out.sheet.cell(r, 1).value for r in range(2, out.sheet.max_row + 1)]
    assert given_out == numbers("10A", 1, 2, 3)
    assert out.get(numbers("10A", 2)[0], "标题/内容（用户需求）") == "示例来件2"
    assert out.get(numbers("10A", 2)[0], "处理结果") is None
    assert out.book[GIVEN_SHEET].sheet_state == "hidden"
    events = rows.json("audit", "list", "--object", numbers("10A", 1)[0])["events"]
    assert any(e["action"] == "read" and e["detail"].get("exported") == ".xlsx" for e in events)


@pytest.mark.parametrize("saved_by", ["openpyxl", pytest.param("LibreOffice", marks=pytest.mark.office)])
def test_what_is_completed_goes_into_its_record_and_nothing_else(
    rows: CommandLine, out: Book, tmp_path: Path, saved_by: str
) -> None:
    before = [values(rows, n) for n in (1, 2, 3)]
    out.set(numbers("10A", 2)[0], **DONE)
    path = out.save()
    path = path if saved_by == "openpyxl" else saved_by_libreoffice(path, tmp_path)
    done = rows.json("update", "10A", path)
    assert [c["record_no"] for c in done["changed"]] == numbers("10A", 2)
    assert done["unchanged"] == numbers("10A", 1, 3)
    assert values(rows, 2) == before[1] | {"handling_result": "示例：已修复发还", "closed_on": "2025-04-20"}
    assert [values(rows, n) for n in (1, 3)] == [before[0], before[2]]
    assert rows.json("update", "10A", path)["changed"] == [], "given back twice"
    assert rows.json("fill", "10A", path)["records"][1]["again"], "and it makes no second record"
    assert rows.json("verify")["problems"] == []


def test_sorted_shortened_and_added_to_it_is_known_by_the_numbers(rows: CommandLine, out: Book) -> None:
    out.set(numbers("10A", 1)[0], **DONE)
    out.sheet.delete_rows(out.row(numbers("10A", 2)[0]))
    held = [[c.value for c in row] for row in out.sheet.iter_rows(min_row=2, max_row=3)]
    for row, cells in enumerate(reversed(held), start=2):
        for column, value in enumerate(cells, start=1):
            out.sheet.cell(row, column).value = value
    out.sheet.delete_cols(out.columns["电话"])
    done = rows.json("update", "10A", out.save("另存 待续.xlsx"))
    assert [c["record_no"] for c in done["changed"]] == numbers("10A", 1)
    assert values(rows, 1)["contact_phone"], "a column taken out empties nothing"


def test_a_cell_emptied_is_emptied_and_told_and_a_required_one_is_refused(rows: CommandLine, out: Book) -> None:
    number = numbers("10A", 1)[0]
    out.set(number, **{"原文号/单号": None})
    told = rows("update", "10A", out.save()).out
    assert "「原文号/单号」示例函〔2025〕1号 → （空）" in told
    assert "doc_ref" not in values(rows, 1)
    out.set(number, 签收人=None)
    refused = rows("update", "10A", out.save(), ok=False)
    assert (refused.status, "必填栏目「签收人」没有填写" in refused.err) == (3, True)


def test_what_others_entered_meanwhile_stays(rows: CommandLine, out: Book, write: Callable[..., Path]) -> None:
    first, second = numbers("10A", 1, 2)
    rows("update", first, write({"resp_person": "示例别人", "doc_ref": "示例函改"}))
    out.set(first, **DONE)
    assert [c["record_no"] for c in rows.json("update", "10A", out.save())["changed"]] == [first]
    assert values(rows, 1)["resp_person"] == "示例别人"
    assert values(rows, 1)["doc_ref"] == "示例函改", "an untouched cell brings nothing back"
    out.set(first, **{"原文号/单号": "示例函另改"})
    out.set(second, **DONE)
    refused = rows.json("update", "10A", out.save(), ok=False)["error"]
    (problem,) = refused["problems"]
    assert problem["row"] == out.row(first) and "示例函改 → 示例函另改" in problem["message"]
    assert "handling_result" not in values(rows, 2), "one row refused, none changed"
    out.set(first, **{"原文号/单号": "示例函改"})
    assert [c["record_no"] for c in rows.json("update", "10A", out.save())["changed"]] == [second]


def test_all_errors_at_once_and_the_workbook_comes_back_marked(rows: CommandLine, out: Book, tmp_path: Path) -> None:
    one, two, three = numbers("10A", 1, 2, 3)
    out.set(one, **(DONE | {"办结日期": "不知道"}))
    out.set(two, **(DONE | {"办结日期": date(2025, 1, 1)}))
    out.set(three, **DONE)
    out.sheet.append([None, *(out.sheet.cell(2, c).value for c in range(2, out.sheet.max_column + 1))])
    out.sheet.append([numbers("10A", 4)[0], date(2025, 5, 5)])
    out.sheet.append([three])
    out.sheet.append(["10A-2025-77", "x"])
    back = tmp_path / "退回"
    umask = os.umask(0)
    try:
        refused = rows("update", "10A", out.save(), "--rejected", back, ok=False)
    finally:
        os.umask(umask)
    (copy,) = back.iterdir()
    assert refused.status == 3 and str(copy) in refused.err
    for said in ("看不出是哪一天", "没有写「记录编号」", "已提交", "同一个编号", "没有编号是 10A-2025-77"):
        assert said in refused.err, said
    if sys.platform != "win32":
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [v for n in (1, 2, 3) if (v := values(rows, n).get("handling_result"))] == [], "nothing was changed"
    marked = Book(copy)
    comments = {c.coordinate for row in marked.sheet.iter_rows(min_row=2) for c in row if c.comment}
    letter = openpyxl.utils.get_column_letter(out.columns["办结日期"])
    assert {f"{letter}2", "A5", "A7", "A8"} <= comments
    marked.set(one, 办结日期=date(2025, 4, 20))
    marked.set(two, 办结日期=date(2025, 4, 21))
    for row in (8, 7, 6, 5):
        marked.sheet.delete_rows(row)
    done = rows.json("update", "10A", marked.save())
    assert [c["record_no"] for c in done["changed"]] == [one, two, three], "the mended copy goes through"


def test_a_dry_run_changes_nothing(rows: CommandLine, out: Book) -> None:
    out.set(numbers("10A", 1)[0], **DONE)
    done = rows.json("update", "10A", out.save(), "--dry-run")
    assert [c["record_no"] for c in done["changed"]] == numbers("10A", 1)
    assert "handling_result" not in values(rows, 1)


def test_a_ledger_with_numbers_goes_on_too_and_its_blank_cells_say_nothing(rows: CommandLine, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["记录编号", "处理结果", "办结日期", "电话"])
    sheet.append(["10A-2025-1", "示例：已办", date(2025, 4, 20), None])
    sheet.append([numbers("10A", 2)[0], None, None, None])
    book.save(tmp_path / "台账.xlsx")
    done = rows.json("update", "10A", tmp_path / "台账.xlsx")
    assert ([c["record_no"] for c in done["changed"]], done["unchanged"]) == (numbers("10A", 1), numbers("10A", 2))
    assert values(rows, 1)["contact_phone"]


def test_what_cannot_be_given_out_is_told(rows: CommandLine, cli: CommandLine, tmp_path: Path) -> None:
    for words, said in (
        (["06A", "--open"], "不是登记簿"),
        (["02A", "--open"], "没有您可以续填的行"),
        (["10A", "--month", "2025-04"], "--open"),
        (["10A", "--open", "--month", "2024-01"], "没有您可以续填的行"),
    ):
        refused = cli("forms", "sheet", *words, "-o", tmp_path / "x.xlsx", ok=False)
        assert refused.status and said in refused.err, words
    assert not (tmp_path / "x.xlsx").exists()
    assert "forms sheet 10A --open" in cli("update", "10A", ok=False).err


def test_a_hidden_sheet_tampered_with_is_told(rows: CommandLine, out: Book) -> None:
    out.book[GIVEN_SHEET]["B2"].value = "{"
    refused = rows("update", "10A", out.save(), ok=False)
    assert (refused.status, GIVEN_SHEET in refused.err) == (3, True)
    del out.book[GIVEN_SHEET]
    out.set(numbers("10A", 1)[0], **DONE)
    assert len(rows.json("update", "10A", out.save())["changed"]) == 1


# What comes out goes back unchanged, whatever the values are


@pytest.mark.parametrize("code", REGISTERS)
def test_an_untouched_workbook_changes_nothing(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any], tmp_path: Path, code: str
) -> None:
    cli("fill", code, write(sample(code)))
    before = cli.json("show", numbers(code, 1)[0])["record"]["values"]
    path = cli.json("forms", "sheet", code, "--open", "-o", tmp_path / "待续.xlsx")["path"]
    assert cli.json("update", code, path)["unchanged"] == numbers(code, 1)
    assert cli.json("show", numbers(code, 1)[0])["record"]["values"] == before


ODD = st.sampled_from(
    ["=1+1", '="007"', "'0012", "#N/A", "1.38E+10", "####", "007", "1e5", "2026-03-04", "是", "+86", "-1", "@x", "0.10"]
)
TEXT = st.one_of(ODD, st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1, max_size=30))


@settings(max_examples=30)
@given(need=TEXT, ref=TEXT, phone=TEXT)
def test_odd_values_come_back_as_they_are(
    tmp_path_factory: pytest.TempPathFactory, need: str, ref: str, phone: str
) -> None:
    form = FormCatalogue(FORMS).get("10A").form
    raw = {"user_need": need, "doc_ref": ref, "contact_phone": phone, "received_on": "2025-03-04", "item_type": "函件"}
    checked = form.check(raw, as_it_was=True)
    record: Any = type("R", (), {"record_no": "QR758-10A-2025-00001", "values": checked.values})
    path = tmp_path_factory.mktemp("odd") / "待续.xlsx"
    path.write_bytes(input_workbook(form, {}, [_given(form, record)]))
    (entry,) = read_records(path, form)
    said = given_rows(path)[entry.number]
    back = form.check(entry.values, as_it_was=True)
    assert {p.field for p in back.problems} <= {k for k, was in said.items() if was == UNTAKEN}
    found = returned(form, checked.values, back.values, columns_of(path, form, entry.source), said)
    assert (found.changes, found.conflicts) == ([], [])


def test_a_cell_tells_apart_untouched_changed_and_changed_twice() -> None:
    form = FormCatalogue(FORMS).get("10A").form
    given_out = {"doc_ref": "甲", "resp_person": "乙"}
    said = parse_said(said_of(form, given_out))
    columns = {"doc_ref", "resp_person", "handling_result"}
    row = {"doc_ref": "甲", "resp_person": "丙", "handling_result": "好"}
    now = {"doc_ref": "丁", "resp_person": "戊"}
    found = returned(form, now, row, columns, said)
    assert [(d.field, d.new) for d in found.changes] == [("handling_result", "好")]
    assert [(d.field, d.old, d.new) for d in found.conflicts] == [("resp_person", "戊", "丙")]
