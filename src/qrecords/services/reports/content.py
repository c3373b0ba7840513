"""What a document's object says of it, as the register keeps it: its hash, its row, its item."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from qrecords.model.document import Document, Progress
from qrecords.model.formats import DocumentJson
from qrecords.model.period import Period
from qrecords.model.volume import Item
from qrecords.render.pdflook import pages_of


def content_sha256(held: DocumentJson) -> str:
    """Return the hash people review and approve: that of all a document says, its papers apart."""
    return hashlib.sha256(replace(held, files={}).to_bytes()).hexdigest()


def document_of(held: DocumentJson, object_id: str, version: int, progress: Progress) -> Document:
    """Return a document as the register has it, by what its object says."""
    needs: Any = held.needs
    return Document(
        document_no=held.document_no,
        form_code=held.form_code,
        period=held.period,
        branch=held.branch,
        title=held.title,
        secrecy_level=held.secrecy_level,
        object_id=object_id,
        version=version,
        sha256=content_sha256(held),
        drawn_at=held.as_of,
        drawn_by=held.drawn_by,
        needs=needs,
        recipients=held.recipients,
        progress=progress,
        milrep=held.milrep,
    )


def item_of_document(document: Document, *, creator: str, pdf: Path | None = None) -> Item:
    """Return the item a document is once it is approved; without its paper the one its archive number is kept for."""
    period = Period.read(document.period)
    return Item(
        archive_no=document.progress.archive_no,
        document_no=document.document_no,
        title=document.title,
        creator=creator,
        date_from=period.first,
        date_to=period.last,
        pages=pages_of(pdf) if pdf else 0,
        secrecy_level=document.secrecy_level,
        object_id=document.object_id,
        version=document.progress.approved_version if pdf else 0,
        sha256=hashlib.sha256(pdf.read_bytes()).hexdigest() if pdf else "",
    )
