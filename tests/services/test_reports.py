"""Documents computed from records: drawn, signed, sent, corrected, kept as objects, read by whom they are for (5.7.3, 5.7.4)."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qrecords.cli.wording import worded
from qrecords.errors import InvalidInput, NotFound, NotPermitted, QRecordsError, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.figures.alarms import Alarm, answered
from qrecords.model.formats import AlarmJson, DocumentJson, FigureJson, ProgressJson, TableJson
from qrecords.model.objects import DOCUMENT
from qrecords.office import REGISTER_FILE, Office
from qrecords.render.code import payload
from qrecords.render.pdf import Converter
from qrecords.services.access.copies import request as request_copies
from qrecords.services.administer import init, open_office
from qrecords.services.care.backup import backup, restore
from qrecords.services.care.handover import export_bag, import_bag
from qrecords.services.care.rebuild import rebuild
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import approve as approve_list
from qrecords.services.disposition.lists import draw as draw_list
from qrecords.services.disposition.lists import witness
from qrecords.services.disposition.retention import due as over_on
from qrecords.services.due import due
from qrecords.services.file import file_records
from qrecords.services.finding.search import Criteria, search
from qrecords.services.reports.awaited import awaited_documents
from qrecords.services.reports.draw import correct, draw
from qrecords.services.reports.kept import document_file, figures_of, list_documents, outline, show_document
from qrecords.services.reports.prepared import Asked, Prepared
from qrecords.services.reports.progress import Hand, approve, issue, make_void, receive, review, send_back, sign
from qrecords.services.reports.recordstable import records_table
from qrecords.services.reports.shown import ShownDocument, ShownTable
from qrecords.services.scans.scan import scan
from qrecords.services.scans.sheets import NOT_OURS, Signing
from qrecords.services.volumes.compile import compile_year
from qrecords.services.volumes.shelf import list_volumes
from qrecords.stores.given import on_disk
from tests import retention_office as kept
from tests.conftest import blank_scan
from tests.faulty_disk import blank_convert
from tests.office_steps import sheet

MARCH, NUMBER = "2019-03", "KF-BB-2019-001"
NAVY_BRIEF = "KF-JB-2019-001"
BRANCHES = ("陆军", "海军", "空军", "火箭军", "民用", "合计")
LEADERS = ("公司主管领导", "质量部")


@pytest.fixture(autouse=True)
def blank_pages(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "office" not in {mark.name for mark in request.node.iter_markers()}:
        monkeypatch.setattr(Converter, "convert", blank_convert)
        # The front matter of the office's volume is blank too.
        monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))


@pytest.fixture
def people(tmp_path: Path) -> Iterator[kept.People]:
    with kept.opened(kept.copied(tmp_path), clock=lambda: kept.THEN) as all_of_them:
        yield all_of_them


def with_grants(people: kept.People, *grants: Grant, clearance: int = 3) -> Office:
    return replace(people.office, account=Account("low", "示例员工", None, True, "", clearance, grants))


def approved_year(people: kept.People) -> str:
    number = draw(people("甲"), "BB", "2019").document_no
    review(people("乙"), number, Hand("示例主任"))
    approve(people("丙"), number, Hand("示例领导"))
    return number


def paper_of(office: Office, number: str) -> str:
    """Return what the code on a document's paper says, the page apart."""
    with office.register.read() as tx:
        found = tx.documents.get(number)
    assert found
    return payload(number, found.paper_number)


def value(shown: ShownDocument, label: str, column: str) -> str:
    (table,) = [t for t in shown.tables if t.key == "T01.forms"]
    (row,) = [r for r in table.rows if r[0].startswith(label)]
    return str(row[table.columns.index(column)])


def test_a_month_is_drawn_with_what_the_records_say(people: kept.People) -> None:
    shown = draw(people("甲"), "bb", "2019年3月", remarks=["示例说明"])
    assert shown.document_no == NUMBER and shown.state == "drawn" and shown.title == "2019年3月售后服务情况报表"
    assert (value(shown, "01A", "本期"), value(shown, "01A", "上期")) == ("2", "—")
    assert shown.remarks == ("示例说明",) and any("内部" in line for line in shown.basis)
    (figure,) = figures_of(people("甲"), NUMBER, "T01.forms.f01.now")
    assert [r.record_no for r in figure.records] == [kept.A, kept.B] and figure.whole
    assert figure.exact == "2" and {r.version for r in figure.records} == {1}
    office = people.office
    held = office.archive.read_as(DocumentJson, DOCUMENT.object_id(NUMBER))
    assert set(held.files) == {"document.docx", "document.pdf", "tables.xlsx"}
    for name, sha256 in held.files.items():
        assert hashlib.sha256(office.archive.read(DOCUMENT.object_id(NUMBER), name)).hexdigest() == sha256
    assert verify(office, deep=True).problems == []


def test_a_drawing_tells_how_far_it_is(people: kept.People) -> None:
    """Table by table, then the papers, then all of it kept: never back, and to the end."""
    told: list[tuple[int, int]] = []
    shown = draw(people("甲"), "BB", MARCH, progress=lambda done, total: told.append((done, total)))
    tables = {table.key.partition(".")[0] for table in shown.tables or ()}
    assert [done for done, _ in told] == [*range(1, len(told) + 1)]
    assert {total for _, total in told} == {len(told)} and len(told) >= len(tables) + 2
    approved = approved_year(people)
    again: list[int] = []
    correct(people("甲"), approved, "示例", progress=lambda done, total: again.append(total - done))
    assert again[-1] == 0 and len(again) > len(tables)


