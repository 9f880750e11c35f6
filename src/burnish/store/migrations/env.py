"""How Alembic runs the scripts in `versions`: in the transaction that `store/migration.py` hands it."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], render_as_batch=True)
context.run_migrations()
