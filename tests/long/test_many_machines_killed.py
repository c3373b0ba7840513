"""Two desks and three workers on five machines, register and objects on servers: all are killed, networks cut, again and again.

Each machine has a workspace of its own, with settings, forms and an index, and a wire to each server, which is cut or
falls silent. Desks fill, submit, review, file, scan, search and ask for filings and compilations; workers do those. Moments are drawn from a seed that is printed
and can be set (QRECORDS_KILLS_SEED); QRECORDS_ROUNDS says how many rounds. Afterwards nothing told as filed or asked for is
lost, nothing is half, no number is missing or used twice, and a deep check is clean.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from qrecords.model.job import JobState
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import jobs
from qrecords.services.care.movearchive import move_archive
from qrecords.services.care.moveregister import move_register
from qrecords.services.care.recover import recover
from qrecords.services.care.verify import verify
from qrecords.services.finding.search import Criteria, search
from qrecords.web.wording import worded
from qrecords.work.process import is_gone
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import blank_convert, workspace
from tests.long.test_killed_at_random import SEED, finish, told_as_filed
from tests.servers import PASSWORD, USER, PostgresqlServer, S3Server
from tests.wires import Wire, wired

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

ROUNDS = int(os.environ.get("QRECORDS_ROUNDS", "2"))
SECONDS = 10.0  # of a round's trouble
MOST_SECONDS = 120.0  # until work goes on after it, on whatever machine
MACHINES = ("desk1", "desk2", "worker1", "worker2", "worker3")
YEAR = 2019

# Forks a process for each line on standard input (number, workspace), which works until it is killed; says its pid.
WORKING = """
import json, os, signal, sys, time
from pathlib import Path
import docxtpl, openpyxl, tantivy, psycopg
from PIL import Image, ImageDraw
from qrecords.errors import Occupied, StorageFailure, WrongState
from qrecords.render.pdf import Converter
from qrecords.services import file, jobs, steps
from qrecords.services.administer import open_office
from qrecords.services.care.recover import recover
from qrecords.services.file import file_records
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.services.scans.scan import scan
from qrecords.services.volumes import compile, sharing
from qrecords.stores.given import on_disk
from qrecords.web import workers
from tests import retention_office as kept
from tests.faulty_disk import blank_convert

Converter.convert = blank_convert
workers.LOOK_SECONDS = workers.PAUSE_SECONDS = 0.1
jobs.MOST_TRIES = 99
file.BATCH = int(os.environ.get("FILED_AT_ONCE", file.BATCH))
sharing.LEAST_PAGES = 1
out = os.fdopen(os.dup(1), "w")
starter = os.getpid()

def ends():
    return os.getppid() != starter

def note(root, name, words):
    with (root.parent / f"{root.name}.{name}").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(words) + "\\n")

def step(office, folder, number, count):
    # Hyphens join in a search: the unit desk1-13-1 would be found by desk1-1-31 too.
    name, unit = f"{folder.name}-{number}-{count}", f"示例单位{folder.name}号{number}次{count}完"
    values = [kept.information(1 + n, unit if n < 2 else f"{unit}后", 记录编号="新") for n in range(3)]
    source, page = folder / f"{name}.json", folder / f"{name}.png"
    source.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    numbers = [r.record_no for r in fill(office, "01A", [on_disk(source)]).records]
    steps.submit(office, numbers)
    steps.review(office, numbers, opinion="同意", on="2019-12-31")
    numbers, later = numbers[:2], numbers[2:]
    for filed in file_records(office, numbers):
        note(folder, "told", [filed.record_no, filed.archive_no])
    note(folder, "asked", jobs.start(office, "file", {"numbers": later}).key)
    if int(number) % 2:
        asked = jobs.start(office, "compile", {"year": "2019", "with_gaps": True, "reason": "示例"})
    else:
        picture = Image.new("L", (400, 560), 255)
        ImageDraw.Draw(picture).text((40, 40), name)
        picture.save(page)
        asked = jobs.start(office, "scan", {}, files=[on_disk(page)])
    note(folder, "asked", asked.key)
    found = search(office, unit, Criteria())
    if sorted(hit.record_no for hit in found.hits if hit.record_no not in later) != sorted(numbers):
        with office.register.read() as tx:
            held = [(r.record_no, r.seq, r.state) for r in tx.records.find(form_code="QR758-01A") if r.customer_unit == unit]
            told = [hit.record_no for hit in found.hits]
            raise AssertionError([unit, numbers, told, held, tx.records.last_change(), office.index.last_seq()])

