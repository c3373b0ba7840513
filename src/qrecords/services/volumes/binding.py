"""Bind and seal volumes: items with page numbers between their front matter and file note, and the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from qrecords.model.formats import Around, BoundItem, Manifest
from qrecords.model.volume import Placed, Volume
from qrecords.office import Office
from qrecords.ports import Objects
from qrecords.render.pdfmeta import Meta
from qrecords.render.volume import Bound, Part, Stamp, Style, bind
from qrecords.services.volumes.stamps import stamp_of
from qrecords.work.step import EXACT

VOLUME_PDF = "volume.pdf"


@dataclass(frozen=True, slots=True)
class Binding:
    """One volume about to be bound, as its intent writes it down."""

    __pydantic_config__: ClassVar = EXACT

    volume_code: str
    form_code: str
    year: int
    number: int
    title: str
    supplement: bool
    retention_years: int
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


@dataclass(frozen=True, slots=True)
class KeptPart:
    """A file of an item as it is bound: where the archive keeps it (object, name, version), and what `Part` says."""

    held: tuple[str, str, int]
    title: str
    pages: int
    blank: tuple[int, ...]
    stamp: Stamp | None


@dataclass(frozen=True, slots=True)
class Job:
    """All that binding one volume needs; it can be handed to another process."""

    archive: Objects
    target: Path
    front: tuple[Part, ...]
    items: tuple[KeptPart, ...]
    back: tuple[Part, ...]
    meta: Meta
    style: Style

    def run(self) -> Bound:
        """Bind the volume."""
        with self.archive.lent_all(part.held for part in self.items) as paths:
            items = [Part(p, k.title, k.pages, k.blank, k.stamp) for p, k in zip(paths, self.items, strict=True)]
            return bind(self.target, front=self.front, items=items, back=self.back, meta=self.meta, style=self.style)


def job_of(
    office: Office, binding: Binding, target: Path, front: tuple[Part, ...], back: tuple[Part, ...], frames: Path
) -> Job:
    """Return the work of binding one volume into `target`; the frames of stamps lie in the folder `frames`."""
    settings = office.settings.volumes
    items = tuple(part for placed in binding.placed for part in _parts(placed, frames))
    meta = Meta(binding.title, binding.volume_code, datetime.fromisoformat(binding.compiled_at))
    style = Style(settings.double_sided, settings.numbers == "top", settings.turn_wide)
    return Job(office.archive, target, front, items, back, meta, style)


def _parts(placed: Placed, frames: Path) -> Iterator[KeptPart]:
    stamp = stamp_of(placed, frames)
    item, title = placed.item, f"{placed.position} {placed.item.document_no} {placed.item.title}"
    for file in placed.files:
        yield KeptPart((item.object_id, file.name, item.version), title, file.pages, file.blank, stamp)
        title, stamp = "", None


def seal(office: Office, intent: str, binding: Binding, made: Bound, files: Mapping[str, bytes | Path]) -> None:
    """Move a bound volume into the archive as an object of its own, with its manifest and `files`."""
    around = tuple(Around(title, page, pages) for title, page, pages in made.around)
    manifest = replace(manifest_of(binding), around=around, pdf_pages=tuple(made.first_pages))
    staged = office.archive.stage(
        binding.object_id,
        {**files, Manifest.FILE: manifest.to_bytes()},
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
    held = office.archive.read_as(Manifest, binding.object_id, 1)
    return replace(held, around=(), pdf_pages=()) == manifest_of(binding)


def manifest_of(binding: Binding) -> Manifest:
    """Return what its manifest says of a volume before it is bound: all but the pages of the PDF."""
    volume = binding.volume
    return Manifest(
        volume_code=binding.volume_code,
        title=binding.title,
        form_code=binding.form_code,
        year=binding.year,
        number=binding.number,
        supplement=binding.supplement,
        retention_years=binding.retention_years,
        compiled_at=binding.compiled_at,
        compiled_by=binding.compiled_by,
        audit_head=binding.audit_head,
        secrecy_level=volume.secrecy_level,
        date_from=volume.date_from,
        date_to=volume.date_to,
        pages=volume.pages,
        items=tuple(BoundItem.of(placed) for placed in volume.placed),
        notes=binding.notes,
        gaps=binding.gaps,
    )
