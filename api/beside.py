"""What a page lays over a plan: layers of its ground, and grids that somebody else has drawn, told block by block.

These functions run in the processes of `api.pool`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from numpy.typing import NDArray

from api.offers import draft_of, plan_of
from api.sheets import Packed, packed
from api.uploads import dataset_of
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from gis_grid.plan import Plan
    from gis_grid.store import Store

Layer = Literal["communities", "compounds", "buildings"]
#: decimals of a degree: 1.1 cm
DECIMALS = 7
#: a block of which less lies in one of their grids is cut by their borders
WHOLE_SHARE = 0.98


def ground(store: Store, id_: str, layer: Layer) -> Packed:
    """Return a layer of the ground of a plan or a draft as GeoJSON, in gzip; empty where there is none."""
    frame = getattr(_either(store, id_)[0], layer)
    columns = ("name", "community_code", "storeys")
    return packed(b"null" if frame is None else _features(frame, columns))


def against(store: Store, id_: str, other: str) -> Packed:
    """Lay the grids of another plan or draft over the blocks of a plan or a draft."""
    theirs = _either(store, other)[0].grids
    names = theirs["name"].astype(str) if "name" in theirs else pd.Series("", index=theirs.index)
    codes = theirs["code"].astype(str) if "code" in theirs else theirs.index.to_series().astype(str)
    frame = gpd.GeoDataFrame({"name": names.where(names != "", codes)}, geometry=theirs.geometry)
    return packed(orjson.dumps(laid_over(*_either(store, id_), frame)))


def drawn(store: Store, id_: str, files: str, file: str, crs: str) -> Packed:
    """Lay the grids of an uploaded file, `<id>` or `<id>:<layer>`, over the blocks of a plan or a draft.

    Raises
    ------
    InputError
        If the file cannot be read, or none of it lies on the ground of the plan.
    """
    from gis_grid.sources import read_drawn

    file_id, _, layer = file.partition(":")
    path = dataset_of(Path(files), file_id)
    if path is None:
        raise InputError(Fault("this file is not here any more", remedy="hand it in again", code="file-gone"))
    plan, revision = _either(store, id_)
    read = read_drawn(f"{path}|layer={layer}" if layer else path, target=plan.blocks.crs, crs=crs or None)
    return packed(orjson.dumps(laid_over(plan, revision, read.frame)))


def laid_over(plan: Plan, revision: int, theirs: gpd.GeoDataFrame) -> dict[str, Any]:
    """Say in which of their grids each block lies with most of its ground, -1 for none, in the order of the table.

    `cut` are the blocks through which their borders run.

    Raises
    ------
    InputError
        If no block lies in any of them.
    """
    blocks = plan.blocks.geometry.to_numpy()
    home, share = _most(blocks, theirs.to_crs(plan.blocks.crs).geometry.to_numpy())
    if (home < 0).all():
        remedy = "hand in grids of this district, and check their CRS"
        raise InputError(Fault("none of these grids lies on the ground of the plan", remedy=remedy, code="elsewhere"))
    named = [name or f"{row + 1}" for row, name in enumerate(theirs["name"].astype(str))]
    return {
        "revision": revision,
        "names": named,
        "blocks": home.tolist(),
        "cut": np.flatnonzero((home >= 0) & (share < WHOLE_SHARE)).tolist(),
        "shapes": orjson.Fragment(_features(theirs.assign(name=named), ("name",))),
    }


def _most(blocks: NDArray[Any], theirs: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each block the area that holds most of it, and which share of it that is."""
    home, share = np.full(len(blocks), -1, np.int64), np.zeros(len(blocks))
    row, other = shapely.STRtree(theirs).query(blocks, predicate="intersects")
    held = shapely.area(shapely.intersection(blocks[row], theirs[other])) / np.maximum(shapely.area(blocks[row]), 1e-9)
    order = np.lexsort((other, -held, row))
    first = order[np.flatnonzero(np.diff(row[order], prepend=-1))]
    first = first[held[first] > 0]
    home[row[first]], share[row[first]] = other[first], held[first]
    return home, share


def _features(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> bytes:
    shapes = shapely.transform(frame.geometry.to_crs("EPSG:4326").to_numpy(), lambda xy: np.round(xy, DECIMALS))
    told = pd.DataFrame({name: frame[name].to_numpy() for name in columns if name in frame}, index=frame.index)
    rows: list[Any] = orjson.loads(told.to_json(orient="records"))
    features = [
        {"type": "Feature", "properties": row, "geometry": orjson.Fragment(shape)}
        for row, shape in zip(rows, shapely.to_geojson(shapes), strict=True)
    ]
    return orjson.dumps({"type": "FeatureCollection", "features": features})


def _either(store: Store, id_: str) -> tuple[Plan, int]:
    return draft_of(store, id_) if id_.startswith("d") else (plan_of(store, id_), 0)
