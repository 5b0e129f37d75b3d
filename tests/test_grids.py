"""Grids are the union of their blocks, share their borders to the last digit, and are measured right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.errors import FrameError
from gis_grid.frames import check_frame
from gis_grid.grids import grids, polsby_popper
from lattice import SIDE, blocks_of, borders_of, name


def checker(rows: int, columns: int, grid_of: Callable[[int, int], str]) -> tuple[gpd.GeoDataFrame, pd.Series]:
    blocks = blocks_of([[10 + r + c for c in range(columns)] for r in range(rows)])
    assignment = {name(r, c): grid_of(r, c) for r in range(rows) for c in range(columns)}
    return blocks, pd.Series(assignment, name="grid_id")


def test_measures_and_counts() -> None:
    blocks, assignment = checker(2, 4, lambda _, c: f"g{c // 2 + 1}")
    made = grids(blocks, assignment, borders_of(blocks))
    assert made.index.to_list() == ["g1", "g2"]
    assert made.index.name == "grid_id"
    assert made["households"].to_list() == [10 + 11 + 11 + 12, 12 + 13 + 13 + 14]
    assert made["blocks"].to_list() == [4, 4]
    assert made["area_m2"].to_list() == [4 * SIDE**2] * 2
    assert made["perimeter_m"].to_list() == [8 * SIDE] * 2
    assert made["compactness"].to_numpy() == pytest.approx(np.pi / 4)
    assert made.crs == blocks.crs
    check_frame(made.assign(code=["1", "2"]), "grids")


def test_the_share_along_streets_counts_what_is_no_cut_through_a_block() -> None:
    blocks, assignment = checker(1, 2, lambda _, c: f"g{c + 1}")
    street = grids(blocks, assignment, borders_of(blocks))["street_share"]
    assert street.to_list() == [0.25, 0.25]
    cell = borders_of(blocks, streets={(name(0, 0), name(0, 1)): ("", "cell", False)})
    assert grids(blocks, assignment, cell)["street_share"].to_list() == [0.0, 0.0]
    assert "street_share" not in grids(blocks, assignment)


def test_shops_are_counted_where_blocks_have_them() -> None:
    blocks, assignment = checker(1, 2, lambda *_: "g1")
    assert grids(blocks.assign(shops=[3, 4]), assignment)["shops"].to_list() == [7]


def test_the_community_is_that_of_most_households() -> None:
    blocks, assignment = checker(1, 3, lambda *_: "g1")
    mixed = blocks.assign(community_code=["a", "b", "b"], households=[50, 20, 20])
    assert grids(mixed, assignment)["community_code"].to_list() == ["a"]
    empty = blocks.assign(community_code=["a", "b", "b"], households=0)
    assert grids(empty, assignment)["community_code"].to_list() == ["b"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from("abcd"), min_size=20, max_size=20))
def test_any_assignment_tiles_the_same_ground_with_shared_nodes(letters: list[str]) -> None:
    blocks, assignment = checker(4, 5, lambda r, c: letters[r * 5 + c])
    made = grids(blocks, assignment)
    assert made["area_m2"].sum() == pytest.approx(20 * SIDE**2, rel=1e-12)
    assert shapely.coverage_is_valid(made.geometry.to_numpy())
    assert made.geometry.is_valid.all()
    assert set(made.geom_type) <= {"Polygon", "MultiPolygon"}
    assert made["households"].sum() == blocks["households"].sum()


def test_a_ring_keeps_its_hole_and_counts_both_rims() -> None:
    blocks, assignment = checker(3, 3, lambda r, c: "inner" if (r, c) == (1, 1) else "ring")
    made = grids(blocks, assignment)
    assert len(made.geometry["ring"].interiors) == 1
    assert made.loc["ring", "perimeter_m"] == 16 * SIDE


def test_overlapping_or_unnoded_blocks_are_still_united() -> None:
    shapes = [shapely.box(0, 0, 100, 100), shapely.box(90, 0, 200, 100)]
    frame = {"community_code": "1", "households": 1}
    blocks = gpd.GeoDataFrame(frame, geometry=shapes, index=["b1", "b2"], crs=32650)
    made = grids(blocks, pd.Series({"b1": "g", "b2": "g"}))
    assert made.loc["g", "area_m2"] == 200 * 100


def test_blocks_and_assignment_must_agree() -> None:
    blocks, assignment = checker(1, 3, lambda *_: "g1")
    with pytest.raises(FrameError) as caught:
        grids(blocks, pd.concat([assignment.drop(name(0, 1)), pd.Series({"x": "g2"})]))
    assert name(0, 1) in str(caught.value)
    assert "x" in str(caught.value)
    with pytest.raises(FrameError, match="stand twice"):
        grids(blocks, pd.concat([assignment, assignment.iloc[:1]]))


def test_what_is_handed_in_stays_as_it_was() -> None:
    blocks, assignment = checker(2, 2, lambda r, _: f"g{r}")
    kept = blocks.copy(), assignment.copy()
    grids(blocks, assignment, borders_of(blocks))
    assert blocks.equals(kept[0])
    assert assignment.equals(kept[1])


def test_compactness_knows_its_ends() -> None:
    circle = shapely.Point(0, 0).buffer(100, quad_segs=64)
    shapes = np.array([circle, shapely.box(0, 0, 1000, 1)], dtype=object)
    round_, thread = polsby_popper(shapes)
    assert round_ == pytest.approx(1.0, abs=1e-3)
    assert thread < 0.01


def test_ottawa_districts_come_back_from_their_blocks(real_data: Callable[[str], Path]) -> None:
    blocks = gpd.read_parquet(real_data("ottawa") / "ottawa_dev_blocks.parquet").set_index("DBUID")
    districts = gpd.read_parquet(real_data("ottawa") / "ottawa_dev_districts.parquet").set_index("ONS_Name")
    made = grids(blocks.assign(community_code=blocks["ONS_Name"]), blocks["ONS_Name"])
    assert made["households"].to_dict() == districts["households"].astype("int64").to_dict()
    assert (made.geometry.symmetric_difference(districts.geometry.reindex(made.index)).area < 1.0).all()
    assert shapely.coverage_is_valid(made.geometry.to_numpy())
