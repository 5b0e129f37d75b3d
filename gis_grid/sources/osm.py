"""OpenStreetMap extracts (`.osm.pbf`, `.osm`): streets, rail and water, outlines by name, buildings."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from gis_grid.errors import Fault, InputError

_LINES: Final = "highway IS NOT NULL OR railway IS NOT NULL OR waterway IS NOT NULL"
_ADMINISTRATIVE: Final = "boundary = 'administrative'"
_WATER: Final = "natural = 'water'"
#: What is asked for → (layer of GDAL's OSM driver, which of its records).
_ASKED: Final[dict[str, tuple[str, str | None]]] = {
    "": ("lines", _LINES),
    "streets": ("lines", _LINES),
    "barriers": ("lines", "(railway IS NOT NULL OR waterway IS NOT NULL) AND highway IS NULL"),
    "boundary": ("multipolygons", _ADMINISTRATIVE),
    "communities": ("multipolygons", _ADMINISTRATIVE),
    "compounds": ("multipolygons", "landuse = 'residential' OR amenity IN ('university', 'school', 'hospital')"),
    "buildings": ("multipolygons", "building IS NOT NULL"),
    "blocks": ("multipolygons", None),
    "households": ("multipolygons", "building IS NOT NULL"),
}
#: Tags that GDAL leaves packed in `other_tags`, by layer.
_TAGS: Final = {
    "lines": ("oneway", "junction", "bridge", "tunnel", "service", "name:zh", "name:en"),
    "multipolygons": (
        "building:levels",
        "building:flats",
        "addr:street",
        "addr:housenumber",
        "ref",
        "name:zh",
        "name:en",
    ),
}


def read_osm(path: Path, *, kind: str = "", layer: str | None = None) -> gpd.GeoDataFrame:
    """Read from an OpenStreetMap extract what a kind of input asks for, in WGS-84.

    Streets come with railways and waterways; `boundary` and `communities` read administrative outlines, to be
    narrowed down by `…|where=name=江汉区`, with the lowest level there is for communities; buildings have `levels`.
    Packed tags that matter (oneway, bridge, tunnel, …) get columns of their own.

    Raises
    ------
    InputError
        If the extract holds nothing of the kind.
    """
    import pyogrio

    wanted, where = _ASKED[kind] if layer is None else (layer, None)
    frame = pyogrio.read_dataframe(path, layer=wanted, where=where)
    if not len(frame):
        remedy = "give an extract that covers the district"
        raise InputError(Fault(f"there are no {kind or wanted} in this extract", path.name, remedy=remedy))
    frame = _unpacked(frame, _TAGS.get(wanted, ()))
    if kind == "communities":
        level = pd.to_numeric(frame["admin_level"], errors="coerce")
        frame = frame[(level == level.max()).to_numpy(bool)]
    return frame.dropna(axis=1, how="all") if "geometry" in frame else frame


def _unpacked(frame: gpd.GeoDataFrame, tags: tuple[str, ...]) -> gpd.GeoDataFrame:
    """Give packed tags columns of their own."""
    if "other_tags" not in frame:
        return frame
    packed = frame["other_tags"].astype("str").fillna("")
    columns: dict[str, Any] = {}
    for tag in tags:
        value = packed.str.extract(rf'"{tag}"=>"((?:[^"\\]|\\.)*)"', expand=False)
        if value.notna().any():
            columns[tag] = value
    return frame.drop(columns="other_tags").assign(**columns)
