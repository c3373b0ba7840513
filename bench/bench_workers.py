"""How much faster two workers compile a quarter of a year than one, both taking its parts from the register's jobs.

python -m bench.bench_workers [--check | --file N] [--share S] [--documents N] [--keep DIR] [--turns N]

`--check`: the first deep check of that year, compiled, instead; nothing was opened before. `--file`: the filing of N
reviewed records (01A) of each of two years instead, with LibreOffice.

The year of bench/volume_year.py; each worker is a process as `qrecords worker` starts them, with one core for itself.
Efficiency is the time of one worker ÷ twice that of two; `processor` is what both used together. A start of theirs is
part of it. Beside it the same work as one job, uncut, as the desk's own process does it. One after the other, in turns.

Ends with status 1 below 0.85 by the wall; that needs two cores with nothing else to do.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bench_volume import Spent, spent, with_workers
from bench.volume_year import FORMS, YEAR, lay, papers
from qrecords.model.job import JobState
from qrecords.office import Office
from qrecords.services import jobs
from qrecords.services.administer import init
from qrecords.services.finding.indexing import catch_up
from qrecords.services.intake.fill import fill
from qrecords.services.steps import review, submit
from qrecords.stores.given import on_disk
from qrecords.web.wording import worded

ASKED = 0.85


COMPILE = ("compile", {"year": str(YEAR), "with_gaps": True, "reason": "示例"})
CHECK = ("verify", {"deep": True})
FILE = ("file", {"all": True})


def done(office: Office, workers: int, kind: str, arguments: Mapping[str, object]) -> Spent:
    """Ask for it, and let so many workers do it; 0: the desk's own process."""
    job = jobs.start(office, kind, arguments)
    command = [sys.executable, "-m", "qrecords.web.workers", str(office.settings.root), "1", "once"]

    def all_of_them() -> None:
        started = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(workers)]
        if not started:
            jobs.work_off(office.workspace, worded)
        assert [process.wait() for process in started] == [0] * workers

    took = spent(all_of_them)
    ended = jobs.show_job(office, job.key)
    # What is laid has no papers behind its events: a check goes through all of it, and tells so.
    assert ended.state in {JobState.DONE, JobState.FAULTY if kind == "verify" else JobState.DONE}, ended.told
    with office.register.read() as tx:
        parts = [f"{p.worker.rpartition(' ')[2]}:{p.told}" for p in tx.jobs.parts(job.key)]
    print(
        f"{workers} workers: {took.wall:.1f} s, {took.processor:.1f} s of processors; {ended.told}; parts {parts}",
        flush=True,
    )
    return took


def to_file(office: Office, each: int) -> None:
    """Fill and review so many records of each of two years."""
    sample = json.loads((FORMS / "01A" / "sample.json").read_text(encoding="utf-8"))
    for year in (YEAR - 1, YEAR):
        rows = [
            {key: value for key, value in sample.items() if key not in {"source_record_no", "customer_code"}}
            | {"received_at": f"{year}-03-01 09:00", "channel": "电话", "info_type": ["咨询"], "记录编号": "新"}
            | {"customer_unit": f"示例单位{year}第{n}"}
            for n in range(each)
        ]
        source = office.settings.root / f"rows-{year}.json"
        source.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        numbers = [made.record_no for made in fill(office, "01A", [on_disk(source)]).records]
        submit(office, numbers)
        review(office, numbers, opinion="同意", on=f"{YEAR}-12-31")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.25, help="of the year's 11,680 records")
    parser.add_argument("--documents", type=int, default=100, help="distinct PDFs of each form")
    parser.add_argument("--keep", type=Path, help="where the PDFs are kept for the next run")
    parser.add_argument("--check", action="store_true", help="a deep check of the compiled year instead")
    parser.add_argument("--turns", type=int, default=1, help="the medians of so many are told")
    parser.add_argument("--file", type=int, default=0, help="so many records of each of two years are filed instead")
    chosen = parser.parse_args()
    asked = CHECK if chosen.check else FILE if chosen.file else COMPILE
    with TemporaryDirectory(prefix="bench-workers-") as named:
        folder = Path(named)
        made = {} if chosen.file else papers(chosen.keep or folder / "papers", chosen.documents, chosen.share)
        root = folder / "office"
        with closing(init(root)) as office:
            if chosen.file:
                to_file(office, chosen.file)
            else:
                lay(office, made, chosen.share)
            catch_up(office)
            if chosen.check:
                with closing(with_workers(root, folder / "compiled", 1)) as whole:
                    done(whole, 0, *COMPILE)
                root = folder / "compiled"
        turns: list[dict[int, Spent]] = []
        for turn in range(chosen.turns):
            turns.append({})
            for workers in (0, 1, 2):
                copy = folder / f"office{turn}-{workers}"
                with closing(with_workers(root, copy, 1)) as office:
                    turns[-1][workers] = done(office, workers, *asked)
                shutil.rmtree(copy)
    rows = {
        n: Spent(*(median(getattr(turn[n], what) for turn in turns) for what in ("wall", "processor")))
        for n in (0, 1, 2)
    }
    wall, processor = (
        one / (2 * two) for one, two in ((rows[1].wall, rows[2].wall), (rows[1].processor, rows[2].processor / 2))
    )
    print(f"uncut ÷ one worker by parts {rows[0].wall / rows[1].wall:.2f}, ÷ two {rows[0].wall / rows[2].wall:.2f}")
    print(f"efficiency {wall:.2f} by the wall (asked {ASKED}), {processor:.2f} by processor time of one ÷ of both")
    return 0 if wall >= ASKED else 1


if __name__ == "__main__":
    sys.exit(main())
