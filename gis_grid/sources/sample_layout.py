"""The plan of the made-up district: its street axes, river, railway, the blocks between them, and the communities.

Positions are drawn by hand (metres from the south-west corner), then bent a little by the seed; the large cells
between the axes are halved again and again by lesser streets, which is how blocks of unlike size and shape come about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.sources.sample_names import street_names

CRS = "EPSG:4547"
#: where the south-west corner of the plan lies in EPSG:4547 (easting, northing)
ORIGIN = (463_200.0, 3_353_600.0)
#: coordinates are kept to a centimetre
GRID_M = 0.01
#: by how much lesser streets overshoot the streets they end at before noding
OVERLAP_M = 0.03
#: classes that no grid may straddle
BARRIERS = ("motorway", "railway", "river")
#: between the two carriageways of a divided road, by class
MEDIAN_M = {"motorway": 24.0, "primary": 18.0}
#: from the axis to where building land begins, by class
SETBACK_M = {
    "motorway": 34.0,
    "primary": 24.0,
    "secondary": 17.0,
    "tertiary": 13.0,
    "residential": 9.5,
    "railway": 22.0,
    "river": 38.0,
    "edge": 4.0,
}
_SCALE = 0.81
_WOBBLE_M = 14.0
_BLOCK_M2 = (15_000.0, 30_000.0)
_OUTER_BLOCK_M2 = (22_000.0, 58_000.0)
#: what is narrower (side of the square of like compactness) is a verge, not a block
_STRIP_M = 115.0
#: cells squarer than this may be cut either way
_SQUARE = 0.7
_OLD_TOWN = (1120.0, 900.0, 620.0)

_Points = tuple[tuple[float, float], ...]
#: name, class, where it runs; "edge" is the district's border where no street runs
_AXES: tuple[tuple[str, str, _Points], ...] = (
    ("西园路", "secondary", ((-10, -200), (25, 400), (-25, 900), (-40, 1400), (20, 1900), (45, 2400))),
    ("文昌路", "secondary", ((600, -200), (555, 300), (595, 800), (535, 1250), (600, 1700), (650, 2400))),
    ("人民大道", "primary", ((1110, -200), (1150, 450), (1125, 1100), (1185, 1700), (1250, 2400))),
    ("青年路", "secondary", ((1430, -200), (1560, 450), (1640, 1000), (1655, 1600), (1745, 2400))),
    ("青江铁路", "railway", ((1590, -200), (1830, 400), (2015, 900), (2125, 1350), (2280, 1850), (2510, 2400))),
    ("东湖路", "secondary", ((2330, -200), (2370, 450), (2425, 1000), (2540, 1500), (2660, 2400))),
    ("", "edge", ((2800, -200), (2850, 400), (2790, 900), (2890, 1400), (2850, 1900), (2920, 2400))),
    ("北环路", "secondary", ((-200, 2120), (600, 2185), (1200, 2150), (1800, 2205), (2400, 2165), (3100, 2110))),
    ("建设大道", "primary", ((-200, 1700), (600, 1645), (1200, 1690), (1900, 1725), (2500, 1660), (3100, 1635))),
    ("青溪", "river", ((-200, 1340), (250, 1300), (650, 1110), (1050, 1095), (1400, 1240), (1750, 1235), (2150, 1040),
                     (2500, 950), (3100, 1015))),
    ("中山路", "secondary", ((-200, 800), (500, 755), (1130, 805), (1700, 755), (2100, 690), (2500, 680), (3100, 725))),
    ("南环快速路", "motorway", ((-200, 395), (600, 430), (1200, 445), (1900, 400), (2500, 430), (3100, 480))),
    ("南湖路", "tertiary", ((-200, 195), (600, 165), (1150, 210), (1500, 205), (2400, 175), (3100, 240))),
    ("", "edge", ((-200, -30), (400, -70), (1000, 15), (1700, -50), (2300, 35), (3100, -20))),
)  # fmt: skip
#: streets that keep to the river: name, class, metres from its middle (north is above zero)
_BANKS = (("滨河路", "tertiary", 62.0), ("沿江大道", "secondary", -58.0))


@dataclass(frozen=True)
class Layout:
    """Hold the plan, in metres of `CRS`.

    `lines`: whole axes (`name`, `street_class`, `dual`, `end_a`/`end_b`: the class of line on which a lesser street
    begins and ends). `faces`: blocks that tile the district (`community` 0–11, `old`, `pocket`). `edges`: the noded
    lines between the faces, with `line` (row in `lines`).
    """

    lines: gpd.GeoDataFrame
    faces: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    boundary: Any


def lay_out(rng: np.random.Generator) -> Layout:
    """Draw the plan of the district."""
    lines = _axes(rng)
    cells = _cells(lines)
    lines = pd.concat([lines, _lesser_streets(cells, lines, rng)], ignore_index=True)
    lines = gpd.GeoDataFrame(lines, geometry="geometry", crs=CRS)
    noded = shapely.union_all(lines.geometry.to_numpy(), grid_size=GRID_M)
    faces = shapely.get_parts(shapely.polygonize([noded]))
    faces = faces[shapely.contains_properly(_hull(lines), shapely.point_on_surface(faces))]
    boundary = shapely.coverage_union_all(faces)
    edges = _edges(noded, lines, boundary)
    return Layout(lines, _describe_faces(faces, lines), edges, boundary)


def axis(lines: gpd.GeoDataFrame, name: str) -> Any:
    """Return the whole axis of a name."""
    return lines.geometry[lines["name"] == name].iloc[0]


def smooth(points: NDArray[np.float64], *, step_m: float = 35.0) -> NDArray[np.float64]:
    """Return a smooth run of points through the given ones (cubic Hermite with finite-difference tangents)."""
    chord = np.hypot(*np.diff(points, axis=0).T)
    at = np.r_[0.0, np.cumsum(chord)]
    slope = np.gradient(points, at, axis=0)
    want = np.linspace(0.0, at[-1], max(2, int(at[-1] / step_m)))
    i = np.clip(np.searchsorted(at, want, side="right") - 1, 0, len(chord) - 1)
    h = chord[i][:, None]
    t = ((want - at[i]) / chord[i])[:, None]
    out: NDArray[np.float64] = (
        (1 + 2 * t) * (1 - t) ** 2 * points[i]
        + t * (1 - t) ** 2 * h * slope[i]
        + t**2 * (3 - 2 * t) * points[i + 1]
        + t**2 * (t - 1) * h * slope[i + 1]
    )
    return out


def _axes(rng: np.random.Generator) -> gpd.GeoDataFrame:
    rows = []
    for name, street_class, points in _AXES:
        bent = np.array(points) + rng.normal(0.0, _WOBBLE_M, (len(points), 2))
        rows.append((name, street_class, shapely.LineString(smooth(bent * _SCALE) + ORIGIN)))
    river = next(line for _, street_class, line in rows if street_class == "river")
    for name, street_class, off in _BANKS:
        bank = shapely.offset_curve(river, off)
        sparse = shapely.get_coordinates(shapely.line_interpolate_point(bank, np.linspace(0, 1, 45), normalized=True))
        rows.append((name, street_class, shapely.LineString(sparse)))
    split: list[tuple[str, str, Any]] = []
    middle = next(line for name, _, line in rows if name == "人民大道")
    for name, street_class, line in rows:
        if name != "中山路":
            split.append((name, street_class, line))
            continue
        west, east = _cut_at(line, shapely.intersection(line, middle))
        split += [("中山西路", street_class, west), ("中山东路", street_class, east)]
    frame = gpd.GeoDataFrame(split, columns=["name", "street_class", "geometry"], geometry="geometry", crs=CRS)
    return frame.assign(dual=frame["street_class"].isin(MEDIAN_M), end_a="", end_b="")


def _cut_at(line: Any, point: Any) -> tuple[Any, Any]:
    coords = shapely.get_coordinates(line)
    at = shapely.line_locate_point(line, shapely.points(coords))
    before = at < shapely.line_locate_point(line, point)
    here = shapely.get_coordinates(point)
    return shapely.LineString(np.r_[coords[before], here]), shapely.LineString(np.r_[here, coords[~before]])


def _hull(lines: gpd.GeoDataFrame) -> Any:
    """Return the district, roughly: what the four outer axes enclose."""
    outer = lines.geometry[(lines["street_class"] == "edge") | lines["name"].isin(["西园路", "北环路"])]
    rooms = shapely.get_parts(shapely.polygonize([shapely.union_all(outer.to_numpy())]))
    return max(rooms, key=shapely.area)


def _cells(lines: gpd.GeoDataFrame) -> NDArray[Any]:
    cells = shapely.get_parts(shapely.polygonize([shapely.union_all(lines.geometry.to_numpy(), grid_size=GRID_M)]))
    inside: NDArray[Any] = cells[shapely.contains_properly(_hull(lines), shapely.point_on_surface(cells))]
    return inside


def _width(polygon: Any) -> float:
    """Return the side of the square with the same ratio of area to perimeter, in metres."""
    return float(4 * shapely.area(polygon) / shapely.length(polygon))


def _lesser_streets(cells: NDArray[Any], lines: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Halve every cell until its parts are as small as blocks are there; return the cuts as streets."""
    names = street_names(rng)
    ends: list[tuple[float, float, str]] = []
    rows: list[dict[str, Any]] = []
    order = np.argsort(-shapely.area(cells), kind="stable")
    stack = [(cells[i], 0, _block_size(cells[i], rng)) for i in order]
    while stack:
        cell, depth, wanted = stack.pop(0)
        if shapely.area(cell) < 1.55 * wanted or _width(cell) < _STRIP_M:
            continue
        found = _best_cut(cell, lines, ends, rng)
        if found is None:
            continue
        line, parts, inherited, end_a, end_b = found
        street_class = "tertiary" if depth == 0 and shapely.area(cell) > 1.2e5 else "residential"
        name = inherited or next(names) + ("路" if street_class == "tertiary" else "街" if depth < 3 else "巷")
        ends += [(*line.coords[i], name) for i in (0, -1)]
        rows.append({"name": name, "street_class": street_class, "geometry": line, "dual": False})
        rows[-1] |= {"end_a": end_a, "end_b": end_b}
        stack += [(part, depth + 1, _block_size(part, rng)) for part in parts]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)


