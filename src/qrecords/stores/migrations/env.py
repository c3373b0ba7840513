"""Runs the migrations on the connection the register hands over."""

from alembic import context

connection = context.config.attributes["connection"]
# The register opens the one transaction: all steps, or none.
context.configure(connection=connection, transactional_ddl=False)
with context.begin_transaction():
    context.run_migrations()
