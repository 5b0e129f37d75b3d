"""Find rows by where they lie, with the index on shapes of either database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoalchemy2 import functions as postgis
from sqlalchemy import Boolean, ColumnElement, and_, column, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

if TYPE_CHECKING:
    from gis_grid.store.models import Boxed

WGS84 = 4326


class _Indexed(FunctionElement[bool]):
    """Two ways to ask the same of an index; the database takes the one it understands."""

    name = "indexed"
    type = Boolean()
    inherit_cache = True


@compiles(_Indexed)
def _by_rtree(element: _Indexed, compiler: Any, **words: Any) -> str:
    rtree, _ = element.clauses
    return str(compiler.process(rtree, **words))


@compiles(_Indexed, "postgresql")
def _by_gist(element: _Indexed, compiler: Any, **words: Any) -> str:
    _, gist = element.clauses
    return str(compiler.process(gist, **words))


def within(boxed: type[Boxed], bbox: tuple[float, float, float, float]) -> ColumnElement[bool]:
    """Return the condition that a row's box meets a box (west, south, east, north, in degrees of WGS 84).

    Boxes that only touch do meet. Both databases answer the same: their indexes, which round, choose the rows to look
    at, and the four columns of the box decide.

    >>> from sqlalchemy import select
    >>> from gis_grid.store.models import Grid
    >>> print(select(Grid.code).where(within(Grid, (114.2, 30.5, 114.3, 30.6))))
    SELECT grids.code FROM grids
    WHERE grids.id IN (SELECT grids_box.id FROM grids_box WHERE grids_box.west <= :west_1 AND ...)
    AND grids.west <= :west_2 AND grids.east >= :east_2 AND ...
    """
    west, south, east, north = bbox
    entity: Any = boxed
    box = table(f"{entity.__tablename__}_box", *(column(part) for part in ("id", "west", "south", "east", "north")))
    rtree = entity.id.in_(
        select(box.c.id).where(box.c.west <= east, box.c.east >= west, box.c.south <= north, box.c.north >= south)
    )
    gist = entity.geom.op("&&", is_comparison=True)(postgis.ST_MakeEnvelope(west, south, east, north, WGS84))
    exact = (entity.west <= east, entity.east >= west, entity.south <= north, entity.north >= south)
    return and_(_Indexed(rtree, gist), *exact)
