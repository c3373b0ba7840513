"""The register's table of documents computed from records, beside those of tables.py."""

from __future__ import annotations

from sqlalchemy import JSON, Column, String, Table, Text

from qrecords.stores.register.tables import Integer, metadata

# What a document says is in its object; what people did with it in `progress`, here and there the same.
document = Table(
    "document",
    metadata,
    Column("document_no", String, primary_key=True),
    Column("form_code", String, nullable=False),  # series and kind: KF-BB
    Column("period", String, nullable=False),
    Column("branch", String, nullable=False),  # "" = all
    Column("title", Text, nullable=False),
    Column("secrecy_level", String, nullable=False),
    Column("object_id", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),  # 0 = number reserved, object not there yet; -1 = destroyed
    Column("sha256", String, nullable=False),  # of document.json: what is reviewed and approved
    Column("drawn_at", String, nullable=False),
    Column("drawn_by", String, nullable=False),
    Column("needs", JSON, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("progress", JSON, nullable=False),
    Column("milrep", String, nullable=False),  # the office it is narrowed to, "" = the branch's whole
)
