"""Tiles read back with another decoder than ours has an encoder, and what must hold of every tile."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import numpy as np
import shapely
from shapely.geometry import shape


def layers(tile: bytes) -> dict[str, list[dict[str, Any]]]:
    """Return the features of each layer; x runs to the right, y downwards, as in the tile."""
    decoded = mapbox_vector_tile.decode(tile, default_options={"y_coord_down": True})
    return {name: layer["features"] for name, layer in decoded.items()}


def shapes(features: list[dict[str, Any]]) -> np.ndarray[Any, Any]:
    """Return the geometry of features."""
    return np.array([shape(feature["geometry"]) for feature in features], dtype=object)


def share_borders(polygons: np.ndarray[Any, Any]) -> bool:
    """Tell whether polygons lie side by side, with the same corners on both sides of every border.

    GEOS 3.14 (`shapely.coverage_is_valid`) finds fault where a hole touches its shell at the end of a notch; here
    pieces of outlines are matched: each once in one direction, and those without a match are the outline of all.
    """
    rings = shapely.get_rings(shapely.get_parts(polygons))
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    pieces = np.concatenate([xy[:-1], xy[1:]], axis=1)[ring[1:] == ring[:-1]]
    there = set(map(tuple, pieces.tolist()))
    single = [(x, y, u, v) for x, y, u, v in there if (u, v, x, y) not in there]
    whole = shapely.union_all(polygons)
    length = sum(float(np.hypot(u - x, v - y)) for x, y, u, v in single)
    once = len(there) == len(pieces) and bool(shapely.area(polygons).sum() == whole.area)
    return once and abs(length - shapely.length(whole)) < 1e-6


def check_polygons(tile: bytes, name: str) -> np.ndarray[Any, Any]:
    """Check a layer of polygons: valid, shells and holes turned as MVT 2.1 says, borders shared; return them."""
    found = shapes(layers(tile).get(name, []))
    assert shapely.is_valid(found).all(), shapely.is_valid_reason(found)
    assert (shapely.area(found) > 0).all()
    parts = shapely.get_parts(found)
    for part in parts:
        # the surveyor's formula on y downwards is positive for shells, which shapely calls counter-clockwise
        assert part.exterior.is_ccw
        assert not any(hole.is_ccw for hole in part.interiors)
    assert share_borders(found)
    return found
