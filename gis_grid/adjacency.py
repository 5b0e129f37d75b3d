"""Blocks to borders: who borders whom, for how many metres, and along which street, river or railway."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.coverage import Bools, Floats, Geometries, Ints, Segments, coverage_segments
from gis_grid.errors import Fault, FrameError
from gis_grid.frames import LINE_CLASSES, check_frame

# the type stubs of shapely do not know it yet
_clean: Any = getattr(shapely, "coverage_clean")  # noqa: B009

#: Shorter contact than this is a corner, not a border (metres).
LEAST_M = 0.1
#: How far a border may lie from the line it is named after: on it, midway between two lanes, or in the middle of a wide
#: road's carriageways.
ON_M, MIDWAY_M, BESIDE_M = 2.0, 12.0, 30.0
#: Lines that come with two carriageways or banks.
WIDE = ("motorway", "trunk", "primary", "secondary", "railway", "river")
#: Vertices of ready-made blocks this close are meant to be one.
SNAP_M = 0.1
#: A border is looked at every so many metres.
STEP_M = 15.0


def borders(blocks: gpd.GeoDataFrame, lines: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Return one row for each pair of blocks that share a border, with the street it runs along.

    `blocks` is a noded coverage (neighbours share their vertices, see `mended`) with block ids as index; `lines` are
    streets and barriers in the same CRS. A border takes the name and class of the line most of it runs along, and is a
    barrier where most of it runs along one. Without a line it has the class of what it parts: `community`,
    `stairwell`, `cell`, `wall`, or "".

    Examples
    --------
    >>> squares = [shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)]
    >>> columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": 9}
    >>> two = gpd.GeoDataFrame(columns, geometry=squares, index=["p", "q"], crs=32650)
    >>> borders(two)[["a", "b", "shared_m"]].values.tolist()
    [['p', 'q', 1.0]]
    """
    segments = coverage_segments(blocks.geometry.to_numpy())
    shared = segments.take(segments.a >= 0)
    pair = shared.a * len(blocks) + shared.b
    keys, of = np.unique(pair, return_inverse=True)
    parent = blocks["parent_block_id"].to_numpy(dtype=object)
    siblings = (parent[shared.a] == parent[shared.b]) & (parent[shared.a] != "")
    frame = _described(shared, of, len(keys), lines, siblings)
    ids = blocks.index.to_numpy(dtype=object)
    left, right = keys // max(len(blocks), 1), keys % max(len(blocks), 1)
    swap = ids[left] > ids[right]
    frame.insert(0, "b", np.where(swap, ids[left], ids[right]))
    frame.insert(0, "a", np.where(swap, ids[right], ids[left]))
    unnamed = frame["street_class"].to_numpy() == "?"
    frame.loc[unnamed, "street_class"] = _between(blocks, left[unnamed], right[unnamed])
    frame = frame[frame["shared_m"] >= LEAST_M].sort_values(["a", "b"], ignore_index=True)
    return check_frame(frame.set_crs(blocks.crs), "borders", metric=False)


