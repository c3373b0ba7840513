"""What the register keeps of its own running: numbers, steps under way."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import sqlalchemy as sa

from qrecords.errors import WrongState
from qrecords.stores.register import tables as t

CHANGES = "seq"  # the counter the index follows


class Counters:
    """Number series without gaps: a number is taken inside the transaction that uses it."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def take(self, name: str, count: int = 1) -> range:
        """Return the next `count` numbers of a series."""
        row = sa.select(t.counter.c.last).where(t.counter.c.name == name).with_for_update()
        last = self._c.execute(row).scalar()
        if last is None:
            last = 0
            self._c.execute(t.counter.insert().values(name=name, last=count))
        else:
            self._c.execute(t.counter.update().where(t.counter.c.name == name).values(last=last + count))
        return range(last + 1, last + count + 1)

    def raise_to(self, name: str, number: int) -> None:
        """Let a series go on after a number that is in use; one further on stays."""
        last = self.last(name)
        if number > last:
            self.take(name, number - last)

    def last(self, name: str) -> int:
        """Return the last number taken of a series, 0 when none was."""
        return self._c.execute(sa.select(t.counter.c.last).where(t.counter.c.name == name)).scalar() or 0

    def all(self) -> dict[str, int]:
        """Return every series with its last number."""
        return {row.name: row.last for row in self._c.execute(sa.select(t.counter).order_by(t.counter.c.name))}


class Facts:
    """What the register knows of itself."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def get(self, key: str) -> str:
        """Return one fact, empty when unknown."""
        return self._c.execute(sa.select(t.meta.c.value).where(t.meta.c.key == key)).scalar() or ""

    def set_once(self, key: str, value: str) -> None:
        """Write a fact that never changes again."""
        if not self.get(key):
            self._c.execute(t.meta.insert().values(key=key, value=value))

    def set(self, key: str, value: str) -> None:
        """Write a fact that may change."""
        self._c.execute(t.meta.delete().where(t.meta.c.key == key))
        self._c.execute(t.meta.insert().values(key=key, value=value))

    def note_elsewhere(self, series: str) -> None:
        """Remember a series that came with a package: its gaps, and its heads of a log, are the sender's."""
        self.set_once(f"numbered-elsewhere/{series}", "1")

    def is_elsewhere(self, series: str) -> bool:
        """Tell whether a series was numbered in another office."""
        return bool(self.get(f"numbered-elsewhere/{series}"))

    def migration(self) -> str:
        """Return the version of the tables, empty when this is no register."""
        if not sa.inspect(self._c).has_table("alembic_version"):
            return ""
        return self._c.execute(sa.text("SELECT version_num FROM alembic_version")).scalar() or ""


class Intents:
    """Steps that make files, written down before they begin."""

    def __init__(self, connection: sa.Connection, holders: Container[str]) -> None:
        self._c = connection
        self._holders = holders

    def begin(self, key: str, kind: str, payload: Mapping[str, Any], account: str, at: str, audit_head: str) -> None:
        """Write down a step."""
        self._c.execute(
            t.intent.insert().values(
                id=key, kind=kind, payload=dict(payload), account=account, created_at=at,
                audit_head=audit_head, state="open",
            )
        )  # fmt: skip

    def close(self, key: str, *, done: bool = True) -> None:
        """Mark a step as finished or undone; WrongState when another process has taken it over, or ended it."""
        holder = self._c.execute(sa.select(t.lease.c.owner).where(t.lease.c.name == key)).scalar()
        is_open = t.intent.update().where(t.intent.c.id == key, t.intent.c.state == "open")
        ended = self._c.execute(is_open.values(state="done" if done else "undone")).rowcount
        if not ended or not (holder is None or holder in self._holders):
            raise WrongState(
                "这一步停顿太久，已由另一个程序按中断处理，没有生效", remedy="请查看现在的状态，再重做这一步"
            )

    def amend(self, key: str, **facts: Any) -> None:
        """Add to what a step wrote down: how far it has come."""
        payload = self._c.execute(sa.select(t.intent.c.payload).where(t.intent.c.id == key)).scalar() or {}
        self._c.execute(t.intent.update().where(t.intent.c.id == key).values(payload={**payload, **facts}))

    def being_filed(self) -> set[str]:
        """Return the records a step under way is freezing: they stand still until it is over."""
        steps = (step["payload"]["filings"] for step in self.open() if step["kind"] in {"file", "correct", "add"})
        return {number for filings in steps for filing in filings for number in filing["record_nos"]}

    def all(self) -> list[dict[str, Any]]:
        """Return every step ever begun, oldest first."""
        return [dict(row._mapping) for row in self._c.execute(sa.select(t.intent).order_by(t.intent.c.created_at))]

    def open(self) -> list[dict[str, Any]]:
        """Return the steps under way, oldest first."""
        rows = self._c.execute(sa.select(t.intent).where(t.intent.c.state == "open").order_by(t.intent.c.created_at))
        return [dict(row._mapping) for row in rows]
