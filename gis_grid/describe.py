"""The bounds of a grid in words: east to …, south to …, west to …, north to … (四至).

Every stretch of a grid's border is laid to one of four sides by the direction it faces. Where a grid lies askew, the
four sides turn with it (up to 45°), so that a street keeps to one side. Stretches that face the grid itself – the
inside of a U, the rim of a hole – are no bounds. On each side the streets are named in walking order, clockwise, at
most three of them, leaving out what only touches the side. Water and rails go by their name or by what they are; where
nothing has a name the neighbouring grid, the community line or the district boundary is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]

#: sides in the order in which they are said, as quarter turns counter-clockwise from east
SIDES = (("东至", "East to", 0), ("南至", "South to", 3), ("西至", "West to", 2), ("北至", "North to", 1))
#: what a line without a name is called
UNNAMED: Mapping[str, tuple[str, str]] = {
    "motorway": ("高速公路", "the motorway"),
    "trunk": ("快速路", "the trunk road"),
    "primary": ("主干路", "a main road"),
    "secondary": ("次干路", "a secondary road"),
    "tertiary": ("支路", "a minor road"),
    "residential": ("街巷", "a residential street"),
    "service": ("内部道路", "a service road"),
    "path": ("小路", "a path"),
    "railway": ("铁路", "the railway"),
    "river": ("河流", "the river"),
    "wall": ("小区围墙", "the compound wall"),
    "boundary": ("区界", "the district boundary"),
}
#: of these, only what makes up most of a side is said: a nameless lane adds nothing to a street with a name
_SLIGHT = frozenset(UNNAMED[kind] for kind in ("residential", "service", "path"))
MOST_NAMES = 3
#: a name is said if it covers this much of its side …
_OF_SIDE = 0.12
#: … and this much of what the grid has of it lies on that side
_OF_NAME = 0.10
#: border stretches shorter than this say nothing about direction, metres
_SHORTEST_M = 0.2


def describe(
    grids: gpd.GeoDataFrame,
    assignment: pd.Series,
    borders: gpd.GeoDataFrame,
    outline: gpd.GeoDataFrame | None = None,
    *,
    communities: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Say in Chinese and English where every grid ends to the east, south, west and north.

    `borders` and `outline` carry the street of every stretch; `communities` maps community codes to names, for
    bounds that follow no street. A neighbour is called by the `name` of its grid if `grids` has one, else by the serial
    of its `code`, else by its id. Returns the columns `bounds_zh` and `bounds_en` over the index of `grids`.

    Examples
    --------
    >>> frame = {"community_code": "1", "geometry": [shapely.box(0, 0, 90, 90), shapely.box(90, 0, 180, 90)]}
    >>> made = gpd.GeoDataFrame(frame, index=pd.Index(["g1", "g2"], name="grid_id"), crs=32650)
    >>> street = {"a": "b1", "b": "b2", "street_name": "新华路", "street_class": "primary"}
    >>> borders = gpd.GeoDataFrame([street], geometry=[shapely.LineString([(90, 0), (90, 90)])], crs=32650)
    >>> describe(made, pd.Series({"b1": "g1", "b2": "g2"}), borders).loc["g1", "bounds_zh"]
    '东至新华路，南至区界，西至区界，北至区界'
    """
    stretches = _stretches(grids, assignment, borders, outline)
    stretches = _split_segments(stretches)
    labels, zh, en = _labels(grids, stretches, communities or {})
    faces = _faces(grids, stretches)
    slight = np.array([pair in _SLIGHT for pair in zip(zh, en, strict=True)], dtype=bool)
    words = _choose(faces, labels, slight, len(grids))
    out_zh, out_en = [], []
    for grid in range(len(grids)):
        parts_zh, parts_en = [], []
        for said_zh, said_en, side in SIDES:
            chosen = words.get((grid, side), [])
            parts_zh.append(said_zh + ("、".join(zh[k] for k in chosen) or UNNAMED["boundary"][0]))
            parts_en.append(f"{said_en} " + (", ".join(en[k] for k in chosen) or UNNAMED["boundary"][1]))
        out_zh.append("，".join(parts_zh))
        out_en.append("; ".join([parts_en[0], *(part[0].lower() + part[1:] for part in parts_en[1:])]))
    return pd.DataFrame({"bounds_zh": out_zh, "bounds_en": out_en}, index=grids.index, dtype=str)


@dataclass(frozen=True)
class _Stretches:
    """Border pieces seen from one grid: positions of the grid and its neighbour (-1: none), line, name and class."""

    grid: Ints
    neighbour: Ints
    line: Shapes
    name: NDArray[np.object_]
    street_class: NDArray[np.object_]

    def take(self, rows: Ints, line: Shapes) -> _Stretches:
        return _Stretches(self.grid[rows], self.neighbour[rows], line, self.name[rows], self.street_class[rows])


