"""Borders between blocks as a layer: which border an edge of a tile belongs to, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.tiles.encoder import Properties
from gis_grid.tiles.ground import TileGround

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Outlines:
    """Hold the borders of a plan by the pair of blocks they lie between.

    `pairs` are sorted keys of pairs, `rows` the border of each; two more rows follow: the outside of the district,
    and pairs that meet only because what lay between them is too narrow to be drawn.
    """

    blocks: int
    pairs: Ints
    rows: Ints
    properties: Properties

    @classmethod
    def of(cls, blocks: gpd.GeoDataFrame, borders: pd.DataFrame | None) -> Outlines:
        """Take the borders of a plan; without any, no edge has more to say than where the outside is."""
        if borders is None:
            borders = pd.DataFrame({"a": [], "b": [], "street_class": [], "street_name": [], "barrier": []})
        one, two = (blocks.index.get_indexer(pd.Index(borders[side])).astype(np.int64) for side in ("a", "b"))
        home = blocks["community_code"].to_numpy() if "community_code" in blocks else np.zeros(len(blocks))
        known = (one >= 0) & (two >= 0)
        across = np.zeros(len(borders), bool)
        across[known] = home[one[known]] != home[two[known]]
        columns: dict[str, Any] = {
            "kind": [*borders["street_class"], "boundary", ""],
            "name": [*pd.Series(borders["street_name"], dtype=object).replace("", None), None, None],
            "barrier": [*borders["barrier"].astype(bool), False, False],
            "community": [*across, False, False],
            "a": _numbered(one),
            "b": _numbered(two),
        }
        low, high = np.minimum(one, two), np.maximum(one, two)
        pairs = np.where(known, low * len(blocks) + high, -1)
        order = np.argsort(pairs, kind="stable")
        properties = Properties.of(columns, np.arange(1, len(borders) + 3))
        return cls(len(blocks), pairs[order], order.astype(np.int64), properties)

    def of_edges(self, ground: TileGround) -> Ints:
        """Return the row of each edge of a tile."""
        left, right = ground.edges[:, 2], ground.edges[:, 3]
        wanted = np.minimum(left, right) * self.blocks + np.maximum(left, right)
        count = len(self.rows)
        if count:
            at = np.minimum(np.searchsorted(self.pairs, wanted), count - 1)
            found = np.where(self.pairs[at] == wanted, self.rows[at], count + 1)
        else:
            found = np.full(len(wanted), count + 1)
        rows: Ints = np.where((left < 0) | (right < 0), count, found)
        return rows


def _numbered(position: Ints) -> list[int | None]:
    """Return feature numbers of blocks by position, and nothing for the two rows without blocks."""
    return [int(one) + 1 if one >= 0 else None for one in position] + [None, None]
