"""One GCJ-02 or BD-09 position brought back to WGS-84 in about a microsecond, by the formulas of `shifts`, compiled."""

from __future__ import annotations

from typing import Any

from gis_grid.compiling import compiled, entrance
from gis_grid.crs.shifts import GCJ_EXTENT, PASSES, bd_place, gcj_shift

WEST, SOUTH, EAST, NORTH = GCJ_EXTENT
_bd_place: Any = compiled(bd_place)
_gcj_shift: Any = compiled(gcj_shift)


@compiled
def _inside(lon: float, lat: float) -> bool:
    return WEST <= lon <= EAST and SOUTH <= lat <= NORTH


@entrance
def gcj02_point(lon: float, lat: float) -> tuple[float, float]:
    """Return a GCJ-02 position in WGS-84.

    >>> lon, lat = gcj02_point(114.3053942, 30.5931044)
    >>> f"{lon:.6f} {lat:.6f}"
    '114.299956 30.595522'
    """
    if not _inside(lon, lat):
        return lon, lat
    x, y = lon, lat
    for _ in range(PASSES):
        if _inside(x, y):
            east, north = _gcj_shift(x, y)
            x, y = lon - east, lat - north
        else:
            x, y = lon, lat
    return x, y


@entrance
def bd09_point(lon: float, lat: float) -> tuple[float, float]:
    """Return a BD-09 position in WGS-84.

    >>> lon, lat = bd09_point(114.3119755, 30.5987732)
    >>> f"{lon:.6f} {lat:.6f}"
    '114.299956 30.595522'
    """
    if not _inside(lon, lat):
        return lon, lat
    x, y = lon, lat
    for _ in range(PASSES):
        east, north = x, y
        if _inside(x, y):
            east, north = _bd_place(x, y)
        x, y = x + lon - east, y + lat - north
    point: tuple[float, float] = gcj02_point(x, y)
    return point
