"""The eleven forms as they are defined: complete, consistent, and every rule of theirs bites."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput, NotFound, Problem
from qrecords.model import rules
from qrecords.model.field import BOXES, heading_key
from qrecords.model.form import Form
from qrecords.model.record import Action, Record, Signed, State, missing_before, open_actions
from qrecords.stores.formfiles import FormCatalogue
from tests.conftest import CHECKOUT

FORMS = CHECKOUT / "forms" / "QR758"
CATALOGUE = FormCatalogue(FORMS)

# QS/PA758A clause 7, number by number.
CLAUSE_7 = {
    "QR758-01A": "用户信息记录处理表",
    "QR758-02A": "服务电话记录",
    "QR758-03A": "服务传真记录",
    "QR758-04A": "售后服务通知单",
    "QR758-05A": "用户培训记录",
    "QR758-06A": "维修服务报告",
    "QR758-07A": "开通/试验服务报告",
    "QR758-08A": "正常批量开通/改造服务报告",
    "QR758-09A": "客户服务发件记录",
    "QR758-10A": "客户服务收件记录",
    "QR758-11A": "产品服务信息记录表",
}
REGISTERS = {"QR758-02A", "QR758-03A", "QR758-09A", "QR758-10A"}
REVIEWED = {"QR758-04A", "QR758-05A", "QR758-06A", "QR758-07A", "QR758-08A"}

every_form = pytest.mark.parametrize("code", CLAUSE_7)


def form_of(code: str) -> Form:
    return CATALOGUE.get(code).form


def sample_of(code: str) -> dict[str, Any]:
    checked = form_of(code).check(CATALOGUE.get(code).sample())
    assert not checked.problems
    return checked.values


def all_stages(form: Form) -> list[str]:
    return [s.key for s in form.stages]


def changed(sample: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a sample with a patch laid over it; None takes a field out, `key.2.column` reaches into a row."""
    result = {
        k: [dict(r) if isinstance(r, dict) else r for r in v] if isinstance(v, list) else v for k, v in sample.items()
    }
    for path, value in patch.items():
        key, *inner = path.split(".")
        if inner:
            result[key][int(inner[0]) - 1][inner[1]] = value
        elif value is None:
            del result[key]
        else:
            result[key] = value
    return result


def problems_of(form: Form, raw: Mapping[str, Any]) -> list[Problem]:
    checked = form.check(raw)
    return [
        *checked.problems,
        *form.incomplete(checked.values, all_stages(form)),
        *form.warnings(checked.values),
    ]


def test_the_list_of_forms_is_closed() -> None:
    ours = [f.form for f in CATALOGUE.all() if CATALOGUE.series_of(f.form.code).closed]
    assert {form.code: form.title for form in ours} == CLAUSE_7


@pytest.mark.parametrize("code", ["12A", "QR758-06B", "QR759-06A", "6A", "QR758-006A", "volume", "", ".."])
def test_another_code_is_refused(code: str) -> None:
    with pytest.raises(NotFound, match="第7章"):
        CATALOGUE.get(code)


def _beside(series: Path) -> None:
    for name in ("blocks.toml", "series.toml"):
        (series / name).write_bytes((FORMS / name).read_bytes())


def test_a_condition_on_a_column_that_is_not_there_does_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "QR758" / "11A"
    folder.mkdir(parents=True)
    text = (FORMS / "11A" / "form.toml").read_text(encoding="utf-8")
    (folder / "form.toml").write_text(text.replace('column = "needs_qa"', 'column = "needs"'), encoding="utf-8")
    _beside(folder.parent)
    with pytest.raises(InvalidInput) as refused:
        FormCatalogue(folder.parent).get("11A")
    assert any("quality_items.needs" in p.message for p in refused.value.problems)


def test_a_form_that_is_not_of_the_series_does_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "QR758" / "06A"
    folder.mkdir(parents=True)
    text = (FORMS / "06A" / "form.toml").read_text(encoding="utf-8").replace('"QR758-06A"', '"QR758-06AB"')
    (folder / "form.toml").write_text(text, encoding="utf-8")
    _beside(folder.parent)
    with pytest.raises(InvalidInput):
        FormCatalogue(folder.parent).get("06A")


@every_form
def test_layout_and_retention_follow_the_procedure(code: str) -> None:
    form = form_of(code)
    assert form.is_register == (code in REGISTERS)
    assert (form.layout == "landscape") == (code == "QR758-08A")
    assert form.retention.years == 5
    assert form.retention.year_of == ("review" if code in REVIEWED else "date_field")
    assert form.edition == "A"


