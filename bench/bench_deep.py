"""How fast a deep check reads an archive, beside sha512sum over the same files: a year's mix, and small objects alone.

python -m bench.bench_deep [--items N] [--keep DIR]

The mix is a typical year's, made smaller: three items of four have the scan of their signed paper, two sheets of
0.7 MB; all are bound into volumes by `compile`, which so hold the same sheets again. LibreOffice makes a few forms
once, each item's is varied in its text; so is one noisy sheet. Everything is read once before, so that both sides
find it in memory. Each archive is checked for the first time, and again as in later years, when what has not changed
need not be opened again. Ends with status 1 when the first check of the mix is below half of sha512sum's rate.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import pikepdf
from PIL import Image

from bench.bench_filing import files_below, reviewed
from bench.bench_pdf import CREATED, documents
from bench.measure import line, seconds
from qrecords.model.record import Attached
from qrecords.office import Office
from qrecords.render import finish as finishing
from qrecords.render.pdf import Converter, finish_pdf
from qrecords.render.sheets import Picture, sheets_pdf
from qrecords.services import documents as making
from qrecords.services.administer import init, open_office
from qrecords.services.care.verify import verify
from qrecords.services.file import file_records
from qrecords.services.volumes.compile import compile_year

OF_SHA512SUM = 0.5
YEAR, FORM = 2025, "QR758-01A"
DISTINCT, SHEETS = 12, 2
A4, A4_PIXELS, SHEET_BYTES = (595.28, 841.89), (1654, 2339), 700_000


class Papers:
    """Word files, PDFs and scans of fixed seed, no two the same."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._docx = documents(folder, DISTINCT)
        pdfs = Converter().convert(self._docx, folder / "pdf")
        for path in pdfs:
            finish_pdf(path, path, print_id=f"{path.stem}/1", title="示例", created=CREATED)
        self._pdf, self._sheet, self._made = pdfs, noisy_sheet(), 0

    def docx(self, number: int) -> bytes:
        stream = BytesIO(self._docx[number % DISTINCT].read_bytes())
        with zipfile.ZipFile(stream, "a") as package:
            package.comment = str(number).encode()
        return stream.getvalue()

    def pdf(self, number: int) -> bytes:
        """A form whose every page has a drawing of its own."""
        stream = BytesIO()
        with TemporaryDirectory() as folder:
            path = Path(folder) / "varied.pdf"
            with pikepdf.open(self._pdf[number % DISTINCT]) as pdf:
                for page in pdf.pages:
                    page.Contents.write(page.Contents.read_bytes() + b"\n%% %d\n" % number)
                pdf.save(path)
            finish_pdf(path, path, print_id=f"varied/{number}", title=f"示例 {number}", created=CREATED)
            stream.write(path.read_bytes())
        return stream.getvalue()

    def scan(self, number: int) -> bytes:
        """A signed paper of some sheets; each picture has a comment of its own."""
        pictures = []
        for place in range(SHEETS):
            words = b"%d/%d" % (number, place)
            comment = b"\xff\xfe" + (len(words) + 2).to_bytes(2, "big") + words
            pictures.append(Picture(self._sheet[:2] + comment + self._sheet[2:], A4))
        return sheets_pdf(pictures, f"示例 {number}")


def sha512sum(paths: Sequence[Path]) -> None:
    subprocess.run(["sha512sum", "--", *map(str, paths)], stdout=subprocess.DEVNULL, check=True)


def noisy_sheet() -> bytes:
    """A gray page at 200 dpi with the noise of a scanner, about 0.7 MB as JPEG, with lines on it."""
    wide, high = A4_PIXELS
    noise = Image.frombytes("L", (wide, high), random.Random(758).randbytes(wide * high))
    sheet = Image.blend(Image.new("L", (wide, high), 235), noise, 0.12)
    for line_at in range(300, high - 300, 70):  # written on: a blank one would not be bound
        sheet.paste(20, (200, line_at, wide - 200, line_at + 20))
    made = b""
    for quality in range(30, 96, 3):
        stream = BytesIO()
        sheet.save(stream, "JPEG", quality=quality)
        made = stream.getvalue()
        if len(made) >= SHEET_BYTES:
            break
    return made


