"""What a planned task would owe, the quality department's sheet, the check list of complaints: at the desk as by command."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from openpyxl import load_workbook

from qrecords.office import Office
from qrecords.services.intake.fill import fill
from qrecords.services.intake.taskfiles import require
from qrecords.stores.given import GivenFile, on_disk
from tests.web.test_desk import Browser

TASK: dict[str, Any] = {
    "service_category": ["开通", "现场维修"], "on_site": True, "performed_by": "客户服务中心",
    "units": [{"product_model": "TH-120", "serial_no": "S1", "fault": True}, {"product_model": "TH-120", "serial_no": "S2"}],
}  # fmt: skip
TYPED: dict[str, Any] = {
    "service_category": ["开通", "现场维修"], "on_site": "是", "performed_by": "客户服务中心",
    "units.0.product_model": "TH-120", "units.0.serial_no": "S1", "units.0.fault": "是",
    "units.1.product_model": "TH-120", "units.1.serial_no": "S2", "units.2.serial_no": "",
}  # fmt: skip


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(office).enter()


def test_a_task_typed_or_given_as_a_file_owes_what_the_command_says(office: Office, browser: Browser) -> None:
    data = json.dumps(TASK, ensure_ascii=False).encode()
    expected, _ = require(office, GivenFile("task.json", data))
    assert expected
    assert 'href="/owed"' in browser.get("/fill")
    browser.get("/owed")
    typed = browser.post("/owed", TYPED)
    given = browser.http.post("/owed", data={"token": browser.token}, files={"file": ("task.json", data)})
    for answer in (typed, given):
        assert answer.status_code == 200, answer.text
        for one in expected:
            assert one.reason in answer.text
            assert one.rule in answer.text
            assert all(f'action="/fill/QR758-{code[-3:]}"' in answer.text for code in [one.form_code] if code)
        assert answer.text.count('data-label="依据"') == len(expected)
    assert 'value="S1"' in typed.text, "what was typed stays, to be changed and asked again"


def test_a_task_half_written_says_what_is_missing_and_loses_nothing(browser: Browser) -> None:
    answer = browser.post("/owed", {"units.0.serial_no": "S9", "units.0.quantity": "多"})
    assert answer.status_code == 422
    assert "数量" in answer.text
    assert 'value="S9"' in answer.text
    bare = browser.post("/owed", {"on_site": "是"})
    assert "服务类别" in bare.text
    assert bare.status_code == 422
    wrong = browser.http.post("/owed", data={"token": browser.token}, files={"file": ("task.exe", b"MZ")})
    assert wrong.status_code == 422


def test_the_sheet_for_the_quality_department_and_the_check_list_are_given_as_files(
    office: Office, browser: Browser, sample: Callable[..., dict[str, Any]], write: Callable[..., Path]
) -> None:
    values = sample("01A", source_record_no=None, channel="电话", info_type=["投诉"], info_content="示例：请跟踪")
    number = str(fill(office, "01A", [on_disk(write(values))]).records[0].record_no)
    call = str(fill(office, "10A", [on_disk(write(sample("10A")))]).records[0].record_no)
    assert f'action="/records/{number}/feedback"' in browser.get(f"/records/{number}/papers")
    assert "/feedback" not in browser.get(f"/records/{call}/papers")
    sheet = browser.post(f"/records/{number}/feedback", {"kind": "docx"})
    assert sheet.status_code == 200, sheet.text
    document = Document(BytesIO(sheet.content))
    said = "".join(c.text for t in document.tables for row in t.rows for c in row.cells)
    assert "示例：请跟踪" in said
    assert browser.post(f"/records/{number}/feedback", {"kind": "exe"}).status_code == 409
    assert browser.post(f"/records/{call}/feedback", {"kind": "docx"}).status_code == 409
    year = values["received_at"][:4]
    assert f"/reports/complaints.xlsx?year={year}" in browser.get(f"/reports?year={year}")
    book = load_workbook(BytesIO(browser.http.get(f"/reports/complaints.xlsx?year={year}").content))
    assert number in {cell.value for row in book.worksheets[0].iter_rows() for cell in row}
    assert browser.http.get(f"/reports/complaints.exe?year={year}").status_code == 409
