"""Coordinates that cannot be right: recognised by their size, and named with the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gis_grid.crs.shifts import Floats, wgs84_to_gcj02
from gis_grid.crs.systems import (
    WGS84,
    Datum,
    crs_label,
    metric_crs,
    parse_crs,
    transform_geometries,
    transform_points,
)
from gis_grid.errors import CrsError, Fault

if TYPE_CHECKING:
    import geopandas as gpd
    from pyproj import CRS

#: Positions beyond a system's area of use by more than this are taken for a mistake, in degrees.
_AREA_MARGIN: Final = 3.0
_SAMPLE: Final = 2000
#: A point of the outline runs on a street if it is that close.
_ON_M: Final = 5.0
#: Wrong labels put 1.8–3.7 times less of the outlines of Wuhan's districts on streets, right ones always more; and
#: below 3 % chance decides.
_BETTER: Final = 1.6
_LEAST_ON: Final = 0.03


def coordinate_faults(frame: gpd.GeoDataFrame, source: str = "") -> list[Fault]:
    """Name what is wrong with the coordinates of a frame under the CRS it carries, or nothing.

    Recognised are eastings with a zone in front (8 digits), a zone other than the declared one, swapped axes, degrees
    labelled as metres and metres labelled as degrees. What most of the positions show is what counts; single stray
    positions are left to the readers.

    Examples
    --------
    >>> import geopandas as gpd
    >>> far = gpd.GeoDataFrame(geometry=gpd.points_from_xy([38528750], [3386231]), crs=4547)
    >>> print(coordinate_faults(far)[0].problem)
    eastings have 8 digits: zone 38 stands in front (38528750), which EPSG:4547 does not expect
    """
    xy = _middles(frame)
    if frame.crs is None or not len(xy):
        return []
    x, y = (float(v) for v in np.median(xy, axis=0))
    size = float(np.ptp(xy, axis=0).max())
    found = _geographic(x, y) if frame.crs.is_geographic else _projected(frame.crs, x, y, size)
    return [Fault(problem, source, "geometry", None, remedy) for problem, remedy in found]


def _middles(frame: gpd.GeoDataFrame) -> Floats:
    """Return the middle of each bounding box that is finite, of at most a sample of the frame."""
    import shapely

    geometry = frame.geometry.to_numpy()
    bounds = shapely.bounds(geometry[:: max(1, len(geometry) // _SAMPLE)])
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    return (bounds[:, :2] + bounds[:, 2:]) / 2


def _geographic(x: float, y: float) -> list[tuple[str, str]]:
    shown = f"({_short(x)}, {_short(y)})"
    if (abs(x) <= 90 < abs(y) <= 180) or (27 <= x <= 50 and 73.5 <= y <= 90):  # the latter is open sea in the Arctic
        problem = f"the axes are swapped: latitude stands first {shown}"
        return [(problem, "give longitude (x) first, then latitude (y)")]
    if abs(x) <= 360 and abs(y) <= 90:
        return []
    problem = f"coordinates {shown} are metres, but labelled as degrees"
    for east, north, words in ((x, y, ""), (y, x, "; northing stands first, give easting (x) first")):
        zone = _zone_prefix(east)
        if zone and 1e6 <= north <= 6.5e6:
            mercator = " or, if this is Web Mercator, EPSG:3857" if east < 15.4e6 else ""
            prefix = f"{problem}, with zone {zone} in front of the easting{words and ', and swapped'}"
            return [(prefix, f"declare EPSG:{_prefixed_epsg(zone)}{mercator}{words}")]
    return [(problem, "declare the CRS they were measured in, e.g. --crs EPSG:4547 for CGCS2000 around 114°E")]


def _projected(crs: CRS, x: float, y: float, size: float) -> list[tuple[str, str]]:
    if abs(x) <= 180 and abs(y) <= 90 and size < 5 and max(abs(x), abs(y)) > 10:
        shown = f"({_short(x)}, {_short(y)})"
        return [(f"coordinates {shown} are degrees, but labelled {crs_label(crs)}", "declare EPSG:4326 or 4490")]
    wanted = _declared_zone(crs)
    if wanted is None:
        return [] if _lands(crs, x, y) or not _lands(crs, y, x) else [_swap(crs, x, y)]
    swapped = not _lands_any(crs, wanted, x, y) and _lands_any(crs, wanted, y, x)
    east, north = (y, x) if swapped else (x, y)
    found = [_swap(crs, x, y)] if swapped else []
    zone, label = _zone_prefix(east), crs_label(crs)
    if zone and zone != wanted and 0 < north < 1e7:
        what = f"which {label} does not expect" if not wanted else f"but {label} wants zone {wanted}"
        problem = f"eastings have 8 digits: zone {zone} stands in front ({_short(east)}), {what}"
        found.append((problem, f"declare EPSG:{_prefixed_epsg(zone)}"))
    elif wanted and not zone and 0 < east < 1e6 < north < 1e7:
        problem = f"eastings ({_short(east)}) lack the zone {wanted} in front that {label} expects"
        found.append((problem, f"declare EPSG:{_prefixed_epsg(wanted) + (21 if wanted >= 25 else 11)}"))
    return found


def _swap(crs: CRS, x: float, y: float) -> tuple[str, str]:
    problem = f"the axes are swapped: northing stands first ({_short(x)}, {_short(y)}) under {crs_label(crs)}"
    return problem, "give easting (x) first, then northing (y)"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.6g}"


def _zone_prefix(easting: float) -> int:
    """Return the zone in front of an 8-digit easting of China, or 0."""
    zone = int(easting // 1e6) if np.isfinite(easting) and easting > 0 else 0
    return zone if 13 <= zone <= 45 and 0.1e6 <= easting - zone * 1e6 <= 0.9e6 else 0


def _prefixed_epsg(zone: int) -> int:
    """Return the CGCS2000 code with the zone in the easting: 3° zones 25–45, 6° zones 13–23."""
    return 4488 + zone if zone >= 25 else 4478 + zone


def _declared_zone(crs: CRS) -> int | None:
    """Return the zone a transverse Mercator CRS adds to its eastings (0: none), None for any other CRS."""
    operation = crs.coordinate_operation
    if operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    false_easting = next((float(p.value) for p in operation.params if p.name == "False easting"), 0.0)
    zone = int(false_easting // 1e6)
    return zone if 13 <= zone <= 45 else 0


def _lands(crs: CRS, x: float, y: float) -> bool:
    """Tell whether a position falls into the area of use of its CRS (True where none is stated)."""
    area = crs.area_of_use
    if area is None:
        return True
    lon, lat = transform_points([x], [y], crs, WGS84)
    if not (np.isfinite(lon[0]) and np.isfinite(lat[0])):
        return False
    margin = _AREA_MARGIN
    inside = area.south - margin <= lat[0] <= area.north + margin
    return bool(inside and (area.west > area.east or area.west - margin <= lon[0] <= area.east + margin))


def _lands_any(crs: CRS, wanted: int, x: float, y: float) -> bool:
    """Tell the same with any zone in front of the easting taken for the declared one."""
    bare = x - _zone_prefix(x) * 1e6
    return _lands(crs, x, y) or _lands(crs, bare + wanted * 1e6, y)


# ---- into the district's CRS ------------------------------------------------------------------------------------


def to_metric(
    frame: gpd.GeoDataFrame, declared: CRS | Datum | None = None, *, target: Any = None, source: str = ""
) -> gpd.GeoDataFrame:
    """Project a frame to the metric CRS of the district.

    `declared` says what the coordinates really are, whatever the frame is labelled; `target` is the CRS to reach, by
    default the one `metric_crs` chooses for the frame. Heights are dropped; index and columns are kept.

    Raises
    ------
    CrsError
        If no CRS is known, the coordinates cannot be right under it, or positions do not exist in the target; all
        faults at once.

    Examples
    --------
    >>> import geopandas as gpd
    >>> town = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.3], [30.6]), crs=4326)
    >>> to_metric(town).crs.to_epsg()
    4547
    """
    start = frame.crs if declared is None else declared
    if start is None:
        remedy = "declare it (--crs EPSG:4326, or gcj02, bd09, …)"
        raise CrsError(Fault("the coordinates have no CRS", source, remedy=remedy))
    labelled = frame.set_crs(WGS84 if isinstance(start, str) else start, allow_override=True)
    faults = coordinate_faults(labelled, source)
    if faults:
        raise CrsError(faults)
    end = parse_crs(target) if target is not None else metric_crs(_degrees(labelled, start, source))
    if isinstance(end, str) or not end.is_projected:
        raise CrsError(Fault(f"{crs_label(end)} is not metric", source, remedy="choose a projected CRS"))
    moved = _carried(frame, start, end, source)
    kept = frame.drop(columns=frame.geometry.name) if frame.geometry.name != "geometry" else frame
    return type(frame)(kept.assign(geometry=moved), geometry="geometry", crs=end)


def _degrees(frame: gpd.GeoDataFrame, start: CRS | Datum, source: str) -> Floats:
    """Return the bounds of a frame in WGS-84 degrees."""
    import shapely

    west, south, east, north = frame.total_bounds
    if not np.isfinite([west, south, east, north]).all():
        raise CrsError(Fault("there is no position in it", source, remedy="give a layer with geometry"))
    corners = np.array([shapely.box(west, south, east, north)], dtype=object)
    bounds: Floats = shapely.bounds(transform_geometries(corners, start, WGS84)[0])
    return bounds


def _carried(frame: gpd.GeoDataFrame, start: CRS | Datum, end: CRS, source: str) -> NDArray[Any]:
    """Carry the geometries over, refusing those that come out without finite coordinates."""
    import shapely

    geometry = frame.geometry.to_numpy()
    held = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    lost = held & ~np.isfinite(shapely.bounds(geometry)).all(axis=1)
    if not lost.any():
        moved = transform_geometries(geometry, start, end)
        lost = held & ~np.isfinite(shapely.bounds(moved)).all(axis=1)
    if lost.any():
        problem = f"a position does not exist in {crs_label(end)}"
        remedy = "correct or leave out the coordinates, or declare another CRS"
        raise CrsError(Fault(problem, source, "geometry", str(row), remedy) for row in frame.index[lost])
    return moved


# ---- one layer shifted against another --------------------------------------------------------------------------


def offset_warning(boundary: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> str | None:
    """Suspect that boundary and streets are drawn on different datums, by how much of the outline runs on streets.

    Both frames carry a CRS, `streets` a metric one. The outline of a district mostly follows streets; if far more of
    it comes within 5 m of one once GCJ-02 is undone (or applied), a label is wrong. Returns a sentence for the
    user, or None. Outside China nothing moves, so nothing is suspected there.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> block = shapely.box(528000, 3386000, 530000, 3388000)
    >>> streets = gpd.GeoDataFrame(geometry=[block.exterior], crs=4547)
    >>> boundary = gpd.GeoDataFrame(geometry=[block], crs=4547)
    >>> offset_warning(boundary, streets) is None
    True
    >>> shifted = gpd.GeoDataFrame(geometry=transform_geometries(np.array([block]), 4547, "gcj02"), crs=4326)
    >>> offset_warning(shifted, streets)[:54]
    'the boundary looks like GCJ-02 under a wrong CRS label'
    """
    import shapely

    if not len(boundary) or not len(streets) or boundary.crs is None or streets.crs is None:
        return None
    tree, xy = shapely.STRtree(streets.geometry.to_numpy()), _outline(boundary)
    lon, lat = transform_points(xy[:, 0], xy[:, 1], boundary.crs, WGS84)
    here = _distances(tree, *transform_points(lon, lat, WGS84, streets.crs))
    undone = _distances(tree, *transform_points(lon, lat, "gcj02", streets.crs))
    done = _distances(tree, *transform_points(*wgs84_to_gcj02(lon, lat), WGS84, streets.crs))
    on = {"boundary": float((undone < _ON_M).mean()), "streets": float((done < _ON_M).mean())}
    layer, after = max(on.items(), key=lambda item: item[1])
    before = float((here < _ON_M).mean())
    if after < _LEAST_ON or after < _BETTER * before:
        return None
    medians = _medians(here, undone if layer == "boundary" else done)
    verb, be = ("looks", "is") if layer == "boundary" else ("look", "are")
    return (
        f"the {layer} {verb} like GCJ-02 under a wrong CRS label: {before:.0%} of the outline runs within {_ON_M:g} m "
        f"of a street as labelled, {after:.0%} if the {layer} {be} taken for GCJ-02{medians}; if so, declare it "
        f"(--crs gcj02, or |crs=gcj02 after the file's name)"
    )


def _medians(before: Floats, after: Floats) -> str:
    """Add the median distances where they say the same."""
    old, new = float(np.median(before)), float(np.median(after))
    return f" (median distance {old:.1f} m, then {new:.1f} m)" if new < old else ""


def _outline(boundary: gpd.GeoDataFrame) -> Floats:
    """Return points at even steps along the outline."""
    import shapely

    outline = shapely.boundary(shapely.union_all(boundary.geometry.to_numpy()))
    step = float(shapely.length(outline)) / _SAMPLE or 1.0
    parts = shapely.get_parts(outline)
    counts = np.maximum(1, (shapely.length(parts) / step).astype(int))
    which = np.repeat(np.arange(len(parts)), counts)
    along = np.concatenate([np.arange(n) / n for n in counts]) if len(counts) else np.zeros(0)
    return np.asarray(shapely.get_coordinates(shapely.line_interpolate_point(parts[which], along, normalized=True)))


def _distances(tree: Any, x: Floats, y: Floats) -> Floats:
    import shapely

    points = shapely.points(x, y)
    _, metres = tree.query_nearest(points, return_distance=True, all_matches=False)
    return np.asarray(metres, float)
