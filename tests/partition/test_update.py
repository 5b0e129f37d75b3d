"""A division carried over to changed blocks: legal again, few households moved, and the rest left exactly alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from exact import grown, least_moved
from gis_grid import rules
from gis_grid.errors import InputError
from gis_grid.partition import partition
from gis_grid.partition.update import UpdateOptions, UpdateResult, update_partition
from gis_grid.plan import Plan
from gis_grid.scheme import Scheme
from towns import delaunay, faults, lattice, out_of_band, scheme, town

Frames = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]
RULES = ("inside-parent", "contiguous", "barrier", "band")


def errors(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, assignment: pd.Series, laws: Scheme, *, chosen: int = 4
) -> list[str]:
    """Return what the rules, or the first few of them, say is illegal about a division."""
    nothing = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[])
    grids = gpd.GeoDataFrame(index=pd.Index(sorted(set(assignment)), name="grid_id"))
    plan = Plan(laws, blocks, borders, nothing, nothing, assignment, grids, rules.issues_frame([]))
    return [issue.message_en for issue in rules.check(plan, rules=RULES[:chosen]) if issue.severity == "error"]


def moved(blocks: gpd.GeoDataFrame, home: pd.Series, found: UpdateResult) -> int:
    """Count the households whose grid does not have the id it had."""
    away = (found.assignment != home.reindex(blocks.index)) & (home.reindex(blocks.index).fillna("") != "")
    return int(blocks["households"][away].sum())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(6, 13), kind=st.sampled_from(["more", "fewer", "anything"]))
def test_hardly_more_households_move_than_must(seed: int, count: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    load, pairs = rng.integers(30, 170, count), delaunay(count, seed)
    blocks, borders = town(load, pairs)
    home = partition(blocks, borders, scheme()).assignment
    assume(not out_of_band(blocks, home, scheme().main.band))
    later = {
        "more": lambda: grown(load, rng, share=0.1),
        "fewer": lambda: np.maximum(0, load - grown(load, rng, share=0.1) + load),
        "anything": lambda: rng.permutation(load),
    }[kind]()
    blocks = blocks.assign(households=later)
    number = pd.factorize(home)[0]
    least = least_moved(later, pairs, scheme().main.band, number)
    found = update_partition(blocks, borders, scheme(), home)
    assert not faults(blocks, borders, found.assignment)
    assert found.moved == moved(blocks, home, found)
    if least is None:
        return
    assert not errors(blocks, borders, found.assignment, scheme())
    assert found.errors == 0
    assert least <= found.moved <= 1.5 * least


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000), count=st.integers(2, 60), old=st.integers(0, 12))
@example(seed=671, count=53, old=0)  # found labels run far above the number of blocks
@example(seed=23094, count=57, old=1)  # a barrier runs through an island
@example(seed=20789, count=37, old=1)
def test_whatever_the_homes_grids_come_out_whole(seed: int, count: int, old: int) -> None:
    """Homes torn into pieces, ground without a home, communities and barriers: nothing is left apart."""
    rng = np.random.default_rng(seed)
    pairs = delaunay(count, seed) if count > 3 else lattice(1, count)
    blocks, borders = town(
        rng.integers(0, 200, count),
        pairs,
        communities=rng.choice(["1", "2"], count, p=[0.8, 0.2]),
        barrier=rng.random(len(pairs)) < 0.15,
    )
    named = np.array([f"g{n + 1:04d}" for n in range(old)] + [""], dtype=object)
    home = pd.Series(rng.choice(named, count), index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert list(found.assignment.index) == list(blocks.index)
    assert not errors(blocks, borders, found.assignment, scheme(), chosen=3)
    assert found.moved == moved(blocks, home, found)
    again = update_partition(blocks.sample(frac=1, random_state=1), borders[::-1], scheme(), home)
    assert again.assignment.reindex(blocks.index).equals(found.assignment)


def test_what_is_legal_stays_as_it_is() -> None:
    rng = np.random.default_rng(3)
    blocks, borders = town(rng.integers(0, 120, 120), delaunay(120, 3))
    home = partition(blocks, borders, scheme()).assignment
    found = update_partition(blocks, borders, scheme(), home)
    assert found.assignment.equals(home)
    assert found.moved == found.needed == found.errors == 0


def test_only_the_neighbourhood_of_what_is_illegal_changes() -> None:
    load = np.full(1600, 50)
    blocks, borders = town(load, lattice(40, 40))
    home = pd.Series([f"g{r // 4 * 20 + c // 2 + 1:04d}" for r in range(40) for c in range(40)], index=blocks.index)
    blocks.loc["b00820", "households"] += 150
    found = update_partition(blocks, borders, scheme(), home)
    assert not errors(blocks, borders, found.assignment, scheme())
    assert found.moved == 50
    assert (found.assignment != home).sum() == 1


def test_a_grid_that_outgrew_the_band_is_divided_and_the_larger_part_keeps_its_id() -> None:
    blocks, borders = town(np.array([150, 150, 150, 150, 340]), lattice(1, 5), communities=np.array(list("11112")))
    home = pd.Series(["g0001"] * 4 + ["g0007"], index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert sorted(set(found.assignment)) == ["g0001", "g0007", "g0008"]
    assert found.moved == 300


def test_an_exception_with_its_proof_is_left_alone() -> None:
    """574 households in one community cannot be met; nor can a block of 735: neither is a reason to move anybody."""
    load = np.array([200, 190, 184, 735, 100, 150, 160])
    blocks, borders = town(load, lattice(1, 7), communities=np.array(list("1112333")))
    home = pd.Series(["a", "a", "a", "b", "c", "c", "c"], index=blocks.index)
    assert update_partition(blocks, borders, scheme(), home).assignment.equals(
        home.astype(str).rename("grid_id").rename_axis("block_id")
    )


def test_a_finding_excuses_no_more_grids_than_it_proves() -> None:
    """Two grids of 287 households where 574 live are one too many."""
    blocks, borders = town(np.array([145, 142, 143, 144]), lattice(1, 4))
    home = pd.Series(["a", "a", "b", "b"], index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert not errors(blocks, borders, found.assignment, scheme())
    assert found.moved == 142 + 1 or found.moved <= 287


def test_an_island_may_stay_with_its_grid() -> None:
    blocks, borders = town(np.array([150, 150, 80, 160, 200]), np.array([(0, 1), (3, 4)]))
    blocks = blocks.assign(community_code="1")
    home = pd.Series(["a", "a", "a", "b", "b"], index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert found.assignment.tolist() == ["a", "a", "a", "b", "b"]


def test_an_island_stays_whole_or_not_at_all() -> None:
    """Its grid has 60 households too many: half of the island would do, but would leave the grid in two pieces."""
    blocks, borders = town(np.array([250, 190, 60, 60, 250, 100]), np.array([(0, 1), (2, 3), (4, 5)]))
    blocks = blocks.assign(community_code=list("111122"))
    home = pd.Series(["a", "a", "a", "a", "b", "b"], index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert not errors(blocks, borders, found.assignment, scheme())
    assert found.assignment.nunique() == 3
    assert found.moved == 120


def test_empty_ground_goes_with_the_grid_it_touches_once_its_own_has_gone_from_there() -> None:
    pairs, barrier = lattice(1, 6), np.array([False, False, False, False, True])
    blocks, borders = town(np.array([200, 200, 200, 200, 50, 0]), pairs, barrier=barrier)
    home = pd.Series(["a", "a", "b", "b", "b", "a"], index=blocks.index)
    found = update_partition(blocks, borders, scheme(), home)
    assert not errors(blocks, borders, found.assignment, scheme())
    assert found.assignment.tolist() == ["a", "a", "b", "b", "b", "b"]
    assert found.moved == 0


def test_a_bound_is_kept_and_what_it_costs_is_told() -> None:
    load = np.full(60, 100)
    blocks, borders = town(load, lattice(6, 10))
    home = pd.Series([f"g{r // 2 * 5 + c // 2 + 1:04d}" for r in range(6) for c in range(10)], index=blocks.index)
    blocks.loc[["b00000", "b00009"], "households"] += 150
    free = update_partition(blocks, borders, scheme(), home)
    assert free.errors == 0
    assert free.moved == free.needed == 200
    tight = update_partition(blocks, borders, scheme(), home, options=UpdateOptions(max_moved=0.02))
    assert tight.moved == 100
    assert tight.needed == 200
    assert tight.errors == 1
    none = update_partition(blocks, borders, scheme(), home, options=UpdateOptions(max_moved=0.0))
    assert none.assignment.equals(home.astype(str).rename("grid_id").rename_axis("block_id"))


def test_bounds_and_efforts_that_make_no_sense_are_refused_together() -> None:
    with pytest.raises(InputError) as caught:
        UpdateOptions(max_moved=1.5, effort=0.0)
    assert len(caught.value.faults) == 2


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "most"), [(0, 0.035), (1, 0.03)])
def test_ottawa_is_legal_again_with_few_households_moved(ottawa: Frames, seed: int, most: float) -> None:
    """All growth falls on one block in twenty, which holds twice as many households then."""
    blocks, borders = ottawa
    laws = Scheme.load("qinzhou")
    home = partition(blocks, borders, laws).assignment
    later = blocks.assign(households=grown(blocks["households"].to_numpy(), np.random.default_rng(seed)))
    found = update_partition(later, borders, laws, home)
    assert not errors(later, borders, found.assignment, laws)
    assert found.moved == moved(later, home, found)
    assert found.share_moved <= most
