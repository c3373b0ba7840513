"""Long work and the shelf through HTTP: a year bound as a job, its gaps with where to see to them, jobs stopped, killed."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from lxml import html
from starlette.responses import Response

from qrecords.errors import StorageFailure, WrongState
from qrecords.model.access import Account, Grant
from qrecords.model.job import JobState
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import jobs, packs
from qrecords.services.administer import open_office
from qrecords.services.care.verify import verify
from qrecords.services.finding.find import show
from qrecords.services.volumes.shelf import list_volumes
from qrecords.stores import durable
from qrecords.web.asked import _handled
from qrecords.web.pages import shelf
from qrecords.web.wording import worded
from qrecords.web.worker import Beside, Worker
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.web.test_desk import Browser


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return the office of the retention tests: a volume of 2019, items of it in none."""
    root = shutil.copytree(kept._base(), tmp_path_factory.mktemp("year") / "office")
    opened = open_office(root, clock=lambda: kept.NOW)
    yield opened
    opened.close()


def at_once(office: Office) -> Browser:
    """Return a browser of a desk that does its long work at once, in the request."""
    browser = Browser(office).enter()
    browser.app.state.work = lambda: jobs.work_off(office.workspace, worded)
    return browser


def begun(answer: Any) -> str:
    """Return the address of the job a request began."""
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_year_is_bound_as_a_job_and_its_volume_opens_at_an_item(year: Office) -> None:
    browser = at_once(year)
    shelf = browser.get("/shelf")
    assert kept.VOLUME in shelf
    page = browser.get("/shelf/2019")
    assert kept.C in page, "an item in no volume yet would be bound"
    once = "a" * 32
    assert f'href="/records/{kept.NOTICE}"' in page, "the notice is not filed, and its page is where one sees to it"
    assert "还有1份记录没有归档" in browser.get(begun(browser.post("/shelf/2019/compile", {"once": "b" * 32})))
    asked = {"once": once, "with_gaps": "1", "reason": "示例"}
    job = begun(browser.post("/shelf/2019/compile", asked))
    assert begun(browser.post("/shelf/2019/compile", asked)) == job, "the same request again is no second job"
    shown = browser.get(job)
    assert "已完成" in shown
    assert "编成" in shown
    assert len(jobs.list_jobs(year)) == 2
    code = next(c for c in re.findall(r"750-KJ·KF·06·2019·D5-\d{3}", browser.get("/shelf/2019")))
    volume = browser.get(f"/volumes/{code}")
    at = re.findall(r'\?page=(\d+)"', volume)[0]
    assert f"volume.pdf?at={at}#page={at}" in browser.get(f"/volumes/{code}?page={at}")
    paper = browser.http.get(f"/volumes/{code}/volume.pdf")
    assert paper.content.startswith(b"%PDF")
    assert browser.post(f"/volumes/{code}/print-set").content.startswith(b"PK")
    checking = begun(browser.post(f"/volumes/{code}/verify"))
    assert "没有问题" in browser.get(checking)
    for where in (checking, "/jobs"):
        assert f"逐页核对册 {code}" in browser.get(where), "which it was"
    assert browser.http.get("/shelf/2019/catalogue.pdf").content.startswith(b"%PDF")


