"""What lies beside the records: scanned sheets with their text, and papers that belong to a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa

from qrecords.model.record import Attached
from qrecords.stores.register import tables as t

_CHUNK = 500  # bound parameters in one statement


class Beside:
    """Files kept with records; their bytes lie in the evidence folder, later in the objects."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def add(self, record_nos: Iterable[str], attached: Attached, at: str, account: str) -> None:
        """Write down that a file lies beside these records, its text not read off yet; one already there stays."""
        a = t.attached.c
        for no in record_nos:
            same = (a.record_no == no, a.kind == attached.kind, a.sha256 == attached.sha256)
            if self._c.execute(sa.select(a.id).where(*same)).first() is None:
                self._c.execute(
                    t.attached.insert().values(
                        record_no=no, kind=attached.kind, name=attached.name, sha256=attached.sha256,
                        pages=attached.pages, print_id=attached.print_id, added_at=at, added_by=account,
                    )
                )  # fmt: skip

    def texts(self, record_nos: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Give the texts read off what lies beside these records, with the record's number, in the order they came."""
        a = t.attached.c
        for start in range(0, len(record_nos), _CHUNK):
            part = (a.record_no.in_(record_nos[start : start + _CHUNK]), a.text != "")
            for row in self._c.execute(sa.select(a.record_no, a.text).where(*part).order_by(a.id)):
                yield row.record_no, row.text

    def read_off(self, record_no: str) -> dict[str, str | None]:
        """Return what was read off the files beside a record, by SHA-256; None: not read yet, "": there was nothing."""
        a = t.attached.c
        query = sa.select(a.sha256, a.text).where(a.record_no == record_no).order_by(a.id)
        return {row.sha256: row.text for row in self._c.execute(query)}

    def unread(self) -> list[Attached]:
        """Return the files whose text was not read off yet, each once, oldest first."""
        a = t.attached.c
        query = sa.select(a.kind, a.name, a.sha256, a.pages, a.print_id).where(a.text.is_(None)).order_by(a.id)
        return list({row.sha256: Attached(*row) for row in self._c.execute(query)}.values())

    def set_text(self, sha256: str, text: str) -> list[str]:
        """Write down the text of a file; returns the records it lies beside."""
        a = t.attached.c
        self._c.execute(t.attached.update().where(a.sha256 == sha256).values(text=text))
        return list(self._c.execute(sa.select(a.record_no).where(a.sha256 == sha256)).scalars())

    def holders(self, hashes: Sequence[str]) -> list[tuple[str, Attached]]:
        """Return which records these files lie beside: number and file, by number."""
        a = t.attached.c
        columns = (a.kind, a.name, a.sha256, a.pages, a.print_id, a.added_at, a.added_by)
        query = sa.select(a.record_no, *columns).where(a.sha256.in_(list(hashes))).order_by(a.record_no, a.id)
        return [(row[0], Attached(*row[1:])) for row in self._c.execute(query)]

    def used(self, hashes: Sequence[str]) -> set[str]:
        """Return which of these files any record has, as evidence of a signature or beside it."""
        found: set[str] = set()
        for column in (t.attached.c.sha256, t.signature.c.evidence_sha256):
            found |= set(self._c.execute(sa.select(column).where(column.in_(list(hashes)))).scalars())
        return found
