"""Plans, spare parts, visits, follow-ups, staff, improvements: figures by hand over a few records (J.5, K.6, L, M, Q, S)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from qrecords.model.deadlines import Deadline
from qrecords.model.evaluation import BOUND, CHECKED, bound_in_time, checked_quarters, evaluate, evaluation_table
from qrecords.model.figures.alarms import alarms
from qrecords.model.figures.drawing import Read, report_of
from qrecords.model.figures.management import Narrowing, narrowed, of_branch
from qrecords.model.figures.visits import Customer
from qrecords.model.period import Period
from qrecords.model.record import Record
from qrecords.model.staff import may_be_sent, qualification
from qrecords.model.values import choice_key
from qrecords.stores.tablefiles import read_evaluation
from tests.model.figures.rows import FORMS, Paper, means, record

JH, ZX, BJ, ZF, HF, RY, GJ = (f"KF758-{name}" for name in ("JH", "ZX", "BJ", "ZF", "HF", "RY", "GJ"))


def item(number: str, planned: str, **more: str) -> dict[str, str]:
    return {"item_no": number, "customer_unit": "甲", "planned_on": planned, **more}


def plan(state: str = "filed") -> Record:
    training = [
        item("P2-1", "2026-03-31"),
        item("P2-2", "2026-05-31"),
        item("P2-3", "2026-06-30"),
        item("P2-4", "2026-04-30", cancelled="示例"),
        item("P2-5", "2026-09-30"),
    ]
    return record(
        "J1", JH, state, drafted_on="2026-02-10", plan_year=2026, training=training, visits=[item("P3-1", "2026-05-31")]
    )


def done(name: str, number: str, on: str, state: str = "filed") -> Record:
    return record(name, ZX, state, plan_item_no=number, done_on=on, evidence_no="示例")


def test_a_brief_has_next_months_items_of_its_own_customers_alone() -> None:
    navy = {"customer_unit": "示例海军单位"}
    listed = {choice_key(unit): {"military_branch": b} for unit, b in (("示例海军单位", "海军"), ("甲", "空军"))}
    training = [
        item("P2-1", "2026-04-30", **navy),
        item("P2-2", "2026-04-01", **navy),
        item("P2-3", "2026-04-02"),
        item("P2-4", "2026-04-03", **navy, cancelled="示例"),
        item("P2-5", "2026-05-01", **navy),
        item("P2-6", "2026-03-31", **navy),
    ]
    other = record("J2", JH, drafted_on="2026-02-11", plan_year=2026, training=[item("P2-7", "2026-04-05")])
    whole = record("J1", JH, drafted_on="2026-02-10", plan_year=2026, policy="示例方针", training=training)
    call = record("K1", "02A", call_at="2026-03-01T09:00", military_branch="海军")
    kept = [*of_branch([whole, other, call], "海军", listed)]
    assert [r.record_no for r in kept] == [whole.record_no, call.record_no]
    assert "policy" not in kept[0].values
    brief = Paper("2026-03", kept, kind="JB")
    assert [row[1] for row in brief.listed("J02", "training")] == ["2026-04-01", "2026-04-30"]
    assert brief.listed("J02", "visits") == []
    december = Paper("2025-12", [whole], kind="JB").listed("J02", "training")
    assert december == [], "January has none"


def test_an_office_has_of_plans_and_notices_what_it_looks_after_alone() -> None:
    training = [
        item("P2-1", "2026-04-30", product_model="SL-1"), item("P2-2", "2026-04-01", product_model="SL-2"),
        item("P2-3", "2026-04-02"), {**item("P2-4", "2026-04-03"), "customer_unit": "乙", "product_model": "SL-1"},
    ]  # fmt: skip
    whole = record(
        "J1", JH, drafted_on="2026-02-10", plan_year=2026, training=training, visits=[item("V", "2026-04-09")]
    )
    products = [{"product_model": "SL-1"}, {"product_model": "SL-2"}]
    notices = [
        record("N1", "04A", customer_unit="甲", products=products),
        record("N2", "04A", customer_unit="甲", products=products[1:]),
        record("N3", "04A", customer_unit="乙", products=products),
        record("N4", "04A", customer_unit="", customer_code="甲", products=products),
    ]
    calls = [
        record(f"K{n}", "02A", customer_unit="甲", product_model=model)
        for n, model in enumerate(("sl-1", "SL-1、SL-2", "", "SL-2"))
    ]

    def held(to: Narrowing) -> dict[str, list[str]]:
        found = {}
        for one in narrowed([whole, *notices, *calls], to):
            rows = [r for part in ("training", "visits", "products") for r in one.values.get(part) or ()]
            found[one.record_no] = [str(r.get("item_no") or r["product_model"]) for r in rows]
        return found

    numbers = {
        name: r.record_no
        for name, r in zip(
            ["J", "N1", "N2", "N3", "N4", "K0", "K1", "K2", "K3"], (whole, *notices, *calls), strict=True
        )
    }
    of_customer, of_model = frozenset({choice_key("甲")}), frozenset({choice_key("SL-1")})
    everyone = {"N1": ["SL-1", "SL-2"], "N2": ["SL-2"], "N4": ["SL-1", "SL-2"], "K0": [], "K1": [], "K2": [], "K3": []}
    expected = {"J": ["P2-1", "P2-2", "P2-3", "V"], **everyone}
    assert held(Narrowing(of_customer)) == {numbers[k]: v for k, v in expected.items()}
    expected = {"J": ["P2-1", "P2-4"], "N1": ["SL-1"], "N3": ["SL-1"], "N4": ["SL-1"], "K0": []}
    assert held(Narrowing(models=of_model)) == {numbers[k]: v for k, v in expected.items()}
    expected = {"J": ["P2-1"], "N1": ["SL-1"], "N4": ["SL-1"], "K0": []}
    assert held(Narrowing(of_customer, of_model)) == {numbers[k]: v for k, v in expected.items()}


def test_items_of_a_plan_in_force() -> None:
    records = [
        plan(),
        done("Z1", "P2-1", "2026-03-30"),
        done("Z2", "P2-2", "2026-06-05"),
        done("Z3", "P2-3", "2026-06-01", "void"),
    ]
    records.append(
        record(
            "V1", ZF, "filed", plan_item_no="P3-1", visit_to="2026-05-20", customer_unit="甲", military_branch="海军"
        )
    )
    paper = Paper("2026-H1", records)
    assert paper.row("P01", "done", "training") == {
        "due": "3", "done": "2", "in_time": "1", "percent": "66.7", "in_time_percent": "33.3", "cancelled": "1",
    }  # fmt: skip
    assert paper.row("P01", "done", "visits")["in_time_percent"] == "100.0"
    assert paper.row("P01", "done", "textbooks")["percent"] == "—"
    year = Paper("2026", records)
    assert year["P01.done.training.due"] == "4", "what falls due later in the year"
    assert Paper("2026-H1", [plan("reviewed")])["P01.done.training.due"] == "0", "not in force without its signatures"


def test_the_shipped_evaluation_asks_for_figures_there_are() -> None:
    """Every indicator's figure is drawn; the weights are those of an office with the pack of return repairs."""
    evaluation = read_evaluation([FORMS.parent / "KF758"])
    assert not evaluation.on
    notices = [
        record(
            "N1",
            "04A",
            issued_on="2026-03-02",
            departed_on="2026-03-01",
            required_arrival="2026-03-05",
            arrived_on="2026-03-05",
        ),
        record(
            "N2",
            "04A",
            issued_on="2026-03-02",
            departed_on="2026-03-02",
            required_arrival="2026-03-05",
            arrived_on="2026-03-06",
        ),
    ]
    improvement = record(
        "G1", GJ, raised_on="2026-04-02", due_on="2026-05-31", done_on="2026-05-20", source_kind="故障"
    )
    held = [*notices, plan(), improvement]
    tables = [t for kind in ("BB", "PJ") for t in Paper("2026-H1", held, kind=kind).drawn.tables]
    figures = {f.id: f.value for t in tables for f in t.figures()}
    beside = {CHECKED, BOUND, "T15.handed.total.cycle"}  # of the office itself, and of the pack of return repairs
    assert {i.figure for i in evaluation.indicators if i.figure not in figures} == beside
    assert sum(i.weight for i in evaluation.indicators) == 100
    result = evaluate(evaluation, figures.get)
    got = {s.indicator.key: s.points for s in result.scored}
    assert (got["notice_first"], got["arrival"], got["fix_first"]) == (2, Fraction(12 * 50, 95), None)
    shown = evaluation_table(result)
    assert shown.rows[-1].cells[0] == result.level
    assert [r.cells[2] for r in shown.rows if r.key in {"arrival", "fix_first"}] == ["50.0", "—"]


