"""Read objects back into what the register knew of them: the way of `freezing`, `binding` and `destroy` backwards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from qrecords.errors import Problem, QRecordsError
from qrecords.model.audit import Event
from qrecords.model.destruction import CertificateJson, ListedPiece, ListJson
from qrecords.model.disposition import DestructionList, ListState
from qrecords.model.document import Document, DocumentState
from qrecords.model.document import Progress as Done
from qrecords.model.formats import DocumentJson, FrozenRecord, Manifest, ProgressJson, RecordJson, SegmentJson
from qrecords.model.numbering import parse_record_no
from qrecords.model.objects import DOCUMENT, ITEM, LIST, LOG, VOLUME, kind_of
from qrecords.model.record import Record, State
from qrecords.office import Office
from qrecords.ports import Objects
from qrecords.render.code import parse_code
from qrecords.render.pdfout import page_count
from qrecords.services.checking import derived
from qrecords.services.disposition.destroy import CERTIFIED
from qrecords.services.freezing import Filing, item_of
from qrecords.services.reports.content import document_of, item_of_document
from qrecords.stores.register.audit import Segment
from qrecords.stores.register.retention import DESTROYED_VERSION
from qrecords.stores.register.rows import ItemRow, PlaceRow, PrintRow, VolumeRow

_OF_ITEM = ("form_code", "record_year", "month", "filed_at", "filed_by")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where objects are read, and the office whose forms tell what they mean."""

    office: Office
    archive: Objects


@dataclass(frozen=True, slots=True)
class ItemBack:
    """A filed item with its records, the texts read off the papers beside them, and the prints that were frozen."""

    row: ItemRow
    records: list[Record]
    texts: dict[str, str]
    prints: list[PrintRow]


@dataclass(frozen=True, slots=True)
class VolumeBack:
    """A volume with its places, and the records bound in it."""

    row: VolumeRow
    lines: list[PlaceRow]
    record_nos: list[str]


@dataclass(frozen=True, slots=True)
class DocumentBack:
    """A document; of one that was approved also the row of its item."""

    document: Document
    item: ItemRow | None


