"""Two processes fill, submit, review, file, correct and back up in one workspace and are killed (SIGKILL) at random moments.

Each is killed after some of its steps and a part of the next, by a plan drawn from a seed that is printed and can be set
(QRECORDS_KILLS_SEED); what the moments hit depends on the machine, how much is done does not. Afterwards nothing that was
told as filed is lost, no object is half, no number is missing or used twice, and log, backup and a deep check are clean.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from qrecords.model.record import Record
from qrecords.office import Office
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.care.backup import backup, restore
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from tests import retention_office as kept
from tests.conftest import CHECKOUT
from tests.faulty_disk import blank_convert, workspace
from tests.services.test_crash import assert_valid_ocfl

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

SEED = int(os.environ.get("QRECORDS_KILLS_SEED", "758"))
STEPS = 6  # of a round, as WORKING reports them
SECONDS = 300  # before a worker that does nothing counts as hanging, however loaded the machine is

# For each line on standard input (name, paper) forks a process that works until it is killed: it says on standard output
# each step it has done, and in its file what it was told is filed. Loading the program once spares most of the time.
WORKING = """
import json, os, sys
from pathlib import Path
import docxtpl, openpyxl, tantivy
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.care.backup import backup
from qrecords.services.correct import correct
from qrecords.services.file import file_records
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
root, told = Path(sys.argv[1]), Path(sys.argv[2])

starter = os.getpid()

def say(*words):
    if os.getpid() != starter != os.getppid():
        os._exit(1)  # left alone: nobody would ever kill it
    print(*words, flush=True)