def test_the_series_names_each_form_once_as_the_form_names_itself() -> None:
    series = tomllib.loads((FORMS / "series.toml").read_text(encoding="utf-8"))
    assert {s["code"]: s["title"] for s in series["forms"]} == CLAUSE_7
    assert len(series["forms"]) == len(CLAUSE_7)
    families = {f["key"] for f in series["families"]}
    for line in series["forms"]:
        assert line["keeper"] == "客户服务中心"
        assert line["retention_years"] == form_of(line["code"]).retention.years
        assert line["family"] in families
    bound = {k: {s["code"] for s in series["forms"] if s["family"] == k} for k in families}
    assert bound["communication"] == REGISTERS
    assert bound["service"] == REVIEWED


@every_form
def test_the_sample_is_valid_complete_and_stays_as_it_is(code: str) -> None:
    form = form_of(code)
    values = sample_of(code)
    assert form.incomplete(values, all_stages(form)) == []
    again = form.check(values)
    assert again.problems == ()
    assert again.values == values


@every_form
def test_the_sample_is_visibly_one(code: str) -> None:
    sample = CATALOGUE.get(code).sample()
    assert "示例" in sample["customer_unit"]
    people = [v for k, v in sample.items() if k.endswith("_by") and k != "performed_by"] + [sample["contact_person"]]
    assert all("示例" in name for name in people)
    assert 2 * len(sample) > len(form_of(code).input_fields)


@every_form
def test_headings_are_unambiguous(code: str) -> None:
    form = form_of(code)
    names = [heading_key(n) for f in form.fields for n in {f.label, f.key}]
    assert len(names) == len(set(names))
    for field in form.fields:
        columns = [heading_key(n) for c in field.columns for n in {c.label, c.key}]
        assert len(columns) == len(set(columns))
        assert not any(c.type in BOXES for c in field.columns)


@every_form
def test_every_record_has_the_head_and_its_customer(code: str) -> None:
    form = form_of(code)
    for key in ("secrecy_level", "customer_unit", "military_branch"):
        assert form.by_key[key].required, key
        assert form.by_key[key].stage == form.stages[0].key
    assert form.by_key["secrecy_level"].default == "内部"
    assert form.check({}).values["secrecy_level"] == "内部"


@every_form
def test_a_required_field_left_out_is_reported_in_its_stage(code: str) -> None:
    form = form_of(code)
    values = sample_of(code)
    required = [f for f in form.fields if f.required]
    assert required
    for field in required:
        without = changed(values, {field.key: None})
        assert field.key in {p.field for p in form.incomplete(without, [field.stage])}
        others = [s for s in all_stages(form) if s != field.stage]
        assert field.key not in {p.field for p in form.incomplete(without, others)}


@every_form
def test_a_required_column_left_out_is_reported(code: str) -> None:
    form = form_of(code)
    values = sample_of(code)
    for field in form.fields:
        for column in field.columns:
            if column.required:
                raw = changed(values, {f"{field.key}.1.{column.key}": ""})
                found = {p.field for p in problems_of(form, raw)}
                assert f"{field.key}[1].{column.key}" in found


@dataclass(frozen=True)
class Case:
    """One thing done to a form's sample, and the words of the problem it must cause."""

    code: str
    patch: Mapping[str, Any]
    words: str


def _cases() -> Iterator[Case]:
    for code in sorted(REVIEWED):
        yield Case(code, {"performed_by": "相关单位"}, "「承办单位类别」是「相关单位」时，「承办单位」必须填写")
        yield Case(code, {"product_rating": None}, "请填「产品质量」")
        yield Case(code, {"service_rating": None}, "请填「服务质量」")
    yield from (Case(f"QR758-{number}", patch, words) for number, patch, words in _OWN_CASES)


