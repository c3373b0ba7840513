"""How fast a typical year is bound, beside a bare pypdf loop, qpdf and pikepdf over the same filed PDFs.

python -m bench.bench_volume [--share S] [--documents N] [--keep DIR] [--profile FILE]

The year of bench/volume_year.py is laid into an archive (some 700 distinct PDFs of fixed seed, which LibreOffice makes
once; `--keep` keeps them for the next run) and compiled by the service itself, with one worker and with two: front
matter, stamps, numbers, manifests, sealing, catalogue, register, index. Beside it: binding alone, pypdf appending and
stamping one number a page, qpdf and pikepdf merging without stamping, and two workers against two independent
processes. `--share 0.1` takes a tenth of the year. Every row in wall and in processor time.

Ends with status 1 below 0.7 of pypdf's page rate or 0.85 of two processes, by wall time; that needs two cores with
nothing else to do.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader, PdfWriter

from bench.volume_year import CREATED, YEAR, lay, papers
from qrecords.office import Office
from qrecords.render.pdf import page_count
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import Bound, Part, Style, bind
from qrecords.services.administer import init
from qrecords.services.finding.indexing import catch_up
from qrecords.services.volumes import compile as compiling
from qrecords.services.volumes.arranging import groups_of
from qrecords.services.volumes.compile import compile_year
from qrecords.services.volumes.workers import in_processes

OF_PYPDF, OF_TWO_PROCESSES, MOST_MEMORY = 0.7, 0.85, 1024  # MB


@dataclass(frozen=True)
class Spent:
    """Seconds by the wall, and of processors: this process and all it started."""

    wall: float
    processor: float


def spent(work: Callable[[], object]) -> Spent:
    start, before = time.perf_counter(), _processor()
    work()
    return Spent(time.perf_counter() - start, _processor() - before)


def _processor() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def stamp(number: int) -> bytes:
    """A page that bears a number and nothing else."""
    drawing = f"BT /F 11 Tf 550 24 Td ({number}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, places = b"%PDF-1.4\n", b"0000000000 65535 f \n"
    for name, text in enumerate(objects, start=1):
        places += b"%010d 00000 n \n" % len(body)
        body += b"%d 0 obj%s\nendobj\n" % (name, text)
    table = b"xref\n0 6\n%strailer<</Root 1 0 R/Size 6>>\n" % places
    return body + table + b"startxref\n%d\n%%%%EOF\n" % len(body)


def pypdf_loop(volumes: Sequence[Sequence[Path]], out: Path) -> None:
    """Append, stamp one number a page, write: the least a program using pypdf would do."""
    for name, sources in enumerate(volumes):
        writer, number = PdfWriter(), 0
        for source in sources:
            for page in PdfReader(source).pages:
                number += 1
                writer.add_page(page).merge_page(PdfReader(BytesIO(stamp(number))).pages[0])
        writer.write(out / f"pypdf{name}.pdf")


def qpdf_merge(volumes: Sequence[Sequence[Path]], out: Path) -> None:
    for name, sources in enumerate(volumes):
        target = out / f"qpdf{name}.pdf"
        subprocess.run(["qpdf", "--empty", "--object-streams=generate", "--pages", *sources, "--", target], check=True)


def pikepdf_merge(volumes: Sequence[Sequence[Path]], out: Path) -> None:
    import pikepdf

    for name, sources in enumerate(volumes):
        with pikepdf.new() as merged:
            for source in sources:
                with pikepdf.open(source) as part:
                    merged.pages.extend(part.pages)
            merged.save(out / f"pikepdf{name}.pdf", object_stream_mode=pikepdf.ObjectStreamMode.generate)


@dataclass(frozen=True)
class BareJob:
    """Binds files that lie in no archive."""

    target: Path
    items: tuple[Part, ...]
    meta: Meta

    def run(self) -> Bound:
        return bind(self.target, front=(), items=self.items, back=(), meta=self.meta, style=Style())


def jobs_of(volumes: Sequence[Sequence[Path]], out: Path) -> list[BareJob]:
    meta = Meta("示例", "bench", CREATED)
    pages = {source: page_count(source) for sources in volumes for source in sources}
    return [
        BareJob(out / f"ours{n}.pdf", tuple(Part(p, p.stem, pages[p]) for p in sources), meta)
        for n, sources in enumerate(volumes)
    ]


def bind_here(jobs: Sequence[BareJob]) -> None:
    list(map(BareJob.run, jobs))


def two_processes(jobs: Sequence[BareJob]) -> None:
    context = multiprocessing.get_context("spawn")
    halves = [context.Process(target=bind_here, args=(jobs[n::2],)) for n in (0, 1)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()


def with_workers(office_folder: Path, copy: Path, workers: int) -> Office:
    """The same year in a workspace of its own, which compiles with so many workers; objects are linked, not copied."""
    shutil.copytree(office_folder, copy, ignore=shutil.ignore_patterns("objects"))
    shutil.copytree(office_folder / "archive" / "objects", copy / "archive" / "objects", copy_function=os.link)
    settings = copy / "qrecords.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("workers = 0", f"workers = {workers}"), encoding="utf-8")
    office = Office.open(copy)
    assert office.settings.pdf.workers == workers
    return office


def volumes_of(office: Office) -> tuple[list[list[Path]], int]:
    """The PDFs of every volume to come, as the service splits the year, and their pages."""
    found = [v for _, volumes in compiling.plans_of(office, groups_of(office), YEAR) for v in volumes]
    paths = [[Path(office.archive.called(p.item.object_id, "form.pdf")) for p in v.placed] for v in found]
    return paths, sum(v.pages for v in found)


def measured(folder: Path, chosen: argparse.Namespace) -> int:
    made = papers(chosen.keep or folder / "papers", chosen.documents, chosen.share)
    root = folder / "office"
    with closing(init(root)) as office:
        lay(office, made, chosen.share)
        catch_up(office)
        volumes, pages = volumes_of(office)
    rows: dict[str, Spent] = {}

    def measure(name: str, work: Callable[[], object]) -> None:
        rows[name] = spent(work)
        print(
            f"{name}: {rows[name].wall:.1f} s, {rows[name].processor:.1f} s of processors", file=sys.stderr, flush=True
        )

    for workers in (1, 2):
        with closing(with_workers(root, folder / f"office{workers}", workers)) as office:
            name = f"whole compilation, {workers} worker{'s'[: workers - 1]}"
            measure(name, lambda: whole(office, chosen))
    memory = peak_memory()
    size = sum(p.stat().st_size for v in volumes for p in v)
    jobs = jobs_of(volumes, folder)
    measure("binding alone, one process", lambda: bind_here(jobs))
    bound = sum(job.target.stat().st_size for job in jobs)
    measure("binding alone, two workers", lambda: list(in_processes(BareJob.run, jobs, 2, pages=10**6)))
    measure("binding alone, two processes", lambda: two_processes(jobs))
    for job in jobs:
        job.target.unlink()
    sizes = {"parts": size, "ours": bound}
    for name, merge, what in (
        ("pypdf", pypdf_loop, "append and stamp"),
        ("pikepdf", pikepdf_merge, "append only"),
        ("qpdf", qpdf_merge, "append only"),
    ):
        if name != "qpdf" or shutil.which("qpdf"):
            measure(f"{name}, {what}", lambda: merge(volumes, folder))  # noqa: B023 — called at once
            sizes[name] = sum(p.stat().st_size for p in folder.glob(f"{name}*.pdf"))
            for path in folder.glob(f"{name}*.pdf"):
                path.unlink()
    return told(rows, pages, volumes, sizes, memory)


def whole(office: Office, chosen: argparse.Namespace) -> None:
    """Compile the year; with `--profile`, under the profiler where one worker does everything."""
    if chosen.profile and office.settings.pdf.workers == 1:
        with cProfile.Profile() as profile:
            compile_year(office, YEAR)
        profile.dump_stats(chosen.profile)
    else:
        compile_year(office, YEAR)


def peak_memory() -> int:
    """The most memory any process held so far, in MB."""
    return max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) // 1024


def told(
    rows: dict[str, Spent], pages: int, volumes: Sequence[Sequence[Path]], sizes: dict[str, int], memory: int
) -> int:
    """Print the table; return the exit status."""
    items = sum(map(len, volumes))
    print(f"{items} items, {pages} pages, {len(volumes)} volumes; peak memory of any process compiling {memory} MB")
    bare = rows["pypdf, append and stamp"]
    print(f"{'':32} {'wall':>9} {'processor':>11} {'pages/s':>8}   of pypdf: wall, processor")
    for name, row in rows.items():
        of = f"{bare.wall / row.wall:6.2f} {bare.processor / row.processor:6.2f}"
        print(f"{name:32} {row.wall:7.1f} s {row.processor:9.1f} s {pages / row.wall:8.0f}   {of}")
    print(", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in sizes.items()))
    of_two = rows["binding alone, two processes"].wall / rows["binding alone, two workers"].wall
    one, two = (bare.wall / rows[f"whole compilation, {name}"].wall for name in ("1 worker", "2 workers"))
    print(f"whole with one worker {one:.2f}, with two {two:.2f} of the pypdf loop's page rate (at least {OF_PYPDF})")
    print(f"two workers {of_two:.2f} of two processes (at least {OF_TWO_PROCESSES})")
    fits = sizes["ours"] <= sizes["parts"] and memory < MOST_MEMORY
    return 0 if one >= OF_PYPDF and of_two >= OF_TWO_PROCESSES and fits else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=1.0, help="of the year's 11,680 records")
    parser.add_argument("--documents", type=int, default=100, help="distinct PDFs of each form")
    parser.add_argument("--keep", type=Path, help="where the PDFs are kept for the next run")
    parser.add_argument("--profile", type=Path, help="where the profile of the compilation with one worker is written")
    chosen = parser.parse_args()
    with TemporaryDirectory(prefix="bench-volume-") as folder:
        return measured(Path(folder), chosen)


if __name__ == "__main__":
    sys.exit(main())
