"""How fast documents become PDF: two workers against one start of LibreOffice over the same documents.

python -m bench.bench_pdf [--files N] [--runs R]

Prints medians and the ratio, and what finishing a PDF adds. Ends with status 1 when two workers are less than 1.8
times as fast; that needs two cores with nothing else to do.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bench_docx import contexts
from qrecords.render.code import code_png, payload
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter, finish_pdf, page_count
from qrecords.render.soffice import Soffice, find_program

TIMES_ONE_START = 1.8
CREATED = datetime(2026, 1, 1, tzinfo=UTC)


def documents(folder: Path, count: int) -> list[Path]:
    data, values = contexts(count)
    template, made = Template.load(data), []
    for value in values:
        made.append(folder / f"{value['record_no']}.docx")
        made[-1].write_bytes(template.render(value, code_png(payload(value["record_no"], 1))))
    return made


def one_start(files: list[Path], folder: Path) -> None:
    out = folder / "out"
    out.mkdir()
    office = Soffice(find_program(), folder)
    office.convert(files, out, seconds_per_file=60, on_tick=lambda: sum(1 for _ in out.iterdir()))
    assert sum(1 for _ in out.iterdir()) == len(files)


def two_workers(files: list[Path], folder: Path) -> None:
    assert len(Converter(workers=2).convert(files, folder / "out")) == len(files)


def seconds(work: Callable[[list[Path], Path], None], files: list[Path]) -> float:
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        work(files, Path(folder))
        return time.perf_counter() - start


def finishing(files: list[Path]) -> tuple[float, float, int]:
    """Seconds a page to finish PDFs, and how large they were and are."""
    with TemporaryDirectory() as folder:
        made = Converter().convert(files[:40], Path(folder))
        before, pages = sum(p.stat().st_size for p in made), sum(page_count(p) for p in made)
        start = time.perf_counter()
        for path in made:
            finish_pdf(path, path, print_id=payload(path.stem, 1), title="示例", created=CREATED)
        spent = time.perf_counter() - start
        return spent / pages, sum(p.stat().st_size for p in made) / before, pages


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", type=int, default=500)
    arguments.add_argument("--runs", type=int, default=5)
    chosen = arguments.parse_args()
    with TemporaryDirectory() as folder:
        files = documents(Path(folder), chosen.files)
        rows = []
        for _ in range(chosen.runs):  # in turn, so that a busy moment meets both
            alone, together = seconds(one_start, files), seconds(two_workers, files)
            rows.append((alone, together, alone / together))
            print(f"one start {alone:.1f} s, two workers {together:.1f} s, {alone / together:.2f}", flush=True)
        per_page, smaller, _ = finishing(files)
    alone, together, ratio = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{chosen.files} documents on {os.cpu_count()} cores: {alone:.1f} s alone, {together:.1f} s with two workers")
    print(f"{ratio:.2f} times as fast (at least {TIMES_ONE_START:g})")
    print(f"finishing adds {per_page * 1e3:.1f} ms a page and leaves {smaller:.0%} of the size")
    return 0 if ratio >= TIMES_ONE_START else 1


if __name__ == "__main__":
    sys.exit(main())
