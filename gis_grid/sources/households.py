"""Households: points or areas that hold counts, and ready-made blocks."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.crs import crs_label, to_metric
from gis_grid.errors import CrsError, Fault, InputError
from gis_grid.frames import check_frame
from gis_grid.sources import Read
from gis_grid.sources.columns import Counts, addresses, guess_column, need_column, text, whole_counts
from gis_grid.sources.shapes import absent, areas, as_areas
from gis_grid.sources.tables import open_layer

_OPTION: Final = "--count-column"
#: Counts every row as one: for points of dwellings that carry no count.
ONE_EACH: Final = "1"
_SHOWN: Final = 12
_FAR_M: Final = 1000.0
#: farther than any place on the earth is from another, in metres
_NOWHERE_M = 1e9
_OWN: Final = ("name", "building", "stairwell", "compound")


def read_households(
    path: str | os.PathLike[str],
    *,
    boundary: gpd.GeoDataFrame,
    target: Any,
    crs: Any = None,
    count_column: str | None = None,
) -> Read:
    """Read where households are, and account for every row: inside the boundary, outside, or rejected.

    Points, or polygons that count where their representative point lies; a row on the boundary is inside. Rejected
    are rows without geometry and rows whose count is missing, no number, negative, infinite or no whole number;
    each is named with its row in the notes. `count_column="1"` counts every row as one household. The tally holds
    `in`, `outside`, `rejected` and `total` rows, and `…_households` the same for rows that state a whole number:
    in + outside + rejected = total.

    Raises
    ------
    InputError
        If the file cannot be read, no column of counts is recognised, or no row holds a usable count.
    CrsError
        If there is no CRS, or the rows lie somewhere else altogether.
    """
    opened = open_layer(path, crs=crs, kind="households")
    frame, source = opened.frame, opened.source
    counts, guessed = _counted(frame, source, count_column)
    geometry, why, repaired = _positions(frame, counts)
    usable = why == ""
    if not usable.any():
        raise InputError(_faults(frame, why, source, guessed))
    placed = frame[usable].set_geometry(gpd.GeoSeries(geometry[usable], index=frame.index[usable], crs=frame.crs))
    metric = to_metric(placed, target=target, source=source)
    inside = _inside(metric, boundary, source)
    state = np.where(usable, "outside", "rejected").astype(object)
    state[np.flatnonzero(usable)[inside]] = "in"
    kept = _household_columns(metric[inside], counts.values[np.flatnonzero(usable)[inside]], source)
    notes = [*opened.notes, guessed[1], *_accounts(frame, state, why, source)]
    notes += [f"{source}: {repaired} invalid polygons were repaired"] if repaired else []
    came = MappingProxyType({"households": guessed[0]} if guessed[0] else {})
    return Read(check_frame(kept, "households", source=source), tuple(notes), _tally(state, counts), came)


def _counted(frame: gpd.GeoDataFrame, source: str, chosen: str | None) -> tuple[Counts, tuple[str, str]]:
    """Parse the column of counts; return it with its name and the sentence that says which it was."""
    if chosen == ONE_EACH and ONE_EACH not in frame.columns:
        ones = np.ones(len(frame), np.int64)
        return Counts(ones, np.full(len(frame), "", dtype=object), ones), ("", f"{source}: each row counts as one")
    found = need_column(frame, "count", source, chosen=chosen, option=_OPTION)
    return whole_counts(frame[found.column]), (found.column, found.why)


def _positions(frame: gpd.GeoDataFrame, counts: Counts) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Return mended geometry, and of each row why it is rejected ("" if it is not)."""
    why = counts.why.copy()
    geometry = frame.geometry.to_numpy().copy()
    kind = shapely.get_type_id(geometry)
    single = (kind == 4) & (shapely.get_num_geometries(geometry) == 1)
    geometry[single] = shapely.get_geometry(geometry[single], 0)
    area = np.isin(kind, (3, 6, 7))
    shapes, repaired = as_areas(geometry[area])
    geometry[area] = shapes
    gone = absent(frame)
    ok = np.isin(shapely.get_type_id(geometry), (0, 3, 6)) & ~gone
    why[~ok & (why == "")] = "no point or polygon"
    why[gone] = np.where(counts.why[gone] == "", "no geometry", counts.why[gone] + ", no geometry")
    return geometry, why, repaired


