"""The documents computed from records: which there are, and where each is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from qrecords.model.document import Document, DocumentState, Progress
from qrecords.stores.register.document_table import document as t
from qrecords.stores.register.seals import Seals

if TYPE_CHECKING:
    from pydantic import TypeAdapter

DESTROYED_VERSION = -1


class Documents:
    """The documents of one transaction."""

    def __init__(self, connection: sa.Connection, seals: Seals) -> None:
        self._c = connection
        self._seals = seals

    def reserve(self, document: Document) -> None:
        """Keep the number of a document about to be drawn."""
        self._seals.touch("document", document.document_no)
        self._c.execute(t.insert().values(**_row(document)))

    def save(self, document: Document) -> None:
        """Write down what a document is now."""
        self._seals.touch("document", document.document_no)
        row = _row(document)
        self._c.execute(t.update().where(t.c.document_no == row.pop("document_no")).values(**row))

    def all(self, *, form_code: str = "", year: int | None = None, reserved: bool = False) -> list[Document]:
        """Return the documents by number: of one kind, one year of their periods; those only reserved when asked."""
        query = sa.select(t).order_by(t.c.form_code, t.c.document_no)
        if not reserved:
            query = query.where(t.c.version != 0)
        if form_code:
            query = query.where(t.c.form_code == form_code)
        if year is not None:
            query = query.where(t.c.period.startswith(str(year)))
        return [_document(row._mapping) for row in self._c.execute(query)]

    def get(self, document_no: str) -> Document | None:
        """Return a document by its number, reserved ones too."""
        row = self._c.execute(sa.select(t).where(t.c.document_no == document_no)).first()
        return _document(row._mapping) if row else None

    def standing(self, form_code: str, period: str, branch: str, milrep: str = "") -> Document | None:
        """Return the one document of a kind, period, branch and office it is narrowed to that is not void."""
        asked = (t.c.form_code == form_code, t.c.period == period, t.c.branch == branch, t.c.milrep == milrep)
        for row in self._c.execute(sa.select(t).where(*asked).order_by(t.c.document_no.desc())):
            found = _document(row._mapping)
            if found.state is not DocumentState.VOID:
                return found
        return None

    def of_objects(self, object_ids: Sequence[str]) -> list[Document]:
        """Return the documents of these objects."""
        wanted = set(object_ids)
        return [d for d in self.all(reserved=True) if d.object_id in wanted]

    def bury(self, object_ids: Sequence[str]) -> None:
        """Leave of documents that are destroyed their number, period, title and nothing of what people did."""
        for found in self.of_objects(object_ids):
            kept = Progress(DocumentState.DESTROYED.value, found.progress.edition, archive_no=found.progress.archive_no)
            self.save(replace(found, version=DESTROYED_VERSION, progress=kept, needs=(), recipients=()))


def _row(document: Document) -> dict[str, Any]:
    # As JSON has it: a tuple would come back as a list, and the seal of the row with it.
    row = asdict(document)
    return row | {"needs": list(document.needs), "recipients": list(document.recipients)}


def _document(row: Mapping[str, Any] | sa.RowMapping) -> Document:
    kept = {**row, "needs": tuple(row["needs"]), "recipients": tuple(row["recipients"])}
    return Document(**kept | {"progress": _progress().validate_python(row["progress"])})


@cache
def _progress() -> TypeAdapter[Progress]:
    from pydantic import TypeAdapter  # takes time, and a search reads no document

    return TypeAdapter(Progress)
