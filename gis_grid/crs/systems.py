"""Coordinate systems by name, positions carried between them, and the metric CRS of a district."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_grid.crs.shifts import Floats, Pair, bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from gis_grid.errors import CrsError, Fault

if TYPE_CHECKING:
    from pyproj import CRS, Transformer

Datum: TypeAlias = Literal["gcj02", "bd09"]
WGS84: Final = 4326

_NAMES: Final = {
    "gcj02": "gcj02", "gcj": "gcj02", "gcj02ll": "gcj02", "amap": "gcj02", "火星坐标": "gcj02", "高德": "gcj02",
    "bd09": "bd09", "bd09ll": "bd09", "baidu": "bd09", "百度": "bd09",
    "wgs84": "EPSG:4326", "wgs1984": "EPSG:4326", "gps": "EPSG:4326",
    "cgcs2000": "EPSG:4490", "国家2000": "EPSG:4490", "xian80": "EPSG:4610", "西安80": "EPSG:4610",
    "beijing54": "EPSG:4214", "北京54": "EPSG:4214", "webmercator": "EPSG:3857",
}  # fmt: skip
_ACCEPTED: Final = "use EPSG:xxxx, wgs84, cgcs2000, gcj02 or bd09"


def parse_crs(text: Any) -> CRS | Datum:
    """Understand what a user calls a coordinate system.

    `text` is an EPSG number, `EPSG:xxxx`, WKT, a PROJ string, a pyproj CRS, or one of the names wgs84, cgcs2000,
    gcj02, bd09 (any case, with or without hyphens). GCJ-02 and BD-09 come back as `"gcj02"` and `"bd09"`.

    Raises
    ------
    CrsError
        If nobody knows such a system.

    Examples
    --------
    >>> parse_crs("GCJ-02"), parse_crs("cgcs2000").to_epsg(), parse_crs("4547").to_epsg()
    ('gcj02', 4490, 4547)
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    known = text
    if isinstance(text, str):
        plain = text.strip()
        known = _NAMES.get(plain.lower().replace("-", "").replace("_", "").replace(" ", ""), plain)
        if known in ("gcj02", "bd09"):
            return "gcj02" if known == "gcj02" else "bd09"
        known = int(known) if known.isascii() and known.isdigit() else known
    try:
        with warnings.catch_warnings():  # PROJ grumbles at old spellings that it understands
            warnings.simplefilter("ignore")
            return CRS.from_user_input(known)
    except (CRSError, TypeError, ValueError, OverflowError) as caught:
        raise CrsError(Fault(f"'{text}' is no coordinate system", remedy=_ACCEPTED)) from caught


def crs_label(crs: CRS | Datum | None) -> str:
    """Return the short name by which a coordinate system is shown to a user.

    >>> crs_label("gcj02"), crs_label(parse_crs(4547))
    ('GCJ-02', 'EPSG:4547')
    """
    if crs is None:
        return "no CRS"
    if isinstance(crs, str):
        return {"gcj02": "GCJ-02", "bd09": "BD-09"}[crs]
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.name)


@lru_cache(maxsize=64)
def _transformer(src: str, dst: str) -> Transformer:
    from pyproj import Transformer

    return Transformer.from_crs(src, dst, always_xy=True)


def _wkt(crs: CRS | Datum) -> str:
    return crs if isinstance(crs, str) else str(crs.to_wkt())


def transform_points(x: ArrayLike, y: ArrayLike, src: Any, dst: Any) -> Pair:
    """Carry positions from one system to another; either may be a `Datum`.

    Positions that do not exist in the other system come back as infinities.

    >>> x, y = transform_points([114.3053942], [30.5931044], "gcj02", "EPSG:4547")
    >>> f"{x[0]:.0f} {y[0]:.0f}"
    '528767 3386170'
    """
    a, b = np.asarray(x, float), np.asarray(y, float)
    start, end = parse_crs(src), parse_crs(dst)
    if isinstance(start, str):
        if isinstance(end, str) and start == end:
            return a, b
        a, b = gcj02_to_wgs84(a, b) if start == "gcj02" else bd09_to_wgs84(a, b)
        start = parse_crs(WGS84)
    if isinstance(end, str):
        a, b = transform_points(a, b, start, WGS84)
        return wgs84_to_gcj02(a, b) if end == "gcj02" else wgs84_to_bd09(a, b)
    src_wkt, dst_wkt = _wkt(start), _wkt(end)
    if src_wkt == dst_wkt:  # not `start == end`, which takes PROJ 26 ms
        return a, b
    east, north = _transformer(src_wkt, dst_wkt).transform(a, b)
    return np.asarray(east, float), np.asarray(north, float)


def transform_geometries(geometries: NDArray[Any], src: Any, dst: Any) -> NDArray[Any]:
    """Carry an array of shapely geometries from one system to another; either may be a `Datum`.

    Missing geometries stay missing; heights are dropped.

    >>> import shapely
    >>> moved = transform_geometries(np.array([shapely.Point(114.3, 30.6)]), "wgs84", "gcj02")
    >>> f"{moved[0].x:.4f} {moved[0].y:.4f}"
    '114.3054 30.5976'
    """
    import shapely

    def move(xy: Floats) -> Floats:
        return np.stack(transform_points(xy[:, 0], xy[:, 1], src, dst), axis=1)

    moved: NDArray[Any] = shapely.transform(np.asarray(geometries, dtype=object), move)
    return moved


def metric_crs(bounds: ArrayLike) -> CRS:
    """Choose the metric CRS of a district: the CGCS2000 3° zone inside China, else the UTM zone.

    `bounds` is west, south, east, north in degrees; the middle decides. What "inside China" means follows the areas of
    use that EPSG states for the zones 4534–4554 (75°E to 135°E).

    Raises
    ------
    CrsError
        If the bounds are not finite degrees.

    Examples
    --------
    >>> metric_crs((114.2, 30.5, 114.4, 30.7)).to_epsg(), metric_crs((-75.7, 45.4, -75.6, 45.5)).to_epsg()
    (4547, 32618)
    """
    west, south, east, north = (float(v) for v in np.asarray(bounds, float).ravel())
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        problem = f"{west:g}, {south:g}, {east:g}, {north:g} are not bounds in degrees"
        raise CrsError(Fault(problem, remedy="pass west, south, east, north of WGS-84"))
    lon, lat = (west + east) / 2, (south + north) / 2
    zone = china_zone(lon, lat)
    if zone:
        return _epsg(4509 + zone)
    if abs(lat) > 84:
        return _epsg(5041 if lat > 0 else 5042)
    return _epsg((32600 if lat >= 0 else 32700) + min(60, int((lon + 180) // 6) + 1))


def china_zone(lon: float, lat: float) -> int:
    """Return the number of the 3° zone (25–45) of a position inside China, 0 elsewhere.

    >>> china_zone(114.3, 30.6), china_zone(126.98, 37.57)
    (38, 0)
    """
    zone = int((lon + 1.5) // 3)
    if not 25 <= zone <= 45:
        return 0
    area = _epsg(4509 + zone).area_of_use
    return zone if area is not None and area.south <= lat <= area.north else 0


@lru_cache(maxsize=128)
def _epsg(code: int) -> CRS:
    from pyproj import CRS

    return CRS.from_epsg(code)
