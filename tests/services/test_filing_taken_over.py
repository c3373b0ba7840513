"""A machine dies while it files: who waits files as soon as its lease is over, and nothing is filed twice.

The same over a register that is a file and one on a server; a machine that was only asleep comes back and ends nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from qrecords.errors import Occupied
from qrecords.model.record import State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services.care.moveregister import move_register
from qrecords.services.care.recover import recover
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from qrecords.work import leases, process
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import blank_convert
from tests.servers import PostgresqlServer
from tests.web.test_paper_jobs import events, to_file

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

# Files on a machine of its own, and strikes itself with a signal at a moment; tells what came of it.
FILING = """
import os, sys
from contextlib import closing
from pathlib import Path
from qrecords.errors import QRecordsError
from qrecords.render.pdf import Converter
from qrecords.services.administer import open_office
from qrecords.services.file import file_records
from qrecords.stores import durable
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import blank_convert
Converter.convert = blank_convert
root, moment, blow, *numbers = sys.argv[1:]

def checkpoint(at):
    if at == moment:
        print("struck", flush=True)
        os.kill(os.getpid(), int(blow))

durable.checkpoint = checkpoint
with closing(open_office(Path(root), clock=lambda: kept.THEN)) as office:
    try:
        file_records(office, numbers)
    except QRecordsError as error:
        print("refused", error, flush=True)
    else:
        print("filed", flush=True)
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.2)
    monkeypatch.setattr(leases, "EXPIRY", timedelta(seconds=1))
    monkeypatch.setattr(leases, "WAIT_SECONDS", 8.0)
    root = kept.copied(tmp_path)
    if request.param == "postgresql":
        server: PostgresqlServer = request.getfixturevalue("postgresql")
        move_register(root, server.url(server.database()), clock=lambda: kept.THEN)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        yield people.office


def struck(office: Office, moment: str, blow: signal.Signals, numbers: list[str]) -> subprocess.Popen[str]:
    """Let another machine file, up to a moment."""
    command = [sys.executable, "-c", FILING, str(office.settings.root), moment, str(int(blow)), *numbers]
    ran = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=os.environ | {process.MACHINE_VARIABLE: "示例机 2"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ran.stdout is not None
    assert ran.stdout.readline() == "struck\n"
    return ran


def filed_once(office: Office, numbers: list[str]) -> None:
    """Check that all are filed, each once, under numbers without a gap."""
    with office.register.read() as tx:
        records = tx.records.many(numbers)
        assert tx.intents.open() == []
    assert {r.state for r in records} == {State.FILED}
    last = sorted(int(r.archive_no[-4:]) for r in records)
    assert last == [*range(3, 3 + len(numbers))], "no gap, none twice"
    assert [events(office, no, "file") for no in numbers] == [1] * len(numbers)
    assert verify(office, deep=True).problems == []


@pytest.mark.parametrize("moment", ["file.intent", "publish.done", "file.frozen"])
def test_who_waits_files_as_soon_as_a_dead_machines_lease_is_over(office: Office, moment: str) -> None:
    numbers = to_file(office, 3)
    its, mine = numbers[:2], numbers[2:]
    ran = struck(office, moment, signal.SIGKILL, its)
    ran.wait(timeout=30)
    began = time.monotonic()
    assert [one.record_no for one in file_records(office, mine)] == mine
    assert time.monotonic() - began < leases.WAIT_SECONDS
    recover(office)
    with office.register.read() as tx:
        left = [r.record_no for r in tx.records.many(its) if r.state is not State.FILED]
    if left:
        file_records(office, left)
    filed_once(office, numbers)


@pytest.mark.parametrize("moment", ["file.intent", "file.papers", "file.frozen"])
def test_a_machine_that_was_only_asleep_comes_back_and_ends_nothing(office: Office, moment: str) -> None:
    numbers = to_file(office, 2)
    ran = struck(office, moment, signal.SIGSTOP, numbers[:1])
    try:
        assert [one.record_no for one in file_records(office, numbers[1:])] == numbers[1:]
        recover(office)
        with office.register.read() as tx:
            left = [r.record_no for r in tx.records.many(numbers) if r.state is not State.FILED]
        assert left == ([] if moment == "file.frozen" else numbers[:1])
        if left:
            file_records(office, left)
    finally:
        ran.send_signal(signal.SIGCONT)
    said, _ = ran.communicate(timeout=60)
    assert said.startswith("refused"), said
    filed_once(office, numbers)


def test_who_files_and_lives_is_not_overtaken(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "WAIT_SECONDS", 2.5)
    other = leases.LeaseKeeper(office.register, owner="other", machine="示例机 2")
    numbers = to_file(office, 1)
    with closing(other), other.hold_alone("work/file", "归档"), pytest.raises(Occupied, match="在 示例机 上"):
        file_records(office, numbers)
    file_records(office, numbers)
    filed_once(office, numbers)
