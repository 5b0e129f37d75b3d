"""GCJ-02 and BD-09: the disturbances of WGS-84 under which Chinese web maps draw, both ways, on arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis_grid.errors import CrsError, Fault

Floats: TypeAlias = NDArray[np.float64]
Pair: TypeAlias = tuple[Floats, Floats]

#: The rectangle in which GCJ-02 differs from WGS-84: west, south, east, north in degrees.
GCJ_EXTENT: Final = (72.004, 0.8293, 137.8347, 55.8271)
_SEMI_MAJOR_M: Final = 6378245.0
_ECCENTRICITY2: Final = 0.00669342162296594323
_BD_TURN: Final = math.pi * 3000 / 180
#: Enough for 1e-9 degrees: the error of one pass is 4.8 m, of three 0.2 mm, and each divides it by about 150.
PASSES: Final = 6


def in_gcj_extent(lon: ArrayLike, lat: ArrayLike) -> NDArray[np.bool_]:
    """Tell which positions lie in the rectangle where GCJ-02 is disturbed at all.

    >>> in_gcj_extent([114.3, 24.9], [30.6, 60.2]).tolist()
    [True, False]
    """
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    west, south, east, north = GCJ_EXTENT
    inside: NDArray[np.bool_] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside


def wgs84_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 positions to where Amap and Tencent draw them.

    `lon`, `lat` are degrees, scalars or arrays of one shape; the answer is a pair of arrays. Outside `GCJ_EXTENT`
    nothing moves. The formula is the one in public use, checked against points in five cities.

    Raises
    ------
    CrsError
        If a coordinate is NaN or infinite.

    Examples
    --------
    >>> lon, lat = wgs84_to_gcj02(114.2999512, 30.5955177)
    >>> f"{lon:.5f} {lat:.5f}"
    '114.30539 30.59310'
    """
    x, y = _finite(lon, lat)
    east, north = _gcj_shift(x, y)
    return x + east, y + north


def gcj02_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo the GCJ-02 shift, to better than a millimetre.

    >>> lon, lat = gcj02_to_wgs84(*wgs84_to_gcj02(114.3, 30.6))
    >>> f"{lon:.9f} {lat:.9f}"
    '114.300000000 30.600000000'
    """
    return _undo(wgs84_to_gcj02, *_finite(lon, lat))


def gcj02_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift GCJ-02 positions to where Baidu draws them.

    >>> lon, lat = gcj02_to_bd09(114.3053942, 30.5931044)
    >>> f"{lon:.6f} {lat:.6f}"
    '114.311976 30.598773'
    """
    x, y = _finite(lon, lat)
    east, north = bd_place(x, y)
    inside = in_gcj_extent(x, y)
    return np.where(inside, east, x), np.where(inside, north, y)


def bd09_to_gcj02(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Undo the BD-09 shift, to better than a millimetre.

    >>> lon, lat = bd09_to_gcj02(*gcj02_to_bd09(114.3, 30.6))
    >>> f"{lon:.9f} {lat:.9f}"
    '114.300000000 30.600000000'
    """
    return _undo(gcj02_to_bd09, *_finite(lon, lat))


def wgs84_to_bd09(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Shift WGS-84 positions to where Baidu draws them.

    >>> lon, lat = wgs84_to_bd09(114.2999512, 30.5955177)
    >>> f"{lon:.4f} {lat:.4f}"
    '114.3120 30.5988'
    """
    return gcj02_to_bd09(*wgs84_to_gcj02(lon, lat))


def bd09_to_wgs84(lon: ArrayLike, lat: ArrayLike) -> Pair:
    """Bring Baidu's positions back to WGS-84.

    >>> lon, lat = bd09_to_wgs84(*wgs84_to_bd09(114.3, 30.6))
    >>> f"{lon:.9f} {lat:.9f}"
    '114.300000000 30.600000000'
    """
    return gcj02_to_wgs84(*bd09_to_gcj02(lon, lat))


def _finite(lon: ArrayLike, lat: ArrayLike) -> Pair:
    x, y = np.asarray(lon, float), np.asarray(lat, float)
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise CrsError(Fault("a coordinate is not a finite number", remedy="leave out positions without coordinates"))
    return x, y


# ---- the formulas, for arrays and for single numbers alike -----------------------------------------------------------


def bd_place(x: Floats, y: Floats) -> Pair:
    """Return where Baidu draws a GCJ-02 position, wherever that is."""
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def gcj_shift(lon: Floats, lat: Floats) -> Pair:
    """Return the shift from WGS-84 to GCJ-02 in degrees, wherever that is."""
    x, y = lon - 105.0, lat - 35.0
    pi = math.pi
    ripple = (20 * np.sin(6 * pi * x) + 20 * np.sin(2 * pi * x)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north = north + (20 * np.sin(pi * y) + 40 * np.sin(pi * y / 3)) * 2 / 3
    north = north + (160 * np.sin(pi * y / 12) + 320 * np.sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east = east + (20 * np.sin(pi * x) + 40 * np.sin(pi * x / 3)) * 2 / 3
    east = east + (150 * np.sin(pi * x / 12) + 300 * np.sin(pi * x / 30)) * 2 / 3
    phi = np.radians(lat)
    w2 = 1 - _ECCENTRICITY2 * np.sin(phi) ** 2
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY2) / (w2 * np.sqrt(w2))
    parallel_m = _SEMI_MAJOR_M / np.sqrt(w2) * np.cos(phi)
    return np.degrees(east / parallel_m), np.degrees(north / meridian_m)


def _gcj_shift(lon: Floats, lat: Floats) -> Pair:
    """Return the shift in degrees, zero outside the extent."""
    inside = in_gcj_extent(lon, lat)
    with np.errstate(divide="ignore", invalid="ignore"):  # at a pole, where nothing moves anyway
        east, north = gcj_shift(lon, lat)
        return np.where(inside, east, 0.0), np.where(inside, north, 0.0)


def _undo(forward: Callable[[ArrayLike, ArrayLike], Pair], lon: Floats, lat: Floats) -> Pair:
    """Invert a small shift by fixed-point iteration with a capped number of passes."""
    x, y = lon, lat
    inside = in_gcj_extent(lon, lat)
    for _ in range(PASSES):
        shifted_x, shifted_y = forward(x, y)
        x, y = np.where(inside, x + lon - shifted_x, lon), np.where(inside, y + lat - shifted_y, lat)
    return x, y
