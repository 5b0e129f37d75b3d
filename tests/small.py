"""A plan small enough to check by eye: twenty square blocks in four rows, a grid to a row, a river in the middle."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.plan import Plan
from gis_grid.scheme import Scheme

CRS = "EPSG:4547"
EAST, NORTH, SIDE = 530_000.0, 3_386_000.0, 100.0
COLUMNS, ROWS = 5, 4
CODES = ("420199001001", "420199001002")


def _name(row: int, column: int) -> str:
    return f"b{row}{column}"


def _box(row: int, column: int) -> shapely.Polygon:
    east, south = EAST + column * SIDE, NORTH + row * SIDE
    return shapely.box(east, south, east + SIDE, south + SIDE)


def _lines() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    borders, outline = [], []
    for row in range(ROWS):
        for column in range(COLUMNS):
            here = _box(row, column)
            for step, (r, c) in (("upright", (row, column + 1)), ("level", (row + 1, column))):
                if r < ROWS and c < COLUMNS:
                    river = step == "level" and row == 1
                    street = "清水河" if river else "新华路" if step == "level" else f"{column + 1}巷"
                    kind = "river" if river else "secondary" if step == "level" else "residential"
                    line = shapely.intersection(here, _box(r, c))
                    borders.append((_name(row, column), _name(r, c), SIDE, street, kind, river, line))
    blocks = [(r, c) for r in range(ROWS) for c in range(COLUMNS)]
    around = shapely.union_all([_box(r, c) for r, c in blocks]).exterior
    for r, c in blocks:
        side = shapely.intersection(_box(r, c), around)
        if side.length > 0:
            line = shapely.line_merge(side)
            outline.append((_name(r, c), side.length, "环城路", "primary", False, line))
    heads = ["a", "b", "shared_m", "street_name", "street_class", "barrier", "geometry"]
    tails = ["block_id", "side_m", "street_name", "street_class", "barrier", "geometry"]
    return (
        gpd.GeoDataFrame(pd.DataFrame(borders, columns=heads), geometry="geometry", crs=CRS),
        gpd.GeoDataFrame(pd.DataFrame(outline, columns=tails), geometry="geometry", crs=CRS),
    )


def _grids(dissolved: gpd.GeoDataFrame, name: str) -> gpd.GeoDataFrame:
    serial = [f"{code}{n:03d}" for code, n in zip(dissolved["community_code"], (1, 2, 1, 2), strict=True)]
    return dissolved.assign(
        code=serial,
        name=[name.format(row=n + 1) for n in range(ROWS)],
        kind="community",
        tier="grid",
        parent_code=dissolved["community_code"],
        blocks=5,
        area_m2=dissolved.area,
        perimeter_m=dissolved.length,
        compactness=4 * np.pi * dissolved.area / dissolved.length**2,
        bounds_zh="东至环城路,南至新华路,西至环城路,北至新华路",
        bounds_en="east to 环城路, south to 新华路, west to 环城路, north to 新华路",
        legal=True,
        status="draft",
        valid_from="",
        valid_to="",
    )


def _issues(code: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rule": ["band"],
            "severity": ["warning"],
            "grid_code": [code],
            "block_ids": ["b30,b31"],
            "found": ["490"],
            "wanted": ["300–500"],
            "message_zh": ["接近上限"],
            "message_en": ["close to the upper limit"],
            "remedies": ["把 b30 划给邻格 / hand b30 to the neighbour"],
            "grid_id": ["g0004"],
        }
    )


def small_plan(*, name: str = "新华{row}网格") -> Plan:
    """Make the plan; `name` is the pattern of grid names."""
    cells = [(r, c) for r in range(ROWS) for c in range(COLUMNS)]
    index = pd.Index([_name(r, c) for r, c in cells], name="block_id")
    community = [CODES[r // 2] for r, _ in cells]
    blocks = gpd.GeoDataFrame(
        {
            "parent_block_id": "",
            "atom": "face",
            "community_code": community,
            "households": np.arange(60, 60 + 20 * 2, 2),
            "own_note": [f"note {r}" for r, _ in cells],
        },
        geometry=[_box(r, c) for r, c in cells],
        index=index,
        crs=CRS,
    )
    assignment = pd.Series([f"g{r + 1:04d}" for r, _ in cells], index=index, name="grid_id", dtype="str")
    borders, outline = _lines()
    dissolved = blocks.dissolve(assignment.rename("grid_id"), aggfunc={"households": "sum", "community_code": "first"})
    grids = _grids(dissolved, name)
    communities = blocks.dissolve("community_code")[["geometry"]].reset_index().assign(name=["上河社区", "下河社区"])
    return Plan(
        scheme=Scheme.load("qinzhou"),
        blocks=blocks,
        borders=borders,
        outline=outline,
        communities=communities[["community_code", "name", "geometry"]],
        assignment=assignment,
        grids=grids,
        issues=_issues(grids["code"].iloc[3]),
        metadata={"seed": "0", "boundary": "made up"},
    )
