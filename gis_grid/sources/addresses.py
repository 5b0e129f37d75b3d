"""Address points, buildings with addresses, and pieces of streets with the numbers along them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import geopandas as gpd
import numpy as np
import shapely

from gis_grid.crs import to_metric
from gis_grid.errors import Fault, InputError
from gis_grid.sources import Read
from gis_grid.sources.columns import addresses, guess_column, text
from gis_grid.sources.tables import open_layer

if TYPE_CHECKING:
    import os

#: columns that are taken over where a file has them apart, by what they may be called there
_OWN: Final = {
    "compound": ("compound", "小区", "小区名称"),
    "building": ("building_no", "楼栋", "楼号", "栋"),
    "stairwell": ("stairwell", "单元", "单元号"),
}
_RANGES: Final = ("L_From", "L_To", "R_From", "R_To")


def read_addresses(path: str | os.PathLike[str], *, target: Any, crs: Any = None) -> Read:
    """Read points or areas with addresses: one column of whole addresses, or street and number apart.

    The frame has points and the column `address`, and `compound`, `building` and `stairwell` where the file has them;
    of areas a point inside is taken. Rows without an address or a place are left out, and counted.

    Raises
    ------
    InputError
        If the file cannot be read, or has no column of addresses.
    CrsError
        If there is no CRS.
    """
    opened = open_layer(path, crs=crs, kind="addresses")
    frame, source = opened.frame, opened.source
    told = addresses(frame, source)
    if told is None:
        listed = ", ".join(map(str, frame.columns[:12]))
        remedy = f"name a column address (地址), or street and number; its columns are: {listed}"
        raise InputError(Fault("no column of addresses is recognised", source, remedy=remedy))
    columns = {"address": told}
    plain = {str(name).lower(): name for name in frame.columns}
    for column, spellings in _OWN.items():
        found = next((plain[one] for one in spellings if one in plain), None)
        if found is not None:
            columns[column] = text(frame, found)
    shapes = frame.geometry.to_numpy()
    usable = np.array(told != "", dtype=bool) & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    kept = to_metric(frame[usable], target=target, source=source)
    shapes = kept.geometry.to_numpy()
    points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    out = gpd.GeoDataFrame({name: values[usable] for name, values in columns.items()}, geometry=points, crs=kept.crs)
    left = int((~usable).sum())
    notes = [*opened.notes, *([f"{source}: {left} rows have no address or no place"] if left else [])]
    tally = MappingProxyType({"in": len(out), "rejected": left, "total": len(frame)})
    return Read(out, tuple(notes), tally)


def read_street_numbers(path: str | os.PathLike[str], *, target: Any, crs: Any = None) -> Read:
    """Read pieces of streets with the first and last number on the left and on the right side.

    The frame has lines, `name`, and the columns of numbers as the file has them.

    Raises
    ------
    InputError
        If the file cannot be read, or has no names or no such columns.
    CrsError
        If there is no CRS.
    """
    opened = open_layer(path, crs=crs, kind="streets")
    frame, source = opened.frame, opened.source
    name = guess_column(frame, "street", source) or guess_column(frame, "name", source)
    plain = {str(column).lower(): column for column in frame.columns}
    absent = [column for column in _RANGES if column.lower() not in plain]
    if name is None or absent:
        said = "no column of street names" if name is None else f"the columns {', '.join(absent)} are missing"
        raise InputError(Fault(said, source, remedy=f"name the street, and its numbers {', '.join(_RANGES)}"))
    metric = to_metric(frame, target=target, source=source)
    columns = {column: metric[plain[column.lower()]] for column in _RANGES}
    lines = gpd.GeoDataFrame({"name": text(metric, name.column), **columns}, geometry=metric.geometry, crs=metric.crs)
    return Read(lines[lines["name"] != ""], opened.notes)
