"""The pieces of the engine one by one, each against the slow and plain way of doing the same."""

from __future__ import annotations

import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from gis_grid.partition.build import in_pieces, metis, seeds
from gis_grid.partition.cells import CellGraph, cell_graph
from gis_grid.partition.cost import balance_price, grid_costs, loads, rank, terms
from gis_grid.partition.cover import Limits, cheapest_cover, pool_of
from gis_grid.partition.crew import Crew, stop_asked
from gis_grid.partition.improve import Job, Search
from gis_grid.partition.kernels import standing
from gis_grid.partition.tiers import most_grids, parts, pieces
from gis_grid.partition.windows import around, windows
from gis_grid.scheme import Band
from towns import delaunay, graph_of, lattice, scheme, town

HOW: dict[str, Any] = {
    "capture_output": True,
    "text": True,
    "cwd": Path(__file__).resolve().parents[2],
}


def search_of(graph: CellGraph, seed: int = 1, band: Band | None = None) -> Search:
    band = band or Band()
    most = most_grids(int(graph.load.sum()), len(graph), band)
    return Search(Job(graph, band, balance_price(scheme().cost), seed, most, sweeps=50), slots=len(graph))


def in_one_piece_each(graph: CellGraph, labels: np.ndarray) -> bool:
    for grid in np.unique(labels):
        part = graph.part(np.flatnonzero(labels == grid))
        links = coo_matrix((part.link.astype(int), (part.a, part.b)), shape=(len(part), len(part)))
        if connected_components(links, directed=False)[0] != 1:
            return False
    return True


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), blocks=st.integers(4, 50))
def test_annealing_keeps_grids_whole_and_its_books_straight(seed: int, blocks: int) -> None:
    load = np.random.default_rng(seed).integers(0, 200, blocks)
    graph = graph_of(load, delaunay(blocks, seed), seed)
    search = search_of(graph, seed)
    start = seeds(graph, Band(), 0.0, seed, 1)[0]
    found = search.anneal(start, 300.0, 1.0)
    assert in_one_piece_each(graph, found)
    assert search.rank(found) <= search.rank(start)
    books = standing(search.net, search.law, search.division(found))
    assert tuple(np.round(books, 6)) == pytest.approx(search.rank(found))
    assert (search.desk.piece == -1).all()
    assert (search.desk.place == -1).all()


def test_the_archive_holds_connected_grids_in_band_with_their_true_cost() -> None:
    graph = graph_of(np.random.default_rng(1).integers(0, 120, 64), lattice(8, 8))
    search = search_of(graph)
    search.anneal(seeds(graph, Band(), 0.0, 1, 1)[0], 300.0, 1.0)
    count = int(search.archive.fill[0])
    assert count > 50
    bits = np.unpackbits(search.archive.bits[:count].view(np.uint8), axis=1, bitorder="little", count=64).astype(bool)
    assert len(np.unique(bits, axis=0)) == count
    for member, cost, load in zip(bits, search.archive.cost, search.archive.load, strict=False):
        labels = np.where(member, 0, 1)
        assert in_one_piece_each(graph.part(np.flatnonzero(member)), np.zeros(member.sum()))
        assert load == graph.load[member].sum()
        assert cost == pytest.approx(grid_costs(graph, labels, Band(), search.job.balance)[0])


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_cheapest_cover_is_the_cheapest_there_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.random((14, 6)) < 0.5
    drawn[np.arange(14), rng.integers(0, 6, 14)] = True  # no grid is without a block
    member = np.concatenate([np.eye(6, dtype=bool), drawn])
    cost = np.concatenate([np.full(6, 9.0), rng.uniform(1, 20, 14)])
    limits = Limits(most=5 if seed % 2 else 6)
    found = cheapest_cover(pool_of(member, cost), 6, np.arange(6), limits).chosen
    covers = [
        cost[list(rows)].sum()
        for size in range(1, 7)
        for rows in combinations(range(20), size)
        if (member[list(rows)].sum(axis=0) == 1).all() and (size <= 5 or not seed % 2 or rows == tuple(range(6)))
    ]
    assert (member[found].sum(axis=0) == 1).all()
    assert cost[found].sum() == pytest.approx(min(covers))


def test_recombining_finds_what_two_divisions_have_best() -> None:
    graph = graph_of(np.random.default_rng(4).integers(20, 90, 100), lattice(10, 10))
    search = search_of(graph)
    found = [search.anneal(start, 300.0, 1.0) for start in seeds(graph, Band(), 0.0, 3, 3)]
    best = min(found, key=search.rank)
    joined = search.recombine(best)
    assert search.rank(joined) <= search.rank(best)
    assert in_one_piece_each(graph, joined)


def test_the_terms_of_the_cost_add_up_to_what_is_drawn() -> None:
    # four squares in a row, two grids: the street between them is 100 m of secondary
    classes = np.array(["residential", "secondary", "primary"], dtype=object)
    blocks, borders = town(np.array([200, 150, 100, 250]), np.array([(0, 1), (1, 2), (2, 3)]), classes=classes)
    cost = scheme().cost
    graph, _, _ = cell_graph(blocks, borders, cost)
    found = terms(graph, np.array([0, 0, 1, 1]), Band(), cost)
    assert found["border"] == pytest.approx(100 * cost.per_m["secondary"])
    assert found["compactness"] == pytest.approx(cost.compactness * 2 * 600)
    assert found["balance"] == pytest.approx(balance_price(cost) * 2 * 0.25)
    assert found["inside"] == pytest.approx(100 * cost.inside_per_m)
    assert found["total"] == pytest.approx(sum(found[name] for name in ("border", "compactness", "balance", "inside")))


