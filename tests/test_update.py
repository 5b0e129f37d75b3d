"""A plan carried over from files: what is legal and untouched keeps its code and its shape, and the rest is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from click.testing import CliRunner, Result

import gis_grid as gg
from gis_grid.blocks.match import homes, overlaps
from gis_grid.cli import main
from gis_grid.compare import concordance
from gis_grid.pipeline import District, build_from, sample_frames
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan
from gis_grid.report import report_page
from gis_grid.scheme import Scheme
from small import CRS, EAST, NORTH

SIDE, COLUMNS, ROWS = 100.0, 12, 8
#: Two communities of 12 × 4 blocks with 50 households each: six grids of 8 blocks in either.
CODES = ("420199001001", "420199001002")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def town() -> gpd.GeoDataFrame:
    cells = [(r, c) for r in range(ROWS) for c in range(COLUMNS)]
    shapes = [
        shapely.box(EAST + c * SIDE, NORTH + r * SIDE, EAST + (c + 1) * SIDE, NORTH + (r + 1) * SIDE) for r, c in cells
    ]
    names = [f"b{r:02d}{c:02d}" for r, c in cells]
    return gpd.GeoDataFrame({"block_id": names, "households": 50}, geometry=shapes, crs=CRS).set_index("block_id")


def lines(row: int = ROWS // 2) -> gpd.GeoDataFrame:
    """Return two communities that meet at a row of blocks."""
    ends = [(0, row), (row, ROWS)]
    shapes = [shapely.box(EAST, NORTH + low * SIDE, EAST + COLUMNS * SIDE, NORTH + high * SIDE) for low, high in ends]
    return gpd.GeoDataFrame({"community_code": CODES, "name": ["上河", "下河"]}, geometry=shapes, crs=CRS)


class Desk:
    """Build plans in a folder through the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def build(self, name: str, blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame, *more: object) -> dict:
        blocks.reset_index().to_file(self.folder / "blocks.gpkg")
        communities.to_file(self.folder / "communities.gpkg")
        files = ("--blocks", self.folder / "blocks.gpkg", "--communities", self.folder / "communities.gpkg")
        result = run("build", *files, "--out", self.folder / f"{name}.gpkg", "--json", *more)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def plan(self, name: str) -> Plan:
        return read_plan(self.folder / f"{name}.gpkg")

    def next(self, blocks: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None = None, *more: object) -> dict:
        where = lines() if communities is None else communities
        return self.build("after", blocks, where, "--previous", self.folder / "before.gpkg", *more)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.build("before", town(), lines())
    return made


def untouched(before: Plan, after: Plan) -> set[str]:
    """Return the codes whose grid covers the very same ground, and check that the concordance says so."""
    shapes = [plan.grids.set_index("code").geometry for plan in (before, after)]
    common = shapes[0].index.intersection(shapes[1].index)
    same = {code for code in common if shapes[0][code].symmetric_difference(shapes[1][code]).area < 1}
    table = after.concordance
    assert set(table.loc[table["relation"] == "same", "old_code"]) == same
    ids = [plan.grids.reset_index().set_index("code")["grid_id"] for plan in (before, after)]
    assert ids[0][list(same)].equals(ids[1][list(same)])
    return same


def assert_told(before: Plan, after: Plan, summary: dict) -> None:
    """The rows of the concordance add up, and codes once used are not used for anything else."""
    table = after.concordance
    assert table["old_code"].replace("", np.nan).dropna().isin(before.grids["code"]).all()
    assert set(before.grids["code"]) <= set(table["old_code"])
    assert set(after.grids["code"]) <= set(table["new_code"])
    assert (table["households_kept"] + table["households_in"] == table["households_after"])[
        table["new_code"] != ""
    ].all()
    gone = set(before.grids["code"]) - set(after.grids["code"])
    assert gone == set(after.metadata["retired_codes"].split(",")) - {""}
    assert summary["update"]["relations"] == table["relation"].value_counts().sort_index().to_dict()
    assert summary["issues"]["error"] == 0
    assert run("check", "none.gpkg").exit_code == 2


def test_the_same_input_gives_the_same_plan(desk: Desk) -> None:
    summary = desk.next(town())
    before, after = desk.plan("before"), desk.plan("after")
    assert summary["update"]["moved"] == 0
    assert untouched(before, after) == set(before.grids["code"])
    assert after.assignment.equals(before.assignment)