def test_a_month_without_records_has_its_document_too(people: kept.People) -> None:
    shown = draw(people("甲"), "BB", "2019-08")
    assert value(shown, "合计", "本期") == "0" and "2019年8月无记录" in shown.basis


def test_numbers_are_of_the_periods_year_and_have_no_gap(people: kept.People) -> None:
    office = people("甲")
    found = [draw(office, kind, period).document_no for kind, period in (("BB", "2019-03"), ("BB", "2018"), ("MY", "2019"), ("BB", "2019-H1"))]  # fmt: skip
    assert found == ["KF-BB-2019-001", "KF-BB-2018-001", "KF-MY-2019-001", "KF-BB-2019-002"]
    assert [d.document_no for d in list_documents(office, kind="bb", year=2019)] == [found[0], found[3]]


def test_drawn_again_it_keeps_its_number_and_loses_its_signatures(people: kept.People) -> None:
    draw(people("甲"), "BB", "2019")
    review(people("乙"), NUMBER, Hand("示例主任"))
    again = draw(people("甲"), "BB", "2019")
    assert (again.document_no, again.state, again.signatures) == (NUMBER, "drawn", ())
    back = send_back(people("乙"), NUMBER, "示例：少一段")
    assert back.state == "drawn" and back.reason == "示例：少一段"


def test_the_same_register_and_moment_give_the_same_bytes(people: kept.People) -> None:
    office, object_id = people("甲"), DOCUMENT.object_id(NUMBER)
    draw(office, "BB", MARCH)
    names = ("document.docx", "tables.xlsx")
    first = [office.archive.read(object_id, name) for name in names]
    draw(office, "BB", MARCH)
    assert [office.archive.read(object_id, name) for name in names] == first


def test_reviewed_approved_sent_and_received(people: kept.People, tmp_path: Path) -> None:
    scan = blank_scan(tmp_path / "signed.pdf")
    draw(people("甲"), "BB", "2019")
    assert sign(people("甲"), NUMBER, "drafter", Hand()).signatures[0].by == "甲"
    assert review(people("乙"), NUMBER, Hand("示例主任", "2020-01-20")).state == "reviewed"
    with pytest.raises(InvalidInput, match="批准日期 2020-01-19 早于审核日期 2020-01-20"):
        approve(people("丙"), NUMBER, Hand("示例领导", "2020-01-19"))
    done = approve(people("丙"), NUMBER, Hand("示例领导\n", "2020-01-21", on_disk(scan)))
    assert done.signatures[-1].by == "示例领导", "on one line, as papers print it"
    assert done.state == "approved" and done.archive_no == "750-KJ·KF·BB·2019·D5-0001"
    office = people.office
    assert office.archive.read(DOCUMENT.object_id(NUMBER), f"scans/{NUMBER}-1-approver.pdf") == scan.read_bytes()
    with pytest.raises(InvalidInput, match="报送日期 2020-01-20 早于批准日期 2020-01-21"):
        issue(people("甲"), NUMBER, on="2020-01-20")
    sent = issue(people("甲"), NUMBER)
    assert sent.state == "issued" and sent.awaiting_receipt == (*LEADERS,)
    for name in LEADERS:
        done = receive(people("甲"), NUMBER, name, by="示例收件人")
    assert done.awaiting_receipt == () and len(done.receipts) == 2
    progress = office.archive.read_as(ProgressJson, DOCUMENT.object_id(NUMBER)).progress
    assert progress.state == "issued" and len(progress.receipts) == 2 and len(progress.signatures) == 3
    assert verify(office, deep=True).problems == []


def test_a_scanned_paper_finds_its_document_and_proves_the_signatures_on_it(
    people: kept.People, tmp_path: Path
) -> None:
    office, page = people("甲"), tmp_path / "page.png"
    number = draw(office, "BB", "2019").document_no
    sheet(page, f"{paper_of(office, number)}/1")
    unsaid = scan(people("乙"), [on_disk(page)], recognise=False)
    assert unsaid.attached == [] and "哪种签署" in str(worded(unsaid.refused[0].problems[0].message))
    said = [Signing("审核", "示例主任", "2020-02-01"), Signing("approver", "示例领导", "2020-02-02")]
    told = scan(people("乙"), [on_disk(page)], said, recognise=False)
    assert [(one.record_no, one.kinds) for one in told.attached] == [(number, ["审核", "批准"])]
    shown = show_document(office, number)
    assert (shown.state, [(s.part, s.by, s.on) for s in shown.signatures]) == (
        "approved", [("reviewer", "示例主任", "2020-02-01"), ("approver", "示例领导", "2020-02-02")],
    )  # fmt: skip
    assert all(s.evidence in shown.files for s in shown.signatures)
    assert verify(office, deep=True).problems == []


