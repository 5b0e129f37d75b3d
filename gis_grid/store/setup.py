"""Make a database a store, and bring an older store up to date: the migrations, run from here."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from gis_grid.errors import Fault, StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from gis_grid.store.db import Store

MIGRATIONS = Path(__file__).parent / "migrations"


def init(store: Store, *, revision: str = "head") -> str:
    """Create or upgrade the tables of a store, in one transaction, and return the revision they now have.

    What stands in the store stays. In PostgreSQL the extension PostGIS is created if it is missing, which only
    some roles may.

    Raises
    ------
    StoreError
        If the database cannot be reached, or a newer gis-grid has written it.

    Examples
    --------
    >>> from gis_grid.store import open_store
    >>> with open_store("sqlite://") as store:
    ...     init(store) == newest()
    True
    """
    if store.file is not None and not store.file.exists():
        with suppress(OSError):  # which the database says itself
            store.file.touch(mode=0o600)  # it holds hashes of tokens and work phones
    with store.changing_tables() as connection:
        return upgrade(connection, revision=revision)


def upgrade(connection: Connection, *, revision: str = "head") -> str:
    """Create or upgrade the tables within a transaction that somebody else keeps, as `init` does in one of its own."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        place = connection.engine.url.render_as_string(hide_password=True)
        raise StoreError(Fault(f"a newer gis-grid has written this store ({found})", place, remedy="upgrade gis-grid"))
    if connection.dialect.name == "postgresql":
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    return str(MigrationContext.configure(connection).get_current_revision())


def newest() -> str:
    """Return the revision that this gis-grid writes."""
    return str(ScriptDirectory(str(MIGRATIONS)).get_current_head())


def revision_of(store: Store) -> str | None:
    """Return the revision of a store, or None if it is none yet."""
    if store.file is not None and not store.file.exists():
        return None
    with store.reading() as session:
        connection = session.connection()
        return MigrationContext.configure(connection).get_current_revision()
