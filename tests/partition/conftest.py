"""The real blocks of Ottawa with their districts as communities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely


@pytest.fixture(scope="session")
def ottawa(real_data: Callable[[str], Path]) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return blocks and borders (shared edges longer than 0.1 m, all residential)."""
    raw = gpd.read_parquet(real_data("ottawa/ottawa_dev_blocks.parquet"))
    blocks = raw.set_index(raw["DBUID"].astype(str).rename("block_id"))[["households", "geometry"]]
    blocks["community_code"] = raw["ONS_ID"].astype(str).to_numpy()
    blocks["parent_block_id"], blocks["atom"] = "", "face"
    shapes = blocks.geometry.to_numpy()
    i, j = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    i, j = i[i < j], j[i < j]
    line = shapely.intersection(shapes[i], shapes[j])
    length = shapely.length(line)
    kept = length > 0.1
    ids = blocks.index.to_numpy()
    ends = np.sort(np.stack([ids[i[kept]], ids[j[kept]]], axis=1), axis=1)
    columns = {"a": ends[:, 0], "b": ends[:, 1], "shared_m": length[kept], "street_name": ""}
    borders = gpd.GeoDataFrame(columns, geometry=line[kept], crs=blocks.crs)
    return blocks, borders.assign(street_class="residential", barrier=False)