def test_counts_change(desk: Desk) -> None:
    blocks = town()
    grid = desk.plan("before").assignment
    blocks.loc[grid.index[grid == grid.iloc[0]], "households"] += 20
    summary = desk.next(blocks)
    before, after = desk.plan("before"), desk.plan("after")
    assert_told(before, after, summary)
    assert summary["update"]["moved"] == 70
    assert len(untouched(before, after)) == len(before.grids) - 2


def test_a_compound_is_built(desk: Desk) -> None:
    """A block with 800 households more, divided in four: its grid is split, and the codes of its parts are new."""
    blocks = town()
    old = blocks.loc["b0000"]
    quarters = [shapely.box(EAST + x, NORTH + y, EAST + x + 50, NORTH + y + 50) for x in (0, 50) for y in (0, 50)]
    parts = gpd.GeoDataFrame(
        {"households": [(old["households"] + 800) // 4] * 4},
        geometry=quarters,
        index=[f"new{n}" for n in range(4)],
        crs=CRS,
    )
    blocks = pd.concat([blocks.drop(index="b0000"), parts]).rename_axis("block_id")
    summary = desk.next(blocks)
    before, after = desk.plan("before"), desk.plan("after")
    assert_told(before, after, summary)
    code = before.grids["code"][before.assignment["b0000"]]
    split = after.concordance[after.concordance["relation"] == "split"]
    assert set(split["old_code"]) == {code}
    assert code not in set(after.grids["code"])
    assert min(split["new_code"]) > max(c for c in before.grids["code"] if c[:12] == code[:12])
    assert len(untouched(before, after)) >= len(before.grids) - 3


def test_a_street_is_opened(desk: Desk) -> None:
    """One block becomes two with other ids, and nothing else happens."""
    blocks = town()
    halves = [shapely.box(EAST, NORTH + y, EAST + SIDE, NORTH + y + 50) for y in (0, 50)]
    parts = gpd.GeoDataFrame({"households": [25, 25]}, geometry=halves, index=["s1", "s2"], crs=CRS)
    blocks = pd.concat([blocks.drop(index="b0000"), parts]).rename_axis("block_id")
    summary = desk.next(blocks)
    before, after = desk.plan("before"), desk.plan("after")
    assert_told(before, after, summary)
    assert summary["update"]["moved"] == 0
    assert untouched(before, after) == set(before.grids["code"])
    assert after.assignment["s1"] == after.assignment["s2"] == before.assignment["b0000"]


def test_a_block_is_removed(desk: Desk) -> None:
    summary = desk.next(town().drop(index="b0000"))
    before, after = desk.plan("before"), desk.plan("after")
    assert_told(before, after, summary)
    assert summary["update"]["moved"] == 0
    assert len(untouched(before, after)) == len(before.grids) - 1
    (row,) = after.concordance[after.concordance["relation"] != "same"].to_dict("records")
    assert row["relation"] == "changed"
    assert row["old_code"] == row["new_code"]


def test_a_community_line_moves(desk: Desk) -> None:
    """A row of blocks goes to the other community: those households change grid, and the rest nearly all stays."""
    summary = desk.next(town(), lines(ROWS // 2 + 1))
    before, after = desk.plan("before"), desk.plan("after")
    assert_told(before, after, summary)
    assert summary["update"]["moved"] >= COLUMNS * 50 / 2
    home = after.blocks.groupby(after.assignment)["community_code"].nunique()
    assert (home == 1).all()
    assert (after.grids["code"].str[:12] == after.grids["community_code"]).all()


@pytest.mark.parametrize("share", ["1%", "0.01"])
def test_a_bound_is_kept_and_said(desk: Desk, share: str) -> None:
    blocks = town()
    grid = desk.plan("before").assignment
    for chosen in grid.drop_duplicates().iloc[:3]:
        blocks.loc[grid.index[grid == chosen], "households"] += 20
    summary = desk.next(blocks, None, "--max-moved", share)
    update = summary["update"]
    assert update["share_moved"] <= update["max_moved"] == 0.01 < update["share_needed"]
    assert summary["issues"]["error"] > 0
    assert any("allowed are 1.0%" in note for note in summary["notes"])


@pytest.mark.parametrize("words", [("--max-moved", "5%"), ("--max-moved", "150%"), ("--previous", "none.gpkg")])
def test_bad_bounds_and_plans_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    blocks = tmp_path / "blocks.gpkg"
    town().reset_index().to_file(blocks)
    result = run("build", "--blocks", blocks, "--out", tmp_path / "p.gpkg", *words)
    assert result.exit_code == 2
    assert words[-1] in result.stderr or "--previous" in result.stderr
    assert not (tmp_path / "p.gpkg").exists()


def test_codes_once_retired_stay_retired(desk: Desk) -> None:
    blocks = town()
    grid = desk.plan("before").assignment
    blocks.loc[grid.index[grid == grid.iloc[0]], "households"] = 90
    desk.next(blocks)
    retired = set(desk.plan("after").metadata["retired_codes"].split(",")) - {""}
    assert retired
    (desk.folder / "after.gpkg").rename(desk.folder / "before.gpkg")
    desk.next(town())
    again = desk.plan("after")
    assert retired <= set(again.metadata["retired_codes"].split(","))
    assert not retired & set(again.grids["code"])


@pytest.mark.slow
def test_a_town_built_from_streets_follows_its_plan() -> None:
    """Divided blocks stay divided as they were, so a handful of new households changes nothing elsewhere."""
    district = sample_frames()
    before = build_from(district)
    same = build_from(_following(district, before))
    assert (same.concordance["relation"] == "same").all()
    more = district.households.copy()
    more.loc[more.index[::40], "households"] += 1
    after = build_from(_following(district, before, more))
    assert (after.issues["severity"] != "error").all()
    assert json.loads(after.metadata["update"])["share_moved"] < 0.03
    assert (after.concordance["relation"] == "same").mean() > 0.7


def _following(district: District, plan: Plan, households: gpd.GeoDataFrame | None = None) -> District:
    return replace(district, previous=plan, households=district.households if households is None else households)


def test_blocks_are_matched_by_the_ground_they_share() -> None:
    old, new = town(), town()
    moved = new.iloc[[0]].set_geometry([new.geometry.iloc[0].buffer(-10)])
    pairs = overlaps(old, pd.concat([moved, new.iloc[1:]]))
    assert len(pairs) == len(old)
    assert pairs.set_index("after")["share_before"]["b0000"] == pytest.approx(0.64)
    assert pairs["share_after"].eq(1).all()
    far = new.set_geometry(new.translate(1e5))
    assert (homes(old, pd.Series("a", index=old.index), far) == "").all()


def test_a_plan_compared_with_itself_has_only_the_same_grids(desk: Desk) -> None:
    plan = desk.plan("before")
    table = concordance(plan, plan)
    assert (table["relation"] == "same").all()
    assert (table["households_in"] == 0).all()
    assert (table["households_out"] == 0).all()
    assert gg.compare(plan, plan).totals["share_moved"] == 0


def test_a_plan_of_several_tiers_is_not_updated_but_refused(desk: Desk) -> None:
    plan, where = desk.plan("before"), ("--blocks", desk.folder / "blocks.gpkg", "--out", desk.folder / "after.gpkg")
    result = run("build", *where, "--previous", desk.folder / "before.gpkg", "--scheme", "yanji")
    assert result.exit_code == 2
    assert "'yanji' cannot be updated" in result.stderr
    assert "without --previous" in result.stderr
    assert not (desk.folder / "after.gpkg").exists()
    yanji = Scheme.load("yanji")
    following = District(boundary=plan.communities, blocks=plan.blocks, communities=plan.communities, previous=plan)
    with pytest.raises(gg.InputError, match="cannot be updated"):
        build_from(following, yanji)
    with pytest.raises(gg.InputError, match="divides more than grids"):
        gg.suggest(replace(plan, scheme=yanji), plan.grids.index[:2])


def test_an_update_out_of_time_leaves_grids_as_they_were(desk: Desk) -> None:
    """Every block keeps a grid, and what cut the search is told."""
    blocks = town()
    grid = desk.plan("before").assignment
    blocks.loc[grid.index[grid == grid.iloc[0]], "households"] += 20
    summary = desk.next(blocks, None, "--time-limit", "0.000001")
    after = desk.plan("after")
    assert summary["stopped_early"] == after.metadata["stopped_early"] == "time limit"
    assert after.assignment.equals(grid.reindex(after.assignment.index))
    assert summary["issues"]["error"] == 1


def test_the_bill_of_an_update_counts_who_moved(desk: Desk) -> None:
    blocks = town()
    grid = desk.plan("before").assignment
    blocks.loc[grid.index[grid == grid.iloc[0]], "households"] += 20
    summary = desk.next(blocks)
    price = Scheme.load().cost.moved_per_household
    assert summary["cost"]["moved"] == price * summary["update"]["moved"] > 0
    assert f"{summary['cost']['total']:,.0f}" in report_page(desk.plan("after"))