def _block_size(cell: Any, rng: np.random.Generator) -> float:
    x, y, radius = _OLD_TOWN
    centre = shapely.Point(x * _SCALE + ORIGIN[0], y * _SCALE + ORIGIN[1])
    low, high = _BLOCK_M2 if shapely.distance(cell, centre) < radius * _SCALE / 2 else _OUTER_BLOCK_M2
    return float(rng.uniform(low, high))


def _best_cut(
    cell: Any, lines: gpd.GeoDataFrame, ends: list[tuple[float, float, str]], rng: np.random.Generator
) -> tuple[Any, NDArray[Any], str, str, str] | None:
    """Return the best of a few cuts across a cell: few ends at barriers, best on from a street that ends there."""
    near = lines[shapely.distance(lines.geometry.to_numpy(), cell) < 0.05]
    best = None
    for line, inherited in _cuts(cell, ends, rng):
        parts = shapely.get_parts(shapely.polygonize([shapely.union_all([cell.exterior, line], grid_size=GRID_M)]))
        if len(parts) != 2 or min(shapely.area(parts)) < 9_000 or min(map(_width, parts)) < 72:
            continue
        tips = shapely.points(line.coords[:1] + line.coords[-1:])
        on = [_class_at(near, tip) for tip in tips]
        score = 2 * sum(c in (*BARRIERS, "edge") for c in on) - bool(inherited) + rng.uniform(0, 0.9)
        if best is None or score < best[0]:
            best = (score, line, parts, inherited, on[0], on[1])
    return None if best is None else best[1:]


