"""Several processes answer at one desk, on one socket: forked from the one that started it, replaced when they end.

The one that started it answers no browser. It holds what is the whole desk's (shared.py), has no office open and, when
it forks, no other thread. When it ends, however it ends, those it forked notice at once and stop listening.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from qrecords.errors import StorageFailure
from qrecords.web.shared import Asking, Shared, answered

MOST = 4  # by default: each takes some 100 MB
QUICK_SECONDS, PAUSE_SECONDS = 3.0, 1.0  # who ended so soon is not replaced before this pause: it may end again
STOP_SECONDS = 12.0
COLLECTED = (10_000, 20, 20)  # a page makes some ten thousand things, nearly all of which go with it
READY = "ready"
LOG = logging.getLogger("qrecords.desk")
_ENDING = (signal.SIGINT, signal.SIGTERM)


def settle_down() -> None:
    """Let what is loaded now be for good: looking through it again and again would take time, and memory not shared."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


def how_many(wanted: int) -> int:
    """Return how many processes answer: as many as wanted, 0 = as there are processors; always one where none forks."""
    if not sys.platform.startswith("linux"):  # Windows cannot; macOS's own libraries do not bear it
        return 1
    return wanted or min(MOST, len(os.sched_getaffinity(0)))


@dataclass(frozen=True)
class Seat:
    """What a forked process has of the others: what it may ask, and how it learns that the first one is gone."""

    asking: Asking
    first: bool  # whether it is the one the start waits for
    alive: int  # can be read from when the process that started the desk has ended

    def on_end(self, end: Callable[[], None]) -> None:
        """Call `end` when this process is told to end, or the one that started it is gone; it has STOP_SECONDS then."""
        for number in _ENDING:
            signal.signal(number, lambda *_: end())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)

        def watch() -> None:
            os.read(self.alive, 1)
            end()
            time.sleep(STOP_SECONDS)
            os._exit(1)

        threading.Thread(target=watch, daemon=True).start()


@dataclass(frozen=True, eq=False)
class _Forked:
    process: Any  # of multiprocessing's fork context
    pipe: Connection
    since: float


class Several:
    """Forks processes, answers what they ask, and replaces those that end."""

    def __init__(self, count: int, shared: Shared, seated: Callable[[Seat], None]) -> None:
        self._count, self._shared, self._seated = count, shared, seated
        self._context = multiprocessing.get_context("fork")
        self._alive, self._held = os.pipe()  # nobody writes; it ends with this process, which alone holds that end
        self._forked: list[_Forked] = []
        self._next = 0.0  # when the next may be forked
        self._is_ready = False

    def run(self, ready: Callable[[], None], prepare: Callable[[], None]) -> None:
        """Run until a signal ends this process; `ready` is called once the first answers.

        What `prepare` loads those forked later have from the start.
        """
        try:
            self._fork(first=True)
            first = self._forked[0]
            self._attend(lambda: self._is_ready or first not in self._forked)
            if not self._is_ready:
                raise StorageFailure("工作台没有启动成功", remedy="请再试一次；一直如此请联系维护人员")
            ready()
            self._attended(prepare)
            settle_down()
            while True:
                self._attend(self._is_one_missing)
                self._fork()
        finally:
            self._stop()

    def _is_one_missing(self) -> bool:
        return len(self._forked) < self._count and time.monotonic() >= self._next

    def _fork(self, *, first: bool = False) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=self._begin, args=(ours, theirs, first))
        with _signals_waiting():  # until the new process has its own way of ending
            process.start()
            theirs.close()
            self._forked.append(_Forked(process, ours, time.monotonic()))

    def _begin(self, ours: Connection, theirs: Connection, first: bool) -> None:
        """Begin the forked process: with nothing of the others'."""
        os.close(self._held)
        for pipe in (ours, *(one.pipe for one in self._forked)):
            pipe.close()
        try:
            self._seated(Seat(Asking(theirs), first, self._alive))
        except Exception:
            LOG.info("a process of the desk ended", exc_info=True)
            sys.exit(1)

    def _attended(self, work: Callable[[], None]) -> None:
        """Do work of a second or two, while what is asked is answered; no other thread is left."""
        done = threading.Event()
        attending = threading.Thread(target=self._attend, args=(done.is_set,))
        attending.start()
        try:
            work()
        finally:
            done.set()
            attending.join()

    def _attend(self, until: Callable[[], bool]) -> None:
        """Answer what the processes ask, and take note of those that end."""
        while not until():
            asked = {one.pipe: (one, self._answer) for one in self._forked}
            ended = {one.process.sentinel: (one, self._let_go) for one in self._forked}
            heard: dict[Any, tuple[_Forked, Callable[[_Forked], None]]] = {**asked, **ended}
            for found in wait([*heard], timeout=0.2):
                one, heed = heard[found]
                if one in self._forked:  # else it was let go of a moment ago
                    heed(one)

    def _answer(self, one: _Forked) -> None:
        with _signals_waiting():  # half a question would spoil the next one
            try:
                what, given, named = one.pipe.recv()
                one.pipe.send(self._answered(what, given, named))
            except (EOFError, OSError):  # it has just ended
                self._let_go(one)

    def _answered(self, what: str, given: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Exception | None]:
        if what == READY:
            self._is_ready = True
            return None, None
        try:
            return answered(self._shared, what, given, named), None
        except Exception as error:  # told to who asked; this process goes on
            return None, error

    def _let_go(self, one: _Forked) -> None:
        self._forked.remove(one)
        one.pipe.close()
        one.process.join(PAUSE_SECONDS)
        if one.process.is_alive():  # it closed its pipe and hangs
            one.process.kill()
            one.process.join()
        one.process.close()
        now = time.monotonic()
        self._next = now + PAUSE_SECONDS if now - one.since < QUICK_SECONDS else now

    def _stop(self) -> None:
        """End all processes: asked to first, so that what is being answered is answered."""
        try:
            for one in self._forked:
                one.process.terminate()
            until = time.monotonic() + STOP_SECONDS
            self._attend(lambda: not self._forked or time.monotonic() > until)
        finally:
            _kill(self._forked)
            os.close(self._alive)
            os.close(self._held)


def _kill(left: Sequence[_Forked]) -> None:
    for one in left:
        one.process.kill()
        one.process.join()


@contextmanager
def _signals_waiting() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
