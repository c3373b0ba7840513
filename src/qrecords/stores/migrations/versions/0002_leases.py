"""Leases take the place of lock files: another machine sees what is under way."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.tables import Integer

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table of leases."""
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("machine", sa.String(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("beat", Integer, nullable=False),
        sa.Column("beat_at", sa.String(), nullable=False),
        sa.Column("taken_at", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index(op.f("ix_lease_owner"), "lease", ["owner"], unique=False)
