"""Runs a module of this package as a child process that answers in JSON lines, with a watch on its silence."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import IO, Any


class Silent(Exception):
    """The child said nothing for too long and was ended."""


def answers(module: str, request: dict[str, Any], *, silence: float) -> Iterator[dict[str, Any]]:
    """Give what the child says, line by line, until it ends; Silent when nothing comes for `silence` seconds."""
    # -P: never import from the folder one happens to stand in, which may hold what came with the scans.
    command = [sys.executable, "-P", "-m", module, json.dumps(request)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    )
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
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


def _listen(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
