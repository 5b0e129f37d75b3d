"""Prove how cheap a division could be at best, and find a better one where there is one: column generation.

The cheapest division is a set partitioning problem over all grids that may be; its relaxation is remarkably tight.
Grids enter it as prices of blocks ask for them (Gilmore and Gomory 1961; for districts Mehrotra, Johnson and Nemhauser
1998), found by the exact search of `pricing` at prices between the best known and the latest (Wentges 1997). What
no grid of a root is worth less than bounds every division, whether the prices are final or not, so the work may be cut
short at any step. At the end all grids that could be part of a cheaper division are listed and the best are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_grid.partition.cells import CellGraph, Flags, Ints
from gis_grid.partition.columns import Columns, Pricer, Prices, Task
from gis_grid.partition.cost import Rank, deviation, loads, overfull, rank
from gis_grid.partition.cover import Limits, above, search_cover
from gis_grid.partition.improve import Job, Search, late
from gis_grid.scheme import Band

#: Parts with more blocks than this are not proved.
MOST_BLOCKS = 400
#: Steps of a proof that was asked for, at most.
PROOF_STEPS = 60_000_000
#: Steps from each root at first, and how much more each time they do not do.
_FIRST_STEPS, _MORE = 2_000, 8
#: Rounds of prices at most; a gap that is as good as none; and how much of the best prices stays in the next ones.
_ROUNDS, _CLOSED, _SHARE = 400, 1e-6, 0.5
#: Grids listed at most, grids found in one round at most, and nodes of the last choice.
_LISTED, _FOUND, _NODES = 100_000, 20_000, 3_000_000


@dataclass(frozen=True)
class ProofJob:
    """Say what to prove: a connected graph and a division of it; `excused` may lie in grids out of band.

    `steps` is how many steps the search may take in all.
    """

    graph: CellGraph
    band: Band
    balance: float
    labels: Ints
    excused: Flags
    seed: int
    steps: int = PROOF_STEPS
    deadline: float | None = None


@dataclass(frozen=True)
class Proof:
    """Hold a division, never worse than the one given, its rank, and a bound on all others with as little out of band.

    `settled` says that the division is as cheap as any, to a millionth.
    """

    labels: Ints
    rank: Rank
    bound: float
    steps: int
    stopped_early: bool

    @property
    def settled(self) -> bool:
        """Whether no division with as little out of band is cheaper."""
        return self.rank[2] - self.bound <= 2 * _CLOSED * max(1.0, abs(self.rank[2]))


def prove(job: ProofJob) -> Proof:
    """Bound the cost of every division of a part from below, and improve the division on the way."""
    known = rank(job.graph, job.labels, job.band, job.balance)
    if int(job.graph.load.sum()) < 2 * job.band.min and int(job.labels.max()) == 0:
        return Proof(job.labels, known, known[2], 0, stopped_early=False)  # two grids would both be too small
    if len(job.graph) > MOST_BLOCKS:
        return Proof(job.labels, known, -np.inf, 0, stopped_early=False)
    return _Proving(job).run()


class _Proving:
    """Hold one proof while it is worked on."""

    def __init__(self, job: ProofJob) -> None:
        load = loads(job.graph, job.labels)
        out = overfull(load, job.band) > 0
        answered = all(job.excused[job.labels == grid].any() for grid in np.flatnonzero(out))
        excused = job.excused if answered else np.ones(len(job.graph), dtype=bool)
        missed = int(deviation(load, job.band).sum())
        self.job, self.labels, self.bound = job, job.labels, -np.inf
        task = Task(job.graph, job.band, job.balance, int(overfull(load, job.band).sum()), missed, excused)
        self.task, self.columns = task, Columns.of(task, job.labels)
        self.pricer = Pricer(task, room=_FOUND)
        self.known = rank(job.graph, job.labels, job.band, job.balance)
        self.most = int(job.graph.load.sum()) // max(1, job.band.min) + task.out

    def run(self) -> Proof:
        """Generate columns, choose among them, list what could still be better, and choose again."""
        self._collect()
        prices = self._converge()
        self._choose(self.columns, prices)
        if not self._closed() and self._may_go_on():
            self._list(prices)
        return Proof(self.labels, self.known, min(self.bound, self.known[2]), self.pricer.steps, self._cut_short())

    def _cut_short(self) -> bool:
        return late(self.job.deadline)

    def _may_go_on(self) -> bool:
        return self.pricer.steps < self.job.steps and not self._cut_short()

    def _closed(self) -> bool:
        return bool(self.known[2] - self.bound <= _CLOSED * max(1.0, abs(self.known[2])))

    def _collect(self) -> None:
        """Begin with the good grids that a short annealing meets."""
        job = self.job
        most = int(job.labels.max()) + 2
        search = Search(Job(job.graph, job.band, job.balance, job.seed, most, lenient=self.task.out > 0))
        unit = max(1.0, self.known[2] / most)
        for hot in (0.3, 0.1):
            search.anneal(job.labels, hot * unit, 0.02 * unit, stretches=1)
        count = int(search.archive.fill[0])
        bits = search.archive.bits[:count].view(np.uint8)
        member = np.unpackbits(bits, axis=1, bitorder="little", count=len(job.graph)).astype(bool)
        self.columns.add(member, search.archive.cost[:count], search.archive.load[:count])

    def _converge(self) -> Prices:
        """Let grids in until none is worth less than its blocks; return prices that are good for the bound."""
        limit = _FIRST_STEPS
        prices, value = self.columns.solve()
        best = prices
        for _ in range(_ROUNDS):
            asked = best.between(prices, _SHARE)
            bound, useful = self._price(asked, prices, limit)
            if useful == 0 and bound <= self.bound:
                asked = prices
                bound, useful = self._price(asked, prices, limit)
            if bound > self.bound:
                self.bound, best = bound, asked
            if value - self.bound <= _CLOSED * max(1.0, abs(value)) or not self._may_go_on():
                break
            if useful:
                prices, value = self.columns.solve()
            elif limit >= self.job.steps:
                break
            else:
                limit *= _MORE
        return best

    def _price(self, asked: Prices, now: Prices, limit: int) -> tuple[float, int]:
        """Search at some prices; return the bound they prove, and how many grids the programme lacked."""
        bounds = np.minimum(self.pricer.search(asked, limit=limit), 0.0)
        member, cost, load = self.pricer.taken(asked)
        before = len(self.columns.cost)
        self.columns.add(member, cost, load)
        priced = self.columns.priced(now)[before:]
        lacking = int((priced - self.columns.member[before:] @ now.block < -1e-6).sum())
        return self.columns.total(asked) + float(np.sort(bounds)[: self.most].sum()), lacking

    def _choose(self, columns: Columns, prices: Prices) -> float:
        """Take over the best division that the columns make, if it is better; return what none of them costs less."""
        pool = columns.pool(prices)
        block = prices.block.copy()
        short = np.minimum(above(pool, block), 0.0)
        for grid in np.flatnonzero(short):
            held = pool.block[pool.ptr[grid] : pool.ptr[grid + 1]]
            block[held[0]] += min(0.0, float(pool.cost[grid] - block[held].sum()))
        chosen = np.arange(int(self.job.labels.max()) + 1)
        cover = search_cover(pool, block, chosen, Limits(nodes=_NODES))
        labels = np.argmax(columns.member[cover.chosen], axis=0).astype(np.int64)
        found = rank(self.task.graph, labels, self.task.band, self.task.balance)
        if found < self.known:
            self.labels, self.known = labels, found
        least = cover.cost if cover.settled else cover.bound
        return least + columns.total(prices) - float(prices.block.sum())

    def _list(self, prices: Prices) -> None:
        """List every grid that could be part of a cheaper division; if all are listed, the best of them is proved."""
        pricer = Pricer(self.task, room=_LISTED)
        limit = max(_FIRST_STEPS, self.job.steps - self.pricer.steps) // max(1, len(self.job.graph) // 8)
        bounds = pricer.search(prices, below=self.known[2] - self.bound, every=True, limit=limit)
        self.pricer.steps += pricer.steps
        complete = not pricer.is_full and bool((bounds >= self.known[2] - self.bound - 1e-6).all())
        listed = Columns.of(self.task, self.job.labels)
        listed.add(*pricer.taken(prices))
        least = self._choose(listed, prices)
        if complete:
            self.bound = max(self.bound, min(least, self.known[2]))