_OWN_CASES: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("01A", {"source_record_no": None}, "「来源记录编号」"),
    ("01A", {"cause_analysis": None}, "「原因分析」"),
    ("01A", {"info_type": ["投诉"], "cause_analysis": None}, "「原因分析」"),
    ("01A", {"qa_followup": None}, "「质量部跟踪验证」"),
    ("01A", {"due_date": "2025-03-16"}, "早于「接收时间」"),
    ("01A", {"handled_on": "2025-03-16"}, "早于「接收时间」"),
    ("01A", {"replied_at": "2025-03-17 09:19"}, "早于「接收时间」"),
    ("02A", {"closed_on": "2025-02-28"}, "早于「通话时间」"),
    ("03A", {"approved_by": None}, "「签发人」"),
    ("04A", {"required_arrival": "2025-03-02"}, "早于「签发日期」"),
    ("04A", {"planned_finish": "2025-03-05"}, "早于「要求到达日期」"),
    ("04A", {"departed_on": "2025-03-02"}, "早于「签发日期」"),
    ("04A", {"arrived_on": "2025-03-04"}, "早于「出发日期」"),
    ("04A", {"left_on": "2025-03-05"}, "早于「到达日期」"),
    ("04A", {"returned_on": "2025-03-11"}, "早于「离开日期」"),
    ("04A", {"submitted_on": "2025-03-12"}, "早于「返回公司日期」"),
    ("04A", {"completion": "部分", "completion_note": None}, "「完成情况说明」"),
    ("04A", {"late_reason": None}, "共5日，超过3日（最迟2025-03-17），请填「超期原因」"),
    ("04A", {"staff.1.title": "实习生"}, "初级以上专业技术职称"),
    ("04A", {"user_sign_date": "2025-03-14"}, "不在到达与离开之间"),
    ("04A", {"products.1.production_status": "工程"}, "由相关单位服务"),
    ("04A", {"performed_by": "相关单位", "performing_unit": "示例研究所"}, "由客户服务中心服务"),
    ("05A", {"notice_no": None}, "「通知单编号」"),
    ("05A", {"train_to": "2025-03-09"}, "早于「开始日期」"),
    ("05A", {"courses.1.hours": "1", "courses.2.hours": "1", "courses.3.hours": "1.9"}, "不足4小时"),
    ("05A", {"user_sign_date": None}, "「用户签署日期」"),
    ("06A", {"notice_no": None}, "「通知单编号」"),
    ("06A", {"service_category": "返厂维修"}, "「返修收件编号」"),
    ("06A", {"service_category": "返厂维修"}, "「检验结论」"),
    ("06A", {"service_category": "返厂维修"}, "「检验员」"),
    ("06A", {"fault_cause": None}, "「故障定位/原因」"),
    ("06A", {"fault_category": None}, "「故障类别」"),
    ("06A", {"repair_action": None}, "「处理措施」"),
    ("06A", {"service_category": "技术保障"}, "「保障检查」"),
    ("06A", {"service_category": "技术保障"}, "「专题总结报告编号」"),
    ("06A", {"service_category": "培训", "training_people": None}, "「培训人数」"),
    ("06A", {"training_instructor": None}, "「培训教员」"),
    ("06A", {"training_hours": "4"}, "满4小时"),
    ("06A", {"started_on": "2025-02-28"}, "早于「报修日期」"),
    ("06A", {"finished_on": "2025-03-05"}, "早于「到达/开始日期」"),
    ("06A", {"user_sign_date": None}, "「用户签署日期」"),
    ("06A", {"serial_no": "S2203017、S2203018"}, "只写一台"),
    ("07A", {"service_content": ["改造"]}, "「改造依据」"),
    ("07A", {"finished_on": "2025-03-06"}, "早于「开始日期」"),
    ("07A", {"function_tests.3.conclusion": "不合格"}, "「结论」不能是正常"),
    ("07A", {"conclusion": "有条件接收", "open_issues": None}, "「遗留问题」"),
    ("07A", {"training_hours": None}, "「培训学时」"),
    ("07A", {"training_hours": "4.0"}, "满4小时"),
    ("07A", {"serial_no": "S2501008至S2501009"}, "只写一台"),
    ("08A", {"service_content": "改造"}, "「改造依据」"),
    *(
        (code, {"secrecy_level": level}, "「保密期限」")
        for code in (f"{n:02}A" for n in range(1, 12))
        for level in ("秘密", "机密")
    ),
    ("08A", {"finished_on": "2025-03-07"}, "早于「开始日期」"),
    ("08A", {"units.3.serial_no": "S2501001"}, "第3行与第1行的「出厂编号」相同"),
    ("08A", {"units.2.serial_no": "S2501004，S2501005"}, "一行一台"),
    ("08A", {"units.2.conclusion": "有故障"}, "有故障的设备不列入本表"),
    ("08A", {"units.2.appearance_ok": False}, "「外观齐套」不合格"),
    ("08A", {"units.2.install_ok": False}, "「安装连接」不合格"),
    ("08A", {"units.2.power_ok": False}, "「通电自检」不合格"),
    ("08A", {"units.2.function_ok": False}, "「联试功能」不合格"),
    ("08A", {"units": [{"serial_no": "S1"}, {"serial_no": "S2"}]}, "不足3台"),
    ("09A", {"secrecy_level": "秘密", "secrecy_period": "10年"}, "只能走机要或派专人自送"),
    ("09A", {"secrecy_level": "机密", "secrecy_period": "20年", "delivery_method": "随车"}, "只能走机要或派专人自送"),
    (
        "09A",
        {"secrecy_level": "秘密", "secrecy_period": "10年", "delivery_method": "机要", "approved_by": None},
        "涉密件发出",
    ),
    ("09A", {"approved_by": None}, "备件、产品发出"),
    ("09A", {"delivered_on": "2025-03-27"}, "早于「发件日期」"),
    ("10A", {"acceptance": None}, "「验收」"),
    ("10A", {"acceptance": "拒收"}, "「拒收原因」"),
    ("10A", {"closed_on": "2025-04-07"}, "早于「收件日期」"),
    ("11A", {"transferred_to": None}, "「转办编号」"),
    ("11A", {"served_from": "2025-03-13"}, "早于「服务开始日期」"),
    ("11A", {"sent_on": "2025-03-11"}, "早于「服务结束日期」"),
    ("11A", {"received_on": "2025-03-17"}, "早于「传递日期」"),
    (
        "11A",
        dict.fromkeys(("quality_items", "usage_info", "demand_info", "user_comments", "suggestions")),
        "至少填写一项",
    ),
)
CASES = list(_cases())


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.code[6:]}-{c.words}")
def test_a_broken_rule_is_reported(case: Case) -> None:
    form = form_of(case.code)
    found = problems_of(form, changed(sample_of(case.code), case.patch))
    assert any(case.words in p.message for p in found), [p.message for p in found]


