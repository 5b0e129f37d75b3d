"""Which grid a point lies in, how far its border is, and which grid is nearest to a point outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Positions = NDArray[np.int64]

#: The kind of grid that wins a lookup over the grid it lies in (a campus, a hospital).
DEDICATED = "dedicated"


class LookupIndex:
    """Answer which grid a point lies in, for many points at once.

    A point belongs to one grid only. Where several hold it — on a border, on a corner — the one with the smallest
    code owns it, whatever the order of the grids; a dedicated grid goes before the grid around it. The
    outer border belongs to the grid inside.

    Parameters
    ----------
    grids
        Frame of areas; the column `code` (else the index) settles who owns a border. Coordinates given
        to the methods are in the frame's CRS.

    Examples
    --------
    >>> import geopandas as gpd
    >>> cells = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> index = LookupIndex(gpd.GeoDataFrame({"code": ["b", "a"]}, geometry=cells, crs=32650))
    >>> index.locate([0.5, 1.0, 5.0], [0.5, 0.5, 0.5]).tolist()
    [0, 1, -1]
    >>> index.border_distance([0.9], [0.5]).round(3).tolist()
    [0.1]
    """

    def __init__(self, grids: gpd.GeoDataFrame) -> None:
        self.grids = grids
        shapes = grids.geometry.to_numpy()
        codes = grids["code"] if "code" in grids else grids.index.to_series()
        dedicated = grids["kind"] == DEDICATED if "kind" in grids else pd.Series(False, index=grids.index)
        order = np.lexsort((codes.astype(str).to_numpy(dtype=str), ~dedicated.to_numpy(dtype=bool)))
        self._position: Positions = order.astype(np.int64)
        self._areas = shapely.STRtree(shapes[order])
        self._borders = shapely.STRtree(shapely.boundary(shapes[order]))
        shapely.prepare(self._areas.geometries)

    def locate(self, x: ArrayLike, y: ArrayLike) -> Positions:
        """Return the position of the owning grid for each point, -1 outside every grid.

        Raises
        ------
        InputError
            If a coordinate is missing or not finite, or the arrays differ in length.
        """
        points = _points(x, y)
        pairs = self._areas.query(points, predicate="intersects")
        rank = np.full(len(points), len(self._position), dtype=np.int64)
        np.minimum.at(rank, pairs[0], pairs[1])
        return np.append(self._position, -1)[rank]

    def border_distance(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return the distance in metres from each point to the nearest border of any grid, inside or outside."""
        points = _points(x, y)
        (which, _), distance = self._borders.query_nearest(points, all_matches=False, return_distance=True)
        result: Floats = np.full(len(points), np.nan)
        result[which] = distance
        return result

    def within(self, x: float, y: float, radius_m: float) -> list[tuple[int, float]]:
        """List positions and distances of the grids within a radius of one point, the owner first, then the nearest."""
        (point,) = _points([x], [y])
        near = self._areas.query(point, predicate="dwithin", distance=radius_m)
        distance = shapely.distance(point, self._areas.geometries[near])
        order = np.lexsort((near, distance))
        return [(int(self._position[near[n]]), float(distance[n])) for n in order]

    def nearest(self, x: ArrayLike, y: ArrayLike) -> tuple[Positions, Floats]:
        """Return the position of the nearest grid for each point and its distance in metres, 0 inside."""
        points = _points(x, y)
        (which, near), distance = self._areas.query_nearest(points, return_distance=True)
        rank = np.full(len(points), len(self._position), dtype=np.int64)
        np.minimum.at(rank, which, near)
        metres: Floats = np.full(len(points), np.nan)
        metres[which] = distance
        return np.append(self._position, -1)[rank], metres


def _points(x: ArrayLike, y: ArrayLike) -> NDArray[Any]:
    east, north = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
    if east.shape != north.shape or east.ndim != 1:
        raise InputError(Fault(f"{east.shape} x stand against {north.shape} y", remedy="pass two lists of one length"))
    bad = ~(np.isfinite(east) & np.isfinite(north))
    if bad.any():
        remedy = "leave such points out"
        rows = np.flatnonzero(bad)
        raise InputError(
            Fault("the coordinates are missing or not finite", row=int(row) + 1, remedy=remedy) for row in rows
        )
    return np.asarray(shapely.points(east, north))
