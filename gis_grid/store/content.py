"""All rows of a store: copied from one database to another, counted, and summed so that damage shows."""

from __future__ import annotations

import hashlib
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, inspect, select, text

from gis_grid.store.models import Base

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Connection, Table

    from gis_grid.store.db import Store

#: rows that are handed over at a time
BATCH = 2_000


def copy_rows(source: Connection, target: Connection, *, watch: Callable[[float], None]) -> int:
    """Copy every row of every table into the empty tables of another database, and return how many there were.

    Rows keep their ids, and what counts ids up goes on after them.
    """
    tables = Base.metadata.sorted_tables
    total = sum(_count(source, table) for table in tables)
    done = 0
    for table in tables:
        rows = source.execute(select(table).execution_options(yield_per=BATCH)).mappings()
        for batch in _batches(_parents_first(table, (dict(row) for row in rows))):
            target.execute(insert(table), batch)
            done += len(batch)
            watch(done / max(total, 1))
        count_on(target, table)
    return done


def count_on(connection: Connection, table: Table) -> None:
    """Let PostgreSQL number the next rows of a table after those that came with their numbers; SQLite does anyway."""
    column = table.autoincrement_column
    if connection.dialect.name != "postgresql" or column is None:
        return
    last = connection.execute(select(func.max(column))).scalar_one()
    if last is not None:
        words = {"table": table.name, "column": column.name, "last": last}
        connection.execute(text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), words)


def has_rows(connection: Connection) -> bool:
    """Say whether any table of a store holds anything."""
    return any(connection.execute(select(1).select_from(table).limit(1)).first() for table in _there(connection))


def rows_in(store: Store) -> int:
    """Count the rows of all tables of a store, which may be of an earlier revision and lack the latest."""
    with store.reading() as session:
        connection = session.connection()
        return sum(_count(connection, table) for table in _there(connection))


def _there(connection: Connection) -> list[Table]:
    there = set(inspect(connection).get_table_names())
    return [table for table in Base.metadata.sorted_tables if table.name in there]


def add_sums(file: sqlite3.Connection, notes: Mapping[str, str]) -> int:
    """Write the rows and checksum of each table of a backup into it, with notes; return the rows of all."""
    for table in ("backup_sums", "backup_notes"):  # of a backup that was used as a store
        file.execute(f"DROP TABLE IF EXISTS {table}")
    sums = list(raw_sums(file))
    file.execute("CREATE TABLE backup_sums (name TEXT PRIMARY KEY, rows INTEGER NOT NULL, sha256 TEXT NOT NULL)")
    file.execute("CREATE TABLE backup_notes (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    file.executemany("INSERT INTO backup_sums VALUES (?, ?, ?)", sums)
    file.executemany("INSERT INTO backup_notes VALUES (?, ?)", notes.items())
    file.commit()
    return sum(count for name, count, _ in sums if name != "alembic_version")


def wrong_sums(file: sqlite3.Connection) -> list[str]:
    """Return the tables of a backup that are not what its checksums say."""
    kept = {name: (rows, digest) for name, rows, digest in file.execute("SELECT * FROM backup_sums")}
    found = {name: (rows, digest) for name, rows, digest in raw_sums(file)}
    return sorted(name for name in kept.keys() | found.keys() if kept.get(name) != found.get(name))


def raw_sums(file: sqlite3.Connection) -> Iterator[tuple[str, int, str]]:
    """Yield name, rows and SHA-256 of every table of a SQLite store, whatever its revision.

    Indexes are not summed: the R*Trees follow from the tables.
    """
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    names = [name for (name,) in file.execute(query)]
    for name in names:
        if name.startswith(("sqlite_", "backup_")) or "_box" in name:
            continue
        digest, count = hashlib.sha256(), 0
        for row in file.execute(f'SELECT * FROM "{name}" ORDER BY rowid'):  # noqa: S608 - a name from the file itself
            for value in row:
                content = value if isinstance(value, bytes) else repr(value).encode()
                digest.update(b"%d:" % len(content) + content)
            count += 1
        yield name, count, digest.hexdigest()


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _parents_first(table: Table, rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    """Put rows that others of the same table refer to before these."""
    own = [column.name for column in table.columns for key in column.foreign_keys if key.column.table is table]
    if not own:
        return rows
    (key,) = (column.name for column in table.primary_key)
    waiting, ordered, placed = list(rows), [], {None}
    while waiting:
        ready = [row for row in waiting if all(row[name] in placed for name in own)]
        placed.update(row[key] for row in ready)
        ordered += ready
        waiting = [row for row in waiting if row[key] not in placed] if ready else []
    return ordered
