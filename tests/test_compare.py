"""Comparing two plans: what moved, counted to the last household, whatever ids and codes the second plan uses."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.assignment import Move, apply, merge, split
from gis_grid.compare import compare
from gis_grid.grids import grids
from gis_grid.plan import Plan
from lattice import CODE, blocks_of, borders_of, name, plan_of

PAIRS = {name(r, c): f"g{r * 2 + c // 2 + 1:04d}" for r in range(2) for c in range(4)}


def plan() -> Plan:
    blocks = blocks_of([[100, 110, 120, 130], [140, 150, 160, 170]])
    return plan_of(blocks, borders_of(blocks), PAIRS)


def moved(before: Plan, moves: list[Move]) -> Plan:
    return plan_of(before.blocks, before.borders, apply(before.assignment, moves))


def test_a_plan_beside_itself() -> None:
    found = compare(plan(), plan())
    assert found.totals == {
        "blocks": 8,
        "blocks_moved": 0,
        "blocks_new": 0,
        "blocks_gone": 0,
        "households": 1080,
        "households_moved": 0,
        "share_moved": 0.0,
        "grids_before": 4,
        "grids_after": 4,
        "grids_same": 4,
        "grids_kept": 4,
        "grids_retired": 0,
        "grids_new": 0,
    }
    assert set(found.grids["event"]) == {"same"}
    assert found.staff.empty


def test_one_block_over_the_border() -> None:
    before = plan()
    found = compare(before, moved(before, [Move(name(0, 1), "g0001", "g0002")]))
    assert found.totals["blocks_moved"] == 1
    assert found.totals["households_moved"] == 110
    assert found.totals["share_moved"] == pytest.approx(110 / 1080)
    row = found.blocks.loc[name(0, 1)]
    assert (row["grid_before"], row["grid_after"], row["matched"]) == (f"{CODE}001", f"{CODE}002", "id")
    changed = found.grids[found.grids["event"] != "same"].set_index("grid_before")
    assert changed["event"].to_list() == ["redrawn", "redrawn"]
    assert changed.loc[f"{CODE}001", ["gained", "lost"]].to_list() == [0, 110]
    assert changed.loc[f"{CODE}002", ["gained", "lost"]].to_list() == [110, 0]


def test_other_ids_and_codes_alone_move_nothing() -> None:
    before = plan()
    names = {"g0001": "z", "g0002": "y", "g0003": "x", "g0004": "w"}
    found = compare(before, plan_of(before.blocks, before.borders, before.assignment.map(names)))
    assert found.totals["blocks_moved"] == 0
    assert found.totals["grids_same"] == 4


def test_a_split_and_a_merger_are_told_as_such() -> None:
    before = plan()
    divided = compare(before, moved(before, split(before.assignment, "g0001", [name(0, 1)])))
    assert divided.totals["grids_new"] == 1
    assert divided.totals["households_moved"] == 100  # the lighter half
    assert sorted(divided.grids["event"]) == ["same", "same", "same", "split", "split"]
    joined = compare(before, moved(before, merge(before.assignment, ["g0001", "g0002"])))
    assert joined.totals["grids_retired"] == 1
    assert joined.grids.loc[joined.grids["grid_after"] == "", "event"].to_list() == ["merged"]


def test_the_concordance_accounts_for_every_household() -> None:
    before = plan()
    found = compare(before, moved(before, [Move(name(0, 1), "g0001", "g0004"), Move(name(1, 3), "g0004", "g0001")]))
    table = found.concordance
    assert table["households"].sum() == 1080
    assert table["blocks"].sum() == 8
    assert table.groupby("grid_before")["share_before"].sum().to_numpy() == pytest.approx(1.0)
    assert table.groupby("grid_after")["share_after"].sum().to_numpy() == pytest.approx(1.0)


def test_blocks_with_other_ids_are_found_by_their_ground() -> None:
    before = plan()
    renamed = before.blocks.rename(index=lambda block: f"new-{block}")
    assignment = before.assignment.rename(index=lambda block: f"new-{block}")
    shapes = grids(renamed, assignment).assign(code=before.grids["code"])
    after = dataclasses.replace(before, blocks=renamed, assignment=assignment, grids=shapes)
    found = compare(before, after)
    assert set(found.blocks["matched"]) == {"overlap"}
    assert found.blocks["block_before"].to_list() == before.blocks.index.to_list()
    assert found.totals["blocks_moved"] == found.totals["blocks_new"] == found.totals["blocks_gone"] == 0


def test_an_id_used_again_elsewhere_does_not_count_as_the_same_block() -> None:
    before = plan()
    order = before.blocks.index[::-1]
    blocks = before.blocks.set_axis(order).sort_index()
    assignment = pd.Series(PAIRS).set_axis(order).sort_index()
    after = dataclasses.replace(before, blocks=blocks, assignment=assignment, grids=grids(blocks, assignment))
    found = compare(before, after)
    assert set(found.blocks["matched"]) == {"overlap"}
    assert found.totals["blocks_moved"] == 0


def test_new_ground_and_ground_that_is_gone_are_counted_apart() -> None:
    before = plan()
    far = before.blocks.index[:1]
    shapes = before.blocks.geometry.copy()
    shapes[far] = shapely.transform(shapes[far].to_numpy(), lambda xy: xy + 5000)
    after = dataclasses.replace(before, blocks=before.blocks.set_geometry(shapes))
    found = compare(before, after)
    assert found.totals["blocks_new"] == 1
    assert found.totals["blocks_gone"] == 1
    assert found.blocks.loc[far[0], "matched"] == "new"
    assert not found.blocks.loc[far[0], "moved"]


def test_a_divided_block_is_followed_into_its_parts() -> None:
    before = plan()
    west, south, east, north = before.blocks.geometry.iloc[0].bounds
    middle = (west + east) / 2
    parts = before.blocks.iloc[[0, 0]].set_axis(["k-1", "k-2"])
    parts = parts.set_geometry([shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)])
    parts["households"] = [60, 40]
    blocks = pd.concat([before.blocks.iloc[1:], parts])
    assignment = pd.concat([before.assignment.iloc[1:], pd.Series({"k-1": "g0001", "k-2": "g0002"})])
    after = dataclasses.replace(before, blocks=blocks, assignment=assignment, grids=grids(blocks, assignment))
    found = compare(before, after)
    assert found.blocks.loc[["k-1", "k-2"], "block_before"].to_list() == [name(0, 0)] * 2
    assert found.blocks.loc[["k-1", "k-2"], "moved"].to_list() == [False, True]
    assert found.totals["households_moved"] == 40


def test_staff_of_changed_grids_are_listed() -> None:
    before = plan()
    roster = pd.DataFrame({"name": ["张三", "李四"], "post": "coordinator", "grid": [f"{CODE}001", f"{CODE}003"]})
    before = dataclasses.replace(before, staff=roster)
    found = compare(before, moved(before, [Move(name(0, 1), "g0001", "g0002")]))
    assert found.staff[["name", "event"]].to_numpy().tolist() == [["张三", "redrawn"]]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["g0001", "g0002", "g0003", "g0004", "g0005"]), min_size=8, max_size=8))
def test_sums_hold_for_any_redrawing(letters: list[str]) -> None:
    before = plan()
    after = plan_of(before.blocks, before.borders, pd.Series(letters, index=before.blocks.index))
    found = compare(before, after)
    assert found.concordance["households"].sum() == found.totals["households"] == 1080
    assert found.grids["gained"].sum() == found.grids["lost"].sum() == found.totals["households_moved"]
    assert found.grids["households_after"].sum() == found.grids["households_before"].sum() == 1080
    stays = found.totals["households"] - found.totals["households_moved"]
    assert stays >= found.concordance["households"].max()
    back = compare(after, before)
    assert back.totals["households_moved"] == found.totals["households_moved"]
