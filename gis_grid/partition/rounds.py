"""The order of work: small parts whole, large parts by windows in several rounds, then what is still out of band."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from gis_grid.partition.bound import PROOF_STEPS, Proof, ProofJob, prove
from gis_grid.partition.cells import Flags, Ints, from_zero
from gis_grid.partition.cost import Rank, overfull, rank
from gis_grid.partition.crew import Crew
from gis_grid.partition.improve import Job, Outcome, late, run
from gis_grid.partition.tiers import Part, most_grids
from gis_grid.partition.windows import LARGE, SIZES, around, windows
from gis_grid.scheme import Band

if TYPE_CHECKING:
    from gis_grid.partition import Progress

#: METIS seeds a small part begins from.
_STARTS = 4
#: Sweeps of one annealing at effort 1.
_SWEEPS = 50
#: Where the first annealing of a large part begins, and that of a window: hotter, and the number of grids drifts up.
_HOT = (0.08, 0.15)
#: Sweeps of the very first annealing, and up to how many blocks it is done at once, before processes start.
_QUICK, _AT_ONCE = 4, 20_000
#: How often that is tried for a part with more out of band than must be, each time with twice the sweeps.
_TRIES = 4
#: Parts of so few blocks are proved unasked, if they hold no more blocks than this together; steps for each.
_SMALL, _SMALL_TOGETHER, _SMALL_STEPS = 40, 400, 3_000_000
#: How often grids that are out of band without proof are searched anew, each time wider.
_MENDS = 3


@dataclass(frozen=True)
class Terms:
    """Hold what all searches of one run share."""

    band: Band
    balance: float
    seed: int = 0
    effort: float = 1.0
    deadline: float | None = None
    prove: bool = False


@dataclass
class Standing:
    """Hold one part while it is worked on: its division, its rank, and how many grids out of band are proved.

    `excused` marks the blocks that the proofs are about; `count` is the number of grids that is asked for, if one is;
    no division with as little out of band costs less than `bound`.
    """

    part: Part
    terms: Terms
    least: int
    excused: Flags
    count: int | None = None
    labels: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    rank: Rank = (0.0, 0.0, 0.0)
    steps: int = 0
    stopped_early: bool = False
    bound: float = -np.inf

    @property
    def band(self) -> Band:
        """The band to search by: where the number of grids is given, an even share is the target."""
        band = self.terms.band
        if self.count is None:
            return band
        share = round(int(self.part.graph.load.sum()) / self.count)
        return replace(band, target=min(max(share, band.min), band.max))

    @property
    def is_large(self) -> bool:
        """Whether the part is divided by windows."""
        return bool(self.part.graph.load.sum() > LARGE * self.terms.band.target)

    @property
    def plain_cost(self) -> float:
        """The cost of the division as a planner reads it: ranks count what lies inside as saved where it is drawn."""
        graph = self.part.graph
        kept = (self.labels[graph.a] == self.labels[graph.b]) & ~graph.link
        return self.rank[2] + float(graph.inside_price.sum() - graph.inside_price[kept].sum())

    def wants_mending(self, turn: int) -> bool:
        """Tell whether more is out of band than proved: grids, or in the first turn also households."""
        if len(self.labels) == 0 or int(self.labels.max()) == 0:
            return False
        band, load = self.terms.band, self.part.graph.load
        big = load[load > band.max]
        more_grids = self.rank[0] > self.least + int((overfull(big, band) - 1).sum())
        return more_grids or (turn == 0 and self.rank[1] > int((big - band.max).sum()))

    def job(self, number: int, cells: Ints | None = None) -> Job:
        """Return the job of searching the whole part, or some of its blocks from the division there is."""
        terms, graph = self.terms, self.part.graph
        starts: tuple[Ints, ...] = ()
        if cells is not None:
            graph = graph.part(cells)
            starts = (from_zero(self.labels[cells]),)
        here = [int(start.max()) + 1 for start in starts]
        most, fewest, band = max([most_grids(int(graph.load.sum()), len(graph), terms.band), *here]), 1, self.band
        if self.count is not None:
            most = fewest = min([self.count, *here])
        return Job(
            graph=graph,
            band=band,
            balance=terms.balance,
            seed=(self.part.seed(terms.seed) + 1_000_003 * number) % 2**31,
            most=most,
            fewest=fewest,
            starts=starts,
            lenient=self.least > 0,
            sweeps=max(1, round(_SWEEPS * terms.effort)),
            deadline=terms.deadline,
        )

    def take(self, outcome: Outcome, cells: Ints | None = None) -> None:
        """Take over what a search of the part, or of some of its blocks, found.

        Grids are numbered by their blocks alone, so it does not matter which of several searches ends first.
        """
        labels = outcome.labels
        if cells is not None:
            labels = self.labels.copy()
            labels[cells] = outcome.labels + int(self.labels.max()) + 1
            labels = from_zero(labels)
        self.labels = labels
        self.rank = rank(self.part.graph, labels, self.terms.band, self.terms.balance)
        self.steps += outcome.steps
        self.stopped_early |= outcome.stopped_early

    def proof(self, steps: int) -> ProofJob:
        """Return the job of proving how cheap a division of the part could be."""
        terms = self.terms
        return ProofJob(
            graph=self.part.graph,
            band=terms.band,
            balance=terms.balance,
            labels=self.labels,
            excused=self.excused,
            seed=(self.part.seed(terms.seed) + 7) % 2**31,
            steps=steps,
            deadline=terms.deadline,
        )

    def take_proof(self, proof: Proof) -> None:
        """Take over a bound, and the better division that was found on the way."""
        self.labels, self.rank, self.bound = from_zero(proof.labels), proof.rank, proof.bound
        self.steps += proof.steps
        self.stopped_early |= proof.stopped_early


class Tally:
    """Count blocks searched and tell whoever listens how far the work is."""

    def __init__(self, standings: list[Standing], progress: Progress | None) -> None:
        self.standings, self.progress, self.done = standings, progress, 0
        rounds = [1 + len(SIZES) * standing.is_large + standing.terms.prove for standing in standings]
        self.total = sum(n * len(standing.part.graph) for n, standing in zip(rounds, standings, strict=True))

    def add(self, blocks: int) -> None:
        """Count blocks as searched once more."""
        self.done = min(self.total, self.done + blocks)
        if self.progress is not None:
            cost = sum(standing.rank[2] for standing in self.standings)
            out = sum(int(standing.rank[0]) for standing in self.standings)
            self.progress(self.done, self.total, cost, out)


def divide(standings: list[Standing], crew: Crew, progress: Progress | None = None) -> list[Standing]:
    """Divide every part; the same parts and terms give the same division, whatever the crew."""
    tally = Tally(standings, progress)
    _begin(standings, tally)
    _search(crew, tally, [(s, _first(s), None) for s in standings])
    large = [standing for standing in standings if standing.is_large]
    for number, size in enumerate(SIZES, 1):
        _search(crew, tally, [task for s in large for task in _by_windows(s, size, number)])
    for turn in range(_MENDS):
        _search(crew, tally, [task for s in standings for task in _mend(s, turn)])
    _prove(standings, crew, tally)
    return standings


def _begin(standings: list[Standing], tally: Tally) -> None:
    """Divide every part quickly, so that a plan stands within a second or so whatever stops the search."""
    if sum(len(standing.part.graph) for standing in standings) > _AT_ONCE:
        return
    for standing in standings:
        for turn in range(_TRIES):
            standing.take(run(_quick(standing, turn)))
            if standing.rank[0] <= standing.least:
                break
    tally.add(0)


def _quick(standing: Standing, turn: int) -> Job:
    job = replace(standing.job(2 * turn), sweeps=_QUICK << turn, hot=_HOT[0], collect=False, polish=0)
    if turn == 0:
        return replace(job, fresh=1)
    most = max(job.most, int(standing.labels.max()) + 1)
    return replace(job, starts=(standing.labels,), most=most, fresh=int(not standing.is_large))


def _prove(standings: list[Standing], crew: Crew, tally: Tally) -> None:
    """Prove how cheap each part could be where that is asked for, or quickly done; the heaviest first."""
    able = [s for s in standings if s.count is None and len(s.part.graph)]
    jobs = [(s, s.proof(_SMALL_STEPS)) for s in able if len(s.part.graph) <= _SMALL]
    if sum(len(job.graph) for _, job in jobs) > _SMALL_TOGETHER:
        jobs = []
    if able and able[0].terms.prove:
        jobs = [(s, s.proof(PROOF_STEPS)) for s in able]
    jobs = sorted(jobs, key=lambda each: -len(each[1].graph))
    for number, proof in crew.each(prove, [job for _, job in jobs]):
        jobs[number][0].take_proof(proof)
        tally.add(len(jobs[number][1].graph))


_Task = tuple[Standing, Job, Ints | None]


def _search(crew: Crew, tally: Tally, tasks: list[_Task]) -> None:
    """Run searches, the heaviest first, and hand their results to the parts in the order of the tasks."""
    tasks = sorted(tasks, key=lambda task: -len(task[1].graph))
    if tasks and late(tasks[0][1].deadline) and all(len(standing.labels) for standing, _, _ in tasks):
        for standing, _, _ in tasks:
            standing.stopped_early = True
        return
    for number, outcome in crew.each(run, [job for _, job, _ in tasks]):
        standing, job, cells = tasks[number]
        standing.take(outcome, cells)
        tally.add(len(job.graph))


def _first(standing: Standing) -> Job:
    job = standing.job(1)
    known = len(standing.labels) > 0
    if known:
        job = replace(job, starts=(standing.labels,), most=max(job.most, int(standing.labels.max()) + 1))
    if standing.is_large:  # only a start: all grids at once, nothing collected
        return replace(job, fresh=1 - known, sweeps=job.sweeps // 2, hot=_HOT[0], collect=False, polish=0)
    if standing.least > int((standing.part.graph.load > standing.terms.band.max).sum()):
        # what is trapped is hard to put right: the fewest households out of band are found by few searches
        return replace(job, fresh=3 * _STARTS, sweeps=2 * job.sweeps, hot=1.0, polish=4)
    return replace(job, fresh=_STARTS - known, sweeps=job.sweeps // 2)


def _by_windows(standing: Standing, size: int, number: int) -> list[_Task]:
    seed = standing.part.seed(standing.terms.seed) + number
    found = windows(standing.part.graph, standing.labels, size, seed)
    tasks: list[_Task] = []
    for n, cells in enumerate(found):
        job = standing.job(1000 * number + n, cells)
        tasks.append((standing, replace(job, hot=_HOT[1], polish=1), cells))
    return tasks


def _mend(standing: Standing, turn: int) -> list[_Task]:
    """Return searches around grids that are out of band, where that is more than proved; none overlap."""
    if not standing.wants_mending(turn):
        return []
    graph, labels = standing.part.graph, standing.labels
    load = np.bincount(labels, weights=graph.load).astype(np.int64)
    busy = np.zeros(len(graph), dtype=bool)
    tasks: list[_Task] = []
    for grid in np.flatnonzero(overfull(load, standing.terms.band)):
        cells = around(graph, labels, int(grid), 4 * (turn + 1)) if standing.is_large else np.arange(len(graph))
        if not busy[cells].any():
            busy[cells] = True
            job = standing.job(10_000 * (turn + 1) + int(grid), cells)
            tasks.append((standing, replace(job, fresh=2 * _STARTS, hot=3.0), cells))
    return tasks
