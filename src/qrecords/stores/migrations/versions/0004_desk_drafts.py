"""What is typed at the desk is kept before it is a record."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.tables import Integer

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table of drafts."""
    op.create_table(
        "desk_draft",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("form_code", sa.String(), nullable=False),
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("revision", Integer, nullable=False),
        sa.Column("saved_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_desk_draft_account"), "desk_draft", ["account"], unique=False)
