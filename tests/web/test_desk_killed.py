"""The desk killed (SIGKILL) at every named moment of what it does, through HTTP, and started again; two desks at once."""

from __future__ import annotations

import hashlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile, ZipInfo

import bagit
import httpx
import pytest

from qrecords.model.lists import CUSTOMERS
from qrecords.render.pdf import Converter
from qrecords.services.access import copies
from qrecords.services.administer import open_office
from qrecords.services.care.backup import backup
from qrecords.services.care.restoring import restore_beside
from qrecords.services.care.verify import verify
from qrecords.services.disposition.destroy import destroy
from qrecords.services.disposition.lists import lists
from qrecords.services.finding.find import list_records, show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.lists import list_entries
from qrecords.services.jobkinds import KINDS
from qrecords.services.volumes.shelf import list_volumes
from tests import retention_office as kept
from tests.conftest import CHECKOUT, FORMS
from tests.faulty_disk import D, E, blank_convert, workspace
from tests.office_steps import (
    BRIEF,
    CORRECTION,
    DOCUMENT_MOMENTS,
    FIVE,
    HANDLERS,
    LEADERS,
    PUT,
    SIGNED,
    STEPS,
    UNIT,
    F,
    G,
    asked_for,
    document,
    signing,
)
from tests.web.test_desk import as_typed
from tests.web.test_desk_work import controls_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal"),
]

# While the file ARMED is there, the moments passed are written down, and at the one named everything ends.
MOMENTS = """
import json, os, signal, subprocess, sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from qrecords.render.pdf import Converter
from qrecords.stores import durable
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
root, armed, passed = map(Path, sys.argv[1:4])
Converter.convert = blank_convert
times = {}

def checkpoint(at):
    if not armed.exists():
        return
    with passed.open("a") as stream:
        stream.write(at + "\\n")
    moment, wanted = json.loads(armed.read_text())[:2]
    times[at] = times.get(at, 0) + 1
    if (at, times[at]) == (moment, wanted):
        end()

def end():
    os.kill(os.getpid(), signal.SIGKILL)

durable.checkpoint = checkpoint
"""

# Serves a workspace; its long work is done by WORKING, given as the last argument.
SERVING = f"""{MOMENTS}
from qrecords.web import serving, worker
from qrecords.web.pages import managing
managing.adopt = partial(managing.adopt, pages=False)  # papers are blank here

def popen(command, **how):
    return subprocess.Popen([sys.executable, "-c", sys.argv[4], *sys.argv[1:4], sys.argv[5]], **how)

worker.subprocess = SimpleNamespace(Popen=popen, DEVNULL=subprocess.DEVNULL)
serving.open_office = partial(serving.open_office, clock=lambda: getattr(kept, sys.argv[5]))
wishes = serving.Wishes("127.0.0.1", 0, processes=int(sys.argv[6]))
serving.serve(root, wishes, lambda address: print(address, flush=True))
"""

READ = "示例传真"  # what stands on every page to be read off

# Does the long work; each note of how far it is, is a moment too. The server ends with it, where that is asked for.
WORKING = f"""{MOMENTS}
READ = "{READ}"
from qrecords.desk.workspace import Workspace
from qrecords.services import jobs
from qrecords.scanning import ocr
from qrecords.services.care.deep import Deep
from qrecords.services.volumes import check
from qrecords.web import worker
Deep.volumes = lambda *_: iter(())
check.compared = lambda *_: []  # papers are blank here
ocr.is_available = lambda: True
ocr.recognise = lambda images, *, progress: [progress(1, 1) or READ for _ in images]
worker.Workspace = SimpleNamespace(open=partial(Workspace.open, clock=lambda: getattr(kept, sys.argv[4])))
noted = jobs._At.__call__

def progress(at, done, total):
    noted(at, done, total)
    checkpoint("progress")

def end():
    if json.loads(armed.read_text())[2:]:
        os.kill(os.getppid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

jobs._At.__call__ = progress
worker.main(root)
"""


