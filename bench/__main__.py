"""Run every benchmark: python -m bench. Each prints ratios measured in one run; docs/benchmarks.md keeps figures."""

from __future__ import annotations

import runpy
import sys

NAMES = (
    "bench_deep",
    "bench_desk",
    "bench_docx",
    "bench_fill",
    "bench_filing",
    "bench_looking",
    "bench_pdf",
    "bench_register",
    "bench_reports",
    "bench_s3",
    "bench_scan",
    "bench_search",
    "bench_start",
    "bench_volume",
    "bench_workers",
)

if __name__ == "__main__":
    chosen = sys.argv[1:] or NAMES
    short = []
    for name in chosen:
        print(f"== {name}", flush=True)
        sys.argv = [name]
        try:
            runpy.run_module(f"bench.{name}", run_name="__main__")
        except SystemExit as left:
            if left.code:
                short.append(name)
    if short:
        sys.exit(f"a ratio falls short in {', '.join(short)}")
