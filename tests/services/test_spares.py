"""Spare parts ahead (QS/PA758A 5.9, R130): from repair reports to a workbook that comes back as a plan."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest

from qrecords.errors import InvalidInput, NotPermitted, UsageError
from qrecords.model.access import Grant
from qrecords.model.lists import PARTS
from qrecords.model.period import Period
from qrecords.model.record import Record, Signed, State
from qrecords.model.spares import Unlisted
from qrecords.office import Office
from qrecords.services.finding.find import show
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import add_entry
from qrecords.services.spares import SparePlan, plan_file, spare_plan
from qrecords.settings import SparesSettings
from qrecords.stores.given import GivenFile
from tests.model.test_spares import SERIES
from tests.services.test_report_figures import keep

STOCK = "备件名称,型号,库存,在途,待补\n电源模块,dy-5,6,2,0\n"


@pytest.fixture
def office(office: Office) -> Office:
    return with_repairs(office)


def with_repairs(office: Office) -> Office:
    """Give an office of three years' repairs, one a month, that used a part now and then; one report is not signed."""
    made = []
    for n, month in enumerate(Period.read("2026-02").last_months(len(SERIES))):
        used = (
            [{"name": "电源模块" if n % 2 else "电源 模块", "model": "DY-5", "quantity": SERIES[n]}]
            if SERIES[n]
            else []
        )
        day = f"{month.key}-10"
        values = {
            "finished_on": day,
            "service_category": "现场维修",
            "product_model": "SL-120",
            "secrecy_level": "内部",
            "parts": used,
        }
        signed = (Signed("customer-signature", "用户", day),)
        made.append(
            Record(f"QR758-06A-{day[:4]}-{n + 1:05}", "QR758-06A", int(day[:4]), State.SUBMITTED, values, "示例", day,
                   "甲", "", "", signatures=signed)
        )  # fmt: skip
    unsigned = replace(made[-1], record_no="QR758-06A-2026-00099", signatures=())
    keep(office, [*made, replace(unsigned, values={**unsigned.values, "parts": [{"name": "滤波器", "quantity": 9}]})])
    return office


def test_r130_the_example_from_reports_to_a_plan(office: Office) -> None:
    """Thirty-six months, seventeen parts in twelve of them: 5.3 a year, twelve needed, six there, two on their way."""
    plan = spare_plan(office, holdings=GivenFile("库存.csv", STOCK.encode()))
    assert (plan.year, plan.since, plan.until, plan.months) == (2027, "2023-03", "2026-02", 36)
    (part,) = plan.parts
    assert (part.last_year, part.yearly_mean, part.kind, part.method, part.demand) == (6, "5.7", "间歇", "TSB", "5.3")
    assert (part.level, part.stock, part.on_order, part.proposal) == (12, 6, 2, 4)
    assert _filled(office, plan) == [part.name, "DY-5", "SL-120", 6, 5.3, 6, 2, 4]
    assert spare_plan(office).parts[0].proposal == 12, "nothing is there"
    assert spare_plan(office, "2023-03").months == 1


def test_the_list_of_parts_says_what_is_one_how_packed_and_how_long_it_lasts(office: Office) -> None:
    """Another name, whole packs, a part never used by its MTBF (V-6), and what the list does not have (K.1, K.3, K03)."""
    products = "".join(f"SL-200,{n:03},数据终端,2024-05-01\n" for n in range(40)) + "SL-200,900,数据终端,2028-01-01\n"
    (office.settings.root / "products.csv").write_text("型号,出厂编号,产品名称,交付日期\n" + products, encoding="utf-8")
    kept = [
        {"备件名称": "电源组件", "型号": "dy-5", "别名": "电源板、电源模块", "单位": "块", "包装数量": "5"},
        {"备件名称": "滤波器", "型号": "LB-2", "适用产品": "SL-200", "MTBF（小时）": "20000", "年工作小时": "2000"},
        {"备件名称": "风扇", "型号": "F-1"},
    ]
    for said in kept:
        add_entry(office, PARTS, said)
    stock = GivenFile("库存.csv", (STOCK + "滤波器,LB-2,5,2,0\n风扇,F-1,0,0,3\n").encode())
    plan = spare_plan(office, holdings=stock)
    found = {p.name: p for p in plan.parts}
    power, filter_, fan = found["电源组件"], found["滤波器"], found["风扇"]
    assert (power.level, power.stock, power.proposal, power.unit, power.series) == (
        12,
        6,
        5,
        "块",
        " ".join(map(str, SERIES)),
    )
    assert (power.sba, power.quarter) == ("5.6", 2), "0.46813904 a month (V-7); six in the last year"
    assert (filter_.method, filter_.demand, filter_.expected, filter_.level, filter_.proposal) == (
        "MTBF",
        "4.0",
        "6.0",
        9,
        2,
    )
    assert (fan.kind, fan.method, fan.proposal) == ("无消耗", "无历史", 3), "three are owed"
    assert plan.unlisted == ()
    add_entry(office, PARTS, {"备件名称": "滤波器", "型号": "LB-2", "供货月数": "0"})
    (sooner,) = [p for p in spare_plan(office).parts if p.name == "滤波器"]
    assert (sooner.horizon, sooner.expected, sooner.level) == (12, "4.0", 7), "eleven in twelve years"
    _told_on_the_plan(office, plan)


