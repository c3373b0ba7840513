"""Kill the one who writes, at any moment: what is found afterwards is what some finished change left, whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from qrecords.model.query import parse_query
from qrecords.stores.fulltext import ENGINES
from qrecords.stores.fulltext.interface import Document
from qrecords.stores.fulltext.store import IndexStore
from tests.conftest import CHECKOUT
from tests.fulltext_corpus import document

KEPT = 8  # records; every change rewrites all but one, and takes that one out

FORKING = """
import json, os, sys
from pathlib import Path
from tests.stores.test_fulltext_crash import work
for line in sys.stdin:
    root, engine, task = json.loads(line)
    if (child := os.fork()) == 0:
        work(Path(root), engine, task)
    print("ended", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")


def edition(number: int) -> list[Document]:
    """Return the records as change `number` leaves them."""
    return [document(n, f"第{n}份，第{number}版", seq=number) for n in range(KEPT) if n != number % KEPT]


def work(root: Path, engine_name: str, task: str) -> None:
    """Change or rebuild for ever, saying when each is done; run in a process of its own."""
    index = IndexStore(root, engine_name, "register-1")
    number = index.last_seq() or 0
    print("begun", os.getpid(), flush=True)
    while True:
        number += 1
        gone = document(number % KEPT).record_no
        if task == "rebuild":
            index.rebuild(edition(number), last_seq=number)
        else:
            with index.writer() as writer:
                writer.apply(edition(number), deletes=[gone], last_seq=number)
        print(number, flush=True)


@contextmanager
def workers() -> Iterator[subprocess.Popen[str]]:
    """Give a process that has all loaded, and forks for each line (root, engine, task) one that works until killed."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(CHECKOUT / "src"), str(CHECKOUT)])}
    command = [sys.executable, "-c", FORKING]
    starter = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield starter
    finally:
        starter.kill()
        starter.communicate()


def killed(starter: subprocess.Popen[str], root: Path, engine_name: str, task: str, after: float) -> int:
    """Let a process work, kill it `after` seconds from its first step; returns the last change it said was done."""
    assert starter.stdin is not None
    assert starter.stdout is not None
    starter.stdin.write(json.dumps([str(root), engine_name, task]) + "\n")
    starter.stdin.flush()
    begun, worker = starter.stdout.readline().split()
    assert begun == "begun"
    time.sleep(after)
    os.kill(int(worker), signal.SIGKILL)
    said = -1
    while (line := starter.stdout.readline()) != f"ended {-signal.SIGKILL}\n":
        said = int(line)
    return said


def is_whole(index: IndexStore, at_least: int) -> int:
    """Check that the index holds one change, whole, and not less than was said to be done."""
    held = index.last_seq()
    assert held is not None
    assert held >= at_least
    numbers = {d.record_no for d in edition(held)}
    assert set(index.search(parse_query(f"第{held}版")).record_nos) == numbers
    assert index.search(parse_query("-不存在")).total == KEPT - 1
    assert index.search(parse_query("版")).total == KEPT - 1
    return held


def kill_again_and_again(root: Path, engine_name: str, times: int, seed: int) -> None:
    rng = random.Random(seed)
    index = IndexStore(root, engine_name, "register-1")
    index.rebuild(edition(1), last_seq=1)
    held = 1
    with workers() as starter:
        for turn in range(times):
            task = ("change", "rebuild")[turn % 2]
            said = killed(starter, root, engine_name, task, rng.random() * 0.4)
            held = is_whole(index, max(said, held))
            with index.writer() as writer:  # no lock is left behind
                held += 1
                writer.apply(edition(held), deletes=[document(held % KEPT).record_no], last_seq=held)
            is_whole(index, held)
    index.rebuild(edition(held), last_seq=held)
    left = [path.name for path in root.iterdir() if path.is_dir()]
    assert len(left) == 1, left


@pytest.mark.parametrize("engine_name", sorted(ENGINES))
def test_killed_at_six_moments(engine_name: str, tmp_path: Path) -> None:
    if engine_name == "tantivy":
        pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    kill_again_and_again(tmp_path, engine_name, times=6, seed=6)


def test_files_a_killed_tantivy_left_are_not_in_the_way(tmp_path: Path) -> None:
    pytest.importorskip("tantivy", reason="no tantivy wheel for this machine")
    index = IndexStore(tmp_path, "tantivy", "register-1")
    index.rebuild(edition(1), last_seq=1)
    assert is_whole(index, 1) == 1
    [generation] = [path for path in tmp_path.iterdir() if path.is_dir()]
    # A commit writes the deletions of a segment first, under the number of the commit, and names them last.
    segments = {path.name.split(".")[0] for path in generation.glob("*.store")}
    left = [f"{segment}.{number}.del" for segment in segments for number in range(1, 100)]
    for name in left:
        (generation / name).write_bytes(b"half a fil")
    managed = generation / ".managed.json"
    managed.write_text(json.dumps(json.loads(managed.read_text()) + left))
    with index.writer() as writer:  # opened before the files were left
        writer.apply(edition(2), deletes=[document(2).record_no], last_seq=2)
    assert is_whole(index, 2) == 2
    assert sum((generation / name).exists() for name in left) <= len(segments)


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", sorted(ENGINES))
def test_killed_at_fifty_moments(engine_name: str, tmp_path: Path) -> None:
    kill_again_and_again(tmp_path, engine_name, times=50, seed=50)
