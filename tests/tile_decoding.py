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
    assert shapely.coverage_is_valid(found)
    return found