def test_a_scan_of_another_or_an_older_paper_proves_nothing(people: kept.People, tmp_path: Path) -> None:
    office, page, other = people("甲"), tmp_path / "page.png", tmp_path / "other.png"
    draw(office, "BB", MARCH)
    sheet(page, f"{paper_of(office, NUMBER)}/1")
    sheet(other, "KF-BB-2018-001/1/1")
    with pytest.raises(InvalidInput, match="印的是 KF-BB-2018-001"):
        review(people("乙"), NUMBER, Hand("示例主任", evidence=on_disk(other)))
    draw(people.at(kept.THEN + timedelta(seconds=5))("甲"), "BB", MARCH)
    with pytest.raises(InvalidInput, match="不是现在的内容"):
        review(people("乙"), NUMBER, Hand("示例主任", evidence=on_disk(page)))
    told = scan(people("乙"), [on_disk(page)], [Signing("审核", "示例主任", "2020-02-01")], recognise=False)
    assert (told.attached, told.unmatched) == ([], [])
    assert "不是现在的内容" in str(told.refused[0].problems[0].message)
    hidden = scan(
        with_grants(people, Grant("supervisor", branch="海军")), [on_disk(page)], recognise=False, dry_run=True
    )
    assert [one.reason for one in hidden.unmatched] == [NOT_OURS], "as if it were not there"


def test_a_month_needs_no_approval_its_review_files_it(people: kept.People) -> None:
    draw(people("甲"), "BB", MARCH)
    done = review(people("乙"), NUMBER, Hand("示例主任"))
    assert done.state == "approved" and done.archive_no


def test_what_was_approved_is_never_drawn_over_only_corrected(people: kept.People) -> None:
    number = approved_year(people)
    office, object_id = people("甲"), DOCUMENT.object_id(number)
    approved = office.archive.head(object_id)
    with pytest.raises(WrongState, match="已经批准") as error:
        draw(office, "BB", "2019")
    assert "report correct" in worded(error.value.remedy)
    issue(office, number, to=["质量部"])
    assert kept.filled(office, "01A", kept.information(7, "示例单位七")) == ["QR758-01A-2019-00003"]
    second = correct(office, number, "漏计一份")
    assert second.edition == 2 and second.state == "drawn" and second.older_editions_with == ("质量部",)
    changed = {c.id: (c.before, c.now) for c in second.changes}
    assert changed["T01.forms.f01.now"] == ("2", "3") and "T01.forms.f02.now" not in changed
    with office.register.read() as tx:
        assert tx.items.of_object(object_id).version == approved, "the first edition stands"  # type: ignore[union-attr]
    review(people("乙"), number, Hand("示例主任"))
    done = approve(people("丙"), number, Hand("示例领导"))
    assert done.archive_no == "750-KJ·KF·BB·2019·D5-0001"
    first = office.archive.read_as(DocumentJson, object_id, approved)
    assert next(f.value for f in first.figures if f.id == "T01.forms.f01.now") == "2", "nothing is computed anew"
    assert verify(office, deep=True).problems == []


@pytest.mark.parametrize(
    ("kind", "period", "branch", "kind_of_error", "told"),
    [
        ("BB", "2020-02", "", WrongState, "还没有结束"),
        ("BB", "2020", "", WrongState, "还没有结束"),
        ("XX", "2019", "", UsageError, "没有文件种类"),
        ("BB", "三月", "", InvalidInput, "请写成"),
        ("JB", "2019", "", UsageError, "没有 2019 这一期"),
        ("BB", "2019-H2", "", UsageError, "没有 2019-H2 这一期"),
        ("JB", "2019-03", "", UsageError, "要写是哪个军兵种"),
        ("JB", "2019-03", "海里", InvalidInput, "没有军兵种"),
        ("BB", "2019-03", "海军", UsageError, "不分军兵种"),
        ("JB", "2019-03", "民用", UsageError, "不出民用的"),
    ],
)
def test_what_cannot_be_drawn_is_told_and_takes_no_number(
    people: kept.People, kind: str, period: str, branch: str, kind_of_error: type[QRecordsError], told: str
) -> None:
    office = people("甲")
    with pytest.raises(kind_of_error, match=told) as error:
        draw(office, kind, period, branch=branch)
    assert worded(error.value.remedy)
    with office.register.read() as tx:
        assert not [name for name in tx.counters.all() if name.startswith("document/")] and not tx.intents.open()


