"""Filed items and the volumes they are bound in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from qrecords.model.volume import Item, Placed
from qrecords.stores.register import tables as t
from qrecords.stores.register.rows import ItemRow, PlacedItem, PlaceInVolume, PlaceRow, VolumeRow
from qrecords.stores.register.seals import Seals

_ITEM = [t.item.c[name] for name in Item.__dataclass_fields__]
_CHUNK = 500  # bound parameters in one statement

# Asked for with every page of the desk: built once.
_ROW = sa.select(t.item).where(t.item.c.archive_no == sa.bindparam("archive_no"))
_TITLES = sa.select(t.volume.c.volume_code, t.volume.c.title).where(
    t.volume.c.volume_code.in_(sa.bindparam("codes", expanding=True))
)


class Items:
    """What has been filed, and where it is bound."""

    def __init__(self, connection: sa.Connection, seals: Seals) -> None:
        self._c = connection
        self._seals = seals

    def reserve(self, item: Item, form_code: str, record_year: int, month: str, at: str, account: str) -> None:
        """Keep an archive number for an item about to be filed; a number reserved before stays as it is."""
        if self.row(item.archive_no) is None:
            values = {c.name: getattr(item, c.name) for c in _ITEM}
            self._c.execute(
                t.item.insert().values(
                    **values, form_code=form_code, record_year=record_year, month=month, filed_at=at, filed_by=account
                )
            )

    def filed(self, item: Item, at: str, account: str) -> None:
        """Write down what was frozen."""
        self._seals.touch("item", item.archive_no)
        values = {c.name: getattr(item, c.name) for c in _ITEM if c.name != "archive_no"}
        update = t.item.update().where(t.item.c.archive_no == item.archive_no)
        self._c.execute(update.values(**values, filed_at=at, filed_by=account))

    def row(self, archive_no: str) -> ItemRow | None:
        """Return all that is known of an item."""
        row = self._c.execute(_ROW, {"archive_no": archive_no}).first()
        return ItemRow(**row._mapping) if row else None

    def of_object(self, object_id: str) -> ItemRow | None:
        """Return the item an object is, one only reserved too."""
        row = self._c.execute(sa.select(t.item).where(t.item.c.object_id == object_id)).first()
        return ItemRow(**row._mapping) if row else None

    def month(self, form_code: str, month: str) -> ItemRow | None:
        """Return the item of a register's month."""
        query = sa.select(t.item).where(t.item.c.form_code == form_code, t.item.c.month == month)
        query = query.order_by(t.item.c.archive_no).limit(1)
        row = self._c.execute(query).first()
        return ItemRow(**row._mapping) if row else None

    def of_year(self, year: int, form_code: str) -> list[Item]:
        """Return a form's filed items of a year that are in no volume in their present version, in order."""
        bound = sa.exists().where(
            t.volume_item.c.archive_no == t.item.c.archive_no, t.volume_item.c.version == t.item.c.version
        )
        query = (
            sa.select(*_ITEM)
            .where(t.item.c.record_year == year, t.item.c.form_code == form_code, t.item.c.version > 0, ~bound)
            .order_by(t.item.c.month, t.item.c.archive_no)
        )
        return [Item(**row._mapping) for row in self._c.execute(query)]

    def unbound(self, *, before: int) -> dict[tuple[int, str], int]:
        """Return how many items of the years before one are in no volume in their present version, by year and form."""
        i, v = t.item.c, t.volume_item.c
        bound = sa.exists().where(v.archive_no == i.archive_no, v.version == i.version)
        query = (
            sa.select(i.record_year, i.form_code, sa.func.count())
            .where(i.record_year < before, i.version > 0, ~bound)
            .group_by(i.record_year, i.form_code)
            .order_by(i.record_year, i.form_code)
        )
        return {(year, form_code): count for year, form_code, count in self._c.execute(query)}

    def all(self) -> list[ItemRow]:
        """Return every item, reserved numbers too."""
        return [ItemRow(**row._mapping) for row in self._c.execute(sa.select(t.item).order_by(t.item.c.archive_no))]

    def of_objects(self, object_ids: Sequence[str]) -> list[ItemRow]:
        """Return the items of some objects, reserved numbers too."""
        found: list[ItemRow] = []
        for start in range(0, len(object_ids), _CHUNK):
            query = sa.select(t.item).where(t.item.c.object_id.in_(object_ids[start : start + _CHUNK]))
            found += [ItemRow(**row._mapping) for row in self._c.execute(query.order_by(t.item.c.archive_no))]
        return found

    def versions(self) -> dict[str, int]:
        """Return the version of each item by its archive number."""
        return {row[0]: row[1] for row in self._c.execute(sa.select(t.item.c.archive_no, t.item.c.version))}

    def versions_of(self, archive_nos: Collection[str]) -> dict[str, int]:
        """Return the versions of some items by their archive numbers."""
        found: dict[str, int] = {}
        columns = sa.select(t.item.c.archive_no, t.item.c.version)
        wanted = sorted({*archive_nos})
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            found |= {row[0]: row[1] for row in self._c.execute(columns.where(t.item.c.archive_no.in_(part)))}
        return found

    def counts(self) -> tuple[int, int]:
        """Return how many items and volumes there are, without what is only reserved or destroyed."""
        items, volumes = (
            self._c.execute(sa.select(sa.func.count()).select_from(table).where(table.c.version > 0)).scalar_one()
            for table in (t.item, t.volume)
        )
        return items, volumes

    def reserve_volume(self, row: VolumeRow) -> None:
        """Keep a volume code for a volume about to be bound; one reserved before is planned anew."""
        self._c.execute(t.volume.delete().where(t.volume.c.volume_code == row.volume_code, t.volume.c.version == 0))
        self._c.execute(t.volume.insert().values(**asdict(row)))

    def bound(self, volume_code: str, placed: Sequence[Placed], **columns: Any) -> None:
        """Write down a volume that is sealed, and its items at their places."""
        self._seals.touch("volume", volume_code)
        self._c.execute(t.volume.update().where(t.volume.c.volume_code == volume_code).values(**columns))
        rows = [
            {
                "archive_no": p.item.archive_no, "version": p.item.version, "volume_code": volume_code,
                "position": p.position, "page_from": p.page_from, "page_to": p.page_to, "sha256": p.item.sha256,
            }
            for p in placed
        ]  # fmt: skip
        self._c.execute(t.volume_item.insert(), rows)

    def restore(self, row: ItemRow) -> None:
        """Put an item back as its object tells it."""
        self._seals.touch("item", row.archive_no)
        self._c.execute(t.item.insert().values(**asdict(row)))

    def restore_volume(self, row: VolumeRow, lines: Sequence[PlaceRow]) -> None:
        """Put a volume and its places back as its object tells them."""
        self._seals.touch("volume", row.volume_code)
        self._c.execute(t.volume.insert().values(**asdict(row)))
        if lines:
            self._c.execute(t.volume_item.insert(), [asdict(line) for line in lines])

    def volumes(self, year: int | None = None) -> list[VolumeRow]:
        """Return the volumes, of one year or all."""
        query = sa.select(t.volume).order_by(t.volume.c.volume_code)
        if year is not None:
            query = query.where(t.volume.c.year == year)
        return [VolumeRow(**row._mapping) for row in self._c.execute(query)]

    def volume_titles(self, codes: Collection[str]) -> dict[str, str]:
        """Return the titles of some volumes by their codes."""
        found: dict[str, str] = {}
        wanted = [*codes]
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            found |= {row.volume_code: row.title for row in self._c.execute(_TITLES, {"codes": part})}
        return found

    def places(self, archive_no: str) -> list[PlaceInVolume]:
        """Return where an item is bound, the first volume first: its place, and the volume's code, title and object."""
        volume = (t.volume.c.title, t.volume.c.object_id, t.volume.c.version.label("volume_version"))
        query = (
            sa.select(t.volume_item, *volume)
            .join(t.volume, t.volume.c.volume_code == t.volume_item.c.volume_code)
            .where(t.volume_item.c.archive_no == archive_no)
            .order_by(t.volume_item.c.version)
        )
        return [PlaceInVolume(**row._mapping) for row in self._c.execute(query)]

    def in_volume(self, volume_code: str) -> list[PlacedItem]:
        """Return the items of a volume at their places."""
        query = (
            sa.select(t.volume_item, t.item.c.object_id, t.item.c.document_no, t.item.c.title)
            .join(t.item, t.item.c.archive_no == t.volume_item.c.archive_no)
            .where(t.volume_item.c.volume_code == volume_code)
            .order_by(t.volume_item.c.position)
        )
        return [PlacedItem(**row._mapping) for row in self._c.execute(query)]
