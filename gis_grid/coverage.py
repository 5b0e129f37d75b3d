"""Polygons that tile the plane, seen as their edges: which segment has which polygon on either side.

A coverage is *noded*: neighbours share every vertex of their common border exactly. Then who borders whom is a
matter of sorting segments, not of geometry, and tens of thousands of polygons take a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Geometries = NDArray[Any]


@dataclass(frozen=True)
class Segments:
    """Undirected segments of a coverage: ends as vertex numbers, and the polygons on both sides.

    `xy` is (vertices, 2) in the units of the input; `u`, `v` are vertex numbers (n,); `a` ≤ `b` number the polygons
    on both sides (n,), with `a` = -1 where nothing lies on one side.
    """

    xy: Floats
    u: Ints
    v: Ints
    a: Ints
    b: Ints

    @property
    def length(self) -> Floats:
        """Length of each segment, in the units of the input."""
        out: Floats = np.hypot(*(self.xy[self.u] - self.xy[self.v]).T)
        return out

    @property
    def lines(self) -> Geometries:
        """Each segment as a line string."""
        out: Any = shapely.linestrings(np.stack([self.xy[self.u], self.xy[self.v]], axis=1))
        lines: Geometries = out
        return lines

    def take(self, mask: Bools | Ints) -> Segments:
        """Return the chosen segments over the same vertices."""
        return Segments(self.xy, self.u[mask], self.v[mask], self.a[mask], self.b[mask])


def coverage_segments(polygons: Geometries) -> Segments:
    """Return the segments of a noded coverage with the polygons on both sides.

    `polygons` is an array of polygons or multipolygons that share vertices along common borders. Where more than two
    polygons claim one segment (an overlap), the first two in number are kept.

    Examples
    --------
    >>> two = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    >>> segments = coverage_segments(two)
    >>> int((segments.a >= 0).sum()), len(segments.u)
    (1, 7)
    """
    parts, owner = shapely.get_parts(polygons, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(coords):
        none = np.zeros(0, np.int64)
        return Segments(np.zeros((0, 2)), none, none, none, none)
    points, vertex = np.unique(np.ascontiguousarray(coords).view(np.complex128).ravel(), return_inverse=True)
    inner = ring[1:] == ring[:-1]
    start, end = vertex[:-1][inner], vertex[1:][inner]
    who = owner[part[ring[1:][inner]]]
    real = start != end
    low, high, who = np.minimum(start, end)[real], np.maximum(start, end)[real], who[real]
    order = np.lexsort((who, high, low))
    low, high, who = low[order], high[order], who[order]
    first = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]
    at = np.flatnonzero(first)
    count = np.diff(np.r_[at, len(low)])
    second = np.where(count > 1, who[np.minimum(at + 1, len(who) - 1)], -1)
    a, b = np.minimum(who[at], second), np.maximum(who[at], second)
    xy = np.stack([points.real, points.imag], axis=1)
    return Segments(xy, low[at], high[at], a.astype(np.int64), b.astype(np.int64))


def widths(polygons: Geometries, *, below: float) -> Floats:
    """Return the diameter of the largest circle inside each polygon, to half a metre where it may be `below` a limit.

    A polygon of area A and perimeter P holds a circle of diameter at least 2·A/P, so most need no search: those get
    that lower bound, which is at least `below`. Nor do the smallest, which cannot hold a circle of 40 % of the limit:
    those get the diameter of the circle of their own area.
    """
    area = shapely.area(polygons)
    out: Floats = 2 * area / np.maximum(shapely.length(polygons), 1e-9)
    equal = 2 * np.sqrt(area / np.pi)
    tiny = equal < 0.4 * below
    out[tiny] = equal[tiny]
    close = (out < below) & ~tiny
    out[close] = 2 * shapely.length(shapely.maximum_inscribed_circle(polygons[close], tolerance=0.5))
    return out
