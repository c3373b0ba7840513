"""Workers: a job is done once whoever takes it, by the next one when its worker is gone, and a year is shared by two."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from qrecords.desk.workspace import Workspace
from qrecords.errors import Occupied, StorageFailure, UsageError
from qrecords.model.job import Job, JobState
from qrecords.office import Office
from qrecords.render import soffice
from qrecords.render.pdf import Converter
from qrecords.services import jobs
from qrecords.services.administer import open_office
from qrecords.services.care.verify import verify
from qrecords.services.jobkinds import KINDS
from qrecords.services.jobtypes import Outcome
from qrecords.services.volumes import sharing
from qrecords.services.volumes.catalogue import show_catalogue
from qrecords.stores.register.jobs import lease_of
from qrecords.stores.register.leases import Lease
from qrecords.web.wording import worded
from qrecords.web.worker import Worker
from qrecords.work import leases
from tests import retention_office as kept
from tests.faulty_disk import blank_convert

ANYONE = jobs.Hand("示例机 1", shares=True)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")


_base_folder = cache(kept._base.__wrapped__)


@pytest.fixture(scope="module", autouse=True)
def _base() -> None:
    """Make the office all copies are of, with blank pages: no test here looks at paper."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Converter, "convert", blank_convert)
        _base_folder()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    root = shutil.copytree(_base_folder(), tmp_path_factory.mktemp("workers") / "office")
    with closing(open_office(root, clock=lambda: kept.NOW)) as opened:
        yield opened


@pytest.fixture(scope="module")
def real_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return an office that other processes open too, by the clock on the wall."""
    root = shutil.copytree(_base_folder(), tmp_path_factory.mktemp("workers") / "office")
    with closing(open_office(root)) as opened:
        yield opened


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let a check be quick; returns which were done."""
    done: list[str] = []

    def run(_office: Office, arguments: Any, _files: object, at: Any) -> Outcome:
        for number in range(4):
            at(number, 4)
            time.sleep(0.01)
        done.append(str(arguments["name"]))
        return Outcome("好")

    monkeypatch.setattr("qrecords.services.jobs.KINDS", {**KINDS, "verify": replace(KINDS["verify"], run=run)})
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.0)
    return done


def other_machine(office: Office) -> Workspace:
    """Return the same office as another machine opens it."""
    return Workspace.open(office.settings.root, lambda: kept.NOW)


def left_by(office: Office, job: Job, machine: str, *, beat_at: str = "2020-01-01T00:00:00+00:00") -> None:
    """Let a job be one that a worker which is gone had begun."""
    with office.register.write() as tx:
        tx.jobs.begin(job.key, office.now(), "示例机 9")
        tx.leases.add(Lease(lease_of(job.key), f"gone-{job.key}", machine, "999999999 1", 3, beat_at, beat_at))


def state_of(office: Office, job: Job) -> tuple[JobState, int]:
    with office.register.read() as tx:
        found = tx.jobs.get(job.key)
    assert found is not None
    return found.state, found.tries


def test_of_many_who_ask_at_once_one_does_a_job(office: Office, doing: list[str]) -> None:
    wanted = [jobs.start(office, "verify", {"name": str(n)}) for n in range(12)]

    def machine(name: str) -> int:
        with closing(other_machine(office)) as workspace:
            count = 0
            while jobs.is_left(workspace, ANYONE):
                count += jobs.take_one(workspace, worded, replace(ANYONE, name=name)) is not None
        return count

    with ThreadPoolExecutor(3) as pool:
        counts = [*pool.map(machine, "abc")]
    assert sorted(doing, key=int) == [str(n) for n in range(12)], jobs.list_jobs(office)[0]
    assert sum(counts) == 12
    assert {state_of(office, job) for job in wanted} == {(JobState.DONE, 1)}


def test_who_is_gone_is_replaced_on_this_machine_at_once_on_another_after_a_while(
    office: Office, doing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.02)
    near, far, alive = (jobs.start(office, "verify", {"name": name}) for name in ("near", "far", "alive"))
    left_by(office, near, office.leases.machine)  # type: ignore[attr-defined]
    left_by(office, far, "elsewhere")
    left_by(office, alive, "elsewhere", beat_at=leases._utc_now())
    assert jobs.show_job(office, near.key).told == "办事的程序中断了；别的会接着办"
    assert jobs.take_one(office.workspace, worded, ANYONE) is not None
    assert doing == ["near"]
    assert jobs.take_one(office.workspace, worded, ANYONE) is not None
    assert doing == ["near", "far"]
    assert jobs.take_one(office.workspace, worded, ANYONE) is None, "who gives signs of life is left alone"
    assert state_of(office, near) == state_of(office, far) == (JobState.DONE, 2)
    assert state_of(office, alive) == (JobState.RUNNING, 1)
    with office.register.write() as tx:
        tx.leases.end(lease_of(alive.key), f"gone-{alive.key}")
        tx.jobs.end(alive.key, JobState.DONE, office.now(), "")