@every_form
def test_every_rule_is_broken_by_some_case(code: str) -> None:
    form = form_of(code)
    tried = [form.check(changed(sample_of(code), c.patch)).values for c in CASES if c.code == code]
    for rule in form.rules:
        assert not rules.violations(rule, sample_of(code), form.label)
        assert any(rules.violations(rule, values, form.label) for values in tried), rule


@pytest.mark.parametrize(
    ("code", "patch"),
    [
        # Not rated is allowed when it is said why (5.5.5).
        ("QR758-07A", {"product_rating": None, "service_rating": None, "not_rated_reason": "用户未表态"}),
        # 「3台以上」「4小时以上」 include the number itself.
        ("QR758-05A", {"courses.1.hours": "1", "courses.2.hours": "1", "courses.3.hours": "2"}),
        ("QR758-06A", {"training_hours": "3.9"}),
        # Return repair: no evaluation by the customer, but an inspection.
        (
            "QR758-06A",
            {
                "service_category": "返厂维修",
                "notice_no": None,
                "intake_record_no": "QR758-10A-2025-00001",
                "inspection_conclusion": "合格",
                "inspector": "示例检验员",
                "product_rating": None,
                "service_rating": None,
                "user_sign_date": None,
            },
        ),
        # Field support without a fault.
        (
            "QR758-06A",
            {
                "service_category": "技术保障",
                "fault_symptom": "无故障",
                "fault_cause": None,
                "fault_category": None,
                "repair_conclusion": "无故障",
                "support_checks": ["连接电缆", "天线"],
                "summary_report_no": "示例总结〔2025〕1号",
            },
        ),
        # Three days after return, and the Monday after a limit on a Sunday, are in time.
        ("QR758-04A", {"submitted_on": "2025-03-16", "late_reason": None}),
        ("QR758-04A", {"submitted_on": "2025-03-17", "late_reason": None}),
        ("QR758-09A", {"secrecy_level": "秘密", "secrecy_period": "10年", "delivery_method": "自送"}),
        ("QR758-09A", {"item_type": "函件", "approved_by": None}),
        ("QR758-10A", {"item_type": "函件", "acceptance": None}),
    ],
)
def test_what_the_procedure_allows_passes(code: str, patch: Mapping[str, Any]) -> None:
    assert problems_of(form_of(code), changed(sample_of(code), patch)) == []


def test_hours_and_units_are_counted() -> None:
    assert sample_of("QR758-05A")["total_hours"] == "8.5"
    assert sample_of("QR758-05A")["trainee_count"] == 15
    assert sample_of("QR758-08A")["unit_count"] == 3


