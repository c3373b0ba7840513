"""A document may be made for one office of military representatives, of what it looks after alone."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the column; documents there are their branch's whole, or the company's."""
    op.add_column("document", sa.Column("milrep", sa.String(), nullable=False, server_default=""))
