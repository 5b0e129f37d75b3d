"""From blocks and an assignment to the grids themselves: polygons that share their borders exactly.

Shapes are derived, never drawn: a grid is the union of its blocks, so a plan has neither gap nor overlap as long as
its blocks have none, and two neighbours keep the very same vertices along their border.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.errors import Fault, FrameError

#: what a street can give a border to follow; the rest runs through blocks or along lines that are only drawn
_NOT_ON_LINES = ("cell", "stairwell", "")


def grids(
    blocks: gpd.GeoDataFrame,
    assignment: pd.Series,
    borders: gpd.GeoDataFrame | None = None,
    outline: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Dissolve blocks into grids and measure them.

    Returns one row a grid, index ``grid_id`` in order: `community_code` (that of most households), `households` (and
    `shops` where blocks count them), `blocks` (how many), `area_m2`, `perimeter_m`, `compactness` (Polsby–Popper,
    4πA/P²: 1 for a circle, 0.785 for a square) and, where `borders` are handed in, `street_share`: the part of the
    perimeter that follows streets, water, rails, walls or an administrative line.

    Raises
    ------
    FrameError
        If a block has no grid, or the assignment names blocks that do not exist.

    Examples
    --------
    >>> shapes = [shapely.box(0, 0, 2, 1), shapely.box(0, 1, 2, 2)]
    >>> frame = {"community_code": "1", "households": [150, 200]}
    >>> blocks = gpd.GeoDataFrame(frame, geometry=shapes, index=pd.Index(["b1", "b2"], name="block_id"), crs=32650)
    >>> made = grids(blocks, pd.Series({"b1": "g1", "b2": "g1"}))
    >>> print(made.loc["g1", "households"], made.loc["g1", "area_m2"], made.loc["g1", "compactness"].round(3))
    350 4.0 0.785
    """
    grid_of = _grid_of(blocks, assignment)
    ids, labels = np.unique(grid_of.to_numpy(dtype=str), return_inverse=True)
    shapes = dissolve(blocks.geometry.to_numpy(), labels, len(ids))
    area, perimeter = shapely.area(shapes), shapely.length(shapes)
    columns: dict[str, object] = {
        "community_code": main_community(blocks, grid_of).reindex(ids).to_numpy(),
        "households": np.bincount(labels, blocks["households"], len(ids)).astype("int64"),
        "blocks": np.bincount(labels, minlength=len(ids)).astype("int64"),
        "area_m2": area,
        "perimeter_m": perimeter,
        "compactness": polsby_popper(shapes),
    }
    if "shops" in blocks:
        columns["shops"] = np.bincount(labels, blocks["shops"], len(ids)).astype("int64")
    if borders is not None:
        followed = _followed_m(grid_of, borders, outline).reindex(ids).fillna(0.0).to_numpy()
        columns["street_share"] = np.clip(followed / np.where(perimeter > 0, perimeter, 1.0), 0.0, 1.0)
    return gpd.GeoDataFrame(columns, geometry=shapes, index=pd.Index(ids, name="grid_id", dtype=str), crs=blocks.crs)


def polsby_popper(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return how compact shapes are: 4πA/P², 1 for a circle, towards 0 for a thread (Polsby and Popper 1991)."""
    area, perimeter = shapely.area(shapes), shapely.length(shapes)
    out: NDArray[np.float64] = np.divide(4 * np.pi * area, perimeter**2, out=np.zeros(len(area)), where=perimeter > 0)
    return out


def main_community(blocks: gpd.GeoDataFrame, grid_of: pd.Series) -> pd.Series:
    """Return the community that holds most households of each grid (most blocks, then the first code, on a tie)."""
    tally = pd.DataFrame(
        {
            "grid_id": grid_of.to_numpy(),
            "community_code": blocks["community_code"].to_numpy(),
            "households": blocks["households"].to_numpy(),
            "blocks": 1,
        }
    )
    tally = tally.groupby(["grid_id", "community_code"], as_index=False, sort=True)[["households", "blocks"]].sum()
    order = ["grid_id", "households", "blocks", "community_code"]
    tally = tally.sort_values(order, ascending=[True, False, False, True])
    return tally.drop_duplicates("grid_id").set_index("grid_id")["community_code"]


def dissolve(shapes: NDArray[np.object_], labels: NDArray[np.int64], count: int) -> NDArray[np.object_]:
    """Return the union of the shapes of each label, vertices along shared borders untouched.

    The fast union for valid coverages is used; where blocks overlap or do not meet vertex to vertex, which shows as an
    area that does not add up, the general union is taken instead.
    """
    order = np.argsort(labels, kind="stable")
    ends = np.searchsorted(labels[order], np.arange(count + 1))
    out = np.empty(count, dtype=object)
    for n in range(count):
        part = shapes[order[ends[n] : ends[n + 1]]]
        out[n] = part[0] if len(part) == 1 else _union(part)
    return out


def _union(part: NDArray[np.object_]) -> object:
    wanted = float(shapely.area(part).sum())
    union = shapely.coverage_union_all(part)
    if shapely.is_valid(union) and abs(union.area - wanted) <= 1e-6 * max(wanted, 1.0):
        kind = shapely.get_type_id(union)
        if kind in (3, 6):
            return union
        if shapely.get_num_geometries(union) == 1:
            return shapely.get_geometry(union, 0)
    return shapely.union_all(part)


def _grid_of(blocks: gpd.GeoDataFrame, assignment: pd.Series) -> pd.Series:
    """Return the grid of every block in the order of the blocks."""
    if not assignment.index.is_unique:
        twice = ", ".join(map(str, assignment.index[assignment.index.duplicated()].unique()[:5]))
        raise FrameError(
            Fault(f"blocks stand twice ({twice})", "assignment", "block_id", None, "keep one grid a block")
        )
    missing, strange = blocks.index.difference(assignment.index), assignment.index.difference(blocks.index)
    grid_of = assignment.reindex(blocks.index)
    missing = missing.union(grid_of.index[grid_of.isna()])
    faults = []
    if len(missing):
        shown = ", ".join(map(str, missing[:5]))
        remedy = "give every block a grid"
        faults.append(Fault(f"{len(missing)} blocks have no grid ({shown})", "assignment", "grid_id", None, remedy))
    if len(strange):
        shown = ", ".join(map(str, strange[:5]))
        remedy = "drop them, or hand in the blocks they belong to"
        faults.append(Fault(f"{len(strange)} blocks do not exist ({shown})", "assignment", "block_id", None, remedy))
    if faults:
        raise FrameError(faults)
    return grid_of


def _followed_m(grid_of: pd.Series, borders: gpd.GeoDataFrame, outline: gpd.GeoDataFrame | None) -> pd.Series:
    """Return for each grid how many metres of its perimeter follow a line that exists outside this program."""
    a, b = grid_of.reindex(borders["a"]).to_numpy(), grid_of.reindex(borders["b"]).to_numpy()
    drawn = (a != b) & ~borders["street_class"].isin(_NOT_ON_LINES).to_numpy()
    metres = borders["shared_m"].to_numpy()[drawn]
    pieces = [pd.Series(metres, index=a[drawn]), pd.Series(metres, index=b[drawn])]
    if outline is not None and len(outline):
        pieces.append(pd.Series(outline["side_m"].to_numpy(), index=grid_of.reindex(outline["block_id"]).to_numpy()))
    together = pd.concat(pieces)
    return together.groupby(level=0).sum()