def record_of(code: str, values: Mapping[str, Any], *kinds: str) -> Record:
    signatures = tuple(Signed(kind, "示例", "2025-03-31") for kind in kinds)
    return Record(
        f"{code}-2025-00001", code, 2025, State.DRAFT, dict(values), "", "", "", "", "", signatures=signatures
    )


def asked(code: str, patch: Mapping[str, Any], action: Action, *kinds: str) -> set[str | None]:
    form = form_of(code)
    values = form.check(changed(sample_of(code), patch)).values
    return {p.field for p in missing_before(form, record_of(code, values, *kinds), action)}


@every_form
def test_signatures_are_named_as_the_sign_command_names_them(code: str) -> None:
    form = form_of(code)
    assert {s.kind for s in form.signatures} <= {
        "customer-signature",
        "customer-seal",
        "engineer",
        "unit-leader",
        "quality-receipt",
    }
    labels = {f.label for f in form.fields if f.type in BOXES}
    # The quality department signs on the sheet that goes to it, not on the form (5.7.2).
    assert {s.label for s in form.signatures if s.kind != "quality-receipt"} <= labels
    assert {"submit", "review", "file"} <= form.steps.keys()


@pytest.mark.parametrize("code", sorted(REVIEWED))
def test_a_report_is_valid_only_signed_or_sealed(code: str) -> None:
    assert asked(code, {}, Action.FILE) == {"customer-signature", "engineer"}
    assert asked(code, {}, Action.FILE, "customer-seal", "engineer") == set()
    assert asked(code, {}, Action.FILE, "customer-signature", "engineer") == set()
    assert asked(code, {}, Action.SUBMIT) == set()
    related = {"performed_by": "相关单位", "performing_unit": "示例研究所"}
    assert asked(code, related, Action.FILE, "customer-seal", "engineer") == {"unit-leader"}
    assert asked(code, related, Action.FILE, "customer-seal", "engineer", "unit-leader") == set()


def test_return_repair_needs_no_customer_signature() -> None:
    patch = {
        "service_category": "返厂维修",
        "intake_record_no": "1",
        "inspection_conclusion": "合格",
        "inspector": "示例",
    }
    assert asked("QR758-06A", patch, Action.FILE, "engineer") == set()


def test_evaluation_is_needed_to_file_not_to_submit() -> None:
    for code in sorted(REVIEWED):
        assert asked(code, {"product_rating": None, "user_sign_date": None}, Action.SUBMIT) == set()
        found = asked(code, {"product_rating": None, "user_sign_date": None}, Action.FILE, "customer-seal", "engineer")
        assert found == {"product_rating", "user_sign_date"}


def test_a_related_unit_hands_on_only_what_its_leader_signed() -> None:
    assert asked("QR758-11A", {}, Action.FILE) == {"unit-leader"}


def test_only_the_notice_is_issued() -> None:
    for code in CLAUSE_7:
        assert (Action.ISSUE in open_actions(form_of(code), State.DRAFT)) == (code == "QR758-04A")
    plan = {f.key: None for f in form_of("QR758-04A").fields if f.stage != "issue" and f.key in sample_of("QR758-04A")}
    assert asked("QR758-04A", plan, Action.ISSUE) == set()
    assert asked("QR758-04A", {"staff": None}, Action.ISSUE) == {"staff"}
    assert "returned_on" in asked("QR758-04A", plan, Action.SUBMIT)


@pytest.mark.parametrize(
    ("code", "need", "result"),
    [
        ("QR758-02A", "user_need", "handling_result"),
        ("QR758-03A", "user_need", "handling_result"),
        ("QR758-09A", "answers_record", "delivery_result"),
        ("QR758-10A", "user_need", "handling_result"),
    ],
)
def test_need_opinion_and_result_are_on_record(code: str, need: str, result: str) -> None:
    form = form_of(code)
    assert form.incomplete(sample_of(code), [form.stages[0].key]) == []
    for key in (need, "handling_opinion"):
        assert form.by_key[key].stage == form.stages[0].key
        assert form.by_key[key].required
    # Without its result the row may be filled in, and stays open: it cannot be submitted.
    open_row = {f.key: None for f in form.stage_fields("result") if f.key in sample_of(code)}
    assert form.incomplete(changed(sample_of(code), open_row), [form.stages[0].key]) == []
    assert result in asked(code, open_row, Action.SUBMIT)
