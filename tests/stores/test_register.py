"""The register: numbers without gap or double from two processes, an append-only log, errors of our own."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from qrecords.errors import IntegrityFailure, StorageFailure, WrongState
from qrecords.model.access import Account
from qrecords.model.audit import Event, first_break
from qrecords.stores.register import Register, database
from qrecords.stores.register.audit import seal_what_is_there
from qrecords.stores.register.database import MIGRATION

TAKE = """
import sys
from pathlib import Path
from qrecords.model.audit import Event
from qrecords.stores.register import Register
register = Register.open(Path(sys.argv[1]))
for _ in range(60):
    with register.write() as tx:
        print(tx.counters.take("record/QR758-06A/2026")[0])
        tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", "x")])
"""


@pytest.fixture
def register(tmp_path: Path) -> Register:
    return Register.create(tmp_path / "register.sqlite")


def test_two_processes_take_each_number_once_and_keep_one_chain(register: Register) -> None:
    command = [sys.executable, "-c", TAKE, str(register.path)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    taken = [int(line) for run in runs for line in run.communicate()[0].split()]
    assert sorted(taken) == list(range(1, 121))
    with register.read() as tx:
        assert first_break(tx.audit.events()) is None
        assert tx.audit.head()[0] == 120


def test_a_transaction_that_fails_leaves_no_trace(register: Register) -> None:
    with pytest.raises(RuntimeError), register.write() as tx:
        tx.counters.take("n", 5)
        raise RuntimeError
    with register.read() as tx:
        assert tx.counters.last("n") == 0


@pytest.mark.parametrize("statement", ["UPDATE audit SET account = 'x'", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_log(register: Register, statement: str) -> None:
    with register.write() as tx:
        tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", "x")])
    with sqlite3.connect(register.path) as connection, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)


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


def test_a_register_of_a_newer_program_is_left_alone(register: Register) -> None:
    with sqlite3.connect(register.path) as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WrongState, match="更新的程序"):
        Register.open(register.path)


def test_the_version_asked_for_is_the_newest_there_is() -> None:
    folder = Path(database.__file__).parents[1] / "migrations"
    assert ScriptDirectory(str(folder)).get_heads() == [MIGRATION]


def test_making_it_again_keeps_what_is_there(register: Register) -> None:
    with register.write() as tx:
        tx.counters.take("n", 7)
    again = Register.create(register.path)
    assert again.register_id == register.register_id
    with again.read() as tx:
        assert tx.counters.last("n") == 7


def test_a_register_held_by_another_program_is_told_in_words(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qrecords.stores.register.dialects.sqlite.BUSY_SECONDS", 0.1)
    impatient = Register(register.path)
    with register.write() as tx:
        tx.counters.take("n")
        with pytest.raises(WrongState, match="占用"), impatient.write():
            pass


def test_a_full_disk_is_told_in_words(register: Register) -> None:
    with register.write() as tx:
        tx.counters.take("n")
    connection = sqlite3.connect(register.path)
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    with pytest.raises(StorageFailure, match="磁盘已满"), register.write() as tx:
        tx._connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(2000):
            tx.facts.set_once(f"key{number}", "x" * 4000)
    with register.read() as tx:
        assert tx.facts.get("key0") == ""


def test_the_register_has_the_tables_its_migrations_make(register: Register) -> None:
    """The migrations lead to what `tables.py` says, column by column."""
    import sqlalchemy as sa

    from qrecords.stores.register import tables

    inspector = sa.inspect(sa.create_engine(f"sqlite:///{register.path}"))
    for table in tables.metadata.sorted_tables:
        columns = {c["name"]: (str(c["type"]), c["nullable"]) for c in inspector.get_columns(table.name)}
        expected = {c.name: (str(c.type), bool(c.nullable)) for c in table.columns}
        assert columns == expected, table.name


def test_everything_is_sealed_afresh_however_much_it_is(register: Register) -> None:
    """A register brought up to date, or made again; the log is no longer asked what it said before."""
    names = [f"clerk{number}" for number in range(700)]
    with register.write() as tx:
        for name in names:
            tx.accounts.add(Account(name, name, None), "2026-03-04T09:30:00+08:00")
        tx.audit.seal_all(Event(0, "2026-03-04T09:30:00+08:00", "example", "administer", ""))
    with register.read() as tx:
        assert tx.seals.differing() == []
        assert all(tx.seals.is_as_logged(name) for name in names)


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
