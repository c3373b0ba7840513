"""How fast a year is bound, beside a bare pypdf loop, qpdf and pikepdf over the same filed PDFs.

python -m bench.bench_volume [--items N] [--documents N] [--keep DIR]

A year of N items is laid into an archive (`--documents` distinct forms of fixed seed, LibreOffice makes them once;
`--keep` keeps them for the next run) and compiled by the service itself: front matter, numbers, manifests, sealing,
catalogue. Beside it: binding alone, pypdf appending and stamping one number a page, qpdf and pikepdf merging without
stamping, and two workers against two independent processes. Ends with status 1 below 0.7 of pypdf's page rate or
0.85 of two processes; that needs two cores with nothing else to do.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader, PdfWriter

from bench.bench_pdf import documents
from qrecords.model.numbering import Series, file_safe
from qrecords.model.volume import File, Item, Limits, Piece, split
from qrecords.office import Office
from qrecords.render.pdf import Converter, finish_pdf, page_count
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import Part, Style
from qrecords.services.administer import init
from qrecords.services.volumes.binding import Job
from qrecords.services.volumes.compile import compile_year
from qrecords.services.volumes.workers import run_jobs

YEAR, FORM = 2025, "QR758-06A"
OF_PYPDF, OF_TWO_PROCESSES = 0.7, 0.85
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
SERIES = Series("750", "KJ·KF", "06", YEAR, 5)


def forms(folder: Path, count: int) -> list[Path]:
    """Finished PDFs of one form, distinct, always the same; those already there are taken."""
    folder.mkdir(parents=True, exist_ok=True)
    found = sorted(folder.glob("*.pdf"))
    if len(found) < count:
        found = Converter().convert(documents(folder, count), folder)
        for path in found:
            finish_pdf(path, path, print_id=f"{path.stem}/1", title="示例", created=CREATED)
    return sorted(found)[:count]


def filed(office: Office, pdfs: Sequence[Path], count: int) -> list[Item]:
    """Lay items into archive and register, as filing would leave them."""
    items = []
    pages = {path: page_count(path) for path in pdfs}
    for number in range(1, count + 1):
        path, archive_no = pdfs[(number - 1) % len(pdfs)], SERIES.archive_no(number)
        object_id = f"urn:qrecords:item:{file_safe(archive_no)}"
        with office.under_way() as intent:
            staged = office.archive.stage(
                object_id, {"form.pdf": path}, message="归档", user="bench", created=CREATED, intent=intent
            )
            office.archive.publish(staged)
            shutil.rmtree(office.archive.work_dir(intent), ignore_errors=True)
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        day, title = f"{YEAR}-06-{number % 28 + 1:02d}", f"维修服务报告 示例单位 示例设备 {number}"
        no = f"{FORM}-{YEAR}-{number:05d}"
        items.append(Item(archive_no, no, title, "客户服务中心", day, day, pages[path], "内部", object_id, 1, sha256))
    with office.register.write() as tx:
        for item in items:
            tx.items.reserve(item, FORM, YEAR, "", CREATED.isoformat(), "bench")
            tx.items.filed(item, CREATED.isoformat(), "bench")
    return items


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


def jobs_of(volumes: Sequence[Sequence[Path]], out: Path) -> list[Job]:
    meta = Meta("示例", "bench", CREATED)
    return [
        Job(out / f"ours{n}.pdf", (), tuple(Part(p, p.stem, page_count(p)) for p in sources), (), meta, Style())
        for n, sources in enumerate(volumes)
    ]


def bind_here(jobs: Sequence[Job]) -> None:
    list(run_jobs(jobs, 1))


def two_processes(jobs: Sequence[Job]) -> None:
    context = multiprocessing.get_context("spawn")
    halves = [context.Process(target=bind_here, args=(jobs[n::2],)) for n in (0, 1)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--items", type=int, default=3400, help="two pages each; 3,400 are a typical year")
    arguments.add_argument("--documents", type=int, default=400)
    arguments.add_argument("--keep", type=Path)
    chosen = arguments.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        pdfs = forms(chosen.keep or folder / "forms", chosen.documents)
        with closing(init(folder / "office")) as office:
            items = filed(office, pdfs, chosen.items)
            limits = Limits(office.settings.volumes.max_pages)
            volumes = [
                [office.archive.path(p.item.object_id, "form.pdf") for p in v.placed]
                for v in split([Piece(i, (File("form.pdf", i.pages),)) for i in items], limits)
            ]
            pages = sum(item.pages for item in items)
            rows = {"the whole compilation, all workers": seconds(lambda: compile_year(office, YEAR, form_code=FORM))}
        size = sum(p.stat().st_size for v in volumes for p in v)
        jobs = jobs_of(volumes, folder)
        rows["binding alone, one process"] = seconds(lambda: bind_here(jobs))
        bound = sum(job.target.stat().st_size for job in jobs)
        rows["binding alone, two workers"] = seconds(lambda: list(run_jobs(jobs, 2)))
        rows["binding alone, two processes"] = seconds(lambda: two_processes(jobs))
        memory = max(resource.getrusage(w).ru_maxrss for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        rows["pypdf, append and stamp"] = seconds(lambda: pypdf_loop(volumes, folder))
        merged = {"pypdf": sum(p.stat().st_size for p in folder.glob("pypdf*.pdf"))}
        rows["pikepdf, append only"] = seconds(lambda: pikepdf_merge(volumes, folder))
        merged["pikepdf"] = sum(p.stat().st_size for p in folder.glob("pikepdf*.pdf"))
        if shutil.which("qpdf"):
            rows["qpdf, append only"] = seconds(lambda: qpdf_merge(volumes, folder))
            merged["qpdf"] = sum(p.stat().st_size for p in folder.glob("qpdf*.pdf"))
    return told(rows, pages, len(volumes), {"parts": size, "ours": bound, **merged}, memory)


def told(rows: dict[str, float], pages: int, volumes: int, sizes: dict[str, int], memory: int) -> int:
    """Print the table; return the exit status."""
    print(f"{pages} pages, {volumes} volumes, peak memory of any process {memory / 1024:.0f} MB")
    bare = rows["pypdf, append and stamp"]
    for name, spent in rows.items():
        print(f"{name:36} {spent:7.1f} s {pages / spent:7.0f} pages/s {bare / spent:6.2f} of pypdf")
    print(", ".join(f"{name} {size / 2**20:.1f} MB" for name, size in sizes.items()))
    of_pypdf = bare / rows["binding alone, one process"]
    of_two = rows["binding alone, two processes"] / rows["binding alone, two workers"]
    whole = bare / rows["the whole compilation, all workers"]
    print(f"whole {whole:.2f} and binding {of_pypdf:.2f} of the pypdf loop (at least {OF_PYPDF})")
    print(f"two workers {of_two:.2f} of two processes (at least {OF_TWO_PROCESSES})")
    return (
        0 if min(whole, of_pypdf) >= OF_PYPDF and of_two >= OF_TWO_PROCESSES and sizes["ours"] <= sizes["parts"] else 1
    )


if __name__ == "__main__":
    sys.exit(main())
