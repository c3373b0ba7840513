"""A draft that goes on with a record keeps what it said when the draft began: what others change is not overwritten."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column; drafts there began with nothing known."""
    op.add_column("desk_draft", sa.Column("base", sa.JSON(), nullable=False, server_default="{}"))