def test_f3_a_customer_who_moved_counts_in_the_branch_of_each_records_day() -> None:
    """A name that was not in use on the day is told with what became of it, and counts as it is written."""
    unit = {"customer_unit": "甲部", "channel": "电话"}
    rows = [
        record("OLD", "01A", received_at="2024-04-10T09:00", military_branch="战略支援部队", **unit),
        record("NEW", "01A", received_at="2024-04-25T09:00", military_branch="信息支援部队", **unit),
        record("WRONG", "01A", received_at="2024-04-26T09:00", military_branch="战略支援部队", **unit),
        record("EARLY", "01A", received_at="2024-04-01T09:00", military_branch="信息支援部队", **unit),
    ]
    listed = {choice_key("甲部"): {"military_branch": "信息支援部队"}}
    paper = Paper("2024-04", rows, listed=listed)
    assert paper.column("T04", "branch", "info") == {"战略支援部队": "2", "信息支援部队": "2", "total": "4"}
    told = {line[0]: line[3] for line in paper.listed("T18", "branches")}
    assert told == {
        "WRONG": "到 2024-04-18 止，后为军事航天部队、网络空间部队、信息支援部队", "EARLY": "2024-04-19 起才有",
    }  # fmt: skip
    assert {r.record_no for r in of_branch(rows, "战略支援部队", listed)} == {"OLD", "WRONG"}


