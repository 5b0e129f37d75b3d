"""Blocks put together before large units are divided: what a community is made of need not be single houses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis_grid.partition.build import metis
from gis_grid.partition.cells import Ints, cell_graph, from_zero
from gis_grid.partition.tiers import parts

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.scheme import Band, Cost

#: A unit is made of about so many pieces, at least so many, where it has three times as many blocks.
PIECES, FEWEST = 24, 12


def opened(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, cost: Cost, band: Band) -> gpd.GeoDataFrame:
    """Return the borders with those barriers opened that shut off ground too small for units of its own.

    A community may straddle a river where an island in it could not be one; elsewhere it should not.
    """
    if not borders["barrier"].any():
        return borders
    graph, ids, codes = cell_graph(blocks, borders, cost)
    shut = [part.cells for part in parts(graph, ids, codes) if not _can_stand(int(part.graph.load.sum()), band)]
    small = ids[np.concatenate(shut)] if shut else ids[:0]
    open_ = borders["a"].isin(small) | borders["b"].isin(small)
    return borders.assign(barrier=borders["barrier"].to_numpy(dtype=bool) & ~open_.to_numpy())


def _can_stand(load: int, band: Band) -> bool:
    return load == 0 or len(band.feasible_counts(load)) > 0


def lumps(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, cost: Cost, wanted: Mapping[str, int], seed: int
) -> Ints:
    """Return the number of the piece each block lies in, for so many `wanted` pieces in each parent.

    A parent that is not named keeps its blocks. Pieces are connected, of about equal load, and bounded by what is
    cheap to draw along: METIS (Karypis and Kumar 1998) keeps together what dear borders part.
    """
    graph, ids, codes = cell_graph(blocks, borders, cost)
    labels = np.arange(len(ids), dtype=np.int64)
    held = pd.Series(graph.load).groupby(codes).sum()
    for part in parts(graph, ids, codes):
        whole = max(1, int(held[part.community_code]))
        count = round(wanted.get(part.community_code, 0) * int(part.graph.load.sum()) / whole)
        if part.community_code in wanted and 1 < count < len(part.graph):
            labels[part.cells] = _rooted(metis(part.graph, count, part.seed(seed)), part.cells)
    number = pd.Series(from_zero(labels), index=ids)
    found: Ints = number.reindex(blocks.index).to_numpy(dtype=np.int64)
    return found


def _rooted(labels: Ints, cells: Ints) -> Ints:
    """Return for each block the first block of its piece."""
    first = np.full(int(labels.max()) + 1, -1, dtype=np.int64)
    first[labels[::-1]] = cells[::-1]
    rooted: Ints = first[labels]
    return rooted
