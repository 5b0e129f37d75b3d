"""Lookup beside `geopandas.sjoin` and an STRtree on the same points in the same run, and a file of 100,000 rows.

Run with ``make bench BENCHMARKS=benchmarks/lookup.py`` or ``python benchmarks/lookup.py``; ``--quick`` takes the
made-up town, ``--plan`` any plan file in place of Ottawa's. Seconds are the best of several runs.
"""

from __future__ import annotations

import argparse
import io
import os
import resource
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

import gis_grid as gg
from gis_grid.crs import WGS84, transform_points, wgs84_to_gcj02
from gis_grid.lookup import Answers, Batch, BatchOptions
from gis_grid.lookup.planned import published_plan

DATA = Path(os.environ.get("GIS_GRID_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
#: How far points are scattered around borders, in metres.
SCATTER_M = 12.0


def ottawa() -> gg.Plan:
    """Return a plan of Ottawa's census blocks."""
    return gg.build(gg.Inputs(blocks=str(DATA / "ottawa" / "ottawa_dev_blocks.parquet")))


def around_borders(grids: gpd.GeoDataFrame, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return points in metres, scattered around all borders alike."""
    lines = shapely.boundary(grids.geometry.to_numpy())
    share = shapely.length(lines) / shapely.length(lines).sum()
    chosen = lines[rng.choice(len(lines), count, p=share)]
    on = shapely.get_coordinates(shapely.line_interpolate_point(chosen, rng.random(count), normalized=True))
    return on + rng.normal(0, SCATTER_M, on.shape)


def best(call: Callable[[], Any], runs: int = 5) -> float:
    """Return the seconds of the quickest run."""
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def arrays(grids: gpd.GeoDataFrame, xy: np.ndarray) -> None:
    """Print what arrays of points take, ours and others', and whether they agree."""
    start = time.perf_counter()
    index = gg.LookupIndex(grids)
    made = time.perf_counter() - start
    size = index.raster.nbytes / 1e6
    corners = len(shapely.get_coordinates(grids.geometry))
    print(f"index of {len(grids)} grids, {corners:,} corners: {made:.3f} s, {size:.1f} MB")
    x, y = (np.tile(values, 10) for values in xy.T)
    seconds = best(lambda: index.locate(x, y))
    ours = seconds / len(x)
    print(f"locate, {len(x):,} points: {seconds:.3f} s, {1e-6 / ours:.1f} million a second")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=grids.crs)
    tree = shapely.STRtree(grids.geometry.to_numpy())
    shapely.prepare(tree.geometries)
    by_tree = best(lambda: tree.query(points.geometry.to_numpy(), predicate="intersects"), 3) / len(xy)
    joined = grids[["code", "geometry"]]
    by_join = best(lambda: gpd.sjoin(points, joined, predicate="intersects"), 3) / len(xy)
    print(f"STRtree, prepared: {1e-6 / by_tree:.2f} million a second, ratio {by_tree / ours:.1f}")
    print(f"geopandas.sjoin: {1e-6 / by_join:.2f} million a second, ratio {by_join / ours:.1f}")
    found, position = tree.query(points.geometry.to_numpy(), predicate="intersects")
    theirs = np.full(len(xy), -1)
    theirs[found] = position
    differ = index.locate(*xy.T) != theirs
    away = index.border_distance(*xy[differ].T).max(initial=0.0)
    print(f"answers that differ: {int(differ.sum())} of {len(xy):,}, at most {away:.1e} m from a border")
    some = xy[:100_000].T
    for name, call in (("border_distance", index.border_distance), ("nearest", index.nearest)):
        print(f"{name}, array: {best(lambda call=call: call(*some)) / some.shape[1] * 1e6:.2f} µs a point")


def single(grids: gpd.GeoDataFrame, answers: Answers, xy: np.ndarray, lonlat: np.ndarray) -> None:
    """Print what one point takes, called from Python one after the other."""
    index = gg.LookupIndex(grids)
    tree = shapely.STRtree(grids.geometry.to_numpy())
    places, degrees = xy[:5000].tolist(), lonlat[:5000].tolist()
    shifted = np.column_stack(wgs84_to_gcj02(*lonlat[:5000].T)).tolist()
    calls: dict[str, Callable[[], Any]] = {
        "locate_one": lambda: [index.locate_one(x, y) for x, y in places],
        "border_one": lambda: [index.border_one(x, y) for x, y in places],
        "within 30 m": lambda: [index.within(x, y, 30.0) for x, y in places],
        "STRtree.query": lambda: [tree.query(shapely.Point(x, y), predicate="intersects") for x, y in places],
        "Answers.at": lambda: [answers.at(x, y) for x, y in degrees],
        "Answers.at, GCJ-02": lambda: [answers.at(x, y, crs="gcj02") for x, y in shifted],
        "Answers.at, accuracy 30 m": lambda: [answers.at(x, y, accuracy_m=30.0) for x, y in degrees],
        "Answers.at, accuracy 30 m, to JSON": lambda: [answers.at(x, y, accuracy_m=30.0).json() for x, y in degrees],
    }
    for name, call in calls.items():
        print(f"one point, {name}: {best(call, 3) / len(places) * 1e6:.2f} µs")


def csv_of(lonlat: np.ndarray, rows: int) -> bytes:
    """Return a file of so many rows."""
    chosen = np.resize(lonlat, (rows, 2)).tolist()
    head = "编号,名称,经度,纬度\r\n"
    return (head + "".join(f"{n},点{n},{x:.7f},{y:.7f}\r\n" for n, (x, y) in enumerate(chosen))).encode("utf-8-sig")


def batches(answers: Answers, lonlat: np.ndarray, rows: int) -> None:
    """Print what a file takes, and how memory grows from it to one four times as long."""
    raw = csv_of(lonlat, rows)
    for crs in ("wgs84", "gcj02"):
        seconds = best(lambda crs=crs: sum(map(len, Batch(io.BytesIO(raw), answers, BatchOptions(crs=crs)))), 3)
        print(f"batch of {rows:,} rows, CSV, {crs}: {seconds:.2f} s")
    objects = b"".join(b'{"id":%d,"lon":%.7f,"lat":%.7f}\n' % (n, *lonlat[n % len(lonlat)]) for n in range(rows))
    seconds = best(lambda: sum(map(len, Batch(io.BytesIO(objects), answers))), 3)
    print(f"batch of {rows:,} rows, JSON lines: {seconds:.2f} s")
    peaks = []
    for factor in (1, 4):
        with get_context("fork").Pool(1) as pool:
            peaks.append(pool.apply(_peak_mb, (answers, lonlat, factor * rows)))
    print(f"memory above the start: {peaks[0]:.0f} MB for {rows:,} rows, {peaks[1]:.0f} MB for {4 * rows:,}")


def _peak_mb(answers: Answers, lonlat: np.ndarray, rows: int) -> float:
    """Answer a file that is made while it is read, and return by how much the process grew."""
    part = csv_of(lonlat, 1000)
    body = part.partition(b"\n")[2]
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    source = (part if n == 0 else body for n in range(rows // 1000))
    for _ in Batch(source, answers):
        pass
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) / 1024


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the made-up town, and fewer points")
    parser.add_argument("--plan", help="a plan file to ask in place of Ottawa's")
    options = parser.parse_args()
    if options.plan:
        plan = gg.read_plan(options.plan)
    else:
        plan = gg.build_from(gg.sample_frames()) if options.quick else ottawa()
    rng = np.random.default_rng(1)
    count = 20_000 if options.quick else 300_000
    xy = around_borders(plan.grids, count, rng)
    lonlat = np.column_stack(transform_points(*xy.T, plan.grids.crs, WGS84))
    answers = Answers([published_plan(plan, "plan")])
    gg.LookupIndex(plan.grids).locate([0.0], [0.0])
    arrays(plan.grids, xy)
    single(plan.grids, answers, xy, lonlat)
    batches(answers, lonlat, 10_000 if options.quick else 100_000)


if __name__ == "__main__":
    main()
