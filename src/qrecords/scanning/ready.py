"""Children forked of a process of ours that is ready: to start an interpreter and load the libraries takes longer than
most files do to open. It is started when the first child is asked for, and ends with this process, however that ends.

Only on Linux: elsewhere what libraries hold does not survive a fork, or there is none.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from typing import IO, Any

from qrecords.scanning import forking

FORKS = sys.platform == "linux"
START = 30.0  # seconds until a child must run


class Forked:
    """A forked child: of a `subprocess.Popen`, what those who ask children need."""

    def __init__(self, line: socket.socket, stdin: IO[bytes] | None, stdout: IO[bytes]) -> None:
        self.stdin, self.stdout = stdin, stdout
        self._line = line

    def kill(self) -> None:
        """End it, from any thread; it is gone then, so that it takes up nothing more."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)
            self._until_gone()

    def wait(self) -> None:
        """Return when it is gone; it must have been told to end."""
        with suppress(OSError):
            self._line.settimeout(None)
            self._until_gone()
        self._line.close()

    def _until_gone(self) -> None:
        while self._line.recv(1):
            pass


class Ready:
    """The ready process as its owner holds it."""

    def __init__(self) -> None:
        self.kind = _kind()
        self._socket, theirs = socket.socketpair()
        self._sending = threading.Lock()
        self._lines: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        with theirs:
            # -P: never import from the folder one happens to stand in, which may hold what came with the scans.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", forking.__name__],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )

    def child(self, request: bytes, *, asked: bool) -> Forked | None:
        """Return a child that was asked for; None when the ready process gives none."""
        line, theirs = socket.socketpair()
        read, answers = os.pipe()
        questions, asking = os.pipe() if asked else (os.open(os.devnull, os.O_RDONLY), -1)
        try:
            with self._sending:
                socket.send_fds(
                    self._socket, [forking.LENGTH.pack(len(request))], [questions, answers, theirs.fileno()]
                )
                self._socket.sendall(request)
            theirs.close()
            line.settimeout(START)
            begun = bool(line.recv(1))
        except OSError:
            begun = False
        finally:
            theirs.close()
            os.close(questions)
            os.close(answers)
        child = Forked(line, os.fdopen(asking, "wb") if asked else None, os.fdopen(read, "rb"))
        if begun:
            self._lines.add(line)
            return child
        line.close()
        child.stdout.close()
        if child.stdin:
            child.stdin.close()
        return None

    def end(self, *, now: bool = False) -> None:
        """End it when its children have ended, or `now`, and them as well."""
        for line in [*self._lines] if now else []:
            with suppress(OSError):
                line.shutdown(socket.SHUT_WR)
        self._socket.close()
        self._process.wait()

    def leave(self) -> None:
        """Let go of it in a process forked of its owner, whose it stays."""
        for line in (self._socket, *self._lines):
            line.close()
        self._process.returncode = 0  # not this process's to wait for


class _Ours:
    """The ready process of this process, when there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ready: Ready | None = None

    def get(self) -> Ready:
        """Return it, a new one where a child started now would differ from those it forks."""
        with self._lock:
            if self._ready and self._ready.kind != _kind():
                self._ready.end()
                self._ready = None
            self._ready = self._ready or Ready()
            return self._ready

    def forget(self, ready: Ready) -> None:
        """Do without one that gives no child any more."""
        with self._lock:
            if self._ready is ready:
                self._ready = None
                ready.end()

    def end(self) -> None:
        """End it with this process."""
        if self._ready:
            self._ready.end(now=True)

    def leave(self) -> None:
        """Have none in a process just forked of this one."""
        self._lock = threading.Lock()
        if self._ready:
            self._ready.leave()
            self._ready = None


_OURS = _Ours()
if FORKS:
    os.register_at_fork(after_in_child=_OURS.leave)
    atexit.register(_OURS.end)


def forked(module: str, argument: dict[str, Any], *, asked: bool) -> Forked | None:
    """Have a child run `module.main(argument)`, its stdin a pipe when it is `asked`; None when none can be had so."""
    if not FORKS:
        return None
    try:
        folder = os.getcwd()  # noqa: PTH109
    except OSError:
        folder = ""  # it is gone
    request = {"module": module, "argument": argument, "environment": dict(os.environ), "folder": folder}
    told = json.dumps(request).encode()
    for _ in range(2):  # the first may just have ended, with nothing asked of it for long
        ready = _OURS.get()
        if child := ready.child(told, asked=asked):
            return child
        _OURS.forget(ready)
    return None


def _kind() -> tuple[object, ...]:
    """Return what a new process takes of its owner and is not handed to a forked one."""
    ours = sorted(item for item in os.environ.items() if item[0].startswith("PYTHON"))
    return sys.executable, os.geteuid(), os.getegid(), *ours
