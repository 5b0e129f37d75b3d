"""Answer exactly for a few blocks: can they be cut into grids within the band, and if not, how close can one come.

Sets of blocks are bit masks. All connected sets up to the maximum of the band are grown block by block; a depth-first
search then covers the blocks grid by grid, always with the lowest block still open, drops what leaves a rest that no
number of grids fits, and remembers dead ends. Nothing is claimed where this would take too long.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

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


def connected_sets(around: Sequence[int], load: Sequence[int], most: int) -> Masks | None:
    """Return the masks of all connected sets of blocks with a load up to `most`, rising; None if they are too many.

    `around` holds the mask of each block's neighbours.

    >>> connected_sets([0b010, 0b101, 0b010], [100, 200, 300], 500).tolist()
    [1, 2, 3, 4, 6]
    """
    count = len(around)
    near, weight = np.array(around, dtype=np.int64), np.array(load, dtype=np.int64)
    single = np.flatnonzero(weight <= most)
    masks, rim, total = np.int64(1) << single, near[single], weight[single]
    found = [masks]
    while len(masks):
        grown, rims, totals = [], [], []
        for bit in range(count):
            rows = np.flatnonzero((rim >> bit & 1 == 1) & (masks >> bit & 1 == 0) & (total + weight[bit] <= most))
            grown.append(masks[rows] | np.int64(1) << np.int64(bit))
            rims.append(rim[rows] | near[bit])
            totals.append(total[rows] + weight[bit])
        masks, first = np.unique(np.concatenate(grown), return_index=True)
        rim, total = np.concatenate(rims)[first], np.concatenate(totals)[first]
        found.append(masks)
        if sum(map(len, found)) > _MOST_SETS:
            return None
    return np.sort(np.concatenate(found))


def loads_of(masks: Masks, load: Sequence[int]) -> Ints:
    """Return the load of each set."""
    total = np.zeros(len(masks), dtype=np.int64)
    for bit, households in enumerate(load):
        total += (masks >> bit & 1) * households
    return total


def can_be_cut(around: Sequence[int], load: Sequence[int], band: Band) -> bool | None:
    """Tell whether blocks can be cut into connected grids within the band; None if that takes too long to settle.

    >>> star = [0b1110, 0b0001, 0b0001, 0b0001]
    >>> can_be_cut(star, [450, 100, 100, 100], Band(300, 500, 400))
    False
    >>> can_be_cut([0b10, 0b01], [350, 350], Band(300, 500, 400))
    True
    """
    if len(around) > MOST_BLOCKS:
        return None
    sets = connected_sets(around, load, band.max)
    return None if sets is None else _cover(around, load, band, sets, 0)


def fewest_out_of_band(around: Sequence[int], load: Sequence[int], band: Band) -> int:
    """Return how many grids must at least be out of band when no grid holds `min + max` households or more.

    (A grid that heavy can always be told to give some up, so it is no way out.) Only ask where `can_be_cut` says no.
    One more grid out of band is granted until a division is found, or until that takes too long: what has been ruled
    out by then is a lower bound all the same.

    >>> star = [0b1110, 0b0001, 0b0001, 0b0001]
    >>> fewest_out_of_band(star, [450, 190, 190, 190], Band(300, 500, 400))
    3
    """
    if len(around) > MOST_BLOCKS:
        return 1
    sets = connected_sets(around, load, band.min + band.max - 1)
    spare = 1
    while sets is not None and _cover(around, load, band, sets, spare) is False:
        spare += 1
    return spare


def _cover(around: Sequence[int], load: Sequence[int], band: Band, sets: Masks, spare: int) -> bool | None:
    """Tell whether some of the sets part the blocks with no more than `spare` of them out of band; None: too long."""
    total = loads_of(sets, load)
    fits = (total >= band.min) & (total <= band.max)
    lowest = sets & -sets
    good = {1 << bit: sets[fits & (lowest == 1 << bit)] for bit in range(len(around))}
    poor = {1 << bit: sets[~fits & (lowest == 1 << bit)] for bit in range(len(around))}
    seen: dict[int, int] = {}
    stack = [((1 << len(around)) - 1, spare)]
    pushed = 0
    while stack:
        rest, left = stack.pop()
        if not rest:
            return True
        if seen.get(rest, -1) >= left:
            continue
        if pushed > _PATIENCE:
            return None
        seen[rest] = left
        if sum(not len(band.feasible_counts(piece)) for piece in _piece_loads(rest, around, load)) > left:
            continue
        for chosen, cost in ((poor, 1), (good, 0)):
            if cost <= left:
                candidates = chosen[rest & -rest]
                onward = rest & ~candidates[candidates & ~rest == 0]
                stack.extend((mask, left - cost) for mask in onward.tolist())
                pushed += len(onward)
    return False


def _piece_loads(rest: int, around: Sequence[int], load: Sequence[int]) -> Iterator[int]:
    """Yield the load of every connected piece of a set of blocks."""
    while rest:
        piece, edge, total = 0, rest & -rest, 0
        while edge:
            bit = edge.bit_length() - 1
            piece |= 1 << bit
            total += load[bit]
            edge = (edge | around[bit] & rest) & ~piece
        rest &= ~piece
        yield total


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


def trapped_blocks(parts: Parts, chosen: Ints, band: Band) -> Flags:
    """Mark, among connected blocks none of which is oversize, those that no grid within the band can hold.

    For most blocks a grid within the band is found by growing one. For the rest, all blocks that can share such a grid
    are collected (those reached along paths of at most `max` households): a block is trapped if they hold fewer than
    `min`, or if every connected set of them with the block misses the band. Where neither is settled, nothing is
    claimed.
    """
    inside = np.zeros(len(parts.load), dtype=bool)
    inside[chosen] = True
    free = np.zeros(len(parts.load), dtype=bool)
    trapped = np.zeros(len(chosen), dtype=bool)
    for n, block in enumerate(chosen):
        if free[block]:
            continue
        grown = _grow(parts, int(block), inside, band, largest=True)
        grown = grown or _grow(parts, int(block), inside, band, largest=False)
        if grown:
            free[grown] = True
        else:
            trapped[n] = _is_trapped(parts, int(block), inside, band)
    return trapped


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


def _is_trapped(parts: Parts, block: int, inside: Flags, band: Band) -> bool:
    reach = _reach(parts, block, inside, band.max)
    if parts.load[reach].sum() < band.min:
        return True
    if len(reach) > MOST_BLOCKS:
        return False
    load = parts.load[reach].tolist()
    sets = connected_sets(masks_of(parts.links, reach), load, band.max)
    if sets is None:
        return False
    total = loads_of(sets, load)
    with_block = sets >> int(np.flatnonzero(reach == block)[0]) & 1 == 1
    return not bool((with_block & (total >= band.min)).any())


def _reach(parts: Parts, block: int, inside: Flags, most: int) -> Ints:
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
