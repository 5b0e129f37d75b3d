"""Streets as they come, made into linework that can be polygonised: clipped, closed, noded on one precision grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely

from gis_grid.coverage import Floats, Geometries

#: Every coordinate of a block lies on this grid (metres): far below any survey, far above rounding.
GRID_M = 0.001


def node(lines: Geometries) -> Geometries:
    """Return lines that meet only at their ends, every vertex on the precision grid.

    Snap rounding also joins an end that lies on another line's interior within the grid size.

    >>> cross = shapely.from_wkt(["LINESTRING (0 0, 2 2)", "LINESTRING (0 2, 2 0)"])
    >>> len(node(cross))
    4
    """
    out: Geometries = shapely.get_parts(shapely.union_all(lines, grid_size=GRID_M))
    return out


def node_into(noded: Geometries, added: Geometries) -> Geometries:
    """Return noded lines with others noded into them; only lines that the others touch are looked at again.

    >>> square = node(np.array([shapely.box(0, 0, 2, 2).exterior]))
    >>> len(faces_of(node_into(square, np.array([shapely.LineString([(1, 0), (1, 2)])]))))
    2
    """
    if not len(added):
        return noded
    met = np.unique(shapely.STRtree(noded).query(added, predicate="dwithin", distance=2 * GRID_M)[1])
    rest = np.ones(len(noded), bool)
    rest[met] = False
    out: Geometries = np.concatenate([noded[rest], node(np.concatenate([noded[met], added]))])
    return out


def faces_of(lines: Geometries) -> Geometries:
    """Return the faces that noded lines enclose; what encloses nothing (a dangle) leaves no trace."""
    drawn: Any = shapely.multilinestrings(lines)
    out: Geometries = shapely.get_parts(shapely.polygonize([drawn]))
    return out


def clip(lines: Geometries, boundary: shapely.Geometry) -> Geometries:
    """Return the parts of lines inside a boundary, as simple line strings without empties."""
    shapely.prepare(boundary)
    inside = shapely.covers(boundary, lines)
    cut = shapely.intersection(lines[~inside & shapely.intersects(boundary, lines)], boundary)
    parts = shapely.get_parts(shapely.get_parts(np.concatenate([lines[inside], cut])))
    out: Geometries = parts[(shapely.get_type_id(parts) == 1) & ~shapely.is_empty(parts)]
    return out


def free_ends(lines: Geometries) -> tuple[Floats, Floats, np.ndarray]:
    """Return the ends that touch no other line: points (n, 2), outward unit directions (n, 2), line numbers (n,)."""
    coords, of = shapely.get_coordinates(lines, return_index=True)
    first = np.flatnonzero(np.r_[True, of[1:] != of[:-1]])
    last = np.r_[first[1:], len(of)] - 1
    points = np.concatenate([coords[first], coords[last]])
    inward = np.concatenate([coords[first + 1], coords[last - 1]])
    line = np.concatenate([of[first], of[last]])
    ends: Any = shapely.points(points)
    at, hit = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=GRID_M)
    # a closed line meets itself at its own end
    closed = np.hypot(*(coords[first] - coords[last]).T) <= GRID_M
    touched = np.bincount(at[hit != line[at]], minlength=len(ends)) > 0
    free = ~touched & ~closed[line]
    direction = points - inward
    direction /= np.maximum(np.hypot(*direction.T), 1e-12)[:, None]
    return points[free], direction[free], line[free]


def close_gaps(lines: Geometries, reach_m: float) -> Geometries:
    """Return lines and the short bridges that join a free end to the line it stops just short of.

    Streets drawn by hand or clipped from a larger file often end a few decimetres before the street they meet.

    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 10 0)", "LINESTRING (5 9, 5 0.4)"])
    >>> len(close_gaps(lines, 1.0)), len(close_gaps(lines, 0.2))
    (3, 2)
    """
    if len(lines) < 2:
        return lines
    points, _, line = free_ends(lines)
    ends: Any = shapely.points(points)
    at, hit = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=reach_m)
    other = hit != line[at]
    at, hit = at[other], hit[other]
    if not len(at):
        return lines
    gap = shapely.distance(ends[at], lines[hit])
    nearest = np.lexsort((hit, gap, at))
    chosen = nearest[np.r_[True, np.diff(at[nearest]) != 0]]
    bridges = shapely.shortest_line(ends[at[chosen]], lines[hit[chosen]])
    out: Geometries = np.concatenate([lines, bridges])
    return out


def extensions(ends: Floats, directions: Floats, targets: Geometries, reach_m: float) -> Geometries:
    """Return, for each dead end, the straight line onwards to the first target within reach; None where there is none.

    `ends` and `directions` are (n, 2). US census blocks extend dead ends in the same way to divide a polygon that is
    too large.
    """
    start = ends + directions * (2 * GRID_M)
    rays: Any = shapely.linestrings(np.stack([start, ends + directions * reach_m], axis=1))
    at, hit = shapely.STRtree(targets).query(rays, predicate="intersects")
    out: Geometries = np.full(len(ends), None, dtype=object)
    if not len(at):
        return out
    crossing = shapely.intersection(rays[at], targets[hit])
    distance = shapely.distance(shapely.points(ends[at]), crossing)
    order = np.lexsort((distance, at))
    first = order[np.r_[True, np.diff(at[order]) != 0]]
    # a millimetre beyond, so that noding joins the extension to what it meets
    far = ends[at[first]] + directions[at[first]] * (distance[first] + GRID_M)[:, None]
    out[at[first]] = shapely.linestrings(np.stack([ends[at[first]], far], axis=1))
    return out
