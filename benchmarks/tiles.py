"""Tiles of a plan beside GDAL and mapbox-vector-tile, in the same run: writing all, reading one, encoding a draft's.

Run with ``make bench`` or ``python benchmarks/tiles.py [--quick]``. The plan is made up: 20,000 blocks with crooked
borders in 1,000 grids on 14 by 14 km. Only peers that come with the project are used: GDAL through pyogrio, and the
encoder that belongs to the decoder of the tests. Times are medians; simplifying the borders of a zoom, done once a
draft, is told apart.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pandas as pd
import pyogrio
import shapely
from pmtiles.reader import MmapSource, Reader
from shapely.geometry import shape

import gis_grid as gg
from gis_grid.adjacency import borders as borders_of
from gis_grid.crs import transform_geometries
from gis_grid.grids import grids as grids_of
from gis_grid.plan import Plan
from gis_grid.rules import issues_frame
from gis_grid.tiles import DraftTiles, TileArchive, write_tiles
from gis_grid.tiles.encoder import POLYGON, Properties, layer
from gis_grid.tiles.mercator import BUFFER, EXTENT, MERCATOR, scaled, tile_range

SIDE_M = 14_000.0
EAST, NORTH, CRS = 530_000.0, 3_386_000.0, 4547


def made_up(blocks: int, grids: int) -> Plan:
    """Return a plan of cells around random points; a wave makes their borders crooked, the same for both sides."""
    rng = np.random.default_rng(0)
    points = rng.uniform(0, SIDE_M, (blocks, 2))
    square = shapely.box(0, 0, SIDE_M, SIDE_M)
    cells = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=square, ordered=True)
    cells = shapely.intersection(shapely.get_parts(cells), square)
    cells = shapely.transform(shapely.segmentize(cells, 25.0), lambda xy: np.round(xy, 3))
    cells = shapely.transform(cells, lambda xy: np.round(xy + 4 * np.sin(xy[:, ::-1] / 17) + (EAST, NORTH), 3))
    rows = int(np.sqrt(grids))
    column, row = (points // (SIDE_M / rows)).astype(int).T
    names = pd.Index([f"b{n:05}" for n in range(blocks)], name="block_id")
    frame = {
        "households": rng.integers(0, 40, blocks),
        "community_code": [f"420199{one:06}" for one in row * rows + column // 4],
        "parent_block_id": "",
        "atom": "face",
    }
    shapes = gpd.GeoDataFrame(frame, geometry=cells, index=names, crs=CRS)
    borders = borders_of(shapes).assign(street_name="", street_class="residential", barrier=False)
    assignment = pd.Series([f"g{one:04}" for one in row * rows + column], index=names, name="grid_id")
    made = grids_of(shapes, assignment)
    made = made.assign(code=made.index, name=made.index)
    nothing = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[], crs=CRS)
    return Plan(gg.Scheme.load("qinzhou"), shapes, borders, nothing, nothing, assignment, made, issues_frame([]))


def median_ms(work: Callable[[], object], times: int) -> float:
    """Return the median of some calls in milliseconds; the first one is not counted."""
    work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return 1000 * float(np.median(seconds))


def whole(plan: Plan, folder: Path) -> Path:
    """Print how long all tiles take us, and how long one layer of them takes GDAL."""
    path = folder / "ours.pmtiles"
    start, busy = time.perf_counter(), time.process_time()
    write_tiles(plan, path)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    with TileArchive(path) as archive:
        first, last = archive.zooms
        count = archive.header["addressed_tiles_count"]
    size = path.stat().st_size / 1e6
    print(f"all tiles, {last - first + 1} zooms, 5 layers: {count} tiles, {size:.1f} MB")
    print(f"  all layers    gis-grid {seconds:7.2f} s ({busy:.2f} s of processor)")
    for name, frame in (("grids", plan.grids), ("blocks", plan.blocks)):
        out = folder / f"gdal-{name}.pmtiles"
        options = {"MINZOOM": str(first), "MAXZOOM": str(last), "MAX_SIZE": "50000000", "MAX_FEATURES": "1000000"}
        moved = frame[["households", "geometry"]].to_crs(MERCATOR)
        start, busy = time.perf_counter(), time.process_time()
        pyogrio.write_dataframe(moved, out, layer=name, driver="PMTiles", dataset_options=options)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
        size = out.stat().st_size / 1e6
        print(f"  {name} alone      GDAL {seconds:7.2f} s ({busy:.2f} s of processor) {size:.1f} MB")
    for zoom, name in ((first, "grids"), (last - 3, "blocks")):
        for maker, file in (("gis-grid", path), ("GDAL", folder / f"gdal-{name}.pmtiles")):
            invalid, features, apart = faults(file, name, zoom)
            print(
                f"  zoom {zoom}, {maker}: {invalid} of {features} {name} invalid, borders not shared in {apart} tiles"
            )
    return path


def faults(path: Path, name: str, zoom: int) -> tuple[int, int, int]:
    """Count invalid features, all features, and tiles in which neighbours do not share their borders, at a zoom."""
    invalid, features, apart = 0, 0, 0
    with TileArchive(path) as archive:
        west, south, east, north = archive.bounds
        bounds = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(3857).total_bounds
        first, last, top, bottom = tile_range(bounds, zoom)
        for x in range(first, last + 1):
            for y in range(top, bottom + 1):
                tile = archive.tile(zoom, x, y)
                if tile is None:
                    continue
                decoded = mapbox_vector_tile.decode(gzip.decompress(tile)).get(name)
                found = np.array([shape(one["geometry"]) for one in decoded["features"]]) if decoded else np.array([])
                invalid += int((~shapely.is_valid(found)).sum())
                features += len(found)
                apart += not shapely.coverage_is_valid(found)
    return invalid, features, apart


def one_published(path: Path) -> None:
    """Print how long reading one tile takes."""
    with TileArchive(path) as archive, path.open("rb") as file:
        zoom = archive.zooms[1]
        west, south, east, north = archive.bounds
        bounds = gpd.GeoSeries([shapely.box(west, south, east, north)], crs=4326).to_crs(3857).total_bounds
        first, last, top, bottom = tile_range(bounds, zoom)
        rng = np.random.default_rng(1)
        places = [(zoom, int(rng.integers(first, last + 1)), int(rng.integers(top, bottom + 1))) for _ in range(2000)]
        start = time.perf_counter()
        for place in places:
            archive.tile(*place)
        ours = (time.perf_counter() - start) / len(places)
        reader = Reader(MmapSource(file))
        start = time.perf_counter()
        for place in places[:200]:
            reader.get(*place)
        theirs = (time.perf_counter() - start) / 200
    print(f"one published tile             gis-grid {1000 * ours:8.4f} ms, pmtiles {1000 * theirs:8.4f} ms")


def one_draft(plan: Plan, times: int) -> None:
    """Print how long a tile of about 300 blocks takes, cold and after a move, beside mapbox-vector-tile."""
    zoom, x, y, count = nearest_to(DraftTiles(plan.blocks), 300)
    tiles = DraftTiles(plan.blocks, borders=plan.borders)
    start = time.perf_counter()
    tiles.ground(zoom)
    print(f"borders simplified for zoom {zoom}: {time.perf_counter() - start:.2f} s, once a draft")
    division = tiles.division(plan.assignment)
    cold = DraftTiles(plan.blocks, borders=plan.borders, keep=0)
    cold.ground(zoom)
    whole_ms = median_ms(lambda: cold.tile(zoom, x, y, division), times)
    inside = plan.blocks.index[tiles.ground_of(zoom, x, y).present]
    moved = [plan.assignment.copy(), plan.assignment.copy()]
    moved[1][inside[0]] = moved[1][inside[-1]]
    both = [tiles.division(one) for one in moved]
    turn = iter(range(10**9))
    after_ms = median_ms(lambda: tiles.tile(zoom, x, y, both[next(turn) % 2]), times)
    again_ms = median_ms(lambda: tiles.tile(zoom, x, y, both[0]), times)
    prepare_ms = median_ms(lambda: tiles.division(moved[1]), times)
    move = {str(inside[0]): str(moved[1].iloc[moved[1].index.get_loc(inside[0])])}
    follow_ms = median_ms(lambda: tiles.moved(both[0], move), times)
    print(f"draft tile of {count} blocks, 3 layers: cold {whole_ms:.2f} ms, after a move {after_ms:.2f} ms")
    print(f"  asked again {again_ms:.3f} ms; preparing all grids {prepare_ms:.2f} ms, a move alone {follow_ms:.2f} ms")
    ground = tiles.ground_of(zoom, x, y)
    numbers = np.arange(len(plan.blocks))
    said = Properties.of({"households": plan.blocks["households"]}, numbers + 1)
    ours = median_ms(lambda: layer("blocks", POLYGON, *ground.polygons(numbers), said), times)
    theirs = median_ms(peer(plan, tiles, zoom, x, y), max(3, times // 10))
    print(f"  blocks alone, from the tile's units: gis-grid {ours:.2f} ms, mapbox-vector-tile {theirs:.2f} ms")


def nearest_to(tiles: DraftTiles, wanted: int) -> tuple[int, int, int, int]:
    """Return the tile whose number of blocks is nearest to a wanted one, and that number."""
    found = []
    for zoom in range(tiles.block_zoom, tiles.zooms[1]):
        west, east, north, south = tile_range(tiles.extent, zoom)
        for x in range(west, east + 1):
            for y in range(north, south + 1):
                found.append((zoom, x, y, len(tiles.ground_of(zoom, x, y).present)))
    return min(found, key=lambda one: abs(one[3] - wanted))


def peer(plan: Plan, tiles: DraftTiles, zoom: int, x: int, y: int) -> Callable[[], bytes]:
    """Return a call that encodes the blocks of a tile with mapbox-vector-tile, from simplified and clipped shapes."""
    rows = tiles.ground_of(zoom, x, y).present
    shapes = scaled(transform_geometries(plan.blocks.geometry.to_numpy()[rows], plan.blocks.crs, MERCATOR), zoom)
    shapes = shapely.transform(shapes, lambda xy: xy - (x * EXTENT, y * EXTENT))
    shapes = shapely.clip_by_rect(shapely.simplify(shapes, 4.0), -BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    features = [
        {"geometry": one, "properties": {"households": int(count)}, "id": int(row) + 1}
        for one, count, row in zip(shapes, plan.blocks["households"].to_numpy()[rows], rows, strict=True)
        if not one.is_empty
    ]
    content = [{"name": "blocks", "features": features}]
    return lambda: bytes(mapbox_vector_tile.encode(content, default_options={"y_coord_down": True}))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the blocks and fewer repeats")
    quick = parser.parse_args().quick
    blocks, grids, times = (2000, 100, 20) if quick else (20_000, 1000, 200)
    # compile before anything is timed
    small = gg.build_from(gg.sample_frames())
    with tempfile.TemporaryDirectory() as folder:
        write_tiles(small, Path(folder) / "small.pmtiles")
        plan = made_up(blocks, grids)
        corners = int(shapely.get_num_coordinates(plan.blocks.geometry.to_numpy()).sum())
        print(
            f"{len(plan.blocks):,} blocks with {corners:,} corners, {len(plan.grids):,} grids; {os.cpu_count()} cores"
        )
        one_published(whole(plan, Path(folder)))
    one_draft(plan, times)


if __name__ == "__main__":
    main()
