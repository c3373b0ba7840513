"""The first register."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.dialects import guard_log
from qrecords.stores.register.tables import Integer

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables, and guard the log."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("clearance", Integer, nullable=False),
        sa.Column("expires_on", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("password_set_at", sa.String(), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("failures", Integer, nullable=False),
        sa.Column("locked_until", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("display_name"),
        sa.UniqueConstraint("uid"),
    )
    op.create_table(
        "role_grant",
        sa.Column("id", Integer, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("branch", sa.String(), nullable=False),
        sa.Column("since", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("granted_by", sa.String(), nullable=False),
        sa.Column("granted_at", sa.String(), nullable=False),
        sa.Column("revoked_by", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.name"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_role_grant_account"), "role_grant", ["account"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("expires_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"],
            ["account.name"],
        ),
        sa.PrimaryKeyConstraint("token_sha256"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", Integer, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("prev", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index(op.f("ix_audit_object"), "audit", ["object"], unique=False)
    op.create_table(
        "audit_segment",
        sa.Column("number", Integer, nullable=False),
        sa.Column("first_seq", Integer, nullable=False),
        sa.Column("last_seq", Integer, nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("closed_at", sa.String(), nullable=False),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("object_id"),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("last", Integer, nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "intent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("audit_head", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'done', 'undone')"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("intent_open", "intent", ["state"], unique=False)
    op.create_table(
        "item",
        sa.Column("archive_no", sa.String(), nullable=False),
        sa.Column("form_code", sa.String(), nullable=False),
        sa.Column("record_year", Integer, nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("version", Integer, nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("creator", sa.String(), nullable=False),
        sa.Column("secrecy_level", sa.String(), nullable=False),
        sa.Column("date_from", sa.String(), nullable=False),
        sa.Column("date_to", sa.String(), nullable=False),
        sa.Column("pages", Integer, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("filed_at", sa.String(), nullable=False),
        sa.Column("filed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("archive_no"),
        sa.UniqueConstraint("form_code", "month", "archive_no"),
        sa.UniqueConstraint("object_id"),
    )
    op.create_index("item_by_year", "item", ["record_year", "form_code"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "print",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("number", Integer, nullable=False),
        sa.Column("snapshot", sa.JSON(), nullable=False),
        sa.Column("template_sha256", sa.String(), nullable=False),
        sa.Column("pages", Integer, nullable=False),
        sa.Column("printed_at", sa.String(), nullable=False),
        sa.Column("printed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "number"),
    )
    op.create_table(
        "record",
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("form_code", sa.String(), nullable=False),
        sa.Column("year", Integer, nullable=False),
        sa.Column("number", Integer, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("date", sa.String(), nullable=False),
        sa.Column("customer_unit", sa.Text(), nullable=False),
        sa.Column("notice_no", sa.String(), nullable=False),
        sa.Column("created_at", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("reviewed_on", sa.String(), nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        sa.Column("archive_no", sa.String(), nullable=False),
        sa.Column("record_year", Integer, nullable=True),
        sa.Column("volume_code", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paper_no", sa.Text(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=True),
        sa.Column("seq", Integer, nullable=False),
        sa.PrimaryKeyConstraint("record_no"),
        sa.UniqueConstraint("form_code", "year", "number"),
        sa.UniqueConstraint("source_key"),
    )
    op.create_index("record_by_archive_no", "record", ["archive_no"], unique=False)
    op.create_index("record_by_form_state", "record", ["form_code", "state"], unique=False)
    op.create_index("record_by_notice_no", "record", ["notice_no"], unique=False)
    op.create_index("record_by_seq", "record", ["seq"], unique=False)
    op.create_table(
        "volume",
        sa.Column("volume_code", sa.String(), nullable=False),
        sa.Column("form_code", sa.String(), nullable=False),
        sa.Column("year", Integer, nullable=False),
        sa.Column("number", Integer, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("supplement", sa.Boolean(), nullable=False),
        sa.Column("items", Integer, nullable=False),
        sa.Column("pages", Integer, nullable=False),
        sa.Column("secrecy_level", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("version", Integer, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("compiled_at", sa.String(), nullable=False),
        sa.Column("compiled_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("volume_code"),
        sa.UniqueConstraint("object_id"),
    )
    op.create_table(
        "correction",
        sa.Column("id", Integer, nullable=False),
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("version", Integer, nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["record_no"], ["record.record_no"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_correction_record_no", "correction", ["record_no"], unique=False)
    op.create_table(
        "signature",
        sa.Column("id", Integer, nullable=False),
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("on", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("evidence_sha256", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.String(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("lapsed", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_no"],
            ["record.record_no"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_signature_record_no"), "signature", ["record_no"], unique=False)
    op.create_table(
        "attached",
        sa.Column("id", Integer, nullable=False),
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("pages", Integer, nullable=False),
        sa.Column("print_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("added_at", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.CheckConstraint("kind IN ('sheet', 'file')"),
        sa.ForeignKeyConstraint(
            ["record_no"],
            ["record.record_no"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_no", "kind", "sha256"),
    )
    op.create_index(op.f("ix_attached_record_no"), "attached", ["record_no"], unique=False)
    op.create_index(op.f("ix_attached_sha256"), "attached", ["sha256"], unique=False)
    op.create_table(
        "volume_item",
        sa.Column("archive_no", sa.String(), nullable=False),
        sa.Column("version", Integer, nullable=False),
        sa.Column("volume_code", sa.String(), nullable=False),
        sa.Column("position", Integer, nullable=False),
        sa.Column("page_from", Integer, nullable=False),
        sa.Column("page_to", Integer, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["archive_no"],
            ["item.archive_no"],
        ),
        sa.ForeignKeyConstraint(
            ["volume_code"],
            ["volume.volume_code"],
        ),
        sa.PrimaryKeyConstraint("archive_no", "version"),
        sa.UniqueConstraint("volume_code", "position"),
    )
    op.create_index(op.f("ix_volume_item_volume_code"), "volume_item", ["volume_code"], unique=False)
    op.create_table(
        "hold",
        sa.Column("id", Integer, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_at", sa.String(), nullable=False),
        sa.Column("placed_by", sa.String(), nullable=False),
        sa.Column("released_at", sa.String(), nullable=False),
        sa.Column("released_by", sa.String(), nullable=False),
        sa.Column("release_reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "extension",
        sa.Column("id", Integer, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_extension_code"), "extension", ["code"], unique=False)
    op.create_table(
        "disposition",
        sa.Column("list_no", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("version", Integer, nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("drawn_at", sa.String(), nullable=False),
        sa.Column("drawn_by", sa.String(), nullable=False),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("list_no"),
        sa.UniqueConstraint("object_id"),
    )
    op.create_table(
        "disposition_unit",
        sa.Column("list_no", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_no"],
            ["disposition.list_no"],
        ),
        sa.PrimaryKeyConstraint("list_no", "code"),
    )
    op.create_index("disposition_unit_by_code", "disposition_unit", ["code"], unique=False)
    op.create_table(
        "tombstone",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("object_id", sa.String(), nullable=False),
        sa.Column("list_no", sa.String(), nullable=False),
        sa.Column("destroyed_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_no"],
            ["disposition.list_no"],
        ),
        sa.PrimaryKeyConstraint("code"),
        sa.UniqueConstraint("object_id"),
    )
    op.create_index(op.f("ix_tombstone_list_no"), "tombstone", ["list_no"], unique=False)
    op.create_table(
        "copy_request",
        sa.Column("request_no", sa.String(), nullable=False),
        sa.Column("archive_no", sa.String(), nullable=False),
        sa.Column("document_no", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("count", Integer, nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.String(), nullable=False),
        sa.Column("may_print", sa.Boolean(), nullable=False),
        sa.Column("may_extract", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=False),
        sa.Column("decided_at", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_no"),
    )
    op.create_index(op.f("ix_copy_request_archive_no"), "copy_request", ["archive_no"], unique=False)
    op.create_table(
        "copy",
        sa.Column("copy_no", sa.String(), nullable=False),
        sa.Column("request_no", sa.String(), nullable=False),
        sa.Column("issued_at", sa.String(), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("returned_on", sa.String(), nullable=False),
        sa.Column("returned_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["request_no"], ["copy_request.request_no"]),
        sa.PrimaryKeyConstraint("copy_no"),
    )
    op.create_index(op.f("ix_copy_request_no"), "copy", ["request_no"], unique=False)
    guard_log(op.get_bind())
