"""The papers of plans, visits, follow-ups, staff and improvements (forms/KF758): what each refuses, what is due of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qrecords.errors import InvalidInput, UsageError, WrongState
from qrecords.model.access import Grant
from qrecords.model.figures.results import Figure
from qrecords.model.lists import CUSTOMERS
from qrecords.model.period import Period
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.complaints import checklist_file, complaints
from qrecords.services.due import due
from qrecords.services.file import file_records
from qrecords.services.finding.find import list_records, show
from qrecords.services.intake.fill import fill
from qrecords.services.intake.lists import add_entry
from qrecords.services.reports.draw import draw
from qrecords.services.reports.figures import figures_of
from qrecords.stores.formfiles import FormCatalogue
from qrecords.stores.given import on_disk
from tests.conftest import FORMS
from tests.faulty_disk import blank_convert
from tests.services.test_report_figures import keep

CATALOGUE = FormCatalogue(FORMS)
KF = FORMS.parent / "KF758"
PAPERS = ["JH", "ZX", "BJ", "ZF", "HF", "RY", "GJ", "PJ"]


def paper(form: str, **changes: Any) -> dict[str, Any]:
    values = json.loads((KF / form / "sample.json").read_text(encoding="utf-8")) | changes
    return {key: value for key, value in values.items() if value is not None}


def told(form: str, values: dict[str, Any]) -> str:
    """Return all that a paper lacks or does wrong, filled as a whole."""
    definition = CATALOGUE.get(form).form
    checked = definition.check(values)
    lacking = definition.incomplete(checked.values, [s.key for s in definition.stages])
    return "\n".join(str(p.message) for p in (*checked.problems, *lacking))


def warned(form: str, values: dict[str, Any]) -> str:
    definition = CATALOGUE.get(form).form
    return "\n".join(str(p.message) for p in definition.warnings(definition.check(values).values))


@pytest.mark.parametrize("form", PAPERS)
def test_a_sample_is_whole(form: str) -> None:
    assert told(form, paper(form)) == ""


@pytest.mark.parametrize(
    ("form", "changes", "words"),
    [
        # A plan without one of its five parts, with neither items nor a reason (5.4.2).
        ("JH", {"goals": None, "measures": None}, "计划缺第一部分"),
        ("JH", {"training": None}, "计划缺第二部分"),
        ("JH", {"visits": None}, "计划缺第三部分"),
        ("JH", {"no_textbooks": None}, "计划缺第四部分"),
        ("JH", {"no_spares": None}, "计划缺第五部分"),
        (
            "BJ",
            {"parts": [{"name": "甲", "proposal": 4, "decided": 6, "needed_on": "2027-01-31"}]},
            "要写原因：「备件」第1行（QS/PA758A 5.9）",
        ),
        ("BJ", {"production_no": None}, "一级计划编号"),
        ("ZX", {"evidence_no": None}, "「依据文件」（QS/PA758A 5.4.1）"),
        ("ZF", {"visit_from": "2026-09-20"}, "早于"),
        ("HF", {"condition": "有问题", "comments": None}, "要写明是什么问题"),
        ("GJ", {"sources": None}, "来源记录"),
        ("GJ", {"verifier": "示例己"}, "验证人不能是责任人（QS/PA758A 5.10.2）"),
        ("GJ", {"verifier": "示例　己"}, "验证人不能是责任人（QS/PA758A 5.10.2）"),  # as names of two are written
        (
            "JH",
            {"measures": [{"item_no": "ＪＨ-2026-p2-001", "measure": "示例", "planned_on": "2026-06-30"}]},
            "第1行与「一、举措」第1行的「编号」相同",
        ),
        ("GJ", {"effect": None}, "效果"),
        ("GJ", {"outcome": "不采纳"}, "不采纳的原因"),
    ],
)
def test_what_a_paper_refuses(form: str, changes: dict[str, Any], words: str) -> None:
    assert words in told(form, paper(form, **changes))


@pytest.mark.parametrize(
    ("form", "changes", "words"),
    [
        ("ZF", {}, "QR758-01A"),  # what is asked on a visit without its 01A (5.7.1)
        ("ZF", {"quality_problems": "示例", "opinions": None}, "质量问题"),
        ("HF", {"condition": "有问题"}, "再次回访"),
        ("JH", {}, "KF758-BJ"),
        ("RY", {"level": "无"}, "初级以上"),
    ],
)
def test_what_a_paper_reminds_of(form: str, changes: dict[str, Any], words: str) -> None:
    assert words in warned(form, paper(form, **changes))


def test_the_plan_of_spare_parts_is_summed_by_product() -> None:
    values = CATALOGUE.get("BJ").form.check(paper("BJ")).values
    assert (values["kinds"], values["decided_total"], values["decided_by_product"]) == (2, "8", "SL-120 6；SL-200 2")
    (first, second), plan = paper("BJ")["parts"], CATALOGUE.get("BJ").form
    unsaid = [{**first, "product_model": None, "decided": 1}, second, {**second, "decided": 3}]
    assert plan.check(paper("BJ", parts=unsaid)).values["decided_by_product"] == "SL-200 5；未填 1"


def test_the_money_of_a_spare_plan_is_summed_to_the_cent() -> None:
    """Price by quantity, half up: 6 × 1200, 2 × 800; 3 × 0.335 is 1.005, told 1.01 (K.5)."""
    plan = CATALOGUE.get("BJ").form
    values = plan.check(paper("BJ")).values
    assert [row["amount"] for row in values["parts"]] == ["7200.00", "1600.00"]
    assert (values["amount_total"], values["amount_by_product"]) == ("8800.00", "SL-120 7200.00；SL-200 1600.00")
    first, second = paper("BJ")["parts"]
    small = plan.check(paper("BJ", parts=[{**first, "price": "0.335", "decided": 3}, {**second, "price": None}])).values
    assert [row.get("amount") for row in small["parts"]] == ["1.01", None]
    assert (small["amount_total"], small["amount_by_product"]) == ("1.01", "SL-120 1.01；SL-200 0")
    again = plan.check({**small, "parts": [{**row, "amount": "9"} for row in small["parts"]]})
    assert (again.problems, again.values["amount_total"]) == ((), "1.01"), "read back in, it is reckoned anew"
    unpriced = plan.check({"parts": [{**first, "price": None}]}, before=values).values
    assert not {"amount_total", "amount_by_product"} & unpriced.keys(), "no price, nothing is kept apart"


def test_an_item_of_an_approved_plan_is_cancelled_never_taken_out() -> None:
    definition = CATALOGUE.get("JH").form
    before = definition.check(paper("JH")).values
    (problem,) = definition.lost(before, before | {"visits": []})
    assert "JH-2026-P3-001 已经批准，不能删去" in str(problem.message)
    assert definition.lost(before, before) == []


def test_the_number_of_an_item_is_not_used_in_another_plan(office: Office, write: Callable[..., Path]) -> None:
    """What is done names an item by its number alone: of two with one number both would be done."""
    fill(office, "JH", [on_disk(write(paper("JH")))])
    goals = [{**paper("JH")["goals"][0], "item_no": "ZT-1"}]
    other = paper("JH", plan_title="专题计划", goals=goals, measures=None, training=None, no_training="无")
    visits = [{**other["visits"][0], "item_no": "jh-2026-P3-001"}]
    with pytest.raises(InvalidInput) as refused:
        fill(office, "JH", [on_disk(write({**other, "visits": visits}))])
    assert "jh-2026-P3-001 已在 KF758-JH-2026-00001" in str(refused.value.problems[0].message)
    assert fill(office, "JH", [on_disk(write({**other, "visits": [{**visits[0], "item_no": "ZT-2"}]}))]).records


def test_a_number_that_names_no_record_is_told(office: Office, write: Callable[..., Path]) -> None:
    """In the lines of a field too: the 01A of what was asked on a visit, the plan of spare parts of the yearly plan."""
    (opinion, *_), spares = paper("ZF")["opinions"], [{"plan_no": "KF758-BJ-2025-00009", "quantity": 1}]
    for form, values, field in (
        ("ZF", {"opinions": [{**opinion, "info_no": "01A-2026-9"}]}, "opinions[1].info_no"),
        ("JH", {"spares": spares, "no_spares": None}, "spares[1].plan_no"),
    ):
        with pytest.raises(InvalidInput) as refused:
            fill(office, form, [on_disk(write(paper(form, **values)))])
        (problem,) = refused.value.problems
        assert problem.field == field
        assert "第1行「" in str(problem.message) and "记录编号，请核对或先填写它" in str(problem.message)
    sources = [{"record_no": number} for number in ("qr758-06a-2026-00099", "KF-MY-2026-001", "KF758-HF-2026-00001")]
    fill(office, "HF", [on_disk(write(paper("HF", service_no="04A-2026-3")))])
    made = fill(office, "GJ", [on_disk(write(paper("GJ", sources=sources)))]).records
    told = [n for n in show(office, made[0].record_no).reminders if "不是在用的记录编号" in str(n)]
    assert len(told) == 1 and "第1行「记录或文件编号」QR758-06A-2026-00099" in str(told[0])


def test_evidence_of_an_item_no_plan_has_is_reminded_of(office: Office, write: Callable[..., Path]) -> None:
    def told(number: str) -> list[str]:
        (made,) = fill(office, "ZX", [on_disk(write(paper("ZX", plan_item_no=number, note=number)))]).records
        return [str(n) for n in show(office, made.record_no).reminders if "计划项" in str(n)]

    assert told("JH-2026-P9-001") == [], "an office that makes its plan elsewhere"
    fill(office, "JH", [on_disk(write(paper("JH")))])
    assert told("ｊｈ-2026-p2-001") == [], "as people vary it"
    (reminded,) = told("JH-2026-P9-002")
    assert "没有这个计划项编号，请核对：没有 JH-2026-P9-002（QS/PA758A 5.4.1）" in reminded


def test_who_signed_stands_on_one_line_and_is_a_name(office: Office, write: Callable[..., Path]) -> None:
    (made,) = fill(office, "GJ", [on_disk(write(paper("GJ", raised_on="2026-01-02")))]).records
    (signed,) = steps.sign(office, [made.record_no], kind="verifier", by=" 示例\r\n庚 ", on="2026-01-02")
    assert [s.by for s in signed.signatures] == ["示例 庚"]
    with pytest.raises(InvalidInput, match="签署人：太长：共101字，最多100字"):
        steps.sign(office, [made.record_no], kind="verifier", by="庚" * 101, on="2026-01-02")


def test_plan_and_spare_plan_are_in_force_with_their_signatures_alone(
    office: Office, write: Callable[..., Path]
) -> None:
    for form in ("JH", "BJ"):
        (made,) = fill(office, form, [on_disk(write(paper(form, drafted_on="2026-02-10")))]).records
        steps.submit(office, [made.record_no])
        steps.review(office, [made.record_no], on="2026-03-02")
        with pytest.raises(WrongState) as refused:
            file_records(office, [made.record_no])
        assert any("公司主管领导批准签名" in str(p.message) for p in refused.value.problems)


def test_r122_the_plan_is_signed_in_order_and_not_in_force_before(office: Office, write: Callable[..., Path]) -> None:
    """First the centre leader, then, not on an earlier day, the company leader; 未生效 until it is filed (5.4.1)."""
    (made,) = fill(office, "JH", [on_disk(write(paper("JH", drafted_on="2026-02-10")))]).records
    number = made.record_no
    assert show(office, number).state_label == "草稿（未生效）"
    steps.submit(office, [number])
    company, centre = ({"kind": kind, "by": f"示例{kind}"} for kind in ("company-leader", "centre-leader"))
    with pytest.raises(WrongState, match="还没有 2026-03-02 或以前的「中心领导审核」，不能登记「公司主管领导批准」"):
        steps.sign(office, [number], **company, on="2026-03-02")
    steps.sign(office, [number], **centre, on="2026-03-02")
    with pytest.raises(WrongState, match="2026-03-01 或以前"):
        steps.sign(office, [number], **company, on="2026-03-01")
    steps.sign(office, [number], **company, on="2026-03-02")
    steps.review(office, [number], on="2026-03-02")
    assert [r.state_label for r in list_records(office)] == ["已审查（未生效）"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        file_records(office, [number])
    assert show(office, number).state_label == "已归档"


def test_what_is_due_of_them(office: Office, write: Callable[..., Path], sample: Callable[..., Any]) -> None:
    fill(office, "04A", [on_disk(write(sample("04A")))])
    steps.issue(office, ["QR758-04A-2025-00001"])
    office_keys = {d.key for d in due(office, on="2026-02-01").due}
    assert not office_keys & {"service_plan", "spare_plan", "follow_up"}, "kept elsewhere, or not at all: not asked for"
    again = paper("HF", condition="有问题", followed_on="2025-01-07", finished_on="2025-01-02", service_no="示例")
    fill(office, "HF", [on_disk(write(again))])
    parts = ("goals", "measures", "training", "visits")  # numbers of its own: none is used in two plans
    own = {part: [{**paper("JH")[part][0], "item_no": f"JH-2025-{part}"}] for part in parts}
    fill(office, "JH", [on_disk(write(paper("JH", plan_year=2025, drafted_on="2025-02-10", **own)))])
    fill(office, "GJ", [on_disk(write(paper("GJ", done_on=None, outcome=None, verified_on=None, verifier=None)))])
    found = {d.key: d for d in due(office, on="2026-02-01").due}
    assert (found["service_plan"].due_on, found["service_plan"].limit_on) == ("2026-03-31", "2026-03-31")
    assert found["follow_up"].about == "QR758-04A-2025-00001"
    assert found["follow_up_again"].limit_on == "2025-01-22"
    held = {d.key: d for d in due(office, on="2026-05-26").due}
    assert (held["improvement"].limit_on, held["improvement"].who) == ("2026-05-31", "示例己")
    fill(
        office, "HF", [on_disk(write(paper("HF", service_no="ｑｒ758-04a-2025-1；", repeats_no="KF758-HF-2025-00001")))]
    )
    fill(office, "JH", [on_disk(write(paper("JH")))])
    steps.submit(office, ["KF758-JH-2026-00001"])
    assert not {d.key for d in due(office, on="2026-02-01").due} & {"service_plan", "follow_up", "follow_up_again"}


def test_r115_r175_who_is_not_content_is_an_item_within_a_working_day(
    office: Office, write: Callable[..., Path]
) -> None:
    """A1, A5, A6 of the measurement, each by its record; an item that names it ends it, whatever its outcome (5.10.1)."""
    friday = {"user_sign_date": "2026-03-06", "finished_on": "2026-03-06", "train_to": "2026-03-06"}

    def add(number: str, date: str = "2026-03-06", **values: Any) -> str:
        code = number.rpartition("-")[0].rpartition("-")[0]
        said = {"customer_unit": "甲部队", "secrecy_level": "内部", "military_branch": "海军"} | values
        keep(office, [Record(number, code, 2026, State.SUBMITTED, said, "示例", date, "甲部队", "", "")])
        return number

    bad = [
        add("QR758-04A-2026-00901", service_rating="满意", response_rating="不满意", **friday),
        *(
            add(f"QR758-{form}-2026-00901", product_rating="很不满意", **friday)
            for form in ("05A", "06A", "07A", "08A")
        ),
        add("QR758-01A-2026-00901", user_satisfied="不满意", replied_at="2026-03-06T16:00"),
        add("KF758-HF-2026-00901", followed_on="2026-03-06", condition="有问题", service_no="示例"),
        add(
            "KF758-HF-2026-00902",
            followed_on="2026-03-06",
            condition="正常",
            service_rating="不满意",
            service_no="示例",
        ),
    ]
    add("QR758-06A-2026-00902", service_rating="较满意", **friday)
    add("QR758-01A-2026-00902", user_satisfied="基本满意", replied_at="2026-03-06T16:00")
    add("KF758-HF-2026-00903", followed_on="2026-03-06", condition="正常", service_rating="满意", service_no="示例")

    def waits(on: str) -> dict[str, tuple[str, bool]]:
        return {d.about: (d.limit_on, d.late) for d in due(office, on=on).due if d.key == "satisfaction_action"}

    assert waits("2026-03-09") == {}, "an office that keeps no items is asked for none"
    add("KF758-GJ-2026-00901", date="2026-03-01", raised_on="2026-03-01", sources=[{"record_no": "示例"}])
    assert waits("2026-03-09") == dict.fromkeys(bad, ("2026-03-09", False)), "Friday's by Monday"
    assert waits("2026-03-10") == dict.fromkeys(bad, ("2026-03-09", True))
    taken = [{"record_no": bad[0]}, {"record_no": bad[-1]}]
    add("KF758-GJ-2026-00902", raised_on="2026-03-09", outcome="不采纳", sources=taken)
    assert sorted(waits("2026-03-10")) == sorted(bad[1:-1])
    assert waits("2026-06-30") == {}, "by then the measurement's document has asked for it"


def test_r134_a_repaired_unit_and_a_complaint_are_asked_after_too(office: Office, write: Callable[..., Path]) -> None:
    """Thirty days after the user has his unit back, and after a complaint was answered; not after a letter (figure 1)."""

    def add(number: str, date: str, **values: Any) -> None:
        code = number.rpartition("-")[0].rpartition("-")[0]
        said = {"customer_unit": "甲部队", "secrecy_level": "内部", "military_branch": "海军"} | values
        keep(office, [Record(number, code, 2026, State.SUBMITTED, said, "示例", date, "甲部队", "", "")])

    add("KF758-HF-2026-00901", "2026-01-05", followed_on="2026-01-05", condition="正常", service_no="示例")
    add("QR758-09A-2026-00901", "2026-03-02", item_type="返修产品", delivered_on="2026-03-05")
    add("QR758-09A-2026-00902", "2026-03-02", item_type="函件", delivered_on="2026-03-05")
    add("QR758-09A-2026-00903", "2026-03-02", item_type="返修产品")
    add("QR758-01A-2026-00901", "2026-03-02", info_type=["投诉"], replied_at="2026-03-10T10:00")
    add("QR758-01A-2026-00902", "2026-03-02", info_type=["建议"], replied_at="2026-03-10T10:00")

    def waits() -> dict[str, str]:
        return {d.about: d.limit_on for d in due(office, on="2026-04-08").due if d.key == "follow_up"}

    # 4 April is a holiday up to the 6th; 9 April a working day.
    assert waits() == {"QR758-09A-2026-00901": "2026-04-07", "QR758-01A-2026-00901": "2026-04-09"}
    add(
        "KF758-HF-2026-00902",
        "2026-04-07",
        followed_on="2026-04-07",
        condition="正常",
        service_no="QR758-09A-2026-00901",
    )
    assert [*waits()] == ["QR758-01A-2026-00901"]


def test_r168_who_is_sent_is_looked_up_and_kept_with_the_notice(
    office: Office, write: Callable[..., Path], sample: Callable[..., Any]
) -> None:
    """By the cards on the day of issue; what becomes of a card later changes nothing (5.2.1, 5.5.4)."""
    day = "2026-02-10"
    models = sorted({p["product_model"] for p in sample("04A")["products"]})
    trainings = [{"kind": "服务规范", "on": "2025-03-10", "result": "合格", "valid_until": "2026-12-31"}]
    trainings += [{"kind": "产品技术", "product_model": m, "on": "2025-04-02", "result": "合格"} for m in models]
    card = paper("RY", name="示例甲", unit="管理信息部", level="中级", registered_on="2025-01-15", trainings=trainings)
    staff = [{"name": "示例甲", "unit": "管理信息部", "title": "工程师"}, {"name": "示例乙", "title": "工程师"}]
    later = {"departed_on": None, "arrived_on": None, "left_on": None, "returned_on": None, "submitted_on": None,
             "completion": None, "reports": None, "user_sign_date": None, "late_reason": None}  # fmt: skip
    notice = {**sample("04A"), **later, "staff": staff, "issued_on": day, "required_arrival": "2026-02-20"}
    notice["planned_finish"] = "2026-02-25"
    before = fill(office, "04A", [on_disk(write({k: v for k, v in notice.items() if v}))])
    assert not any("资格" in str(note) for note in before.notes), "an office without cards is asked nothing"
    (kept,) = fill(office, "RY", [on_disk(write(card))]).records
    done = fill(office, "04A", [on_disk(write({k: v for k, v in notice.items() if v} | {"service_site": "另一处"}))])
    told = [str(note) for note in done.notes if "资格" in str(note)]
    assert len(told) == 1 and "示例乙 不在册" in told[0] and "5.5.4" in told[0]
    number = done.records[0].record_no
    steps.issue(office, [number])
    steps.void(office, [kept.record_no], reason="示例")
    with office.register.read() as tx:
        (event,) = [e for e in tx.audit.events(number) if e.action == "issue"]
        figures = figures_of(office, tx, "BB", Period.read("2026-H1"), level="机密").drawn.report
    assert event.detail["staff"] == ["合格", "不在册"]
    sent = figures.population.at("SENT_STAFF", "period", Period.read("2026-H1"))
    assert [e.get("@sent_qualified") for e in sent if e.numbers == (number,)] == ["合格", "不在册"]


def test_r167_each_card_is_judged_once_a_year(office: Office, write: Callable[..., Path]) -> None:
    """Of whoever is there, however long ago his card was made; who is judged this year, or gone, is not asked for."""
    said = {
        "judged": {"reviews": [{"year": 2026, "verdict": "合格", "by": "示例"}]},
        "waits": {},
        "gone": {"standing": "停用"},
    }
    cards = [paper("RY", person_no=name, registered_on="2019-01-15", **more) for name, more in said.items()]
    made = [fill(office, "RY", [on_disk(write(card))]).records[0].record_no for card in cards]
    assert [d.about for d in due(office, on="2026-12-01").due if d.key == "staff_review"] == [made[1]]
    assert not [d for d in due(office, on="2026-10-01").due if d.key == "staff_review"]
    late = [d for d in due(office, on="2027-12-01").due if d.key == "staff_review"]
    assert [d.about for d in late] == made[:2] and late[0].limit_on == "2027-12-31"


def test_r131_each_customer_is_to_be_visited_once_a_year(office: Office) -> None:
    """From October, of an office that keeps visits: a notice for a visit is one, a call is none, nor is last year's."""

    def met(code: str, day: str, unit: str, **values: Any) -> None:
        number = sum(1 for _ in made) + 1
        made.append(number)
        said = {"customer_unit": unit, "secrecy_level": "内部", "military_branch": "海军"} | values
        no = f"{code}-{day[:4]}-{number:05}"
        keep(office, [Record(no, code, int(day[:4]), State.SUBMITTED, said, "示例", day, unit, "", "")])

    def owed(on: str, of: Office = office) -> list[str]:
        return [d.about for d in due(of, on=on).due if d.key == "yearly_visit"]

    made: list[int] = []
    met("QR758-02A", "2026-02-03", "甲部队", direction="去电")
    assert owed("2026-10-01") == [], "no visits are kept here"
    met("KF758-ZF", "2025-11-06", "乙部队")
    met("QR758-04A", "2026-03-01", "丙部队", service_category=["走访"])
    assert owed("2026-09-29") == []
    assert owed("2026-09-30") == ["乙部队", "甲部队"], "ninety-two days before"
    told = {d.about: d for d in due(office, on="2026-12-31").due if d.key == "yearly_visit"}
    assert (told["乙部队"].limit_on, told["乙部队"].late) == ("2026-12-31", False)
    assert told["乙部队"].detail == "上次2025-11-06，最近往来2025-11-06"
    assert told["甲部队"].detail == "近两年没有走访记录，最近往来2026-02-03"
    assert owed("2027-12-01") == ["丙部队", "乙部队", "甲部队"], "a year later all of them"
    assert owed("2029-10-20") == [], "and after three years without a word nobody"
    met("KF758-ZF", "2026-10-06", " 甲部队")
    assert owed("2026-10-05") == ["乙部队", "甲部队"], "not there yet"
    assert owed("2026-10-06") == ["乙部队"]
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="空军"),)))
    assert owed("2026-10-06", narrow) == [], "of whom one may read nothing"
    # Of whom the customer list says that he is not in use any more nobody is asked to visit; the list alone tells.
    said = {"用户单位": "乙 部队", "用户代号": "B-1", "用户类别/兵种": "海军", "联系人": "示例", "电话": "示例"}
    add_entry(office, CUSTOMERS, said)
    assert owed("2026-10-06") == ["乙 部队"], "as the list calls him"
    add_entry(office, CUSTOMERS, {"用户单位": "乙 部队", "用户代号": "B-1", "在用": "否"})
    assert owed("2026-10-06") == []
    # The list's customers are asked for whom no record names, by who could read their visits; one each half a year.
    never, twice = ({"用户单位": unit, "用户代号": code} for unit, code in (("丁部队", "D-1"), ("甲部队", "A-1")))
    add_entry(office, CUSTOMERS, never | {"用户类别/兵种": "海军"})
    add_entry(office, CUSTOMERS, twice | {"用户类别/兵种": "海军", "走访间隔月数": "6"})
    assert owed("2026-10-06") == ["丁部队"]
    assert owed("2026-10-06", narrow) == []
    told = {d.about: d for d in due(office, on="2026-12-31").due if d.key == "yearly_visit"}
    assert told.keys() == {"丁部队"} and told["丁部队"].detail == "近两年没有走访记录"
    assert owed("2027-01-03") == [], "92 days before 2027-04-06, six months after his last visit, and no year's end"
    (again,) = [d for d in due(office, on="2027-04-07").due if d.key == "yearly_visit"]
    assert (again.about, again.limit_on, again.due_on, again.late) == ("甲部队", "2027-04-06", "2027-04-06", True)
    assert owed("2027-01-04") == ["甲部队"]
    (office.settings.root / "customers.csv").write_bytes(b"\xff\xfe\x00")
    assert owed("2026-10-06") == ["乙部队"], "a list nobody can read tells of nobody"


