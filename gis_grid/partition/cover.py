"""Choose the cheapest set of grids from a pool so that every block lies in exactly one: set partitioning, compiled.

Prices for blocks come first, from the Lagrangian relaxation that lets every block be the first of one grid at most: a
subgradient search (Held, Wolfe and Crowder 1974) over the whole pool. Lowered until no grid of the pool costs less than
its blocks, they add up to a bound on every division, and what a grid costs above its blocks says how much dearer than
that bound a division with it must be. Few grids are left that could be part of a better one; a depth-first search
settles them, always at the open block that fewest of them hold. All is counted in steps, never in seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.kernels import ZERO, Flags, Floats, Ints, Words

#: Open blocks that are compared at each step of the search.
_LOOKS = 8


class Pool(NamedTuple):
    """Hold grids in compressed rows: the blocks of grid `g` are `block[ptr[g]:ptr[g + 1]]`, rising; and their costs."""

    ptr: Ints
    block: Ints
    cost: Floats


class Limits(NamedTuple):
    """Bound how many grids a division may have, and how far the search goes: rounds for prices, nodes for covers."""

    fewest: int = 1
    most: int = 1 << 30
    rounds: int = 300
    nodes: int = 20_000


class Cover(NamedTuple):
    """Hold the cheapest division found: its grids, its cost, and what none of the pool can be cheaper than.

    `settled` says that none of the pool is cheaper than `cost`.
    """

    chosen: Ints
    cost: float
    bound: float
    settled: bool


def pool_of(member: Flags, cost: Floats) -> Pool:
    """Return a pool from a table with a row for every grid and a column for every block."""
    grid, block = np.nonzero(member)
    ptr = np.searchsorted(grid, np.arange(len(member) + 1))
    return Pool(ptr.astype(np.int64), block.astype(np.int64), np.ascontiguousarray(cost, dtype=np.float64))


def cheapest_cover(pool: Pool, blocks: int, chosen: Ints, limits: Limits = Limits()) -> Cover:  # noqa: B008  frozen
    """Return the cheapest exact cover of all blocks that the search finds, never dearer than the given one.

    `chosen` are the grids of a known division that keeps the limits.

    Examples
    --------
    >>> pool = Pool(np.array([0, 2, 3, 4, 6]), np.array([0, 1, 2, 0, 1, 2]), np.array([5.0, 5.0, 3.0, 4.0]))
    >>> cheapest_cover(pool, 3, np.array([0, 1])).chosen.tolist()
    [2, 3]
    """
    known = float(pool.cost[chosen].sum())
    price = np.zeros(blocks)
    for grid in chosen:
        held = pool.block[pool.ptr[grid] : pool.ptr[grid + 1]]
        price[held] = pool.cost[grid] / len(held)
    return search_cover(pool, subgradient(pool, price, known, limits.rounds), chosen, limits)


def search_cover(pool: Pool, price: Floats, chosen: Ints, limits: Limits) -> Cover:
    """Return the cheapest exact cover by a depth-first search within prices of blocks that no grid falls below."""
    known, bound = float(pool.cost[chosen].sum()), float(price.sum())
    extra = above(pool, price)
    kept = np.flatnonzero(extra < known - bound - 1e-9 * max(1.0, known))
    kept = kept[np.lexsort((kept, extra[kept]))]
    if bound >= known - 1e-9 * max(1.0, known) or len(kept) == 0:
        return Cover(chosen, known, min(bound, known), True)
    words = (len(price) + 63) // 64
    mask, holders, at = _by_block(pool, kept, len(price), words)
    best = np.full(len(price) + 1, -1, dtype=np.int64)
    found, steps = depth_first(mask, holders, at, extra[kept], known - bound, limits, best)
    if found < known - bound:
        chosen = np.sort(kept[best[best >= 0]])
        known = float(pool.cost[chosen].sum())
    return Cover(chosen, known, bound, steps < limits.nodes)


def _by_block(pool: Pool, kept: Ints, blocks: int, words: int) -> tuple[Words, Ints, Ints]:
    """Return kept grids as rows of bits, and for every block the kept grids that hold it, the cheapest first."""
    size = np.diff(pool.ptr)[kept]
    start = np.repeat(pool.ptr[kept] - np.concatenate([[0], np.cumsum(size)[:-1]]), size)
    block = pool.block[start + np.arange(int(size.sum()))]
    grid = np.repeat(np.arange(len(kept)), size)
    mask = np.zeros((len(kept), words), dtype=np.uint64)
    np.bitwise_or.at(mask, (grid, block >> 6), np.uint64(1) << (block & 63).astype(np.uint64))
    order = np.lexsort((grid, block))
    at = np.searchsorted(block[order], np.arange(blocks + 1)).astype(np.int64)
    return mask, grid[order].astype(np.int64), at


@entrance
def above(pool: Pool, price: Floats) -> Floats:
    """Return what every grid costs above the prices of its blocks."""
    extra = pool.cost.copy()
    for grid in range(len(extra)):
        for i in range(pool.ptr[grid], pool.ptr[grid + 1]):
            extra[grid] -= price[pool.block[i]]
    return extra


@entrance
def subgradient(pool: Pool, price: Floats, known: float, rounds: int) -> Floats:
    """Return prices of blocks that no grid of the pool falls below and that add up to as much as the search can make.

    `known` is the cost of a division: the most that prices can add up to.
    """
    blocks, grids = len(price), len(pool.cost)
    live = np.arange(grids)
    now, best, mean = price.copy(), price.copy(), np.zeros(blocks)
    least, pick = np.zeros(blocks), np.full(blocks, -1, dtype=np.int64)
    slope = np.zeros(blocks)
    top, length, stale = -np.inf, 1.0, ZERO
    for turn in range(rounds):
        least[:] = 0.0
        pick[:] = -1
        kept = ZERO
        room = known - max(top, 0.0)
        for k in range(len(live)):
            grid = live[k]
            if pool.ptr[grid] == pool.ptr[grid + 1]:
                continue  # a grid without blocks is part of no division
            extra = pool.cost[grid]
            for i in range(pool.ptr[grid], pool.ptr[grid + 1]):
                extra -= now[pool.block[i]]
            first = pool.block[pool.ptr[grid]]
            if extra < least[first]:
                least[first], pick[first] = extra, grid
            if turn % 20 != 19 or extra < 2.0 * room:
                live[kept] = grid
                kept += 1
        live = live[:kept]
        bound = now.sum() + least.sum()
        if bound > top:
            stale = ZERO
            top = bound
            best[:] = now + least
        else:
            stale += 1
            if stale == 8:
                stale = ZERO
                length *= 0.6
        slope[:] = 1.0
        for v in range(blocks):
            if pick[v] >= 0:
                for i in range(pool.ptr[pick[v]], pool.ptr[pick[v] + 1]):
                    slope[pool.block[i]] -= 1.0
        mean[:] = slope + 0.6 * mean
        size = (mean * mean).sum()
        if size < 1e-9 or top >= known - 1e-7 * abs(known) or length < 1e-4:
            break
        now += mean * (length * max(known - bound, 1e-6 * abs(known)) / size)
    _lower(pool, best)  # grids that were let go on the way may cost less than their blocks by now
    return best


@compiled
def _lower(pool: Pool, price: Floats) -> None:
    """Lower prices until no grid costs less than its blocks, beginning with the grids that do by most."""
    extra = above(pool, price)
    for grid in np.argsort(extra):
        if extra[grid] >= 0.0:
            break
        now = pool.cost[grid]
        for i in range(pool.ptr[grid], pool.ptr[grid + 1]):
            now -= price[pool.block[i]]
        if pool.ptr[grid] < pool.ptr[grid + 1]:
            price[pool.block[pool.ptr[grid]]] += min(now, 0.0)


@compiled
def _open_block(covered: Words, mask: Words, at: Ints, holders: Ints, order: Ints) -> int:
    """Return the open block that fewest grids hold which fit what is covered; -1 if none is open.

    Only the first few open blocks of the `order` are looked at.
    """
    chosen, fewest, looks = -1, len(mask) + 1, ZERO
    for v in order:
        if covered[v >> 6] >> np.uint64(v & 63) & np.uint64(1):
            continue
        if looks == _LOOKS:
            break
        looks += 1
        count = ZERO
        for i in range(at[v], at[v + 1]):
            free = True
            for w in range(len(covered)):
                free = free and (mask[holders[i], w] & covered[w]) == 0
            count += free
            if count >= fewest:
                break
        if count < fewest:
            chosen, fewest = v, count
            if count <= 1:
                break
    return chosen


@entrance
def depth_first(
    mask: Words, holders: Ints, at: Ints, extra: Floats, limit: float, limits: Limits, best: Ints
) -> tuple[float, int]:
    """Search exact covers whose grids cost less than `limit` above the prices in sum; return the least, and the steps.

    `mask` are the grids as rows of bits, cheapest first; `holders[at[v]:at[v + 1]]` those with block v. `best` receives
    the grids of the cheapest cover; -1 in it stands for nothing.
    """
    blocks, words = len(at) - 1, mask.shape[1]
    covered = np.zeros((blocks + 1, words), dtype=np.uint64)
    spent = np.zeros(blocks + 1)
    block, cursor, taken = (
        np.zeros(blocks + 1, np.int64),
        np.zeros(blocks + 1, np.int64),
        np.zeros(blocks + 1, np.int64),
    )
    depth, steps = ZERO, ZERO
    order = np.argsort(at[1:] - at[:-1])
    block[0] = _open_block(covered[0], mask, at, holders, order)
    cursor[0] = at[block[0]]
    while depth >= 0 and steps < limits.nodes:
        if cursor[depth] == at[block[depth] + 1]:
            depth -= 1
            continue
        grid = holders[cursor[depth]]
        cursor[depth] += 1
        if spent[depth] + extra[grid] >= limit:
            cursor[depth] = at[block[depth] + 1]  # the rest is dearer still
            continue
        free = True
        for w in range(words):
            free = free and (mask[grid, w] & covered[depth, w]) == 0
        if not free:
            continue
        steps += 1
        taken[depth] = grid
        for w in range(words):
            covered[depth + 1, w] = covered[depth, w] | mask[grid, w]
        spent[depth + 1] = spent[depth] + extra[grid]
        v = _open_block(covered[depth + 1], mask, at, holders, order)
        if v < 0:
            if depth + 1 < limits.fewest:
                continue
            limit = spent[depth + 1]
            best[:] = -1
            best[: depth + 1] = taken[: depth + 1]
            continue
        if depth + 1 < limits.most:
            depth += 1
            block[depth], cursor[depth] = v, at[v]
    return limit, steps
