"""Opens the register and hands out its transactions; all database errors leave here as our own."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import cached_property
from pathlib import Path
from threading import local
from typing import TYPE_CHECKING
from uuid import uuid4

import sqlalchemy as sa

from qrecords.advice import Do, advise
from qrecords.errors import IntegrityFailure, StorageFailure, WrongState
from qrecords.model.audit import Event
from qrecords.stores import durable
from qrecords.stores.durable import remove_file, remove_tree
from qrecords.stores.register import tables
from qrecords.stores.register.accounts import Accounts
from qrecords.stores.register.answered import Answered
from qrecords.stores.register.aside import EventsAside
from qrecords.stores.register.audit import Audit
from qrecords.stores.register.beside import Beside
from qrecords.stores.register.dialects import Busy, engine_for, settle
from qrecords.stores.register.dialects.engine import ABSENT, WAITS, WRITES
from qrecords.stores.register.leases import Leases
from qrecords.stores.register.log import Counters, Facts, Intents
from qrecords.stores.register.logintries import LoginTries
from qrecords.stores.register.origins import Origins
from qrecords.stores.register.records import Records
from qrecords.stores.register.seals import Seals

if TYPE_CHECKING:
    from qrecords.stores.register.copies import Copies
    from qrecords.stores.register.deskdrafts import DeskDrafts
    from qrecords.stores.register.documents import Documents
    from qrecords.stores.register.items import Items
    from qrecords.stores.register.jobs import Jobs
    from qrecords.stores.register.retention import Retention
    from qrecords.stores.register.returned import Returned
    from qrecords.stores.register.savedsearches import SavedSearches

MIGRATION = "0014"
ASIDE_FILE = "readings.sqlite"


# The fact that tells a register which is not in force: one about to be, or one that was.
STANDING, ARRIVING, MOVED = "standing", "arriving", "moved"
UNFINISHED = advise("请核对 qrecords.toml 的 [register]；搬到一半的，请再运行一次 {}", Do.MOVE_REGISTER)


class Transaction:
    """One transaction on the register; its parts are named as the office names them.

    Parts most commands do without are loaded when first asked for, with what of the model they give.
    """

    def __init__(
        self, connection: sa.Connection, holders: Container[str] = (), aside: EventsAside | None = None
    ) -> None:
        self._connection = self.connection = connection
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
        from qrecords.stores.register.items import Items

        return Items(self._connection, self.seals)

    @cached_property
    def retention(self) -> Retention:
        """Return holds, extensions, destruction lists and what remains of the destroyed."""
        from qrecords.stores.register.retention import Retention

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
        from qrecords.stores.register.copies import Copies

        return Copies(self._connection, self.counters, self.seals)

    @cached_property
    def documents(self) -> Documents:
        """Return the documents computed from records."""
        from qrecords.stores.register.documents import Documents

        return Documents(self._connection, self.seals)

    @cached_property
    def desk_drafts(self) -> DeskDrafts:
        """Return what is typed at the desk and is no record yet."""
        from qrecords.stores.register.deskdrafts import DeskDrafts

        return DeskDrafts(self._connection)

    @cached_property
    def saved_searches(self) -> SavedSearches:
        """Return the searches accounts keep."""
        from qrecords.stores.register.savedsearches import SavedSearches

        return SavedSearches(self._connection)

    @cached_property
    def answered(self) -> Answered:
        """Return what small requests made."""
        return Answered(self._connection)

    @cached_property
    def returned(self) -> Returned:
        """Return what records said when they were returned."""
        from qrecords.stores.register.returned import Returned

        return Returned(self._connection)

    @cached_property
    def jobs(self) -> Jobs:
        """Return the long work asked for."""
        from qrecords.stores.register.jobs import Jobs

        return Jobs(self._connection)

    @cached_property
    def login_tries(self) -> LoginTries:
        """Return how passwords fared."""
        return LoginTries(self._connection)

    @cached_property
    def accounts(self) -> Accounts:
        """Return the accounts."""
        return Accounts(self._connection, self.seals)


class _OneView:
    """A view several readings of a thread share, begun with the first of them."""

    def __init__(self) -> None:
        self.is_used = False
        self._opened = ExitStack()
        self._tx: Transaction | None = None

    @contextmanager
    def use(self, begun: Callable[[], AbstractContextManager[sa.Connection]]) -> Iterator[Transaction]:
        """Give the view for one reading; one that fails ends it."""
        if self._tx is None:
            self._tx = Transaction(self._opened.enter_context(begun()))
        self.is_used = True
        try:
            yield self._tx
        except BaseException as error:
            self.is_used, self._tx = False, None
            opened, self._opened = self._opened, ExitStack()
            if not opened.__exit__(type(error), error, error.__traceback__):
                raise
        finally:
            self.is_used = False

    def end(self) -> None:
        """Let go of the view, unless it is being read just now."""
        if not self.is_used:
            self._tx = None
            self._opened.close()


class _Shared(local):
    views: _OneView | None = None


class Register:
    """The office's database: SQLite in a file, or a server; written by one transaction at a time on either."""

    def __init__(self, path: Path, url: str = "") -> None:
        self.path = path
        self._kept = engine_for(path, url)
        self.read_only = self._kept.read_only
        self._aside = EventsAside(path.with_name(ASIDE_FILE))
        self._shared = _Shared()
        self.holders: set[str] = set()  # the owners of leases that work through this opening
        self._engine = self._kept.connected()
        sa.event.listen(self._engine, "begin", self._begin)

    def _begin(self, connection: sa.Connection) -> None:
        options = connection.get_execution_options()
        self._kept.begin(connection, writes=options.get(WRITES, False), waits=options.get(WAITS, True))

    @classmethod
    def create(cls, path: Path, url: str = "") -> Register:
        """Make the database, or bring an older one up to date; existing content stays."""
        register = cls(path, url)
        register.upgrade()
        with register.write() as tx:
            tx.facts.set_once("register_id", uuid4().hex)
        return register

    @classmethod
    def open(cls, path: Path, url: str = "") -> Register:
        """Open an existing database, brought up to date; IntegrityFailure when it is missing or broken.

        WrongState when a newer program made it.
        """
        register = cls(path, url)
        try:
            register._kept.require_there()
            with register.read() as tx:
                found = tx.facts.migration()
                standing = tx.facts.get(STANDING) if found else ""
            if not found:
                raise IntegrityFailure(f"{register.called} 不是登记库", remedy=ABSENT)
            if standing:
                told = "已搬到别处" if standing == MOVED else "还没有搬完"
                raise WrongState(f"登记库 {register.called} {told}", remedy=UNFINISHED)
            if found != MIGRATION:
                register.upgrade()
        except BaseException:
            register.close()
            raise
        return register

    def upgrade(self) -> None:
        """Bring the tables up to this program's version, all of it or nothing; several processes may try at once."""
        from alembic import command  # takes time, and hardly any start needs it
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent.parent / "migrations"))
        with self._translated(), self._engine.connect() as connection:
            writing = connection.execution_options(**{WRITES: True})
            config.attributes["connection"] = writing
            self._kept.require_unused()
            try:
                with writing.begin():
                    command.upgrade(config, "head")
                    self._kept.upgraded(writing)
            except CommandError as error:
                raise WrongState(
                    f"登记库是更新的程序写的，本程序只认到版本 {MIGRATION}",
                    remedy="请把 qrecords 升级到与其他电脑相同的版本",
                ) from error

    @property
    def called(self) -> str:
        """Return what people are told of where it is kept."""
        return self._kept.called

    @cached_property
    def register_id(self) -> str:
        """Return the identity the index remembers this register by."""
        with self.read() as tx:
            return tx.facts.get("register_id")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Give one consistent view; nothing may be changed through it."""
        if (shared := self._shared.views) is None or shared.is_used:
            with self._begun() as connection:
                yield Transaction(connection)
        else:
            with shared.use(self._begun) as tx:
                yield tx

    @contextmanager
    def one_view(self) -> Iterator[None]:
        """Let what this thread reads one after the other be one view, until it writes: a page asks a dozen times."""
        if self._shared.views is not None:
            yield
            return
        self._shared.views = views = _OneView()
        try:
            yield
        finally:
            self._shared.views = None
            views.end()

    def look_anew(self) -> None:
        """Let this thread's one view end: what it reads next is the register as it then is."""
        if (shared := self._shared.views) is not None:
            shared.end()

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
        self.look_anew()  # what is read from here on knows of what is written
        with self._begun(**{WRITES: True, WAITS: wait}) as connection:
            tx = Transaction(connection, self.holders, self._aside)
            yield tx
            tx.require_sealed()
        tx.settle_aside()

    def has_aside(self) -> bool:
        """Tell whether events wait beside the log."""
        return self._aside.holds_any()

    def set_aside(self, events: Sequence[Event]) -> None:
        """Keep events that cannot wait for who writes; the next event appended to the log takes them in before it."""
        self._aside.add(events)

    def clear(self) -> None:
        """Take all tables out of the database."""
        with self._begun(**{WRITES: True}) as connection:
            tables.metadata.drop_all(connection)
            sa.Table("alembic_version", sa.MetaData()).drop(connection)

    def copy_to(self, path: Path) -> None:
        """Write the register as it stands at this moment into a single new file, while others go on working."""
        if self._kept.copy_to(path):
            return
        from qrecords.stores.register.rowcopy import copy_rows

        with closing(Register(path)) as copy:
            copy.upgrade()
            with self.read() as here, copy.write() as there:
                copy_rows(here.connection, there.connection)
                there.jobs.forget_open()  # these are done here
        settle(path)

    def scrub(self) -> None:
        """Write the database anew, so that no page of the file or its log holds what was removed; needs it alone.

        The files it was moved out of go, and the folders of objects moved elsewhere: they hold what was held then.
        """
        with self._translated():
            self._kept.scrub(self._engine)
        for left in sorted(self.path.parent.glob(f"*{durable.MOVED}*")):
            (remove_tree if left.is_dir() else remove_file)(left)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self._kept.close()

    @contextmanager
    def _begun(self, **options: bool) -> Iterator[sa.Connection]:
        """Give a transaction that has begun; it commits at the end of the block."""
        with self._translated(), closing(self._connect(options)) as connection:
            transaction = connection.get_transaction()
            assert transaction is not None
            with transaction:
                yield connection

    def _connect(self, options: Mapping[str, bool]) -> sa.Connection:
        """Return a connection whose transaction has begun; a server that came up again is met on the second try."""
        for tries in (1, 2):
            connection = self._engine.connect().execution_options(**options)
            try:
                connection.begin()
            except BaseException as error:
                connection.close()
                if tries == 2 or not (isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated):
                    raise
            else:
                return connection
        raise AssertionError

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.DBAPIError as error:
            raise self._kept.own_error(error) from error
        except sa.exc.TimeoutError as error:
            raise WrongState("这个程序里问登记库的太多，等了很久", remedy="请稍后再试") from error


__all__ = ["MIGRATION", "Busy", "Register", "Transaction", "tables"]