def _class_at(near: gpd.GeoDataFrame, point: Any) -> str:
    """Return the class of the axis a point lies on, "" for a lesser street."""
    gap = shapely.distance(near.geometry.to_numpy(), point)
    return str(near["street_class"].iloc[int(gap.argmin())]) if len(gap) and gap.min() < 0.05 else ""


def _cuts(cell: Any, ends: list[tuple[float, float, str]], rng: np.random.Generator) -> Iterator[tuple[Any, str]]:
    """Yield cuts across a cell, roughly square to its longer side, each with the name of the street it goes on from."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(cell))[:3]
    sides = np.diff(corners, axis=0)
    length = np.hypot(*sides.T)
    ways = np.argsort(-length)[: 2 if length.min() > _SQUARE * length.max() else 1]
    on_ring = [(np.array([x, y]), name) for x, y, name in ends if cell.exterior.distance(shapely.Point(x, y)) < 0.05]
    for way in ways:
        along, across = sides[way], sides[1 - way]
        for t in rng.uniform(0.36, 0.64, 3):
            yield from _across(cell, corners[0] + t * along + across / 2, across, "", rng)
        for end, name in on_ring:
            t = float(np.dot(end - corners[0], along) / np.dot(along, along))
            if 0.3 < t < 0.7:
                yield from _across(cell, end, across * 2, name, rng)


def _across(
    cell: Any, middle: NDArray[np.float64], across: NDArray[np.float64], name: str, rng: np.random.Generator
) -> Iterator[tuple[Any, str]]:
    """Yield the cut where a line, turned a few degrees and bent in the middle, crosses the cell."""
    angle = rng.normal(0.0, np.radians(4.0))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    reach = turn @ across * 1.5
    pieces = shapely.get_parts(shapely.intersection(shapely.LineString([middle - reach, middle + reach]), cell))
    pieces = pieces[shapely.get_type_id(pieces) == 1]
    if not len(pieces):
        return
    a, b = shapely.get_coordinates(max(pieces, key=shapely.length))[[0, -1]]
    normal = np.array([a[1] - b[1], b[0] - a[0]])
    knee = a + (b - a) * rng.uniform(0.35, 0.65) + normal * rng.normal(0.0, 0.022)
    # a hair too long, so that rounding to the grid cannot leave the ends short of the streets they meet
    over = [(end - knee) / np.hypot(*(end - knee)) * OVERLAP_M for end in (a, b)]
    yield shapely.LineString([a + over[0], knee, b + over[1]]), name


def _edges(noded: Any, lines: gpd.GeoDataFrame, boundary: Any) -> gpd.GeoDataFrame:
    """Return the noded lines inside the district with the axis each lies on."""
    parts = shapely.get_parts(shapely.line_merge(noded))
    middle = shapely.line_interpolate_point(parts, 0.5, normalized=True)
    keep = shapely.dwithin(middle, boundary, 0.05) & (shapely.length(parts) > 2 * OVERLAP_M)
    parts, middle = parts[keep], middle[keep]
    pair = shapely.STRtree(lines.geometry.to_numpy()).query_nearest(middle, all_matches=False)
    row = np.full(len(parts), -1)
    row[pair[0]] = pair[1]
    frame = gpd.GeoDataFrame({"line": row}, geometry=parts, crs=CRS)
    return frame.join(lines[["name", "street_class"]], on="line")


def _describe_faces(faces: NDArray[Any], lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Say of each face in which community it lies, whether it is old town, and whether it is the pocket."""
    centre = shapely.get_coordinates(shapely.point_on_surface(faces))
    order = np.lexsort((np.round(centre[:, 0]), -np.round(centre[:, 1], -2)))
    faces, centre = faces[order], centre[order]
    community = _communities(centre, lines)
    x, y, radius = _OLD_TOWN
    away = np.hypot(*(centre - ORIGIN - np.array([x, y]) * _SCALE).T)
    behind = (community == 4) & shapely.dwithin(faces, axis(lines, "青江铁路"), 0.05)
    fit = behind & (centre[:, 1] < ORIGIN[1] + 1600 * _SCALE) & (np.array([_width(f) for f in faces]) > 120)
    pocket = np.arange(len(faces)) == int(np.where(fit, shapely.area(faces), np.inf).argmin())
    # the houses behind the railway belong to the community before it: a detached part, as real districts have
    community = np.where(pocket, 3, community)
    columns = {"community": community, "old": away < radius * _SCALE, "pocket": pocket}
    return gpd.GeoDataFrame(columns, geometry=faces, crs=CRS)


def _communities(points: NDArray[np.float64], lines: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the community (0–11) of each point by the side of the main axes it lies on."""

    def north(*names: str) -> NDArray[np.bool_]:
        xy = np.concatenate([shapely.get_coordinates(axis(lines, name)) for name in names])
        return np.asarray(points[:, 1] > np.interp(points[:, 0], xy[:, 0], xy[:, 1]))

    def east(name: str) -> NDArray[np.bool_]:
        xy = shapely.get_coordinates(axis(lines, name))
        return np.asarray(points[:, 0] > np.interp(points[:, 1], xy[:, 1], xy[:, 0]))

    rail, avenue = east("青江铁路"), east("人民大道")
    upper, middle = north("青溪"), north("南环快速路")
    cases = [upper & rail, upper & north("建设大道"), upper, middle & rail, middle & avenue, middle, rail]
    west_first = [np.full(len(points), 4), 0 + avenue, 2 + avenue, np.full(len(points), 8), np.full(len(points), 7)]
    values = [*west_first, np.where(north("中山西路", "中山东路"), 5, 6), np.full(len(points), 11)]
    return np.asarray(np.select(cases, values, 9 + avenue), dtype=np.int64)
