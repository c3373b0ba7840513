"""The register in a file of SQLite, written by one transaction at a time."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from pydantic_core import from_json

from qrecords.errors import IntegrityFailure, QRecordsError, StorageFailure, WrongState
from qrecords.stores.durable import disk_of, is_read_only
from qrecords.stores.register.dialects.engine import ABSENT, ELSEWHERE, SEALED_OFF, Busy

BUSY_SECONDS = 30
AT_ONCE = 20  # connections kept open: the desk's threads opened and closed one with nearly every question
LEAST_SPACE = 1 << 20  # bytes: with less SQLite may fail in ways that do not say why

# The log is only appended to: the database itself refuses anything else. INSERT OR REPLACE would take a row away
# without asking the first two: a new event only follows the newest one.
_GUARDS = {
    **{
        f"audit_no_{verb.lower()}": f"BEFORE {verb} ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END"
        for verb in ("UPDATE", "DELETE")
    },
    "audit_no_replace": "BEFORE INSERT ON audit "
    "WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM audit) "
    "OR NEW.prev IS NOT COALESCE((SELECT hash FROM audit ORDER BY seq DESC LIMIT 1), printf('%064d', 0)) "
    "BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END",
}


class SqliteFile:
    """A file, and what SQLite keeps beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # A disk of a backup, a disc: it can be read, by a database that makes no files beside itself.
        self.read_only = path.exists() and is_read_only(path)
        self._copied: TemporaryDirectory[str] | None = None

    @property
    def called(self) -> str:
        """Return what people are told of where it is."""
        return str(self.path)

    def connected(self) -> sa.Engine:
        """Return the pool of connections."""
        pool = sa.create_engine(
            # Never as text: % and ? in a folder's name would be read as parts of a URL, and another file opened.
            sa.URL.create("sqlite", database=str(self.path)),
            json_serializer=json.JSONEncoder(ensure_ascii=False).encode,
            json_deserializer=from_json,  # short texts are kept once: a third of the memory of many records
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=AT_ONCE,
            pool_use_lifo=True,
            **({"creator": partial(_looked_at, self._settled())} if self.read_only else {}),
        )
        sa.event.listen(pool, "connect", _look if self.read_only else _configure)
        return pool

    def _settled(self) -> Path:
        """Return the database on a read-only disk, or a copy with what still waits in the file beside it."""
        beside = self.path.with_name(f"{self.path.name}-wal")
        if not (beside.exists() and beside.stat().st_size):
            return self.path
        self._copied = TemporaryDirectory(prefix="qrecords-register-", ignore_cleanup_errors=True)
        for path in (self.path, beside):
            shutil.copyfile(path, Path(self._copied.name) / path.name)
        made = Path(self._copied.name) / self.path.name
        with closing(sqlite3.connect(made)) as copy:
            copy.execute("PRAGMA journal_mode=DELETE")
        return made

    def begin(self, connection: sa.Connection, *, writes: bool, waits: bool) -> None:
        """Begin a transaction."""
        if not writes:
            connection.exec_driver_sql("BEGIN")
        elif waits:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            driver = connection.connection.driver_connection  # past SQLAlchemy: every page that logs comes by here
            assert driver is not None
            driver.execute("PRAGMA busy_timeout = 0")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            except sa.exc.OperationalError as error:
                if "locked" in str(error.orig) or "busy" in str(error.orig):
                    raise Busy("登记库正被别的程序占用") from error
                raise
            finally:
                driver.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")

    def require_there(self) -> None:
        """Make sure there is a file."""
        if not self.path.is_file():
            raise IntegrityFailure(f"登记库 {self.path} 不见了", remedy=ABSENT)

    def require_unused(self) -> None:
        """Make sure no step of an older program runs: it holds a lock file, and no lease that would protect it."""
        for path in (self.path.parent / "locks").glob("*.lock"):
            try:
                with FileLock(path, timeout=0):
                    pass
            except Timeout:
                raise WrongState(
                    "登记库要升级，而旧版的 qrecords 还在这个工作区里办事", remedy="请等它结束（或关掉它）后再试"
                ) from None

    def upgraded(self, connection: sa.Connection) -> None:
        """Nothing is left to do."""

    def copy_to(self, path: Path) -> bool:
        """Copy by SQLite's own means, while others go on working."""
        try:
            with closing(sqlite3.connect(self.path)) as here, closing(sqlite3.connect(path)) as copy:
                here.backup(copy)
                with copy:
                    copy.execute("DELETE FROM lease")  # what is held here, by this very copying too, is not held there
                    if copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone():
                        copy.execute(
                            "DELETE FROM job WHERE ended_at = ''"
                        )  # older registers have no jobs; these are done here
                copy.execute("PRAGMA journal_mode=DELETE")  # else it would need files beside it
        except sqlite3.Error as error:
            raise StorageFailure(f"登记库复制不出来：{error}", remedy="请检查磁盘空间和权限后再试") from error
        return True

    def scrub(self, pool: sa.Engine) -> None:
        """Write file and log anew."""
        connection = pool.raw_connection()
        try:
            connection.execute("VACUUM")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise self.own_error(sa.exc.DatabaseError("VACUUM", None, error)) from error
        finally:
            connection.close()
        if busy:
            raise WrongState("登记库正被别的程序读着，旧内容还没有清掉", remedy="请关闭其他 qrecords 程序后再试")

    def close(self) -> None:
        """Let go of the copy made of a disk's."""
        if self._copied is not None:
            self._copied.cleanup()

    def own_error(self, error: sa.exc.DBAPIError) -> QRecordsError:
        """Return what an error of the database is to the office."""
        text = str(error.orig)
        if SEALED_OFF in text:
            return WrongState(ELSEWHERE[0], remedy=ELSEWHERE[1])
        if "locked" in text or "busy" in text:
            return WrongState(
                f"登记库正被别的程序占用，等了{BUSY_SECONDS}秒", remedy="请稍后再试；一直如此请查看谁在用这个工作区"
            )
        # Without any room SQLite cannot make the files beside the database, and calls it an error of the disk.
        if "full" in text or ("disk I/O error" in text and disk_usage(self.path.parent).free < LEAST_SPACE):
            disk = disk_of(self.path.parent)
            return StorageFailure(
                f"磁盘已满（{disk} 所在的磁盘），登记库写不进去", remedy="请腾出空间后再试；已写入的没有损坏"
            )
        if "readonly" in text or "unable to open" in text:
            return StorageFailure(f"没有权限写登记库 {self.path}", remedy="请检查 archive 文件夹的权限")
        if isinstance(error.orig, sqlite3.DatabaseError) and ("malformed" in text or "not a database" in text):
            return IntegrityFailure(f"登记库 {self.path} 已损坏", remedy="请停止使用，从备份恢复")
        if isinstance(error, sa.exc.IntegrityError):
            return WrongState(f"同时有两处改动互相冲突：{text}", remedy="请再试一次")
        return StorageFailure(f"登记库出错：{text}", remedy="请检查磁盘，必要时从备份恢复")

    @staticmethod
    def guard_log(connection: sa.Connection) -> None:
        """Make the triggers of the log."""
        for name, what in _GUARDS.items():
            connection.exec_driver_sql(f"CREATE TRIGGER {name} {what}")

    @staticmethod
    def missing_guards(connection: sa.Connection) -> set[str]:
        """Return the log's triggers that are gone."""
        rows = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        )
        return _GUARDS.keys() - set(rows.scalars())

    @staticmethod
    def go_on_numbering(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Nothing is to be done: it looks at the rows."""

    @staticmethod
    def seal_off(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
        """Refuse every change from here on."""
        for table in tables:
            for verb in ("INSERT", "UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f'CREATE TRIGGER moved_{table.name}_{verb.lower()} BEFORE {verb} ON "{table.name}" '
                    f"BEGIN SELECT RAISE(ABORT, '{SEALED_OFF}'); END"
                )


def settle(path: Path) -> None:
    """Let a file nobody has open need no other beside it."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA journal_mode=DELETE")


def _looked_at(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)


def _look(connection: Any, _record: Any) -> None:
    connection.isolation_level = None


def _configure(connection: Any, _record: Any) -> None:
    # The driver must not open transactions by itself: we say BEGIN or BEGIN IMMEDIATE.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
