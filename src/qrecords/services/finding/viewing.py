"""The paper of a record to be looked at: as it was frozen, or as it was last printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from qrecords.advice import Do, advise
from qrecords.errors import NotFound, QRecordsError
from qrecords.model.record import Action, Record
from qrecords.office import Office
from qrecords.services import reading
from qrecords.services.finding.indexing import OPENED
from qrecords.services.freezing import held_papers
from qrecords.stores.durable import make_dirs, remove_tree, write_file

Printed = Callable[[Office, str, Mapping[str, Any]], bytes]  # makes the PDF of a form's values


def paper_to_open(office: Office, record_no: str) -> Path:
    """Return a PDF of a record for a viewer (of a draft: its last print); NotFound when there is none.

    An archived paper is checked against its digest and given as a copy: no viewer changes or locks the archive.
    """
    office.authorise(Action.READ, record_no)
    record = reading.one(office, record_no)
    path = _archived_copy(office, record) or _printed(office, record)
    office.note([office.event(Action.READ, record.record_no, opened=path.name)])
    return path


def archived_paper(office: Office, record_no: str) -> tuple[str, bytes] | None:
    """Return name and bytes of a record's PDF as it is archived; None while it is not, or not to be read whole."""
    office.authorise(Action.READ, record_no)
    record = reading.one(office, record_no)
    if archived := _archived(office, record):
        office.note([office.event(Action.READ, record.record_no, opened=archived[0])])
    return archived


def shown_paper(office: Office, record_no: str, printed: Printed) -> tuple[str, bytes]:
    """Return name and bytes of a record's PDF to be looked at: as it is archived, else as it would be printed now."""
    if archived := archived_paper(office, record_no):
        return archived
    record = reading.one(office, record_no)
    office.note([office.event(Action.READ, record.record_no, opened=f"{record.record_no}.pdf")])
    return f"{record.record_no}.pdf", printed(office, record.form_code, record.values)


def kept_paper(office: Office, record_no: str, sha256: str) -> tuple[str, bytes]:
    """Return name and bytes of a paper beside a record, as it was handed in: a signed sheet's scan, an attached file.

    NotFound when there is none of this digest, or it shows more than the account may read.
    """
    office.authorise(Action.READ, record_no)
    record = reading.one(office, record_no)
    named = [(s.evidence, s.stored) for s in record.signatures if s.evidence_sha256 == sha256]
    named += [(a.name, a.stored) for a in record.attached if a.sha256 == sha256]
    if not named or not _reads_papers(office, record):
        raise NotFound("没有这份附件", remedy="请从记录的页面上选")
    name, stored = named[0]
    office.note([office.event(Action.READ, record.record_no, opened=name, sha256=sha256)])
    if office.papers.evidence.has(stored):
        with office.papers.evidence.lent([stored]) as lent:
            return name, lent[stored].read_bytes()
    with office.register.read() as tx:
        item = tx.items.row(record.archive_no)
    held = held_papers(office, item.object_id, item.version) if item and item.version > 0 else {}
    for inside, digest in held.items():
        if item and digest == sha256:
            return name, office.archive.read(item.object_id, inside, item.version)
    raise NotFound(f"附件 {name} 不见了", remedy="请从备份恢复后再看")


def texts_read_off(office: Office, record_no: str) -> Mapping[str, str | None]:
    """Return what was read off the papers beside a record by their SHA-256, None for one not read yet.

    Nothing at all where they show more than the account may read.
    """
    record = reading.one(office, record_no)
    if not _reads_papers(office, record):
        return {}
    with office.register.read() as tx:
        found = tx.beside.read_off(record.record_no)
    if shown := [sha256 for sha256, text in found.items() if text]:
        office.note([office.event(Action.READ, record.record_no, texts=shown)])
    return found


def _reads_papers(office: Office, record: Record) -> bool:
    """Tell whether the account may read all that the papers beside a record show."""
    if not reading.reads_whole(office, [record]):
        return False
    # A register's sheet shows the rows of a month.
    is_row = office.forms.get(record.form_code).form.is_register
    return not is_row or reading.reads_month(office, record)


def _archived(office: Office, record: Record) -> tuple[str, bytes] | None:
    with office.register.read() as tx:
        # A register's paper shows a whole month: only to one who may read all of it.
        may = record.archive_no and record.archive_no in reading.whole(office, tx, [record.archive_no])
        item = tx.items.row(record.archive_no) if may else None
    if item is None or item.version == 0:
        return None
    return f"{item.document_no}.pdf", office.archive.read(item.object_id, "form.pdf", item.version)


def _archived_copy(office: Office, record: Record) -> Path | None:
    if (archived := _archived(office, record)) is None:
        return None
    folder = office.indexes_dir / OPENED
    with suppress(QRecordsError):  # an older copy may still be on someone's screen
        remove_tree(folder)
    make_dirs(folder)
    path = folder / archived[0]
    write_file(path, archived[1])
    return path


def _printed(office: Office, record: Record) -> Path:
    names = [] if record.withheld else [record.record_no]
    if reading.reads_month(office, record):
        names.append(f"{record.form_code}-{record.month}")
    if path := office.papers.printed([f"{name}.{kind}" for kind in ("pdf", "docx") for name in names]):
        return path
    remedy = advise("请先用 {} 打印", Do.PRINT(record.record_no))
    raise NotFound(f"{record.record_no} 还没有归档，也没有打印过", remedy=remedy)
