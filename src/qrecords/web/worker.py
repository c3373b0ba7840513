"""The process that does the desk's long work: started beside the server, gone when nothing waits any more."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import closing, suppress
from pathlib import Path

from qrecords.desk.workspace import Workspace
from qrecords.services.jobs import waiting, work_off
from qrecords.strict import RUN, installed
from qrecords.web.wording import worded

NICE = 5  # other people's pages come first


class Worker:
    """Starts the process; one that is at work already takes what waits, and one that still starts will."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._child: subprocess.Popen[bytes] | None = None
        self._guard = threading.Lock()

    def __call__(self) -> None:
        """See to it that what waits is done. Pages ask at every look: one process, however long its start takes."""
        with self._guard:
            if (self._child is None or self._child.poll() is not None) and waiting(self._workspace):
                command = [sys.executable, "-m", "qrecords.web.worker", str(self._workspace.settings.root)]
                nothing = subprocess.DEVNULL
                self._child = subprocess.Popen(
                    command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
                )


def main(root: Path) -> None:
    """Work off what waits in a workspace."""
    with suppress(AttributeError, OSError):
        os.nice(NICE)
    if (strict := installed()) is not None and strict.root == root.resolve():
        RUN.strict = strict  # the server has taken on the service account, and so have its children
    with closing(Workspace.open(root)) as workspace:
        work_off(workspace, worded)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
