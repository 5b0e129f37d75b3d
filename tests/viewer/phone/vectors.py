"""Points and whose they are, as `LookupIndex` has it: what the phone must find as well, with no network.

`python tests/viewer/phone/vectors.py` writes the file that the tests of the page read.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gis_grid.crs.onepoint import bd09_point, gcj02_point
from gis_grid.lookup import Answers, Published
from gis_grid.lookup.carried import Sight, carried, holders

FILE = Path(__file__).parent / "vectors.json"
DAY = date(2026, 4, 1)
WEST, SOUTH, STEP = 114.27, 30.58, 0.002


def _place(x: float, y: float) -> tuple[float, float]:
    """Return a point of a slightly turned lattice, so that borders are oblique and rounding matters."""
    return WEST + STEP * (x + 0.13 * y), SOUTH + STEP * (y - 0.07 * x)


def _area(*corners: tuple[float, float], holes: tuple[Any, ...] = ()) -> shapely.Polygon:
    return shapely.Polygon([_place(*one) for one in corners], [[_place(*one) for one in hole] for hole in holes])


def _box(x: float, y: float, wide: float = 1, tall: float = 1) -> shapely.Polygon:
    return _area((x, y), (x + wide, y), (x + wide, y + tall), (x, y + tall))


def grids() -> gpd.GeoDataFrame:
    """Return grids with all that is hard: corners of four, a T, a hole, a campus in a grid, an island, a hair's gap."""
    shapes = {
        "07": _box(0, 0),
        "02": _box(1, 0),
        "09": _box(0, 1),
        "01": _box(1, 1),
        "05": _box(2, 0, 1.5, 0.6),
        "04": _area((2, 0.6), (3.5, 0.6), (3.5, 2), (2, 2), (2, 1)),
        "06": _area((0, 2), (3.5, 2), (3.5, 4), (0, 4), holes=(((1, 2.5), (1, 3), (1.5, 3), (1.5, 2.5)),)),
        "99": _box(0.2, 2.3, 0.4, 0.4),
        "98": _box(0.3, 2.4, 0.1, 0.1),
        "08": shapely.union_all([_box(3.50004, 0, 0.5, 1), _box(5, 3, 0.5, 0.5)]),
        "03": _box(9, 9),
    }
    kinds = ["dedicated" if code in ("98", "99") else "community_grid" for code in shapes]
    communities = ["c2" if code in ("04", "06", "99", "98") else "c3" if code == "03" else "c1" for code in shapes]
    columns = {"code": list(shapes), "kind": kinds, "community_code": communities, "households": 400}
    return gpd.GeoDataFrame(columns, geometry=list(shapes.values()), crs=4326)


def points() -> np.ndarray[Any, Any]:
    """Return points on corners, on and beside borders, and all over the place."""
    frame = grids().iloc[:-1]
    draw = np.random.default_rng(7)
    found = []
    for ring in shapely.get_rings(shapely.get_parts(frame.geometry.to_numpy())):
        corners = shapely.get_coordinates(ring)
        share = draw.random((len(corners) - 1, 1))
        between = corners[:-1] + share * (corners[1:] - corners[:-1])
        found += [corners[:-1], between, between + draw.normal(0, 1e-7, between.shape)]
    low, high = np.array(_place(-0.3, -0.6)), np.array(_place(5.7, 4.3))
    found.append(low + draw.random((160, 2)) * (high - low))
    return np.concatenate(found)


def vectors() -> dict[str, Any]:
    """Return the file that a phone carries, points with their answers, and points of other systems in WGS 84."""
    published = Published("p1", "420103", "江汉区", grids(), valid_from=date(2026, 1, 1))
    answers = Answers([published])
    (standing,) = holders(answers, "c1", on=DAY)
    everything = Sight(lambda _one, _code: True, lambda _one, _code: True)
    file = carried(answers, standing, "c1", sight=everything)
    draw = np.random.default_rng(3)
    asked = []
    for lon, lat in points().tolist():
        accuracy = float(draw.choice([0.0, 5.0, 18.0, 60.0]))
        found = answers.at(lon, lat, accuracy_m=accuracy, on=DAY)
        border = found.distance_to_border_m if found.grid else found.nearest.distance_m
        also = [[one.code, round(one.distance_m, 3)] for one in found.also_possible]
        asked.append([lon, lat, accuracy, found.grid.code if found.grid else None, round(border, 3), also])
    places = [[105.7249504, 34.5808683], [125.3235533, 43.8170782], [114.3053942, 30.5931044], [10.0, 50.0]]
    shifts = [[lon, lat, *gcj02_point(lon, lat), *bd09_point(lon, lat)] for lon, lat in places]
    return {"file": file, "asked": asked, "shifts": shifts}


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
