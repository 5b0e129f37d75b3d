"""A block is cut where the planner drew: nothing is lost, and neighbours still meet vertex to vertex."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from gis_grid.adjacency import around, borders, outline
from gis_grid.blocks.cut import cut_block, parts_of
from gis_grid.errors import InputError
from townlet import squares

PLAN = squares(5, 5)
MIDDLE = "b00012"
X, Y = PLAN.blocks.loc[MIDDLE].geometry.bounds[:2]


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(X + x, Y + y) for x, y in points])


def test_parts_stand_where_the_block_stood_and_remember_it() -> None:
    after = cut_block(PLAN.blocks, MIDDLE, line((-10, 50), (110, 70)))
    at = list(PLAN.blocks.index).index(MIDDLE)
    assert list(after.index[at : at + 2]) == ["b00012-1", "b00012-2"]
    parts = after.iloc[at : at + 2]
    assert parts["parent_block_id"].tolist() == [MIDDLE] * 2
    assert parts["atom"].tolist() == ["cut"] * 2
    assert parts["households"].tolist() == [12, 18]
    assert parts.area.sum() == pytest.approx(10_000)
    again = cut_block(after, "b00012-2", line((30, -1), (35, 90)))
    assert again.loc["b00012-2-1", "parent_block_id"] == MIDDLE
    assert again.loc["b00012-2-1":"b00012-2-2", "households"].sum() == 18


def test_households_go_where_they_live() -> None:
    homes = gpd.GeoDataFrame(
        {"households": [4, 1, 90]}, geometry=shapely.points([[X + 5, Y + 5], [X + 9, Y + 80], [X + 150, Y]]), crs=32650
    )
    parts = parts_of(PLAN.blocks, MIDDLE, line((-10, 90), (110, 60)), households=homes)
    assert parts["households"].tolist() == [0, 30]
    parts = parts_of(PLAN.blocks, MIDDLE, line((-10, 50), (110, 60)), households=homes)
    assert parts["households"].tolist() == [6, 24]


def test_a_line_that_ends_just_short_of_the_rim_reaches_it() -> None:
    assert len(parts_of(PLAN.blocks, MIDDLE, line((1.5, 50), (98, 50)))) == 2


def test_ids_that_were_ever_used_are_not_used_again() -> None:
    parts = parts_of(PLAN.blocks, MIDDLE, line((-10, 50), (110, 70)), taken=["b00012-2"])
    assert parts.index.tolist() == ["b00012-3", "b00012-4"]


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (line((-10, 250), (110, 250)), "misses the block b00012 by 150 m"),
        (line((-10, 50), (50, 50)), "ends inside"),
        (line((20, 20), (80, 80)), "ends inside"),
        (line((-10, 100), (110, 100)), "does not cross"),
        (line((-10, -10), (-5, 110), (110, 110)), "misses|does not cross"),
        (line((-10, 50), (60, 50), (60, 90), (40, 90), (40, -10)), "crosses itself"),
        (line((-10, 1), (110, 1)), "only 1.0 m wide"),
        (line((5, 5), (5, 5)), "no length"),
        (shapely.LineString(), "no line"),
        (shapely.Point(X, Y), "no line"),
        (line((40, 40), (60, 40), (60, 60), (40, 60), (40, 40)), "crosses itself"),
    ],
)
def test_a_line_that_does_not_cut_is_refused_with_a_remedy(drawn: shapely.LineString, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        parts_of(PLAN.blocks, MIDDLE, drawn)
    assert caught.value.faults[0].remedy


def test_an_unknown_block_is_refused() -> None:
    with pytest.raises(InputError, match="no block b9"):
        parts_of(PLAN.blocks, "b9", line((0, 0), (1, 1)))


def test_a_block_of_two_pieces_and_a_hole_is_cut() -> None:
    ring = shapely.box(0, 0, 90, 90).difference(shapely.box(30, 30, 60, 60))
    both = shapely.MultiPolygon([ring, shapely.box(200, 0, 250, 90)])
    inner = shapely.box(30, 30, 60, 60)
    columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": [90, 10]}
    blocks = gpd.GeoDataFrame(columns, geometry=[both, inner], index=["p", "q"], crs=32650)
    after = cut_block(blocks, "p", shapely.LineString([(-1, 45), (91, 44)]))
    assert after.area.sum() == pytest.approx(blocks.area.sum())
    assert len(after) == 4
    assert shapely.coverage_is_valid(after.geometry.to_numpy())
    assert after["households"].sum() == 100


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 24), st.lists(st.floats(-20, 120), min_size=4, max_size=4)), max_size=4))
def test_after_any_cuts_nothing_is_lost_and_borders_are_those_of_the_whole(
    cuts: list[tuple[int, list[float]]],
) -> None:
    blocks, edges, rim = PLAN.blocks, PLAN.borders, PLAN.outline
    done = 0
    for number, (x0, y0, x1, y1) in cuts:
        block = blocks.index[number]
        west, south = blocks.geometry.loc[block].bounds[:2]
        drawn = shapely.LineString([(west + x0, south + y0), (west + x1, south + y1)])
        try:
            after = cut_block(blocks, block, drawn)
        except InputError:
            continue
        fresh = list(after.index.difference(blocks.index))
        edges, rim = around(after, [block], fresh, edges, rim, PLAN.streets)
        blocks, done = after, done + 1
    assume(done)
    assert shapely.coverage_is_valid(blocks.geometry.to_numpy())
    assert blocks.area.sum() == pytest.approx(PLAN.blocks.area.sum())
    assert blocks["households"].sum() == PLAN.blocks["households"].sum()
    columns = ["a", "b", "street_name", "street_class", "barrier"]
    whole = borders(blocks)
    assert_frame_equal(edges[columns], whole[columns])
    assert np.allclose(edges["shared_m"], whole["shared_m"], atol=0.2)
    assert sorted(rim["block_id"]) == sorted(outline(blocks)["block_id"])
