"""The one step every change of a document takes: the next version of its object, then the register, with its event.

Crash order: the intent has the document as it will be, and reserves its number, or its archive number at the approval;
the object's version is made and published without a lock; then the register commits. Killed before the object is
published nothing is changed: a number reserved waits for the next drawing of that period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from qrecords.errors import WrongState
from qrecords.model.document import Document, DocumentState
from qrecords.model.formats import DocumentJson, ProgressJson
from qrecords.model.objects import DOCUMENT
from qrecords.model.record import Action
from qrecords.office import Office
from qrecords.services.archiveclass import document_class
from qrecords.services.reports.content import item_of_document
from qrecords.services.strays import taken_back_to
from qrecords.stores import durable
from qrecords.stores.register import Transaction
from qrecords.work.step import EXACT, Run, Step, running

Files = Mapping[str, bytes | Path]
Facts = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Told:
    """What the log says of a change: the action, and its facts."""

    __pydantic_config__ = EXACT

    action: str
    detail: dict[str, str | int]


@dataclass(frozen=True)
class ChangeDocument(Step[Office]):
    """A document as it will be, and the version of its object that says so; the word of who asked for it, if any."""

    KIND = "document"

    document: Document
    told: Told
    word: str = ""

    def written(self) -> dict[str, Any]:
        """Return what is written down of it; without a word or an office as ever, for a program of before to read."""
        written = {name: value for name, value in super().written().items() if name != "word" or value}
        document = {name: value for name, value in written["document"].items() if name != "milrep" or value}
        return written | {"document": document}

    def publishes(self) -> tuple[str]:
        """Return the document's object."""
        return (self.document.object_id,)

    def standing(self, office: Office) -> ChangeDocument | None:
        """Return all of it when the archive holds just this version."""
        document = self.document
        if office.archive.head(document.object_id) < document.version:
            return None
        held = office.archive.read_as(ProgressJson, document.object_id, document.version)
        return self if held.progress == document.progress else None

    def commit(self, office: Office, tx: Transaction) -> None:
        """Let the register have it; at the approval also as an item, from which it can be bound, kept and destroyed."""
        document = self.document
        tx.documents.save(document)
        if document.progress.approved_version == document.version:
            with office.archive.lent(document.object_id, DOCUMENT.paper, document.version) as pdf:
                item = item_of_document(document, creator=office.settings.office.unit, pdf=pdf)
            tx.items.filed(item, office.now(), office.account.name)
        detail: dict[str, Any] = {**self.told.detail}
        tx.audit.append([office.event(self.told.action, document.document_no, **detail)])
        if tx.answered.get(document.drawn_by, self.word) is None:
            tx.answered.keep(document.drawn_by, self.word, document.document_no, office.clock())


def change(
    run: Run[Office], tx: Transaction, document: Document, action: Action, detail: Facts, word: str = ""
) -> ChangeDocument:
    """Write down what a document will be, one version on; in a transaction that has checked it may."""
    taken_back_to(run.desk, tx, document.object_id, document.version - 1)
    facts = {"version": document.version, "document": document.sha256, "state": document.state.value, **detail}
    return run.begin(tx, ChangeDocument(document, Told(str(action), facts), word))


def publish(
    office: Office, run: Run[Office], step: ChangeDocument, files: Files, message: str, keep: Sequence[str] = ()
) -> None:
    """Make the object's version and let the register follow."""
    document = step.document
    durable.checkpoint("document.intent")
    described = ProgressJson(document.document_no, document.progress).to_bytes()
    staged = office.archive.stage(
        document.object_id,
        {ProgressJson.FILE: described, **files},
        message=message,
        user=office.account.display_name,
        created=datetime.fromisoformat(office.now()),
        intent=run.key,
        expected_head=document.version - 1,
        keep=keep,
    )
    office.archive.publish(staged)
    durable.checkpoint("document.published")
    run.commit(step)


def grow(
    office: Office,
    before: Document,
    after: Document,
    action: Action,
    message: str,
    detail: Facts,
    files: Files | None = None,
) -> Document:
    """Take a document from one state to another: its next version keeps all it says."""
    grown = replace(after, version=before.version + 1)
    with running(office) as run:
        with office.register.write() as tx:
            require_same(tx, before)
            if approves(before, grown):
                grown = with_archive_no(office, tx, grown)
            step = change(run, tx, grown, action, detail)
        keep = [name for name in office.archive.names(before.object_id) if name != ProgressJson.FILE]
        publish(office, run, step, files or {}, message, keep)
    return grown


def approves(before: Document, after: Document) -> bool:
    """Tell whether a change is the approval of an edition."""
    return after.state is DocumentState.APPROVED and before.state is not DocumentState.APPROVED


def with_archive_no(office: Office, tx: Transaction, document: Document) -> Document:
    """Return a document about to be approved with its archive number, reserved; a further edition keeps the first's."""
    row = tx.items.of_object(document.object_id)
    if row is None:
        held = office.archive.read_as(DocumentJson, document.object_id, document.version - 1)
        archive = document_class(office, document, held.retention_years)
        number = tx.counters.take(f"archive/{archive}")[0]
        archive_no = archive.archive_no(number)
    else:
        archive_no = row.archive_no
    progress = replace(document.progress, archive_no=archive_no, approved_version=document.version)
    approved = replace(document, progress=progress)
    if row is None:
        item = item_of_document(approved, creator=office.settings.office.unit)
        month, account = document.period, office.account.name
        tx.items.reserve(item, document.form_code, document.year, month, office.now(), account)
    return approved


def require_same(tx: Transaction, document: Document) -> None:
    """Make sure, inside the writing transaction, that a document is as it was read; else WrongState."""
    if tx.documents.get(document.document_no) != document:
        raise WrongState(f"{document.document_no} 刚被别人改过", remedy="请重新查看后再办")
