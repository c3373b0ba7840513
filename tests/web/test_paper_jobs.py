"""Documents drawn, records filed and scans read as jobs: done once however often delivered, shared where it can be."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image

from qrecords.desk.session import Session
from qrecords.desk.workspace import Workspace
from qrecords.errors import NotFound, NotPermitted, Occupied, Overtaken, QRecordsError, UsageError, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.job import Job, JobState
from qrecords.model.objects import DOCUMENT
from qrecords.model.record import Record, State
from qrecords.model.spans import unpacked
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.scanning import ocr
from qrecords.services import file as filing
from qrecords.services import filingshares, jobfiles, jobs, paperjobs
from qrecords.services.care.verify import verify
from qrecords.services.finding.search import Criteria, search
from qrecords.services.scans.attach import attach
from qrecords.stores.given import on_disk
from qrecords.web.wording import worded
from qrecords.work import leases
from tests import dying
from tests import retention_office as kept
from tests.conftest import CommandLine
from tests.faulty_disk import blank_convert
from tests.web.test_desk import Browser

ANYONE = jobs.Hand("示例机 1", shares=True)
NUMBER = "KF-BB-2019-001"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

# A worker of another process, killed when it passes a moment; it files one record after the other.
WORKING = """
import sys
from contextlib import closing
from pathlib import Path
from qrecords.desk.workspace import Workspace
from qrecords.render.pdf import Converter
from qrecords.services import file, filingshares, jobs
from qrecords.services.intake import fill
from qrecords.web.wording import worded
from tests import retention_office as kept
from tests.dying import die_at
from tests.faulty_disk import blank_convert
Converter.convert = blank_convert
file.BATCH = fill.CHUNK = filingshares.LEAST_RECORDS = 1
die_at(sys.argv[2], int(sys.argv[3]))
with closing(Workspace.open(Path(sys.argv[1]), lambda: kept.THEN)) as workspace:
    jobs.take_one(workspace, worded, jobs.Hand("示例机 9", shares=True))
