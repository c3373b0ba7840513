"""The input readers on files as clerks make them: real workbooks made by openpyxl, text in the encodings of Windows."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput
from qrecords.model.form import Form
from qrecords.model.worksheet import RECORD_COLUMN, ROW_COLUMN
from qrecords.stores.inputs import InputRecord, file_sha256, nested, read_records
from qrecords.stores.inputs import book as book_module
from qrecords.stores.inputs.book import MAX_UNPACKED
from tests.conftest import CHECKOUT

SHARED_CSV = CHECKOUT.parent / "shared" / "data" / "fault_records.csv"

FORM = Form.model_validate(
    {
        "code": "QR758-06A",
        "title": "维修服务报告",
        "layout": "portrait",
        "date_field": "finished_on",
        "title_fields": ["fault_symptom"],
        "stages": [{"key": "report", "label": "维修报告"}],
        "steps": {},
        "fields": [
            {"key": "customer_unit", "label": "用户单位", "type": "text", "stage": "report"},
            {"key": "product_model", "label": "产品型号", "type": "text", "stage": "report"},
            {"key": "finished_on", "label": "完成日期", "type": "date", "stage": "report", "required": True},
            {"key": "fault_symptom", "label": "故障现象", "type": "ltext", "stage": "report"},
            {"key": "fault_cause", "label": "故障定位/原因", "type": "ltext", "stage": "report"},
            {"key": "work_hours", "label": "工时", "type": "dec", "stage": "report"},
            {
                "key": "parts",
                "label": "更换件",
                "type": "rows",
                "stage": "report",
                "columns": [
                    {"key": "name", "label": "名称", "type": "text"},
                    {"key": "quantity", "label": "数量", "type": "int"},
                ],
            },
            {
                "key": "tests",
                "label": "测试结果",
                "type": "rows",
                "stage": "report",
                "columns": [{"key": "item", "label": "测试项目", "type": "text"}],
            },
        ],
    }
)
HEADINGS = ["用户单位", "产品型号", "完成日期", "故障现象"]
ROW = ["示例单位一", "TH-120C", date(2026, 3, 4), "功放过热"]


def read(path: Path) -> list[InputRecord]:
    return list(read_records(path, FORM))


def values(path: Path) -> list[dict[str, Any]]:
    return [r.values for r in read(path)]


def refused(path: Path) -> InvalidInput:
    """Read a file that must be refused; every problem says where, and what to do."""
    with pytest.raises(InvalidInput) as caught:
        read(path)
    assert caught.value.remedy
    assert caught.value.problems
    assert all(p.source and p.source.startswith(path.name) for p in caught.value.problems)
    assert all("请" in str(p.message) for p in caught.value.problems)
    return caught.value


def wrong(path: Path) -> list[str]:
    """Return what the form finds wrong with the only record of a file."""
    (record,) = read(path)
    return [str(p.message) for p in FORM.check(record.values).problems]


def stored(path: Path) -> list[dict[str, Any]]:
    """Return the records of a file as the form stores them; nothing may be wrong with them."""
    found = [FORM.check(written) for written in values(path)]
    assert [p.message for c in found for p in c.problems] == []
    return [c.values for c in found]


def messages(error: InvalidInput) -> str:
    return "\n".join(f"{p.source} {p.row} {p.message}" for p in error.problems)


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """Make a workbook of sheets given as lists of rows."""

    def make(*plain: list[list[Any]], **sheets: list[list[Any]]) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.active)
        named = {f"Sheet{n}": rows for n, rows in enumerate(plain, start=1)} | sheets
        for title, rows in named.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        path = tmp_path / "input.xlsx"
        made.save(path)
        return path

    return make


@pytest.fixture
def text(tmp_path: Path) -> Callable[..., Path]:
    def make(name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return make


# JSON, YAML, TOML

JSON_ONE = (
    '{"用户单位": "示例单位一", "work_hours": 1.10, "parts": [{"name": "风扇", "quantity": 2}], "x": null, "y": true}'
)
EXPECTED_ONE = {
    "用户单位": "示例单位一",
    "work_hours": Decimal("1.10"),
    "parts": [{"name": "风扇", "quantity": 2}],
    "x": None,
    "y": True,
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_json_one_and_many(text: Callable[..., Path], encoding: str) -> None:
    assert read(text("a.json", JSON_ONE, encoding)) == [InputRecord("a.json", 1, EXPECTED_ONE)]
    many = read(text("b.json", f"[{JSON_ONE}, {JSON_ONE}]", encoding))
    assert [(r.row, r.values) for r in many] == [(1, EXPECTED_ONE), (2, EXPECTED_ONE)]


def test_digits_stay_as_written(text: Callable[..., Path]) -> None:
    for path in (
        text("a.json", '{"工时": 1.10}'), text("a.yaml", "工时: 1.10"), text("a.toml", '"工时" = 1.10'),
    ):  # fmt: skip
        (record,) = read(path)
        assert str(record.values["工时"]) == "1.10"
        assert FORM.check(record.values).values == {"work_hours": "1.10"}


def test_yaml_one_many_documents_and_lists(text: Callable[..., Path]) -> None:
    assert values(text("a.yaml", "用户单位: 示例单位一\n完成日期: 2026-03-04\n")) == [
        {"用户单位": "示例单位一", "完成日期": date(2026, 3, 4)}
    ]
    records = read(text("b.yml", "---\n工时: 1\n---\n- 工时: 2\n- 工时: 3\n---\n"))
    assert [(r.row, r.values) for r in records] == [(1, {"工时": 1}), (2, {"工时": 2}), (3, {"工时": 3})]
    assert values(text("c.yaml", "t: 2026-03-04 15:20:00")) == [{"t": datetime(2026, 3, 4, 15, 20)}]


@pytest.mark.parametrize(
    "written", ["15:20", "0123", "1_000", "0x1F", "1e3", "no", "on", "是", "2026-02-30", ".inf", "+8613800000000", "~a"]
)
def test_yaml_does_not_guess(text: Callable[..., Path], written: str) -> None:
    assert values(text("a.yaml", f"k: {written}\n")) == [{"k": written}]


def test_yaml_merges_and_references(text: Callable[..., Path]) -> None:
    content = """
