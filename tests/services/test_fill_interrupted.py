"""A fill broken off in the middle, by Ctrl-C or a kill, and run again: same numbers, the rest finished, nothing doubled.

And at scale: 10,000 records in one fill, in a process of its own, stay under 400 MB.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qrecords.services.intake.fill import CHUNK
from tests import dying
from tests.conftest import CommandLine

MOST_MEGABYTES = 400
MANY = 10_000

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and their memory figures are POSIX")

# Runs a command line in chunks of a size; at the N-th pass of a checkpoint it is killed, or stopped as by Ctrl-C.
BROKEN_OFF = """
import os, signal, sys
from qrecords.cli import app
from qrecords.services.intake import fill
from qrecords.stores import durable
how, name, passes, chunk, arguments = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5:]

def checkpoint(at):
    global passes
    if at == name:
        passes -= 1
        if passes == 0 and how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if passes == 0:
            raise KeyboardInterrupt

durable.checkpoint, fill.CHUNK = checkpoint, chunk
app.run(arguments)
"""

# Runs a command line and tells how much memory it took at most. Linux counts what the process before it held, from which
# it was started, into ru_maxrss: its own peak stands in /proc.
MEASURED = """
import resource, sys
from pathlib import Path
from qrecords.cli import app

def peak():
    status = Path("/proc/self/status")
    if status.exists():
        (own,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(own) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

try:
    app.run(sys.argv[2:])
finally:
    Path(sys.argv[1]).write_text(str(peak()))
"""


def calls(count: int, sample: Callable[..., Any]) -> list[dict[str, Any]]:
    one = sample("01A", source_record_no=None, channel="电话")
    return [one | {"info_content": f"示例内容第{n}条"} for n in range(count)]


def broken_off(how: str, checkpoint: str, root: Path, *words: object, passes: int = 2, chunk: int = 4) -> None:
    """Run a command that ends at a pass of a checkpoint, usually the second: when the first chunk is whole."""
    ended = dying.run(BROKEN_OFF, how, checkpoint, passes, chunk, "--root", root, *words)
    assert ended.status == (-signal.SIGKILL if how == "kill" else 130), ended.out + ended.err
    assert ("已中断" in ended.err) is (how == "Ctrl-C")


def assert_whole(cli: CommandLine, answer: Any, count: int) -> None:
    """Compare what a fill answers with the register and the papers: each number once, in order, each with its paper."""
    expected = [f"QR758-01A-2025-{n:05d}" for n in range(1, count + 1)]
    assert [r["record_no"] for r in answer["records"]] == expected
    assert sorted(p.stem for p in (cli.root / "archive/drafts").glob("*.docx")) == expected
    assert cli.json("status")["under_way"] == 0
    assert cli.json("verify")["problems"] == []


@pytest.mark.parametrize("how", ["kill", "Ctrl-C"])
@pytest.mark.parametrize("checkpoint", ["fill.intent", "fill.papers"])
def test_the_same_command_again_finishes_the_rest(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], how: str, checkpoint: str
) -> None:
    source = write(calls(10, sample))
    broken_off(how, checkpoint, cli.root, "fill", "01A", source)
    answer = cli.json("fill", "01A", source)
    assert_whole(cli, answer, 10)
    again = cli.json("fill", "01A", source)["records"]
    assert [r["record_no"] for r in again] == [r["record_no"] for r in answer["records"]], "nothing new"


@pytest.mark.slow
def test_ten_thousand_records_in_one_fill_stay_small(
    cli: CommandLine, sample: Callable[..., Any], write: Callable[..., Path], tmp_path: Path
) -> None:
    source = write(calls(MANY, sample))
    broken_off("kill", "fill.papers", cli.root, "fill", "01A", source, passes=MANY // CHUNK // 2, chunk=CHUNK)
    peak = tmp_path / "peak"
    words = [str(peak), "--root", str(cli.root), "--json", "fill", "01A", str(source)]
    ran = subprocess.run([sys.executable, "-c", MEASURED, *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert_whole(cli, json.loads(ran.stdout), MANY)
    megabytes = int(peak.read_text()) / 2**20
    print(f"{MANY} records in one fill: {megabytes:.0f} MB at most")
    assert megabytes < MOST_MEGABYTES
