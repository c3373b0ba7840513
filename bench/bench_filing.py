"""How fast records are filed for good, beside writing and syncing the same bytes.

python -m bench.bench_filing [--records N]

Making documents is left out of both sides: Word files and PDFs are given ready-made. The limit writes every file of the
new objects again, syncs each, then its folder, in a plain loop. Ends with status 1 above 3 times the limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bench_pdf import CREATED, documents
from bench.measure import line, seconds
from qrecords.office import Office
from qrecords.render import finish as finishing
from qrecords.render.pdf import Converter, finish_pdf
from qrecords.services import documents as making
from qrecords.services import steps
from qrecords.services.administer import init
from qrecords.services.file import file_records
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk

OF_LIMIT = 3.0


def ready_made(docx: bytes, pdf: bytes) -> None:
    """Let every paper be this Word file and this PDF."""

    def convert(
        _self: Converter, documents: Sequence[Path], out_dir: Path, on_done: Callable[[Path], None] | None = None
    ) -> list[Path]:
        made = [out_dir / f"{document.stem}.pdf" for document in documents]
        for path in made:
            path.write_bytes(pdf)
            if on_done:
                on_done(path)
        return made

    Converter.convert = convert  # type: ignore[method-assign]
    making.Documents.docx = lambda _self, _paper: docx  # type: ignore[method-assign]
    finishing.finish_pdf = lambda *_, **__: 1


def reviewed(office: Office, count: int, folder: Path) -> list[str]:
    """Fill and review records of one form, each of another customer."""
    sample = json.loads((office.settings.forms_dir / "01A" / "sample.json").read_text(encoding="utf-8"))
    sample |= {"source_record_no": None, "channel": "电话"}
    source = folder / "records.json"
    records = [sample | {"customer_unit": f"示例单位{n}"} for n in range(count)]
    source.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
    numbers = [r.record_no for r in fill(office, "01A", [on_disk(source)]).records]
    steps.submit(office, numbers)
    steps.review(office, numbers, opinion="同意", on="2025-12-31")
    return numbers


def made_ready(folder: Path) -> None:
    """Make the papers of one record, which are given out from then on."""
    (pdf,) = Converter().convert(documents(folder, 1), folder / "pdf")
    finish_pdf(pdf, pdf, print_id=f"{pdf.stem}/1", title="示例", created=CREATED)
    with closing(init(folder / "first")) as office:
        reviewed(office, 1, folder)
        word = next((office.settings.archive_dir / "drafts").rglob("*.docx")).read_bytes()
    ready_made(word, pdf.read_bytes())


def files_below(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def written_again(contents: Sequence[tuple[Path, bytes]], target: Path) -> None:
    """Write and sync the same bytes under the same names."""
    for name, data in contents:
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        handle = os.open(path.parent, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)


def measured(folder: Path, count: int) -> bool:
    made_ready(folder)
    with closing(init(folder / "office")) as office:
        numbers = reviewed(office, count, folder)
        objects = office.settings.archive_dir / "objects"
        before = set(files_below(objects))
        ours = seconds(lambda: file_records(office, numbers))
        paths = [path for path in files_below(objects) if path not in before]
        contents = [(path.relative_to(objects), path.read_bytes()) for path in paths]
        limit = seconds(lambda: written_again(contents, folder / "again"))
        size = sum(len(data) for _, data in contents)
        print(f"  {count} records, {len(paths)} files, {size / 1e6:.1f} MB; {count / ours:.1f} a second", flush=True)
        line("filing ÷ the same bytes written and synced", ours / limit, f"≤ {OF_LIMIT:g}")
    return ours <= OF_LIMIT * limit


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100)
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="bench-filing-") as folder:
        return 0 if measured(Path(folder), arguments.records) else 1


if __name__ == "__main__":
    sys.exit(main())
