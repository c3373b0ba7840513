"""The list of delivered units (R136): by command and at the desk, from the records the account may read."""

from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import pytest

from qrecords.errors import UsageError
from qrecords.model.access import Grant
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.tracking import lines_of, tracking, tracking_file
from tests.services.test_report_figures import keep, submitted
from tests.web.test_desk import Browser

LISTED = "产品名称,型号,出厂编号,交付日期\n电台,SL-120,01,2025-01-10\n电台,SL-120,02,2025-11-20\n电台,SL-90,03,\n"


@pytest.fixture
def office(office: Office) -> Office:
    (office.settings.root / "products.csv").write_text(LISTED, encoding="utf-8")

    def report(n: int, day: str, state: State = State.SUBMITTED, **values: Any) -> Record:
        return submitted("06A", n, day, state, **values)

    keep(office, [report(1, "2025-08-01", serial_no="01"), report(2, "2025-08-02", State.VOID, serial_no="01"),
                  report(3, "2025-12-02", serial_no="02", military_branch="空军", customer_unit="乙部队")])  # fmt: skip
    return office


def test_r136_one_line_a_delivered_unit(office: Office) -> None:
    found = tracking(office)
    assert (found.undated, found.whole) == (1, True)
    shown = [
        [line[k] for k in ("serial_no", "customer_unit", "last_mark", "next_mark", "troubles")]
        for line in lines_of(found)
    ]
    assert shown == [
        ["01", "甲部队", "2026-01-10 未回访", "2027-01-10", "1"], ["02", "乙部队", "2025-12-20 未回访", "2026-05-20", "1"],
    ]  # fmt: skip
    assert [u.serial_no for u in tracking(office, "SL-90").units] == []
    rows = [*csv.reader(tracking_file(found, "跟踪.csv").decode("utf-8-sig").splitlines())]
    assert rows[0][:3] == ["型号", "出厂编号", "交付日期"] and rows[1][1] == "01"
    assert b'"marks"' in tracking_file(found, "跟踪.json")
    with pytest.raises(UsageError, match="扩展名"):
        tracking_file(found, "跟踪.pdf")


def test_what_may_not_be_read_is_in_no_line(office: Office) -> None:
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="海军"),)))
    found = tracking(narrow)
    assert [(u.serial_no, u.customer_unit, u.troubles) for u in found.units] == [("01", "甲部队", 1), ("02", "", 0)]
    assert not found.whole


def test_at_the_desk_it_is_a_page_and_a_file(office: Office) -> None:
    browser = Browser(office).enter()
    assert 'href="/office/tracking"' in browser.get("/office/lists/products")
    page = browser.get("/office/tracking")
    assert "2026-01-10 未回访" in page and "没有写交付日期的1条不在内" in page
    assert "没有含有「无此型号」的" in browser.get("/office/tracking?q=无此型号")
    answer = browser.http.get("/office/tracking/list.csv?q=SL-120")
    assert answer.status_code == 200 and "乙部队" in answer.content.decode("utf-8-sig")
    assert browser.http.get("/office/tracking/list.pdf").status_code == 409
