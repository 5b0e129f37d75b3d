"""The raw linework of the made-up district, as a map has it: carriageways, ramps, roundabouts, lanes — and dirt."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.sources.sample_layout import BARRIERS, CRS, GRID_M, MEDIAN_M, OVERLAP_M, Layout, axis

_AVENUE, _EXPRESSWAY = "人民大道", "南环快速路"
_ROUNDABOUTS = (("文昌路", "中山西路", "文昌环岛"), ("东湖路", "建设大道", "东湖环岛"))
_ROUNDABOUT_M = 27.0
#: along the expressway and along the avenue: where ramps leave, where they arrive
_RAMP_M = (175.0, 80.0)
#: streets end so far before a river, a railway or an expressway they do not cross
_STOP_SHORT_M = (11.0, 19.0)
_BEYOND_M = 90.0
_COLUMNS = ("name", "street_class", "link", "barrier", "roundabout", "oneway", "inner", "bridge")
#: how much of each kind of dirt
_UNDERSHOOTS, _OVERSHOOTS, _STUBS = 7, 6, 5
_UNNAMED = 0.04


def ramps(layout: Layout) -> gpd.GeoDataFrame:
    """Return the four ramps between the expressway and the avenue (columns `name`, geometry)."""
    avenue, expressway = axis(layout.lines, _AVENUE), axis(layout.lines, _EXPRESSWAY)
    crossing = shapely.intersection(avenue, expressway)
    along, up = _RAMP_M
    rows = []
    for east in (-1.0, 1.0):
        for north in (-1.0, 1.0):
            road = _carriageway(expressway, "motorway", north)
            street = _carriageway(avenue, "primary", -east)
            start = shapely.line_locate_point(road, crossing)
            first, bend = shapely.line_interpolate_point(road, start + east * np.array([along, 55.0]))
            last = shapely.line_interpolate_point(street, shapely.line_locate_point(street, crossing) + north * up)
            a, b, c = shapely.get_coordinates([first, bend, last])
            b = b + np.array([0.0, north * 14.0])
            t = np.linspace(0, 1, 13)[:, None]
            rows.append(shapely.LineString((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c))
    return gpd.GeoDataFrame({"name": f"{_EXPRESSWAY}匝道"}, geometry=rows, crs=CRS, index=range(4))


def roundabouts(layout: Layout) -> gpd.GeoDataFrame:
    """Return the islands of the roundabouts as discs (columns `name`, `street_class`)."""
    rows = []
    for one, other, name in _ROUNDABOUTS:
        middle = shapely.intersection(axis(layout.lines, one), axis(layout.lines, other))
        street_class = layout.lines.loc[layout.lines["name"].isin([one, other]), "street_class"].min()
        rows.append((name, street_class, shapely.buffer(middle, _ROUNDABOUT_M, quad_segs=6)))
    return gpd.GeoDataFrame(rows, columns=["name", "street_class", "geometry"], geometry="geometry", crs=CRS)


def reserved_land(layout: Layout) -> Any:
    """Return the land on which nothing may stand because of ramps and roundabouts."""
    islands = shapely.buffer(roundabouts(layout).geometry.to_numpy(), 12.0)
    return shapely.union_all([*islands, *shapely.buffer(ramps(layout).geometry.to_numpy(), 13.0)])


def barriers(layout: Layout) -> gpd.GeoDataFrame:
    """Return the river and the railway, a little beyond the district."""
    lines = layout.lines[layout.lines["street_class"].isin(("river", "railway"))]
    cut = shapely.intersection(lines.geometry.to_numpy(), shapely.buffer(layout.boundary, _BEYOND_M))
    frame = gpd.GeoDataFrame(lines[["name", "street_class"]].reset_index(drop=True), geometry=cut, crs=CRS)
    return frame.assign(link=False, barrier=True)[["name", "street_class", "link", "barrier", "geometry"]]


def streets(layout: Layout, lanes: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return every street as noded edges with real-life dirt.

    `lanes` are inner lanes with `name`, `street_class`, `inner`. Divided roads are two one-way lines; the expressway
    crosses other streets without a node. Dirt: ends that miss their street by less than a metre or overshoot it,
    stubs, a doubled edge, a second copy 20 cm beside its first, streets without a name.
    """
    raw = _raw(layout, lanes, rng)
    high = (raw["street_class"] == "motorway") & ~raw["link"]
    level = _node(raw[~high])
    above = _node(raw[high | raw["link"]])
    noded = pd.concat([level, above[~above["link"]]], ignore_index=True)
    near = shapely.dwithin(noded.geometry.to_numpy(), layout.boundary, _BEYOND_M)
    noded = gpd.GeoDataFrame(noded[near].reset_index(drop=True), geometry="geometry", crs=CRS)
    river = axis(layout.lines, "青溪")
    noded = noded.assign(bridge=noded.intersects(river), barrier=noded["street_class"].eq("motorway") & ~noded["link"])
    return _soil(noded, rng)[[*_COLUMNS, "geometry"]]


