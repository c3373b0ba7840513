"""Holds, extensions, destruction lists, and what remains of the destroyed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from qrecords.model.disposition import DestructionList, ListState
from qrecords.model.numbering import retention_years
from qrecords.model.record import OPEN_STATES, State
from qrecords.model.retention import Complaint, ComplaintKind, Hold, HoldKind, Kept, mentioned
from qrecords.stores.register import retention_tables as r
from qrecords.stores.register import tables as t
from qrecords.stores.register.dialects import words
from qrecords.stores.register.rows import ItemRow, Tombstone, VolumeRow
from qrecords.stores.register.seals import Seals

_CHUNK = 500  # bound parameters in one statement
CUSTOMER_KEYS = ("customer_unit", "customer_code")
CONTRACT_KEYS = ("contract_no",)

SECRECY = "secrecy_level"  # the one value a destroyed record keeps: who may see its title depends on it
DESTROYED_VERSION = -1  # of a destroyed item or volume: its number stays, its object is gone
OPEN_LISTS = [s.value for s in (ListState.DRAWN, ListState.APPROVED, ListState.DESTROYING)]

_TOMBSTONES = (
    sa.select(r.tombstone)
    .where(r.tombstone.c.code.in_(sa.bindparam("codes", expanding=True)))
    .order_by(r.tombstone.c.code)
)


class Retention:
    """What is kept how long, and what has been destroyed."""

    def __init__(self, connection: sa.Connection, seals: Seals) -> None:
        self._c = connection
        self._seals = seals

    # What is kept

    def kept(self, archive_nos: Sequence[str], *, years: Mapping[str, int]) -> list[Kept]:
        """Return filed items that still exist, in order; `years` is what each form asks for today."""
        found: list[Kept] = []
        for part in _chunks(sorted(set(archive_nos))):
            found += self._kept(t.item.c.archive_no.in_(part), years)
        return found

    def candidates(self, last_record_year: int) -> list[str]:
        """Return the archive numbers of existing items of a year and before."""
        query = (
            sa.select(t.item.c.archive_no)
            .where(t.item.c.record_year <= last_record_year, t.item.c.version > 0)
            .order_by(t.item.c.archive_no)
        )
        return list(self._c.execute(query).scalars())

    def of_volumes(self, volume_codes: Sequence[str]) -> dict[str, list[str]]:
        """Return the archive numbers bound in each of these volumes, in order."""
        found: dict[str, list[str]] = defaultdict(list)
        for part in _chunks(list(volume_codes)):
            query = (
                sa.select(t.volume_item.c.volume_code, t.volume_item.c.archive_no)
                .where(t.volume_item.c.volume_code.in_(part))
                .order_by(t.volume_item.c.volume_code, t.volume_item.c.position)
            )
            for row in self._c.execute(query):
                found[row.volume_code].append(row.archive_no)
        return dict(found)

    def volume(self, volume_code: str) -> VolumeRow | None:
        """Return a sealed volume, destroyed or not."""
        query = sa.select(t.volume).where(t.volume.c.volume_code == volume_code, t.volume.c.version != 0)
        row = self._c.execute(query).first()
        return VolumeRow(**row._mapping) if row else None

    def naming_customer(self, name: str) -> list[str]:
        """Return the records that name this customer just so, by unit or code."""
        named = sa.or_(*(t.record.c["values"][key].as_string() == name for key in CUSTOMER_KEYS))
        return list(self._c.execute(sa.select(t.record.c.record_no).where(named)).scalars())

    # Holds and extensions

    def add_hold(self, kind: HoldKind, subject: str, reason: str, at: str, by: str) -> int:
        """Put a hold on something; returns its id."""
        row = {"kind": kind.value, "subject": subject, "reason": reason, "placed_at": at, "placed_by": by}
        row |= {"released_at": "", "released_by": "", "release_reason": ""}
        made = self._c.execute(r.hold.insert().values(**row).returning(r.hold.c.id))
        number = int(made.scalar_one())
        self._seals.touch("hold", number)
        return number

    def holds(self) -> list[Hold]:
        """Return the holds in force, oldest first."""
        return self._holds(r.hold.c.released_at == "")

    def hold(self, number: int) -> Hold:
        """Return a hold by its id, one ended since too."""
        return self._holds(r.hold.c.id == number)[0]

    def _holds(self, condition: sa.ColumnElement[bool]) -> list[Hold]:
        return [
            Hold(row.id, HoldKind(row.kind), row.subject, row.reason, row.placed_at, row.placed_by)
            for row in self._c.execute(sa.select(r.hold).where(condition).order_by(r.hold.c.id))
        ]

    def release(self, ids: Collection[int], reason: str, at: str, by: str) -> None:
        """End holds."""
        self._seals.touch("hold", *ids)
        columns = {"released_at": at, "released_by": by, "release_reason": reason}
        self._c.execute(r.hold.update().where(r.hold.c.id.in_(list(ids))).values(**columns))

    def extend(self, codes: Sequence[str], until: str, reason: str, at: str, by: str) -> None:
        """Keep units longer."""
        self._seals.touch("extension", *codes)
        facts = {"until": until, "reason": reason, "decided_at": at, "decided_by": by}
        self._c.execute(r.extension.insert(), [{"code": code} | facts for code in codes])

    def extended(self) -> dict[str, str]:
        """Return the latest day each extended unit is kept until."""
        query = sa.select(r.extension.c.code, sa.func.max(r.extension.c.until).label("until")).group_by(
            r.extension.c.code
        )
        return {row.code: row.until for row in self._c.execute(query)}

    def complaints(self, kinds: Iterable[ComplaintKind]) -> list[Complaint]:
        """Return the complaints that are not settled: not yet filed, or filed as unresolved."""
        found = []
        for kind in kinds:
            values = t.record.c["values"]
            unsettled = sa.or_(
                t.record.c.state.in_([s.value for s in OPEN_STATES]), words.is_false(values, kind.settled_field)
            )
            gone = (State.VOID.value, State.DESTROYED.value)
            query = (
                sa.select(t.record.c.record_no, t.record.c.state, t.record.c.customer_unit, values.label("given"))
                .where(t.record.c.form_code == kind.form, t.record.c.state.not_in(gone), t.record.c.seq > 0, unsettled)
                .order_by(t.record.c.record_no)
            )
            for row in self._c.execute(query):
                if kind.among.intersection(_listed(row.given.get(kind.field))):
                    is_open = State(row.state) in OPEN_STATES
                    found.append(Complaint(row.record_no, row.customer_unit, is_open, mentioned(row.given)))
        return found

    # Destruction lists

    def listed(self) -> dict[str, str]:
        """Return the volumes and items that stand on a list still open, with its number."""
        query = (
            sa.select(r.disposition_unit.c.code, r.disposition_unit.c.list_no)
            .join(r.disposition, r.disposition.c.list_no == r.disposition_unit.c.list_no)
            .where(r.disposition.c.state.in_(OPEN_LISTS))
        )
        return {row.code: row.list_no for row in self._c.execute(query)}

    def reserve_list(self, drawn: DestructionList, codes: Sequence[str]) -> None:
        """Keep the number of a list about to be drawn, and what stands on it."""
        self._seals.touch("list", drawn.list_no)
        self._c.execute(r.disposition.insert().values(**_list_row(drawn)))
        self._c.execute(r.disposition_unit.insert(), [{"list_no": drawn.list_no, "code": code} for code in codes])

    def save_list(self, changed: DestructionList) -> None:
        """Write down where a list is now, and what people did with it."""
        self._seals.touch("list", changed.list_no)
        row = _list_row(changed)
        self._c.execute(r.disposition.update().where(r.disposition.c.list_no == row.pop("list_no")).values(**row))

    def lists(self, list_no: str = "") -> list[DestructionList]:
        """Return the drawn lists in order, or the one of this number."""
        query = sa.select(r.disposition).where(r.disposition.c.version > 0).order_by(r.disposition.c.list_no)
        if list_no:
            query = query.where(r.disposition.c.list_no == list_no)
        return [DestructionList.from_row(row._asdict()) for row in self._c.execute(query)]

    def reserved_list(self, list_no: str) -> DestructionList:
        """Return a list by its number, also one whose drawing broke off."""
        query = sa.select(r.disposition).where(r.disposition.c.list_no == list_no)
        return DestructionList.from_row(self._c.execute(query).one()._asdict())

    # What remains

    def papers(self, record_nos: Sequence[str]) -> set[str]:
        """Return the stored names of the scans and papers that belong to these records and to no other.

        With each goes the text read off it, a file of the same name.
        """
        wanted = set(record_nos)
        held: dict[str, set[str]] = defaultdict(set)  # hash → records
        names: set[str] = set()
        for part in _chunks(record_nos):
            for no, name, sha256 in _PAPER_COLUMNS:
                query = sa.select(name, sha256).where(no.in_(part), sha256 != "")
                names |= {row[1] + Path(row[0]).suffix.lower() for row in self._c.execute(query)}
        for part in _chunks(sorted({name.partition(".")[0] for name in names})):
            for no, _, sha256 in _PAPER_COLUMNS:
                for row in self._c.execute(sa.select(sha256, no).where(sha256.in_(part))):
                    held[row[0]].add(row[1])
        mine = {name for name in names if held[name.partition(".")[0]] <= wanted}
        return mine | {f"{name.partition('.')[0]}.txt" for name in mine}

    def bury(self, list_no: str, objects: Mapping[str, str], at: str) -> None:
        """Put tombstones in the place of items and volumes: code → object; those already there stay."""
        there = {row.code for row in self.destroyed(list(objects))}
        rows = [
            {"code": code, "object_id": object_id, "list_no": list_no, "destroyed_at": at}
            for code, object_id in objects.items()
            if code not in there
        ]
        if rows:
            self._c.execute(r.tombstone.insert(), rows)
        for kind in ("tombstone", "item", "volume"):
            self._seals.touch(kind, *objects)
        for part in _chunks(list(objects)):
            for table, column in ((t.item, t.item.c.archive_no), (t.volume, t.volume.c.volume_code)):
                self._c.execute(table.update().where(column.in_(part)).values(version=DESTROYED_VERSION))

    def forget(self, record_nos: Sequence[str], subjects: Sequence[str]) -> None:
        """Remove what the register itself holds of records: signatures, papers' text, prints' values, their input."""
        for part in _chunks(record_nos):
            for table in (t.signature, t.attached, t.correction, t.returned):
                self._c.execute(table.delete().where(table.c.record_no.in_(part)))
            self._c.execute(t.record.update().where(t.record.c.record_no.in_(part)).values(source_key=None))
        for part in _chunks([*record_nos, *subjects]):
            self._c.execute(t.printed.update().where(t.printed.c.subject.in_(part)).values(snapshot={}))
        # What a step that is over was to do, a correction's values among it; nobody asks for that again.
        self._c.execute(t.intent.update().where(t.intent.c.state != "open").values(payload={}))

    def held_of(self, record_nos: Sequence[str]) -> list[str]:
        """Return the records of which the register still holds values, signatures or prints' values."""
        found: set[str] = set()
        for part in _chunks(record_nos):
            rows = sa.select(t.record.c.record_no, t.record.c["values"].label("given")).where(
                t.record.c.record_no.in_(part)
            )
            found |= {row.record_no for row in self._c.execute(rows) if row.given.keys() - {SECRECY}}
            prints = sa.select(t.printed.c.subject, t.printed.c.snapshot).where(t.printed.c.subject.in_(part))
            found |= {row.subject for row in self._c.execute(prints) if row.snapshot}
            for table in (t.signature, t.attached, t.correction, t.returned):
                query = sa.select(table.c.record_no).where(table.c.record_no.in_(part))
                found |= set(self._c.execute(query).scalars())
        return sorted(found)

    def destroyed(self, codes: Sequence[str] | None = None) -> list[Tombstone]:
        """Return the tombstones of items and volumes, all or of these codes."""
        query = sa.select(r.tombstone).order_by(r.tombstone.c.code)
        if codes is None:
            return [Tombstone(**row._mapping) for row in self._c.execute(query)]
        return [
            Tombstone(**row._mapping)
            for part in _chunks(list(codes))
            for row in self._c.execute(_TOMBSTONES, {"codes": [*part]})
        ]

    def _kept(self, which: sa.ColumnElement[bool], years: Mapping[str, int]) -> Iterator[Kept]:
        query = sa.select(t.item).where(which, t.item.c.version > 0)
        rows = [ItemRow(**row._mapping) for row in self._c.execute(query.order_by(t.item.c.archive_no))]
        numbers = [row.archive_no for row in rows]
        bound, records = self._bound(numbers), self._records(numbers)
        for row in rows:
            number = row.archive_no
            held = records.get(number, [])
            volumes = bound.get(number, [])
            yield Kept(
                archive_no=number,
                **{name: getattr(row, name) for name in _ITEM_FACTS},
                filed_year=int(row.filed_at[:4]),
                years=max(years.get(row.form_code, 0), retention_years(number)),
                record_nos=tuple(record.record_no for record in held),
                customers=_given(held, CUSTOMER_KEYS),
                contracts=_given(held, CONTRACT_KEYS),
                volumes=tuple(sorted({code for code, _ in volumes})),
                bound_version=max((version for _, version in volumes), default=0),
            )

    def _bound(self, archive_nos: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
        v = t.volume_item.c
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for row in self._c.execute(
            sa.select(v.archive_no, v.volume_code, v.version).where(v.archive_no.in_(archive_nos))
        ):
            found[row.archive_no].append((row.volume_code, row.version))
        return found

    def _records(self, archive_nos: Sequence[str]) -> dict[str, list[sa.Row[Any]]]:
        wanted = [t.record.c["values"][key].as_string().label(key) for key in (*CUSTOMER_KEYS, *CONTRACT_KEYS)]
        query = (
            sa.select(t.record.c.archive_no, t.record.c.record_no, *wanted)
            .where(t.record.c.archive_no.in_(archive_nos), t.record.c.state.in_(("filed", "bound")))
            .order_by(t.record.c.record_no)
        )
        found: dict[str, list[sa.Row[Any]]] = defaultdict(list)
        for row in self._c.execute(query):
            found[row.archive_no].append(row)
        return found


# What holds papers of records: record, name, hash.
_PAPER_COLUMNS = (
    (t.signature.c.record_no, t.signature.c.evidence, t.signature.c.evidence_sha256),
    (t.attached.c.record_no, t.attached.c.name, t.attached.c.sha256),
)
_ITEM_FACTS = (
    "form_code",
    "object_id",
    "version",
    "month",
    "document_no",
    "title",
    "date_from",
    "date_to",
    "pages",
    "secrecy_level",
    "record_year",
)


def _given(rows: Sequence[sa.Row[Any]], keys: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for row in rows for key in keys if (value := row._mapping[key])))


def _list_row(drawn: DestructionList) -> dict[str, Any]:
    keys = ("list_no", "object_id", "version", "sha256", "drawn_at", "drawn_by")
    return {key: getattr(drawn, key) for key in keys} | {"state": drawn.state.value, "progress": drawn.progress()}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _chunks(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), _CHUNK):
        yield keys[start : start + _CHUNK]
