"""Long work the desk was asked for, until and after it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from qrecords.model.job import OPEN_JOBS, Job, JobState
from qrecords.stores.register import tables as t

_J = t.job.c


class Jobs:
    """The jobs of the office, each asked for by an account."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def add(self, job: Job) -> None:
        """Write a job down."""
        values = {c.name: getattr(job, c.name) for c in _J if c.name != "number"}
        self._c.execute(t.job.insert().values(**values | {"lines": list(job.lines)}))

    def get(self, key: str) -> Job | None:
        """Return a job."""
        row = self._c.execute(sa.select(t.job).where(_J.key == key)).first()
        return _job(row) if row else None

    def all(self, account: str = "", limit: int = 200) -> list[Job]:
        """Return the newest jobs first, those of an account or all; parts of jobs stand for themselves nowhere."""
        asked = sa.select(t.job).where(_J.part_of == "").order_by(_J.number.desc()).limit(limit)
        return [_job(row) for row in self._c.execute(asked.where(_J.account == account) if account else asked)]

    def in_state(self, state: JobState) -> list[Job]:
        """Return the jobs in a state, oldest first."""
        return [_job(r) for r in self._c.execute(sa.select(t.job).where(_J.state == state).order_by(_J.number))]

    def open(self, part_of: str = "") -> list[Job]:
        """Return what waits or runs, oldest first: all, or the parts of a job."""
        asked = sa.select(t.job).where(_J.state.in_(OPEN_JOBS)).order_by(_J.number)
        return [_job(row) for row in self._c.execute(asked.where(_J.part_of == part_of) if part_of else asked)]

    def parts(self, key: str) -> list[Job]:
        """Return the parts of a job."""
        return [_job(row) for row in self._c.execute(sa.select(t.job).where(_J.part_of == key).order_by(_J.number))]

    def holder(self, key: str) -> str:
        """Return the owner of a job's lease, "" when nobody holds it."""
        return self._c.execute(sa.select(t.lease.c.owner).where(t.lease.c.name == lease_of(key))).scalar() or ""

    def begin(self, key: str, at: str, worker: str = "") -> None:
        """Note that a job runs, and who does it."""
        self._change(key, state=JobState.RUNNING, began_at=at, worker=worker, tries=_J.tries + 1)

    def give_back(self, key: str, *, untried: bool) -> None:
        """Let a job wait again; `untried`: nothing was wrong with it."""
        self._change(key, state=JobState.WAITING, began_at="", worker="", tries=_J.tries - int(untried))

    def progress(self, key: str, done: int, total: int, lines: Sequence[str] = ()) -> None:
        """Note how far it is, and what it told of that."""
        self._change(key, done=done, total=total, lines=list(lines))

    def ask_to_stop(self, key: str) -> None:
        """Note that it is to stop at the next moment it can."""
        self._change(key, stop=True)

    def end(self, key: str, state: JobState, at: str, told: str, lines: Sequence[str] = ()) -> None:
        """Note how it ended."""
        self._change(key, state=state, ended_at=at, told=told, lines=list(lines))

    def offer(self, key: str, what: str, files: Mapping[str, str]) -> None:
        """Note among its arguments what it made that waits to be taken, by number."""
        if (job := self.get(key)) is not None:
            self._change(key, arguments={**job.arguments, what: dict(files)})

    def forget_ended(self) -> None:
        """Let go of all that is over: its lines may tell what was destroyed."""
        self._c.execute(t.job.delete().where(_J.state.not_in(OPEN_JOBS)))

    def forget_open(self) -> None:
        """Let go of what is not over: it is done where it was asked for."""
        self._c.execute(t.job.delete().where(_J.ended_at == ""))

    def _change(self, key: str, **columns: Any) -> None:
        self._c.execute(t.job.update().where(_J.key == key).values(**columns))


def lease_of(key: str) -> str:
    """Return the name of the lease that who does a job holds."""
    return f"job/{key}"


def _job(row: Any) -> Job:
    values = dict(row._mapping)
    del values["number"]
    return Job(**values | {"state": JobState(values["state"]), "lines": tuple(values["lines"])})
