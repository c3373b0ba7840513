"""What clerks do with ledgers beside writing on: monthly folders, copied rows, columns put in, files used again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.conftest import CommandLine
from tests.services.test_ledger import CALLS, HEADINGS, changed, count, filled, numbers, row_of

FORMS = ("10A", "01A")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ledger(path: Path, form: str, rows: list[list[Any]], title: str = "Sheet1") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = openpyxl.Workbook()
    made.worksheets[0].title = title
    for row in [HEADINGS[form], *rows]:
        made.worksheets[0].append(row)
    made.save(path)
    return path


def in_month(form: str, month: int, n: int, **cells: Any) -> list[Any]:
    row = row_of(form, n)
    row[0] = row[0].replace(month=month)
    for heading, value in cells.items():
        row[HEADINGS[form].index(heading)] = value
    return row


TEXT = {"10A": "标题/内容（用户需求）", "01A": "信息内容"}
UNIT = {"10A": "来件单位", "01A": "用户单位"}


def usual(form: str, month: int, n: int) -> list[Any]:
    """Return a row as an office has many: the same people and units, another matter."""
    return in_month(form, month, n, **{UNIT[form]: f"示例单位{n % 2}", TEXT[form]: f"{month}月事项第{n}件"})


def test_a_file_of_one_name_in_each_month_s_folder(cli: CommandLine, form: str, tmp_path: Path) -> None:
    march = [usual(form, 3, n) for n in range(1, 9)]
    april = [usual(form, 4, n) for n in range(1, 4)]
    made = ledger(tmp_path / "3月/台账.xlsx", form, march)
    assert len(filled(cli, form, made)[1]) == 8
    for n in range(4, 9):
        later = ledger(tmp_path / "4月/台账.xlsx", form, april)
        new = filled(cli, form, later)[1]
        assert len(new) == (3 if n == 4 else 1)
        assert cli.json("fill", form, later)["notes"] == [], "what lies in the other month's file is not missed here"
        april.append(usual(form, 4, n))
    assert len(filled(cli, form, made)[0]) == 8, "March again"
    march.append(usual(form, 3, 9))
    march[2][HEADINGS[form].index(TEXT[form])] = "3月事项第3件，改过"
    answer = cli.json("fill", form, ledger(made, form, march), ok=False)
    assert [c["record_no"] for c in answer["changed"]] == numbers(form, 3)
    assert [r["record_no"] for r in answer["records"] if not r.get("again")] == numbers(form, 16)


def test_two_clerks_whose_ledgers_have_one_name(cli: CommandLine, form: str, tmp_path: Path) -> None:
    first = [in_month(form, 3, n, **{TEXT[form]: f"甲处第{n}件"}) for n in (1, 2, 3, 4)]
    second = [in_month(form, 3, n, **{TEXT[form]: f"乙处第{n}件"}) for n in (1, 2)]
    filled(cli, form, ledger(tmp_path / "甲/台账.xlsx", form, first))
    assert len(filled(cli, form, ledger(tmp_path / "乙/台账.xlsx", form, second), "--same-again")[1]) == 2
    for n in (3, 4, 5):
        second.append(in_month(form, 3, n, **{TEXT[form]: f"乙处第{n}件", UNIT[form]: "示例单位乙"}))
        again, new = filled(cli, form, ledger(tmp_path / "乙/台账.xlsx", form, second))
        assert (len(again), len(new)) == (n - 1, 1)


def test_a_deleted_row_is_told_once(cli: CommandLine, form: str, tmp_path: Path) -> None:
    rows = [usual(form, 3, n) for n in range(1, 6)]
    filled(cli, form, ledger(tmp_path / "台账.xlsx", form, rows))
    del rows[2]
    path = ledger(tmp_path / "台账.xlsx", form, rows)
    assert any("不再有" in line for line in cli.json("fill", form, path)["notes"])
    rows.append(usual(form, 3, 7))
    assert cli.json("fill", form, ledger(path, form, rows))["notes"] == []
    rows.insert(2, usual(form, 3, 3))
    assert len(filled(cli, form, ledger(path, form, rows))[1]) == 0, "written back, it is the same record"


def test_a_row_deleted_from_a_sheet_with_another_name_is_told(cli: CommandLine, form: str, tmp_path: Path) -> None:
    rows = [usual(form, 3, n) for n in range(1, 6)]
    filled(cli, form, ledger(tmp_path / "台账.xlsx", form, rows, "三月"))
    notes = cli.json("fill", form, ledger(tmp_path / "台账.xlsx", form, rows[1:], "3月"))["notes"]
    assert any("不再有" in line and numbers(form, 1)[0] in line for line in notes)


def test_a_ledger_parted_into_two_files_misses_nothing(cli: CommandLine, form: str, tmp_path: Path) -> None:
    rows = [usual(form, 3, n) for n in range(1, 7)]
    filled(cli, form, ledger(tmp_path / "台账.xlsx", form, rows))
    for name, part in (("上旬", rows[:3]), ("中旬", rows[3:])):
        answer = cli.json("fill", form, ledger(tmp_path / f"{name}.xlsx", form, part))
        assert (answer["notes"], [r for r in answer["records"] if not r.get("again")]) == ([], [])


def test_rows_of_last_month_copied_and_edited(cli: CommandLine, form: str, tmp_path: Path) -> None:
    march = [in_month(form, 3, n, **{TEXT[form]: "月度巡检"}) for n in (1, 2, 3)]
    path = ledger(tmp_path / "台账.xlsx", form, march)
    filled(cli, form, path)
    april = [in_month(form, 4, n, **{TEXT[form]: "月度巡检"}) for n in (1, 2, 3)]
    assert len(filled(cli, form, ledger(path, form, march + april))[1]) == 3, "below them, with other dates alone"
    may = [in_month(form, 5, n, **{TEXT[form]: "月度巡检"}) for n in (1, 2, 3)]
    assert len(filled(cli, form, ledger(tmp_path / "五月.xlsx", form, may))[1]) == 3, "in a file of its own"


def test_the_ledger_written_over_for_a_new_month(cli: CommandLine, form: str, tmp_path: Path) -> None:
    path = ledger(tmp_path / "台账.xlsx", form, [usual(form, 3, n) for n in range(1, 5)])
    filled(cli, form, path)
    assert len(filled(cli, form, ledger(path, form, [usual(form, 4, n) for n in range(1, 5)]))[1]) == 4


@pytest.mark.parametrize("how", ["blank column", "unknown column", "blank rows", "remarks", "number column first"])
def test_what_is_put_between_changes_no_row(cli: CommandLine, form: str, tmp_path: Path, how: str) -> None:
    path = ledger(tmp_path / "台账.xlsx", form, [usual(form, 3, n) for n in range(1, 5)])
    given = filled(cli, form, path)[1]

    def put(sheet: Any) -> None:
        if how == "blank column":
            sheet.insert_cols(3)
        elif how == "unknown column":
            sheet.insert_cols(1)
            for row in range(1, 6):
                sheet.cell(row, 1).value = "我的序" if row == 1 else row - 1
        elif how == "blank rows":
            sheet.insert_rows(4, 3)
        elif how == "remarks":
            sheet.append(["合计", 4])
            sheet.append(["制表人：示例人员"])
        else:
            sheet.insert_cols(1)
            sheet.cell(1, 1).value = "编号"
            for row, number in enumerate(given, start=2):
                sheet.cell(row, 1).value = number

    again, new = filled(cli, form, changed(path, put))
    assert (sorted(again), new) == (given, [])
    changed(path, lambda s: s.insert_rows(2))
    assert filled(cli, form, path)[1] == []


def test_numbers_dragged_down_in_the_spreadsheet(cli: CommandLine, form: str, tmp_path: Path) -> None:
    """A spreadsheet counts on when a number is dragged down: numbers that are nobody's are told with what to do."""
    path = ledger(tmp_path / "台账.xlsx", form, [usual(form, 3, n) for n in range(1, 4)])
    cli("fill", form, path, "--in-place")

    def drag(sheet: Any) -> None:
        sheet.append([*usual(form, 3, 4), numbers(form, 4)[0]])
        sheet.append([*usual(form, 3, 5), numbers(form, 5)[0]])

    refused = cli("fill", form, changed(path, drag), ok=False)
    assert refused.err.count("没有编号是") == 2 and "写「新」" in refused.err
    assert count(cli) == 3


