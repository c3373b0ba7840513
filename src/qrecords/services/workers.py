"""Bind many volumes, in several processes when there is enough to do."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from qrecords.render.volume import Bound
from qrecords.services.binding import Job

MAX_WORKERS = 4
WORTH_A_WORKER = 200  # pages below which starting a process costs more than it saves


def run_jobs(jobs: Sequence[Job], workers: int = 0) -> Iterator[Bound]:
    """Bind volumes and give what each has, in their order; `workers` 0 = by cores."""
    cores = workers or min(os.cpu_count() or 1, MAX_WORKERS)
    pages = sum(part.pages for job in jobs for part in job.items)
    count = max(1, min(cores, len(jobs), pages // WORTH_A_WORKER))
    if count == 1:
        yield from map(Job.run, jobs)
        return
    # Started anew: a forked process would share open databases and locks.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(Job.run, jobs)
        finally:
            pool.shutdown(cancel_futures=True)
