"""Several processes at one desk: what is the desk's is one, whoever answers; who ends is replaced, and all end together."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path

import httpx
import pytest

from qrecords.model.access import Grant
from qrecords.model.job import JobState
from qrecords.services import jobs
from qrecords.services.access import accounts
from qrecords.services.access.deskaccess import open_session
from qrecords.services.administer import open_office
from qrecords.settings import MOST_PROCESSES, DeskSettings, Settings, load
from qrecords.web.limits import Costly
from qrecords.web.processes import MOST, how_many
from qrecords.web.shared import Asking, Link, answered, held
from qrecords.web.signedin import COOKIE
from tests.conftest import CHECKOUT, at_now

forking = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere one process answers")

SERVING = """
import sys
from functools import partial
from pathlib import Path
from qrecords.web import serving
from tests.conftest import at_now
serving.open_office = partial(serving.open_office, clock=at_now)
serving.serve(Path(sys.argv[1]), serving.Wishes("127.0.0.1", 0), lambda address: print(address, flush=True))
"""


@dataclass
class Desk:
    """A desk in processes of its own."""

    root: Path
    process: subprocess.Popen[str]
    address: str
    key: str
    cookie: str = ""

    @property
    def answering(self) -> list[int]:
        """Return the processes that answer."""
        return [pid for pid, command in children(self.process.pid).items() if "web.worker" not in command]

    @property
    def workers(self) -> list[int]:
        """Return the processes started for long work, whoever started them."""
        there = [p for p in Path("/proc").glob("[0-9]*/cmdline") if f"web.worker\0{self.root}" in read(p)]
        return [int(p.parent.name) for p in there]

    @contextmanager
    def only(self, pid: int) -> Iterator[httpx.Client]:
        """Give a browser only this process can answer; the others stand still meanwhile."""
        others = [other for other in self.answering if other != pid]
        for other in others:
            os.kill(other, signal.SIGSTOP)
        try:
            headers = {"sec-fetch-site": "same-origin", "origin": self.address}
            cookies = {COOKIE: self.cookie} if self.cookie else None
            with httpx.Client(base_url=self.address, cookies=cookies, headers=headers, timeout=30) as browser:
                yield browser
        finally:
            for other in others:
                os.kill(other, signal.SIGCONT)

    def post(self, browser: httpx.Client, address: str, **data: str) -> httpx.Response:
        token = re.findall(r'data-token="(\w+)"', browser.get("/fill").text)[0]
        return browser.post(address, data={"token": token, **data})


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has just ended
        return ""


def children(pid: int) -> dict[int, str]:
    """Return the processes another one started that have not ended, each with its command."""
    stats = {p.parent: read(p).rpartition(")")[2].split() for p in Path("/proc").glob("[0-9]*/stat")}
    found = [p for p, stat in stats.items() if stat and stat[1] == str(pid) and stat[0] != "Z"]
    return {int(p.name): read(p / "cmdline") for p in found}


def until(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def started(root: Path) -> Desk:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVING, str(root)], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    address, _, key = process.stdout.readline().strip().partition("/in?key=")
    desk = Desk(root, process, address, key)
    until(lambda: len(desk.answering) == 2)
    return desk


def is_free(address: str) -> bool:
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what was answered a moment ago is no listener
        try:
            place.bind(("127.0.0.1", int(address.rpartition(":")[2])))
            place.listen()
        except OSError:
            return False
    return True


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, fresh: Callable[..., Path]) -> Iterator[Desk]:
    """Return a desk of two processes, somebody signed in, who may search three times a minute."""
    root = fresh(tmp_path_factory.mktemp("several") / "office", at_now)
    settings = root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace("searches_per_minute = 300", "searches_per_minute = 3")
    settings.write_text(text.replace("processes = 0", "processes = 2"), encoding="utf-8")
    desk = started(root)
    with closing(open_office(root, clock=at_now)) as office:
        desk.cookie = open_session(office.workspace, office.account.name, via="desk")
    yield desk
    desk.process.kill()
    desk.process.wait()


@forking
def test_what_is_the_desks_is_one_whoever_answers(desk: Desk) -> None:
    one, other = desk.answering
    with desk.only(one) as browser:
        assert browser.get("/in?key=wrong").status_code == 403
        come = browser.get(f"/in?key={desk.key}")
        assert come.status_code == 303
        desk.cookie = come.cookies[COOKIE]
        assert [browser.get("/search?q=示例").status_code for _ in range(2)] == [200, 200]
    with desk.only(other) as browser:
        assert browser.get("/", follow_redirects=False).status_code == 200, "a session is everywhere"
        assert browser.get(f"/in?key={desk.key}").status_code == 403, "once, whoever is asked"
        assert [browser.get("/search?q=示例").status_code for _ in range(2)] == [200, 429]
        assert "TZ758-TZ" not in browser.get("/office/forms").text
    with desk.only(one) as browser:
        assert browser.get("/search?q=示例").status_code == 429
        assert desk.post(browser, "/office/packs/ledger", turn="on").status_code == 303
    with desk.only(other) as browser:
        assert "TZ758-TZ" in browser.get("/office/forms").text, "at once, wherever it was switched on"
        assert desk.post(browser, "/office/packs/ledger", turn="off").status_code == 303
    with desk.only(one) as browser:
        assert "TZ758-TZ" not in browser.get("/office/forms").text


@forking
def test_who_may_no_more_is_out_in_every_process(desk: Desk) -> None:
    with closing(open_office(desk.root, clock=at_now)) as office:
        accounts.add(office, "clerk1", display_name="示例员工一")
        accounts.grant(office, "clerk1", Grant("clerk"))
        token = open_session(office.workspace, "clerk1", via="desk")
        for active, status in ((True, 200), (False, 303)):
            accounts.set_active(office, "clerk1", active=active)
            for pid in desk.answering:
                with desk.only(pid) as browser:
                    browser.cookies.clear()
                    assert browser.get("/", headers={"cookie": f"{COOKIE}={token}"}).status_code == status


@forking
def test_long_work_is_done_by_one_process_whoever_is_asked(desk: Desk) -> None:
    for pid in desk.answering * 2:
        with desk.only(pid) as browser:
            assert desk.post(browser, "/jobs", work="0").status_code == 303
            assert len(desk.workers) == 1
    assert desk.workers[0] in children(desk.process.pid), "it outlives the process that was asked"
    with closing(open_office(desk.root, clock=at_now)) as office:
        until(lambda: {job.state for job in jobs.list_jobs(office)} == {JobState.DONE}, 60)
        assert len(jobs.list_jobs(office)) == 4


@forking
def test_who_is_killed_is_replaced_and_with_the_first_one_all_end(desk: Desk) -> None:
    for killed in desk.answering:
        os.kill(killed, signal.SIGKILL)
        until(lambda gone=killed: gone not in desk.answering and len(desk.answering) == 2)  # type: ignore[misc]
        with desk.only(desk.answering[-1]) as browser:
            assert browser.get("/").status_code == 200
    left = desk.answering
    desk.process.kill()
    assert desk.process.wait() == -signal.SIGKILL
    until(lambda: is_free(desk.address), 5)
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))


@forking
def test_all_end_when_the_desk_is_told_to(desk: Desk) -> None:
    again = started(desk.root)
    left = again.answering
    os.killpg(again.process.pid, signal.SIGINT)  # as a terminal does, with Ctrl+C
    try:
        again.process.wait(15)
    finally:
        again.process.kill()
    assert not any(Path(f"/proc/{pid}").exists() for pid in left)
    assert is_free(again.address)


def test_what_is_held_is_asked_for_through_a_pipe_each(tmp_path: Path) -> None:
    """A copy leaves once whoever kept it, and the minute's share is one for all."""
    here = held(Settings(tmp_path, desk=DeskSettings(searches_per_minute=3)), Link())
    ends = [Pipe() for _ in range(2)]

    def answer(pipe: object) -> None:
        while True:
            try:
                what, given, named = pipe.recv()  # type: ignore[attr-defined]
            except EOFError:
                return
            try:
                pipe.send((answered(here, what, given, named), None))  # type: ignore[attr-defined]
            except ValueError as error:
                pipe.send((None, error))  # type: ignore[attr-defined]

    threads = [threading.Thread(target=answer, args=(ours,), daemon=True) for ours, _ in ends]
    for thread in threads:
        thread.start()
    one, other = (Asking(theirs).shared(here.forms) for _, theirs in ends)
    word = one.leaving.keep("a", "FB-1.pdf", b"x" * (1 << 20))
    assert other.leaving.take("b", word) is None, "another's"
    assert other.leaving.take("a", word) == ("FB-1.pdf", b"x" * (1 << 20))
    assert one.leaving.take("a", word) is None
    assert [s.limits.wait(Costly.SEARCH, "a") == 0 for s in (one, other, one, other, one)] == [True] * 3 + [False] * 2
    with pytest.raises(ValueError, match=r"limits\.__init__"):
        Asking(ends[0][1])("limits.__init__")
    for _, theirs in ends:
        theirs.close()


def test_how_many_answer_is_a_setting(tmp_path: Path) -> None:
    assert 1 <= how_many(0) <= MOST
    assert how_many(1) == 1
    if sys.platform.startswith("linux"):
        assert how_many(7) == 7
    (tmp_path / "qrecords.toml").write_text("[desk]\nprocesses = 3\n", encoding="utf-8")
    assert load(tmp_path).desk.processes == 3
    (tmp_path / "qrecords.toml").write_text(f"[desk]\nprocesses = {MOST_PROCESSES + 1}\n", encoding="utf-8")
    with pytest.raises(Exception, match="有误") as refused:
        load(tmp_path)
    assert "最多32个" in refused.value.problems[0].message  # type: ignore[attr-defined]