def test_coverage_is_of_the_list_or_of_whoever_was_met_in_three_years(office: Office) -> None:
    """Without a list a call of 2023 counts, one of 2022 does not; with one its customers alone, who never called too."""

    def met(number: int, code: str, day: str, unit: str, **values: Any) -> None:
        said = {"customer_unit": unit, "secrecy_level": "内部", "military_branch": "海军"} | values
        keep(
            office,
            [Record(f"{code}-{day[:4]}-{number:05}", code, int(day[:4]), State.FILED, said, "", day, unit, "", "")],
        )

    def covered(level: str = "机密") -> tuple[list[object], list[str]]:
        with office.register.read() as tx:
            drawn = figures_of(office, tx, "ZB", Period.read("2025"), level=level).drawn
        of, not_visited = (
            next(t for t in drawn.tables if (t.id, t.part) == ("P03", p)) for p in ("coverage", "not_visited")
        )
        return [c.shown for c in of.rows[-1].cells if isinstance(c, Figure)], [
            str(r.cells[0]) for r in not_visited.rows
        ]

    met(1, "KF758-ZF", "2025-05-06", "甲部队", visit_to="2025-05-06")
    met(2, "QR758-02A", "2023-01-05", "乙部队", call_at="2023-01-05 09:00")
    met(3, "QR758-02A", "2022-12-31", "丙部队", call_at="2022-12-31 09:00")
    met(4, "QR758-02A", "2023-02-05", "丁部队", call_at="2023-02-05 09:00", secrecy_level="机密")
    assert covered() == (["1", "1", "3", "33.3"], ["丁部队", "乙部队"])
    assert covered("秘密") == (["1", "1", "2", "50.0"], ["乙部队"]), "a record above the report's level tells of nobody"
    for unit, more in (("甲部队", {}), ("戊部队", {}), ("己部队", {"在用": "否"})):
        add_entry(office, CUSTOMERS, {"用户单位": unit, "用户类别/兵种": "海军", **more})
    assert covered() == (["1", "1", "2", "50.0"], ["戊部队"])
    met(5, "QR758-04A", "2022-06-01", "庚部队", service_category=["走访"])
    add_entry(office, CUSTOMERS, {"用户单位": "庚部队", "走访间隔月数": "60"})
    assert covered() == (["1", "2", "3", "66.7"], ["戊部队"]), "a visit of three and a half years ago is still good"


