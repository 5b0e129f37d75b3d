"""The independent parts of a district: what can share a grid at all.

A part is a connected piece of one community once borders along barriers are taken away. Inside it, blocks that alone
exceed the band (`oversize`) are set aside; the pieces that remain (`rest`) are where grids within the band can lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.scheme import Band

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Parts:
    """Hold the blocks as arrays: ids, loads, communities, the part and the piece of the rest each lies in.

    `rest` is -1 for oversize blocks. `links` joins positions of blocks that may share a grid directly. `walls` are
    pairs of neighbours in one community with a barrier between them, `doors` pairs of neighbours in two communities
    without one; `wall_rows` gives the rows of the borders behind the former.
    """

    ids: NDArray[np.object_]
    load: Ints
    community: NDArray[np.object_]
    part: Ints
    rest: Ints
    links: sparse.csr_array
    walls: Ints
    wall_rows: Ints
    doors: Ints

    @cached_property
    def open_links(self) -> sparse.csr_array:
        """The links together with the doors: what could share a grid if there were no community lines."""
        return (self.links + link_matrix(self.doors, len(self.ids))).tocsr()

    @property
    def oversize(self) -> Flags:
        """Mark the blocks that alone exceed the band."""
        return np.asarray(self.rest < 0)

    def neighbours(self, block: int) -> Ints:
        """Return the positions of the blocks that may share a grid with a block directly."""
        found: Ints = self.links.indices[self.links.indptr[block] : self.links.indptr[block + 1]]
        return found

    def pieces(self, chosen: Ints) -> Ints:
        """Return for each of some blocks the number of the connected piece it lies in, among these blocks alone."""
        return connected(self.links[chosen][:, chosen])


def cut_into_parts(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, band: Band) -> Parts:
    """Cut a district into independent parts; borders with a block that is not in `blocks` are left out."""
    ids = blocks.index.to_numpy(dtype=object)
    load = blocks["households"].to_numpy(dtype=np.int64)
    community = blocks["community_code"].to_numpy(dtype=object)
    ends = np.stack([blocks.index.get_indexer(borders[side]) for side in ("a", "b")], axis=1)
    rows = np.flatnonzero((ends >= 0).all(axis=1))
    ends = ends[rows]
    barrier = borders["barrier"].to_numpy(dtype=bool)[rows]
    _, number = np.unique(community.astype(str), return_inverse=True)
    same = number[ends[:, 0]] == number[ends[:, 1]]
    links = link_matrix(ends[same & ~barrier], len(ids))
    fits = load <= band.max
    keep = ends[same & ~barrier]
    keep = keep[fits[keep].all(axis=1)]
    rest = np.where(fits, connected(link_matrix(keep, len(ids))), -1)
    walls = same & barrier
    return Parts(ids, load, community, connected(links), rest, links, ends[walls], rows[walls], ends[~same & ~barrier])


def link_matrix(ends: Ints, count: int) -> sparse.csr_array:
    """Return the symmetric matrix of pairs of positions."""
    both = np.concatenate([ends, ends[:, ::-1]])
    entries = np.ones(len(both), dtype=np.int8)
    return sparse.coo_array((entries, (both[:, 0], both[:, 1])), shape=(count, count)).tocsr()


def connected(links: sparse.csr_array) -> Ints:
    """Return the number of the connected piece of each position."""
    if links.shape[0] == 0:
        return np.empty(0, dtype=np.int64)
    labels: Ints = csgraph.connected_components(links, directed=False)[1].astype(np.int64)
    return labels
