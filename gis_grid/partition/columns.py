"""Grids as columns of a linear programme: the blocks of each, what it costs, and the prices that follow from them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse
from scipy.optimize import linprog

from gis_grid.partition.cells import CellGraph, Flags, Floats, Ints
from gis_grid.partition.cost import deviation, grid_costs, imbalance, loads, overfull
from gis_grid.partition.cover import Pool, pool_of
from gis_grid.partition.flow import Basin, Pipes
from gis_grid.partition.pricing import Field, Found, Nest, price_roots
from gis_grid.scheme import Band

#: Columns that enter the programme at a time.
_BATCH = 400
_EPS = 1e-6


@dataclass(frozen=True)
class Task:
    """Hold what is to be proved about: a connected graph, the band, the price of balance, and what may miss the band.

    No block holds more than the maximum of the band. Grids may miss the band by `missed` households in sum, each of
    them with a block of `excused`.
    """

    graph: CellGraph
    band: Band
    balance: float
    missed: int
    excused: Flags

    @classmethod
    def of(cls, graph: CellGraph, band: Band, balance: float, labels: Ints, excused: Flags) -> Task:
        """Ask for divisions that miss the band no more than a given one does.

        A block above the band puts its grid out of band whatever lies beside it: it counts as full, and only what is
        added to it as missed. Where nothing else is out of band, nothing else may be.
        """
        load, full = loads(graph, labels), np.minimum(graph.load, band.max)
        big = graph.load > band.max
        missed = int(deviation(load, band).sum() - (graph.load - full).sum())
        out = np.flatnonzero(overfull(load, band))
        if int(overfull(load, band).sum()) <= int(big.sum()):
            excused = big
        elif not all(excused[labels == grid].any() for grid in out):
            excused = np.ones(len(graph), dtype=bool)
        return cls(replace(graph, load=full), band, balance, missed, excused)

    @property
    def heaviest(self) -> int:
        """The most households of any grid that may be."""
        return self.band.max + self.missed


@dataclass(frozen=True)
class Prices:
    """Hold what the programme pays for each block, and for a household out of band."""

    block: Floats
    missed: float = 0.0

    def between(self, other: Prices, share: float) -> Prices:
        """Return prices between these and others, with that share of these."""
        rest = 1.0 - share
        return Prices(share * self.block + rest * other.block, share * self.missed + rest * other.missed)


@dataclass
class Columns:
    """Hold grids (one row each: which blocks), their costs and loads, and the ones in the programme (`active`)."""

    task: Task
    member: Flags
    cost: Floats
    load: Ints
    active: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, task: Task, labels: Ints) -> Columns:
        """Begin with the grids of a division."""
        grids = int(labels.max()) + 1
        member = labels[None, :] == np.arange(grids)[:, None]
        cost = grid_costs(task.graph, labels, task.band, task.balance)
        return cls(task, member, cost, loads(task.graph, labels), np.arange(grids))

    def add(self, member: Flags, cost: Floats) -> None:
        """Add grids that may be part of a division."""
        load = member @ self.task.graph.load
        missed = deviation(load, self.task.band)
        fits = (missed == 0) | ((missed <= self.task.missed) & member[:, self.task.excused].any(axis=1))
        self.member = np.concatenate([self.member, member[fits]])
        self.cost = np.concatenate([self.cost, cost[fits]])
        self.load = np.concatenate([self.load, load[fits]])

    def priced(self, prices: Prices) -> Floats:
        """Return the costs with what is paid for households out of band."""
        return self.cost - prices.missed * deviation(self.load, self.task.band)

    def total(self, prices: Prices) -> float:
        """Return what prices add up to over all blocks and all that may be out of band."""
        return float(prices.block.sum()) + prices.missed * self.task.missed

    def pool(self, prices: Prices) -> Pool:
        """Return all grids at their priced costs."""
        return pool_of(self.member, self.priced(prices))

    def solve(self) -> tuple[Prices, float]:
        """Solve the programme over all columns, letting them in as prices ask for them; return prices and value."""
        while True:
            prices, value = self._solve_active()
            above = self.priced(prices) - self.member @ prices.block
            above[self.active] = 0.0
            wanted = np.flatnonzero(above < -_EPS)
            if len(wanted) == 0:
                return prices, value
            cheapest = wanted[np.argsort(above[wanted], kind="stable")[:_BATCH]]
            self.active = np.union1d(self.active, cheapest)

    def _solve_active(self) -> tuple[Prices, float]:
        task, chosen = self.task, self.active
        once = scipy.sparse.csr_array(self.member[chosen].astype(np.float64)).T
        bounds = {}
        if task.missed:
            missed = deviation(self.load[chosen], task.band)
            bounds = {"A_ub": missed[None, :].astype(np.float64), "b_ub": [float(task.missed)]}
        answer = linprog(
            self.cost[chosen], A_eq=once, b_eq=np.ones(once.shape[0]), **bounds, bounds=(0, None), method="highs"
        )
        paid = [float(price) for price in answer.ineqlin.marginals]
        return Prices(np.asarray(answer.eqlin.marginals, dtype=np.float64), *paid), float(answer.fun)


class Pricer:
    """Find grids that are worth less than the prices of their blocks, or prove that there are none."""

    def __init__(self, task: Task, *, room: int) -> None:
        graph, n = task.graph, len(task.graph)
        ptr, nbr, border = graph.rows
        here = np.repeat(np.arange(n), np.diff(ptr))
        # arcs stand sorted by (block, neighbour), so sorting by (neighbour, block) pairs each with its return
        back = np.empty(len(nbr), dtype=np.int64)
        back[np.lexsort((here, nbr))] = np.arange(len(nbr))
        self.task, self.graph = task, graph
        self.pipes = Pipes(ptr, nbr, back, 0.5 * graph.gain[border])
        self.link = graph.link[border]
        self.rank = _sweep(graph)
        self.nest, self.basin = _room(n, len(nbr), task.heaviest + 1)
        words = (n + 63) // 64
        rows = np.zeros((room, words), dtype=np.uint64)
        self.found = Found(rows, np.zeros(room), np.zeros(room, dtype=np.int64), np.zeros(1, dtype=np.int64))
        self.bounds = np.zeros(n)
        self.steps = 0

    @property
    def is_full(self) -> bool:
        """Whether the last search found more grids than there is room for."""
        return int(self.found.fill[0]) == len(self.found.worth)

    def search(self, prices: Prices, *, below: float = -_EPS, every: bool = False, limit: int) -> Floats:
        """Search grids worth less than `below`; return for each block what no grid found from it is worth less than."""
        self.found.fill[0] = 0
        toll, loose = self._tolls(prices)
        where = Field(self.pipes, self.link, self.graph.load, toll, loose, self.task.excused, self.rank)
        self.steps += price_roots(
            where, prices.block, below, every, limit, self.nest, self.basin, self.found, self.bounds
        )
        return self.bounds

    def taken(self, prices: Prices) -> tuple[Flags, Floats]:
        """Return the grids found by the last search: which blocks, and costs."""
        count = int(self.found.fill[0])
        bits = self.found.bits[:count].view(np.uint8)
        member = np.unpackbits(bits, axis=1, bitorder="little", count=len(self.graph)).astype(bool)
        missed = deviation(self.found.load[:count], self.task.band)
        return member, self.found.worth[:count] + member @ prices.block + prices.missed * missed

    def _tolls(self, prices: Prices) -> tuple[Floats, Floats]:
        """Return what grids pay by load: those that must be in band, and those that need not."""
        task, band = self.task, self.task.band
        load = np.arange(task.heaviest + 1)
        pay = task.balance * imbalance(load, band)
        missed = deviation(load, band)
        toll = np.where(missed == 0, pay, np.inf)
        return toll, np.where(missed <= task.missed, pay - prices.missed * missed, np.inf)


def _sweep(graph: CellGraph) -> Ints:
    """Return the place of each block in a sweep from one end of the graph to the other."""
    links = scipy.sparse.coo_array(
        (np.ones(2 * len(graph.a)), (np.concatenate([graph.a, graph.b]), np.concatenate([graph.b, graph.a]))),
        shape=(len(graph), len(graph)),
    ).tocsr()
    far = 0
    for _ in range(2):
        order = scipy.sparse.csgraph.breadth_first_order(links, far, return_predecessors=False)
        far = int(order[-1])
    rank = np.full(len(graph), len(graph), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


def _room(blocks: int, arcs: int, loads: int) -> tuple[Nest, Basin]:
    def whole(size: int) -> Ints:
        return np.zeros(size, dtype=np.int64)

    nest = Nest(
        state=whole(blocks),
        inside=whole(blocks),
        price=np.zeros(blocks),
        gap=np.zeros(arcs),
        both=np.zeros(arcs),
        taken=np.zeros(blocks),
        left=np.zeros(blocks),
        near=whole(blocks),
        open=whole(blocks),
        far=whole(blocks),
        stack=whole(blocks + 1),
        turn=whole(blocks + 1),
        floor=np.zeros(blocks + 1),
        least=np.zeros(loads),
        total=np.zeros(4),
        load=whole(2),
    )
    basin = Basin(np.zeros(arcs), np.zeros(blocks), whole(blocks), whole(blocks), whole(blocks), whole(blocks))
    return nest, basin
