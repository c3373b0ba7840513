"""The register's tables. Changes go through stores/migrations; this is what they lead to."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# Whole numbers of 64 bits on every database, as SQLite has them by itself.
Integer = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

meta = Table("meta", metadata, Column("key", String, primary_key=True), Column("value", Text, nullable=False))

account = Table(
    "account",
    metadata,
    Column("name", String, primary_key=True),
    Column("display_name", String, nullable=False, unique=True),  # as service notices name the people they send
    Column("uid", String, unique=True),  # of the operating system, never a name; none for a password account
    Column("active", Boolean, nullable=False),
    Column("unit", String, nullable=False),  # related unit, "" = the centre
    Column("clearance", Integer, nullable=False),  # rank of the highest secrecy level it may read
    Column("expires_on", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("password", String, nullable=False),  # argon2id, "" = none
    Column("password_set_at", String, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("failures", Integer, nullable=False),  # wrong passwords since the last right one
    Column("locked_until", String, nullable=False),
)

# Rows stay when a grant is taken back: who could do what, and when, can be told later.
role_grant = Table(
    "role_grant",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", ForeignKey("account.name"), nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("branch", String, nullable=False),
    Column("since", String, nullable=False),
    Column("until", String, nullable=False),
    Column("granted_by", String, nullable=False),
    Column("granted_at", String, nullable=False),
    Column("revoked_by", String, nullable=False),
    Column("revoked_at", String, nullable=False),
)

# Who is logged in: the token itself is only in its holder's file.
session = Table(
    "session",
    metadata,
    Column("token_sha256", String, primary_key=True),
    Column("account", ForeignKey("account.name"), nullable=False),
    Column("expires_at", String, nullable=False),
)

# One row a series of numbers; `last` only rises, inside the transaction that uses the number.
counter = Table(
    "counter",
    metadata,
    Column("name", String, primary_key=True),
    Column("last", Integer, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("record_no", String, primary_key=True),
    Column("form_code", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("values", JSON, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", String, nullable=False),
    Column("customer_unit", Text, nullable=False),
    Column("notice_no", String, nullable=False, default=""),  # from the values: the service notice it belongs to
    Column("created_at", String, nullable=False),
    Column("created_by", String, nullable=False),
    Column("opinion", Text, nullable=False, default=""),
    Column("reviewed_on", String, nullable=False, default=""),
    Column("reviewed_by", String, nullable=False, default=""),
    # Reserved by the intent to file, so that a filing that breaks off leaves no gap.
    Column("archive_no", String, nullable=False, default=""),
    Column("record_year", Integer),
    Column("volume_code", String, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),  # why returned or void
    # A past paper record: the number its paper carries; empty for those made here.
    Column("paper_no", Text, nullable=False, default=""),
    # Which input made it: hash of the file and the row; the same input again finds the same number.
    Column("source_key", String, unique=True),
    # 0 until the step that made it is committed; then rising with every change: the index follows it.
    Column("seq", Integer, nullable=False, default=0),
    UniqueConstraint("form_code", "year", "number"),
)
Index("record_by_seq", record.c.seq)
Index("record_by_form_state", record.c.form_code, record.c.state)
Index("record_by_archive_no", record.c.archive_no)
Index("record_by_notice_no", record.c.notice_no)

# What the input of a record said, and what the record said since: the same row again finds its number.
said = Table(
    "said",
    metadata,
    Column("fingerprint", String, primary_key=True),  # model/audit.py
    Column("record_no", ForeignKey("record.record_no"), primary_key=True, index=True),
)

# Where the row of a record was last seen.
origin = Table(
    "origin",
    metadata,
    Column("record_no", ForeignKey("record.record_no"), primary_key=True),
    Column("book", String, nullable=False, index=True),  # the file's name without its ending
    Column("sheet", String, nullable=False),
    Column("row", Integer, nullable=False),
)

signature = Table(
    "signature",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_no", ForeignKey("record.record_no"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("by", String, nullable=False),
    Column("on", String, nullable=False),
    Column("evidence", String, nullable=False, default=""),
    Column("evidence_sha256", String, nullable=False, default=""),
    Column("recorded_at", String, nullable=False),
    Column("recorded_by", String, nullable=False),
    # The day a printed value was changed after the signing; empty while the signature counts.
    Column("lapsed", String, nullable=False, default=""),
)

# What a record said when it was last returned, until its review is done.
returned = Table(
    "returned",
    metadata,
    Column("record_no", ForeignKey("record.record_no"), primary_key=True),
    Column("values", JSON, nullable=False),
)

# What lies beside a record: scanned sheets with the text read off them, and papers that belong to it.
attached = Table(
    "attached",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_no", ForeignKey("record.record_no"), nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("name", String, nullable=False),
    Column("sha256", String, nullable=False, index=True),
    Column("pages", Integer, nullable=False),
    Column("print_id", String, nullable=False),
    Column("text", Text),  # NULL = not read off yet
    Column("added_at", String, nullable=False),
    Column("added_by", String, nullable=False),
    CheckConstraint("kind IN ('sheet', 'file')"),
    UniqueConstraint("record_no", "kind", "sha256"),
)

# What was changed after filing; the object has the version before it.
correction = Table(
    "correction",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("record_no", ForeignKey("record.record_no"), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("at", String, nullable=False),
    Column("account", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("changes", JSON, nullable=False),
)

# A print is a paper with a code: its subject (record, or form and month) and the values it shows.
printed = Table(
    "print",
    metadata,
    Column("subject", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("snapshot", JSON, nullable=False),
    Column("template_sha256", String, nullable=False),
    Column("pages", Integer, nullable=False),  # with the code on them, 0 = not known: printed from Word
    Column("printed_at", String, nullable=False),
    Column("printed_by", String, nullable=False),
)

item = Table(
    "item",
    metadata,
    Column("archive_no", String, primary_key=True),
    Column("form_code", String, nullable=False),
    Column("record_year", Integer, nullable=False),
    Column("month", String, nullable=False, default=""),  # registers: YYYY-MM, else empty
    Column("object_id", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),  # 0 = number reserved, object not there yet
    Column("document_no", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("creator", String, nullable=False),
    Column("secrecy_level", String, nullable=False),
    Column("date_from", String, nullable=False),
    Column("date_to", String, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("sha256", String, nullable=False),  # of form.pdf
    Column("filed_at", String, nullable=False),
    Column("filed_by", String, nullable=False),
    UniqueConstraint("form_code", "month", "archive_no"),
)
# What waits to be bound is counted in it alone: with each 今日 after a change.
Index("item_by_year", item.c.record_year, item.c.form_code, item.c.archive_no, item.c.version)

volume = Table(
    "volume",
    metadata,
    Column("volume_code", String, primary_key=True),
    Column("form_code", String, nullable=False),
    Column("year", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("supplement", Boolean, nullable=False),  # of items filed or changed after the year was compiled
    Column("items", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("secrecy_level", String, nullable=False),
    Column("object_id", String, nullable=False, unique=True),
    Column("version", Integer, nullable=False),  # 0 = code reserved, object not there yet
    Column("sha256", String, nullable=False),
    Column("compiled_at", String, nullable=False),
    Column("compiled_by", String, nullable=False),
)

volume_item = Table(
    "volume_item",
    metadata,
    Column("archive_no", ForeignKey("item.archive_no"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("volume_code", ForeignKey("volume.volume_code"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("page_from", Integer, nullable=False),
    Column("page_to", Integer, nullable=False),
    Column("sha256", String, nullable=False),
    UniqueConstraint("volume_code", "position"),
)

# A step that makes files, written down before it begins; finished or undone from here after a crash.
intent = Table(
    "intent",
    metadata,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("account", String, nullable=False),
    Column("created_at", String, nullable=False),
    Column("audit_head", String, nullable=False),
    Column("state", String, nullable=False),
    CheckConstraint("state IN ('open', 'done', 'undone')"),
)
Index("intent_open", intent.c.state)

# What a living process holds: a step under way, or work only one does at a time. The row goes when it is let go of.
lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("owner", String, nullable=False, index=True),  # one start of a program, never used again
    Column("machine", String, nullable=False),  # where the process can be looked for
    Column("process", String, nullable=False),  # its number there and when it began
    Column("beat", Integer, nullable=False),  # counts up while the owner lives
    Column("beat_at", String, nullable=False),  # by the owner's clock, UTC
    Column("taken_at", String, nullable=False),
)

# What someone types at the desk before it is a record, kept as it was typed; `record_no` when it goes on with one.
desk_draft = Table(
    "desk_draft",
    metadata,
    Column("key", String, primary_key=True),
    Column("account", ForeignKey("account.name"), nullable=False, index=True),
    Column("form_code", String, nullable=False),
    Column("record_no", String, nullable=False),
    Column("values", JSON, nullable=False),
    Column("revision", Integer, nullable=False),  # counts the savings: a second tab meets the first
    Column("saved_at", String, nullable=False),
    # What the record said when a draft began to go on with it, as typed: what others change meanwhile is told by it.
    Column("base", JSON, nullable=False, server_default="{}"),
)

# Wrong passwords by account and by where they came from, and whence the right one came before.
login_try = Table(
    "login_try",
    metadata,
    Column("account", ForeignKey("account.name"), primary_key=True),
    Column("origin", String, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("locked_until", String, nullable=False),
    Column("succeeded_at", String, nullable=False),
    Column("tried_at", String, nullable=False),
)

# What a small request made, by the request's own word, so that the same request again makes nothing twice.
answered = Table(
    "answered",
    metadata,
    Column("account", ForeignKey("account.name"), primary_key=True),
    Column("word", String, primary_key=True),
    Column("made", String, nullable=False),
    Column("at", String, nullable=False),
)

# A search someone asks again and again, by the name he gave it.
saved_search = Table(
    "saved_search",
    metadata,
    Column("account", ForeignKey("account.name"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("criteria", JSON, nullable=False),  # what of services/finding/search.Criteria is not empty
    Column("sort", String, nullable=False),
    Column("saved_at", String, nullable=False),
)

# Long work asked for at the desk, in the order it was asked for; `key` is the request's own word.
job = Table(
    "job",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("key", String, nullable=False, unique=True),
    Column("kind", String, nullable=False),
    Column("account", ForeignKey("account.name"), nullable=False),
    Column("origin", String, nullable=False),
    Column("arguments", JSON, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("asked_at", String, nullable=False),
    Column("began_at", String, nullable=False),
    Column("ended_at", String, nullable=False),
    Column("done", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    Column("stop", Boolean, nullable=False),
    Column("told", String, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("worker", String, nullable=False, server_default=""),
    Column("part_of", String, nullable=False, server_default=""),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True),
    Column("at", String, nullable=False),
    Column("account", String, nullable=False),
    Column("action", String, nullable=False),
    Column("object", String, nullable=False, index=True),
    Column("outcome", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("prev", String, nullable=False),
    Column("hash", String, nullable=False),
)

# A stretch of the log filed as an object, so that a later change of the register shows.
audit_segment = Table(
    "audit_segment",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("first_seq", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("head", String, nullable=False),
    Column("object_id", String, nullable=False, unique=True),
    Column("closed_at", String, nullable=False),
    Column("closed_by", String, nullable=False),
)

# Controlled copies: who asked for copies of which item, who decided, and the numbered copies.
copy_request = Table(
    "copy_request",
    metadata,
    Column("request_no", String, primary_key=True),
    Column("archive_no", String, nullable=False, index=True),
    Column("document_no", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("due", String, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("requested_by", String, nullable=False),
    Column("requested_at", String, nullable=False),
    Column("may_print", Boolean, nullable=False),
    Column("may_extract", Boolean, nullable=False),
    Column("decided_by", String, nullable=False),
    Column("decided_at", String, nullable=False),
    Column("reason", Text, nullable=False),
)

copy = Table(
    "copy",
    metadata,
    Column("copy_no", String, primary_key=True),
    Column("request_no", ForeignKey("copy_request.request_no"), nullable=False, index=True),
    # Empty: the number is reserved, the copy is not out.
    Column("issued_at", String, nullable=False, default=""),
    Column("issued_by", String, nullable=False, default=""),
    Column("sha256", String, nullable=False, default=""),
    Column("returned_on", String, nullable=False, default=""),
    Column("returned_by", String, nullable=False, default=""),
)
