"""A plan as one value: blocks, who borders whom, which grid each block belongs to, and what was said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import geopandas as gpd
import pandas as pd

from gis_grid.scheme import Scheme, Tier
from gis_grid.units import block_load


def tier_column(tier: Tier) -> str:
    """Return the column of blocks that holds the code of their unit in a tier."""
    return f"{tier.id}_code"


@dataclass(frozen=True)
class Plan:
    """Hold a division of a district; geometry of grids is always derived from `blocks` and `assignment`.

    `blocks`, `borders` and `grids` keep the contract of `gis_grid.frames`; `outline` holds the stretches where a
    block meets the outside of the district (columns `block_id`, `side_m`, `street_name`, `street_class`,
    `barrier`); blocks hold the codes of their units in tiers besides the main one (`<tier>_code`); `assignment` maps
    block_id → grid_id; `addresses` are points with the columns of `gis_grid.addresses`, and `numbers` pieces of
    streets with the numbers along them; `aliases` are old names (columns `alias`, `name`, `note`); `compounds` (`name`)
    and `buildings` (`name`, and `storeys` where known) are what a map shows of the ground;
    `staff` is a roster as it came in, and `assignments` who holds which post by it
    (`gis_grid.staffing.assignments`). `issues` has the columns of the plan file's layer. `concordance` says which
    grid of an earlier plan became which, if the plan was carried over from one (see `gis_grid.compare`).
    """

    scheme: Scheme
    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    outline: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    assignment: pd.Series
    grids: gpd.GeoDataFrame
    issues: pd.DataFrame
    streets: gpd.GeoDataFrame | None = None
    addresses: gpd.GeoDataFrame | None = None
    numbers: gpd.GeoDataFrame | None = None
    aliases: pd.DataFrame | None = None
    compounds: gpd.GeoDataFrame | None = None
    buildings: gpd.GeoDataFrame | None = None
    staff: pd.DataFrame | None = None
    assignments: pd.DataFrame | None = None
    concordance: pd.DataFrame | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def load(self) -> pd.Series:
        """What the band of the main tier counts in each grid: households, unless the scheme says otherwise."""
        tier = self.scheme.main
        if tier.counted == "households":
            households: pd.Series = self.grids["households"]
            return households.rename("load")
        below = self.scheme.tier(tier.of)
        if below is not None:
            units = self.blocks.get(tier_column(below), pd.Series("", index=self.blocks.index))
            found = units.groupby(self.assignment.reindex(self.blocks.index)).nunique()
        else:
            load = pd.Series(block_load(self.blocks, tier.load), index=self.blocks.index)
            found = load.groupby(self.assignment.reindex(self.blocks.index)).sum()
        load_of: pd.Series = found.reindex(self.grids.index).fillna(0).astype("int64")
        return load_of.rename("load")