def work(name, paper):
    if paper == "blank":
        Converter.convert = blank_convert

    def input_of(values):
        source = root.parent / f"{name}.json"
        source.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
        return source

    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people("甲")
        say("at work", os.getpid())
        for count in range(10_000):
            # Each of them says that it is a new one: they differ by the customer alone, as a changed one would.
            values = [kept.information(1 + n, f"示例单位{name}-{count}", 记录编号="新") for n in range(2)]
            numbers = [r.record_no for r in fill(office, "01A", [on_disk(input_of(values))]).records]
            say("fill")
            steps.submit(office, numbers)
            say("submit")
            steps.review(office, numbers, opinion="同意", on="2019-12-31")
            say("review")
            filed = file_records(office, numbers)
            with told.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps([f.record_no, f.archive_no]) + "\\n" for f in filed)
            say("file")
            correct(office, numbers[0], on_disk(input_of({"info_content": f"更正{name}-{count}。"})), reason="示例")
            say("correct")
            backup(office, root.parent / "kept")
            say("backup")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            work(*line.split())
        finally:
            sys.stderr.flush()
    say("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@contextmanager
def at_work(root: Path, name: str, working: str = WORKING, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Give a process that starts workers; what they say against all odds is in NAME.errors."""
    folder = root.parent
    scratch = folder / "scratch"  # what LibreOffice leaves when its caller is killed
    scratch.mkdir(exist_ok=True)
    command = [sys.executable, "-c", working, str(root), str(folder / f"{name}.told")]
    with (folder / f"{name}.errors").open("w", encoding="utf-8") as errors:
        starter = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
            env={**os.environ, "TMPDIR": str(scratch), **env},
        )  # fmt: skip
    try:
        yield starter
    except AssertionError:
        print((folder / f"{name}.errors").read_text(encoding="utf-8"))  # why a worker ended by itself
        raise
    finally:
        starter.kill()
        starter.communicate(timeout=SECONDS)


@dataclass(frozen=True)
class Kill:
    """When a worker is killed: after how many steps, and how much later, in the time a step took on average."""

    steps_done: int
    part: float

    def strike(self, starter: subprocess.Popen[str], name: str, paper: str) -> None:
        assert starter.stdin is not None
        starter.stdin.write(f"{name} {paper}\n")
        starter.stdin.flush()
        begun = _line(starter)
        assert begun.startswith("at work "), begun
        began = time.monotonic()
        for _ in range(self.steps_done):
            step = _line(starter)
            assert not step.startswith("ended"), step
        average = (time.monotonic() - began) / self.steps_done if self.steps_done else 0.1
        time.sleep(min(self.part * average, 10))
        os.kill(int(begun.split()[-1]), signal.SIGKILL)
        while not (last := _line(starter)).startswith("ended"):
            pass
        assert last == f"ended {-signal.SIGKILL}", last


def _line(starter: subprocess.Popen[str]) -> str:
    assert starter.stdout is not None
    line = starter.stdout.readline()
    assert line.endswith("\n"), f"{line!r}: the starter itself has ended"
    return line.strip()


def planned(kills: int) -> list[tuple[str, Kill, Kill]]:
    """Return the turns of two kills each; in every twentieth LibreOffice makes the papers, and is what is killed."""
    chance = random.Random(SEED)
    turns = []
    for turn in range(kills // 2):
        if turn % 20 == 2:
            # Three quick steps, then the filing: it takes many times as long.
            pair = [Kill(3, chance.uniform(0, 30)) for _ in range(2)]
        else:
            pair = [Kill(chance.randint(0, 2 * STEPS), chance.uniform(0, 2)) for _ in range(2)]
        turns.append(("real" if turn % 20 == 2 else "blank", *pair))
    return turns


def killed_in_turns(root: Path, kills: int) -> None:
    """Let two processes work and kill both, each at its moment; again and again."""
    with at_work(root, "a") as one, at_work(root, "b") as other, ThreadPoolExecutor(2) as pool:
        for turn, (paper, *pair) in enumerate(planned(kills)):
            struck = [
                pool.submit(kill.strike, starter, f"{name}{turn}", paper)
                for kill, (name, starter) in zip(pair, (("a", one), ("b", other)), strict=True)
            ]
            problems = [str(e) for future in struck if (e := future.exception(SECONDS))]
            said = "".join((root.parent / f"{name}.errors").read_text(encoding="utf-8") for name in "ab")
            assert problems == [], f"seed {SEED}, turn {turn}: {said}"
            assert said == ""


@pytest.mark.slow
@pytest.mark.parametrize("kills", [8, 200])
def test_nothing_is_lost_or_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int) -> None:
    print(f"QRECORDS_KILLS_SEED={SEED}")
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    root = workspace(tmp_path)
    killed_in_turns(root, kills)
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people("甲")
        assert verify(office, deep=True).problems == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
            records = {r.record_no: r for r in tx.records.find(form_code="QR758-01A")}
        told = told_as_filed(root.parent)
        assert told, "so many turns filed nothing"
        assert [no for no, archive_no in told if records[no].archive_no != archive_no] == []
        assert {records[no].state for no, _ in told} == {"filed"}
        assert sorted(int(no[-5:]) for no in records) == [*range(1, len(records) + 1)], "no gap, none twice"
        corrected = [r for r in records.values() if r.corrections]
        assert kills < 100 or corrected, "so many turns corrected nothing"

        finish(office, records)
        with office.register.read() as tx:
            numbers = [r.archive_no for r in tx.records.find(form_code="QR758-01A")]
        assert sorted(int(no[-4:]) for no in numbers) == [*range(1, len(numbers) + 1)], "no gap, none twice"
        assert verify(office, deep=True).problems == []
        assert office.archive.steps_in_staging() == []
        backup(office, root.parent / "kept")
    assert_valid_ocfl(root)
    restore(root.parent / "kept", root.parent / "again")
    with kept.opened(root.parent / "again", clock=lambda: kept.THEN) as people:
        assert verify(people.office, deep=True).problems == []


def told_as_filed(folder: Path) -> list[list[str]]:
    """Return numbers and archive numbers the workers were told are filed; a line cut short by the kill was not told."""
    lines = [line for path in folder.glob("*.told") for line in path.read_text(encoding="utf-8").splitlines(True)]
    return [json.loads(line) for line in lines if line.endswith("\n")]


def finish(office: Office, records: dict[str, Record]) -> None:
    """Take every record that was left on its way to its end."""
    left = {state: sorted(no for no, r in records.items() if r.state == state) for state in ("draft", "submitted")}
    if left["draft"]:
        steps.submit(office, left["draft"])
    if waiting := [*left["draft"], *left["submitted"]]:
        steps.review(office, waiting, opinion="同意", on="2019-12-31")
    if waiting := [no for no, r in records.items() if r.state not in {"filed", "bound"}]:
        file_records(office, waiting)
