"""Opens the register and hands out its transactions; all database errors leave here as our own."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Container, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from filelock import FileLock, Timeout

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, QRecordsError, StorageFailure, WrongState
from qrecords.model.audit import Event
from qrecords.stores.durable import disk_of, is_read_only
from qrecords.stores.register import tables
from qrecords.stores.register.accounts import Accounts
from qrecords.stores.register.answered import Answered
from qrecords.stores.register.aside import EventsAside
from qrecords.stores.register.audit import Audit
from qrecords.stores.register.beside import Beside
from qrecords.stores.register.copies import Copies
from qrecords.stores.register.deskdrafts import DeskDrafts
from qrecords.stores.register.documents import Documents
from qrecords.stores.register.items import Items
from qrecords.stores.register.jobs import Jobs
from qrecords.stores.register.leases import Leases
from qrecords.stores.register.log import Counters, Facts, Intents
from qrecords.stores.register.logintries import LoginTries
from qrecords.stores.register.origins import Origins
from qrecords.stores.register.records import Records
from qrecords.stores.register.retention import Retention
from qrecords.stores.register.savedsearches import SavedSearches
from qrecords.stores.register.seals import Seals

MIGRATION = "0011"
BUSY_SECONDS = 30
AT_ONCE = 20  # connections kept open: the desk's threads opened and closed one with nearly every question
LEAST_SPACE = 1 << 20  # bytes: with less SQLite may fail in ways that do not say why
_WRITES = "qrecords_writes"
_WAITS = "qrecords_waits"
ASIDE_FILE = "readings.sqlite"
ABSENT = advise("请从备份恢复；若是新建工作区，先运行 {}", Do.INIT)


class Busy(WrongState):
    """Another process writes just now."""


class Transaction:
    """One transaction on the register; its parts are named as the office names them."""

    def __init__(
        self, connection: sa.Connection, holders: Container[str] = (), aside: EventsAside | None = None
    ) -> None:
        self._connection = connection
        self._holders = holders
        self._aside = aside

    def settle_aside(self) -> None:
        """Let go of the events set aside that are in the log now."""
        if self._aside is not None and "audit" in self.__dict__:
            self._aside.remove(self.audit.taken_in)

    def require_sealed(self) -> None:
        """Make sure the log knows of every change it is to know of: else the row would look edited by hand."""
        if "seals" in self.__dict__ and (unsaid := [key for key, seal in self.seals.touched().items() if seal]):
            raise AssertionError(f"changed without an event: {', '.join(unsaid)}")

    @cached_property
    def facts(self) -> Facts:
        """Return what the register knows of itself."""
        return Facts(self._connection, self.seals)

    @cached_property
    def counters(self) -> Counters:
        """Return the number series."""
        return Counters(self._connection)

    @cached_property
    def seals(self) -> Seals:
        """Return what the log says of the rows that decide who may do what."""
        return Seals(self._connection)

    @cached_property
    def records(self) -> Records:
        """Return the records, their signatures and prints."""
        return Records(self._connection, self.counters, self.seals)

    @cached_property
    def origins(self) -> Origins:
        """Return what is known of the rows the records come from."""
        return Origins(self._connection)

    @cached_property
    def beside(self) -> Beside:
        """Return what lies beside the records: scanned sheets and attached papers."""
        return Beside(self._connection)

    @cached_property
    def items(self) -> Items:
        """Return the filed items and the volumes."""
        return Items(self._connection, self.seals)

    @cached_property
    def retention(self) -> Retention:
        """Return holds, extensions, destruction lists and what remains of the destroyed."""
        return Retention(self._connection, self.seals)

    @cached_property
    def intents(self) -> Intents:
        """Return the steps under way."""
        return Intents(self._connection, self._holders)

    @cached_property
    def leases(self) -> Leases:
        """Return what is held: steps under way, and work one process does alone."""
        return Leases(self._connection)

    @cached_property
    def audit(self) -> Audit:
        """Return the log."""
        return Audit(self._connection, self.seals, self._aside)

    @cached_property
    def copies(self) -> Copies:
        """Return the controlled copies."""
        return Copies(self._connection, self.counters, self.seals)

    @cached_property
    def documents(self) -> Documents:
        """Return the documents computed from records."""
        return Documents(self._connection, self.seals)

    @cached_property
    def desk_drafts(self) -> DeskDrafts:
        """Return what is typed at the desk and is no record yet."""
        return DeskDrafts(self._connection)

    @cached_property
    def saved_searches(self) -> SavedSearches:
        """Return the searches accounts keep."""
        return SavedSearches(self._connection)

    @cached_property
    def answered(self) -> Answered:
        """Return what small requests made."""
        return Answered(self._connection)

    @cached_property
    def jobs(self) -> Jobs:
        """Return the long work asked for."""
        return Jobs(self._connection)

    @cached_property
    def login_tries(self) -> LoginTries:
        """Return how passwords fared."""
        return LoginTries(self._connection)

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts."""
        return Accounts(self._connection, self.seals)