def test_a_row_copied_with_its_number_and_edited(cli: CommandLine, form: str, tmp_path: Path) -> None:
    path = ledger(tmp_path / "台账.xlsx", form, [usual(form, 3, n) for n in range(1, 4)])
    cli("fill", form, path, "--in-place")
    copy = changed(path, lambda s: s.append([*usual(form, 3, 9), numbers(form, 1)[0]]))
    refused = cli("fill", form, copy, ok=False)
    assert "同一个编号" in refused.err and "写「新」" in refused.err
    changed(copy, lambda s: s.cell(5, len(HEADINGS[form]) + 1, "新"))
    assert filled(cli, form, copy) == (numbers(form, 1, 2, 3), numbers(form, 4))


def test_a_second_sheet_is_told_not_read(cli: CommandLine, form: str, tmp_path: Path) -> None:
    path = ledger(tmp_path / "台账.xlsx", form, [usual(form, 3, n) for n in range(1, 4)], "三月")
    filled(cli, form, path)
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("四月")
    for row in [HEADINGS[form], usual(form, 4, 1)]:
        sheet.append(row)
    book.save(path)
    answer = cli.json("fill", form, path)
    assert [r["record_no"] for r in answer["records"]] == numbers(form, 1, 2, 3)
    assert any("「四月」" in line and "没有读入" in line for line in answer["notes"])


