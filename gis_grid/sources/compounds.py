"""Walled compounds and building footprints: the atoms that a border should not cut."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.crs import to_metric
from gis_grid.frames import check_frame
from gis_grid.sources import Read
from gis_grid.sources.columns import addresses, guess_column, text, whole_counts
from gis_grid.sources.shapes import areas
from gis_grid.sources.tables import open_layer


def read_compounds(path: str | os.PathLike[str], *, target: Any = None, crs: Any = None) -> Read:
    """Read walled compounds (小区, courtyards, campuses): polygons with a name, "" where there is none.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds anything but polygons.
    """
    return _named(path, target, crs, "compounds", ("name",))


def read_drawn(path: str | os.PathLike[str], *, target: Any = None, crs: Any = None) -> Read:
    """Read grids that somebody else has drawn: polygons with a name, else a code, "" where there is neither.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds anything but polygons.
    """
    return _named(path, target, crs, "grids", ("name", "grid", "community_code"))


def read_buildings(path: str | os.PathLike[str], *, target: Any = None, crs: Any = None) -> Read:
    """Read building footprints with name, stairwells (at least one), and if known households, storeys and compound.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds anything but polygons.
    """
    metric, notes, source = _areas(path, target, crs, "buildings")
    said = list(notes)
    columns: dict[str, Any] = {}
    for kind in ("name", "compound"):
        found = guess_column(metric, kind, source)
        if found is not None or kind == "name":
            columns[kind] = text(metric, found.column if found else None)
            said += [found.why] if found else []
    doors = addresses(metric, source)
    if doors is not None:
        columns["address"] = doors
    for column, kind, least in (("stairwells", "stairwells", 1), ("storeys", "storeys", 0), ("households", "count", 0)):
        found = guess_column(metric, kind, source)
        if found is None and column != "stairwells":
            continue
        values, more = _whole(metric, found.column if found else None, least, source)
        said += ([found.why] if found else []) + more
        if found is None or values is not None:
            columns[column] = np.ones(len(metric), np.int64) if values is None else values
    frame = gpd.GeoDataFrame(pd.DataFrame(columns), geometry=metric.geometry.to_numpy(), crs=metric.crs)
    frame = frame.reset_index(drop=True)
    return Read(check_frame(frame, "buildings", source=source), tuple(said), _rows(frame))


def _named(path: str | os.PathLike[str], target: Any, crs: Any, kind: str, columns: tuple[str, ...]) -> Read:
    """Read areas, called by the first of some columns that the file has."""
    metric, notes, source = _areas(path, target, crs, kind)
    found = (guess_column(metric, column, source) for column in columns)
    name = next((guess for guess in found if guess is not None), None)
    frame = metric[["geometry"]].assign(name=text(metric, name.column if name else None)).reset_index(drop=True)
    said = (*notes, *([name.why] if name else []))
    return Read(check_frame(frame, "compounds", source=source), said, _rows(frame))


def _areas(path: str | os.PathLike[str], target: Any, crs: Any, kind: str) -> tuple[gpd.GeoDataFrame, list[str], str]:
    opened = open_layer(path, crs=crs, kind=kind)
    polygons, mended = areas(opened.frame, opened.source, f"a layer of {kind}")
    return to_metric(polygons, target=target, source=opened.source), [*opened.notes, *mended], opened.source


def _whole(frame: gpd.GeoDataFrame, column: str | None, least: int, source: str) -> tuple[Any, list[str]]:
    """Parse an optional column of counts; unusable values become the least, and that is said."""
    if column is None:
        return None, []
    counts = whole_counts(frame[column])
    empty = np.char.startswith(counts.why.astype(str), "no count")
    if empty.all():
        return (np.full(len(frame), least) if least else None), [f"{source}: column '{column}' is empty"]
    bad = ~counts.usable & ~empty
    said = (
        [f"{source}: {int(bad.sum())} values of '{column}' are no whole counts and were left out"] if bad.any() else []
    )
    return np.maximum(counts.values, least), said


def _rows(frame: gpd.GeoDataFrame) -> MappingProxyType[str, int]:
    return MappingProxyType({"total": len(frame), "in": len(frame)})
