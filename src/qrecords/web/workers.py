"""Workers: processes that take the office's long work wherever they run, as many at once as one says.

    qrecords worker        starts the others again when they die, and lets them end when it is told to end
      ├ a worker each      takes one job after the other (services/jobs.py), gives back what it has when told to end
      └ web/watching.py    looks into the scanner's folder, where the settings say so

A worker whose starter is gone ends by itself. LibreOffice is started at most once a core, however many workers ask.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from qrecords.desk.workspace import Workspace
from qrecords.errors import QRecordsError
from qrecords.model.job import JobState
from qrecords.render import soffice
from qrecords.services import jobs
from qrecords.services.jobkinds import KINDS
from qrecords.settings import load
from qrecords.strict import RUN, installed
from qrecords.web.watching import watched
from qrecords.web.wording import worded
from qrecords.web.worker import NICE

LOOK_SECONDS = 0.5  # between two looks for work, and at those who do it
PAUSE_SECONDS = 1.0  # before one that died is started again
SCANS = "scan"  # the kind of job the scanner's folder makes
Tell = Callable[[str, str, JobState], None]  # key, kind, how it ended


@dataclass(frozen=True, slots=True)
class Wishes:
    """How many jobs at once (0 = one a core), of which kinds (none = all), and whether to end when none is left."""

    at_once: int = 0
    kinds: tuple[str, ...] = ()
    once: bool = False

    def takes(self, kind: str) -> bool:
        """Tell whether jobs of this kind are taken."""
        return not self.kinds or kind in self.kinds


def attend(root: Path, wishes: Wishes, tell: Tell) -> None:
    """Let workers work in a workspace until SIGTERM or Ctrl-C, or until nothing is left; `tell` hears of each job."""
    ending, before = threading.Event(), {}
    for number in (signal.SIGTERM, signal.SIGINT):
        before[number] = signal.signal(number, lambda *_: ending.set())
    looks = wishes.takes(SCANS) and not wishes.once
    try:
        with watched(load(root), reads=False) if looks else nullcontext():
            _attend(root, wishes, tell, ending)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _attend(root: Path, wishes: Wishes, tell: Tell, ending: threading.Event) -> None:
    cores = os.cpu_count() or 1
    count = wishes.at_once or cores
    command = [
        sys.executable, "-m", "qrecords.web.workers", str(root), str(max(1, cores // count)),
        "once" if wishes.once else "on", *wishes.kinds,
    ]  # fmt: skip
    workers = [_Started(command, tell) for _ in range(count)]
    while workers:
        if ending.wait(LOOK_SECONDS):
            for worker in workers:
                worker.process.terminate()
            for worker in workers:
                worker.wait()
            return
        for worker in [w for w in workers if w.process.poll() is not None]:
            worker.wait()
            workers.remove(worker)
            if worker.process.returncode or not wishes.once:
                time.sleep(PAUSE_SECONDS)
                workers.append(_Started(command, tell))


class _Started:
    """One worker, and who listens to what it tells."""

    def __init__(self, command: Iterable[str], tell: Tell) -> None:
        # A session of its own: Ctrl-C comes to the starter, which ends them in order.
        self.process = subprocess.Popen(
            [*command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        self._ear = threading.Thread(target=self._listen, args=(tell,), daemon=True)
        self._ear.start()

    def _listen(self, tell: Tell) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            key, kind, state = line.split()
            tell(key, kind, JobState(state))

    def wait(self) -> None:
        self.process.wait()
        self._ear.join()


def work(workspace: Workspace, kinds: Collection[str], ends: Callable[[], bool], *, once: bool, tell: Tell) -> None:
    """Take one job after the other until told to end; `once`: until none waits or runs any more."""
    hand = jobs.Hand(f"{platform.node()} {os.getpid()}", kinds or KINDS, shares=True, ends=ends)
    while not ends():
        try:
            done = jobs.take_one(workspace, worded, hand)
            if done is not None:
                tell(done.key, done.kind, done.state)
                continue
            if once and not jobs.is_left(workspace, hand):
                return
        except QRecordsError:  # the register is out of reach: what was under way is seen to when it is back
            time.sleep(PAUSE_SECONDS)
        time.sleep(LOOK_SECONDS)


def main(root: Path, share: int, wait: str, *kinds: str) -> None:
    """Be one worker; `share` are the cores it has for itself."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    if (strict := installed()) is not None and strict.root == root.resolve():
        RUN.strict = strict  # the starter has taken on the service account, and so have its children
    told, starter = threading.Event(), os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    soffice.limit(os.cpu_count() or 1)
    with closing(Workspace.open(root)) as workspace:
        settings, workspace.cores = workspace.settings, share
        if not settings.pdf.workers:
            workspace.settings = replace(settings, pdf=replace(settings.pdf, workers=share))
        work(
            workspace,
            kinds,
            lambda: told.is_set() or os.getppid() != starter,
            once=wait == "once",
            tell=_told,
        )


def _told(key: str, kind: str, state: JobState) -> None:
    with suppress(BrokenPipeError):  # its starter is gone, and so it ends
        os.write(1, f"{key} {kind} {state.value}\n".encode())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
