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
from qrecords.model.period import Period
from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.finding.find import show
from qrecords.services.improving import candidates
from qrecords.services.intake.fill import fill
from qrecords.services.reports import byunit
from qrecords.services.reports.draw import draw
from qrecords.services.reports.evaluated import Evaluated, evaluation, evaluation_file
from qrecords.services.reports.figures import figures_of
from qrecords.services.reports.kept import show_document
from qrecords.services.reports.progress import make_void
from qrecords.services.reports.shown import ShownDocument
from qrecords.stores.given import GivenFile
from tests.faulty_disk import blank_convert
from tests.model.figures.rows import record
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


def test_what_is_below_its_target_and_the_alarms_of_a_result_are_offered_for_improvement(
    drawn: tuple[Office, ShownDocument],
) -> None:
    """Of the newest report with an evaluation, and the newest result of satisfaction, until an item names them (S.2)."""
    office, report = drawn
    result = draw(office, "MY", "2026-03", answer="示例")
    found = {c.key: c for c in candidates(office).candidates if c.key in {report.document_no, result.document_no}}
    assert (
        found[report.document_no].kind == "评价" and "按期到达率（75.0，目标95%）" in found[report.document_no].problem
    )
    assert "签发后出发" not in found[report.document_no].problem, "that one is kept"
    others = [alarm for alarm in result.alarms or () if alarm[:2] in {"A2", "A3", "A4"}]
    assert others and found[result.document_no].problem == f"{result.period} {'；'.join(others)}"
    for number in (report.document_no, result.document_no):
        said = paper("GJ", sources=[{"record_no": number}])
        fill(office, "GJ", [GivenFile(f"{number}.json", json.dumps(said).encode())], same_again=True)
    assert not {c.key for c in candidates(office).candidates} & set(found)


def test_each_unit_that_served_is_evaluated_by_what_it_did_itself(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R.2: two of three arrivals of the centre in time, none of the other unit's; what is no unit's is the centre's."""

    def sent(name: str, there: str, unit: str = "") -> Record:
        by = {"performed_by": "相关单位", "performing_unit": unit} if unit else {}
        days = {"issued_on": "2026-03-02", "departed_on": "2026-03-03", "required_arrival": "2026-03-05"}
        return record(name, "04A", arrived_on=there, customer_unit="甲部队", **days, **by)

    served = [sent("N1", "2026-03-05"), sent("N2", "2026-03-04"), sent("N3", "2026-03-06")]
    praised = record("I1", "01A", info_type=["表扬（感谢）"], received_at="2026-03-09 09:00", customer_unit="甲部队")
    other = [sent("N4", "2026-03-06", "示例一所"), sent("N5", "2026-03-07", "示例 一所")]
    said = office.settings.forms_dir.parent / "KF758" / "evaluation.toml"
    said.write_text(said.read_text(encoding="utf-8").replace("on = false", "on = true"), encoding="utf-8")
    keep(office, numbered([*served, praised]))
    with office.register.read() as tx:
        alone = figures_of(office, tx, "BB", Period.read("2026-H1")).drawn
    assert [t.id for t in alone.tables if t.id.startswith("R")] == ["R01"], "one unit alone is the office"
    keep(office, numbered([*served, praised, *other])[-2:])
    with office.register.read() as tx:
        both = figures_of(office, tx, "BB", Period.read("2026-H1")).drawn
    table = next(t for t in both.tables if t.id == "R02")
    rows = {row.key: row.cells for row in table.rows}
    assert [head.label for head in table.columns] == ["客户服务中心", "示例一所"]
    assert rows["arrival"] == ("66.7（8.42）", "0.0（0.00）")
    assert rows["notice_first"] == ("100.0（4.00）", "100.0（4.00）")
    assert (rows["praise"], rows["binding"]) == (("1.0", "0.0"), ("—", "—"))
    # Of the tables only the columns asked for are worked out: the same as by the whole tables.
    with monkeypatch.context() as patch, office.register.read() as tx:
        patch.setattr(byunit, "_asked", lambda tables, _figures: tables)
        whole = figures_of(office, tx, "BB", Period.read("2026-H1")).drawn
    assert next(t for t in whole.tables if t.id == "R02") == table
    score = next(t for t in both.tables if t.id == "R01").rows[-1].cells[2]
    assert rows["total"][0] != score and all(cell.endswith("格") or "秀" in cell for cell in rows["total"])


def test_the_paper_of_one_unit_says_what_the_report_says_of_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """R02's column with R01's targets and weights, its own late arrivals alone; another name is told which there are."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    said = office.settings.forms_dir.parent / "KF758" / "evaluation.toml"
    said.write_text(said.read_text(encoding="utf-8").replace("on = false", "on = true"), encoding="utf-8")
    days = {"issued_on": "2026-03-02", "departed_on": "2026-03-03", "required_arrival": "2026-03-05"}
    unit = {"performed_by": "相关单位", "performing_unit": "示例一所"}
    notices_ = [
        record("N1", "04A", arrived_on="2026-03-05", customer_unit="甲部队", **days),
        record("N2", "04A", arrived_on="2026-03-06", customer_unit="甲部队", **days),
        record("N3", "04A", arrived_on="2026-03-07", customer_unit="乙部队", **days, **unit),
    ]
    keep(office, numbered(notices_))
    office.workspace.source = lambda: datetime.fromisoformat("2026-07-10T09:00:00+08:00")
    report = draw(office, "BB", "2026-H1", answer="示例")
    found = evaluation(office, report.document_no, "示例 一所")
    table = next(t for t in report.tables or () if t.key == "R02.units")
    lines = {line["name"]: line for line in found.values["indicators"]}
    arrival = lines["按期到达率"]
    assert (arrival["value"], arrival["points"], arrival["target"], arrival["weight"]) == ("0.0", "0.00", "95%", "12")
    assert (lines["投诉检查"]["value"], lines["投诉检查"]["points"], lines["表扬"]["points"]) == ("—", "—", "—")
    assert f"{found.score} {found.level}" == table.rows[-1][2]
    shares = float(found.values["obtained"]) / float(found.values["involved"]) * 100
    assert abs(shares - float(found.score)) < 0.1
    assert [f["about"] for f in found.values["facts"]] == ["QR758-04A-2026-00003"]
    assert found.values["evaluated_unit"] == "示例一所"
    assert _filled(office, found)["indicators"] == list(found.values["indicators"])
    centre = evaluation(office, report.document_no, "客户服务中心")
    assert [f["about"] for f in centre.values["facts"]] == ["QR758-04A-2026-00002"]
    with pytest.raises(NotFound, match="没有「示例九所」的评价") as refused:
        evaluation(office, report.document_no, "示例九所")
    assert "客户服务中心、示例一所" in str(refused.value.remedy)
    browser = Browser(office).enter()
    assert "<option>示例一所</option>" in browser.get(f"/reports/{report.document_no}")
    begun = browser.post(f"/reports/{report.document_no}/evaluation", {"unit": "示例一所"})
    assert 'value="示例一所"' in browser.get(begun.headers["location"])
