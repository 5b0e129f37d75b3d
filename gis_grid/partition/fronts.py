"""Units below the grid that need no search: street fronts and courtyards, buildings and stairwells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.partition.cells import Ints
    from gis_grid.scheme import Tier

#: Begins the label of a strip; that of a courtyard begins with another letter.
STRIP, COURTYARD = "S", "Y"
#: A block with less frontage than this does not front a street (metres).
_FRONTAGE_M = 10.0


def fronts(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, tier: Tier, home: pd.Series) -> pd.Series:
    """Part every unit above into strips along main streets and the courtyards behind them.

    A block fronts the main street that it has most metres in common with. Blocks that front one street side by side are
    one strip; what is left lies in courtyards: a compound is one, else every connected piece.

    >>> import geopandas as gpd, shapely
    >>> from gis_grid.scheme import Scheme
    >>> index = pd.Index(["front", "yard", "over"], name="block_id")
    >>> blocks = gpd.GeoDataFrame({"households": 9}, index=index, geometry=[shapely.box(0, 0, 9, 9)] * 3, crs=32650)
    >>> columns = {"a": ["front", "front"], "b": ["yard", "over"], "shared_m": 90.0, "barrier": False}
    >>> lines = pd.DataFrame(columns).assign(street_class=["", "primary"], street_name=["", "新华路"])
    >>> home = pd.Series(["1", "1", "2"], index=index)
    >>> fronts(blocks, lines, Scheme.load("huangmen").tier("courtyard"), home).tolist()
    ['S000000', 'Y000001', 'S000002']
    """
    street = _street(blocks, borders, tier)
    places = [blocks.index.get_indexer(borders[side]) for side in ("a", "b")]
    ends = np.stack(places, axis=1).astype(np.int64)
    homes = pd.factorize(home)[0]
    yard = _yards(blocks)
    alike = (homes[ends[:, 0]] == homes[ends[:, 1]]) & (street[ends[:, 0]] == street[ends[:, 1]])
    behind = street[ends[:, 0]] < 0
    alike &= ~behind | (yard[ends[:, 0]] == yard[ends[:, 1]])
    free = ~borders["barrier"].to_numpy(dtype=bool)
    number = _first_of_piece(ends[alike & free], len(blocks))
    letter = np.where(street >= 0, STRIP, COURTYARD)
    return pd.Series([f"{a}{n:06d}" for a, n in zip(letter, number, strict=True)], index=blocks.index)


def atoms(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, tier: Tier, home: pd.Series) -> pd.Series:  # noqa: ARG001
    """Return the building, or the stairwell, that each block is: what is finer than a block stays one unit.

    Blocks of one building are told by their column `building`, or by the block they were cut from.
    """
    own = pd.Series(blocks.index.astype(str), index=blocks.index)
    if tier.atom == "stairwell":
        return own
    whole = blocks["parent_block_id"].astype(str) if "parent_block_id" in blocks else own
    strips = blocks["atom"].isin(("stairwell", "cut")) if "atom" in blocks else pd.Series(False, index=own.index)
    building = own.where(~(strips & (whole != "")), whole)
    if "building" in blocks:
        named = blocks["building"].fillna("").astype(str)
        building = building.where(named == "", "building " + named)
    found: pd.Series = home.astype(str) + "/" + building
    return found


def _street(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, tier: Tier) -> Ints:
    """Return the number of the main street that each block fronts, -1 for none."""
    main = borders[borders["street_class"].isin(tier.streets)]
    name = main["street_name"].where(main["street_name"] != "", main["street_class"])
    both = pd.concat(
        [pd.DataFrame({"block": main[side], "street": name, "m": main["shared_m"]}) for side in ("a", "b")]
    )
    metres = both.groupby(["block", "street"], sort=True, as_index=False)["m"].sum()
    metres = metres[metres["m"] >= _FRONTAGE_M].sort_values(["block", "m", "street"], ascending=[True, False, True])
    front = metres.drop_duplicates("block").set_index("block")["street"].reindex(blocks.index)
    number: Ints = pd.factorize(front)[0].astype(np.int64)
    return number


def _yards(blocks: gpd.GeoDataFrame) -> Ints:
    """Return the number of the compound that each block lies in; 0 for the blocks outside any."""
    if "compound" not in blocks:
        return np.zeros(len(blocks), dtype=np.int64)
    named = blocks["compound"].fillna("").astype(str)
    number: Ints = np.where(named == "", 0, pd.factorize(named)[0] + 1).astype(np.int64)
    return number


def _first_of_piece(ends: Ints, count: int) -> Ints:
    """Return for each block the first block of the piece that such pairs hold together."""
    links = sparse.coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
    number = connected_components(links, directed=False)[1]
    first = np.full(int(number.max(initial=-1)) + 1, -1, dtype=np.int64)
    first[number[::-1]] = np.arange(count)[::-1]
    found: Ints = first[number]
    return found