def _inside(metric: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame, source: str) -> NDArray[np.bool_]:
    """Tell which rows lie in the boundary or on it; refuse a file that lies elsewhere altogether."""
    outline = shapely.union_all(boundary.to_crs(metric.crs).geometry.to_numpy())
    shapely.prepare(outline)
    points = shapely.point_on_surface(metric.geometry.to_numpy())
    inside: NDArray[np.bool_] = shapely.intersects(outline, points)
    if not inside.any():
        # a number that is no coordinate at all must not overflow when it is squared
        reach = np.clip(metric.total_bounds, -_NOWHERE_M, _NOWHERE_M)
        away_m = float(shapely.distance(outline, shapely.box(*reach)))
        if away_m > _FAR_M:
            problem = f"all {len(metric)} rows lie outside the boundary, the nearest about {away_m / 1000:,.0f} km away"
            remedy = "check the CRS of both files, and that they show the same place"
            raise CrsError(Fault(problem, source, "geometry", None, remedy))
    return inside


def _household_columns(inside: gpd.GeoDataFrame, counts: NDArray[np.int64], source: str) -> gpd.GeoDataFrame:
    """Return the columns of the contract and the few others that later stages use; no register of persons."""
    columns: dict[str, Any] = {"households": counts}
    shops = guess_column(inside, "shops", source)
    if shops is not None:
        columns["shops"] = whole_counts(inside[shops.column]).values
    for kind in _OWN:
        found = guess_column(inside, kind, source) if kind == "compound" else None
        column = found.column if found is not None else (kind if kind in inside.columns else None)
        if column is not None:
            columns[kind] = text(inside, column)
    doors = addresses(inside, source)
    if doors is not None:
        columns["address"] = doors
    out = pd.DataFrame(columns, index=inside.index)
    return gpd.GeoDataFrame(out, geometry=inside.geometry.to_numpy(), crs=inside.crs)


def _tally(state: NDArray[Any], counts: Counts) -> MappingProxyType[str, int]:
    signed = counts.stated
    tally = {"total": len(state), "total_households": int(signed.sum())}
    for name in ("in", "outside", "rejected"):
        tally[name] = int((state == name).sum())
        tally[f"{name}_households"] = int(signed[state == name].sum())
    return MappingProxyType(tally)


def _accounts(frame: gpd.GeoDataFrame, state: NDArray[Any], why: NDArray[Any], source: str) -> list[str]:
    """Say where the rows went, naming those that were left out."""
    notes = []
    outside = frame.index[state == "outside"]
    if len(outside):
        named = ", ".join(map(str, outside[:_SHOWN])) + (", …" if len(outside) > _SHOWN else "")
        notes.append(f"{source}: {len(outside)} of {len(frame)} rows lie outside the boundary (rows {named})")
    gone = np.flatnonzero(state == "rejected")
    if len(gone):
        named = "; ".join(f"row {frame.index[at]}: {why[at]}" for at in gone[:_SHOWN])
        notes.append(
            f"{source}: {len(gone)} of {len(frame)} rows were rejected ({named}{'; …' if len(gone) > _SHOWN else ''})"
        )
    return notes


def _faults(frame: gpd.GeoDataFrame, why: NDArray[Any], source: str, guessed: tuple[str, str]) -> list[Fault]:
    """Turn the reasons of a file without one usable row into faults with remedies."""
    column, placeless = guessed[0], {"no geometry", "no point or polygon"}
    remedy = f"choose another column with {_OPTION}, or correct the rows"
    if all("not a whole number" in reason for reason in why):
        remedy = f"round the counts so that their sum is kept, or choose another column with {_OPTION}"
    return [
        Fault(reason, source, "geometry", str(row), "give the row a position")
        if reason in placeless
        else Fault(reason, source, column, str(row), remedy)
        for row, reason in zip(frame.index, why, strict=True)
    ]


# ---- ready-made blocks ------------------------------------------------------------------------------------------


