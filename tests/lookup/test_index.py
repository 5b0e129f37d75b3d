"""The index: one owner for every point, exact distances, and an answer outside."""

from __future__ import annotations

import pickle
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.errors import InputError
from gis_grid.lookup import LookupIndex
from gis_grid.lookup.raster import MOST_CELLS
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


def frame(shapes: list[shapely.Geometry], *, crs: int = 32650, **columns: list[str]) -> gpd.GeoDataFrame:
    codes = columns.pop("code", [f"{n:03d}" for n in range(len(shapes))])
    return gpd.GeoDataFrame({"code": codes} | columns, geometry=shapes, crs=crs)


def tessellation(seed: int, *, crs: int = 32650) -> gpd.GeoDataFrame:
    """Voronoi cells joined at random into grids in several parts, with holes and islands; one grid is left out."""
    rng = np.random.default_rng(seed)
    west, south, side = (114.2, 30.5, 0.02) if crs == 4326 else (530_000.0, 3_386_000.0, 1000.0)
    points = np.array([west, south]) + rng.uniform(0, side, (60, 2))
    extent = shapely.box(west, south, west + side, south + side)
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=extent))
    grid = rng.integers(0, 14, len(cells))
    shapes = [shapely.coverage_union_all(cells[grid == n]) for n in np.unique(grid)[1:]]
    return frame([shapely.normalize(shape) for shape in shapes], crs=crs)


def truth(grids: gpd.GeoDataFrame, points: np.ndarray) -> np.ndarray:
    """Return the first grid that shapely says holds each point, by code."""
    order = np.argsort(grids["code"].to_numpy(dtype=str), kind="stable")
    found = np.full(len(points), -1)
    for position in order[::-1]:
        found[shapely.intersects_xy(grids.geometry.iloc[position], points)] = position
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([32650, 4326]))
def test_inside_on_corners_and_on_borders_as_shapely_says(seed: int, crs: int) -> None:
    grids = tessellation(seed, crs=crs)
    index = LookupIndex(grids)
    rng = np.random.default_rng(seed)
    west, south, east, north = grids.total_bounds
    corners = shapely.get_coordinates(grids.geometry)
    around = np.column_stack([rng.uniform(west, east, 400), rng.uniform(south, north, 400)])
    points = np.vstack([corners, around])
    found = index.locate(*points.T)
    assert found.tolist() == truth(grids, points).tolist()
    assert [index.locate_one(x, y) for x, y in points] == found.tolist()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_point_between_two_corners_belongs_to_a_grid_that_the_border_is_of(seed: int) -> None:
    grids = tessellation(seed)
    rings = shapely.get_rings(shapely.get_parts(grids.geometry.to_numpy()))
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    middles = ((corners[1:] + corners[:-1]) / 2)[same]
    found = LookupIndex(grids).locate(*middles.T)
    assert (found >= 0).all()  # on the outer border too, however the middle was rounded
    metres = shapely.distance(grids.geometry.to_numpy()[found], shapely.points(middles))
    assert metres.max() < 1e-8


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_distances_are_those_of_shapely(seed: int) -> None:
    grids = tessellation(seed)
    index = LookupIndex(grids)
    rng = np.random.default_rng(seed)
    west, south, east, north = grids.total_bounds
    points = np.column_stack([rng.uniform(west - 900, east + 900, 60), rng.uniform(south - 900, north + 900, 60)])
    shapes, dots = grids.geometry.to_numpy(), shapely.points(points)
    to_border = shapely.distance(shapely.boundary(shapes)[:, None], dots)
    to_grid = shapely.distance(shapes[:, None], dots)
    assert index.border_distance(*points.T) == pytest.approx(to_border.min(axis=0), abs=1e-7)
    position, metres = index.nearest(*points.T)
    assert metres == pytest.approx(to_grid.min(axis=0), abs=1e-7)
    assert to_grid[position, range(len(points))] == pytest.approx(metres, abs=1e-7)
    for n, (x, y) in enumerate(points[:10]):
        near = index.within(x, y, 150)
        assert {p for p, _ in near} == set(np.flatnonzero(to_grid[:, n] <= 150).tolist())
        assert [m for _, m in near] == pytest.approx(sorted(to_grid[to_grid[:, n] <= 150, n]), abs=1e-7)


def test_in_degrees_distances_are_metres() -> None:
    from pyproj import Geod

    square = frame([shapely.box(114.2, 30.5, 114.3, 30.6)], crs=4326)
    index = LookupIndex(square)
    geod = Geod(ellps="WGS84")
    for metres in (1.0, 30.0, 1000.0):
        for azimuth, x, y in ((90, 114.3, 30.55), (180, 114.25, 30.5), (270, 114.2, 30.52)):
            lon, lat, _ = geod.fwd(x, y, azimuth, metres)
            assert index.border_one(lon, lat)[0] == pytest.approx(metres, rel=2e-4)
            assert index.nearest([lon], [lat])[1][0] == pytest.approx(metres, rel=2e-4)