@dataclass(frozen=True, slots=True)
class ListBack:
    """A destruction list; when it was executed, what remains of its items and records."""

    disposition: DestructionList
    codes: list[str]
    destroyed_at: str = ""
    objects: dict[str, str] = field(default_factory=dict)
    items: list[ItemRow] = field(default_factory=list)
    volumes: list[VolumeRow] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class Unfrozen:
    """All that was read, and what could not be."""

    items: list[ItemBack] = field(default_factory=list)
    volumes: list[VolumeBack] = field(default_factory=list)
    documents: list[DocumentBack] = field(default_factory=list)
    lists: list[ListBack] = field(default_factory=list)
    segments: list[tuple[Segment, list[Event]]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def unfreeze(
    office: Office,
    progress: Progress | None = None,
    *,
    only: Sequence[str] | None = None,
    archive: Objects | None = None,
) -> Unfrozen:
    """Read the objects of the archive (or of another), all or `only` some; one that is damaged is told and left out."""
    found = Unfrozen()
    place = Place(office, archive or office.archive)
    ways: dict[str, tuple[Callable[[Place, str], Any], list[Any]]] = {
        ITEM.name: (_item, found.items),
        VOLUME.name: (_volume, found.volumes),
        DOCUMENT.name: (_document, found.documents),
        LIST.name: (_list, found.lists),
        LOG.name: (_segment, found.segments),
    }
    ids = sorted(place.archive.ids()) if only is None else list(only)
    for done, object_id in enumerate(ids, start=1):
        kind = kind_of(object_id)
        if kind is not None and kind.name in ways:
            read, kept = ways[kind.name]
            try:
                kept.append(read(place, object_id))
            except (QRecordsError, ValueError, KeyError, TypeError) as error:
                told = error.message if isinstance(error, QRecordsError) else f"内容读不懂（{error}）"
                found.problems.append(Problem(f"没有收进登记库：{told}；请从备份恢复这个对象", source=object_id))
        if progress:
            progress(done, len(ids))
    return found


def _item(place: Place, object_id: str) -> ItemBack:
    head = place.archive.head(object_id)
    held = place.archive.read_as(RecordJson, object_id, head)
    records = [_record(place, held, entry) for entry in held.records]
    filing = Filing(
        form_code=held.form_code, month=held.month, record_nos=held.record_nos, record_year=held.record_year,
        archive_no=held.archive_no, object_id=object_id, version=head, print_no=0, filed_at=held.filed_at,
        filed_by=held.filed_by,
    )  # fmt: skip
    sha256 = place.archive.sha256(object_id, ITEM.paper, head)
    pages = _pages(place.archive, object_id, head)
    item = item_of(place.office, filing, records, pages=pages, sha256=sha256, version=head)
    row = ItemRow(**asdict(item), **{key: getattr(held, key) for key in _OF_ITEM})
    texts = dict(_texts(place, object_id, head, records))
    return ItemBack(row, records, texts, list(_prints(place.archive, object_id, head)))


def _record(place: Place, held: RecordJson, frozen: FrozenRecord) -> Record:
    form_code, year, _ = parse_record_no(frozen.record_no)
    form = place.office.forms.get(form_code).form
    kept = {f.name: getattr(frozen, f.name) for f in fields(frozen)}
    return Record(
        **derived(form, frozen.values) | kept,
        form_code=form_code,
        year=year,
        state=State.FILED,
        archive_no=held.archive_no,
        record_year=held.record_year,
    )


def _prints(archive: Objects, object_id: str, head: int) -> Iterator[PrintRow]:
    """Give each form an object was frozen with, as a print: its code, and the values it shows."""
    seen = {""}  # past paper was never printed
    for version in archive.versions(object_id)[:head]:
        held = archive.read_as(RecordJson, object_id, version.number)
        if held.print_id in seen:
            continue  # papers were added, the form is the one before
        seen.add(held.print_id)
        code = parse_code(held.print_id)
        shown = {entry.record_no: entry.values for entry in held.records}
        yield PrintRow(
            subject=code.subject,
            number=code.print_no,
            snapshot=shown.get(code.subject, shown),
            template_sha256=held.template_sha256,
            pages=_pages(archive, object_id, version.number),
            printed_at=version.created,
            printed_by=held.filed_by,
        )


def _pages(archive: Objects, object_id: str, version: int) -> int:
    with archive.lent(object_id, ITEM.paper, version) as path:
        return page_count(path)


def _texts(place: Place, object_id: str, version: int, records: list[Record]) -> Iterator[tuple[str, str]]:
    """Give the text read off each paper, by the paper's hash."""
    names = set(place.archive.names(object_id, version))
    wanted = {attached.sha256 for record in records for attached in record.attached}
    for name in sorted(names):
        if f"{name}.txt" in names:
            sha256 = hashlib.sha256(place.archive.read(object_id, name, version)).hexdigest()
            if sha256 in wanted:
                yield sha256, place.archive.read(object_id, f"{name}.txt", version).decode()


def _volume(place: Place, object_id: str) -> VolumeBack:
    head = place.archive.head(object_id)
    held = place.archive.read_as(Manifest, object_id, head)
    plain = (
        "volume_code", "form_code", "year", "number", "title", "supplement", "pages", "secrecy_level", "compiled_at",
        "compiled_by",
    )  # fmt: skip
    row = VolumeRow(
        **{key: getattr(held, key) for key in plain},
        items=len(held.items),
        object_id=object_id,
        version=head,
        sha256=place.archive.sha256(object_id, VOLUME.paper, head),
    )
    places = ("archive_no", "version", "position", "page_from", "page_to", "sha256")
    lines = [
        PlaceRow(**{key: getattr(line, key) for key in places}, volume_code=held.volume_code) for line in held.items
    ]
    numbers = [
        number
        for line in held.items
        if ITEM.has(line.object) and place.archive.exists(line.object)
        for number in place.archive.read_as(RecordJson, line.object, line.version).record_nos
    ]
    return VolumeBack(row, lines, numbers)


def _document(place: Place, object_id: str) -> DocumentBack:
    head = place.archive.head(object_id)
    held = place.archive.read_as(DocumentJson, object_id, head)
    progress = place.archive.read_as(ProgressJson, object_id, head).progress
    drawn = document_of(held, object_id, head, progress)
    approved = progress.approved_version
    if not approved:
        return DocumentBack(drawn, None)
    of_approved = place.archive.read_as(DocumentJson, object_id, approved)
    filed = document_of(of_approved, object_id, approved, progress)
    version = place.archive.versions(object_id)[approved - 1]
    with place.archive.lent(object_id, DOCUMENT.paper, approved) as pdf:
        item = item_of_document(filed, creator=of_approved.unit, pdf=pdf)
    row = ItemRow(
        **asdict(item),
        form_code=held.form_code,
        record_year=drawn.year,
        month=held.period,
        filed_at=version.created,
        filed_by=version.user,
    )
    return DocumentBack(drawn, row)


def _segment(place: Place, object_id: str) -> tuple[Segment, list[Event]]:
    described = place.archive.read_as(SegmentJson, object_id)
    lines = place.archive.read(object_id, "events.jsonl").splitlines()
    return Segment(**described.parts()), [Event(**json.loads(line)) for line in lines]


def _list(place: Place, object_id: str) -> ListBack:
    head = place.archive.head(object_id)
    listed = place.archive.read_as(ListJson, object_id, 1)
    first = place.archive.versions(object_id)[0]
    drawn = DestructionList(
        list_no=listed.list_no, state=ListState.WITHDRAWN, object_id=object_id, version=head,
        sha256=listed.sha256, drawn_at=first.created, drawn_by=first.user,
        reason="登记库重建：批准和监销没有执行就失去了，请重新编制",
    )  # fmt: skip
    codes = [unit.code for unit in listed.units]
    if head < CERTIFIED:
        return ListBack(drawn, codes)
    certificate = place.archive.read_as(CertificateJson, object_id, CERTIFIED)
    drawn = replace(
        drawn, state=ListState.DESTROYED, approved=certificate.approved, witnesses=certificate.witnesses,
        executed=certificate.executed, reason="",
    )  # fmt: skip
    pieces = [*listed.pieces]
    return ListBack(
        disposition=drawn,
        codes=codes,
        destroyed_at=certificate.executed.at,
        objects={entry.code: entry.object for entry in certificate.objects},
        items=[_destroyed_item(p) for p in pieces if not VOLUME.has(p.object)],
        volumes=[_destroyed_volume(p) for p in pieces if VOLUME.has(p.object)],
        documents=[_destroyed_document(p) for p in pieces if DOCUMENT.has(p.object)],
        records=list(_destroyed_records(pieces)),
    )


def _destroyed_volume(piece: ListedPiece) -> VolumeRow:
    return VolumeRow(
        volume_code=piece.code,
        form_code=piece.form_code,
        year=int(piece.date_to[:4]),
        number=int(piece.code.rpartition("-")[2]),
        title=piece.title,
        supplement=False,
        items=0,
        pages=0,
        secrecy_level="",
        object_id=piece.object,
        version=DESTROYED_VERSION,
        sha256="",
        compiled_at="",
        compiled_by="",
    )


def _destroyed_item(piece: ListedPiece) -> ItemRow:
    return ItemRow(
        archive_no=piece.code,
        form_code=piece.form_code,
        record_year=int(piece.date_to[:4]),
        month=piece.month,
        object_id=piece.object,
        version=DESTROYED_VERSION,
        document_no=piece.records[0] if piece.records else _document_no(piece),
        title=piece.title,
        creator="",
        secrecy_level="",
        date_from=piece.date_from,
        date_to=piece.date_to,
        pages=0,
        sha256="",
        filed_at="",
        filed_by="",
    )


def _document_no(piece: ListedPiece) -> str:
    return piece.object.removeprefix(DOCUMENT.prefix)


def _destroyed_document(piece: ListedPiece) -> Document:
    nothing = dict.fromkeys(("branch", "secrecy_level", "sha256", "drawn_at", "drawn_by"), "")
    return Document(
        **nothing, document_no=_document_no(piece), form_code=piece.form_code, period=piece.month,
        title=piece.title, object_id=piece.object, version=DESTROYED_VERSION, needs=(), recipients=(),
        progress=Done(DocumentState.DESTROYED.value, 1, archive_no=piece.code),
    )  # fmt: skip


def _destroyed_records(pieces: list[ListedPiece]) -> Iterator[Record]:
    for piece in pieces:
        for number in piece.records:
            form_code, year, _ = parse_record_no(number)
            yield Record(
                record_no=number, form_code=form_code, year=year, state=State.DESTROYED, values={},
                title=piece.title, date=piece.date_from, customer_unit="", created_at="", created_by="",
                archive_no=piece.code, record_year=int(piece.date_to[:4]),
            )  # fmt: skip
