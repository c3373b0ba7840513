"""The register on a real server of PostgreSQL: its roles, its refusals in words, and what a crash of it leaves."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from qrecords.errors import IntegrityFailure, QRecordsError, StorageFailure, UsageError, WrongState
from qrecords.model.audit import Event, first_break
from qrecords.stores.register import Register
from qrecords.stores.register.database import MIGRATION
from qrecords.stores.register.dialects import postgresql as engine
from tests.conftest import CHECKOUT
from tests.servers import PASSWORD, PostgresqlServer, running

EVENT = Event(0, "2026-01-01T00:00:00+08:00", "a", "create", "x")
NONE = Path("none")

# Takes numbers until it is killed, telling each that is committed.
TAKING = """
import sys
from pathlib import Path
from qrecords.model.audit import Event
from qrecords.stores.register import Register
register = Register.open(Path("none"), sys.argv[1])
while True:
    with register.write() as tx:
        number = tx.counters.take("n")[0]
        tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", "a", "create", f"n/{number}")])
    print(number, flush=True)
"""


@pytest.fixture
def url(postgresql: PostgresqlServer, laid_out: str) -> str:
    return postgresql.url(postgresql.database(laid_out))


@pytest.fixture(scope="module")
def apart() -> Iterator[PostgresqlServer]:
    """Return a server of this module's own, with the roles and the database as docs/many-machines.md says."""
    from tests.servers import why_not

    if reason := why_not():
        pytest.skip(reason)
    text = (CHECKOUT / "docs" / "many-machines.md").read_text(encoding="utf-8")
    roles, rights = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    with running() as server:
        server.run(*roles.strip().splitlines())
        server.run(*rights.strip().splitlines(), database="qrecords")
        yield server


def told(url: str) -> QRecordsError:
    with pytest.raises(QRecordsError) as refused:
        Register.open(NONE, url)
    assert PASSWORD not in f"{refused.value} {refused.value.remedy}"
    return refused.value


def test_the_working_role_can_change_nothing_of_the_log(apart: PostgresqlServer) -> None:
    """Roles as the administrator makes them from the page for him."""
    owner, office = (apart.url("qrecords", name) for name in ("qrecords_owner", "qrecords_office"))
    assert "权限" in str(told_on_create(office)), "the office's role makes no tables"
    Register.create(NONE, owner).close()
    with closing(Register.open(NONE, office)) as register:
        for _ in range(2):
            with register.write() as tx:
                tx.audit.append([EVENT])
        for statement in (
            "UPDATE audit SET account = 'b'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "DROP TRIGGER audit_no_update ON audit",
            "ALTER TABLE audit DISABLE TRIGGER ALL",
            "CREATE OR REPLACE FUNCTION audit_no_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "DROP TABLE audit",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                apart.run(statement, database="qrecords", user="qrecords_office")
        register.scrub()
        with register.read() as tx:
            assert first_break(tx.audit.events()) is None
            assert tx.audit.missing_guards() == []
    apart.run("UPDATE alembic_version SET version_num = '0010'", database="qrecords")
    refused = told(office)
    assert isinstance(refused, StorageFailure)
    assert "所有者" in str(refused.remedy)
    apart.run(f"UPDATE alembic_version SET version_num = (SELECT '{MIGRATION}')", database="qrecords")


def told_on_create(url: str) -> QRecordsError:
    with pytest.raises(QRecordsError) as refused:
        Register.create(NONE, url)
    return refused.value


def test_a_function_made_harmless_is_a_guard_gone(postgresql: PostgresqlServer, url: str) -> None:
    body = "'BEGIN RETURN NEW; END'"
    postgresql.run(
        f"CREATE OR REPLACE FUNCTION audit_no_delete() RETURNS trigger LANGUAGE plpgsql AS {body}",
        "ALTER TABLE audit DISABLE TRIGGER audit_no_truncate",
        database=str(sa.make_url(url).database),
    )
    with closing(Register.create(NONE, url)) as register, register.read() as tx:
        assert tx.audit.missing_guards() == ["audit_no_delete", "audit_no_truncate"]


def test_a_server_that_does_not_let_in_says_why(
    postgresql: PostgresqlServer, url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = sa.make_url(url).database
    closed = told("postgresql+psycopg://a@127.0.0.1:9/office")
    assert isinstance(closed, StorageFailure)
    assert "连不上登记库服务器" in str(closed)
    assert isinstance(told(postgresql.url("nowhere")), IntegrityFailure)
    assert "不是登记库" in str(told(postgresql.url(postgresql.database())))

    postgresql.run(f"CREATE ROLE clerk LOGIN SUPERUSER PASSWORD '{PASSWORD}'")
    by_address = f"postgresql+psycopg://clerk@127.0.0.1:{postgresql.port}/{name}"
    monkeypatch.setenv("PGPASSWORD", "wrong")
    assert "不接受这个账号或密码" in str(told(by_address))
    monkeypatch.delenv("PGPASSWORD")
    kept = tmp_path / "passwords"
    kept.write_text(f"127.0.0.1:*:*:clerk:{PASSWORD}\n")
    kept.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(kept))
    with closing(Register.create(NONE, by_address)) as register:
        assert register.register_id


def test_a_url_with_a_password_and_one_of_no_server_are_refused() -> None:
    with pytest.raises(UsageError, match="密码") as refused:
        Register(NONE, f"postgresql+psycopg://a:{PASSWORD}@db.example/office")
    assert PASSWORD not in f"{refused.value} {refused.value.remedy}"
    for wrong in ("mysql://a@b/c", "postgresql://a@b/c", "nonsense", "postgresql+psycopg://a@b"):
        with pytest.raises(UsageError, match="读不出"):
            Register(NONE, wrong)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="psycopg") as refused:
        Register(NONE, "postgresql+psycopg://a@b/c")
    assert "qrecords[postgresql]" in str(refused.value.remedy)


