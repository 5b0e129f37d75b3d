"""Essen's 99,581 house numbers: a fifth held out and typed in variants, looked up in cells of 500 households.

The register has no households and no street lines. A house number counts as one household. Which houses stand in one
row is read from the points: a side of a street is cut where two successive houses stand far enough apart for a street
to go off. Cells then are
- `planned`: the grids of 300 to 500 into which the product divides these rows, as a city would have them;
- `of_rows`: rows put together by cutting the town in two, again and again;
- `straight`: the town cut in two again and again by straight lines, through rows and houses' gardens.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

import gis_grid as gg
from addressed.measured import Outcome, areas_of, matcher_in, measured
from gis_grid.addresses import Gazetteer

METRIC = 25832
#: a row ends where the next house stands further off than this, and than is usual there by this factor
ROW_GAP_M, ROW_GAP_FACTOR = 25.0, 1.7


def points_of(data: Callable[[str], Path]) -> gpd.GeoDataFrame:
    """Return all points."""
    return gpd.read_parquet(data("addresses/essen_house_coordinates_2022.parquet")).reset_index(drop=True)


def essen(points: gpd.GeoDataFrame, cells: gpd.GeoDataFrame, seed: int = 1, share: float = 1.0) -> Outcome:
    """Look a fifth of the points, or a share of them, up in a gazetteer of the other four fifths."""
    held = np.random.default_rng(seed).random(len(points)) < 0.2
    matcher = matcher_in(Gazetteer.from_frames(points.loc[~held, ["adresse", "geometry"]]), cells)
    chance = np.random.default_rng(seed + 1)
    asked = points[held].sample(frac=share, random_state=seed)
    return measured(matcher, [german(row, chance) for row in asked.itertuples()], areas_of(asked, cells))


def straight(points: gpd.GeoDataFrame, houses: int = 500) -> gpd.GeoDataFrame:
    """Return cells between straight lines, of at most a third more than `houses` points."""
    xy = shapely.get_coordinates(points.to_crs(METRIC).geometry.to_numpy())
    boxes: list[tuple[float, ...]] = []

    def cut(rows: np.ndarray, box: tuple[float, float, float, float]) -> None:
        if len(rows) <= houses * 1.3:
            boxes.append(box)
            return
        axis = int(np.ptp(xy[rows, 1]) > np.ptp(xy[rows, 0]))
        middle = float(np.median(xy[rows, axis]))
        west, south, east, north = box
        low = xy[rows, axis] <= middle
        cut(rows[low], (west, south, east, middle) if axis else (west, south, middle, north))
        cut(rows[~low], (west, middle, east, north) if axis else (middle, south, east, north))

    cut(np.arange(len(xy)), (*(xy.min(axis=0) - 50), *(xy.max(axis=0) + 50)))
    shapes = shapely.segmentize(shapely.box(*np.array(boxes).T), 100.0)
    return gpd.GeoDataFrame({"code": [f"{n:04d}" for n in range(len(boxes))]}, geometry=shapes, crs=METRIC).to_crs(4326)


def of_rows(points: gpd.GeoDataFrame, houses: int = 500) -> gpd.GeoDataFrame:
    """Return cells of whole rows, of at most a third more than `houses` points."""
    xy = shapely.get_coordinates(points.to_crs(METRIC).geometry.to_numpy())
    row = rows_of(points)
    size = np.bincount(row)
    middle = np.column_stack([np.bincount(row, xy[:, axis]) / size for axis in (0, 1)])
    cell = np.zeros(len(size), dtype=int)
    count = 0

    def cut(rows: np.ndarray) -> None:
        nonlocal count
        if size[rows].sum() <= houses * 1.3:
            cell[rows] = count
            count += 1
            return
        axis = int(np.ptp(middle[rows, 1]) > np.ptp(middle[rows, 0]))
        order = rows[np.argsort(middle[rows, axis], kind="stable")]
        half = int(np.searchsorted(np.cumsum(size[order]), size[rows].sum() / 2)) + 1
        cut(order[:half])
        cut(order[half:])

    cut(np.arange(len(size)))
    cells = around(points, cell[row])
    return cells.assign(code=[f"{n:04d}" for n in cells.index]).to_crs(4326)


def planned(points: gpd.GeoDataFrame, workers: int = 1) -> gpd.GeoDataFrame:
    """Return the grids of 300 to 500 houses into which the product divides the rows."""
    blocks = around(points, rows_of(points)).explode().reset_index()
    blocks.loc[blocks.duplicated("cell"), "households"] = 0  # a row whose ground lies in pieces is counted once
    with tempfile.TemporaryDirectory() as folder:
        blocks[["households", "geometry"]].to_parquet(Path(folder, "rows.parquet"))
        inputs = gg.Inputs(blocks=str(Path(folder, "rows.parquet")))
        plan = gg.build(inputs, options=gg.BuildOptions(workers=workers))
    return plan.grids[["code", "geometry"]].to_crs(4326).sort_values("code").reset_index(drop=True)


def rows_of(points: gpd.GeoDataFrame) -> np.ndarray:
    """Return which row each house stands in."""
    xy = shapely.get_coordinates(points.to_crs(METRIC).geometry.to_numpy())
    number = points["hsnr"].astype(int).to_numpy()
    side = pd.factorize(points["strname"])[0] * 2 + number % 2
    order = np.lexsort((number, side))
    side, xy = side[order], xy[order]
    apart = np.hypot(*np.diff(xy, axis=0).T)
    same = side[1:] == side[:-1]
    usual = pd.Series(apart).where(same & (apart > 1)).groupby(side[1:]).transform("median").fillna(20.0).to_numpy()
    ends = ~same | (apart > np.maximum(ROW_GAP_FACTOR * usual, ROW_GAP_M))
    row = np.empty(len(points), dtype=int)
    row[order] = np.r_[0, np.cumsum(ends)]
    return row


def around(points: gpd.GeoDataFrame, cell: np.ndarray) -> gpd.GeoDataFrame:
    """Return the ground of each cell, what is nearer to its houses than to any other, and how many they are."""
    xy = shapely.get_coordinates(points.to_crs(METRIC).geometry.to_numpy())
    places, first, place = np.unique(xy, axis=0, return_index=True, return_inverse=True)
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places), ordered=True))
    columns = {"cell": cell[first], "households": np.bincount(place)}
    return gpd.GeoDataFrame(columns, geometry=parts, crs=METRIC).dissolve("cell", aggfunc="sum")


def german(row: Any, chance: np.random.Generator) -> str:
    """Return an address of Essen as somebody types it: Straße spelt out, no umlauts, small, a slip in one of twenty."""
    street = row.strname
    kind = chance.random()
    if kind < 0.4:
        full = "traße" if kind < 0.25 else "trasse"
        street = street.replace("Str.", "S" + full).replace("str.", "s" + full)
    if chance.random() < 0.2:
        for sign, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
            street = street.replace(sign, plain)
    street = street.replace("-", " ") if chance.random() < 0.1 else street
    street = street.lower() if chance.random() < 0.2 else street
    if chance.random() < 0.05:
        at = int(chance.integers(1, len(street) - 1))
        tail = (street[at + 1 :], street[at] + street[at:], street[at + 1] + street[at] + street[at + 2 :])
        street = street[:at] + tail[int(chance.integers(3))]
    letter = row.hsnrzu if isinstance(row.hsnrzu, str) else ""
    if letter:
        letter = str(chance.choice([letter, letter.lower(), " " + letter.lower()]))
    town = str(chance.choice([", 45127 Essen", " Essen", ", Essen", " 45127 Essen"])) if chance.random() < 0.3 else ""
    return f"{street} {row.hsnr}{letter}{town}"
