"""Coverages brought onto the units of a tile: valid, shared, in place, whatever they look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.tiles.encoder import LINE, POLYGON, Properties, layer
from gis_grid.tiles.ground import Ground, Grounds
from gis_grid.tiles.mercator import BUFFER, EXTENT, HALF_M
from tile_decoding import check_polygons, layers, shapes, share_borders

X = Y = 300
#: The tile with its rim, in its own units.
SEEN = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def ground_of(polygons: Any) -> Ground:
    """Return the ground of polygons given in units of the tile (X, Y)."""
    moved = shapely.transform(np.asarray(polygons, dtype=object), lambda xy: xy + np.array([X, Y]) * EXTENT)
    return Ground.of(moved, 10)


def encoded(polygons: Any, label: Any = None) -> bytes:
    """Return the tile (X, Y) of polygons given in its units, dissolved by label."""
    label = np.arange(len(polygons)) if label is None else np.asarray(label, dtype=np.int64)
    said = Properties.of({}, np.arange(max(len(polygons), int(label.max()) + 1)))
    return layer("blocks", POLYGON, *ground_of(polygons).tile(X, Y).polygons(label), said)


@st.composite
def coverages(draw: st.DrawFn) -> Any:
    """Draw cells around points, from much smaller than a unit to larger than a tile, or a lattice at quarter units."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 60))
    if draw(st.booleans()):
        size = draw(st.sampled_from([3.0, 12.0, 60.0, 700.0, 9000.0]))
        place = rng.uniform(-size, EXTENT, 2)
        spread = rng.uniform(0, size, (count, 2)) ** draw(st.sampled_from([1.0, 2.0])) / size**0.0
        spread = spread / max(spread.max(), 1e-9) * size
        cells = shapely.voronoi_polygons(
            shapely.multipoints(spread), extend_to=shapely.box(0, 0, size, size), ordered=True
        )
        cells = shapely.get_parts(cells)
        return shapely.transform(cells, lambda xy: np.clip(xy, -size, 2 * size) + place)
    side = draw(st.integers(2, 7))
    step = draw(st.sampled_from([0.25, 0.5, 1.0, 1.5, 40.0]))
    place = rng.integers(-8, 8, 2) * 0.25 + draw(st.sampled_from([-BUFFER, 0, 100, EXTENT, EXTENT + BUFFER]))
    corners = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1)), axis=-1) * step
    corners = corners + rng.integers(-1, 2, corners.shape) * step / 4 + place
    squares = [
        shapely.polygons([corners[i, j], corners[i, j + 1], corners[i + 1, j + 1], corners[i + 1, j]])
        for i in range(side)
        for j in range(side)
    ]
    return np.array(squares, dtype=object)


@settings(max_examples=150, deadline=None)
@given(coverages(), st.integers(1, 6), st.randoms(use_true_random=False))
def test_every_feature_is_valid_and_neighbours_share_their_borders(polygons: Any, labels: int, random: Any) -> None:
    check_polygons(encoded(polygons), "blocks")
    check_polygons(encoded(polygons, [random.randrange(labels) for _ in polygons]), "blocks")


@settings(max_examples=60, deadline=None)
@given(coverages())
def test_nothing_moves_by_more_than_a_unit(polygons: Any) -> None:
    """What is in the tile covers the ground that was there, but for a strip of one unit along its outline."""
    inside = shapely.intersection(shapely.union_all(polygons), SEEN)
    drawn = shapely.union_all(check_polygons(encoded(polygons), "blocks"))
    assert drawn.difference(shapely.buffer(inside, 1.0)).area < 1e-6
    assert shapely.buffer(inside, -1.0).difference(drawn).area < 1e-6


@settings(max_examples=60, deadline=None)
@given(coverages())
def test_dissolving_first_or_last_covers_the_same(polygons: Any) -> None:
    label = np.arange(len(polygons)) % 3
    parts = check_polygons(encoded(polygons), "blocks")
    whole = check_polygons(encoded(polygons, label), "blocks")
    assert shapely.area(parts).sum() == shapely.area(whole).sum()
    assert shapely.union_all(parts).symmetric_difference(shapely.union_all(whole)).area == 0


@settings(max_examples=60, deadline=None)
@given(coverages())
def test_lines_between_labels_are_the_edges_of_the_polygons(polygons: Any) -> None:
    label = np.arange(len(polygons)) % 2
    tile = ground_of(polygons).tile(X, Y)
    sides = np.append(label, -1)[tile.edges[:, 2:]]
    rows, data = tile.lines(np.where(sides[:, 0] != sides[:, 1], 0, -1))
    drawn = shapes(layers(layer("l", LINE, rows, data, Properties.of({}, np.arange(1)))).get("l", []))
    outlines = shapely.union_all(shapely.boundary(check_polygons(encoded(polygons, label), "blocks")))
    rim = shapely.boundary(SEEN)
    assert shapely.union_all(drawn).symmetric_difference(outlines).difference(rim).length == pytest.approx(0, abs=1e-9)


def test_a_hole_that_touches_its_shell_at_the_end_of_a_notch_shares_its_border() -> None:
    """GEOS takes this for a fault; what lies beside one another does so all the same, until a corner is missing."""
    notch = shapely.Polygon([(9, 7), (20, 5), (20, 14), (7, 9)])
    island = shapely.Polygon([(4, 1), (7, 1), (20, 5), (7, 3), (4, 3)])
    shell = [(20, 5), (9, 7), (7, 9), (20, 14), (20, 24), (0, 24), (0, 0), (20, 0)]
    around = shapely.orient_polygons(shapely.Polygon(shell, [island.exterior.coords]))
    found = np.array([around, shapely.orient_polygons(notch), shapely.orient_polygons(island)])
    assert share_borders(found)
    apart = shapely.orient_polygons(shapely.Polygon([(9, 7), (14.5, 6), (20, 5), (20, 14), (7, 9)]))
    assert not share_borders(np.array([around, apart, found[2]]))
    assert not share_borders(np.array([around, found[1], shapely.box(3, 1, 5, 3)]))


