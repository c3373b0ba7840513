"""A worker is cut off from PostgreSQL or from the store among the records it files: they are filed once when it is back.

The network breaks its connections off, or is silent: they stand, and nothing passes. A desk on another machine goes on.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qrecords.model.job import Job, JobState
from qrecords.model.record import State
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import jobs
from qrecords.services.care.recover import recover
from qrecords.services.care.verify import verify
from qrecords.services.finding.search import Criteria, search
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
from tests.long.test_many_machines_killed import cluster
from tests.servers import PASSWORD, USER, PostgresqlServer, S3Server
from tests.web.test_paper_jobs import events, to_file

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")]
REGISTER, STORE = 0, 1  # the wires of a machine
MOST_SECONDS = 180.0
COUNT = 9


def until(held: Callable[[], bool], what: str) -> None:
    """Wait for something."""
    end = time.monotonic() + MOST_SECONDS
    while not held():
        assert time.monotonic() < end, what
        time.sleep(0.1)


def now(office: Office, key: str) -> Job:
    with office.register.read() as tx:
        found = tx.jobs.get(key)
    assert found is not None
    return found


@pytest.mark.parametrize("trouble", ["cut", "silence"])
@pytest.mark.parametrize("wire", [REGISTER, STORE], ids=["register", "store"])
def test_records_are_filed_once_though_their_worker_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgresql: PostgresqlServer, s3: S3Server, wire: int, trouble: str
) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    monkeypatch.setenv("FILED_AT_ONCE", "1")
    postgresql.run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
    with (
        cluster(tmp_path, postgresql, s3) as made,
        kept.opened(tmp_path / "office", clock=lambda: kept.THEN) as people,
    ):
        office = people.office
        numbers = to_file(office, COUNT)
        job = jobs.start(office, "file", {"numbers": numbers})
        made.start("worker1")
        until(lambda: now(office, job.key).done >= 2, "the worker files nothing")
        taken = made.wires["worker1"][wire]
        taken.cut() if trouble == "cut" else taken.silence()
        time.sleep(5)
        if trouble == "silence":  # a transaction may be under way there: others are told so, and wait for its end
            taken.mend(drop=True)
        (other,) = kept.filled(office, "01A", kept.information(9, "示例单位别处", 记录编号="新"))
        taken.mend()
        until(lambda: now(office, job.key).state not in {JobState.WAITING, JobState.RUNNING}, "it never ends")
        os.kill(made.pids["worker1"], 0)  # it lives
        made.kill("worker1")
        told = now(office, job.key)
        assert told.state is JobState.DONE, (told.told, told.lines)
        recover(office)
        with office.register.read() as tx:
            records = tx.records.many(numbers)
            assert tx.intents.open() == []
        assert {r.state for r in records} == {State.FILED}
        assert sorted(int(r.archive_no[-4:]) for r in records) == [*range(3, 3 + COUNT)], "no gap, none twice"
        assert [events(office, no, "file") for no in numbers] == [1] * COUNT
        assert {line.split("  ")[0] for line in told.lines} == {*numbers}
        assert search(office, f"编号:{other}", Criteria()).total == 1
        assert verify(office, deep=True).problems == []
        assert office.archive.steps_in_staging() == []
    assert (tmp_path / "errors").read_text(encoding="utf-8") == "", "a step of a living process failed"
