"""Look at bound volumes: which there are, what is in them, in which volume and on which page a record stands."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from qrecords.advice import Do, advise
from qrecords.errors import NotFound, NotPermitted, WrongState
from qrecords.model.formats import Manifest
from qrecords.model.record import Action, State
from qrecords.office import Office
from qrecords.render.volumecheck import page_of
from qrecords.services import reading
from qrecords.services.disposition.retention import VolumeKept, of_volume
from qrecords.stores.register import Transaction
from qrecords.stores.register.rows import PlacedItem, PlaceInVolume, VolumeRow


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeShown:
    """A sealed volume for people and programs; `pdf` is empty when it was destroyed."""

    volume_code: str
    title: str
    form_code: str
    year: int
    supplement: bool
    items: int
    pages: int
    secrecy_level: str
    compiled_at: str
    pdf: str

    @classmethod
    def of(cls, office: Office, row: VolumeRow, **more: Any) -> Self:
        """Return a volume as it is shown; `more` is what a kind of it tells besides."""
        return cls(
            volume_code=row.volume_code,
            title=row.title,
            form_code=row.form_code,
            year=row.year,
            supplement=row.supplement,
            items=row.items,
            pages=row.pages,
            secrecy_level=row.secrecy_level,
            compiled_at=row.compiled_at,
            pdf=office.archive.called(row.object_id, "volume.pdf") if row.version > 0 else "",
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeListed(VolumeShown):
    """A volume among others, with the list it was destroyed by, empty while it stands."""

    destroyed: str


@dataclass(frozen=True, slots=True)
class Content:
    """An item at its place in a volume."""

    position: int
    archive_no: str
    version: int
    document_no: str
    title: str
    page_from: int
    page_to: int

    @classmethod
    def of(cls, line: PlacedItem) -> Self:
        """Return a place as it is shown."""
        return cls(
            line.position, line.archive_no, line.version, line.document_no, line.title, line.page_from, line.page_to
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeOpened(VolumeShown):
    """A volume with its contents, and how long it is kept."""

    contents: Sequence[Content]
    retention: VolumeKept


@dataclass(frozen=True, slots=True)
class RecordPlace:
    """Where a record is bound: its item's place, and the page of volume.pdf it begins on."""

    record_no: str
    volume_code: str
    title: str
    position: int
    archive_no: str
    version: int
    page_from: int
    page_to: int
    page: int
    pdf: str


def list_volumes(office: Office, year: int | None = None) -> list[VolumeListed]:
    """Return the sealed volumes, of one year or all; the destroyed ones stay, with the list they went on."""
    office.authorise(Action.READ, "volumes")
    with office.register.read() as tx:
        found = readable_volumes(office, tx, tx.items.volumes(year), destroyed=True)
        gone = {row.code: row.list_no for row in tx.retention.destroyed([v.volume_code for v in found])}
    return [VolumeListed.of(office, v, destroyed=gone.get(v.volume_code, "")) for v in found]


def readable_volumes(
    office: Office, tx: Transaction, rows: Sequence[VolumeRow], *, destroyed: bool = False
) -> list[VolumeRow]:
    """Return the sealed ones of these volumes in which every item may be read: who opens one reads all of it.

    Of the destroyed ones, when they are asked for too, only number, title and dates are left.
    """
    bound = [row for row in rows if row.version > 0 or (destroyed and row.version < 0)]
    may = readable_codes(office, tx, [row.volume_code for row in bound])
    return [row for row in bound if row.volume_code in may]


def readable_codes(office: Office, tx: Transaction, volume_codes: Collection[str]) -> set[str]:
    """Return the volumes of these in which every item may be read."""
    if office.sees_all() and not reading.hidden_documents(office, tx):
        return set(volume_codes)
    items = {code: [i.archive_no for i in tx.items.in_volume(code)] for code in volume_codes}
    may = reading.whole(office, tx, [no for numbers in items.values() for no in numbers])
    return {code for code, numbers in items.items() if may.issuperset(numbers)}


