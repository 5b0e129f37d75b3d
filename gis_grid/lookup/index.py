"""Which grid a point lies in, how far its border is, and which grid is nearest to a point outside."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
import shapely

from gis_grid.errors import Fault, InputError
from gis_grid.lookup import kernels
from gis_grid.lookup.raster import Raster, make_raster

if TYPE_CHECKING:
    import os

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Positions = NDArray[np.int64]

#: The kind of grid that wins a lookup over the grid it lies in (a campus, a hospital).
DEDICATED = "dedicated"
#: Stands at the beginning of a file of an index.
_MARK = 20_260_001.0


class LookupIndex:
    """Answer which grid a point lies in, one point or many at once.

    A point belongs to one grid only. Where several hold it — on a border, on a corner — the one with the smallest
    code owns it, whatever the order of the grids; a dedicated grid goes before the grid around it, and the inner
    one of two before the outer. The outer border belongs to the grid inside. What holds a point is decided exactly,
    without rounding; a point in a gap of up to a centimetre between two grids belongs to the nearer one.

    Nothing is projected: coordinates given to the methods are in the frame's CRS. Where that is geographic, distances
    are metres all the same, by the length of a degree at the point (to 0.02 % within a kilometre).

    The index never changes; threads may share it.

    Parameters
    ----------
    grids
        Frame of areas; the column `code` (else the index) settles who owns a border.
    raster
        The raster of an index of these grids, if there is one already.

    Examples
    --------
    >>> import geopandas as gpd
    >>> cells = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> index = LookupIndex(gpd.GeoDataFrame({"code": ["b", "a"]}, geometry=cells, crs=32650))
    >>> index.locate([0.5, 1.0, 5.0], [0.5, 0.5, 0.5]).tolist()
    [0, 1, -1]
    >>> index.locate_one(0.5, 0.5)
    0
    >>> index.border_distance([0.9], [0.5]).round(3).tolist()
    [0.1]
    """

    def __init__(self, grids: gpd.GeoDataFrame | None, *, raster: Raster | None = None) -> None:
        self.grids = grids
        self.raster = raster or _raster(grids)
        # bound once: what is looked up on the way to one point costs as much as the answer
        self._ints, self._floats = self.raster.ints, self.raster.floats

    def __getstate__(self) -> tuple[gpd.GeoDataFrame | None, Raster]:
        return self.grids, self.raster

    def __setstate__(self, state: tuple[gpd.GeoDataFrame | None, Raster]) -> None:
        self.grids, self.raster = state
        self._ints, self._floats = self.raster.ints, self.raster.floats

    def locate_one(self, x: float, y: float) -> int:
        """Return the position of the grid that owns one point, -1 outside every grid and for what is not finite."""
        return kernels.locate_one(x, y, self._ints, self._floats)

    def locate(self, x: ArrayLike, y: ArrayLike) -> Positions:
        """Return the position of the owning grid for each point, -1 outside every grid.

        Raises
        ------
        InputError
            If a coordinate is missing or not finite, or the arrays differ in length.
        """
        east, north = _points(x, y)
        found, bad = kernels.locate_many(east, north, self._ints, self._floats)
        if bad:
            _refuse(east, north)
        return found

    def border_distance(self, x: ArrayLike, y: ArrayLike) -> Floats:
        """Return the distance in metres from each point to the nearest border of any grid, inside or outside."""
        east, north = _finite(x, y)
        metres, _ = kernels.nearest_borders(east, north, self._ints, self._floats)
        metres[np.isinf(metres)] = np.nan
        return metres

    def border_one(self, x: float, y: float) -> tuple[float, int]:
        """Return the distance in metres from one point to the nearest border, and the position of a grid it is of."""
        return kernels.nearest_border(x, y, self._ints, self._floats)

    def within(self, x: float, y: float, radius_m: float) -> list[tuple[int, float]]:
        """List positions and distances of the grids within a radius of one point, the owner first, then the nearest."""
        if not (math.isfinite(x) and math.isfinite(y)):
            _finite([x], [y])
        found, metres = kernels.grids_within(x, y, radius_m, self._ints, self._floats)
        if len(found) < 2:
            return list(zip(found.tolist(), metres.tolist(), strict=True))
        ranks = self._ints[self._ints[kernels.RANKS] + found]
        rows = sorted(zip(metres.tolist(), ranks.tolist(), found.tolist(), strict=True))
        return [(position, away) for away, _, position in rows]

    def nearest(self, x: ArrayLike, y: ArrayLike) -> tuple[Positions, Floats]:
        """Return the position of the nearest grid for each point and its distance in metres, 0 inside."""
        east, north = _finite(x, y)
        owner, _ = kernels.locate_many(east, north, self._ints, self._floats)
        outside = owner < 0
        metres: Floats = np.zeros(len(owner))
        metres[outside], owner[outside] = kernels.nearest_borders(
            east[outside], north[outside], self._ints, self._floats
        )
        metres[owner < 0] = np.nan
        return owner, metres

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the index to one file (a NumPy array), from which processes can share it, and return the path."""
        ints = np.append(self._ints, np.zeros(len(self._ints) % 2, np.int32))
        head = np.array([_MARK, len(self._floats)])
        path = Path(path)
        with path.open("wb") as file:
            np.save(file, np.concatenate([head, self._floats, ints.view(np.float64)]))
        return path

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, mmap: bool = True) -> Self:
        """Open an index that was written with `save`; with `mmap` processes share its memory. It has no frame.

        Raises
        ------
        InputError
            If the file is no index.
        """
        try:
            held = np.asarray(np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False))
            if held.dtype != np.float64 or held.ndim != 1 or held[0] != _MARK:
                raise ValueError("other content")
            end = 2 + int(held[1])
        except (OSError, ValueError, IndexError) as caught:
            raise InputError(Fault(f"this is no index of grids ({caught})", str(path), remedy="make it anew")) from None
        return cls(None, raster=Raster(held[end:].view(np.int32), held[2:end]))


