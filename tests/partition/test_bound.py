"""What is proved about the cost of a division holds against every division there is."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import brute
from gis_grid.partition import PartitionOptions, partition
from gis_grid.partition.bound import ProofJob, prove
from gis_grid.partition.cells import CellGraph
from gis_grid.partition.columns import Pricer, Prices, Task
from gis_grid.partition.cost import grid_costs, rank
from gis_grid.partition.improve import Job, run
from gis_grid.scheme import Band
from towns import delaunay, graph_of, scheme

BALANCE = 240.0


def all_divisions(graph: CellGraph) -> Iterator[np.ndarray]:
    """Yield the labels of every division into connected grids."""
    pairs = list(zip(graph.a.tolist(), graph.b.tolist(), strict=True))
    blocks = frozenset(range(len(graph)))
    for division in brute.divisions(blocks, brute.connected_sets(blocks, pairs)):
        labels = np.empty(len(graph), dtype=np.int64)
        for number, grid in enumerate(division):
            labels[list(grid)] = number
        yield labels


@settings(max_examples=40, deadline=None)
@given(blocks=st.integers(4, 9), seed=st.integers(0, 10_000), mean=st.integers(60, 260), heavy=st.booleans())
def test_no_division_is_cheaper_than_the_bound(blocks: int, seed: int, mean: int, heavy: bool) -> None:
    rng = np.random.default_rng(seed)
    load = rng.integers(0, 2 * mean, blocks)
    if heavy:
        load[rng.integers(blocks)] = 640
    graph, band = graph_of(load, delaunay(blocks, seed), seed), Band()
    ranked = [(rank(graph, labels, band, BALANCE), labels) for labels in all_divisions(graph)]
    least = min(found for found, _ in ranked)
    alike = [(found, labels) for found, labels in ranked if found[:2] == least[:2]]
    dearest = max(alike, key=lambda each: each[0])[1]
    proof = prove(ProofJob(graph, band, BALANCE, dearest, np.ones(blocks, dtype=bool), seed=1))
    assert proof.bound <= least[2] + 1e-6
    assert proof.rank == rank(graph, proof.labels, band, BALANCE) <= max(alike, key=lambda each: each[0])[0]
    if proof.settled:
        assert proof.rank[2] == pytest.approx(least[2])
    if least[0] == 0:  # where all can be in band, such small parts are always settled
        assert proof.settled


@settings(max_examples=40, deadline=None)
@given(blocks=st.integers(3, 9), seed=st.integers(0, 10_000), mean=st.integers(60, 260))
def test_pricing_finds_the_grid_that_is_worth_least(blocks: int, seed: int, mean: int) -> None:
    rng = np.random.default_rng(seed)
    graph, band = graph_of(rng.integers(0, 2 * mean, blocks), delaunay(blocks, seed), seed), Band()
    task = Task(graph, band, BALANCE, 0, np.zeros(blocks, dtype=bool))
    prices = Prices(rng.uniform(-100, 900, blocks))
    pairs = list(zip(graph.a.tolist(), graph.b.tolist(), strict=True))
    worth = {}
    for grid in brute.connected_sets(frozenset(range(blocks)), pairs):
        inside = np.isin(np.arange(blocks), list(grid))
        if band.min <= graph.load[inside].sum() <= band.max:
            labels = (~inside).astype(np.int64)
            worth[grid] = float(grid_costs(graph, labels, band, BALANCE)[0] - prices.block[inside].sum())
    pricer = Pricer(task, room=1_000)
    bounds = pricer.search(prices, below=1e9, limit=10**6)
    if worth:
        assert bounds.min() == pytest.approx(min(worth.values()))
    pricer.search(prices, below=1e9, every=True, limit=10**6)
    member, cost = pricer.taken(prices)
    listed = {frozenset(np.flatnonzero(row).tolist()): c for row, c in zip(member, cost, strict=True)}
    assert set(listed) == set(worth)
    for grid, c in listed.items():
        assert c - prices.block[list(grid)].sum() == pytest.approx(worth[grid])


def test_a_bound_holds_at_any_step() -> None:
    rng = np.random.default_rng(5)
    graph, band = graph_of(rng.integers(20, 160, 40), delaunay(40, 5), 5), Band()
    labels = run(Job(graph, band, BALANCE, 1, int(graph.load.sum()) // band.min, fresh=4)).labels
    jobs = [ProofJob(graph, band, BALANCE, labels, np.zeros(40, dtype=bool), 1, steps=steps) for steps in (1, 10**7)]
    hasty, patient = [prove(job) for job in jobs]
    assert patient.settled
    assert hasty.bound <= patient.bound + 1e-6


def test_the_real_districts_of_ottawa_are_proved(ottawa: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    blocks, borders = ottawa
    size = blocks.groupby("community_code").size()
    chosen = blocks[blocks["community_code"].isin(size.index[(size <= 64) & (size != 46)])]
    inside = borders[borders["a"].isin(chosen.index) & borders["b"].isin(chosen.index)]
    plain = partition(chosen, inside, scheme())
    proved = partition(chosen, inside, scheme(), options=PartitionOptions(prove=True, workers=2))
    assert (proved.parts["gap"] < 1e-6).all()
    assert proved.bound == pytest.approx(proved.cost["total"])
    assert (plain.parts["cost"] <= 1.01 * proved.parts["cost"]).all()
    assert plain.parts.loc[plain.parts["blocks"] <= 40, "gap"].max() < 1e-6