def show_volume(office: Office, volume_code: str) -> VolumeOpened:
    """Return one volume with its contents, the last day it is kept and what forbids destroying it."""
    (row,) = sealed(office, [volume_code])
    office.note([office.event(Action.READ, row.volume_code)])
    with office.register.read() as tx:
        lines = tx.items.in_volume(row.volume_code)
    kept = of_volume(office, row.volume_code)
    return VolumeOpened.of(office, row, contents=[Content.of(line) for line in lines], retention=kept)


def first_pages(office: Office, volume_code: str) -> dict[int, int]:
    """Return the page of volume.pdf on which each item begins, by its place in the volume."""
    (row,) = sealed(office, [volume_code])
    manifest = office.archive.read_as(Manifest, row.object_id, row.version)
    found, number = {}, 0
    for item in manifest.items:
        found[item.position] = manifest.pdf_pages[number]
        number += len(item.files)
    return found


def volume_pdf(office: Office, volume_code: str) -> bytes:
    """Return a volume as it was sealed, to be looked at."""
    (row,) = sealed(office, [volume_code])
    office.note([office.event(Action.READ, row.volume_code, opened="volume.pdf")])
    return office.archive.read(row.object_id, "volume.pdf", row.version)


def sealed(office: Office, volume_codes: Sequence[str]) -> list[VolumeRow]:
    """Return the register's rows of these sealed volumes; none named: all. NotFound names the first unknown code."""
    office.authorise(Action.READ, "volumes")
    with office.register.read() as tx:
        found = {v.volume_code: v for v in readable_volumes(office, tx, tx.items.volumes())}
    wanted = [code.strip() for code in volume_codes] or list(found)
    if unknown := [code for code in wanted if code not in found]:
        raise NotFound(f"没有「{unknown[0]}」这一册", remedy=advise("用 {} 查看已成的册", Do.LIST_VOLUMES))
    return [found[code] for code in wanted]


def find_records(office: Office, record_nos: Sequence[str]) -> list[RecordPlace]:
    """Return where records are bound: volume, place and page; a record bound again later stands in both volumes."""
    places: list[RecordPlace] = []
    for record in reading.many(office, record_nos):
        if record.state is State.DESTROYED:
            raise WrongState(
                f"{record.record_no} 已经销毁", remedy=advise("用 {} 查看清册和证明", Do.LIST_DISPOSITIONS)
            )
        with office.register.read() as tx:
            lines = tx.items.places(record.archive_no) if record.archive_no else []
            may = readable_codes(office, tx, {line.volume_code for line in lines})
        lines = [line for line in lines if line.volume_code in may]
        if not lines and record.state is State.BOUND:
            # Its volume holds what the account may not read: not a word of what, and no false word either.
            raise NotPermitted(f"{record.record_no} 已成册，您不能查阅所在的整册", remedy="请找归档人查看")
        if not lines:
            raise WrongState(f"{record.record_no} 还没有成册", remedy=advise("归档后用 {} 成册", Do.COMPILE("年度")))
        places += [_place(office, record.record_no, line) for line in lines]
    return places


def _place(office: Office, record_no: str, line: PlaceInVolume) -> RecordPlace:
    """Return one place of a record; a row of a register is looked for on the pages of its month."""
    object_id, version = line.object_id, line.volume_version
    pdf, page = office.archive.called(object_id, "volume.pdf", version), line.page_from
    if line.page_to > page:
        manifest = office.archive.read_as(Manifest, object_id, version)
        files = [len(item.files) for item in manifest.items]
        first = manifest.pdf_pages[sum(files[: line.position - 1])]
        with office.archive.lent(object_id, "volume.pdf", version) as path:
            page += page_of(path, record_no, first - 1, line.page_to - page + 1)
    return RecordPlace(
        record_no=record_no,
        volume_code=line.volume_code,
        title=line.title,
        position=line.position,
        archive_no=line.archive_no,
        version=line.version,
        page_from=line.page_from,
        page_to=line.page_to,
        page=page,
        pdf=pdf,
    )
