"""Jobs are done by whoever takes them: by which worker, the how-manieth time, and of which job they are a part."""

import sqlalchemy as sa
from alembic import op

from qrecords.stores.register.tables import Integer

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; jobs there were done by the desk, whole."""
    op.add_column("job", sa.Column("tries", Integer, nullable=False, server_default="0"))
    op.add_column("job", sa.Column("worker", sa.String(), nullable=False, server_default=""))
    op.add_column("job", sa.Column("part_of", sa.String(), nullable=False, server_default=""))
