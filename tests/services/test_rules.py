"""The rules of QS/PA758A one by one, by their number and clause (docs/rules.md), through the services of the office.

What a form asks of its own fields is tested in test_forms_definitions.py; here it is what needs the office: other
records, steps, signatures.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, NotFound, QRecordsError, UsageError, WrongState
from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.services import reading, steps
from qrecords.services.file import file_records
from qrecords.services.finding.find import show
from qrecords.services.intake.fill import Filled, fill
from qrecords.services.intake.update import update
from qrecords.stores.given import on_disk
from tests.conftest import CHECKOUT

Sample = Callable[..., dict[str, Any]]
Write = Callable[..., Path]
NOTICE = "QR758-04A-2025-00001"


@pytest.fixture
def desk(office: Office, sample: Sample, write: Write) -> Desk:
    return Desk(office, sample, write)


class Desk:
    """A clerk at work: fills samples with some values changed."""

    def __init__(self, office: Office, sample: Sample, write: Write) -> None:
        self.office, self.sample, self.write = office, sample, write

    def filled(self, form: str, **changes: Any) -> Filled:
        return fill(self.office, form, [on_disk(self.write(self.sample(form, **changes)))])

    def new(self, form: str, **changes: Any) -> str:
        (record,) = self.filled(form, **changes).records
        return record.record_no

    def notice(self, **changes: Any) -> str:
        number = self.new("04A", **changes)
        steps.issue(self.office, [number])
        return number

    def change(self, number: str, **changes: Any) -> Record:
        return update(self.office, number, on_disk(self.write(changes)))


def told(refused: pytest.ExceptionInfo[QRecordsError]) -> str:
    """Return everything a refusal says."""
    error = refused.value
    return "\n".join(map(worded, (error.message, error.remedy, *(p.message for p in error.problems))))


def test_r1_clause_7_a_form_outside_the_eleven_is_refused(desk: Desk) -> None:
    with pytest.raises(NotFound) as refused:
        fill(desk.office, "12A", [on_disk(desk.write({}))])
    assert "QS/PA758A 第7章" in told(refused)


def test_r4_clause_5_5_6_nothing_is_filed_without_the_supervisors_signature(desk: Desk) -> None:
    number = desk.new("01A", channel="电话")
    steps.submit(desk.office, [number])
    with pytest.raises(WrongState) as refused:
        file_records(desk.office, [number])
    assert "已提交" in told(refused)
    assert "审查（review）" in told(refused)


def test_r5_clause_5_1_2_2_a_call_without_its_result_stays_open(desk: Desk) -> None:
    number = desk.new("02A", handling_result=None, closed_on=None)
    with pytest.raises(WrongState, match="还不能提交") as refused:
        steps.submit(desk.office, [number])
    assert "「处理结果」" in told(refused)


@pytest.mark.parametrize("form", ["05A", "06A", "07A", "08A"])
def test_r18_clause_5_5_4_no_on_site_report_on_a_notice_not_issued(desk: Desk, form: str) -> None:
    desk.new("04A")
    with pytest.raises(InvalidInput) as refused:
        desk.new(form)
    assert "还没有签发" in told(refused)
    assert "QS/PA758A 5.5.4" in told(refused)
    steps.issue(desk.office, [NOTICE])
    assert desk.new(form)


def test_r18_clause_5_5_4_a_notice_called_back_holds_its_reports(desk: Desk) -> None:
    desk.notice()
    report = desk.new("06A")
    steps.submit(desk.office, [NOTICE])
    steps.send_back(desk.office, [NOTICE], reason="示例：指派人员有变")
    with pytest.raises(WrongState) as refused:
        steps.submit(desk.office, [report])
    assert "QS/PA758A 5.5.4" in told(refused)
    steps.issue(desk.office, [NOTICE])
    steps.submit(desk.office, [report])


def test_r18_clause_5_5_4_a_notice_with_reports_is_not_voided_under_them(desk: Desk) -> None:
    desk.notice()
    report = desk.new("06A")
    with pytest.raises(WrongState) as refused:
        steps.void(desk.office, [NOTICE], reason="示例：任务取消")
    assert report in told(refused)
    steps.void(desk.office, [report], reason="示例：任务取消")
    steps.void(desk.office, [NOTICE], reason="示例：任务取消")


def test_r22_clause_5_5_5_a_signature_lapses_when_a_printed_value_changes(desk: Desk) -> None:
    desk.notice()
    report = desk.new("06A", user_comments=None)
    steps.sign(desk.office, [report], kind="customer-seal", by="示例用户单位")
    steps.sign(desk.office, [report], kind="engineer", by="示例工程师")
    assert [s.lapsed for s in desk.change(report, user_comments="示例：手写在纸上的意见").signatures] == ["", ""]
    lapsed = desk.change(report, repair_action="示例：改了已经印出的处理措施")
    assert [s.lapsed for s in lapsed.signatures] == ["2026-03-04"] * 2
    steps.submit(desk.office, [report])
    steps.review(desk.office, [report])
    with pytest.raises(WrongState) as refused:
        file_records(desk.office, [report])
    assert "签署姓名或加盖公章后方为有效（QS/PA758A 5.5.5）" in told(refused)
    assert "原签署已失效" in told(refused)
    (signed,) = steps.sign(desk.office, [report], kind="customer-signature", by="示例用户")
    assert [s.kind for s in signed.signatures if not s.lapsed] == ["customer-signature"]


def test_r11_clause_5_2_1_a_title_below_junior_is_reminded_of(desk: Desk) -> None:
    staff = [{"name": "示例实习生", "title": "实习生", "unit": "客户服务中心", "is_leader": True}]
    made = desk.filled("04A", staff=staff)
    assert any("提醒" in note and "QS/PA758A 5.2.1" in note for note in made.notes)
    assert any("QS/PA758A 5.2.1" in text for text in show(desk.office, NOTICE).reminders)
    assert not any("提醒" in note for note in desk.filled("04A").notes)


def test_r11_clause_5_2_1_by_setting_it_is_refused(desk: Desk) -> None:
    path = desk.office.settings.forms_dir / "04A" / "form.toml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace(
        'check = "rows_among"\nlevel = "warn"\nfields = ["staff"]', 'check = "rows_among"\nfields = ["staff"]'
    )
    assert changed != text
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(InvalidInput) as refused:
        desk.new("04A", staff=[{"name": "示例实习生", "title": "实习生", "is_leader": True}])
    assert "QS/PA758A 5.2.1" in told(refused)
    assert desk.new("04A")


@pytest.mark.parametrize("form", ["06A", "07A"])
def test_r31_r37_table_1_two_units_on_one_report_are_refused(desk: Desk, form: str) -> None:
    desk.notice()
    with pytest.raises(InvalidInput) as refused:
        desk.new(form, serial_no="S2501008、S2501009")
    assert "一台一份" in told(refused)
    assert "QS/PA758A 表1" in told(refused)


def test_r31_table_1_one_unit_has_one_commissioning_report_in_a_notice(desk: Desk) -> None:
    desk.notice()
    source = desk.write(desk.sample("07A"))
    (first,) = fill(desk.office, "07A", [on_disk(source)]).records
    (again,) = fill(desk.office, "07A", [on_disk(source)]).records
    assert again.record_no == first.record_no, "the same input is the same record, no double"
    with pytest.raises(InvalidInput) as refused:
        desk.new("07A", faults_during="无")
    assert first.record_no in told(refused)
    steps.void(desk.office, [first.record_no], reason="示例：重填")
    assert desk.new("07A", faults_during="无") != first.record_no


def test_r31_table_1_two_of_one_unit_in_one_input_are_found(desk: Desk) -> None:
    desk.notice()
    twins = [desk.sample("07A", training_hours="1"), desk.sample("07A", training_hours="1", faults_during="无")]
    with pytest.raises(InvalidInput) as refused:
        fill(desk.office, "07A", [on_disk(desk.write(twins))])
    assert [p.row for p in refused.value.problems] == [2]


def test_r32_table_1_a_unit_is_not_on_a_07a_and_an_08a_of_one_notice(desk: Desk) -> None:
    desk.notice()
    single = desk.new("07A", product_model="SL-210", serial_no="S2501002")
    with pytest.raises(InvalidInput) as refused:
        desk.new("08A")
    assert single in told(refused)
    assert "S2501002" in told(refused)
    other = desk.notice(task_description="示例：另一次任务")
    assert desk.new("08A", notice_no=other)


def test_r34_table_1_training_that_reaches_four_hours_in_all_needs_the_05a(desk: Desk) -> None:
    desk.notice()
    desk.new("06A", training_hours="1.5")
    with pytest.raises(InvalidInput) as refused:
        desk.new("07A", customer_unit="示例单位一", training_hours="2.5")
    assert "合计满4小时" in told(refused)
    assert "QS/PA758A 表1" in told(refused)
    assert desk.new("07A", customer_unit="示例单位二", training_hours="2.5"), "another unit, another sum"
    desk.new("05A")
    assert desk.new("06A", serial_no="S2203018", training_hours="2.5")


def test_r34_table_1_one_training_record_for_one_period_and_unit(desk: Desk) -> None:
    desk.notice()
    first = desk.new("05A")
    with pytest.raises(InvalidInput) as refused:
        desk.new("05A", train_from="2025-03-11", train_to="2025-03-12", user_sign_date="2025-03-12")
    assert first in told(refused)
    assert desk.new("05A", train_from="2025-03-12", train_to="2025-03-12", user_sign_date="2025-03-12")
    assert desk.new("05A", customer_unit="示例单位二")


def test_r37_table_1_technical_support_has_one_report_for_each_unit(desk: Desk) -> None:
    desk.notice()
    support = {"service_category": "技术保障", "support_checks": ["天线"], "training_hours": None}
    support |= {"training_content": None, "training_people": None, "training_instructor": None}
    first = desk.new("06A", **support)
    with pytest.raises(InvalidInput) as refused:
        desk.new("06A", **support, fault_condition="示例")
    assert first in told(refused)
    assert reading.one(desk.office, desk.new("06A", **support, serial_no="S2203018")).notice_no == NOTICE


def test_r30_clause_5_5_7_a_second_repair_of_one_unit_on_one_journey_is_reminded_of(desk: Desk) -> None:
    desk.notice()
    first = desk.new("06A", training_hours="1")
    made = desk.filled("06A", training_hours="1", fault_condition="示例：又坏一次")
    assert any("提醒" in note and first in note for note in made.notes)


def test_r2_clause_7_a_record_before_the_procedure_was_in_force_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput) as refused:
        desk.new("10A", received_on="2010-11-09", closed_on="2010-11-09")
    assert "2010-11-10" in told(refused)
    assert desk.new("10A", received_on="2010-11-10", closed_on="2010-11-10")


def test_r4_clause_5_5_6_a_voided_number_stays_with_its_reason_and_is_not_used_again(desk: Desk) -> None:
    first = desk.new("10A")
    steps.void(desk.office, [first], reason="示例：填错用户")
    assert desk.new("10A", user_need="示例：另一件") == "QR758-10A-2025-00002"
    assert show(desk.office, first).reason == "示例：填错用户"
    with pytest.raises(WrongState) as refused:
        steps.submit(desk.office, [first])
    assert "作废" in told(refused)


def test_r24_clause_5_5_6_a_record_goes_back_with_a_reason_and_its_review_no_longer_stands(desk: Desk) -> None:
    number = desk.new("01A", channel="电话")
    steps.submit(desk.office, [number])
    steps.review(desk.office, [number], opinion="同意")
    with pytest.raises(UsageError):
        steps.send_back(desk.office, [number], reason=" ")
    (back,) = steps.send_back(desk.office, [number], reason="示例：原因分析不全")
    assert (back.state.value, back.reviewed_on, back.opinion, back.reason) == ("draft", "", "", "示例：原因分析不全")


def unfileable(desk: Desk, form: str, *kinds: str, **changes: Any) -> str:
    """Return what is told when a report goes as far as it can and is to be filed."""
    number = desk.new(form, **changes)
    for kind in kinds:
        steps.sign(desk.office, [number], kind=kind, by="示例签署人")
    steps.submit(desk.office, [number])
    steps.review(desk.office, [number])
    with pytest.raises(WrongState) as refused:
        file_records(desk.office, [number])
    return told(refused)


@pytest.mark.parametrize("form", ["05A", "06A", "07A", "08A"])
def test_r21_r22_clause_5_5_5_a_report_without_rating_and_signature_is_not_filed(desk: Desk, form: str) -> None:
    desk.notice()
    said = unfileable(desk, form, "engineer", product_rating=None)
    assert "用户没有评价的写明「用户未评价原因」（QS/PA758A 5.5.5）" in said
    assert "须经用户签署姓名或加盖公章后方为有效（QS/PA758A 5.5.5）" in said


@pytest.mark.parametrize("kind", ["customer-signature", "customer-seal"])
def test_r22_clause_5_5_5_signature_or_seal_either_is_enough(desk: Desk, kind: str) -> None:
    desk.notice()
    assert "签署姓名或加盖公章" not in unfileable(desk, "06A", kind)


def test_r25_clause_5_5_6_a_related_units_report_needs_its_leaders_signature(desk: Desk) -> None:
    desk.notice()
    unit = {"performed_by": "相关单位", "performing_unit": "示例研究所"}
    said = unfileable(desk, "06A", "customer-seal", "engineer", **unit)
    assert "须先经该单位领导审查签名（QS/PA758A 5.5.6）" in said


def test_r32_r33_table_1_three_normal_units_of_one_model_or_none(desk: Desk) -> None:
    desk.notice()
    units = desk.sample("08A")["units"]
    for changed, words in (
        (units[:2], "不足3台"),
        ([*units[:2], units[2] | {"conclusion": "有故障"}], "有故障的设备不列入本表"),
    ):
        with pytest.raises(InvalidInput) as refused:
            desk.new("08A", units=changed)
        assert words in told(refused)
        assert "QS/PA758A 表1" in told(refused)
        assert "QR758-07A" in told(refused)


@pytest.mark.parametrize(("hours", "accepted"), [("3.9", True), ("4", False), ("4.5", False)])
def test_r35_table_1_the_training_column_is_for_less_than_four_hours(desk: Desk, hours: str, accepted: bool) -> None:
    desk.notice()
    if accepted:
        assert desk.new("06A", training_hours=hours)
        return
    with pytest.raises(InvalidInput) as refused:
        desk.new("06A", training_hours=hours)
    assert "QR758-05A" in told(refused)


@pytest.mark.parametrize(
    "missing", ["training_mode", "courses", "training_site", "materials", "instructors", "train_from"]
)
def test_r36_table_1_a_training_record_has_the_whole_plan(desk: Desk, missing: str) -> None:
    desk.notice()
    with pytest.raises(InvalidInput):
        desk.new("05A", **{missing: None})


@pytest.mark.parametrize("missing", ["replied_at", "reply_content", "replied_by", "handling_opinion"])
def test_r43_clause_5_7_1_information_without_its_answer_is_not_submitted(desk: Desk, missing: str) -> None:
    number = desk.new("01A", channel="电话", **{missing: None})
    with pytest.raises(WrongState, match="还不能提交"):
        steps.submit(desk.office, [number])


def test_r41_r44_clause_5_6_5_7_2_complaints_need_a_cause_quality_information_its_follow_up(desk: Desk) -> None:
    number = desk.new("01A", channel="电话", info_type=["投诉", "质量信息"], cause_analysis=None, qa_followup=None)
    with pytest.raises(WrongState) as refused:
        steps.submit(desk.office, [number])
    assert "QS/PA758A 5.6" in told(refused)
    assert "QS/PA758A 5.7.2" in told(refused)


RULES = CHECKOUT / "docs" / "rules.md"
MINE = [
    *range(1, 9),
    11,
    12,
    *range(18, 39),
    *range(41, 45),
    *range(47, 52),
    *range(90, 99),
    *range(100, 117),
    *range(121, 181),
]


def test_the_table_of_rules_names_each_rule_once_and_tests_that_exist() -> None:
    rows = re.findall(r"^\| R(\d+) \|(.*)\|$", RULES.read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number, _ in rows] == MINE
    tests = "".join(p.read_text(encoding="utf-8") for p in (CHECKOUT / "tests").rglob("test_*.py"))
    known = set(re.findall(r"^def (test_\w+)", tests, re.MULTILINE))
    for number, row in rows:
        named = set(re.findall(r"`(test_\w+)`", row))
        assert named <= known, (number, named - known)
        assert named or "not yet" in row, number


def test_the_places_the_table_of_rules_names_are_there() -> None:
    """Modules below src/qrecords, definitions by their name below forms, packs; lists an office keeps are its own."""
    there = {p.name for folder in ("forms", "packs") for p in (CHECKOUT / folder).rglob("*") if p.is_file()}
    own = {"customers.csv", "products.csv", "parts.csv", "access.toml", "qrecords.toml"}
    text = RULES.read_text(encoding="utf-8")
    modules = {CHECKOUT / "src/qrecords" / name for name in re.findall(r"`((?:\w+/)*\w+\.py)`", text)}
    assert len(modules) > 40 and [p for p in sorted(modules) if not p.is_file()] == []
    data = {name.rpartition("/")[2] for name in re.findall(r"[\w/]+\.(?:toml|csv|docx)\b", text)}
    assert len(data) > 30 and data - there - own == set()