- &a {用户单位: 示例单位一, 工时: 1}
- &b {<<: *a, 工时: 2}
- {<<: *b, 产品型号: X}
"""
    assert values(text("a.yaml", content)) == [
        {"用户单位": "示例单位一", "工时": 1},
        {"用户单位": "示例单位一", "工时": 2},
        {"用户单位": "示例单位一", "工时": 2, "产品型号": "X"},
    ]


def test_toml_one_and_many(text: Callable[..., Path]) -> None:
    assert values(text("a.toml", 'fault_symptom = "x"\nfinished_on = 2026-03-04\nt = 15:20:00\n')) == [
        {"fault_symptom": "x", "finished_on": date(2026, 3, 4), "t": "15:20"}
    ]
    path = text("b.toml", '[[records]]\na = 1\n[[records.parts]]\nname = "x"\n[[records]]\na = 2\n', "utf-8-sig")
    assert [(r.row, r.values) for r in read(path)] == [(1, {"a": 1, "parts": [{"name": "x"}]}), (2, {"a": 2})]


BAD_NESTED = {
    "twice.json": ('[{"a": 1}, {"a": 1, "a": 2, "b": {"c": 1, "c": 1}}]', "「a」写了两次"),
    "nan.json": ('{"工时": NaN}', "不是数字"),
    "infinity.json": ('[{"a": -Infinity}]', "不是数字"),
    "syntax.json": ('{"a": 1,\n}', "第2行第1个字符"),
    "digits.json": ('{"a": ' + "1" * 5000 + "}", "数字太长"),
    "deep.json": ("[" * 100_000, "太深"),
    "deeper.json": ('{"a":' * 30 + "1" + "}" * 30, "太深"),
    "scalars.json": ('["a", 1, null, [1]]', "不是一条记录"),
    "word.json": ('"a"', "不是一条记录"),
    "none.json": ("[]", "没有记录"),
    "none.yaml": ("# nothing\n", "没有记录"),
    "syntax.yaml": ("a: 1\nb: [1\nc: 2", "行有误"),
    "tab.yaml": ("a:\n\tb: 1", "第2行"),
    "python.yaml": ("a: !!python/object/apply:os.system ['x']", "行有误"),
    "twice.yaml": ("a: 1\nb: 2\na: 3\n", "「a」写了两次"),
    "nul.yaml": (b"a: \x00", "不能用的字符"),
    "text.yaml": ("just words", "不是一条记录"),
    "recursive.yaml": ("&a {x: *a}", "太深"),
    "recursive-list.yaml": ("&a [*a]", "不是一条记录"),
    "deep.yaml": ("a: " + "[" * 5000 + "]" * 5000, ""),
    "syntax.toml": ("a = 1\nb = = 2", "第2行"),
    "twice.toml": ("a = 1\na = 2\nb = 3", "第2行"),
    "nan.toml": ("a = nan\nb = inf", "不是数字"),
    "outside.toml": ("a = 1\n[[records]]\nb = 1", "写在了记录外面"),
    "dotted.toml": ("a." * 50_000 + "a = 1", "键名套得太深"),
    "dotted-table.toml": ("x = {" + '"a" . ' * 50_000 + "a = 1}", "键名套得太深"),
    "deep-flow.yaml": ("a: " + "[" * 2_000_000, "太深"),
    "deep-keys.yaml": ("? " * 100_000, "太深"),
    "deep.toml": ("a = " + "[" * 20_000, ""),
    "damaged.json": ('{"a": "故障现象故障现象"}'.encode()[:-6] + b'"}', "文字编码"),
    "binary.json": (bytes(range(128, 256)) * 9, "文字编码"),
}


@pytest.mark.parametrize("name", BAD_NESTED)
def test_bad_nested_files_are_refused(text: Callable[..., Path], name: str) -> None:
    content, words = BAD_NESTED[name]
    assert words in messages(refused(text(name, content)))


def test_all_problems_of_a_list_are_told(text: Callable[..., Path]) -> None:
    error = refused(text("a.json", '[{"a": 1}, 5, {"b": 1, "b": 2, "c": NaN}, {"d": 1}]'))
    assert [(p.row, p.field) for p in error.problems] == [(2, None), (3, "b"), (3, "c")]


def test_sound_records_come_before_the_refusal(text: Callable[..., Path]) -> None:
    got = []
    with pytest.raises(InvalidInput):
        for record in read_records(text("a.json", '[{"a": 1}, 5, {"d": 1}]'), FORM):
            got.append((record.row, record.values))
    assert got == [(1, {"a": 1}), (3, {"d": 1})]


@pytest.mark.parametrize("kind", ["lists", "mappings", "records"])
def test_a_yaml_alias_bomb_is_refused(text: Callable[..., Path], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nested, "MAX_VALUES", 100_000)  # the real limit takes a second
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for n in range(1, 12):
        inner = ", ".join([f"*a{n - 1}"] * 9)
        lines.append(f"a{n}: &a{n} [{inner}]" if kind != "mappings" else f"a{n}: &a{n} {{{_pairs(n)}}}")
    content = "\n".join(lines)
    if kind == "records":
        content = "- &r " + "\n  ".join(lines) + "\n" + "- *r\n" * 1000
    assert "展开后太大" in messages(refused(text("a.yaml", content)))


def _pairs(n: int) -> str:
    return ", ".join(f"k{i}: *a{n - 1}" for i in range(9))


# CSV


def as_csv(rows: list[list[str]], delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


TABLE = [
    HEADINGS,
    ["示例单位一", "TH-120C", "2026-03-04", "功放,过热;\n反复"],
    ["示例单位二", "", "2026/3/5", "「啸叫」"],
]
TABLE_VALUES = [
    {"用户单位": "示例单位一", "产品型号": "TH-120C", "完成日期": "2026-03-04", "故障现象": "功放,过热;\n反复"},
    {"用户单位": "示例单位二", "完成日期": "2026/3/5", "故障现象": "「啸叫」"},
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_in_every_encoding_and_delimiter(text: Callable[..., Path], encoding: str, delimiter: str) -> None:
    records = read(text("a.csv", as_csv(TABLE, delimiter), encoding))
    assert [r.values for r in records] == TABLE_VALUES
    assert [(r.source, r.row, r.notes) for r in records] == [("a.csv", 2, ()), ("a.csv", 3, ())]


def test_csv_headings_are_forgiven(text: Callable[..., Path]) -> None:
    content = " *完成日期 ,FAULT_SYMPTOM,备注栏,故障 现象2,用户单位\n2026-03-04,啸叫,x,y,示例单位一\n\n ,,,,\n2026-03-05,z,,,示例\n"
    records = read(text("a.csv", content))
    assert [(r.row, r.values) for r in records] == [
        (2, {"*完成日期": "2026-03-04", "FAULT_SYMPTOM": "啸叫", "用户单位": "示例单位一"}),
        (5, {"*完成日期": "2026-03-05", "FAULT_SYMPTOM": "z", "用户单位": "示例"}),
    ]
    assert FORM.check(records[0].values).values["finished_on"] == "2026-03-04"
    assert "「备注栏」" in records[0].notes[0]
    assert "「故障 现象2」（是不是「故障现象」？）" in records[0].notes[0]
    assert records[1].notes == ()


def test_csv_headings_below_a_title(text: Callable[..., Path]) -> None:
    content = as_csv([["维修服务报告", "", "", ""], ["", "", "", ""], *TABLE])
    assert [(r.row, r.values) for r in read(text("a.csv", content))] == [(4, TABLE_VALUES[0]), (5, TABLE_VALUES[1])]


@pytest.mark.parametrize(
    ("content", "row", "words"),
    [
        ("甲,乙\n1,2\n", 1, "没有 QR758-06A 的表头"),
        ("用户单位,故障现象,customer_unit\na,b,c\n", 1, "A、C 列的表头是同一栏「用户单位」"),
        ("用户单位,故障现象\na,b,多余\n", 2, "C 列有内容「多余」，但没有表头"),
        ("用户单位,,故障现象\na,错位,b\n", 2, "B 列有内容「错位」，但没有表头"),
        ('用户单位,故障现象\na,b\n"c,d\ne,f\n', 3, "引号不成对"),
        ("用户单位,故障现象\na," + "字" * 140_000 + "\n", 2, "太长"),
        ("用户单位,故障现象\n", None, "没有记录"),
    ],
    ids=["headings", "doubled", "beyond", "unnamed", "quote", "long", "empty"],
)
def test_bad_csv_is_refused(text: Callable[..., Path], content: str, row: int | None, words: str) -> None:
    error = refused(text("a.csv", content))
    assert words in messages(error)
    assert error.problems[0].row == row


def test_csv_problems_are_collected(text: Callable[..., Path]) -> None:
    content = "用户单位,,故障现象\na,x,b\nc,,d\n#N/A,,#VALUE!\ne,,f\n"
    got = []
    with pytest.raises(InvalidInput) as caught:
        for record in read_records(text("a.csv", content), FORM):
            got.append((record.row, record.sound, len(FORM.check(record.values).problems)))
    assert got == [(2, False, 0), (3, True, 0), (4, True, 2), (5, True, 0)]
    assert [p.row for p in caught.value.problems] == [2]


def test_damaged_utf8_is_not_taken_for_gb18030(text: Callable[..., Path]) -> None:
    content = bytearray(as_csv(TABLE).encode())
    at = content.index(b"TH-120C") - 2
    content[at] = 0xFF
    error = refused(text("a.csv", bytes(content)))
    assert error.problems[0].row == 2
    assert "编码损坏" in messages(error)


def test_csv_is_read_as_it_is_asked_for(text: Callable[..., Path]) -> None:
    records = read_records(text("a.csv", "用户单位\n" + "a\n" * 200_000), FORM)
    assert next(records).row == 2
    records.close()


# Tables a spreadsheet program could write come back as they were.
WORDS = st.text(st.sampled_from('故障现象啸叫泵,;\t"\n 15:-/abc'), max_size=12)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(WORDS, min_size=4, max_size=4), min_size=1, max_size=5), mark=st.sampled_from(",;\t"))
@example(rows=[["", "", "", "故障现象"], ["", "", "", "1"]], mark=",")
def test_what_csv_holds_comes_back(text: Callable[..., Path], rows: list[list[str]], mark: str) -> None:
    path = text("a.csv", as_csv([HEADINGS, *rows], mark))
    expected = [
        (number, kept)
        for number, row in enumerate(rows, start=2)
        if (kept := {h: c for h, c in zip(HEADINGS, row, strict=True) if c.strip()})
    ]
    if expected:
        assert [(r.row, r.values) for r in read(path)] == expected
    else:
        refused(path)


@pytest.mark.skipif(not SHARED_CSV.exists(), reason="the real fault records are not beside the checkout")
def test_real_records(tmp_path: Path) -> None:
    records = read(SHARED_CSV)
    with SHARED_CSV.open(encoding="utf-8", newline="") as stream:
        plain = list(csv.DictReader(stream))
    assert len(records) == len(plain) == 512
    assert [r.row for r in records] == list(range(2, 514))
    for record, line in zip(records, plain, strict=True):
        assert record.values == {k: line[k] for k in ("用户单位", "故障现象") if line[k].strip()}
    again = tmp_path / "excel.csv"
    again.write_bytes(SHARED_CSV.read_text(encoding="utf-8").encode("gb18030"))
    assert [r.values for r in read(again)] == [r.values for r in records]


# Workbooks


def test_a_plain_workbook(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, ROW, [None] * 4, ["示例单位二", 120, datetime(2026, 3, 5), "啸叫"]])
    records = read(path)
    assert [(r.source, r.row) for r in records] == [("input.xlsx!Sheet1", 2), ("input.xlsx!Sheet1", 4)]
    assert {k: str(v) for k, v in records[0].values.items()} == dict(zip(HEADINGS, map(str, ROW), strict=True))
    assert [(r["product_model"], r["finished_on"]) for r in stored(path)] == [
        ("TH-120C", "2026-03-04"),
        ("120", "2026-03-05"),
    ]


def test_the_sheet_that_fits_is_read(book: Callable[..., Path]) -> None:
    path = book(**{
        "说明": [["填表说明"], ["用户单位", "写全称"], ["完成日期", "写成 2026-03-04"]],
        "数据": [["维修服务报告"], [None], HEADINGS, ROW],
        "空": [],
    })  # fmt: skip
    (record,) = read(path)
    assert (record.source, record.row) == ("input.xlsx!数据", 4)


def test_a_second_sheet_that_fits_is_told(book: Callable[..., Path]) -> None:
    path = book(一月=[HEADINGS, ROW], 二月=[HEADINGS, ROW])
    (record,) = read(path)
    assert record.source == "input.xlsx!一月"
    assert "「二月」" in record.notes[0]


def test_hidden_sheets_are_not_read(book: Callable[..., Path]) -> None:
    path = book(旧=[HEADINGS, ROW], 新=[HEADINGS[:2], ROW[:2]])
    made = openpyxl.load_workbook(path)
    made["旧"].sheet_state = "hidden"
    made.save(path)
    assert [r.source for r in read(path)] == ["input.xlsx!新"]


def test_merged_headings_are_understood(book: Callable[..., Path]) -> None:
    path = book([
        ["维修服务报告", None, None, None, None],
        ["完成日期", "用户信息", None, "故障现象", "备注"],
        [None, "用户单位", "产品型号", None, None],
        ["2026-03-04", "示例单位一", "TH-120C", "啸叫", "不读"],
    ])  # fmt: skip
    made = openpyxl.load_workbook(path)
    for area in ("A1:E1", "A2:A3", "B2:C2", "D2:D3", "E2:E3"):
        made.active.merge_cells(area)
    made.save(path)
    (record,) = read(path)
    expected = {"完成日期": "2026-03-04", "用户单位": "示例单位一", "产品型号": "TH-120C", "故障现象": "啸叫"}
    assert (record.row, record.values) == (4, expected)
    assert "「备注」" in record.notes[0]


def test_headings_mostly_in_the_upper_row(book: Callable[..., Path]) -> None:
    path = book([
        ["完成日期", "故障现象", "工时", "用户信息", None],
        [None, None, None, "用户单位", "产品型号"],
        ["2026-03-04", "啸叫", 2.5, "示例单位一", "TH-120C"],
    ])  # fmt: skip
    (record,) = read(path)
    assert record.row == 3
    assert set(record.values) == {"完成日期", "故障现象", "工时", "用户单位", "产品型号"}


def test_headings_mostly_in_the_lower_row(book: Callable[..., Path]) -> None:
    path = book([
        ["维修服务报告"],
        ["完成日期", "用户信息", None, None, "备注"],
        [None, "用户单位", "产品型号", "故障现象", None],
        ["2026-03-04", "示例单位一", "TH-120C", "啸叫", "不读"],
    ])  # fmt: skip
    (record,) = read(path)
    assert set(record.values) == {"完成日期", "用户单位", "产品型号", "故障现象"}
    assert "「备注」" in record.notes[0]


def test_keys_below_labels_are_headings_too(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, ["customer_unit", "product_model", "finished_on", "fault_symptom"], ROW])
    assert [r.row for r in read(path)] == [3]


def with_cell(path: Path, where: str, value: Any, **attributes: Any) -> Path:
    made = openpyxl.load_workbook(path)
    made.active[where] = value
    for name, attribute in attributes.items():
        setattr(made.active[where], name, attribute)
    made.save(path)
    return path


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        ("D2", "#REF!", "「故障现象」（D 列）是公式错误 #REF!"),
        ("B2", 6123450123456789, "「产品型号」（B 列）的数字超过15位"),
        ("B2", 61234501234567890123.0, "「产品型号」（B 列）的数字超过15位"),
        ("B2", "=1+1", "「产品型号」（B 列）是还没有计算的公式"),
    ],
)
def test_cells_that_only_stand_for_a_value_are_refused(
    book: Callable[..., Path], where: str, value: Any, words: str
) -> None:
    assert words in "\n".join(wrong(with_cell(book([HEADINGS, ROW]), where, value)))


@pytest.mark.parametrize(
    ("where", "value", "row", "words"),
    [
        ("F2", "批注", 2, "F 列有内容「批注」，但没有表头"),
        ("E1", "customer_unit", 1, "A、E 列的表头是同一栏「用户单位」（「customer_unit」也是这一栏）"),
    ],
)
def test_bad_cells_are_refused(book: Callable[..., Path], where: str, value: Any, row: int, words: str) -> None:
    error = refused(with_cell(book([HEADINGS, ROW]), where, value))
    assert [p.row for p in error.problems] == [row]
    assert error.problems[0].source == "input.xlsx!Sheet1"
    assert words in messages(error)


def test_problems_of_a_workbook_are_collected(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, ["#REF!", *ROW[1:]], ROW, [*ROW, "无表头"], ["a", "#N/A", None, "#NUM!"]])
    got = []
    with pytest.raises(InvalidInput) as caught:
        for record in read_records(path, FORM):
            got.append((record.row, record.sound, len(FORM.check(record.values).problems)))
    assert got == [(2, True, 1), (3, True, 0), (4, False, 0), (5, True, 2)]
    assert [p.row for p in caught.value.problems] == [4]


def test_cells_read_as_they_are_shown(book: Callable[..., Path]) -> None:
    path = with_cell(book([HEADINGS, ROW]), "B2", 123, number_format="00000")
    assert stored(path)[0]["product_model"] == "00123"
    path = with_cell(path, "D2", time(15, 20))
    assert stored(path)[0]["fault_symptom"] == "15:20:00"  # h:mm:ss is what openpyxl gives a time
    path = with_cell(path, "D2", "一行_x000D_\n二行")
    assert values(path)[0]["故障现象"] in {"一行\r\n二行", "一行\n二行"}
    path = with_cell(book([HEADINGS, ROW]), "D2", 2.675)
    assert stored(path)[0]["fault_symptom"] == "2.675"


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """Change one part inside a workbook, as no library would write it."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_computed_formulas_give_their_results(book: Callable[..., Path]) -> None:
    path = with_cell(book([HEADINGS, [*ROW[:3], "x"], [*ROW[:3], "y"]]), "D2", '="甲"&"乙"')
    computed = rewritten(path, SHEET, lambda xml: xml.replace(b'<c r="D2"><f>', b'<c r="D2" t="str"><f>').replace(
        b"</f><v></v>", "</f><v>甲乙</v>".encode()).replace(b"</f><v />", "</f><v>甲乙</v>".encode()))  # fmt: skip
    assert [r["故障现象"] for r in values(computed)] == ["甲乙", "y"]
    empty = rewritten(path, SHEET, lambda xml: xml.replace("甲乙".encode(), b""))
    assert ["故障现象" in r for r in values(empty)] == [False, True]


