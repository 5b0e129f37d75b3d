"""Blocks of one year on blocks of another: which earlier block each later one lies on, and which grid it was in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.blocks.counts import block_of, count_points, totals
from gis_grid.coverage import Geometries
from gis_grid.frames import check_frame

#: A block has a home if at least this share of its ground lay in some grid before.
LEAST_SHARE = 0.5
#: Ground of two blocks that differs by less (square metres) is the same ground.
SAME_M2 = 1.0
#: So is a street face if no more than this share of it differs: its rim moves a little when neighbours are divided.
_SAME_SHARE = 0.005
#: An empty hectare weighs as much as so many households, so that a block without any still has a home.
_PER_M2 = 1e-9


def overlaps(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return a row for every pair of an earlier and a later block that share ground.

    Columns `before` and `after` (ids), `share_before` and `share_after` (of the ground of each). Blocks of one id with
    the very same shape are paired without looking further, as blocks do not overlap one another.

    Examples
    --------
    >>> old = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 4, 1)], index=["b1"], crs=32650)
    >>> halves = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 4, 1)]
    >>> overlaps(old, gpd.GeoDataFrame(geometry=halves, index=["b2", "b3"], crs=32650)).values.tolist()
    [['b1', 'b2', 0.25, 1.0], ['b1', 'b3', 0.75, 1.0]]
    """
    if before.crs != after.crs:
        before = before.to_crs(after.crs)
    place = before.index.get_indexer(after.index)
    shapes, earlier = after.geometry.to_numpy(), before.geometry.to_numpy()
    same = place >= 0
    same[same] = shapely.equals_exact(shapes[same], earlier[place[same]], tolerance=1e-3)
    rest = np.flatnonzero(~same)
    left = np.setdiff1d(np.arange(len(before)), place[same])
    one, other = shapely.STRtree(earlier[left]).query(shapes[rest], predicate="intersects")
    one, other = rest[one], left[other]
    shared = shapely.area(shapely.intersection(shapes[one], earlier[other]))
    met = shared > 0
    rows = np.concatenate([np.flatnonzero(same), one[met]])
    theirs = np.concatenate([place[same], other[met]])
    shared = np.concatenate([shapely.area(shapes[same]), shared[met]])
    frame = pd.DataFrame(
        {
            "before": before.index.astype(str).to_numpy()[theirs],
            "after": after.index.astype(str).to_numpy()[rows],
            "share_before": shared / shapely.area(earlier[theirs]),
            "share_after": shared / shapely.area(shapes[rows]),
        }
    )
    return frame.sort_values(["after", "before"], ignore_index=True)


def homes(before: gpd.GeoDataFrame, assignment: pd.Series, after: gpd.GeoDataFrame) -> pd.Series:
    """Return for each later block the grid that most of it lay in before, "" where most of its ground was in none.

    "Most" counts households, spread evenly over the ground of the earlier blocks, and ground itself where nobody lived.

    Examples
    --------
    >>> halves = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 4, 1)]
    >>> old = gpd.GeoDataFrame({"households": [90, 10]}, geometry=halves, index=["b1", "b2"], crs=32650)
    >>> halves = [shapely.box(0, 0, 4, 1), shapely.box(4, 0, 8, 1)]
    >>> new = gpd.GeoDataFrame(geometry=halves, index=["b3", "b4"], crs=32650)
    >>> homes(old, pd.Series({"b1": "west", "b2": "east"}), new).to_dict()
    {'b3': 'west', 'b4': ''}
    """
    pairs = overlaps(before, after)
    held = pairs["before"].map(before["households"].set_axis(before.index.astype(str))).to_numpy(dtype=float)
    area = before.geometry.area.set_axis(before.index.astype(str))
    ground = pairs["share_before"].to_numpy() * pairs["before"].map(area).to_numpy()
    pairs = pairs.assign(
        grid=pairs["before"].map(assignment.set_axis(assignment.index.astype(str))),
        weight=held * pairs["share_before"] + _PER_M2 * ground,
    ).dropna(subset="grid")
    tally = pairs.groupby(["after", "grid"], as_index=False)[["weight", "share_after"]].sum()
    covered = tally.groupby("after")["share_after"].sum()
    best = tally.sort_values(["after", "weight", "grid"], ascending=[True, False, True]).drop_duplicates("after")
    known = best[best["after"].map(covered).to_numpy() >= LEAST_SHARE].set_index("after")["grid"]
    home = known.reindex(after.index.astype(str)).fillna("").to_numpy(dtype=str)
    return pd.Series(home, index=after.index, name="home", dtype=str)


