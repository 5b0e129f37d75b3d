"""What every table shares: the names of constraints, the types of Python values, boxes around shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from shapely.geometry.base import BaseGeometry
from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from gis_grid.store.columns import Document, Moment, Shape


class Base(DeclarativeBase):
    """Stand under every table of the store."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: Moment, dict[str, Any]: Document, list[Any]: Document}


class Boxed:
    """Give a table a shape in WGS 84 that can be found by where it lies.

    In PostgreSQL the index is GiST on the geometry; in SQLite it is an R*Tree named `<table>_box`, kept by triggers
    from the four columns of the box: a trigger can read those, and cannot read the shape in a BLOB.
    """

    geom: Mapped[BaseGeometry | None] = mapped_column(Shape("MULTIPOLYGON"))
    west: Mapped[float | None]
    south: Mapped[float | None]
    east: Mapped[float | None]
    north: Mapped[float | None]
