"""Heavy-tailed counts: with division on, no block that can be divided stays above the band, nor a grid for its sake."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pattern import pattern

from gis_grid.blocks import BlockOptions
from gis_grid.partition import partition
from gis_grid.pipeline import BuildOptions, District, build_from
from gis_grid.plan import Plan
from gis_grid.rules import check, issues_frame
from gis_grid.scheme import Scheme

SIDE, COLUMNS, MARGIN = 160.0, 9, 15.0


def district(seed: int, heavy: int) -> District:
    """Make a lattice of streets with homes in every block; so many blocks hold 600 to 1,500 households, spread out."""
    rng = np.random.default_rng(seed)
    span = SIDE * COLUMNS
    at = np.arange(1, COLUMNS) * SIDE
    ways = [shapely.LineString([(x, 0), (x, span)]) for x in at] + [shapely.LineString([(0, y), (span, y)]) for y in at]
    columns = {"name": "", "street_class": "residential", "link": False, "barrier": False}
    streets = gpd.GeoDataFrame(columns, geometry=ways, index=range(len(ways)), crs=4547)
    total = np.minimum(rng.lognormal(np.log(60), 0.9, COLUMNS**2), 280).round().astype(np.int64)
    big = rng.choice(COLUMNS**2, heavy, replace=False)
    total[big] = rng.integers(600, 1501, heavy)
    points, counts = [], []
    for block, households in enumerate(total):
        houses = max(1, min(40, int(households) // 12))
        corner = np.array([block % COLUMNS, block // COLUMNS]) * SIDE + MARGIN
        points.append(corner + rng.random((houses, 2)) * (SIDE - 2 * MARGIN))
        counts.append(np.full(houses, households // houses) + (np.arange(houses) < households % houses))
    homes = gpd.GeoDataFrame(
        {"households": np.concatenate(counts)}, geometry=shapely.points(np.concatenate(points)), crs=4547
    )
    outline = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, span, span)], crs=4547)
    return District(outline, streets, homes)


def oversize(plan: Plan) -> list[str]:
    return plan.blocks.index[plan.blocks["households"] > plan.scheme.main.band.max].tolist()


@pytest.mark.parametrize("seed", [0, 1])
def test_blocks_above_the_band_are_divided_and_cost_no_exception(seed: int) -> None:
    town = district(seed, heavy=4)
    plan = build_from(town)
    assert plan.grids["households"].sum() == town.households["households"].sum()
    assert not oversize(plan)
    assert not (plan.issues["rule"] == "band").any()


def test_without_division_the_same_blocks_are_the_only_exceptions() -> None:
    plan = build_from(district(0, heavy=4), options=BuildOptions(blocks=BlockOptions(divide=False)))
    heavy = oversize(plan)
    assert len(heavy) == 4
    found = plan.issues[plan.issues["rule"] == "band"]
    assert (found["severity"] == "exception").all()
    assert found["block_ids"].map(lambda ids: bool(set(ids.split(",")) & set(heavy))).all()
    assert found["remedies"].str.contains("divide block").all()


@pytest.mark.parametrize("community", [3_000, 0])
def test_ready_made_blocks_above_the_band_are_the_only_exceptions(community: int) -> None:
    blocks, borders = pattern(800, seed=1, heavy=0.01, community=community)
    scheme = Scheme.load("qinzhou")
    labels = partition(blocks, borders, scheme).assignment
    names = labels.unique()
    shapes = gpd.GeoDataFrame({"code": names}, index=names, geometry=[None] * len(names), crs=blocks.crs)
    areas = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[], crs=blocks.crs)
    plan = Plan(scheme, blocks, borders, areas, areas, labels, shapes, issues_frame([]))
    issues = check(plan, rules=["band"])
    heavy = blocks.index[blocks["households"] > scheme.main.band.max]
    assert sorted(issue.block_ids for issue in issues) == sorted((block,) for block in heavy)
    assert {issue.severity for issue in issues} == {"exception"}
    assert all(issue.tried[0].kind == "divide" for issue in issues)


@pytest.mark.parametrize("seed", [5, 6])
def test_nothing_stays_beside_an_oversize_block_that_could_be_in_band_elsewhere(seed: int) -> None:
    """With division off, leftovers beside a block above the band are judged by the search as by the rule."""
    blocks, borders = pattern(300, seed=seed, heavy=0.05, households=220)
    scheme = Scheme.load("qinzhou")
    nothing = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[])
    found = partition(blocks, borders, scheme).assignment
    grids = gpd.GeoDataFrame(index=pd.Index(sorted(set(found)), name="grid_id"))
    plan = Plan(scheme, blocks, borders, nothing, nothing, found, grids, issues_frame([]))
    issues = check(plan, rules=("band",))
    assert any(issue.severity == "exception" for issue in issues)
    assert [issue.message_en for issue in issues if issue.severity == "error"] == []
