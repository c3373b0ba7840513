"""Leases in the register: who holds a step under way, or work that only one does at a time."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from qrecords.stores.register import tables as t


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease: its holder, where that runs, and its last sign of life."""

    name: str
    owner: str
    machine: str
    process: str
    beat: int
    beat_at: str
    taken_at: str


class Leases:
    """The rows of what is held."""

    def __init__(self, connection: sa.Connection) -> None:
        self._c = connection

    def get(self, name: str) -> Lease | None:
        """Return a lease, None when nobody holds it."""
        row = self._c.execute(sa.select(t.lease).where(t.lease.c.name == name)).first()
        return None if row is None else Lease(**row._mapping)

    def in_the_way(self, name: str) -> list[Lease]:
        """Return what is held of a name: itself, what it is a part of (`a/b` of `a/b/c`), and parts of it."""
        parts = name.split("/")
        wholes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        of_it = t.lease.c.name.in_(wholes) | t.lease.c.name.startswith(f"{name}/", autoescape=True)
        return [Lease(**row._mapping) for row in self._c.execute(sa.select(t.lease).where(of_it))]

    def all(self) -> list[Lease]:
        """Return everything that is held, oldest first."""
        rows = self._c.execute(sa.select(t.lease).order_by(t.lease.c.taken_at, t.lease.c.name))
        return [Lease(**row._mapping) for row in rows]

    def add(self, lease: Lease) -> None:
        """Write down a lease nobody holds."""
        self._c.execute(t.lease.insert().values({n: getattr(lease, n) for n in Lease.__dataclass_fields__}))

    def beat(self, owner: str, at: str) -> None:
        """Give a sign of life for everything an owner holds."""
        mine = t.lease.update().where(t.lease.c.owner == owner)
        self._c.execute(mine.values(beat=t.lease.c.beat + 1, beat_at=at))

    def end(self, name: str, owner: str) -> bool:
        """Let go of a lease; False when it is no longer the owner's."""
        mine = t.lease.delete().where(t.lease.c.name == name, t.lease.c.owner == owner)
        return self._c.execute(mine).rowcount == 1

    def end_silent(self, lease: Lease) -> bool:
        """End a lease whose owner gave no sign since it was looked at; False when it did, or let go itself."""
        same = t.lease.delete().where(
            t.lease.c.name == lease.name, t.lease.c.owner == lease.owner, t.lease.c.beat == lease.beat
        )
        return self._c.execute(same).rowcount == 1
