"""Two machines fill, file, scan and search in one office for a minute, and what works on them is killed again and again.

A machine is what its processes can be looked for on (work/process.py); here a variable says so. No step that lives is
undone by the other machine, and none that died is left. Moments are drawn from QRECORDS_KILLS_SEED.
"""

from __future__ import annotations

import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from qrecords.desk.session import Session
from qrecords.render.pdf import Converter
from qrecords.services.care.recover import recover
from qrecords.services.care.verify import verify
from qrecords.work import process
from qrecords.work.leases import LeaseKeeper
from tests import retention_office as kept
from tests.faulty_disk import blank_convert, workspace
from tests.long.test_killed_at_random import SEED, Kill, at_work, told_as_filed

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

SECONDS = float(os.environ.get("QRECORDS_TWO_MACHINES_SECONDS", "60"))
STEPS = 6  # of a round

# As in tests/long/test_killed_at_random.py: forks a process for each line on standard input, which works until it is killed.
WORKING = """
import json, os, sys
from pathlib import Path
import docxtpl, openpyxl, tantivy
from PIL import Image, ImageDraw
from qrecords.render.pdf import Converter
from qrecords.services import steps
from qrecords.services.file import file_records
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.services.scans.scan import scan
from qrecords.stores.given import on_disk
from tests import retention_office as kept
from tests.faulty_disk import blank_convert
root, told = Path(sys.argv[1]), Path(sys.argv[2])
Converter.convert = blank_convert
starter = os.getpid()

def say(*words):
    if os.getpid() != starter != os.getppid():
        os._exit(1)  # left alone: nobody would ever kill it
    print(*words, flush=True)

def work(name):
    folder = root.parent / name
    folder.mkdir()
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people("甲")
        say("at work", os.getpid())
        for count in range(10_000):
            values = [kept.information(1 + n, f"示例单位{name}-{count}") for n in range(2)]
            source, page = folder / f"{name}-{count}.json", folder / f"{count}.png"
            source.write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
            numbers = [r.record_no for r in fill(office, "01A", [on_disk(source)]).records]
            say("fill")
            steps.submit(office, numbers)
            say("submit")
            steps.review(office, numbers, opinion="同意", on="2019-12-31")
            say("review")
            filed = file_records(office, numbers)
            with told.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps([f.record_no, f.archive_no]) + "\\n" for f in filed)
            say("file")
            picture = Image.new("L", (400, 560), 255)
            ImageDraw.Draw(picture).text((40, 40), f"{name} {count}")
            picture.save(page)
            scan(office, [on_disk(page)], recognise=False)
            say("scan")
            assert search(office, f"示例单位{name}-{count}", Criteria()).total == 2
            say("search")

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            work(line.split()[0])
        finally:
            sys.stderr.flush()
    say("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.slow
def test_no_step_that_lives_is_undone_and_none_that_died_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    print(f"QRECORDS_KILLS_SEED={SEED}")
    monkeypatch.setattr(Converter, "convert", blank_convert)
    monkeypatch.setattr("qrecords.services.care.deep.Deep.volumes", lambda *_: iter(()))  # the front matter is blank
    root = workspace(tmp_path)
    until = time.monotonic() + SECONDS

    def machine(name: str) -> int:
        chance, turns = random.Random(f"{SEED}{name}"), 0
        with at_work(root, name, WORKING, **{process.MACHINE_VARIABLE: name}) as starter:
            while time.monotonic() < until:
                Kill(chance.randint(0, 2 * STEPS), chance.uniform(0, 2)).strike(starter, f"{name}{turns}", "blank")
                turns += 1
        return turns

    with ThreadPoolExecutor(2) as pool:
        kills = sum(pool.map(machine, ("a", "b")))
    said = "".join((tmp_path / f"{name}.errors").read_text(encoding="utf-8") for name in "ab")
    assert said == "", "a step of a living process failed"
    with kept.opened(root, clock=lambda: kept.THEN) as people:
        office = people("甲")
        for name in ("a", "b"):  # each machine's next command mends what died there
            keeper = LeaseKeeper(office.register, machine=name)
            recover(Session(replace(office.workspace, leases=keeper), office.account))
        assert verify(office, deep=True).problems == []
        with office.register.read() as tx:
            assert tx.intents.open() == []
            outcomes = [e.detail["did"] for e in tx.audit.events() if e.object.startswith("intent/")]
            records = {r.record_no: r for r in tx.records.find(form_code="QR758-01A")}
        told = told_as_filed(tmp_path)
        assert told, "in so long a time nothing was filed"
        assert [no for no, archive_no in told if records[no].archive_no != archive_no] == []
        assert len(outcomes) <= kills, "more steps mended than processes died"
        print(f"{kills} kills, {len(told)} records filed, mended: {sorted(outcomes)}")
