"""Long work that outlives the page it was asked for on: how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")


class JobState(StrEnum):
    """Where a job is on its way."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAULTY = "faulty"  # it came to its end, and found something wrong
    FAILED = "failed"
    STOPPED = "stopped"
    BROKEN = "broken"  # its process is gone


JOB_LABELS = {
    JobState.WAITING: "排队",
    JobState.RUNNING: "进行中",
    JobState.DONE: "已完成",
    JobState.FAULTY: "已完成，有问题",
    JobState.FAILED: "没有办成",
    JobState.STOPPED: "已停下",
    JobState.BROKEN: "中断",
}
OPEN_JOBS = (JobState.WAITING, JobState.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as the register keeps it; `lines` are its result in words, `stop` says that someone asked it to stop.

    `worker` is who does it, "" the desk's own process; `part_of` the job it is a part of.
    """

    key: str
    kind: str
    account: str
    origin: str
    arguments: Mapping[str, Any]
    state: JobState
    asked_at: str
    began_at: str = ""
    ended_at: str = ""
    done: int = 0
    total: int = 0
    stop: bool = False
    told: str = ""
    lines: tuple[str, ...] = field(default=())
    tries: int = 0
    worker: str = ""
    part_of: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether it still waits or runs."""
        return self.state in OPEN_JOBS

    def found(self, kind: type[T]) -> T | None:
        """Return what a part found, as data; None when it was not done, or an earlier release told it otherwise."""
        from pydantic import TypeAdapter  # takes time, and most starts join nothing

        if self.state is not JobState.DONE or len(self.lines) != 1:
            return None
        try:
            return TypeAdapter(kind).validate_json(self.lines[0], strict=True)
        except ValueError:
            return None
