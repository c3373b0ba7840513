"""A row is known by what it says: the fingerprints of what the records say, and where their rows stood."""

import json

import sqlalchemy as sa
from alembic import op

from qrecords.model.audit import fingerprint
from qrecords.stores.register.tables import Integer

revision = "0003"
down_revision = "0002"

GONE = ("void", "destroyed")


def upgrade() -> None:
    """Make the tables, and say of each record what it says now; where its row stood nobody wrote down."""
    op.create_table(
        "said",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("record_no", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["record_no"], ["record.record_no"]),
        sa.PrimaryKeyConstraint("fingerprint", "record_no"),
    )
    op.create_index(op.f("ix_said_record_no"), "said", ["record_no"], unique=False)
    op.create_table(
        "origin",
        sa.Column("record_no", sa.String(), nullable=False),
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("row", Integer, nullable=False),
        sa.ForeignKeyConstraint(["record_no"], ["record.record_no"]),
        sa.PrimaryKeyConstraint("record_no"),
    )
    op.create_index(op.f("ix_origin_book"), "origin", ["book"], unique=False)
    connection = op.get_bind()
    # By name, not by the program's tables: they may have gone on since.
    records = connection.execute(sa.text('SELECT record_no, form_code, state, "values" FROM record'))
    rows = [
        {"fingerprint": fingerprint(r.form_code, values), "record_no": r.record_no}
        for r in records
        if r.state not in GONE and (values := json.loads(r.values))
    ]
    if rows:
        connection.execute(sa.text("INSERT INTO said VALUES (:fingerprint, :record_no)"), rows)
