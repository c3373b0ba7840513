"""The log in the register: appended to, read, filed in segments; never changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from qrecords.model.audit import GENESIS, Event, event_hash
from qrecords.stores.register import tables as t
from qrecords.stores.register.aside import EventsAside
from qrecords.stores.register.dialects import missing_guards, words
from qrecords.stores.register.log import Facts
from qrecords.stores.register.seals import ACCOUNT, AFRESH, MORE, SEALED, Seals

PROGRAM = "qrecords"  # the account of what the program does by itself when it brings a register up to date
TAKEN_IN = "readings-taken-in"  # the number of the last event set aside that is in the log

_CHUNK = 500  # bound parameters in one statement
_HEAD = sa.select(t.audit.c.seq, t.audit.c.hash).order_by(t.audit.c.seq.desc()).limit(1)
_APPEND = t.audit.insert()


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; empty means any. Days are inclusive, as the events' clock had them."""

    object: str = ""
    account: str = ""
    action: str = ""
    date_from: str = ""
    date_to: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the log filed as an object: first and last event, and the hash of the last."""

    number: int
    first_seq: int
    last_seq: int
    head: str
    object_id: str
    closed_at: str
    closed_by: str


class Audit:
    """The log: only appended to."""

    def __init__(self, connection: sa.Connection, seals: Seals, aside: EventsAside | None = None) -> None:
        self._c = connection
        self._seals = seals
        self._aside = aside
        self.taken_in = 0  # the number of the last event set aside that this transaction took in

    def head(self) -> tuple[int, str]:
        """Return the number and hash of the newest event."""
        row = self._c.execute(_HEAD).first()
        return (row.seq, row.hash) if row else (0, GENESIS)

    def newest(self, since: int = 0) -> datetime | None:
        """Return the latest moment (UTC) an event carries from a number on, None when there is none."""
        found = self._c.execute(
            sa.select(sa.func.max(words.seconds(t.audit.c.at))).where(t.audit.c.seq >= since)
        ).scalar()
        return None if found is None else datetime.fromtimestamp(found, UTC)

    def numbered(self, seq: str, action: str, outcome: str) -> Event | None:
        """Return the event of a number kept as text, when it is one of this action and outcome."""
        event = next(self.between(int(seq), int(seq)), None) if seq.isascii() and seq.isdigit() else None
        return event if event is not None and (event.action, event.outcome) == (action, outcome) else None

    def hash_of(self, seq: int) -> str:
        """Return the hash of one event, empty when there is none of this number."""
        return self._c.execute(sa.select(t.audit.c.hash).where(t.audit.c.seq == seq)).scalar() or ""

    def append(self, events: list[Event], *, as_they_were: bool = False) -> None:
        """Append events in order, behind those set aside; sequence, previous hash and hash are set here.

        The last ones carry the seals of what the transaction changed, but for events put back `as_they_were`.
        """
        seq, prev = self.head()
        if not as_they_were:
            events = [*self._set_aside(), *self._sealing(events)]
            if not seq and events:  # whoever made the register was there before the log
                sealed = {**self._seals.accounts(), **events[0].detail.get(SEALED, {})}
                events[0] = replace(events[0], detail={**events[0].detail, SEALED: sealed})
        rows = []
        for event in events:
            seq += 1
            chained = Event(seq, event.at, event.account, event.action, event.object, event.outcome, event.detail, prev)
            prev = event_hash(chained)
            rows.append(
                {
                    "seq": seq, "at": event.at, "account": event.account, "action": event.action,
                    "object": event.object, "outcome": event.outcome, "detail": dict(event.detail),
                    "prev": chained.prev, "hash": prev,
                }
            )  # fmt: skip
        if rows:
            self._c.execute(_APPEND, rows)

    def seal_all(self, event: Event) -> None:
        """Append an event that seals everything as it is: what was said before no longer counts."""
        self._seals.touched()
        present = self._seals.present()
        # Accounts are asked for whenever the office is opened: they stand in one event, whatever their number.
        accounts = {key: seal for key, seal in present.items() if key.startswith(f"{ACCOUNT}/")}
        rest = {key: seal for key, seal in present.items() if key not in accounts}
        parts = [accounts, *_parts(rest)]
        about = [AFRESH, *[MORE] * (len(parts) - 1)]
        detailed = [{**event.detail, SEALED: part} for part in parts]
        self.append([replace(event, object=o, detail=d) for o, d in zip(about, detailed, strict=True)])

    def _sealing(self, events: list[Event]) -> list[Event]:
        """Return events with the seals of what this transaction changed in the last of them, so many in each."""
        parts = list(_parts(self._seals.touched())) if events else []
        start = max(len(events) - len(parts), 0)
        for part in parts[len(events) :]:
            parts[0] |= part  # fewer events than parts
        sealing = zip(events[start:], parts, strict=False)
        return [*events[:start], *(replace(e, detail={**e.detail, SEALED: part}) for e, part in sealing)]

    def _set_aside(self) -> list[Event]:
        """Return the events set aside that are not in the log yet, and remember in it which these are."""
        if self._aside is None or not self._aside.holds_any():
            return []
        facts = Facts(self._c, self._seals)
        # Of another file the numbers say nothing: the register was restored, or lost what stood beside it.
        identity, _, number = facts.get(TAKEN_IN).rpartition(" ")
        before = int(number) if number.isdecimal() and identity == self._aside.identity() else 0
        if before > self._aside.given():
            before = 0
        found = self._aside.after(max(self.taken_in, before))
        if found:
            self.taken_in = found[-1][0]
            facts.set(TAKEN_IN, f"{self._aside.identity()} {self.taken_in}")
        return [event for _, event in found]

    def events(self, about: str | None = None) -> Iterator[Event]:
        """Give all events in order, or those about one object."""
        if about is None:
            return map(_event, self._c.execute(_select()).mappings())
        return map(_event, self._c.execute(_ABOUT, {"about": about}).mappings())

    def happened(self, about: str, but: str) -> Iterator[Event]:
        """Give the events about one object in order, without those of one action."""
        return map(_event, self._c.execute(_HAPPENED, {"about": about, "but": but}).mappings())

    def of(self, objects: Collection[str]) -> Iterator[Event]:
        """Give the events about some objects, those of each in order."""
        names = [*objects]
        for start in range(0, len(names), _CHUNK):
            part = names[start : start + _CHUNK]
            yield from map(_event, self._c.execute(_select().where(t.audit.c.object.in_(part))).mappings())

    def between(self, first: int, last: int) -> Iterator[Event]:
        """Give the events of a stretch, both ends included, in order."""
        return map(_event, self._c.execute(_select().where(t.audit.c.seq.between(first, last))).mappings())

    def page(self, wanted: Wanted, *, limit: int | None, after: int | None = None) -> list[Event]:
        """Return the events asked for, in order: the first ones after a number, or else the newest ones."""
        query = _select().where(*_conditions(wanted)).limit(limit)
        if after is not None:
            return [_event(row) for row in self._c.execute(query.where(t.audit.c.seq > after)).mappings()]
        newest = query.order_by(None).order_by(t.audit.c.seq.desc())
        return [_event(row) for row in self._c.execute(newest).mappings()][::-1]

    def count(self, wanted: Wanted) -> int:
        """Return how many events are asked for."""
        query = sa.select(sa.func.count()).select_from(t.audit).where(*_conditions(wanted))
        return self._c.execute(query).scalar_one()

    def stretch(self, wanted: Wanted) -> tuple[int, int] | None:
        """Return the first and last number of the events asked for, None when there are none."""
        query = sa.select(sa.func.min(t.audit.c.seq), sa.func.max(t.audit.c.seq)).where(*_conditions(wanted))
        first, last = self._c.execute(query).one()
        return None if first is None else (first, last)

    def missing_guards(self) -> list[str]:
        """Return the triggers of the log that someone took out of the database."""
        return missing_guards(self._c)

    def close(self, segment: Segment) -> None:
        """Write down a segment that is filed."""
        self._seals.touch("segment", segment.number)
        values = {name: getattr(segment, name) for name in Segment.__dataclass_fields__}
        self._c.execute(t.audit_segment.insert().values(values))

    def segments(self) -> list[Segment]:
        """Return the filed segments in order."""
        rows = self._c.execute(sa.select(t.audit_segment).order_by(t.audit_segment.c.number))
        return [Segment(**row._mapping) for row in rows]


def seal_what_is_there(connection: sa.Connection) -> None:
    """Append the event that seals everything as it is; none to a new register, which has no account yet."""
    log = Audit(connection, Seals(connection))
    if made := connection.execute(sa.select(sa.func.max(t.account.c.created_at))).scalar():
        head = log.head()[0]
        at = next(log.between(head, head)).at if head else made  # the clock that counts is the office's
        log.seal_all(Event(0, at, PROGRAM, "administer", AFRESH))


def _parts(sealed: dict[str, str]) -> Iterator[dict[str, str]]:
    entries = list(sealed.items())
    return (dict(entries[start : start + _CHUNK]) for start in range(0, len(entries), _CHUNK))


def _select() -> sa.Select[Any]:
    columns = [c for c in t.audit.c if c.name != "detail"]
    # The detail as it lies there: what someone spoiled must be named, not stop the reading.
    return sa.select(*columns, words.raw(t.audit.c.detail).label("detail")).order_by(t.audit.c.seq)


_ABOUT = _select().where(t.audit.c.object == sa.bindparam("about"))
_HAPPENED = _ABOUT.where(t.audit.c.action != sa.bindparam("but"))


def _event(row: Mapping[Any, Any]) -> Event:
    try:
        detail = json.loads(row["detail"])
    except (TypeError, ValueError):
        detail = None
    return Event(**{**row, "detail": detail if isinstance(detail, dict) else {"damaged": str(row["detail"])}})


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    day = sa.func.substr(t.audit.c.at, 1, 10)
    choices = (
        (wanted.object, t.audit.c.object == wanted.object),
        (wanted.account, t.audit.c.account == wanted.account),
        (wanted.action, t.audit.c.action == wanted.action),
        (wanted.date_from, day >= wanted.date_from),
        (wanted.date_to, day <= wanted.date_to),
    )
    return [condition for value, condition in choices if value]
