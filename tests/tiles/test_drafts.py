"""Tiles of drafts: layers, numbers, counts, what a move costs, and what is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import gis_grid.tiles.drafts as drafts
from gis_grid.errors import FrameError, InputError
from gis_grid.tiles import DraftTiles, zipped
from gis_grid.tiles.drafts import Counts
from gis_grid.tiles.mercator import tile_range
from small import small_plan
from tile_decoding import check_polygons, layers


@pytest.fixture(scope="module")
def tiles() -> DraftTiles:
    plan = small_plan()
    return DraftTiles(plan.blocks, borders=plan.borders)


def middle(tiles: DraftTiles, zoom: int) -> tuple[int, int, int]:
    west, east, north, south = tile_range(tiles.extent, zoom)
    return zoom, (west + east) // 2, (north + south) // 2


def test_a_tile_holds_grids_blocks_and_borders_with_small_numbers(tiles: DraftTiles) -> None:
    plan = small_plan()
    division = tiles.division(plan.assignment, plan.grids)
    tile = tiles.tile(*middle(tiles, 14), division)
    found = layers(tile)
    assert list(found) == ["grids", "blocks", "borders"]
    grids = {feature["id"]: feature["properties"] for feature in found["grids"]}
    assert sorted(grids) == [1, 2, 3, 4]
    assert [grids[n]["code"] for n in sorted(grids)] == list(plan.grids["code"])
    assert [grids[n]["households"] for n in sorted(grids)] == list(plan.grids["households"])
    blocks = {feature["id"]: feature["properties"] for feature in found["blocks"]}
    assert [blocks[n + 1] for n in range(20)] == [{"households": int(count)} for count in plan.blocks["households"]]
    assert check_polygons(tile, "grids").size == 4
    assert check_polygons(tile, "blocks").size == 20


def test_borders_lie_between_grids_and_say_what_they_follow(tiles: DraftTiles) -> None:
    plan = small_plan()
    tile = tiles.tile(*middle(tiles, 14), tiles.division(plan.assignment))
    borders = {feature["id"]: feature["properties"] for feature in layers(tile)["borders"]}
    sides = plan.borders["a"].map(plan.assignment) != plan.borders["b"].map(plan.assignment)
    outside = len(plan.borders) + 1
    assert set(borders) == {*(np.flatnonzero(sides) + 1), outside}
    river = int(np.flatnonzero(sides & plan.borders["barrier"])[0])
    one, two = (plan.blocks.index.get_loc(plan.borders[side].iloc[river]) + 1 for side in ("a", "b"))
    wanted = {"kind": "river", "name": "清水河", "barrier": True, "community": True, "a": one, "b": two}
    assert borders[river + 1] == wanted
    assert borders[outside] == {"kind": "boundary", "barrier": False, "community": False}


def test_a_move_changes_the_tile_and_its_tag_and_going_back_brings_both_back() -> None:
    plan = small_plan()
    tiles = DraftTiles(plan.blocks)
    place = middle(tiles, 14)
    before = tiles.division(plan.assignment, plan.grids)
    moved = plan.assignment.copy()
    moved.iloc[0] = moved.iloc[-1]
    after = tiles.division(moved, plan.grids)
    assert tiles.tile(*place, before) != tiles.tile(*place, after)
    assert tiles.etag(*place, before) != tiles.etag(*place, after)
    assert tiles.tile(*place, tiles.division(plan.assignment, plan.grids)) == DraftTiles(plan.blocks).tile(
        *place, before
    )
    assert tiles.etag(*place, before) == DraftTiles(plan.blocks).etag(*place, before)


def test_only_the_tiles_of_touched_grids_are_encoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    squares = [shapely.box(x * 1000, 0, x * 1000 + 1000, 1000) for x in range(40)]
    blocks = gpd.GeoDataFrame({"households": 5}, geometry=squares, index=[f"b{n:02}" for n in range(40)], crs=3857)
    tiles = DraftTiles(blocks, zooms=(14, 14))
    west, east, north, south = tile_range(tiles.extent, 14)
    places = [(14, x, y) for x in range(west, east + 1) for y in range(north, south + 1)]
    assignment = pd.Series([f"g{n // 4}" for n in range(40)], index=blocks.index)
    for place in places:
        tiles.tile(*place, tiles.division(assignment))
    written: list[str] = []
    layer = drafts.layer
    monkeypatch.setattr(drafts, "layer", lambda name, *rest: written.append(name) or layer(name, *rest))
    moved = assignment.copy()
    moved.iloc[3] = "g1"
    division = tiles.division(moved)
    for place in places:
        tiles.tile(*place, division)
    assert 0 < written.count("grids") <= 8 < len(places)
    assert "blocks" not in written


def test_small_counts_are_left_out_for_guests() -> None:
    plan = small_plan()
    blocks = plan.blocks.assign(households=[9, 10, *plan.blocks["households"].iloc[2:]])
    tiles = DraftTiles(blocks, counts="suppressed")
    tile = tiles.tile(*middle(tiles, 14), tiles.division(pd.Series({blocks.index[0]: "g1", blocks.index[1]: "g2"})))
    found = {feature["id"]: feature["properties"] for feature in layers(tile)["blocks"]}
    assert found[1] == {"few": True}
    assert found[2] == {"households": 10}
    grids = [feature["properties"] for feature in layers(tile)["grids"]]
    assert grids == [{"grid_id": "g1", "few": True, "blocks": 1}, {"grid_id": "g2", "households": 10, "blocks": 1}]


def test_grids_keep_their_numbers_while_others_come_and_go(tiles: DraftTiles) -> None:
    plan = small_plan()
    gone = plan.assignment.replace(plan.grids.index[0], plan.grids.index[1])
    new = gone.copy()
    new.iloc[-1] = "new"
    for assignment, wanted in ((gone, [2, 3, 4]), (new, [2, 3, 4, 5])):
        tile = tiles.tile(*middle(tiles, 14), tiles.division(assignment, plan.grids))
        assert [feature["id"] for feature in layers(tile)["grids"]] == wanted


def test_blocks_without_a_grid_leave_a_gap(tiles: DraftTiles) -> None:
    plan = small_plan()
    tile = tiles.tile(*middle(tiles, 14), tiles.division(plan.assignment.iloc[:5]))
    assert check_polygons(tile, "grids").size == 1
    assert check_polygons(tile, "blocks").size == 20


def test_zooms_outside_the_range_are_empty_and_tiles_outside_the_world_refused(tiles: DraftTiles) -> None:
    division = tiles.division(small_plan().assignment)
    first, last = tiles.zooms
    assert tiles.tile(first - 1, 0, 0, division) == b""
    assert tiles.tile(last + 1, 0, 0, division) == b""
    assert tiles.tile(last, 0, 0, division) == b""
    for place in ((-1, 0, 0), (3, 8, 0), (3, 0, -1), (25, 0, 0)):
        with pytest.raises(InputError, match="there is no"):
            tiles.tile(*place, division)


def test_blocks_without_a_crs_are_refused() -> None:
    with pytest.raises(FrameError, match="no CRS"):
        DraftTiles(small_plan().blocks.set_crs(None, allow_override=True))


def test_few_tiles_are_kept_if_so_asked() -> None:
    plan = small_plan()
    tiles = DraftTiles(plan.blocks, keep=1)
    division = tiles.division(plan.assignment)
    first = tiles.tile(*middle(tiles, 15), division)
    tiles.tile(*middle(tiles, 16), division)
    assert tiles.tile(*middle(tiles, 15), division) == first


def test_compressing_is_repeatable() -> None:
    assert zipped(b"a tile") == zipped(b"a tile")


def test_threads_get_what_one_alone_would_get() -> None:
    plan = small_plan()
    tiles, alone = DraftTiles(plan.blocks), DraftTiles(plan.blocks)
    moved = plan.assignment.copy()
    moved.iloc[0] = moved.iloc[-1]
    divisions = [tiles.division(one, plan.grids) for one in (plan.assignment, moved)]
    places = [middle(tiles, zoom) for zoom in range(tiles.zooms[0], tiles.zooms[1] + 1)]
    jobs = [(*place, division) for _ in range(40) for place in places for division in divisions]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: tiles.tile(*job), jobs))
    assert found == [alone.tile(*job) for job in jobs]


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.dictionaries(st.integers(0, 19), st.integers(0, 5), min_size=1, max_size=4), max_size=5))
@pytest.mark.parametrize("counts", ["all", "suppressed"])
def test_a_division_that_follows_moves_is_the_one_that_is_made_anew(
    counts: Counts, steps: list[dict[int, int]]
) -> None:
    plan = small_plan()
    tiles = DraftTiles(plan.blocks, counts=counts)
    names = [*plan.grids.index, "another", "one more"]
    now, division = plan.assignment.copy(), tiles.division(plan.assignment, plan.grids)
    for step in steps:
        moves = {str(plan.blocks.index[block]): names[grid] for block, grid in step.items()}
        now.loc[list(moves)] = list(moves.values())
        anew = tiles.division(now, plan.grids)
        followed = tiles.moved(division, moves)
        assert (followed is None) == (list(anew.order) != list(division.order))
        if followed is not None:
            place = middle(tiles, 14)
            assert tiles.etag(*place, followed) == tiles.etag(*place, anew)
            assert DraftTiles(plan.blocks, counts=counts).tile(*place, followed) == tiles.tile(*place, anew)
        division = followed or anew


def test_moves_of_blocks_that_are_not_there_are_not_followed(tiles: DraftTiles) -> None:
    plan = small_plan()
    assert tiles.moved(tiles.division(plan.assignment, plan.grids), {"none": str(plan.grids.index[0])}) is None