def test_what_is_left_open_is_carried_on_until_it_is_answered() -> None:
    """However old; by an item naming the record, once it is closed, or by a later report of the unit that says 无."""
    unit = {"product_model": "甲", "service_category": "现场维修", "repair_conclusion": "修复"}

    def report(name: str, serial: str, day: str, issues: str | None, state: str = "filed") -> Record:
        return record(name, "06A", state, serial_no=serial, finished_on=day, open_issues=issues, **unit)

    def item(name: str, about: str, closed: str | None, state: str = "draft") -> Record:
        return record(name, GJ, state, raised_on="2026-02-01", source_kind="内部", verified_on=closed,
                      sources=[{"record_no": about}])  # fmt: skip

    rows = [
        report("OLD", "1", "2023-01-05", "示例：待换件"),
        report("LATER", "2", "2025-06-05", "示例：待升级"), report("SAYS", "2", "2026-03-10", "无"),
        report("BLANK", "3", "2025-06-05", "示例：划痕"), report("NOTHING", "3", "2026-03-10", None),
        report("DRAFT", "4", "2025-06-05", "示例"), report("UNSIGNED", "4", "2026-03-10", "无", "draft"),
        report("SAME", "5", "2026-03-10", "示例"), report("SAMEDAY", "5", "2026-03-10", "无"),
        report("CLOSED", "6", "2026-01-05", "示例"), item("G1", "closed", "2026-03-20"),
        report("OPEN", "7", "2026-01-05", "示例"), item("G2", "OPEN", None), item("G3", "OPEN", "2026-03-05", "void"),
        record("PART", "04A", issued_on="2024-05-05", completion="部分", completion_note="示例：缺件"),
    ]  # fmt: skip
    march, february = Paper("2026-03", rows), Paper("2026-02", rows)
    assert [line[0] for line in march.listed("T17")] == ["OLD", "PART", "BLANK", "DRAFT", "OPEN", "SAME"]
    assert {line[0] for line in february.listed("T17")} == {"OLD", "PART", "BLANK", "DRAFT", "OPEN", "CLOSED", "LATER"}
    items = {line[0]: line[-1] for line in february.listed("T17")}
    assert (items["OPEN"], items["CLOSED"], items["OLD"]) == ("G2", "G1", "/")