def read_blocks(
    path: str | os.PathLike[str],
    *,
    target: Any = None,
    crs: Any = None,
    count_column: str | None = None,
    id_column: str | None = None,
) -> Read:
    """Read ready-made blocks: polygons with a count, each an atom that is not divided.

    The index `block_id` is the id column (named, or recognised as DBUID, GEOID, …) if its values are unique, else made
    from the place of the block, so that it survives a re-run. Own columns are kept; one that is in the way of the
    contract's is renamed `…_own`.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or any row has no polygon or no usable count; all faults at once.
    """
    opened = open_layer(path, crs=crs, kind="blocks")
    frame, source = opened.frame, opened.source
    found = need_column(frame, "count", source, chosen=count_column, option=_OPTION)
    counts = whole_counts(frame[found.column])
    faults = _block_faults(frame, counts, found.column, source)
    if faults:
        raise InputError(faults)
    polygons, mended = areas(frame, source, "a block")
    metric = to_metric(polygons, target=target, source=source)
    ids, said = _block_ids(metric, source, id_column)
    blocks = _block_columns(metric, counts, found.column).set_axis(pd.Index(ids, name="block_id", dtype="str"), axis=0)
    total = int(counts.values.sum())
    notes = [*opened.notes, found.why, *said, *mended]
    notes += [f"{source}: {total} counted in {len(blocks)} blocks, measured in {crs_label(blocks.crs)}"]
    notes += _overlaps(blocks, source)
    tally = {"total": len(blocks), "in": len(blocks), "total_households": total, "in_households": total}
    came = MappingProxyType({"households": found.column})
    return Read(check_frame(blocks, "blocks", source=source), tuple(notes), MappingProxyType(tally), came)


def _block_faults(frame: gpd.GeoDataFrame, counts: Counts, column: str, source: str) -> list[Fault]:
    """Name every row that cannot be a block: no block may be left out, or the plan has a gap."""
    bad, remedy = ~counts.usable, "every block needs a count of zero or more"
    faults = [
        Fault(why, source, column, str(row), remedy) for row, why in zip(frame.index[bad], counts.why[bad], strict=True)
    ]
    gone = frame.index[absent(frame)]
    return faults + [Fault("no geometry", source, "geometry", str(row), "draw the block") for row in gone]


def _block_columns(metric: gpd.GeoDataFrame, counts: Counts, counted: str) -> gpd.GeoDataFrame:
    """Add the contract's columns; codes of communities that the blocks state are kept if all have 12 digits."""
    taken: dict[str, Any] = {"households": counts.values, "parent_block_id": "", "atom": "face", "community_code": ""}
    if "community_code" in metric.columns:
        stated = text(metric, "community_code")
        taken["community_code"] = stated if stated.str.fullmatch(r"\d{12}").all() else ""
    if "shops" in metric.columns:
        shops = whole_counts(metric["shops"])
        taken |= {"shops": shops.values} if shops.usable.all() else {}
    names = [*taken, "block_id", "shops"]
    own = {name: f"{name}_own" for name in names if name in metric.columns and name not in (counted, "geometry")}
    return metric.rename(columns=own).assign(**taken)


def _block_ids(metric: gpd.GeoDataFrame, source: str, chosen: str | None) -> tuple[list[str], list[str]]:
    found = guess_column(metric, "block_id", source)
    if chosen is not None:
        found = need_column(metric, "block_id", source, chosen=chosen)
    if found is not None:
        ids = text(metric, found.column)
        if ids.is_unique and (ids != "").all():
            return ids.tolist(), [found.why]
        if chosen is not None:
            twice = metric.index[(ids.duplicated(keep=False) | (ids == "")).to_numpy(bool)]
            remedy = "choose a column whose values are unique"
            raise InputError(
                Fault("the id is empty or stands twice", source, found.column, str(r), remedy) for r in twice
            )
    points = shapely.get_coordinates(shapely.point_on_surface(metric.geometry.to_numpy())).round().astype(np.int64)
    made = pd.Series([f"b{x}_{y}" for x, y in points])
    again = made.groupby(made).cumcount()
    ids = made.where(again == 0, made + "_" + again.astype("str"))
    return ids.tolist(), [f"{source}: no unique ids were found; blocks are named by their place"]


def _overlaps(blocks: gpd.GeoDataFrame, source: str) -> list[str]:
    """Say how much the blocks overlap, if they do."""
    geometry = blocks.geometry.to_numpy()
    over = float(shapely.area(geometry).sum() - shapely.area(shapely.union_all(geometry)))
    return [f"{source}: blocks overlap by {over:,.0f} m² in all"] if over > 1.0 else []
