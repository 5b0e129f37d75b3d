"""A first assignment of one part: METIS over the feasible numbers of grids, oversized blocks set apart before."""

from __future__ import annotations

import numpy as np
import pymetis
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from gis_grid.partition.cells import CellGraph, Flags, Ints, from_zero
from gis_grid.partition.cost import deviation, imbalance, overfull
from gis_grid.partition.tiers import most_grids, pieces
from gis_grid.scheme import Band

#: METIS may miss the even share by this much (in thousandths): a tighter rule buys balance with bad borders.
_SLACK = 200
#: How far towards the maximum of the band the wished load of a grid may lie.
_ROOM = 0.6
#: METIS wants whole numbers; the dearest border of a part becomes this.
_DEAREST = 10_000
#: So many blocks tell what the borders of a part cost.
_SAMPLE = 2_000


def grid_counts(load: int, cells: int, band: Band, tries: int, wish: float | None = None) -> list[int]:
    """Return the numbers of grids worth trying for a load, the nearest to the target (or another `wish`) first.

    >>> grid_counts(3586, 38, Band(300, 500, 400), 3)
    [9, 8, 10]
    >>> grid_counts(574, 60, Band(300, 500, 400), 3)
    [1]
    """
    most = most_grids(load, cells, band)
    feasible = [k for k in band.feasible_counts(load) if k <= most] or [most]
    count = load / max(1.0, wish or band.target)
    return sorted(feasible, key=lambda k: (abs(k - count), -k))[:tries]


def wished_load(cost: float, band: Band, balance: float) -> float:
    """Return the load that makes a household cheapest, if a grid on target costs so much for its border.

    A border grows with the square root of what it holds, so larger grids are cheaper up to where the balance says no.
    Beyond three fifths of the way to the maximum too little room is left for blocks to fit.

    >>> wished_load(700.0, Band(300, 500, 400), 240.0), wished_load(700.0, Band(300, 500, 400), 0.0)
    (418.0, 460.0)
    """
    load = np.arange(band.target, band.target + _ROOM * (band.max - band.target) + 1.0)
    price = (cost * np.sqrt(load / max(1, band.target)) + balance * imbalance(load, band)) / np.maximum(1.0, load)
    return float(load[np.argmin(price)])


def seeds(graph: CellGraph, band: Band, balance: float, seed: int, tries: int, given: int | None = None) -> list[Ints]:
    """Return first divisions of a connected part, each grid in one piece, though not always in the band.

    Oversized blocks are set apart; every connected rest goes to METIS once for each number of grids and each of
    several seeds (or for the `given` number alone); a rest that is too small to stand alone joins the oversized block
    beside it.
    """
    big = graph.load > band.max
    rests = pieces(graph, graph.link & ~big[graph.a] & ~big[graph.b])
    groups = [np.flatnonzero(rests == number) for number in np.unique(rests[~big])]
    found, seen = [], set()
    wish = _wish(graph, groups, band, balance, seed) if given is None else None
    for turn in range(tries):
        labels = np.full(len(graph), -1, dtype=np.int64)
        labels[big] = np.arange(int(big.sum()))
        for cells in groups:
            load = int(graph.load[cells].sum())
            counts = grid_counts(load, len(cells), band, 3, wish)
            if given is not None:
                counts = [max(1, round(given * load / max(1, int(graph.load.sum()))))]
            own = metis(graph.part(cells), counts[turn % len(counts)], seed + turn)
            labels[cells] = own + labels.max() + 1
        labels = _join_pockets(graph, labels, band, big)
        name = labels.tobytes()
        if name not in seen:
            seen.add(name)
            found.append(labels)
    return found


def _wish(graph: CellGraph, groups: list[Ints], band: Band, balance: float, seed: int) -> float | None:
    """Return the wished load as the borders of a first division of the largest group tell it."""
    part = _sample(graph.part(max(groups, key=len)) if groups else graph)
    count = round(int(part.load.sum()) / max(1, band.target))
    if count < 4:
        return None
    labels = metis(part, count, seed)
    drawn = float(np.maximum(part.gain, 0.0)[labels[part.a] != labels[part.b]].sum())
    return wished_load(drawn / count, band, balance)


