"""Scripts in processes of their own, and command lines that die: killed at a named moment, as a loss of power would.

One process for each worker of the tests has everything loaded and forks for each script: to start an interpreter and
load the office anew took longer than what was tried.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from qrecords.stores import durable

CHECKOUT = Path(__file__).parents[1]

# Reads a job a line: a script, its words, its environment and folder. Answers how it ended and what it said, out and err.
_FORKING = """
import importlib, json, os, pkgutil, sys, tempfile, time, traceback
import qrecords.cli, qrecords.services
from tests import converted_once

for package in (qrecords.cli, qrecords.services):
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        importlib.import_module(found.name)
converted_once.remember()
sys.path[0] = os.getcwd()

def be(script, words, environment, folder):
    sys.stdin, sys.argv = open(os.devnull), ["-c", *words]
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    exec(script, {"__name__": "__main__"})

for line in sys.stdin:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            status = 0
            for stream, said in ((1, out), (2, err)):
                os.dup2(said.fileno(), stream)
            try:
                be(*json.loads(line))
            except SystemExit as left:
                status = left.code or 0
            except BaseException:
                traceback.print_exc()
                status = 1
            sys.stdout.flush()
            os._exit(status)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        told = [ended]
        for said in (out, err):
            said.seek(0)
            told.append(said.read().decode("utf-8", "replace"))
        print(json.dumps(told), flush=True)
"""
_DYING = """
import sys
from dataclasses import dataclass
from datetime import datetime
from qrecords.cli import app
from qrecords.services import administer
from tests.dying import die_at
moment, passes, then, *words = sys.argv[1:]
die_at(moment, int(passes))
if then:
    clock = datetime.fromisoformat(then)
    administer.open_office.__defaults__ = (None, lambda: clock)
app.run(words)
"""


@dataclass(frozen=True)
class Ended:
    """How a script ended: its status, or minus the signal; what it said."""

    status: int
    out: str
    err: str


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


def run(script: str, *words: object) -> Ended:
    """Run a script as `python -c` would, here and now, in a process that has the office loaded."""
    told, answers = _streams()
    told.write(json.dumps([script, [*map(str, words)], dict(os.environ), str(Path.cwd())]) + "\n")
    told.flush()
    return Ended(*json.loads(answers.readline()))


def killed_at(checkpoint: str, passes: int, root: Path, *words: object, then: datetime | None = None) -> None:
    """Run a command on a workspace and kill it when it passes a checkpoint the n-th time, its clock at `then`."""
    moment = then.isoformat() if then else ""
    ended = run(_DYING, checkpoint, passes, moment, "--root", root, *words)
    assert ended.status == -signal.SIGKILL, f"{checkpoint} was never reached: {ended.out}{ended.err}"
