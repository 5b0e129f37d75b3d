"""Open a store: one SQLite file, or a PostgreSQL database with PostGIS; transactions that hold what they promise."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.orm import Session

from gis_grid.errors import Fault, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from sqlite3 import Connection as SqliteConnection

    from sqlalchemy import URL, Connection, Engine

#: where the store is if nobody says: a file in the folder one stands in
DEFAULT = "gis-grid.sqlite"
VARIABLE = "GIS_GRID_STORE"
#: how long a writer waits for another one, in milliseconds
PATIENCE_MS = 30_000


@dataclass(frozen=True)
class Store:
    """Hold an open store; `reading` and `writing` give sessions, each one transaction.

    >>> with open_store("sqlite://") as store:
    ...     store.dialect
    'sqlite'
    """

    engine: Engine

    @property
    def dialect(self) -> str:
        """The kind of database: `sqlite` or `postgresql`."""
        return self.engine.dialect.name

    @property
    def file(self) -> Path | None:
        """The SQLite file, if the store is one."""
        name = self.engine.url.database
        return Path(name) if self.dialect == "sqlite" and name and name != ":memory:" else None

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session that sees the store as it was at its first query, whatever others write meanwhile."""
        bind: Engine = self.engine
        if self.dialect == "postgresql":
            bind = bind.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with _told(self), Session(bind, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Give a session whose changes are kept together at the end, or not at all if anything is raised.

        SQLite lets one writer in at a time, from the beginning of its transaction; in PostgreSQL the functions that
        change something lock the row that stands for it.
        """
        bind = self.engine.execution_options(writing=True)
        with _told(self), Session(bind, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def changing_tables(self) -> Iterator[Connection]:
        """Give a connection whose changes to the tables themselves are kept together, or not at all."""
        with _told(self), self.engine.execution_options(writing=True).begin() as connection:
            if self.dialect == "postgresql":  # two services may start at the same moment
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7106142)")
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_store(place: str | Path | None = None) -> Store:
    """Open the store at a place: a file, or an address such as ``postgresql://host/name``.

    Without a place the variable GIS_GRID_STORE says where, else it is the file ``gis-grid.sqlite`` here. Nothing is
    created in it: `gis_grid.store.setup.init` does that.

    Raises
    ------
    StoreError
        If the address cannot be understood, or names a database other than SQLite and PostgreSQL.

    Examples
    --------
    >>> open_store("mysql://localhost/x")
    Traceback (most recent call last):
    gis_grid.errors.StoreError: mysql://localhost/x: a store is SQLite or PostgreSQL → name a file, or postgresql://…
    """
    url = _url(str(place or os.environ.get(VARIABLE) or DEFAULT))
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": PATIENCE_MS / 1000})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        engine = create_engine(url, pool_pre_ping=True)
    return Store(engine)


def _url(place: str) -> URL:
    remedy = "name a file, or postgresql://…"
    if "://" not in place:
        return make_url("sqlite://").set(database=str(Path(place).expanduser()))
    try:
        url = make_url(place)
    except ArgumentError as caught:
        raise StoreError(Fault("this is no address of a database", place, remedy=remedy)) from caught
    kind = url.get_backend_name()
    if kind not in ("sqlite", "postgresql", "postgres"):
        shown = url.render_as_string(hide_password=True)
        raise StoreError(Fault("a store is SQLite or PostgreSQL", shown, remedy=remedy))
    return url if kind == "sqlite" else url.set(drivername="postgresql+psycopg")


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    """Let readers go on beside a writer, flush what was acknowledged to the disk, and begin transactions ourselves."""
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "trusted_schema = ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")


def _begin_sqlite(connection: Connection) -> None:
    writing: Any = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


@contextmanager
def _told(store: Store) -> Iterator[None]:
    """Say where the store is when it cannot be reached or used."""
    try:
        yield
    except (OperationalError, NoSuchModuleError) as caught:
        raise StoreError(_reason(store, caught)) from caught
    except DBAPIError as caught:
        if "no such table" in str(caught.orig) or "UndefinedTable" in type(caught.orig).__name__:
            raise StoreError(_reason(store, caught)) from caught
        raise


def _reason(store: Store, caught: Exception) -> Fault:
    place = store.engine.url.render_as_string(hide_password=True)
    cause = str(getattr(caught, "orig", caught)).strip().splitlines()[0]
    if "no such table" in cause or "does not exist" in cause:
        return Fault("this is no store yet", place, remedy="make it one with: gis-grid init")
    return Fault(f"the store cannot be used ({cause})", place, remedy="see that it is there, open to you, and not full")
