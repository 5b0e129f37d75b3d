"""Large parts: windows of a dozen neighbouring grids are searched one beside the other, then shifted.

So the work grows with the number of blocks and not faster, and windows that do not overlap run at the same time.
"""

from __future__ import annotations

import numpy as np

from gis_grid.partition.build import call_metis, metis
from gis_grid.partition.cells import CellGraph, Ints

#: Grids a window, by round: other numbers, other seams.
SIZES = (14, 11)
#: A part with more grids than this is searched by windows.
LARGE = 26
#: A part of more blocks than this is begun region by region, each of about so many blocks.
VAST, REGION = 20_000, 5_000


def regions(graph: CellGraph, seed: int) -> Ints:
    """Return the number of the region that each block of a vast part lies in; every region is in one piece."""
    return metis(graph, round(len(graph) / REGION), seed)


def windows(graph: CellGraph, labels: Ints, size: int, seed: int) -> list[Ints]:
    """Return the blocks of windows of about `size` neighbouring grids each; every block lies in one window."""
    grids = int(labels.max()) + 1
    count = round(grids / size)
    if count < 2:
        return [np.arange(len(graph), dtype=np.int64)]
    ends = _touching(graph, labels)
    both = np.concatenate([ends, ends[:, ::-1]])
    order = np.lexsort((both[:, 1], both[:, 0]))
    both = both[order]
    ptr = np.searchsorted(both[:, 0], np.arange(grids + 1))
    weight = np.random.default_rng(seed).integers(1, 10, size=len(ends))  # seams fall elsewhere in every round
    border = np.tile(np.arange(len(ends)), 2)[order]
    window = call_metis(count, ptr, both[:, 1].copy(), weight[border], seed)[labels]
    return [cells for cells in (np.flatnonzero(window == number) for number in range(count)) if len(cells)]


def around(graph: CellGraph, labels: Ints, grid: int, size: int) -> Ints:
    """Return the blocks of a grid and of the `size` grids nearest to it, counted in borders to cross."""
    ends = _touching(graph, labels)
    chosen = np.zeros(int(labels.max()) + 1, dtype=bool)
    chosen[grid] = True
    while chosen.sum() < size:
        reach = chosen[ends].any(axis=1)
        grown = np.unique(ends[reach])
        new = grown[~chosen[grown]]
        if len(new) == 0:
            break
        chosen[new[: size - int(chosen.sum())]] = True
    return np.flatnonzero(chosen[labels])


def _touching(graph: CellGraph, labels: Ints) -> Ints:
    """Return the pairs of grids that share a border one may reach across, each once, the lower number first."""
    one, other = labels[graph.a[graph.link]], labels[graph.b[graph.link]]
    apart, grids = one != other, int(labels.max(initial=0)) + 1
    pairs = np.unique(np.minimum(one, other)[apart] * grids + np.maximum(one, other)[apart])
    return np.stack(np.divmod(pairs, grids), axis=1)
