"""Find the grid that a set of block prices makes cheapest, or prove that none is cheap: an exact search, compiled.

A grid S is worth what it costs less the prices of its blocks: `half of its border + toll on its load - sum of prices`.
For every block as the first of S, grids are grown block by block: a block on the rim is taken, or left for good. What
is still open is bounded by prices levelled along the borders (`flow`) and a price on load, both the best for that first
block, so that a step costs no more than a look at the neighbours of a block. Grids are connected by construction.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.flow import Basin, Pipes, level_prices
from gis_grid.partition.kernels import ZERO, Flags, Floats, Ints, Words


class Field(NamedTuple):
    """Hold what stays the same for all prices: borders, links, loads, tolls, and the order of blocks.

    `toll[w]` is what a grid of load w pays, infinite where none may have it; `loose[w]` is the same for grids that
    hold a block of `excused`, which alone may be out of band. `rank` orders the blocks; a grid's first is its root.
    """

    pipes: Pipes
    link: Flags
    load: Ints
    toll: Floats
    loose: Floats
    excused: Flags
    rank: Ints


class Nest(NamedTuple):
    """Hold the state of one search.

    `state` of a block is 0 open, 1 taken, 2 left; `taken` and `left` are what its settled neighbours add to a choice;
    `gap` and `both` say for an arc what is lost when only its tail is taken, or both its ends are; `total` adds up what
    is settled, the bound on what is open, what leaving all of it costs, the price on load, and grows with the search.
    """

    state: Ints
    inside: Ints
    price: Floats
    gap: Floats
    both: Floats
    taken: Floats
    left: Floats
    near: Ints
    open: Ints
    far: Ints
    stack: Ints
    turn: Ints
    floor: Floats
    least: Floats
    total: Floats
    load: Ints


class Found(NamedTuple):
    """Hold grids found: rows of bits, what each is worth, its load, and how many rows are filled."""

    bits: Words
    worth: Floats
    load: Ints
    fill: Ints


#: Places in `Nest.total` and `Nest.load`.
_SETTLED, _OPEN, _ALONE, _WEIGHT = 0, 1, 2, 3
_LOAD, _EXCUSED = 0, 1


@compiled
def _reach(root: int, most: int, field: Field, nest: Nest) -> int:
    """Mark the blocks that a grid with this root can hold, by the lightest way to each; return how many."""
    n = len(field.load)
    for v in range(n):
        nest.far[v] = most + 1
        nest.inside[v] = 0
        nest.state[v] = 2
    nest.far[root] = field.load[root]
    count = ZERO
    while True:
        v, best = -1, most + 1
        for u in range(n):
            if nest.inside[u] == 0 and nest.far[u] < best:
                v, best = u, nest.far[u]
        if v < 0:
            return count
        nest.inside[v] = 1
        nest.state[v] = 0
        nest.open[count] = v
        count += 1
        for e in range(field.pipes.ptr[v], field.pipes.ptr[v + 1]):
            u = field.pipes.nbr[e]
            if field.link[e] and field.rank[u] > field.rank[root] and best + field.load[u] < nest.far[u]:
                nest.far[u] = best + field.load[u]


@compiled
def _lay_out(root: int, count: int, weight: float, field: Field, dual: Floats, nest: Nest, basin: Basin) -> None:
    """Write down the price of every block in reach and the capacity of every border, the root being taken."""
    pipes = field.pipes
    for i in range(count):
        v = nest.open[i]
        basin.price[v] = weight * field.load[v] - dual[v]
        for e in range(pipes.ptr[v], pipes.ptr[v + 1]):
            u, half = pipes.nbr[e], pipes.half[e]
            basin.left[e], nest.both[e] = 0.0, 0.0
            if u == root:
                basin.price[v] -= half
            elif nest.inside[u] == 0 or v == root:
                basin.price[v] += half
            elif half < 0.0:
                basin.price[v] += half
                nest.both[e] = -2.0 * half
            else:
                basin.left[e] = half


@compiled
def _bound(
    root: int, count: int, weight: float, toll: Floats, field: Field, dual: Floats, nest: Nest, basin: Basin
) -> tuple[float, float]:
    """Return the bound that a price on load gives, and by how much load it would have to be dearer (its slope)."""
    _lay_out(root, count, weight, field, dual, nest, basin)
    level_prices(field.pipes, nest.inside, basin)
    bound, held = basin.price[root], field.load[root]
    for i in range(1, count):
        v = nest.open[i]
        if basin.price[v] < 0.0:
            bound += basin.price[v]
            held += field.load[v]
    best, at = np.inf, ZERO
    for w in range(field.load[root], len(toll)):
        if toll[w] - weight * w < best:
            best, at = toll[w] - weight * w, w
    return bound + best, float(held - at)


@compiled
def _best_weight(
    root: int, count: int, scale: float, toll: Floats, field: Field, dual: Floats, nest: Nest, basin: Basin
) -> tuple[float, float]:
    """Return the price on load with the best bound, and the bound; both are concave in it."""
    low, high = -scale, scale
    chosen, best = 0.0, -np.inf
    weight = 0.0
    for _ in range(12):
        bound, slope = _bound(root, count, weight, toll, field, dual, nest, basin)
        if bound > best:
            chosen, best = weight, bound
        if slope == 0.0:
            break
        if slope > 0.0:
            low = weight
        else:
            high = weight
        weight = 0.5 * (low + high)
    return chosen, best


@compiled
def _shift(v: int, field: Field, nest: Nest, sign: float, take: bool) -> None:
    """Settle a block (or unsettle it, with sign -1): its open neighbours learn what that means for them."""
    pipes = field.pipes
    for e in range(pipes.ptr[v], pipes.ptr[v + 1]):
        u = pipes.nbr[e]
        if nest.state[u] != 0:
            continue
        nest.total[_OPEN] -= min(nest.price[u] + nest.taken[u], nest.left[u])
        if take:
            nest.total[_ALONE] += sign * nest.gap[e]
            nest.left[u] += sign * nest.gap[e]
            nest.taken[u] += sign * nest.both[e]
            if field.link[e]:
                nest.near[u] += 1 if sign > 0.0 else -1
        else:
            nest.taken[u] += sign * nest.gap[pipes.back[e]]
        nest.total[_OPEN] += min(nest.price[u] + nest.taken[u], nest.left[u])


@compiled
def _settle(v: int, take: bool, field: Field, nest: Nest) -> None:
    """Take a block, or leave it."""
    inner = nest.price[v] + nest.taken[v]
    nest.total[_OPEN] -= min(inner, nest.left[v])
    nest.total[_ALONE] -= nest.left[v]
    nest.total[_SETTLED] += inner if take else nest.left[v]
    nest.state[v] = 1 if take else 2
    if take:
        nest.load[_LOAD] += field.load[v]
        nest.load[_EXCUSED] += field.excused[v]
    _shift(v, field, nest, 1.0, take)


@compiled
def _unsettle(v: int, field: Field, nest: Nest) -> bool:
    """Open a block again; tell whether it had been taken."""
    take = bool(nest.state[v] == 1)
    _shift(v, field, nest, -1.0, take)
    if take:
        nest.load[_LOAD] -= field.load[v]
        nest.load[_EXCUSED] -= field.excused[v]
    nest.state[v] = 0
    inner = nest.price[v] + nest.taken[v]
    nest.total[_OPEN] += min(inner, nest.left[v])
    nest.total[_ALONE] += nest.left[v]
    nest.total[_SETTLED] -= inner if take else nest.left[v]
    return take


@compiled
def _next_block(count: int, most: int, room: float, field: Field, nest: Nest) -> tuple[int, int]:
    """Choose the block of the rim whose choice matters most; return it and the open ways: 1 leave, 2 take, 3 both."""
    chosen, open_ways, most_lost = -1, 3, -1.0
    for i in range(1, count):
        v = nest.open[i]
        if nest.state[v] != 0 or nest.near[v] == 0:
            continue
        if nest.load[_LOAD] + field.load[v] > most:
            return v, 1
        lost = abs(nest.price[v] + nest.taken[v] - nest.left[v])
        if lost > most_lost:
            chosen, most_lost = v, lost
    if chosen >= 0 and most_lost >= room:
        open_ways = 2 if nest.price[chosen] + nest.taken[chosen] < nest.left[chosen] else 1
    return chosen, open_ways


@compiled
def _keep(count: int, worth: float, nest: Nest, found: Found) -> None:
    """Write the blocks taken down as a grid found, if there is room."""
    row = found.fill[0]
    if row == len(found.worth):
        return
    found.fill[0] += 1
    found.worth[row], found.load[row] = worth, nest.load[_LOAD]
    found.bits[row, :] = 0
    for i in range(count):
        v = nest.open[i]
        if nest.state[v] == 1:
            found.bits[row, v >> 6] |= np.uint64(1) << np.uint64(v & 63)


@compiled
def _begin(root: int, count: int, weight: float, toll: Floats, field: Field, nest: Nest, basin: Basin) -> None:
    """Start with the root alone: prices and gaps from the basin, the least toll from every load upwards."""
    pipes = field.pipes
    nest.total[:] = 0.0
    nest.total[_WEIGHT] = weight
    nest.load[:] = 0
    for i in range(count):
        v = nest.open[i]
        nest.price[v], nest.taken[v], nest.left[v], nest.near[v] = basin.price[v], 0.0, 0.0, 0
        nest.total[_OPEN] += min(basin.price[v], 0.0)
        for e in range(pipes.ptr[v], pipes.ptr[v + 1]):
            nest.gap[e] = basin.left[e]
    least = np.inf
    for w in range(len(toll) - 1, -1, -1):
        least = min(least, toll[w] - weight * w)
        nest.least[w] = least
    _settle(root, True, field, nest)


@compiled
def _grow(
    count: int, below: float, every: bool, limit: int, field: Field, nest: Nest, found: Found
) -> tuple[float, int]:
    """Search from the root; return a bound on what was looked for, and the steps taken.

    Grids worth less than `below` are kept: all of them where `every` is set, else only those better than any before.
    """
    most = len(field.toll) - 1
    depth, steps, fresh, best = ZERO, ZERO, True, below
    while True:
        if fresh:
            load = nest.load[_LOAD]
            pay = field.loose[load] if nest.load[_EXCUSED] > 0 else field.toll[load]
            worth = nest.total[_SETTLED] + nest.total[_ALONE] + pay - nest.total[_WEIGHT] * load
            if worth < best - 1e-9:
                _keep(count, worth, nest, found)
                if not every:
                    best = worth
        steps += 1
        bound = nest.total[_SETTLED] + nest.total[_OPEN] + nest.least[nest.load[_LOAD]]
        v, ways = -1, 0
        if bound < best - 1e-9:
            v, ways = _next_block(count, most, best - 1e-9 - bound, field, nest)
        if v >= 0 and steps >= limit:
            for i in range(depth):
                if nest.turn[i] > 0:
                    bound = min(bound, nest.floor[i])
            break
        if v >= 0:
            first = ways == 2 or (ways == 3 and nest.price[v] + nest.taken[v] < nest.left[v])
            nest.stack[depth], nest.floor[depth] = v, bound
            nest.turn[depth] = 1 if ways == 3 else 0
            depth += 1
            _settle(v, first, field, nest)
            fresh = first
            continue
        while depth > 0:
            v = nest.stack[depth - 1]
            took = _unsettle(v, field, nest)
            if nest.turn[depth - 1] > 0 and nest.floor[depth - 1] < best - 1e-9:
                nest.turn[depth - 1] = 0
                _settle(v, not took, field, nest)
                fresh = not took
                break
            depth -= 1
        if depth == 0:
            return best, steps
    while depth > 0:
        depth -= 1
        _unsettle(nest.stack[depth], field, nest)
    return min(best, bound), steps


@compiled
def _any_excused(count: int, field: Field, nest: Nest) -> bool:
    """Tell whether a block in reach may lie in a grid out of band."""
    for i in range(count):
        if field.excused[nest.open[i]]:
            return True
    return False


@entrance
def price_roots(
    field: Field,
    dual: Floats,
    below: float,
    every: bool,
    limit: int,
    nest: Nest,
    basin: Basin,
    found: Found,
    bounds: Floats,
) -> int:
    """Search from every block as the root; fill `bounds` with what no grid of that root is worth less than.

    `dual` are the prices of the blocks, `limit` the steps for each root. Grids worth less than `below` go to `found`.
    Returns the steps taken.
    """
    n = len(field.load)
    most = len(field.toll) - 1
    tight = most
    while tight > 0 and field.toll[tight] == np.inf:
        tight -= 1
    scale = 1e-9
    for v in range(n):
        scale = max(scale, abs(dual[v]))
    scale = 4.0 * scale / max(1.0, most / 8.0)
    steps = ZERO
    for root in range(n):
        bounds[root] = np.inf
        if field.load[root] > most:
            continue
        count = _reach(root, most, field, nest)
        toll = field.loose
        if not _any_excused(count, field, nest):  # then the grid must be in band, which it reaches less far for
            toll = field.toll
            count = _reach(root, tight, field, nest)
        weight, bound = _best_weight(root, count, scale, toll, field, dual, nest, basin)
        bounds[root] = bound
        if bound >= below:
            continue
        _bound(root, count, weight, toll, field, dual, nest, basin)
        _begin(root, count, weight, toll, field, nest, basin)
        proved, taken = _grow(count, below, every, limit, field, nest, found)
        bounds[root] = max(bound, proved)
        steps += taken
    return steps
