"""Communities: the polygons that grids must lie in, with their 12-digit codes."""

from __future__ import annotations

import os
import re
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.crs import WGS84, china_zone, to_metric, transform_points
from gis_grid.errors import Fault, InputError
from gis_grid.frames import check_frame
from gis_grid.sources import Read
from gis_grid.sources.columns import Guess, guess_column, need_column, text
from gis_grid.sources.shapes import areas
from gis_grid.sources.tables import open_layer

#: No county code begins with 99, so a provisional code can never be taken for an official one.
PROVISIONAL: Final = "99"
_DIGITS: Final = 12
_OVERLAP_M2: Final = 1.0


def read_communities(
    path: str | os.PathLike[str],
    *,
    target: Any = None,
    crs: Any = None,
    code_column: str | None = None,
    name_column: str | None = None,
) -> Read:
    """Read communities with 12-digit codes, names and street offices.

    Rows of one code and name are one community in several parts. One without a 12-digit code gets a provisional one
    that begins with 99 and holds its own number, else a serial by name; inside China official codes of 6 and 9
    digits are filled with zeros. Overlaps above 1 m² and communities in several parts are said.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, holds anything but polygons, or one code stands for two names.
    """
    opened = open_layer(path, crs=crs, kind="communities")
    source = opened.source
    polygons, mended = areas(opened.frame, source, "a community")
    metric = to_metric(polygons, target=target, source=source)
    raw, name, said = _columns(metric, source, code_column, name_column)
    codes, more = _codes(raw, name, metric)
    table = metric[[]].assign(community_code=codes, name=name, provisional=codes.str.startswith(PROVISIONAL))
    table = gpd.GeoDataFrame(_with_offices(table, metric, source), geometry=metric.geometry.to_numpy(), crs=metric.crs)
    table = _one_row_each(table, source)
    notes = [*opened.notes, *said, *mended, *(f"{source}: {note}" for note in [*more, *_shape_notes(table)])]
    tally = {"total": len(opened.frame), "in": len(table), "provisional": int(table["provisional"].sum())}
    return Read(check_frame(table, "communities", source=source), tuple(notes), MappingProxyType(tally))


def _columns(
    frame: gpd.GeoDataFrame, source: str, code_column: str | None, name_column: str | None
) -> tuple[pd.Series, pd.Series, list[str]]:
    """Return raw codes and names, and which columns they came from."""
    code = _column(frame, "community_code", source, code_column)
    name = _column(frame, "community_name", source, name_column)
    codes = text(frame, code.column if code else None)
    names = text(frame, name.column if name else None)
    names = names.where(names != "", codes)
    numbered = pd.Series([f"community {n}" for n in range(1, len(frame) + 1)], index=frame.index)
    said = [found.why for found in (code, name) if found is not None]
    return codes, names.where(names != "", numbered).astype("str"), said


def _column(frame: gpd.GeoDataFrame, kind: str, source: str, chosen: str | None) -> Guess | None:
    return need_column(frame, kind, source, chosen=chosen) if chosen else guess_column(frame, kind, source)


def _codes(raw: pd.Series, name: pd.Series, frame: gpd.GeoDataFrame) -> tuple[pd.Series, list[str]]:
    """Return 12-digit codes: as they are, filled, or provisional."""
    digits = raw.str.fullmatch(r"\d+")
    done = digits & (raw.str.len() == _DIGITS)
    out, notes = raw.where(done, ""), []
    if _in_china(frame):
        short = digits & raw.str.len().isin([6, 9]) & raw.str.match(r"[1-8]") & ~raw.duplicated(keep=False)
        if short.any():
            out = out.where(~short, raw.str.ljust(_DIGITS, "0"))
            notes.append(f"{int(short.sum())} official codes of 6 or 9 digits were filled with zeros to 12")
    open_ = out == ""
    if open_.any():
        out = out.where(~open_, _provisional(raw[open_], name[open_]).reindex(out.index))
        first, last = out[open_].min(), out[open_].max()
        said = f"provisional ones were given ({first} … {last})"
        notes.append(f"{int(open_.sum())} communities have no 12-digit code; {said}")
    return out.astype("str"), notes


def _provisional(raw: pd.Series, name: pd.Series) -> pd.Series:
    """Make codes from the communities' own numbers if they have such, else serials by name."""
    room = _DIGITS - len(PROVISIONAL)
    key = raw.where(raw != "", name)
    number = key.map(lambda value: re.sub(r"\D", "", value) if re.fullmatch(rf"\d{{1,{room}}}", value) else "")
    if (number != "").all():
        return PROVISIONAL + number.str.zfill(room)
    order = {value: n for n, value in enumerate(sorted(set(zip(key, name, strict=True))), 1)}
    serial = [order[pair] for pair in zip(key, name, strict=True)]
    return pd.Series([f"{PROVISIONAL}{n:0{room}d}" for n in serial], index=raw.index)


def _in_china(frame: gpd.GeoDataFrame) -> bool:
    west, south, east, north = frame.total_bounds
    lon, lat = transform_points([(west + east) / 2], [(south + north) / 2], frame.crs, WGS84)
    return china_zone(float(lon[0]), float(lat[0])) > 0


def _with_offices(table: pd.DataFrame, frame: gpd.GeoDataFrame, source: str) -> pd.DataFrame:
    """Add the street office: its own columns, or the first nine digits of an official code."""
    code, name = guess_column(frame, "office_code", source), guess_column(frame, "office_name", source)
    codes = text(frame, code.column if code else None)
    official = ~table["provisional"]
    codes = codes.where((codes != "") | ~official, table["community_code"].str[:9])
    return table.assign(office_code=codes.astype("str"), office_name=text(frame, name.column if name else None))


def _one_row_each(table: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    """Join rows of one community; refuse one code under two names."""
    names = table.groupby("community_code")["name"].nunique()
    torn = table["community_code"].isin(names.index[names > 1])
    if torn.any():
        remedy = "give every community a code of its own"
        raise InputError(
            Fault(f"code {code} stands for more than '{name}'", source, "community_code", str(row), remedy)
            for row, code, name in zip(
                table.index[torn], table["community_code"][torn], table["name"][torn], strict=True
            )
        )
    if table["community_code"].is_unique:
        return table.reset_index(drop=True)
    joined = table.dissolve("community_code", sort=False, as_index=False)
    return joined[[*table.columns]].reset_index(drop=True)


def _shape_notes(table: gpd.GeoDataFrame) -> list[str]:
    """Say which communities overlap and which lie in several parts."""
    geometry, names = table.geometry.to_numpy(), table["name"].to_numpy()
    parts = shapely.get_num_geometries(geometry)
    notes = [f"{names[at]} lies in {parts[at]} separate parts" for at in np.flatnonzero(parts > 1)]
    a, b = shapely.STRtree(geometry).query(geometry, predicate="intersects")
    a, b = a[a < b], b[a < b]
    shared = shapely.area(shapely.intersection(geometry[a], geometry[b]))
    over = np.flatnonzero(shared > _OVERLAP_M2)
    notes += [f"{names[a[at]]} and {names[b[at]]} overlap by {shared[at]:,.0f} m²" for at in over[:10]]
    return notes + ([f"… and {len(over) - 10} more pairs of communities overlap"] if len(over) > 10 else [])
