"""Households to blocks: every row falls to exactly one block, none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from gis_grid.coverage import Geometries, Ints

if TYPE_CHECKING:
    import geopandas as gpd


def count_points(items: Geometries) -> Geometries:
    """Return the point at which each household row counts: itself, or a point inside its footprint or parcel."""
    points = items.copy()
    areal = shapely.get_type_id(items) != 0
    points[areal] = shapely.point_on_surface(items[areal])
    return points


def block_of(points: Geometries, blocks: Geometries) -> Ints:
    """Return the number of the block that each point falls to, -1 for none within ten metres.

    A point on a border falls to the first block in order; one that rounding has left just outside every block
    falls to the nearest.

    >>> squares = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> block_of(shapely.points([[0.5, 0.5], [1, 0.5], [2.0001, 0.5], [99, 99]]), squares).tolist()
    [0, 0, 1, -1]
    """
    out = np.full(len(points), -1)
    if not len(points) or not len(blocks):
        return out
    tree = shapely.STRtree(blocks)
    point, block = tree.query(points, predicate="intersects")
    order = np.lexsort((block, point))
    first = order[np.r_[True, np.diff(point[order]) != 0]] if len(order) else order
    out[point[first]] = block[first]
    lost = np.flatnonzero(out < 0)
    if len(lost):
        stray, nearest = tree.query_nearest(points[lost], max_distance=10.0, all_matches=False)
        out[lost[stray]] = nearest
    return out


def totals(block: Ints, counts: Ints, blocks: int) -> Ints:
    """Add up counts by block; rows that fall to none are left out."""
    inside = block >= 0
    out: Ints = np.bincount(block[inside], counts[inside], blocks).astype(np.int64)
    return out


def points_in_blocks(points: gpd.GeoDataFrame | None, blocks: gpd.GeoDataFrame) -> pd.Series:
    """Count the points (addresses, say) that fall to each block, all of them 0 without any points.

    >>> import geopandas as gpd
    >>> blocks = gpd.GeoDataFrame(index=["a", "b"], geometry=[shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> points_in_blocks(gpd.GeoDataFrame(geometry=shapely.points([[0.5, 0.5], [0.6, 0.5]])), blocks).to_dict()
    {'a': 2, 'b': 0}
    """
    counts = np.zeros(len(blocks), np.int64)
    if points is not None and len(points):
        block = block_of(count_points(points.geometry.to_numpy()), blocks.geometry.to_numpy())
        counts = totals(block, np.ones(len(points), np.int64), len(blocks))
    return pd.Series(counts, index=blocks.index)
