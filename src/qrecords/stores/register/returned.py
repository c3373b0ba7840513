"""What records said when they were returned, until their review is done: only then is it asked what changed since."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from qrecords.stores.register import tables as t

_R = t.returned.c
_CHUNK = 500  # bound variables of one statement
_OF = sa.select(_R["values"]).where(_R.record_no == sa.bindparam("number"))


class Returned:
    """The values of records as they were last returned."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def keep(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep what records say now, by number; what they said when they were returned before goes."""
        self.drop(values.keys())
        rows = [{"record_no": no, "values": dict(said)} for no, said in values.items()]
        if rows:
            self._c.execute(t.returned.insert(), rows)

    def of(self, record_no: str) -> Mapping[str, Any] | None:
        """Return what a record said when it was last returned; None where nothing is kept."""
        return self._c.execute(_OF, {"number": record_no}).scalar_one_or_none()

    def drop(self, record_nos: Collection[str]) -> None:
        """Let go of what records said."""
        numbers = [*record_nos]
        for start in range(0, len(numbers), _CHUNK):
            self._c.execute(t.returned.delete().where(_R.record_no.in_(numbers[start : start + _CHUNK])))