def test_a_wrong_dimension_hides_no_rows(book: Callable[..., Path]) -> None:
    path = rewritten(book([HEADINGS, ROW, ROW]), SHEET, lambda xml: xml.replace(b'ref="A1:D3"', b'ref="A1"'))
    assert len(read(path)) == 2


def test_row_numbers_count_rows_left_out_of_the_file(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, *[[None]] * 6, ROW])
    assert [r.row for r in read(path)] == [8]


def test_rows_of_a_second_sheet_by_record(book: Callable[..., Path]) -> None:
    path = book(
        数据=[[RECORD_COLUMN, *HEADINGS], [1, *ROW], ["B", *ROW], [3.0, *ROW]],
        更换件=[[RECORD_COLUMN, "名称", "数量"], [1, "风扇", 2], ["B", "电容", 1], [1, "螺钉", 4]],
        tests=[["测试项目", RECORD_COLUMN], ["发射功率", "3"], [None, 1]],
    )
    first, _, third = values(path)
    assert [r.get("parts") for r in stored(path)] == [
        [{"name": "风扇", "quantity": 2}, {"name": "螺钉", "quantity": 4}], [{"name": "电容", "quantity": 1}], None,
    ]  # fmt: skip
    assert third["tests"] == [{"测试项目": "发射功率"}]
    assert "parts" not in third
    assert RECORD_COLUMN not in first


