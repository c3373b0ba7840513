"""举一反三 (R176): of a fault, the units of the same model and batch into an item of improvement, none that may not be read."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Any

import openpyxl
import pytest

from qrecords.errors import NotFound, UsageError, WrongState
from qrecords.model.access import Grant
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.services.alike import alike, alike_file
from qrecords.services.finding.find import show
from qrecords.services.intake.fill import fill
from qrecords.stores.given import GivenFile
from tests.services.test_report_figures import keep, submitted
from tests.web.test_desk import Browser

LISTED = "产品名称,型号,出厂编号,批次/生产日期\n电台,SL-120,01,2024-1\n电台,SL-120,02,2024-1\n电台,SL-120,03,2024-2\n电台,SL-90,04,2024-1\n"
FAULT = "QR758-06A-2026-00001"


@pytest.fixture
def office(office: Office) -> Office:
    """Return an office of a list of units and reports of some: one void, one of another branch, one without a batch."""
    (office.settings.root / "products.csv").write_text(LISTED, encoding="utf-8")

    def report(code: str, n: int, state: State = State.SUBMITTED, **values: Any) -> Record:
        return submitted(code, n, f"2026-02-{n:02}", state, **values)

    keep(
        office,
        [
            report("06A", 1, serial_no="01", production_batch="2024-1", fault_symptom="接插件松动"),
            report("07A", 2, serial_no="０２", customer_unit="乙部队"),  # of the list, written wide
            report("08A", 3, units=[{"serial_no": "11"}, {"serial_no": "01"}], customer_unit="丙部队"),
            report("06A", 4, State.VOID, serial_no="12", production_batch="2024-1"),
            report("06A", 5, serial_no="13", production_batch="2024-1", military_branch="空军", customer_unit="丁部队"),
            report("06A", 6, product_model="SL-90", serial_no="14", production_batch="2024-1"),
            report("11A", 7, product_model=None, products=[{"product_model": "SL-120"}, {"product_model": "SL-90"}],
                   quality_items=[{"product": "SL-120", "problem": "示例问题", "needs_qa": True}]),
            report("06A", 8, product_model=None, fault_symptom="无故障"),
        ],
    )  # fmt: skip
    return office


def test_r176_the_units_of_model_and_batch_come_back_as_an_item(office: Office) -> None:
    """Another batch is left out, a unit without one is not: it may be of this batch. The faulty unit is none of them."""
    found = alike(office, "06A-2026-1")
    assert [(u.serial_no, u.batch, u.customer_unit, u.told_by) for u in found.units] == [
        ("02", "2024-1", "乙部队", "产品清单"), ("11", "", "丙部队", "QR758-08A-2026-00003"),
        ("13", "2024-1", "丁部队", "QR758-06A-2026-00005"),
    ]  # fmt: skip
    assert (found.models, found.batches, found.unknown) == (["SL-120"], ["2024-1"], 1)
    book = openpyxl.load_workbook(BytesIO(alike_file(office, found, "改进项.xlsx")))
    main, units = book.worksheets[1], book["同型号同批次自查"]
    heads = {str(c.value).rstrip("*"): c.column for c in main[1]}
    assert (main.cell(2, heads["问题"]).value, main.cell(2, heads["来源类别"]).value) == ("接插件松动", "故障")
    assert {row[-1].value for row in units.iter_rows(min_row=2, max_row=4)} == {"未查"}
    for head, value in (("责任单位", "甲所"), ("责任人", "示例甲"), ("要求完成", "2026-05-31")):
        main.cell(2, heads[head]).value = value
    stream = BytesIO()
    book.save(stream)
    (made,) = fill(office, "GJ", [GivenFile("改进项.xlsx", stream.getvalue())]).records
    values = show(office, made.record_no).values
    assert values["sources"] == [{"record_no": FAULT}]
    assert [(u["serial_no"], u["result"]) for u in values["units"]] == [("02", "未查"), ("11", "未查"), ("13", "未查")]


def test_a_fault_without_a_batch_is_looked_for_in_all_units_of_its_models(office: Office) -> None:
    found = alike(office, "QR758-11A-2026-00007")
    assert [(u.product_model, u.serial_no) for u in found.units] == [
        *(("SL-120", n) for n in ("01", "02", "03", "11", "13")), ("SL-90", "04"), ("SL-90", "14"),
    ]  # fmt: skip
    assert (found.batches, found.unknown, found.values["problem"]) == ([], 0, "示例问题")


def test_what_an_account_may_not_read_is_not_among_them(office: Office) -> None:
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="海军"),)))
    assert [u.serial_no for u in alike(narrow, FAULT).units] == ["02", "11"]
    with pytest.raises(NotFound):
        alike(narrow, "QR758-06A-2026-00005")


def test_what_is_no_fault_is_told(office: Office) -> None:
    for number in ("QR758-07A-2026-00002", "QR758-06A-2026-00004", "QR758-06A-2026-00008"):
        with pytest.raises(WrongState, match="不是写明型号的故障记录"):
            alike(office, number)
    with pytest.raises(UsageError, match="扩展名"):
        alike_file(office, alike(office, FAULT), "改进项.pdf")


def test_at_the_desk_an_item_is_begun_from_the_papers_of_the_fault(office: Office) -> None:
    browser = Browser(office).enter()
    assert f'action="/records/{FAULT}/alike"' in browser.get(f"/records/{FAULT}/papers")
    assert "/alike" not in browser.get("/records/QR758-07A-2026-00002/papers")
    begun = browser.post(f"/records/{FAULT}/alike", {})
    page = browser.get(begun.headers["location"])
    for key, value in (("units.0.serial_no", "02"), ("units.2.serial_no", "13"), ("sources.0.record_no", FAULT)):
        assert f'name="{key}"' in page and f'value="{value}"' in page, key
    assert browser.post("/records/QR758-07A-2026-00002/alike", {}).status_code == 409
