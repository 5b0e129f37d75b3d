"""The order of work: small parts whole, large parts by windows in several rounds, then what is still out of band."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from gis_grid.partition.bound import PROOF_STEPS, Proof, ProofJob, prove
from gis_grid.partition.cells import CellGraph, Flags, Ints, from_zero
from gis_grid.partition.cost import Rank, overfull, rank
from gis_grid.partition.crew import Crew
from gis_grid.partition.improve import Job, Outcome, late, run
from gis_grid.partition.tiers import Part, most_grids
from gis_grid.partition.windows import LARGE, SIZES, VAST, around, regions, windows
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
#: A part where more must be out of band than its heavy blocks is hard to search: up to so many blocks, so many steps of
#: a proof find better divisions.
_HARD, _HARD_STEPS = 100, 300_000
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
    _moved: bool = False

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
    def is_trapped(self) -> bool:
        """Whether more must be out of band than the blocks that are too heavy."""
        return self.least > int((self.part.graph.load > self.terms.band.max).sum())

    @property
    def wants_again(self) -> bool:
        """Whether the part is searched a second time: a small one, where there is more effort than usual.

        One that is trapped is searched for long already.
        """
        return self.terms.effort > 1.0 and not self.is_large and len(self.part.graph) > _SMALL and not self.is_trapped

    @property
    def is_hard(self) -> bool:
        """Whether the first steps of a proof are worth it: for a small part that is trapped."""
        return self.terms.effort > 1.0 and self.is_trapped and _SMALL < len(self.part.graph) <= _HARD

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

    def job(self, number: int, cells: Ints | None = None, graph: CellGraph | None = None) -> Job:
        """Return the job of searching the whole part, or some of its blocks from the division there is.

        `graph` is the graph of these blocks where it is at hand.
        """
        terms, starts = self.terms, tuple[Ints, ...]()
        if cells is None:
            graph = self.part.graph
        else:
            graph = self.part.graph.part(cells) if graph is None else graph
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

    def take(self, outcome: Outcome, graph: CellGraph | None = None, cells: Ints | None = None) -> None:
        """Take over what a search of the part, or of some of its blocks and their graph, found.

        After searches of some blocks `settle` is due. Until then the rank follows from what changed.
        """
        band, balance = self.terms.band, self.terms.balance
        if graph is None or cells is None:
            self.labels = outcome.labels
            self.rank = rank(self.part.graph, outcome.labels, band, balance)
        else:
            before = rank(graph, from_zero(self.labels[cells]), band, balance)
            after = rank(graph, outcome.labels, band, balance)
            self.labels[cells] = outcome.labels + int(self.labels.max()) + 1
            self.rank = changed(self.rank, before, after)
            self._moved = True
        self.steps += outcome.steps
        self.stopped_early |= outcome.stopped_early

    def settle(self) -> None:
        """Renumber grids by their blocks alone, so that it does not matter which of several searches ended first."""
        if self._moved:
            self.labels, self._moved = from_zero(self.labels), False
            self.rank = rank(self.part.graph, self.labels, self.terms.band, self.terms.balance)

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


def changed(whole: Rank, before: Rank, after: Rank) -> Rank:
    """Return the rank of a whole of which some ground was divided anew."""
    return whole[0] - before[0] + after[0], whole[1] - before[1] + after[1], whole[2] - before[2] + after[2]


class Tally:
    """Count blocks searched and tell whoever listens how far the work is."""

    def __init__(self, standings: list[Standing], progress: Progress | None) -> None:
        self.standings, self.progress, self.done = standings, progress, 0
        rounds = [1 + s.wants_again + len(SIZES) * s.is_large + s.terms.prove for s in standings]
        self.total = sum(n * len(standing.part.graph) for n, standing in zip(rounds, standings, strict=True))
        self.rank: Rank = (0.0, 0.0, 0.0)

    def begin(self) -> None:
        """Add up how all parts stand; from here on only what changes is counted."""
        ranks = np.array([standing.rank for standing in self.standings]).reshape(-1, 3)
        self.rank = (float(ranks[:, 0].sum()), float(ranks[:, 1].sum()), float(ranks[:, 2].sum()))

    def add(self, blocks: int, before: Rank, after: Rank) -> None:
        """Count blocks as searched once more, and what that changed."""
        self.done = min(self.total, self.done + blocks)
        self.rank = changed(self.rank, before, after)
        if self.progress is not None:
            self.progress(self.done, self.total, self.rank[2], int(self.rank[0]))


_Task = tuple[Standing, Job, Ints | None]


def divide(standings: list[Standing], crew: Crew, progress: Progress | None = None) -> list[Standing]:
    """Divide every part; the same parts and terms give the same division, whatever the crew."""
    tally = Tally(standings, progress)
    _begin(standings, tally)
    first = [task for s in standings for task in _first(s)]
    tally.begin()
    _search(crew, tally, first)
    _search(crew, tally, [(s, _whole(s, 51), None) for s in standings if s.wants_again])
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
            for _, job, cells in _quick(standing, turn):
                standing.take(run(job), job.graph, cells)
            standing.settle()
            if standing.rank[0] <= standing.least:
                break
    tally.begin()
    tally.add(0, tally.rank, tally.rank)


def _quick(standing: Standing, turn: int) -> list[_Task]:
    """Return the quick searches of a turn: the whole part, later anew or, where it is large, around what is amiss."""
    if turn and standing.is_large:
        tasks = _around_out(standing, 4 * (turn + 1), 10_000 + 1_000 * turn)
        return [(s, replace(job, hot=_HOT[1], collect=False, polish=0, must=True), cells) for s, job, cells in tasks]
    job = replace(standing.job(2 * turn), sweeps=_QUICK << turn, hot=_HOT[0], collect=False, polish=0, must=True)
    if turn:
        job = replace(job, starts=(standing.labels,), most=max(job.most, int(standing.labels.max()) + 1))
    return [(standing, replace(job, fresh=1), None)]


def _prove(standings: list[Standing], crew: Crew, tally: Tally) -> None:
    """Prove how cheap each part could be where that is asked for, or quickly done; the heaviest first."""
    able = [s for s in standings if s.count is None and len(s.part.graph)]
    small = [s for s in able if len(s.part.graph) <= _SMALL]
    if sum(len(s.part.graph) for s in small) > _SMALL_TOGETHER:
        small = []
    hard = [s for s in able if s.is_hard]
    jobs = [(s, s.proof(_SMALL_STEPS)) for s in small] + [(s, s.proof(_HARD_STEPS)) for s in hard]
    if able and able[0].terms.prove:
        jobs = [(s, s.proof(PROOF_STEPS)) for s in able]
    jobs = sorted(jobs, key=lambda each: -len(each[1].graph))
    for number, proof in crew.each(prove, [job for _, job in jobs]):
        standing, job = jobs[number]
        before, known = standing.rank, standing.bound
        standing.take_proof(proof)
        if job.steps == _HARD_STEPS:  # begun for the divisions met on the way: too few steps for a bound worth telling
            standing.bound = known
        tally.add(len(job.graph), before, standing.rank)


def _search(crew: Crew, tally: Tally, tasks: list[_Task]) -> None:
    """Run searches, the heaviest first, and hand their results to the parts in the order of the tasks.

    When the time is up, searches are left out where a division is known already.
    """
    tasks = sorted(tasks, key=lambda task: -len(task[1].graph))
    known = all(job.starts for _, job, _ in tasks)
    left = dict(enumerate(tasks))
    jobs = [job for _, job, _ in tasks]
    for number, outcome in crew.each(run, jobs, enough=lambda: known and late(jobs[0].deadline)):
        standing, job, cells = left.pop(number)
        before = standing.rank
        standing.take(outcome, job.graph, cells)
        tally.add(len(job.graph), before, standing.rank)
    for standing, _, _ in left.values():
        standing.stopped_early = True
    for standing, _, _ in tasks:
        standing.settle()


def _first(standing: Standing) -> list[_Task]:
    graph = standing.part.graph
    if len(graph) > VAST and standing.is_large and standing.count is None:
        return _by_regions(standing)
    return [(standing, _whole(standing, 1), None)]


def _by_regions(standing: Standing) -> list[_Task]:
    """Return the first searches of a vast part: its regions one by one, as if nothing lay around them."""
    graph, terms = standing.part.graph, standing.terms
    standing.labels = regions(graph, standing.part.seed(terms.seed))
    standing.rank = rank(graph, standing.labels, terms.band, terms.balance)
    tasks: list[_Task] = []
    for n, (cells, alone) in enumerate(graph.split(standing.labels)):
        job = standing.job(100 + n, cells, alone)
        sweeps = job.sweeps // 2
        job = replace(job, starts=(), fresh=1, sweeps=sweeps, hot=_HOT[0], collect=False, polish=0, must=True)
        tasks.append((standing, job, cells))
    return tasks


def _whole(standing: Standing, number: int) -> Job:
    job = standing.job(number)
    known = len(standing.labels) > 0
    if known:
        job = replace(job, starts=(standing.labels,), most=max(job.most, int(standing.labels.max()) + 1))
    job = replace(job, must=not known)
    if standing.is_large:  # only a start: all grids at once, nothing collected
        return replace(job, fresh=1 - known, sweeps=job.sweeps // 2, hot=_HOT[0], collect=False, polish=0)
    if standing.is_trapped:
        # what is trapped is hard to put right: the fewest households out of band are found by few searches
        return replace(job, fresh=3 * _STARTS, sweeps=2 * job.sweeps, hot=1.0, polish=4)
    return replace(job, fresh=_STARTS - known, sweeps=job.sweeps // 2)


def _by_windows(standing: Standing, size: int, number: int) -> list[_Task]:
    seed = standing.part.seed(standing.terms.seed) + number
    graph = standing.part.graph
    owner = np.zeros(len(graph), dtype=np.int64)
    for n, cells in enumerate(windows(graph, standing.labels, size, seed)):
        owner[cells] = n
    tasks: list[_Task] = []
    for n, (cells, alone) in enumerate(graph.split(owner)):
        job = standing.job(1000 * number + n, cells, alone)
        tasks.append((standing, replace(job, hot=_HOT[1], polish=1), cells))
    return tasks


def _mend(standing: Standing, turn: int) -> list[_Task]:
    """Return searches around grids that are out of band, where that is more than proved; none overlap."""
    if not standing.wants_mending(turn):
        return []
    tasks = _around_out(standing, 4 * (turn + 1), 10_000 * (turn + 1))
    return [(s, replace(job, fresh=2 * _STARTS, hot=3.0), cells) for s, job, cells in tasks]


def _around_out(standing: Standing, size: int, number: int) -> list[_Task]:
    """Return searches of the `size` grids around each that is out of band (of all in a part that is not large)."""
    graph, labels = standing.part.graph, standing.labels
    load = np.bincount(labels, weights=graph.load).astype(np.int64)
    busy = np.zeros(len(graph), dtype=bool)
    tasks: list[_Task] = []
    for grid in np.flatnonzero(overfull(load, standing.terms.band)):
        cells = around(graph, labels, int(grid), size) if standing.is_large else np.arange(len(graph))
        if not busy[cells].any():
            busy[cells] = True
            tasks.append((standing, standing.job(number + int(grid), cells), cells))
    return tasks
