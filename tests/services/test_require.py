"""Table 1 as a decision table: what a task owes, and what a notice must have before it is filed (R20, R27, R31–R38)."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from qrecords.model.record import Record, State
from qrecords.model.requirements import parse_task, required_records, task_of_notice
from qrecords.model.settlement import alike, settle
from qrecords.model.tasktable import TASK_FIELDS, task_of_rows
from qrecords.services.require import owes_something
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.lists import read_rows_of
from qrecords.stores.procedure import Procedure
from tests.conftest import FORMS, CommandLine

TABLE = Procedure(FORMS).requirements
A, B = {"product_model": "SL-A"}, {"product_model": "SL-B"}
SITE = {"on_site": True}
REMOTE = {"on_site": False}


def owed(**task: Any) -> list[tuple[str, str]]:
    """Return what a task owes as (two digits, per), without the notice."""
    parsed, problems = parse_task(task)
    assert parsed is not None, problems
    required = required_records(TABLE, parsed)
    return [(r.form_code[6:8] or r.document, r.per) for r in required if r.form_code != "QR758-04A"]


UNIT, MODEL, TASK, PERIOD = "unit", "model", "task", "period"

# Written by hand from table 1 and 5.1.2.2, 5.5.7 of the procedure.
CASES: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"service_category": "开通", **SITE, "units": [A]}, [("07", UNIT)]),
    ({"service_category": "安装", **SITE, "units": [A, A]}, [("07", UNIT)] * 2),
    ({"service_category": "改造", **SITE, "units": [A, A, A]}, [("08", MODEL)]),
    ({"service_category": "试验", **SITE, "units": [A, A, B]}, [("07", UNIT)] * 3),
    ({"service_category": "开通", **SITE, "units": [A, A, A, B]}, [("07", UNIT), ("08", MODEL)]),
    ({"service_category": "开通", **SITE, "units": [A, A, A | {"fault": True}]}, [("07", UNIT)] * 3),
    (
        {"service_category": "开通", **SITE, "units": [A, A, A, A | {"fault": True, "parts_replaced": True}]},
        [("08", MODEL), ("07", UNIT), ("06", UNIT)],
    ),
    ({"service_category": "技术培训", **SITE, "total_hours": "3.9"}, [("06", TASK)]),
    ({"service_category": "技术培训", **SITE, "total_hours": 4}, [("05", PERIOD)]),
    ({"service_category": "技术培训", **REMOTE, "total_hours": 16}, [("05", PERIOD)]),
    ({"service_category": "技术培训", **SITE}, [("05", TASK)]),
    ({"service_category": "技术保障", **SITE, "units": [A, B]}, [("06", UNIT)] * 2 + [("技术保障专题总结汇报", TASK)]),
    ({"service_category": "现场维修", **SITE, "units": [A, A, A]}, [("06", UNIT)] * 3),
    ({"service_category": "技术咨询", **REMOTE, "channel": "电话"}, [("02", TASK)]),
    ({"service_category": "技术支持", **REMOTE, "channel": "传真"}, [("03", TASK)]),
    ({"service_category": "技术咨询", **REMOTE, "channel": "函件"}, [("10", TASK), ("09", TASK)]),
    ({"service_category": "返厂维修", **REMOTE, "units": [A]}, [("10", TASK), ("06", UNIT), ("09", TASK)]),
    ({"service_category": "备件供应", **REMOTE}, [("09", TASK)]),
    ({"service_category": "走访", **SITE}, []),
    ({"service_category": "现场维修", **SITE, "units": [A], "performed_by": "相关单位"}, [("06", UNIT), ("11", TASK)]),
    ({"service_category": "走访", **SITE, "feedback": ["建议"]}, [("01", TASK)]),
    ({"service_category": "走访", **SITE, "feedback": []}, []),
    (
        {"service_category": ["开通", "技术培训"], **SITE, "units": [A], "total_hours": 6},
        [("07", UNIT), ("05", PERIOD)],
    ),
]


@pytest.mark.parametrize(("task", "expected"), CASES, ids=lambda c: json.dumps(c, ensure_ascii=False)[:60])
def test_table_1(task: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert owed(**task) == expected


@pytest.mark.parametrize("on_site", [True, False])
def test_every_on_site_task_owes_a_notice_first(on_site: bool) -> None:
    task, _ = parse_task({"service_category": "走访", "on_site": on_site})
    assert task is not None
    codes = [r.form_code for r in required_records(TABLE, task)]
    assert codes == (["QR758-04A"] if on_site else [])


def test_every_row_is_used_by_some_case_and_says_its_clause_and_source() -> None:
    rows = tomllib.loads((FORMS / "requirements.toml").read_text(encoding="utf-8"))["rows"]
    used = set()
    for task, _ in CASES:
        parsed, _problems = parse_task(task)
        assert parsed is not None
        used |= {r.reason for r in required_records(TABLE, parsed)}
    assert {r["reason"] for r in rows} == used
    assert all(r["rule"].startswith("QS/PA758A") and r["source"] in {"procedure", "inferred"} for r in rows)


def test_the_command_answers_as_the_design_says(cli: CommandLine, write: Callable[..., Path]) -> None:
    task = write({"service_category": ["技术培训"], "on_site": True, "total_hours": 6})
    required = cli.json("require", task)["required"]
    assert [r["form_code"] for r in required] == ["QR758-04A", "QR758-05A"]
    assert {"form_code", "per", "reason", "rule"} <= set(required[1])
    assert "QS/PA758A 表1" in cli("require", task).out


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"service_category": "维修"}, "service_category"),
        ({}, "没有写 service_category"),
        ({"service_category": "开通", "units": [{"model": "x"}]}, "设备没有 model"),
        ({"service_category": "开通", "units": "x"}, "units"),
        ({"service_category": "开通", "total_hours": -1, "sites": 2}, "没有 sites"),
        ({"service_category": {"x": 1}, "total_hours": [1]}, "total_hours"),
        ([1], "对象"),
    ],
)
def test_a_wrong_task_is_told_whole(cli: CommandLine, write: Callable[..., Path], task: Any, words: str) -> None:
    ran = cli("--json", "require", write(task), ok=False)
    assert ran.status == 3
    assert any(words in p["message"] for p in ran.json["error"]["problems"])


def test_what_is_no_json_is_refused(cli: CommandLine, tmp_path: Path) -> None:
    for name, data in (("a.json", b"\xff\xfe"), ("b.json", b"{"), ("c.json", b"[" * 100_000)):
        (tmp_path / name).write_bytes(data)
        assert cli("require", tmp_path / name, ok=False).status == 3


def test_r20_clause_5_5_5_a_notice_shows_what_it_owes_has_and_misses(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    cli("fill", "04A", write(sample("04A")))
    notice = "QR758-04A-2025-00001"
    cli("issue", notice)
    task = cli.json("task", "show", notice)["task"]
    assert [(r["name"][:9], r["count"], r["missing"]) for r in task["required"]] == [
        ("QR758-08A", 3, 3),
        ("QR758-05A", 1, 1),
        ("QR758-06A", 1, 1),
    ]
    assert (task["due_on"], task["limit_on"], task["late"]) == ("2025-03-17", "2025-03-17", True), "Saturday rolls"
    for form in ("05A", "06A", "08A"):
        (made,) = cli.json("fill", form, write(sample(form)))["records"]
        assert cli.json("task", "show", notice)["task"]["missing"] > 0, "a draft is not handed in yet"
        cli("submit", made["record_no"])
    assert cli.json("task", "show", notice)["task"]["missing"] == 0
    assert "✓ QR758-08A或QR758-07A（SL-210）  应有3，已有3" in cli("task", "show", notice).out


@pytest.mark.office
def test_r20_clause_5_5_5_a_notice_is_not_filed_while_a_record_it_owes_is_missing(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    cli(
        "fill",
        "04A",
        write(sample("04A", reports=[{"form_code": "QR758-06A", "record_no": "QR758-06A-2025-00001", "copies": 1}])),
    )
    notice = "QR758-04A-2025-00001"
    cli("issue", notice)
    cli("fill", "06A", write(sample("06A")))
    cli("submit", notice)
    for kind in ("customer-seal", "engineer"):
        cli("sign", notice, "--kind", kind, "--by", "示例用户")
    cli("review", notice)
    refused = cli.json("file", notice, ok=False)["error"]
    told = [p["message"] for p in refused["problems"]]
    assert len(told) == 4
    assert all("QS/PA758A 5.5" in message for message in told)
    assert sum("提交报告清单" in message for message in told) == 1, "a draft is on the list"
    cli("submit", "QR758-06A-2025-00001")
    for form in ("05A", "08A"):
        (made,) = cli.json("fill", form, write(sample(form)))["records"]
        cli("submit", made["record_no"])
    cli("file", notice)


def test_r27_clause_4_the_information_of_a_related_unit_is_shown_but_does_not_hold_the_notice(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    unit = {"performed_by": "相关单位", "performing_unit": "示例研究所", "service_category": ["走访"]}
    cli("fill", "04A", write(sample("04A", **unit)))
    cli("issue", "QR758-04A-2025-00001")
    (debt,) = cli.json("task", "show", "QR758-04A-2025-00001")["task"]["required"]
    assert (debt["form_code"], debt["missing"], debt["holds_notice"]) == ("QR758-11A", 1, False)


def test_a_record_that_is_no_notice_has_no_task(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    cli("fill", "10A", write(sample("10A")))
    assert cli("task", "show", "QR758-10A-2025-00001", ok=False).status == 6
    assert cli("task", "show", "QR758-04A-2025-00009", ok=False).status == 5


# As a table: a clerk who does not write JSON


def table(path: Path, *rows: list[Any]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


HEAD = [
    "服务类别",
    "型号",
    "出厂编号",
    "数量",
    "有故障",
    "更换器件",
    "现场服务",
    "总学时",
    "信息渠道",
    "承办单位类别",
    "用户反馈",
]


def row_of(**cells: Any) -> list[Any]:
    return [cells.get(heading) for heading in HEAD]


def as_rows(task: dict[str, Any]) -> list[list[Any]]:
    """Return a task of CASES as a clerk would write it."""
    categories = task["service_category"]
    first = {
        "服务类别": categories if isinstance(categories, str) else "、".join(categories),
        "现场服务": "是" if task.get("on_site", True) else "否",
        "总学时": task.get("total_hours"),
        "信息渠道": task.get("channel"),
        "承办单位类别": task.get("performed_by"),
        "用户反馈": "、".join(task.get("feedback", [])) or None,
    }
    units = [
        {
            "型号": u["product_model"],
            "有故障": "有" if u.get("fault") else None,
            "更换器件": "是" if u.get("parts_replaced") else None,
        }
        for u in task.get("units", [{"product_model": None}])
    ]
    return [HEAD, row_of(**first, **units[0]), *(row_of(**unit) for unit in units[1:])]


@pytest.mark.parametrize(("task", "expected"), CASES, ids=lambda c: json.dumps(c, ensure_ascii=False)[:60])
def test_a_workbook_owes_what_the_same_task_owes(tmp_path: Path, task: dict[str, Any], expected: Any) -> None:
    rows, notes = read_rows_of(table(tmp_path / "任务.xlsx", *as_rows(task)), TASK_FIELDS, ())
    parsed, problems = task_of_rows(rows)
    assert parsed is not None and notes == (), problems
    found = [(r.form_code[6:8] or r.document, r.per) for r in required_records(TABLE, parsed)]
    assert [one for one in found if one[0] != "04"] == expected


def test_a_table_and_what_it_does_not_know(cli: CommandLine, tmp_path: Path) -> None:
    rows = [
        row_of(服务类别="开通", 型号="SL-A", 数量="3台", 现场服务="是"),
        row_of(服务类别="现场维修", 型号="SL-B", 出厂编号="007"),
    ]
    path = table(tmp_path / "任务.xlsx", [*HEAD, "随便"], *rows)
    ran = cli("--json", "require", path)
    assert [r["form_code"] for r in ran.json["required"]] == ["QR758-04A", "QR758-08A", "QR758-06A"]
    assert ran.json["required"][2]["units"] == ["007"]
    assert "「随便」" in cli("require", path).err
    flat = tmp_path / "任务.csv"
    flat.write_text("服务类别,现场服务\n走访,否\n", encoding="gb18030")
    assert cli.json("require", flat)["required"] == []


def test_every_error_of_a_table_is_told_with_its_row(cli: CommandLine, tmp_path: Path) -> None:
    path = table(
        tmp_path / "任务.xlsx",
        HEAD,
        row_of(服务类别="维修", 型号="SL-A", 数量=0),
        row_of(服务类别="开通", 型号="SL-A", 有故障="也许"),
    )
    refused = cli.json("require", path, ok=False)["error"]
    assert [(p["row"], p["field"]) for p in refused["problems"]] == [
        (2, "service_category"),
        (2, "quantity"),
        (3, "fault"),
    ]
    path = table(tmp_path / "两样.xlsx", HEAD, row_of(型号="SL-A", 现场服务="是"), row_of(型号="SL-B", 现场服务="否"))
    refused = cli.json("require", path, ok=False)["error"]
    assert [(p["row"], p["field"]) for p in refused["problems"]] == [(3, "on_site"), (2, "service_category")]
    empty = cli("require", table(tmp_path / "空.xlsx", HEAD), ok=False)
    assert (empty.status, "每台设备写一行" in empty.err) == (3, True)
    strange = cli("require", table(tmp_path / "别的.xlsx", ["甲", "乙"], ["1", "2"]), ok=False)
    assert (strange.status, "服务类别、型号" in strange.err) == (3, True)


def test_a_notice_not_filled_yet_tells_what_it_will_owe(
    cli: CommandLine, write: Callable[..., Path], sample: Callable[..., Any], tmp_path: Path
) -> None:
    notice = sample("04A")
    path = Path(cli.json("forms", "sheet", "04A", "-o", tmp_path / "通知单.xlsx")["path"])
    book = openpyxl.load_workbook(path)
    main, products = (next(s for s in book.worksheets if s.title.startswith(name)) for name in ("04A", "产品清单"))
    form = FormCatalogue(FORMS).get("04A").form
    for sheet, lines in ((main, [notice]), (products, notice["products"])):
        keys = {c.column: str(c.value).removesuffix("*") for c in sheet[1] if c.value}
        for number, line in enumerate(lines, start=2):
            sheet.cell(number, 1, 1)
            named = {form.label(k) if sheet is main else form.label(f"products.{k}"): v for k, v in line.items()}
            for column, heading in keys.items():
                if heading in named and not isinstance(named[heading], list | dict):
                    sheet.cell(number, column, named[heading])
                elif heading == "服务类别":
                    sheet.cell(number, column, "、".join(notice["service_category"]))
    book.save(path)
    told = [r["form_code"] for r in cli.json("require", path)["required"]]
    cli("fill", "04A", write(notice))
    cli("issue", "QR758-04A-2025-00001")
    shown = cli.json("task", "show", "QR758-04A-2025-00001")["task"]["required"]
    assert told == ["QR758-04A", *(r["form_code"] for r in shown)]


@pytest.mark.parametrize("name", ["任务.docx", "任务.xls", "任务"])
def test_another_kind_of_file_is_told_what_to_write(cli: CommandLine, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    refused = cli("require", tmp_path / name, ok=False)
    assert (refused.status, ".xlsx、.csv" in refused.err, "task show" in refused.err) == (3, True, True)


def product(model: str = "SL-A", serial: str = "1", **more: Any) -> dict[str, Any]:
    return {"product_model": model, "serial_no": serial, **more}


def record(number: str, **values: Any) -> Record:
    form = number.rpartition("-2026-")[0]
    day = "2026-03-05"
    made = Record(number, form, 2026, State.SUBMITTED, values, "", day, "", day, "")
    return replace(made, notice_no=values.get("notice_no", ""))


def notice(number: int, *products: dict[str, Any], category: str = "现场维修", by: str = "客户服务中心") -> Record:
    told = {"service_category": [category], "performed_by": by, "products": [*products]}
    return record(f"QR758-04A-2026-{number:05}", **told)


# The first and the second are alike; each other differs from the first in one thing that decides what it owes.
NOTICES = [
    notice(1, product()),
    notice(2, product(serial="2")),
    notice(3, product("SL-B")),
    notice(4, product(), product(serial="2")),
    notice(5, product(quantity=2)),
    notice(6, product(task="现场维修")),
    notice(7, product(), category="走访"),
    notice(8, product(), by="相关单位"),
    notice(9),
]


def test_r20_what_notices_alike_owe_is_looked_up_once_and_each_is_settled_by_its_own_records() -> None:
    one, other, *_ = NOTICES
    assert alike(one) == alike(other)
    assert len({alike(n) for n in NOTICES}) == len(NOTICES) - 1
    reports = [
        record(f"QR758-06A-2026-{at:05}", notice_no=n.record_no, product_model="SL-A", serial_no="1")
        for at, n in enumerate(NOTICES, start=1)
        if n is not other
    ]
    office: Any = SimpleNamespace(forms=FormCatalogue(FORMS))
    singly = {}
    for n in NOTICES:
        required = [r for r in required_records(TABLE, task_of_notice(n.values)) if r.form_code != n.form_code]
        named = [r for r in reports if r.notice_no == n.record_no]
        singly[n.record_no] = any(debt.missing for debt in settle(required, named, office.forms.doing("training")))
    assert owes_something(office, NOTICES, reports) == singly
    assert [singly[n.record_no] for n in NOTICES[:4]] == [False, True, True, True]