def test_open_alarms_are_answered_before_anything_is_drawn(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alarming(office: Office, tx: Any, asked: Asked, progress: Any = None) -> Prepared:
        (found,) = answered([Alarm("A2", "A2.service", "示例指标低于目标", ())], {}, asked.said)
        alarm = AlarmJson(found.alarm.key, "A2", found.alarm.told, found.state, (), found.reason, found.by)
        return replace(records_table(office, tx, asked), alarms=(alarm,))

    monkeypatch.setattr("qrecords.services.reports.draw.prepare", alarming)
    with pytest.raises(WrongState, match="1条告警") as error:
        draw(people("甲"), "MY", "2019")
    assert [str(p.message) for p in error.value.problems] == ["A2.service　示例指标低于目标"]
    assert all(option in worded(error.value.remedy) for option in ("--answer ", "--answer-to "))
    with pytest.raises(UsageError, match=r"没有告警「A9」"):
        draw(people("甲"), "MY", "2019", answers={"A9": "示例", "A2.service": "示例"})
    shown = draw(people("甲"), "MY", "2019", answer="示例：已列入改进")
    assert shown.alarms == ("A2　示例指标低于目标",) and shown.answer == "示例：已列入改进"
    own = draw(people("甲"), "MY", "2019", answers={"A2.service": "示例：样本都来自一次服务"})
    assert [(a.state, a.reason, a.by) for a in own.alarm_states or ()] == [("不立项", "示例：样本都来自一次服务", "甲")]
    assert own.answer == ""


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda p: review(p("乙"), NUMBER, Hand("示例", "2019-12-31")), "早于期末"),
        (lambda p: review(p("乙"), NUMBER, Hand("示例", "2021-01-01")), "还没有到"),
        (lambda p: approve(p("乙"), NUMBER, Hand("示例")), "已拟制"),
        (lambda p: issue(p("甲"), NUMBER), "已拟制"),
        (lambda p: receive(p("甲"), NUMBER, "质量部", by="示例"), "已拟制"),
        (lambda p: correct(p("甲"), NUMBER, "示例"), "已拟制"),
        (lambda p: send_back(p("乙"), NUMBER, " "), "没有写原因"),
        (lambda p: review(p("乙"), NUMBER, Hand("示例", "", on_disk(p.root / "qrecords.toml"))), "不是扫描件"),
    ],
)
def test_a_step_that_is_not_open_changes_nothing(people: kept.People, step: Any, told: str) -> None:
    draw(people("甲"), "BB", "2019")
    with pytest.raises(QRecordsError, match=told):
        step(people)
    assert show_document(people("甲"), NUMBER).state == "drawn"
    assert people.office.archive.head(DOCUMENT.object_id(NUMBER)) == 1


def test_void_keeps_its_number_and_the_period_gets_the_next(people: kept.People) -> None:
    office = people("甲")
    draw(office, "BB", MARCH)
    assert make_void(office, NUMBER, "示例").state == "void"
    assert draw(office, "BB", MARCH).document_no == "KF-BB-2019-002"
    assert verify(office).problems == []


def test_an_unknown_number_is_told(people: kept.People) -> None:
    with pytest.raises(NotFound, match="没有这份文件"):
        show_document(people("甲"), "KF-BB-2019-009")


def owed(office: Office, on: str) -> dict[str, tuple[str, str, bool]]:
    """The documents owed on a day: under which deadline, by when, whether late."""
    return {d.about: (d.key, d.limit_on, d.late) for d in due(office, on=on).due if d.key.startswith("report_m") or d.key in {"report_half", "report_year", "report_send"}}  # fmt: skip


def test_v10_r103_a_period_without_its_document_is_due_from_the_first_of_its_kind_on(people: kept.People) -> None:
    office, on = people("甲"), "2026-05-05"
    assert owed(office, on) == {}
    draw(office, "BB", "2019-12")
    found = owed(office, on)
    assert found[NUMBER] == ("report_month", "2020-01-10", True)
    assert found["KF-BB 2026-04"] == ("report_month", "2026-05-11", False), "10 May 2026 is a Sunday"
    assert found["KF-BB 2019"][0] == "report_year" and found["KF-BB 2025-H1"][:2] == ("report_half", "2025-07-15")
    assert not {"KF-BB 2019-11", "KF-BB 2026-05", "KF-MY 2026-04"}.intersection(found)
    (what_to_do,) = [worded(d.detail) for d in due(office, on=on).due if d.about == "KF-BB 2026-04"]
    assert what_to_do == "还没有拟制：qrecords report draw BB --period 2026-04"
    review(people("乙"), NUMBER, Hand("示例主任", "2020-01-20"))
    assert owed(office, on)[NUMBER] == ("report_send", "2020-01-23", True)
    assert [*awaited_documents(with_grants(people, Grant("quality")), date(2026, 5, 5))] == [], (
        "it draws and sends none"
    )
    issue(people("甲"), NUMBER)
    assert NUMBER not in owed(office, on)


def test_v12_december_and_the_year_are_documents_of_the_year_that_is_over(people: kept.People) -> None:
    then = people.at(datetime(2027, 1, 20, 9, tzinfo=kept.ZONE))
    numbers = [draw(then("甲"), "BB", period).document_no for period in ("2026-12", "2026")]
    assert numbers == ["KF-BB-2026-001", "KF-BB-2026-002"]
    for number in numbers:
        review(then("乙"), number, Hand("示例主任"))
    approve(then("丙"), numbers[1], Hand("示例领导"))
    made = compile_year(then("甲"), 2026, form_code="KF-BB", with_gaps=True, reason="示例").volumes
    assert [(v.volume_code, v.items) for v in made] == [("750-KJ·KF·BB·2026·D5-001", 2)]
    code = made[0].volume_code
    days = {day: [code in str(unit) for unit in over_on(then("甲"), day)] for day in ("2031-12-31", "2032-01-01")}
    assert not any(days["2031-12-31"]) and any(days["2032-01-01"])


