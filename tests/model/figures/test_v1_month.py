"""The worked month (V-1): input rows on one side, the figures that follow from the rules on the other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qrecords.model.record import Record
from qrecords.model.values import choice_key
from tests.model.figures.rows import Paper, means, record

SITE, TRAINING, COMMISSION = "现场维修", "技术培训", "开通"
NOTICES = [
    # name, state, branch, performed by, category, origin, issued, required, departed, arrived, returned, submitted, staff
    ("A1", "filed", "海军", "客户服务中心", [SITE], "用户要求", "03-02", "03-05", "03-04", "03-05", "03-08", "03-10", 2),
    ("A2", "reviewed", "陆军", "客户服务中心", [TRAINING, SITE], "售后服务年度计划安排", "03-10", "03-15", "03-14", "03-16", "03-21", "03-25", 3),
    ("A3", "issued", "海军", "客户服务中心", [COMMISSION], "订货合同要求", "03-28", "04-02", "03-30", "04-01", "04-06", "", 2),
    ("A4", "void", "空军", "客户服务中心", ["技术保障"], "用户重大军事演习和活动", "03-11", "03-16", "", "", "", "", 2),
    ("A5", "issued", "民用", "相关单位", ["改造"], "用户要求", "03-12", "03-18", "", "", "", "", 1),
    ("A6", "filed", "海军", "客户服务中心", [COMMISSION], "订货合同要求", "02-25", "03-01", "02-27", "03-01", "03-04", "03-06", 2),
]  # fmt: skip
DAYS = ("issued_on", "required_arrival", "departed_on", "arrived_on", "returned_on", "submitted_on")
ON_SITE = {"service_category": SITE, "military_branch": "海军"}


def notices() -> list[Record]:
    return [
        record(
            name, "04A", state, military_branch=branch, performed_by=by, service_category=category, service_origin=origin,
            staff=[{"name": f"人{n}", "title": "工程师"} for n in range(staff)], charge_type="无偿",
            performing_unit="某研究所" if by == "相关单位" else None,
            **{key: f"2026-{day}" for key, day in zip(DAYS, days, strict=True) if day},
        )
        for name, state, branch, by, category, origin, *days, staff in NOTICES
    ]  # fmt: skip


def reports() -> list[Record]:
    return [
        record("R1", "06A", notice="A1", product_model="SL-120", serial_no="01", finished_on="2026-03-06", repair_conclusion="修复", fault_category="元器件", **ON_SITE),
        record("R2", "06A", "submitted", notice="A2", product_model="SL-120", serial_no="02", finished_on="2026-03-18", repair_conclusion="临时恢复", fault_category="软件", **ON_SITE),
        record("R3", "06A", "draft", notice="A2", product_model="SL-120", serial_no="02", finished_on="2026-03-19", repair_conclusion="修复", signed=False, **ON_SITE),
        record("R4", "06A", "submitted", notice="A1", product_model="SL-120", serial_no="03", finished_on="2026-03-07", repair_conclusion="修复", signed=False, **ON_SITE),
        record("R5", "06A", "reviewed", service_category="返厂维修", product_model="SL-200", serial_no="09", finished_on="2026-03-20", repair_conclusion="修复", fault_category="工艺/装配", signed=False),
        record("R6", "06A", service_category="技术保障", product_model="SL-120", serial_no="04", finished_on="2026-03-25", repair_conclusion="无故障", military_branch="海军"),
        *(record(name, "07A", notice="A6", service_content=["开通"], finished_on=f"2026-03-0{n}", conclusion="正常", faults_during=faults)
          for n, (name, faults) in enumerate([("C1", "无"), ("C2", "无"), ("C3", "接插件松动，已紧固")], 1)),
        record("T1", "05A", notice="A2", train_to="2026-03-20", total_hours="12", trainee_count=10, training_mode="现场", training_occasion="年度计划安排"),
    ]  # fmt: skip


def contacts() -> list[Record]:
    moments = ["2026-03-08T10:00", "2026-03-10T19:30", "2026-03-10T09:00", "2026-03-11T15:00", "2026-03-12T10:30"]
    calls = [
        record(f"K{n}", "02A", call_at=at, direction="来电", line="热线", service_category="技术咨询")
        for n, at in enumerate(moments)
    ]
    calls += [
        record(
            f"L{n}", "02A", call_at=f"2026-03-1{n}T09:00", direction="去电", line="热线", service_category="技术咨询"
        )
        for n in range(2)
    ]
    information = [
        record("I1", "01A", "submitted", received_at="2026-02-20T09:00", info_type=["建议"], due_date="2026-03-05", handled_on="2026-03-02", replied_at="2026-03-03T10:00", channel="电话"),
        record("I2", "01A", "submitted", received_at="2026-03-05T09:00", info_type=["意见", "表扬（感谢）"], due_date="2026-03-12", handled_on="2026-03-09", replied_at="2026-03-10T10:00", channel="电话"),
        record("I3", "01A", "draft", received_at="2026-03-15T09:00", info_type=["投诉"], due_date="2026-03-20", channel="电话"),
    ]  # fmt: skip
    return [*calls, *information]


@pytest.fixture(scope="module")
def month() -> Paper:
    return Paper("2026-03", [*notices(), *reports(), *contacts()], cutoff="2026-04-10")


def test_v1_notices_abroad_close(month: Paper) -> None:
    assert month.row("T03", "flow") == {"opening": "1", "sent": "3", "back": "3", "closing": "1"}
    assert month.figure("T03.flow.total.opening").records == ("A6",)
    assert set(month.figure("T03.flow.total.sent").records) == {"A1", "A2", "A3"}
    assert set(month.figure("T03.flow.total.back").records) == {"A6", "A1", "A2"}
    assert month.figure("T03.flow.total.closing").records == ("A3",)


def test_v1_a_notice_of_two_categories_counts_in_both_and_once_in_the_total(month: Paper) -> None:
    assert month.column("T03", "category", "sent") == {"开通": "1", "技术培训": "1", "现场维修": "2", "total": "3"}
    assert "一件可属几类，各类之和可大于合计" in month.part("T03", "category").notes


def test_past_paper_without_fields_spoils_no_rate() -> None:
    old = {"state": "filed", "paper_no": "旧-1", "signed": False}
    rows = [
        record("N", "04A", issued_on="2026-03-02", departed_on="2026-03-03", service_origin="订货合同要求"),
        record("O", "04A", issued_on="2026-03-02", departed_on="2026-03-03", **old),
        record("C", "07A", finished_on="2026-03-05", conclusion="正常", faults_during="无"),
        record("D", "07A", finished_on="2026-03-05", **old),
        record("I", "01A", received_at="2026-03-05 09:00", info_type=["质量信息"], **old),
        record("P", "02A", call_at="2026-03-05", direction="来电", **old),
    ]
    paper = Paper("2026-03", rows)
    assert paper.row("T03", "planned") == {"sent": "2", "told": "1", "planned": "0", "unplanned": "1", "share": "0.0"}
    assert (paper["T09.total.total.reports"], paper["T09.total.total.at_once"]) == ("2", "100.0")
    assert (paper["T12.handover.total.count"], paper["T12.handover.total.percent"]) == ("1", "—")
    assert (paper["T02.calls.total.calls"], paper["T02.calls.total.off_hours"]) == ("1", "0")
    assert paper["T02.open.call_in.open"] == "0", "past paper is closed"


def test_v1_what_was_planned_and_what_was_never_sent(month: Paper) -> None:
    assert month.row("T03", "planned") == {"sent": "3", "told": "3", "planned": "1", "unplanned": "2", "share": "33.3"}
    assert [line[0] for line in month.listed("T03", "never_sent")] == ["A4"]


def test_v1_people_and_their_days_are_split_at_the_ends_of_the_month(month: Paper) -> None:
    assert month["T05.people.total.people"] == "7"
    days = month.figure("T05.people.total.days")
    assert (days.shown, dict(zip(days.records, days.contributions, strict=True))) == (
        "46",
        {"A6": 8, "A1": 10, "A2": 24, "A3": 4},
    )
    april = Paper("2026-04", notices(), cutoff="2026-05-10")
    assert april["T05.people.total.days"] == "12"


def test_v1_arrivals(month: Paper) -> None:
    assert month.row("T06", "arrival") == {
        "due": "4", "arrived": "3", "in_time": "2", "percent": "66.7", "awaited": "1", "overdue": "1", "days_late": "1.0",
    }  # fmt: skip
    rate = month.figure("T06.arrival.total.percent")
    assert (rate.exact, rate.numerator, rate.denominator) == ("200/3", 2, 3)
    assert set(rate.records) == {"A1", "A6"}
    assert set(rate.of) == {"A1", "A2", "A6"}


def test_v1_reports_handed_in(month: Paper) -> None:
    row = month.row("T06", "report")
    assert (row["back"], row["in_time"], row["late"], row["percent"]) == ("3", "2", "1", "66.7")
    assert month.figure("T06.report.total.late").records == ("A2",)
    deadline, calendar = means().deadlines["report_submission"], means().calendar
    back = {
        str(n["returned_on"]): n["submitted_on"]
        for r in notices()
        if (n := r.values).get("returned_on", "9999") < "2026-04"
    }
    limits = {day: deadline.limit_from(day, calendar) for day in back if day}
    # The first falls on Saturday the 7th and goes to Monday.
    assert limits == {"2026-03-08": "2026-03-11", "2026-03-21": "2026-03-24", "2026-03-04": "2026-03-09"}
    assert [day for day, limit in limits.items() if back[day] > limit] == ["2026-03-21"]


def test_v1_a_report_in_time_that_lacks_something_is_not_in_time() -> None:
    paper = Paper("2026-03", notices(), cutoff="2026-04-10", owes={"A1": True})
    row = paper.row("T06", "report")
    assert (row["in_time"], row["lacking"], row["percent"]) == ("1", "1", "33.3")


def test_v1_faults_and_repairs(month: Paper) -> None:
    row = month.row("T07", "total")
    assert (row["reports"], row["faults"], row["fixed"], row["first_fix"]) == ("4", "3", "66.7", "50.0")
    assert row["observed"] == "0", "R1's days of observation end on 5 April"
    assert set(month.figure("T07.total.total.reports").records) == {"R1", "R2", "R5", "R6"}
    assert month.figure("T07.total.total.first_fix").records == ("R1",)


def test_v1_faults_of_each_branch_and_kind_of_service(month: Paper) -> None:
    assert month.column("T07", "branch", "reports") == {"海军": "3", "未填": "1", "total": "4"}
    assert month.column("T07", "branch", "faults") == {"海军": "2", "未填": "1", "total": "3"}
    assert month.row("T07", "branch", "海军")["first_fix"] == "50.0"
    assert month.column("T07", "service", "faults") == {"现场维修": "2", "返厂维修": "1", "total": "3"}
    assert month.row("T07", "service", "技术保障") == {"reports": "1", "faults": "0", "units": "1", "fixed": "—"}
    assert month.row("T07", "service", "现场维修")["fixed"] == "50.0"


def test_v1_shares_of_fault_categories_add_to_a_hundred(month: Paper) -> None:
    shown = month.column("T07", "category", "share")
    assert shown == {"元器件": "33.4", "工艺/装配": "33.3", "软件": "33.3", "total": "100.0"}


def test_v1_commissioning(month: Paper) -> None:
    row = month.row("T09", "total")
    assert (row["units"], row["normal"], row["process_faults"], row["at_once"]) == ("3", "3", "1", "66.7")


def test_v1_training(month: Paper) -> None:
    row = month.row("T10", "total")
    assert (row["trainings"], row["hours"], row["people"], row["people_hours"]) == ("1", "12", "10", "120")


def test_v1_information_closes_and_is_answered(month: Paper) -> None:
    assert month.row("T11", "flow", "info") == {"opening": "1", "new": "2", "closed": "2", "closing": "1"}
    assert month.row("T11", "flow", "complaint") == {"opening": "0", "new": "1", "closed": "0", "closing": "1"}
    row = month.row("T06", "answer")
    assert (row["due"], row["in_time"], row["overdue"], row["percent"]) == ("3", "2", "1", "66.7")


def test_v1_shares_have_one_place_also_where_they_are_whole(month: Paper) -> None:
    shares = month.row("T07", "conclusion", "未修复"), month.row("T07", "conclusion", "修复")
    assert [row["share"] for row in shares] == ["0.0", "50.0"]


def test_v1_a_complaint_is_listed_with_its_days(month: Paper) -> None:
    assert [line[-3:] for line in month.listed("T11", "complaints")] == [("16", "/", "未办结")]


def test_v1_branches_nobody_called_from_are_no_columns() -> None:
    calls = [
        record(f"K{n}", "02A", call_at="2026-03-10T09:00", direction="来电", military_branch=branch)
        for n, branch in enumerate(["海军", "海军", "陆军"])
    ]
    found = Paper("2026-03", calls).part("T02", "flow")
    assert [head.label for head in found.columns] == ["件数", "陆军", "海军"]
    assert Paper("2026-03", calls).row("T02", "flow", "call_in") == {"count": "3", "branch_1": "1", "branch_2": "2"}


def test_v1_calls_out_of_hours(month: Paper) -> None:
    assert month["T02.calls.total.calls"] == "5"
    assert month.figure("T02.calls.total.off_hours").records == ("K0", "K1")


def test_v1_the_records_of_the_month_and_their_kinds(month: Paper) -> None:
    assert month["T01.forms.f01.now"] == "2"
    kinds = month.column("T11", "type", "count")
    assert kinds == {"意见": "1", "表扬（感谢）": "1", "投诉": "1", "total": "2"}
    assert set(month.figure("T01.forms.f04.now").records) == {"A1", "A2", "A3", "A5"}


def test_v1_what_is_left_out_is_listed_with_the_reason(month: Paper) -> None:
    assert [(line[0], line[3]) for line in month.listed("T18")] == [("R4", "未签署"), ("R3", "草稿")]


def test_v1_past_paper_is_valid_counts_in_totals_and_spoils_no_rate() -> None:
    past = record("P1", "06A", paper_no="旧-1", finished_on="2026-03-06", customer_unit="某部", signed=False)
    paper = Paper("2026-03", [*reports(), past], cutoff="2026-04-10")
    row = paper.row("T07", "total")
    assert (row["reports"], row["faults"], row["fixed"]) == ("5", "3", "66.7")
    assert paper.column("T07", "conclusion", "reports")["补录件（栏目未录入）"] == "1"


def test_f5_a_figure_names_what_belongs_to_it_and_was_not_counted(month: Paper) -> None:
    """What is not valid; of a rate what its denominator does not hold; of a mean what does not say the amount."""
    assert month.figure("T06.arrival.total.percent").left_out == (("A5", "逾期未到"),)
    assert month.figure("T06.arrival.total.due").left_out == ()
    unsigned = {"R3": "草稿", "R4": "未签署"}
    assert dict(month.figure("T07.total.total.reports").left_out) == unsigned
    assert dict(month.figure("T07.total.total.first_fix").left_out) == unsigned
    assert dict(month.figure("T07.total.total.report_to_repair").left_out) == unsigned | dict.fromkeys(
        ("R1", "R2", "R5"), "未填"
    )
    by_model = month.figure(f"T07.model.{choice_key('SL-120')}.reports")
    assert dict(by_model.left_out) == unsigned, "in its row"
    assert month.figure(f"T07.model.{choice_key('SL-200')}.reports").left_out == ()
    assert dict(month.figure("T07.conclusion.修复.share").left_out) == unsigned
    assert {"R3", "R4", "A5"} <= {*month.drawn.records}, "and are kept with the version they had"


def test_v1_a_lapsed_signature_and_a_report_sent_back_are_told_apart() -> None:
    lapsed = replace(record("X1", "06A", finished_on="2026-03-06", **ON_SITE))
    lapsed = replace(lapsed, signatures=(replace(lapsed.signatures[0], lapsed="2026-03-09"),))
    back = record("X2", "06A", "draft", finished_on="2026-03-06", reason="缺附件", **ON_SITE)
    gone = record("X3", "06A", "void", finished_on="2026-03-06", **ON_SITE)
    paper = Paper("2026-03", [lapsed, back, gone])
    assert [(line[0], line[3]) for line in paper.listed("T18")] == [
        ("X1", "签署失效"),
        ("X2", "已退回"),
        ("X3", "作废"),
    ]


def test_faults_per_hundred_units_in_service_and_of_each_age() -> None:
    """SL-120: two faults of three units there by March; SL-200: one of two; what came in April is not in service yet."""
    assert not [t for t in Paper("2026-03", reports()).drawn.tables if t.id == "T07b"], "no list, no table"
    days = {
        ("sl-120", "01"): "2023-03-07", ("sl-120", "02"): "2025-06-01", ("sl-120", "04"): "2025-12-31",
        ("sl-120", "05"): "2026-04-01", ("sl-200", "08"): "2019-05-05", ("sl-200", "11"): "2020-01-01",
    }  # fmt: skip
    where = {tuple(map(choice_key, unit)): day for unit, day in days.items()}
    month = Paper("2026-03", reports(), delivered=where)
    assert month.row("T07b", "model", choice_key("SL-120")) == {"faults": "2", "units": "3", "per_hundred": "66.7"}
    assert month.row("T07b", "model", choice_key("SL-200")) == {"faults": "1", "units": "2", "per_hundred": "50.0"}
    year = Paper("2026", reports(), delivered=where)
    assert year.column("T07b", "age", "faults") == {"不满1年": "1", "满2年不满5年": "1", "未填": "1"}
    # 01 was a day short of three years when mended. At the year's end 05 alone is not yet a year old.
    assert year.column("T07b", "age", "units") == {"不满1年": "1", "满2年不满5年": "1"}
    assert year["T07b.age.未填.per_hundred"] == "—"
