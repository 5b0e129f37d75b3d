"""Prove in a large piece that some blocks cannot all be in band, from these blocks and their neighbours alone.

A pocket is a few connected blocks. If all grids that hold any of them were in band, their parts inside the pocket would
divide it; each part is then such a grid itself, or goes on outside and so leaves room for the lightest neighbour
there. A pocket that cannot be divided so has at least one grid out of band, whatever the rest of the piece is like.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from gis_grid.rules import search
from gis_grid.rules.parts import Flags, Ints, Parts
from gis_grid.scheme import Band

#: how many blocks a pocket has, tried in turn
_SIZES = (3, 5, 8, 12, 16)
#: up to how many connected sets are grown, and how many of them are tried in turn
_MOST_SETS, _PATIENCE = 4_000, 20_000


def pockets(parts: Parts, chosen: Ints, band: Band, seeds: Iterable[int], taken: Flags) -> list[Ints]:
    """Return pockets around some blocks of a piece that cannot be in band, as small as may be, none sharing a block.

    Blocks that are `taken` are in no pocket, but may lie beside one.
    """
    inside = np.zeros(len(parts.load), dtype=bool)
    inside[chosen] = True
    open_ = inside & ~taken
    found: list[Ints] = []
    for seed in seeds:
        if open_[seed]:
            pocket = _around(parts, int(seed), inside, open_, band)
            if pocket is not None:
                found.append(pocket)
                open_[pocket] = False
    return found


def heavy_spots(parts: Parts, chosen: Ints, band: Band) -> Ints:
    """Return the populated blocks of a piece that touch a block too heavy for a grid to do without it easily."""
    heavy = np.zeros(len(parts.load), dtype=bool)
    heavy[chosen] = parts.load[chosen] > band.max - band.min
    beside = np.asarray(parts.links[chosen] @ heavy.astype(np.int64)) > 0
    spots: Ints = chosen[beside & (parts.load[chosen] > 0)]
    return spots


def _around(parts: Parts, seed: int, inside: Flags, open_: Flags, band: Band) -> Ints | None:
    """Return the smallest pocket around a block that cannot be in band, of those tried."""
    order, met = [seed], {seed}
    for block in order:  # breadth first; grows while it is walked
        if len(order) >= max(_SIZES):
            break
        near = [int(b) for b in parts.neighbours(block) if open_[b] and int(b) not in met]
        order += sorted(near, key=lambda b: (-parts.load[b], b))
        met.update(near)
    for size in _SIZES:
        pocket = np.sort(np.array(order[:size], dtype=np.int64))
        if _holds(parts, pocket, inside, band) is False:
            return _pared(parts, pocket, inside, band)
        if size >= len(order):
            break
    return None


def _pared(parts: Parts, pocket: Ints, inside: Flags, band: Band) -> Ints:
    """Return a pocket without the blocks that its proof does not need."""
    for block in pocket[np.argsort(parts.load[pocket], kind="stable")].tolist():
        fewer = pocket[pocket != block]
        whole = len(fewer) > 0 and int(parts.pieces(fewer).max()) == 0 and bool(parts.load[fewer].any())
        if whole and _holds(parts, fewer, inside, band) is False:
            return _pared(parts, fewer, inside, band)
    return pocket


def _holds(parts: Parts, pocket: Ints, inside: Flags, band: Band) -> bool | None:
    """Tell whether a pocket can be divided into grids in band and parts of such; None if that takes too long."""
    order = search.in_order(parts.links, pocket)
    around = search.masks_of(parts.links, order)
    load = parts.load[order].tolist()
    sets = search.connected_sets(around, load, band.max, limit=_MOST_SETS)
    if sets is None:
        return None
    total = search.loads_of(sets, load)
    fits = total >= band.min
    for bit, block in enumerate(order.tolist()):
        near = parts.neighbours(block)
        beyond = np.setdiff1d(near[inside[near]], pocket)
        if len(beyond):
            fits |= (sets >> bit & 1 == 1) & (total + parts.load[beyond].min() <= band.max)
    return _part(sets[fits], len(order))


def _part(sets: search.Masks, count: int) -> bool | None:
    """Tell whether some sets part all blocks."""
    lowest = sets & -sets
    at = {1 << bit: sets[lowest == 1 << bit] for bit in range(count)}
    stack, seen, pushed = [(1 << count) - 1], set[int](), 0
    while stack:
        rest = stack.pop()
        if not rest:
            return True
        if rest in seen:
            continue
        if pushed > _PATIENCE:
            return None
        seen.add(rest)
        masks = at[rest & -rest]
        onward: Sequence[int] = (rest & ~masks[masks & ~rest == 0]).tolist()
        stack.extend(onward)
        pushed += len(onward)
    return False
