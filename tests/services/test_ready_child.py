"""Children forked of a ready process: each begins as a new process would, and ends alone or with its owner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qrecords.scanning import child, ready
from qrecords.scanning.child import answers

pytestmark = pytest.mark.skipif(not ready.FORKS, reason="a new process is started for each")
TELLING = """
import json, os, sys, time
from qrecords.scanning.limits import limit
SEEN = []
def where(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}").partition(":")[0]
    except OSError:
        return ""  # the list of them
def main(request):
    if request.get("memory"):
        limit(request["memory"], 60)
    SEEN.append(request)
    open_ = sorted(where(fd) for fd in os.listdir("/proc/self/fd") if where(fd))
    threads = len(os.listdir("/proc/self/task"))
    print(json.dumps({
        "pid": os.getpid(), "ready": os.getppid(), "seen": len(SEEN), "folder": os.getcwd(), "told": os.environ.get("TOLD"),
        "path": sys.path[0], "open": open_, "threads": threads, "argv": len(sys.argv),
    }), flush=True)
    if request.get("dies"):
        os.kill(os.getpid(), 9)
    time.sleep(request.get("seconds", 0))
if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
"""
OWNING = """
import sys, time
from qrecords.scanning.child import answers
said = answers("telling", {"seconds": 600}, silence=60)
told = next(said)
print(told["pid"], told["ready"], flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("telling")
    (folder / "telling.py").write_text(TELLING, encoding="utf-8")
    return folder


@pytest.fixture
def tells(telling: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[dict[str, Any]]]:
    monkeypatch.setenv("PYTHONPATH", str(telling))
    return lambda **request: answers("telling", request, silence=30)


def is_gone(pid: int, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            return True
        if state == "Z":
            return True  # whoever is its parent now has not looked yet
        if time.monotonic() >= until:
            return False
        time.sleep(0.01)


def test_each_begins_as_a_new_process_would(
    tells: Callable[..., Iterator[dict[str, Any]]], telling: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = tells(memory=1 << 30)
    monkeypatch.setenv("TOLD", "once")
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "of the owner").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        (second,) = tells()
    assert first["ready"] == second["ready"] != os.getpid()
    assert (first["told"], second["told"]) == (None, "once")
    assert (first["seen"], second["seen"], second["threads"]) == (1, 1, 1)
    assert second["folder"] == str(tmp_path)
    assert second["path"] == str(telling), "never the folder one stands in"
    assert first["open"] == second["open"] == ["/dev/null", "/dev/null", "pipe"]
    assert is_gone(first["pid"])


def test_what_ends_one_ends_no_other(tells: Callable[..., Iterator[dict[str, Any]]]) -> None:
    lasting, dying = tells(seconds=600), tells(dies=True)
    lasts = next(lasting)
    (dies,) = dying
    assert dies["ready"] == lasts["ready"]
    assert not is_gone(lasts["pid"], 0)
    lasting.close()  # type: ignore[attr-defined]
    assert is_gone(lasts["pid"], 0)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_all_end_with_the_owner(telling: Path, ending: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(telling)}
    with subprocess.Popen([sys.executable, "-c", OWNING], stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        owner.send_signal(ending)
        owner.wait()
        assert [is_gone(pid) for pid in pids] == [True, True]


def test_a_ready_process_that_was_lost_is_replaced(tells: Callable[..., Iterator[dict[str, Any]]]) -> None:
    (first,) = tells()
    os.kill(first["ready"], signal.SIGKILL)
    (second,) = tells()
    assert second["ready"] != first["ready"]


def test_it_is_not_shared_after_a_fork(tells: Callable[..., Iterator[dict[str, Any]]]) -> None:
    running = tells(seconds=600)
    first = next(running)
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            (told,) = tells()
            os.write(writing, str(told["ready"]).encode())
            ready._OURS.end()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        other = int(said.read())
    os.wait()
    assert other != first["ready"]
    assert is_gone(other)
    assert not is_gone(first["pid"], 0)
    running.close()  # type: ignore[attr-defined]
    assert next(tells())["ready"] == first["ready"]


def test_without_it_a_new_process_is_started(
    tells: Callable[..., Iterator[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "forked", lambda *_, **__: None)
    (told,) = tells()
    assert (told["ready"], told["seen"], told["argv"]) == (os.getpid(), 1, 2)


def test_all_that_children_load_has_no_thread_and_holds_nothing_open(tells: Callable[..., Any]) -> None:
    for module in ("scanning.worker", "services.door", "services.care.reading_child", "services.finding.pagechild"):
        for _ in range(2):
            assert [*answers(f"qrecords.{module}", {}, silence=30)] == []  # it was asked for nothing
    (told,) = tells()
    assert (told["threads"], len(told["open"])) == (1, 3)
    assert len([*Path(f"/proc/{told['ready']}/task").iterdir()]) == 1
