"""One row or more in every table of the store, made from the tables themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import shapely
from sqlalchemy import CheckConstraint, Column, Connection, MetaData, Table, insert
from sqlalchemy.orm import Session

from gis_grid.store.columns import Moment, Shape
from gis_grid.store.content import count_on
from gis_grid.store.models import Base

AT = datetime(2026, 4, 1, 8, 30, 15, 123456, tzinfo=UTC)
SQUARE = shapely.multipolygons([shapely.box(114.2, 30.5, 114.3, 30.6)])
#: what a row says where a table takes only certain words or needs certain days
SAID: dict[tuple[str, str], Any] = {
    ("comments", "about"): (None, 1),
    ("areas", "level"): "district",
    ("areas", "path"): "/{n}/",
    ("areas", "timezone"): "Asia/Shanghai",
    ("areas", "parent_id"): (None, 1),
    ("area_predecessors", "area_id"): 2,
    ("plans", "based_on"): ("plans{other}", None),
    ("tokens", "role"): "planner",
}


def fill(session: Session) -> None:
    """Add two rows to every table, the second referring to the first where a table refers to itself."""
    fill_tables(session.connection(), Base.metadata)


def fill_tables(connection: Connection, metadata: MetaData) -> None:
    """Add two rows to every table that is described, those that are referred to before those that refer."""
    for table in metadata.sorted_tables:
        rows = [{column.name: _value(table, column, n) for column in table.columns} for n in (1, 2)]
        if table.name == "plans":  # whose first row is based on the second
            rows.reverse()
        for row in rows[: 1 if table.name == "area_predecessors" else 2]:
            connection.execute(insert(table), [row])
        count_on(connection, table)


def _value(table: Table, column: Column[Any], n: int) -> Any:
    said = SAID.get((table.name, column.name))
    if isinstance(said, tuple):
        said = said[n - 1]
        return said.format(other=3 - n) if isinstance(said, str) else said
    if said is not None:
        return said.format(n=n) if isinstance(said, str) else said
    words = _words(table, column)
    if words:
        return words[(n - 1) % len(words)]
    for key in column.foreign_keys:
        other = key.column.table
        if other is not table:
            return n if key.column.name == "id" and "INT" in str(key.column.type) else f"{_root(key.column)}{n}"
    return _plain(table, column, n)


def _root(column: Column[Any]) -> str:
    """Return the table that a text key comes from in the end."""
    for key in column.foreign_keys:
        return _root(key.column)
    return column.table.name


def _words(table: Table, column: Column[Any]) -> list[str]:
    """Return the words that a check allows in a column."""
    for check in table.constraints:
        if isinstance(check, CheckConstraint) and str(check.sqltext).startswith(f"{column.name} IN ("):
            return [word.strip(" '") for word in str(check.sqltext).partition("(")[2].rstrip(")").split(",")]
    return []


def _plain(table: Table, column: Column[Any], n: int) -> Any:
    kind = column.type
    if isinstance(kind, Shape):
        return SQUARE
    if isinstance(kind, Moment):
        return AT
    name = str(kind)
    if column.name == "valid_to" or (name.startswith("VARCHAR") and column.nullable):
        return None if n == 1 else date(2030, 1, 1) if column.name == "valid_to" else f"第{n}"
    if name.startswith("VARCHAR"):
        return f"{table.name}{n}" if column.primary_key else f"{column.name} 第{n}"
    if "JSON" in name:
        return {"名": [n, 1.5, None, "x"], "b": {"z": 1, "a": True}} if n == 1 else {}
    if name == "BOOLEAN":
        return n == 1
    values = {"INTEGER": n, "DATE": date(2026, 4, n), "DOUBLE": n + 1 / 3, "FLOAT": n + 1 / 3, "BLOB": bytes(range(n))}
    return values[name]
