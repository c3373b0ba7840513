"""The catalogue of a year's volumes (案卷目录, GB/T 11822-2008): Word, PDF and workbook, kept as an object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from qrecords.errors import NotFound
from qrecords.model.answer import left_out
from qrecords.model.audit import canonical
from qrecords.model.formats import Manifest
from qrecords.model.objects import CATALOGUE
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.render.listbooks import printed_list
from qrecords.render.pdfmeta import Meta
from qrecords.services.making import Filling, finish, to_pdf, write_word
from qrecords.services.volumes.binding import Binding, manifest_of
from qrecords.services.volumes.shelf import readable_volumes
from qrecords.stores import durable

NAME = "catalogue"
KINDS = ("docx", "pdf", "xlsx")
COLUMNS = (
    ("序号", 6, "no"), ("档号", 34, "volume_code"), ("案卷题名", 60, "title"), ("件数", 8, "items"),
    ("页数", 8, "pages"), ("起止日期", 26, "dates"), ("保管期限", 10, "retention"), ("密级", 8, "secrecy_level"),
    ("备注", 12, "remark"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A volume in the catalogue: days as YYYYMMDD-YYYYMMDD."""

    no: int
    volume_code: str
    title: str
    items: int
    pages: int
    dates: str
    retention: str
    secrecy_level: str
    remark: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A year's catalogue: the lines one may read, and where its files lie for who may read them all."""

    year: int
    volumes: Sequence[Line]
    docx: str | None = left_out()
    pdf: str | None = left_out()
    xlsx: str | None = left_out()


def object_id(year: int) -> str:
    """Return the id of a year's catalogue."""
    return CATALOGUE.object_id(year)


def lines_of(office: Office, year: int, about_to_be: Sequence[Binding] = ()) -> list[Line]:
    """Return a line for each volume of the year, sealed or just being bound."""
    found: dict[str, tuple[Manifest, int]] = {}
    with office.register.read() as tx:
        rows = [v for v in tx.items.volumes(year) if v.version > 0]
    for row in rows:
        manifest = office.archive.read_as(Manifest, row.object_id, row.version)
        found[row.volume_code] = manifest, row.items
    for binding in about_to_be:
        found[binding.volume_code] = manifest_of(binding), len(binding.placed)
    return [_line(no, *found[code]) for no, code in enumerate(sorted(found), start=1)]


def _line(no: int, manifest: Manifest, items: int) -> Line:
    return Line(
        no,
        manifest.volume_code,
        manifest.title,
        items,
        manifest.pages,
        dates=f"{manifest.date_from.replace('-', '')}-{manifest.date_to.replace('-', '')}",
        retention=f"{manifest.retention_years}年",
        secrecy_level=manifest.secrecy_level,
        remark="补编" if manifest.supplement else "",
    )


def write_docx(office: Office, year: int, lines: Sequence[Line], folder: Path) -> Path:
    """Write the catalogue as a Word file, to be converted."""
    context = {
        "org_name": office.settings.office.org_name,
        "compiled_by_unit": office.settings.office.unit,
        "year": str(year),
        "volumes": [{key: str(value) for key, value in asdict(line).items()} for line in lines],
        "volume_count": str(len(lines)),
        "item_count": str(sum(line.items for line in lines)),
        "page_count": str(sum(line.pages for line in lines)),
    }
    return write_word(Filling(NAME, office.forms.house(f"volume/{NAME}.docx"), context), folder)


def keep(office: Office, intent: str, year: int, lines: Sequence[Line], docx: Path) -> None:
    """Keep the catalogue, its PDF beside the Word file, as the next version of the year's object."""
    now = office.clock()
    rows = [[getattr(line, key) for _, _, key in COLUMNS] for line in lines]
    columns = [(heading, width) for heading, width, _ in COLUMNS]
    pdf = docx.with_suffix(".pdf")
    finish(pdf, Meta(f"{year}年度案卷目录", object_id(year), now))
    files: dict[str, bytes | Path] = {
        f"{NAME}.docx": docx,
        f"{NAME}.pdf": pdf,
        f"{NAME}.xlsx": printed_list(f"{year}年度案卷目录", columns, rows, now),
        f"{NAME}.json": canonical({"schema": 1, "year": year, "volumes": [asdict(line) for line in lines]}) + b"\n",
    }
    staged = office.archive.stage(
        object_id(year), files, message="案卷目录", user=office.account.display_name, created=now, intent=intent
    )
    office.archive.publish(staged)


def is_behind(office: Office, year: int) -> bool:
    """Tell whether the catalogue kept lacks something of the year's volumes."""
    lines = lines_of(office, year)
    return bool(lines) and lines != _kept(office, year)


def catch_up(office: Office, year: int) -> None:
    """Make the catalogue a compilation that broke off could not make any more."""
    lines = lines_of(office, year)
    if not lines or lines == _kept(office, year):
        return
    with office.under_way() as intent:
        work = office.archive.work_dir(intent)
        docx = write_docx(office, year, lines, work)
        to_pdf(office, [docx], work)
        keep(office, intent, year, lines, docx)
        durable.remove_tree(work)


def _kept(office: Office, year: int) -> list[Line]:
    if not office.archive.exists(object_id(year)):
        return []
    kept = json.loads(office.archive.read(object_id(year), f"{NAME}.json"))
    return [Line(**line) for line in kept["volumes"]]


def show_catalogue(office: Office, year: int) -> Catalogue:
    """Return a year's catalogue: its lines, and where its files lie."""
    office.authorise(Action.READ, "catalogue")
    with office.register.read() as tx:
        may = {v.volume_code for v in readable_volumes(office, tx, tx.items.volumes(year))}
    kept = _kept(office, year)
    lines = [line for line in kept if line.volume_code in may]
    kinds = KINDS if lines and len(lines) == len(kept) else ()
    return Catalogue(year, lines, **{k: office.archive.called(object_id(year), f"{NAME}.{k}") for k in kinds})


def catalogue_file(office: Office, year: int, kind: str) -> bytes:
    """Return a year's catalogue as docx, pdf or xlsx; NotFound when there is none the account may read whole."""
    if kind not in KINDS or getattr(show_catalogue(office, year), kind) is None:
        raise NotFound(f"{year}年没有案卷目录", remedy="成册以后才有")
    return office.archive.read(object_id(year), f"{NAME}.{kind}")