def opened(root):
    while True:
        try:
            return open_office(root, clock=lambda: kept.THEN)
        except StorageFailure:  # the server is gone: as everyone does, try again
            time.sleep(0.2)
        except WrongState as error:  # who recovers was cut off, and keeps the others waiting until its lease is over
            if "正在恢复" not in str(error):
                raise

def desk(root, number):
    office, count, torn = opened(root), 0, False
    while not ends():
        count += 1
        try:
            if torn:  # as a desk does (web/asked.py)
                recover(office)
                torn = False
            step(office, root, number, count)
        except StorageFailure:
            torn = True
            time.sleep(0.2)
        except Occupied:  # a worker that files was cut off: as everyone is told to, try again when its lease is over
            time.sleep(0.2)

def worker(root, number):
    while not ends():
        workers.work(opened(root).workspace, (), ends, once=False, tell=lambda *_: None)

signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who is killed is not waited for
for line in sys.stdin:
    number, root = line.split()
    child = os.fork()
    if child == 0:
        try:
            os.environ["QRECORDS_MACHINE"] = Path(root).name
            (desk if "desk" in Path(root).name else worker)(Path(root), number)
        except BaseException:
            import traceback
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    print(child, file=out, flush=True)
"""


@dataclass
class Cluster:
    """The office of several machines, what works on each, and the wires of each to the two servers."""

    folder: Path
    server: PostgresqlServer
    store: S3Server
    wires: dict[str, list[Wire]]
    starter: subprocess.Popen[str]
    pids: dict[str, int] = field(default_factory=dict)
    started: int = 0

    def start(self, machine: str) -> None:
        assert self.starter.stdin is not None
        assert self.starter.stdout is not None
        self.started += 1
        self.starter.stdin.write(f"{self.started} {self.folder / machine}\n")
        self.starter.stdin.flush()
        self.pids[machine] = int(self.starter.stdout.readline())

    def kill(self, machine: str) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pids[machine], signal.SIGKILL)


def machines(folder: Path, server: PostgresqlServer, store: S3Server, wires: dict[str, list[Wire]]) -> None:
    """Give every machine a workspace of its own of one office, whose register and objects are on the servers."""
    shared = workspace(folder)
    settings = shared / "qrecords.toml"
    text = settings.read_text(encoding="utf-8").replace('endpoint = ""', f'endpoint = "{store.endpoint}"')
    settings.write_text(text, encoding="utf-8")
    move_archive(shared, store.url(), clock=lambda: kept.THEN)
    move_register(shared, server.url(server.database()), clock=lambda: kept.THEN)
    for machine in MACHINES:
        root = folder / machine
        root.mkdir()
        for path in shared.iterdir():
            if path.name == "archive":
                (root / path.name).symlink_to(path)
            elif path.is_dir():
                shutil.copytree(path, root / path.name)
            else:
                shutil.copyfile(path, root / path.name)
        to_register, to_store = wires[machine]
        text = settings.read_text(encoding="utf-8").replace(store.endpoint, f"http://127.0.0.1:{to_store.port}")
        there = f"host={server.folder}&port={server.port}"
        assert there in text
        text = text.replace(there, f"host=127.0.0.1&port={to_register.port}")
        (root / "qrecords.toml").write_text(text, encoding="utf-8")


@contextmanager
def cluster(folder: Path, server: PostgresqlServer, store: S3Server) -> Iterator[Cluster]:
    with ExitStack() as stack:
        wires = {machine: stack.enter_context(wired(server.port, store.port)) for machine in MACHINES}
        machines(folder, server, store, wires)
        with at_work(folder) as starter:
            made = Cluster(folder, server, store, wires, starter)
            try:
                yield made
            finally:
                for machine in made.pids:
                    made.kill(machine)


@contextmanager
def at_work(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Start what starts the machines' processes; what goes wrong in any of them is in the file `errors`."""
    (folder / "scratch").mkdir()
    with (folder / "errors").open("w", encoding="utf-8") as errors:
        starter = subprocess.Popen(
            [sys.executable, "-c", WORKING], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            text=True, env={**os.environ, "TMPDIR": str(folder / "scratch")},
        )  # fmt: skip
    try:
        yield starter
    finally:
        starter.kill()
        starter.communicate(timeout=60)