def test_a_polygon_around_the_whole_tile_fills_it_to_the_rim() -> None:
    (found,) = check_polygons(encoded([shapely.box(-9000, -9000, 9000, 9000)]), "blocks")
    assert found.equals(SEEN)
    assert len(found.exterior.coords) == 5


def test_an_empty_tile_is_no_bytes() -> None:
    assert encoded([shapely.box(9000, 0, 9100, 100)]) == b""
    around = shapely.box(-9000, -9000, 9000, 9000).difference(shapely.box(-500, -500, 5000, 5000))
    assert encoded([around]) == b""  # its bounds meet the tile, its ground does not


def test_what_is_too_small_goes_to_its_neighbours_on_both_sides() -> None:
    sliver = shapely.box(100, 0, 100.3, 100)
    left, right = shapely.box(0, 0, 100, 100), shapely.box(100.3, 0, 200, 100)
    tile = encoded([left, sliver, right])
    found = check_polygons(tile, "blocks")
    assert [feature["id"] for feature in layers(tile)["blocks"]] == [0, 2]
    assert found[0].equals(left)
    assert found[1].equals(shapely.box(100, 0, 200, 100))


def test_holes_and_islands_in_them_stay() -> None:
    yard = shapely.box(0, 0, 300, 300).difference(shapely.box(50, 50, 250, 250))
    lake = shapely.box(50, 50, 250, 250).difference(shapely.box(100, 100, 200, 200))
    island = shapely.box(100, 100, 200, 200)
    found = check_polygons(encoded([yard, lake, island], [0, 1, 0]), "blocks")
    assert found[0].equals(shapely.union_all([yard, island]))
    assert found[1].equals(lake)
    assert found[0].geom_type == "MultiPolygon"
    assert [len(part.interiors) for part in found[0].geoms] == [1, 0]


def test_parts_that_touch_in_a_corner_are_two_and_a_hole_that_touches_the_outline_is_a_hole() -> None:
    squares = [shapely.box(x, y, x + 10, y + 10) for y in (0, 10, 20) for x in (0, 10, 20)]
    (chequered,) = check_polygons(encoded(squares, [0, -1, -1, -1, 0, -1, -1, -1, -1]), "blocks")
    assert shapely.get_num_geometries(chequered) == 2
    ring = shapely.Polygon([(0, 0), (30, 0), (30, 30), (0, 30)], [[(0, 0), (10, 20), (20, 10)]])
    (drawn,) = check_polygons(encoded([ring]), "blocks")
    assert drawn.equals(ring)
    assert len(drawn.interiors) == 1


def test_tiles_next_to_each_other_agree_where_they_overlap() -> None:
    rng = np.random.default_rng(4)
    points = shapely.multipoints(rng.uniform(3000, 5200, (300, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(points, ordered=True))
    ground = ground_of(cells)
    said = Properties.of({}, np.arange(len(cells)))
    seen = []
    for step in (0, 1):
        tile = layer("b", POLYGON, *ground.tile(X + step, Y).polygons(np.arange(len(cells))), said)
        found = {feature["id"]: shapes([feature])[0] for feature in layers(tile)["b"]}
        seen.append(
            {
                one: shapely.transform(form, lambda xy, s=step: xy + np.array([s * EXTENT, 0]))
                for one, form in found.items()
            }
        )
    strip = shapely.box(EXTENT - BUFFER + 2, -BUFFER, EXTENT + BUFFER - 2, EXTENT)
    both = set(seen[0]) & set(seen[1])
    assert len(both) > 10
    for one in both:
        mine, other = (shapely.intersection(tile[one], strip) for tile in seen)
        assert mine.symmetric_difference(other).area <= 1.5 * strip.length / 100


def test_grounds_are_the_same_in_whatever_order_zooms_are_asked_for() -> None:
    rng = np.random.default_rng(3)
    points = shapely.multipoints(rng.uniform(0, 3000, (80, 2)))
    cells = shapely.segmentize(shapely.get_parts(shapely.voronoi_polygons(points)), 40.0)
    cells = shapely.transform(cells, lambda xy: np.round(xy, 3) + HALF_M / 2)
    up, down = Grounds(cells, 15), Grounds(cells, 15)
    found = {zoom: up.at(zoom) for zoom in range(10, 16)}
    for zoom in range(15, 9, -1):
        again = down.at(zoom)
        assert again.zoom == found[zoom].zoom == zoom
        assert (again.ends == found[zoom].ends).all()
    assert len(found[10].ends) < len(found[15].ends)


def test_blocks_that_overlap_are_drawn_all_the_same() -> None:
    """No plan should have such blocks; each is drawn, though neighbours then share no border."""
    rng = np.random.default_rng(2)
    for _ in range(50):
        corners = rng.integers(0, 400, (12, 2))
        boxes = [shapely.box(x, y, x + 150, y + 90) for x, y in corners]
        drawn = {feature["id"] for feature in layers(encoded(boxes))["blocks"]}
        assert len(drawn) >= len(boxes) - 2