def test_costs_of_grids_add_up_to_the_rank() -> None:
    graph = graph_of(np.full(36, 50), lattice(6, 6))
    labels = np.arange(36) // 7
    costs = grid_costs(graph, labels, Band(), 10.0)
    drawn = labels[graph.a] != labels[graph.b]
    assert rank(graph, labels, Band(), 10.0)[2] == pytest.approx(costs.sum())
    assert grid_costs(graph, labels, Band(), 0.0).sum() == pytest.approx(graph.gain[drawn].sum())
    assert loads(graph, labels).tolist() == [350, 350, 350, 350, 350, 50]


def test_parts_end_at_communities_and_barriers() -> None:
    pairs = lattice(1, 6)
    blocks, borders = town(
        np.full(6, 100),
        pairs,
        communities=np.array(["2", "2", "1", "1", "1", "1"]),
        barrier=np.array([False, False, False, True, False]),
    )
    graph, ids, codes = cell_graph(blocks, borders, scheme().cost)
    found = parts(graph, ids, codes)
    assert [(part.community_code, part.cells.tolist()) for part in found] == [
        ("1", [2, 3]),
        ("1", [4, 5]),
        ("2", [0, 1]),
    ]
    assert len({part.seed(0) for part in found} | {part.seed(1) for part in found}) == 6


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), grids=st.integers(1, 12))
def test_metis_seeds_are_whole(seed: int, grids: int) -> None:
    graph = graph_of(np.random.default_rng(seed).integers(0, 90, 40), delaunay(40, seed), seed)
    labels = metis(graph, grids, seed)
    assert in_one_piece_each(graph, labels)
    assert sorted(np.unique(labels)) == list(range(labels.max() + 1))
    torn = np.random.default_rng(seed).integers(0, grids, 40)
    assert in_one_piece_each(graph, in_pieces(graph, torn))


def test_oversized_blocks_are_seeded_alone() -> None:
    load = np.full(25, 60)
    load[12] = 900
    graph = graph_of(load, lattice(5, 5))
    for labels in seeds(graph, Band(), 0.0, 0, 3):
        assert (labels == labels[12]).sum() == 1


def test_windows_hold_every_block_once_and_whole_grids() -> None:
    graph = graph_of(np.full(400, 50), lattice(20, 20))
    labels = (np.arange(400) // 20 // 2) * 10 + (np.arange(400) % 20) // 2
    found = windows(graph, labels, 12, 1)
    assert len(found) == 8
    assert sorted(np.concatenate(found).tolist()) == list(range(400))
    assert sum(len(np.unique(labels[cells])) for cells in found) == 100
    near = around(graph, labels, 0, 4)
    assert len(np.unique(labels[near])) == 4
    assert len(np.unique(pieces(graph.part(near), graph.part(near).link))) == 1
    assert not np.array_equal(windows(graph, labels, 12, 2)[0], found[0])


def _twice(number: int) -> int:
    return 2 * number


def test_a_crew_answers_alike_with_and_without_processes() -> None:
    with Crew(1) as alone, Crew(2) as two:
        assert sorted(alone.each(_twice, [3, 2, 1])) == sorted(two.each(abs, [-6, 4, -2]))
    assert not stop_asked()


def _first_then_wait(number: int) -> int:
    ends = time.monotonic() + 30.0
    while number and not stop_asked() and time.monotonic() < ends:
        time.sleep(0.02)
    return number


def test_a_crew_leaves_out_what_does_not_end_once_there_is_enough() -> None:
    """Searches under way when the time is up are not waited for, and later tasks are done all the same."""
    found: list[tuple[int, int]] = []
    with Crew(2) as crew:
        found.extend(crew.each(_first_then_wait, range(12), enough=lambda: bool(found)))
        assert found == [(0, 0)]
        assert sorted(crew.each(abs, [-5, 7])) == [(0, 5), (1, 7)]
    with Crew(1) as alone:
        assert list(alone.each(abs, [-5, 7], enough=lambda: True)) == []


def test_a_crew_that_cannot_start_does_the_work_here() -> None:
    """A script read from standard input has no file that another process could begin from."""
    script = "from gis_grid.partition.crew import Crew\nwith Crew(2) as c:\n    print(sorted(c.each(abs, [-1, -2])))\n"
    done = subprocess.run([sys.executable, "-"], input=script, check=False, **HOW)
    assert "[(0, 1), (1, 2)]" in done.stdout


def test_machine_code_needs_no_folder_to_be_kept_in(tmp_path: Path) -> None:
    """A read-only installation of a user without a home compiles anew, and says nothing."""
    script = f"""
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []
from gis_grid.partition.kernels import entrance
import sys; sys.path.insert(0, {str(tmp_path)!r})
import loop
print(loop.twice(21))
"""
    (tmp_path / "loop.py").write_text(
        "from gis_grid.partition.kernels import entrance\n\n\n@entrance\ndef twice(x):\n    return 2 * x\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False, **HOW)
    assert done.stdout.strip() == "42", done.stderr


def test_graphs_split_all_at_once_are_those_cut_out_one_by_one() -> None:
    graph = graph_of(np.random.default_rng(3).integers(0, 120, 90), delaunay(90, 3), 3)
    owner = np.random.default_rng(4).integers(0, 7, 90)
    split = graph.split(owner)
    assert len(split) == 7
    for number, (cells, alone) in enumerate(split):
        assert cells.tolist() == np.flatnonzero(owner == number).tolist()
        one = graph.part(cells)
        for name in ("load", "area_m2", "rim_m", "a", "b", "shared_m", "border_price", "drawn_price", "link"):
            assert np.array_equal(getattr(alone, name), getattr(one, name)), name
