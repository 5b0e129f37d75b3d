"""Outside → checked frames: the only readers of files.

Every reader returns a `Read`: the frame in the district's metric CRS, what was guessed or mended on the way (to be said
in the summary), and tallies that account for every row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.sources.addresses import read_addresses, read_street_numbers
    from gis_grid.sources.aliases import read_aliases
    from gis_grid.sources.barriers import read_barriers
    from gis_grid.sources.boundary import read_boundary
    from gis_grid.sources.communities import read_communities
    from gis_grid.sources.compounds import read_buildings, read_compounds, read_drawn
    from gis_grid.sources.households import read_blocks, read_households
    from gis_grid.sources.staff import read_roster, read_staff
    from gis_grid.sources.streets import read_streets
    from gis_grid.sources.tables import read_any

_HOME = {
    "read_addresses": "addresses",
    "read_street_numbers": "addresses",
    "read_aliases": "aliases",
    "read_any": "tables",
    "read_barriers": "barriers",
    "read_blocks": "households",
    "read_boundary": "boundary",
    "read_buildings": "compounds",
    "read_communities": "communities",
    "read_compounds": "compounds",
    "read_drawn": "compounds",
    "read_households": "households",
    "read_roster": "staff",
    "read_staff": "staff",
    "read_streets": "streets",
}
__all__ = [
    "Read",
    "read_addresses",
    "read_aliases",
    "read_any",
    "read_barriers",
    "read_blocks",
    "read_boundary",
    "read_buildings",
    "read_communities",
    "read_compounds",
    "read_drawn",
    "read_households",
    "read_roster",
    "read_staff",
    "read_street_numbers",
    "read_streets",
]


@dataclass(frozen=True)
class Read:
    """Hold what a reader made of a file: the frame, what to tell the user, and where every row went.

    `notes` are sentences for the summary (what was guessed, mended, left out); `tally` counts rows and, where the
    file counts something, its total (`in`, `outside`, `rejected`, `total` and the same with `_households`); `columns`
    names the column of the file that a column of the frame came from, where it was counted.
    """

    frame: gpd.GeoDataFrame
    notes: tuple[str, ...] = ()
    tally: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def __getattr__(name: str) -> Any:
    # late, so that asking the command line for help does not load GDAL
    if name in _HOME:
        return getattr(import_module(f"gis_grid.sources.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
