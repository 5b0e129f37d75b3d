"""Answer exactly for a few blocks: can they be cut into grids within the band, and if not, how close can one come.

Sets of blocks are bit masks. All connected sets up to the maximum of the band are grown block by block; a depth-first
search then covers the blocks grid by grid, always with the lowest block still open, drops what leaves a rest that no
number of grids fits, and remembers dead ends. Nothing is claimed where this would take too long.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.rules.parts import Flags, Ints, Parts
from gis_grid.scheme import Band

#: up to how many blocks a question is put to the search at all
MOST_BLOCKS = 60
#: up to how many connected sets are grown, and how many grids are tried in turn, before no claim is made
_MOST_SETS, _PATIENCE = 30_000, 100_000

Masks = NDArray[np.int64]


def connected_sets(around: Sequence[int], load: Sequence[int], most: int, *, limit: int = _MOST_SETS) -> Masks | None:
    """Return the masks of all connected sets of blocks with a load up to `most`, rising; None if more than `limit`.

    `around` holds the mask of each block's neighbours.

    >>> connected_sets([0b010, 0b101, 0b010], [100, 200, 300], 500).tolist()
    [1, 2, 3, 4, 6]
    """
    near, weight = np.array(around, dtype=np.int64), np.array(load, dtype=np.int64)
    single = np.flatnonzero(weight <= most)
    masks, total = np.int64(1) << single, weight[single]
    # a set grows from its lowest block on, never by a block that a set beside it was grown by: so each comes once
    closed = (masks << 1) - 1
    rim = near[single] & ~closed
    found, count = [masks], len(masks)
    while len(masks):
        level, grown = (masks, rim, closed, total), []
        while len(level[0]):
            level, more = _grown(*level, near, weight, most)
            grown.append(more)
            count += len(more[0])
            if count > limit:
                return None
        masks, rim, closed, total = (np.concatenate(one) for one in zip(*grown, strict=True)) if grown else level
        found.append(masks)
    return np.sort(np.concatenate(found))


_Level = tuple[Masks, Masks, Masks, Ints]


def _grown(
    masks: Masks, rim: Masks, closed: Masks, total: Ints, near: Masks, weight: Ints, most: int
) -> tuple[_Level, _Level]:
    """Grow each set by the lowest block of its rim; return the sets with rims still open, and the sets grown."""
    open_ = rim != 0
    masks, rim, closed, total = masks[open_], rim[open_], closed[open_], total[open_]
    step = rim & -rim
    rim, closed = rim ^ step, closed | step
    block = np.frexp(step.astype(np.float64))[1] - 1
    load = total + weight[block]
    fits = load <= most
    wider = (rim[fits] | near[block[fits]]) & ~closed[fits]
    return (masks, rim, closed, total), (masks[fits] | step[fits], wider, closed[fits], load[fits])


def loads_of(masks: Masks, load: Sequence[int]) -> Ints:
    """Return the load of each set."""
    total = np.zeros(len(masks), dtype=np.int64)
    for bit, households in enumerate(load):
        total += (masks >> bit & 1) * households
    return total


def division(around: Sequence[int], load: Sequence[int], band: Band) -> tuple[int, ...] | None:
    """Return the masks of grids within the band that part the blocks: () if there are none, None if it takes too long.

    >>> star = [0b1110, 0b0001, 0b0001, 0b0001]
    >>> division(star, [450, 100, 100, 100], Band(300, 500, 400))
    ()
    >>> division([0b10, 0b01], [350, 360], Band(300, 500, 400))
    (1, 2)
    """
    if len(around) > MOST_BLOCKS:
        return None
    sets = connected_sets(around, load, band.max)
    return None if sets is None else _Cover(around, load, band, sets).find(0)


class Shortfall(NamedTuple):
    """Hold how many grids must at least be out of band, and by how many households such grids miss it in sum."""

    grids: int
    households: int


def shortfall(around: Sequence[int], load: Sequence[int], band: Band, *, beside: int = 0) -> Shortfall:
    """Return what a division misses the band by at least when no grid holds `min + max` households or more.

    (A grid that heavy can always be told to give some up, so it is no way out.) Only ask where there is no `division`.
    `beside` is the mask of blocks that touch one above the band: blocks that hold less than a grid may join it there,
    which counts like a grid out of band, but misses the band by no more households than they hold. One more grid is
    granted until a division is found; then the households that it misses the band by are halved in on. Where either
    takes too long, what has been ruled out by then is a lower bound all the same.

    >>> star = [0b1110, 0b0001, 0b0001, 0b0001]
    >>> shortfall(star, [450, 190, 190, 190], Band(300, 500, 400))
    Shortfall(grids=3, households=330)
    >>> shortfall([0], [120], Band(300, 500, 400)), shortfall([0], [120], Band(300, 500, 400), beside=0b1)
    (Shortfall(grids=1, households=180), Shortfall(grids=1, households=120))
    """
    sets = connected_sets(around, load, band.min + band.max - 1) if len(around) <= MOST_BLOCKS else None
    cover = _Cover(around, load, band, np.zeros(0, dtype=np.int64) if sets is None else sets, beside)
    low = max(1, cover.must_miss())
    if sets is None:
        return Shortfall(1, low)
    spare, found = 1, cover.find(1)
    while found == ():
        spare += 1
        found = cover.find(spare)
    high = cover.missed(found or ())
    while found is not None and low < high:
        middle = (low + high) // 2
        found = cover.find(spare, within=middle)
        if found is not None:
            low, high = (low, cover.missed(found)) if found else (middle + 1, high)
    return Shortfall(spare, low)


def suffices(around: Sequence[int], load: Sequence[int], band: Band, some: int, spare: int, *, beside: int = 0) -> bool:
    """Tell whether a division has no more than `spare` grids out of band, each with one of `some` blocks (a mask)."""
    sets = connected_sets(around, load, band.min + band.max - 1) if len(around) <= MOST_BLOCKS else None
    return sets is None or _Cover(around, load, band, sets, beside, some).find(spare) != ()


def misses(total: int, band: Band) -> int:
    """Return by how many households in sum grids miss the band, at least, if a total is shared out in any way.

    >>> [misses(total, Band(300, 500, 400)) for total in (120, 400, 520, 574, 1000)]
    [180, 0, 20, 26, 0]
    """
    most = total // band.min if band.min else 0
    if not band.min or len(band.feasible_counts(total)):
        return 0
    return min((most + 1) * band.min - total, total - most * band.max if most else band.min)


class _Cover:
    """Part blocks into some of the sets, a few of which, each with one of `some` blocks, may be out of band."""

    def __init__(
        self, around: Sequence[int], load: Sequence[int], band: Band, sets: Masks, beside: int = 0, some: int = -1
    ) -> None:
        self._around, self._load, self._band, self._beside = around, load, band, beside
        total = loads_of(sets, load)
        off = np.maximum(0, band.min - total) + np.maximum(0, total - band.max)
        off = np.where((sets & beside != 0) & (total < band.min), np.minimum(off, total), off)
        fits = (total >= band.min) & (total <= band.max)
        poor = ~fits & (sets & some != 0)
        lowest = sets & -sets
        bits = [1 << bit for bit in range(len(around))]
        self._good = {bit: sets[fits & (lowest == bit)] for bit in bits}
        self._poor = {bit: (sets[poor & (lowest == bit)], off[poor & (lowest == bit)]) for bit in bits}
        self._off = dict(zip(sets.tolist(), np.where(fits, 0, off).tolist(), strict=True))

    def must_miss(self) -> int:
        """Return by how many households in sum any division misses the band, at least, by arithmetic."""
        return sum(self._short((1 << len(self._around)) - 1))

    def missed(self, grids: Sequence[int]) -> int:
        """Return by how many households in sum grids miss the band."""
        return sum(self._off[grid] for grid in grids)

    def find(self, spare: int, within: int | None = None) -> tuple[int, ...] | None:
        """Return sets that part the blocks with no more than `spare` of them out of band, (): none do, None: too long.

        `within` bounds by how many households in sum those may miss the band.
        """
        slack = sum(self._load) + self._band.min * len(self._load) if within is None else within
        seen: dict[tuple[int, int], int] = {}
        came: dict[tuple[int, int, int], tuple[int, int, int]] = {}
        start = ((1 << len(self._around)) - 1, spare, slack)
        stack, pushed = [start], 0
        while stack:
            state = stack.pop()
            rest, left, slack = state
            if not rest:
                return tuple(sorted(_steps(state, came)))
            if any(seen.get((rest, more), -1) >= slack for more in range(left, spare + 1)):
                continue
            if pushed > _PATIENCE:
                return None
            seen[rest, left] = slack
            if self._is_hopeless(rest, left, slack):
                continue
            for onward in self._onward(rest, left, slack):
                came[onward] = state
                stack.append(onward)
                pushed += 1
        return ()

    def _short(self, rest: int) -> list[int]:
        """Return what every piece that no number of grids fits misses the band by."""
        pieces = ((piece, total, misses(total, self._band)) for piece, total in _pieces(rest, self._around, self._load))
        return [min(short, total) if piece & self._beside else short for piece, total, short in pieces if short]

    def _is_hopeless(self, rest: int, left: int, slack: int) -> bool:
        short = self._short(rest)
        return len(short) > left or sum(short) > slack

    def _onward(self, rest: int, left: int, slack: int) -> Iterator[tuple[int, int, int]]:
        """Yield what remains after each set that holds the lowest block of the rest; those in band come last."""
        if left:
            masks, off = self._poor[rest & -rest]
            fits = (masks & ~rest == 0) & (off <= slack)
            yield from ((rest & ~mask, left - 1, slack - short) for mask, short in _pairs(masks[fits], off[fits]))
        good = self._good[rest & -rest]
        yield from ((rest & ~mask, left, slack) for mask in good[good & ~rest == 0].tolist())


def _pairs(masks: Masks, off: Ints) -> Iterator[tuple[int, int]]:
    return zip(masks.tolist(), off.tolist(), strict=True)


def _steps(state: tuple[int, int, int], came: dict[tuple[int, int, int], tuple[int, int, int]]) -> Iterator[int]:
    """Yield the sets that led to a state."""
    while state in came:
        before = came[state]
        yield before[0] & ~state[0]
        state = before


def _pieces(rest: int, around: Sequence[int], load: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield every connected piece of a set of blocks with its load."""
    while rest:
        piece, edge, total = 0, rest & -rest, 0
        while edge:
            bit = edge.bit_length() - 1
            piece |= 1 << bit
            total += load[bit]
            edge = (edge | around[bit] & rest) & ~piece
        rest &= ~piece
        yield piece, total