class Register:
    """The office's database: SQLite in a file, written by one transaction at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # A disk of a backup, a disc: it can be read, by a database that makes no files beside itself.
        self.read_only = path.exists() and is_read_only(path)
        self._copied: TemporaryDirectory[str] | None = None
        self._aside = EventsAside(path.with_name(ASIDE_FILE))
        self.holders: set[str] = set()  # the owners of leases that work through this opening
        dumps = json.JSONEncoder(ensure_ascii=False).encode
        self._engine = sa.create_engine(
            # Never as text: % and ? in a folder's name would be read as parts of a URL, and another file opened.
            sa.URL.create("sqlite", database=str(path)),
            json_serializer=dumps,
            connect_args={"timeout": BUSY_SECONDS},
            pool_size=AT_ONCE,
            pool_use_lifo=True,
            **({"creator": partial(_looked_at, self._settled())} if self.read_only else {}),
        )
        sa.event.listen(self._engine, "connect", _look if self.read_only else _configure)
        sa.event.listen(self._engine, "begin", _begin)

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

    @classmethod
    def create(cls, path: Path) -> Register:
        """Make the database, or bring an older one up to date; existing content stays."""
        register = cls(path)
        register._upgrade()
        with register.write() as tx:
            tx.facts.set_once("register_id", uuid4().hex)
        return register

    @classmethod
    def open(cls, path: Path) -> Register:
        """Open an existing database, brought up to date; IntegrityFailure when it is missing or broken.

        WrongState when a newer program made it.
        """
        if not path.is_file():
            raise IntegrityFailure(f"登记库 {path} 不见了", remedy=ABSENT)
        register = cls(path)
        with register.read() as tx:
            found = tx.facts.migration()
        try:
            if not found:
                raise IntegrityFailure(f"{path} 不是登记库", remedy=ABSENT)
            if found != MIGRATION:
                register._upgrade()
        except BaseException:
            register.close()
            raise
        return register

    def _upgrade(self) -> None:
        """Bring the tables up to this program's version, all of it or nothing; several processes may try at once."""
        from alembic import command  # takes time, and hardly any start needs it
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
        with self._translated(), self._engine.connect() as connection:
            writing = connection.execution_options(**{_WRITES: True})
            config.attributes["connection"] = writing
            _refuse_lock_files(self.path.parent / "locks")
            try:
                with writing.begin():
                    command.upgrade(config, "head")
            except CommandError as error:
                raise WrongState(
                    f"登记库是更新的程序写的，本程序只认到版本 {MIGRATION}",
                    remedy="请把 qrecords 升级到与其他电脑相同的版本",
                ) from error

    @cached_property
    def register_id(self) -> str:
        """Return the identity the index remembers this register by."""
        with self.read() as tx:
            return tx.facts.get("register_id")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give one consistent view; nothing may be changed through it."""
        with self._translated(), self._engine.begin() as connection:
            yield Transaction(connection)

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[Transaction]:
        """Give the one writing transaction; it commits at the end of the block or leaves no trace.

        Busy, at once, when another process writes and `wait` is off. StorageFailure on a read-only disk.
        """
        if self.read_only:
            raise StorageFailure(
                f"磁盘是只读的，只能查阅：{self.path.parent}",
                remedy=advise("要办理，请到可写的工作区；这是备份就先 {} 出来", Do.RESTORE),
            )
        with self._translated(), self._engine.connect() as connection:
            writing = connection.execution_options(**{_WRITES: True, _WAITS: wait})
            with writing.begin():
                tx = Transaction(writing, self.holders, self._aside)
                yield tx
                tx.require_sealed()
            tx.settle_aside()

    def has_aside(self) -> bool:
        """Tell whether events wait beside the log."""
        return self._aside.holds_any()

    def set_aside(self, events: Sequence[Event]) -> None:
        """Keep events that cannot wait for who writes; the next event appended to the log takes them in before it."""
        self._aside.add(events)

    def copy_to(self, path: Path) -> None:
        """Write the register as it stands at this moment into a single new file, while others go on working."""
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

    def scrub(self) -> None:
        """Write the database anew, so that no page of the file or its log holds what was removed; needs it alone."""
        with self._translated():
            connection = self._engine.raw_connection()
            try:
                connection.execute("VACUUM")
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.DatabaseError as error:
                raise self._own_error(sa.exc.DatabaseError("VACUUM", None, error)) from error
            finally:
                connection.close()
        if busy:
            raise WrongState("登记库正被别的程序读着，旧内容还没有清掉", remedy="请关闭其他 qrecords 程序后再试")

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        if self._copied is not None:
            self._copied.cleanup()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DatabaseError as error:
            raise self._own_error(error) from error

    def _own_error(self, error: sa.exc.DatabaseError) -> QRecordsError:
        text = str(error.orig)
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


def _refuse_lock_files(folder: Path) -> None:
    """Make sure no step of an older program runs: it holds a lock file, and no lease that would protect it."""
    for path in folder.glob("*.lock"):
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            raise WrongState(
                "登记库要升级，而旧版的 qrecords 还在这个工作区里办事", remedy="请等它结束（或关掉它）后再试"
            ) from None


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


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    if not options.get(_WRITES, False):
        connection.exec_driver_sql("BEGIN")
    elif options.get(_WAITS, True):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except sa.exc.OperationalError as error:
            if "locked" in str(error.orig) or "busy" in str(error.orig):
                raise Busy("登记库正被别的程序占用") from error
            raise
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")


__all__ = ["MIGRATION", "Busy", "Register", "Transaction", "tables"]
