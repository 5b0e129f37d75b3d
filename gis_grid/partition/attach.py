"""Ground where nobody lives and that no grid can reach: it goes with the grid beside it, and makes none of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from gis_grid.partition.tiers import pieces

if TYPE_CHECKING:
    from gis_grid.partition.cells import CellGraph, Flags, Ints, Names
    from gis_grid.partition.tiers import Part


def attach_empty(labels: Ints, graph: CellGraph, parts: list[Part], shapes: npt.NDArray[np.object_]) -> Ints:
    """Return the division with every part without households given to a grid of its community.

    A river bank or a strip between tracks goes to the grid it shares the longest border with across the barrier, and
    what touches nothing to the grid of the nearest block, an island as a whole. A community in which nobody lives
    keeps its own grids.
    `shapes` are the geometries of the blocks.
    """
    labels = labels.copy()
    peopled = {part.community_code for part in parts if part.graph.load.any()}
    empty = [part for part in parts if part.community_code in peopled and not part.graph.load.any()]
    homes: dict[str, list[Ints]] = {part.community_code: [] for part in empty}
    for part in parts:
        if part.community_code in homes and part.graph.load.any():
            homes[part.community_code].append(part.cells)
    settled = np.ones(len(labels), dtype=bool)
    for part in empty:
        settled[part.cells] = False
    land = pieces(graph, np.ones(len(graph.a), dtype=bool)) if empty else labels
    waiting = empty
    while waiting:
        beside = [(part, _beside(part.cells, labels, graph, settled)) for part in waiting]
        found = [(part, grid) for part, grid in beside if grid is not None]
        if not found:
            first = {int(land[part.cells[0]]): part for part in reversed(waiting)}.values()
            found = [(part, _nearest(part.cells, labels, homes[part.community_code], shapes)) for part in first]
        for part, grid in found:
            labels[part.cells] = grid
            settled[part.cells] = True
        waiting = [part for part in waiting if not settled[part.cells[0]]]
    return labels


def keep_empty(labels: Ints, graph: CellGraph, parts: list[Part], codes: Names, home: Ints) -> tuple[Ints, list[Part]]:
    """Return the division with ground where nobody lives in the grid it was in, and the parts that cannot stay there.

    Such a part stays where it still touches its grid, if only across a barrier; so does an island in which nobody
    lives, as a whole, while its grid goes on in the community.
    """
    labels = labels.copy()
    settled = np.ones(len(labels), dtype=bool)
    for part in parts:
        settled[part.cells] = False
    taken = set(zip(codes[labels >= 0], labels[labels >= 0].tolist(), strict=True))
    land = pieces(graph, np.ones(len(graph.a), dtype=bool)) if parts else labels
    inhabited = np.unique(land[settled])
    waiting, found = parts, True
    while found:
        found = False
        for part in waiting:
            grid, ground = int(home[part.cells[0]]), land == land[part.cells[0]]
            alone = land[part.cells[0]] not in inhabited
            if grid < 0 or (part.community_code, grid) not in taken:
                continue
            whole = (home[ground] == grid).all() if alone else (home[part.cells] == grid).all()
            if whole and (alone or _touches(part.cells, grid, labels, graph, settled)):
                labels[part.cells], settled[part.cells], found = grid, True, True
        waiting = [part for part in waiting if not settled[part.cells[0]]]
    return labels, waiting


def _touches(cells: Ints, grid: int, labels: Ints, graph: CellGraph, settled: Flags) -> bool:
    """Tell whether some blocks border on a settled block of a grid, barriers or not."""
    inside = np.zeros(len(labels), dtype=bool)
    inside[cells] = True
    other = settled & (labels == grid)
    return bool(((inside[graph.a] & other[graph.b]) | (inside[graph.b] & other[graph.a])).any())


def _beside(cells: Ints, labels: Ints, graph: CellGraph, settled: Flags) -> int | None:
    """Return the settled grid with the longest border with some blocks, if there is any."""
    inside = np.zeros(len(labels), dtype=bool)
    inside[cells] = True
    touch = np.flatnonzero((inside[graph.a] & settled[graph.b]) | (inside[graph.b] & settled[graph.a]))
    if len(touch) == 0:
        return None
    grid = np.where(inside[graph.a[touch]], labels[graph.b[touch]], labels[graph.a[touch]])
    return int(np.argmax(np.bincount(grid, weights=graph.shared_m[touch])))


def _nearest(cells: Ints, labels: Ints, homes: list[Ints], shapes: npt.NDArray[np.object_]) -> int:
    near = np.concatenate(homes)
    away = shapely.distance(shapely.union_all(shapes[cells]), shapes[near])
    return int(labels[near[np.argmin(away)]])
