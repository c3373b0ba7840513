"""Rows of one register into another, whatever keeps them, and the comparison of the two, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import sqlalchemy as sa

from qrecords.stores.register import document_table, retention_tables, tables
from qrecords.stores.register.dialects import go_on_numbering, words

_CHUNK = 1000  # rows at a time
HERE_ALONE = frozenset({tables.lease.name})  # what is held in one register is not held in another
assert {document_table.document.name, retention_tables.hold.name} <= tables.metadata.tables.keys()


class _AsText(sa.types.TypeDecorator[str]):
    """JSON as the text that lies there: it goes over as it is, and is compared so."""

    impl = sa.Text
    cache_ok = True

    def bind_expression(self, bindvalue: Any) -> Any:
        return words.written(bindvalue)

    def column_expression(self, column: Any) -> Any:
        return words.raw(column)


def _plain() -> list[sa.Table]:
    metadata = sa.MetaData()
    return [
        sa.Table(
            table.name,
            metadata,
            *(
                sa.Column(c.name, _AsText() if isinstance(c.type, sa.JSON) else c.type, primary_key=c.primary_key)
                for c in table.columns
            ),
        )
        for table in tables.metadata.sorted_tables
        if table.name not in HERE_ALONE
    ]


def copy_rows(source: sa.Connection, target: sa.Connection) -> int:
    """Put all rows of a register into an empty one of the same version; returns how many."""
    every, count = _plain(), 0
    for table in every:
        for rows in _rows(source, table).partitions(_CHUNK):
            target.execute(table.insert(), [dict(row._mapping) for row in rows])
            count += len(rows)
    go_on_numbering(target, every)
    return count


def first_difference(source: sa.Connection, target: sa.Connection) -> str:
    """Return the table and key of the first row that is not the same in both, "" when all are."""
    for table in _plain():
        key = [c.name for c in table.primary_key]
        for one, other in _side_by_side(source, target, table):
            if one != other:
                shown = (one or other)._mapping  # type: ignore[union-attr]
                return f"{table.name}/{'/'.join(str(shown[name]) for name in key)}"
    return ""


def _side_by_side(
    source: sa.Connection, target: sa.Connection, table: sa.Table
) -> Iterator[tuple[sa.Row[Any] | None, sa.Row[Any] | None]]:
    yield from zip_longest(_rows(source, table), _rows(target, table))


def _rows(connection: sa.Connection, table: sa.Table) -> sa.CursorResult[Any]:
    asked = sa.select(table).order_by(*table.primary_key)
    return connection.execute(asked, execution_options={"yield_per": _CHUNK})
