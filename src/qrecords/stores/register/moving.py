"""A register goes from one database into another; the old one stays in force until every row was compared.

The new one is made and compared while nobody can write the old one, and says of itself that it is still arriving. Then
the old one is sealed off, for whoever has it open: that moment decides. What is left, the settings and names of files,
is done again by whoever asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from qrecords.errors import IntegrityFailure, WrongState
from qrecords.model.audit import Event
from qrecords.stores import durable
from qrecords.stores.register import tables
from qrecords.stores.register.afresh import put_aside
from qrecords.stores.register.database import ARRIVING, MOVED, STANDING, Register
from qrecords.stores.register.dialects import seal_off, settle
from qrecords.stores.register.rowcopy import copy_rows, first_difference

ASIDE = "register.moving.sqlite"


@dataclass(frozen=True, slots=True)
class Copied:
    """What was copied: rows, and the head of the log in both."""

    rows: int
    audit_seq: int
    audit_head: str


def standing(register: Register) -> str:
    """Return what a register that may be under way says of itself; "none" when it is no register yet."""
    with register.read() as tx:
        return tx.facts.get(STANDING) if tx.facts.migration() else "none"


def move(source: Register, target: Register, event: Event) -> Copied:
    """Copy and compare all rows, the event about it among them, then seal off the source; nothing half is in force."""
    with source.write() as tx:
        _require_quiet(source, [lease.owner for lease in tx.leases.all()], len(tx.intents.open()))
        tx.audit.append([event])
        copied = _copied(source, tx.connection, target)
        with target.read() as there:
            if (there.audit.head()) != (copied.audit_seq, copied.audit_head):
                raise IntegrityFailure("搬过去的日志链头不同，没有搬", remedy="请再试一次；原来的登记库照常使用")
        tx.facts.set(STANDING, MOVED)
        seal_off(tx.connection, tables.metadata.sorted_tables)
    return copied


def finish(target: Register) -> None:
    """Let a register that has arrived be in force."""
    with target.write() as tx:
        tx.facts.set(STANDING, "")


def agree(source: Register, target: Register) -> Copied | None:
    """Return what was copied when the source is sealed off and the target has its log; None before that."""
    if standing(source) != MOVED or standing(target) not in {ARRIVING, ""}:
        return None
    with source.read() as here, target.read() as there:
        head = here.audit.head()
        same = head == there.audit.head() or (standing(target) == "" and there.audit.hash_of(head[0]) == head[1])
    return Copied(0, *head) if same else None


def _copied(source: Register, here: sa.Connection, target: Register) -> Copied:
    _make_empty(target, source.register_id)
    target.upgrade()
    with target.write() as tx:
        rows = copy_rows(here, tx.connection)
        if place := first_difference(here, tx.connection):
            raise IntegrityFailure(
                f"搬过去的一行不同（{place}），没有搬", remedy="原来的登记库照常使用；请把这一行告诉维护者"
            )
        copied = Copied(rows, *tx.audit.head())
        tx.facts.set(STANDING, ARRIVING)
    return copied


def _make_empty(target: Register, register_id: str) -> None:
    """Clear away what an attempt before left, or what was moved away from there once; WrongState over anything else."""
    found = standing(target)
    if found == "none":
        return
    with target.read() as tx:
        known = tx.facts.get("register_id")
    if known and (known != register_id or found not in {ARRIVING, MOVED}):
        raise WrongState(f"{target.called} 里已有登记库，没有动它", remedy="请换一个空的数据库")
    target.clear()


def _require_quiet(source: Register, owners: list[str], steps: int) -> None:
    if any(owner not in source.holders for owner in owners) or steps:
        raise WrongState("还有程序在办事，登记库不能搬", remedy="请等它办完，关掉工作台和其他 qrecords 程序，再试")


class FilePlace:
    """The file of a workspace's register: where one arrives that comes from a server, and leaves that goes to one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._aside = place.with_name(ASIDE)

    def begin(self) -> Register:
        """Return an empty register beside the place; what an attempt before left goes."""
        for left in self.place.parent.glob(f"{ASIDE}*"):
            durable.remove_file(left)
        return Register(self._aside)

    def arriving(self) -> Register:
        """Return the register that arrives here, or has arrived."""
        return Register(self._aside if self._aside.exists() else self.place)

    def take_place(self, now: datetime) -> None:
        """Move a register that has arrived, closed, into the place."""
        if self._aside.exists():
            self.leave(now)
            settle(self._aside)
            durable.replace_file(self._aside, self.place)

    def leave(self, now: datetime) -> None:
        """Keep the file of a register that went elsewhere under another name."""
        if self.place.exists():
            put_aside(self.place, f"register-{now:%Y%m%d%H%M%S}{durable.MOVED}")
