"""Do the same to many things, in several processes when there is enough to do: bind volumes, look at pages."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from qrecords.render.volume import Bound
from qrecords.services.volumes.binding import Job

MAX_WORKERS = 4
WORTH_A_WORKER = 200  # pages below which starting a process costs more than it saves

Given = TypeVar("Given")
Made = TypeVar("Made")


def run_jobs(jobs: Sequence[Job], workers: int = 0) -> Iterator[Bound]:
    """Bind volumes and give what each has, in their order; `workers` 0 = by cores."""
    return in_processes(Job.run, jobs, workers, pages=sum(part.pages for job in jobs for part in job.items))


def in_processes(
    work: Callable[[Given], Made], things: Sequence[Given], workers: int = 0, *, pages: int, at_once: int = 1
) -> Iterator[Made]:
    """Give what `work` makes of each thing, in their order; `pages` tells how much there is to do."""
    cores = workers or min(os.cpu_count() or 1, MAX_WORKERS)
    count = max(1, min(cores, len(things), pages // WORTH_A_WORKER))
    if count == 1:
        yield from map(work, things)
        return
    # Started anew: a forked process would share open databases and locks.
    with ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(work, things, chunksize=at_once)
        finally:
            pool.shutdown(cancel_futures=True)
