"""What a store of each revision looked like, as SQL text: `python tests/dumps.py` writes that of the newest one.

A released revision's dump is never written again: later revisions are tried on it. It holds INSERT statements only,
for the tables themselves are made by the migrations up to that revision.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from gis_grid.store import Store, open_store
from gis_grid.store.models import Base
from gis_grid.store.setup import init, newest

FOLDER = Path(__file__).parent / "store" / "dumps"


def dump_file(revision: str, dialect: str) -> Path:
    return FOLDER / f"{revision}.{dialect}.sql"


def dumped(store: Store) -> str:
    """Return the rows of all tables as INSERT statements that the same database takes."""
    with store.reading() as session:
        connection = session.connection()
        return "".join(
            f"{line}\n" for table in Base.metadata.sorted_tables for line in _inserts(connection, table.name)
        )


def load(store: Store, revision: str) -> None:
    """Make a store of a revision, with the rows of its dump."""
    init(store, revision=revision)
    with store.writing() as session:
        connection = session.connection().connection.driver_connection
        for line in dump_file(revision, store.dialect).read_text(encoding="utf-8").splitlines():
            connection.execute(line)


def _inserts(connection: Connection, table: str) -> list[str]:
    lines = []
    for row in connection.execute(text(_query(connection, table))).mappings():
        values = ", ".join(map(_literal, row.values()))
        lines.append(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({values});")
    return lines


def _query(connection: Connection, table: str) -> str:
    if connection.dialect.name == "sqlite":
        return f"SELECT * FROM {table} ORDER BY rowid"
    columns = connection.execute(
        text("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :t ORDER BY 1"),
        {"t": table},
    )
    numbers = ("integer", "double precision", "bigint", "boolean")
    wanted = [name if kind in numbers else f"{name}::text AS {name}" for name, kind in columns]
    return f"SELECT {', '.join(wanted)} FROM {table} ORDER BY ctid"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        return repr(value)
    return "'" + str(value).replace("'", "''") + "'"


def write(store: Store) -> Path:
    from rows import fill

    init(store)
    with store.writing() as session:
        fill(session)
    path = dump_file(newest(), store.dialect)
    path.parent.mkdir(exist_ok=True)
    path.write_text(dumped(store), encoding="utf-8")
    return path


if __name__ == "__main__":
    for address in sys.argv[1:] or ["sqlite://"]:
        with open_store(address) as opened:
            sys.stdout.write(f"{write(opened)}\n")
