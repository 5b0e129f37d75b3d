"""Lower the cost of a division: annealing over flips and re-splits, then the best choice among all grids met."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gis_grid.partition.build import seeds
from gis_grid.partition.cells import CellGraph, Floats, Ints, from_zero
from gis_grid.partition.cost import Rank, counted, deviation, grid_costs, heavy_step, overfull, rank
from gis_grid.partition.cover import Limits, cheapest_cover, pool_of
from gis_grid.partition.crew import stop_asked
from gis_grid.partition.kernels import Archive, Desk, Division, Law, Net, Pace, standing
from gis_grid.partition.trees import anneal
from gis_grid.scheme import Band

#: A tree prefers dear borders by this power of their price: 0 would make every tree as likely, 1 greedy.
_PULL = 0.7
#: Grids kept for the final choice, at most.
_ARCHIVE = 1 << 15
#: In the final choice a grid out of band costs as much as so many whole divisions, and a household out of band.
_OUT, _HOUSEHOLD = 3.0, 0.01
#: Nodes of each final choice.
_NODES = 10_000
#: Annealing ends at this share of the cost of a mean grid; polishing begins and ends at these.
_COLD = 0.02
_POLISH = (0.06, 0.01)
#: Sweeps of a stretch, and steps between two looks at the clock (a quarter of a second or so).
_STRETCH, _LOOK = 25, 150_000


@dataclass(frozen=True)
class Outcome:
    """Hold what a search found: labels from 0, their rank, the steps it took, and whether it was cut short."""

    labels: Ints
    rank: Rank
    steps: int
    stopped_early: bool


class Search:
    """Search over divisions of one connected graph; same job, same result, on any machine and at any speed."""

    def __init__(self, job: Job, *, slots: int = 1) -> None:
        self.job, self.graph, self.band = job, job.graph, job.band
        self.load = counted(job.graph.load, job.band)
        self.net = _net(job.graph)._replace(load=self.load)
        priced = law_of(job.graph, job.band, job.balance)
        self.law = priced._replace(fewest=job.fewest, most=job.most, lenient=job.lenient)
        self.slots = max(job.most, slots) + 1
        self.state = np.array([job.seed], dtype=np.uint64)
        self.desk = desk_of(job.graph)
        self.archive = _archive(len(job.graph), job.seed, _ARCHIVE if job.collect else 1)
        self.steps = 0

    def division(self, labels: Ints) -> Division:
        """Return a division with room for one grid more than is allowed."""
        load = self._loads(labels, self.slots)
        return Division(labels.copy(), load, np.bincount(labels, minlength=self.slots).astype(np.int64))

    def rank(self, labels: Ints) -> Rank:
        """Return what divisions are compared by; missing a given number of grids counts like grids out of band."""
        found = rank(self.graph, labels, self.band, self.job.balance)
        missed = abs(int(labels.max()) + 1 - self.job.most) if self.job.fewest == self.job.most else 0
        return found[0] + missed, found[1], found[2]

    def _loads(self, labels: Ints, grids: int) -> Ints:
        """Return the households of each of so many grids, blocks above the band marked."""
        load = np.zeros(grids, dtype=np.int64)
        np.add.at(load, labels, self.load)
        return load

    def anneal(self, labels: Ints, hot: float, cold: float, *, stretches: int | None = None) -> Ints:
        """Anneal from a division and return the best seen; good grids met on the way stay in the archive."""
        now, best = self.division(labels), self.division(labels)
        reached = standing(self.net, self.law, best)
        flips, splits = 6 * len(self.graph), max(10, len(self.graph) // 2)
        for pace in self._paces(hot, cold, stretches or max(1, self.job.sweeps // _STRETCH), flips, splits):
            anneal(self.net, self.law, now, self.desk, self.archive, self.state, pace, best, reached)
            self.steps += pace.sweeps * (flips + splits)
            if late(self.job.deadline) and not (self.job.must and reached[0]):
                break
        return from_zero(best.label)

    def _paces(self, hot: float, cold: float, stretches: int, flips: int, splits: int) -> Iterator[Pace]:
        """Yield what is done between two looks at the clock: a stretch of sweeps, or a piece of a long one."""
        sweeps = min(_STRETCH, self.job.sweeps)
        few = max(1, _LOOK // (flips + splits))
        for upper, lower in itertools.pairwise(np.geomspace(hot, cold, stretches + 1).tolist()):
            keep = 8.0 * upper if self.job.collect else -np.inf
            if few >= sweeps:
                yield Pace(sweeps, flips, splits, upper, lower, keep)
                continue
            heats = np.geomspace(upper, lower, sweeps)
            for piece in np.split(heats, range(few, sweeps, few)):
                yield Pace(len(piece), flips, splits, float(piece[0]), float(piece[-1]), keep)

    def recombine(self, labels: Ints) -> Ints:
        """Return the best division that the grids in the archive and those of a division can make."""
        count, archive = int(self.archive.fill[0]), self.archive
        if not self.job.collect:
            return labels
        grids = int(labels.max()) + 1
        bits = np.unpackbits(archive.bits[:count].view(np.uint8), axis=1, bitorder="little", count=len(self.graph))
        member = np.concatenate([labels[None, :] == np.arange(grids)[:, None], bits.astype(bool)])
        load = np.concatenate([self._loads(labels, grids), archive.load[:count]])
        cost = np.concatenate([grid_costs(self.graph, labels, self.band, self.job.balance), archive.cost[:count]])
        whole = max(1.0, float(cost[:grids].sum()))
        cost = cost + whole * (_OUT * overfull(load, self.band) + _HOUSEHOLD * deviation(load, self.band))
        exactly = self.law.fewest == self.law.most
        if exactly and grids != self.law.most:
            return labels
        limits = Limits(self.law.fewest, self.law.most, nodes=_NODES)
        rows = cheapest_cover(pool_of(member, cost), len(self.graph), np.arange(grids), limits).chosen
        found = np.argmax(member[rows], axis=0).astype(np.int64)
        return min(labels, found, key=self.rank)


def late(deadline: float | None) -> bool:
    """Tell whether the time is up, or the search was told to stop."""
    return stop_asked() or (deadline is not None and time.time() > deadline)


@dataclass(frozen=True)
class Job:
    """Say what to search: a graph, where to begin, and what is known; plain values, cheap to send to a process.

    `starts` are divisions to begin from; `fresh` asks for so many more from METIS. `hot` is where annealing
    begins, as a share of the cost of a mean grid. `fewest` and `most` bound the number of grids; where they are equal,
    that number is what is asked for. With `collect`, good grids are kept for a final choice, and with `lenient` those
    out of band as well. With `must`, nothing is known to fall back on: the clock counts only once no grid is out of
    band.
    """

    graph: CellGraph
    band: Band
    balance: float
    seed: int
    most: int
    fewest: int = 1
    starts: tuple[Ints, ...] = ()
    fresh: int = 0
    hot: float = 0.3
    sweeps: int = 75
    polish: int = 2
    collect: bool = True
    lenient: bool = False
    must: bool = False
    deadline: float | None = None


def run(job: Job) -> Outcome:
    """Anneal from several starts, choose the best set of grids out of all that were met, polish it, choose again."""
    if job.most == 1:
        search = Search(job)
        labels = np.zeros(len(job.graph), dtype=np.int64)
        return Outcome(labels, search.rank(labels), 0, False)
    given = job.most if job.fewest == job.most else None
    starts = list(job.starts)
    if starts and not job.must and late(job.deadline):  # the time is up, and what is known will do
        known = Search(replace(job, collect=False), slots=max(int(start.max()) for start in starts) + 1)
        best = min(starts, key=known.rank)
        return Outcome(best, known.rank(best), 0, True)
    if job.fresh:
        starts += seeds(job.graph, job.band, job.balance, job.seed % 2**31, job.fresh, given)
    search = Search(job, slots=max(int(start.max()) for start in starts) + 1)
    best = min(starts, key=search.rank)
    # where a barrier ends inside the part, ranks count what it would cost to reach around it as saved
    unit = max(1.0, (search.rank(best)[2] + float(job.graph.inside_price.sum())) / (int(best.max()) + 1))
    found = [search.anneal(start, job.hot * unit, _COLD * unit) for start in starts if not late(job.deadline)]
    if not found:  # the time is up: mend what can be mended at once
        found = [search.anneal(best, 3 * _COLD * unit, _COLD * unit, stretches=1)]
    if job.lenient:  # where something must be out of band, one grid may be as good as any
        found.append(np.zeros(len(job.graph), dtype=np.int64))
    best = min([best, *found], key=search.rank)
    if not late(job.deadline):
        best = search.recombine(best)
    for _ in range(job.polish):
        if late(job.deadline):
            break
        hot, cold = _POLISH
        best = min(best, search.anneal(best, hot * unit, cold * unit, stretches=1), key=search.rank)
        best = search.recombine(best)
    return Outcome(best, search.rank(best), search.steps, late(job.deadline))


def _net(graph: CellGraph) -> Net:
    ptr, nbr, border = graph.rows
    price = graph.gain[border]
    return Net(ptr, nbr, price, np.maximum(price, 1e-3) ** _PULL, graph.link[border], graph.load)


def law_of(graph: CellGraph, band: Band, balance: float) -> Law:
    """Return the law of a search over a graph, with any number of grids; leaving the band costs most."""
    mean = float(np.abs(graph.gain).sum()) / max(1, len(graph))
    return Law(
        lo=band.min,
        hi=band.max,
        step=heavy_step(band),
        target=float(band.target),
        under=float(max(1, band.target - band.min)),
        over=float(max(1, band.max - band.target)),
        balance=balance,
        per_grid=10.0 * mean + 10.0 * balance,
        per_household=20.0 * (mean + balance) / max(1, band.target),
        fewest=1,
        most=len(graph),
        lenient=False,
    )


def desk_of(graph: CellGraph) -> Desk:
    """Return room for the compiled loops to work in."""
    n, m = len(graph), 2 * len(graph.a) + 2

    def room(size: int, value: int = 0) -> Ints:
        return np.full(size, value, dtype=np.int64)

    def prices(size: int) -> Floats:
        return np.zeros(size)

    return Desk(
        queue=room(n + 1),
        mark=room(n),
        stamp=room(1),
        member=room(n),
        piece=room(n, -1),
        order=room(n),
        place=room(n, -1),
        parent=room(n),
        below=room(n),
        cut=prices(n),
        key=prices(m),
        head=room(m),
        tail=room(m),
    )


def _archive(cells: int, seed: int, room: int) -> Archive:
    words = np.random.default_rng(seed).integers(1, 2**63, size=cells, dtype=np.int64)
    return Archive(
        word=(words.astype(np.uint64) << np.uint64(1)) ^ words.astype(np.uint64),
        table=np.full(2 * room, -1, dtype=np.int64),
        name=np.zeros(room, dtype=np.uint64),
        bits=np.zeros((room, (cells + 63) // 64), dtype=np.uint64),
        cost=np.zeros(room),
        load=np.zeros(room, dtype=np.int64),
        fill=np.zeros(1, dtype=np.int64),
    )
