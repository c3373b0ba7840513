"""A document's way: who may take which step from where, what lapses, what a correction leaves standing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qrecords.errors import NotPermitted, WrongState
from qrecords.model import runs
from qrecords.model.document import (
    Document,
    DocumentState,
    Endorsed,
    Progress,
    Receipt,
    Sent,
    document_no,
    require_other_person,
)
from qrecords.model.formats import ChangedFigure, DocumentJson, FigureJson, ProgressJson, TableJson
from qrecords.model.period import Period, periods_of
from qrecords.model.reportkind import DocumentSeries

AT = "2027-01-08T09:00:00+08:00"
DRAWN = Document(
    "KF-BB-2026-003", "KF-BB", "2026", "", "2026年度售后服务情况报表", "内部", "urn:qrecords:document:KF-BB-2026-003", 1, "0" * 64,
    AT, "甲", ("drafter", "reviewer", "approver"), ("公司主管领导", "质量部"), Progress("drawn", 1),
)  # fmt: skip


def signature(part: str, account: str = "乙", edition: int = 1) -> Endorsed:
    return Endorsed(part, "示例", "2027-01-08", AT, account, edition)


REVIEWED = DRAWN.endorsed(signature("reviewer"))
APPROVED = REVIEWED.endorsed(signature("approver", "丙"))
ISSUED = APPROVED.issued(Sent(("公司主管领导", "质量部"), "2027-01-09", AT, "甲", 1))


@pytest.mark.parametrize(
    ("text", "key", "first", "last", "label"),
    [
        ("2026-03", "2026-03", "2026-03-01", "2026-03-31", "2026年3月"),
        ("2026年2月", "2026-02", "2026-02-01", "2026-02-28", "2026年2月"),
        ("2026-h1", "2026-H1", "2026-01-01", "2026-06-30", "2026年上半年"),
        ("2026年下半年", "2026-H2", "2026-07-01", "2026-12-31", "2026年下半年"),
        (" 2026 ", "2026", "2026-01-01", "2026-12-31", "2026年度"),
    ],
)
def test_a_period_is_read_as_people_write_it(text: str, key: str, first: str, last: str, label: str) -> None:
    period = Period.read(text)
    assert (period.key, period.first, period.last, period.label) == (key, first, last, label)


@pytest.mark.parametrize("text", ["", "2026-13", "2026-H3", "26-03", "2026-03-04", "三月", "9999"])
def test_what_is_no_period_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="请写成"):
        Period.read(text)


def test_a_year_has_its_documents_in_order() -> None:
    found = [p for span in ("year", "half", "month") for p in periods_of(2026, span, ("H1",))]  # type: ignore[arg-type]
    assert [p.key for p in sorted(found, key=lambda p: p.order)] == [
        *(f"2026-{month:02}" for month in range(1, 13)), "2026-H1", "2026",
    ]  # fmt: skip


def test_numbers_have_three_digits_and_more_when_needed() -> None:
    assert document_no("KF-BB", 2026, 3) == "KF-BB-2026-003" and document_no("KF-BB", 2026, 1234) == "KF-BB-2026-1234"


def test_the_way_of_a_document() -> None:
    assert REVIEWED.state is DocumentState.REVIEWED and REVIEWED.awaits == ("approver",)
    assert APPROVED.state is DocumentState.APPROVED and APPROVED.awaits == ()
    assert ISSUED.state is DocumentState.ISSUED and ISSUED.unreceived == ("公司主管领导", "质量部")
    received = ISSUED.received(Receipt("质量部", "示例", "2027-01-10", AT, "甲", 1))
    assert received.unreceived == ("公司主管领导",)
    month = replace(DRAWN, needs=("drafter", "reviewer"))
    assert month.endorsed(signature("reviewer")).state is DocumentState.APPROVED, (
        "where no one approves, the review does"
    )


def test_drawn_again_or_returned_the_signatures_lapse() -> None:
    again = REVIEWED.redrawn("1" * 64, AT, "甲", "题名")
    assert again.state is DocumentState.DRAWN and again.signatures == ()
    back = REVIEWED.returned("示例原因")
    assert back.state is DocumentState.DRAWN and back.signatures == () and back.progress.reason == "示例原因"


def test_after_the_approval_there_are_only_editions() -> None:
    for refused in (lambda: APPROVED.redrawn("1" * 64, AT, "甲", ""), lambda: ISSUED.returned("x"), lambda: APPROVED.made_void("x")):  # fmt: skip
        with pytest.raises(WrongState):
            refused()
    second = ISSUED.corrected("1" * 64, AT, "甲", "漏计", "题名")
    assert second.progress.edition == 2 and second.signatures == () and len(second.progress.signatures) == 2
    assert second.holders == ("公司主管领导", "质量部") and second.unreceived == ()
    with pytest.raises(WrongState, match="第1版已经批准"):
        second.made_void("x")
    assert second.endorsed(signature("reviewer", edition=2)).state is DocumentState.REVIEWED
    with pytest.raises(WrongState):
        DRAWN.corrected("1" * 64, AT, "甲", "x", "题名")


@pytest.mark.parametrize(
    "refused",
    [
        lambda: DRAWN.endorsed(signature("approver")),
        lambda: DRAWN.endorsed(signature("countersign")),
        lambda: REVIEWED.endorsed(signature("reviewer")),
        lambda: DRAWN.issued(Sent(("质量部",), "2027-01-09", AT, "甲", 1)),
        lambda: ISSUED.issued(Sent(("质量部",), "2027-01-09", AT, "甲", 1)),
        lambda: APPROVED.received(Receipt("质量部", "示例", "2027-01-10", AT, "甲", 1)),
        lambda: ISSUED.received(Receipt("别处", "示例", "2027-01-10", AT, "甲", 1)),
        lambda: replace(DRAWN, progress=Progress("void", 1)).endorsed(signature("reviewer")),
    ],
)
def test_steps_out_of_order_are_refused(refused: object) -> None:
    with pytest.raises(WrongState) as error:
        refused()  # type: ignore[operator]
    assert error.value.remedy


def test_a_countersignature_asked_for_comes_before_the_last() -> None:
    four = replace(DRAWN, needs=("drafter", "reviewer", "countersign", "approver")).endorsed(signature("reviewer"))
    with pytest.raises(WrongState, match="会签"):
        four.endorsed(signature("approver"))
    assert four.endorsed(signature("countersign")).endorsed(signature("approver")).state is DocumentState.APPROVED


def test_kept_apart_nobody_signs_twice() -> None:
    with pytest.raises(NotPermitted):
        require_other_person(DRAWN, "甲", "reviewer")
    with pytest.raises(NotPermitted):
        require_other_person(REVIEWED, "乙", "approver")
    require_other_person(REVIEWED, "丙", "approver")


def test_its_files_go_there_and_back() -> None:
    table = TableJson("T01", "记录总表", "件", ("表式", "本期"), (("06A", "T01.06A.now"),), ("注",))
    figure = FigureJson("T01.06A.now", "06A 本期", "1", "1", "件", "0")
    held = DocumentJson(
        "KF-BB-2026-003", "KF-BB", "报表", "题名", "2026", "2026-01-01", "2026-12-31", "", "内部", 5, 1, AT, 9, "1" * 64,
        "2" * 64, "示例公司", "中心", "甲", "示例甲", ("drafter",), ("质量部",), (table,), (figure,), (), ("口径",), (), "", "",
        (ChangedFigure("a", "b", "1", "2"),), {"document.pdf": "3" * 64},
    )  # fmt: skip
    assert DocumentJson.from_bytes(held.to_bytes()) == held
    progress = ProgressJson("KF-BB-2026-003", ISSUED.progress)
    assert ProgressJson.from_bytes(progress.to_bytes()) == progress


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"retention_years": 3}, "不得短于"),
        ({"signatures": {"month": ["drafter"]}}, "reviewer"),
        ({"family": "x"}, "family"),
        ({"secrecy_level": "绝密"}, "绝密"),
        ({"template": "../x.docx"}, "模板"),
    ],
)
def test_a_kind_that_cannot_be_is_told(change: dict[str, object], told: str) -> None:
    kind = {
        "title": "报表", "scope": "company", "periods": ["month"], "template": "report.docx", "family": "reports",
        "signatures": {"month": ["reviewer"]},
    }  # fmt: skip
    series = {"code": "KF", "title": "文件", "class_code": "KJ·KF", "families": [{"key": "reports", "title": "报表"}]}
    DocumentSeries.model_validate(series | {"kinds": {"BB": kind}})
    with pytest.raises(ValueError, match=told):
        DocumentSeries.model_validate(series | {"kinds": {"BB": kind | change}})


@pytest.mark.parametrize("places", [[], [0], [0, 1, 2], [3, 7, 8, 9, 20], [1, 3, 5]])
def test_places_go_into_runs_and_back(places: list[int]) -> None:
    assert [*runs.read(runs.written(places))] == places


def test_runs_that_do_not_rise_are_refused() -> None:
    with pytest.raises(ValueError, match="依次增加"):
        [*runs.read("3-5,4")]