def _carriageway(line: Any, street_class: str, side: float) -> Any:
    """Return one carriageway of a divided road, to the left of its axis where `side` is above zero."""
    return shapely.offset_curve(line, side * MEDIAN_M[street_class] / 2, join_style="mitre")


def _raw(layout: Layout, lanes: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return all lines before noding."""
    lines = layout.lines[~layout.lines["street_class"].isin(("edge", "river", "railway"))]
    dual = lines[lines["dual"]]
    pairs = [
        (name, street_class, shapely.reverse(_carriageway(line, street_class, side)) if side > 0 else
         _carriageway(line, street_class, side))
        for name, street_class, line in zip(dual["name"], dual["street_class"], dual.geometry, strict=True)
        for side in (-1.0, 1.0)
    ]  # fmt: skip
    medians = _medians(dual)
    single = lines[~lines["dual"]]
    single = single.assign(geometry=_trimmed(single, medians, rng), inner=False)
    lanes = lanes.assign(geometry=_clear_of(lanes.geometry.to_numpy(), medians))
    discs = roundabouts(layout)
    carriageways = gpd.GeoDataFrame(pairs, columns=["name", "street_class", "geometry"], geometry="geometry", crs=CRS)
    ground = pd.concat([single, lanes, carriageways[carriageways["street_class"] != "motorway"]], ignore_index=True)
    ground["geometry"] = shapely.difference(ground["geometry"].to_numpy(), shapely.union_all(discs.geometry.to_numpy()))
    rings = discs.assign(geometry=shapely.get_exterior_ring(discs.geometry.to_numpy()), roundabout=True)
    slip = ramps(layout).assign(street_class="motorway", link=True)
    parts = [ground, carriageways[carriageways["street_class"] == "motorway"], rings, slip]
    frame = pd.concat(parts, ignore_index=True)
    oneway = frame["name"].isin(dual["name"]) | frame["roundabout"].eq(True) | frame["link"].eq(True)
    frame = frame.assign(oneway=oneway)
    for flag in ("link", "roundabout", "inner"):
        frame[flag] = frame[flag].eq(True)
    frame = frame[~shapely.is_empty(frame["geometry"].to_numpy())]
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=CRS).explode(ignore_index=True)


def _medians(dual: gpd.GeoDataFrame) -> Any:
    """Return the strips between the carriageways of the divided roads on the ground."""
    strips = []
    for street_class, line in zip(dual["street_class"], dual.geometry, strict=True):
        if street_class != "motorway":
            right, left = (_carriageway(line, street_class, side) for side in (-1.0, 1.0))
            ring = np.concatenate([shapely.get_coordinates(right), shapely.get_coordinates(left)[::-1]])
            strips.append(shapely.Polygon(ring))
    return shapely.union_all(strips)


def _clear_of(lines: NDArray[Any], medians: Any) -> NDArray[Any]:
    """Return the lines cut back to the nearer carriageway where they end between the two of a divided road."""
    tips = [shapely.get_point(lines, 0), shapely.get_point(lines, -1)]
    ends = shapely.intersects(tips[0], medians) | shapely.intersects(tips[1], medians)
    return np.where(ends, shapely.difference(lines, medians), lines)


def _trimmed(single: gpd.GeoDataFrame, medians: Any, rng: np.random.Generator) -> NDArray[Any]:
    """Return undivided streets with their ends as built: at the carriageway, or short of what they do not cross."""
    lines = single.geometry.to_numpy()
    lesser = single["street_class"].isin(("tertiary", "residential")).to_numpy() & (single["end_a"] != "").to_numpy()
    lesser |= (single["end_b"] != "").to_numpy()
    out = np.where(lesser, _clear_of(lines, medians), lines)
    for number, (a, b) in enumerate(zip(single["end_a"], single["end_b"], strict=True)):
        gaps = rng.uniform(*_STOP_SHORT_M, 2)
        start = gaps[0] if a in BARRIERS else 0.0
        stop = gaps[1] if b in BARRIERS else 0.0
        if start or stop:
            out[number] = _between(out[number], start, shapely.length(out[number]) - stop)
    return out


def _between(line: Any, start: float, stop: float) -> Any:
    """Return the stretch of a line between two distances from its beginning."""
    coords = shapely.get_coordinates(line)
    at = np.r_[0.0, np.cumsum(np.hypot(*np.diff(coords, axis=0).T))]
    inside = coords[(at > start) & (at < stop)]
    first, last = (np.array([np.interp(d, at, values) for values in coords.T]) for d in (start, stop))
    return shapely.LineString([first, *inside, last])


def _node(raw: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the lines cut at every meeting, each edge with the columns of the line it came from."""
    lines = raw.geometry.to_numpy()
    edges = shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
    edges = edges[shapely.length(edges) > 2 * OVERLAP_M]
    middle = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    order = np.lexsort(np.round(shapely.get_coordinates(middle), 2).T)
    edges, middle = edges[order], middle[order]
    found = shapely.STRtree(lines).query_nearest(middle, all_matches=False)[1]
    columns = raw.drop(columns="geometry").iloc[found].reset_index(drop=True)
    return gpd.GeoDataFrame(columns, geometry=_along(edges, lines[found]), crs=CRS)


def _along(edges: NDArray[Any], lines: NDArray[Any]) -> NDArray[Any]:
    """Return the edges in the direction of the lines they came from."""
    first = shapely.line_locate_point(lines, shapely.line_interpolate_point(edges, 0.45, normalized=True))
    later = shapely.line_locate_point(lines, shapely.line_interpolate_point(edges, 0.55, normalized=True))
    return np.where(first <= later, edges, shapely.reverse(edges))


def _soil(noded: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return the edges with the faults that hand-drawn linework has."""
    lines = noded.geometry.to_numpy().copy()
    length = shapely.length(lines)
    plain = (noded["street_class"] == "residential").to_numpy() & ~noded["inner"].to_numpy() & (length > 60)
    chosen = rng.choice(np.flatnonzero(plain), _UNDERSHOOTS + _OVERSHOOTS + _STUBS + 2, replace=False)
    for n in chosen[:_UNDERSHOOTS]:
        lines[n] = _between(lines[n], rng.uniform(0.3, 0.95), length[n])
    for n in chosen[_UNDERSHOOTS : _UNDERSHOOTS + _OVERSHOOTS]:
        a, b = shapely.get_coordinates(lines[n])[[-2, -1]]
        tip = b + (b - a) / np.hypot(*(b - a)) * rng.uniform(2.0, 5.0)
        lines[n] = shapely.LineString([*shapely.get_coordinates(lines[n]), tip])
    extra = noded.iloc[chosen[_UNDERSHOOTS + _OVERSHOOTS :]]
    copies = extra.geometry.to_numpy().copy()
    for n, line in enumerate(copies[:_STUBS]):
        a, b = shapely.get_coordinates(shapely.line_interpolate_point(line, [0.4, 0.41], normalized=True))
        side = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a))
        copies[n] = shapely.LineString([a, a + side * rng.uniform(5.0, 9.0) * rng.choice([-1, 1])])
    copies[_STUBS] = shapely.reverse(copies[_STUBS])
    copies[_STUBS + 1] = shapely.transform(copies[_STUBS + 1], lambda xy: xy + 0.14)
    stub = np.arange(len(extra)) < _STUBS
    columns = {"street_class": np.where(stub, "service", extra["street_class"]), "name": extra["name"].mask(stub, "")}
    noded = noded.assign(geometry=lines, name=noded["name"].mask(plain & (rng.random(len(noded)) < _UNNAMED), ""))
    dirty = pd.concat([noded, extra.assign(geometry=copies, **columns)], ignore_index=True)
    rounded = shapely.transform(dirty["geometry"].to_numpy(), lambda xy: np.round(xy, 3))
    return gpd.GeoDataFrame(dirty, geometry=rounded, crs=CRS)
