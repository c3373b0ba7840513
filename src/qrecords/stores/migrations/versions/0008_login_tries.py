"""Wrong passwords are counted by account and by where they come from: a stranger shuts out nobody but himself."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.tables import Integer

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table of tries; whoever is locked stays so until his time is over."""
    op.create_table(
        "login_try",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("failures", Integer, nullable=False),
        sa.Column("locked_until", sa.String(), nullable=False),
        sa.Column("succeeded_at", sa.String(), nullable=False),
        sa.Column("tried_at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("account", "origin"),
    )