def test_rows_of_a_second_sheet_by_row(book: Callable[..., Path]) -> None:
    path = book(
        数据=[["标题"], HEADINGS, ROW, [None], ROW],
        更换件=[["名称", ROW_COLUMN], ["风扇", 5], ["电容", 3], ["螺钉", 5]],
    )
    assert [(r.row, r.values["parts"]) for r in read(path)] == [
        (3, [{"名称": "电容"}]),
        (5, [{"名称": "风扇"}, {"名称": "螺钉"}]),
    ]


def test_rows_of_the_only_record_need_no_number(book: Callable[..., Path]) -> None:
    path = book(数据=[HEADINGS, ROW], 更换件=[["名称", "数量"], ["风扇", 2], [None, None], ["电容", 1]])
    assert stored(path)[0]["parts"] == [{"name": "风扇", "quantity": 2}, {"name": "电容", "quantity": 1}]


@pytest.mark.parametrize(
    ("main", "lines", "words"),
    [
        ([HEADINGS, ROW, ROW], [["名称"], ["风扇"]], "没有写明各行属于哪一份"),
        ([HEADINGS, ROW, ROW], [[RECORD_COLUMN, "名称"], [1, "风扇"]], "主表没有「记录序号」这一列"),
        ([HEADINGS, ROW], [[RECORD_COLUMN, "名称"], [1, "风扇"], [2, "x"]], "主表没有「记录序号」这一列"),
        (
            [[*HEADINGS, RECORD_COLUMN], [*ROW, 1]],
            [[RECORD_COLUMN, "名称"], [7, "x"]],
            "主表里没有「记录序号」是 7 的记录",
        ),
        ([HEADINGS, ROW], [[ROW_COLUMN, "名称"], [9, "x"]], "主表里没有「主表行号」是 9 的记录"),
        ([[*HEADINGS, RECORD_COLUMN], [*ROW, 1], [*ROW, 1]], [[RECORD_COLUMN, "名称"], [1, "x"]], "与第2行的相同"),
        ([HEADINGS, ROW], [[RECORD_COLUMN, "名称"], [None, "x"]], "没有写「记录序号」"),
        ([HEADINGS, ROW], [["品名", "个数"], ["x", 1]], "没有「更换件」的表头"),
        ([HEADINGS, ROW], [["名称", "name"], ["x", 1]], "A、B 列的表头是同一栏"),
    ],
)
def test_lines_that_cannot_be_placed_are_refused(
    book: Callable[..., Path], main: list[list[Any]], lines: list[list[Any]], words: str
) -> None:
    path = book(数据=main, 更换件=lines)
    got = []
    with pytest.raises(InvalidInput) as caught:
        for record in read_records(path, FORM):
            got.append(record)
    assert got
    assert not any(record.sound for record in got)  # no record may be made without its lines
    assert all("parts" in record.blocked for record in got)
    assert words in messages(caught.value)


