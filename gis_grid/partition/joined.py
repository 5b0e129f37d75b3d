"""Units put together from adjoining units of another tier: police zones of three grids, zones of unit grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.partition import PartitionOptions, PartitionResult, partition
from gis_grid.partition.cells import CellGraph, Flags, Floats, Ints, cell_graph, from_zero
from gis_grid.partition.cost import balance_price, deviation, imbalance
from gis_grid.partition.cover import Limits, cheapest_cover, pool_of
from gis_grid.partition.tiers import parts, shares

if TYPE_CHECKING:
    from gis_grid.scheme import Band, Scheme
    from gis_grid.units import Lumps

#: Where a zone holds up to so many units, and there are up to so many zones to choose from, all of them are looked at.
MOST_UNITS, MOST_ZONES = 4, 20_000
#: A unit too many or too few in a zone costs as much as so many whole divisions.
_OUT = 3.0
#: Windows are widened up to so many rings while zones out of band remain.
_RINGS = 6
#: Beginnings, at most.
_TRIES = 5


def join(pieces: Lumps, scheme: Scheme, counts: Mapping[str, int] | None, options: PartitionOptions) -> PartitionResult:
    """Put adjoining units together into zones within the band of the scheme's main tier.

    `pieces` are the units, each with a load of 1. Where zones are small, the best choice among all that could be made
    is sought after the search, by set partitioning; so no unit is left over where that can be avoided.
    """
    band = scheme.main.band
    if band.max > MOST_UNITS:
        return partition(pieces.blocks, pieces.borders, scheme, options=options, counts=counts)
    tries = []
    for turn in range(_TRIES):  # zones of exactly so many units are a matter of luck: begin anew where some are left
        begun = replace(options, seed=options.seed + turn, effort=options.effort * (1 + turn))
        tries.append(_joined(pieces, scheme, counts, begun))
        off, least = tries[-1][1:]
        if off <= least:
            break
    return min(tries, key=lambda each: each[1])[0]


def _joined(
    pieces: Lumps, scheme: Scheme, counts: Mapping[str, int] | None, options: PartitionOptions
) -> tuple[PartitionResult, int, int]:
    """Join units once; return the zones, how many units too many or too few they hold, and the fewest there must be."""
    result = partition(pieces.blocks, pieces.borders, scheme, options=options, counts=counts)
    band = scheme.main.band
    graph, ids, codes = cell_graph(pieces.blocks, pieces.borders, scheme.cost)
    found = pd.factorize(result.assignment.reindex(ids))[0].astype(np.int64)
    labels = np.empty_like(found)
    used = off = least = 0
    pieces_of = parts(graph, ids, codes)
    for part, count in zip(pieces_of, shares(pieces_of, counts or {}), strict=True):
        start = _with_count(from_zero(found[part.cells]), count)
        own = _chosen_anew(part.graph, start, band, balance_price(scheme.cost), count is not None)
        labels[part.cells] = own + used
        used += int(own.max()) + 1
        off += int(deviation(np.bincount(own), band).sum())
        least += _least_off(len(own), band)
    named = pd.Series([f"z{number + 1:05d}" for number in labels], index=ids, dtype=object)
    assignment = named.reindex(pieces.blocks.index).astype(str).rename("grid_id").rename_axis("block_id")
    return replace(result, assignment=assignment), off, least


def _with_count(labels: Ints, count: int | None) -> Ints:
    """Return a division with so many zones: units leave the largest zones, or the smallest zones go together."""
    labels = labels.copy()
    while count is not None and labels.max() + 1 < min(count, len(labels)):
        largest = np.flatnonzero(labels == np.argmax(np.bincount(labels)))
        labels[largest[-1]] = labels.max() + 1
    while count is not None and labels.max() + 1 > count:
        one, other = np.argsort(np.bincount(labels), kind="stable")[:2]
        labels[labels == one] = other
        labels = from_zero(labels)
    return labels


def _chosen_anew(graph: CellGraph, labels: Ints, band: Band, balance: float, counted: bool) -> Ints:
    """Return a division whose zones out of band have been settled with one another; `counted` keeps their number.

    Zones out of band that lie apart are settled along the ways between them: of all zones that could be made there,
    the cheapest that go together are chosen. What one has too many then travels to where it is missing.
    """
    sets = _connected_sets(graph, band.max)
    if sets is None:
        return labels
    dear = _OUT * max(1.0, float(_costs(graph, _zones(labels), band, balance).sum()))

    def price(member: Flags) -> Floats:
        off = deviation(member.sum(axis=1).astype(np.int64), band)
        return _costs(graph, member, band, balance) + dear * off

    cost, rings = price(sets), 1
    while rings <= _RINGS:
        off = deviation(np.bincount(labels), band)
        if off.sum() <= _least_off(len(graph), band):
            break
        for first in np.flatnonzero(off):
            window = _window(graph, labels, np.flatnonzero(off), int(first), rings)
            inside = sets[~sets[:, ~window].any(axis=1)]
            known = _zones(labels)
            known = known[known[:, window].any(axis=1)]
            member = np.concatenate([known, inside])[:, window]
            costs = np.concatenate([price(known), cost[~sets[:, ~window].any(axis=1)]])
            limits = Limits(len(known), len(known)) if counted else Limits()
            rows = cheapest_cover(pool_of(member, costs), int(window.sum()), np.arange(len(known)), limits).chosen
            labels = labels.copy()
            labels[window] = labels.max() + 1 + np.argmax(member[rows], axis=0)
            labels = from_zero(labels)
            if deviation(np.bincount(labels), band).sum() < off.sum():
                break
        better = deviation(np.bincount(labels), band).sum() < off.sum()
        rings = 1 if better else rings + 1
    return labels


def _least_off(units: int, band: Band) -> int:
    """Return how many units too many or too few must stand in zones, whatever is joined.

    >>> from gis_grid.scheme import Band
    >>> [_least_off(units, Band(3, 3, 3)) for units in (3, 4, 5, 6)]
    [0, 1, 1, 0]
    """
    return min(max(0, zones * band.min - units, units - zones * band.max) for zones in range(1, units + 1))


def _zones(labels: Ints) -> Flags:
    """Return the units of each zone, a row a zone."""
    return np.asarray(labels[None, :] == np.arange(int(labels.max()) + 1)[:, None])


def _window(graph: CellGraph, labels: Ints, bad: Ints, first: int, rings: int) -> Flags:
    """Return the units of the zones around one out of band, the two nearest others, and the ways between them."""
    n = len(graph)
    links = sparse.coo_array((np.ones(len(graph.a)), (graph.a, graph.b)), shape=(n, n)).tocsr()
    start = np.flatnonzero(labels == first)
    far, before, _ = csgraph.dijkstra(
        links, directed=False, indices=start, unweighted=True, min_only=True, return_predecessors=True
    )
    others = [np.flatnonzero(labels == zone) for zone in bad if zone != first]
    nearest = sorted((float(far[units].min()), int(units[np.argmin(far[units])])) for units in others)
    way = start.tolist()
    for _, unit in nearest[:2]:
        at = unit
        while at >= 0:
            way.append(at)
            at = int(before[at])
    near = csgraph.dijkstra(links, directed=False, indices=way, unweighted=True, min_only=True, limit=rings) <= rings
    return np.asarray(np.isin(labels, labels[near]))


def _connected_sets(graph: CellGraph, most: int) -> Flags | None:
    """Return every connected set of up to so many units, a row each; None where they are too many."""
    near: list[set[int]] = [set() for _ in range(len(graph))]
    for a, b in zip(graph.a[graph.link].tolist(), graph.b[graph.link].tolist(), strict=True):
        near[a].add(b)
        near[b].add(a)
    fresh: set[tuple[int, ...]] = {(unit,) for unit in range(len(graph))}
    found = sorted(fresh)
    for _ in range(most - 1):
        fresh = {
            tuple(sorted((*units, other)))
            for units in fresh
            for one in units
            for other in near[one]
            if other not in units
        }
        found += sorted(fresh)
        if len(found) > MOST_ZONES:
            return None
    member = np.zeros((len(found), len(graph)), dtype=bool)
    row = np.repeat(np.arange(len(found)), [len(units) for units in found])
    member[row, np.concatenate([np.array(units) for units in found])] = True
    return member


def _costs(graph: CellGraph, member: Flags, band: Band, balance: float) -> Floats:
    """Return what each zone costs: half of its drawn borders, and its distance from the target."""
    n = len(graph)
    links = sparse.coo_array((graph.gain, (graph.a, graph.b)), shape=(n, n)).tocsr()
    around = np.bincount(graph.a, graph.gain, n) + np.bincount(graph.b, graph.gain, n)
    rows = sparse.csr_array(member.astype(np.float64))
    inside = np.asarray((rows @ links).multiply(rows).sum(axis=1)).ravel()
    cost: Floats = 0.5 * (rows @ around - 2.0 * inside) + balance * imbalance(member.sum(axis=1).astype(np.int64), band)
    return cost
