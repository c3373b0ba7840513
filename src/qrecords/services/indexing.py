"""Keeps the full-text index on the heels of the register; it can be made again at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from qrecords.errors import QRecordsError
from qrecords.model.field import BOXES, Field, FieldType
from qrecords.model.form import Form
from qrecords.model.record import Action, Record
from qrecords.model.volume import secrecy_rank
from qrecords.office import Office
from qrecords.stores.fulltext.interface import Document, MustRebuild

BATCH = 2000


def document_of(form: Form, record: Record) -> Document:
    """Return what the index holds of a record: every searchable text, rows and opinions too."""
    texts = [("record_no", record.record_no), ("archive_no", record.archive_no), ("form_title", form.title)]
    for field in form.fields:
        if field.searchable and field.type not in BOXES:
            texts += [(field.key, text) for text in _texts(field, record.values.get(field.key))]
    texts += [("supervisor_opinion", record.opinion), ("reason", record.reason)]
    texts += [("signature", f"{s.by} {s.evidence}") for s in record.signatures]
    values = record.values
    return Document(
        record_no=record.record_no,
        seq=record.seq,
        form_code=record.form_code,
        year=record.record_year or record.year,
        state=record.state.value,
        date=record.date,
        customer_unit=record.customer_unit,
        model=str(values.get("product_model", "")),
        title=record.title,
        unit=str(values.get("performing_unit", "")),
        secrecy_level=secrecy_rank(str(values.get("secrecy_level", ""))),
        texts=tuple((key, text) for key, text in texts if text),
    )


def _texts(field: Field, value: Any) -> Iterator[str]:
    if value is None or value == "":
        return
    if field.type is FieldType.ROWS:
        for row in value:
            for column in field.columns:
                yield from _texts(column, row.get(column.key))
    elif isinstance(value, list):
        yield from value
    elif not isinstance(value, bool):
        yield str(value)


def follow(office: Office) -> None:
    """Bring the index up to the register after a change; when that fails, the next search tries again."""
    try:
        catch_up(office)
    except (QRecordsError, OSError):
        # The change itself is committed; a search says what is wrong with the index if it still is.
        return


def catch_up(office: Office) -> int:
    """Bring the index up to the register; returns how many records it took in."""
    try:
        return _catch_up(office)
    except MustRebuild:
        return rebuild(office)


def _catch_up(office: Office) -> int:
    taken = 0
    with office.register.read() as tx:
        last = tx.records.last_change()
    held = office.index.last_seq()
    if held == last:
        return 0
    if held is not None and held > last:
        raise MustRebuild("它比登记库新，登记库可能是从备份恢复的")
    with office.index.writer() as writer:
        while True:
            with office.register.read() as tx:
                records = tx.records.changed_since(writer.last_seq, BATCH)
            if not records:
                return taken
            writer.apply([_document(office, r) for r in records], deletes=[], last_seq=records[-1].seq)
            taken += len(records)


def rebuild(office: Office, progress: Callable[[int, int], None] | None = None) -> int:
    """Make the index anew beside the old one and put it in its place at once."""
    office.authorise(Action.ADMINISTER, "index")
    with office.register.read() as tx:
        total = sum(tx.records.counts().values())
        last = tx.records.last_change()
    office.index.rebuild(_all_documents(office, total, progress), last_seq=last)
    return total


def _all_documents(office: Office, total: int, progress: Callable[[int, int], None] | None) -> Iterator[Document]:
    seq, done = 0, 0
    while True:
        with office.register.read() as tx:
            records = tx.records.changed_since(seq, BATCH)
        if not records:
            return
        for record in records:
            yield _document(office, record)
        seq, done = records[-1].seq, done + len(records)
        if progress:
            progress(min(done, total), total)


def _document(office: Office, record: Record) -> Document:
    return document_of(office.forms.get(record.form_code).form, record)
