"""What growth does to the index: size, time and memory of a rebuild, time of a search; each size in its own process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.measure import seconds
from bench.search_corpus import documents, questions
from qrecords.model.query import parse_query
from qrecords.stores.fulltext.store import IndexStore

SIZES = (10_000, 100_000, 1_000_000)
_SAMPLE = 2_000  # of the first records, for questions that find something


def growth(sizes: Sequence[int]) -> None:
    """Print a table, a row as soon as it is known."""
    print(
        "| records | index MB | rebuild s | processor s | records a second | memory MB | with mapped files MB"
        " | search ms, median | search ms, p95 |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for size in sizes:
        ran = subprocess.run(
            [sys.executable, "-m", "bench.bench_search_growth", str(size)], check=True, capture_output=True, text=True
        )
        row = json.loads(ran.stdout)
        cells = [
            f"{size:,}",
            f"{row['megabytes']:.0f}",
            *(f"{row[key]:.1f}" for key in ("rebuild", "processor")),
            f"{size / row['rebuild']:,.0f}",
            *(f"{row[key]:.0f}" for key in ("own", "peak")),
            *(f"{row[key]:.2f}" for key in ("median", "p95")),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


def measured(size: int) -> dict[str, float]:
    """Rebuild an index of so many records, made while they are read, and ask 200 questions of it."""
    asked = questions([*documents(_SAMPLE)], 200)
    with tempfile.TemporaryDirectory() as folder:
        store = IndexStore(Path(folder), "tantivy", "bench")
        begun = time.process_time()
        with OwnMemory() as memory:
            rebuild = seconds(lambda: store.rebuild(documents(size), last_seq=size))
        processor = time.process_time() - begun
        megabytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        times = []
        for text in asked:
            search = partial(store.search, parse_query(text), limit=20)
            times.append(min(seconds(search) for _ in range(3)) * 1000)
        store.close()
    return {
        "megabytes": megabytes,
        "rebuild": rebuild,
        "processor": processor,
        "own": memory.megabytes,
        "peak": peak_megabytes(),
        "median": statistics.median(times),
        "p95": sorted(times)[int(len(times) * 0.95)],
    }


class OwnMemory:
    """Looks ten times a second at the memory this process holds itself; an index mapped from disk is not its own."""

    def __init__(self) -> None:
        self.megabytes = float("nan")
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> OwnMemory:
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watch.join()

    def _look(self) -> None:
        status = Path("/proc/self/status")
        while status.exists() and not self._over.wait(0.1):
            (own,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("RssAnon"))
            self.megabytes = max(int(own) / 1e3, self.megabytes if self.megabytes == self.megabytes else 0)


def peak_megabytes() -> float:
    """Return the most memory this process has held at once, mapped files included."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
