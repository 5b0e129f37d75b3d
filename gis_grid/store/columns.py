"""Column types that one model needs on two databases: shapes, moments, JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import shapely
from sqlalchemy import JSON, DateTime, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.types import UserDefinedType

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely.geometry.base import BaseGeometry
    from sqlalchemy.engine import Dialect

#: JSON as the database indexes it best.
Document = JSON().with_variant(JSONB(), "postgresql")


class Shape(UserDefinedType["BaseGeometry"]):
    """Hold a shapely geometry: PostGIS `geometry(kind, srid)` in PostgreSQL, well-known binary in SQLite.

    GeoAlchemy2's `Geometry` wants SpatiaLite where the database is SQLite, and many builds of Python cannot load it; so
    the type writes its own column for each database. In PostgreSQL the column is one that GeoAlchemy2's functions and
    QGIS know.
    """

    cache_ok = True

    def __init__(self, kind: str = "GEOMETRY", srid: int = 4326) -> None:
        self.kind = kind
        self.srid = srid

    def bind_processor(self, dialect: Dialect) -> Callable[[BaseGeometry | None], Any]:
        """Write a geometry as the database takes it."""
        if dialect.name == "postgresql":

            def as_ewkb(shape: BaseGeometry | None) -> str | None:
                if shape is None:
                    return None
                return str(shapely.to_wkb(shapely.set_srid(shape, self.srid), hex=True, include_srid=True))

            return as_ewkb
        return lambda shape: None if shape is None else shapely.to_wkb(shape)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], BaseGeometry | None]:  # noqa: ARG002
        """Read a geometry back."""
        return lambda raw: None if raw is None else shapely.from_wkb(raw)


@compiles(Shape)
def _anywhere(_shape: Shape, _compiler: object, **_: object) -> str:
    return "BLOB"


@compiles(Shape, "postgresql")
def _postgis(shape: Shape, _compiler: object, **_: object) -> str:
    return f"geometry({shape.kind},{shape.srid})"


class Moment(TypeDecorator[datetime]):
    """Hold a moment in UTC; a time without a zone is refused, for nobody could say later when it was."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn the moment to UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give the zone back that SQLite does not keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def now() -> datetime:
    """Return this moment in UTC."""
    return datetime.now(UTC)
