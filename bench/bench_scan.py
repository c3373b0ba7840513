"""Scanned pages: how many a second against rendering alone, how many find their code, how well their text is read.

python -m bench.bench_scan [--pages N] [--ocr N]

The pages are real prints treated as tests/paper.py does: skewed, stained, noisy, at 150 and 200 dpi. Text is compared
with what the PDF itself says, spaces and boxes left aside: in order (which also counts where a line stands: the lower
bound) and as characters alone (the upper one). Ends with status 1 when less than 99 % of the pages say what they are,
or one says what it is not.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2

from bench.bench_docx import contexts
from qrecords.render.code import code_png, payload
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter, finish_pdf
from qrecords.scanning import ocr
from qrecords.scanning.reader import PageRead, read_file
from qrecords.scanning.worker import KEPT_DPI
from tests import paper

FOUND = 0.99
CREATED = datetime(2026, 1, 1, tzinfo=UTC)
PRINTS = 4


def prints(folder: Path) -> list[tuple[str, Path]]:
    """Return some printed reports with their print ids."""
    data, values = contexts(PRINTS)
    template, made = Template.load(data), []
    for value in values:
        path = folder / f"{value['record_no']}.docx"
        path.write_bytes(template.render(value, code_png(payload(value["record_no"], 1))))
        made.append(path)
    pdfs = Converter().convert(made, folder)
    for path in pdfs:
        finish_pdf(path, path, print_id=payload(path.stem, 1), title="示例", created=CREATED)
    return [(payload(path.stem, 1), path) for path in pdfs]


def words_of(pdf: Path) -> list[str]:
    with pypdfium2.PdfDocument(pdf) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def treated(
    made: list[tuple[str, Path]], count: int, folder: Path
) -> tuple[dict[int, Path], dict[int, list[str]], list[str]]:
    """Return a scanned file for each resolution, the true code of each of its pages, and the true texts at 200 dpi."""
    sides = {
        dpi: [(f"{code}/{n}", image) for code, pdf in made for n, image in enumerate(paper.drawn(pdf, dpi), 1)]
        for dpi in (150, 200)
    }
    texts = [text for _, pdf in made for text in words_of(pdf)]
    pages: dict[int, list[object]] = {150: [], 200: []}
    truth: dict[int, list[str]] = {150: [], 200: []}
    said: list[str] = []
    for number, how in enumerate(paper.treatments(count)):
        which = number // 2 % len(sides[how.dpi])
        code, image = sides[how.dpi][which]
        pages[how.dpi].append(paper.treated(image, how, number))
        truth[how.dpi].append(code)
        if how.dpi == 200:
            said.append(texts[which])
    return {dpi: paper.bundle(pages[dpi], folder / f"{dpi}.pdf", dpi) for dpi in pages}, truth, said


def rendering_alone(path: Path) -> float:
    start = time.perf_counter()
    with pypdfium2.PdfDocument(path) as document:
        for page in document:
            page.render(scale=KEPT_DPI / 72).to_pil()
    return time.perf_counter() - start


def plain(text: str) -> str:
    return re.sub(r"[\s□☑口/]", "", text)


def accuracy(said: str, read: str) -> tuple[float, float]:
    """The share of a page's characters that were read: in order, and whatever their order."""
    true, seen = plain(said), plain(read)
    in_order = sum(b.size for b in SequenceMatcher(None, true, seen, autojunk=False).get_matching_blocks())
    return in_order / len(true), (Counter(true) & Counter(seen)).total() / len(true)


def read_text(pages: list[PageRead], said: list[str]) -> None:
    start = time.perf_counter()
    read = ocr.recognise([page.image for page in pages])
    spent = (time.perf_counter() - start) / len(pages)
    in_order, alone = zip(*map(accuracy, said, read), strict=True)
    print(
        f"text of {len(pages)} pages at 200 dpi, {spent:.1f} s a page: {statistics.mean(alone):.1%} of the characters"
    )
    print(f"({statistics.mean(in_order):.1%} counted in order; the worst page {min(alone):.1%})")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--pages", type=int, default=100)
    arguments.add_argument("--ocr", type=int, default=10, help="pages whose text is recognised")
    chosen = arguments.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        files, truth, said = treated(prints(folder), chosen.pages, folder)
        found = wrong = 0
        pages: dict[int, tuple[PageRead, ...]] = {}
        for dpi, path in files.items():
            alone = rendering_alone(path)
            start = time.perf_counter()
            pages[dpi] = read_file(path, folder / f"pages{dpi}").pages
            spent = time.perf_counter() - start
            count = len(truth[dpi])
            print(f"{dpi} dpi: {count / spent:.1f} pages/s, rendering alone {count / alone:.1f}: ", end="")
            print(f"{spent / alone:.2f} times as long")
            for page, code in zip(pages[dpi], truth[dpi], strict=True):
                found += page.codes == (code,)
                wrong += bool(page.codes) and page.codes != (code,)
        print(f"{chosen.pages} pages on {os.cpu_count()} cores: {found / chosen.pages:.1%} found, {wrong} wrong")
        if not ocr.is_available():
            print("no text recognition here: pip install 'qrecords[ocr]'")
        elif chosen.ocr:
            first = list(pages[200])[: chosen.ocr]
            read_text(first, said[: len(first)])
    return 0 if found >= FOUND * chosen.pages and not wrong else 1


if __name__ == "__main__":
    sys.exit(main())