def test_no_plan_no_table() -> None:
    paper = Paper("2026-H1", [record("C", "02A", call_at="2026-03-02 09:00", direction="来电")])
    assert not [t.id for t in paper.drawn.tables if t.id.startswith("P0")]


def test_the_plan_has_its_chart() -> None:
    """C8: of each part what is due and what of it is done, as the table says."""
    more = [done(f"D{n}", no, "2026-03-20") for n, no in enumerate(("P2-1", "P2-2", "P3-1"))]
    paper = Paper("2026", [plan(), *more])
    (chart,) = [c for c in paper.drawn.charts if c.kind == "C8"]
    assert [s.label for s in chart.series] == ["应完成", "已完成"]
    for series, column in zip(chart.series, ("due", "done"), strict=True):
        told = dict(zip(chart.categories, (shown for _, shown in series.values), strict=True))
        assert told["用户培训"] == paper.row("P01", "done", "training")[column]
        assert told["用户走访"] == paper.row("P01", "done", "visits")[column]


def test_spare_parts_by_the_day_they_were_needed() -> None:
    def part(decided: int, delivered: int | None, on: str | None) -> dict[str, object]:
        row = {"name": "甲", "product_model": "SL-120", "decided": decided, "needed_on": "2026-06-30"}
        return row | ({"delivered": delivered, "delivered_on": on} if on else {})

    parts = [part(6, 6, "2026-06-30"), part(3, 3, "2026-07-02"), part(1, None, None)]
    paper = Paper("2026", [record("B1", BJ, drafted_on="2025-09-20", plan_year=2026, parts=parts)])
    assert paper.row("P02", "supply", "total") == {"planned": "10", "delivered": "9", "in_time": "6", "percent": "60.0"}


def test_a_call_is_no_visit() -> None:
    records = [
        record("V1", ZF, visit_to="2026-05-20", customer_unit="甲", military_branch="海军"),
        record("V2", ZF, visit_to="2026-06-20", customer_unit=" 甲", military_branch="海军"),
        record("I1", "01A", received_at="2026-04-01 09:00", channel="走访", customer_unit="乙", military_branch="海军"),
        record("C1", "02A", call_at="2026-04-02 09:00", direction="去电", customer_unit="丙", military_branch="海军"),
    ]
    paper = Paper("2026-H1", records)
    assert paper.listed("P03", "not_visited") == [("丙", "海军", "/", "2026-04-02")]
    found = paper.row("P03", "coverage", "total")
    assert (found["visits"], found["visited"], found["customers"], found["percent"]) == ("3", "2", "3", "66.7")


def _visit(number: str, unit: str, on: str = "2026-05-20", **more: str) -> Record:
    return record(number, ZF, visit_to=on, customer_unit=unit, military_branch="海军", **more)


def _call(number: str, unit: str, on: str = "2026-04-02") -> Record:
    return record(number, "02A", call_at=f"{on} 09:00", direction="来电", customer_unit=unit, military_branch="海军")


