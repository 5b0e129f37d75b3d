"""Where an update begins: every block in the grid it was in, as far as grids are still in one piece.

Streets open, blocks are cut anew and community lines move, so what an earlier grid held may now lie in several pieces.
The heaviest piece goes on as that grid. A lesser one that could be a grid of its own becomes one, and any other joins
the grid it shares the longest border with; so does ground that belonged to no grid before. The search starts there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis_grid.partition.build import seeds
from gis_grid.partition.cells import CellGraph, Flags, Ints, Names
from gis_grid.partition.tiers import Part, pieces
from gis_grid.scheme import Band

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from gis_grid.rules.arithmetic import Finding


@dataclass(frozen=True)
class Case:
    """Hold a connected piece of a district with its division, and all that an update needs to know about it.

    `labels` number the grid of each block: those below `identities` are earlier grids, the others are new. `home` is
    the earlier grid each block was in (-1: none, or one that goes on elsewhere). `cause` numbers the finding about a
    block (-1: none) and `least` says how many grids out of band each finding excuses. `disturbed` are grids that
    ground has joined or left, whatever was done about that.
    """

    graph: CellGraph
    labels: Ints
    home: Ints
    identities: int
    cause: Ints
    least: Ints
    disturbed: Ints


@dataclass(frozen=True)
class PartCase(Case):
    """Hold the case of a whole part; `names` are the numbers that its earlier grids have in the district."""

    part: Part
    names: Ints


def causes_of(findings: Sequence[Finding], ids: Names) -> tuple[Ints, Ints]:
    """Return the number of the finding about each block (-1: none), and how many grids out of band each excuses."""
    rows = {str(block): row for row, block in enumerate(ids)}
    cause = np.full(len(ids), -1, dtype=np.int64)
    for number, finding in enumerate(findings):
        cause[[rows[block] for block in finding.block_ids]] = number
    return cause, np.array([finding.least for finding in findings], dtype=np.int64)


def make_case(part: Part, home: Ints, names: Ints, cause: Ints, least: Ints, band: Band, seed: int) -> PartCase:
    """Return the case of a part; `names` are the earlier grids that may go on here, by their numbers in the district.

    Blocks of grids that go on in another part have no home here.
    """
    own = np.where(np.isin(home, names), np.searchsorted(names, home), -1).astype(np.int64)
    labels = at_home(part.graph, own, len(names), band, part.seed(seed))
    strange = labels != own
    disturbed = np.union1d(labels[strange], own[strange & (own >= 0)])
    known, number = np.unique(np.append(-1, cause), return_inverse=True)
    return PartCase(
        graph=part.graph,
        labels=labels,
        home=own,
        identities=len(names),
        cause=number[1:].astype(np.int64) - 1,
        least=least[known[1:]],
        disturbed=disturbed,
        part=part,
        names=names,
    )


def bridged(
    graph: CellGraph, codes: Names, home: Ints, band: Band, shapes: npt.NDArray[np.object_], loose: Flags
) -> tuple[CellGraph, Ints]:
    """Return the graph with islands tied to the mainland, and for each block the one that stands for it.

    An island is all there is of a community on that side of its lines, whatever barriers run there. One that is too
    small for a grid and lay in a grid with the mainland may stay with it: an exception of the rule `contiguous`, but
    only for the whole island. So one block stands for all of it, with all its households, and is linked to the nearest
    block that its grid had on the mainland. Where barriers part the homes of an island it is not tied, nor where one of
    its blocks is `loose`.
    """
    land, yard = pieces(graph, np.ones(len(graph.a), dtype=bool)), pieces(graph, graph.link)
    load = np.bincount(land, weights=graph.load)
    stand, pairs = np.arange(len(graph), dtype=np.int64), []
    for island in np.flatnonzero((load > 0) & (load < band.min)).tolist():
        cells = np.flatnonzero(land == island)
        lived = cells[graph.load[cells] > 0]
        grid = home[cells[0]]
        main = np.flatnonzero((home == grid) & (land != island) & (codes == codes[cells[0]]))
        if grid < 0 or (home[cells] != grid).any() or not len(main) or loose[cells].any():
            continue
        if (yard[lived] != yard[lived[0]]).any():
            continue
        mainland = main[land[main] == np.argmax(np.bincount(land[main], weights=graph.load[main] + 1e-6))]
        near = mainland[np.argmin(shapely.distance(shapely.union_all(shapes[cells]), shapes[mainland]))]
        stand[cells] = lived[np.argmin(shapely.distance(shapes[near], shapes[lived]))]
        pairs.append((int(near), int(lived[0])))
    if not pairs:
        return graph, stand
    ends = np.unique(np.sort(stand[np.array(pairs, dtype=np.int64)], axis=1), axis=0)
    nothing = np.zeros(len(ends))
    tied = replace(
        graph,
        load=np.bincount(stand, weights=graph.load, minlength=len(graph)).astype(np.int64),
        a=np.append(graph.a, ends[:, 0]),
        b=np.append(graph.b, ends[:, 1]),
        shared_m=np.append(graph.shared_m, nothing),
        border_price=np.append(graph.border_price, nothing),
        compound_price=np.append(graph.compound_price, nothing),
        drawn_price=np.append(graph.drawn_price, nothing),
        inside_price=np.append(graph.inside_price, nothing),
        link=np.append(graph.link & (stand[graph.a] != stand[graph.b]), np.ones(len(ends), dtype=bool)),
    )
    return tied, stand


def main_parts(parts: list[Part], home: Ints) -> Ints:
    """Return for each earlier grid the number of the part that holds most of its households now (-1: none)."""
    grids = int(home.max(initial=-1)) + 1
    held = np.zeros((grids, len(parts)))
    for number, part in enumerate(parts):
        mine = home[part.cells]
        np.add.at(held[:, number], mine[mine >= 0], part.graph.load[mine >= 0] + 1e-6)
    if not grids or not parts:
        return np.full(grids, -1, dtype=np.int64)
    return np.where(held.any(axis=1), held.argmax(axis=1), -1).astype(np.int64)


def at_home(graph: CellGraph, home: Ints, identities: int, band: Band, seed: int) -> Ints:
    """Return the division to begin from: every block at home, each grid in one piece."""
    labels = np.full(len(graph), -1, dtype=np.int64)
    number = pieces(graph, graph.link & (home[graph.a] == home[graph.b]))
    order = np.lexsort((number, -np.bincount(number, weights=graph.load + 1e-6)[number]))
    begun: set[int] = set()
    new = identities
    for piece in dict.fromkeys(number[order].tolist()):
        cells = np.flatnonzero(number == piece)
        grid = int(home[cells[0]])
        if grid >= 0 and grid not in begun:
            begun.add(grid)
            labels[cells] = grid
        elif grid >= 0 and graph.load[cells].sum() >= band.min:
            labels[cells] = new
            new += 1
        elif grid < 0 and graph.load[cells].sum() >= band.min:
            labels[cells] = seeds(graph.part(cells), band, 0.0, seed, 1)[0] + new
            new = int(labels.max()) + 1
    return _joined(graph, number, labels, new)


def _joined(graph: CellGraph, number: Ints, labels: Ints, new: int) -> Ints:
    """Let pieces without a grid join the one they share the longest border with; what touches none makes its own."""
    waiting = list(dict.fromkeys(number[labels < 0].tolist()))
    while waiting:
        beside = [(piece, _beside(graph, number == piece, labels)) for piece in waiting]
        found = [(piece, grid) for piece, grid in beside if grid >= 0]
        if not found:
            found, new = [(waiting[0], new)], new + 1
        for piece, grid in found:
            labels[number == piece] = grid
        waiting = [piece for piece in waiting if labels[number == piece][0] < 0]
    return labels


def _beside(graph: CellGraph, inside: Flags, labels: Ints) -> int:
    touch = np.flatnonzero(graph.link & (inside[graph.a] != inside[graph.b]))
    grid = np.where(inside[graph.a[touch]], labels[graph.b[touch]], labels[graph.a[touch]])
    touch, grid = touch[grid >= 0], grid[grid >= 0]
    return int(np.argmax(np.bincount(grid, weights=graph.shared_m[touch]))) if len(grid) else -1
