"""Which layers and columns a plan file has, and how a plan becomes them and comes back from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.palette import colour_numbers, neighbour_pairs
from gis_grid.plan import tier_column
from gis_grid.planfile.tiers import tier_units
from gis_grid.scheme import Scheme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.plan import Plan

FORMAT = "gis-grid plan 1"
GEOMETRY = "geom"
#: what an absent column is filled with, by layer, in the order in which columns are written
GRID_COLUMNS: dict[str, Any] = {
    "grid_id": "",
    "code": "",
    "name": "",
    "kind": "",
    "tier": "",
    "parent_code": "",
    "community_code": "",
    "households": 0,
    "blocks": 0,
    "area_m2": 0.0,
    "perimeter_m": 0.0,
    "compactness": 0.0,
    "bounds_zh": "",
    "bounds_en": "",
    "legal": True,
    "status": "",
    "valid_from": "",
    "valid_to": "",
}
BORDER_COLUMNS: dict[str, Any] = {
    "a": "",
    "b": "",
    "shared_m": 0.0,
    "street_name": "",
    "street_class": "",
    "barrier": False,
}
OUTLINE_COLUMNS: dict[str, Any] = {
    "block_id": "",
    "side_m": 0.0,
    "street_name": "",
    "street_class": "",
    "barrier": False,
}
ISSUE_COLUMNS = (
    "rule",
    "severity",
    "grid_code",
    "block_ids",
    "found",
    "wanted",
    "message_zh",
    "message_en",
    "remedies",
)
#: layers of a plan that are there or not, named like its parts
OPTIONAL = ("streets", "addresses", "numbers", "aliases", "compounds", "buildings", "concordance")
#: columns a plan cannot be read without
NEEDED: dict[str, tuple[str, ...]] = {
    "grids": ("grid_id", "code", "community_code", "households"),
    "blocks": ("block_id", "parent_block_id", "atom", "grid_code", "community_code", "households"),
    "borders": tuple(BORDER_COLUMNS),
    "outline": tuple(OUTLINE_COLUMNS),
    "communities": ("community_code", "name"),
    "issues": ISSUE_COLUMNS,
    "metadata": ("key", "value"),
}


def layers_of(plan: Plan) -> dict[str, pd.DataFrame]:
    """Turn a plan into the layers of its file, in the order in which they are written; tables have no geometry."""
    layers: dict[str, pd.DataFrame] = {
        "grids": _grids(plan),
        "blocks": _blocks(plan),
        "borders": _filled(plan.borders, BORDER_COLUMNS),
        "issues": _issues(plan),
        "outline": _filled(plan.outline, OUTLINE_COLUMNS),
        "communities": plan.communities,
    }
    tiers = tier_units(plan)
    if len(tiers):
        layers["tiers"] = tiers
    for name in OPTIONAL:
        if (frame := getattr(plan, name)) is not None:
            layers[name] = frame
    if plan.scheme.posts:
        layers["posts"] = pd.DataFrame(plan.scheme.content()["post"]).assign(
            lines=[",".join(post.lines) for post in plan.scheme.posts]
        )
    if plan.staff is not None:
        layers["staff"] = plan.staff
    if plan.assignments is not None:
        layers["assignments"] = plan.assignments
    layers["metadata"] = _metadata(plan)
    return layers


def _grids(plan: Plan) -> gpd.GeoDataFrame:
    defaults = GRID_COLUMNS | {"tier": plan.scheme.main.id, "kind": "community", "status": "draft"}
    grids = _filled(plan.grids.rename_axis("grid_id").reset_index(), defaults)
    pairs = neighbour_pairs(plan.borders, plan.assignment, plan.grids.index)
    return grids.assign(map_colour=colour_numbers(pairs, len(grids)))


def _blocks(plan: Plan) -> gpd.GeoDataFrame:
    codes = plan.grids["code"] if "code" in plan.grids else plan.grids.index.to_series()
    grid_code = plan.assignment.reindex(plan.blocks.index).map(codes).fillna("")
    blocks = plan.blocks.rename_axis("block_id").reset_index().assign(grid_code=grid_code.to_numpy(dtype=object))
    blocks[tier_column(plan.scheme.main)] = blocks["grid_code"]
    tiers = [tier_column(tier) for tier in plan.scheme.tiers]
    order = ["block_id", "parent_block_id", "atom", "grid_code", *tiers, "community_code", "households"]
    return _filled(blocks, dict.fromkeys(dict.fromkeys(order), ""))


def _issues(plan: Plan) -> gpd.GeoDataFrame:
    """Give every issue a point inside the blocks it names, else inside its grid, else none."""
    issues = plan.issues.reset_index(drop=True)
    named = issues.get("block_ids", pd.Series(dtype=str)).fillna("").astype(str).str.split(",").explode()
    at_block = plan.blocks.geometry.reindex(named.to_numpy()).set_axis(named.index).dropna()
    points: np.ndarray[Any, Any] = np.full(len(issues), None, dtype=object)
    if "grid_code" in issues and "code" in plan.grids:
        shapes = plan.grids.set_index("code").geometry
        found = shapes.reindex(issues["grid_code"].fillna("").to_numpy())
        points = shapely.point_on_surface(found.to_numpy())
    for row, shapes_named in at_block.groupby(level=0):
        points[row] = shapely.point_on_surface(shapely.multipolygons(shapely.get_parts(shapes_named.to_numpy())))
    frame = gpd.GeoDataFrame(issues, geometry=points, crs=plan.blocks.crs)
    ordered = _filled(frame, dict.fromkeys(ISSUE_COLUMNS, ""))
    kept = [name for name in ordered.columns if name != "grid_id"]
    text = {name: ordered[name].map(lambda value: "" if value is None else str(value)) for name in ("found", "wanted")}
    return ordered[kept].assign(**text)


def _metadata(plan: Plan) -> pd.DataFrame:
    band = plan.scheme.main.band
    pairs = {
        "format": FORMAT,
        "scheme": plan.scheme.name,
        "band_min": str(band.min),
        "band_max": str(band.max),
        "band_target": str(band.target),
        "tier": plan.scheme.main.id,
    }
    pairs |= {key: str(value) for key, value in plan.metadata.items() if key not in pairs}
    pairs["scheme_tables"] = json.dumps(plan.scheme.content(), ensure_ascii=False, sort_keys=True)
    return pd.DataFrame({"key": list(pairs), "value": list(pairs.values())}, dtype=object)


def _filled(frame: gpd.GeoDataFrame, defaults: Mapping[str, Any]) -> gpd.GeoDataFrame:
    """Put the columns of the contract first, filling what is absent, then the frame's own, then its geometry."""
    absent = {name: value for name, value in defaults.items() if name not in frame}
    own = [name for name in frame.columns if name not in defaults and name != frame.geometry.name]
    return frame.assign(**absent)[[*defaults, *own, frame.geometry.name]]