def in_order(links: sparse.csr_array, chosen: Ints) -> Ints:
    """Return blocks in the order in which a walk from one at the rim meets them, so that cuts leave few pieces."""
    among = links[chosen][:, chosen]
    start = int(np.lexsort((chosen, np.diff(among.indptr)))[0])
    met = csgraph.breadth_first_order(among, start, directed=False, return_predecessors=False)
    return np.concatenate([chosen[met], np.setdiff1d(chosen, chosen[met])])


def masks_of(links: sparse.csr_array, chosen: Ints) -> list[int]:
    """Return for each of some blocks the mask of its neighbours among them."""
    among = links[chosen][:, chosen]
    ends = zip(among.indptr[:-1].tolist(), among.indptr[1:].tolist(), strict=True)
    return [sum(1 << k for k in among.indices[start:end].tolist()) for start, end in ends]


def trapped_blocks(parts: Parts, chosen: Ints, band: Band) -> Ints:
    """Return by how many households every grid with a block misses the band, for connected blocks within the band.

    0 where no claim is made. For most blocks a grid within the band is found by growing one. For the rest, all blocks
    that can share such a grid are collected (those reached along paths of at most `max` households): a block is trapped
    if they hold fewer than `min`, or if every connected set of them with the block misses the band.
    """
    inside = np.zeros(len(parts.load), dtype=bool)
    inside[chosen] = True
    free = np.zeros(len(parts.load), dtype=bool)
    missed = np.zeros(len(chosen), dtype=np.int64)
    for n, block in enumerate(chosen):
        if free[block]:
            continue
        grown = _grow(parts, int(block), inside, band, largest=True)
        grown = grown or _grow(parts, int(block), inside, band, largest=False)
        if grown:
            free[grown] = True
        else:
            missed[n] = _missed(parts, int(block), inside, band)
    return missed


