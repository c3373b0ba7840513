"""Runs a module of this package as a child process that answers in JSON lines, with a watch on its silence."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any

from qrecords.scanning.ready import Forked, forked

Child = Forked | subprocess.Popen[bytes]


class Silent(Exception):
    """The child said nothing for too long and was ended."""


def started(module: str, argument: dict[str, Any], *, asked: bool = False) -> Child:
    """Return a child that runs `module.main(argument)` and answers on its stdout; one that is `asked` has a stdin.

    OSError when no process can be started.
    """
    if child := forked(module, argument, asked=asked):
        return child
    # -P: never import from the folder one happens to stand in, which may hold what came with the scans.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, json.dumps(argument)],
        stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def answers(module: str, request: dict[str, Any], *, silence: float) -> Iterator[dict[str, Any]]:
    """Give what the child says, line by line, until it ends; Silent when nothing comes for `silence` seconds."""
    process = started(module, request)
    assert process.stdout is not None
    lines: queue.Queue[bytes | None] = queue.Queue()
    listener = threading.Thread(target=_listen, args=(process.stdout, lines), daemon=True)
    listener.start()
    try:
        while True:
            try:
                line = lines.get(timeout=silence)
            except queue.Empty:
                raise Silent from None
            if line is None:
                return
            try:
                told: dict[str, Any] = json.loads(line)
            except ValueError:
                return  # cut short by its end
            yield told
    finally:
        process.kill()
        process.wait()
        listener.join()
        process.stdout.close()


def _listen(stream: IO[bytes], lines: queue.Queue[bytes | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