def _raster(grids: gpd.GeoDataFrame | None) -> Raster:
    if grids is None:
        raise InputError(Fault("there are no grids to look up in", remedy="pass a frame of grids"))
    geographic = bool(grids.crs is not None and grids.crs.is_geographic)
    return make_raster(grids.geometry.to_numpy(), _order(grids), geographic=geographic)


def _order(grids: gpd.GeoDataFrame) -> Positions:
    """Return positions by who goes first: dedicated grids before others, inner ones first, then the smallest code."""
    codes = grids["code"] if "code" in grids else grids.index.to_series()
    kinds = grids["kind"] if "kind" in grids else pd.Series("", index=grids.index)
    dedicated = kinds.to_numpy(dtype=object) == DEDICATED
    depth = np.zeros(len(grids), np.int64)
    own = np.flatnonzero(dedicated)
    if len(own) > 1:
        shapes = grids.geometry.to_numpy()[own]
        inner, outer = shapely.STRtree(shapes).query(shapes, predicate="covered_by")
        np.add.at(depth, own[inner[inner != outer]], 1)
    order = np.lexsort((codes.astype(str).to_numpy(dtype=str), -depth, ~dedicated))
    return order.astype(np.int64)


def _points(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    east, north = np.atleast_1d(np.asarray(x, dtype=float)), np.atleast_1d(np.asarray(y, dtype=float))
    if east.shape != north.shape or east.ndim != 1:
        raise InputError(Fault(f"{east.shape} x stand against {north.shape} y", remedy="pass two lists of one length"))
    return np.ascontiguousarray(east), np.ascontiguousarray(north)


def _finite(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    east, north = _points(x, y)
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        _refuse(east, north)
    return east, north


def _refuse(east: Floats, north: Floats) -> None:
    rows = np.flatnonzero(~(np.isfinite(east) & np.isfinite(north)))
    problem, remedy = "the coordinates are missing or not finite", "leave such points out"
    raise InputError(Fault(problem, row=int(row) + 1, remedy=remedy) for row in rows)
