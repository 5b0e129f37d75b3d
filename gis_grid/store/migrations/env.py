"""Run by Alembic; the connection is handed in by `gis_grid.store.setup`, which also keeps the transaction."""

from __future__ import annotations

from alembic import context

from gis_grid.store.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
context.run_migrations()