def test_a_check_leaves_its_report_to_be_taken_once(year: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = at_once(year)
    job = begun(browser.post("/jobs", {"work": "0"}))
    assert "取回 四性检测报告 2026-03-04.docx" in browser.get(job)
    taken = browser.post(f"{job}/made/1")
    with ZipFile(BytesIO(taken.content)) as parts:
        words = re.sub(r"<[^>]+>", "", parts.read("word/document.xml").decode())
    assert "四性检测合格，没有发现问题" in words
    assert browser.post(f"{job}/made/1").status_code == 404
    assert "取回" not in browser.get(job)

    def broken(*_: Any) -> bytes:
        raise WrongState("模板坏了", remedy="请换上好的")

    monkeypatch.setattr("qrecords.services.care.report.report_file", broken)
    page = browser.get(begun(browser.post("/jobs", {"work": "0"})))
    assert "没有写成检查报告：模板坏了" in page
    assert "已完成" in page, "the check itself stands"


def test_what_is_printed_around_a_year_is_taken_at_once(year: Office) -> None:
    browser = at_once(year)
    assert 'action="/shelf/2019/print-set"' in browser.get("/shelf/2019")
    assert 'action="/shelf/2018/print-set"' not in browser.get("/shelf/2018")
    assert "2018年没有册" in browser.get(begun(browser.post("/shelf/2018/print-set")))
    job = begun(browser.post("/shelf/2019/print-set"))
    assert "取打印件 2019年" in browser.get("/jobs")
    with ZipFile(BytesIO(browser.post(f"{job}/made/1").content)) as bag:
        names = bag.namelist()
        assert bag.read(next(n for n in names if n.endswith(".pdf"))).startswith(b"%PDF")
    codes = [v.volume_code.replace("·", ".") for v in list_volumes(year, 2019) if not v.destroyed]
    assert {name.rpartition("-")[0] for name in names} == set(codes)
    assert len(names) == len(codes) * 4 * 2, "cover, contents, file note and spine, PDF and Word"


def test_all_volumes_are_checked_from_the_shelf(year: Office) -> None:
    browser = at_once(year)
    assert "逐页核对全部的册" in browser.get("/shelf")
    once = "e" * 32
    job = begun(browser.post("/shelf/verify", {"once": once}))
    assert begun(browser.post("/shelf/verify", {"once": once})) == job
    count = len([v for v in list_volumes(year) if not v.destroyed])
    told = f"逐页核对了{count}册，没有问题"
    assert told in browser.get(job)
    shelf = browser.get("/shelf")
    assert told in shelf, "the last result"
    assert f'href="{job}"' in shelf
    assert "逐页核对册（全部）" in browser.get("/jobs")
    browser.app.state.work = lambda: None  # nobody does it so far
    waiting = begun(browser.post("/shelf/verify"))
    shelf = browser.get("/shelf")
    assert "正在逐页核对全部的册" in shelf
    assert f'href="{waiting}"' in shelf
    assert "<button>逐页核对全部的册" not in shelf
    browser.post(f"{waiting}/stop")
    assert "<button>逐页核对全部的册" in browser.get("/shelf")


def test_a_gap_says_where_it_is_seen_to_and_binds_only_with_a_reason(year: Office) -> None:
    number = kept.filled(year, "01A", kept.information(3, "示例单位四"))[0]
    browser = at_once(year)
    page = browser.get("/shelf/2019")
    assert f'href="/records/{number}"' in page
    assert browser.post("/shelf/2019/compile", {"with_gaps": "1", "reason": " "}).status_code == 409
    kept.steps.void(year, [number], reason="示例")
    assert "作废的编号" in browser.get("/shelf/2019")


def test_a_compilation_stopped_half_way_leaves_whole_volumes_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops between two volumes, whatever was begun is whole; begun again it binds the rest, no code twice."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0)
    asked = {"with_gaps": "1", "reason": "示例"}
    with kept.opened(kept.copied(tmp_path)) as people:
        office = people.office
        before = {v.volume_code for v in list_volumes(office)}
        browser = at_once(office)

        def ask_to_stop(moment: str) -> None:
            if moment == "compile.sealed":
                with office.register.write() as tx:
                    for job in tx.jobs.open():
                        tx.jobs.ask_to_stop(job.key)

        with monkeypatch.context() as stopping:
            stopping.setattr(durable, "checkpoint", ask_to_stop)
            page = browser.get(begun(browser.post("/shelf/2019/compile", asked)))
        assert "已停下" in page
        half = {v.volume_code for v in list_volumes(office)}
        assert verify(office).problems == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
        assert office.archive.steps_in_staging() == []
        assert "已完成" in browser.get(begun(browser.post("/shelf/2019/compile", asked)))
        whole = [v.volume_code for v in list_volumes(office)]
        assert len(whole) == len({*whole}) == 3
        assert before < half < {*whole}
        assert all(code.endswith("-001") for code in whole), "no code passed over"
        assert verify(office).problems == []


def test_a_job_stops_is_told_when_its_process_is_gone_and_is_nobody_elses(year: Office) -> None:
    browser = Browser(year).enter()
    browser.app.state.work = lambda: None
    waiting = begun(browser.post("/jobs", {"work": "0"}))
    assert "排队" in browser.get(waiting)
    browser.post(f"{waiting}/stop")
    assert "已停下" in browser.get(waiting)
    assert browser.post(f"{waiting}/stop").status_code == 409

    key = begun(browser.post("/jobs", {"work": "0"})).rpartition("/")[2]
    with year.register.write() as tx:
        tx.jobs.begin(key, year.now())
    assert jobs.show_job(year, key).state is JobState.BROKEN, "nobody is at work"
    jobs.work_off(year.workspace, worded)
    assert "可以再办一次" in jobs.show_job(year, key).told

    key = begun(browser.post("/jobs", {"work": "1"})).rpartition("/")[2]
    with year.register.write() as tx:
        tx.jobs.ask_to_stop(key)
    jobs.work_off(year.workspace, worded)
    assert jobs.show_job(year, key).state is JobState.STOPPED

    with year.register.write() as tx:
        tx.accounts.add(Account("clerk", "示例甲", None, True, "", 3, (Grant("clerk"),)), year.now())
        tx.audit.append([year.event("accounts", "account/clerk")])
    other = Browser(Office(year.workspace, Account("clerk", "示例甲", None, True, "", 3, (Grant("clerk"),)))).enter()
    assert other.http.get(f"/jobs/{key}").status_code == 404
    assert key not in other.get("/jobs")
    assert other.post("/jobs", {"work": "0"}).status_code == 403


def test_what_came_of_the_last_check_stands_on_the_page_of_the_office(year: Office) -> None:
    browser = at_once(year)
    begun(browser.post("/jobs", {"work": "0", "once": "9" * 32}))
    told = html.fromstring(browser.get("/office")).xpath('//a[@href="/jobs"]/small/text()')
    assert told == ["上次检查档案：2026-03-04 09:30　已完成"]


def test_the_work_is_done_by_a_process_of_its_own(year: Office, tmp_path: Path) -> None:
    job = jobs.start(year, "verify", {})
    start = Beside(year.settings.root)
    worker = Worker(year.workspace, start)
    worker()
    child = start.child
    for _ in range(5):  # a page looks again before the process has come up
        worker()
    assert child is not None
    assert start.child is child
    assert child.wait(150) == 0
    assert jobs.show_job(year, job.key).state is JobState.DONE


@pytest.mark.skipif(os.name != "posix", reason="a pipe is handed on")
def test_what_is_asked_for_while_the_process_ends_is_done_by_another(tmp_path: Path) -> None:
    ending = "import os, sys, time; os.close(int(sys.argv[1])); time.sleep(60)"

    class Ending(Beside):
        def _started(self, *held: int) -> subprocess.Popen[bytes]:
            return subprocess.Popen([sys.executable, "-c", ending, *map(str, held)], pass_fds=held)

    start = Ending(tmp_path)
    start()
    first, until = start.child, time.monotonic() + 30
    while start.child is first and time.monotonic() < until:
        time.sleep(0.05)
        start()
    assert start.child is not first
    for child in (first, start.child):
        assert child is not None
        assert child.poll() is None, "the first was still there"
        child.kill()
        child.wait()


def test_an_optional_part_is_switched_on_and_off_again(year: Office) -> None:
    """On: its forms and what is due of them, at once, the desk goes on. Off: every page says what it said before."""
    browser = Browser(year).enter()
    once = re.compile(r"\b[0-9a-f]{32}\b")
    about = ("/", "/fill", "/records", "/search?q=台账", "/office/forms", "/office/packs")

    def shown() -> dict[str, str]:
        return {address: once.sub("", browser.get(address)) for address in about}

    before = shown()
    assert "用户服务台账" in before["/office/packs"] and "TZ758-TZ" not in "".join(before.values())
    assert browser.post("/office/packs/ledger", {"turn": "on"}).status_code == 303
    there = shown()
    assert "TZ758-TZ" in there["/office/forms"] and "本周征求用户意见" in there["/"] and "TZ758-TZ" in there["/fill"]
    assert browser.post("/office/packs/ledger", {"turn": "off"}).status_code == 303
    assert "已关" in browser.get("/")  # told once
    assert shown() == before
    with year.register.read() as tx:
        told = [(e.detail["turned"], e.detail["via"]) for e in tx.audit.events("packs/ledger") if e.outcome == "done"]
    assert told == [("on", "desk"), ("off", "desk")]


def test_a_year_is_reckoned_anew_when_something_changed(year: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    reckoned = shelf.compile_year
    monkeypatch.setattr(shelf, "compile_year", lambda *a, **how: looks.append(a[1]) or reckoned(*a, **how))
    browser = Browser(year).enter()
    first = browser.get("/shelf/2019")
    again = browser.get("/shelf/2019")
    once = re.compile(r"\b[0-9a-f]{32}\b")
    assert once.sub("", again) == once.sub("", first)
    assert looks == [2019]
    number = kept.filled(year, "01A", kept.information(4, "示例单位五"))[0]
    assert number in browser.get("/shelf/2019")
    assert looks == [2019, 2019]


def test_a_year_is_packed_for_the_companys_archive_as_a_job(year: Office, tmp_path: Path) -> None:
    browser = at_once(year)
    assert "export_folder" in browser.get("/shelf/2019"), "where packages go is for the settings to say"
    workspace = year.workspace
    kept_settings = workspace.settings
    workspace.settings = replace(kept_settings, desk=replace(kept_settings.desk, export_folder=str(tmp_path / "out")))
    try:
        for name in ("移交-2019", "移交-2019-1"):  # never into one that is there
            page = browser.get(begun(browser.post("/shelf/2019/export")))
            assert "已打包" in page
            assert f"/{name}<" in page
            assert (tmp_path / "out" / name / "data" / "metadata.csv").is_file()
        job = browser.get(begun(browser.post(f"/records/{kept.C}/export")))
        assert "已打包1件、0册" in job
        assert f'href="/records/{kept.C}/papers"' in job
        assert (tmp_path / "out" / f"移交-{kept.C}" / "data" / "metadata.csv").is_file()
        inside = replace(kept_settings.desk, export_folder="archive/out")
        workspace.settings = replace(kept_settings, desk=inside)
        assert "就在工作区里" in browser.get(begun(browser.post("/shelf/2019/export")))
    finally:
        workspace.settings = kept_settings


def test_the_scan_of_a_signed_sheet_opens_from_its_record(year: Office) -> None:
    browser = Browser(year).enter()
    signed = next(s for s in show(year, kept.C).signatures if s.evidence_sha256)
    address = f"/records/{kept.C}/papers/{signed.evidence_sha256}"
    for page in (f"/records/{kept.C}", f"/records/{kept.C}/papers"):
        assert f'href="{address}"' in browser.get(page)
    paper = browser.http.get(address)
    assert hashlib.sha256(paper.content).hexdigest() == signed.evidence_sha256
    assert paper.headers["content-type"] == "application/pdf"
    assert browser.http.get(f"/records/{kept.A}/papers/{signed.evidence_sha256}").status_code == 404, "another's"
    with year.register.read() as tx:
        event = [*tx.audit.events(kept.C)][-1]
    assert (event.action, event.detail["sha256"]) == ("read", signed.evidence_sha256)


def controls_of(page: str, action: str) -> dict[str, list[str]]:
    """Return what a browser would send of a form as it stands, by name."""
    (form,) = (f for f in html.fromstring(page).forms if f.action == action)
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        sent.setdefault(name, []).append(value)
    return sent


def test_a_filed_record_is_corrected_from_its_page(year: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    browser, address = Browser(year).enter(), f"/records/{kept.C}/correct"
    assert f'href="{address}"' in browser.get(f"/records/{kept.C}")
    before = show(year, kept.C).values
    sent = controls_of(browser.get(address), address)
    same = browser.http.post(address, data=sent | {"reason": ["示例"]})
    assert same.status_code == 422, "nothing was typed otherwise"
    assert "没有要更正的" in same.text
    told = browser.http.post(
        address, data=sent | {"reason": ["示例"], "parts.0.quantity": ["几个"], "repair_action": [""]}
    )
    assert told.status_code == 422
    assert re.search(r'id="p-parts">[^<]+<', told.text), "told at its field"
    assert "几个" in told.text, "what was typed stays"
    assert show(year, kept.C).values == before
    assert browser.http.post(address, data=sent | {"reason": [" "], "repair_action": ["示例"]}).status_code == 409
    lines = {
        "parts.0.name": ["更正后的示例件"],
        "repair_action": ["更正后的示例"],
    }
    done = browser.http.post(address, data=sent | {"reason": ["示例"]} | lines)
    assert done.status_code == 303, re.findall(r'<li>[^<]*</li>|id="p-[^<]+<', done.text.partition("<main")[2])
    after = show(year, kept.C).values
    assert after["repair_action"] == "更正后的示例"
    assert after["parts"] == [{**before["parts"][0], "name": "更正后的示例件"}, *before["parts"][1:]]
    rest = {"repair_action", "parts"}
    assert {k: v for k, v in after.items() if k not in rest} == {k: v for k, v in before.items() if k not in rest}
    late = browser.http.post(address, data=sent | {"reason": ["示例"], "repair_action": ["晚了"]})
    assert late.status_code == 409, "from a page that showed the record as it was before"
    only = {k: sent[k] for k in ("token",)} | {
        "seq": controls_of(browser.get(address), address)["seq"],
        "reason": ["示例"],
    }
    assert browser.http.post(address, data=only).status_code == 422, "what is not sent is not emptied"


def test_what_another_process_does_to_the_forms_is_seen_at_the_next_look(year: Office, tmp_path: Path) -> None:
    browser = Browser(year).enter()
    template = year.forms.get("06A").template
    before = browser.http.get("/office/forms/06A/template.docx").content
    with closing(open_office(year.settings.root, clock=lambda: kept.NOW)) as elsewhere:
        assert "TZ758-TZ" not in browser.get("/office/forms")
        packs.switch(elsewhere, "ledger", on=True)
        assert "TZ758-TZ" in browser.get("/office/forms")
        packs.switch(elsewhere, "ledger", on=False)
        assert "TZ758-TZ" not in browser.get("/office/forms")
    durable.write_file(template, before + b"\0")
    assert browser.http.get("/office/forms/06A/template.docx").content == before + b"\0"
    durable.write_file(template, before)
    assert browser.http.get("/office/forms/06A/template.docx").content == before


def test_what_was_left_half_way_while_the_register_was_away_is_mended_by_who_asks_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mended: list[object] = []
    monkeypatch.setattr("qrecords.web.asked.recover", mended.append)
    state = SimpleNamespace(torn=Event())
    asked: Any = SimpleNamespace(
        request=SimpleNamespace(app=SimpleNamespace(state=state)), session="甲", wants_data=True
    )

    def away(_: object) -> Any:
        raise StorageFailure("登记库服务器不在")

    assert _handled(away, asked).status_code == 500
    assert mended == []
    for _ in range(2):
        assert _handled(lambda _: Response("好"), asked).status_code == 200
    assert mended == ["甲"]