def test_coverage_is_of_the_customers_of_the_list_and_by_region() -> None:
    """By hand: 甲 visited, 丙 met, 戊 never met are in use; 乙 is not any more, 丁 not on the list: 1 of 3 (L.1)."""
    calls = [_call(f"C{n}", unit) for n, unit in enumerate(("甲", "乙", "丙", "丁"))]
    said = {"甲": {"region": "北"}, "乙": {"region": "北"}, "丙": {"region": "南"}, "戊": {"region": "南"}}
    listed = {choice_key(unit): one for unit, one in said.items()}
    known = [Customer("甲"), Customer("乙", in_use=False), Customer("丙"), Customer("戊", branch="空军")]
    visits = [_visit("V1", " 甲"), _visit("V2", "乙")]
    paper = Paper("2026-H1", [*calls, *visits], listed=listed, customers=known)
    wanted = {"visits": "2", "visited": "1", "customers": "3", "percent": "33.3"}
    assert paper.row("P03", "coverage", "total") == wanted
    assert paper.row("P03", "regions", "total") == wanted
    assert paper.row("P03", "coverage", "空军") == {"visits": "0", "visited": "0", "customers": "1", "percent": "0.0"}
    assert paper.row("P03", "regions", "北") == {"visits": "2", "visited": "1", "customers": "1", "percent": "100.0"}
    assert paper.row("P03", "regions", "南") == {"visits": "0", "visited": "0", "customers": "2", "percent": "0.0"}
    assert paper.listed("P03", "not_visited") == [("丙", "海军", "/", "2026-04-02"), ("戊", "空军", "/", "/")]
    assert [r.label for r in paper.part("P03", "not_visited").rows] == ["C2", "/"], "no record names the last"
    assert paper.listed("P03", "unlisted") == [("丁", "海军", "/", "2026-04-02")]
    assert paper.figure("P03.coverage.total.customers").records == ("V1", "C2"), "last contact and visit, of each"
    assert not {number for table in paper.drawn.tables for number in table.named()} - {
        r.record_no for r in paper.records
    }
    alone = Paper("2026-H1", [*calls, *visits], customers=known)
    parts = [t.part for t in alone.drawn.tables if t.id == "P03"]
    assert parts == ["coverage", "not_visited", "unlisted"], "a list without regions"


def test_without_a_list_whoever_was_met_in_thirty_six_months_is_to_be_visited() -> None:
    calls = [_call("C1", "甲", "2023-07-01"), _call("C2", "乙", "2023-06-30"), _call("C3", "丙", "2026-07-01")]
    paper = Paper("2026-H1", [*calls, _visit("V1", "丁")])
    assert paper.row("P03", "coverage", "total") == {"visits": "1", "visited": "1", "customers": "2", "percent": "50.0"}
    assert [row[0] for row in paper.listed("P03", "not_visited")] == ["甲"]
    assert [t.part for t in paper.drawn.tables if t.id == "P03"] == ["coverage", "not_visited"]


def test_each_customer_is_visited_within_his_own_interval() -> None:
    """By hand to 2026-12-31: yearly by the calendar; half a year from 06-30 ends on 12-30; two years from 2025-01-01."""
    known = [Customer("年"), Customer("半年", interval=6), Customer("两年", interval=24), Customer("三月", interval=3)]
    visits = [
        _visit("V1", "年", "2025-12-31"), _visit("V2", "半年", "2026-06-30"), _visit("V3", "两年", "2025-01-01"),
        _visit("V4", "三月", "2026-09-30"), _visit("V5", "三月", "2026-10-01"),
    ]  # fmt: skip
    paper = Paper("2026", visits, customers=known)
    assert paper.row("P03", "coverage", "total") == {"visits": "3", "visited": "2", "customers": "4", "percent": "50.0"}
    assert [(r[0], r[2]) for r in paper.listed("P03", "not_visited")] == [("年", "2025-12-31"), ("半年", "2026-06-30")]
    half = Paper("2026-H1", visits, customers=known)
    assert [r[0] for r in half.listed("P03", "not_visited")] == ["三月", "年"], "never, and not this year"


def test_a_customer_is_known_by_his_code_however_his_unit_is_written() -> None:
    visit = _visit("V1", "某部队（北）", customer_code="B-1")
    paper = Paper("2026", [visit], customers=[Customer("某部队", "b-1"), Customer("某部队", "b-2")])
    assert paper.row("P03", "coverage", "total")["percent"] == "100.0", "two lines of one name are one customer"
    assert not paper.listed("P03", "not_visited")


