"""What an update goes by, compiled: legality as the rules see it, and how many households leave the grid they were in.

Here are the books of a division and the smaller of the steps that change it: one block goes to the grid beside it, or
two blocks go one after the other, so that a swap or a push along a chain of grids is one step.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.kernels import (
    ZERO,
    Desk,
    Flags,
    Floats,
    Ints,
    Law,
    Net,
    Words,
    balance_of,
    draw,
    grids_out,
    stays_whole,
)

#: A block with people weighs so much among the blocks of a grid that a finding is about, one without weighs 1.
LIVED_IN = cast(int, np.int64(1 << 20))
#: Places in the books: errors, households off the band, households and blocks away from home, cost.
ERRORS, OFF, MOVED, BLOCKS, COST = 0, 1, 2, 3, 4


class Ground(NamedTuple):
    """Hold what legality and staying hang on.

    `home` is the grid each block was in (-1: none, or one it can never return to) and `held` what each grid held,
    `heavy` marks blocks above the band, `cause` numbers the finding that is about a block (-1: none), `least` says
    how many grids out of band each finding excuses.
    """

    home: Ints
    held: Ints
    heavy: Flags
    cause: Ints
    least: Ints


class Drawing(NamedTuple):
    """Hold a division: the grid of each block, and sums over the blocks of each grid.

    These are households, those that were in it before, blocks, heavy blocks, blocks with people that no finding is
    about, and blocks of each finding (`held`); `fresh` marks grids that have just changed.
    """

    label: Ints
    load: Ints
    kept: Ints
    size: Ints
    heavy: Ints
    spare: Ints
    held: Ints
    fresh: Flags


class Prices(NamedTuple):
    """Say what an error, a household off the band and a unit of cost weigh, a household away from home weighing 1.

    `cap` is how many households may be away from home at most; each beyond it weighs `beyond`.
    """

    error: float
    off: float
    cost: float
    cap: float
    beyond: float


@compiled
def _count(v: int, grid: int, sign: int, net: Net, ground: Ground, now: Drawing) -> None:
    """Add a block to the sums of a grid, or take it off."""
    now.load[grid] += sign * net.load[v]
    now.size[grid] += sign
    if ground.home[v] == grid:
        now.kept[grid] += sign * net.load[v]
    lived = net.load[v] > 0
    if ground.heavy[v]:
        now.heavy[grid] += sign
    if ground.cause[v] >= 0:
        now.held[grid, ground.cause[v]] += sign * (LIVED_IN if lived else 1)
    elif lived:
        now.spare[grid] += sign


@compiled
def _weight(grid: int, law: Law, now: Drawing) -> float:
    return balance_of(now.load[grid], law) if now.size[grid] > 0 else 0.0


@compiled
def hand_over(v: int, new: int, net: Net, law: Law, ground: Ground, now: Drawing, books: Floats) -> None:
    """Put a block into another grid, and bring everything but errors up to date in the books."""
    old = now.label[v]
    for e in range(net.ptr[v], net.ptr[v + 1]):
        grid = now.label[net.nbr[e]]
        if grid == old:
            books[COST] += net.price[e]
        elif grid == new:
            books[COST] -= net.price[e]
    books[COST] -= _weight(old, law, now) + _weight(new, law, now)
    _count(v, old, -1, net, ground, now)
    _count(v, new, 1, net, ground, now)
    books[COST] += _weight(old, law, now) + _weight(new, law, now)
    now.label[v] = new
    now.fresh[old] = now.fresh[new] = True
    home = ground.home[v]
    if home >= 0:
        away = (old == home) - (new == home)
        books[MOVED] += away * net.load[v]
        books[BLOCKS] += away


@compiled
def judge(law: Law, ground: Ground, now: Drawing, left: Ints, books: Floats) -> None:
    """Count in the books the grids out of band that nothing excuses (as the rule `band` does), and by how much."""
    left[:] = ground.least
    books[ERRORS] = books[OFF] = 0.0
    for turn in range(2):  # grids with a block above the band answer to the findings first
        for g in range(len(now.size)):
            load = now.load[g]
            if now.size[g] == 0 or law.lo <= load <= law.hi or (now.heavy[g] > 0) != (turn == 0):
                continue
            answered, room = False, False
            for k in range(len(left)):
                if now.held[g, k] >= (LIVED_IN if load > 0 else 1):
                    answered = True
                    room |= left[k] > 0
                    left[k] -= 1
            excused = answered and now.heavy[g] <= 1
            if now.heavy[g] > 0:
                excused &= now.spare[g] == 0
            else:
                excused &= room and load < law.lo + law.hi
            if not excused:
                books[ERRORS] += grids_out(load, law)
                books[OFF] += max(law.lo - load, 0) + max(load - law.hi, 0)


@entrance
def open_books(net: Net, law: Law, ground: Ground, now: Drawing, books: Floats) -> None:
    """Fill the sums of a division and its books from its labels alone."""
    books[:] = 0.0
    now.load[:] = 0
    now.kept[:] = 0
    now.size[:] = 0
    now.heavy[:] = 0
    now.spare[:] = 0
    now.held[:, :] = 0
    for v in range(len(net.load)):
        _count(v, now.label[v], 1, net, ground, now)
        if ground.home[v] >= 0 and ground.home[v] != now.label[v]:
            books[MOVED] += net.load[v]
            books[BLOCKS] += 1
        for e in range(net.ptr[v], net.ptr[v + 1]):
            if now.label[net.nbr[e]] != now.label[v]:
                books[COST] += 0.5 * net.price[e]
    for g in range(len(now.size)):
        books[COST] += _weight(g, law, now)
    judge(law, ground, now, np.empty_like(ground.least), books)


@compiled
def energy(books: Floats, prices: Prices) -> float:
    """Return what annealing lowers."""
    found = prices.error * books[ERRORS] + prices.off * books[OFF] + books[MOVED] + books[BLOCKS]
    return float(found + prices.cost * books[COST] + prices.beyond * max(0.0, books[MOVED] - prices.cap))


@compiled
def ranks_before(a: Floats, b: Floats, cap: float) -> bool:
    """Tell whether books `a` are better: within the cap, then errors, households off, households and blocks moved."""
    over_a, over_b = max(0.0, a[MOVED] - cap), max(0.0, b[MOVED] - cap)
    if over_a != over_b:
        return bool(over_a < over_b)
    for k in range(COST):
        if a[k] != b[k]:
            return bool(a[k] < b[k])
    return bool(a[COST] < b[COST] - 1e-6)


@compiled
def _go(v: int, net: Net, law: Law, ground: Ground, now: Drawing, desk: Desk, state: Words, books: Floats) -> int:
    """Hand a block to the grid of a random neighbour, or home if that lies beside it; return its old grid, or -1."""
    degree = net.ptr[v + 1] - net.ptr[v]
    if degree == 0:
        return -1
    old, home = now.label[v], ground.home[v]
    entry = net.ptr[v] + int(draw(state) * degree)
    new = now.label[net.nbr[entry]] if net.link[entry] else old
    if home >= 0 and home != old and draw(state) < 0.5:
        for e in range(net.ptr[v], net.ptr[v + 1]):
            if net.link[e] and now.label[net.nbr[e]] == home:
                new = home
    if new == old or (now.size[old] > 1 and not stays_whole(v, net, now.label, desk)):
        return -1
    hand_over(v, new, net, law, ground, now, books)
    return int(old)


@compiled
def _edge_of(grid: int, near: int, net: Net, now: Drawing, state: Words) -> int:
    """Return a random block of a grid, found by walking from one of its blocks; blocks on its rim are likelier."""
    v = near
    for _ in range(12):
        degree = net.ptr[v + 1] - net.ptr[v]
        u = net.nbr[net.ptr[v] + int(draw(state) * degree)]
        if now.label[u] == grid:
            v = u
        elif draw(state) < 0.4 and v != near:
            break
    return v


@compiled
def steps(
    net: Net,
    law: Law,
    ground: Ground,
    now: Drawing,
    desk: Desk,
    state: Words,
    prices: Prices,
    heat: float,
    books: Floats,
    left: Ints,
) -> bool:
    """Try to hand over one block, or two one after the other, the second out of the grid that took the first."""
    before = books.copy()
    v = int(draw(state) * len(net.load))
    old = _go(v, net, law, ground, now, desk, state, books)
    if old < 0:
        return False
    second, u, back = -1, v, ZERO
    if draw(state) < 0.5:
        grid = now.label[v] if draw(state) < 0.8 else old
        start = v
        for e in range(net.ptr[v], net.ptr[v + 1]):
            if now.label[net.nbr[e]] == grid:
                start = net.nbr[e]
        if now.label[start] == grid:
            u = _edge_of(grid, start, net, now, state)
            if u != v:
                second = _go(u, net, law, ground, now, desk, state, books)
                back = second
    judge(law, ground, now, left, books)
    change = energy(books, prices) - energy(before, prices)
    if change > 0.0 and draw(state) >= np.exp(-change / heat):
        if second >= 0:
            hand_over(u, back, net, law, ground, now, books)
        hand_over(v, old, net, law, ground, now, books)
        books[:] = before
        return False
    return True
