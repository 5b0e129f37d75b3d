"""Where tiles lie: Web Mercator (EPSG:3857) cut into squares, each with 4,096 units a side, y downwards.

Units of a zoom are counted from the north-west corner of the world: the tile (x, y) begins at (4096·x, 4096·y).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from gis_grid.crs import transform_points
from gis_grid.errors import Fault, InputError

Floats = NDArray[np.float64]
Geometries = NDArray[Any]

MERCATOR = "EPSG:3857"
#: Units a side of a tile, and how far a tile reaches over its edge so that drawn lines meet (32 and 8 pixels of 512).
EXTENT = 4096
BUFFER = 64
#: The rim at which tiles are cut off.
LOW, HIGH = -BUFFER, EXTENT + BUFFER
#: Half the width of the world in Web Mercator, metres.
HALF_M = 20_037_508.342789244
#: The finest zoom that is written, and the deepest for which tiles can be asked for.
FINEST, DEEPEST = 16, 24
#: Small districts begin here, so that they are seen from farther away.
FIRST_AT_MOST = 12
#: Tiles of the finest zoom of one district; a larger district ends at a coarser zoom.
MOST_TILES = 2048


def scaled(mercator: Geometries, zoom: int) -> Geometries:
    """Carry shapes from Web Mercator metres into the units of a zoom.

    >>> centre = scaled(np.array([shapely.Point(0, 0)]), 1)
    >>> round(centre[0].x), round(centre[0].y)
    (4096, 4096)
    """
    scale = (EXTENT << zoom) / (2 * HALF_M)
    moved: Geometries = shapely.transform(
        mercator, lambda xy: np.stack([(xy[:, 0] + HALF_M) * scale, (HALF_M - xy[:, 1]) * scale], axis=1)
    )
    return moved


def lonlat_bounds(mercator: Floats) -> tuple[float, float, float, float]:
    """Return west, south, east, north in degrees of bounds in Web Mercator metres."""
    lon, lat = transform_points(mercator[[0, 2]], mercator[[1, 3]], MERCATOR, "EPSG:4326")
    return float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1])


def tile_range(mercator: Floats, zoom: int) -> tuple[int, int, int, int]:
    """Return the first and last column and the first and last row of tiles that bounds in Web Mercator lie in."""
    side = 2 * HALF_M / (1 << zoom)
    last = (1 << zoom) - 1
    west, east = np.floor((mercator[[0, 2]] + HALF_M) / side).clip(0, last).astype(int)
    north, south = np.floor((HALF_M - mercator[[3, 1]]) / side).clip(0, last).astype(int)
    return int(west), int(east), int(north), int(south)


def zoom_range(mercator: Floats) -> tuple[int, int]:
    """Choose from which to which zoom a district with these bounds is drawn.

    The first is that at which it is about half as large as a tile, 12 at most; the last is 16 (a unit is 13 cm at 30°
    north) unless the district would then need more than `MOST_TILES` tiles.

    >>> zoom_range(np.array([12_722_000.0, 3_579_000.0, 12_734_000.0, 3_590_000.0]))
    (10, 16)
    """
    size = max(float(mercator[2] - mercator[0]), float(mercator[3] - mercator[1]), 1.0)
    first = int(np.clip(np.floor(np.log2(2 * HALF_M / size)) - 1, 0, FIRST_AT_MOST))
    last = FINEST
    while last > first and _tiles(mercator, last) > MOST_TILES:
        last -= 1
    return first, last


def check_tile(z: int, x: int, y: int) -> None:
    """Refuse a tile that does not exist.

    Raises
    ------
    InputError
        If the zoom is outside 0–24, or the column or row outside its zoom.

    Examples
    --------
    >>> check_tile(1, 2, 0)
    Traceback (most recent call last):
    gis_grid.errors.InputError: there is no tile 1/2/0 → zoom 1 has columns and rows 0 to 1
    """
    if not 0 <= z <= DEEPEST:
        raise InputError(Fault(f"there is no zoom {z}", remedy=f"ask for a zoom from 0 to {DEEPEST}"))
    if not (0 <= x < 1 << z and 0 <= y < 1 << z):
        remedy = f"zoom {z} has columns and rows 0 to {(1 << z) - 1}"
        raise InputError(Fault(f"there is no tile {z}/{x}/{y}", remedy=remedy))


def _tiles(mercator: Floats, zoom: int) -> int:
    west, east, north, south = tile_range(mercator, zoom)
    return (east - west + 1) * (south - north + 1)
