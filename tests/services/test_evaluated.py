"""The evaluation's paper (R169, R173): what a report's R01 says, the unit's comment before the approval, no person."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO

import openpyxl
import pytest

from qrecords.errors import NotFound, UsageError, WrongState
from qrecords.model.access import Grant
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.finding.find import show
from qrecords.services.intake.fill import fill
from qrecords.services.reports.draw import draw
from qrecords.services.reports.evaluated import Evaluated, evaluation, evaluation_file
from qrecords.services.reports.kept import show_document
from qrecords.services.reports.progress import make_void
from qrecords.services.reports.shown import ShownDocument
from qrecords.stores.given import GivenFile
from tests.faulty_disk import blank_convert
from tests.model.figures.test_v1_month import contacts, notices, reports
from tests.services.test_management import paper, told
from tests.services.test_report_figures import keep, numbered
from tests.web.test_desk import Browser


@pytest.fixture
def drawn(office: Office, monkeypatch: pytest.MonkeyPatch) -> tuple[Office, ShownDocument]:
    """Return an office with the report of its first half-year, evaluated."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    said = office.settings.forms_dir.parent / "KF758" / "evaluation.toml"
    said.write_text(said.read_text(encoding="utf-8").replace("on = false", "on = true"), encoding="utf-8")
    keep(office, numbered([*notices(), *reports(), *contacts()]))
    office.workspace.source = lambda: datetime.fromisoformat("2026-07-10T09:00:00+08:00")
    return office, draw(office, "BB", "2026-H1", answer="示例")


def test_r173_the_paper_says_what_the_report_says(drawn: tuple[Office, ShownDocument]) -> None:
    """Each indicator as R01 prints it; complaints and praise with their numbers and days; who had them in hand, not."""
    office, report = drawn
    found = evaluation(office, report.document_no)
    (table,) = [t for t in report.tables or () if t.key == "R01.score"]
    *rows, total = table.rows
    keys = ("name", "aspect", "target", "value", "cases", "weight", "points")
    assert [tuple(line[k] for k in keys) for line in found.values["indicators"]] == [tuple(row) for row in rows]
    assert [found.level, found.score, found.values["involved"], found.values["obtained"]] == [
        total[1],
        total[3],
        *total[5:],
    ]
    facts = [(f["kind"], f["about"]) for f in found.values["facts"]]
    assert facts[-2:] == [("投诉", "QR758-01A-2026-00003"), ("表扬", "QR758-01A-2026-00002")]

    def counted(part: str, *columns: str) -> int:
        """Return what some columns of T06 count in all."""
        (one,) = [t for t in report.tables or () if t.key == f"T06.{part}"]
        heads = [head.partition("（")[0] for head in one.columns]
        return sum(int(one.rows[-1][heads.index(column)]) for column in columns)

    late_there = counted("arrival", "已到达", "其中逾期未到") - counted("arrival", "按期")
    assert late_there and [k for k, _ in facts].count("超期") == late_there + counted("report", "逾期交")
    assert [k for k, _ in facts].count("未交") == counted("report", "交而不全", "逾期未交")
    by_name = {line["name"]: line["cases"] for line in found.values["indicators"]}
    assert by_name["按期到达率"] == str(counted("arrival", "已到达")) and by_name["投诉检查"] == "—"
    assert "责任人" not in json.dumps(found.values, ensure_ascii=False)
    assert found.values["facts"][-2]["detail"].startswith("接收日期：2026-03-15；")
    values = _filled(office, found)
    assert values["indicators"][0]["points"] == rows[0][6] and len(values["indicators"]) == len(rows)
    assert (values["score"], values["report_no"], values["period"]) == (found.score, report.document_no, "2026-H1")


def _filled(office: Office, found: Evaluated) -> dict[str, object]:
    book = openpyxl.load_workbook(BytesIO(evaluation_file(office, found, "评价.xlsx")))
    stream = BytesIO()
    book.save(stream)
    (made,) = fill(office, "PJ", [GivenFile("评价.xlsx", stream.getvalue())]).records
    return dict(show(office, made.record_no).values)


def test_a_report_of_an_older_program_does_not_say_on_how_many_cases(
    drawn: tuple[Office, ShownDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, report = drawn

    def older(of: Office, number: str) -> ShownDocument:
        shown = show_document(of, number)
        (table,) = [t for t in shown.tables or () if t.key == "R01.score"]
        cut = replace(table, columns=_without(table.columns), rows=[_without(row) for row in table.rows])
        return replace(shown, tables=[cut])

    whole = evaluation(office, report.document_no)
    monkeypatch.setattr("qrecords.services.reports.evaluated.show_document", older)
    found = evaluation(office, report.document_no)
    assert (found.score, found.level) == (whole.score, whole.level)
    lines = [{k: v for k, v in line.items() if k != "cases"} for line in whole.values["indicators"]]
    assert found.values["indicators"] == lines and "facts" not in found.values


def _without(row: Sequence[str]) -> list[str]:
    return [*row[:4], *row[5:]]


def test_r173_the_unit_speaks_before_the_approval_by_name_and_day() -> None:
    assert told("PJ", paper("PJ")) == ""
    assert told("PJ", paper("PJ", comment=None, comment_by=None, comment_on=None)) == ""
    for gone in ("comment_by", "comment_on"):
        assert "要写明意见人和日期" in told("PJ", paper("PJ", **{gone: None}))
    assert "批准之前提出" in told("PJ", paper("PJ", comment_on="2026-07-21"))
    assert "批准之前提出" in told("PJ", paper("PJ", comment_on="2026-07-15"))


def test_r169_the_paper_has_no_place_for_penalty_reward_or_person(drawn: tuple[Office, ShownDocument]) -> None:
    office, _ = drawn
    form = office.forms.get("PJ").form
    labels = [f.label for f in form.fields] + [c.label for f in form.fields for c in f.columns]
    assert not [label for label in labels if any(word in label for word in ("奖", "惩", "罚", "责任人", "姓名"))]


def test_a_report_without_it_or_not_readable_is_told(drawn: tuple[Office, ShownDocument]) -> None:
    office, report = drawn
    month = draw(office, "BB", "2026-03", answer="示例")
    with pytest.raises(WrongState, match="里没有评价"):
        evaluation(office, month.document_no)
    with pytest.raises(UsageError, match="扩展名"):
        evaluation_file(office, evaluation(office, report.document_no), "评价.pdf")
    narrow = replace(office, account=replace(office.account, grants=(Grant("supervisor", branch="海军"),)))
    with pytest.raises(NotFound):
        evaluation(narrow, report.document_no)
    make_void(office, report.document_no, "示例")
    with pytest.raises(WrongState, match="作废"):
        evaluation(office, report.document_no)


def test_at_the_desk_the_paper_is_begun_from_the_page_of_the_report(drawn: tuple[Office, ShownDocument]) -> None:
    office, report = drawn
    browser = Browser(office).enter()
    address = f"/reports/{report.document_no}"
    assert f'action="{address}/evaluation"' in browser.get(address)
    begun = browser.post(f"{address}/evaluation", {})
    page = browser.get(begun.headers["location"])
    assert 'name="indicators.0.name"' in page and 'value="先签发后出发率"' in page
    month = draw(office, "BB", "2026-03", answer="示例")
    assert "/evaluation" not in browser.get(f"/reports/{month.document_no}")
    assert browser.post(f"/reports/{month.document_no}/evaluation", {}).status_code == 409
