"""What the register keeps of its own running: numbers, steps under way."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import Any

import sqlalchemy as sa

from qrecords.errors import WrongState
from qrecords.stores.register import document_table as d
from qrecords.stores.register import retention_tables as r
from qrecords.stores.register import tables as t
from qrecords.stores.register.rows import IntentRow
from qrecords.stores.register.seals import ELSEWHERE, Seals

CHANGES = "seq"  # the counter the index follows

# Asked for with every page of the desk: a statement built once is worked out once, which costs more than asking it.
_LAST = sa.select(t.counter.c.last).where(t.counter.c.name == sa.bindparam("name"))
_FACT = sa.select(t.meta.c.value).where(t.meta.c.key == sa.bindparam("key"))


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
        return self._c.execute(_LAST, {"name": name}).scalar() or 0

    def used(self) -> dict[str, int]:
        """Return the highest number of every series that is in use; a code no series gives out counts as its own."""
        c = t.record.c
        query = sa.select(c.form_code, c.year, sa.func.max(c.number), sa.func.max(c.seq)).group_by(c.form_code, c.year)
        rows = self._c.execute(query).all()
        found = {f"record/{form_code}/{year}": number for form_code, year, number, _ in rows}
        found[CHANGES] = max((row[3] for row in rows), default=0)
        for kind, column, parts in _NUMBERED:
            for code in self._c.execute(sa.select(column)).scalars():
                try:
                    series, number = parts(code)
                except ValueError:
                    series, number = code, 1
                name = f"{kind}/{series}"
                found[name] = max(found.get(name, 0), number)
        return found

    def all(self) -> dict[str, int]:
        """Return every series with its last number."""
        return {row.name: row.last for row in self._c.execute(sa.select(t.counter).order_by(t.counter.c.name))}


def _of_year(code: str) -> tuple[str, int]:
    """Return the year and the number of a code like XH-2026-001."""
    _, year, number = code.split("-")
    return year, int(number)


def _of_series(code: str) -> tuple[str, int]:
    """Return the series and the number of an archive number or a volume's code."""
    series, _, number = code.rpartition("-")
    return series, int(number)


# What takes its numbers from which counters: how a code is read as series and number.
_NUMBERED: tuple[tuple[str, sa.ColumnElement[str], Callable[[str], tuple[str, int]]], ...] = (
    ("archive", t.item.c.archive_no, _of_series),
    ("volume", t.volume.c.volume_code, _of_series),
    ("disposition", r.disposition.c.list_no, _of_year),
    ("document", d.document.c.document_no, _of_series),
    ("copy-request", t.copy_request.c.request_no, _of_year),
    ("copy", t.copy.c.copy_no, _of_year),
)


class Facts:
    """What the register knows of itself."""

    def __init__(self, connection: sa.Connection, seals: Seals) -> None:
        self._c = connection
        self._seals = seals

    def get(self, key: str) -> str:
        """Return one fact, empty when unknown."""
        return self._c.execute(_FACT, {"key": key}).scalar() or ""

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
        self.set_once(f"{ELSEWHERE}{series}", "1")
        self._seals.touch("fact", f"{ELSEWHERE}{series}")

    def is_elsewhere(self, series: str) -> bool:
        """Tell whether a series was numbered in another office."""
        return bool(self.get(f"{ELSEWHERE}{series}"))

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
        self._change(key, state="done" if done else "undone")

    def amend(self, key: str, **facts: Any) -> None:
        """Add to what a step wrote down, how far it has come; WrongState as for its end."""
        payload = self._c.execute(sa.select(t.intent.c.payload).where(t.intent.c.id == key)).scalar() or {}
        self._change(key, payload={**payload, **facts})

    def _change(self, key: str, **columns: Any) -> None:
        holder = self._c.execute(sa.select(t.lease.c.owner).where(t.lease.c.name == key)).scalar()
        is_open = t.intent.update().where(t.intent.c.id == key, t.intent.c.state == "open")
        found = self._c.execute(is_open.values(**columns)).rowcount
        if not found or not (holder is None or holder in self._holders):
            raise WrongState(
                "这一步停顿太久，已由另一个程序按中断处理，没有生效", remedy="请查看现在的状态，再重做这一步"
            )

    def all(self) -> list[IntentRow]:
        """Return every step ever begun, oldest first."""
        return [
            IntentRow(**row._mapping) for row in self._c.execute(sa.select(t.intent).order_by(t.intent.c.created_at))
        ]

    def over(self, naming: str) -> list[IntentRow]:
        """Return the steps that are over whose intent has a text in it, the newest first."""
        told = sa.cast(t.intent.c.payload, sa.String).contains(naming, autoescape=True)
        found = sa.select(t.intent).where(t.intent.c.state != "open", told).order_by(t.intent.c.created_at.desc())
        return [IntentRow(**row._mapping) for row in self._c.execute(found)]

    def open(self) -> list[IntentRow]:
        """Return the steps under way, oldest first."""
        rows = self._c.execute(sa.select(t.intent).where(t.intent.c.state == "open").order_by(t.intent.c.created_at))
        return [IntentRow(**row._mapping) for row in rows]
