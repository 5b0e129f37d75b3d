"""Communities made to tile their district: overlaps, gaps and slivers between hand-drawn outlines are settled."""

from __future__ import annotations

import numpy as np
import shapely

from gis_grid.blocks.linework import GRID_M, faces_of, node
from gis_grid.coverage import Geometries, Ints, coverage_segments, widths

#: Ground between two outlines that is narrower than this is drawing noise, not a place.
NOISE_M = 5.0


def fit_communities(boundary: shapely.Geometry, communities: Geometries) -> Geometries:
    """Return the communities clipped and filled so that together they tile the boundary exactly.

    Ground that two of them claim goes to the smaller; ground that none claims, and slivers narrower than five metres,
    go to the neighbour with the longest common border. Communities that lie outside come back empty.

    >>> whole = shapely.box(0, 0, 100, 100)
    >>> drawn = np.array([shapely.box(-5, 0, 49, 100), shapely.box(50, 0, 100, 100)])
    >>> shapely.area(fit_communities(whole, drawn)).round().tolist()
    [5000.0, 5000.0]
    """
    outline = shapely.set_precision(boundary, GRID_M)
    rims = shapely.intersection(shapely.boundary(communities), outline)
    cells = faces_of(node(np.concatenate([[shapely.boundary(outline)], rims])))
    shapely.prepare(outline)
    inside = shapely.point_on_surface(cells)
    cells = cells[shapely.covers(outline, inside)]
    inside = shapely.point_on_surface(cells)
    cell, claim = shapely.STRtree(communities).query(inside, predicate="intersects")
    owner = np.full(len(cells), -1)
    order = np.lexsort((claim, shapely.area(communities)[claim], cell))[::-1]
    owner[cell[order]] = claim[order]
    owner = _adopt(cells, owner)
    pieces = [shapely.coverage_union_all(cells[owner == n]) for n in range(len(communities))]
    out: Geometries = np.array(pieces, dtype=object)
    return out


def inner_lines(regions: Geometries) -> Geometries:
    """Return the borders between regions that tile a district, without the district's own outline."""
    segments = coverage_segments(regions)
    out: Geometries = segments.take(segments.a >= 0).lines
    return out


def _adopt(cells: Geometries, owner: Ints) -> Ints:
    """Give cells without an owner, and slivers, to the owner they share most border with."""
    loose = (owner < 0) | (widths(cells, below=NOISE_M) < NOISE_M)
    if (owner[~loose] < 0).all():
        return np.maximum(owner, 0)
    owner = np.where(loose, -1, owner)
    segments = coverage_segments(cells)
    shared = segments.a >= 0
    a, b, metres = segments.a[shared], segments.b[shared], segments.length[shared]
    while (owner < 0).any():
        ends, others = np.concatenate([a, b]), np.concatenate([b, a])
        open_ = (owner[ends] < 0) & (owner[others] >= 0)
        if not open_.any():
            return np.maximum(owner, 0)
        score: dict[tuple[int, int], float] = {}
        for cell, to, m in zip(ends[open_], owner[others[open_]], np.tile(metres, 2)[open_], strict=True):
            score[cell, to] = score.get((cell, to), 0.0) + m
        best: dict[int, tuple[float, int]] = {}
        for (cell, to), m in score.items():
            best[cell] = max(best.get(cell, (-1.0, 0)), (m, -to))
        for cell, (_, to) in best.items():
            owner[cell] = -to
    return owner