def test_the_yearly_report_of_visits() -> None:
    """L.3: the plan's visits, coverage, what users asked for by kind with what became of it, quality problems."""

    def asked(kind: str, info: str = "", **more: str) -> dict[str, str]:
        return {"kind": kind, "content": f"示例{kind}", **({"info_no": info} if info else {}), **more}

    closed = {"received_at": "2026-05-21 09:00", "handled_on": "2026-05-25", "replied_at": "2026-05-26 10:00"}
    records = [
        plan(),
        record(
            "V1", ZF, visit_to="2026-05-20", customer_unit="甲", military_branch="海军", plan_item_no="P3-1",
            opinions=[asked("要求", "I1"), asked("要求", "I2"), asked("建议", reply="当场")], quality_problems="接插件松",
        ),
        record("V2", ZF, visit_to="2026-06-20", customer_unit="乙", military_branch="海军", opinions=[asked("意见", "无此号")]),
        record("I1", "01A", info_type=["要求"], channel="走访", customer_unit="甲", resolved=True, **closed),
        record("I2", "01A", info_type=["要求"], channel="走访", customer_unit="甲", received_at="2026-05-21 09:00"),
    ]  # fmt: skip
    paper = Paper("2026", records, kind="ZB")
    assert [t.id for t in paper.drawn.tables] == ["P01", "P03", "P03", "P09", "P09", "P09"]
    assert paper.row("P09", "needs", "要求") == {
        "count": "2", "answered": "0", "passed": "2", "closed": "1", "open": "1",
    }  # fmt: skip
    assert paper.row("P09", "needs", "total")["count"] == "4"
    assert [(r[3], r[6]) for r in paper.listed("P09", "open")] == [
        ("要求", "办理中"),
        ("建议", "未转"),
        ("意见", "未转"),
    ]
    assert paper.listed("P09", "quality") == [("V1", "甲", "接插件松")]
    assert paper.row("P01", "done", "visits")["done"] == "1"
    assert not [t for t in Paper("2026", records).drawn.tables if t.id == "P09"], "its own document alone"


def test_services_asked_after() -> None:
    notices = [
        record(
            f"N{n}",
            "04A",
            issued_on="2026-03-01",
            departed_on="2026-03-02",
            returned_on=back,
            service_category=["现场维修"],
        )
        for n, back in enumerate(("2026-04-02", "2026-04-03", "2026-04-06", "2026-04-07"), start=1)
    ]
    report = record("R2", "06A", finished_on="2026-04-02", notice="N2", service_category="现场维修")
    evidence = [
        record(
            "H1", HF, followed_on="2026-05-06", service_no="N1", condition="正常"
        ),  # due 2 May, moved over the holiday
        record("C2", "02A", call_at="2026-05-20 09:00", direction="去电", linked_record="R2"),  # names the report; late
        record("C3", "02A", call_at="2026-04-20 09:00", direction="来电", linked_record="N3"),  # they called us
    ]
    assert Paper("2026-05", [*notices, report, *evidence]).row("P04", "rate") == {
        "due": "4", "in_time": "1", "late": "1", "missing": "2", "percent": "25.0",
    }  # fmt: skip


def test_repaired_units_count_with_services_and_complaints_apart() -> None:
    """By the last days of R134: the user's receipt of his unit, the answer to a complaint; void and past paper apart."""
    back = {"item_type": "返修产品", "sent_on": "2026-04-01"}
    complaint = {"info_type": ["投诉"], "received_at": "2026-04-01 09:00"}
    records = [
        record("S1", "09A", delivered_on="2026-04-08", **back),  # by 8 May
        record("S2", "09A", delivered_on="2026-04-09", **back),  # 9 May is a Saturday the state lets work
        record("S3", "09A", delivered_on="2026-04-08", item_type="函件", sent_on="2026-04-01"),
        record("S4", "09A", "void", delivered_on="2026-04-08", **back),
        record("K1", "01A", replied_at="2026-04-08 10:00", **complaint),
        record("K2", "01A", replied_at="2026-04-09 10:00", **complaint),
        record("K3", "01A", **complaint),
        record("K4", "01A", replied_at="2026-04-08 10:00", received_at="2026-04-01 09:00", info_type=["建议"]),
        record("H1", HF, followed_on="2026-05-08", service_no="S1", condition="正常"),
        record("H2", HF, followed_on="2026-05-09", service_no="K1", condition="正常"),
    ]
    paper = Paper("2026-05", records)
    assert paper.row("P04", "rate") == {"due": "2", "in_time": "1", "late": "0", "missing": "1", "percent": "50.0"}
    assert paper.row("P04", "complaints") == {"due": "2", "in_time": "0", "late": "1", "missing": "1", "percent": "0.0"}


