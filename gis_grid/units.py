"""Blocks taken together as units: their load by what a tier counts, their reach, and units as blocks of their own."""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Names = NDArray[np.object_]


def block_load(blocks: gpd.GeoDataFrame, counted: str) -> Ints:
    """Return the load of each block, by what a tier counts: `households`, `households+shops` or `area_m2`.

    Blocks without a column `shops` have none; ground is rounded to whole square metres.

    >>> frame = gpd.GeoDataFrame({"households": [40], "shops": [3]}, geometry=[shapely.box(0, 0, 90, 100)], crs=32650)
    >>> [int(block_load(frame, name)[0]) for name in ("households", "households+shops", "area_m2")]
    [40, 43, 9000]
    """
    if counted == "area_m2":
        ground: Ints = np.rint(shapely.area(blocks.geometry.to_numpy())).astype(np.int64)
        return ground
    load: Ints = blocks["households"].to_numpy(dtype=np.int64)
    if counted == "households+shops" and "shops" in blocks:
        load = load + blocks["shops"].to_numpy(dtype=np.int64)
    return load


def reach_m(blocks: gpd.GeoDataFrame, number: Ints) -> NDArray[np.float64]:
    """Return for each unit how far its farthest home is from the best place for a service point (metres).

    `number` is the unit of each block (from 0; -1: none). Homes stand at a point inside their block; the smallest
    circle around them says how near the best place can be. A unit without homes has 0.
    """
    count = int(number.max(initial=-1)) + 1
    lived = (number >= 0) & (blocks["households"].to_numpy() > 0)
    found = np.zeros(count)
    if not lived.any():
        return found
    homes = shapely.point_on_surface(blocks.geometry.to_numpy()[lived])
    order = np.argsort(number[lived], kind="stable")
    there, place = np.unique(number[lived][order], return_inverse=True)
    found[there] = shapely.minimum_bounding_radius(shapely.multipoints(homes[order], indices=place))
    return found


class Lumps(NamedTuple):
    """Hold pieces as blocks of their own, the borders between them, and the piece (row) that each block lies in."""

    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    of: Ints


def put_together(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, number: Ints) -> Lumps:
    """Put blocks with one number (from 0) together, adding up households and the metres of borders of one kind.

    >>> index = pd.Index(["b1", "b2", "b3"], name="block_id")
    >>> shapes = [shapely.box(n, 0, n + 1, 1) for n in range(3)]
    >>> columns = {"community_code": "1", "households": [3, 4, 5]}
    >>> blocks = gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=32650)
    >>> lines = pd.DataFrame({"a": ["b1", "b2"], "b": ["b2", "b3"], "shared_m": 1.0, "street_class": ""})
    >>> lines = lines.assign(barrier=False)
    >>> lumps = put_together(blocks, gpd.GeoDataFrame(lines, geometry=[None, None]), np.array([0, 0, 1]))
    >>> lumps.blocks["households"].tolist(), len(lumps.borders)
    ([7, 5], 1)
    """
    count = int(number.max(initial=-1)) + 1
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(count + 1))
    shapes = blocks.geometry.to_numpy()[order]
    merged = np.array([_union(shapes[ends[n] : ends[n + 1]]) for n in range(count)], dtype=object)
    ids = np.array([f"p{n:06d}" for n in range(count)], dtype=object)
    load = np.bincount(number, blocks["households"].to_numpy(dtype=np.int64), count).astype(np.int64)
    home = blocks["community_code"].to_numpy(dtype=object)[order[ends[:-1]]]
    lumps = gpd.GeoDataFrame(
        {"community_code": home, "households": load},
        geometry=merged,
        index=pd.Index(ids, name="block_id"),
        crs=blocks.crs,
    )
    return Lumps(lumps, _between(blocks, borders, number, ids, lumps.crs), number)


def _union(shapes: Names) -> object:
    """Return the union of blocks, quickly where they meet vertex to vertex."""
    try:
        union = shapely.coverage_union_all(shapes)
    except shapely.errors.GEOSException:
        return shapely.union_all(shapes)
    area = float(shapely.area(shapes).sum())
    return union if abs(union.area - area) <= 1e-6 * max(area, 1.0) else shapely.union_all(shapes)


def _between(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, number: Ints, ids: Names, crs: object
) -> gpd.GeoDataFrame:
    """Return one border for every two pieces and each class of line that parts them."""
    a, b = (number[blocks.index.get_indexer(borders[side])] for side in ("a", "b"))
    apart = a != b
    frame = pd.DataFrame(
        {
            "a": np.minimum(a, b)[apart],
            "b": np.maximum(a, b)[apart],
            "street_class": borders["street_class"].to_numpy()[apart],
            "barrier": borders["barrier"].to_numpy(dtype=bool)[apart],
            "shared_m": borders["shared_m"].to_numpy(dtype=float)[apart],
        }
    )
    kinds = ["a", "b", "street_class", "barrier"]
    summed = frame.groupby(kinds, as_index=False, sort=True)["shared_m"].sum()
    summed = summed.assign(a=ids[summed["a"].to_numpy()], b=ids[summed["b"].to_numpy()], street_name="")
    return gpd.GeoDataFrame(summed, geometry=np.full(len(summed), None, dtype=object), crs=crs)
