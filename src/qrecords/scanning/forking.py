"""The ready process: it has the children's modules loaded and forks a child for each that is asked for (`ready`).

It opens no file, has one thread, and nothing open but its owner's socket and a line for each child: so a child begins
as a new process would, sees nothing of the files before it, and takes its limits upon itself. A line that ends, as all
do when the owner dies, ends its child. With the owner gone, or nothing asked for long, this process ends.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import Any

LENGTH = struct.Struct("!I")  # before each request, which follows in JSON; with it the child's stdin, stdout and line
BEGUN = b"!"  # told by a line when its child runs
IDLE = 120.0  # seconds
_LOOK = 0.002  # seconds between looks at a child that was ended


class Server:
    """The children that run, each by its line."""

    def __init__(self, owner: socket.socket) -> None:
        self._owner: socket.socket | None = owner
        self._running: dict[socket.socket, int] = {}
        self._ending: dict[socket.socket, int] = {}
        self._asked: set[str] = set()

    def serve(self) -> None:
        """Fork what is asked for until nobody asks any more."""
        since = time.monotonic()
        while self._running or self._ending or (self._owner and time.monotonic() - since < IDLE):
            waits = [*self._running, *([self._owner] if self._owner else [])]
            seconds = _LOOK if self._ending else None if self._running else IDLE
            told, _, _ = select.select(waits, [], [], seconds)
            for line in told:
                if line is self._owner:
                    self._take(line)
                else:
                    self._end(line)
            self._reap()
            if told:
                since = time.monotonic()

    def _take(self, owner: socket.socket) -> None:
        head, ends, _, _ = socket.recv_fds(owner, LENGTH.size, 3)
        told = owner.recv(LENGTH.unpack(head)[0], socket.MSG_WAITALL) if head else b""
        if not told:
            self._owner = None
            return
        request = json.loads(told)
        with suppress(Exception):  # the child says so, by its silence, as a new process would
            self._load(request["module"])
        self._fork(request, ends[0], ends[1], socket.socket(fileno=ends[2]))

    def _load(self, module: str) -> None:
        """Load a module; what it loads late too when it is asked for again, as it is for many files."""
        loaded = importlib.import_module(module)
        for late in getattr(loaded, "LATE", ()) if module in self._asked else ():
            importlib.import_module(late)
        self._asked.add(module)
        gc.freeze()  # shared with the children for good

    def _fork(self, request: dict[str, Any], questions: int, answers: int, line: socket.socket) -> None:
        try:
            pid = os.fork()
        except OSError:
            pid = -1  # the owner sees the line end
        if pid == 0:
            try:
                for other in (line, self._owner, *self._running, *self._ending):
                    if other:
                        other.close()
                _be(request, questions, answers)
                os._exit(0)
            finally:
                os._exit(1)
        os.close(questions)
        os.close(answers)
        if pid < 0:
            line.close()
            return
        self._running[line] = pid
        with suppress(OSError):
            line.send(BEGUN)

    def _end(self, line: socket.socket) -> None:
        pid = self._ending[line] = self._running.pop(line)
        os.kill(pid, signal.SIGKILL)  # not waited for yet, so that no other has its number

    def _reap(self) -> None:
        for line, pid in [*self._ending.items()]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._ending[line]
                line.close()


def _be(request: dict[str, Any], questions: int, answers: int) -> None:
    """Run the module as a child with the streams, environment and folder of whoever asked."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    for end, stream in ((questions, 0), (answers, 1)):
        os.dup2(end, stream)
        os.close(end)
    sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    os.environ.clear()
    os.environ.update(request["environment"])
    with suppress(OSError):  # it may be gone
        os.chdir(request["folder"])
    importlib.import_module(request["module"]).main(request["argument"])
    sys.stdout.flush()


def main() -> None:
    """Serve the owner, whose socket is stdin."""
    owner = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir("/")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # its owner decides when it ends
    Server(owner).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