def _stretches(
    grids: gpd.GeoDataFrame, assignment: pd.Series, borders: gpd.GeoDataFrame, outline: gpd.GeoDataFrame | None
) -> _Stretches:
    """Return every border piece between two grids, once for each of them, and the pieces along the outside."""
    position = grids.index.get_indexer
    a = position(assignment.reindex(borders["a"]).to_numpy())
    b = position(assignment.reindex(borders["b"]).to_numpy())
    drawn = np.flatnonzero((a != b) & (a >= 0) & (b >= 0))
    inner = borders.iloc[drawn]
    columns = ["street_name", "street_class"]
    frames = [inner[columns], inner[columns]]
    lines = [inner.geometry.to_numpy()] * 2
    mine, other = [a[drawn], b[drawn]], [b[drawn], a[drawn]]
    if outline is not None and len(outline):
        frames.append(outline[columns])
        lines.append(outline.geometry.to_numpy())
        mine.append(position(assignment.reindex(outline["block_id"]).to_numpy()))
        other.append(np.full(len(outline), -1))
    said = pd.concat(frames)
    grid = np.concatenate(mine)
    found = _Stretches(
        grid,
        np.concatenate(other),
        np.concatenate(lines),
        said["street_name"].fillna("").to_numpy(dtype=object),
        said["street_class"].to_numpy(dtype=object),
    )
    rows = np.flatnonzero(grid >= 0)
    return found.take(rows, found.line[rows])


def _split_segments(stretches: _Stretches) -> _Stretches:
    """Cut every stretch into its straight segments, dropping those too short to have a direction."""
    parts, part_row = shapely.get_parts(stretches.line, return_index=True)
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    joined = np.flatnonzero(owner[1:] == owner[:-1])
    ends = np.stack([xy[joined], xy[joined + 1]], axis=1)
    long_enough = np.hypot(*(ends[:, 1] - ends[:, 0]).T) >= _SHORTEST_M
    rows = part_row[owner[joined[long_enough]]]
    return stretches.take(rows, shapely.linestrings(ends[long_enough]))


@dataclass(frozen=True)
class _Faces:
    """Segments with the way they face: grid, side (quarter turns from east), length, outward direction, place, view."""

    grid: Ints
    side: Ints
    length: Floats
    facing: Floats
    turn: Floats
    along: Floats
    open_view: NDArray[np.bool_]


def _faces(grids: gpd.GeoDataFrame, segments: _Stretches) -> _Faces:
    shapes = grids.geometry.to_numpy()
    ends = shapely.get_coordinates(segments.line).reshape(-1, 2, 2)
    run = ends[:, 1] - ends[:, 0]
    length = np.hypot(run[:, 0], run[:, 1])
    middle = ends.mean(axis=1)
    left = np.stack([-run[:, 1], run[:, 0]], axis=1) / length[:, None]
    own = shapes[segments.grid]
    shapely.prepare(shapes)
    probe = middle + left * 0.05
    outward = np.where(shapely.contains_xy(own, probe[:, 0], probe[:, 1])[:, None], -left, left)
    facing = np.arctan2(outward[:, 1], outward[:, 0])
    turn = _turns(segments.grid, facing, length, len(shapes))[segments.grid]
    side = np.round((facing - turn) / (np.pi / 2)).astype(np.int64) % 4
    away = side * (np.pi / 2) + turn
    direction = np.stack([np.cos(away), np.sin(away)], axis=1)
    clockwise = np.stack([direction[:, 1], -direction[:, 0]], axis=1)
    bounds = shapely.bounds(shapes)
    reach = np.hypot(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])[segments.grid]
    start = middle + outward * 0.05
    rays = shapely.linestrings(np.stack([start, start + direction * reach[:, None]], axis=1))
    hidden = shapely.intersects(own, rays)
    return _Faces(segments.grid, side, length, facing, turn, (middle * clockwise).sum(axis=1), ~hidden)


def _turns(grid: Ints, facing: Floats, length: Floats, count: int) -> Floats:
    """Return by how much each grid lies askew, in (-45°, 45°]: the fourfold mean of what its sides face."""
    fourfold = length * np.exp(4j * facing)
    total = np.bincount(grid, fourfold.real, count) + 1j * np.bincount(grid, fourfold.imag, count)
    weight = np.bincount(grid, length, count)
    # adding a hair keeps a grid that lies askew by exactly 45° from falling to either side by rounding
    turn = (np.angle(total * np.exp(-1e-6j)) + 1e-6) / 4
    return np.where(np.abs(total) > 0.3 * weight, turn, 0.0)


