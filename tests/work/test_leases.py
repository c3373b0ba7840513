"""Leases: a step of a living process is left alone, whatever machine it runs on; a dead one's is taken over once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from qrecords.errors import Occupied, StorageFailure, WrongState
from qrecords.office import Office
from qrecords.services.access.copyissue import IssueCopies
from qrecords.services.care.recover import recover
from qrecords.stores.register import Register, Transaction
from qrecords.stores.register.leases import Leases
from qrecords.work import leases, process
from qrecords.work.leases import BEAT_SECONDS, LeaseKeeper

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")

# Holds a step, prints its name and goes on until it is killed.
HOLDING = """
import sys, time
from pathlib import Path
from qrecords.stores.register import Register
from qrecords.work import leases
leases.BEAT_SECONDS = 0.05
keeper = leases.LeaseKeeper(Register.open(Path(sys.argv[1])))
with keeper.hold("step"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def register(tmp_path: Path) -> Iterator[Register]:
    register = Register.create(tmp_path / "register.sqlite")
    yield register
    register.close()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)


def holder(register: Register, machine: str) -> subprocess.Popen[str]:
    ran = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(register.path)],
        env=os.environ | {process.MACHINE_VARIABLE: machine}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert ran.stdout is not None
    assert ran.stdout.readline() == "held\n"
    return ran


def kill(ran: subprocess.Popen[str]) -> None:
    ran.send_signal(signal.SIGKILL)
    ran.wait(timeout=30)


def age(register: Register, name: str, by: timedelta) -> None:
    """Let the last sign of life be by so much older, or younger, than it is."""
    with register.write() as tx:
        lease = tx.leases.get(name)
        assert lease is not None
        tx.leases.end(name, lease.owner)
        beat_at = (datetime.now(UTC) - by).isoformat(timespec="milliseconds")
        tx.leases.add(leases.Lease(**{n: getattr(lease, n) for n in lease.__slots__} | {"beat_at": beat_at}))


def test_a_killed_process_of_this_machine_is_known_to_be_gone_at_once(register: Register) -> None:
    ran = holder(register, process.machine())
    keeper = LeaseKeeper(register)
    assert keeper.is_alive("step")
    kill(ran)
    assert not keeper.is_alive("step")


def test_a_process_not_yet_taken_notice_of_is_gone(register: Register) -> None:
    ran = holder(register, process.machine())
    ran.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, ran.pid, os.WEXITED | os.WNOWAIT)  # dead, and its number still taken
    assert not LeaseKeeper(register).is_alive("step")
    ran.wait(timeout=30)


def test_another_machine_waits_for_the_expiry(register: Register) -> None:
    ran = holder(register, "elsewhere")
    keeper = LeaseKeeper(register)
    kill(ran)
    assert keeper.is_alive("step"), "its last sign of life is fresh"
    age(register, "step", 2 * leases.EXPIRY)
    assert not keeper.is_alive("step")


@pytest.mark.parametrize("by", [timedelta(days=400), -timedelta(days=400)])
def test_a_clock_that_jumps_shortens_no_lease(register: Register, by: timedelta) -> None:
    ran = holder(register, "elsewhere")
    try:
        age(register, "step", by)
        assert LeaseKeeper(register).is_alive("step"), "a beat comes while it is watched"
    finally:
        kill(ran)


