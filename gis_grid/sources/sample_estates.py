"""What stands in the quarters of the made-up district: towers, slabs and lane houses in rows, and the lanes inside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.sources.sample_layout import CRS, Layout

#: households of the few towers that alone exceed a grid: stairwells × storeys × flats a floor
_GIANT = (3, 33, 6)
_GIANTS = 3


@dataclass(frozen=True)
class Pattern:
    """How buildings of a kind are set out, in metres: rows `depth_m` deep every `period_m`, of stairwells in a row."""

    depth_m: float
    period_m: float
    stairwells: tuple[int, int]
    stairwell_m: tuple[float, float]
    gap_m: tuple[float, float]
    storeys: tuple[int, int]
    flats: tuple[int, int]


PATTERNS = {
    "slab": Pattern(12.0, 27.0, (2, 5), (14.0, 17.0), (8.0, 14.0), (5, 6), (2, 2)),
    "midrise": Pattern(14.0, 38.0, (2, 3), (18.0, 21.0), (12.0, 20.0), (9, 17), (2, 2)),
    "tower": Pattern(18.0, 56.0, (1, 2), (26.0, 30.0), (18.0, 30.0), (18, 32), (3, 4)),
    "lanes": Pattern(8.5, 12.6, (1, 1), (7.0, 11.0), (0.0, 1.2), (1, 3), (1, 1)),
    "works": Pattern(27.0, 43.0, (1, 1), (28.0, 62.0), (12.0, 22.0), (1, 3), (0, 0)),
    "public": Pattern(16.0, 48.0, (1, 1), (28.0, 56.0), (16.0, 30.0), (3, 6), (0, 0)),
    "park": Pattern(9.0, 90.0, (1, 1), (14.0, 20.0), (70.0, 120.0), (1, 1), (0, 0)),
    "campus": Pattern(18.0, 54.0, (1, 1), (45.0, 75.0), (20.0, 36.0), (4, 7), (0, 0)),
}
#: half the width kept free of buildings along an inner lane
_LANE_HALF_M = 5.0
_MARGIN_M = 4.0
_FAR_M = 2000.0


@dataclass(frozen=True)
class Estates:
    """Hold buildings and inner lanes.

    `buildings`: footprints with `quarter` (row), `row`, `stairwells`, `storeys`, `flats` (a floor), `giant`, `alley`
    and `row_side` (the lane a house opens on and the side of it), `length_m`, `depth_m`, `cx`, `cy`, `ux`, `uy`
    (middle, and direction of the long side). `lanes`: lines with `quarter`, `kind` (`spine`, `cross`, `alley`),
    `number`. `gates`: one row a quarter: `line` (row in the layout's lines), `x`, `y`.
    """

    buildings: gpd.GeoDataFrame
    lanes: gpd.GeoDataFrame
    gates: pd.DataFrame


def build_estates(layout: Layout, quarters: gpd.GeoDataFrame, rng: np.random.Generator) -> Estates:
    """Fill every quarter with rows of buildings and the lanes that lead to them."""
    finder = _GateFinder(layout, quarters)
    houses, lanes, gates = [], [], []
    for number, (polygon, kind) in enumerate(zip(quarters.geometry, quarters["kind"], strict=True)):
        plot = _Plot(polygon, PATTERNS[kind], kind, rng)
        houses.append(plot.houses().assign(quarter=number))
        found = finder.gates(number, plot)
        gates.append(found[0][:3] if found else finder.nearest(polygon))
        lanes += [(number, *lane) for lane in plot.lanes(found)]
    table = pd.concat(houses, ignore_index=True)
    table = _giants(table, quarters, rng)
    shapes = _rectangles(table)
    kept = shapely.contains_properly(quarters.geometry.to_numpy()[table["quarter"]], shapes)
    buildings = gpd.GeoDataFrame(table[kept].reset_index(drop=True), geometry=shapes[kept], crs=CRS)
    columns = ["quarter", "kind", "number", "geometry"]
    inner = gpd.GeoDataFrame(lanes, columns=columns, geometry="geometry", crs=CRS)
    return Estates(buildings, inner, pd.DataFrame(gates, columns=["line", "x", "y"]))


def _giants(table: pd.DataFrame, quarters: gpd.GeoDataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Make a few towers so large that one alone exceeds a grid."""
    tower = quarters["kind"].to_numpy()[table["quarter"]] == "tower"
    double = np.flatnonzero(tower & (table["stairwells"] == 2))
    chosen = rng.choice(double, min(_GIANTS, len(double)), replace=False)
    stairwells, storeys, flats = _GIANT
    giant = np.isin(np.arange(len(table)), chosen)
    values = {"stairwells": stairwells, "storeys": storeys, "flats": flats}
    return table.assign(giant=giant, **{k: np.where(giant, v, table[k]) for k, v in values.items()})


def _rectangles(table: pd.DataFrame) -> NDArray[Any]:
    middle = table[["cx", "cy"]].to_numpy()
    along = table[["ux", "uy"]].to_numpy() * table[["length_m"]].to_numpy() / 2
    across = np.stack([-table["uy"], table["ux"]], axis=1) * table[["depth_m"]].to_numpy() / 2
    corners = [middle - along - across, middle + along - across, middle + along + across, middle - along + across]
    return np.asarray(shapely.polygons(np.round(np.stack(corners, axis=1), 2)))


class _Plot:
    """One quarter, turned so that its rows lie along x."""

    def __init__(self, polygon: Any, pattern: Pattern, kind: str, rng: np.random.Generator) -> None:
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(polygon))[:3]
        side = max(np.diff(corners, axis=0), key=lambda d: float(np.hypot(*d)))
        angle = np.arctan2(side[1], side[0])
        angle -= np.round(angle / (np.pi / 2)) * (np.pi / 2)
        self.u = np.array([np.cos(angle), np.sin(angle)])
        self.turn = np.array([self.u, [-self.u[1], self.u[0]]])
        self.origin = shapely.get_coordinates(polygon.centroid)[0]
        self.local = shapely.transform(polygon, lambda xy: (xy - self.origin) @ self.turn.T)
        self.pattern, self.kind, self.rng = pattern, kind, rng
        x0, y0, x1, y1 = self.local.bounds
        self.spine = (x0 + x1) / 2 + rng.uniform(-0.08, 0.08) * (x1 - x0)
        widest = pattern.stairwells[0] * pattern.stairwell_m[1]
        self.narrow = bool(shapely.area(polygon) / (y1 - y0) < 2 * (widest + _LANE_HALF_M + _MARGIN_M) + 6.0)
        self.rows = self._row_positions(y0 + _MARGIN_M, y1 - _MARGIN_M)
        half = len(self.rows) // 2
        self.cross = float(self.rows[half - 1 : half + 1].mean()) if len(self.rows) > 1 else (y0 + y1) / 2

    def _row_positions(self, low: float, high: float) -> NDArray[np.float64]:
        """Return the middle lines of the rows; lane houses stand back to back in pairs."""
        depth, period = self.pattern.depth_m, self.pattern.period_m
        fit = int((high - low - depth) / period) + 1
        if fit < 1:
            return np.zeros(0)
        spare = (high - low - depth) - (fit - 1) * period
        rows = np.asarray(low + depth / 2 + spare / 2 + np.arange(fit) * period, dtype=np.float64)
        if self.kind == "lanes":
            rows = rows + np.where(np.arange(fit) % 2 == 0, -1.0, 1.0) * -1.8
        return rows

    def world(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return local coordinates in the plane of the district."""
        return np.asarray(xy @ self.turn + self.origin)

    def spans(self, y: float, half: float) -> list[tuple[float, float]]:
        """Return the stretches of a row that lie inside the quarter over its whole depth, either side of the spine."""
        x0, _, x1, _ = self.local.bounds
        runs = []
        for level in (y - half, y + half):
            cut = shapely.intersection(self.local, shapely.LineString([(x0 - 1, level), (x1 + 1, level)]))
            longest = max(shapely.get_parts(cut), key=shapely.length, default=None)
            if longest is None or longest.is_empty or longest.geom_type != "LineString":
                return []
            ends = shapely.get_coordinates(longest)[:, 0]
            runs.append((ends.min(), ends.max()))
        low, high = max(r[0] for r in runs) + _MARGIN_M, min(r[1] for r in runs) - _MARGIN_M
        if self.narrow:
            return [(low, high)]
        return [(low, min(high, self.spine - _LANE_HALF_M)), (max(low, self.spine + _LANE_HALF_M), high)]

    def houses(self) -> pd.DataFrame:
        """Return the buildings of the quarter, row by row from the north."""
        found: list[tuple[float, float, float, int, int]] = []
        for row, y in enumerate(self.rows[::-1]):
            for low, high in self.spans(float(y), self.pattern.depth_m / 2):
                found += [(x, float(y), length, count, row) for x, length, count in self._pack(low, high)]
        table = pd.DataFrame(found, columns=["x", "y", "length_m", "stairwells", "row"])
        table = table.astype({"x": float, "y": float, "length_m": float, "stairwells": "int64", "row": "int64"})
        centre = self.world(table[["x", "y"]].to_numpy())
        p, n = self.pattern, len(table)
        one = p.storeys[0] + int(self.rng.integers(0, p.storeys[1] - p.storeys[0] + 1))
        storeys = np.clip(one + self.rng.integers(-1, 2, n), *p.storeys)
        flats = self.rng.integers(p.flats[0], p.flats[1] + 1, n)
        alley, side = self._alleys(table["row"].to_numpy())
        columns = {"cx": centre[:, 0], "cy": centre[:, 1], "ux": self.u[0], "uy": self.u[1], "depth_m": p.depth_m}
        return table.assign(**columns, alley=alley, row_side=side, storeys=storeys, flats=flats)

    def _alleys(self, row: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.str_]]:
        """Return the alley each building opens on, counted from the north (0: none), and on which side of it it is."""
        if self.kind != "lanes":
            return np.zeros(len(row), dtype=np.int64), np.full(len(row), "S")
        from_south = len(self.rows) - 1 - row
        alleys = (len(self.rows) - 1) // 2
        number = alleys - (from_south - 1) // 2
        return np.where((number < 1) | (from_south < 1), 0, number), np.where(from_south % 2 == 0, "N", "S")

    def _pack(self, low: float, high: float) -> list[tuple[float, float, int]]:
        """Set buildings side by side from `low` to `high`; return their middles, lengths and stairwells."""
        p, out, at = self.pattern, [], low
        while True:
            width = self.rng.uniform(*p.stairwell_m)
            count = min(int(self.rng.integers(p.stairwells[0], p.stairwells[1] + 1)), int((high - at) // width))
            if count < p.stairwells[0]:
                break
            out.append((at + count * width / 2, count * width, count))
            at += count * width + self.rng.uniform(*p.gap_m)
        spare = max(0.0, high - (out[-1][0] + out[-1][1] / 2)) if out else 0.0
        return [(x + spare / 2, length, count) for x, length, count in out]

    def lanes(self, gates: list[tuple[int, float, float, str]]) -> list[tuple[str, int, Any]]:
        """Return the lanes inside: one up the middle, one across or many alleys, out to the gates."""
        if not gates or not len(self.rows):
            return []
        x_low, x_high = self.spans_at(self.cross)
        ends = {"S": (self.spine, self.rows[0]), "N": (self.spine, self.rows[-1])}
        ends |= {"W": (x_low, self.cross), "E": (x_high, self.cross)}
        tips = {side: self.world(np.array(end)) for side, end in ends.items()}
        tips |= {side: np.array([x, y]) for _, x, y, side in gates}
        lines = []
        if not self.narrow and not np.array_equal(tips["S"], tips["N"]):
            lines.append(("spine", 0, shapely.LineString([tips["S"], tips["N"]])))
        if self.kind == "lanes":
            levels = [(a + b) / 2 for a, b in zip(self.rows[:-1], self.rows[1:], strict=True)][1::2]
            alleys = [self.world(np.array([(x, y) for x in self.spans_at(float(y))])) for y in levels[::-1]]
            lines += [("alley", number, shapely.LineString(alley)) for number, alley in enumerate(alleys, 1)]
        elif len(self.rows) > 1:
            lines.append(("cross", 0, shapely.LineString([tips["W"], tips["E"]])))
        return lines

    def spans_at(self, y: float) -> tuple[float, float]:
        """Return from where to where a lane across may run at a level."""
        runs = self.spans(y, 0.0)
        return (runs[0][0] + 3, runs[-1][1] - 3) if runs else (self.spine - 1, self.spine + 1)


class _GateFinder:
    """Finds where a lane can leave its quarter to a street without crossing another quarter."""

    def __init__(self, layout: Layout, quarters: gpd.GeoDataFrame) -> None:
        self.faces = layout.faces.geometry.to_numpy()
        self.quarters = quarters
        classes = layout.edges["street_class"]
        self.edges = layout.edges.geometry.to_numpy()
        self.line = layout.edges["line"].to_numpy()
        self.rank = classes.map({"primary": 0, "secondary": 1, "tertiary": 2, "residential": 3}).fillna(9).to_numpy()
        self.tree = shapely.STRtree(self.edges)

    def nearest(self, polygon: Any) -> tuple[int, float, float]:
        """Return the nearest place on a street: line, x, y."""
        street = np.flatnonzero(self.rank < 9)
        edge = street[int(shapely.distance(self.edges[street], polygon).argmin())]
        x, y = shapely.shortest_line(self.edges[edge], polygon).coords[0]
        return int(self.line[edge]), x, y

    def gates(self, number: int, plot: _Plot) -> list[tuple[int, float, float, str]]:
        """Return up to four gates, the best street first: line, where, and the side N, S, W or E."""
        if not len(plot.rows):
            return []
        face = int(self.quarters["face"].iloc[number])
        beside = (self.quarters["face"].to_numpy() == face) & (np.arange(len(self.quarters)) != number)
        siblings = shapely.union_all(self.quarters.geometry.to_numpy()[beside])
        found = []
        for side, dx, dy in (("S", 0, -_FAR_M), ("N", 0, _FAR_M), ("W", -_FAR_M, 0), ("E", _FAR_M, 0)):
            if plot.kind == "lanes" and dx:
                continue
            ends = np.array([(plot.spine, plot.cross), (plot.spine + dx, plot.cross + dy)])
            ray = shapely.LineString(plot.world(ends))
            way = shapely.get_parts(shapely.intersection(ray, self.faces[face]))[0]
            if way.is_empty or shapely.intersects(siblings, way):
                continue
            x, y = way.coords[-1]
            edge = int(self.tree.nearest(shapely.Point(x, y)))
            if self.rank[edge] < 9:
                found.append((self.rank[edge], int(self.line[edge]), x, y, side))
        return [gate[1:] for gate in sorted(found, key=lambda gate: gate[0])]
