"""The layer `tiers`: units of every tier besides the grids, derived from the codes that blocks carry."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.grids import grids
from gis_grid.plan import Plan, tier_column
from gis_grid.scheme import Tier
from gis_grid.units import block_load, reach_m

COLUMNS = (
    "tier",
    "code",
    "name",
    "kind",
    "parent_code",
    "community_code",
    "load",
    "households",
    "blocks",
    "area_m2",
    "perimeter_m",
    "compactness",
    "reach_m",
)


def tier_units(plan: Plan) -> gpd.GeoDataFrame:
    """Return a row for every unit of every tier but the main one that blocks name units of, from the top down.

    `kind` is how the tier is made (a strip or a courtyard where it has both), `load` what its band counts, `reach_m`
    how far the farthest home is from the best place for a service point.
    """
    codes = _codes(plan)
    found = [
        _units(plan, tier, codes) for tier in plan.scheme.tiers if tier.id != plan.scheme.main.id and tier.id in codes
    ]
    if not found:
        return gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=[], crs=plan.blocks.crs)
    return gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=plan.blocks.crs)


def _codes(plan: Plan) -> dict[str, pd.Series]:
    """Return the code of the unit of each block in every tier that has units."""
    named = plan.grids["code"] if "code" in plan.grids else plan.grids.index.to_series()
    found = {}
    for tier in plan.scheme.tiers:
        if tier.id == plan.scheme.main.id:
            found[tier.id] = plan.assignment.reindex(plan.blocks.index).map(named).fillna("").astype(str)
        elif tier_column(tier) in plan.blocks:
            codes = plan.blocks[tier_column(tier)].fillna("").astype(str)
            if (codes != "").any():
                found[tier.id] = codes
    return found


def _units(plan: Plan, tier: Tier, codes: dict[str, pd.Series]) -> gpd.GeoDataFrame:
    unit = codes[tier.id][codes[tier.id] != ""]
    blocks = plan.blocks.loc[unit.index]
    frame = grids(blocks, unit)
    number = frame.index.get_indexer(unit).astype(np.int64)
    if tier.of:
        load = codes[tier.of].reindex(unit.index).groupby(unit).nunique()
    else:
        load = pd.Series(block_load(blocks, tier.load), index=unit.index).groupby(unit).sum()
    above, parent = plan.scheme.tier(tier.parent), pd.Series("", index=frame.index)
    while above is not None and above.id not in codes:
        above = plan.scheme.tier(above.parent)
    if above is not None:
        parent = codes[above.id].reindex(unit.index).groupby(unit).first()
    frame = frame.assign(
        tier=tier.id,
        code=frame.index,
        name=_names(plan, tier, frame),
        kind=_kinds(tier, frame.index, parent),
        parent_code=parent,
        load=load,
        reach_m=reach_m(blocks, number),
    )
    return frame.reset_index(drop=True)[[*COLUMNS, "geometry"]]


def _names(plan: Plan, tier: Tier, frame: gpd.GeoDataFrame) -> pd.Series:
    """Name a unit by its community and its serial; a community by its own name."""
    called = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    community: pd.Series = frame["community_code"].map(called).fillna("").astype(str)
    if tier.id == "community":
        return community.where(community != "", tier.name_zh)
    pairs = zip(frame.index, frame["community_code"], strict=True)
    inside = np.array([code.startswith(home) for code, home in pairs], dtype=bool)
    tail = frame.index.to_series().where(~inside, frame.index.str[12:])
    return pd.Series(community.where(inside, "") + tail + tier.name_zh)


def _kinds(tier: Tier, code: pd.Index, parent: pd.Series) -> list[str]:
    if tier.made != "strips":
        return [tier.made] * len(code)
    letters = [one[len(home) : len(home) + 1] for one, home in zip(code, parent.reindex(code), strict=True)]
    return ["strip" if letter == "S" else "courtyard" for letter in letters]
