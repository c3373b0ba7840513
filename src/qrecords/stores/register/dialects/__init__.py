"""What each kind of database does its own way: nothing else in qrecords names SQLite's or PostgreSQL's own words.

A register is kept in one of them (`Engine`); statements that must be said differently are built by `words`; the
guards of the log and the engine of a URL are found here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa

from qrecords.stores.register.dialects import sqlite
from qrecords.stores.register.dialects.engine import Busy, Engine


def engine_for(path: Path, url: str = "") -> Engine:
    """Return what keeps the register of a workspace: a file, or the server a URL names."""
    if not url:
        return sqlite.SqliteFile(path)
    from qrecords.stores.register.dialects.postgresql import PostgresServer  # an office of one file does without

    return PostgresServer(url)


def guard_log(connection: sa.Connection) -> None:
    """Let the database itself refuse any change of the log but what goes on with it."""
    _guards_of(connection).guard_log(connection)


def missing_guards(connection: sa.Connection) -> list[str]:
    """Return the triggers of the log that someone took out of the database, or changed."""
    return sorted(_guards_of(connection).missing_guards(connection))


def go_on_numbering(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Let the rows added next go on with the numbers of those copied in."""
    _guards_of(connection).go_on_numbering(connection, tables)


def seal_off(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """Let the database refuse every change, of whoever still has it open."""
    _guards_of(connection).seal_off(connection, tables)


def settle(path: Path) -> None:
    """Let a file of SQLite nobody has open need no other file beside it."""
    sqlite.settle(path)


def _guards_of(connection: sa.Connection) -> type[Engine]:
    if connection.dialect.name == "sqlite":
        return sqlite.SqliteFile
    from qrecords.stores.register.dialects.postgresql import PostgresServer

    return PostgresServer


__all__ = ["Busy", "Engine", "engine_for", "go_on_numbering", "guard_log", "missing_guards", "seal_off", "settle"]
