"""Which input rows the records come from: what they said, and where they stood."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from qrecords.stores.register import tables as t
from qrecords.stores.register.dialects import words

_CHUNK = 500  # bound parameters in one statement


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the row of a record was last seen: the file's name without its ending, the sheet, the row; 0: no more."""

    book: str
    sheet: str
    row: int


class Origins:
    """What is known of the rows records were made from; gone with a record that is void or destroyed."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def say(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Write down that records say something: fingerprint and number; what is known stays."""
        rows = [{"fingerprint": fingerprint, "record_no": no} for fingerprint, no in dict.fromkeys(pairs)]
        if rows:
            self._c.execute(words.insert_new(self._c, t.said), rows)

    def saying(self, fingerprints: Collection[str]) -> dict[str, list[str]]:
        """Return which records say this, or said it once: fingerprint to numbers, in their order."""
        found: dict[str, list[str]] = defaultdict(list)
        for part in _chunks(fingerprints):
            query = sa.select(t.said).where(t.said.c.fingerprint.in_(part)).order_by(t.said.c.record_no)
            for row in self._c.execute(query):
                found[row.fingerprint].append(row.record_no)
        return dict(found)

    def place(self, origins: Mapping[str, Origin]) -> None:
        """Write down where the rows of records stand now."""
        rows = [{"record_no": no, "book": o.book, "sheet": o.sheet, "row": o.row} for no, o in origins.items()]
        if rows:
            self._c.execute(words.insert_over(self._c, t.origin), rows)

    def leave(self, record_nos: Collection[str]) -> None:
        """Write down that the rows of records stand in their file no more."""
        for part in _chunks(record_nos):
            self._c.execute(t.origin.update().where(t.origin.c.record_no.in_(part)).values(row=0))

    def of(self, record_nos: Collection[str]) -> dict[str, Origin]:
        """Return where the rows of records were last seen."""
        found: dict[str, Origin] = {}
        for part in _chunks(record_nos):
            for row in self._c.execute(sa.select(t.origin).where(t.origin.c.record_no.in_(part))):
                found[row.record_no] = Origin(row.book, row.sheet, row.row)
        return found

    def beside(self, form_code: str, books: Collection[str]) -> dict[str, Origin]:
        """Return the records of a form whose rows were last seen in these files."""
        found: dict[str, Origin] = {}
        for part in _chunks(books):
            query = (
                sa.select(t.origin)
                .join(t.record, t.record.c.record_no == t.origin.c.record_no)
                .where(t.origin.c.book.in_(part), t.record.c.form_code == form_code)
                .order_by(t.origin.c.record_no)
            )
            for row in self._c.execute(query):
                found[row.record_no] = Origin(row.book, row.sheet, row.row)
        return found

    def unplaced(self, form_code: str, days: Collection[str]) -> list[str]:
        """Return the records of a form and of these days of whose rows nothing is known but what they say."""
        found: list[str] = []
        for part in _chunks(days):
            query = (
                sa.select(t.record.c.record_no)
                .outerjoin(t.origin, t.record.c.record_no == t.origin.c.record_no)
                .where(t.record.c.form_code == form_code, t.record.c.date.in_(part), t.origin.c.record_no.is_(None))
                .order_by(t.record.c.record_no)
            )
            found += self._c.execute(query).scalars()
        return found

    def forget(self, record_nos: Sequence[str]) -> None:
        """Forget the rows of records."""
        for part in _chunks(record_nos):
            for table in (t.said, t.origin):
                self._c.execute(table.delete().where(table.c.record_no.in_(part)))


def _chunks(keys: Collection[str]) -> Iterator[list[str]]:
    every = list(keys)
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]
