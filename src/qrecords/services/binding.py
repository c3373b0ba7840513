"""Bind and seal one volume: front matter, items with page numbers, file note, manifest (GB/T 11822-2008)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from qrecords.model.audit import canonical
from qrecords.model.volume import File, Item, Placed, Volume
from qrecords.office import Office
from qrecords.render.context import date_text
from qrecords.render.docx import Template
from qrecords.render.pdf import Converter
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import Part, Style, bind
from qrecords.stores.durable import make_dirs, write_file

# What stands around the items: Word templates in forms/QR758/volume/, by their titles.
TITLES = {"cover": "封面", "contents": "卷内目录", "file_note": "备考表"}
YEAR_RULES = {
    "review": "本册按主管审查签名的年度组卷（通知单及服务报告以审查完成之日所在年度为准）。",
    "date_field": "本册按事件发生日期的年度组卷。",
}


@dataclass(frozen=True, slots=True)
class Binding:
    """One volume about to be bound, as its intent writes it down."""

    volume_code: str
    form_code: str
    year: int
    number: int
    title: str
    object_id: str
    placed: tuple[Placed, ...]
    notes: tuple[str, ...]
    gaps: tuple[str, ...]
    compiled_at: str
    audit_head: str
    compiled_by: str
    compiled_by_name: str

    @property
    def volume(self) -> Volume:
        """Return the volume itself."""
        return Volume(self.placed)

    @classmethod
    def from_intent(cls, entry: dict[str, Any]) -> Binding:
        """Return a binding as an intent wrote it down."""
        placed = tuple(
            Placed(**(p | {"item": Item(**p["item"]), "files": tuple(_file(f) for f in p["files"])}))
            for p in entry["placed"]
        )
        return cls(**(entry | {"placed": placed, "notes": tuple(entry["notes"]), "gaps": tuple(entry["gaps"])}))


def _file(entry: dict[str, Any]) -> File:
    return File(**(entry | {"blank": tuple(entry["blank"])}))


def seal(office: Office, intent: str, binding: Binding) -> None:
    """Bind a volume and move it into the archive as an object of its own."""
    work = office.archive.work_dir(intent)
    make_dirs(work)
    cover, contents, file_note = _matter(office, binding, work)
    bound = work / "volume.pdf"
    made = bind(
        bound,
        front=[Part(cover, TITLES["cover"]), Part(contents, TITLES["contents"])],
        items=[part for p in binding.placed for part in _parts(office, p)],
        back=[Part(file_note, TITLES["file_note"])],
        meta=Meta(binding.title, binding.volume_code, datetime.fromisoformat(binding.compiled_at)),
        style=Style(double_sided=office.settings.volumes.double_sided),
    )
    around = [{"title": title, "page": page, "pages": pages} for title, page, pages in made.around]
    manifest = _manifest(binding) | {"around": around, "pdf_pages": list(made.first_pages)}
    files: dict[str, bytes | Path] = {
        "volume.pdf": bound,
        "manifest.json": canonical(manifest) + b"\n",
        **{f"{name}.docx": work / f"{name}.docx" for name in TITLES},
    }
    staged = office.archive.stage(
        binding.object_id,
        files,
        message="汇编成册",
        user=binding.compiled_by_name,
        created=datetime.fromisoformat(binding.compiled_at),
        intent=intent,
        expected_head=0,
    )
    office.archive.publish(staged)


def is_sealed(office: Office, binding: Binding) -> bool:
    """Tell whether the archive holds just this volume, as its intent planned it."""
    if not office.archive.exists(binding.object_id):
        return False
    held = json.loads(office.archive.read(binding.object_id, "manifest.json", 1))
    planned = json.loads(canonical(_manifest(binding)))
    return bool({key: held.get(key) for key in planned} == planned)


def _matter(office: Office, binding: Binding, work: Path) -> list[Path]:
    contexts = {
        "cover": _cover(office, binding),
        "contents": {**_head(binding), "items": [_line(p) for p in binding.placed]},
        "file_note": _file_note(office, binding),
    }
    paths = []
    for name in TITLES:
        path = work / f"{name}.docx"
        template = Template.load(office.settings.forms_dir / "volume" / f"{name}.docx")
        write_file(path, template.render(contexts[name], None))
        paths.append(path)
    settings = office.settings.pdf
    converter = Converter(soffice=settings.soffice, workers=1, seconds_per_file=settings.seconds_per_file)
    return converter.convert(paths, work)


def _head(binding: Binding) -> dict[str, Any]:
    return {"reference_code": binding.volume_code, "volume_title": binding.title}


def _cover(office: Office, binding: Binding) -> dict[str, Any]:
    form = office.forms.get(binding.form_code).form
    volume = binding.volume
    return {
        **_head(binding),
        "org_name": office.settings.office.org_name,
        "compiled_by_unit": office.settings.office.unit,
        "date_from": date_text(volume.date_from),
        "date_to": date_text(volume.date_to),
        "retention": f"{form.retention.years}年",
        "secrecy_level": volume.secrecy_level,
        "item_count": str(len(volume.placed)),
        "page_count": str(volume.pages),
    }


def _line(placed: Placed) -> dict[str, str]:
    item = placed.item
    return {
        "no": str(placed.position),
        "document_no": item.document_no,
        "creator": item.creator,
        "title": item.title,
        "date": item.date_to.replace("-", ""),
        "page": str(placed.page_from),
        "pages": str(placed.pages),
        "remark": "" if item.version == 1 else f"第{item.version}版",
    }


def _file_note(office: Office, binding: Binding) -> dict[str, Any]:
    form = office.forms.get(binding.form_code).form
    return {
        **_head(binding),
        "pieces": str(len(binding.placed)),
        "pages": str(binding.volume.pages),
        "notes": list(binding.notes),
        "gaps": list(binding.gaps),
        "year_rule": YEAR_RULES[form.retention.year_of],
        "compiled_by": binding.compiled_by_name,
        "compiled_on": date_text(binding.compiled_at[:10]),
        "checked_by": "",
        "audit_head": binding.audit_head,
    }


def _parts(office: Office, placed: Placed) -> Iterator[Part]:
    item, title = placed.item, f"{placed.position} {placed.item.document_no} {placed.item.title}"
    for file in placed.files:
        path = office.archive.path(item.object_id, file.name, item.version)
        yield Part(path, title, file.pages, file.blank)
        title = ""


def _manifest(binding: Binding) -> dict[str, Any]:
    volume = binding.volume
    return {
        "schema": 1,
        "volume_code": binding.volume_code,
        "title": binding.title,
        "form_code": binding.form_code,
        "year": binding.year,
        "number": binding.number,
        "compiled_at": binding.compiled_at,
        "compiled_by": binding.compiled_by,
        "audit_head": binding.audit_head,
        "secrecy_level": volume.secrecy_level,
        "date_from": volume.date_from,
        "date_to": volume.date_to,
        "pages": volume.pages,
        "items": [_manifest_line(p) for p in volume.placed],
        "notes": list(binding.notes),
        "gaps": list(binding.gaps),
    }


def _manifest_line(placed: Placed) -> dict[str, Any]:
    item = placed.item
    return {
        "position": placed.position,
        "archive_no": item.archive_no,
        "document_no": item.document_no,
        "title": item.title,
        "date": item.date_to,
        "object": item.object_id,
        "version": item.version,
        "sha256": item.sha256,
        "page_from": placed.page_from,
        "page_to": placed.page_to,
        "files": [asdict(file) for file in placed.files],
    }
