"""Satisfaction by occasion: the worked month and the trap of averaging months (V-2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qrecords.model.figures.alarms import Answers, alarm_table, alarms, answered
from qrecords.model.figures.drawing import improvements
from qrecords.model.record import Record
from qrecords.model.values import choice_key
from tests.model.figures.rows import Paper, means, record

BEST, GOOD, FAIR, BAD = "很满意", "满意", "较满意", "不满意"


def rated(name: str, form: str, day: str, product: str | None, service: str | None, **values: Any) -> Record:
    """A sheet of some notice, signed that day."""
    given = {"product_rating": product, "service_rating": service} | values
    if form == "04A":
        given |= {"issued_on": day, "arrived_on": day, "left_on": day}
    dated = {"06A": "finished_on", "07A": "finished_on", "05A": "train_to"}
    if form in dated:
        given |= {dated[form]: day}
    given.setdefault("customer_unit", f"用户{name[0]}")
    if product or service:
        given["user_sign_date"] = day
    return record(name, form, **given)


def march() -> list[Record]:
    subs = {"response_rating": BEST, "skill_rating": BEST, "attitude_rating": BEST, "resolution_rating": GOOD}
    lapsed = rated("F1", "04A", "2026-03-12", BAD, BAD)
    return [
        rated("A1", "04A", "2026-03-03", GOOD, BEST),
        rated("A2", "06A", "2026-03-04", GOOD, GOOD, notice="A1", service_category="现场维修", **subs),
        rated("B1", "04A", "2026-03-05", None, None, not_rated_reason="另有培训评价"),
        rated("B2", "05A", "2026-03-05", FAIR, GOOD, notice="B1"),
        rated("C0", "04A", "2026-03-06", BEST, BEST),
        *(rated(f"C{n}", "07A", "2026-03-06", BEST, BEST, notice="C0") for n in range(1, 11)),
        rated("D1", "06A", "2026-03-10", BAD, FAIR, service_category="返厂维修", response_rating=FAIR),
        rated("E1", "04A", "2026-03-11", None, None, not_rated_reason="任务紧急未评价"),
        replace(lapsed, signatures=tuple(replace(s, lapsed="2026-03-20") for s in lapsed.signatures)),
    ]


@pytest.fixture(scope="module")
def month() -> Paper:
    return Paper("2026-03", march(), kind="MY", cutoff="2026-04-10")


def test_v2_one_occasion_is_one_voice_however_many_sheets_it_has(month: Paper) -> None:
    row = month.row("M01", "index")
    assert (row["service"], row["service_n"], row["product"], row["overall"]) == ("83.3", "4", "70.0", "76.6")
    assert month.figure("M01.index.total.service").exact == "333/4"
    assert month.figure("M01.index.total.overall").exact == "613/8"
    assert row["pleased"] == "75.0"


def test_v2_the_index_of_the_occasion_with_all_items(month: Paper) -> None:
    only = Paper("2026-03", march()[:2], kind="MY")
    assert (only["M01.index.total.service"], only["M01.index.total.product"]) == ("93.0", "80.0")


def test_v2_not_rated_is_not_satisfied_and_counts_in_the_coverage(month: Paper) -> None:
    assert month.row("M01", "coverage") == {"due": "4", "rated": "3", "percent": "75.0"}
    assert month.column("M07", "reasons", "count") == {"任务紧急未评价": "1", "total": "1"}


def test_r116_by_region_where_the_customer_list_has_regions(month: Paper) -> None:
    assert not [t for t in month.drawn.tables if t.id == "M05"], "no list, no table"
    where = {
        choice_key(f"用户{name}"): {"region": region}
        for name, region in (("A", "示例东区"), ("B", "示例东区"), ("D", "示例西区"))
    }
    paper = Paper("2026-03", march(), kind="MY", listed=where)
    assert paper.column("M05", "index", "service_n") == {"示例东区": "2", "示例西区": "1", "未填": "1", "total": "4"}
    assert paper["M05.index.示例东区.service"] == "86.5", "(93 + 80) / 2"


def test_v2_few_occasions_are_a_hint_and_no_alarm_of_the_index(month: Paper) -> None:
    assert any("样本少" in note for note in month.part("M01", "index").notes)
    found = alarms(month.drawn.report, means().method)
    assert [(a.kind, a.records) for a in found] == [("A1", ("D1",)), ("A4", ("E1",))]


def item(name: str, about: str, note: str = "", **values: Any) -> Record:
    given = {"raised_on": "2026-04-01", "source_kind": "满意度预警"} | values
    return record(name, "KF758-GJ", "draft", sources=[{"record_no": about, "note": note}], **given)


def test_i5_each_alarm_is_answered_by_itself(month: Paper) -> None:
    """By an item that names its record, or the document where it rests on many; else by a reason of its own, or of all."""
    found = alarms(month.drawn.report, means().method)
    number = "KF-MY-2026-001"

    def states(*items: Record, **said: Any) -> list[tuple[str, str, tuple[str, ...]]]:
        told = answered(found, improvements(items), Answers(**said))
        return [(one.alarm.kind, one.state, one.items) for one in told]

    assert states() == [("A1", "已触发", ()), ("A4", "已触发", ())]
    assert states(own={"A4": "示例"}) == [("A1", "已触发", ()), ("A4", "不立项", ())]
    assert states(general="示例")[0] == ("A1", "不立项", ())
    of_one, of_all = item("G1", "d1"), item("G2", number, "A4 覆盖率")
    assert states(of_one, of_all) == [("A1", "已立项", ("G1",)), ("A4", "已触发", ())], "no document yet"
    assert states(of_one, of_all, document_no=number)[1] == ("A4", "已立项", ("G2",))
    assert states(item("G3", number, "A2"), document_no=number)[1] == ("A4", "已触发", ()), "of another alarm"
    assert states(item("G4", number), document_no=number) == [("A1", "已触发", ()), ("A4", "已立项", ("G4",))]
    own = answered(found, {}, Answers(own={"A1.D1": "示例：已当面说明"}, general="其余", by="甲"))
    assert [(one.reason, one.by) for one in own] == [("示例：已当面说明", "甲"), ("其余", "甲")]
    rows = alarm_table(answered(found, improvements([of_one]), Answers(general="其余"))).rows
    assert [row.cells[1:3] for row in rows] == [("已立项", "G1"), ("不立项", "其余")]


def test_i5_an_alarm_stands_as_far_as_the_least_advanced_of_its_items(month: Paper) -> None:
    found = alarms(month.drawn.report, means().method)[:1]
    done = {"done_on": "2026-04-10"}
    closed, rejected = (
        done | {"verified_on": "2026-04-20", "outcome": "关闭"},
        {"verified_on": "2026-04-05", "outcome": "不采纳"},
    )
    for items, state in (
        ([done], "已纠正"), ([closed], "已验证"), ([closed, done], "已纠正"), ([closed, {}], "已立项"),
        ([rejected], "不采纳"), ([rejected, closed], "已验证"),
    ):  # fmt: skip
        held = [item(f"G{n}", "D1", **values) for n, values in enumerate(items)]
        (one,) = answered(found, improvements(held), Answers())
        assert (one.state, one.items) == (state, tuple(f"G{n}" for n in range(len(items))))


def test_v2_the_wrong_answers_are_not_given(month: Paper) -> None:
    """The mean over the rated sheets would be 94.7, the even 83.25 rounded to even 83.2."""
    assert month["M01.index.total.service"] not in {"94.7", "83.2"}
    sheets = month.figure("M06.grades.服务质量.mean")
    assert sheets.denominator == 15


def test_v2_several_months_are_reckoned_from_their_occasions_not_from_their_indices() -> None:
    """Indices 60 (n 1), 95 (n 9), 83.25 (n 4): the mean of the months would be 79.4."""
    items = ("response_rating", "skill_rating", "attitude_rating", "resolution_rating")
    words = [(BEST, BEST, BEST, GOOD), (BEST, BEST, GOOD, GOOD), (BEST, BEST, GOOD, GOOD)] * 3  # 97, 94, 94: 95
    january = [rated("J1", "04A", "2026-01-10", FAIR, FAIR)]
    february = [
        rated(f"{n}F", "04A", "2026-02-10", BEST, BEST, **dict(zip(items, said, strict=True)))
        for n, said in enumerate(words)
    ]
    everything = [*january, *february, *march()]
    months = [Paper(f"2026-0{n}", everything, kind="MY")["M01.index.total.service"] for n in (1, 2, 3)]
    assert months == ["60.0", "95.0", "83.3"]
    half = Paper("2026-H1", everything, kind="MY")
    assert (half["M01.index.total.service"], half["M01.index.total.service_n"]) == ("89.1", "14")
    trend = half.column("M10", "months", "service")
    assert [trend[f"2026-0{n}"] for n in (1, 2, 3)] == months


def test_v2_past_paper_says_nothing_of_satisfaction() -> None:
    past = replace(rated("P1", "04A", "2026-03-03", BAD, BAD), paper_no="旧-1")
    assert Paper("2026-03", [past], kind="MY")["M01.index.total.service"] == "—"
