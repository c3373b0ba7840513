"""Two processes fill, submit, review and file in one workspace and are killed (SIGKILL) at random moments.

The moments come from a fixed seed, though what they hit depends on the machine; afterwards nothing that was told as filed
is lost, no object is half, no number is missing or used twice, and the log and a deep check are clean.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import blank_convert, workspace
from tests.test_crash import assert_valid_ocfl

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

# Works until it is killed; says on standard output when it is at work, and in its file what it was told is filed.
WORKING = """
import json, sys
from pathlib import Path
from qrecords.errors import WrongState
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.file import file_records
from qrecords.services.intake.fill import fill
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
root, name, told = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
Converter.convert = blank_convert
with kept.opened(root, clock=lambda: kept.THEN) as people:
    office = people("甲")
    print("at work", flush=True)
    for count in range(10_000):
        source = root.parent / f"{name}.json"
        values = [kept.information(1 + n, f"示例单位{name}-{count}") for n in range(2)]
        source.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        numbers = [r["record_no"] for r in fill(office, "01A", [source]).records]
        steps.submit(office, numbers)
        steps.review(office, numbers, opinion="同意", on="2019-12-31")
        for filed in file_records(office, numbers):
            with told.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps([filed["record_no"], filed["archive_no"]]) + "\\n")
"""


@contextmanager
def at_work(root: Path, name: str, errors: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", WORKING, str(root), name, str(root.parent / f"{name[0]}.told")]
    with errors.open("a", encoding="utf-8") as stream:
        worker = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=stream, text=True)
    try:
        yield worker
    finally:
        worker.kill()
        worker.communicate(timeout=60)


def killed_in_turns(root: Path, kills: int) -> None:
    """Let two processes work, and kill both once each is at work, at moments of their own; again and again."""
    moments = random.Random(758)
    errors = root.parent / "errors.txt"
    for turn in range(kills // 2):
        with at_work(root, f"a{turn}", errors) as one, at_work(root, f"b{turn}", errors) as other:
            for worker in (one, other):
                assert worker.stdout is not None
                assert worker.stdout.readline() == "at work\n", errors.read_text(encoding="utf-8")
            for worker in moments.sample([one, other], 2):
                time.sleep(moments.uniform(0, 1))
                worker.send_signal(signal.SIGKILL)
                assert worker.wait(timeout=60) == -signal.SIGKILL, errors.read_text(encoding="utf-8")
    assert errors.read_text(encoding="utf-8") == ""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [8, 200])
def test_nothing_is_lost_or_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int) -> None:
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr(
        "qrecords.services.care.verify.volume_problems", lambda *_: iter(())
    )  # the front matter is blank
    root = workspace(tmp_path)
    killed_in_turns(root, kills)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people("甲")
        assert verify(office, deep=True)["problems"] == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
            records = {r.record_no: r for r in tx.records.find(form_code="QR758-01A")}
        told = [json.loads(line) for path in root.parent.glob("*.told") for line in path.read_text().splitlines()]
        assert kills < 100 or told, "so many turns filed nothing"
        assert [no for no, archive_no in told if records[no].archive_no != archive_no] == []
        assert {records[no].state for no, _ in told} <= {"filed"}
        assert sorted(int(no[-5:]) for no in records) == [*range(1, len(records) + 1)], "no gap, none twice"

        left = {state: sorted(no for no, r in records.items() if r.state == state) for state in ("draft", "submitted")}
        if left["draft"]:
            steps.submit(office, left["draft"])
        if waiting := [*left["draft"], *left["submitted"]]:
            steps.review(office, waiting, opinion="同意", on="2019-12-31")
        if waiting := [no for no, r in records.items() if r.state not in {"filed", "bound"}]:
            file_records(office, waiting)
        with office.register.read() as tx:
            numbers = [r.archive_no for r in tx.records.find(form_code="QR758-01A")]
        assert sorted(int(no[-4:]) for no in numbers) == [*range(1, len(numbers) + 1)], "no gap, none twice"
        assert verify(office, deep=True)["problems"] == []
        assert office.archive.steps_in_staging() == []
    assert_valid_ocfl(root)
