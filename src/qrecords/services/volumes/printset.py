"""What is printed around volumes, each part alone: cover, contents, file note, spine label (GB/T 11822-2008)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

from qrecords.advice import Input, advise
from qrecords.errors import UsageError
from qrecords.model.formats import Manifest
from qrecords.model.numbering import file_safe
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import cut
from qrecords.services.volumes.frontmatter import TITLES
from qrecords.services.volumes.shelf import sealed
from qrecords.stores.durable import make_dirs, write_file
from qrecords.stores.register.rows import VolumeRow

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PrintedPart:
    """What stands around a volume, one part of it, as files to print."""

    volume_code: str
    part: str
    pdf: Path
    docx: Path


def print_sets(office: Office, volume_codes: Sequence[str], out: Path) -> list[PrintedPart]:
    """Write what stands around each volume into `out`, as it was sealed: PDF and Word."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out} 不是文件夹", remedy=advise("请用 {} 指明放到哪个文件夹", Input.FOLDER))
    rows = sealed(office, volume_codes)
    for row in rows:
        office.authorise(Action.BIND, row.volume_code)
    make_dirs(out)
    with office.register.write() as tx:
        tx.audit.append([office.event(Action.PRINT, row.volume_code) for row in rows])
    return [path for row in rows for path in _print_set(office, row, out)]


def packed_sets(office: Office, volume_codes: Sequence[str], progress: Progress | None = None) -> bytes:
    """Return what stands around these volumes in one zip."""
    packed = BytesIO()
    with TemporaryDirectory(prefix="qrecords-print-") as folder, ZipFile(packed, "w", ZIP_DEFLATED) as bag:
        for done, code in enumerate(volume_codes, start=1):
            for part in print_sets(office, [code], Path(folder)):
                for made in (part.pdf, part.docx):
                    bag.write(made, made.name)
                    made.unlink()
            if progress:
                progress(done, len(volume_codes))
    return packed.getvalue()


def _print_set(office: Office, row: VolumeRow, out: Path) -> list[PrintedPart]:
    object_id, version, code = row.object_id, row.version, row.volume_code
    manifest = office.archive.read_as(Manifest, object_id, version)
    around = {part.title: part for part in manifest.around}
    made = []
    for name, title in TITLES.items():
        pdf, docx = (out / f"{file_safe(code)}-{title}.{kind}" for kind in ("pdf", "docx"))
        meta = Meta(f"{row.title} {title}", code, datetime.fromisoformat(row.compiled_at))
        if title in around:
            with office.archive.lent(object_id, "volume.pdf", version) as volume:
                cut(volume, pdf, first=around[title].page, pages=around[title].pages, meta=meta)
        else:
            write_file(pdf, office.archive.read(object_id, f"{name}.pdf", version))
        write_file(docx, office.archive.read(object_id, f"{name}.docx", version))
        made.append(PrintedPart(code, title, pdf, docx))
    return made
