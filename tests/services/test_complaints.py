"""Complaints and quality information (QS/PA758A 5.6, 5.7.2; rules R41, R42, R44)."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from docx import Document

from qrecords.errors import InvalidInput, NotPermitted, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.complaints import standing
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services import steps
from qrecords.services.complaints import checklist_file, complaints
from qrecords.services.due import due
from qrecords.services.feedback import feedback_file
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from qrecords.settings import load
from tests.conftest import CommandLine
from tests.services.test_rules import Desk, told

COMPLAINT = {"info_type": ["投诉"], "channel": "电话"}
OPEN = dict.fromkeys(["handled_on", "handling_result", "replied_at", "reply_content", "resolved"])
QUALITY = {"info_type": ["质量信息"], "channel": "电话", "qa_followup": None}
NUMBER = "QR758-01A-2025-00001"


@pytest.fixture
def desk(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> Desk:
    return Desk(office, sample, write)


def name_handlers(desk: Desk, *names: str) -> None:
    """Put names on the list of people.toml; the office reads it anew."""
    path = desk.office.settings.forms_dir / "people.toml"
    listed = ", ".join(f'"{name}"' for name in names)
    path.write_text(path.read_text(encoding="utf-8").replace("names = []", f"names = [{listed}]"), encoding="utf-8")
    desk.office.workspace.forget_forms()


def text_of(data: bytes) -> str:
    document = Document(BytesIO(data))
    return "\n".join(c.text for t in document.tables for row in t.rows for c in row.cells)


# R41


@pytest.mark.parametrize("kind", ["投诉", "抱怨"])
def test_r41_clause_5_6_a_complaint_is_handled_by_one_of_the_people_named(desk: Desk, kind: str) -> None:
    assert desk.new("01A", info_type=[kind], channel="电话"), "while nobody is named, anybody may"
    name_handlers(desk, "示例专员甲", " 示例专员乙")
    with pytest.raises(InvalidInput) as refused:
        desk.new("01A", info_type=[kind, "要求"], channel="电话", resp_person="示例工程师丙")
    assert "示例专员甲、示例专员乙（QS/PA758A 5.6）" in told(refused)
    assert desk.new("01A", info_type=[kind], channel="电话", resp_person="示例专员乙")
    assert desk.new("01A", info_type=["要求"], channel="电话", resp_person="示例工程师丙")
    assert desk.new("01A", info_type=[kind], channel="电话", resp_person=None), "not decided yet"


def test_r41_clause_5_6_who_was_named_when_it_was_written_stands(desk: Desk) -> None:
    number = desk.new("01A", **COMPLAINT, user_satisfied=None)
    name_handlers(desk, "示例专员甲")
    assert desk.change(number, user_satisfied="满意").values["resp_person"] == "示例工程师乙"
    with pytest.raises(InvalidInput) as refused:
        desk.change(number, resp_person="示例工程师丙")
    assert "示例专员甲" in told(refused)


@pytest.mark.parametrize("text", ["[complaint_handlers]\nlabel='x'\nrule='x'\nnames=['']", "[x]\nnames=['甲']", "["])
def test_r41_a_list_of_people_edited_wrongly_is_told(desk: Desk, text: str) -> None:
    (desk.office.settings.forms_dir / "people.toml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"people\.toml"):
        desk.new("01A", **COMPLAINT)


def test_r41_without_the_list_nothing_is_asked(desk: Desk) -> None:
    (desk.office.settings.forms_dir / "people.toml").unlink()
    assert desk.new("01A", **COMPLAINT)


@pytest.mark.parametrize(
    ("values", "closed", "days"),
    [
        ({}, "", 10),
        ({"handled_on": "2025-03-20"}, "", 10),
        ({"handled_on": "2025-03-20", "replied_at": "2025-03-19 08:00"}, "2025-03-20", 3),
        ({"handled_on": "2025-03-17", "replied_at": "2025-03-17 08:00"}, "2025-03-17", 0),
        ({"handled_on": "2025-03-20", "replied_at": "2025-03-20 08:00", "resolved": False}, "", 10),
    ],
)
def test_r41_clause_5_6_open_until_handled_and_answered(values: dict[str, Any], closed: str, days: int) -> None:
    record = Record(NUMBER, "QR758-01A", 2025, State.DRAFT, values, "", "2025-03-17", "示例单位一", "", "")
    found = standing(record, "2025-03-27")
    assert (found.closed, found.open, found.days) == (closed, not closed, days)


def test_r41_clause_5_6_show_and_due_say_how_long_it_is_open(desk: Desk) -> None:
    number = desk.new("01A", **COMPLAINT, **OPEN)
    told = show(desk.office, number).complaint
    assert told is not None
    assert (told.opened, told.closed, told.days, told.open) == ("2025-03-17", "", 352, True)
    (entry,) = [d for d in due(desk.office, on="2025-04-01").due if d.key == "information_due"]
    assert entry.detail == "投诉，未办结，已15天"
    assert show(desk.office, desk.new("01A", channel="电话", info_type=["建议"])).complaint is None
    (desk.office.settings.forms_dir / "disposition" / "complaints.toml").unlink()
    assert show(desk.office, number).complaint is None, "it stops what destroys, not who looks"
    with pytest.raises(InvalidInput, match="不知道哪些记录是投诉"):
        complaints(desk.office)


# R42


def test_r42_clause_5_6_the_check_list_has_every_complaint_of_the_period_and_room_for_the_inspector(
    desk: Desk, tmp_path: Path
) -> None:
    first = desk.new("01A", **COMPLAINT)
    second = desk.new("01A", channel="电话", info_type=["抱怨", "建议"], **OPEN)
    desk.new("01A", channel="电话", info_type=["建议"])
    void = desk.new("01A", **COMPLAINT, info_content="示例：另一件")
    steps.void(desk.office, [void], reason="示例：重复")
    assert complaints(desk.office, since="2025-03-18", until="2025-12-31").complaints == []
    assert complaints(desk.office).since == "2026-01-01"
    found = complaints(desk.office, since="2025-03-17", until="2025-03-17")
    assert [(c.record_no, c.open) for c in found.complaints] == [(first, False), (second, True)]
    text = text_of(checklist_file(desk.office, found, "检查表.docx"))
    for words in (
        "检查人",
        "检查日期",
        "检查结果",
        first,
        "2025年3月28日办结",
        "历时11天",
        "未办结",
        "共2件，其中未办结1件",
    ):
        assert words in text
    sheet = openpyxl.load_workbook(BytesIO(checklist_file(desk.office, found, "检查表.xlsx"))).worksheets[0]
    heads = [cell.value for cell in sheet[2]]
    assert heads[-3:] == ["检查人", "检查日期", "检查结果"]
    assert [row[1].value for row in sheet.iter_rows(min_row=3)] == [first, second]
    assert all(not cell.value for row in sheet.iter_rows(min_row=3, min_col=len(heads) - 2) for cell in row)


def test_r42_a_check_list_is_logged(desk: Desk) -> None:
    found = complaints(desk.office)
    with desk.office.register.read() as tx:
        assert [e.detail["total"] for e in tx.audit.events("complaints")] == [0], "looking is a reading too"
    checklist_file(desk.office, found, "检查表.docx")
    with desk.office.register.read() as tx:
        event = [*tx.audit.events("complaints")][-1]
    assert (event.action, event.detail["exported"], event.detail["total"]) == ("read", ".docx", 0)
    with pytest.raises(UsageError, match="扩展名"):
        checklist_file(desk.office, found, "检查表.txt")
    with pytest.raises(UsageError, match="晚于"):
        complaints(desk.office, since="2026-03-02", until="2026-03-01")


def test_r42_the_quality_department_sees_complaints_and_who_may_not_read_them_none(desk: Desk) -> None:
    number = desk.new("01A", **COMPLAINT)
    desk.new("01A", **COMPLAINT, secrecy_level="秘密", secrecy_period="10年")
    counted = {}
    for role in ("quality", "engineer"):
        account = Account("low", "示例员工", None, True, "", 1, (Grant(role),))
        found = complaints(replace(desk.office, account=account), since="2025-01-01")
        counted[role] = ([c.record_no for c in found.complaints], found.open)
    assert counted == {"quality": ([number], 0), "engineer": ([], 0)}


@pytest.mark.office
def test_r42_r44_both_papers_are_made_as_pdf(desk: Desk, tmp_path: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler-utils) is not installed")
    number = desk.new("01A", **COMPLAINT)
    data = checklist_file(desk.office, complaints(desk.office, since="2025-01-01"), "a.pdf")
    (tmp_path / "a.pdf").write_bytes(data)
    (tmp_path / "b.pdf").write_bytes(feedback_file(desk.office, number, "b.pdf"))
    for name, words in (("a.pdf", "用户投诉处理情况检查表"), ("b.pdf", "用户信息反馈/处理表")):
        done = subprocess.run(["pdftotext", tmp_path / name, "-"], capture_output=True, check=True)
        text = "".join(done.stdout.decode().split())
        assert words in text and number in text and "{{" not in text


# R44


def test_r44_clause_5_7_2_the_sheet_of_a_customers_information(desk: Desk, tmp_path: Path) -> None:
    number = desk.new("01A", **QUALITY)
    text = text_of(feedback_file(desk.office, number, "反馈.docx"))
    for words in (number, "示例单位一", "功放过热报警", "SL-120", "移交人", "质量部接收人", "处理结果", "跟踪验证"):
        assert words in text
    assert "问题描述" not in text, "the list of a QR758-11A is not there"
    with desk.office.register.read() as tx:
        event = [*tx.audit.events(number)][-1]
    assert (event.action, event.detail["sheet"]) == ("print", "feedback")


def test_r44_clause_5_7_2_the_sheet_of_a_related_units_service(desk: Desk, tmp_path: Path) -> None:
    items = [
        {"product": "SL-901", "problem": "示例：要跟踪的问题", "needs_qa": True},
        {"product": "SL-902", "problem": "示例：不用跟踪的问题", "needs_qa": False},
    ]
    number = desk.new("11A", notice_no=None, quality_items=items)
    text = text_of(feedback_file(desk.office, number, "a.docx"))
    assert "要跟踪的问题" in text and "不用跟踪的问题" not in text
    other = desk.new("11A", notice_no=None, quality_items=items[1:])
    with pytest.raises(WrongState, match="没有要质量部跟踪的内容"):
        feedback_file(desk.office, other, "b.docx")


def test_r44_only_information_is_fed_back_and_only_by_who_may_print_it(desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(WrongState, match="不是用户信息记录"):
        feedback_file(desk.office, desk.new("02A"), "a.docx")
    number = desk.new("01A", **QUALITY)
    reader = Account("low", "示例员工", None, True, "", 3, (Grant("supervisor"),))
    with pytest.raises(NotPermitted, match="打印"):
        feedback_file(replace(desk.office, account=reader), number, "b.docx")
    steps.void(desk.office, [number], reason="示例：重复")
    with pytest.raises(WrongState, match="作废"):
        feedback_file(desk.office, number, "c.docx")


def test_r44_the_external_code_is_the_offices_and_never_a_twelfth_form(desk: Desk, tmp_path: Path) -> None:
    path = desk.office.settings.root / "qrecords.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('code = ""', 'code = "ZL-示例-07"'), encoding="utf-8")
    workspace = replace(desk.office.workspace, settings=load(desk.office.settings.root))
    office = Office(workspace, desk.office.account)
    made = Document(BytesIO(feedback_file(office, desk.new("01A", **QUALITY), "a.docx")))
    head = made.sections[0].header.tables[0]
    assert "外部编号：ZL-示例-07" in [cell.text for row in head.rows for cell in row.cells]
    with pytest.raises(InvalidInput) as refused:
        path.write_text(text.replace('code = ""', 'code = "qr758-12A"'), encoding="utf-8")
        load(desk.office.settings.root)
    assert "受控表式" in told(refused)


def reminded(desk: Desk, on: str) -> list[tuple[str, str, bool]]:
    found = due(desk.office, on=on).due
    return [(d.key, d.who, d.late) for d in found if d.key.startswith("quality")]


def test_r44_clause_5_7_2_due_follows_the_hand_over_and_the_result(desk: Desk) -> None:
    number = desk.new("01A", **QUALITY)
    assert reminded(desk, "2025-03-18") == [("quality_handover", "示例接线员", False)]
    assert reminded(desk, "2025-03-19") == [("quality_handover", "示例接线员", True)]
    steps.sign(desk.office, [number], kind="quality-receipt", by="示例质量员", on="2025-03-18")
    assert reminded(desk, "2025-04-17") == [("quality_result", "质量部", False)]
    assert reminded(desk, "2025-04-18") == [("quality_result", "质量部", True)]
    desk.change(number, qa_followup="示例：措施有效")
    assert reminded(desk, "2025-04-18") == []


def test_r44_clause_5_7_2_a_related_units_item_is_followed_until_it_is_passed_on(desk: Desk) -> None:
    number = desk.new("11A", notice_no=None, transferred_to=None)
    assert [key for key, _, _ in reminded(desk, "2025-12-31")] == ["quality_handover"]
    steps.sign(desk.office, [number], kind="quality-receipt", by="示例质量员")
    assert [key for key, _, _ in reminded(desk, "2026-12-31")] == ["quality_result"]
    steps.submit(desk.office, [number])
    with pytest.raises(WrongState) as refused:
        steps.review(desk.office, [number])
        file_records(desk.office, [number])
    assert "请填「转办编号」（QS/PA758A 5.7.2）" in told(refused)
    desk.change(number, transferred_to=desk.new("01A", channel="电话"))
    assert reminded(desk, "2026-12-31") == []


def test_r41_r42_r44_the_commands_say_it(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    assert "共0件投诉" in cli("complaints").out
    cli("fill", "01A", write(sample("01A", **COMPLAINT, **OPEN)))
    assert "未办结，已" in cli("show", NUMBER).out
    found = cli.json("complaints", "--from", "2025-01-01", "-o", tmp_path / "检查表.xlsx")["complaints"]
    assert (found["open"], Path(found["path"]).exists()) == (1, True)
    assert "quality-receipt" in cli("feedback", NUMBER, "-o", tmp_path / "反馈.docx").out
    cli("feedback", NUMBER.lower())
    assert Path(f"{NUMBER}-反馈.docx").exists()
    assert cli("feedback", "QR758-01A-2025-00009", ok=False).status == 5