"""


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[kept.People]:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    with kept.opened(kept.copied(tmp_path), clock=lambda: kept.THEN) as all_of_them:
        yield all_of_them


def work_off(office: Office, hand: jobs.Hand = ANYONE, *, hours: int = 0) -> None:
    """Do all that waits, as a worker of another machine, so many hours later."""
    with closing(Workspace.open(office.settings.root, lambda: kept.THEN + timedelta(hours=hours))) as workspace:
        while jobs.is_left(workspace, hand):
            jobs.take_one(workspace, worded, hand)


def killed(office: Office, moment: str, passes: int = 1) -> None:
    ended = dying.run(WORKING, office.settings.root, moment, passes)
    assert ended.status == -signal.SIGKILL, f"{moment} was never reached: {ended.out}{ended.err}"


def events(office: Office, about: str, action: str) -> int:
    with office.register.read() as tx:
        return sum(e.action == action and e.outcome == "done" for e in tx.audit.events(about))


def low(people: kept.People, *grants: Grant) -> Office:
    return replace(people.office, account=Account("low", "示例员工", None, True, "", 3, grants))


@pytest.mark.parametrize("moment", ["document.intent", "document.published", "document.committed"])
def test_a_document_is_drawn_once_though_its_worker_is_killed(people: kept.People, moment: str) -> None:
    office = people.office
    job = jobs.start(office, "report", {"kind": "BB", "period": "2019", "remarks": ["示例说明"]})
    killed(office, moment)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.tries) == (JobState.DONE, 2)
    assert told.told == f"已拟制 {NUMBER}　2019年度售后服务情况报表"
    assert told.done == told.total
    assert moment != "document.intent" or told.total > 10, "its bar is the drawing's own"
    assert office.archive.head(DOCUMENT.object_id(NUMBER)) == 1
    assert events(office, NUMBER, "report-draw") == 1
    again = jobs.start(office, "report", {"kind": "BB", "period": "2019"})
    work_off(office)
    assert jobs.show_job(office, again.key).state is JobState.DONE
    assert office.archive.head(DOCUMENT.object_id(NUMBER)) == 2, "another job is another drawing"
    assert verify(office, deep=True).problems == []


def volumes_of(office: Office) -> set[str]:
    with office.register.read() as tx:
        return {v.volume_code for v in tx.items.volumes(2019) if v.version > 0}


@pytest.mark.parametrize("moment", ["compile.sealed", "compile.committed"])
def test_a_year_tells_all_its_volumes_though_its_worker_is_killed(people: kept.People, moment: str) -> None:
    """Done again it finds less to bind, or nothing: what it bound before is its own too."""
    office = people.office
    before = volumes_of(office)
    with kept.opened(office.settings.root, clock=lambda: kept.THEN + timedelta(hours=1)) as later:
        job = jobs.start(later.office, "compile", {"year": "2019", "with_gaps": True, "reason": "示例"})
    later_still = WORKING.replace("lambda: kept.THEN", "lambda: kept.THEN + kept.timedelta(hours=2)")
    ended = dying.run(later_still, office.settings.root, moment, 1)
    assert ended.status == -signal.SIGKILL, ended.err
    work_off(office, hours=3)
    told, made = jobs.show_job(office, job.key), volumes_of(office) - before
    assert (told.state, told.told) == (JobState.DONE, f"编成{len(made)}册")
    assert {line.split("  ")[0] for line in told.lines if "册" in line or "件 " in line} >= made != set()
    with kept.opened(office.settings.root, clock=lambda: kept.THEN + timedelta(hours=4)) as later:
        again = jobs.start(later.office, "compile", {"year": "2019", "with_gaps": True, "reason": "示例"})
    work_off(office, hours=4)
    assert jobs.show_job(office, again.key).told == "2019年没有要成册的归档件"


def test_what_cannot_be_drawn_is_refused_before_it_is_written_down(people: kept.People) -> None:
    office = people.office
    for arguments, error in (
        ({"kind": "XX", "period": "2019"}, QRecordsError),
        ({"kind": "BB", "period": "2020"}, WrongState),
        ({"kind": "BB"}, QRecordsError),
    ):
        with pytest.raises(error):
            jobs.start(office, "report", arguments)
    with pytest.raises(NotPermitted):
        jobs.start(low(people), "report", {"kind": "BB", "period": "2019"})
    assert jobs.list_jobs(office) == []


def test_alarms_nobody_answered_are_told_by_the_job(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    from qrecords.services.reports import draw as module

    def alarmed(*_: Any) -> None:
        raise WrongState("有1条告警没有说明，不能拟制", remedy="请核对")

    monkeypatch.setattr(module, "_require_answered", alarmed)
    job = jobs.start(people.office, "report", {"kind": "BB", "period": "2019"})
    work_off(people.office)
    told = jobs.show_job(people.office, job.key)
    assert (told.state, "告警没有说明" in told.told) == (JobState.FAILED, True)


def test_what_is_said_to_an_alarm_goes_with_the_job(people: kept.People) -> None:
    said = {"kind": "BB", "period": "2019", "answers": {"A9": "示例"}}
    job = jobs.start(people.office, "report", said)
    work_off(people.office)
    told = jobs.show_job(people.office, job.key)
    assert (told.state, "没有告警「A9」" in told.told) == (JobState.FAILED, True)


@pytest.mark.parametrize("same_again", [False, True])
@pytest.mark.parametrize("moment", ["fill.intent", "fill.papers", "fill.committed"])
def test_rows_are_filled_once_though_the_worker_is_killed_among_them(
    people: kept.People, tmp_path: Path, moment: str, same_again: bool
) -> None:
    office = people.office
    source = tmp_path / "rows.json"
    rows = [kept.information(3, f"示例单位填{0 if same_again else n}") for n in range(3)]
    source.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    job = jobs.start(office, "fill", {"form": "01A", "same_again": same_again}, files=[on_disk(source)])
    source.unlink()
    killed(office, moment, passes=2)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.tries) == (JobState.DONE, 2)
    with office.register.read() as tx:
        made = [r.record_no for r in tx.records.find(form_code="QR758-01A") if r.customer_unit.startswith("示例单位填")]
    assert [no[-5:] for no in made] == ["00003", "00004", "00005"], "no gap, none twice"
    assert [line.split("  ")[0] for line in told.lines[:3]] == made
    assert told.told == "生成1份记录，2行已有编号", "what was under way is finished, not begun again"
    assert [events(office, no, "create") for no in made] == [1, 1, 1]
    assert verify(office, deep=True).problems == []


def test_rows_that_are_wrong_are_told_and_make_nothing(people: kept.People, tmp_path: Path) -> None:
    office = people.office
    source = tmp_path / "rows.json"
    rows = [kept.information(3, "示例单位一"), kept.information(4, "示例单位二") | {"channel": "鸽子"}]
    source.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    said = {"form": "01A", "same_again": True}
    strict = jobs.start(office, "fill", said, files=[on_disk(source)])
    loose = jobs.start(office, "fill", {**said, "keep_going": True}, files=[on_disk(source)])
    empty = jobs.start(office, "fill", said)
    work_off(office)
    refused, made, none = (jobs.show_job(office, job.key) for job in (strict, loose, empty))
    assert refused.state is JobState.FAILED
    assert any("鸽子" in line for line in refused.lines)
    assert (made.state, made.told) == (JobState.FAULTY, "生成1份记录，1条没有生成")
    assert (none.state, "没有要填的文件" in none.told) == (JobState.FAILED, True)
    with pytest.raises(NotPermitted):
        jobs.start(low(people), "fill", {"form": "01A"})
    with pytest.raises(NotFound):
        jobs.start(office, "fill", {"form": "99Z"})


def workbook(office: Office, *values: dict[str, Any]) -> bytes:
    """Return rows of 01A as a clerk's workbook."""
    labels = {one.key: one.label for one in office.forms.get("01A").form.input_fields}
    book = openpyxl.Workbook()
    book.worksheets[0].append([labels[key] for key in values[0]])
    for row in values:
        book.worksheets[0].append(["；".join(v) if isinstance(v, list) else v for v in row.values()])
    book.save(data := BytesIO())
    return data.getvalue()


