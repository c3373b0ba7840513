"""Spare parts proposed at the desk, and the papers that go along with a unit: as by command, and by whom alone."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest

from qrecords.model.access import Account, Grant
from qrecords.office import Office
from qrecords.services.administer import open_office
from qrecords.services.intake.fill import fill
from qrecords.services.packs import switch
from qrecords.services.spares import spare_plan
from qrecords.services.steps import void
from qrecords.stores.given import GivenFile, on_disk
from tests.conftest import at_now
from tests.services.test_packs import REFUSED, paper
from tests.services.test_spares import STOCK, with_repairs
from tests.web.test_desk import Browser


@pytest.fixture
def browser(office: Office) -> Browser:
    return Browser(with_repairs(office)).enter()


def stocked(browser: Browser, **said: str) -> tuple[int, str]:
    files = {"stock": ("库存.csv", STOCK.encode(), "text/csv")}
    answer = browser.http.post("/spares", data={"token": browser.token, **said}, files=files)
    return answer.status_code, answer.text


def test_what_is_proposed_is_what_the_command_says_and_becomes_a_plan(office: Office, browser: Browser) -> None:
    assert 'href="/spares"' in browser.get("/fill")
    assert "开始填计划" not in browser.get("/spares")
    (part,) = spare_plan(office, holdings=GivenFile("库存.csv", STOCK.encode())).parts
    status, text = stocked(browser)
    assert status == 200
    told = re.findall(r'<td(?: data-label="[^"]*")?>(?:<strong>)?([^<]*)', text)
    assert told == [
        part.name, part.model, part.product_model, str(part.last_year), part.yearly_mean, part.kind, part.method,
        part.demand, "12", "6", "2", "4",
    ]  # fmt: skip
    assert "2027年度" in text and "按 2023-03 至 2026-02 共36个月" in text
    kept = dict(re.findall(r'name="(kept\w*)" value="([^"]*)"', text))
    begun = browser.post("/spares", {"do": "draft", **kept})
    page = browser.get(begun.headers["location"])
    for key, value in (("proposal", "4"), ("stock", "6"), ("on_order", "2"), ("last_year", "6"), ("demand", "5.3")):
        assert re.search(rf'name="parts\.0\.{key}"[^>]*value="{value}"', page), key
    assert re.search(r'name="plan_year"[^>]*value="2027"', page)
    book = openpyxl.load_workbook(BytesIO(browser.post("/spares", {"do": "workbook", **kept}).content))
    assert 4 in [cell.value for row in book["备件"].iter_rows() for cell in row]
    assert "库存、在途都按0算" in browser.post("/spares", {}).text


def test_a_stock_too_large_for_the_page_is_asked_for_again(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qrecords.web.pages.spares.LARGEST_KEPT", 10)
    status, text = stocked(browser)
    assert status == 200
    assert "没有留在这一页上" in text and 'name="kept"' not in text


def test_what_cannot_be_read_is_told(browser: Browser) -> None:
    assert "还没有过完" in browser.post("/spares", {"until": "2026-03"}).text
    assert browser.post("/spares", {"until": "x"}).status_code == 409
    assert "重新选一次" in browser.post("/spares", {"kept_name": "库存.csv", "kept": "?"}).text
    files = {"stock": ("库存.exe", b"MZ", "text/csv")}
    assert browser.http.post("/spares", data={"token": browser.token}, files=files).status_code in {409, 422}


def test_who_may_not_draw_reports_of_the_centre_has_no_such_page(browser: Browser, office: Office) -> None:
    account = Account("clerk", "示例甲", None, True, "", 3, (Grant("clerk"),))
    with office.register.write() as tx:
        tx.accounts.add(account, office.now())
        tx.audit.append([office.event("accounts", "account/clerk")])
    clerk = Browser(Office(office.workspace, account)).enter()
    assert 'href="/spares"' not in clerk.get("/fill")
    assert clerk.http.get("/spares").status_code == 403
    assert clerk.post("/spares", {"do": "draft"}).status_code == 403


@pytest.fixture
def with_units(office: Office) -> Iterator[Office]:
    switch(office, "return_repair", on=True)
    with closing(open_office(office.settings.root, clock=at_now)) as opened:
        yield opened


def test_papers_go_along_from_the_page_of_the_record(with_units: Office, write: Callable[..., Path]) -> None:
    lacking = {"has_packing_list": False, "acceptance": "拒收", "refusal_reason": "缺装箱清单"}
    values = paper("return_repair", serial_no="10", batch_no="FX-2026-02", **REFUSED | lacking)
    number = fill(with_units, "FX", [on_disk(write(values))]).records[0].record_no
    browser = Browser(with_units).enter()
    assert "随案文件" in browser.get(f"/records/{number}")
    page = browser.get(f"/records/{number}/papers")
    assert re.findall(r'name="name" value="(\w+)"', page) == ["intake", "refusal"]
    made = browser.post(f"/records/{number}/excerpt", {"name": "refusal", "kind": "docx"})
    assert made.status_code == 200
    with zipfile.ZipFile(BytesIO(made.content)) as book:
        assert "缺装箱清单" in re.sub(r"<[^>]+>", "", book.read("word/document.xml").decode())
    assert browser.post(f"/records/{number}/excerpt", {"name": "delivery", "kind": "docx"}).status_code == 404
    assert browser.post(f"/records/{number}/excerpt", {"name": "../x", "kind": "pdf"}).status_code == 404
    assert browser.post(f"/records/{number}/excerpt", {"name": "refusal", "kind": "exe"}).status_code == 409
    void(with_units, [number], reason="示例")
    assert "随案文件</h2>" not in browser.get(f"/records/{number}/papers")
    assert browser.post(f"/records/{number}/excerpt", {"name": "refusal", "kind": "docx"}).status_code == 409
