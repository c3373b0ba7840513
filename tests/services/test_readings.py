"""Looking never waits for who writes, and never goes without a trace: what was read meanwhile is in the log after."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from qrecords.desk import workspace
from qrecords.desk.notes import Notes
from qrecords.errors import StorageFailure
from qrecords.model.audit import Event, first_break
from qrecords.office import Office
from qrecords.services.care.recover import recover
from qrecords.services.complaints import complaints
from qrecords.services.finding.find import show
from qrecords.services.finding.search import Criteria, search
from qrecords.services.intake.fill import fill
from qrecords.stores.given import on_disk
from qrecords.stores.register import Register
from qrecords.stores.register.aside import EventsAside

NO = "QR758-01A-2025-00001"
PATIENCE = 5.0  # far less than a writer is waited for (BUSY_SECONDS), far more than looking takes


@pytest.fixture
def filled(office: Office, sample: Callable[..., Any], write: Callable[..., Path]) -> Office:
    fill(
        office,
        "01A",
        [on_disk(write(sample("01A", received_at="2025-03-02 09:00", source_record_no=None, channel="电话")))],
    )
    search(office, "示例", Criteria())  # the index is made
    return office


@contextmanager
def written_by_another(office: Office) -> Iterator[None]:
    """Hold the write lock in another connection, as another process does."""
    with sqlite3.connect(office.register.path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def readings(office: Office) -> list[str]:
    with office.register.read() as tx:
        assert first_break(tx.audit.events()) is None
        return [e.object for e in tx.audit.events() if e.action == "read"]


def test_looking_does_not_wait_and_is_logged_once(filled: Office) -> None:
    before = readings(filled)
    began = time.monotonic()
    with written_by_another(filled):
        assert show(filled, NO).record_no == NO
        assert search(filled, "示例", Criteria()).total == 1
        complaints(filled, since="2025-01-01", until="2025-12-31")
    assert time.monotonic() - began < PATIENCE
    assert readings(filled) == before, "the log itself was not to be had"
    recover(filled)  # every opening does
    assert readings(filled) == [*before, NO, "search", "complaints"]
    recover(filled)
    show(filled, NO)
    assert readings(filled) == [*before, NO, "search", "complaints", NO]


def test_beside_long_work_only_the_first_reading_waits_a_moment(
    filled: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A year bound keeps the register for seconds: every page that logs would wait its moment in vain."""
    waits: list[float] = []
    monkeypatch.setattr(workspace, "sleep", lambda seconds: (waits.append(seconds), time.sleep(seconds)))
    with written_by_another(filled):
        show(filled, NO)
        assert waits, "another page that logs lets go of it in a few ms"
        waits.clear()
        show(filled, NO)
        assert not waits
    show(filled, NO)
    assert not filled.register.has_aside(), "once it is free they are taken in"
    monkeypatch.setattr(workspace, "LONG_SECONDS", 0.0)
    with written_by_another(filled):
        show(filled, NO)
        assert waits, "later it is somebody else's work, long or short"


def test_the_next_event_takes_them_in_before_itself(filled: Office) -> None:
    with written_by_another(filled):
        show(filled, NO)
    with filled.register.write() as tx:
        tx.audit.append([filled.event("administer", "after")])
    with filled.register.read() as tx:
        assert [e.object for e in tx.audit.events()][-2:] == [NO, "after"]


def test_a_transaction_that_fails_takes_in_nothing_and_loses_nothing(filled: Office) -> None:
    with written_by_another(filled):
        show(filled, NO)
    before = readings(filled)
    with pytest.raises(ZeroDivisionError), filled.register.write() as tx:
        tx.audit.append([filled.event("administer", "never")])
        raise ZeroDivisionError
    assert readings(filled) == before
    filled.note([])
    assert readings(filled) == [*before, NO]


def test_killed_between_log_and_removal_it_is_logged_once(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    with written_by_another(filled):
        show(filled, NO)
    before = readings(filled)
    with monkeypatch.context() as killed:
        killed.setattr(EventsAside, "remove", lambda *_: None)
        filled.note([])
    for _ in range(3):
        filled.note([filled.event("administer", "later")])
    assert readings(filled) == [*before, NO]


def test_what_cannot_be_logged_is_not_shown(filled: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFailure("磁盘已满")

    monkeypatch.setattr(EventsAside, "add", full)
    with written_by_another(filled), pytest.raises(StorageFailure):
        show(filled, NO)


def test_readings_of_many_at_once_are_kept_together_and_each_is_told_when_that_fails() -> None:
    begun, goes_on, kept, told = threading.Event(), threading.Event(), list[list[str]](), list[str]()

    def keep(events: Sequence[Event]) -> None:
        kept.append([e.object for e in events])
        begun.set()
        goes_on.wait(10)
        if "3" in kept[-1]:
            raise StorageFailure("磁盘已满")

    notes = Notes(keep)

    def read(number: int) -> None:
        try:
            notes.note([Event(0, "", "example", "read", str(number))])
        except StorageFailure:
            told.append(str(number))

    threads = [threading.Thread(target=read, args=(n,)) for n in range(6)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(notes._next.events) < 5:
        time.sleep(0.01)
    goes_on.set()
    for thread in threads:
        thread.join(10)
    assert kept[0] == ["0"]
    assert (len(kept), sorted(kept[1])) == (2, ["1", "2", "3", "4", "5"])
    assert sorted(told) == sorted(kept[1])


def test_many_readers_beside_many_writers_keep_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "register.sqlite"
    Register.create(path).close()

    def reads(name: str) -> None:
        register = Register.open(path)
        for number in range(20):
            register.set_aside([Event(0, "2026-01-01T00:00:00+08:00", name, "read", str(number))])
        register.close()

    def writes(name: str) -> None:
        register = Register.open(path)
        for number in range(20):
            with register.write() as tx:
                tx.audit.append([Event(0, "2026-01-01T00:00:00+08:00", name, "create", str(number))])
        register.close()

    threads = [threading.Thread(target=t, args=(f"{t.__name__}{n}",)) for n in range(3) for t in (reads, writes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    register = Register.open(path)
    with register.write() as tx:
        tx.audit.append([])
    with register.read() as tx:
        events = list(tx.audit.events())
    assert first_break(events) is None
    made = sorted((e.account, int(e.object)) for e in events)
    assert made == sorted((f"{kind}{n}", i) for kind in ("reads", "writes") for n in range(3) for i in range(20))
    register.close()