def test_a_database_that_orders_texts_otherwise_is_refused(postgresql: PostgresqlServer) -> None:
    postgresql.run(
        "CREATE DATABASE by_words TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'zh'"
    )
    refused = told_on_create(postgresql.url("by_words"))
    assert isinstance(refused, WrongState)
    assert "按字节排序" in str(refused)
    assert "LOCALE 'C'" in str(refused.remedy)
    assert "不是登记库" in str(told(postgresql.url("by_words"))), "nothing is left of it"


def test_a_text_no_server_can_hold_is_told(url: str) -> None:
    with closing(Register.create(NONE, url)) as register:
        with pytest.raises(WrongState, match="空字符"), register.write() as tx:
            tx.facts.set("key", "a\0b")
        with register.read() as tx:
            assert tx.facts.get("key") == ""


def test_a_killed_writer_and_a_killed_server_leave_no_gap_and_no_half(apart: PostgresqlServer) -> None:
    url = apart.url(apart.database())
    register = Register.create(NONE, url)

    def taking() -> subprocess.Popen[str]:
        return subprocess.Popen([sys.executable, "-c", TAKING, url], stdout=subprocess.PIPE, text=True)

    def told_of(*runs: subprocess.Popen[str]) -> list[int]:
        return [int(line) for run in runs for line in run.communicate()[0].split()]

    first, second = taking(), taking()
    committed = []
    for run in (first, second):
        assert run.stdout is not None
        committed.append(int(run.stdout.readline()))
    first.kill()
    apart.kill()
    committed += told_of(first, second)
    with pytest.raises(StorageFailure, match="登记库"), register.write() as tx:
        tx.counters.take("n")
    apart.start()
    with register.write() as tx:  # the same opening goes on
        last = tx.counters.take("n")[0]
        tx.audit.append([EVENT])
        assert first_break(tx.audit.events()) is None
        assert [e.object for e in tx.audit.events()][:-1] == [f"n/{n}" for n in range(1, last)]
    assert len(committed) == len(set(committed))
    assert max(committed) < last
    register.close()


def test_who_stands_still_in_a_change_lets_go_of_the_lock(
    apart: PostgresqlServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program stopped in the middle of a change, on a machine that answers: everyone else waited for it for ever."""
    monkeypatch.setattr(engine, "STILL_SECONDS", 1)
    url = apart.url(apart.database())
    register, other = Register.create(NONE, url), Register.open(NONE, url)
    began = time.monotonic()
    with pytest.raises(StorageFailure, match="撤销了这一笔"), register.write() as tx:
        tx.facts.set("half", "1")
        with other.write() as its:
            its.facts.set("whole", "1")
        assert 0.9 <= time.monotonic() - began < 20
        tx.facts.set("half", "2")
    with register.write() as tx:
        assert (tx.facts.get("half"), tx.facts.get("whole")) == ("", "1")
    with register.read() as view:  # who only looks may take his time
        assert view.facts.get("whole") == "1"
        time.sleep(1.5)
        assert view.facts.get("whole") == "1"
    for one in (register, other):
        one.close()