def _labels(
    grids: gpd.GeoDataFrame, segments: _Stretches, communities: Mapping[str, str]
) -> tuple[Ints, list[str], list[str]]:
    """Return for each segment the number of what it is called, and the names by number in Chinese and English."""
    frame = pd.DataFrame(
        {
            "name": segments.name,
            "street_class": np.where(segments.name == "", segments.street_class, ""),
            "grid": np.where(segments.name == "", segments.grid, -1),
            "neighbour": np.where(segments.name == "", segments.neighbour, -1),
        }
    )
    by_class = frame["street_class"].isin(list(UNNAMED)).to_numpy()
    frame.loc[by_class, ["grid", "neighbour"]] = -1
    groups = frame.groupby(["name", "street_class", "grid", "neighbour"], sort=True)
    numbers: Ints = np.asarray(groups.ngroup(), dtype=np.int64)
    called = _callings(grids)
    code = grids["community_code"].to_numpy(dtype=object) if "community_code" in grids else [""] * len(grids)
    pairs: list[tuple[str, str]] = []
    for name, street_class, grid, neighbour in cast("list[tuple[str, str, int, int]]", list(groups.groups)):
        if name:
            pair = (name, name)
        elif street_class in UNNAMED:
            pair = UNNAMED[street_class]
        elif neighbour < 0:
            pair = UNNAMED["boundary"]
        elif code[grid] != code[neighbour]:
            other = communities.get(code[neighbour], "")
            pair = (f"{other}界", f"the line of {other}") if other else ("社区界", "the community line")
        else:
            pair = called[neighbour]
        pairs.append(pair)
    unique = {pair: n for n, pair in enumerate(dict.fromkeys(pairs))}
    to = np.array([unique[pair] for pair in pairs], dtype=np.int64)
    return to[numbers] if len(to) else numbers, [pair[0] for pair in unique], [pair[1] for pair in unique]


def _callings(grids: gpd.GeoDataFrame) -> list[tuple[str, str]]:
    """Return what each grid is called by its neighbours in the same community."""
    names = grids["name"].fillna("").astype(str) if "name" in grids else pd.Series("", index=grids.index)
    codes = grids["code"].fillna("").astype(str) if "code" in grids else pd.Series("", index=grids.index)
    parents = grids["community_code"].astype(str) if "community_code" in grids else codes
    out = []
    for grid, name, code, parent in zip(grids.index, names, codes, parents, strict=True):
        short = code.removeprefix(parent) or code or str(grid)
        out.append((name, name) if name else (f"网格{short}", f"grid {short}"))
    return out


def _choose(faces: _Faces, labels: Ints, slight: NDArray[np.bool_], count: int) -> dict[tuple[int, int], list[int]]:
    """Return for every grid and side the numbers of the names to say, in walking order."""
    frame = pd.DataFrame(
        {
            "grid": faces.grid,
            "side": faces.side,
            "label": labels,
            "length": faces.length,
            "place": faces.along * faces.length,
        }
    )
    seen = frame[faces.open_view]
    keys = ["grid", "side", "label"]
    tally = seen.groupby(keys, as_index=False)[["length", "place"]].sum()
    of_side = tally["length"] / tally.groupby(["grid", "side"])["length"].transform("sum")
    of_name = tally["length"] / tally.groupby(["grid", "label"])["length"].transform("sum")
    longest = tally.groupby(["grid", "side"])["length"].transform("max") == tally["length"]
    weighty = (of_side >= _OF_SIDE) & (of_name >= _OF_NAME) & ~slight[tally["label"].to_numpy(dtype=np.int64)]
    tally = tally[longest | weighty]
    tally = tally.sort_values(["grid", "side", "length", "label"], ascending=[True, True, False, True])
    tally = tally[tally.groupby(["grid", "side"]).cumcount() < MOST_NAMES]
    tally = tally.assign(place=tally["place"] / tally["length"]).sort_values(["grid", "side", "place", "label"])
    chosen: dict[tuple[int, int], list[int]] = {}
    for grid, side, label in zip(tally["grid"], tally["side"], tally["label"], strict=True):
        chosen.setdefault((int(grid), int(side)), []).append(int(label))
    missing = [(grid, side) for grid in range(count) for side in range(4) if (grid, side) not in chosen]
    return chosen | _nearest(faces, labels, missing)


def _nearest(faces: _Faces, labels: Ints, missing: list[tuple[int, int]]) -> dict[tuple[int, int], list[int]]:
    """Return for sides that nothing faces (the third side of a triangle) the name that faces them most."""
    chosen = {}
    for grid, side in missing:
        rows = np.flatnonzero(faces.grid == grid)
        towards = np.cos(faces.facing[rows] - faces.turn[rows] - side * np.pi / 2) * faces.length[rows]
        towards = np.where(faces.open_view[rows] & (towards > 0.1 * faces.length[rows]), towards, 0.0)
        if towards.sum() > 0:
            numbers, inverse = np.unique(labels[rows], return_inverse=True)
            chosen[grid, side] = [int(numbers[np.argmax(np.bincount(inverse, towards))])]
    return chosen