def test_r104_a_half_year_stands_beside_its_approved_months(people: kept.People) -> None:
    def told() -> ShownTable:
        shown = draw(people("甲"), "BB", "2019-H1")
        return next(t for t in shown.tables if t.key == "T19.differences")

    assert "没有已批准的各期报表" in told().notes
    for month in range(1, 7):
        review(people("乙"), draw(people("甲"), "BB", f"2019-0{month}").document_no, Hand("示例主任"))
    assert any("一致" in note for note in told().notes)
    (late,) = kept.filled(people("甲"), "01A", kept.information(7, "示例单位七"))
    rows = {row[0]: row[1:] for row in told().rows}
    assert rows["记录总表 01A 用户信息记录处理表 本期"] == ["2", "3", "1", f"补录1：{late}"]


def test_an_approved_document_is_copied_like_an_item(people: kept.People) -> None:
    number = approved_year(people)
    asked = request_copies(people("甲"), number.lower(), purpose="示例", recipient="示例员工")
    assert asked.archive_no == "750-KJ·KF·BB·2019·D5-0001"
    for office, wanted in (
        (with_grants(people, Grant("supervisor", branch="海军")), number),
        (people("甲"), NAVY_BRIEF),
    ):
        with pytest.raises(NotFound, match="没有归档件"):
            request_copies(office, wanted, purpose="示例", recipient="示例员工")


def test_r109_a_row_of_mail_and_the_document_it_carried_name_each_other(people: kept.People) -> None:
    number = approved_year(people)
    with pytest.raises(InvalidInput, match="不是写着"):
        issue(people("甲"), number, mail_no=kept.A)
    mail = kept.sample("09A", subject=f"年度报表 {number}")
    (row,) = kept.filled(people("甲"), "09A", mail)
    issue(people("甲"), number, mail_no=row)
    brief = draw(people("甲"), "JB", MARCH, branch="海军").document_no
    review(people("乙"), brief, Hand("示例主任"))
    approve(people("丙"), brief, Hand("示例领导"))
    with pytest.raises(UsageError, match="外单位"):
        issue(people("甲"), brief)
    held = people.office.archive.read_as(ProgressJson, DOCUMENT.object_id(number)).progress
    assert held.sent[0].mail_no == row


