"""What Alembic runs for each upgrade; the connection comes from ``mien.log.migrating``."""

from alembic import context

from mien.log.schema import METADATA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table=VERSION_TABLE,
    render_as_batch=True,  # SQLite changes a table by copying it
)
context.run_migrations()