def test_a_wrong_cell_of_a_line_is_told_with_its_place(book: Callable[..., Path]) -> None:
    (record,) = read(book(数据=[HEADINGS, ROW], 更换件=[["名称", "数量"], ["x", "#REF!"]]))
    assert [p.field for p in FORM.check(record.values).problems] == ["parts[1].quantity"]
    assert record.lines["parts[1]"] == ("更换件", 2)


def test_an_empty_sheet_of_lines_is_nothing(book: Callable[..., Path]) -> None:
    assert "parts" not in values(book(数据=[HEADINGS, ROW], 更换件=[]))[0]
    assert "parts" not in values(book(数据=[HEADINGS, ROW], 更换件=[["名称"]]))[0]


def zipped(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return path


def ole(name: str, inside: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504 + inside)
        return folder / name

    return make


def make_file(name: str, content: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return make


def make_folder(folder: Path) -> Path:
    (folder / "a.xlsx").mkdir()
    return folder / "a.xlsx"


def make_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.json")
    return folder / "a.json"


BAD_FILES: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.json", "找不到"),
    "folder": (make_folder, "是文件夹"),
    "pipe": (make_pipe, "不是普通文件"),
    "empty": (make_file("a.csv", b""), "空文件"),
    "old workbook": (make_file("a.xls", b"x"), "另存为 .xlsx"),
    "unknown": (make_file("a.doc", b"x"), ".json"),
    "no extension": (make_file("a", b"x"), "没有扩展名"),
    "xls named xlsx": (ole("a.xlsx", b""), "旧版"),
    "xls named csv": (ole("a.csv", b""), "旧版"),
    "password": (ole("a.xlsx", "EncryptedPackage".encode("utf-16-le")), "密码"),
    "text named xlsx": (make_file("a.xlsx", "用户单位\n".encode()), "内容却不是"),
    "workbook named csv": (make_file("a.csv", b"PK\x03\x04rest"), "扩展名改为 .xlsx"),
    "torn": (make_file("a.xlsx", b"PK\x03\x04rest"), "已损坏"),
    "plain zip": (lambda folder: zipped(folder / "a.xlsx", a=b"x"), "是压缩包"),
    "hollow": (lambda folder: zipped(folder / "a.xlsx", **{"[Content_Types].xml": b"<x/>"}), "已损坏"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_are_not_what_they_should_be(tmp_path: Path, case: str) -> None:
    make, words = BAD_FILES[case]
    if make is make_pipe and not hasattr(os, "mkfifo"):
        pytest.skip("no pipes on this system")
    path = make(tmp_path)
    error = refused(path)
    assert words in f"{worded(error.message)} {worded(error.remedy)}"


def test_torn_workbooks_never_give_a_traceback(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, ROW, ROW])
    whole = path.read_bytes()
    for size in range(0, len(whole), 97):
        path.write_bytes(whole[:size])
        refused(path)


@pytest.mark.parametrize("part", ["xl/workbook.xml", SHEET, "xl/styles.xml", "[Content_Types].xml"])
@pytest.mark.parametrize("how", ["cut", "garbage", "empty"])
def test_damaged_parts_never_give_a_traceback(book: Callable[..., Path], part: str, how: str) -> None:
    change = {"cut": lambda x: x[: len(x) // 2], "garbage": lambda x: b"\x01<<" + x, "empty": lambda x: b""}[how]
    path = rewritten(book([HEADINGS, ROW]), part, change)
    try:
        records = values(path)
    except InvalidInput as error:
        assert error.problems
    else:
        assert records == values(book([HEADINGS, ROW]))  # the library forgave it without loss


def test_a_zip_bomb_is_refused_before_it_is_unpacked(book: Callable[..., Path]) -> None:
    path = book([HEADINGS, ROW])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr("xl/media/image1.png", b"\0" * (MAX_UNPACKED + 1))
    assert path.stat().st_size < 2 << 20
    assert "解开后超过" in messages(refused(path))


def test_an_entity_bomb_in_a_sheet_is_refused(book: Callable[..., Path]) -> None:
    entities = b'<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12)
    )
    path = rewritten(
        book([HEADINGS, ROW]),
        SHEET,
        lambda xml: entities + b"]>" + xml.split(b"?>", 1)[-1].replace(b"<sheetData>", b"<sheetData>&a11;", 1),
    )
    refused(path)


def test_a_row_far_beyond_the_sheet_is_refused(book: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "MAX_ROW", 10_000)  # the real limit takes seconds
    path = rewritten(book([HEADINGS, ROW]), SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="99999999999"'))
    assert "太大" in messages(refused(path))


def test_a_workbook_without_the_headings(book: Callable[..., Path]) -> None:
    assert "没有一个工作表" in messages(refused(book([["甲", "乙"], [1, 2]])))
    assert "没有一个工作表" in messages(refused(book([])))
    assert "没有记录" in messages(refused(book([HEADINGS])))


@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(text: Callable[..., Path]) -> None:
    path = text("a.json", "{}")
    path.chmod(0)
    assert "没有权限" in messages(refused(path))


def test_a_disk_that_fails_while_reading(text: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path = text("a.json", "{}")

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "denied", str(path))

    monkeypatch.setattr(Path, "open", fail)
    assert "没有权限" in messages(refused(path))


def test_the_hash_is_of_the_bytes(text: Callable[..., Path], tmp_path: Path) -> None:
    path = text("a.json", JSON_ONE)
    assert file_sha256(path) == hashlib.sha256(JSON_ONE.encode()).hexdigest()
    with pytest.raises(InvalidInput):
        file_sha256(tmp_path)


# Whatever YAML or JSON could take for a mark of its own.
MARKED = st.text(st.sampled_from("故障ab15 .:,#-'\"{}[]&*!|>%@`~?\\\n"), max_size=8)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | MARKED,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MARKED, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(MARKED, JSON_VALUES, max_size=4), min_size=1, max_size=4))
def test_what_json_and_yaml_hold_comes_back(text: Callable[..., Path], records: list[dict[str, Any]]) -> None:
    assert values(text("a.json", json.dumps(records))) == records
    assert values(text("a.yaml", json.dumps(records, ensure_ascii=False))) == records  # YAML holds JSON
    assert values(text("a.yml", yaml.safe_dump(records, allow_unicode=True))) == records
