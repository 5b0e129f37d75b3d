"""The bounds in words name the right street on the right side, whatever the shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.describe import MOST_NAMES, UNNAMED, describe
from gis_grid.grids import grids
from lattice import CRS, blocks_of, borders_of, name

Edge = tuple[tuple[float, float], tuple[float, float], str, str]


def bounds_of(shape: shapely.Polygon, edges: list[Edge], *, lang: str = "zh", turn: float = 0.0) -> dict[str, str]:
    """Describe one grid whose outline runs along named edges; the whole may be turned by so many degrees."""

    def turned(geometry: shapely.Geometry) -> shapely.Geometry:
        angle = np.radians(turn)
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return shapely.transform(geometry, lambda xy: xy @ matrix.T)

    made = gpd.GeoDataFrame({"community_code": ["1"]}, geometry=[turned(shape)], index=["g"], crs=CRS)
    outline = gpd.GeoDataFrame(
        {
            "block_id": "b",
            "street_name": [street for _, _, street, _ in edges],
            "street_class": [kind for *_, kind in edges],
        },
        geometry=[turned(shapely.LineString([a, b])) for a, b, _, _ in edges],
        crs=CRS,
    )
    none = borders_of(blocks_of([[1]]))
    text = describe(made, pd.Series({"b": "g"}), none, outline).loc["g", f"bounds_{lang}"]
    return sides(text, lang)


def sides(text: str, lang: str = "zh") -> dict[str, str]:
    """Take a text apart into what is said of each side."""
    if lang == "zh":
        found = re.fullmatch(r"东至(.+)，南至(.+)，西至(.+)，北至(.+)", text)
    else:
        found = re.fullmatch(r"East to (.+); south to (.+); west to (.+); north to (.+)", text)
    assert found, text
    return dict(zip("ESWN", found.groups(), strict=True))


def ring_of(corners: list[tuple[float, float]], names: list[str]) -> tuple[shapely.Polygon, list[Edge]]:
    edges = [(a, b, street, "primary") for a, b, street in zip(corners, corners[1:] + corners[:1], names, strict=True)]
    return shapely.Polygon(corners), edges


SQUARE = ring_of([(0, 0), (300, 0), (300, 300), (0, 300)], ["建设大道", "新华路", "解放大道", "江汉路"])


def test_a_square_between_four_streets() -> None:
    assert bounds_of(*SQUARE) == {"E": "新华路", "S": "建设大道", "W": "江汉路", "N": "解放大道"}
    assert bounds_of(*SQUARE, lang="en") == {"E": "新华路", "S": "建设大道", "W": "江汉路", "N": "解放大道"}


@pytest.mark.parametrize("turn", [-40, -20, 0, 10, 30, 44])
def test_askew_streets_keep_to_one_side_each(turn: float) -> None:
    assert bounds_of(*SQUARE, turn=turn) == {"E": "新华路", "S": "建设大道", "W": "江汉路", "N": "解放大道"}


@pytest.mark.parametrize("turn", [45, 45.0000001, 44.9999999, -45, 135])
def test_streets_at_45_degrees_take_one_side_each(turn: float) -> None:
    said = bounds_of(*SQUARE, turn=turn)
    assert sorted(said.values()) == sorted(["新华路", "建设大道", "江汉路", "解放大道"])


def test_beyond_45_degrees_the_next_street_is_the_eastern_one() -> None:
    assert bounds_of(*SQUARE, turn=60)["E"] == "建设大道"


def test_the_direction_in_which_a_line_is_drawn_does_not_matter() -> None:
    shape, edges = SQUARE
    assert bounds_of(shape, [(b, a, street, kind) for a, b, street, kind in edges]) == bounds_of(shape, edges)


def test_an_l_shape_names_both_streets_of_its_notch_in_walking_order() -> None:
    corners = [(0, 0), (400, 0), (400, 200), (200, 200), (200, 400), (0, 400)]
    shape, edges = ring_of(corners, ["南街", "东街", "内北街", "内东街", "北街", "西街"])
    assert bounds_of(shape, edges) == {"E": "内东街、东街", "S": "南街", "W": "西街", "N": "北街、内北街"}


def test_the_inside_of_a_u_is_no_bound() -> None:
    corners = [(0, 0), (500, 0), (500, 400), (350, 400), (350, 100), (150, 100), (150, 400), (0, 400)]
    names = ["南街", "东街", "北街", "院西墙路", "院底路", "院东墙路", "北街", "西街"]
    said = bounds_of(*ring_of(corners, names))
    assert said["E"] == "东街"
    assert said["W"] == "西街"
    assert said["S"] == "南街"
    assert said["N"] == "北街、院底路"


def test_the_rim_of_a_hole_is_no_bound() -> None:
    shape, edges = SQUARE
    hole = [(100.0, 100.0), (200.0, 100.0), (200.0, 200.0), (100.0, 200.0)]
    inner = [(a, b, "园内路", "service") for a, b in zip(hole, hole[1:] + hole[:1], strict=True)]
    said = bounds_of(shapely.Polygon(shape.exterior, [hole]), edges + inner)
    assert "园内路" not in "".join(said.values())


def test_a_triangle_says_something_true_on_every_side() -> None:
    shape, edges = ring_of([(0, 0), (400, 0), (0, 300)], ["南街", "斜街", "西街"])
    said = bounds_of(shape, edges)
    assert said["S"] == "南街"
    assert said["W"] == "西街"
    assert said["E"] == said["N"] == "斜街"


def test_a_short_stretch_round_the_corner_is_left_out() -> None:
    corners = [(0, 0), (300, 0), (300, 280), (280, 300), (0, 300)]
    shape, edges = ring_of(corners, ["南街", "东街", "东街", "北街", "西街"])
    assert bounds_of(shape, edges)["N"] == "北街"


def test_no_more_than_three_names_on_a_side_and_the_longest_stay() -> None:
    steps = [(n * 100.0, 0.0) for n in range(6)]
    corners = [*steps, (500.0, 300.0), (0.0, 300.0)]
    names = [*(f"{n}巷" for n in range(5)), "东街", "北街", "西街"]
    south = bounds_of(*ring_of(corners, names))["S"]
    assert len(south.split("、")) == MOST_NAMES


def test_on_every_side_names_run_clockwise() -> None:
    corners = [(0, 0), (150, 0), (300, 0), (300, 150), (300, 300), (150, 300), (0, 300), (0, 150)]
    said = bounds_of(*ring_of(corners, ["南1", "南2", "东1", "东2", "北1", "北2", "西1", "西2"]))
    # anticlockwise corners, so the order of each pair is turned round
    assert said == {"E": "东2、东1", "S": "南2、南1", "W": "西2、西1", "N": "北2、北1"}


@pytest.mark.parametrize("kind", sorted(UNNAMED))
def test_lines_without_a_name_go_by_what_they_are(kind: str) -> None:
    shape, edges = SQUARE
    unnamed = [(a, b, "", kind) for a, b, _, _ in edges]
    assert bounds_of(shape, unnamed)["E"] == UNNAMED[kind][0]
    assert bounds_of(shape, unnamed, lang="en")["E"] == UNNAMED[kind][1]


def test_a_nameless_lane_is_left_out_beside_a_street_with_a_name_but_a_river_is_not() -> None:
    shape = SQUARE[0]
    edges: list[Edge] = [((300, 0), (300, 180), "新华路", "primary"), ((300, 180), (300, 300), "", "residential")]
    assert bounds_of(shape, edges)["E"] == "新华路"
    river: list[Edge] = [edges[0], ((300, 180), (300, 300), "", "river")]
    assert bounds_of(shape, river)["E"] == "河流、新华路"


def test_neighbours_are_named_where_nothing_else_is() -> None:
    blocks = blocks_of([[1, 2]])
    assignment = pd.Series({name(0, 0): "g1", name(0, 1): "g2"})
    borders = borders_of(blocks, streets={(name(0, 0), name(0, 1)): ("", "cell", False)})
    made = grids(blocks, assignment)
    assert sides(describe(made, assignment, borders).loc["g1", "bounds_zh"])["E"] == "网格g2"
    coded = made.assign(code=["420199001001001", "420199001001002"])
    assert sides(describe(coded, assignment, borders).loc["g1", "bounds_en"], "en")["E"] == "grid 002"
    named = coded.assign(name=["", "江滩网格"])
    assert sides(describe(named, assignment, borders).loc["g1", "bounds_zh"])["E"] == "江滩网格"


def test_a_community_line_without_a_street_names_the_community() -> None:
    codes = ["420199001001", "420199001002"]
    blocks = blocks_of([[1, 2]], community_code=codes)
    assignment = pd.Series({name(0, 0): "g1", name(0, 1): "g2"})
    borders = borders_of(blocks, streets={(name(0, 0), name(0, 1)): ("", "community", False)})
    made = grids(blocks, assignment)
    plain = describe(made, assignment, borders)
    assert sides(plain.loc["g1", "bounds_zh"])["E"] == "社区界"
    named = describe(made, assignment, borders, communities=dict(zip(codes, ["甲社区", "乙社区"], strict=True)))
    assert sides(named.loc["g1", "bounds_zh"])["E"] == "乙社区界"
    assert sides(named.loc["g2", "bounds_en"], "en")["W"] == "the line of 甲社区"


def test_without_any_border_the_district_ends_on_every_side() -> None:
    blocks = blocks_of([[1]])
    assignment = pd.Series({name(0, 0): "g1"})
    text = describe(grids(blocks, assignment), assignment, borders_of(blocks)).loc["g1"]
    assert text["bounds_zh"] == "东至区界，南至区界，西至区界，北至区界"
    assert text["bounds_en"].startswith("East to the district boundary; south to")


def test_a_border_in_several_pieces_is_one_border() -> None:
    shape, _ = SQUARE
    pieces = shapely.MultiLineString([[(300, 0), (300, 100)], [(300, 300), (300, 100)]])
    made = gpd.GeoDataFrame({"community_code": ["1"]}, geometry=[shape], index=["g"], crs=CRS)
    outline = gpd.GeoDataFrame(
        {"block_id": ["b"], "street_name": ["新华路"], "street_class": ["primary"]}, geometry=[pieces], crs=CRS
    )
    text = describe(made, pd.Series({"b": "g"}), borders_of(blocks_of([[1]])), outline).loc["g", "bounds_zh"]
    assert sides(text) == {"E": "新华路", "S": "区界", "W": "区界", "N": "区界"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=16, max_size=16))
def test_every_grid_of_any_assignment_gets_four_sides(letters: list[str]) -> None:
    blocks = blocks_of([[1] * 4] * 4)
    assignment = pd.Series({name(n // 4, n % 4): letter for n, letter in enumerate(letters)})
    made = grids(blocks, assignment)
    said = describe(made, assignment, borders_of(blocks))
    assert said.index.equals(made.index)
    for text_zh, text_en in zip(said["bounds_zh"], said["bounds_en"], strict=True):
        assert all(sides(text_zh).values())
        assert all(sides(text_en, "en").values())


@pytest.mark.parametrize("town", ["helsinki_streets_named", "hsinchu_nctu_streets_named"])
def test_real_names_lie_on_the_side_they_are_said_of(town: str, real_data: Callable[[str], Path]) -> None:
    from gis_grid.adjacency import borders as borders_between

    streets = gpd.read_parquet(real_data("streets") / f"{town}.parquet")
    streets = streets.to_crs(streets.estimate_utm_crs()).explode(ignore_index=True)
    named = streets["name"].fillna("").astype(str)
    lines = gpd.GeoDataFrame(
        {"name": named, "street_class": "residential", "link": False, "barrier": False},
        geometry=streets.geometry.to_numpy(),
        crs=streets.crs,
    )[streets.geom_type == "LineString"]
    faces = shapely.get_parts(shapely.polygonize([shapely.union_all(lines.geometry.to_numpy())]))
    faces = faces[shapely.area(faces) > 2_000]
    index = pd.Index([f"b{n}" for n in range(len(faces))], name="block_id")
    columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": 1}
    blocks = gpd.GeoDataFrame(columns, geometry=faces, index=index, crs=lines.crs)
    assignment = pd.Series(index, index=index)
    made = grids(blocks, assignment)
    said = describe(made, assignment, borders_between(blocks, lines))
    known, checked, away = set(named) - {""}, 0, 0
    axis = {"E": (1, 0), "S": (0, -1), "W": (-1, 0), "N": (0, 1)}
    by_name = lines.dissolve("name").geometry
    for grid, text in said["bounds_zh"].items():
        shape = made.geometry[grid]
        for side, names in sides(text).items():
            for street in set(names.split("、")) & known:
                near = shapely.get_coordinates(by_name[street].intersection(shape.buffer(5)))
                step = (near - shapely.get_coordinates(shape.centroid)) @ np.array(axis[side])
                checked += 1
                away += int(step.max() <= 0)
    assert checked > 20
    # a street may close a notch: it faces its side though the middle of the grid lies beyond it
    assert away <= 0.05 * checked
