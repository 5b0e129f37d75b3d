"""Towns of square blocks on a lattice, with any households, streets and barriers one likes, for the tests of rules."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.codes import assign_codes
from gis_grid.describe import describe
from gis_grid.grids import grids
from gis_grid.plan import Plan
from gis_grid.rules import check, issues_frame
from gis_grid.rules.issues import Issue
from gis_grid.scheme import Scheme

CRS = "EPSG:4547"
EAST, NORTH, SIDE = 530_000.0, 3_386_000.0, 100.0
CODE = "420199001001"


def name(row: int, column: int) -> str:
    """Return the id of the block in a row (0 is the northernmost) and a column (0 is the westernmost)."""
    return f"r{row:02d}c{column:02d}"


def blocks_of(loads: Sequence[Sequence[int | None]], **columns: object) -> gpd.GeoDataFrame:
    """Make one square block a number; None leaves a hole. `columns` add or replace columns."""
    cells = [(r, c, load) for r, row in enumerate(loads) for c, load in enumerate(row) if load is not None]
    x = EAST + np.array([c for _, c, _ in cells]) * SIDE
    y = NORTH - np.array([r for r, _, _ in cells]) * SIDE
    index = pd.Index([name(r, c) for r, c, _ in cells], name="block_id")
    frame = {"parent_block_id": "", "atom": "face", "community_code": CODE, "households": [load for *_, load in cells]}
    return gpd.GeoDataFrame(frame | columns, geometry=shapely.box(x, y - SIDE, x + SIDE, y), index=index, crs=CRS)


def borders_of(
    blocks: gpd.GeoDataFrame, *, streets: Mapping[tuple[str, str], tuple[str, str, bool]] | None = None
) -> gpd.GeoDataFrame:
    """Make a border for every two squares side by side; `streets` says name, class and barrier of some."""
    place = {block: n for n, block in enumerate(blocks.index)}
    pairs, lines = [], []
    shapes = blocks.geometry.to_numpy()
    for block in blocks.index:
        row, column = int(block[1:3]), int(block[4:6])
        for other in (name(row, column + 1), name(row + 1, column)):
            if other in place:
                pairs.append((block, other))
                west, south, east, north = shapely.bounds(shapes[place[block]])
                level = other == name(row + 1, column)
                ends = [(west, south), (east, south)] if level else [(east, south), (east, north)]
                lines.append(shapely.LineString(ends))
    said = [(streets or {}).get(pair, ("", "residential", False)) for pair in pairs]
    columns = {
        "a": [a for a, _ in pairs],
        "b": [b for _, b in pairs],
        "shared_m": SIDE,
        "street_name": [street for street, _, _ in said],
        "street_class": [kind for _, kind, _ in said],
        "barrier": np.array([barrier for _, _, barrier in said], dtype=bool),
    }
    return gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)


def no_outline() -> gpd.GeoDataFrame:
    columns = ["block_id", "side_m", "street_name", "street_class", "barrier"]
    return gpd.GeoDataFrame({column: [] for column in columns}, geometry=[], crs=CRS)


def plan_of(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, assignment: Mapping[str, str] | pd.Series, **parts: object
) -> Plan:
    """Make a plan of blocks, borders and an assignment; `parts` replace parts of the plan."""
    scheme = Scheme.load()
    grid_of = pd.Series(dict(assignment), name="grid_id", dtype=str).rename_axis("block_id")
    held = blocks.loc[blocks.index.isin(grid_of.index)]
    shapes = grids(held, grid_of[held.index], borders)
    shapes["code"] = assign_codes(shapes, scheme.code)
    shapes = shapes.join(describe(shapes, grid_of, borders))
    areas = blocks.dissolve("community_code")[["geometry"]].reset_index()
    areas["name"] = [f"{n + 1}号社区" for n in range(len(areas))]
    plan = Plan(scheme, blocks, borders, no_outline(), areas, grid_of, shapes, issues_frame([]))
    return dataclasses.replace(plan, **parts)  # type: ignore[arg-type]


def found(plan: Plan, rule: str) -> list[Issue]:
    """Return what one rule finds in a plan."""
    return check(plan, rules=[rule])


def divisions(blocks: list[int], joined: Callable[[list[int]], bool]) -> Iterator[list[list[int]]]:
    """Yield every way to cut blocks into connected groups."""
    if not blocks:
        yield []
        return
    first, rest = blocks[0], blocks[1:]
    for bits in range(1 << len(rest)):
        group = [first, *(b for k, b in enumerate(rest) if bits >> k & 1)]
        if joined(group):
            for others in divisions([b for k, b in enumerate(rest) if not bits >> k & 1], joined):
                yield [group, *others]


def connection(blocks: gpd.GeoDataFrame, borders: pd.DataFrame) -> Callable[[list[int]], bool]:
    """Return a function that tells whether some blocks may make one grid: one piece, one community, no barrier."""
    place = {block: n for n, block in enumerate(blocks.index)}
    near = np.zeros((len(blocks), len(blocks)), dtype=bool)
    code = blocks["community_code"]
    for a, b, barrier in zip(borders["a"], borders["b"], borders["barrier"], strict=True):
        if code[a] == code[b] and not barrier:
            near[place[a], place[b]] = near[place[b], place[a]] = True

    def joined(group: list[int]) -> bool:
        seen, queue = {group[0]}, [group[0]]
        while queue:
            here = queue.pop()
            for other in group:
                if near[here, other] and other not in seen:
                    seen.add(other)
                    queue.append(other)
        return len(seen) == len(group)

    return joined


def set_apart(group: list[int], load: np.ndarray, joined: Callable[[list[int]], bool], most: int) -> list[list[int]]:
    """Return what a grid counts as: itself, or its blocks above the band, and each populated piece beside them."""
    heavy = [block for block in group if load[block] > most]
    if not heavy:
        return [group]
    rest, pieces = [block for block in group if load[block] <= most], []
    while rest:
        piece = [rest.pop(0)]
        while more := [block for block in rest if any(joined([block, other]) for other in piece)]:
            piece += more
            rest = [block for block in rest if block not in more]
        pieces.append(piece)
    return [heavy, *(piece for piece in pieces if load[piece].sum() > 0)]
