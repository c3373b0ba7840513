"""How fast documents become PDF: two workers against one start of LibreOffice, our templates against plain ones.

python -m bench.bench_pdf [--files N] [--runs R] [--plain P] [--costs]

One start is `soffice --headless --convert-to pdf *.docx`, which takes 247 files and is started again for more; the
workers make PDF/A. Prints medians and ratios, and what
finishing a PDF adds. The same words must stand in each record's PDF, on as many pages, whoever made it from our
document. Ends with status 1 when two workers are less than 1.8 times as fast as one start, or less than 4 times as
fast as one start over P of the forms built on python-docx's own default template; that needs two cores with nothing
else to do. --costs only tells the processor time of a start and of a file, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from docx import Document

from bench.bench_docx import contexts
from qrecords.render.code import code_png, payload
from qrecords.render.docx import Template
from qrecords.render.fonts import fontconfig_file
from qrecords.render.pdf import Converter, finish_pdf, page_count
from qrecords.render.soffice import Soffice, find_program

MOST_WORDS = 254  # of a command line LibreOffice reads; it leaves the rest unsaid
TIMES_ONE_START, TIMES_PLAIN = 1.8, 4.0
CREATED = datetime(2026, 1, 1, tzinfo=UTC)

Work = Callable[[list[Path], Path], None]


def documents(folder: Path, count: int) -> list[Path]:
    data, values = contexts(count)
    template, made = Template.load(data), []
    for value in values:
        made.append(folder / f"{value['record_no']}.docx")
        made[-1].write_bytes(template.render(value, code_png(payload(value["record_no"], 1))))
    return made


def on_plain_template(files: list[Path], folder: Path) -> list[Path]:
    """Build the same forms on python-docx's default template: its styles, theme and page around our words."""
    folder.mkdir()
    made = []
    for path in files:
        form, plain = Document(str(path)), Document()
        head = form.sections[0].first_page_header
        texts = [cell.text for table in head.tables for row in table.rows for cell in row.cells]
        plain.sections[0].header.paragraphs[0].text = "  ".join(dict.fromkeys(t for t in texts if t))
        for table in form.tables:
            copy = plain.add_table(0, len(table.columns))
            for row in table.rows:
                cells = copy.add_row().cells
                written = set()
                for cell, target in zip(row.cells, cells, strict=False):
                    if cell._tc not in written:  # one merged over several columns is written once
                        written.add(cell._tc)
                        target.text = cell.text
        made.append(folder / path.name)
        plain.save(str(made[-1]))
    return made


def same_text(files: list[Path]) -> None:
    """Convert a few both ways; each record must have the same words on as many pages."""
    with TemporaryDirectory() as folder:
        alone, together = Path(folder) / "alone", Path(folder) / "together"
        alone.mkdir()
        together.mkdir()
        one_start(files, alone)
        two_workers(files, together)
        for path in files:
            pair = [where / "out" / f"{path.stem}.pdf" for where in (alone, together)]
            texts = {subprocess.run(["pdftotext", p, "-"], capture_output=True, check=True).stdout for p in pair}
            assert len(texts) == 1, path.name
            assert len({page_count(p) for p in pair}) == 1, path.name


def batched(names: list[str], size: int) -> list[list[str]]:
    return [names[start : start + size] for start in range(0, len(names), size)]


def one_start(files: list[Path], folder: Path) -> None:
    """Run what anyone would type, in a new profile; with our faces, or it would print all in one and embed one less."""
    out = folder / "out"
    fonts = fontconfig_file(folder)
    command = [find_program(), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", "pdf", "--outdir", str(out)]
    environment = os.environ | ({"FONTCONFIG_FILE": str(fonts)} if fonts else {})
    for names in batched([str(path) for path in files], MOST_WORDS - len(command)):
        subprocess.run(
            [*command, *names], env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    assert sum(1 for _ in out.iterdir()) == len(files)


def one_start_to_pdf_a(files: list[Path], folder: Path) -> None:
    """Run one start as a worker does: the same PDF/A as the two workers make."""
    out = folder / "out"
    out.mkdir()
    Soffice(find_program(), folder).convert(
        files, out, seconds_per_file=60, on_tick=lambda: sum(1 for _ in out.iterdir())
    )
    assert sum(1 for _ in out.iterdir()) == len(files)


def two_workers(files: list[Path], folder: Path) -> None:
    assert len(Converter(workers=2).convert(files, folder / "out")) == len(files)


def seconds(work: Work, files: list[Path], clock: Callable[[], float]) -> float:
    with TemporaryDirectory() as folder:
        start = clock()
        work(files, Path(folder))
        return clock() - start


def wall(work: Work, files: list[Path]) -> float:
    return seconds(work, files, time.perf_counter)


def processor_time() -> float:
    """Return the seconds all programs we started have used, which a busy machine changes little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def costs(files: list[Path]) -> None:
    """Print the processor time of a start and of a file."""
    for name, work in {"one start": one_start, "a worker, to PDF/A": one_start_to_pdf_a}.items():
        first = seconds(work, files[:1], processor_time)
        each = (seconds(work, files, processor_time) - first) / (len(files) - 1)
        print(f"{name}: {first - each:.2f} s to start, {each * 1e3:.0f} ms a file", flush=True)


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
    arguments.add_argument("--plain", type=int, default=40, help="forms on the default template, which take long")
    arguments.add_argument("--costs", action="store_true", help="only the processor time of a start and of a file")
    chosen = arguments.parse_args()
    with TemporaryDirectory() as folder:
        files = documents(Path(folder), chosen.files)
        costs(files[:60])
        if chosen.costs:
            return 0
        plain = on_plain_template(files[: chosen.plain], Path(folder) / "plain")
        same_text(files[:16])
        rows = []
        for _ in range(chosen.runs):  # in turn, so that a busy moment meets both
            alone, together = wall(one_start, files), wall(two_workers, files)
            slow, few = wall(one_start, plain), wall(two_workers, files[: len(plain)])
            rows.append((alone, together, alone / together, slow / few))
            print(f"one start {alone:.1f} s, two workers {together:.1f} s, {alone / together:.2f}", end="")
            print(
                f"; {len(plain)} on the default template {slow:.1f} s, ours {few:.1f} s, {slow / few:.2f}", flush=True
            )
        per_page, smaller, _ = finishing(files)
    alone, together, ratio, times_plain = (statistics.median(column) for column in zip(*rows, strict=True))
    print(f"{chosen.files} documents on {os.cpu_count()} cores: {alone:.1f} s alone, {together:.1f} s with two workers")
    print(f"{ratio:.2f} times as fast (at least {TIMES_ONE_START:g})")
    print(f"{times_plain:.2f} times as fast as on the default template (at least {TIMES_PLAIN:g})")
    print(f"finishing adds {per_page * 1e3:.1f} ms a page and leaves {smaller:.0%} of the size")
    return 0 if ratio >= TIMES_ONE_START and times_plain >= TIMES_PLAIN else 1


if __name__ == "__main__":
    sys.exit(main())