def test_the_inner_one_of_two_dedicated_grids_goes_first() -> None:
    shapes = [shapely.box(0, 0, 90, 90), shapely.box(20, 20, 70, 70), shapely.box(40, 40, 50, 50)]
    grids = frame(shapes, code=["1", "2", "3"], kind=["community", "dedicated", "dedicated"])
    index = LookupIndex(grids)
    assert index.locate([45, 30, 5, 40, 20], [45, 30, 5, 45, 30]).tolist() == [2, 1, 0, 2, 1]
    assert index.within(45, 45, 0) == [(2, 0.0), (1, 0.0), (0, 0.0)]
    assert index.border_distance([30], [45]).tolist() == [10.0]


def test_islands_holes_touching_rings_and_doubled_corners() -> None:
    ring = shapely.Polygon([(0, 0), (9, 0), (9, 0), (9, 9), (0, 9), (0, 0)], [[(3, 3), (6, 3), (6, 6), (3, 6)]])
    bow = shapely.MultiPolygon([shapely.box(20, 0, 22, 2), shapely.box(22, 2, 24, 4)])
    index = LookupIndex(frame([ring, bow, shapely.box(4, 4, 5, 5)]))
    places = {(1, 1): 0, (3.5, 3.5): -1, (4.5, 4.5): 2, (3, 4): 0, (22, 2): 1, (21, 3): -1, (23, 1): -1, (4, 4): 2}
    assert {place: index.locate_one(*place) for place in places} == places


def test_a_corner_that_stands_on_one_side_only_leaves_no_point_without_owner() -> None:
    whole = shapely.Polygon([(530_000, 3_386_000), (530_170, 3_386_071), (530_170, 3_386_000)])
    t = np.linspace(0, 1, 12)
    line = np.column_stack([530_000 + 170 * t, 3_386_000 + 71 * t])
    other = shapely.Polygon([*line, (530_000, 3_386_071)])
    index = LookupIndex(frame([whole, other]))
    for step in (0, 1e-10, -1e-10, 1e-9, -1e-9):
        mid = (line[1:] + line[:-1]) / 2 + [0, step]
        assert (index.locate(*mid.T) >= 0).all()
    gap = frame([shapely.box(0, 0, 500, 1000), shapely.box(500.008, 0, 1000, 1000)])
    assert LookupIndex(gap).locate([500.003, 500.005], [50, 50]).tolist() == [0, 1]
    assert LookupIndex(frame([shapely.box(0, 0, 500, 1000)])).locate([500.003], [50]).tolist() == [-1]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e308, -1e308])
def test_one_point_anywhere_has_an_answer(value: float) -> None:
    index = LookupIndex(quarters([0, 1, 2, 3]))
    assert index.locate_one(value, 5.0) == -1
    assert index.locate_one(5.0, value) == -1


def test_no_grid_one_grid_and_grids_without_ground() -> None:
    nothing = LookupIndex(frame([]))
    assert nothing.locate([1.0], [1.0]).tolist() == [-1]
    assert np.isnan(nothing.border_distance([1.0], [1.0])).all()
    assert nothing.within(1.0, 1.0, 50.0) == []
    assert nothing.nearest([1.0], [1.0])[0].tolist() == [-1]
    empty = LookupIndex(frame([shapely.Polygon(), shapely.box(0, 0, 1, 1)]))
    assert empty.locate([0.5, 3.0], [0.5, 3.0]).tolist() == [1, -1]


@pytest.mark.parametrize(
    "shapes",
    [
        [shapely.box(0, 0, 1e-6, 1e7), shapely.box(1e-6, 0, 2e-6, 1e7)],
        [shapely.box(0, 0, 1, 1), shapely.box(1e7, 1e7, 1e7 + 1, 1e7 + 1)],
        [shapely.Point(0, 0).buffer(1, quad_segs=20_000)],
        [shapely.box(1e15, 1e15, 1e15 + 8, 1e15 + 8)],
    ],
    ids=["thin", "far apart", "many corners", "huge coordinates"],
)
def test_memory_is_bounded_whatever_the_shape(shapes: list[shapely.Geometry]) -> None:
    index = LookupIndex(frame(shapes))
    corners = len(shapely.get_coordinates(shapes))
    assert index.raster.nbytes < 4e6 + 2000 * corners
    assert index.raster.ints[0] * index.raster.ints[1] <= MOST_CELLS
    inside = shapely.get_coordinates(shapely.point_on_surface(shapes))
    assert index.locate(*inside.T).tolist() == list(range(len(shapes)))


def test_an_index_is_kept_in_a_file_and_shared(tmp_path: Path) -> None:
    index = LookupIndex(quarters([2, 0, 1, 3]))
    x, y = np.random.default_rng(1).uniform(-3, 24, (2, 500))
    for other in (LookupIndex.load(index.save(tmp_path / "grids.idx")), pickle.loads(pickle.dumps(index))):
        assert other.locate(x, y).tolist() == index.locate(x, y).tolist()
        assert other.border_distance(x, y).tolist() == index.border_distance(x, y).tolist()
    (tmp_path / "other.idx").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="no index of grids"):
        LookupIndex.load(tmp_path / "other.idx")


def test_the_index_cannot_be_written_to() -> None:
    index = LookupIndex(quarters([0, 1, 2, 3]))
    with pytest.raises(ValueError, match="read-only"):
        index.raster.ints[0] = 7