def test_a_bad_answer_to_a_follow_up_is_an_alarm() -> None:
    answers = {"H1": {"condition": "正常", "service_rating": "满意"}, "H2": {"condition": "有问题"}}
    answers["H3"] = {"condition": "正常", "service_rating": "不满意"}
    records = [record(no, HF, followed_on="2026-05-06", customer_unit="甲", **said) for no, said in answers.items()]
    found = alarms(Paper("2026-05", records, kind="MY").drawn.report, means().method)
    assert [(a.kind, a.records, a.told) for a in found] == [
        ("A6", ("H2",), "甲回访：设备现状「有问题」"), ("A6", ("H3",), "甲回访：对服务「不满意」"),
    ]  # fmt: skip


CARD = {
    "name": "甲",
    "unit": "中心",
    "level": "中级",
    "standing": "在岗",
    "registered_on": "2025-01-15",
    "trainings": [
        {"kind": "服务规范", "on": "2025-03-10", "result": "合格", "valid_until": "2026-03-09"},
        {"kind": "产品技术", "product_model": "SL-120", "on": "2025-04-02", "result": "合格"},
    ],
}


@pytest.mark.parametrize(
    ("changes", "on", "model", "found"),
    [
        ({}, "2026-03-09", "", "合格"),
        ({}, "2026-03-10", "", "过期"),
        ({}, "2025-04-01", "", "缺项"),
        ({}, "2026-01-01", "sl-120A", "合格"),
        ({}, "2026-01-01", "SL-200", "缺项"),
        ({"level": "无"}, "2026-01-01", "", "缺项"),
        ({"standing": "停用"}, "2026-01-01", "", "停用"),
        ({"until": "2025-12-31"}, "2026-01-01", "", "停用"),
    ],
)
def test_who_may_be_sent(changes: dict[str, str], on: str, model: str, found: str) -> None:
    assert qualification(CARD | changes, on, model) == found


def test_two_of_one_name_are_told_apart_by_unit() -> None:
    cards = [CARD, CARD | {"unit": "研究所", "standing": "停用"}]
    assert may_be_sent({"name": "甲", "unit": "研究所"}, cards, "2026-01-01") == "停用"
    assert may_be_sent({"name": "甲"}, cards, "2026-01-01") == "不在册", "not said which: nobody's card"
    assert may_be_sent({"name": "乙"}, cards, "2026-01-01") == "不在册"


def test_staff_and_who_was_sent() -> None:
    sent = [{"name": "甲", "unit": "中心", "title": "工程师"}, {"name": "乙", "title": "工程师"}]
    made = record("S1", RY, **{k: v for k, v in CARD.items() if k != "name"})
    card = replace(made, values=CARD)
    paper = Paper("2026-H1", [card, record("N1", "04A", issued_on="2026-03-09", staff=sent)])
    assert paper.row("P05", "staff", "total")["over"] == "1"
    assert paper.row("P05", "sent", "total") == {"sent": "2", "qualified": "1", "unknown": "1", "percent": "50.0"}


def test_improvements_close() -> None:
    def one(name: str, raised: str, due: str, **more: str) -> Record:
        return record(name, GJ, raised_on=raised, due_on=due, source_kind="故障", **more)

    paper = Paper(
        "2026-05",
        [
            one("G1", "2026-04-02", "2026-05-31", done_on="2026-05-20", verified_on="2026-05-28", outcome="关闭"),
            one("G2", "2026-04-10", "2026-05-15", done_on="2026-05-18"),
            one("G3", "2026-05-06", "2026-05-20"),
            one("G4", "2026-05-07", "2026-05-20", verified_on="2026-05-10", outcome="不采纳"),
        ],
    )
    found = paper.row("P06", "flow", "total")
    assert [found[k] for k in ("opening", "new", "closed", "closing")] == ["2", "2", "2", "2"]
    assert found["age"] == "38.0", "51 and 25 days"
    assert paper.row("P06", "due") == {"due": "3", "in_time": "1", "late": "1", "missing": "1", "percent": "33.3"}