def _sample(graph: CellGraph) -> CellGraph:
    """Return enough of a connected graph to learn what its borders cost: the blocks nearest to the first one."""
    if len(graph) <= _SAMPLE:
        return graph
    ptr, nbr, _ = graph.keep(graph.link).rows
    links = csr_array((np.ones(len(nbr)), nbr, ptr), shape=(len(graph), len(graph)))
    order = breadth_first_order(links, 0, directed=False, return_predecessors=False)
    return graph.part(np.sort(order[:_SAMPLE]).astype(np.int64))


def metis(graph: CellGraph, grids: int, seed: int) -> Ints:
    """Divide a connected graph into at most so many connected grids of about equal load by METIS.

    Borders that no grid may reach across are unknown to METIS. METIS is by Karypis and Kumar (1998).
    """
    if grids <= 1 or len(graph) == 1:
        return np.zeros(len(graph), dtype=np.int64)
    linked = graph.keep(graph.link)
    ptr, nbr, border = linked.rows
    scale = _DEAREST / max(1e-9, float(linked.gain.max(initial=0.0)))
    weight = np.maximum(1, np.round(linked.gain * scale)).astype(np.int64)
    # a block without households still weighs a little, or METIS would string them together
    mass = 100 * graph.load + max(1, int(graph.load.sum() // len(graph)))
    found = call_metis(min(grids, len(graph)), ptr, nbr, weight[border], seed, mass=mass)
    return in_pieces(graph, found)


def call_metis(count: int, ptr: Ints, nbr: Ints, weight: Ints, seed: int, *, mass: Ints | None = None) -> Ints:
    """Return the number of the piece that METIS puts each vertex of a connected graph in."""
    _, found = pymetis.part_graph(
        count,
        pymetis.CSRAdjacency(ptr, nbr),
        eweights=weight,
        vweights=np.ones(len(ptr) - 1, dtype=np.int64) if mass is None else mass,
        recursive=False,
        options=pymetis.Options(seed=seed % 2**31, ufactor=_SLACK, contig=1),
    )
    return np.asarray(found, dtype=np.int64)


def in_pieces(graph: CellGraph, labels: Ints) -> Ints:
    """Return a division whose every grid is in one piece: lesser pieces join the neighbour they share most with."""
    labels = labels.copy()
    for _ in range(len(graph)):
        piece = pieces(graph, graph.link & (labels[graph.a] == labels[graph.b]))
        count = int(piece.max(initial=-1)) + 1
        owner = np.zeros(count, dtype=np.int64)
        owner[piece] = labels
        size = np.bincount(piece, weights=graph.load + 1e-6, minlength=count)
        order = np.lexsort((-size, owner))
        lesser = order[np.flatnonzero(np.diff(owner[order], prepend=-1) == 0)]
        if len(lesser) == 0:
            break
        smallest = lesser[np.argmin(size[lesser])]
        labels[piece == smallest] = _closest(graph, piece, labels, int(smallest))
    return from_zero(labels)


def _closest(graph: CellGraph, piece: Ints, labels: Ints, number: int) -> int:
    """Return the label that a piece shares the longest border with."""
    touch = graph.link & ((piece[graph.a] == number) != (piece[graph.b] == number))
    other = np.where(piece[graph.a[touch]] == number, labels[graph.b[touch]], labels[graph.a[touch]])
    return int(np.argmax(np.bincount(other, weights=graph.shared_m[touch])))


def _join_pockets(graph: CellGraph, labels: Ints, band: Band, big: Flags) -> Ints:
    """Let a rest that falls short join the oversized block beside it where that leaves fewer grids out of band."""
    labels = labels.copy()
    for label in range(int(big.sum()), int(labels.max()) + 1):
        inside = labels == label
        load = int(graph.load[inside].sum())
        if load >= band.min:
            continue
        touch = graph.link & (inside[graph.a] != inside[graph.b])
        beside = np.unique(np.where(inside[graph.a[touch]], labels[graph.b[touch]], labels[graph.a[touch]]))
        hosts = [int(graph.load[labels == other].sum()) for other in beside]
        gains = [_burden([load + host], band) - _burden([load, host], band) for host in hosts]
        if gains and min(gains) < 0:
            labels[inside] = beside[int(np.argmin(gains))]
    return from_zero(labels)


def _burden(loads: list[int], band: Band) -> int:
    """Weigh grids out of band first, households out of band second."""
    load = np.array(loads)
    return int(overfull(load, band).sum()) * 10**9 + int(deviation(load, band).sum())
