"""Blocks and borders as arrays: the one place where frames become the graph that the search walks on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gis_grid.errors import Fault, InputError
from gis_grid.partition.compounds import inside_compounds
from gis_grid.partition.cost import border_prices

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gis_grid.scheme import Band, Cost

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Names = npt.NDArray[np.object_]


@dataclass(frozen=True)
class CellGraph:
    """Hold blocks and the borders between them as plain arrays, cheap to send to another process.

    `load` counts households per block, `area_m2` and `rim_m` are its area and the length of its outline. Border `i`
    parts blocks `a[i]` < `b[i]` over `shared_m[i]` metres: `border_price` (of which `compound_price` for cutting a
    compound) and `drawn_price` (perimeter on both sides) are paid where it is drawn, `inside_price` where it stays
    inside a grid, and `link` says whether a grid may reach across it.
    """

    load: Ints
    area_m2: Floats
    rim_m: Floats
    a: Ints
    b: Ints
    shared_m: Floats
    border_price: Floats
    compound_price: Floats
    drawn_price: Floats
    inside_price: Floats
    link: Flags

    def __len__(self) -> int:
        return len(self.load)

    @cached_property
    def gain(self) -> Floats:
        """What drawing each border costs more than leaving it inside a grid (below zero where it should be drawn)."""
        return self.border_price + self.drawn_price - self.inside_price

    @cached_property
    def rows(self) -> tuple[Ints, Ints, Ints]:
        """Neighbours in compressed rows: where each block's row begins, its neighbours, and which border each is."""
        ends, others = np.concatenate([self.a, self.b]), np.concatenate([self.b, self.a])
        order = np.lexsort((others, ends))
        ptr = np.zeros(len(self) + 1, dtype=np.int64)
        np.cumsum(np.bincount(ends, minlength=len(self)), out=ptr[1:])
        return ptr, others[order], np.tile(np.arange(len(self.a), dtype=np.int64), 2)[order]

    def part(self, cells: Ints) -> CellGraph:
        """Return the graph of some blocks alone (indices in rising order), numbered anew from 0."""
        place = np.full(len(self), -1, dtype=np.int64)
        place[cells] = np.arange(len(cells))
        smaller = replace(self, load=self.load[cells], area_m2=self.area_m2[cells], rim_m=self.rim_m[cells])
        smaller = smaller.keep((place[self.a] >= 0) & (place[self.b] >= 0))
        return replace(smaller, a=place[smaller.a], b=place[smaller.b])

    def split(self, owner: Ints) -> list[tuple[Ints, CellGraph]]:
        """Return the blocks of every owner (numbered from 0, none without a block) and their graph, as `part` does.

        All are cut out at once, so that the work does not grow with the number of owners.
        """
        count = int(owner.max(initial=-1)) + 1
        order = np.argsort(owner, kind="stable").astype(np.int64)
        cells = np.split(order, np.searchsorted(owner[order], np.arange(1, count))) if count else []
        place = np.empty(len(self), dtype=np.int64)
        for own in cells:
            place[own] = np.arange(len(own))
        inner = np.flatnonzero(owner[self.a] == owner[self.b])
        inner = inner[np.argsort(owner[self.a[inner]], kind="stable")]
        borders = np.split(inner, np.searchsorted(owner[self.a[inner]], np.arange(1, count)))
        found = []
        for own, rows in zip(cells, borders, strict=False):
            part = replace(self, load=self.load[own], area_m2=self.area_m2[own], rim_m=self.rim_m[own]).keep(rows)
            found.append((own, replace(part, a=place[part.a], b=place[part.b])))
        return found

    def keep(self, kept: Flags | Ints) -> CellGraph:
        """Return the graph with some of its borders only."""
        return replace(
            self,
            a=self.a[kept],
            b=self.b[kept],
            shared_m=self.shared_m[kept],
            border_price=self.border_price[kept],
            compound_price=self.compound_price[kept],
            drawn_price=self.drawn_price[kept],
            inside_price=self.inside_price[kept],
            link=self.link[kept],
        )


def cell_graph(
    blocks: gpd.GeoDataFrame, borders: pd.DataFrame, cost: Cost, band: Band | None = None
) -> tuple[CellGraph, Names, Names]:
    """Turn blocks and borders into the arrays of the search.

    Borders through a compound (column `compound` of the blocks) cost more; with a `band`, only if the compound fits it.
    Returns the graph, the block ids in its order, and the community code of each block. Blocks stand in the order
    of their ids, so that nothing depends on the order of rows. Borders between two communities are left out: no
    grid reaches across, and the boundary of a parent costs nothing.

    Raises
    ------
    InputError
        If a border names a block that does not exist, or an id stands twice.
    """
    import shapely

    ids = blocks.index.to_numpy(dtype=object)
    order = np.argsort(ids, kind="stable")
    ids, sorted_blocks = ids[order], blocks.iloc[order]
    if len(ids) and (ids[1:] == ids[:-1]).any():
        raise InputError(Fault(f"block id {ids[:-1][ids[1:] == ids[:-1]][0]!r} stands twice", "blocks", "block_id"))
    codes = sorted_blocks["community_code"].to_numpy(dtype=object)
    a, b = _places(sorted_blocks, borders, "a"), _places(sorted_blocks, borders, "b")
    low, high = np.minimum(a, b), np.maximum(a, b)
    inner = np.flatnonzero((codes[a] == codes[b]) & (a != b))
    inner = inner[np.lexsort((high[inner], low[inner]))]
    prices = border_prices(borders, cost, inside_compounds(sorted_blocks, a, b, band))
    shared = borders["shared_m"].to_numpy(dtype=np.float64)[inner]
    geometry = sorted_blocks.geometry.to_numpy()
    graph = CellGraph(
        load=sorted_blocks["households"].to_numpy(dtype=np.int64),
        area_m2=shapely.area(geometry),
        rim_m=shapely.length(geometry),
        a=low[inner],
        b=high[inner],
        shared_m=shared,
        border_price=prices.border[inner],
        compound_price=prices.compound[inner],
        drawn_price=2.0 * cost.compactness * shared,
        inside_price=prices.inside[inner],
        link=~borders["barrier"].to_numpy(dtype=bool)[inner],
    )
    return graph, ids, codes


def from_zero(labels: Ints) -> Ints:
    """Return labels numbered from 0 in the order of their first blocks, whatever they were called before.

    >>> from_zero(np.array([7, 3, 7, 4]))
    array([0, 1, 0, 2])
    """
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[place]


def _places(blocks: gpd.GeoDataFrame, borders: pd.DataFrame, side: str) -> Ints:
    places: Ints = blocks.index.get_indexer(borders[side]).astype(np.int64)
    lost = borders[side].to_numpy(dtype=object)[places < 0]
    if len(lost):
        raise InputError(
            Fault(f"{len(lost)} borders name a block that is not there, such as {lost[0]!r}", "borders", side)
        )
    return places
