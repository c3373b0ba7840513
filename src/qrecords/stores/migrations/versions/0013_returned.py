"""What a record said when it was returned is kept until it is reviewed."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; of records returned before nothing is known."""
    op.create_table(
        "returned",
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["record_no"], ["record.record_no"]),
        sa.PrimaryKeyConstraint("record_no"),
    )
