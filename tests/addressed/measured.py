"""Protocols by which addresses are measured, for tests and benchmarks alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

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
    return Matcher(gazetteer, within, ground=index, communities=communities)


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
