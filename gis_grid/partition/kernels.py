"""The hot loops, compiled: single blocks change grid, and annealing over all kinds of change; arrays only.

Random numbers come from a generator kept in an array of one word (SplitMix64: Steele, Lea and Flood 2014), so that a
search depends on its seed alone and can be stopped and taken up between calls.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.cost import HEAVY

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]


class Net(NamedTuple):
    """Hold the graph in compressed rows; `price` is what drawing a border costs, `pull` how a tree holds on to it."""

    ptr: Ints
    nbr: Ints
    price: Floats
    pull: Floats
    link: Flags
    load: Ints


class Law(NamedTuple):
    """Hold the band, the load that could be a grid of its own, the half-bands, all prices, and the number of grids.

    `lenient` says that some grids cannot be in band, so that good ones out of band are kept for the final choice too.
    """

    lo: int
    hi: int
    step: int
    target: float
    under: float
    over: float
    balance: float
    per_grid: float
    per_household: float
    fewest: int
    most: int
    lenient: bool


class Division(NamedTuple):
    """Hold a division: the grid of each block, and load and number of blocks of each grid (0 blocks: not in use)."""

    label: Ints
    load: Ints
    size: Ints


class Desk(NamedTuple):
    """Hold room to work in, so that no step allocates."""

    queue: Ints
    mark: Ints
    stamp: Ints
    member: Ints
    piece: Ints
    order: Ints
    place: Ints
    parent: Ints
    below: Ints
    cut: Floats
    key: Floats
    head: Ints
    tail: Ints


class Archive(NamedTuple):
    """Hold every good grid met: a hash table over sets of blocks, each a row of bits with its cost and load."""

    word: Words
    table: Ints
    name: Words
    bits: Words
    cost: Floats
    load: Ints
    fill: Ints


class Pace(NamedTuple):
    """Hold how a stretch of annealing runs: sweeps, steps a sweep, and temperature from `hot` down to `cold`."""

    sweeps: int
    flips: int
    splits: int
    hot: float
    cold: float
    keep: float


_STEP, _MIX_A, _MIX_B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S11, _S27, _S30, _S31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_ULP = 2.0**-53
#: A plain 0 is a type of its own to the compiler, which would then compile everything that takes one twice.
ZERO = cast(int, np.int64(0))


@compiled
def draw(state: Words) -> float:
    """Return the next random number in [0, 1)."""
    state[0] += _STEP
    z = state[0]
    z = (z ^ (z >> _S30)) * _MIX_A
    z = (z ^ (z >> _S27)) * _MIX_B
    return float(((z ^ (z >> _S31)) >> _S11) * _ULP)


@compiled
def grids_out(load: int, law: Law) -> int:
    """Count grids out of band as `cost.overfull` does."""
    if load < law.lo:
        return 1
    if load <= law.hi:
        return 0
    if load < law.step + law.hi:
        return 1
    if load < HEAVY:
        return load // law.step
    rest = load % HEAVY
    return 2 * (load // HEAVY) - 1 + (max(1, rest // law.step) if rest > 0 else 0)


@compiled
def off_band(load: int, law: Law) -> int:
    """Count households out of band as `cost.deviation` does."""
    if load < law.lo:
        return law.lo - load
    return load % HEAVY if load >= HEAVY else max(load - law.hi, 0)


@compiled
def balance_of(load: int, law: Law) -> float:
    """Return what a load costs for its distance from the target."""
    gap = (law.target - load) / law.under if load < law.target else (load - law.target) / law.over
    return law.balance * min(1.0, gap) ** 2


@compiled
def load_price(load: int, law: Law) -> float:
    """Return what a load costs, and far more where it leaves the band."""
    price = balance_of(load, law)
    if load < law.lo or load > law.hi:
        price += law.per_grid * grids_out(load, law) + law.per_household * off_band(load, law)
    return price


@compiled
def stays_whole(v: int, net: Net, label: Ints, desk: Desk) -> bool:
    """Tell whether the grid of a block stays in one piece when the block leaves it (False if nothing would be left)."""
    grid = label[v]
    desk.stamp[0] += 1
    stamp = desk.stamp[0]
    wanted, start = ZERO, ZERO
    for e in range(net.ptr[v], net.ptr[v + 1]):
        u = net.nbr[e]
        if net.link[e] and label[u] == grid:
            desk.mark[u] = stamp  # still to be reached
            wanted += 1
            start = u
    if wanted <= 1:
        return wanted == 1
    desk.mark[v] = -stamp
    desk.mark[start] = -stamp
    desk.queue[0] = start
    head, tail, wanted = 0, 1, wanted - 1
    while head < tail:
        x = desk.queue[head]
        head += 1
        for e in range(net.ptr[x], net.ptr[x + 1]):
            u = net.nbr[e]
            if not net.link[e] or label[u] != grid or desk.mark[u] == -stamp:
                continue
            if desk.mark[u] == stamp:
                wanted -= 1
                if wanted == 0:
                    return True
            desk.mark[u] = -stamp
            desk.queue[tail] = u
            tail += 1
    return False


@compiled
def flip(net: Net, law: Law, now: Division, desk: Desk, state: Words, heat: float) -> float:
    """Try to hand one random border block to a neighbouring grid; return by how much the cost changed."""
    v = int(draw(state) * len(net.load))
    degree = net.ptr[v + 1] - net.ptr[v]
    if degree == 0:
        return 0.0
    entry = net.ptr[v] + int(draw(state) * degree)
    old, new = now.label[v], now.label[net.nbr[entry]]
    if old == new or not net.link[entry]:
        return 0.0
    change = 0.0
    for e in range(net.ptr[v], net.ptr[v + 1]):
        grid = now.label[net.nbr[e]]
        if grid == old:
            change += net.price[e]
        elif grid == new:
            change -= net.price[e]
    w = net.load[v]
    change += load_price(now.load[old] - w, law) - load_price(now.load[old], law)
    change += load_price(now.load[new] + w, law) - load_price(now.load[new], law)
    if change > 0.0 and draw(state) >= np.exp(-change / heat):
        return 0.0
    if not stays_whole(v, net, now.label, desk):
        return 0.0
    now.label[v] = new
    now.load[old] -= w
    now.load[new] += w
    now.size[old] -= 1
    now.size[new] += 1
    return change


@entrance
def standing(net: Net, law: Law, now: Division) -> Floats:
    """Return out-of-band grids, households out of band, and the cost without penalties: what plans are ranked by."""
    found = np.zeros(3)
    used = ZERO
    for g in range(len(now.size)):
        load = now.load[g]
        if now.size[g] > 0:
            used += 1
            found[0] += grids_out(load, law)
            found[1] += off_band(load, law)
            found[2] += balance_of(load, law)
    for v in range(len(net.load)):
        for e in range(net.ptr[v], net.ptr[v + 1]):
            if now.label[net.nbr[e]] != now.label[v]:
                found[2] += 0.5 * net.price[e]
    if law.fewest == law.most:
        found[0] += abs(used - law.most)
    return found


@compiled
def better(a: Floats, b: Floats) -> bool:
    """Tell whether standing `a` is better than `b`: fewer grids out of band, then fewer households, then cost."""
    if a[0] != b[0]:
        return bool(a[0] < b[0])
    if a[1] != b[1]:
        return bool(a[1] < b[1])
    return bool(a[2] < b[2] - 1e-6)