def outline(blocks: gpd.GeoDataFrame, lines: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Return the stretches where each block meets the outside, with the street they run along.

    Columns `block_id`, `side_m`, `street_name`, `street_class` (`boundary` where no line runs), `barrier`.
    """
    segments = coverage_segments(blocks.geometry.to_numpy())
    rim = segments.take(segments.a < 0)
    keys, of = np.unique(rim.b, return_inverse=True)
    frame = _described(rim, of, len(keys), lines, np.zeros(len(rim.u), bool)).rename(columns={"shared_m": "side_m"})
    frame.insert(0, "block_id", blocks.index.to_numpy(dtype=object)[keys])
    frame.loc[frame["street_class"] == "?", "street_class"] = "boundary"
    return frame.set_crs(blocks.crs).sort_values("block_id", ignore_index=True)


def around(
    blocks: gpd.GeoDataFrame,
    gone: Collection[str],
    fresh: Collection[str],
    edges: gpd.GeoDataFrame,
    rim: gpd.GeoDataFrame,
    lines: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return borders and outline after some blocks have made way for others, derived anew only around those.

    `blocks` are the blocks as they are now, `gone` ids of blocks that are no more and `fresh` of those in their place;
    `edges` and `rim` are borders and outline as they were, `lines` as for `borders`.

    Examples
    --------
    >>> columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": 9}
    >>> squares = [shapely.box(n, 0, n + 1, 1) for n in range(3)]
    >>> three = gpd.GeoDataFrame(columns, geometry=squares, index=["p", "q", "r"], crs=32650)
    >>> other = three.rename(index={"q": "q-1"})
    >>> edges, _ = around(other, ["q"], ["q-1"], borders(three), outline(three))
    >>> edges[["a", "b"]].values.tolist()
    [['p', 'q-1'], ['q-1', 'r']]
    """
    left = ~(edges["a"].isin(gone) | edges["b"].isin(gone) | edges["a"].isin(fresh) | edges["b"].isin(fresh))
    beside = np.union1d(edges["a"][~left], edges["b"][~left])
    named = [name for name in np.union1d(beside, list(fresh)) if name in blocks.index]
    shapes = blocks.geometry.to_numpy()
    met = shapely.STRtree(shapes).query(blocks.geometry[named].to_numpy(), predicate="dwithin", distance=LEAST_M)[1]
    part = blocks.iloc[np.unique(met)]
    new, side = borders(part, lines), outline(part, lines)
    new = new[new["a"].isin(fresh) | new["b"].isin(fresh)]
    side = side[side["block_id"].isin(fresh)]
    if lines is None:
        new, side = _as_before(new, side, edges[~left], rim[rim["block_id"].isin(gone)], fresh)
    kept = rim[~(rim["block_id"].isin(gone) | rim["block_id"].isin(fresh))]
    both = gpd.GeoDataFrame(pd.concat([edges[left], new]), crs=blocks.crs).sort_values(["a", "b"], ignore_index=True)
    sides = gpd.GeoDataFrame(pd.concat([kept, side]), crs=blocks.crs).sort_values("block_id", ignore_index=True)
    return check_frame(both, "borders", metric=False), sides


def _as_before(
    new: gpd.GeoDataFrame,
    side: gpd.GeoDataFrame,
    old: gpd.GeoDataFrame,
    old_side: gpd.GeoDataFrame,
    fresh: Collection[str],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Let borders with a neighbour, and those with the outside, run along what the borders in their place ran along."""
    columns = ["street_name", "street_class", "barrier"]
    neighbour = new["b"].where(new["a"].isin(fresh), new["a"])
    told = pd.concat([old.set_index("a")[columns], old.set_index("b")[columns]])
    told = told[~told.index.duplicated()]
    known = neighbour.isin(told.index)
    new.loc[known, columns] = told.loc[neighbour[known], columns].to_numpy()
    if len(old_side):
        side = side.assign(**{name: old_side[name].iloc[0] for name in columns})
    return new, side


def mended(blocks: gpd.GeoDataFrame, *, gap_m: float = 0.5) -> gpd.GeoDataFrame:
    """Return blocks whose neighbours share every vertex, closing gaps and overlaps narrower than `gap_m`.

    Ready-made blocks often miss each other by a rounding error, and then nobody borders anybody.

    Raises
    ------
    FrameError
        If blocks still overlap afterwards: the file then holds the same ground twice.
    """
    geometry = blocks.geometry.to_numpy()
    if not shapely.coverage_is_valid(geometry, gap_width=gap_m):
        geometry = _clean(geometry, gap_width=gap_m, snapping_distance=SNAP_M)
        lost = shapely.is_empty(geometry) | (shapely.area(geometry) < 0.5 * blocks.area.to_numpy())
        if lost.any():
            rows = blocks.index[lost]
            faults = [
                Fault("most of this block lies on others", "blocks", row=str(r), remedy="remove one of them")
                for r in rows
            ]
            raise FrameError(faults)
    return blocks.set_geometry(gpd.GeoSeries(geometry, index=blocks.index, crs=blocks.crs))


def _described(
    segments: Segments, of: Ints, count: int, lines: gpd.GeoDataFrame | None, within: Bools
) -> gpd.GeoDataFrame:
    """Gather segments into borders and find the line each runs along; "?" as class where there is none.

    Segments `within` one street face part pieces of it, so they can only run *on* a line, never beside a road.
    """
    length = segments.length
    order = np.argsort(of, kind="stable")
    bundles: Any = shapely.multilinestrings(segments.lines[order], indices=of[order]) if count else []
    metres = np.bincount(of, length, count)
    frame = gpd.GeoDataFrame({"shared_m": metres}, geometry=shapely.line_merge(np.asarray(bundles, dtype=object)))
    frame["street_name"], frame["street_class"], frame["barrier"] = "", "?", False
    if lines is None or not len(lines) or not count:
        return frame
    found = _along(segments, of, length, lines, within)
    named = found[found["metres"] >= 0.5 * metres[found["border"]]]
    frame.loc[named["border"], "street_name"] = named["name"].to_numpy()
    frame.loc[named["border"], "street_class"] = named["street_class"].to_numpy()
    blocked = found.groupby("border")["barrier_m"].first()
    frame.loc[blocked.index, "barrier"] = (blocked >= 0.5 * metres[blocked.index]).to_numpy()
    return frame


def _along(segments: Segments, of: Ints, length: Floats, lines: gpd.GeoDataFrame, within: Bools) -> pd.DataFrame:
    """Return for each border the line that most of it runs along, and the metres along it and along barriers."""
    pieces = np.maximum(np.ceil(length / STEP_M), 1).astype(np.int64)
    segment = np.repeat(np.arange(len(length)), pieces)
    nth = np.arange(len(segment)) - np.repeat(np.r_[0, np.cumsum(pieces)[:-1]], pieces) + 0.5
    start, end = segments.xy[segments.u[segment]], segments.xy[segments.v[segment]]
    spots = shapely.points(start + (end - start) * (nth / pieces[segment])[:, None])
    table = _best_line(spots, end - start, within[segment], lines)
    table["border"] = of[segment[table["spot"]]]
    table["metres"] = (length / pieces)[segment[table["spot"]]]
    table["barrier_m"] = table["metres"] * table["barrier"]
    barrier = table.groupby("border")["barrier_m"].sum()
    sums = table.groupby(["border", "name", "street_class", "rank"], as_index=False)["metres"].sum()
    # a border is *along* roads of one kind when most of it is; the longest of their names is its name
    kinds = sums.groupby(["border", "street_class", "rank"], as_index=False)["metres"].sum()
    kinds = kinds.sort_values(["border", "metres", "rank"], ascending=[True, False, True]).drop_duplicates("border")
    names = sums[sums["name"] != ""].sort_values(["border", "metres", "name"], ascending=[True, False, True])
    names = names.drop_duplicates("border").set_index("border")["name"]
    total = sums.groupby("border")["metres"].sum()
    named = kinds["border"].map(names).astype(object)
    out = kinds.assign(name=named.where(named.notna(), ""), barrier_m=kinds["border"].map(barrier))
    result: pd.DataFrame = out.assign(metres=kinds["border"].map(total)).reset_index(drop=True)
    return result


def _best_line(spots: Geometries, direction: Floats, within: Bools, lines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the line each spot belongs to: one it lies on, else the nearest that runs the same way.

    Beside a border only roads that come with two carriageways, ramps or barriers count, and names and barriers
    win over nameless lines that are equally near.
    """
    geometry = lines.geometry.to_numpy()
    spot, line = shapely.STRtree(geometry).query(spots, predicate="dwithin", distance=BESIDE_M)
    gap = shapely.distance(spots[spot], geometry[line])
    at = shapely.line_locate_point(geometry[line], spots[spot])
    before = shapely.line_interpolate_point(geometry[line], np.maximum(at - 3, 0))
    after = shapely.line_interpolate_point(geometry[line], np.minimum(at + 3, shapely.length(geometry[line])))
    way = shapely.get_coordinates(after) - shapely.get_coordinates(before)
    turn = np.abs((way * direction[spot]).sum(axis=1))
    cosine = turn / np.maximum(np.hypot(*way.T) * np.hypot(*direction[spot].T), 1e-9)
    kind = lines["street_class"].to_numpy(dtype=object)
    reach = np.where(np.isin(kind, WIDE), BESIDE_M, MIDWAY_M)
    keep = (gap <= ON_M) | ((cosine > 0.8) & (gap <= reach[line]) & ~within[spot])
    spot, line, gap = spot[keep], line[keep], gap[keep]
    rank = pd.Series(range(len(LINE_CLASSES)), index=LINE_CLASSES)[kind].to_numpy()
    barrier, name = lines["barrier"].to_numpy(bool), lines["name"].to_numpy(dtype=object)
    nameless = name == ""
    # being on the line counts first, then how near it is in steps of five metres, then what it is
    near = np.where(gap <= ON_M, 0, np.ceil(gap / 5.0))
    order = np.lexsort((line, rank[line], nameless[line], ~barrier[line], near, spot))
    first = order[np.r_[True, np.diff(spot[order]) != 0]] if len(order) else order
    chosen = line[first]
    columns = {"spot": spot[first], "name": name[chosen], "street_class": kind[chosen], "rank": rank[chosen]}
    return pd.DataFrame(columns | {"barrier": barrier[chosen]})


def _between(blocks: gpd.GeoDataFrame, left: Ints, right: Ints) -> Geometries:
    """Return the class of borders that run along no line, from the blocks on both sides."""
    code, atom = blocks["community_code"].to_numpy(dtype=object), blocks["atom"].to_numpy(dtype=object)
    parent = blocks["parent_block_id"].to_numpy(dtype=object)
    siblings = (parent[left] == parent[right]) & (parent[left] != "")
    out = np.full(len(left), "", dtype=object)
    for kind, name in (("compound", "wall"), ("building", "cell"), ("stairwell", "stairwell")):
        either = (atom[left] == kind) | (atom[right] == kind)
        both = (atom[left] == kind) & (atom[right] == kind)
        out[siblings & (both if kind == "stairwell" else either)] = name
    out[code[left] != code[right]] = "community"
    return out