def test_r105_a_branch_document_goes_to_the_offices_that_want_it_and_may_have_it(people: kept.People) -> None:
    """Listed, they stand for 军事代表室: by branch, period, secrecy; who looks after some users alone gets no whole one."""
    path = people.root / "forms" / "KF" / "documents.toml"
    rows = {
        "示例甲室": 'branches = ["海军", "陆军"]', "示例乙室": 'branches = ["海军"]\nspans = ["year"]',
        "示例丙室": 'branches = ["海军"]\ncustomers = ["示例单位一"]', "示例丁室": 'branches = ["海军"]\nlevel = "公开"',
        "示例戊室": 'branches = ["空军"]\nspans = ["half", "year"]',
    }  # fmt: skip
    own = "".join(f'\n[milreps."{name}"]\n{said}\n' for name, said in rows.items())
    path.write_text(path.read_text(encoding="utf-8") + own, encoding="utf-8")
    office = people("甲")
    brief = draw(office, "JB", MARCH, branch="海军").document_no
    year = draw(office, "BZ", "2019", branch="海军").document_no
    with office.register.read() as tx:
        assert tx.documents.get(brief).recipients == ("示例甲室",)  # type: ignore[union-attr]
        assert tx.documents.get(year).recipients == ("示例甲室", "示例乙室")  # type: ignore[union-attr]
        held = office.archive.read_as(DocumentJson, DOCUMENT.object_id(year))
    assert held.recipients == ("示例甲室", "示例乙室")
    assert draw(office, "BB", MARCH).document_no == NUMBER
    for number in (brief, year):
        review(people("乙"), number, Hand("示例主任"))
        approve(people("丙"), number, Hand("示例领导"))
    (mail,) = kept.filled(office, "09A", kept.sample("09A", subject=f"报送 {brief} {year}"))
    for name, why in (
        ("示例乙室", "不要这种期间"), ("示例丙室", "部分单位"), ("示例丁室", "最高收到公开"), ("示例戊室", "不管海军"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=why):
            issue(office, brief, to=[name], mail_no=mail)
    assert issue(office, brief, mail_no=mail).awaiting_receipt == ("示例甲室",)
    review(people("乙"), NUMBER, Hand("示例主任"))
    with pytest.raises(UsageError, match="全中心"):
        issue(office, NUMBER, to=["示例甲室"])
    draw(office, "JB", MARCH, branch="空军")
    due_of = {one.about for one in awaited_documents(office, date(2020, 2, 28))}
    assert not any(about.endswith("空军") and "2019-04" in about for about in due_of), "no office wants its briefs"


def test_f3_a_branch_that_was_not_there_has_no_document(people: kept.People) -> None:
    with pytest.raises(UsageError, match="到 2015-12-30 止，后为火箭军") as refused:
        draw(people("甲"), "JB", MARCH, branch="第二炮兵")
    assert "火箭军" in worded(refused.value.remedy)
    with pytest.raises(UsageError, match="2024-04-19 起才有"):
        draw(people("甲"), "JB", MARCH, branch="信息支援部队")


# Who reads and draws what


@pytest.mark.office
@pytest.mark.parametrize(("kind", "period"), [("JB", MARCH), ("BZ", "2019-H1")])
def test_r107_a_brief_names_no_other_customer_in_any_of_its_files(people: kept.People, kind: str, period: str) -> None:
    import pypdf

    office = people("甲")
    own = kept.information(3, "示例海军单位", military_branch="海军")
    others = kept.information(4, "示例空军单位", military_branch="空军")
    (mine,), (hidden,) = kept.filled(office, "01A", own), kept.filled(office, "01A", others)
    shown = draw(office, kind, period, branch="海军")
    files = {name: Path(path) for name, path in shown.files.items()}
    with zipfile.ZipFile(files["document.docx"]) as packed:
        docx = "".join(packed.read(name).decode() for name in packed.namelist() if name.endswith(".xml"))
    pdf = "".join(page.extract_text() for page in pypdf.PdfReader(files["document.pdf"]).pages)
    book = openpyxl.load_workbook(files["tables.xlsx"])
    xlsx = "".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    kept_text = office.archive.read(DOCUMENT.object_id(shown.document_no), "document.json").decode()
    for text in (docx, pdf.replace("\n", ""), xlsx):
        assert kind == "BZ" or "示例海军单位" in text
    assert mine in xlsx
    plain = re.sub(r"\s", "", pdf)
    of_issue = ("售后服务简报", "第1期（总第1期）", "一、总体情况", "共印") if kind == "JB" else ("兵种服务情况报表",)
    assert [w for w in of_issue if w not in plain] == []
    for text in (docx, pdf.replace("\n", ""), xlsx, kept_text):
        assert not [word for word in ("示例空军单位", hidden, "空军") if word in text], mine


def test_an_account_of_one_branch_draws_and_drills_into_it_alone(people: kept.People) -> None:
    navy = with_grants(people, Grant("supervisor", branch="海军"))
    draw(people("甲"), "BB", MARCH)
    draw(people("甲"), "JB", MARCH, branch="空军")
    with pytest.raises(NotPermitted, match="全中心"):
        draw(navy, "BB", MARCH)
    with pytest.raises(NotPermitted, match="空军"):
        draw(navy, "JB", "2019-04", branch="空军")
    brief = draw(navy, "JB", MARCH, branch="海军")
    assert brief.document_no == "KF-JB-2019-002"
    assert [d.document_no for d in list_documents(navy)] == ["KF-JB-2019-002"]
    assert [d.document_no for d in search(navy, "2019年3月", Criteria()).documents] == ["KF-JB-2019-002"]
    assert len(search(people("甲"), "2019年3月", Criteria()).documents) == 3
    for hidden in (NUMBER, NAVY_BRIEF):
        for ask in (show_document, figures_of, outline, partial(document_file, name="tables.xlsx")):
            with pytest.raises(NotFound, match="没有这份文件"):
                ask(navy, hidden)
    assert all(r.record_no for f in figures_of(navy, "KF-JB-2019-002") for r in f.records)


def test_an_export_of_an_account_of_one_branch_holds_nothing_of_others(people: kept.People, tmp_path: Path) -> None:
    office = people("甲")
    made = {
        branch: kept.filled(office, "01A", kept.information(n, f"示例{branch}单位", military_branch=branch))
        for n, branch in ((3, "海军"), (4, "空军"))
    }
    records = [no for numbers in made.values() for no in numbers]
    kept.reviewed(office, *records)
    file_records(office, records)
    documents = [
        draw(office, kind, MARCH, branch=branch) for kind, branch in (("JB", "海军"), ("JB", "空军"), ("BB", ""))
    ]
    for one in documents:
        review(people("乙"), one.document_no, Hand("示例主任"))
        if one.kind == "JB":
            approve(people("丙"), one.document_no, Hand("示例领导"))
    navy = with_grants(people, Grant("archivist", branch="海军"), Grant("supervisor", branch="海军"))
    packed = export_bag(navy, tmp_path / "bag", year=2019)
    assert not packed.is_whole
    files = [path for path in (tmp_path / "bag").rglob("*") if path.is_file()]
    told = "".join(str(path) for path in files) + b"".join(path.read_bytes() for path in files).decode(
        "utf-8", "replace"
    )
    own, others = documents[0].document_no, [one.document_no for one in documents[1:]]
    assert [word for word in (*made["海军"], "示例海军单位", own) if word not in told] == []
    assert [word for word in (*made["空军"], "示例空军单位", *others, "KF·JB·KJ") if word in told] == []


def test_what_a_document_says_does_not_hang_on_who_draws_it(people: kept.People) -> None:
    """The scope is the document's: never the records the account happens to read."""
    whole = draw(people("甲"), "JB", MARCH, branch="海军")
    navy = draw(with_grants(people, Grant("supervisor", branch="海军")), "JB", MARCH, branch="海军")
    assert navy.tables == whole.tables


def test_records_above_the_documents_level_are_out_by_definition(people: kept.People) -> None:
    kept.filled(people("甲"), "01A", kept.information(8, "示例单位八", secrecy_level="秘密", secrecy_period="10年"))
    shown = draw(people("甲"), "BB", MARCH)
    assert value(shown, "01A", "本期") == "2" and any("不含密级高于内部" in line for line in shown.basis)


def test_drilling_tells_only_what_may_be_read(people: kept.People) -> None:
    draw(people("甲"), "BB", MARCH)
    quality = with_grants(people, Grant("quality"))
    (figure,) = figures_of(quality, NUMBER, "T01.forms.f01.now")
    assert figure.value == "2" and figure.records == [] and not figure.whole
    for office, told in ((people("甲"), f"{kept.A}～{kept.B[-5:]}"), (quality, None)):
        book = openpyxl.load_workbook(BytesIO(document_file(office, NUMBER, "tables.xlsx")))
        lines = {row[0]: row[2:6] for row in book["明细"].iter_rows(min_row=2, values_only=True)}
        assert lines["T01.forms.f01.now"] == ("2", "2", "件", told)
        said = [row for row in book["说明"].iter_rows(values_only=True) if row[0] == "明细"]
        assert bool(said) is (told is None), "who sees a part is told so"


def test_kept_apart_nobody_reviews_what_he_drew(people: kept.People) -> None:
    settings = people.office.settings
    strict = replace(settings, access=replace(settings.access, separation="strict"))
    object.__setattr__(people.office.workspace, "settings", strict)
    both = (Grant("supervisor"), Grant("centre-leader"), Grant("leader"))
    one = replace(with_grants(people, *both), account=Account("one", "示例一", None, True, "", 3, both))
    two = replace(one, account=replace(one.account, name="two", display_name="示例二"), origin="uid/2")
    draw(one, "BB", "2019")
    with pytest.raises(NotPermitted, match="不能又审核"):
        review(one, NUMBER, Hand())
    review(two, NUMBER, Hand())
    with pytest.raises(NotPermitted, match="不能又批准"):
        approve(two, NUMBER, Hand())


# Kept


def test_rebuilt_from_the_objects_it_is_as_it_was(people: kept.People, tmp_path: Path) -> None:
    number = approved_year(people)
    issue(people("甲"), number)
    draw(people("甲"), "JB", MARCH, branch="海军")
    with people.office.register.read() as tx:
        before = tx.documents.all()
        item = tx.items.of_object(DOCUMENT.object_id(number))
    root = people.root
    people.office.close()
    (root / "archive" / REGISTER_FILE).rename(tmp_path / "gone.sqlite")
    made = rebuild(root, clock=lambda: kept.THEN)
    assert made.problems == [] and made.counts["documents"] == 2
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        with office.register.read() as tx:
            assert tx.documents.all() == before
            again = tx.items.of_object(DOCUMENT.object_id(number))
            assert again and item
            assert replace(again, filed_at="", filed_by="") == replace(item, filed_at="", filed_by="")
            assert tx.counters.last("document/KF-BB-2019") == 1
        assert verify(office, deep=True).problems == []
        assert draw(office, "BB", MARCH).document_no == "KF-BB-2019-002"


def test_a_backup_holds_it_and_gives_it_back(people: kept.People, tmp_path: Path) -> None:
    number = approved_year(people)
    backup(people("甲"), tmp_path / "kept")
    restore(tmp_path / "kept", tmp_path / "again")
    with closing(open_office(tmp_path / "again", clock=lambda: kept.THEN)) as office:
        assert show_document(office, number).state == "approved"
        assert verify(office, deep=True).problems == []


def test_the_check_tells_of_a_document_that_was_edited(people: kept.People) -> None:
    number = approved_year(people)
    with people.office.register.write() as tx:
        tx._connection.exec_driver_sql(
            f"UPDATE document SET title = '改了', period = '2018' WHERE document_no = '{number}'"
        )
    told = {str(p.message) for p in verify(people.office).problems if number in str(p.source)}
    assert any("与拟制时不同" in t for t in told) and any("日志" in t for t in told)


def test_the_workbook_has_figures_as_numbers_and_their_records(people: kept.People) -> None:
    office = people("甲")
    draw(office, "BB", MARCH)
    data = office.archive.read(DOCUMENT.object_id(NUMBER), "tables.xlsx")
    book = openpyxl.load_workbook(BytesIO(data))
    assert (*book.sheetnames[:3], book.sheetnames[-1]) == ("说明", "T00.key 综述", "T01.forms 记录总表", "明细")
    counted = book["T01.forms 记录总表"]["B3"]
    assert counted.value == 2 and counted.hyperlink is not None
    sheet, _, place = str(counted.hyperlink.location).partition("!")
    assert book[sheet.strip("'")][place].value == "T01.forms.f01.now", "a figure leads to its records"
    lines = [[c.value for c in row] for row in book["明细"].iter_rows(min_row=2)]
    assert {line[0]: line[5] for line in lines}["T01.forms.f01.now"] == f"{kept.A}～{kept.B[-5:]}", (
        "numbers that follow one another"
    )


def a_wide_table(columns: int = 12, *, names: tuple[str, ...] = BRANCHES) -> Prepared:
    heads = ("兵种", *(f"第{n}列" for n in range(1, columns)))
    figures = tuple(FigureJson(f"T04.海军.{n}", f"第{n}列", str(n), str(n), "件") for n in range(1, columns))
    rows = tuple((name, *(f.id for f in figures)) for name in names)
    return Prepared((TableJson("T04", "按用户类别", "件", heads, rows, ("示例附注",)),), figures, ("示例口径",))


def test_a_table_of_many_columns_stands_across(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qrecords.services.reports.draw.prepare", lambda *_: a_wide_table())
    office = people("甲")
    draw(office, "BB", MARCH)
    with zipfile.ZipFile(BytesIO(office.archive.read(DOCUMENT.object_id(NUMBER), "document.docx"))) as made:
        text, head = (made.read(f"word/{name}.xml").decode() for name in ("document", "header2"))
    assert 'w:tblW w:w="5000" w:type="pct"' in head, "as wide as the page it stands on"
    assert text.count("<w:sectPr") == 2 and text.count('w:orient="landscape"') == 1, "the receipts need no page"
    assert text.index('w:orient="landscape"') > text.index("报送和签收")
    assert text.count("<w:titlePg/>") == 1, "only the first page has the large title"
    monkeypatch.setattr("qrecords.services.reports.draw.prepare", lambda *_: a_wide_table(names=("海军", "合计")))
    draw(office, "BB", MARCH)
    with zipfile.ZipFile(BytesIO(office.archive.read(DOCUMENT.object_id(NUMBER), "document.docx"))) as made:
        text = made.read("word/document.xml").decode()
    assert "landscape" not in text and "第11列" in text, "one of few rows is turned"


@pytest.mark.office
def test_its_paper_is_pdf_a_and_shows_what_it_says(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    import pypdf

    office = people("甲")
    draw(office, "BB", MARCH, remarks=["示例说明一段"])
    path = Path(office.archive.called(DOCUMENT.object_id(NUMBER), "document.pdf"))
    reader = pypdf.PdfReader(path)
    text = "".join(page.extract_text() for page in reader.pages)
    assert all(word in text for word in ("售后服务情况报表", NUMBER, "示例说明一段", "统计口径", "签收日期"))
    assert b"pdfaid:part>2" in path.read_bytes() or "/OutputIntents" in reader.trailer["/Root"]
    first = path.read_bytes()
    draw(office, "BB", MARCH, remarks=["示例说明一段"])
    assert office.archive.read(DOCUMENT.object_id(NUMBER), "document.pdf") == first, "the same register, date, settings"


# Bound, kept its years, destroyed, handed over


def test_bound_by_family_and_branch_and_missing_periods_are_gaps(people: kept.People) -> None:
    for kind, period, branch in (("BB", "2019-03", ""), ("MY", "2019-03", ""), ("JB", "2019-03", "海军")):
        review(people("乙"), draw(people("甲"), kind, period, branch=branch).document_no, Hand("示例主任"))
    approve(people("丙"), NAVY_BRIEF, Hand("示例领导"))
    waiting = draw(people("甲"), "BB", "2019-02").document_no
    office = people("甲")
    found = compile_year(office, 2019, form_code="KF-BB", dry_run=True)
    assert {"KF-BB 2019-04", "KF-BB 2019-H1", "KF-BB 2019", "KF-MY 2019-02"} <= {m.record_no for m in found.missing}
    assert "KF-BB 2019-03" not in {m.record_no for m in found.missing}
    assert [line.record_no for line in found.left_out] == [waiting]
    with pytest.raises(WrongState, match="不能成册"):
        compile_year(office, 2019, form_code="KF-BB")
    made = compile_year(office, 2019, form_code="KF-BB", with_gaps=True, reason="示例").volumes
    assert [(v.volume_code, v.items) for v in made] == [("750-KJ·KF·BB·2019·D5-001", 2)]
    branch = compile_year(office, 2019, form_code="KF-JB", with_gaps=True, reason="示例").volumes
    assert [(v.volume_code, "海军" in v.title) for v in branch] == [("750-KJ·KF·JB·HJ·2019·D5-001", True)]
    assert show_document(office, NUMBER).state == "bound"
    assert show_document(office, NUMBER).volumes == ("750-KJ·KF·BB·2019·D5-001",)
    quality = with_grants(people, Grant("reader"))
    assert not [v for v in list_volumes(quality, 2019) if "KF·BB" in v.volume_code], "a volume of hidden documents"
    assert verify(office, deep=True).problems == []


def test_over_its_years_it_is_destroyed_like_a_record(people: kept.People) -> None:
    number = approved_year(people)
    later = people.at(kept.NOW)
    found = draw_list(later("甲"), [number], "无继续保存价值")
    approve_list(later("乙"), found.list_no)
    for name in ("丙", "丁"):
        witness(later(name), found.list_no, found.sha256, kept.TODAY)
    destroy(later("戊"), found.list_no)
    gone = show_document(later("甲"), number)
    assert gone.state == "destroyed" and gone.destroyed == found.list_no and gone.signatures == ()
    assert not people.office.archive.is_there(DOCUMENT.object_id(number))
    assert verify(later("甲"), deep=True).problems == []


def test_handed_over_it_comes_in_elsewhere(people: kept.People, tmp_path: Path) -> None:
    number = approved_year(people)
    export_bag(people("甲"), tmp_path / "bag", year=2019)
    with closing(init(tmp_path / "elsewhere", clock=lambda: kept.THEN)) as other:
        import_bag(other, tmp_path / "bag")
        assert show_document(other, number).state == "approved"
        assert verify(other, deep=True).problems == []
