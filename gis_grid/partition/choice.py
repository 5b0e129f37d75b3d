"""Choose the best of all grids that an update met: a set partitioning problem whose price is who leaves home.

Elements to cover are the blocks; the names of earlier grids, each of which goes to one grid or to none; and the
findings that excuse one grid out of band each (Mehrotra, Johnson and Nemhauser 1998 for the model without names).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis_grid.partition.cells import Flags, Floats, Ints
from gis_grid.partition.cost import deviation, imbalance, overfull
from gis_grid.partition.cover import Limits, cheapest_cover, pool_of
from gis_grid.partition.homes import Case
from gis_grid.rules.search import connected_sets
from gis_grid.scheme import Band

#: A grid that is illegal costs as much as so many households moving, and a household off the band as so many.
_ERROR, _OFF = 1e4, 10.0
#: A block that changes grid costs as much as this share of a household, and all borders together less than one.
_BLOCK, _BORDERS = 1e-2, 0.3

#: Up to so many blocks all grids are listed, if there are no more of them than that.
FEW, _MOST = 24, 40_000
#: Nodes of the search for a cover where all grids are listed, and among grids that were met.
NODES, NODES_MET = 200_000, 20_000


class Grids(NamedTuple):
    """Hold grids to choose from: the blocks of each, and the earlier grid it goes on as (`identities`: a new one)."""

    member: Flags
    name: Ints


def within(case: Case, grids: Grids, most: float) -> Grids:
    """Return the grids that can be part of a division with so many households away from home at most.

    Those that came into a grid are away, and so are those that left the earlier grid it goes on as.
    """
    load = np.where(case.home >= 0, case.graph.load, 0)
    away = grids.member @ load
    for name in range(case.identities):
        mine = grids.name == name
        inside = np.where(case.home == name, load, 0)
        away[mine] += int(inside.sum()) - 2 * (grids.member[mine] @ inside)
    return Grids(grids.member[away <= most], grids.name[away <= most])


def chosen_grids(case: Case, labels: Ints, met: Grids, band: Band, balance: float, nodes: int) -> Ints:
    """Return the labels of the best division that the grids of one division and others that were met can make."""
    used = np.unique(labels)
    own = Grids(labels == used[:, None], np.minimum(used, case.identities))
    grids = Grids(np.concatenate([own.member, met.member]), np.concatenate([own.name, met.name]))
    excuses = _excuses(case, grids, band)
    illegal = _one_each(excuses, len(used), case, grids, band)
    cost = _prices(case, grids, band, balance)
    load = grids.member @ case.graph.load
    cost[: len(used)] += illegal * (_ERROR * overfull(load[: len(used)], band))
    cost[: len(used)] += illegal * (_OFF * deviation(load[: len(used)], band))
    names = grids.name[:, None] == np.arange(case.identities)
    cover = np.concatenate([grids.member, names, excuses], axis=1)
    idle = np.eye(cover.shape[1], dtype=bool)[len(case.graph) :]
    unused = ~cover[: len(used), len(case.graph) :].any(axis=0)
    start = np.concatenate([np.arange(len(used)), len(cover) + np.flatnonzero(unused)])
    columns, prices = np.concatenate([cover, idle]), np.append(cost, np.zeros(len(idle)))
    rows = cheapest_cover(pool_of(columns, prices), columns.shape[1], start, Limits(nodes=nodes)).chosen
    rows = rows[rows < len(cover)]
    fresh = np.cumsum(grids.name[rows] == case.identities) - 1 + case.identities
    name = np.where(grids.name[rows] == case.identities, fresh, grids.name[rows])
    found: Ints = name[np.argmax(grids.member[rows], axis=0)].astype(np.int64)
    return found


def every_grid(case: Case, band: Band) -> Grids | None:
    """Return all grids in band that a few blocks can make, and those that could be excused, under every name.

    None where they are too many to list.
    """
    graph = case.graph
    if len(graph) > FEW:
        return None
    around = [0] * len(graph)
    for a, b in zip(graph.a[graph.link].tolist(), graph.b[graph.link].tolist(), strict=True):
        around[a] |= 1 << b
        around[b] |= 1 << a
    masks = connected_sets(around, graph.load.tolist(), band.max)
    if masks is None:
        return None
    member = (masks[:, None] >> np.arange(len(graph)) & 1).astype(bool)
    excused = (member & (case.cause >= 0)).any(axis=1)
    member = member[(member @ graph.load >= band.min) | excused]
    names = [member @ (case.home == name).astype(np.int64) > 0 for name in range(case.identities)]
    rows, name = np.nonzero(np.stack([*names, np.ones(len(member), dtype=bool)], axis=1))
    if len(rows) > _MOST:
        return None
    return Grids(member[rows], name.astype(np.int64))


def _prices(case: Case, grids: Grids, band: Band, balance: float) -> Floats:
    """Return what each grid costs: households and blocks from elsewhere first, its borders and balance last."""
    graph = case.graph
    away = np.zeros(len(grids.name))
    for name in range(case.identities + 1):
        mine = grids.name == name
        away[mine] = grids.member[mine] @ np.where((case.home >= 0) & (case.home != name), graph.load + _BLOCK, 0.0)
    drawn = grids.member[:, graph.a] != grids.member[:, graph.b]
    cost = 0.5 * (drawn @ graph.gain) + balance * imbalance(grids.member @ graph.load, band)
    whole = max(1e-9, float(np.abs(graph.gain).sum()) + balance * max(1, case.identities))
    return np.asarray(away + _BORDERS * np.maximum(0.0, cost) / whole, dtype=np.float64)


def _excuses(case: Case, grids: Grids, band: Band) -> Flags:
    """Mark for each grid the findings it uses up; only those count that excuse a single grid.

    A grid with a block above the band is excused whatever the others do.
    """
    graph = case.graph
    load = grids.member @ graph.load
    asks = (overfull(load, band) > 0) & ~(grids.member & (graph.load > band.max)).any(axis=1)
    found = np.zeros((len(grids.name), len(case.least)), dtype=bool)
    for k in np.flatnonzero(case.least == 1):
        found[asks, k] = (grids.member[asks] & (case.cause == k) & (graph.load > 0)).any(axis=1)
    return found


def _one_each(excuses: Flags, count: int, case: Case, grids: Grids, band: Band) -> Flags:
    """Take back what the first grids use up twice, and mark those of them that nothing excuses."""
    load = grids.member[:count] @ case.graph.load
    heavy = (grids.member[:count] & (case.graph.load > band.max)).sum(axis=1)
    answers = (grids.member[:count] & (case.cause >= 0)).any(axis=1)
    illegal: Flags = (overfull(load, band) > 0) & (
        ~answers | (heavy > 1) | ((heavy == 0) & (load >= band.min + band.max))
    )
    taken = np.zeros(excuses.shape[1], dtype=bool)
    for row in range(count):
        illegal[row] |= bool((excuses[row] & taken).any())
        excuses[row] &= ~taken
        taken |= excuses[row]
    return illegal
