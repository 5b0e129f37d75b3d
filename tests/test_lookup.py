"""Lookup: one owner for every point, exact distances, and an answer outside."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.errors import InputError
from gis_grid.lookup import LookupIndex
from small import CRS, EAST, NORTH, small_plan


def quarters(order: list[int]) -> gpd.GeoDataFrame:
    """Four squares that meet in (10, 10), in any order; codes run with the squares, not with the order."""
    boxes = [shapely.box(10 * (n % 2), 10 * (n // 2), 10 * (n % 2) + 10, 10 * (n // 2) + 10) for n in range(4)]
    codes = ["400", "300", "200", "100"]
    return gpd.GeoDataFrame({"code": [codes[n] for n in order]}, geometry=[boxes[n] for n in order], crs=32650)


@settings(deadline=None)
@given(st.permutations(range(4)))
def test_borders_and_corners_have_one_owner_whatever_the_order(order: list[int]) -> None:
    grids = quarters(order)
    found = LookupIndex(grids).locate([10, 10, 5, 0, 20], [10, 5, 10, 0, 20])
    assert grids["code"].iloc[found].tolist() == ["100", "300", "200", "400", "100"]


def test_outside_is_minus_one() -> None:
    assert LookupIndex(quarters([0, 1, 2, 3])).locate([-1e-9, 21], [5, 21]).tolist() == [-1, -1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_agrees_with_checking_every_grid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    seeds = shapely.MultiPoint(rng.uniform(0, 100, (12, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=shapely.box(0, 0, 100, 100)))
    grids = gpd.GeoDataFrame({"code": [f"{n:03d}" for n in rng.permutation(len(cells))]}, geometry=cells, crs=32650)
    corners = shapely.get_coordinates(cells)
    points = np.vstack([rng.uniform(-20, 120, (50, 2)), corners])
    found = LookupIndex(grids).locate(*points.T)
    for (x, y), position in zip(points, found, strict=True):
        holding = grids["code"][shapely.intersects(cells, shapely.Point(x, y))]
        assert (position == -1) == holding.empty
        if not holding.empty:
            assert grids["code"].iloc[position] == holding.min()


def test_a_dedicated_grid_goes_before_the_one_around_it() -> None:
    shapes = [shapely.box(0, 0, 10, 10), shapely.box(4, 4, 6, 6)]
    grids = gpd.GeoDataFrame({"code": ["1", "2"], "kind": ["community", "dedicated"]}, geometry=shapes, crs=32650)
    assert LookupIndex(grids).locate([5, 1], [5, 1]).tolist() == [1, 0]


def test_distances_and_neighbours_within_reach() -> None:
    plan = small_plan()
    index = LookupIndex(plan.grids)
    x, y = EAST + 250, NORTH + 92
    assert index.locate([x], [y]).tolist() == [0]
    assert index.border_distance([x], [y]).round(6).tolist() == [8.0]
    assert index.within(x, y, 5) == [(0, 0.0)]
    assert [(n, round(d, 6)) for n, d in index.within(x, y, 30)] == [(0, 0.0), (1, 8.0)]


def test_the_nearest_grid_outside() -> None:
    position, metres = LookupIndex(small_plan().grids).nearest([EAST - 30], [NORTH + 350])
    assert position.tolist() == [3]
    assert metres.tolist() == [30.0]


def test_bad_coordinates_are_refused_by_row() -> None:
    index = LookupIndex(small_plan().grids)
    with pytest.raises(InputError, match="row 2"):
        index.locate([1.0, np.nan], [1.0, 2.0])
    with pytest.raises(InputError, match="one length"):
        index.locate([1.0], [1.0, 2.0])
    assert index.locate([], []).tolist() == []
    assert gpd.GeoSeries(index.grids.geometry).crs == CRS
