"""What growth does to the index: size, time and memory of a rebuild, time of a search; each size in its own process."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
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
    print("| records | index MB | rebuild s | records a second | peak memory MB | search ms, median | search ms, p95 |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for size in sizes:
        ran = subprocess.run(
            [sys.executable, "-m", "bench.bench_search_growth", str(size)], check=True, capture_output=True, text=True
        )
        row = json.loads(ran.stdout)
        print(
            f"| {size:,} | {row['megabytes']:.0f} | {row['rebuild']:.1f} | {size / row['rebuild']:,.0f}"
            f" | {row['memory']:.0f} | {row['median']:.2f} | {row['p95']:.2f} |",
            flush=True,
        )


def measured(size: int) -> dict[str, float]:
    """Rebuild an index of so many records, made while they are read, and ask 200 questions of it."""
    asked = questions([*documents(_SAMPLE)], 200)
    with tempfile.TemporaryDirectory() as folder:
        store = IndexStore(Path(folder), "tantivy", "bench")
        rebuild = seconds(lambda: store.rebuild(documents(size), last_seq=size))
        megabytes = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()) / 1e6
        times = []
        for text in asked:
            search = partial(store.search, parse_query(text), limit=20)
            times.append(min(seconds(search) for _ in range(3)) * 1000)
        store.close()
    return {
        "megabytes": megabytes,
        "rebuild": rebuild,
        "memory": peak_megabytes(),
        "median": statistics.median(times),
        "p95": sorted(times)[int(len(times) * 0.95)],
    }


def peak_megabytes() -> float:
    """Return the most memory this process has held at once."""
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


if __name__ == "__main__":
    print(json.dumps(measured(int(sys.argv[1]))))
