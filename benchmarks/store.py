"""Seconds that the store takes with a plan of 20,000 blocks in 1,000 grids, on each database.

    python benchmarks/store.py [--quick] [postgresql://user@host/empty-database]

The PostgreSQL part runs where an empty database is named. Blocks are squares with a vertex every 25 m, in a lattice.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.grids import grids as dissolve
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan, write_plan
from gis_grid.scheme import Scheme
from gis_grid.store import open_store
from gis_grid.store.backup import backup, restore
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.plans import load_plan
from gis_grid.store.setup import init

CRS, SIDE, EAST, NORTH = "EPSG:4547", 100.0, 530_000.0, 3_386_000.0
#: blocks of a grid, by rows and columns, and grids of a community
TALL, WIDE, COMMUNITY = 4, 5, 5


def lattice_plan(rows: int, columns: int) -> Plan:
    """Return a plan of rows × columns blocks, in grids of 20 and communities of 25 grids."""
    row, column = (part.ravel() for part in np.mgrid[:rows, :columns])
    east, south = EAST + column * SIDE, NORTH + row * SIDE
    squares = shapely.segmentize(shapely.box(east, south, east + SIDE, south + SIDE), SIDE / 4)
    ids = np.array([f"b{n:05d}" for n in range(len(row))], dtype=object)
    down, across = row // TALL, column // WIDE
    code = [f"420199{r // COMMUNITY:03d}{c // COMMUNITY:03d}" for r, c in zip(down, across, strict=True)]
    serial = [f"{r % COMMUNITY * COMMUNITY + c % COMMUNITY + 1:03d}" for r, c in zip(down, across, strict=True)]
    blocks = gpd.GeoDataFrame(
        {"parent_block_id": "", "atom": "face", "community_code": code, "households": 20},
        geometry=squares,
        index=pd.Index(ids, name="block_id"),
        crs=CRS,
    )
    assignment = pd.Series([f"g{a}{b}" for a, b in zip(code, serial, strict=True)], index=blocks.index, name="grid_id")
    shapes = dissolve(blocks, assignment)
    codes = pd.Series(shapes.index.str[1:], index=shapes.index)
    shapes = shapes.assign(
        code=codes, name=codes, kind="community", tier="grid", bounds_zh="东至…", bounds_en="east to …"
    )
    shapes = shapes.assign(parent_code=shapes["community_code"], status="draft")
    communities = (
        blocks.dissolve("community_code")[["geometry"]].reset_index().assign(name=lambda f: f["community_code"])
    )
    issues = pd.DataFrame(columns=["rule", "severity", "grid_id", "grid_code", "block_ids", "found", "wanted"])
    borders, outline = _lines(rows, columns, ids)
    return Plan(Scheme.load("qinzhou"), blocks, borders, outline, communities, assignment, shapes, issues)


def _lines(rows: int, columns: int, ids: np.ndarray) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    number = np.arange(rows * columns).reshape(rows, columns)
    right = np.column_stack([number[:, :-1].ravel(), number[:, 1:].ravel()])
    up = np.column_stack([number[:-1].ravel(), number[1:].ravel()])
    pairs = np.vstack([right, up])
    r, c = np.divmod(pairs[:, 1], columns)
    x, y = EAST + c * SIDE, NORTH + r * SIDE
    along = np.arange(len(pairs)) < len(right)
    ends = np.column_stack([x, y, np.where(along, x, x + SIDE), np.where(along, y + SIDE, y)]).reshape(-1, 2, 2)
    street = {"street_name": "新华路", "street_class": "secondary", "barrier": False}
    shared = {"a": ids[pairs[:, 0]], "b": ids[pairs[:, 1]], "shared_m": SIDE}
    lines = shapely.segmentize(shapely.linestrings(ends), SIDE / 4)
    borders = gpd.GeoDataFrame(shared | street, geometry=lines, crs=CRS)
    edge = np.unique(np.concatenate([number[0], number[-1], number[:, 0], number[:, -1]]))
    sides = {"block_id": ids[edge], "side_m": SIDE}
    return borders, gpd.GeoDataFrame(sides | street, geometry=lines[: len(edge)], crs=CRS)


def timed(what: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    found = work()
    print(f"  {what:<28}{time.perf_counter() - start:8.2f} s", flush=True)
    return found


def measure(place: str, file: Path, folder: Path) -> None:
    """Print the seconds of an import, a reading, a backup and a restore in one store."""
    plan = timed("plan file read", lambda: read_plan(file))
    with open_store(place) as store:
        init(store)

        def take() -> str:
            with store.writing() as session:
                return take_in(session, plan, district=DistrictOptions("420199", "样例区"), title="x").plan_id

        def give() -> Plan:
            with store.reading() as session:
                return load_plan(session, plan_id)

        plan_id = timed("import into the store", take)
        back = timed("read from the store", give)
        kept = timed("backup", lambda: backup(store, folder / "store.backup"))
        timed("restore over it", lambda: restore(kept.path, store, replace=True))
    print(f"  {kept.rows:,} rows, {kept.bytes / 1e6:.1f} MB")
    out = timed("plan file written", lambda: write_plan(back, folder / "out.gpkg"))
    print("  byte for byte the file that went in:", out.read_bytes() == file.read_bytes())


def main() -> None:
    quick = "--quick" in sys.argv
    rows, columns = (40, 50) if quick else (160, 125)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = write_plan(lattice_plan(rows, columns), folder / "plan.gpkg")
        print(f"{rows * columns:,} blocks, {rows * columns // (TALL * WIDE):,} grids")
        for place in [str(folder / "store.sqlite"), *(word for word in sys.argv[1:] if "://" in word)]:
            print(place.partition("://")[0] if "://" in place else "sqlite")
            measure(place, file, folder)


if __name__ == "__main__":
    main()
