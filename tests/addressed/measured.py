"""Protocols by which addresses are measured, for tests and benchmarks alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from addressed.city import CITY, DISTRICT, PROVINCE, City, whole
from gis_grid.addresses import Gazetteer, Match, Matcher
from gis_grid.lookup import LookupIndex

registered = whole


@dataclass(frozen=True)
class Outcome:
    """Shares of queries that were told rightly, told wrongly and refused."""

    queries: int
    right: float
    wrong: float
    refused: float
    matches: list[Match] = field(repr=False, default_factory=list)


def measured(
    matcher: Matcher, texts: list[str], truth: np.ndarray, allowed: set[tuple[int, int]] | None = None
) -> Outcome:
    """Match texts and compare with the truth; `allowed` are pairs of truth and answer that count as right as well."""
    matches = matcher.match_all(texts)
    got = np.array([match.area for match in matches])
    right = got == truth
    if allowed is not None:
        right |= np.array([pair in allowed for pair in zip(truth.tolist(), got.tolist(), strict=True)])
    told = got >= 0
    return Outcome(len(texts), float(right.mean()), float((told & ~right).mean()), float((~told).mean()), matches)


def matcher_in(gazetteer: Gazetteer, areas: gpd.GeoDataFrame, communities: dict[int, str] | None = None) -> Matcher:
    index = LookupIndex(areas)
    within = index.locate(gazetteer.lon, gazetteer.lat)
    locate = lambda lon, lat: (index.locate_one(lon, lat), index.border_one(lon, lat)[0])  # noqa: E731
    return Matcher(gazetteer, within, locate=locate, communities=communities)


def city_matcher(city: City) -> Matcher:
    texts = [whole(door) for door in city.doors.itertuples()]
    points = gpd.GeoDataFrame({"address": texts}, geometry=city.doors.geometry, crs=4326)
    gazetteer = Gazetteer.from_frames(points, communities=city.communities, areas=[DISTRICT, CITY, PROVINCE])
    grids = city.grids.sort_values("grid").reset_index(drop=True)
    assert grids["grid"].tolist() == list(range(len(grids)))
    return matcher_in(gazetteer, grids, dict(enumerate(grids["community"])))


def cambridge(data: Callable[[str], Path], seed: int = 1) -> Outcome:
    """Half of Cambridge's addresses against streets with number ranges and the other half; blocks as areas.

    The halves share no address. A block with which the right one shares a border of 5 m or more counts as right.
    """
    places = gpd.read_parquet(data("cambridge/cambridge_addresses_fy2014.parquet"))
    streets = gpd.read_parquet(data("cambridge/cambridge_streets.parquet")).to_crs(4326)
    metric = gpd.read_parquet(data("cambridge/cambridge_blocks2020.parquet"))
    blocks = metric.assign(code=metric["GEOID20"]).to_crs(4326)
    key = places["house_no"] + "|" + places["street"]
    held = set(key.drop_duplicates().sample(frac=0.5, random_state=seed))
    asked, known = places[key.isin(held)], places[~key.isin(held)]
    columns = known[["house_no", "street", "geometry"]]
    matcher = matcher_in(Gazetteer.from_frames(columns, streets=streets), blocks[["code", "geometry"]])
    truth = areas_of(asked, blocks)
    inside = truth >= 0
    return measured(matcher, asked.loc[inside, "address"].tolist(), truth[inside], beside(metric))


def beside(blocks: gpd.GeoDataFrame) -> set[tuple[int, int]]:
    """Return pairs of blocks that share a border of 5 m or more."""
    shapes = blocks.geometry.to_numpy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="dwithin", distance=1.0)
    shared = shapely.length(shapely.intersection(shapely.boundary(shapes[one]), shapely.boundary(shapes[other])))
    return set(zip(one[shared > 5].tolist(), other[shared > 5].tolist(), strict=True))


def areas_of(points: gpd.GeoDataFrame, areas: gpd.GeoDataFrame) -> np.ndarray:
    xy = shapely.get_coordinates(points.geometry.to_numpy())
    return LookupIndex(areas[["code", "geometry"]]).locate(xy[:, 0], xy[:, 1])


def essen(
    data: Callable[[str], Path], seed: int = 1, share: float = 1.0, houses: int = 166, *, whole_runs: bool = False
) -> Outcome:
    """A fifth of Essen's house numbers, typed in variants, against the rest; cells of `houses` points as areas.

    At three households a house 166 points make a cell of 500 households. Cells are cut by straight lines through the
    middle, again and again, so that their borders run through streets and yards as no real grid's do; with `whole_runs`
    ten successive numbers of one side of a street stay together, as they do where borders follow streets.
    """
    points = gpd.read_parquet(data("addresses/essen_house_coordinates_2022.parquet")).reset_index(drop=True)
    cells = run_cells_of(points, houses) if whole_runs else cells_of(points, houses)
    held = np.random.default_rng(seed).random(len(points)) < 0.2
    matcher = matcher_in(Gazetteer.from_frames(points.loc[~held, ["adresse", "geometry"]]), cells)
    chance = np.random.default_rng(seed + 1)
    asked = points[held].sample(frac=share, random_state=seed)
    texts = [german(row, chance) for row in asked.itertuples()]
    return measured(matcher, texts, areas_of(asked, cells))


def cells_of(points: gpd.GeoDataFrame, houses: int) -> gpd.GeoDataFrame:
    xy = shapely.get_coordinates(points.to_crs(25832).geometry.to_numpy())
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
    codes = [f"{n:04d}" for n in range(len(boxes))]
    return gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs=25832).to_crs(4326)


def run_cells_of(points: gpd.GeoDataFrame, houses: int) -> gpd.GeoDataFrame:
    """Return cells made of whole runs of numbers: each house with what is nearer to it than to any other."""
    metric = points.to_crs(25832)
    number = metric["hsnr"].astype(int)
    run = (metric["strname"] + "|" + (number % 2).astype(str) + "|" + (number // 20).astype(str)).to_numpy(dtype=object)
    _, run_of = np.unique(run, return_inverse=True)
    xy = shapely.get_coordinates(metric.geometry.to_numpy())
    size = np.bincount(run_of)
    middle = np.column_stack([np.bincount(run_of, xy[:, axis]) / size for axis in (0, 1)])
    cell_of_run = np.zeros(len(size), dtype=int)
    count = 0

    def cut(runs: np.ndarray) -> None:
        nonlocal count
        if size[runs].sum() <= houses * 1.3:
            cell_of_run[runs] = count
            count += 1
            return
        axis = int(np.ptp(middle[runs, 1]) > np.ptp(middle[runs, 0]))
        order = runs[np.argsort(middle[runs, axis], kind="stable")]
        half = int(np.searchsorted(np.cumsum(size[order]), size[runs].sum() / 2)) + 1
        cut(order[:half])
        cut(order[half:])

    cut(np.arange(len(size)))
    places, first = np.unique(xy, axis=0, return_index=True)
    parts = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(places), ordered=True))
    cells = gpd.GeoDataFrame({"cell": cell_of_run[run_of[first]]}, geometry=parts, crs=25832)
    out = cells.dissolve("cell").reset_index()
    return out.assign(code=[f"{n:04d}" for n in out["cell"]]).to_crs(4326)


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