def divided_as_before(
    blocks: gpd.GeoDataFrame, before: gpd.GeoDataFrame, households: gpd.GeoDataFrame, most: int
) -> gpd.GeoDataFrame:
    """Return blocks in which street faces that lie where they lay are what they were, and divided the way they were.

    How a face is divided hangs on its counts, and its outline a little on how its neighbours were divided. Where an
    earlier division still serves – no part of it holds more than `most` households – it stays, so that grids need not
    change their shape for a handful of households. `households` are counted anew.
    """
    if before.crs != blocks.crs:
        before = before.to_crs(blocks.crs)
    top, old_top = _tops(blocks), _tops(before)
    same = _same_ground(_whole(blocks, top), _whole(before, old_top))
    points = count_points(households.geometry.to_numpy())
    parts = before[np.isin(old_top, same)]
    held = totals(block_of(points, parts.geometry.to_numpy()), households["households"].to_numpy(), len(parts))
    full = _tops(parts)[held > most]
    same = np.setdiff1d(same, full)
    parts, kept = before[np.isin(old_top, same)], blocks[~np.isin(top, same)]
    code = pd.Series(blocks["community_code"].to_numpy(), index=top)
    parts = parts.assign(community_code=code[~code.index.duplicated()].reindex(_tops(parts)).to_numpy())
    both = pd.concat([kept, parts[[name for name in blocks.columns if name in parts]]]).sort_index()
    block = block_of(points, both.geometry.to_numpy())
    for name in {"households", "shops"} & set(blocks.columns) & set(households.columns):
        both[name] = totals(block, households[name].to_numpy(), len(both))
    return check_frame(gpd.GeoDataFrame(both, crs=blocks.crs).rename_axis("block_id"), "blocks")


def _whole(blocks: gpd.GeoDataFrame, top: Geometries) -> gpd.GeoDataFrame:
    """Return the ground of every face; its community is "" where it lies in several."""
    names, label = np.unique(top.astype(str), return_inverse=True)
    order = np.argsort(label, kind="stable")
    shapes = np.split(blocks.geometry.to_numpy()[order], np.cumsum(np.bincount(label))[:-1])
    ground = [part[0] if len(part) == 1 else shapely.union_all(part) for part in shapes]
    code = blocks["community_code"].groupby(top.astype(str))
    codes = code.first().where(code.nunique() == 1, "").reindex(names).to_numpy()
    return gpd.GeoDataFrame({"community_code": codes}, geometry=ground, index=names, crs=blocks.crs)


def _same_ground(faces: gpd.GeoDataFrame, before: gpd.GeoDataFrame) -> Geometries:
    """Return the names of the faces that lie where they lay, in the community they were in."""
    common = faces.index.intersection(before.index)
    one, other = faces.loc[common], before.loc[common]
    apart = shapely.area(shapely.symmetric_difference(one.geometry.to_numpy(), other.geometry.to_numpy()))
    same = apart < np.maximum(SAME_M2, _SAME_SHARE * one.area.to_numpy())
    same &= (one["community_code"] == other["community_code"]).to_numpy() & (one["community_code"] != "").to_numpy()
    names: Geometries = common.to_numpy(dtype=object)[same]
    return names


def _tops(blocks: gpd.GeoDataFrame) -> Geometries:
    """Return the id of the street face that each block is, or is a part of."""
    parent = blocks["parent_block_id"].to_numpy(dtype=object)
    tops: Geometries = np.where(parent == "", blocks.index.to_numpy(dtype=object), parent)
    return tops
