"""The building land of the made-up district: what is left between the streets, walled off into quarters with a use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.sources.sample_layout import CRS, SETBACK_M, Layout
from gis_grid.sources.sample_names import place_names

#: households a hectare of land holds on average, by kind of quarter
DENSITY = {"tower": 370.0, "midrise": 170.0, "slab": 150.0, "lanes": 120.0, "works": 0.0, "public": 0.0, "park": 0.0}
RESIDENTIAL = ("tower", "midrise", "slab", "lanes")
#: how often each kind is met in the old town and elsewhere
_MIX_OLD = {"tower": 0.04, "midrise": 0.12, "slab": 0.34, "lanes": 0.42, "works": 0.03, "public": 0.03, "park": 0.02}
_MIX_NEW = {"tower": 0.13, "midrise": 0.22, "slab": 0.38, "lanes": 0.05, "works": 0.10, "public": 0.08, "park": 0.04}
_WALL_M = 3.0
_LEAST_M2 = 4_000.0
_CAMPUS_COMMUNITY = 1


def quarters(layout: Layout, targets: NDArray[np.int64], reserved: Any, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Divide the land between the streets into quarters and give each a kind and a name.

    `targets` are the households wanted in each community, `reserved` is land kept free (ramps, roundabouts).
    Returns columns `name`, `kind` (`tower`, `midrise`, `slab`, `lanes`, `works`, `public`, `park`, `campus`), `face`
    (row in the layout's faces), `community`, `old`, `pocket`.
    """
    faces = layout.faces
    land = _building_land(layout, reserved)
    area = np.where(faces["community"] == _CAMPUS_COMMUNITY, shapely.area(land), 0.0)
    campus = int(area.argmax())
    whole = {campus: (land[campus],)}
    parts = [(face, part) for face, plot in enumerate(land) for part in whole.get(face) or _parcels(plot, rng)]
    owner = np.array([face for face, _ in parts])
    frame = gpd.GeoDataFrame({"face": owner}, geometry=[part for _, part in parts], crs=CRS)
    frame = frame.join(faces[["community", "old", "pocket"]], on="face")
    frame["kind"] = _kinds(frame, targets, campus, rng)
    frame["name"] = _names(frame["kind"], rng)
    return frame


def _building_land(layout: Layout, reserved: Any) -> list[Any]:
    """Return what streets, river and railway leave of each face; an empty polygon where that is too little."""
    faces, edges = layout.faces.geometry.to_numpy(), layout.edges
    taken = shapely.buffer(edges.geometry.to_numpy(), edges["street_class"].map(SETBACK_M).to_numpy())
    face, edge = shapely.STRtree(edges.geometry.to_numpy()).query(faces, predicate="intersects")
    land = []
    for number, polygon in enumerate(faces):
        streets = shapely.union_all([*taken[edge[face == number]], reserved])
        free = shapely.difference(polygon, streets)
        wide = shapely.buffer(shapely.buffer(free, -9.0), 9.0, join_style="mitre")
        largest = max(shapely.get_parts(shapely.intersection(wide, free)), key=shapely.area, default=shapely.Polygon())
        big = shapely.area(largest) > _LEAST_M2 and 4 * shapely.area(largest) / shapely.length(largest) > 45
        land.append(shapely.simplify(largest, 0.4) if big else shapely.Polygon())
    return land


def _parcels(land: Any, rng: np.random.Generator) -> Iterator[Any]:
    """Yield the land in one to three pieces with a wall's width between them."""
    if land.is_empty:
        return
    area = shapely.area(land)
    if area < 16_000 or (area < 42_000 and rng.random() < 0.55):
        yield land
        return
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(land))[:3]
    sides = np.diff(corners, axis=0)
    long = int(np.hypot(*sides.T).argmax())
    base = corners[0] if long == 0 else corners[1]
    across = sides[1 - long] * (1 if long == 0 else -1)
    at = base + sides[long] * rng.uniform(0.38, 0.62)
    wall = shapely.buffer(shapely.LineString([at - across, at + 2 * across]), _WALL_M / 2, cap_style="flat")
    for part in shapely.get_parts(shapely.difference(land, wall)):
        if shapely.area(part) > _LEAST_M2:
            yield from _parcels(part, rng) if shapely.area(part) > 60_000 else (part,)


def _kinds(frame: gpd.GeoDataFrame, targets: NDArray[np.int64], campus: int, rng: np.random.Generator) -> pd.Series:
    """Choose a kind for every quarter so that each community can hold about its households."""
    kind = pd.Series("", index=frame.index, dtype=object)
    area = frame.area / 10_000
    kind[frame["pocket"]] = "lanes"
    kind[frame["face"] == campus] = "campus"
    for community, wanted in enumerate(targets):
        rows = frame.index[(frame["community"] == community) & (kind == "")]
        kind[rows] = _kinds_of_community(area[rows], frame.loc[rows, "old"], float(wanted), rng)
    return kind


def _kinds_of_community(area: pd.Series, old: pd.Series, wanted: float, rng: np.random.Generator) -> pd.Series:
    """Draw kinds by the mix, then trade the least fitting ones until the estimate comes near what is wanted."""
    names = list(DENSITY)
    in_old, in_new = (rng.choice(names, len(area), p=list(mix.values())) for mix in (_MIX_OLD, _MIX_NEW))
    kind = pd.Series(np.where(old, in_old, in_new), index=area.index, dtype=object)
    for _ in range(60):
        gap = wanted - float((kind.map(DENSITY) * area).sum())
        if abs(gap) < 0.06 * wanted:
            break
        row = int(rng.choice(area.index.to_numpy()))
        change = {name: (density - DENSITY[kind[row]]) * area[row] for name, density in DENSITY.items()}
        better = {name: abs(gap - by) for name, by in change.items() if abs(gap - by) < abs(gap) - 1}
        if better:
            best = min(better.values())
            kind[row] = str(rng.choice([name for name, miss in better.items() if miss < best + 1]))
    return kind


def _names(kind: pd.Series, rng: np.random.Generator) -> pd.Series:
    supply = place_names(rng) | {"campus": iter(["青禾师范学院"])}
    return pd.Series([next(supply[k]) for k in kind], index=kind.index, dtype=str)
