"""The features of a map page: lon/lat of six decimals, simplified so that neighbours still share their border."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from gis_grid.crs import transform_geometries
from gis_grid.grids import dissolve
from gis_grid.palette import colour_numbers, neighbour_pairs

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from gis_grid.plan import Plan

    Shapes = NDArray[Any]

WGS84 = "EPSG:4326"
#: One millionth of a degree is about a decimetre.
DECIMALS = 6


@dataclass(frozen=True)
class Features:
    """Hold the GeoJSON of each layer by its name, the labels, and the bounds as ((south, west), (north, east))."""

    layers: dict[str, dict[str, Any]]
    labels: list[list[Any]]
    bounds: tuple[tuple[float, float], tuple[float, float]]

    @property
    def size(self) -> int:
        """Bytes of the layers as JSON."""
        return sum(len(json.dumps(layer)) for layer in self.layers.values())


def features_of(plan: Plan, *, tolerance_m: float) -> Features:
    """Turn a plan into map features; `tolerance_m` says how far a line may stray when it is simplified."""
    blocks = shapely.coverage_simplify(plan.blocks.geometry.to_numpy(), tolerance_m)
    position = plan.grids.index.get_indexer(plan.assignment.reindex(plan.blocks.index))
    assigned = position >= 0
    shapes = dissolve(blocks[assigned], position[assigned].astype(np.int64), len(plan.grids))
    drawn = _between_grids(plan)
    layers = {
        "streets": _lines(plan.streets, tolerance_m) if plan.streets is not None else _collection([], []),
        "grids": _collection(_degrees(shapes, plan.grids.crs), _grid_properties(plan)),
        "blocks": _collection(_degrees(blocks, plan.blocks.crs), [{}] * len(blocks)),
        "borders": _lines(drawn, tolerance_m),
        "barriers": _barriers(plan, tolerance_m),
        "communities": _communities(plan, blocks),
        "warnings": _issues(plan, ["warning"]),
        "issues": _issues(plan, ["exception", "error"]),
    }
    west, south, east, north = shapely.total_bounds(_degrees(blocks, plan.blocks.crs))
    return Features(layers, _labels(plan, shapes), ((south, west), (north, east)))


def _grid_properties(plan: Plan) -> list[dict[str, Any]]:
    grids = plan.grids
    colours = colour_numbers(neighbour_pairs(plan.borders, plan.assignment, grids.index), len(grids))
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    wrong = set(plan.issues.loc[plan.issues["severity"] == "error", "grid_code"])
    text = {
        key: grids[key] if key in grids else pd.Series("", index=grids.index)
        for key in ("name", "bounds_zh", "bounds_en")
    }
    return [
        {
            "code": code,
            "name": name,
            "community": names.get(community, community),
            "households": int(households),
            "blocks": int(count),
            "area": round(float(area)),
            "zh": zh,
            "en": en,
            "colour": int(colour),
            "bad": code in wrong,
        }
        for code, name, community, households, count, area, zh, en, colour in zip(
            grids["code"],
            text["name"],
            grids["community_code"],
            grids["households"],
            grids["blocks"],
            grids["area_m2"],
            text["bounds_zh"],
            text["bounds_en"],
            colours,
            strict=True,
        )
    ]


def _between_grids(plan: Plan) -> gpd.GeoDataFrame:
    sides = [plan.borders[side].map(plan.assignment) for side in ("a", "b")]
    return plan.borders[(sides[0] != sides[1]).to_numpy(dtype=bool)]


def _barriers(plan: Plan, tolerance_m: float) -> dict[str, Any]:
    """Take rivers, railways and other barriers from the streets, or from the borders where there are no streets."""
    lines = plan.borders if plan.streets is None else plan.streets
    return _lines(lines[lines["barrier"].to_numpy(dtype=bool)], tolerance_m)


def _lines(frame: gpd.GeoDataFrame, tolerance_m: float) -> dict[str, Any]:
    """Merge lines of one class into one feature, which spares the page thousands of them."""
    kinds = frame["street_class"].to_numpy(dtype=object)
    merged, properties = [], []
    for kind in pd.unique(pd.Series(kinds, dtype=object)):
        parts = shapely.get_parts(frame.geometry.to_numpy()[kinds == kind])
        merged.append(shapely.line_merge(shapely.multilinestrings(shapely.simplify(parts, tolerance_m))))
        properties.append({"kind": kind})
    return _collection(_degrees(np.array(merged, dtype=object), frame.crs), properties)


def _communities(plan: Plan, blocks: Shapes) -> dict[str, Any]:
    codes, labels = np.unique(plan.blocks["community_code"].to_numpy(dtype=object).astype(str), return_inverse=True)
    shapes = dissolve(blocks, labels.astype(np.int64), len(codes))
    return _collection(_degrees(shapes, plan.blocks.crs), [{}] * len(codes))


def _issues(plan: Plan, severities: list[str]) -> dict[str, Any]:
    """Return a point for every issue, the worst last, so that it is drawn on top."""
    shapes = dict(zip(plan.grids["code"], plan.grids.geometry, strict=True)) if len(plan.grids) else {}
    points, properties = [], []
    chosen = [plan.issues[plan.issues["severity"] == severity] for severity in severities]
    for issue in pd.concat(chosen).to_dict("records"):
        named = plan.blocks.geometry.reindex(str(issue["block_ids"]).split(",")).dropna()
        shape = named.iloc[0] if len(named) else shapes.get(issue["grid_code"])
        if shape is None:
            continue
        points.append(shapely.point_on_surface(shape))
        said = {"zh": issue["message_zh"], "en": issue["message_en"], "code": issue["grid_code"]}
        properties.append(said | {key: issue[key] for key in ("rule", "severity", "remedies")})
    return _collection(_degrees(np.array(points, dtype=object), plan.blocks.crs), properties)


def _labels(plan: Plan, shapes: Shapes) -> list[list[Any]]:
    """Place a label where a grid is widest: centre of the largest circle inside, with its width in metres."""
    radii = shapely.maximum_inscribed_circle(shapes, tolerance=5.0)
    centres = shapely.get_coordinates(_degrees(shapely.get_point(radii, 0), plan.grids.crs))
    widths = np.round(2 * shapely.length(radii), 1)
    names = plan.grids["name"] if "name" in plan.grids else plan.grids["code"]
    short = [name or code[-3:] for name, code in zip(names, plan.grids["code"], strict=True)]
    return [
        [lat, lon, float(width), name, int(households)]
        for (lon, lat), width, name, households in zip(centres, widths, short, plan.grids["households"], strict=True)
    ]


def _degrees(shapes: Shapes, crs: Any) -> Shapes:
    moved: Shapes = shapely.transform(transform_geometries(shapes, crs, WGS84), lambda xy: np.round(xy, DECIMALS))
    return moved


def _collection(shapes: Any, properties: list[dict[str, Any]]) -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": own, "geometry": json.loads(text)}
        for text, own in zip(shapely.to_geojson(np.asarray(shapes, dtype=object)), properties, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}
