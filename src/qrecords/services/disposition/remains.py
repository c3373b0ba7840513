"""Where records leave something beside their objects, how it is removed, and whether anything is left."""

from __future__ import annotations

import re
from collections.abc import Iterator

from qrecords.errors import Problem
from qrecords.model.destruction import BackupNoted, CertificateJson, CopyNoted, ListJson
from qrecords.office import Office
from qrecords.services.documents import sheet_subject
from qrecords.services.finding.indexing import purge
from qrecords.stores import durable
from qrecords.stores.register import Transaction


def subjects_of(content: ListJson) -> list[str]:
    """Return the printed sheets of the months on a destruction list."""
    return sorted({sheet_subject(p.form_code, p.month) for p in content.pieces if p.month})


def files_of(office: Office, tx: Transaction, content: ListJson) -> list[str]:
    """Return the places of the paper, beside objects, that belongs to what is on a list."""
    evidence = office.papers.evidence
    found = {evidence.place(name) for name in tx.retention.papers(content.records) if evidence.has(name)}
    return sorted(found | set(_named(office, content)))


def _named(office: Office, content: ListJson) -> Iterator[str]:
    """Give the places of what is named after a record, a sheet, an item or a volume: prints, parts, reading copies."""
    codes = [piece.code for piece in content.pieces]
    words = [*content.records, *subjects_of(content), *codes, *(code.replace("·", ".") for code in codes)]
    titles = [u.title.replace("/", "／") for u in content.units if u.kind == "volume"]
    names = re.compile(
        rf"(?<![0-9A-Za-z])(?:{'|'.join(map(re.escape, sorted([*words, *titles], reverse=True)))})(?![0-9])"
    )
    subjects = {*content.records, *subjects_of(content)}
    # A page of a print whose other pages never came is called by what it shows.
    lone = [page.page_id for page in office.papers.inbox.all() if page.code.partition("/")[0] in subjects]
    if lone:
        yield from office.papers.called(re.compile(rf"^(?:{'|'.join(lone)})\."))
    yield from office.papers.called(names)


def remove_objects(office: Office, certificate: CertificateJson, intent: str) -> None:
    """Remove the objects of everything on a list, the volumes last: they name what they hold."""
    for entry in certificate.objects:
        office.archive.remove(entry.object, intent)
        durable.checkpoint("destroy.object")


def remove_files(office: Office, certificate: CertificateJson) -> None:
    """Remove printed copies, signed papers and reading copies; a scan another record also refers to stays."""
    printed = set(_named(office, certificate.list))  # perhaps between the check and now
    with office.register.read() as tx:
        for place in sorted({*certificate.files, *printed}):
            if office.papers.is_there(place) and not _is_of_others(office, tx, place):
                office.papers.remove(place)
                durable.checkpoint("destroy.file")
    office.papers.sweep_all()  # half a print of theirs, from a crash long ago


def _is_of_others(office: Office, tx: Transaction, place: str) -> bool:
    """Tell whether a place holds evidence another record refers to."""
    stored = office.papers.evidence.stored_at(place)
    return stored is not None and bool(tx.beside.used([stored.rpartition(".")[0]]))


def remove_text(office: Office) -> None:
    """Make the index anew without the destroyed, and the register's file without what it no longer holds."""
    purge(office)
    durable.checkpoint("destroy.index")
    office.register.scrub()
    durable.checkpoint("destroy.scrubbed")


def left(office: Office, certificate: CertificateJson) -> list[Problem]:
    """Return all that is still there of what a certificate says is gone."""
    content = certificate.list
    found = [
        Problem("对象还在档案库里", source=entry.object)
        for entry in certificate.objects
        if office.archive.is_there(entry.object)
    ]
    with office.register.read() as tx:
        files = {*files_of(office, tx, content), *certificate.files}
        found += [
            Problem("文件还在", source=name)
            for name in sorted(files)
            if office.papers.is_there(name) and not _is_of_others(office, tx, name)
        ]
        held = tx.retention.held_of([*content.records, *subjects_of(content)])
        found += [Problem("登记库里还有内容", source=number) for number in held]
        last = tx.records.last_change()
    if office.index.last_seq() != last:
        found.append(Problem("检索库还没有重做", source=str(office.indexes_dir)))
    return found


def copies(tx: Transaction, content: ListJson) -> tuple[CopyNoted, ...]:
    """Return the controlled copies of what is on a list that were never taken back."""
    codes = {piece.code for piece in content.pieces}
    return tuple(
        CopyNoted(copy.copy_no, request.recipient)
        for request in tx.copies.all()
        if request.archive_no in codes
        for copy in request.copies
        if copy.issued_at and not copy.returned_on
    )


def backups(tx: Transaction) -> tuple[BackupNoted, ...]:
    """Return the backups made so far: they still hold what is destroyed now. Each folder once, the latest time."""
    latest: dict[str, str] = {}
    for event in tx.audit.events("backup"):
        latest[str(event.detail.get("folder", ""))] = event.at
    return tuple(BackupNoted(folder, at) for folder, at in sorted(latest.items()))
