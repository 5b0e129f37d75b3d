"""The other servers of `over_http.py`: a FastAPI route with an STRtree; TiPg is run as it comes.

``uvicorn http_peers:app`` serves the plan that BENCH_PLAN names: the same lookup, written as one would write it first.
"""

from __future__ import annotations

import os
from typing import Any

import geopandas as gpd
import shapely
from fastapi import FastAPI, HTTPException

import gis_grid as gg

app = FastAPI()
_plan = gg.read_plan(os.environ["BENCH_PLAN"])
_grids: gpd.GeoDataFrame = _plan.grids.to_crs(4326)
_tree = shapely.STRtree(_grids.geometry.to_numpy())
_told = _grids[["code", "name", "kind", "community_code", "households", "bounds_zh", "bounds_en"]].to_dict("records")
_people: dict[str, list[dict[str, Any]]] = {}
if _plan.staff is not None:
    for _row in _plan.staff.astype(str).to_dict("records"):
        _people.setdefault(_row["community_code"], []).append(_row)


@app.get("/api/lookup")
def lookup(lon: float, lat: float) -> dict[str, Any]:
    found = _tree.query(shapely.Point(lon, lat), predicate="intersects")
    if not len(found):
        raise HTTPException(404, "outside")
    grid = _told[found[0]]
    return {"grid": grid, "people": _people.get(grid["community_code"], [])}