def marked(data: bytes) -> set[str]:
    """Return the cells of a workbook that bear a remark."""
    sheet = openpyxl.load_workbook(BytesIO(data)).worksheets[0]
    return {str(c.coordinate) for row in sheet.iter_rows() for c in row if c.comment}


def two_rows(office: Office) -> tuple[str, bytes]:
    good, bad = kept.information(3, "示例单位一"), kept.information(4, "示例单位二") | {"received_at": "2月30日"}
    return "来电.xlsx", workbook(office, good, bad)


def test_a_workbook_filled_as_a_job_comes_back_marked_and_is_taken_once(people: kept.People, tmp_path: Path) -> None:
    office = people.office
    source = tmp_path / "来电.xlsx"
    source.write_bytes(two_rows(office)[1])
    strict = jobs.start(office, "fill", {"form": "01A"}, files=[on_disk(source)])
    work_off(office)
    told = jobs.show_job(office, strict.key)
    assert (told.state, jobfiles.made_by(told)) == (JobState.FAILED, {"1": "来电-退回.xlsx"})
    assert any("2月30日" in line for line in told.lines)
    assert "来电-退回.xlsx" in told.told
    other = replace(office, account=replace(office.account, name="other"))
    for who, number in ((other, "1"), (office, "2"), (office, "x")):
        with pytest.raises(NotFound):
            jobfiles.take_made(who, strict.key, number)
    name, data = jobfiles.take_made(office, strict.key, "1")
    assert (name, len(marked(data))) == ("来电-退回.xlsx", 1)
    with pytest.raises(NotFound, match="取走"):
        jobfiles.take_made(office, strict.key, "1")
    assert [*office.papers.given.names()] == []
    assert jobfiles.made_by(jobs.show_job(office, strict.key)) == {}
    loose = jobs.start(office, "fill", {"form": "01A", "keep_going": True}, files=[on_disk(source)])
    work_off(office)
    told = jobs.show_job(office, loose.key)
    assert (told.state, jobfiles.made_by(told)) == (JobState.FAULTY, {"1": "来电-已编号.xlsx", "2": "来电-退回.xlsx"})
    (_, numbered), (_, back) = (jobfiles.take_made(office, loose.key, n) for n in "12")
    numbers = [str(c.value) for row in openpyxl.load_workbook(BytesIO(numbered)).worksheets[0].iter_rows() for c in row]
    assert "QR758-01A-2019-00003" in numbers
    assert len(marked(back)) == 1


@pytest.mark.parametrize("moment", ["", "fill.intent", "fill.committed"])
def test_a_workbook_comes_back_once_though_the_worker_is_killed(
    people: kept.People, tmp_path: Path, moment: str
) -> None:
    office = people.office
    source = tmp_path / "来电.xlsx"
    source.write_bytes(two_rows(office)[1])
    job = jobs.start(office, "fill", {"form": "01A", "keep_going": True}, files=[on_disk(source)])
    if moment:
        killed(office, moment)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert jobfiles.made_by(told) == {"1": "来电-已编号.xlsx", "2": "来电-退回.xlsx"}
    assert [*office.papers.given.names()] == [f"{job.key}/0001", f"{job.key}/0002"]