def test_three_questions_of_what_was_said() -> None:
    """Taken up at once, solved, the user satisfied (R171): who says nothing is in neither rate."""

    def said(name: str, replied: str, resolved: bool, pleased: str) -> Record:
        closed = {"handled_on": replied[:10], "resolved": resolved, "user_satisfied": pleased}
        return record(name, "01A", info_type=["咨询"], received_at="2026-03-02 09:00", replied_at=replied, **closed)

    paper = Paper(
        "2026-03",
        [
            said("I1", "2026-03-03 10:00", True, "满意"),
            said("I2", "2026-03-06 10:00", True, "不满意"),
            said("I3", "2026-03-04 10:00", True, "未表态"),
        ],
    )
    assert paper.row("T11", "questions", "咨询") == {
        "closed": "3", "reply_days": "2.3", "solved": "100.0", "satisfied": "50.0",
    }  # fmt: skip


def test_what_is_under_warranty_is_listed() -> None:
    """Each small repair under warranty with its days, whose it was and how it stands (R180)."""
    kept = {
        "customer_unit": "甲",
        "product_model": "SL-120",
        "service_category": "返厂维修",
        "repair_conclusion": "修复",
    }
    reports = [
        record("R1", "06A", finished_on="2026-03-12", started_on="2026-03-10", serial_no="01", warranty_status="保内", **kept),
        record("R2", "06A", finished_on="2026-03-13", started_on="2026-03-10", serial_no="02", warranty_status="保外", **kept),
    ]  # fmt: skip
    table = Paper("2026-03", reports).part("T07", "warranty_items")
    assert [row.cells[0] for row in table.rows] == ["R1"] and "甲" in table.rows[0].cells


@pytest.mark.parametrize(
    ("replied", "cutoff", "found"),
    [
        ("2026-02-15 16:30", "2026-02-20", "按期"),  # to the minute, the holiday not left out
        ("2026-02-15 16:31", "2026-02-20", "逾期"),
        (None, "2026-02-15", "未到期"),
        (None, "2026-02-16", "逾期未办"),
    ],
)
def test_a_deadline_is_counted_by_its_row_alone(replied: str | None, cutoff: str, found: str) -> None:
    """What deadlines.toml says is due, any table may count: `@due.KEY`, `@kept.KEY` (R140)."""
    said = {"label": "示例", "rule": "示例", "limit": 48, "days": "hours", "source": "procedure", "form": "QR758-01"}
    row = Deadline.model_validate(said | {"start": ["received_at"], "done": ["replied_at"]})
    near = replace(means(), deadlines={**means().deadlines, "quick": row})
    asked = record("I1", "01A", received_at="2026-02-13 16:30", replied_at=replied)
    report = report_of("BB", Period.read("2026-02"), Read([asked], "2026-02-13", frozenset({"2026-02"})), near, cutoff)
    (entry,) = report.population.at("INFO", "period", Period.read("2026-02"))
    assert (entry.get("@due.quick"), entry.get("@kept.quick")) == ("2026-02-15 16:30", found)


def test_a_quarter_is_checked_by_a_list_of_the_whole_of_it() -> None:
    lists = [("2026-01-01", "2026-04-15"), ("2026-07-02", "2026-12-31")]
    assert [checked_quarters(Period.read(p), lists) for p in ("2026-H1", "2026")] == [50, 50], (
        "I and IV; III lacks a day"
    )
    assert checked_quarters(Period.read("2026"), []) == 0


def test_last_year_is_bound_by_the_day_or_not() -> None:
    limit = "2026-03-31"
    assert bound_in_time(["2026-02-10", "2026-03-31"], limit, "2026-07-01", waiting=True) == 100
    assert bound_in_time(["2026-02-10", "2026-04-01"], limit, "2026-07-01", waiting=False) == 0
    assert bound_in_time([], limit, "2026-07-01", waiting=True) == 0
    assert bound_in_time([], limit, "2026-03-31", waiting=True) is None, "not over yet"
    assert bound_in_time([], limit, "2026-07-01", waiting=False) is None, "nothing to bind"
