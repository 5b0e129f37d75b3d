"""Geometry mended at the door: what is needed of it is kept, and what was done is said."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from gis_grid.errors import Fault, InputError

POLYGON: Final = (3, 6)
_LINE: Final = (1, 2, 5)


def absent(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Tell which rows have no geometry or an empty one."""
    geometry = frame.geometry.to_numpy()
    out: NDArray[np.bool_] = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    return out


def as_areas(geometry: NDArray[Any]) -> tuple[NDArray[Any], int]:
    """Make polygons valid and keep the areal part of collections; tell how many had to be repaired.

    What has no area (points, lines, collapsed rings) comes back as None.
    """
    out = np.asarray(geometry, dtype=object).copy()
    held = ~shapely.is_missing(out)
    bad = held & ~shapely.is_valid(out)
    out[bad] = shapely.make_valid(out[bad], method="structure", keep_collapsed=False)
    kind = shapely.get_type_id(out)
    for at in np.flatnonzero(kind == 7):
        parts = shapely.get_parts(shapely.get_parts(out[at]))
        out[at] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), POLYGON)])
    flat = held & (~np.isin(shapely.get_type_id(out), POLYGON) | shapely.is_empty(out))
    out[flat] = None
    return out, int((bad & ~flat).sum())


def areas(frame: gpd.GeoDataFrame, source: str, what: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return a frame of valid polygons; rows without geometry are left out, and said.

    Raises
    ------
    InputError
        If a row is a point or a line, or nothing is left.
    """
    gone = absent(frame)
    shapes, repaired = as_areas(frame.geometry.to_numpy())
    wrong = ~gone & np.array([shape is None for shape in shapes], dtype=bool)
    faults = [
        Fault(f"{found} where {what} wants polygons", source, "geometry", str(row), "give areas, not points or lines")
        for row, found in zip(frame.index[wrong], frame.geom_type[wrong], strict=True)
    ]
    if faults or gone.all():
        raise InputError(faults or Fault("no row has geometry", source, "geometry", None, "give a layer of polygons"))
    notes = (
        [f"{source}: {gone.sum()} rows without geometry were left out (rows {rows(frame, gone)})"] if gone.any() else []
    )
    notes += [f"{source}: {repaired} invalid polygons were repaired"] if repaired else []
    clean = frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))
    return clean[~gone], notes


def lines(frame: gpd.GeoDataFrame, source: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return a frame of single line strings; outlines stand for polygons, points are left out, and both are said.

    Raises
    ------
    InputError
        If no line is left.
    """
    geometry = frame.geometry.to_numpy().copy()
    area = np.isin(shapely.get_type_id(geometry), POLYGON)
    geometry[area] = shapely.boundary(geometry[area])
    parts, owner = shapely.get_parts(geometry, return_index=True)
    nested = shapely.get_type_id(parts) > 2
    if nested.any():
        inner, which = shapely.get_parts(parts, return_index=True)
        parts, owner = inner, owner[which]
    keep = np.isin(shapely.get_type_id(parts), _LINE) & ~shapely.is_empty(parts) & (shapely.length(parts) > 0)
    lost = np.setdiff1d(np.arange(len(frame)), owner[keep])
    if not keep.any():
        raise InputError(Fault("there is no line in it", source, "geometry", None, "give a layer of lines"))
    notes = [f"{source}: {area.sum()} polygons were taken as their outlines"] if area.any() else []
    if len(lost):
        mask = np.isin(np.arange(len(frame)), lost)
        notes.append(f"{source}: {len(lost)} rows without a line were left out (rows {rows(frame, mask)})")
    kept = frame.iloc[owner[keep]]
    out = kept.set_geometry(gpd.GeoSeries(parts[keep], index=kept.index, crs=frame.crs))
    return out, notes


def rows(frame: gpd.GeoDataFrame, mask: NDArray[np.bool_], most: int = 8) -> str:
    """Write the row numbers under a mask, shortened where there are many."""
    found = [str(row) for row in frame.index[mask][: most + 1]]
    return ", ".join(found[:most]) + (", …" if len(found) > most else "")
