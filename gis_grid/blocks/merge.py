"""Cells of a coverage joined to their neighbours one by one, borders kept up to date as they go."""

from __future__ import annotations

import numpy as np
import shapely

from gis_grid.coverage import Bools, Geometries, Ints, coverage_segments, widths

#: Ground smaller than this is what rounding leaves between two lines that were meant to be one (square metres).
SPECK_M2 = 1.0


class Merger:
    """Keep who borders whom for how many metres while cells are joined."""

    def __init__(self, cells: Geometries) -> None:
        self.cells = cells
        self.owner = list(range(len(cells)))
        self.alive = len(cells)
        self.border: list[dict[int, float]] = [{} for _ in cells]
        segments = coverage_segments(cells)
        shared = segments.a >= 0
        ends = zip(
            segments.a[shared].tolist(), segments.b[shared].tolist(), segments.length[shared].tolist(), strict=True
        )
        for a, b, metres in ends:
            self.border[a][b] = self.border[a].get(b, 0.0) + metres
            self.border[b][a] = self.border[b].get(a, 0.0) + metres

    def longest(self, one: int, among: list[int]) -> int:
        """Return the neighbour with the longest common border, the first in order where several are equal."""
        return max(among, key=lambda other: (self.border[one][other], -other))

    def join(self, one: int, to: int) -> None:
        """Join a cell to a neighbour; the neighbour takes over its borders."""
        self.owner[one] = to
        self.alive -= 1
        for other, metres in self.border[one].items():
            self.border[other].pop(one, None)
            if other != to:
                self.border[to][other] = self.border[to].get(other, 0.0) + metres
                self.border[other][to] = self.border[other].get(to, 0.0) + metres
        self.border[one] = {}

    def result(self) -> tuple[Geometries, Ints]:
        """Return the joined cells, and for each the number of the cell that took in the others."""
        root = np.array(self.owner, dtype=np.int64)
        while (root != root[root]).any():
            root = root[root]
        kept = np.unique(root)
        out = self.cells[kept].copy()
        for n in np.flatnonzero(np.bincount(root, minlength=len(root))[kept] > 1):
            out[n] = shapely.coverage_union_all(self.cells[root == kept[n]])
        return out, kept


def grouped(cells: Geometries, load: Ints, *, least: int, most: int) -> Geometries:
    """Join cells below a load to the neighbour with the longest common border, the lightest first.

    No join makes more than `most`, and two cells stay at least.
    """
    merger, held = Merger(cells), load.tolist()
    for one in sorted(range(len(cells)), key=lambda n: (held[n], n)):
        fits = [n for n in merger.border[one] if held[n] + held[one] <= most]
        if held[one] < least and fits and merger.alive > 2:
            to = merger.longest(one, fits)
            held[to] += held[one]
            merger.join(one, to)
    return merger.result()[0]


def absorbed(faces: Geometries, region: Ints, occupied: Bools, *, min_width_m: float) -> tuple[Geometries, Ints]:
    """Join what is still narrow and empty to the neighbour of its region with the longest common border.

    That is what lies between two lines that cannot move. Specks go to any neighbour, for their region is an accident.
    Return the faces left and their regions.
    """
    area = shapely.area(faces)
    narrow = ~occupied & (widths(faces, below=min_width_m) < min_width_m)
    merger = Merger(faces)
    for one in sorted(np.flatnonzero(narrow).tolist(), key=lambda n: (area[n], n)):
        own = [n for n in merger.border[one] if region[n] == region[one]]
        near = own or (list(merger.border[one]) if area[one] < SPECK_M2 else [])
        if near:
            merger.join(one, merger.longest(one, near))
    left, kept = merger.result()
    return left, region[kept]
