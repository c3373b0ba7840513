"""Small requests are known again by their own word; what waits to be bound is counted in an index alone."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of answers, and the index of items by year hold what counting asks for."""
    op.create_table(
        "answered",
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("word", sa.String(), nullable=False),
        sa.Column("made", sa.String(), nullable=False),
        sa.Column("at", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"]),
        sa.PrimaryKeyConstraint("account", "word"),
    )
    op.drop_index("item_by_year", "item")
    op.create_index("item_by_year", "item", ["record_year", "form_code", "archive_no", "version"], unique=False)
