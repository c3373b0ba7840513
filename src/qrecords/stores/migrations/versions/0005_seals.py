"""From here on the log seals the rows that decide who may do what; those that are there are sealed as they are."""

from alembic import op

from qrecords.stores.register.audit import seal_what_is_there

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Append the event that seals what is there; nothing to a new register."""
    seal_what_is_there(op.get_bind())