def _told_on_the_plan(office: Office, plan: SparePlan) -> None:
    book = openpyxl.load_workbook(BytesIO(plan_file(office, plan, "计划.xlsx")))
    lines = {
        c.value: [cell.value for cell in row] for row in book["建议量怎样算出"].iter_rows(min_row=2) for c in row[1:2]
    }
    assert {"电源组件", "滤波器", "风扇"} <= {v for cells in lines.values() for v in cells}, (
        "each with how it came about"
    )


def test_use_grows_with_the_units_of_the_product_list_where_the_office_says_so(office: Office) -> None:
    """By hand, of 36 months to 2026-02: two units ever since, one accepted on 2024-09-01 (18 months), one gone.

    (36 × 3 + 18) ÷ 36 = 3.5; at the end of 2027 two, the third and two to come, five: 5 ÷ 3.5 = 10/7; 5.32 becomes 7.6.
    """
    (office.settings.root / "customers.csv").write_text(
        "用户单位,用户代号,用户类别/兵种,在用\n示例部队,D-01,陆军,否\n", encoding="utf-8"
    )
    (office.settings.root / "products.csv").write_text(
        "型号,出厂编号,产品名称,交付日期,用户验收日期,交付用户代号\n"
        "SL-120,001,终端,,,\nSL-120,002,终端,,,\n"
        "SL-120,003,终端,2023-01-01,2024-09-01,\n"
        "SL-120,004,终端,,,d-01\n",
        encoding="utf-8",
    )
    coming = GivenFile("交付.csv", "型号,台数,交付日期\nsl-120,2,2027-06-30\nSL-120,9,2028-01-01\n".encode())
    (same,) = spare_plan(office, deliveries=coming).parts
    assert (same.demand, same.grow) == ("5.3", ""), "off, nothing changes"
    settings = replace(office.settings, spares=SparesSettings(grow=True))
    growing = replace(office, workspace=replace(office.workspace, settings=settings))
    plan = spare_plan(growing, deliveries=coming)
    (part,) = plan.parts
    assert (part.demand, part.grow, part.sba) == ("7.6", "5÷3.5＝1.43", "8.0")
    book = openpyxl.load_workbook(BytesIO(plan_file(growing, plan, "计划.xlsx")))
    assert "5÷3.5＝1.43" in [cell.value for row in book["建议量怎样算出"].iter_rows() for cell in row]
    with pytest.raises(InvalidInput, match="一条也没有读入"):
        spare_plan(growing, deliveries=GivenFile("交付.csv", "型号,台数,交付日期\nSL-120,,2027-06-30\n".encode()))


def test_what_the_list_of_parts_does_not_have_is_told(office: Office) -> None:
    assert spare_plan(office).unlisted == (), "no list, nothing is lacking"
    add_entry(office, PARTS, {"备件名称": "电源模组", "型号": "DY-5"})
    plan = spare_plan(office)
    assert plan.unlisted == (Unlisted("电源 模块", "DY-5", 17, "电源模组"),)
    assert [p.name for p in plan.parts] == ["电源 模块", "电源模组"], "proposed by its own name all the same"
    book = openpyxl.load_workbook(BytesIO(plan_file(office, plan, "计划.xlsx")))
    assert "电源模组" in [cell.value for row in book["备件清单里没有的更换件"].iter_rows() for cell in row]
    assert "电源模组" not in [cell.value for row in book["备件"].iter_rows() for cell in row], "nothing to make ahead"


def _filled(office: Office, plan: SparePlan) -> list[object]:
    """Return what the workbook proposes, once it came back with what people decided."""
    book = openpyxl.load_workbook(BytesIO(plan_file(office, plan, "计划.xlsx")))
    main, lines = book.worksheets[1], book["备件"]
    assert [c.value for c in main[2]].count(2027) == 1
    heads = {str(c.value).rstrip("*"): c.column for sheet in (main, lines) for c in sheet[1]}
    main.cell(2, heads["拟制日期"]).value = "2026-03-01"
    for head, value in (("计划量", 4), ("需要时间", "2027-03-31")):
        lines.cell(2, heads[head]).value = value
    proposed = ["备件名称", "型号", "适用产品", "近12月", "预测", "库存", "在途", "建议量"]
    said = [lines.cell(2, heads[head]).value for head in proposed]
    stream = BytesIO()
    book.save(stream)
    (made,) = fill(office, "BJ", [GivenFile("计划.xlsx", stream.getvalue())]).records
    values = show(office, made.record_no).values
    assert (values["base_month"], values["parts"][0]["decided"]) == ("2026-02", 4)
    return said


def test_what_cannot_be_proposed_is_told(office: Office) -> None:
    with pytest.raises(InvalidInput, match="写了两次"):
        spare_plan(office, holdings=GivenFile("库存.csv", (STOCK + "电源模块,DY-5,1,0,0\n").encode()))
    with pytest.raises(UsageError, match="2026-03 还没有过完"):
        spare_plan(office, "2026-03")
    for text in ("x", "2025", "2025-H1"):
        with pytest.raises(UsageError, match="不是一个月"):
            spare_plan(office, text)
    with pytest.raises(UsageError, match="扩展名"):
        plan_file(office, spare_plan(office), "计划.pdf")
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="海军"),)))
    with pytest.raises(NotPermitted):
        spare_plan(narrow)