@contextmanager
def ready_made(papers: Papers) -> Iterator[None]:
    """Let every paper made be the next of these."""
    count = iter(range(1_000_000))

    def convert(
        _self: Converter, sources: Sequence[Path], out_dir: Path, on_done: Callable[[Path], None] | None = None
    ) -> list[Path]:
        made = [out_dir / f"{source.stem}.pdf" for source in sources]
        for path in made:
            path.write_bytes(papers.pdf(next(count)))
            if on_done:
                on_done(path)
        return made

    kept = Converter.convert, making.Documents.docx, finishing.finish_pdf
    Converter.convert = convert  # type: ignore[method-assign]
    making.Documents.docx = lambda _self, _paper: papers.docx(next(count))  # type: ignore[method-assign]
    finishing.finish_pdf = lambda *_, **__: 1
    try:
        yield
    finally:
        Converter.convert, making.Documents.docx, finishing.finish_pdf = kept  # type: ignore[method-assign]


def laid(office: Office, papers: Papers, items: int, folder: Path, *, scanned: bool) -> None:
    """File so many records; with `scanned`, three of four with the scan of their paper, and all of them bound."""
    folder.mkdir()
    with ready_made(papers):
        numbers = reviewed(office, items, folder)
        if scanned:
            with office.register.write() as tx:
                for place, number in enumerate(numbers):
                    if place % 4:
                        data = papers.scan(place)
                        kept = Attached("sheet", f"{number}-1.pdf", hashlib.sha256(data).hexdigest(), SHEETS)
                        office.papers.evidence.keep(kept.stored, data)
                        tx.beside.add([number], kept, office.now(), office.account.name)
        file_records(office, numbers)
    if scanned:
        compile_year(office, YEAR, form_code=FORM)


def compared(office: Office, what: str) -> float:
    """Check an archive as for the first time and again; return the first rate beside sha512sum's."""
    everything = files_below(office.settings.archive_dir / "objects")
    size = sum(path.stat().st_size for path in everything)
    sha512sum(everything)
    summed = min(seconds(lambda: sha512sum(everything)) for _ in range(3))
    problems = []
    # Three firsts: --afresh takes nothing for known.
    first = min(seconds(lambda: problems.extend(verify(office, deep=True, afresh=True).problems)) for _ in range(3))
    later = min(seconds(lambda: verify(office, deep=True)) for _ in range(3))
    assert not problems, problems[:3]
    print(f"  {what}: {len(everything)} files, {size / 1e6:.0f} MB; sha512sum {summed:.2f} s", flush=True)
    line(f"first check ({first:.2f} s), rate ÷ sha512sum", summed / first, f"≥ {OF_SHA512SUM:g}")
    line(f"later check ({later:.2f} s), rate ÷ sha512sum", summed / later, f"≥ {OF_SHA512SUM:g}")
    return summed / first


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=280, help="2 MB each with its scan and its place in a volume")
    parser.add_argument("--keep", type=Path, help="keep the archives in this folder; those already there are taken")
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="bench-deep-") as name:
        folder = arguments.keep or Path(name)
        rates = []
        for what, scanned in (("a year's mix", True), ("small objects alone", False)):
            place = folder / ("mix" if scanned else "small")
            if not place.exists():
                with closing(init(place / "office")) as office:
                    laid(office, Papers(folder / "papers"), arguments.items, place / "inputs", scanned=scanned)
            with closing(open_office(place / "office")) as office:
                rates.append(compared(office, what))
    return 0 if rates[0] >= OF_SHA512SUM else 1


if __name__ == "__main__":
    sys.exit(main())
