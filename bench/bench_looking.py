"""Looking while another process writes: `show` and `search` as whole commands, with and without the write lock held.

    python -m bench.bench_looking --runs 5

Each pair runs one after the other; the ratio asked for is at most 1.2. The lock is held for three seconds a time, as by
a large commit, and always anew for each command.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import line

ASKED = 1.2
HELD_SECONDS = 3.0
NO = "QR758-01A-2025-00001"
FORMS = Path(__file__).parents[1] / "forms" / "QR758"


def command(root: Path, *words: str) -> float:
    """Run a command in a process of its own; return its seconds."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "qrecords", "--root", str(root), *words], check=True, capture_output=True)
    return time.perf_counter() - began


@contextmanager
def held(register: Path) -> Iterator[None]:
    """Hold the register's write lock for HELD_SECONDS, or until the block is over."""
    over = threading.Event()
    ready = threading.Event()

    def hold() -> None:
        with sqlite3.connect(register, isolation_level=None, timeout=30) as connection:
            connection.execute("BEGIN IMMEDIATE")
            ready.set()
            over.wait(HELD_SECONDS)
            connection.execute("ROLLBACK")

    holder = threading.Thread(target=hold)
    holder.start()
    ready.wait()
    try:
        yield
    finally:
        over.set()
        holder.join()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    short = 0
    with TemporaryDirectory() as folder:
        root = Path(folder) / "office"
        command(root, "init", str(root))
        sample = json.loads((FORMS / "01A" / "sample.json").read_text(encoding="utf-8"))
        sample |= {"received_at": "2025-03-02 09:00", "source_record_no": None, "channel": "电话"}
        (root / "in.json").write_text(json.dumps(sample, ensure_ascii=False), encoding="utf-8")
        command(root, "fill", "01A", str(root / "in.json"))
        for words in (("show", NO), ("search", "示例")):
            command(root, *words)
            free, busy = [], []
            for _ in range(runs):
                free.append(command(root, *words))
                with held(root / "archive" / "register.sqlite"):
                    busy.append(command(root, *words))
            ratio = statistics.median(b / f for b, f in zip(busy, free, strict=True))
            free_s, busy_s = statistics.median(free), statistics.median(busy)
            line(f"{words[0]}, write lock held {busy_s:.2f} s ÷ free {free_s:.2f} s", ratio, f"≤ {ASKED}")
            short += ratio > ASKED
    return short


if __name__ == "__main__":
    sys.exit(main())
