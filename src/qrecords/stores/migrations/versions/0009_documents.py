"""The office computes documents from its records."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.tables import Integer

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table of documents."""
    texts = ("form_code", "period", "branch", "title", "secrecy_level", "object_id", "sha256", "drawn_at", "drawn_by")
    op.create_table(
        "document",
        sa.Column("document_no", sa.String(), nullable=False),
        *(sa.Column(name, sa.Text() if name == "title" else sa.String(), nullable=False) for name in texts),
        sa.Column("version", Integer, nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("needs", "recipients", "progress")),
        sa.PrimaryKeyConstraint("document_no"),
        sa.UniqueConstraint("object_id"),
    )
