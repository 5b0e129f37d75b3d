"""Find a division in band by cutting spanning trees: fast, and a witness where it succeeds; silence proves nothing.

A tree is settled exactly: from the leaves up, every block keeps the set of households that the grid still open above it
may hold; a branch whose set meets the band may be cut off (the dynamic programme of Ito, Zhou and Nishizeki 2006 for
parts between two bounds). The sets are whole numbers used as rows of bits. Trees are drawn at random, by a fixed
seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.rules import search
from gis_grid.rules.parts import Ints
from gis_grid.scheme import Band

#: a tree is drawn anew so often before a ground is given up
_TREES = 24
#: How strongly trees are kept from passing through heavy blocks, in turn: at their ends these join what fits them.
_SHUN = (0.5, 1.0, 2.0, 4.0, 0.0)
#: up to how many blocks every division is looked at where no tree gives one
_FEW = 20


class Ground(NamedTuple):
    """Hold blocks looked at on their own, numbered from 0: what each holds, and which two may share a grid."""

    load: Ints
    links: sparse.csr_array


class Effort:
    """Count how many blocks of trees may still be worked through, so that trying ends, and ends alike everywhere."""

    def __init__(self, blocks: int) -> None:
        self._left = blocks

    def spend(self, blocks: int) -> bool:
        """Take note of more work; tell whether there was room for it."""
        self._left -= blocks
        return self._left >= 0


def ground_of(load: Ints, links: sparse.csr_array, members: Ints) -> Ground:
    """Return some blocks as a ground of their own."""
    return Ground(load[members], links[members][:, members].tocsr())


def cut(ground: Ground, band: Band, effort: Effort, *, trees: int = _TREES) -> list[list[int]] | None:
    """Return a division of a ground into connected grids within the band, or None where none was found.

    >>> row = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=np.int8))
    >>> cut(Ground(np.array([200, 150, 330]), row), Band(300, 500, 400), Effort(1000))
    [[0, 1], [2]]
    """
    pieces = csgraph.connected_components(ground.links, directed=False)[1]
    order = np.argsort(pieces, kind="stable")
    found: list[list[int]] = []
    for members in np.split(order, np.flatnonzero(np.diff(pieces[order])) + 1) if len(order) else []:
        grids = _cut_piece(ground_of(ground.load, ground.links, members), band, effort, trees)
        if grids is None:
            return None
        found += [sorted(members[grid].tolist()) for grid in grids]
    return sorted(found)


def _cut_piece(ground: Ground, band: Band, effort: Effort, trees: int) -> list[list[int]] | None:
    """Cut blocks that hang together, along one random tree after another."""
    load = ground.load.tolist()
    if not band.feasible_counts(sum(load)) or max(load) > band.max:
        return None
    rng = np.random.default_rng(len(load))
    up = sparse.triu(ground.links, format="coo")
    heavy = (ground.load[up.row] + ground.load[up.col]) / band.max
    for turn in range(trees):
        if not effort.spend(len(load)):
            return None
        order = np.argsort(rng.random(len(heavy)) + _SHUN[turn % len(_SHUN)] * heavy)
        tree = _tree(up.row[order].tolist(), up.col[order].tolist(), len(load))
        grids = _cut_tree(*_walk(tree, int(rng.integers(len(load)))), load, band)
        if grids is not None:
            return grids
    return _search(ground, band) if len(load) <= _FEW else None


def _tree(one: list[int], other: list[int], count: int) -> list[list[int]]:
    """Return the neighbours of each block in the tree that takes links in the order given (Kruskal 1956)."""
    head, left = list(range(count)), count - 1
    tree: list[list[int]] = [[] for _ in head]
    for a, b in zip(one, other, strict=True):
        top, end = a, b
        while head[top] != top:
            head[top] = top = head[head[top]]
        while head[end] != end:
            head[end] = end = head[head[end]]
        if top != end:
            head[top] = end
            tree[a].append(b)
            tree[b].append(a)
            left -= 1
            if not left:
                break
    return tree


def _walk(tree: list[list[int]], root: int) -> tuple[list[int], list[int]]:
    """Return the blocks of a tree from the root on, and what comes before each."""
    order, before = [root], [-1] * len(tree)
    for block in order:
        for near in tree[block]:
            if near != before[block]:
                before[near] = block
                order.append(near)
    return order, before


def _search(ground: Ground, band: Band) -> list[list[int]] | None:
    order = search.in_order(ground.links, np.arange(len(ground.load)))
    found = search.division(search.masks_of(ground.links, order), ground.load[order].tolist(), band)
    if not found:
        return None
    return [[int(block) for bit, block in enumerate(order) if mask >> bit & 1] for mask in found]


class _Climb(NamedTuple):
    """Hold what a tree allows: the open loads above each block, and per merged branch what was open before it."""

    above: list[int]
    merged: list[list[tuple[int, int]]]


def _cut_tree(order: Sequence[int], before: Sequence[int], load: Sequence[int], band: Band) -> list[list[int]] | None:
    """Cut a tree into grids within the band, or tell that it cannot be."""
    full = (1 << band.max + 1) - 1
    fits = full & ~((1 << band.min) - 1)
    climb = _Climb([1 << households for households in load], [[] for _ in load])
    for block in reversed(order[1:]):
        parent, branch = before[block], climb.above[block]
        held = climb.above[parent]
        grown = _sums(held, branch) & full
        if branch & fits:
            grown |= held
        if not grown:
            return None
        climb.merged[parent].append((block, held))
        climb.above[parent] = grown
    ends = climb.above[order[0]] & fits
    return _grids_of(order[0], _nearest(ends, band.target), climb, fits, band.target) if ends else None


def _grids_of(root: int, total: int, climb: _Climb, fits: int, target: int) -> list[list[int]]:
    """Walk down a tree again and tell the grids apart, each cut as near the target as its branch allows."""
    grids: list[list[int]] = []
    roots = [(root, total)]
    while roots:
        top, open_ = roots.pop()
        grid, stack = [], [(top, open_)]
        while stack:
            block, left = stack.pop()
            grid.append(block)
            for child, held in reversed(climb.merged[block]):
                closed = climb.above[child] & fits
                if closed and held >> left & 1:
                    roots.append((child, _nearest(closed, target)))
                else:
                    share = next(u for u in _bits(climb.above[child]) if u <= left and held >> (left - u) & 1)
                    stack.append((child, share))
                    left -= share
        grids.append(grid)
    return grids


def _sums(one: int, other: int) -> int:
    """Return every sum of a number of one set and a number of the other."""
    if one.bit_count() < other.bit_count():
        one, other = other, one
    out = 0
    for shift in _bits(other):
        out |= one << shift
    return out


def _bits(numbers: int) -> list[int]:
    found = []
    while numbers:
        low = numbers & -numbers
        found.append(low.bit_length() - 1)
        numbers ^= low
    return found


def _nearest(numbers: int, target: int) -> int:
    return min(_bits(numbers), key=lambda number: (abs(number - target), number))
