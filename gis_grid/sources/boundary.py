"""The outline of the district."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import shapely

from gis_grid.crs import crs_label, to_metric
from gis_grid.frames import check_frame
from gis_grid.sources import Read
from gis_grid.sources.shapes import areas
from gis_grid.sources.tables import open_layer

#: Holes smaller than this are gaps between polygons that should touch, not enclaves.
_GAP_M2: Final = 1.0


def read_boundary(path: str | os.PathLike[str], *, crs: Any = None, target: Any = None) -> Read:
    """Read the outline of a district; several polygons are taken as their union.

    `target` is the metric CRS to reach, by default the one `gis_grid.crs.metric_crs` chooses. The frame has one row.
    Holes are kept (an enclave is no part of the district), but not gaps below 1 m².

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds no polygon.
    """
    opened = open_layer(path, crs=crs, kind="boundary")
    polygons, mended = areas(opened.frame, opened.source, "a boundary")
    metric = to_metric(polygons, target=target, source=opened.source)
    joined, more = _united(metric)
    notes = [*opened.notes, *mended, *(f"{opened.source}: {note}" for note in more)]
    notes.append(f"{opened.source}: the district is measured in {crs_label(metric.crs)}")
    frame = gpd.GeoDataFrame(geometry=[joined], crs=metric.crs)
    tally = MappingProxyType({"total": len(opened.frame), "parts": len(shapely.get_parts(joined))})
    return Read(check_frame(frame, "boundary", source=opened.source), tuple(notes), tally)


def _united(frame: gpd.GeoDataFrame) -> tuple[Any, list[str]]:
    """Unite polygons, closing gaps between neighbours that are too small to be meant."""
    united = shapely.union_all(shapely.make_valid(frame.geometry.to_numpy()))
    parts = [shape for shape in shapely.get_parts(united) if shape.geom_type == "Polygon" and shape.area > 0]
    filled, closed = [], 0
    for part in parts:
        holes = [hole for hole in part.interiors if shapely.area(shapely.polygons(hole)) >= _GAP_M2]
        closed += len(part.interiors) - len(holes)
        filled.append(shapely.Polygon(part.exterior, holes))
    notes = [f"{len(frame)} polygons were united to one boundary"] if len(frame) > 1 else []
    notes += [f"{closed} gaps below {_GAP_M2:g} m² between them were closed"] if closed else []
    notes += [f"the boundary has {len(filled)} separate parts"] if len(filled) > 1 else []
    return (filled[0] if len(filled) == 1 else shapely.union_all(filled)), notes
