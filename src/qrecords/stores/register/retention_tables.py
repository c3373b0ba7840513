"""The register's tables of retention and disposition, beside those of tables.py."""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKey, Index, String, Table, Text

from qrecords.stores.register.tables import Integer, metadata

# An order to keep something whatever the date; `released_at` is empty while it is in force.
hold = Table(
    "hold",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("placed_at", String, nullable=False),
    Column("placed_by", String, nullable=False),
    Column("released_at", String, nullable=False, default=""),
    Column("released_by", String, nullable=False, default=""),
    Column("release_reason", Text, nullable=False, default=""),
)

# An appraisal that keeps a unit longer; the latest day counts, none shortens.
extension = Table(
    "extension",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("code", String, nullable=False, index=True),  # of a volume or an item
    Column("until", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decided_at", String, nullable=False),
    Column("decided_by", String, nullable=False),
)

# A destruction list (销毁清册); what stands on it is in its object, what people did with it in `progress`.
disposition = Table(
    "disposition",
    metadata,
    Column("list_no", String, primary_key=True),
    Column("state", String, nullable=False),
    Column("object_id", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),  # 0 = number reserved, object not there yet
    Column("sha256", String, nullable=False),  # of list.json: what is approved and witnessed
    Column("drawn_at", String, nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("progress", JSON, nullable=False),
)

# Which volumes and items stand on a list, so that none stands on two open ones.
disposition_unit = Table(
    "disposition_unit",
    metadata,
    Column("list_no", ForeignKey("disposition.list_no"), primary_key=True),
    Column("code", String, primary_key=True),
)
Index("disposition_unit_by_code", disposition_unit.c.code)

# What remains of a destroyed volume or item beside its number, title and dates: on which list it went, and when.
tombstone = Table(
    "tombstone",
    metadata,
    Column("code", String, primary_key=True),  # archive number or volume code
    Column("object_id", String, nullable=False, unique=True),
    Column("list_no", ForeignKey("disposition.list_no"), nullable=False, index=True),
    Column("destroyed_at", String, nullable=False),
)