@dataclass
class Desk:
    """A desk in a process of its own, and one browser at it."""

    root: Path
    cookies: dict[str, str] = field(default_factory=dict)
    moment: str = "THEN"
    processes: int = 1

    def __enter__(self) -> Desk:
        self.armed, self.passed = self.root.parent / "armed.json", self.root.parent / "passed.txt"
        command = [sys.executable, "-c", SERVING, str(self.root), str(self.armed), str(self.passed), WORKING]
        command += [self.moment, str(self.processes)]
        self.process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        entrance = self.process.stdout.readline().strip()
        address, _, key = entrance.partition("/in?")
        headers = {"sec-fetch-site": "same-origin", "origin": address}
        self.http = httpx.Client(base_url=address, headers=headers, timeout=120, cookies=self.cookies)
        if not self.cookies:  # a session outlives the server
            assert self.http.get(f"/in?{key}").status_code == 303
            self.cookies = dict(self.http.cookies)
        self.token = re.findall(r'data-token="(\w+)"', self.http.get("/fill").text)[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.armed.unlink(missing_ok=True)
        self.http.close()
        self.process.kill()
        self.process.wait()

    def post(self, address: str, data: dict[str, Any], **more: Any) -> httpx.Response:
        return self.http.post(
            address, data={"token": self.token, **data}, headers={"accept": "application/json"}, **more
        )


def _draft(desk: Desk) -> dict[str, Any]:
    """Begin a draft and write it; what stands in it must be there after a crash."""
    with kept.opened(desk.root, clock=lambda: kept.THEN) as people:
        values = as_typed(people.office, "01A", kept.information(5, "示例单位五"))
    address = desk.post("/fill/01A", {}).headers["location"]
    saved = desk.post(address, {**values, "revision": "1"})
    assert saved.status_code == 200, saved.text
    return {"address": address, "values": values, "revision": saved.json()["revision"]}


def _make(desk: Desk, begun: dict[str, Any]) -> int:
    return desk.post(f"{begun['address']}/make", {**begun["values"], "revision": begun["revision"]}).status_code


def _is_made(root: Path) -> bool:
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        there = [r.record_no for r in list_records(office, form_code="01A") if r.record_no > E]
    assert there in ([], [FIVE]), "once, and no gap"
    return bool(there)


def _upload(desk: Desk, _: dict[str, Any]) -> int:
    rows = [kept.information(5, "示例单位五"), kept.information(6, "示例单位六")]
    file = ("rows.json", json.dumps(rows, ensure_ascii=False).encode(), "application/json")
    return desk.post("/fill/01A/file", {}, files={"file": file}).status_code


def _file(desk: Desk, _: dict[str, Any]) -> int:
    """File what 今日 offers to be filed: of two, one may be filed already."""
    today = desk.http.get("/").text
    offered = [number for number in (D, E) if f'name="number" value="{number}"' in today]
    return desk.post("/step/file", {"number": offered, "back": "/"}).status_code if offered else 303


def _seen(desk: Desk) -> dict[str, Any]:
    """Open a record's page; what is pressed on it is the same request however often it is sent."""
    page = desk.http.get(f"/records/{D}").text
    return {"address": f"/records/{D}", "once": re.findall(r'name="once" value="(\w+)"', page)[0]}


def _print(desk: Desk, begun: dict[str, Any]) -> int:
    return desk.post(f"/records/{D}/print", {"once": begun["once"]}).status_code


def _is_printed(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people, people.office.register.read() as tx:
        taken = [e.detail["print_id"] for e in tx.audit.events(D) if e.action == "print"]
        assert len(taken) < 2, "once"
        return [f"{D}/{p.number}" for p in tx.records.prints(D)][-1:] == taken


def _attach(desk: Desk, _: dict[str, Any]) -> int:
    paper = (desk.root.parent / "paper.pdf").read_bytes()
    return desk.post(f"/records/{F}/attach", {}, files={"file": ("paper.pdf", paper, "application/pdf")}).status_code


def _is_attached(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        found = show(people.office, F).attached
    assert len(found) < 2, "once"
    return bool(found)


def _issue(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/copies/issue", {"number": "FS-2020-0001"}).status_code


def _are_issued(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        (one,) = copies.list_requests(people.office)
    assert [c.copy_no for c in one.copies] in ([], ["FB-2020-00001", "FB-2020-00002"]), "no gap"
    return one.state == "issued"


def _lines(desk: Desk) -> dict[str, Any]:
    """Write two lines of a register's month; they must be there after a crash."""
    month = "/fill/09A/months/2020-01"
    page = desk.http.get(month).text
    with kept.opened(desk.root, clock=lambda: kept.THEN) as people:
        form = people.office.forms.get("09A")
        line = {f.key: form.sample().get(f.key, "") for f in form.form.input_fields}
    lines = {f"lines.{n}.{k}": v for n in (0, 1) for k, v in {**line, "subject": f"示例{n}", "sent_on": "3日"}.items()}
    hidden = {n: re.findall(rf'name="{n}" value="(\w*)"', page)[0] for n in ("revision", "once")}
    saved = desk.post(month, {**lines, **hidden})
    assert saved.status_code == 200, saved.text
    return {"address": month, "values": {**lines, **hidden, "revision": saved.json()["revision"]}}


def _make_lines(desk: Desk, begun: dict[str, Any]) -> int:
    return desk.post(f"{begun['address']}/make", begun["values"]).status_code


def _are_made(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        there = [r.record_no for r in list_records(people.office, form_code="09A")]
    assert len(there) in {0, 2}, "all or none, once"
    return bool(there)


def _close(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/office/log/close", {}).status_code


def _is_closed(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people, people.office.register.read() as tx:
        return len(tx.audit.segments()) >= 2  # asked again it files what was logged since


def _destroy(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/retention/destroy", {"list": kept.LIST_NO}).status_code


def _appraise(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/retention/appraise", {"number": kept.C, "reason": "示例"}).status_code


def _adopt(desk: Desk, _: dict[str, Any]) -> int:
    new = BytesIO()
    with ZipFile(FORMS / "01A" / "template.docx") as old, ZipFile(new, "w") as made:
        for name in old.namelist():
            made.writestr(ZipInfo(name), old.read(name))
    files = {"file": ("new.docx", new.getvalue(), "application/octet-stream")}
    return desk.post("/office/forms/QR758-01A/template", {"adopt": "1"}, files=files).status_code


def _draw(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/reports/steps/draw", {"kind": "BB", "period": "2019-03"}).status_code


def _correct(desk: Desk, _: dict[str, Any]) -> int:
    """Correct a filed record from its page, as it stands there."""
    address = f"/records/{kept.A}/correct"
    said = controls_of(desk.http.get(address).text, address)
    return desk.post(address, {**said, "reason": "示例", **CORRECTION}).status_code


def _file_month(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/fill/02A/months/2019-06/file", {}).status_code


def _reviewed_month(folder: Path) -> Path:
    """Return an office with a month of a register reviewed, not filed yet."""
    root = workspace(folder)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        other = (
            {"call_at": f"2019-06-0{n} 09:00", "closed_on": "2019-06-20", "user_need": f"六月{n}" * 5} for n in (1, 2)
        )
        lines = [kept.call(n) | changed for n, changed in enumerate(other, start=1)]
        kept.reviewed(people.office, *kept.filled(people.office, "02A", *lines))
    return root


def _month_is_filed(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        found = [r for r in list_records(people.office, form_code="02A") if r.date.startswith("2019-06")]
        assert len({show(people.office, r.record_no).archive_no for r in found}) == 1, "one item"
    assert [r.state for r in found] in (["reviewed"] * 2, ["filed"] * 2), "all or none"
    return found[0].state == "filed"


def _give(desk: Desk, _: dict[str, Any]) -> int:
    """Give the page that waits to its record; once it is given, nothing waits."""
    waiting = re.findall(r'data-page="(\w+)"', desk.http.get("/scans").text)
    said = {"page": waiting, "number": G, "kind": "用户签名", "by": SIGNED.by, "on": SIGNED.on}
    return desk.post("/scans/give", said).status_code if waiting else 303


def _turn(desk: Desk, _: dict[str, Any]) -> int:
    """Turn the page that waits upside down; what stands for it is turned back again when it is asked once more."""
    return _of_pages(desk, "turn")


def _let_go(desk: Desk, _: dict[str, Any]) -> int:
    return _of_pages(desk, "let-go")


def _of_pages(desk: Desk, step: str) -> int:
    pages = re.findall(r'data-page="(\w+)"', desk.http.get("/scans").text)
    if not pages:
        return 303
    address = f"/scans/{pages[0]}/turn" if step == "turn" else "/scans/let-go"
    return desk.post(address, {"quarters": "2", "page": pages, "why": "strange"}).status_code


@dataclass(frozen=True)
class _Waiting:
    """Tells that so many pages wait, never one and what stands for it."""

    wanted: int

    def __call__(self, root: Path) -> bool:
        with kept.opened(root, clock=lambda: kept.THEN) as people:
            return len(people.office.papers.inbox.all()) == self.wanted


def _attach_late(desk: Desk, _: dict[str, Any]) -> int:
    folder = desk.root.parent
    files = [("file", (name, (folder / name).read_bytes(), kind)) for name, kind in
             (("paper.pdf", "application/pdf"), ("lost.png", "image/png"))]  # fmt: skip
    return desk.post(f"/records/{kept.C}/attach", {}, files=files).status_code


def _entry(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/office/lists/customers", {f"entry.{k}": v for k, v in UNIT.items()}).status_code


def _entries(desk: Desk, _: dict[str, Any]) -> int:
    rows = "用户单位,用户代号\n示例单位一,SL-001\n示例单位二,SL-002\n".encode()
    return desk.post("/office/lists/customers/import", {}, files={"file": ("a.csv", rows, "text/csv")}).status_code


def _people(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/office/people", {"list": HANDLERS, "names": "示例甲"}).status_code


def _days(desk: Desk, _: dict[str, Any]) -> int:
    return desk.post("/office/holidays", {"days": "2031-01-01,休,元旦"}).status_code


@dataclass(frozen=True)
class _Table:
    """Tells whether a file beside the forms says what was sent, and the log's last word of it is what it says."""

    name: str
    written: str

    def __call__(self, root: Path) -> bool:
        with kept.opened(root, clock=lambda: kept.THEN) as people, people.office.register.read() as tx:
            procedure = people.office.forms.procedure
            path = next(p for p in (procedure.people_path, procedure.holidays_path) if p.name == self.name)
            told = [e.detail["sha256"] for e in tx.audit.events(self.name)]
        data = path.read_bytes()
        assert hashlib.sha256(data).hexdigest() == told[-1]
        return self.written in data.decode()


@dataclass(frozen=True)
class _Entries:
    """Tells whether the office's list of customers has so many entries: all or none."""

    wanted: int

    def __call__(self, root: Path) -> bool:
        with kept.opened(root, clock=lambda: kept.THEN) as people:
            found = len(list_entries(people.office, CUSTOMERS))
        assert found in {0, self.wanted}
        return bool(found)


def _of_report(step: str, **said: str) -> Callable[[Desk, dict[str, Any]], int]:
    def act(desk: Desk, _: dict[str, Any]) -> int:
        return desk.post(
            f"/reports/steps/{step}", {"number": BRIEF, "reason": "示例", "by": "示例主任", **said}
        ).status_code

    return act


def _list(desk: Desk, _: dict[str, Any]) -> int:
    return desk.http.get("/records/list.csv").status_code


@dataclass(frozen=True)
class Doing:
    """Something done at the desk: what stands before it, the request, whether it is done; the answers when it is again."""

    before: Callable[[Desk], dict[str, Any]]
    act: Callable[[Desk, dict[str, Any]], int]
    done: Callable[[Path], bool]
    again: set[int]
    start: Callable[[Path], Path] = workspace
    moment: str = "THEN"
    only: tuple[str, ...] = ()  # the moments it is killed at, where all of them are the step's own tests' to go through


DOINGS = {
    "make": Doing(_draft, _make, _is_made, {200, 404}),
    "upload": Doing(lambda _: {}, _upload, STEPS["fill"].done, {200}),
    "file": Doing(lambda _: {}, _file, STEPS["file"].done, {200, 303, 409}),
    "list": Doing(lambda _: {}, _list, lambda _: True, {200}),
    "print": Doing(_seen, _print, _is_printed, {200}),
    "month": Doing(_lines, _make_lines, _are_made, {200}),
    "attach": Doing(lambda _: {}, _attach, _is_attached, {200, 303, 409}, signing),
    "issue": Doing(lambda _: {}, _issue, _are_issued, {200, 409}, asked_for),
    "close": Doing(lambda _: {}, _close, _is_closed, {303, 409}),
    "appraise": Doing(
        lambda _: {}, _appraise, STEPS["draw"].done, {303, 409}, moment="NOW", only=STEPS["draw"].passes[-2:]
    ),
    "destroy": Doing(
        lambda _: {}, _destroy, STEPS["destroy"].done, {303, 409}, STEPS["destroy"].start, "NOW",
        ("destroy.intent", "destroy.certified", "destroy.object"),
    ),
    "adopt": Doing(lambda _: {}, _adopt, STEPS["adopt"].done, {200, 303, 409}, only=STEPS["adopt"].passes[-3:]),
    "correct": Doing(
        lambda _: {}, _correct, STEPS["correct"].done, {200, 303, 409, 422},
        only=("correct.intent", "correct.papers", "correct.committed"),
    ),
    "register": Doing(
        lambda _: {}, _file_month, _month_is_filed, {200, 303, 409}, _reviewed_month,
        only=("file.intent", "publish.done", "file.committed"),
    ),
    "give": Doing(
        lambda _: {}, _give, STEPS["assign"].done, {200, 303}, signing, only=("scan.intent", "scan.kept", "scan.committed")
    ),
    "turn": Doing(
        lambda _: {}, _turn, _Waiting(1), {200, 303}, signing, only=("scan.intent", "scan.kept", "scan.committed", "scan.tidied")
    ),
    "let go": Doing(
        lambda _: {}, _let_go, _Waiting(0), {200, 303}, signing, only=("scan.intent", "scan.committed", "scan.tidied")
    ),
    "attach late": Doing(
        lambda _: {}, _attach_late, STEPS["attach late"].done, {200, 303, 409}, signing,
        only=("add.intent", "add.kept", "add.committed"),
    ),
    "entry": Doing(lambda _: {}, _entry, _Entries(1), {200, 303}, only=PUT),
    "entries": Doing(lambda _: {}, _entries, _Entries(2), {200, 303}, only=PUT),
    "people": Doing(lambda _: {}, _people, _Table("people.toml", 'names = ["示例甲"]'), {303}, only=PUT),
    "days": Doing(lambda _: {}, _days, _Table("holidays.csv", "2031-01-01,休,元旦"), {303}, only=PUT),
    **{
        f"report {step}": Doing(
            lambda _: {}, _of_report(step, **said), STEPS[f"document {came_to}"].done, {200, 303, 409, 422},
            document(taken), only=DOCUMENT_MOMENTS[:2],
        )
        for step, came_to, taken, said in (
            ("sign", "reviewed", 1, {"part": "reviewer"}), ("return", "returned", 2, {}), ("void", "void", 1, {}),
            ("issue", "issued", 3, {}), ("receipt", "received", 4, {"recipient": LEADERS}), ("correct", "corrected", 3, {}),
        )
    },
    "draw": Doing(lambda _: {}, _draw, STEPS["document"].done, {303, 409, 422}, only=STEPS["document"].passes[-3:]),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank


def moments(folder: Path, doing: Doing) -> Iterator[tuple[str, int]]:
    """Do it whole and give the moments it comes by, the first and the last time of each."""
    folder.mkdir()
    with Desk(doing.start(folder), moment=doing.moment) as desk:
        begun = doing.before(desk)
        desk.armed.write_text(json.dumps(["", 0]))
        assert doing.act(desk, begun) < 400
        passed = Counter(desk.passed.read_text().split()) if desk.passed.exists() else Counter[str]()
    assert doing.done(folder / "office")
    assert {*doing.only} <= passed.keys()
    for moment, times in sorted(passed.items()):
        if moment in doing.only:
            yield moment, 1
        elif not doing.only:
            yield from ((moment, n) for n in sorted({1, times}))


@pytest.mark.parametrize("name", DOINGS)
def test_killed_at_every_moment(tmp_path: Path, name: str) -> None:
    doing = DOINGS[name]
    jobs = [*moments(tmp_path / "whole", doing)]
    assert len(jobs) >= {
        "make": 4,
        "print": 1,
        "upload": 3,
        "file": 8,
        "month": 4,
        "attach": 3,
        "issue": 3,
        "close": 3,
    }.get(name, 0), jobs
    for moment, times in jobs:
        folder = tmp_path / f"{moment}-{times}"
        folder.mkdir()
        root = doing.start(folder)
        with Desk(root, moment=doing.moment) as desk:
            begun, cookies = doing.before(desk), desk.cookies
            desk.armed.write_text(json.dumps([moment, times]))
            with pytest.raises(httpx.TransportError):
                doing.act(desk, begun)
            assert desk.process.wait(60) == -signal.SIGKILL, moment
        with Desk(root, cookies, doing.moment) as desk:
            if begun:  # the draft, or what became of it
                assert desk.http.get(begun["address"]).status_code in {200, 404}
            assert doing.act(desk, begun) in doing.again, (moment, times)
            assert doing.act(desk, begun) in doing.again, "once more, as a browser does that lost the answer"
        assert doing.done(root), (moment, times)
        with kept.opened(root, clock=lambda: getattr(kept, doing.moment)) as people:
            assert verify(people.office, deep=True).problems == [], (moment, times)
            with people.office.register.read() as tx:
                assert tx.intents.open() == []
            assert people.office.archive.steps_in_staging() == []


MAIN = [
    *(("upload", moment) for moment in ("fill.intent", "fill.committed")),
    *(("file", moment) for moment in ("file.intent", "publish.done", "file.committed")),
    ("destroy", "destroy.certified"),
]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere one process answers")
@pytest.mark.parametrize(("name", "moment"), MAIN)
def test_one_of_two_processes_killed_while_the_desk_goes_on(tmp_path: Path, name: str, moment: str) -> None:
    """What it had under way is finished or undone by those that answer on, without a new start."""
    doing = DOINGS[name]
    root = doing.start(tmp_path)
    with Desk(root, moment=doing.moment, processes=2) as desk:
        begun = doing.before(desk)
        desk.armed.write_text(json.dumps([moment, 1]))
        with pytest.raises(httpx.TransportError):
            doing.act(desk, begun)
        desk.armed.unlink()
        for _ in range(40):  # until the one that takes its place has seen to what it left
            if doing.act(desk, begun) in doing.again:
                break
            time.sleep(0.25)
        assert doing.act(desk, begun) in doing.again
        assert desk.process.poll() is None
    assert doing.done(root)
    with kept.opened(root, clock=lambda: getattr(kept, doing.moment)) as people:
        assert verify(people.office, deep=True).problems == []
        with people.office.register.read() as tx:
            assert tx.intents.open() == []
        assert people.office.archive.steps_in_staging() == []


def _with_backup(folder: Path) -> Path:
    root = workspace(folder)
    STEPS["backup"].act(root)
    return root


def _owing(folder: Path) -> Path:
    """Return an office that executed a list since its backup, which is restored beside it."""
    root = STEPS["destroy"].start(folder)
    with kept.opened(root) as people:
        office, there = people.office, people.office.workspace
        named = replace(there.settings.desk, backup_folder="../kept", restore_folder="../again")
        there.settings = replace(there.settings, desk=named)
        backup(office, folder / "kept")
        destroy(people("戊"), kept.LIST_NO)
        restore_beside(office, "kept")
    return root


def _is_replayed(root: Path) -> bool:
    (place,) = (root.parent / "again").iterdir()
    with kept.opened(place) as again:
        assert verify(again.office).problems == []
        with again.office.register.read() as tx:
            assert tx.intents.open() == []
        return lists(again.office)[0].state == "destroyed"


def _is_packed(root: Path) -> bool:
    (package,) = (root.parent / "out").iterdir()  # nothing half packed beside it
    return package.name == "移交-2019" and bool(bagit.Bag(str(package)).validate())


def _is_laid_out(root: Path) -> bool:
    """Tell whether the backup is a workspace of its own, once, and all of it."""
    (place,) = (root.parent / "again").iterdir()
    with kept.opened(place, clock=lambda: kept.THEN) as again:
        return verify(again.office, deep=True).problems == []


def _is_bound(root: Path) -> bool:
    """Tell whether the year is bound: a volume of each group, none twice, no code passed over."""
    with closing(open_office(root, clock=lambda: kept.THEN)) as office:
        codes = [v.volume_code for v in list_volumes(office, 2019)]
    return sorted(codes) == [kept.VOLUME.replace("·01·", f"·{form}·") for form in ("01", "02", "06")]


def _is_sound(root: Path) -> bool:
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        return verify(people.office, deep=True).problems == []


def _is_found(root: Path) -> bool:
    """Tell whether the index holds all the register does, and what is in it is found."""
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        found = [hit.record_no for hit in search(people.office, "示例单位三", Criteria()).hits]
    return STEPS["index"].done(root) and kept.C in found


def _is_read_off(root: Path) -> bool:
    """Tell whether the text stands beside every page that waits, once."""
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        inbox = people.office.papers.inbox
        return inbox.texts() == {page.page_id: READ for page in inbox.all()} != {}


@dataclass(frozen=True)
class Work:
    """Long work: the request, the moments everything is killed at one after the other, and whether it is done."""

    address: str
    said: Mapping[str, Any]
    moments: tuple[tuple[str, int], ...]
    done: Callable[[Path], bool]
    start: Callable[[Path], Path] = workspace
    files: tuple[str, ...] = ()  # beside the office, sent with the request
    moment: str = "THEN"

    def ask(self, desk: Desk) -> str:
        """Ask for it and return where it is told of."""
        folder = desk.root.parent
        files = [("file", (name, (folder / name).read_bytes(), "image/png")) for name in self.files]
        address = self.address
        if "AGAIN" in address:
            (restored,) = (folder / "again").iterdir()
            address = address.replace("AGAIN", restored.name)
        return str(desk.post(address, dict(self.said), **({"files": files} if files else {})).json()["go"])


LONG = {
    "compile": Work(
        "/shelf/2019/compile",
        {"with_gaps": "1", "reason": "示例"},
        (("compile.matter", 1), ("publish.done", 1)),
        _is_bound,
    ),
    "verify": Work("/jobs", {"work": "1"}, (("progress", 3),), lambda _: True),
    "backup": Work("/jobs", {"work": "2"}, (("backup.ready", 1),), STEPS["backup"].done),
    "restore": Work(
        "/office/backups/kept/restore", {}, (("progress", 2), ("restore.register", 1)), _is_laid_out, _with_backup
    ),
    "export": Work("/shelf/2019/export", {}, (("progress", 2), ("export.packed", 1)), _is_packed),
    "replay": Work(
        "/office/restored/AGAIN/replay",
        {},
        (("destroy.buried", 1), ("destroy.verified", 1)),
        _is_replayed,
        _owing,
        moment="NOW",
    ),
    "check-backup": Work(
        "/office/backups/kept/check", {}, (("progress", 1), ("progress", 3)), STEPS["backup"].done, _with_backup
    ),
    "verify-volume": Work(f"/volumes/{kept.VOLUME}/verify", {}, (("progress", 1),), _is_sound),
    "print-set": Work("/shelf/2019/print-set", {}, (("progress", 1),), _is_sound),
    "index": Work("/jobs", {"work": "3"}, (("progress", 1), ("write_file.aside", 1)), _is_found),
    "texts": Work("/jobs", {"work": "4"}, (("progress", 1), ("write_file.aside", 1)), _is_read_off, signing),
    "report": Work(
        "/reports/steps/draw",
        {"kind": "BB", "period": "2019-03", "later": "1"},
        (("document.intent", 1), ("document.published", 1), ("document.committed", 1)),
        STEPS["document"].done,
    ),
    "file": Work(
        "/step/file",
        {"number": [D, E], "later": "1"},
        (("file.intent", 1), ("publish.done", 1), ("file.committed", 1)),
        STEPS["file"].done,
    ),
    "scan": Work(
        "/scans",
        {"kind": SIGNED.kind, "by": SIGNED.by, "on": SIGNED.on},
        (("scan.intent", 1), ("scan.kept", 1), ("scan.committed", 1)),
        STEPS["scan"].done,
        signing,
        ("f.png", "lost.png"),
    ),
}


ELSEWHERE = {"fill"}  # begun by the command line alone: tests/web/test_paper_jobs.py


def test_every_kind_of_long_work_the_desk_begins_is_killed() -> None:
    assert LONG.keys() | ELSEWHERE == KINDS.keys()


def _over(desk: Desk, job: str) -> str:
    """Look at a job's page until the job is over."""
    for _ in range(240):
        shown = desk.http.get(f"{job}?part=job").text
        if not any(word in shown for word in ("排队", "进行中", "下次启动")):
            return shown
        time.sleep(0.25)
    raise AssertionError(shown)


def _looked_at(desk: Desk, job: str) -> int | None:
    """Look at a job's page, as its script does, until the server is gone; returns how it ended."""
    for _ in range(240):
        if desk.process.poll() is not None:
            break
        with suppress(httpx.TransportError):
            desk.http.get(f"{job}?part=job")
        time.sleep(0.5)
    return desk.process.returncode


def _worker_dies(desk: Desk, job: str, times: int) -> bool:
    """Look at a job's page, whose looks start the worker again, until it has died so often at its progress."""
    for _ in range(240):
        if (dead := desk.passed.read_text().count("progress")) >= times:
            return dead == times
        desk.http.get(f"{job}?part=job")
        time.sleep(0.5)
    return False


def _broken_off(desk: Desk, job: str) -> None:
    """See that a job is told as broken off and nothing of it is left half done."""
    shown = _over(desk, job)
    assert "中断" in shown, shown
    assert "已接着做完或撤回" in shown, shown
    assert f'href="{job}"' in desk.http.get("/jobs").text
    with kept.opened(desk.root, clock=lambda: getattr(kept, desk.moment)) as people:
        assert verify(people.office).problems == []
        with people.office.register.read() as tx:
            assert tx.intents.open() == []
        assert people.office.archive.steps_in_staging() == []


@pytest.mark.parametrize("name", LONG)
def test_long_work_killed_with_the_desk(tmp_path: Path, name: str) -> None:
    """The job is told as broken off at the next start, what it did is finished or undone; asked again, it is done."""
    work = LONG[name]
    root, cookies, job = work.start(tmp_path), dict[str, str](), ""
    settings = root / "qrecords.toml"
    text = settings.read_text("utf-8")
    for key, place in (("backup_folder", "../kept"), ("restore_folder", "../again"), ("export_folder", "../out")):
        text = text.replace(f'{key} = ""', f'{key} = "{place}"')
    settings.write_text(text, "utf-8")
    for moment in work.moments:
        with Desk(root, cookies, work.moment) as desk:
            if job:
                _broken_off(desk, job)
            cookies = desk.cookies
            desk.armed.write_text(json.dumps([*moment, "and the server"]))
            job = work.ask(desk)
            assert _looked_at(desk, job) == -signal.SIGKILL, moment
    with Desk(root, cookies, work.moment) as desk:
        _broken_off(desk, job)
        if name == "verify":  # the worker alone, while the server lives on
            desk.armed.write_text(json.dumps(["progress", 1]))
            job = work.ask(desk)
            assert _worker_dies(desk, job, 4)
            desk.armed.unlink()
            _broken_off(desk, job)
        assert "已完成" in _over(desk, work.ask(desk))
    assert work.done(root)


def test_two_desks_and_a_command_line_at_once(tmp_path: Path) -> None:
    """Three hands fill at the same time: every record has a number of its own, none is missing, the chain is whole."""
    root = workspace(tmp_path)
    answers: list[int] = []

    def at_a_desk(desk: Desk, first: int) -> None:
        for n in range(3):
            rows = [kept.information(n + 1, f"示例单位{first + n}")]
            file = (f"rows{first + n}.json", json.dumps(rows, ensure_ascii=False).encode(), "application/json")
            answers.append(desk.post("/fill/01A/file", {}, files={"file": file}).status_code)

    def at_the_command_line() -> None:
        for n in range(2):
            path = tmp_path / f"line{n}.json"
            path.write_text(json.dumps([kept.information(n + 1, f"示例单位{90 + n}")], ensure_ascii=False))
            command = [sys.executable, "-m", "qrecords", "--root", str(root), "fill", "01A", str(path)]
            answers.append(subprocess.run(command, cwd=CHECKOUT, capture_output=True, check=False).returncode)

    with Desk(root) as one, Desk(root) as two:
        hands = [threading.Thread(target=at_a_desk, args=(one, 10)), threading.Thread(target=at_a_desk, args=(two, 20)),
                 threading.Thread(target=at_the_command_line)]  # fmt: skip
        for hand in hands:
            hand.start()
        for hand in hands:
            hand.join()
    assert sorted(answers) == [0, 0] + [200] * 6
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        numbers = [int(r.record_no[-5:]) for r in list_records(people.office, form_code="01A")]
        assert sorted(numbers) == list(range(1, max(numbers) + 1)), "no gap, none twice"
        assert len(numbers) == int(E[-1]) + 8
        assert verify(people.office).problems == []