def test_silence_counts_only_while_the_register_could_be_written(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The holder's heart waits behind a long transaction of a third: that is no death."""
    ran = holder(register, "elsewhere")
    try:
        age(register, "step", 2 * leases.EXPIRY)
        third = Register.open(register.path)
        let_go = threading.Event()

        def hold_up() -> None:
            with third.write():
                let_go.wait(2)

        hindrance = threading.Thread(target=hold_up)
        hindrance.start()
        time.sleep(0.1)
        assert LeaseKeeper(register).is_alive("step")
        let_go.set()
        hindrance.join()
        third.close()
    finally:
        kill(ran)


def test_exclusive_work_passes_from_a_dead_process_and_not_from_a_living_one(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "WAIT_SECONDS", 0.3)
    ran = holder(register, process.machine())
    keeper = LeaseKeeper(register)
    with pytest.raises(WrongState, match="另一个程序正在归档"), keeper.hold_alone("step", "归档"):
        raise AssertionError("two at once")
    kill(ran)
    with keeper.hold_alone("step", "归档"):
        assert keeper.is_alive("step")
    assert not keeper.is_alive("step")


def test_who_waits_takes_over_from_a_machine_that_is_dead_and_is_told_who_lives(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault this came from: who waited was refused just before the dead one's lease was over."""
    monkeypatch.setattr(leases, "EXPIRY", timedelta(seconds=1))
    monkeypatch.setattr(leases, "WAIT_SECONDS", 1.5)
    ran = holder(register, "示例机 1")
    keeper = LeaseKeeper(register)
    with pytest.raises(Occupied) as told, keeper.hold_alone("step", "归档"):
        raise AssertionError("two at once")
    assert re.fullmatch(r"另一个程序正在归档（在 示例机 上，\d\d:\d\d:\d\d 起）", str(told.value))
    assert re.search(r"到 \d\d:\d\d:\d\d 别人就能接着办", str(told.value.remedy))
    kill(ran)
    began = time.monotonic()
    with keeper.hold_alone("step", "归档"):
        assert time.monotonic() - began >= 0.5, "its last sign of life was fresh"


def test_who_waits_waits_longer_than_it_takes_a_dead_one_to_be_known() -> None:
    watch = (leases.SILENT_ROUNDS + 2) * BEAT_SECONDS  # one round may have begun, and one may not count
    assert leases.EXPIRY.total_seconds() + watch <= leases.WAIT_SECONDS


def test_a_dead_one_whose_clock_was_ahead_is_known_by_how_long_one_looked(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = holder(register, "elsewhere")
    kill(ran)
    age(register, "step", timedelta(seconds=-25))
    keeper = LeaseKeeper(register)
    assert keeper.is_alive("step")
    steady = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: steady() + leases.EXPIRY.total_seconds() + 1)
    assert not keeper.is_alive("step")


def test_a_clock_that_differs_costs_one_watch_and_not_one_a_look(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, stays = list[str](), LeaseKeeper._stays_silent

    def watch(keeper: LeaseKeeper, lease: leases.Lease) -> bool:
        watched.append(lease.name)
        return stays(keeper, lease)

    monkeypatch.setattr(LeaseKeeper, "_stays_silent", watch)
    monkeypatch.setattr(leases, "EXPIRY", timedelta(seconds=5))
    keeper = LeaseKeeper(register)

    def signs(count: int) -> None:
        for _ in range(count):
            with register.write() as tx:
                tx.leases.beat("other", "2001-01-01T00:00:00+00:00")
            assert keeper.is_alive("step")

    with register.write() as tx:
        tx.leases.add(leases.Lease("step", "other", "elsewhere", "1 1", 0, "2001-01-01T00:00:00+00:00", "2001"))
    beating = threading.Thread(target=lambda: (time.sleep(0.02), signs(1)))
    beating.start()
    assert keeper.is_alive("step")
    beating.join()
    first = len(watched)
    signs(20)
    assert (first >= 1, len(watched)) == (True, first)


def test_one_of_many_threads_takes_over(register: Register) -> None:
    ran = holder(register, process.machine())
    kill(ran)
    keepers = [LeaseKeeper(register) for _ in range(6)]
    start, taken = threading.Barrier(6), []

    def try_it(keeper: LeaseKeeper) -> None:
        start.wait()
        with keeper.take_over("step") as is_mine:
            taken.append(is_mine)
            time.sleep(0.3)

    threads = [threading.Thread(target=try_it, args=(k,)) for k in keepers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]


@pytest.mark.parametrize("end", [lambda tx, step: tx.intents.close(step), lambda tx, step: tx.intents.amend(step)])
def test_a_step_that_comes_back_too_late_commits_nothing(
    office: Office, end: Callable[[Transaction, str], None]
) -> None:
    """A laptop that slept: another machine undid its step, and its commit is refused."""
    other = Register.open(office.register.path)
    with office.under_way() as step:
        with office.register.write() as tx:
            office.begin(tx, step, IssueCopies("", ()))
        with other.write() as tx:
            lease = tx.leases.get(step)
            assert lease is not None
            tx.leases.end_silent(lease)
            tx.intents.close(step, done=False)
        with pytest.raises(WrongState, match="停顿太久"), office.register.write() as tx:
            tx.facts.set("made", "1")
            end(tx, step)
    with office.register.read() as tx:
        assert tx.facts.get("made") == ""
    other.close()


def test_opening_leaves_a_living_step_of_another_machine(office: Office) -> None:
    """The fault this came from: the second machine's first command undid the first one's running step."""
    elsewhere = LeaseKeeper(Register.open(office.register.path), machine="elsewhere")
    with elsewhere.hold("0123456789ab"):
        with office.register.write() as tx:
            office.begin(tx, "0123456789ab", IssueCopies("", ()))
        assert recover(office) == []
        with office.register.read() as tx:
            assert [i.id for i in tx.intents.open()] == ["0123456789ab"]
    assert [done["outcome"] for done in recover(office)] == ["undone"]
    elsewhere.close()
    elsewhere.register.close()


def test_a_lease_that_could_not_be_let_go_of_goes_when_the_register_is_back(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, other, away = LeaseKeeper(register), LeaseKeeper(register), threading.Event()
    end = Leases.end

    def ending(held: Leases, name: str, owner: str) -> bool:
        if away.is_set():
            raise StorageFailure("服务器不在")
        return end(held, name, owner)

    monkeypatch.setattr(Leases, "end", ending)
    with keeper.hold("kept"):
        with keeper.hold("step"):
            away.set()
        assert other.is_alive("step"), "its process lives"
        away.clear()
        until = time.monotonic() + 10
        while other.is_alive("step"):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert other.is_alive("kept")
        with keeper.take_over("step") as is_mine:
            assert is_mine
    keeper.close()
