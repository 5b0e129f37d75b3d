"""What is proved about grids and households out of band, against every division of small towns; cuts along trees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from gis_grid.rules import explain, least_households_out_of_band, least_out_of_band, search
from gis_grid.rules.cuts import Effort, Ground, cut
from gis_grid.rules.parts import cut_into_parts
from gis_grid.rules.pockets import pockets
from gis_grid.scheme import Band
from lattice import blocks_of, borders_of, connection, divisions, set_apart
from towns import can_be_legal, delaunay
from towns import lattice as pairs_of

BAND = Band(300, 500, 400)
loads = st.sampled_from([0, 40, 90, 150, 210, 260, 290, 310, 400, 450, 499, 520, 640, 700])
shapes = st.sampled_from([(1, 4), (1, 6), (2, 2), (2, 3), (3, 2)])


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_division_misses_the_band_by_fewer_households_than_proved(data: st.DataObject) -> None:
    rows, columns = data.draw(shapes)
    blocks = blocks_of([[data.draw(loads) for _ in range(columns)] for _ in range(rows)])
    borders = borders_of(blocks)
    findings = explain(blocks, borders, BAND, remedies=False)
    load = blocks["households"].to_numpy()
    place = {block: n for n, block in enumerate(blocks.index)}
    claims = [({place[b] for b in f.block_ids}, f.least) for f in findings]
    fewest = []
    joined = connection(blocks, borders)
    for division in divisions(list(range(len(blocks))), joined):
        totals = [int(load[group].sum()) for group in division]
        apart = [set_apart(g, load, joined, 500) for g, t in zip(division, totals, strict=True) if BAND.off_by(t)]
        could_give = [piece for _, *beside in apart for piece in beside if load[piece].sum() >= 300]
        if could_give or any(t >= 800 and load[g].max() <= 500 for g, t in zip(division, totals, strict=True)):
            continue
        out = [set(piece) for group in apart for piece in group]
        if all(sum(bool(piece & about) for piece in out) <= least for about, least in claims):
            fewest.append(sum(abs(BAND.off_by(t)) for t in totals))
    proved = least_households_out_of_band(findings)
    assert all(missed >= proved for missed in fewest)
    whole = len(findings) == 1 and len(findings[0].block_ids) == len(blocks)
    if fewest and (whole or all(f.cause == "oversize" for f in findings)):
        assert min(fewest) == proved


def test_households_are_told_apart_by_cause() -> None:
    def missed(drawn: list[list[int | None]]) -> list[tuple[str, int]]:
        blocks = blocks_of(drawn)
        return [(f.cause, f.least_households) for f in explain(blocks, borders_of(blocks), BAND, remedies=False)]

    assert missed([[650]]) == [("oversize", 150)]
    assert missed([[300, 274]]) == [("arithmetic", 26)]
    assert missed([[290, 284]]) == [("arithmetic", 74)]  # 574 in one grid: 290 | 284 would be two out of band
    assert missed([[120, 650, 400]]) == [("oversize", 150), ("trapped", 120)]  # 770 | 400
    assert missed([[290, 220, 290]]) == [("trapped", 20)]  # 290 | 510
    assert missed([[100, 450, *[100] * 20]]) == [("trapped", 50)]  # 550, not 100


def test_two_leaves_that_one_grid_may_hold_share_what_it_misses() -> None:
    blocks = blocks_of([[60], [450], [60], *[[450], [100]] * 40])
    findings = explain(blocks, borders_of(blocks), BAND, remedies=False)
    leaves = [f for f in findings if f.households == 60]
    assert leaves
    assert all(f.least_households <= 10 for f in leaves)


@pytest.mark.parametrize("band", [Band(300, 500, 400), Band(0, 500, 400), Band(90, 110, 100)])
@pytest.mark.parametrize("total", [1, 89, 120, 300, 501, 574, 599, 1000])
def test_a_total_misses_the_band_by_what_its_best_number_of_grids_does(total: int, band: Band) -> None:
    counts = range(1, total // max(1, band.min) + 2)
    best = min(max(0, k * band.min - total, total - k * band.max) for k in counts)
    assert search.misses(total, band) == best


# ---- cuts along trees ------------------------------------------------------------------------------------------


def ground(load: np.ndarray, pairs: np.ndarray) -> Ground:
    both = np.concatenate([pairs, pairs[:, ::-1]])
    ones = np.ones(len(both), dtype=np.int8)
    return Ground(load, sparse.coo_array((ones, (both[:, 0], both[:, 1])), shape=(len(load), len(load))).tocsr())


def assert_in_band(town: Ground, grids: list[list[int]], band: Band) -> None:
    assert sorted(block for grid in grids for block in grid) == list(range(len(town.load)))
    for grid in grids:
        assert not band.off_by(int(town.load[grid].sum()))
        among = town.links[grid][:, grid]
        assert sparse.csgraph.connected_components(among, directed=False)[0] == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 8))
def test_few_blocks_are_cut_exactly_when_they_can_be(seed: int, count: int) -> None:
    load = np.random.default_rng(seed).choice([0, 60, 120, 180, 240, 300, 360, 480], count)
    pairs = delaunay(count, seed)
    town = ground(load, pairs)
    grids = cut(town, BAND, Effort(10_000))
    assert (grids is not None) == can_be_legal(load, pairs, BAND)
    if grids is not None:
        assert_in_band(town, grids, BAND)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(40, 200))
def test_many_blocks_are_cut_into_connected_grids_in_band(seed: int, count: int) -> None:
    load = np.random.default_rng(seed).integers(0, 90, count)
    town = ground(load, delaunay(count, seed))
    grids = cut(town, BAND, Effort(100_000))
    assert grids is not None
    assert_in_band(town, grids, BAND)
    assert grids == cut(town, BAND, Effort(100_000))


def test_pieces_apart_are_cut_each_by_itself_and_effort_ends() -> None:
    apart = ground(np.array([400, 150, 160]), np.array([[1, 2]]))
    assert cut(apart, BAND, Effort(100)) == [[0], [1, 2]]
    large = ground(np.full(900, 40), pairs_of(30, 30))
    assert cut(large, BAND, Effort(899)) is None


def test_an_unsettled_piece_is_no_finding() -> None:
    blocks = blocks_of([[100] * 10] * 10)
    assert least_out_of_band(explain(blocks, borders_of(blocks), BAND)) == 0


# ---- pockets ---------------------------------------------------------------------------------------------------


def test_two_leaves_on_one_hub_are_told_in_a_piece_too_large_to_settle() -> None:
    rows: list[list[int | None]] = [[100] * 12 for _ in range(10)]
    rows[0] = [90, 400, 80, None, *[100] * 8]
    rows[1] = [None, 100, None, *[100] * 9]
    blocks = blocks_of(rows)
    findings = explain(blocks, borders_of(blocks), BAND)
    (finding,) = findings
    assert (finding.cause, finding.block_ids, finding.least) == ("trapped", ("r00c00", "r00c01", "r00c02"), 1)
    assert finding.least_households == 1
    assert "whatever joins them, not all can lie in grids of 300–500" in finding.message_en
    assert finding.tried[0].kind == "divide"


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_no_division_has_all_of_a_pocket_in_band(data: st.DataObject) -> None:
    rows, columns = data.draw(st.sampled_from([(1, 7), (2, 4), (3, 3)]))
    blocks = blocks_of([[data.draw(loads) for _ in range(columns)] for _ in range(rows)])
    borders = borders_of(blocks)
    parts = cut_into_parts(blocks, borders, BAND)
    load, joined = parts.load, connection(blocks, borders)
    for number in range(int(parts.rest.max()) + 1):
        chosen = np.flatnonzero(parts.rest == number)
        none = np.zeros(len(load), dtype=bool)
        claims = [set(pocket.tolist()) for pocket in pockets(parts, chosen, BAND, chosen.tolist(), none)]
        for division in divisions(chosen.tolist(), joined) if claims else ():
            out = [set(group) for group in division if BAND.off_by(int(load[group].sum()))]
            assert all(any(group & claim for group in out) for claim in claims)