def _grow(parts: Parts, block: int, inside: Flags, band: Band, *, largest: bool) -> list[int]:
    """Return a connected grid within the band around a block, or nothing if taking what fits best finds none."""
    sign = -1 if largest else 1
    grid, total, seen = [block], int(parts.load[block]), {block}
    frontier: list[tuple[int, int]] = []
    last = block
    while total < band.min:
        for near in parts.neighbours(last).tolist():
            if inside[near] and near not in seen:
                seen.add(near)
                heapq.heappush(frontier, (sign * int(parts.load[near]), near))
        while frontier and total + parts.load[frontier[0][1]] > band.max:
            heapq.heappop(frontier)
        if not frontier:
            return []
        last = heapq.heappop(frontier)[1]
        grid.append(last)
        total += int(parts.load[last])
    return grid


def _missed(parts: Parts, block: int, inside: Flags, band: Band) -> int:
    """Return by how many households every grid with a block misses the band, at least; 0 if one may keep it."""
    near = reach(parts, block, inside, band.max)
    few = int(parts.load[near].sum()) < band.min
    sets = None
    if len(near) <= MOST_BLOCKS:
        around = masks_of(parts.links, near)
        sets = connected_sets(around, parts.load[near].tolist(), band.max)
    if sets is None:
        return int(few)
    sets = sets[sets >> int(np.searchsorted(near, block)) & 1 == 1]
    total = loads_of(sets, parts.load[near].tolist())
    if (total >= band.min).any():
        return 0
    over = [int(parts.load[block])] if parts.oversize[_around(parts, near)].any() else []
    over += _steps_over(parts, near, inside, sets, total, band)
    return min([band.min - int(total.max()), *over])


