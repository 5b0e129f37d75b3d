"""Rules look at every tier: its band, its radius, its parent, and units that are joined from others."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gis_grid.plan import Plan
from gis_grid.rules import check
from gis_grid.scheme import Band, Scheme, Tier
from lattice import CODE, blocks_of, borders_of, plan_of

AREA = Tier("area", "片区", "area", parent="community", made="divided", band=Band(700, 900, 800))
GRID = Tier("grid", "网格", "grid", parent="area", made="divided", band=Band(300, 500, 400), main=True)
ZONE = Tier("zone", "警务区", "police zone", made="joined", of="grid", band=Band(2, 2, 2))


def scheme(*tiers: Tier) -> Scheme:
    return dataclasses.replace(Scheme.load(), tiers=(Scheme.load().tiers[1], *tiers))


def plan(loads: list[list[int]], areas: str, *tiers: Tier, zones: str = "", **columns: object) -> Plan:
    """Make a plan in which every block is a grid; letters name the area, and the zone, of each block."""
    blocks = blocks_of(loads, **columns)
    blocks["area_code"] = [f"{CODE}{letter}" for letter in areas]
    if zones:
        blocks["zone_code"] = list(zones)
    made = plan_of(blocks, borders_of(blocks), {block: f"g{n}" for n, block in enumerate(blocks.index)})
    return dataclasses.replace(made, scheme=scheme(*tiers))


def said(of: Plan, *rules: str) -> list[tuple[str, str, str]]:
    return [(issue.rule, issue.severity, issue.grid_code) for issue in check(of, rules=rules)]


def test_a_plan_whose_tiers_hold_has_no_issue():
    sound = plan([[400, 400, 390, 410]], "aabb", AREA, GRID, ZONE, zones="xxyy")
    assert said(sound, "band", "radius", "inside-parent", "contiguous") == []


def test_an_area_out_of_band_is_an_error_in_its_own_words():
    found = check(plan([[400, 400, 390, 410]], "abbb", AREA, GRID), rules=["band"])
    assert {(issue.severity, issue.grid_code) for issue in found} == {("error", f"{CODE}a"), ("error", f"{CODE}b")}
    assert all(issue.grid_id == "" for issue in found)
    heavy = next(issue for issue in found if issue.grid_code.endswith("b"))
    assert heavy.message_en.startswith(f"area {CODE}b holds 1200 households, more than 900")
    assert heavy.message_zh.startswith(f"片区 {CODE}b 有 1200 户")


def test_an_area_that_cannot_be_in_band_is_an_exception():
    found = check(plan([[400, 500, 400]], "abb", AREA, GRID), rules=["band"])
    assert [issue.severity for issue in found if issue.grid_code == f"{CODE}b"] == []
    assert [issue.severity for issue in found if issue.grid_code == f"{CODE}a"] == ["exception"]


def test_a_grid_must_lie_in_one_area_and_an_area_in_one_piece():
    torn = plan([[200, 200, 400, 400, 400]], "abbba", AREA, GRID)
    one = torn.assignment.where(torn.assignment != "g1", "g0")
    grids = torn.grids.drop("g1")
    found = check(dataclasses.replace(torn, assignment=one, grids=grids), rules=["inside-parent", "contiguous"])
    named = {(issue.rule, issue.grid_code) for issue in found if issue.severity == "error"}
    assert ("contiguous", f"{CODE}a") in named
    (straddling,) = [issue for issue in found if issue.rule == "inside-parent"]
    assert straddling.grid_code == torn.grids.loc["g0", "code"]
    assert f"area {CODE}a" in straddling.message_en


def test_a_police_zone_of_three_grids_is_told_where_two_are_wanted():
    found = check(plan([[400, 400, 400, 400]], "aabb", AREA, GRID, ZONE, zones="xxxy"), rules=["band"])
    assert {(issue.severity, issue.grid_code) for issue in found} == {("error", "x"), ("error", "y")}
    assert "3 units, more than 2" in next(issue for issue in found if issue.grid_code == "x").message_en
    odd = check(plan([[400, 400, 400]], "aab", AREA, GRID, ZONE, zones="xxy"), rules=["band"])
    assert [issue.severity for issue in odd if issue.grid_code == "y"] == ["exception"]


def test_the_radius_of_an_upper_tier_is_looked_at():
    near = dataclasses.replace(AREA, radius_m=120)
    assert said(plan([[400, 400, 390, 410]], "aabb", near, GRID), "radius") == []
    # the middles of three squares of 100 m in a row are 200 m apart
    assert said(plan([[270, 270, 270, 400, 400]], "aaabb", dataclasses.replace(near, radius_m=90), GRID), "radius") == [
        ("radius", "error", f"{CODE}a")
    ]


def test_shops_count_where_the_scheme_says_so():
    both = dataclasses.replace(GRID, load="households+shops")
    blocks = {"shops": [0, 90, 0, 200]}
    found = check(plan([[400, 400, 390, 410]], "aabb", AREA, both, **blocks), rules=["band"])
    (issue,) = found
    assert issue.found == "610"
    assert "holds 610 households and shops" in issue.message_en
    assert "610 户(含商铺)" in issue.message_zh


def test_ground_counts_where_the_scheme_says_so():
    ground = dataclasses.replace(GRID, load="area_m2", parent="community", band=Band(5_000, 15_000, 10_000))
    made = plan([[40, 0, 9]], "aaa", ground)
    assert said(made, "band") == []
    assert made.load.tolist() == [10_000] * 3
    narrow = dataclasses.replace(made, scheme=scheme(dataclasses.replace(ground, band=Band(11_000, 15_000, 12_000))))
    assert len(said(narrow, "band")) == 3


def test_tiers_that_came_with_the_input_are_taken_as_they_are():
    given = plan([[400, 400, 390, 410]], "abbb", AREA, GRID)
    assert said(dataclasses.replace(given, metadata={"given_tiers": "area"}), "band") == []


def test_plans_without_other_tiers_are_checked_as_ever():
    blocks = blocks_of([[400, 400]])
    made = plan_of(blocks, borders_of(blocks), pd.Series({"r00c00": "g1", "r00c01": "g2"}))
    assert said(made, "band", "radius", "contiguous") == []
