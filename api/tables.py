"""A plan as columns of numbers and texts, as a browser holds it in typed arrays: no shapes, for those are in tiles.

Blocks, grids and communities are numbered from 0 in the order of their columns; every other column names them by
these numbers, -1 for none. In tiles a block's feature has its number + 1 as id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from gis_grid.plan import tier_column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.plan import Plan


def written(plan: Plan, degrees: gpd.GeoSeries, told: Mapping[str, Any]) -> bytes:
    """Return a plan's table as JSON, with what is told of it besides; `degrees` are its blocks in WGS 84."""
    return orjson.dumps({**told, **columns(plan, degrees)}, option=orjson.OPT_SERIALIZE_NUMPY)


def columns(plan: Plan, degrees: gpd.GeoSeries) -> dict[str, Any]:
    """Return the columns of a plan; `degrees` are its blocks in WGS 84."""
    grids, communities = pd.Index(plan.grids.index.astype(str)), _communities(plan)
    roles = {post.id: {"zh": post.name_zh, "en": post.name_en} for post in plan.scheme.posts}
    return {
        "crs": plan.blocks.crs.to_string(),
        "bounds": [round(float(edge), 7) for edge in degrees.total_bounds],
        "scheme": {
            "name": plan.scheme.name,
            "tiers": _tiers(plan),
            "barriers": list(plan.scheme.barriers),
            "roles": roles,
        },
        "communities": {"code": communities["community_code"].tolist(), "name": communities["name"].tolist()},
        "ground": _ground(plan),
        "grids": _grids(plan, communities),
        "blocks": _blocks(plan, grids, communities),
        "borders": _borders(plan.borders, plan.blocks.index),
        "outline": _outline(plan.outline, plan.blocks.index),
    }


def _communities(plan: Plan) -> pd.DataFrame:
    """Return every community that a block or a grid names, with its name if it has one."""
    named = plan.communities[["community_code", "name"]].astype(str).drop_duplicates("community_code")
    used = pd.unique(pd.concat([plan.blocks["community_code"], plan.grids["community_code"]]).astype(str))
    more = [code for code in used if code and code not in set(named["community_code"])]
    listed: pd.DataFrame = pd.concat([named, pd.DataFrame({"community_code": more, "name": ""})], ignore_index=True)
    return listed


def _ground(plan: Plan) -> list[str]:
    """Return the layers of the ground that a map may show; buildings where it is known how high they are."""
    high = plan.buildings is not None and "storeys" in plan.buildings and bool((plan.buildings["storeys"] > 0).any())
    there = {"communities": True, "compounds": plan.compounds is not None, "buildings": high}
    return [name for name, shown in there.items() if shown]


def _tiers(plan: Plan) -> list[dict[str, Any]]:
    told = []
    for tier in plan.scheme.tiers:
        band = tier.band
        told.append(
            {
                "id": tier.id,
                "main": tier.id == plan.scheme.main.id,
                "counted": tier.counted,
                "min": band.min,
                "max": band.max,
                "target": band.target,
            }
        )
    return told


def _grids(plan: Plan, communities: pd.DataFrame) -> dict[str, Any]:
    frame = plan.grids
    home = pd.Index(communities["community_code"]).get_indexer(frame["community_code"].astype(str))
    texts = {name: frame[name].astype(str).tolist() for name in ("code", "name", "kind") if name in frame}
    counts = {"households": frame["households"].to_numpy(np.int64), "load": plan.load.to_numpy(np.int64)}
    return {"id": frame.index.astype(str).tolist(), **texts, "community": home, **counts}


def _blocks(plan: Plan, grids: pd.Index, communities: pd.DataFrame) -> dict[str, Any]:
    frame = plan.blocks
    inside = gpd.GeoSeries(shapely.point_on_surface(frame.geometry.to_numpy()), crs=frame.crs).to_crs("EPSG:4326")
    grid = plan.assignment.reindex(frame.index)
    told: dict[str, Any] = {
        "id": frame.index.astype(str).tolist(),
        "parent": frame["parent_block_id"].astype(str).tolist(),
        "atom": frame["atom"].astype(str).tolist(),
        "households": frame["households"].to_numpy(np.int64),
        "grid": grids.get_indexer(pd.Index(grid.fillna("").astype(str))),
        "community": pd.Index(communities["community_code"]).get_indexer(frame["community_code"].astype(str)),
        "lon": np.round(inside.x.to_numpy(), 6),
        "lat": np.round(inside.y.to_numpy(), 6),
        "area_m2": np.round(frame.geometry.area.to_numpy(), 1),
    }
    more = [tier_column(tier) for tier in plan.scheme.tiers]
    told |= {name: frame[name].astype(str).tolist() for name in more if name in frame and name != "community_code"}
    if "shops" in frame:
        told["shops"] = frame["shops"].to_numpy(np.int64)
    return told


def _borders(borders: pd.DataFrame, blocks: pd.Index) -> dict[str, Any]:
    return {
        "a": blocks.get_indexer(pd.Index(borders["a"])),
        "b": blocks.get_indexer(pd.Index(borders["b"])),
        "shared_m": np.round(borders["shared_m"].to_numpy(float), 2),
        **_along(borders),
    }


def _outline(outline: pd.DataFrame, blocks: pd.Index) -> dict[str, Any]:
    told: dict[str, Any] = {"block": blocks.get_indexer(pd.Index(outline["block_id"]))}
    return told | {"side_m": np.round(outline["side_m"].to_numpy(float), 2), **_along(outline)}


def _along(lines: pd.DataFrame) -> dict[str, Any]:
    """Return what stretches follow: the texts once, then numbers into them."""
    told: dict[str, Any] = {"barrier": lines["barrier"].to_numpy(bool).astype(np.uint8)}
    for column, listed in (("street_name", "streets"), ("street_class", "classes")):
        numbers, names = pd.factorize(lines[column].fillna("").astype(str), sort=True)
        told |= {column: numbers, listed: names.tolist()}
    return told
