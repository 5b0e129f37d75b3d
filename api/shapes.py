"""Blocks with their shapes for a browser that redraws them itself: one array of whole numbers, neighbours told apart.

The answer is a row of little-endian 32-bit whole numbers. A head says how many there are of each::

    version, blocks, polygons, rings, corners, runs

Then follow, one after the other: polygons of each block; rings of each polygon; corners of each ring, not closed; runs
of each ring; longitude and latitude of the corners in ten-millionths of a degree, each as its difference from the one
before; the neighbour of each run (row of the block, -1 for none) and how many sides it has. Side n of a ring leads
from its corner n to the next. Blocks are in the order of the table.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]

VERSION = 1
#: units of a degree: 1.1 cm of latitude
UNITS = 10_000_000


def packed(degrees: gpd.GeoSeries) -> bytes:
    """Return shapes of blocks in WGS 84 as this module says.

    >>> squares = gpd.GeoSeries([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)], crs="EPSG:4326")
    >>> np.frombuffer(packed(squares), "<i4")[:6].tolist()
    [1, 2, 2, 2, 8, 5]
    """
    shapes = degrees.to_numpy()
    parts, whose = shapely.get_parts(shapes, return_index=True)
    rings, of_part = shapely.get_rings(parts, return_index=True)
    corners, of_ring = shapely.get_coordinates(rings, return_index=True)
    places = np.rint(corners * UNITS).astype(np.int64)
    closing = np.append(of_ring[1:] != of_ring[:-1], True) if len(of_ring) else np.zeros(0, bool)
    same = np.append((places[1:] == places[:-1]).all(axis=1) & ~closing[:-1], False) if len(places) else closing
    kept = ~closing & ~same
    places, of_ring = places[kept], of_ring[kept]
    count = np.bincount(of_ring, minlength=len(rings))
    neighbour = _neighbours(places, count, whose[of_part][of_ring])
    begins = np.append(True, (neighbour[1:] != neighbour[:-1]) | (of_ring[1:] != of_ring[:-1]))[: len(neighbour)]
    first = np.flatnonzero(begins)
    columns = (
        np.bincount(whose, minlength=len(shapes)),
        np.bincount(of_part, minlength=len(parts)),
        count,
        np.bincount(of_ring[first], minlength=len(rings)),
        *np.diff(places, axis=0, prepend=np.zeros((1, 2), np.int64)).T,
        neighbour[first],
        np.diff(first, append=len(neighbour)),
    )
    head = np.array([VERSION, len(shapes), len(parts), len(rings), len(places), len(first)])
    return np.concatenate([head, *columns]).astype("<i4").tobytes()


def _neighbours(places: Ints, count: Ints, block: Ints) -> Ints:
    """Return the block on the other side of each side of the rings, -1 where there is none."""
    _, node = np.unique((places[:, 0] << 32) + places[:, 1], return_inverse=True)
    start = np.repeat(np.cumsum(count) - count, count)
    place = np.arange(len(node)) - start
    onward = node[start + (place + 1) % np.repeat(count, count)]
    key = np.minimum(node, onward) * (len(node) + 1) + np.maximum(node, onward)
    order = np.argsort(key, kind="stable")
    pair = np.flatnonzero(key[order][1:] == key[order][:-1])
    one, other = order[pair], order[pair + 1]
    neighbour = np.full(len(node), -1, dtype=np.int64)
    neighbour[one], neighbour[other] = block[other], block[one]
    return np.where(neighbour == block, -1, neighbour)