def test_the_evaluation_asks_the_office_for_what_no_record_tells(office: Office) -> None:
    """One of two quarters has its check list of complaints (5.6); nothing of last year is there to be bound."""
    said = office.settings.forms_dir.parent / "KF758" / "evaluation.toml"
    said.write_text(said.read_text(encoding="utf-8").replace("on = false", "on = true"), encoding="utf-8")
    checklist_file(office, complaints(office, since="2025-07-01", until="2025-09-30"), "检查表.xlsx")
    with office.register.read() as tx:
        drawn = figures_of(office, tx, "BB", Period.read("2025"), level="机密").drawn
    (table,) = [t for t in drawn.tables if t.id == "R01"]
    found = {row.key: row.cells[2] for row in table.rows}
    assert (found["complaint_checks"], found["binding"], found["return_days"]) == ("25.0", "—", "—")


def test_the_yearly_report_of_visits_is_a_document_of_the_centre(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L.3, KF-ZB: of a year alone, reviewed; coverage and what users asked for stand in it, no other table."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    said = {
        "customer_unit": "甲部队",
        "secrecy_level": "内部",
        "military_branch": "海军",
        "visit_to": "2025-11-06",
        "opinions": [{"kind": "要求", "content": "补发操作手册"}],
    }
    number = "KF758-ZF-2025-00001"
    keep(office, [Record(number, "KF758-ZF", 2025, State.SUBMITTED, said, "示例", "2025-11-06", "甲部队", "", "")])
    drawn = draw(office, "ZB", "2025")
    assert (drawn.document_no, drawn.title) == ("KF-ZB-2025-001", "2025年度走访报告")
    assert [t.key for t in drawn.tables or ()] == [
        "P03.coverage", "P03.not_visited", "P09.needs", "P09.open", "P09.quality",
    ]  # fmt: skip
    (listed,) = [t for t in drawn.tables or () if t.key == "P09.open"]
    assert [row[0] for row in listed.rows] == [number] and listed.rows[0][-1] == "未转"
    with pytest.raises(UsageError, match="走访报告"):
        draw(office, "ZB", "2025-11")
