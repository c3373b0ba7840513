"""Events that could not wait for who writes the register: kept beside it until the next event takes them into the log.

Reading must leave a trace and must not wait for a writer. An event set aside is on the disk before the answer leaves
the process. The transaction that takes it into the log notes its number there; removing it here comes after: a process
killed between the two leaves a row that is known to be in the log.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from uuid import uuid4

from qrecords.errors import StorageFailure
from qrecords.model.audit import Event

_BUSY_SECONDS = 30
_COUNT_AT, _COUNT_BYTES = 24, 4  # the file change counter in the header of every SQLite database


class EventsAside:
    """A small database of its own, so that its writers never meet those of the register."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._empty: object = None  # the state of the file it was last found empty in

    def add(self, events: Sequence[Event]) -> None:
        """Keep events; when this returns they survive a crash."""
        with self._opened() as database:
            rows = [(json.dumps(asdict(event), ensure_ascii=False),) for event in events]
            database.executemany("INSERT INTO aside (event) VALUES (?)", rows)

    def holds_any(self) -> bool:
        """Tell whether an event waits here; asked with every reading, so a file that is as it was is not opened."""
        if (state := self._state()) is None or state == self._empty:
            return False
        if self.after(0):
            return True
        if self._state() == state:  # else somebody was writing meanwhile
            self._empty = state
        return False

    def _state(self) -> object:
        """Return what is another after each transaction in the file: its own count of them; None without a file."""
        try:
            with self.path.open("rb", buffering=0) as file:
                found = os.fstat(file.fileno())
                file.seek(_COUNT_AT)
                return found.st_dev, found.st_ino, file.read(_COUNT_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unkept(self.path, error) from error

    def identity(self) -> str:
        """Return what tells this file from any other of its name; empty for one of an older program."""
        with self._opened() as database:
            return str(database.execute("SELECT coalesce(min(id), '') FROM file").fetchone()[0])

    def given(self) -> int:
        """Return the last number given out here, 0 when none was."""
        if not self.path.exists():
            return 0
        with self._opened() as database:
            row = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'aside'").fetchone()
        return int(row[0]) if row else 0

    def after(self, number: int) -> list[tuple[int, Event]]:
        """Return the events behind a number, each with its own, in order."""
        with self._opened() as database:
            rows = database.execute("SELECT id, event FROM aside WHERE id > ? ORDER BY id", (number,)).fetchall()
        return [(row[0], Event(**json.loads(row[1]))) for row in rows]

    def remove(self, up_to: int) -> None:
        """Let go of the events up to a number."""
        if up_to:
            with self._opened() as database:
                database.execute("DELETE FROM aside WHERE id <= ?", (up_to,))

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=_BUSY_SECONDS)) as database:
                database.execute("PRAGMA synchronous = EXTRA")
                _lay_out(database)
                with database:
                    yield database
        except sqlite3.Error as error:
            raise _unkept(self.path, error) from error


def _unkept(path: Path, error: Exception) -> StorageFailure:
    told = f"查阅记不进日志（{path.name}：{error}），没有给出内容"
    return StorageFailure(told, remedy="请检查磁盘空间和权限后再试")


def _lay_out(database: sqlite3.Connection) -> None:
    """Make the tables that are missing; a new file gets an identity."""
    there = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE name IN ('aside', 'file')")}
    if there == {"aside", "file"}:
        return
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("CREATE TABLE IF NOT EXISTS file (id TEXT NOT NULL)")
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'aside'").fetchone():
            database.execute("CREATE TABLE aside (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT)")
            database.execute("INSERT INTO file VALUES (?)", (uuid4().hex,))
