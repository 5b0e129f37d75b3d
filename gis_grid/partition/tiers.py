"""Cut the problem along communities and barriers into parts that can be divided independently of one another."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components

from gis_grid.partition.cells import CellGraph, Flags, Ints, Names
from gis_grid.scheme import Band


@dataclass(frozen=True)
class Part:
    """Hold one connected piece of a community: its blocks (`cells`, rising) and their graph, numbered from 0."""

    community_code: str
    key: str
    cells: Ints
    graph: CellGraph

    def seed(self, seed: int) -> int:
        """Return a seed of this part alone, so that no part's result hangs on another, or on their order."""
        return zlib.crc32(f"{seed}/{self.key}".encode())


def parts(graph: CellGraph, ids: Names, codes: Names) -> list[Part]:
    """Return the connected pieces of every community, in the order of community code and first block."""
    found = []
    for cells, alone in graph.split(pieces(graph, graph.link)):
        code = str(codes[cells[0]])
        found.append(Part(code, f"{code}/{ids[cells[0]]}", cells, alone))
    return sorted(found, key=lambda part: (part.community_code, part.cells[0]))


def pieces(graph: CellGraph, kept: Flags) -> Ints:
    """Return for each block the number of its connected piece when only the kept borders may be crossed."""
    n = len(graph)
    links = scipy.sparse.coo_matrix((np.ones(int(kept.sum())), (graph.a[kept], graph.b[kept])), shape=(n, n))
    number: Ints = connected_components(links, directed=False)[1].astype(np.int64)
    return number


def most_grids(load: int, cells: int, band: Band) -> int:
    """Return the most grids a part may be cut into: no more than can all reach the minimum, and at least one.

    >>> most_grids(574, 60, Band(300, 500, 400)), most_grids(1000, 2, Band(300, 500, 400))
    (1, 2)
    """
    return max(1, min(cells, load // band.min if band.min else cells))


def shares(parts: Sequence[Part], counts: Mapping[str, int]) -> list[int | None]:
    """Return how many grids each part is to have where its community's number is given: shared out by households.

    Every part that somebody lives in gets one at least; what is left goes where most households share a grid (the
    method of Webster).
    """
    given: list[int | None] = [None] * len(parts)
    for code, wanted in counts.items():
        own = [n for n, part in enumerate(parts) if part.community_code == code and part.graph.load.any()]
        load = np.array([parts[n].graph.load.sum() for n in own], dtype=np.float64)
        room = np.array([len(parts[n].graph) for n in own])
        share = np.ones(len(own), dtype=np.int64)
        while share.sum() < wanted and (share < room).any():
            share[np.argmax(np.where(share < room, load / (share + 0.5), -1.0))] += 1
        for n, count in zip(own, share.tolist(), strict=True):
            given[n] = count
    return given
