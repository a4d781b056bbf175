"""Alembic's environment: runs the migrations on the connection that `store.database` passes."""

from alembic import context

from studio.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