def struck(made: Cluster, chance: random.Random) -> Counter[str]:
    """Let all work, and strike one after the other, until the round is over; returns what was done how often."""
    for machine in MACHINES:
        made.start(machine)
    until, done = time.monotonic() + SECONDS, Counter[str]()
    restarts: list[threading.Thread] = []
    troubled: list[tuple[float, Wire]] = []
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 1.5))
        for moment, wire in [*troubled]:
            if time.monotonic() >= moment:
                wire.mend(drop=chance.random() < 0.5)
                troubled.remove((moment, wire))
        what = chance.choices(("machine", "server", "store", "cut", "silence"), (6, 1, 1, 3, 2))[0]
        machine, wire = chance.choice(MACHINES), chance.choice((0, 1))
        if (what == "store" and done[what]) or (what == "silence" and len(troubled) > 2):
            what = "machine"  # it starts slowly: once a round leaves time for work
        done[what] += 1
        if what == "machine":
            made.kill(machine)
            made.start(machine)
        elif what == "server":
            made.server.kill()
            time.sleep(chance.uniform(0, 0.3))
            made.server.start()
        elif what == "store":
            made.store.kill()
            restarts.append(threading.Thread(target=made.store.start))
            restarts[-1].start()
        else:
            taken = made.wires[machine][wire]
            taken.cut() if what == "cut" else taken.silence()
            troubled.append((time.monotonic() + chance.uniform(0.1, 3.0), taken))
    for thread in restarts:
        thread.join()
    for _, wire in troubled:
        wire.mend()
    goes_on(made)
    for machine in MACHINES:
        made.kill(machine)
    return done


def goes_on(made: Cluster) -> None:
    """Wait until a desk files again now that all is mended: nobody waits for what is gone."""
    before, until = len(told_as_filed(made.folder)), time.monotonic() + MOST_SECONDS
    while len(told_as_filed(made.folder)) == before:
        assert time.monotonic() < until, "all is mended, and nothing goes on"
        time.sleep(0.2)


def mended(office: Office) -> None:
    """Do what a minute's silence and the next start do for what died."""
    with office.register.write() as tx:
        for lease in tx.leases.all():
            if lease.owner not in office.register.holders:
                assert is_gone(lease.process)
                tx.leases.end_silent(lease)
    recover(office)


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(ROUNDS))
def test_nothing_is_lost_or_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: PostgresqlServer, s3: S3Server, turn: int
) -> None:
    print(f"QRECORDS_KILLS_SEED={SEED}, round {turn}")
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    postgresql.run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with cluster(tmp_path, postgresql, s3) as made:
        done = struck(made, random.Random(f"{SEED}{turn}"))
    assert (tmp_path / "errors").read_text(encoding="utf-8") == "", "a step of a living process failed"
    with kept.opened(tmp_path / "office", clock=lambda: kept.THEN) as people:
        office = people.office
        mended(office)
        monkeypatch.setattr(jobs, "MOST_TRIES", 99)
        while jobs.take_one(office.workspace, worded, jobs.Hand("end", shares=True)) is not None:
            pass  # what is left is done by who comes after
        with office.register.read() as tx:
            assert tx.intents.open() == []
            assert tx.jobs.open() == []
            records = {r.record_no: r for r in tx.records.find(form_code="QR758-01A")}
            asked = [tx.jobs.get(json.loads(k)) for p in tmp_path.glob("*.asked") for k in p.read_text().splitlines()]
        with office.register.read() as tx:
            parts = [p for job in asked if job for p in tx.jobs.parts(job.key)]
        wrong = [j for j in (*asked, *parts) if j is None or j.state is not JobState.DONE]
        assert wrong == [], "\n".join(f"{j.kind} {j.arguments} {j.state}: {j.told} {j.lines}" for j in wrong if j)
        told = told_as_filed(tmp_path)
        by_job = [no for job in asked if job and job.kind == "file" for no in job.arguments["numbers"]]
        assert [no for no in by_job if not records[no].archive_no] == []
        assert [no for no, archive_no in told if records[no].archive_no != archive_no] == []
        assert sorted(int(no[-5:]) for no in records) == [*range(1, len(records) + 1)], "no gap, none twice"
        finish(office, records)
        with office.register.read() as tx:
            numbers = [r.archive_no for r in tx.records.find(form_code="QR758-01A")]
            volumes = [v for v in tx.items.volumes(YEAR) if v.form_code == "QR758-01A"]
        assert sorted(int(no[-4:]) for no in numbers) == [*range(1, len(numbers) + 1)], "no gap, none twice"
        assert [v.number for v in volumes] == [*range(1, len(volumes) + 1)]
        assert verify(office, deep=True).problems == []
        assert office.archive.steps_in_staging() == []
        assert search(office, "示例单位desk", Criteria(), limit=1).total >= len(told)
        print(f"{dict(done)}: {len(told)} records filed, {len(asked)} jobs done, {len(volumes)} volumes")
