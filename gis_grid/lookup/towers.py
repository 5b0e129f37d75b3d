"""Buildings divided by stairwell between several grids: a point there cannot decide, only the stairwell can."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis_grid.addresses.entries import COLUMNS, written
from gis_grid.addresses.gazetteer import in_degrees

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis_grid.addresses import AddressFrames
    from gis_grid.lookup.index import LookupIndex

    Longs = NDArray[np.int64]

#: two parts of a building share a stretch of their outlines
_SHARE_A_LINE = "****1****"


@dataclass(frozen=True, slots=True, eq=False)
class Tower:
    """Hold a building whose stairwells lie in several grids, and the ground that belongs to it.

    `stairwells` are the names of its stairwells, each with the position of its grid; a name is empty where no address
    says what the stairwell is called.
    """

    label: str
    shape: Any
    stairwells: tuple[tuple[str, int], ...]

    def covers(self, lon: float, lat: float) -> bool:
        """Say whether a point lies in the building or on the ground around it."""
        return bool(shapely.intersects_xy(self.shape, lon, lat))


def towers_in(
    parts: gpd.GeoDataFrame | None, index: LookupIndex, addresses: AddressFrames | None = None
) -> dict[int, tuple[Tower, ...]]:
    """Return the buildings that are divided between grids, by the position of each grid that has a part of one.

    Parameters
    ----------
    parts
        The blocks that are parts of buildings (atom `stairwell`), with `parent_block_id`; the CRS does not matter.
    index
        The grids.
    addresses
        Says what buildings and stairwells are called; each stairwell is in the grid that its address lies in.

    Examples
    --------
    >>> import geopandas as gpd
    >>> from gis_grid.lookup.index import LookupIndex
    >>> halves = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> grids = gpd.GeoDataFrame({"code": ["g1", "g2"]}, geometry=halves, crs=4326)
    >>> parts = gpd.GeoDataFrame({"parent_block_id": ["b", "b"]}, geometry=halves, crs=4326)
    >>> towers_in(parts, LookupIndex(grids))[1][0].stairwells
    (('', 0), ('', 1))
    """
    if parts is None or not len(parts):
        return {}
    frame = in_degrees(parts)
    shapes = frame.geometry.to_numpy()
    middle = shapely.point_on_surface(shapes)
    grid = index.locate(shapely.get_x(middle), shapely.get_y(middle))
    named = _named(shapes, index, addresses)
    building = _buildings(shapes, frame["parent_block_id"].to_numpy(dtype=object), named)
    found: dict[int, list[Tower]] = defaultdict(list)
    for number in np.unique(building).tolist():
        mine = np.flatnonzero(building == number)
        own = named[named["part"].isin(mine)]
        stairwells = _stairwells(own, grid[mine])
        positions = dict.fromkeys(position for _, position in stairwells)
        if len(positions) < 2:
            continue
        shape = shapely.coverage_union_all(shapes[mine])
        shapely.prepare(shape)
        tower = Tower(str(own["label"].iloc[0]) if len(own) else "", shape, stairwells)
        for position in {*positions, *grid[mine].tolist()} - {-1}:
            found[position].append(tower)
    return {position: tuple(towers) for position, towers in found.items()}


def _named(shapes: NDArray[Any], index: LookupIndex, addresses: AddressFrames | None) -> pd.DataFrame:
    """Return the stairwells that have addresses in the parts: `part`, `label` of the building, `stairwell`, `grid`."""
    nothing = pd.DataFrame({"part": [], "label": [], "stairwell": [], "grid": []}, dtype=object)
    if addresses is None or addresses.addresses is None:
        return nothing
    entries = addresses.addresses
    entries = in_degrees(entries[(entries["stairwell"].fillna("") != "").to_numpy()])
    row, part = shapely.STRtree(shapes).query(entries.geometry.to_numpy(), predicate="intersects")
    if not len(row):
        return nothing
    points = entries.geometry.to_numpy()[row]
    told = pd.DataFrame({name: entries[name].astype(object).fillna("").to_numpy()[row] for name in COLUMNS})
    return pd.DataFrame(
        {
            "part": part,
            "label": [written(*values, level="building") for values in told.itertuples(index=False, name=None)],
            "stairwell": told["stairwell"],
            "grid": index.locate(shapely.get_x(points), shapely.get_y(points)),
        }
    )


def _buildings(shapes: NDArray[Any], parents: NDArray[Any], named: pd.DataFrame) -> Longs:
    """Give each part the number of its building: parts of one block that share a line and are not called otherwise."""
    called = named.groupby("part")["label"].first().reindex(range(len(shapes))).fillna("").to_numpy(dtype=object)
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    same = (parents[one] == parents[other]) & (one != other)
    same &= (called[one] == called[other]) | (called[one] == "") | (called[other] == "")
    one, other = one[same], other[same]
    touch = shapely.relate_pattern(shapes[one], shapes[other], _SHARE_A_LINE)
    links = coo_array((np.ones(touch.sum(), bool), (one[touch], other[touch])), shape=(len(shapes),) * 2)
    numbers: Longs = connected_components(links, directed=False)[1].astype(np.int64)
    return numbers


def _stairwells(named: pd.DataFrame, grid: Longs) -> tuple[tuple[str, int], ...]:
    """Return stairwells with their grids in the order of their numbers; without names each grid once."""
    pairs = zip(named["stairwell"].tolist(), named["grid"].tolist(), strict=True) if len(named) else ()
    known = {(str(name), int(position)) for name, position in pairs if position >= 0}
    for position in grid.tolist():
        if position >= 0 and all(position != other for _, other in known):
            known.add(("", int(position)))
    return tuple(sorted(known, key=lambda pair: (_number(pair[0]), pair)))


def _number(name: str) -> float:
    found = re.match(r"\d+", name)
    return int(found[0]) if found else math.inf
