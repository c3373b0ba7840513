"""Holds steps and exclusive work by leases in the register, with a heart that beats while the work goes on.

A lease ends when its holder lets go of it. One whose holder was killed is ended by who finds it:

- on the same machine at once, when the process is provably gone;
- on another machine when no sign of life came for EXPIRY, and none comes while that machine watches. The clocks, or
  a look so long ago, only raise the suspicion: the watch goes by the watcher's own steady clock, and a round of it
  counts only when the register could be written, as the holder's heart would have to. A clock that jumps shortens no
  lease.

Who waits for work that one does at a time waits longer than that takes: what a dead one left is never told as occupied.

A holder that was only held up (a laptop asleep) and comes back finds its step another's or over: the register refuses
to close it (stores/register/log.py), and with that its commit.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from qrecords.errors import Occupied, QRecordsError
from qrecords.ports import Register
from qrecords.stores.register import Transaction
from qrecords.stores.register.leases import Lease
from qrecords.work.process import is_gone, machine, name_of, process

BEAT_SECONDS = 5.0
EXPIRY = timedelta(seconds=30)
# As many beats must be missing, one after the other, while the register could be written.
SILENT_ROUNDS = 3
WAIT_SECONDS = 60.0  # more than it takes until a dead one's lease is over; browsers and proxies wait as long
_POLL_SECONDS = 0.1
_MOST_SEEN = 1000  # leases of other machines one looks at


@dataclass(frozen=True, slots=True)
class _Seen:
    """A lease of another machine as it was when it changed last, and when that was seen here."""

    owner: str
    beat: int
    at: float  # by the steady clock
    has_beaten: bool  # while one looked


@dataclass
class LeaseKeeper:
    """What this process holds in one register; safe for threads."""

    register: Register[Transaction]
    owner: str = field(default_factory=lambda: uuid4().hex)
    machine: str = field(default_factory=machine)
    _held: set[str] = field(default_factory=set)
    _unended: set[str] = field(default_factory=set)  # let go of, while the register was out of reach
    _ended: set[str] = field(default_factory=set)  # owners known to be gone; none comes back under its name
    _seen: dict[str, _Seen] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _heart: threading.Thread | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.register.holders.add(self.owner)

    @contextmanager
    def hold(self, name: str) -> Iterator[None]:
        """Hold a lease of a new name while the block runs."""
        self._forget(name)
        with self.register.write() as tx:
            tx.leases.add(self._lease(name))
        with self._beating(name):
            yield

    @contextmanager
    def take_over(self, name: str) -> Iterator[bool]:
        """Hold what a dead process left, or what nobody holds, while the block runs; gives False when one lives."""
        if not self._take(name):
            yield False
            return
        with self._beating(name):
            yield True

    @contextmanager
    def hold_alone(self, name: str, label: str) -> Iterator[None]:
        """Hold a lease that others may want too; Occupied when one who lives does not let go of it in time.

        Who holds `work/compile/2026` holds a part of `work/compile`: nobody can hold both, others hold other years.
        """
        until = time.monotonic() + WAIT_SECONDS
        while not self._take(name):
            if time.monotonic() > until:
                raise self._occupied(name, label)
            time.sleep(_POLL_SECONDS)
        with self._beating(name):
            yield

    def _occupied(self, name: str, label: str) -> Occupied:
        """Tell who holds a lease, since when, and until when should it be dead."""
        with self.register.read() as tx:
            found = tx.leases.in_the_way(name)
        told = f"另一个程序正在{label}"
        if not found:  # it let go just now
            return Occupied(told, remedy="请再试一次")
        first = min(found, key=lambda lease: lease.taken_at)
        over = datetime.now().astimezone() + EXPIRY + timedelta(seconds=SILENT_ROUNDS * BEAT_SECONDS)
        return Occupied(
            f"{told}（在 {name_of(first.machine)} 上，{_clock(first.taken_at)} 起）",
            remedy=f"请等它结束后再试；它的程序要是中断了，到 {over:%H:%M:%S} 别人就能接着办",
        )

    def is_alive(self, name: str) -> bool:
        """Tell whether someone holds a lease and lives."""
        with self.register.read() as tx:
            lease = tx.leases.get(name)
        return lease is not None and not self._is_over(lease)

    def close(self) -> None:
        """Let the heart stop; what is still held then is left to others."""
        self._stop.set()
        if self._heart is not None:
            self._heart.join()
        self._heart = None
        if self._unended:
            self._end_unended()

    def _lease(self, name: str) -> Lease:
        now = _utc_now()
        return Lease(name, self.owner, self.machine, process(), 0, now, now)

    def _take(self, name: str) -> bool:
        """Take a lease if nobody alive holds it, its whole or a part of it; a dead one's passes over in one piece."""
        self._forget(name)
        with self.register.read() as tx:
            found = tx.leases.in_the_way(name)
        if not all(map(self._is_over, found)):
            return False
        with self.register.write() as tx:
            for dead in found:
                tx.leases.end_silent(dead)
            if tx.leases.in_the_way(name):  # another one came first
                return False
            tx.leases.add(self._lease(name))
        return True

    @contextmanager
    def _beating(self, name: str) -> Iterator[None]:
        with self._guard:
            self._held.add(name)
            if self._heart is None:
                self._stop.clear()
                self._heart = threading.Thread(target=self._beat, name="qrecords-leases", daemon=True)
                self._heart.start()
        try:
            yield
        finally:
            with self._guard:
                self._held.discard(name)
            try:
                with self.register.write() as tx:
                    tx.leases.end(name, self.owner)
            except QRecordsError:  # the heart does it, or this process ends, and with it the lease
                with self._guard:
                    self._unended.add(name)

    def _forget(self, name: str) -> None:
        with self._guard:
            self._unended.discard(name)

    def _beat(self) -> None:
        while not self._stop.wait(BEAT_SECONDS):
            with self._guard:
                held = bool(self._held)
                if self._unended:
                    self._end_unended()
            if held:
                with suppress(QRecordsError), self.register.write() as tx:
                    tx.leases.beat(self.owner, _utc_now())

    def _end_unended(self) -> None:
        """End what nobody here holds any more; else it would live as long as this process."""
        with suppress(QRecordsError):
            with self.register.write() as tx:
                for name in self._unended - self._held:
                    tx.leases.end(name, self.owner)
            self._unended.clear()

    def _is_over(self, lease: Lease) -> bool:
        """Tell whether a lease's holder is gone."""
        if lease.owner == self.owner:
            return lease.name not in self._held
        if lease.owner in self._ended:
            return True
        if lease.machine == self.machine:
            over = is_gone(lease.process)
        else:
            over = self._seems_silent(lease) and self._stays_silent(lease)
        if over:
            self._ended.add(lease.owner)
        return over

    def _seems_silent(self, lease: Lease) -> bool:
        """Tell whether a lease of another machine has given no sign of life for so long, by its clock or seen here."""
        now, seen = time.monotonic(), self._seen.get(lease.name)
        if seen is None or seen.owner != lease.owner:
            seen = _Seen(lease.owner, lease.beat, now, has_beaten=False)
        elif seen.beat != lease.beat:
            seen = _Seen(lease.owner, lease.beat, now, has_beaten=True)
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[lease.name] = seen
        if now - seen.at > EXPIRY.total_seconds():
            return True
        return not seen.has_beaten and _is_silent(lease.beat_at)

    def _stays_silent(self, lease: Lease) -> bool:
        """Watch a suspected lease of another machine: whether no sign of life comes that could have come."""
        rounds = 0
        while rounds < SILENT_ROUNDS:
            time.sleep(BEAT_SECONDS)
            began = time.monotonic()
            with self.register.write() as tx:  # the holder could have written, too
                now = tx.leases.get(lease.name)
            if now is None or (now.owner, now.beat) != (lease.owner, lease.beat):
                return False
            rounds = rounds + 1 if time.monotonic() - began < BEAT_SECONDS / 2 else 0
        return True


def _utc_now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _clock(moment: str) -> str:
    """Return a moment as the clock on the wall shows it."""
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}"


def _is_silent(beat_at: str) -> bool:
    """Tell whether the last sign of life is too long ago, or in a future that cannot be."""
    return abs(datetime.now(UTC) - datetime.fromisoformat(beat_at)) > EXPIRY
