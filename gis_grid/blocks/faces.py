"""Streets to faces: polygonise, tell real blocks from the gaps between carriageways, and fold those gaps away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from gis_grid.blocks.linework import GRID_M, clip, close_gaps, faces_of, node
from gis_grid.blocks.middle import folded
from gis_grid.coverage import Bools, Floats, Geometries, Ints, coverage_segments, widths

#: Roads that come with medians, side strips and auxiliary carriageways.
WIDE_ROADS = ("motorway", "trunk", "primary", "secondary")


@dataclass(frozen=True)
class FaceOptions:
    """Say what is too narrow to be a block (metres, square metres, shares of a face's perimeter).

    A face is *void* — carriageway, not block — unless it is occupied, when
    its inscribed circle is below `min_width_m`; or
    it is a strip (mean width below `strip_m`) whose widest place stays below twice the minimum; or
    `wide_share` of its rim is wide roads and its mean width is below `median_m`; or
    `link_share` of its rim is ramps and its inscribed circle below `ramp_m`; or
    it is part of a roundabout: bounded by one, or as good as round, and below `roundabout_m`.
    A face is *occupied*, hence really a block, when it holds at least `occupied_households` and is `occupied_m` wide.
    """

    min_width_m: float = 20.0
    strip_m: float = 14.0
    median_m: float = 30.0
    wide_share: float = 0.85
    ramp_m: float = 60.0
    link_share: float = 0.5
    roundabout_m: float = 60.0
    occupied_households: int = 10
    occupied_m: float = 8.0
    snap_m: float = 1.5
    passes: int = 4


@dataclass(frozen=True)
class Lines:
    """Street lines with what faces need to know of them: arrays of one length."""

    geometry: Geometries
    wide: Bools
    link: Bools
    roundabout: Bools


def street_faces(
    boundary: shapely.Geometry,
    lines: Lines,
    *,
    fixed: Geometries | None = None,
    points: Geometries | None = None,
    households: Ints | None = None,
    options: FaceOptions | None = None,
) -> Geometries:
    """Return the street-bounded faces that tile a boundary, carriageway gaps folded to middle lines.

    `fixed` are lines that no face may cross and that stay where they are (community borders); `points` with
    `households` tell which narrow faces people live in. All in one metric CRS. The result is a noded coverage of
    polygons (n,), ordered from west to east.
    """
    options = options or FaceOptions()
    outline = shapely.set_precision(boundary, GRID_M)
    rims = [shapely.boundary(outline)] if fixed is None else [shapely.boundary(outline), *clip(fixed, outline)]
    frozen = np.array(rims, dtype=object)
    drawn = close_gaps(clip(lines.geometry, outline), options.snap_m)
    faces = faces_of(node(np.concatenate([frozen, drawn])))
    frozen = node(frozen)
    for turn in range(options.passes):
        void = _narrow(faces, options)
        if turn == 0:
            wide = np.flatnonzero(~void)
            void[wide] = _carriageway(faces[wide], _rim_shares(faces, lines)[:, wide], options)
        void &= ~occupied_faces(faces, points, households, options)
        if not void.any() or void.all():
            break
        before = len(faces)
        faces = folded(faces, void, frozen)
        if len(faces) == before:
            break
    inside = shapely.point_on_surface(faces)
    shapely.prepare(outline)
    faces = faces[shapely.covers(outline, inside)]
    bounds = shapely.bounds(faces)
    out: Geometries = faces[np.lexsort((bounds[:, 1], bounds[:, 0]))]
    return out


def _mean_width(faces: Geometries) -> Floats:
    """Return the width of the strip that has the same area and perimeter, which no long strip exceeds."""
    out: Floats = 2 * shapely.area(faces) / shapely.length(faces)
    return out


def _narrow(faces: Geometries, options: FaceOptions) -> Bools:
    # exact for every face whose mean width is below the limit, strips among them
    width = widths(faces, below=options.min_width_m)
    strip = (_mean_width(faces) < options.strip_m) & (width < 2 * options.min_width_m)
    out: Bools = (width < options.min_width_m) | strip
    return out


def _carriageway(faces: Geometries, shares: Floats, options: FaceOptions) -> Bools:
    """Tell the faces that lie between carriageways by the shares of their rim along wide roads, ramps, roundabouts."""
    wide, link, roundabout = shares
    median = (wide >= options.wide_share) & (_mean_width(faces) < options.median_m)
    ramp = link >= options.link_share
    roundness = 4 * np.pi * shapely.area(faces) / shapely.length(faces) ** 2
    # a quarter of a roundabout that two streets cross has 44 % of its rim on it
    round_ = (roundabout > 0.4) | (roundness > 0.93)
    limit = np.maximum.reduce(
        [median * 2 * options.median_m, ramp * options.ramp_m, round_ * options.roundabout_m], dtype=float
    )
    out: Bools = limit > 0
    out[out] = widths(faces[out], below=limit.max()) < limit[out]
    return out


def _rim_shares(faces: Geometries, lines: Lines) -> Floats:
    """Return the shares of each face's perimeter along wide roads and ramps, ramps, and roundabouts: (3, n)."""
    segments = coverage_segments(faces)
    middle = shapely.points((segments.xy[segments.u] + segments.xy[segments.v]) / 2)
    at, hit = shapely.STRtree(lines.geometry).query_nearest(middle, max_distance=0.5, all_matches=False)
    length, total = segments.length, shapely.length(faces)
    inner = segments.a >= 0
    shares = []
    for flag in (lines.wide | lines.link, lines.link, lines.roundabout):
        metres = np.zeros(len(length))
        metres[at] = flag[hit] * length[at]
        both = np.bincount(segments.b, metres, len(faces))
        shares.append((both + np.bincount(segments.a[inner], metres[inner], len(faces))) / total)
    return np.array(shares)


def occupied_faces(
    faces: Geometries, points: Geometries | None, households: Ints | None, options: FaceOptions
) -> Bools:
    """Tell which faces hold homes, so that they are blocks however narrow they are."""
    if points is None or households is None or not len(points):
        return np.zeros(len(faces), bool)
    point, face = shapely.STRtree(faces).query(points, predicate="intersects")
    held = np.bincount(face, households[point], len(faces))
    out: Bools = held >= options.occupied_households
    out[out] &= widths(faces[out], below=options.occupied_m) >= options.occupied_m
    return out
