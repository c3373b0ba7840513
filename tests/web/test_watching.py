"""The scanner's folder looked into by itself: whole files are read as a job and put aside, others wait."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from qrecords.desk.workspace import Workspace
from qrecords.errors import NotFound, NotPermitted
from qrecords.model.access import Account, Grant
from qrecords.model.job import Job, JobState
from qrecords.office import Office
from qrecords.render.code import payload
from qrecords.render.pdf import Converter
from qrecords.services import jobs, steps
from qrecords.services.finding.find import show
from qrecords.settings import Settings, load
from qrecords.web import watching, workers
from qrecords.web.watching import TAKEN, Watch, is_watched, watched
from qrecords.web.wording import worded
from tests import office_steps
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.office_steps import SIGNED, F, G, sheet

pytestmark = pytest.mark.office


@pytest.fixture
def scanner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, Path, Path]]:
    """Return an office that watches a folder, the folder, and where scans lie."""
    monkeypatch.setattr(Converter, "convert", blank_convert)
    root = office_steps.signing(tmp_path)
    folder = tmp_path / "scanner"
    folder.mkdir()
    settings = root / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    for key, value in (("scan_folder", f'"{folder}"'), ("scan_every", "1"), ("scan_account", '"NAME"')):
        before = f"{key} = {'0' if key == 'scan_every' else chr(34) * 2}"
        assert before in text
        text = text.replace(before, f"{key} = {value}")
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        settings.write_text(text.replace("NAME", people.office.account.name), encoding="utf-8")
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        steps.sign(people.office, [F], kind=SIGNED.kind, by=SIGNED.by, on=SIGNED.on)
        yield people.office, folder, root.parent


def test_a_file_is_taken_once_it_is_whole_and_put_aside(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, scans = scanner
    watch, scan = Watch(office.workspace), (scans / "f.png").read_bytes()
    (folder / "f.png").write_bytes(scan[:1000])
    (folder / "notes.txt").write_text("示例", encoding="utf-8")
    assert watch.look() is None, "it may be growing"
    (folder / "f.png").write_bytes(scan)
    assert watch.look() is None, "it grew"
    job = watch.look()
    assert job is not None
    assert (job.kind, job.account, job.origin) == ("scan", office.account.name, "watch")
    assert sorted(p.name for p in folder.iterdir()) == ["notes.txt", TAKEN]
    assert (folder / TAKEN / "f.png").read_bytes() == scan
    jobs.work_off(office.workspace, worded)
    done = jobs.show_job(office, job.key)
    assert (done.state, "附上1份" in done.told) == (JobState.DONE, True), done.lines
    assert show(office, F).attached
    assert [watch.look(), watch.look()] == [None, None]


def test_a_print_whose_signatures_are_not_registered_holds_up_no_other(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, scans = scanner
    sheet(folder / "e.png", payload(G, 1))
    (folder / "f.png").write_bytes((scans / "f.png").read_bytes())
    watch = Watch(office.workspace)
    watch.look()
    job = watch.look()
    assert job is not None
    jobs.work_off(office.workspace, worded)
    done = jobs.show_job(office, job.key)
    assert (done.state, done.told) == (JobState.FAULTY, "附上1份，0页留待处理，1份没有附上")
    assert any(f"{G}/1 没有登记签署" in line for line in done.lines), done.lines
    assert (len(show(office, F).attached), show(office, G).attached) == (1, ())


def test_one_of_the_same_name_lies_beside_the_first_and_an_empty_one_waits(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, _ = scanner
    watch = Watch(office.workspace)
    for n in (1, 2):
        sheet(folder / "a.png", f"HTTP://EXAMPLE.ORG/{n}")
        watch.look()
        assert watch.look() is not None
    assert sorted(p.name for p in (folder / TAKEN).iterdir()) == ["a-2.png", "a.png"]
    (folder / "empty.png").touch()
    assert [watch.look(), watch.look()] == [None, None]


def test_broken_off_before_it_is_put_aside_the_same_job_is_met_again(
    scanner: tuple[Office, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    office, folder, _ = scanner
    sheet(folder / "a.png", "HTTP://EXAMPLE.ORG/1")
    watch = Watch(office.workspace)
    watch.look()
    with monkeypatch.context() as patch:
        patch.setattr(watching, "_put_aside", lambda path: (_ for _ in ()).throw(OSError("示例")))
        with pytest.raises(OSError, match="示例"):
            watch.look()
    assert watch.look() is not None
    assert len(jobs.list_jobs(office)) == 1


def test_of_two_that_look_one_takes_what_lies_there(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, scans = scanner
    with closing(Workspace.open(office.settings.root, lambda: kept.THEN)) as other:
        watches = [Watch(office.workspace), Watch(other)]
        for n in range(6):
            (folder / "f.png").write_bytes((scans / "f.png").read_bytes() + bytes(n))
            assert [watch.look() for watch in watches] == [None, None], "seen once"
            both = threading.Barrier(2)

            def look(watch: Watch, both: threading.Barrier = both) -> Job | None:
                both.wait()
                return watch.look()

            with ThreadPoolExecutor(2) as pool:
                found = [*pool.map(look, watches)]
            assert sum(job is not None for job in found) == 1, found
            assert not (folder / "f.png").exists()
    assert len(jobs.list_jobs(office)) == 6
    assert len([*(folder / TAKEN).iterdir()]) == 6


def test_what_another_one_is_about_to_take_is_left_to_it(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, _ = scanner
    sheet(folder / "a.png", "HTTP://EXAMPLE.ORG/1")
    with closing(Workspace.open(office.settings.root, lambda: kept.THEN)) as other:
        watch = Watch(other)
        watch.look()
        with office.leases.take_over(watching.LEASE) as mine:
            assert mine
            assert watch.look() is None
        assert (folder / "a.png").exists()
        assert watch.look() is not None, "it did not after all"


def test_who_may_not_take_in_scans_takes_none_and_the_files_stay(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, _ = scanner
    sheet(folder / "a.png", "HTTP://EXAMPLE.ORG/1")
    with office.register.write() as tx:
        tx.accounts.add(Account("low", "示例员工", "uid-low", True, "", 1, (Grant("reader"),)), office.now())
        tx.audit.append([office.event("accounts", "account/low")])
    for name, error in (("nobody", NotFound), ("low", NotPermitted)):
        settings = office.settings
        office.workspace.settings = replace(settings, desk=replace(settings.desk, scan_account=name))
        watch = Watch(office.workspace)
        watch.look()
        with pytest.raises(error):
            watch.look()
        assert (folder / "a.png").exists()
    assert jobs.list_jobs(office) == []


def test_without_folder_account_and_seconds_nothing_is_watched(scanner: tuple[Office, Path, Path]) -> None:
    settings = scanner[0].settings
    assert is_watched(settings)
    for off in ({"scan_every": 0}, {"scan_account": ""}, {"scan_folder": ""}):
        changed = replace(settings, desk=replace(settings.desk, **off))  # type: ignore[arg-type]
        assert not is_watched(changed)
        with watched(changed):
            pass


def test_a_process_of_its_own_reads_what_comes_and_ends_with_the_desk(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, scans = scanner
    command = [sys.executable, "-m", "qrecords.web.watching", str(office.settings.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    try:
        (folder / "f.png").write_bytes((scans / "f.png").read_bytes())
        until = time.monotonic() + 40
        while not show(office, F).attached:
            assert time.monotonic() < until, "nothing was attached"
            assert process.poll() is None
            time.sleep(0.2)
        assert (folder / TAKEN / "f.png").exists()
    finally:
        assert process.stdin
        process.stdin.close()
        assert process.wait(30) == 0
    assert load(office.settings.root).desk.scan_every == 1


def test_a_worker_looks_into_the_folder_and_reads_what_comes(scanner: tuple[Office, Path, Path]) -> None:
    office, folder, scans = scanner
    root = office.settings.root
    command = [sys.executable, "-m", "qrecords", "--root", str(root), "worker", "--jobs", "1"]
    starter = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        (folder / "f.png").write_bytes((scans / "f.png").read_bytes())
        until = time.monotonic() + 60
        while not show(office, F).attached:
            assert time.monotonic() < until, "nothing was attached"
            assert starter.poll() is None
            time.sleep(0.2)
    finally:
        starter.terminate()
        assert starter.wait(60) == 0
    (job,) = jobs.list_jobs(office)
    assert (job.account, job.origin, bool(job.worker)) == (office.account.name, "watch", True)
    assert (folder / TAKEN / "f.png").exists()


@pytest.mark.parametrize(
    ("wishes", "looks"),
    [
        (workers.Wishes(), True),
        (workers.Wishes(kinds=("verify", "scan")), True),
        (workers.Wishes(kinds=("verify",)), False),
        (workers.Wishes(once=True), False),
    ],
)
def test_only_workers_that_stay_and_read_scans_look_into_it(
    scanner: tuple[Office, Path, Path], monkeypatch: pytest.MonkeyPatch, wishes: workers.Wishes, *, looks: bool
) -> None:
    begun = []

    @contextmanager
    def noted(settings: Settings, *, reads: bool) -> Iterator[None]:
        begun.append((settings.desk.scan_every, reads))
        yield

    monkeypatch.setattr(workers, "watched", noted)
    monkeypatch.setattr(workers, "_attend", lambda *_: None)
    workers.attend(scanner[0].settings.root, wishes, lambda *_: None)
    assert begun == ([(1, False)] if looks else [])
