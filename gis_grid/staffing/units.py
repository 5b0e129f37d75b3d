"""Units of a plan that posts can belong to: which there are, what is in them, and how far it is from one to another."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.plan import Plan, tier_column

Floats = NDArray[np.float64]

DISTRICT = "district"
#: A border along a river, a railway or an expressway is crossed at a bridge somewhere: the way is so many times longer.
BRIDGE = 3.0


def unit_of(plan: Plan, tier: str) -> pd.Series:
    """Return the code of the unit of a tier that each block lies in ("" in none).

    `tier` may be "district", whose only unit has no code: every block then has "".
    """
    blocks = plan.blocks
    if tier == plan.scheme.main.id:
        codes = plan.assignment.reindex(blocks.index).map(plan.grids["code"].astype(str))
    elif tier == "community":
        codes = blocks["community_code"]
    else:
        known = plan.scheme.tier(tier)
        column = tier_column(known) if known is not None else ""
        codes = blocks[column] if column in blocks else pd.Series("", index=blocks.index)
    unit: pd.Series = codes.fillna("").astype("str").rename("code")
    return unit


def units(plan: Plan, tier: str) -> pd.DataFrame:
    """Return the units of a tier by code (the index, rising), with their `households`, `shops` and `difficulty`.

    Difficulty is the mean over the households of what blocks declare (a column `difficulty`; 1 without one).

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> import gis_grid as gg
    >>> yards = [shapely.box(east, 0, east + 90, 90) for east in (0, 90)]
    >>> about = {"households": [400, 380], "parent_block_id": "", "atom": "face"}
    >>> ground = gpd.GeoDataFrame(about, geometry=yards, crs=4547, index=["a", "b"])
    >>> plan = gg.build_from(gg.District(ground, blocks=ground))
    >>> units(plan, "grid")["households"].tolist(), units(plan, "district")["households"].tolist()
    ([400, 380], [780])
    """
    code, blocks = unit_of(plan, tier), plan.blocks
    known = code != "" if tier != DISTRICT else pd.Series(True, index=code.index)
    homes = blocks["households"].astype("int64")
    shops = blocks["shops"].astype("int64") if "shops" in blocks else homes * 0
    hard = (
        pd.to_numeric(blocks["difficulty"], errors="coerce").fillna(1.0) if "difficulty" in blocks else homes * 0 + 1.0
    )
    weight = homes + 1e-9  # a unit without homes has the mean of its blocks
    frame = pd.DataFrame({"households": homes, "shops": shops, "hard": hard * weight, "weight": weight})
    found = frame[known].groupby(code[known]).sum()
    difficulty = (found["hard"] / found["weight"]).round(6)
    return found[["households", "shops"]].assign(difficulty=difficulty).rename_axis("code")


def within(plan: Plan, tier: str, other: str) -> dict[str, str]:
    """Return the unit of another tier that each unit of a tier lies in whole; those that straddle some are left out."""
    pairs = pd.DataFrame({"unit": unit_of(plan, tier), "around": unit_of(plan, other)}).drop_duplicates()
    whole = pairs[~pairs["unit"].duplicated(keep=False) & (pairs["unit"] != "")]
    return dict(zip(whole["unit"], whole["around"], strict=True))


def ways_m(plan: Plan, start: list[str]) -> pd.DataFrame:
    """Return the metres on foot from some grids to every grid: a row a start, a column a code.

    One walks from the middle of a grid over the middle of the border it shares with the next one to the middle of
    that; grids that cannot be reached that way are infinitely far.
    """
    codes = plan.grids["code"].astype(str).to_numpy()
    grid = pd.Series(np.arange(len(codes)), index=plan.grids.index)
    a, b = (grid.reindex(plan.assignment.reindex(plan.borders[side]).to_numpy()).to_numpy() for side in ("a", "b"))
    apart = a != b
    links = _links(plan.grids, plan.borders[apart], a[apart].astype(np.int64), b[apart].astype(np.int64))
    rows = pd.Index(codes).get_indexer(pd.Index(start))
    far = csgraph.dijkstra(links, directed=False, indices=rows)
    return pd.DataFrame(far, index=start, columns=codes)


def touching(plan: Plan) -> sparse.csr_array:
    """Return of every two grids whether they are one or share a border that is no barrier: a table of rows of grids."""
    grid = pd.Series(np.arange(len(plan.grids)), index=plan.grids.index)
    open_ = plan.borders[~plan.borders["barrier"].to_numpy(bool)]
    a, b = (grid.reindex(plan.assignment.reindex(open_[side]).to_numpy()).to_numpy(dtype=int) for side in ("a", "b"))
    every = np.arange(len(grid))
    rows, columns = np.concatenate([a, b, every]), np.concatenate([b, a, every])
    table = sparse.coo_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(len(grid), len(grid)))
    return sparse.csr_array(sparse.csr_array(table) > 0)


def _links(
    grids: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, a: NDArray[np.int64], b: NDArray[np.int64]
) -> sparse.csr_array:
    """Return the metres between the middles of grids that share a border, as a symmetric table."""
    middle = shapely.get_coordinates(shapely.point_on_surface(grids.geometry.to_numpy()))
    at = shapely.get_coordinates(shapely.line_interpolate_point(_longest(borders), 0.5, normalized=True))
    metres = np.hypot(*(middle[a] - at).T) + np.hypot(*(middle[b] - at).T)
    metres = np.maximum(metres * np.where(borders["barrier"].to_numpy(bool), BRIDGE, 1.0), 1.0)
    pairs = pd.DataFrame({"a": np.minimum(a, b), "b": np.maximum(a, b), "metres": metres})
    least = pairs.groupby(["a", "b"], as_index=False)["metres"].min()
    table = sparse.coo_array((least["metres"], (least["a"], least["b"])), shape=(len(grids), len(grids)))
    return sparse.csr_array(table)


def _longest(borders: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the longest piece of each border."""
    parts, row = shapely.get_parts(borders.geometry.to_numpy(), return_index=True)
    order = np.lexsort((-shapely.length(parts), row))
    first = order[np.unique(row[order], return_index=True)[1]]
    found: NDArray[np.object_] = parts[first]
    return found
