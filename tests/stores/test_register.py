"""The register: numbers without gap or double from two processes, an append-only log, errors of our own.

What holds of any register is tried in a file of SQLite and on a real server of PostgreSQL.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

from qrecords.errors import IntegrityFailure, NotFound, StorageFailure, WrongState
from qrecords.model.access import Account
from qrecords.model.audit import Event, first_break
from qrecords.stores.register import Busy, Register, database, tables
from qrecords.stores.register.audit import seal_what_is_there
from qrecords.stores.register.database import MIGRATION
from qrecords.stores.register.dialects import postgresql as postgresql_engine
from qrecords.stores.register.dialects import sqlite
from qrecords.stores.register.log import CHANGES

if TYPE_CHECKING:
    from tests.servers import PostgresqlServer

TAKE = """
import sys
from pathlib import Path
from qrecords.model.audit import Event
from qrecords.stores.register import Register
register = Register.open(Path(sys.argv[1]), sys.argv[2])
for _ in range(60):
    with register.write() as tx:
        print(tx.counters.take("record/QR758-06A/2026")[0])
        tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", "x")])
"""


@dataclass(frozen=True)
class Place:
    """Where a register of a test is kept, and what its database is told behind its back."""

    path: Path
    url: str = ""
    server: PostgresqlServer | None = None

    def opened(self) -> Register:
        return Register.open(self.path, self.url)

    def run(self, statement: str) -> None:
        if self.server is None:
            with closing(sqlite3.connect(self.path)) as connection, connection:
                connection.execute(statement)
        else:
            self.server.run(statement, database=str(sa.make_url(self.url).database))


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    path = tmp_path / "register.sqlite"
    if request.param == "sqlite":
        return Place(path)
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return Place(path, server.url(server.database(request.getfixturevalue("laid_out"))), server)


@pytest.fixture
def register(place: Place) -> Iterator[Register]:
    with closing(Register.create(place.path, place.url)) as made:
        yield made


@pytest.fixture
def in_file(tmp_path: Path) -> Iterator[Register]:
    with closing(Register.create(tmp_path / "register.sqlite")) as made:
        yield made


def test_two_processes_take_each_number_once_and_keep_one_chain(place: Place, register: Register) -> None:
    command = [sys.executable, "-c", TAKE, str(place.path), place.url]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    taken = [int(line) for run in runs for line in run.communicate()[0].split()]
    assert sorted(taken) == list(range(1, 121))
    with register.read() as tx:
        assert first_break(tx.audit.events()) is None
        assert tx.audit.head()[0] == 120


def test_a_change_is_never_seen_before_one_of_a_lower_number(place: Place, register: Register) -> None:
    """Two transactions at once: the index, which follows the numbers, would skip for ever one that comes in later."""
    taken: list[tuple[str, int]] = []
    has_one, may_end = threading.Event(), threading.Event()

    def change(name: str) -> None:
        with closing(place.opened()) as mine, mine.write() as tx:
            taken.append((name, tx.counters.take(CHANGES)[0]))
            has_one.set()
            may_end.wait(30)

    first, second = (Thread(target=change, args=(name,)) for name in ("first", "second"))
    first.start()
    assert has_one.wait(30)
    second.start()
    for _ in range(20):
        with register.read() as tx:
            assert tx.counters.last(CHANGES) == 0, "nothing is committed"
        with pytest.raises(Busy), register.write(wait=False):
            pass
        time.sleep(0.01)
    assert taken == [("first", 1)], "no number is given away while one is not committed"
    may_end.set()
    for one in (first, second):
        one.join(30)
    assert taken == [("first", 1), ("second", 2)]
    with register.read() as tx:
        assert tx.counters.last(CHANGES) == 2


def test_a_transaction_that_fails_leaves_no_trace(register: Register) -> None:
    with pytest.raises(RuntimeError), register.write() as tx:
        tx.counters.take("n", 5)
        raise RuntimeError
    with register.read() as tx:
        assert tx.counters.last("n") == 0


STALE = "INSERT INTO audit VALUES (1, 'a', 'a', 'a', 'x', 'done', '{}', 'a', 'a')"


@pytest.mark.parametrize("statement", ["UPDATE audit SET account = 'x'", "DELETE FROM audit", STALE])
def test_the_database_itself_refuses_to_change_the_log(place: Place, register: Register, statement: str) -> None:
    with register.write() as tx:
        tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", "x")])
    with pytest.raises(Exception, match="append-only"):
        place.run(statement)
    with register.read() as tx:
        assert tx.audit.missing_guards() == []


def test_a_guard_of_the_log_that_is_gone_is_named(place: Place, register: Register) -> None:
    place.run("DROP TRIGGER audit_no_update" + (" ON audit" if place.url else ""))
    with register.read() as tx:
        assert tx.audit.missing_guards() == ["audit_no_update"]


def test_what_is_no_register_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(IntegrityFailure, match="不见了"):
        Register.open(tmp_path / "missing.sqlite")
    garbage = tmp_path / "garbage.sqlite"
    garbage.write_bytes(b"not a database " * 100)
    with pytest.raises(IntegrityFailure, match="损坏"):
        Register.open(garbage)
    empty = tmp_path / "empty.sqlite"
    sqlite3.connect(empty).execute("CREATE TABLE x (y)")
    with pytest.raises(IntegrityFailure, match="不是登记库"):
        Register.open(empty)


@pytest.mark.usefixtures("register")
def test_a_register_of_a_newer_program_is_left_alone(place: Place) -> None:
    place.run("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongState, match="更新的程序"):
        place.opened()


def test_the_version_asked_for_is_the_newest_there_is() -> None:
    folder = Path(database.__file__).parents[1] / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [MIGRATION]


def test_making_it_again_keeps_what_is_there(place: Place, register: Register) -> None:
    with register.write() as tx:
        tx.counters.take("n", 7)
    again = Register.create(place.path, place.url)
    assert again.register_id == register.register_id
    with again.read() as tx:
        assert tx.counters.last("n") == 7
    again.close()


def test_a_register_held_by_another_program_is_told_in_words(
    place: Place, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.1)
    monkeypatch.setattr(postgresql_engine, "BUSY_SECONDS", 0.1)
    with closing(Register(place.path, place.url)) as impatient, register.write() as tx:
        tx.counters.take("n")
        with impatient.read() as seen:
            assert seen.counters.last("n") == 0
        with pytest.raises(WrongState, match="占用"), impatient.write():
            pass
        with pytest.raises(Busy), impatient.write(wait=False):
            pass


def test_a_full_disk_is_told_in_words(in_file: Register) -> None:
    with in_file.write() as tx:
        tx.counters.take("n")
    connection = sqlite3.connect(in_file.path)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    with pytest.raises(StorageFailure, match="磁盘已满"), in_file.write() as tx:
        tx._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(2000):
            tx.facts.set_once(f"key{number}", "x" * 4000)
    with in_file.read() as tx:
        assert tx.facts.get("key0") == ""


def test_the_register_has_the_tables_its_migrations_make(in_file: Register) -> None:
    """The migrations lead to what `tables.py` says, column by column."""
    inspector = sa.inspect(in_file._engine)
    for table in tables.metadata.sorted_tables:
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)}
        expected = {c.name: (str(c.type), bool(c.nullable)) for c in table.columns}
        assert columns == expected, table.name


def test_everything_is_sealed_afresh_however_much_it_is(place: Place, register: Register) -> None:
    """A register brought up to date, or made again; the log is no longer asked what it said before."""
    names = [f"clerk{number}" for number in range(700)]
    with register.write() as tx:
        for name in names:
            tx.accounts.add(Account(name, name, None), "2026-03-04T09:30:00+08:00")
        tx.audit.seal_all(Event(0, "2026-03-04T09:30:00+08:00", "example", "administer", ""))
    with register.read() as tx:
        assert tx.seals.differing() == []
        assert all(tx.seals.is_as_logged(name) for name in names[:: 50 if place.url else 1])


def test_a_row_that_decides_does_not_change_without_an_event(register: Register) -> None:
    with pytest.raises(AssertionError, match="account/example"), register.write() as tx:
        tx.accounts.add(Account("example", "示例", None), "2026-03-04T09:30:00+08:00")
    with register.read() as tx:
        assert tx.accounts.by_name("example") is None


def test_a_register_of_before_is_sealed_when_nothing_was_logged_in_it(register: Register) -> None:
    """Names of a domain, as systems have them, are found again too."""
    name = r'DOM\示例"x%'
    with register.write() as tx:
        tx.accounts.add(Account(name, name, None), "2026-03-04T09:30:00+08:00")
        tx.seals.touched()
        seal_what_is_there(tx._connection)
    with register.read() as tx:
        assert tx.seals.is_as_logged(name)
        assert tx.seals.differing() == []
        assert [e.at for e in tx.audit.events()] == ["2026-03-04T09:30:00+08:00"]


def test_texts_numbers_and_json_are_the_same_on_every_database(register: Register) -> None:
    names = ["b", "B", "_", "a", "Z", "é", "丁", "一", "A1", "A-1"]
    odd = {"z": 1, "a": [None, True, 1.50, "二\u0000"], "键": {"b": "'\\\"%s:x"}}
    with register.write() as tx:
        for name in names:
            tx.accounts.add(Account(name, name, None, active=name != "b"), "2026-03-04T09:30:00+08:00")
        tx.seals.touched()
        tx.counters.raise_to("n", 1 << 40)
        tx.intents.begin("i", "k", odd, "a", "2026", "")
        tx.audit.append([Event(0, "2026-01-02T00:00:00+14:00", "a", "create", "x", detail=odd)])
        tx.audit.append([Event(0, "2026-01-01T12:00:00+08:00", "a", "create", "x")])
    with register.read() as tx:
        assert [a.name for a in tx.accounts.all()] == sorted(names)
        assert [a.name for a in tx.accounts.all() if not a.active] == ["b"]
        assert tx.counters.last("n") == 1 << 40
        assert list(tx.intents.open()[0].payload) == ["z", "a", "键"]
        first, _ = tx.audit.events()
        assert first.detail["键"] == odd["键"]
        assert first_break(tx.audit.events()) is None
        assert tx.audit.newest() == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_one_view_is_one_until_its_thread_writes(register: Register) -> None:
    with register.one_view():
        with register.read() as tx:
            assert tx.facts.get("示例") == ""
            with register.read() as within:  # while one is read another is its own
                assert within is not tx
        other = Thread(target=_say, args=(register, "别的线程"))
        other.start()
        other.join()
        with register.read() as tx:
            assert tx.facts.get("示例") == "", "what others write meanwhile is not seen"
        register.look_anew()
        with register.read() as tx:
            assert tx.facts.get("示例") == "别的线程"
            register.look_anew()  # what is being read just now stays one view
            assert tx.facts.get("示例") == "别的线程"
        _say(register, "本线程")
        with register.read() as tx:
            assert tx.facts.get("示例") == "本线程"
        with pytest.raises(NotFound), register.read():  # what a reader raises ends the view, no more
            raise NotFound("示例")
        with register.read() as tx:
            assert tx.facts.get("示例") == "本线程"
    _say(register, "以后")
    with register.read() as tx:
        assert tx.facts.get("示例") == "以后"


def _say(register: Register, text: str) -> None:
    with register.write() as tx:
        tx.facts.set("示例", text)


def test_the_driver_says_nothing_of_its_own() -> None:
    """A lost connection is told once, in words of ours: the driver's own warning would stand above them."""
    pytest.importorskip("psycopg")
    script = (
        "import logging, qrecords.stores.register.dialects.postgresql; logging.getLogger('psycopg').warning('lost')"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (ran.stdout, ran.stderr) == ("", "")


def test_steps_that_are_over_are_found_by_what_they_name(register: Register) -> None:
    """To the letter, by either engine: the newest first, none that is still under way."""
    with register.write() as tx:
        for number, named in enumerate(("D5-0001", "D5_0001", "D5-0001", "D5-0001"), start=1):
            tx.intents.begin(
                f"i{number}", "k", {"filings": [{"object_id": f"urn:{named}"}]}, "a", f"2026-01-0{number}", ""
            )
        for number in (1, 2, 3):
            tx.intents.close(f"i{number}", done=number < 3)
        assert [i.id for i in tx.intents.over(naming="urn:D5-0001")] == ["i3", "i1"]
        assert [i.id for i in tx.intents.over(naming="urn:D5_0001")] == ["i2"]
        assert tx.intents.over(naming="D5%") == []
