"""Make one piece of a district legal again: search around the grids that are not, in rings that grow until they are."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gis_grid.partition import redraw, stay
from gis_grid.partition.cells import CellGraph, Floats, Ints
from gis_grid.partition.choice import NODES, NODES_MET, Grids, chosen_grids, every_grid, within
from gis_grid.partition.cost import overfull
from gis_grid.partition.crew import stop_asked
from gis_grid.partition.homes import Case
from gis_grid.partition.improve import desk_of, law_of
from gis_grid.partition.kernels import Net
from gis_grid.scheme import Band

#: Annealings in one batch, batches at most, and the temperatures of each: so many, down to so many households.
_BATCH, _BATCHES, _HEATS, _COLD = 4, 6, 40, 1.0
#: Searches with other random numbers, at most, and how many of them in a row that find nothing better are enough.
_SEARCHES, _STALE = 6, 2
#: Where one annealing after the other begins (households), and what an error weighs in it: where it is dear legality is
#: found in narrow places, where it is cheap the way through what is illegal for a while is shorter.
_STARTS = ((8.0, 150.0), (30.0, 400.0), (15.0, 150.0), (60.0, 400.0))
#: What a household off the band weighs while annealing, in households that change grid.
_OFF = 3.0
#: Grids between an illegal one and the rim of what is searched, in one round after the other.
_RINGS, _EVERYWHERE = (2, 4, 8, 16), 99
#: What the mean border weighs, so that of two equal repairs the one with the better borders is met first.
_COST = 0.2
#: A piece with so many grids is searched whole; in a larger one a ring holds about as many at most.
_WHOLE = 28
#: Grids that can be there beside those in use.
_SPARE = 4
#: Grids kept for the final choice, at most.
_ARCHIVE = 1 << 14
#: No bound on the households that change grid.
NO_CAP = float(np.inf)


@dataclass(frozen=True)
class Manner:
    """Say how to search: the band, the price of balance, the seed, how long to search, and the bound on moves.

    At the `deadline` (in seconds as `time.time` counts them), or when the search is told to stop, the best so far is
    taken.
    """

    band: Band
    balance: float
    seed: int = 0
    batches: int = _BATCHES
    heats: int = _HEATS
    nodes: int = NODES
    searches: int = _SEARCHES
    cap: float = NO_CAP
    deadline: float | None = None

    def is_over(self) -> bool:
        """Tell whether the search has to end."""
        return stop_asked() or (self.deadline is not None and time.time() > self.deadline)


@dataclass(frozen=True)
class Found:
    """Hold a division with its books: errors, households off the band, households and blocks moved, cost."""

    labels: Ints
    books: tuple[float, ...]

    @property
    def errors(self) -> int:
        """Grids out of band that nothing excuses."""
        return int(self.books[stay.ERRORS])

    @property
    def moved(self) -> int:
        """Households that are not in the grid they were in."""
        return int(self.books[stay.MOVED])


def measured(case: Case, manner: Manner) -> Found:
    """Return the division of a case as it stands, with its books."""
    return _Table(case, manner).measured(case.labels)


def restored(case: Case, manner: Manner) -> Found:
    """Return a legal division of a case with few households moved, or the nearest to it that the search finds."""
    found = measured(case, manner)
    small = len(np.unique(case.labels)) <= _WHOLE
    for ring in (_EVERYWHERE,) if small else _RINGS:
        for chosen in _rings(replace(case, labels=found.labels), manner, ring):
            if manner.is_over():
                return found
            found = _take(replace(case, labels=found.labels), found, chosen, manner)
        if not found.errors:
            break
    return found


def _again_and_again(case: Case, manner: Manner) -> Found:
    """Return the best of searches with other random numbers, until so many in a row have found nothing better."""
    best, stale = searched(case, manner), 0
    for turn in range(1, manner.searches):
        if stale == _STALE or not best.moved or manner.is_over():
            break
        other = searched(case, replace(manner, seed=(manner.seed + 104_729 * turn) % 2**31))
        better = _key(other, manner.cap) < _key(best, manner.cap)
        best, stale = (other, 0) if better else (best, stale + 1)
    return best


def searched(case: Case, manner: Manner) -> Found:
    """Return the best division that annealing a whole case finds, again and again until that helps no more."""
    table = _Table(case, manner)
    best = measured(case, manner)
    for batch in range(manner.batches):
        before = best
        for turn in range(batch * _BATCH, (batch + 1) * _BATCH):
            other = table.anneal(case.labels if turn % 2 == 0 else best.labels, turn)
            best = min(best, other, key=lambda found: _key(found, manner.cap))
        best = table.recombine(best)
        if manner.is_over() or (batch and _key(best, manner.cap) >= _key(before, manner.cap)):
            break
    return table.exact(best)


def _key(found: Found, cap: float) -> tuple[float, ...]:
    return (max(0.0, found.moved - cap), *found.books[: stay.COST], round(found.books[stay.COST], 6))


def illegal(case: Case, band: Band) -> Ints:
    """Return the grids out of band of a case; more than the illegal ones, where some are excused."""
    used = np.unique(case.labels)
    load = np.bincount(case.labels, weights=case.graph.load).astype(np.int64)[used]
    out: Ints = used[overfull(load, band) > 0]
    return out


def _rings(case: Case, manner: Manner, ring: int) -> Iterator[Ints]:
    """Yield sets of blocks to search: around each grid in question, those that overlap together while they are few."""
    graph, labels = case.graph, case.labels
    pairs = np.stack([labels[graph.a], labels[graph.b]], axis=1)[graph.link]
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    centres = np.union1d(illegal(case, manner.band), case.disturbed).tolist()
    groups: list[Ints] = []
    for centre in centres:
        near = np.array([centre], dtype=np.int64)
        for _ in range(ring):
            if len(near) > _WHOLE:
                break
            touch = np.isin(pairs, near).any(axis=1)
            grown = np.union1d(near, pairs[touch])
            if len(grown) == len(near):
                break
            near = grown
        home = case.home[np.isin(labels, near)]
        near = np.union1d(near, home[home >= 0])
        if groups and len(np.intersect1d(groups[-1], near)) and len(np.union1d(groups[-1], near)) <= _WHOLE:
            groups[-1] = np.union1d(groups[-1], near)
        else:
            groups.append(near)
    yield from groups


def _take(case: Case, found: Found, grids: Ints, manner: Manner) -> Found:
    """Search some grids of a case and return its division with what was found, or as it was if that is no better."""
    cells = np.flatnonzero(np.isin(case.labels, grids))
    if not len(cells):
        return found
    part, back = _cut_out(case, cells, manner.band)
    elsewhere = found.moved - measured(part, manner).moved
    own = replace(manner, cap=manner.cap - elsewhere, seed=(manner.seed + 7919 * int(cells[0])) % 2**31)
    after = _again_and_again(part, own)
    labels = case.labels.copy()
    names = np.concatenate([back, int(labels.max()) + 1 + np.arange(int(after.labels.max()) + 1)])
    labels[cells] = names[after.labels]
    other = measured(replace(case, labels=labels), manner)
    return min(found, other, key=lambda one: _key(one, manner.cap))


def _cut_out(case: Case, cells: Ints, band: Band) -> tuple[Case, Ints]:
    """Return some whole grids of a case as a case of their own, and its identities as the labels they had."""
    inside = np.zeros(len(case.graph), dtype=bool)
    inside[cells] = True
    mine = np.unique(np.concatenate([case.labels[cells], case.home[cells]]))
    mine = mine[(mine >= 0) & (mine < case.identities) & ~np.isin(mine, case.labels[~inside])]
    place = np.full(max(case.identities, int(case.labels.max()) + 1), -1, dtype=np.int64)
    place[mine] = np.arange(len(mine))
    home = np.where(case.home[cells] >= 0, place[case.home[cells]], -1)
    others = np.setdiff1d(case.labels[cells], mine)
    place[others] = len(mine) + np.arange(len(others))
    part = Case(
        graph=case.graph.part(cells),
        labels=place[case.labels[cells]],
        home=home,
        identities=len(mine),
        cause=case.cause[cells],
        least=np.maximum(0, case.least - _excused_elsewhere(case, inside, band)),
        disturbed=case.disturbed[:0],
    )
    return part, mine


def _excused_elsewhere(case: Case, inside: Ints, band: Band) -> Ints:
    """Count for each finding the grids out of band outside some blocks that answer to it."""
    used = np.zeros(len(case.least), dtype=np.int64)
    load = np.bincount(case.labels, weights=case.graph.load).astype(np.int64)
    out = (overfull(load, band) > 0)[case.labels] & ~inside & (case.cause >= 0) & (case.graph.load > 0)
    for _, cause in np.unique(np.stack([case.labels[out], case.cause[out]], axis=1), axis=0).tolist():
        used[cause] += 1
    return used


class _Table:
    """Lay a case out for the compiled search."""

    def __init__(self, case: Case, manner: Manner) -> None:
        self.case, self.manner = case, manner
        graph, band = case.graph, manner.band
        self.slots = max(case.identities, int(case.labels.max(initial=0)) + 1) + _SPARE
        self.net = _net(graph, case.home)
        self.law = law_of(graph, band, manner.balance)
        held = np.bincount(case.home[case.home >= 0], graph.load[case.home >= 0], case.identities).astype(np.int64)
        self.ground = stay.Ground(case.home, held, graph.load > band.max, case.cause, case.least)
        self.archive = _archive(len(graph) + case.identities + 1, len(graph), manner.seed)
        self.mean = float(np.abs(graph.gain).mean()) if len(graph.gain) else 1.0

    def open(self, labels: Ints) -> tuple[stay.Drawing, Floats]:
        """Return a division as the search keeps it, and its books."""
        slots, findings = self.slots, len(self.case.least)
        load, kept, size, heavy, spare = np.zeros((5, slots), dtype=np.int64)
        held, fresh = np.zeros((slots, findings), dtype=np.int64), np.zeros(slots, dtype=bool)
        now = stay.Drawing(labels.copy(), load, kept, size, heavy, spare, held, fresh)
        books = np.zeros(5)
        stay.open_books(self.net, self.law, self.ground, now, books)
        return now, books

    def anneal(self, labels: Ints, turn: int) -> Found:
        """Return the best division that one annealing meets."""
        manner = self.manner
        now, books = self.open(labels)
        best, best_books = labels.copy(), books.copy()
        cap = manner.cap if np.isfinite(manner.cap) else 1e15
        hot, error = _STARTS[turn % len(_STARTS)]
        prices = stay.Prices(error, _OFF, _COST / max(self.mean, 1e-9), cap, 2.0 * _OFF)
        heats = np.geomspace(hot, _COLD, manner.heats)
        state = np.array([manner.seed * 1_000_003 + turn], dtype=np.uint64)
        desk = desk_of(self.case.graph)
        law, ground, archive = self.law, self.ground, self.archive
        redraw.settle(self.net, law, ground, now, desk, state, prices, heats, books, best, best_books, archive)
        return Found(best, tuple(best_books.tolist()))

    def recombine(self, found: Found) -> Found:
        """Return the best division that the grids met so far can make."""
        count = int(self.archive.fill[0])
        met = Grids(self.archive.member[:count], self.archive.identity[:count])
        return self._best_of(found, met, min(NODES_MET, self.manner.nodes))

    def _best_of(self, found: Found, met: Grids, nodes: int) -> Found:
        if not found.errors:
            met = within(self.case, met, found.moved)
        labels = chosen_grids(self.case, found.labels, met, self.manner.band, self.manner.balance, nodes)
        if labels.max() >= self.slots:  # more new grids than there is room for
            return found
        return min(found, self.measured(labels), key=lambda one: _key(one, self.manner.cap))

    def exact(self, found: Found) -> Found:
        """Return the best division there is where the blocks are so few that all their grids can be listed."""
        grids = every_grid(self.case, self.manner.band)
        return found if grids is None else self._best_of(found, grids, self.manner.nodes)

    def measured(self, labels: Ints) -> Found:
        """Return a division with its books."""
        return Found(labels, tuple(self.open(labels)[1].tolist()))


def _net(graph: CellGraph, home: Ints) -> Net:
    ptr, nbr, border = graph.rows
    together = (home[graph.a] == home[graph.b])[border]
    return Net(ptr, nbr, graph.gain[border], np.where(together, 3.0, 1.0), graph.link[border], graph.load)


def _archive(words: int, cells: int, seed: int) -> redraw.Archive:
    drawn = np.random.default_rng(seed).integers(1, 2**63, size=words, dtype=np.int64).astype(np.uint64)
    return redraw.Archive(
        word=(drawn << np.uint64(1)) ^ drawn,
        table=np.full(2 * _ARCHIVE, -1, dtype=np.int64),
        name=np.zeros(_ARCHIVE, dtype=np.uint64),
        identity=np.zeros(_ARCHIVE, dtype=np.int64),
        member=np.zeros((_ARCHIVE, cells), dtype=bool),
        fill=np.zeros(1, dtype=np.int64),
    )
