"""Controlled copies in the register: requests, and the copies issued on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from qrecords.model.copies import Copy, CopyRequest, CopyState, copy_no, request_no
from qrecords.stores.register import tables as t
from qrecords.stores.register.log import Counters
from qrecords.stores.register.seals import Seals


class Copies:
    """Who asked for copies of what, who approved, which numbers are out."""

    def __init__(self, connection: sa.Connection, counters: Counters, seals: Seals) -> None:
        self._c = connection
        self._seals = seals
        self._counters = counters

    def next_request_no(self, year: int) -> str:
        """Take the number of a new request."""
        return request_no(year, self._counters.take(f"copy-request/{year}")[0])

    def add(self, request: CopyRequest) -> None:
        """Write down a new request."""
        self._seals.touch("copies", request.request_no)
        names = [name for name in CopyRequest.__dataclass_fields__ if name != "copies"]
        self._c.execute(t.copy_request.insert().values({name: getattr(request, name) for name in names}))

    def change(self, number: str, **columns: Any) -> None:
        """Change a request."""
        self._seals.touch("copies", number)
        self._c.execute(t.copy_request.update().where(t.copy_request.c.request_no == number).values(**columns))

    def reserve(self, request: CopyRequest, year: int) -> list[str]:
        """Return the numbers of a request's copies; those an issue that broke off took are used first."""
        held = [c.copy_no for c in request.copies]
        if missing := request.count - len(held):
            fresh = [copy_no(year, n) for n in self._counters.take(f"copy/{year}", missing)]
            rows = [{"copy_no": number, "request_no": request.request_no} for number in fresh]
            self._c.execute(t.copy.insert(), rows)
            held += fresh
        return held

    def change_copy(self, number: str, **columns: str) -> None:
        """Change one copy."""
        of = sa.select(t.copy.c.request_no).where(t.copy.c.copy_no == number)
        self._seals.touch("copies", *self._c.execute(of).scalars())
        self._c.execute(t.copy.update().where(t.copy.c.copy_no == number).values(**columns))

    def one(self, number: str) -> CopyRequest | None:
        """Return the request of this number, or the one a copy of this number belongs to."""
        of_copy = sa.select(t.copy.c.request_no).where(t.copy.c.copy_no == number)
        found = self._find(sa.or_(t.copy_request.c.request_no == number, t.copy_request.c.request_no.in_(of_copy)))
        return found[0] if found else None

    def all(self) -> list[CopyRequest]:
        """Return all requests by number."""
        return self._find()

    def _find(self, *conditions: sa.ColumnElement[bool]) -> list[CopyRequest]:
        rows = self._c.execute(sa.select(t.copy_request).where(*conditions).order_by(t.copy_request.c.request_no)).all()
        copies = self._copies([row.request_no for row in rows])
        return [
            CopyRequest(**{**row._mapping, "state": CopyState(row.state)}, copies=tuple(copies.get(row.request_no, ())))
            for row in rows
        ]

    def _copies(self, numbers: Sequence[str]) -> dict[str, list[Copy]]:
        found: dict[str, list[Copy]] = {}
        # By join, not by list: SQLite takes only so many values in one statement.
        query = sa.select(t.copy).order_by(t.copy.c.copy_no)
        for row in self._c.execute(query.where(t.copy.c.request_no == numbers[0]) if len(numbers) == 1 else query):
            found.setdefault(row.request_no, []).append(Copy(**row._mapping))
        return found
