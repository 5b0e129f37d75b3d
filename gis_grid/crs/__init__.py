"""Coordinates in and out: WGS-84, CGCS2000, GCJ-02 and BD-09, and the metric CRS of a district.

Order is always (lon, lat) or (easting, northing), whatever an authority says about axes. GCJ-02 (Amap, Tencent) and
BD-09 (Baidu) are no coordinate systems but disturbances of WGS-84: PROJ does not know them, so they are a `Datum` here,
accepted wherever a CRS is. Importing this package loads only numpy; PROJ and GEOS come in when they are first needed.
"""

from gis_grid.crs.checks import coordinate_faults, offset_warning, to_metric
from gis_grid.crs.shifts import (
    GCJ_EXTENT,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_gcj_extent,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)
from gis_grid.crs.systems import (
    WGS84,
    Datum,
    china_zone,
    crs_label,
    metric_crs,
    parse_crs,
    transform_geometries,
    transform_points,
)

__all__ = [
    "GCJ_EXTENT",
    "WGS84",
    "Datum",
    "bd09_to_gcj02",
    "bd09_to_wgs84",
    "china_zone",
    "coordinate_faults",
    "crs_label",
    "gcj02_to_bd09",
    "gcj02_to_wgs84",
    "in_gcj_extent",
    "metric_crs",
    "offset_warning",
    "parse_crs",
    "to_metric",
    "transform_geometries",
    "transform_points",
    "wgs84_to_bd09",
    "wgs84_to_gcj02",
]