# A file written over with other records, by a program or by hand


def call(n: int, **values: Any) -> dict[str, Any]:
    row = [str(v)[:16] if isinstance(v, datetime | date) else v for v in row_of("01A", 1)]
    return dict(zip(CALLS, row, strict=True)) | {"信息内容": f"示例内容{n}"} | values


def test_other_records_under_the_same_name_are_new(cli: CommandLine, write: Callable[..., Path]) -> None:
    filled(cli, "01A", write([call(1), call(2, 用户单位="示例单位2")], "来电.json"))
    other = [
        call(3, 信息内容="电源烧毁一台，请派人", 联系人="示例另一人", 电话="0898-66009999", 接收人="示例值班员"),
        call(4, 信息内容="要一份说明书", 用户单位="示例单位9", 联系人="示例某某"),
    ]
    assert filled(cli, "01A", write(other, "来电.json")) == ([], numbers("01A", 3, 4)), "form, day and customer alike"


def test_where_both_can_be_meant_the_message_says_what_to_write(cli: CommandLine, write: Callable[..., Path]) -> None:
    filled(cli, "01A", write(call(1), "来电.json"))
    again = call(1, 用户单位="示例单位9")
    refused = cli("fill", "01A", write(again, "来电.json"), ok=False)
    assert '"记录编号": "新"' in refused.err and '"记录编号": "QR758-01A-2026-00001"' in refused.err
    assert filled(cli, "01A", write(again | {"记录编号": "新"}, "来电.json")) == ([], numbers("01A", 2))
    changed_one = write(call(1, 用户单位="示例单位8") | {"记录编号": "QR758-01A-2026-00001"}, "来电.json")
    told = cli.json("fill", "01A", changed_one, ok=False)
    assert [c["record_no"] for c in told["changed"]] == numbers("01A", 1)
    assert json.loads(changed_one.read_text(encoding="utf-8"))["用户单位"] == "示例单位8", "the input stays as it is"
