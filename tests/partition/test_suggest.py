"""Suggestions for a handful of grids: only their blocks move, legality first, and reasons where nothing helps."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gis_grid as gg
from exact import least_moved
from gis_grid import rules
from gis_grid.assignment import apply
from gis_grid.errors import InputError
from gis_grid.partition import partition
from gis_grid.plan import Plan
from small import small_plan
from towns import delaunay, faults, lattice, out_of_band, scheme, town


def drafted(load: np.ndarray, pairs: np.ndarray, grids: list[str]) -> Plan:
    """Return a plan as an editor holds it: blocks, borders and an assignment, nothing measured."""
    blocks, borders = town(load, pairs)
    nothing = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[])
    named = gpd.GeoDataFrame(index=pd.Index(sorted(set(grids)), name="grid_id"))
    assignment = pd.Series(grids, index=blocks.index, name="grid_id")
    return Plan(scheme(), blocks, borders, nothing, nothing, assignment, named, rules.issues_frame([]))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(6, 12))
def test_moves_mend_with_hardly_more_households_than_must(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    load, pairs = rng.integers(30, 170, count), delaunay(count, seed)
    blocks, borders = town(load, pairs)
    home = partition(blocks, borders, scheme()).assignment
    assume(not out_of_band(blocks, home, scheme().main.band))
    later = rng.permutation(load)
    draft = drafted(later, pairs, home.tolist())
    found = gg.suggest(draft, sorted(set(home)))
    after = apply(draft.assignment, found.moves)
    assert not faults(draft.blocks, draft.borders, after)
    assert found.after.unproved <= found.before.unproved
    assert found.after.out_of_band == len(out_of_band(draft.blocks, after, scheme().main.band))
    assert found.households_moved == sum(int(draft.blocks["households"][move.block]) for move in found.moves)
    least = least_moved(later, pairs, scheme().main.band, pd.factorize(home)[0])
    if least is not None:
        assert found.after.out_of_band == 0
        assert least <= found.households_moved <= 1.5 * least
    else:
        assert found.findings or found.after.unproved


def test_only_blocks_of_the_named_grids_move() -> None:
    load = np.full(48, 60)
    grids = [f"g{c // 2 + 1:04d}" for _ in range(3) for c in range(16)]
    draft = drafted(load, lattice(3, 16), grids)
    draft.blocks.loc["b00002", "households"] = 260
    found = gg.suggest(draft, ["g0003", "g0002", "g0001"])
    assert {move.old for move in found.moves} | {move.new for move in found.moves} <= {"g0001", "g0002", "g0003"}
    assert found.before.households == {"g0001": 360, "g0002": 560, "g0003": 360}
    assert found.before.out_of_band == 1
    assert found.after.out_of_band == 0
    assert found.households_moved == 60
    assert len(found.moves) == 1


def test_a_grid_too_large_is_divided_under_a_free_name() -> None:
    draft = drafted(np.full(8, 90), lattice(2, 4), ["g0004"] * 8)
    found = gg.suggest(draft, ["g0004"])
    assert {move.new for move in found.moves} == {"g0005"}
    assert sorted(found.after.households.values()) == [360, 360]


def test_reasons_are_given_where_nothing_helps() -> None:
    draft = drafted(np.array([145, 142, 143, 144]), lattice(1, 4), ["a", "a", "a", "a"])
    found = gg.suggest(draft, ["a"])
    assert found.moves == ()
    assert [finding.households for finding in found.findings] == [574]
    assert "574" in found.message_en
    assert "574" in found.message_zh


def test_a_plan_that_is_legal_is_left_alone_and_codes_do_for_ids() -> None:
    plan = small_plan()
    blocks = plan.blocks.assign(households=80)
    plan = dataclasses.replace(plan, blocks=blocks)
    by_id, by_code = gg.suggest(plan, plan.grids.index[:2]), gg.suggest(plan, plan.grids["code"].iloc[:2])
    assert by_id == by_code
    assert by_id.moves == ()
    assert by_id.message_en == "these grids are in the band: nothing to change"


def test_names_in_any_order_give_the_same_moves() -> None:
    rng = np.random.default_rng(5)
    draft = drafted(rng.integers(10, 45, 60), lattice(5, 12), [f"g{c // 4}" for _ in range(5) for c in range(12)])
    one, other = gg.suggest(draft, ["g0", "g1", "g2"]), gg.suggest(draft, ["g2", "g0", "g1", "g0"])
    assert one == other


@pytest.mark.parametrize(("grids", "said"), [([], "no grid is named"), (["g9999", "g8888"], "g8888")])
def test_unknown_grids_are_refused(grids: list[str], said: str) -> None:
    with pytest.raises(InputError, match=said):
        gg.suggest(small_plan(), grids)
