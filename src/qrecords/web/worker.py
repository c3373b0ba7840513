"""The process that does the desk's long work: started beside the server, gone when nothing waits any more."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from qrecords.desk.workspace import Workspace
from qrecords.services.jobs import waiting, work_off
from qrecords.settings import WORKERS
from qrecords.strict import RUN, installed
from qrecords.web.wording import worded

NICE = 5  # other people's pages come first


class Beside:
    """Starts the process, unless the one it started last still takes what comes, however slow its start.

    Where a pipe can be handed on, the process closes it before it looks a last time: what is asked for later finds
    another one started, and nothing waits because it came while one was ending.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.child: subprocess.Popen[bytes] | None = None
        self._taking: int | None = None  # ends when the process takes no more
        self._guard = threading.Lock()

    def __call__(self) -> None:
        """Start it."""
        with self._guard:
            if self._takes_more():
                return
            if os.name != "posix":
                self.child = self._started()
                return
            if self._taking is not None:
                os.close(self._taking)
            self._taking, held = os.pipe()
            try:
                self.child = self._started(held)
            finally:
                os.close(held)

    def _started(self, *held: int) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "qrecords.web.worker", str(self._root), *map(str, held)]
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, pass_fds=held
        )

    def _takes_more(self) -> bool:
        if self.child is None or self.child.poll() is not None:
            return False
        return self._taking is None or not select.select([self._taking], [], [], 0)[0]


class Worker:
    """Sees to it that what waits is done: pages ask at every look. One that is at work, or starts, takes it."""

    def __init__(self, workspace: Workspace, start: Callable[[], None]) -> None:
        self._workspace, self._start = workspace, start

    def __call__(self) -> None:
        """Let the process be started if something waits and nobody is at work, unless workers do it all."""
        if self._workspace.settings.desk.long_work != WORKERS and waiting(self._workspace):
            self._start()


def main(root: Path, held: int | None = None) -> None:
    """Work off what waits in a workspace; `held` is closed before the last look (Beside)."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    if (strict := installed()) is not None and strict.root == root.resolve():
        RUN.strict = strict  # the server has taken on the service account, and so have its children
    with closing(Workspace.open(root)) as workspace:
        work_off(workspace, worded)
        if held is not None:
            os.close(held)
            work_off(workspace, worded)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
