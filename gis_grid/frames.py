"""The contract of every frame that crosses a module.

Each kind of frame has one pandera schema, and `check_frame` is the door every stage puts it through: columns, types,
ranges, geometry types, validity, unique ids, a metric CRS — with every fault collected into one `FrameError`.
The index is the identity (`block_id`, `grid_id`); functions elsewhere never mutate a frame they were given.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import shapely

from gis_grid.errors import Fault, FrameError

if TYPE_CHECKING:
    import pandera.pandas as pa

#: Classes of line, dearest to cross first: roads by rank, then what else a border can follow.
ROAD_CLASSES = ("motorway", "trunk", "primary", "secondary", "tertiary", "residential", "service", "path")
LINE_CLASSES = (*ROAD_CLASSES, "railway", "river", "wall")
#: What a border can run along besides a line: `cell` between buildings, `stairwell` through one,
#: `community` or `boundary` where nothing else runs there, and "" for a drawn or unknown line.
BORDER_CLASSES = (*LINE_CLASSES, "cell", "stairwell", "community", "boundary", "")
#: What a block is made of.
ATOMS = ("face", "compound", "building", "stairwell", "cut")

AREAL = ("Polygon", "MultiPolygon")
LINEAR = ("LineString", "MultiLineString")

#: geometry types and index name of each kind
_SHAPES: dict[str, tuple[tuple[str, ...], str | None]] = {
    "boundary": (AREAL, None),
    "streets": (LINEAR, None),
    "households": (("Point", *AREAL), None),
    "communities": (AREAL, None),
    "compounds": (AREAL, None),
    "buildings": (AREAL, None),
    "blocks": (AREAL, "block_id"),
    "borders": (LINEAR, None),
    "grids": (AREAL, "grid_id"),
}
KINDS = tuple(_SHAPES)


@cache
def _schema(kind: str) -> pa.DataFrameSchema:
    import pandera.pandas as pa

    text = lambda **more: pa.Column(str, coerce=True, **more)  # noqa: E731
    flag = pa.Column(bool)
    count = pa.Column("int64", pa.Check.ge(0), coerce=True)
    metres = pa.Column(float, pa.Check.ge(0), coerce=True)
    optional_count = pa.Column("int64", pa.Check.ge(0), coerce=True, required=False)
    columns: dict[str, dict[str, Any]] = {
        "boundary": {},
        "streets": {
            "name": text(),
            "street_class": text(checks=pa.Check.isin(LINE_CLASSES)),
            "link": flag,
            "barrier": flag,
        },
        "households": {"households": count, "shops": optional_count},
        "communities": {"community_code": text(unique=True), "name": text()},
        "compounds": {"name": text()},
        "buildings": {"name": text(), "stairwells": pa.Column("int64", pa.Check.ge(1), coerce=True)},
        "blocks": {
            "parent_block_id": text(),
            "atom": text(checks=pa.Check.isin(ATOMS)),
            "community_code": text(),
            "households": count,
            "shops": optional_count,
        },
        "borders": {
            "a": text(),
            "b": text(),
            "shared_m": metres,
            "street_name": text(),
            "street_class": text(checks=pa.Check.isin(BORDER_CLASSES)),
            "barrier": flag,
        },
        "grids": {
            "code": text(unique=True),
            "community_code": text(),
            "households": count,
            "blocks": count,
            "area_m2": metres,
            "perimeter_m": metres,
            "compactness": metres,
        },
    }
    return pa.DataFrameSchema(columns[kind], unique_column_names=True)


def check_frame(frame: gpd.GeoDataFrame, kind: str, *, source: str = "", metric: bool = True) -> gpd.GeoDataFrame:
    """Check a frame against the contract of its kind and return it with column types settled.

    `kind` is one of `KINDS`; `source` names the file or stage in messages. Geographic coordinates are
    refused unless `metric` is off.

    Raises
    ------
    FrameError
        With every fault found: wrong or missing columns, values out of range, missing, empty or invalid
        geometry, a wrong geometry type, a doubled id, a missing or geographic CRS.

    Examples
    --------
    >>> square = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=32650)
    >>> len(check_frame(square, "boundary"))
    1
    >>> check_frame(square, "communities", source="c.gpkg")
    Traceback (most recent call last):
    gis_grid.errors.FrameError: c.gpkg, column 'community_code': the column is missing
    c.gpkg, column 'name': the column is missing
    """
    source = source or kind
    if isinstance(frame, gpd.GeoDataFrame) and frame.empty:
        # a column without values has whatever type pandas gave it
        frame = frame.astype({flag: bool for flag in ("link", "barrier") if flag in frame})
    faults = [*_geometry_faults(frame, kind, source, metric)]
    try:
        import pandera.errors

        checked = _schema(kind).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as caught:
        faults += _column_faults(caught.failure_cases, source)
    if faults:
        raise FrameError(faults)
    return gpd.GeoDataFrame(checked, geometry=frame.geometry.name, crs=frame.crs)


def _geometry_faults(frame: gpd.GeoDataFrame, kind: str, source: str, metric: bool) -> list[Fault]:
    types, index_name = _SHAPES[kind]
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        return [Fault("this is not a frame with geometry", source, remedy="pass a GeoDataFrame")]
    faults = []
    if frame.crs is None:
        faults.append(Fault("the frame has no CRS", source, remedy="declare one (--crs, or set_crs)"))
    elif metric and not frame.crs.is_projected:
        remedy = "project it to the district's metric CRS (gis_grid.crs.metric_crs)"
        faults.append(Fault(f"coordinates are in degrees ({frame.crs.to_string()})", source, remedy=remedy))
    if index_name and not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()].unique()[:5]
        faults.append(Fault(f"ids stand twice: {', '.join(map(str, twice))}", source, index_name))
    geometry = frame.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    wrong = ~missing & ~frame.geom_type.isin(types).to_numpy()
    invalid = ~missing & ~wrong & ~shapely.is_valid(geometry)
    for row in frame.index[missing]:
        faults.append(Fault("no geometry", source, "geometry", str(row)))
    for row, found in zip(frame.index[wrong], frame.geom_type[wrong], strict=True):
        faults.append(Fault(f"{found} where {' or '.join(types)} is wanted", source, "geometry", str(row)))
    for row, why in zip(frame.index[invalid], shapely.is_valid_reason(geometry[invalid]), strict=True):
        faults.append(Fault(f"invalid geometry ({why})", source, "geometry", str(row), "repair it (make_valid)"))
    return faults


def _column_faults(cases: pd.DataFrame, source: str) -> list[Fault]:
    faults = []
    for case in cases.to_dict("records"):
        check, value, row = str(case["check"]), case["failure_case"], case["index"]
        if check == "column_in_dataframe":
            faults.append(Fault("the column is missing", source, str(value)))
        else:
            where = None if row is None or pd.isna(row) else str(row)
            faults.append(Fault(f"{value!r} fails {check}", source, str(case["column"] or ""), where))
    return faults
