"""A document as people and programs are told of it: where it stands, what it says, what each figure counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qrecords.advice import Sentence
from qrecords.model.answer import left_out
from qrecords.model.document import DOCUMENT_LABELS, PART_LABELS, Document
from qrecords.model.formats import AlarmJson, ChangedFigure, DocumentJson


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """Who signed the paper of an edition, in what part, and the scan that shows it."""

    part: str
    part_label: str
    by: str
    on: str
    edition: int
    evidence: str


@dataclass(frozen=True, slots=True)
class ShownSending:
    """To whom an edition went, and which day."""

    recipients: Sequence[str]
    on: str
    edition: int


@dataclass(frozen=True, slots=True)
class ShownReceipt:
    """Who signed for an edition at a recipient's, and which day."""

    recipient: str
    by: str
    on: str
    edition: int


@dataclass(frozen=True, slots=True)
class ShownTable:
    """A table of a document, its figures in place."""

    key: str
    title: str
    unit: str
    columns: Sequence[str]
    notes: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownDocument:
    """A document; what is left out was not asked for, or is gone with a destroyed one."""

    document_no: str
    kind: str
    title: str
    period: str
    branch: str
    state: str
    state_label: str
    edition: int
    secrecy_level: str
    drawn_at: str
    drawn_by: str
    archive_no: str
    reason: str
    signatures: Sequence[ShownSignature]
    sent: Sequence[ShownSending]
    receipts: Sequence[ShownReceipt]
    awaiting_receipt: Sequence[str]
    older_editions_with: Sequence[str]
    next: Sentence
    milrep: str | None = left_out()  # the office it is narrowed to
    volumes: Sequence[str] | None = left_out()
    destroyed: str | None = left_out()  # the list it was destroyed by
    as_of: str | None = left_out()
    basis: Sequence[str] | None = left_out()
    remarks: Sequence[str] | None = left_out()
    alarms: Sequence[str] | None = left_out()
    alarm_states: Sequence[AlarmJson] | None = left_out()
    answer: str | None = left_out()
    changes: Sequence[ChangedFigure] | None = left_out()
    tables: Sequence[ShownTable] | None = left_out()
    files: Mapping[str, str] | None = left_out()  # where each lies, by its name


@dataclass(frozen=True, slots=True)
class Counted:
    """A record a figure counts, in the version it was counted in, and how often."""

    record_no: str
    version: int
    counts: str
    date: str
    title: str
    destroyed: bool


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that belongs to a figure and could not be counted, in the version it had then, and why."""

    record_no: str
    version: int
    reason: str
    date: str
    title: str
    destroyed: bool


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure with the records it counts, and leaves out, that the account may read; `whole` when these are all."""

    id: str
    label: str
    value: str
    exact: str
    unit: str
    records: Sequence[Counted]
    left_out: Sequence[LeftOut]
    whole: bool


def shown(document: Document) -> ShownDocument:
    """Return a document as the register knows it, without what it says."""
    progress = document.progress
    return ShownDocument(
        document_no=document.document_no,
        kind=document.kind,
        title=document.title,
        period=document.period,
        branch=document.branch,
        state=document.state.value,
        state_label=DOCUMENT_LABELS[document.state],
        edition=progress.edition,
        secrecy_level=document.secrecy_level,
        drawn_at=document.drawn_at,
        drawn_by=document.drawn_by,
        archive_no=progress.archive_no,
        reason=progress.reason,
        signatures=tuple(
            ShownSignature(s.part, PART_LABELS[s.part], s.by, s.on, s.edition, s.evidence)  # type: ignore[index]  # written by this program
            for s in progress.signatures
        ),
        sent=tuple(ShownSending(s.recipients, s.on, s.edition) for s in progress.sent),
        receipts=tuple(ShownReceipt(r.recipient, r.by, r.on, r.edition) for r in progress.receipts),
        awaiting_receipt=document.unreceived,
        older_editions_with=document.holders,
        next=document.next_step,
        milrep=document.milrep or None,
    )


def tables_of(held: DocumentJson) -> tuple[ShownTable, ...]:
    """Return the tables a document keeps, each figure's place filled with its value."""
    figures = {f.id: f.value for f in held.figures}
    return tuple(
        ShownTable(
            t.key, t.title, t.unit, t.columns, t.notes,
            [[row[0], *(figures.get(cell, cell) for cell in row[1:])] for row in t.rows],
        )
        for t in held.tables
    )  # fmt: skip
