"""What a register needs of the database it is kept in."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from qrecords.advice import Do, advise
from qrecords.errors import QRecordsError, WrongState

ABSENT = advise("请从备份恢复；若是新建工作区，先运行 {}", Do.INIT)


WRITES, WAITS = "qrecords_writes", "qrecords_waits"  # the options of a connection that say how it begins
SEALED_OFF = "this register was moved"  # what a database says then
ELSEWHERE = ("登记库已搬到别处，这一笔没有写进", "请关掉这个程序，再打开")


class Busy(WrongState):
    """Another process writes just now."""


class Engine(Protocol):
    """One kind of database, and where it is."""

    @property
    def called(self) -> str:
        """Return what people are told of where it is; no password."""
        ...

    @property
    def read_only(self) -> bool:
        """Tell whether nothing can be written: a disk of a backup."""
        ...

    def connected(self) -> sa.Engine:
        """Return the pool of connections; each says its BEGIN by `begin`, and nothing by itself."""
        ...

    def begin(self, connection: sa.Connection, *, writes: bool, waits: bool) -> None:
        """Begin a transaction: a consistent view, or the one that writes; Busy when it may not wait for another's."""
        ...

    def require_there(self) -> None:
        """Make sure there is a database; IntegrityFailure when it is lost."""
        ...

    def require_unused(self) -> None:
        """Make sure no older program works in it whose steps no lease protects."""
        ...

    def upgraded(self, connection: sa.Connection) -> None:
        """Do what belongs to the tables of any version, in the transaction that brought them up to date."""
        ...

    def own_error(self, error: sa.exc.DBAPIError) -> QRecordsError:
        """Return what an error of the database is to the office."""
        ...

    def copy_to(self, path: Path) -> bool:
        """Write the database as it stands into a new file of SQLite; False when that is to be done row by row."""
        ...

    def scrub(self, pool: sa.Engine) -> None:
        """Write it anew, so that nothing of it holds what was removed; needs it alone."""
        ...

    def close(self) -> None:
        """Let go of what was made to open it."""
        ...

    @staticmethod
    def guard_log(connection: sa.Connection) -> None:
        """Make the triggers of the log."""
        ...

    @staticmethod
    def missing_guards(connection: sa.Connection) -> set[str]:
        """Return the names of the log's triggers that are not as they were made."""
        ...

    @staticmethod
    def go_on_numbering(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Let the rows added next go on with the numbers of those there are."""
        ...

    @staticmethod
    def seal_off(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Refuse every change from here on."""
        ...
