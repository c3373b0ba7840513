"""What is read is logged with what others read meanwhile: one transaction for all who wait for the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from qrecords.model.audit import Event


@dataclass(eq=False)
class _Batch:
    events: list[Event] = field(default_factory=list)
    is_kept: bool = False
    error: Exception | None = None


class Notes:
    """Keeps events in batches; safe for threads. While one batch is written the next one gathers."""

    def __init__(self, keep: Callable[[Sequence[Event]], None]) -> None:
        self._keep = keep
        self._guard, self._writing = Lock(), Lock()
        self._next = _Batch()

    def note(self, events: Sequence[Event]) -> None:
        """Keep events; when this returns they are kept for good, or the error of the batch they were in is raised."""
        with self._guard:
            mine = self._next
            mine.events += events
        with self._writing:
            if not mine.is_kept:
                self._write(mine)
        if mine.error is not None:
            raise mine.error

    def _write(self, batch: _Batch) -> None:
        with self._guard:
            self._next = _Batch()
        try:
            self._keep(batch.events)
        except Exception as error:  # told to everyone whose events these are
            batch.error = error
        batch.is_kept = True