def plain_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Make every column one that SQLite can hold: text for what is mixed, names that differ in more than case."""
    renamed, seen = {}, {"fid", GEOMETRY}
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    for name in frame.columns:
        new, number = str(name), 2
        while name != geometry and new.lower() in seen:
            new, number = f"{name}_{number}", number + 1
        seen.add(new.lower())
        renamed[name] = new
    plain = frame.rename(columns={old: new for old, new in renamed.items() if old != geometry})
    for name in plain.columns:
        if plain[name].dtype == object and name != geometry:
            plain[name] = plain[name].map(lambda value: value if value is None or value is pd.NA else str(value))
            plain[name] = plain[name].astype("str")
        elif isinstance(plain[name].dtype, pd.CategoricalDtype):
            plain[name] = plain[name].astype("str")
    return plain


def plan_of(layers: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """Turn the layers of a file back into the parts of a plan (keywords of `Plan`)."""
    pairs = dict(zip(layers["metadata"]["key"], layers["metadata"]["value"], strict=True))
    scheme = Scheme.from_content(json.loads(pairs.pop("scheme_tables")), source="metadata, scheme_tables")
    grids = layers["grids"].drop(columns="map_colour", errors="ignore").set_index("grid_id")
    grid_of = pd.Series(grids.index, index=grids["code"].to_numpy(), dtype="str")
    blocks = layers["blocks"].set_index("block_id")
    assignment = blocks["grid_code"].map(grid_of).rename("grid_id")
    # what stands in a file only for its readers: the grid's code on each block, and tiers without a known unit
    codes = {tier_column(tier) for tier in scheme.tiers} - {"community_code"}
    unknown = {name for name in codes & set(blocks.columns) if (blocks[name] == "").all()}
    written = {"grid_code", tier_column(scheme.main)} | unknown
    blocks = blocks.drop(columns=[name for name in blocks.columns if name in written])
    issues = pd.DataFrame(layers["issues"].drop(columns="geometry", errors="ignore"))
    return {
        "scheme": scheme,
        "blocks": blocks,
        "borders": layers["borders"],
        "outline": layers["outline"],
        "communities": layers["communities"],
        "assignment": assignment,
        "grids": grids,
        "issues": issues.assign(grid_id=issues["grid_code"].map(grid_of).fillna("")),
        "staff": layers.get("staff"),
        "assignments": layers.get("assignments"),
        **{name: layers.get(name) for name in OPTIONAL},
        "metadata": pairs,
    }