def test_a_job_that_kills_whoever_does_it_is_told_as_broken_off(office: Office, doing: list[str]) -> None:
    job = jobs.start(office, "verify", {"name": "deadly"})
    for _ in range(jobs.MOST_TRIES):
        left_by(office, job, office.leases.machine)  # type: ignore[attr-defined]
        with office.register.write() as tx:
            found = tx.leases.get(lease_of(job.key))
            assert found is not None
            if _ < jobs.MOST_TRIES - 1:
                tx.leases.end_silent(found)
    assert jobs.take_one(office.workspace, worded, ANYONE) is None
    assert state_of(office, job) == (JobState.BROKEN, jobs.MOST_TRIES)
    assert doing == []


def test_a_store_out_of_reach_when_a_job_is_taken_over_breaks_nothing_off(
    office: Office, doing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.start(office, "verify", {"name": "later"})
    left_by(office, job, office.leases.machine)  # type: ignore[attr-defined]
    with monkeypatch.context() as away:
        away.setattr(jobs, "recover", Mock(side_effect=StorageFailure("示例：连不上存储")))
        with pytest.raises(StorageFailure):
            jobs.take_one(office.workspace, worded, ANYONE)
    assert state_of(office, job) == (JobState.RUNNING, 1)
    assert jobs.take_one(office.workspace, worded, ANYONE) is not None
    assert (state_of(office, job), doing) == ((JobState.DONE, 2), ["later"])


def test_another_who_recovers_for_long_breaks_nothing_off(
    office: Office, doing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.start(office, "verify", {"name": "patient"})
    left_by(office, job, office.leases.machine)  # type: ignore[attr-defined]
    with monkeypatch.context() as busy:
        busy.setattr(jobs, "recover", Mock(side_effect=Occupied("另一个程序正在恢复中断的操作")))
        with pytest.raises(Occupied):
            jobs.take_one(office.workspace, worded, ANYONE)
    assert state_of(office, job) == (JobState.RUNNING, 1)
    assert jobs.take_one(office.workspace, worded, ANYONE) is not None
    assert (state_of(office, job), doing) == ((JobState.DONE, 2), ["patient"])


def test_parts_of_a_job_that_broke_off_are_not_begun(office: Office, doing: list[str]) -> None:
    job = jobs.start(office, "verify", {"name": "whole"})
    with office.register.write() as tx:
        tx.jobs.add(replace(job, key=f"{job.key}.1", arguments={"name": "part"}, part_of=job.key))
    for _ in range(jobs.MOST_TRIES):
        with office.register.write() as tx:
            tx.jobs.begin(job.key, office.now(), "示例机 9")
    only = replace(ANYONE, kinds=("verify",))
    while jobs.is_left(office.workspace, only):
        jobs.take_one(office.workspace, worded, only)
    assert state_of(office, job) == (JobState.BROKEN, jobs.MOST_TRIES)
    with office.register.read() as tx:
        assert [p.state for p in tx.jobs.parts(job.key)] == [JobState.STOPPED]
    assert doing == []


def test_who_was_held_up_neither_goes_on_with_a_job_nor_ends_it(
    office: Office, doing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = jobs.start(office, "verify", {"name": "slow"})
    noted = jobs._At.__call__

    def at(self: jobs._At, done: int, total: int) -> None:
        if done == 2:  # asleep: meanwhile another one took it
            with office.register.write() as tx:
                tx.leases.end(lease_of(job.key), self._workspace.leases.owner)  # type: ignore[attr-defined]
                tx.leases.add(Lease(lease_of(job.key), "other", "elsewhere", "1 1", 0, "2099", "2099"))
        noted(self, done, total)

    monkeypatch.setattr(jobs._At, "__call__", at)
    with closing(other_machine(office)) as workspace:
        jobs.take_one(workspace, worded, ANYONE)
    assert doing == []
    assert state_of(office, job) == (JobState.RUNNING, 1), "it is the other one's"
    with office.register.write() as tx:
        tx.leases.end(lease_of(job.key), "other")
        tx.jobs.end(job.key, JobState.DONE, office.now(), "")


def test_who_is_told_to_end_gives_its_job_back(office: Office, doing: list[str]) -> None:
    job = jobs.start(office, "verify", {"name": "handed on"})
    asked = iter([False, True])
    assert jobs.take_one(office.workspace, worded, replace(ANYONE, ends=lambda: next(asked))) is not None
    assert state_of(office, job) == (JobState.WAITING, 0)
    assert jobs.take_one(office.workspace, worded, replace(ANYONE, kinds=("scan",))) is None, "not of its kinds"
    assert jobs.take_one(office.workspace, worded, ANYONE) is not None
    assert doing == ["handed on"]


def test_a_year_is_shared_by_two_and_comes_out_as_if_one_had_bound_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    monkeypatch.setattr(sharing, "LEAST_PAGES", 1)
    found = []
    for hand in (jobs.DESK, ANYONE):
        root = shutil.copytree(_base_folder(), tmp_path / (hand.name or "desk") / "office")
        with closing(open_office(root, clock=lambda: kept.NOW)) as office:
            refused = jobs.start(office, "compile", {"year": "2019"})
            asked = jobs.start(office, "compile", {"year": "2019", "with_gaps": True, "reason": "示例"})

            def machine(_: int, office: Office = office, hand: jobs.Hand = hand) -> None:
                with closing(other_machine(office)) as workspace:
                    while jobs.is_left(workspace, hand):
                        jobs.take_one(workspace, worded, hand)

            with ThreadPoolExecutor(2) as pool:
                [*pool.map(machine, range(2 if hand.shares else 1))]
            assert state_of(office, refused)[0] is JobState.FAILED
            told = jobs.show_job(office, asked.key)
            assert told.state is JobState.DONE
            with office.register.read() as tx:
                assert len(tx.jobs.parts(asked.key)) == (2 if hand.shares else 0)
                volumes = [(v.volume_code, v.title, v.items, v.pages, v.version) for v in tx.items.volumes(2019)]
            assert len(jobs.list_jobs(office)) == 2, "parts are no jobs of their own"
            lines = show_catalogue(office, 2019).volumes
            assert verify(office, deep=True).problems == []
            found.append((told.told, told.lines, sorted(volumes), lines))
    assert found[0] == found[1]
    assert len(found[0][2]) == 3


def test_a_part_excludes_the_whole_and_itself_but_no_other_part(office: Office) -> None:
    with closing(other_machine(office)) as other:
        with (
            office.leases.take_over("work/compile/2019/A") as mine,
            other.leases.take_over("work/compile/2019/B") as its,
        ):
            assert mine
            assert its
            for name in ("work/compile", "work/compile/2019", "work/compile/2019/A"):
                with other.leases.take_over(name) as taken:
                    assert not taken
        with office.leases.take_over("work/compile") as mine, other.leases.take_over("work/compile/2019/A") as its:
            assert mine
            assert not its


def test_workers_run_as_long_as_told_are_replaced_and_end_in_order(real_time: Office) -> None:
    office = real_time
    root, told = office.settings.root, office.settings.root.parent / "told"
    command = [sys.executable, "-m", "qrecords", "--root", str(root), "worker", "--jobs", "1"]
    with told.open("w") as said:
        starter = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT)
    try:
        first = jobs.start(office, "verify", {})
        _over(office, first)
        while first.key not in told.read_text(encoding="utf-8"):
            time.sleep(0.05)
        child = int(jobs.show_job(office, first.key).worker.rpartition(" ")[2])
        os.kill(child, signal.SIGKILL)
        second = jobs.start(office, "verify", {})
        _over(office, second)
    finally:
        starter.terminate()
        assert starter.wait(60) == 0, told.read_text(encoding="utf-8")
    said_lines = told.read_text(encoding="utf-8").splitlines()
    assert said_lines == [f"检查档案  {job.key}  已完成" for job in (first, second)] + ["办事的程序已结束，办了2项"]


def _over(office: Office, job: Job) -> None:
    until = time.monotonic() + 60
    while state_of(office, job)[0] is not JobState.DONE:
        assert time.monotonic() < until, jobs.show_job(office, job.key)
        time.sleep(0.05)


def test_the_desk_starts_nothing_where_workers_do_it_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = office.settings
    monkeypatch.setattr(
        office.workspace, "settings", replace(settings, desk=replace(settings.desk, long_work="workers"))
    )
    monkeypatch.setattr("qrecords.web.worker.waiting", lambda _: True)
    started: list[bool] = []
    Worker(office.workspace, lambda: started.append(True))()
    assert started == []


def test_libreoffice_runs_at_most_so_many_times_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soffice, "_LIMIT", [2])
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    running, most, guard = 0, 0, threading.Lock()

    def one(_: int) -> None:
        nonlocal running, most
        with soffice._place(lambda: 0):
            with guard:
                running += 1
                most = max(most, running)
            time.sleep(0.05)
            with guard:
                running -= 1

    monkeypatch.setattr(soffice, "_LOOK_SECONDS", 0.01)
    with ThreadPoolExecutor(6) as pool:
        [*pool.map(one, range(12))]
    assert most == 2


def test_files_given_with_a_job_are_there_on_another_machine_and_go_with_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qrecords.stores.given import GivenFile

    seen = []

    def run(_office: Office, _arguments: Any, files: Any, _at: Any) -> Outcome:
        seen.extend((file.name, file.read()) for file in files)
        return Outcome("好")

    monkeypatch.setattr("qrecords.services.jobs.KINDS", {**KINDS, "scan": replace(KINDS["scan"], run=run)})
    jobs.start(office, "scan", {}, files=[GivenFile("示例 一.pdf", b"1"), GivenFile("示例 一.pdf", b"2")])
    assert [*office.papers.given.names()] != []
    with closing(other_machine(office)) as workspace:
        jobs.take_one(workspace, worded, ANYONE)
    assert seen == [("示例 一.pdf", b"1"), ("示例 一.pdf", b"2")]
    assert [*office.papers.given.names()] == []


def test_an_unknown_kind_is_refused(office: Office) -> None:
    with pytest.raises(UsageError, match="没有「x」这种长活"):
        jobs.require_kinds(office, ["verify", "x"])
