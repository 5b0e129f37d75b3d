"""Street faces tile their district, and carriageways become one border."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.blocks.faces import WIDE_ROADS, FaceOptions, Lines, street_faces
from gis_grid.coverage import coverage_segments, widths
from gis_grid.sources import read_boundary, read_streets

SQUARE = shapely.box(0, 0, 1000, 1000)


def lines(*paths, wide=False, link=False, roundabout=False) -> Lines:
    geometry = np.array([shapely.LineString(p) if isinstance(p, list) else p for p in paths], dtype=object)
    flag = lambda value: np.full(len(geometry), value)  # noqa: E731
    return Lines(geometry, flag(wide), flag(link), flag(roundabout))


def both(*several: Lines) -> Lines:
    names = ("geometry", "wide", "link", "roundabout")
    return Lines(*(np.concatenate([getattr(one, name) for one in several]) for name in names))


def assert_tiles(faces, ground) -> None:
    assert shapely.coverage_is_valid(faces)
    gone = shapely.area(shapely.symmetric_difference(shapely.coverage_union_all(faces), ground))
    assert gone <= 1e-6 * shapely.area(ground)


def test_a_dual_carriageway_becomes_its_middle_line():
    faces = street_faces(SQUARE, lines([(491, -9), (491, 1009)], [(509, -9), (509, 1009)]))
    assert_tiles(faces, SQUARE)
    assert len(faces) == 2
    segments = coverage_segments(faces)
    inner = segments.take(segments.a >= 0)
    xs = inner.xy[np.r_[inner.u, inner.v], 0]
    # at the district's edge the line may start a little beside the middle
    assert np.abs(xs - 500).max() <= 3.0
    assert np.median(np.abs(xs - 500)) <= 0.2


def test_a_crossing_of_dual_carriageways_becomes_one_point():
    ways = lines([(491, -9), (491, 1009)], [(509, -9), (509, 1009)], [(-9, 495), (1009, 495)], [(-9, 505), (1009, 505)])
    faces = street_faces(SQUARE, ways)
    assert_tiles(faces, SQUARE)
    assert sorted(shapely.area(faces).round(-3)) == [250_000] * 4


def test_dead_ends_leave_no_trace():
    faces = street_faces(SQUARE, lines([(500, -9), (500, 1009)], [(500, 300), (800, 300)]))
    assert len(faces) == 2
    assert shapely.get_num_interior_rings(faces).sum() == 0


def test_an_end_just_short_of_a_street_is_joined_to_it():
    short = lines([(500, 1009), (500, 500.8)], [(-9, 500), (1009, 500)])
    assert len(street_faces(SQUARE, short)) == 3
    assert len(street_faces(SQUARE, short, options=FaceOptions(snap_m=0.1))) == 2


def test_a_roundabout_becomes_a_star_without_its_own_face():
    ring = shapely.Point(500, 500).buffer(22).exterior
    arms = [
        [(500 + dx * 22, 500 + dy * 22), (500 + dx * 600, 500 + dy * 600)]
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
    ]
    faces = street_faces(SQUARE, both(lines(*arms), lines(shapely.LineString(ring.coords), roundabout=True)))
    assert_tiles(faces, SQUARE)
    assert len(faces) == 4
    assert shapely.area(faces).min() > 249_000


def test_a_ramp_loop_is_no_block():
    loop = lines([(500, 400), (545, 420), (560, 460), (500, 500)], link=True)
    faces = street_faces(SQUARE, both(lines([(500, -9), (500, 1009)], wide=True), loop))
    assert len(faces) == 2


def test_a_strip_between_wide_roads_is_no_block_but_between_lanes_it_is():
    sides = ([(490, -9), (490, 1009)], [(515, -9), (515, 1009)])
    assert len(street_faces(SQUARE, lines(*sides, wide=True))) == 2
    assert len(street_faces(SQUARE, lines(*sides))) == 3


def test_a_narrow_face_with_homes_is_really_a_block():
    sides = lines([(490, -9), (490, 1009)], [(508, -9), (508, 1009)])
    home = np.array([shapely.Point(499, 300)])
    assert len(street_faces(SQUARE, sides)) == 2
    assert len(street_faces(SQUARE, sides, points=home, households=np.array([40]))) == 3
    assert len(street_faces(SQUARE, sides, points=home, households=np.array([3]))) == 2


def test_a_fixed_line_stays_where_it_is():
    border = np.array([shapely.LineString([(500, 0), (500, 1000)])])
    faces = street_faces(SQUARE, lines([(508, -9), (508, 1009)], [(-9, 400), (1009, 400)]), fixed=border)
    assert_tiles(faces, SQUARE)
    assert len(faces) == 4
    assert shapely.length(shapely.intersection(shapely.union_all(shapely.boundary(faces)), border[0])) == pytest.approx(
        1000
    )


def test_a_boundary_with_a_hole_keeps_it():
    ground = SQUARE.difference(shapely.box(400, 400, 450, 450))
    faces = street_faces(ground, lines([(500, -9), (500, 1009)]))
    assert_tiles(faces, ground)


def test_no_street_at_all_gives_one_block():
    faces = street_faces(SQUARE, lines())
    assert len(faces) == 1
    assert_tiles(faces, SQUARE)


def test_doubled_and_self_crossing_lines_do_no_harm():
    bow = [(100, 100), (900, 900), (900, 100), (100, 900)]
    faces = street_faces(SQUARE, lines(bow, bow, bow[::-1]))
    assert_tiles(faces, SQUARE)
    assert len(faces) == 2


coordinates = st.integers(-20, 1020)
paths = st.lists(st.tuples(coordinates, coordinates), min_size=2, max_size=5, unique=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(paths, max_size=14), st.booleans())
def test_whatever_the_streets_the_faces_tile(ways, wide):
    faces = street_faces(SQUARE, lines(*[list(way) for way in ways], wide=wide))
    assert_tiles(faces, SQUARE)
    # what is left narrow has no wider neighbour to go to, or the drawing is one tangle of slivers
    if len(faces) > 1:
        assert (widths(faces, below=20) < 20).mean() <= 0.5


@pytest.mark.parametrize("name", ["districts_wgs84", "districts_gcj02"])
def test_jianghan_tiles_its_outline_with_hardly_a_narrow_face(real_data, tmp_path, name):
    outline = gpd.read_parquet(real_data(f"china/{name}.parquet"))
    path = tmp_path / "jianghan.gpkg"
    outline[outline["name"] == "江汉区"].to_file(path)
    read = read_boundary(path, crs="gcj02" if "gcj02" in name else None, target=32650)
    ground = read.frame.geometry.union_all()
    streets = read_streets(real_data("wuhan/jianghan_streets_buf300.parquet"), target=32650).frame
    kind = streets["street_class"].to_numpy(dtype=object)
    ways = Lines(
        streets.geometry.to_numpy(),
        np.isin(kind, WIDE_ROADS),
        streets["link"].to_numpy(bool),
        np.zeros(len(streets), bool),
    )
    faces = street_faces(ground, ways)
    assert_tiles(faces, ground)
    assert (widths(faces, below=20) < 20).mean() < 0.01
    assert 380 <= len(faces) <= 440


def test_all_of_wuhan_tiles_with_hardly_a_narrow_face(real_data):
    streets = read_streets(real_data("wuhan/wuhan_streets.parquet"), target=32650).frame
    ground = shapely.box(*streets.total_bounds)
    kind = streets["street_class"].to_numpy(dtype=object)
    nothing = np.zeros(len(streets), bool)
    ways = Lines(streets.geometry.to_numpy(), np.isin(kind, WIDE_ROADS), streets["link"].to_numpy(bool), nothing)
    faces = street_faces(ground, ways)
    assert_tiles(faces, ground)
    assert (widths(faces, below=20) < 20).mean() < 0.01
    assert len(faces) > 5_000
