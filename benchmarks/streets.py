"""Street faces beside neatnet + momepy on the same streets in the same run.

Run with ``make bench`` or ``python benchmarks/streets.py``; the peers come with the optional extra ``bench``.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from gis_grid.blocks.faces import WIDE_ROADS, Lines, street_faces
from gis_grid.coverage import widths
from gis_grid.sources import read_streets

DATA = Path(os.environ.get("GIS_GRID_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
METRIC = 32650


def jianghan() -> tuple[shapely.Geometry, gpd.GeoDataFrame]:
    """Return Jianghan's outline and the streets in and around it."""
    outlines = gpd.read_parquet(DATA / "china" / "districts_wgs84.parquet").to_crs(METRIC)
    streets = read_streets(DATA / "wuhan" / "jianghan_streets_buf300.parquet", target=METRIC).frame
    return outlines[outlines["name"] == "江汉区"].union_all(), streets


def wuhan() -> tuple[shapely.Geometry, gpd.GeoDataFrame]:
    """Return the rectangle around all of Wuhan's streets, and those streets."""
    streets = read_streets(DATA / "wuhan" / "wuhan_streets.parquet", target=METRIC).frame
    return shapely.box(*streets.total_bounds), streets


def ours(outline: shapely.Geometry, streets: gpd.GeoDataFrame) -> np.ndarray:
    """Return the faces this project makes."""
    kind = streets["street_class"].to_numpy(dtype=object)
    nothing = np.zeros(len(streets), bool)
    lines = Lines(streets.geometry.to_numpy(), np.isin(kind, WIDE_ROADS), streets["link"].to_numpy(bool), nothing)
    return street_faces(outline, lines)


def peers(outline: shapely.Geometry, streets: gpd.GeoDataFrame) -> np.ndarray:
    """Return the enclosures of momepy between streets that neatnet has simplified."""
    import momepy
    import neatnet

    clipped = streets[["geometry"]].clip(outline).explode(ignore_index=True)
    clipped = clipped[clipped.geom_type == "LineString"].reset_index(drop=True)
    simple = neatnet.neatify(clipped)
    limit = gpd.GeoSeries([outline], crs=streets.crs)
    return momepy.enclosures(simple, limit=limit).geometry.to_numpy()


def measure(name: str, make: Callable[..., np.ndarray], outline: shapely.Geometry, streets: gpd.GeoDataFrame) -> float:
    """Print what one way of making faces yields, and return the seconds it took."""
    start = time.perf_counter()
    faces = make(outline, streets)
    seconds = time.perf_counter() - start
    narrow = (widths(faces, below=20.0) < 20.0).mean()
    missed = shapely.area(shapely.symmetric_difference(shapely.union_all(faces), outline)) / shapely.area(outline)
    print(f"{name:<22} {seconds:8.2f} s {len(faces):7d} faces {narrow:7.2%} narrow {missed:10.1e} of the area off")
    return seconds


def main() -> None:
    """Print the table, and the ratio in this run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--no-peers", action="store_true", help="measure only this project")
    peered = not parser.parse_args().no_peers
    warnings.simplefilter("ignore")
    outline, streets = jianghan()
    ours(outline, streets)
    print(f"Jianghan, {len(streets)} lines")
    own = measure("gis-grid", ours, outline, streets)
    if peered:
        theirs = measure("neatnet + momepy", peers, outline, streets)
        print(f"ratio {theirs / own:.1f}")
    outline, streets = wuhan()
    print(f"Wuhan, {len(streets)} lines")
    measure("gis-grid", ours, outline, streets)


if __name__ == "__main__":
    main()
