"""Spread a district's real household total over its ground: a *synthetic allocation*, never to be quoted as a count.

No household counts below the district are public for Chinese districts. The census total of the district is real;
where the households are is made up: buildings stand on a jittered lattice of 45 m inside street-bounded faces at least
30 m wide on average, 12 m off their borders, and their sizes follow a lognormal law, scaled so that the total is
met to the last household.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gis_grid.blocks.linework import clip, faces_of, node


def allocate(boundary: gpd.GeoDataFrame, streets: gpd.GeoDataFrame, total: int, *, seed: int = 0) -> gpd.GeoDataFrame:
    """Return points with `households` that add up to `total` and `allocation` = "synthetic", in the boundary's CRS."""
    rng = np.random.default_rng(seed)
    outline = boundary.geometry.union_all()
    west, south, east, north = outline.bounds
    x, y = np.meshgrid(np.arange(west, east, 45.0), np.arange(south, north, 45.0))
    spots = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(-12, 12, (x.size, 2))
    shapely.prepare(outline)
    spots = spots[shapely.contains_xy(outline, spots[:, 0], spots[:, 1])]
    points = shapely.points(spots)
    lines = clip(streets.geometry.to_numpy(), outline)
    faces = faces_of(node(np.concatenate([[shapely.boundary(outline)], lines])))
    blocks = faces[2 * shapely.area(faces) / shapely.length(faces) >= 30.0]
    ground = shapely.buffer(blocks, -12.0)
    points = points[np.unique(shapely.STRtree(ground).query(points, predicate="within")[0])]
    weight = rng.lognormal(0.0, 0.6, len(points))
    share = weight / weight.sum() * total
    count = np.floor(share).astype(np.int64)
    rest = np.argsort(count - share, kind="stable")[: total - int(count.sum())]
    count[rest] += 1
    return gpd.GeoDataFrame({"households": count, "allocation": "synthetic"}, geometry=points, crs=boundary.crs)
