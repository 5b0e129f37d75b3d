"""The same answers for arrays of points, over all districts."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from gis_grid.lookup.answers import DEGREE_M, Answers
from gis_grid.lookup.found import Standing

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from gis_grid.lookup.towers import Tower


class Many(NamedTuple):
    """Say for each point which of `standing` answers (-1: none), which grid of it, and whether the point lies in it.

    `metres` is the distance to the next border of the district's grids inside, to the nearest grid outside. `towers`
    has the building of each point at one whose stairwells lie in several grids.
    """

    standing: list[Standing]
    which: NDArray[np.int64]
    position: NDArray[np.int64]
    inside: NDArray[np.bool_]
    metres: NDArray[np.float64]
    towers: dict[int, Tower]


def locate_many(
    answers: Answers,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    *,
    on: date | None = None,
    tier: str | None = None,
) -> Many:
    """Answer for finite points in WGS 84, on one day and in one tier.

    >>> import geopandas as gpd
    >>> import shapely
    >>> from gis_grid.lookup import Published
    >>> square = gpd.GeoDataFrame({"code": ["g1"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> found = locate_many(Answers([Published("p1", "1", "", square)]), np.array([0.5, 9.0]), np.array([0.5, 9.0]))
    >>> found.inside.tolist()
    [True, False]
    """
    standing = answers.in_force(on, tier)
    count = len(lon)
    which, position = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    metres = np.full(count, np.inf)
    for n, one in enumerate(standing):
        west, south, east, north = one.layer.bounds
        here = np.flatnonzero((which < 0) & (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        found = one.layer.index.locate(lon[here], lat[here])
        owned = here[found >= 0]
        which[owned], position[owned] = n, found[found >= 0]
        metres[owned] = one.layer.index.border_distance(lon[owned], lat[owned])
    inside = which >= 0
    outside = np.flatnonzero(~inside)
    for n, one in enumerate(standing):
        near = outside[_bounds_away(one, lon[outside], lat[outside]) < metres[outside]]
        found, away = one.layer.index.nearest(lon[near], lat[near])
        nearer = (found >= 0) & (away < metres[near])
        which[near[nearer]], position[near[nearer]], metres[near[nearer]] = n, found[nearer], away[nearer]
    towers: dict[int, Tower] = {}
    for n, one in enumerate(standing):
        towers |= _at_towers(one, np.flatnonzero(inside & (which == n)), position, lon, lat)
    return Many(standing, which, position, inside, metres, towers)


def _at_towers(
    standing: Standing,
    rows: NDArray[np.int64],
    position: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> dict[int, Tower]:
    """Return the building of each row that is at one which several grids share."""
    held = standing.layer.towers
    if not held:
        return {}
    found: dict[int, Tower] = {}
    near = rows[np.isin(position[rows], list(held))]
    for grid in np.unique(position[near]).tolist():
        here = near[position[near] == grid]
        for tower in held[grid]:
            found |= dict.fromkeys(here[shapely.intersects_xy(tower.shape, lon[here], lat[here])].tolist(), tower)
    return found


def _bounds_away(standing: Standing, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.float64]:
    west, south, east, north = standing.layer.bounds
    level = np.maximum(np.maximum(west - lon, lon - east), 0.0) * np.cos(np.radians(lat))
    upright = np.maximum(np.maximum(south - lat, lat - north), 0.0)
    away: NDArray[np.float64] = DEGREE_M * np.hypot(level, upright)
    return away
