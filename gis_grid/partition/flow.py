"""Shift prices between blocks along their borders so that the cheapest grid can be bounded block by block; compiled.

A grid S costs `sum of h over its border + sum of c over its blocks`. For any flow y from block to block with
|y_uv| <= h_uv, its border costs at least what flows out of S, so S costs at least the sum of `c_u + outflow of u` over
its blocks: a bound that looks at every block alone. The best such flow is a maximum flow from the blocks with negative
prices to those with positive ones (the dual of a minimum cut: Ford and Fulkerson 1956; by the method of Dinic, 1970).
"""

from __future__ import annotations

from typing import NamedTuple

from gis_grid.compiling import compiled
from gis_grid.partition.kernels import ZERO, Floats, Ints


class Pipes(NamedTuple):
    """Hold the borders between blocks as pairs of arcs in compressed rows: arc `e` runs to `nbr[e]`, `back[e]` returns.

    `half` is what the border costs each of the two grids (below zero where it should be drawn).
    """

    ptr: Ints
    nbr: Ints
    back: Ints
    half: Floats


class Basin(NamedTuple):
    """Hold room to work in: what is left of capacities, prices that are left, levels, and a queue."""

    left: Floats
    price: Floats
    level: Ints
    queue: Ints
    path: Ints
    cursor: Ints


@compiled
def _levels(pipes: Pipes, inside: Ints, basin: Basin) -> bool:
    """Count for every block the steps from blocks with something to send; tell whether a taker is in reach."""
    n = len(inside)
    tail = ZERO
    for v in range(n):
        basin.level[v] = -1
        if inside[v] and basin.price[v] < -1e-9:
            basin.level[v] = 0
            basin.queue[tail] = v
            tail += 1
    head, reached = ZERO, False
    while head < tail:
        v = basin.queue[head]
        head += 1
        for e in range(pipes.ptr[v], pipes.ptr[v + 1]):
            u = pipes.nbr[e]
            if inside[u] and basin.level[u] < 0 and basin.left[e] > 1e-9:
                basin.level[u] = basin.level[v] + 1
                basin.queue[tail] = u
                tail += 1
                reached = reached or basin.price[u] > 1e-9
    return reached


@compiled
def _send(start: int, pipes: Pipes, inside: Ints, basin: Basin) -> bool:
    """Send what one path from a block takes; tell whether there was one."""
    depth, v = ZERO, start
    while True:
        if basin.price[v] > 1e-9:
            amount = min(-basin.price[start], basin.price[v])
            for i in range(depth):
                amount = min(amount, basin.left[basin.path[i]])
            for i in range(depth):
                e = basin.path[i]
                basin.left[e] -= amount
                basin.left[pipes.back[e]] += amount
            basin.price[start] += amount
            basin.price[v] -= amount
            return True
        moved = False
        while basin.cursor[v] < pipes.ptr[v + 1]:
            e = basin.cursor[v]
            u = pipes.nbr[e]
            if inside[u] and basin.left[e] > 1e-9 and basin.level[u] == basin.level[v] + 1:
                basin.path[depth] = e
                depth += 1
                v = u
                moved = True
                break
            basin.cursor[v] += 1
        if not moved:
            if depth == 0:
                return False
            depth -= 1
            v = pipes.nbr[pipes.back[basin.path[depth]]]
            basin.cursor[v] += 1


@compiled
def level_prices(pipes: Pipes, inside: Ints, basin: Basin) -> None:
    """Let prices flow among the blocks `inside` as far as borders allow; leaves prices and capacities in the basin.

    `basin.price` holds the prices of the blocks and `basin.left` the capacities of all arcs before.
    """
    while _levels(pipes, inside, basin):
        for v in range(len(inside)):
            basin.cursor[v] = pipes.ptr[v]
        for v in range(len(inside)):
            if inside[v] and basin.level[v] == 0:
                while basin.price[v] < -1e-9 and _send(v, pipes, inside, basin):
                    pass
