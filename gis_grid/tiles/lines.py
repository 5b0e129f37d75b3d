"""Streets and labels in tiles: lines and points that share nothing with each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.crs import transform_geometries
from gis_grid.tiles.encoder import LINE, POINT, Properties, layer, write_paths, write_points
from gis_grid.tiles.ground import TOLERANCE
from gis_grid.tiles.mercator import BUFFER, EXTENT, HALF_M, MERCATOR, scaled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]

#: The first zoom at which lines of a class are drawn; those not named are drawn at all.
FIRST_ZOOM = {"secondary": 11, "tertiary": 12, "residential": 13, "service": 14, "path": 14, "wall": 15}


@dataclass(frozen=True)
class Streets:
    """Hold the streets of a plan, one feature for each class and name: parts in Web Mercator, the feature of each."""

    parts: Geometries
    feature: Ints
    first_zoom: Ints
    properties: Properties

    @classmethod
    def of(cls, streets: gpd.GeoDataFrame) -> Streets:
        """Put lines of the same class, name and barrier together."""
        keys = [streets["street_class"].astype(str), streets["name"].astype(str), streets["barrier"].astype(bool)]
        table = pd.DataFrame(dict(zip(("kind", "name", "barrier"), (key.to_numpy() for key in keys), strict=True)))
        number = np.asarray(table.groupby(["kind", "name", "barrier"], sort=True).ngroup(), np.int64)
        said = table.assign(number=number).drop_duplicates("number").sort_values("number")
        columns = {"kind": said["kind"], "name": said["name"].replace("", None), "barrier": said["barrier"]}
        parts, row = shapely.get_parts(streets.geometry.to_numpy(), return_index=True)
        first = np.asarray(said["kind"].map(FIRST_ZOOM).fillna(0), np.int64)
        properties = Properties.of(columns, np.arange(1, len(said) + 1))
        return cls(transform_geometries(parts, streets.crs, MERCATOR), number[row], first[number[row]], properties)

    def at(self, zoom: int) -> StreetsAt:
        """Return the streets that are drawn at a zoom, simplified for it."""
        drawn = self.first_zoom <= zoom
        shapes = shapely.simplify(scaled(self.parts[drawn], zoom), TOLERANCE, preserve_topology=False)
        order = np.argsort(self.feature[drawn], kind="stable")
        return StreetsAt(shapes[order], self.feature[drawn][order], shapely.bounds(shapes[order]), self.properties)


@dataclass(frozen=True)
class StreetsAt:
    """Hold the streets of one zoom in its units, in the order of their features."""

    shapes: Geometries
    feature: Ints
    boxes: Floats
    properties: Properties

    def tile(self, x: int, y: int) -> bytes:
        """Return the layer `streets` of a tile."""
        west, north = x * EXTENT, y * EXTENT
        edge = (west - BUFFER, north - BUFFER, west + EXTENT + BUFFER, north + EXTENT + BUFFER)
        box = self.boxes
        near = (box[:, 0] <= edge[2]) & (box[:, 1] <= edge[3]) & (box[:, 2] >= edge[0]) & (box[:, 3] >= edge[1])
        if not near.any():
            return b""
        cut = shapely.clip_by_rect(self.shapes[near], *edge)
        parts, row = shapely.get_parts(cut, return_index=True)
        xy, part = shapely.get_coordinates(parts, return_index=True)
        units = np.floor(xy - (west, north) + 0.5).astype(np.int64)
        moved = np.ones(len(units), bool)
        moved[1:] = (part[1:] != part[:-1]) | (units[1:] != units[:-1]).any(axis=1)
        units, part = units[moved], part[moved]
        starts = np.searchsorted(part, np.arange(len(parts) + 1)).astype(np.int64)
        long_enough = np.flatnonzero(np.diff(starts) > 1)
        path = np.arange(len(units))
        rows, data, ptr = write_paths(units, starts, path, self.feature[near][row], long_enough, False)
        return layer("streets", LINE, rows, (data, ptr), self.properties)


@dataclass(frozen=True)
class Labels:
    """Hold a point inside each grid, in Web Mercator metres (n, 2), for its label."""

    points: Floats
    properties: Properties

    def tile(self, zoom: int, x: int, y: int) -> bytes:
        """Return the layer `labels` of a tile; every label stands in exactly one tile of a zoom."""
        scale = (EXTENT << zoom) / (2 * HALF_M)
        places = (self.points + HALF_M) * scale
        places[:, 1] = (EXTENT << zoom) - places[:, 1]
        places -= (x * EXTENT, y * EXTENT)
        rows = np.flatnonzero(((places >= 0) & (places < EXTENT)).all(axis=1))
        return layer("labels", POINT, rows, write_points(np.floor(places[rows]).astype(np.int64)), self.properties)