def test_what_a_job_made_goes_with_its_row_and_after_a_month(people: kept.People, tmp_path: Path) -> None:
    office = people.office
    source = tmp_path / "来电.xlsx"
    source.write_bytes(two_rows(office)[1])
    job = jobs.start(office, "fill", {"form": "01A"}, files=[on_disk(source)])
    work_off(office)
    jobfiles.drop_forgotten(office)
    assert [*office.papers.given.names()] == [f"{job.key}/0001"]
    later = kept.THEN + timedelta(days=jobfiles.KEPT_DAYS + 1)
    with kept.opened(office.settings.root, clock=lambda: later) as then:
        jobfiles.drop_forgotten(then.office)
    assert [*office.papers.given.names()] == []
    with pytest.raises(NotFound):
        jobfiles.take_made(office, job.key, "1")
    jobs.start(office, "fill", {"form": "01A"}, files=[on_disk(source)])
    work_off(office)
    with office.register.write() as tx:
        tx.jobs.forget_ended()
    jobfiles.drop_forgotten(office)
    assert [*office.papers.given.names()] == []


def test_files_given_with_a_job_that_was_never_written_down_go(
    people: kept.People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A desk killed between the files and the row: they would lie there for ever, destroyed records' rows in them."""
    office = people.office
    source = tmp_path / "来电.xlsx"
    source.write_bytes(two_rows(office)[1])
    jobfiles.keep_given(office, "a" * 32, [on_disk(source)])
    kept_now, keep = list[list[str]](), jobfiles.keep_given

    def meanwhile(*given: Any) -> list[str]:
        names = keep(*given)
        with closing(Workspace.open(office.settings.root, lambda: kept.THEN)) as other:
            jobfiles.drop_forgotten(replace(office, workspace=other))
        kept_now.append([*office.papers.given.names()])
        return names

    monkeypatch.setattr(jobs, "keep_given", meanwhile)
    job = jobs.start(office, "fill", {"form": "01A"}, files=[on_disk(source)])
    assert kept_now == [[f"{job.key}-0001"]], "the one that is being asked for stays, the other went"
    jobfiles.drop_forgotten(office)
    assert [*office.papers.given.names()] == [f"{job.key}-0001"]
    work_off(office)
    assert [*office.papers.given.names()] == [f"{job.key}/0001"]


def test_at_the_desk_a_large_file_is_filled_as_a_job_and_its_workbook_taken_from_the_page(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = people.office
    browser = Browser(office).enter()
    browser.app.state.work = lambda: jobs.work_off(office.workspace, worded)

    def sent(**said: str) -> Any:
        files = {"file": two_rows(office)}
        return browser.http.post("/fill/01A/file", data={"token": browser.token, **said}, files=files)

    assert "作为长活" in browser.get("/fill")
    assert sent().status_code == 422, "a small one is told at once"
    monkeypatch.setattr("qrecords.web.pages.filling.LARGE_BYTES", 10)
    assert sent().status_code == 422, "a large one too, where no worker would do it"
    office.workspace.settings = replace(office.settings, desk=replace(office.settings.desk, long_work="workers"))
    asked = [sent()]
    monkeypatch.undo()
    asked.append(sent(later="1"))
    assert len(jobs.list_jobs(office)) == 2
    for answer in asked:
        address = answer.headers["location"]
        jobs.work_off(office.workspace, worded)
        page = browser.get(address)
        assert "2月30日" in page
        (take,) = re.findall(rf'action="({address}/made/1)"', page)
        back = browser.post(take, {})
        assert (back.status_code, len(marked(back.content))) == (200, 1)
        assert "%E9%80%80%E5%9B%9E.xlsx" in back.headers["content-disposition"]
        assert browser.post(take, {}).status_code == 404
        assert "made/1" not in browser.get(address)


def test_who_finds_another_at_the_same_work_lets_the_job_wait(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filing is one worker's at a time: a second job is not told as failed because the first takes long."""
    office = people.office
    monkeypatch.setattr(leases, "WAIT_SECONDS", 0.1)
    job = jobs.start(office, "file", {"numbers": to_file(office, 1)})
    with office.exclusive("file", "归档"), closing(Workspace.open(office.settings.root, lambda: kept.THEN)) as other:
        for _ in range(jobs.MOST_TRIES + 1):
            given_back = jobs.take_one(other, worded, ANYONE)
            assert given_back is not None
            assert (given_back.state, given_back.tries) == (JobState.WAITING, 0)
    work_off(office)
    assert jobs.show_job(office, job.key).state is JobState.DONE


def test_who_is_overtaken_by_what_came_late_does_the_job_again(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a store a put held up may bring in an object of a step that was undone: a worker meets it, and begins anew."""
    office = people.office
    job = jobs.start(office, "file", {"numbers": to_file(office, 1)})
    file_named, late = filingshares.file_named, list[bool]()

    def once(*given: Any, **named: Any) -> Any:
        if not late:
            late.append(True)
            raise Overtaken("示例：已有第1版")
        return file_named(*given, **named)

    monkeypatch.setattr(filingshares, "file_named", once)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.tries, late) == (JobState.DONE, 2, [True])


def to_file(office: Office, count: int = 3) -> list[str]:
    numbers = kept.filled(
        office, "01A", *(kept.information(n + 1, f"示例单位{n}号", 记录编号="新") for n in range(count))
    )
    kept.reviewed(office, *numbers)
    return numbers


@pytest.mark.parametrize("moment", ["file.intent", "publish.done", "file.frozen", "file.committed"])
def test_records_are_filed_once_though_the_worker_is_killed_among_them(people: kept.People, moment: str) -> None:
    office = people.office
    numbers = to_file(office)
    job = jobs.start(office, "file", {"numbers": numbers})
    killed(office, moment, passes=2)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.tries) == (JobState.DONE, 2)
    with office.register.read() as tx:
        filed = tx.records.many(numbers)
    assert {r.state for r in filed} == {State.FILED}
    assert [r.archive_no[-4:] for r in filed] == ["0003", "0004", "0005"], "no gap, none twice"
    assert [events(office, no, "file") for no in numbers] == [1, 1, 1]
    assert {line.split("  ")[0] for line in told.lines} == {*numbers}
    before = sum(line.endswith("早已归档") for line in told.lines)
    assert before == (1 if moment == "file.intent" else 2)
    assert told.told == f"归档{3 - before}件"
    assert verify(office, deep=True).problems == []


def test_what_another_filed_while_the_job_waited_for_it_is_told_as_filed(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine cut off files what it had begun when it is back, while the next one waits for its lease to end."""
    office = people.office
    numbers = to_file(office, 2)
    job = jobs.start(office, "file", {"numbers": numbers})
    exclusive, came = Session.exclusive, list[str]()

    def waits(self: Session, work: str, label: str) -> Any:
        if work == "file" and not came:
            came.append(work)
            filing.file_records(office, numbers[:1])
        return exclusive(self, work, label)

    monkeypatch.setattr(Session, "exclusive", waits)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.tries, came) == (JobState.DONE, 1, ["file"])
    assert [line.endswith("早已归档") for line in told.lines] == [False, True]
    assert [events(office, no, "file") for no in numbers] == [1, 1]


def of_two_years(office: Office) -> list[str]:
    """Return reviewed records of two series, in an order of their own."""
    numbers = to_file(office, 3)
    others = [
        kept.information(n, f"示例单位另{n}", 记录编号="新") | {"received_at": f"2018-03-0{n} 09:00"} for n in (1, 2)
    ]
    older = kept.filled(office, "01A", *others)
    kept.reviewed(office, *older)
    return [numbers[2], *older, *numbers[:2]]


@pytest.mark.parametrize("named", [True, False])
def test_a_filing_is_shared_and_comes_out_as_if_one_had_done_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    monkeypatch.setattr(filingshares, "LEAST_RECORDS", 1)
    came = []
    for hand in (jobs.DESK, ANYONE):
        with kept.opened(kept.copied(tmp_path / (hand.name or "desk")), clock=lambda: kept.THEN) as people:
            office = people.office
            numbers = of_two_years(office)
            asked = {"numbers": [kept.C, *numbers]} if named else {"all": True}
            job = jobs.start(office, "file", asked)
            with ThreadPoolExecutor(2) as pool:
                [*pool.map(lambda _, hand=hand, o=office: work_off(o, hand), range(2 if hand.shares else 1))]
            told = jobs.show_job(office, job.key)
            assert told.state is JobState.DONE
            assert len(parts_of(office, job)) == (2 if hand.shares else 0), "two years"
            with office.register.read() as tx:
                filed = {r.record_no: (r.archive_no, r.state) for r in tx.records.many(numbers)}
            assert [events(office, no, "file") for no in numbers] == [1] * 5
            assert verify(office, deep=True).problems == []
            came.append((told.told, sorted(told.lines), filed))
    assert came[0] == came[1]
    assert {state for _, state in came[0][2].values()} == {State.FILED}
    assert came[0][0].startswith("归档5件")


@pytest.mark.parametrize("moment", ["file.intent", "publish.done", "file.frozen", "file.committed"])
def test_parts_of_a_filing_are_done_once_though_their_worker_is_killed(
    people: kept.People, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(filingshares, "LEAST_RECORDS", 1)
    office = people.office
    numbers = of_two_years(office)
    job = jobs.start(office, "file", {"numbers": numbers})
    killed(office, moment, passes=2)
    left = parts_of(office, job)
    assert [(len([*unpacked(p.arguments["part"])]), p.state) for p in left] == [
        (3, JobState.RUNNING), (2, JobState.WAITING),
    ]  # fmt: skip
    work_off(office)
    assert [p.tries for p in parts_of(office, job)] == [2, 1], "the killed one's part is another's"
    told = jobs.show_job(office, job.key)
    assert (told.state, told.told) == (JobState.DONE, f"归档{4 if moment == 'file.intent' else 3}件")
    with office.register.read() as tx:
        filed = {r.record_no: r.archive_no[-4:] for r in tx.records.many(numbers)}
    assert [filed[no] for no in numbers[1:3]] == ["0001", "0002"]
    assert sorted(filed[no] for no in (*numbers[3:], numbers[0])) == ["0003", "0004", "0005"], "no gap, none twice"
    assert [events(office, no, "file") for no in numbers] == [1] * 5
    assert {line.split("  ")[0] for line in told.lines} == {*numbers}
    assert verify(office, deep=True).problems == []


def test_a_part_of_a_filing_delivered_twice_is_done_once(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filingshares, "LEAST_RECORDS", 1)
    office = people.office
    numbers = of_two_years(office)
    job, done = jobs.start(office, "file", {"numbers": numbers}), list[bool]()
    file_part = filingshares.file_part

    def twice(*given: Any, **named: Any) -> Any:
        if not done:
            done.append(True)
            file_part(*given, **named)
        return file_part(*given, **named)

    monkeypatch.setattr(filingshares, "file_part", twice)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, told.told) == (JobState.DONE, "归档2件")
    assert sum(line.endswith("早已归档") for line in told.lines) == 3
    assert [events(office, no, "file") for no in numbers] == [1] * 5


def test_a_part_that_cannot_be_filed_is_told_and_the_others_are(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filingshares, "LEAST_RECORDS", 1)
    office = people.office
    numbers = of_two_years(office)
    job = jobs.start(office, "file", {"numbers": numbers})
    file_part, moved = filingshares.file_part, list[str]()

    def meanwhile(session: Office, part: Any, **named: Any) -> Any:
        if numbers[0] in unpacked(part) and not moved:
            moved.append(numbers[0])
            kept.steps.send_back(office, [numbers[0]], reason="示例")
        return file_part(session, part, **named)

    monkeypatch.setattr(filingshares, "file_part", meanwhile)
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert (told.state, "有1部分没有办成" in told.told) == (JobState.FAULTY, True)
    assert told.told.startswith("归档2件")
    with office.register.read() as tx:
        states = [r.state for r in tx.records.many(numbers)]
    assert [s is State.FILED for s in states] == [False, True, True, False, False]


def test_what_cannot_be_filed_is_refused_before_anything_is_cut(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filingshares, "LEAST_RECORDS", 1)
    office = people.office
    numbers = of_two_years(office)
    (draft,) = kept.filled(office, "01A", kept.information(9, "示例单位九", 记录编号="新"))
    job = jobs.start(office, "file", {"numbers": [*numbers, draft]})
    work_off(office)
    assert jobs.show_job(office, job.key).state is JobState.FAILED
    assert parts_of(office, job) == []
    with office.register.read() as tx:
        assert {r.state for r in tx.records.many(numbers)} == {State.REVIEWED}


def test_two_parts_file_at_once_and_whoever_files_otherwise_waits(
    people: kept.People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "WAIT_SECONDS", 0.3)
    office = people.office
    numbers = of_two_years(office)
    with closing(Workspace.open(office.settings.root, lambda: kept.THEN)) as other:
        its = replace(people.office, workspace=other)
        with its.exclusive(f"file/{filingshares.series_of(office, office_record(office, numbers[0]))}", "归档"):
            made = filingshares.file_part(office, [[numbers[1], 2]], named=True)
            assert [line.record_no for line in made.lines] == numbers[1:3]
            with pytest.raises(Occupied):
                filing.file_records(office, numbers[:1])
            with pytest.raises(Occupied):
                filingshares.file_part(office, [[numbers[0], 1]], named=True)


def office_record(office: Office, number: str) -> Record:
    with office.register.read() as tx:
        (found,) = tx.records.many([number])
    return found


def test_all_that_lacks_nothing_is_filed_and_what_is_left_says_why(people: kept.People) -> None:
    office = people.office
    numbers = to_file(office, 2)
    (unsigned,) = kept.filled(office, "06A", kept.sample("06A", customer_unit="示例单位九", 记录编号="新"))
    kept.steps.submit(office, [unsigned])
    job = jobs.start(office, "file", {"all": True})
    work_off(office)
    told = jobs.show_job(office, job.key)
    assert told.state is JobState.DONE
    assert [line.split("  ")[0] for line in told.lines[:2]] == numbers
    assert told.told.startswith("归档2件")


def test_filing_stops_between_two_batches(people: kept.People, monkeypatch: pytest.MonkeyPatch) -> None:
    office = people.office
    numbers = to_file(office)
    monkeypatch.setattr(filing, "BATCH", 1)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0)
    job = jobs.start(office, "file", {"numbers": numbers})
    begun = filing._file_batch

    def then_stop(*given: Any) -> Any:
        made = begun(*given)
        jobs.stop(office, job.key)
        return made

    monkeypatch.setattr(filing, "_file_batch", then_stop)
    work_off(office)
    assert jobs.show_job(office, job.key).state is JobState.STOPPED
    with office.register.read() as tx:
        assert [r.state for r in tx.records.many(numbers)] == [State.FILED, State.REVIEWED, State.REVIEWED]


def test_who_may_not_file_or_names_nothing_is_refused(people: kept.People) -> None:
    office = people.office
    numbers = to_file(office, 1)
    with pytest.raises(UsageError):
        jobs.start(office, "file", {})
    with pytest.raises(NotFound):
        jobs.start(office, "file", {"numbers": ["QR758-01A-2019-99999"]})
    with pytest.raises(NotPermitted):
        jobs.start(low(people, Grant("clerk")), "file", {"numbers": numbers})
    assert jobs.list_jobs(office) == []


@pytest.fixture
def unread(people: kept.People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Attach five pictures to an open record and one to a filed one, none read; returns how often each page is read."""
    monkeypatch.setattr(ocr, "is_available", lambda: False)
    (number,) = kept.filled(people.office, "01A", kept.information(1, "示例单位图", 记录编号="新"))
    for n in range(6):
        path = tmp_path / f"picture{n}.png"
        Image.new("L", (300, 200), 250 - n).save(path)
        attach(people.office, kept.C if n == 5 else number, [on_disk(path)])
    read, guard = Counter[str](), threading.Lock()

    def recognise(images: list[Path], progress: object = None) -> list[str]:
        texts = []
        for image in images:
            shade = str(Image.open(image).convert("L").getpixel((5, 5)))
            with guard:
                read[shade] += 1
            texts.append("" if shade == "250" else f"示例文字{shade}")
        return texts

    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(ocr, "recognise", recognise)
    monkeypatch.setattr(paperjobs, "PAPERS_A_PART", 2)
    return read


def found(office: Office, words: str) -> int:
    return search(office, words, Criteria()).total


def parts_of(office: Office, job: Job) -> list[Job]:
    with office.register.read() as tx:
        return tx.jobs.parts(job.key)


def test_the_text_of_scans_is_read_by_several_each_page_once(people: kept.People, unread: Counter[str]) -> None:
    office = people.office
    with office.register.read() as tx:
        left = len(tx.beside.unread())
    job = jobs.start(office, "texts", {})
    with ThreadPoolExecutor(2) as pool:
        [*pool.map(lambda _: work_off(office), range(2))]
    told = jobs.show_job(office, job.key)
    assert told.state is JobState.DONE
    assert told.told == "扫描件里的文字已识别，可以检索"
    assert any(re.fullmatch(r"\d份扫描件没有识别出文字", line) for line in told.lines), told.lines
    assert len(parts_of(office, job)) == -(-left // 2)
    assert {unread[str(250 - n)] for n in range(6)} == {1}
    with office.register.read() as tx:
        assert tx.beside.unread() == []
    assert [found(office, f"示例文字{250 - n}") for n in range(1, 6)] == [1] * 5, "the filed one's too"
    assert verify(office, deep=True).problems == []


def test_what_a_part_left_is_read_by_who_joins_them(
    people: kept.People, unread: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qrecords.services.scans import recognise as module

    read, failed = module._recognise, list[str]()

    def once(office: Office, attached: Any, *rest: Any) -> bool:
        if not failed:
            failed.append(attached.sha256)
            raise ValueError("示例")
        return read(office, attached, *rest)

    monkeypatch.setattr(module, "_recognise", once)
    job = jobs.start(people.office, "texts", {})
    work_off(people.office)
    assert [p.state for p in parts_of(people.office, job)].count(JobState.FAILED) == 1
    assert jobs.show_job(people.office, job.key).state is JobState.DONE
    with people.office.register.read() as tx:
        assert tx.beside.unread() == []
    assert [found(people.office, f"示例文字{250 - n}") for n in range(1, 6)] == [1] * 5


def test_the_desk_alone_reads_them_whole(people: kept.People, unread: Counter[str]) -> None:
    job = jobs.start(people.office, "texts", {})
    jobs.work_off(people.office.workspace, worded)
    assert jobs.show_job(people.office, job.key).state is JobState.DONE
    assert parts_of(people.office, job) == []
    assert {unread[str(250 - n)] for n in range(6)} == {1}


def test_at_the_desk_both_are_begun_with_a_button(people: kept.People) -> None:
    office = people.office
    numbers = to_file(office, 2)
    browser = Browser(office).enter()
    browser.app.state.work = lambda: jobs.work_off(office.workspace, worded)
    assert "作为长活归档" in browser.get("/")
    asked = {"number": numbers, "once": "a" * 32, "later": "1"}
    answer = browser.post("/step/file", asked)
    assert browser.post("/step/file", asked).headers["location"] == answer.headers["location"], "no second job"
    page = browser.get(answer.headers["location"])
    assert "归档2件" in page
    assert all(f'href="/records/{number}"' in page for number in numbers)
    assert "作为长活拟制" in browser.get("/reports")
    said = {"kind": "BB", "period": "2019", "once": "b" * 32, "later": "1", "remark": "示例说明"}
    page = browser.get(browser.post("/reports/steps/draw", said).headers["location"])
    assert f"已拟制 {NUMBER}" in page
    assert 'href="/reports"' in page
    assert "示例说明" in browser.get(f"/reports/{NUMBER}")
    refused = browser.post("/reports/steps/draw", {**said, "period": "2020", "once": "c" * 32})
    assert (refused.status_code, "还没有结束" in refused.text) == (409, True)
    assert browser.post("/step/file", {"once": "d" * 32, "later": "1"}).status_code >= 400
    assert len(jobs.list_jobs(office)) == 2


def test_the_command_line_writes_them_down_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with kept.opened(kept.copied(tmp_path)) as people:
        numbers = to_file(people.office, 1)
        cli = CommandLine(people.root, capsys)
        told = cli.json("file", *numbers, "--as-job")["job"]
        assert (told["kind"], told["state"], told["label"]) == ("file", "waiting", "归档")
        drawn = cli("report", "draw", "BB", "--period", "2019", "--as-job").out
        (key,) = re.findall(r"jobs show ([0-9a-f]{32})", drawn)
        assert cli.json("jobs", "show", key)["job"]["kind"] == "report"
        source = tmp_path / "rows.json"
        source.write_text(json.dumps(kept.information(4, "示例单位九"), ensure_ascii=False), encoding="utf-8")
        assert cli.json("fill", "01A", source, "--as-job")["job"]["label"] == "填写"
        assert cli("fill", "01A", source, "--dry-run", "--as-job", ok=False).status == 2
        assert cli("file", "02A", "--month", "2019-06", "--as-job", ok=False).status == 2
        assert [j.kind for j in jobs.list_jobs(people.office)] == ["fill", "report", "file"]
