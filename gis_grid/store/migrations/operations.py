"""What migrations are written in: columns in short, indexes on shapes, tables that are written once."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Shape


def columns(kind: Any, *names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    """Return columns of one type, in their order."""
    return [sa.Column(name, kind, nullable=nullable) for name in names]


def link(name: str, target: str, kind: Any = sa.Integer, *, nullable: bool = False, **more: Any) -> sa.Column[Any]:
    """Return a column that names a row of another table, such as ``areas.id``."""
    return sa.Column(name, kind, sa.ForeignKey(target), nullable=nullable, **more)


def boxed() -> list[sa.Column[Any]]:
    """Return the columns of a shape that is found by where it lies (`gis_grid.store.models.Boxed`)."""
    shape: sa.Column[Any] = sa.Column("geom", Shape("MULTIPOLYGON"), nullable=True)
    return [shape, *columns(sa.Double, "west", "south", "east", "north", nullable=True)]


def index_shapes(table: str) -> None:
    """Index the column `geom` of a table: GiST in PostgreSQL, in SQLite an R*Tree `<table>_box` that triggers keep."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index(f"ix_{table}_geom", table, ["geom"], postgresql_using="gist")
        return
    box = f"{table}_box"
    insert = (
        f"INSERT INTO {box} (id, west, east, south, north) "
        "SELECT NEW.id, NEW.west, NEW.east, NEW.south, NEW.north WHERE NEW.west IS NOT NULL;"
    )
    delete = f"DELETE FROM {box} WHERE id = OLD.id;"  # noqa: S608 - the name of a table of ours
    op.execute(f"CREATE VIRTUAL TABLE {box} USING rtree(id, west, east, south, north)")
    op.execute(f"CREATE TRIGGER {box}_insert AFTER INSERT ON {table} BEGIN {insert} END")
    op.execute(f"CREATE TRIGGER {box}_delete AFTER DELETE ON {table} BEGIN {delete} END")
    op.execute(
        f"CREATE TRIGGER {box}_update AFTER UPDATE OF id, west, south, east, north ON {table} "
        f"BEGIN {delete} {insert} END"
    )


def write_once(table: str) -> None:
    """Let the database refuse to alter or remove a row of a table."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_is_written_once() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'a row of {table} is never altered'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_written_once BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_written_once()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, 'a row of {table} is never altered'); END"
        )
