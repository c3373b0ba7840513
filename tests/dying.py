"""Command lines that die: a process kills itself (SIGKILL) at a named moment, as a loss of power would end it.

One process for each worker of the tests has everything loaded and forks for each such command: to start an interpreter
and load the office anew took longer than what was tried.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import IO

from qrecords.stores import durable

CHECKOUT = Path(__file__).parents[1]

# Reads a job a line: moment, how often it is passed, the clock's moment or null, the words. Answers how it ended, what it said.
_FORKING = """
import importlib, json, os, pkgutil, sys, tempfile
from datetime import datetime
import qrecords.cli, qrecords.services
from qrecords.cli import app
from qrecords.services import administer
from tests import converted_once
from tests.dying import die_at

for package in (qrecords.cli, qrecords.services):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
converted_once.remember()

def dying(moment, passes, then, words):
    die_at(moment, passes)
    if then:
        clock = datetime.fromisoformat(then)
        administer.open_office.__defaults__ = (None, lambda: clock)
    app.run(words)

for line in sys.stdin:
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            for stream in (1, 2):
                os.dup2(said.fileno(), stream)
            sys.stdin = open(os.devnull)
            try:
                dying(*json.loads(line))
            except SystemExit as left:
                sys.stdout.flush()
                os._exit(left.code or 0)
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        print(json.dumps([ended, said.read().decode("utf-8", "replace")]), flush=True)
"""


def die_at(moment: str, passes: int) -> None:
    """Let this process kill itself when it passes a moment the n-th time."""
    left = passes

    def checkpoint(at: str) -> None:
        nonlocal left
        left -= at == moment
        if at == moment and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    durable.checkpoint = checkpoint


@functools.cache
def _forking() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FORKING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
    )
    atexit.register(process.kill)
    return process


def _streams() -> tuple[IO[str], IO[str]]:
    process = _forking()
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def killed_at(checkpoint: str, passes: int, root: Path, *words: object, then: datetime | None = None) -> None:
    """Run a command on a workspace and kill it when it passes a checkpoint the n-th time, its clock at `then`."""
    told, answers = _streams()
    job = [checkpoint, passes, then.isoformat() if then else None, ["--root", str(root), *map(str, words)]]
    told.write(json.dumps(job) + "\n")
    told.flush()
    ended, said = json.loads(answers.readline())
    assert ended == -signal.SIGKILL, f"{checkpoint} was never reached: {said}"