def _around(parts: Parts, chosen: Ints) -> Ints:
    """Return some blocks and all their neighbours."""
    return np.unique(np.concatenate([chosen, *(parts.neighbours(int(block)) for block in chosen)]))


def _steps_over(parts: Parts, near: Ints, inside: Flags, sets: Masks, total: Ints, band: Band) -> list[int]:
    """Return by how many households sets exceed the band when one more block carries them over it."""
    over = []
    for block in _around(parts, near):
        if inside[block]:
            beside = np.isin(near, parts.neighbours(int(block)))
            rim = sum(1 << n for n in np.flatnonzero(beside).tolist())
            own = sum(1 << n for n in np.flatnonzero(near == block).tolist())
            grown = total[(sets & rim != 0) & (sets & own == 0)] + parts.load[block]
            over += (grown[grown > band.max] - band.max).tolist()
    return over


def reach(parts: Parts, block: int, inside: Flags, most: int) -> Ints:
    """Return the blocks at the end of paths that hold at most `most` households together, both ends counted."""
    best = {block: int(parts.load[block])}
    queue = [(best[block], block)]
    while queue:
        total, here = heapq.heappop(queue)
        if total > best[here]:
            continue
        for near in parts.neighbours(here).tolist():
            onward = total + int(parts.load[near])
            if inside[near] and onward <= most and onward < best.get(near, most + 1):
                best[near] = onward
                heapq.heappush(queue, (onward, near))
    return np.array(sorted(best), dtype=np.int64)
