"""Fold the faces that are no blocks — medians, ramps, roundabouts — onto the middle line between their neighbours.

Void ground is triangulated between its own rims and shared out corner by corner: every corner of a triangle takes the
label of the neighbour it borders, and the new border runs through the middle of each triangle side whose ends differ
(the chordal axis, labelled). It never leaves the void ground and never has a gap, however thin a wedge becomes: a dual
carriageway turns into its centre line, a roundabout into a star.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from gis_grid.blocks.linework import faces_of, node, node_into
from gis_grid.coverage import Bools, Floats, Geometries, Ints, Segments, coverage_segments

#: The closest and the widest that points stand along a rim, in metres: between carriageways, and between buildings.
STREET_M = (8.0, 30.0)
BUILDING_M = (2.0, 4.0)
#: More ground than rounding can account for (square metres).
LOST_M2 = 50.0
#: A middle line may be straightened by this much.
STRAIGHTEN_M = 1.5


@dataclass(frozen=True)
class _Mesh:
    """Hold triangles over void ground: `xy` of vertices and the three `corners` of each, (n, 3).

    Every vertex has a label, a distance in metres from the rim it has it from, and was `inserted` on a rim or not.
    """

    xy: Floats
    corners: Ints
    label: Ints
    away: Floats
    inserted: Bools


def fold(faces: Geometries, void: Bools, fixed: Geometries, *, spacing_m: tuple[float, float] = STREET_M) -> Geometries:
    """Return noded linework in which void faces are gone and middle lines stand in their place.

    `faces` is a noded coverage, `void` (n,) marks what must go. Lines in `fixed` (the district's boundary, community
    borders) never move: void ground falls to the neighbours on its own side of them. A void group without any
    neighbour that stays is left as it is.

    >>> street = np.array([shapely.box(0, 0, 9, 9), shapely.box(9, 0, 11, 9), shapely.box(11, 0, 20, 9)])
    >>> lines = fold(street, np.array([False, True, False]), np.array([shapely.box(0, 0, 20, 9).exterior]))
    >>> [face.area for face in faces_of(lines)]
    [90.0, 90.0]
    """
    segments = coverage_segments(faces)
    stays = _on_lines(segments, fixed)
    inner = segments.a >= 0
    void_a = inner & void[segments.a]
    void_b = void[segments.b]
    joined = inner & void_a & void_b & ~stays
    links = coo_matrix((np.ones(joined.sum()), (segments.a[joined], segments.b[joined])), shape=(len(faces),) * 2)
    group = connected_components(links, directed=False)[1].astype(np.int64)
    rim = inner & (void_a != void_b) & ~stays
    served = np.unique(group[np.where(void_a, segments.a, segments.b)[rim]])
    lost = void & np.isin(group, served)
    border = stays | ~inner | ~((void_a & lost[segments.a]) | (void_b & lost[segments.b]))
    kept = segments.take(border).lines
    if not lost.any():
        return kept
    mesh = _mesh(faces, lost, group, segments, rim, spacing_m)
    return node_into(kept, _chains(*_crossings(mesh)))


def folded(
    faces: Geometries, void: Bools, fixed: Geometries, *, spacing_m: tuple[float, float] = STREET_M
) -> Geometries:
    """Return the faces that are left when void ones have gone to their neighbours; see `fold`.

    Faces that touch no void face are returned as they are.
    """
    segments = coverage_segments(faces)
    inner = segments.a >= 0
    near = void.copy()
    near[segments.a[inner & void[segments.b]]] = True
    near[segments.b[inner & void[segments.a]]] = True
    rims = shapely.boundary(shapely.get_parts(shapely.coverage_union_all(faces[near])))
    drawn = fold(faces[near], void[near], np.concatenate([fixed, rims]), spacing_m=spacing_m)
    for again in (False, True):
        changed = faces_of(node(drawn) if again else drawn)
        # a face that others surround closes a ring of its own, which polygonising reports as ground
        changed = changed[~_surrounded(changed, faces[~near])]
        if abs(shapely.area(changed).sum() - shapely.area(faces[near]).sum()) <= LOST_M2:
            out: Geometries = np.concatenate([faces[~near], changed])
            return out
    # lines a millimetre apart can part when they are noded anew: rather leave the ground as it was than lose any
    return faces


def _surrounded(changed: Geometries, untouched: Geometries) -> Bools:
    """Tell which faces are holes filled in: ground that untouched faces hold already."""
    out = np.zeros(len(changed), bool)
    inside = shapely.point_on_surface(changed)
    out[np.unique(shapely.STRtree(untouched).query(inside, predicate="intersects")[0])] = True
    return out


def _on_lines(segments: Segments, lines: Geometries) -> Bools:
    """Tell which segments run along any of the lines."""
    on = np.zeros(len(segments.u), bool)
    if len(lines):
        # long rings are cut up, or the tree would test every segment against all of them
        coords, of = shapely.get_coordinates(lines, return_index=True)
        same = of[1:] == of[:-1]
        pieces: Any = shapely.linestrings(np.stack([coords[:-1][same], coords[1:][same]], axis=1))
        middle = shapely.points((segments.xy[segments.u] + segments.xy[segments.v]) / 2)
        on[np.unique(shapely.STRtree(pieces).query(middle, predicate="dwithin", distance=0.003)[0])] = True
    return on


def _mesh(
    faces: Geometries, lost: Bools, group: Ints, segments: Segments, rim: Bools, spacing_m: tuple[float, float]
) -> _Mesh:
    """Triangulate the lost faces between points set along their rims, and label every vertex."""
    spacing = np.clip(2.0 * shapely.area(faces) / np.maximum(shapely.length(faces), 1e-9), *spacing_m)
    spacing[~lost] = np.inf
    beside = np.where(segments.a >= 0, spacing[segments.a], np.inf)
    step = np.minimum(beside, spacing[segments.b])
    pieces = np.maximum(np.ceil(segments.length / step), 1).astype(np.int64)
    # each rim segment needs a point of its own between its ends, to carry its neighbour's label
    pieces = np.where(rim, np.maximum(pieces, 2), pieces)
    void = np.flatnonzero(lost)
    dense, inserted_xy, inserted_on = _densify(faces[void], segments, pieces)
    # a triangle is a ring of four coordinates, the last one the first again
    triangles = shapely.constrained_delaunay_triangles(dense)
    rings, of = shapely.get_coordinates(triangles, return_index=True)
    corner_xy = rings.reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    owner = np.repeat(group[void[of[::4]]], 3)
    # a vertex on a fixed line belongs to both sides of it and may need another label on each
    spots, spot = np.unique(_complex(np.concatenate([segments.xy, inserted_xy, corner_xy])), return_inverse=True)
    base, extra = len(segments.xy), len(inserted_xy)
    keys, vertex = np.unique(owner * len(spots) + spot[base + extra :], return_inverse=True)
    label = np.full(len(keys), np.iinfo(np.int64).max)
    inserted = np.zeros(len(keys), bool)
    neighbour = np.where(lost[segments.b] & ~((segments.a >= 0) & lost[segments.a]), segments.a, segments.b)
    side = np.where(neighbour == segments.a, segments.b, segments.a)
    on = np.flatnonzero(rim & lost[side])
    inside = np.flatnonzero(rim[inserted_on] & lost[side[inserted_on]])
    inserted_rim = inserted_on[inside]
    for who, where in (
        (on, spot[segments.u[on]]),
        (on, spot[segments.v[on]]),
        (inserted_rim, spot[base + inside]),
    ):
        at = np.searchsorted(keys, group[side[who]] * len(spots) + where)
        np.minimum.at(label, at, neighbour[who])
        inserted[at] = who is inserted_rim
    label[label == np.iinfo(np.int64).max] = -1
    place = spots[keys % len(spots)]
    xy = np.stack([place.real, place.imag], axis=1)
    corners = vertex.reshape(-1, 3)
    return _Mesh(xy, corners, *_spread(xy, corners, label), inserted)


def _complex(xy: Floats) -> np.ndarray:
    return np.ascontiguousarray(xy).view(np.complex128).ravel()


def _densify(polygons: Geometries, segments: Segments, pieces: Ints) -> tuple[Geometries, Floats, Ints]:
    """Insert points along polygon rings, the same ones from either side.

    Return the polygons, the points inserted (m, 2) and the segment each lies on (m,).
    """
    count = pieces - 1
    on = np.repeat(np.arange(len(count)), count)
    first = np.r_[0, np.cumsum(count)]
    nth = np.arange(len(on)) - first[on] + 1
    low, high = segments.xy[segments.u[on]], segments.xy[segments.v[on]]
    points = low + (high - low) * (nth / pieces[on])[:, None]

    rings, polygon = shapely.get_rings(polygons, return_index=True)
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    spots = _complex(segments.xy)
    vertex = np.searchsorted(spots, _complex(coords))
    start, end = vertex[:-1], vertex[1:]
    real = ring[1:] == ring[:-1]
    known = segments.u * len(spots) + segments.v
    order = np.argsort(known)
    wanted = np.minimum(start, end) * len(spots) + np.maximum(start, end)
    segment = order[np.minimum(np.searchsorted(known[order], wanted), len(order) - 1)]
    more = np.where(real & (start != end), count[segment], 0)
    # every ring vertex, followed by the points inserted before the next one
    size = np.r_[1 + more, 1]
    at = np.r_[0, np.cumsum(size)[:-1]]
    out = np.empty((int(size.sum()), 2))
    out[at] = coords
    edge = np.repeat(np.arange(len(more)), more)
    step = np.arange(len(edge)) - np.repeat(np.r_[0, np.cumsum(more)[:-1]], more)
    forward = start[edge] < end[edge]
    pick = first[segment[edge]] + np.where(forward, step, more[edge] - 1 - step)
    out[at[edge] + 1 + step] = points[pick]
    dense_rings: Any = shapely.linearrings(out, indices=np.repeat(ring, size))
    return _polygons(dense_rings, polygon), points, on


def _polygons(rings: Geometries, polygon: Ints) -> Geometries:
    """Build polygons from rings that stand in order, the shell of each first."""
    shell = np.r_[True, polygon[1:] != polygon[:-1]]
    out: Any = shapely.polygons(rings[shell])
    holed = np.unique(polygon[~shell])
    for one in holed:
        own = rings[polygon == one]
        out[one] = shapely.polygons(own[0], own[1:])
    result: Geometries = out
    return result


def _spread(xy: Floats, corners: Ints, label: Ints) -> tuple[Ints, Floats]:
    """Give every vertex the label of the nearest labelled one, walking along triangle sides, and how far that is."""
    start, end = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    forward = start < end
    start, end = np.where(forward, start, end), np.where(forward, end, start)
    key = np.unique(start * len(xy) + end)
    start, end = key // len(xy), key % len(xy)
    length = np.hypot(*(xy[start] - xy[end]).T) + 1e-6
    graph = coo_matrix((length, (start, end)), shape=(len(xy), len(xy))).tocsr()
    known = np.flatnonzero(label >= 0)
    away, _, source = dijkstra(graph, directed=False, indices=known, min_only=True, return_predecessors=True)
    reached = source >= 0
    return np.where(reached, label[np.where(reached, source, 0)], label), np.where(reached, away, 0.0)


def _crossings(mesh: _Mesh) -> tuple[Geometries, Ints]:
    """Return the pieces of new border inside triangles, and the two labels each one parts, (n, 2)."""
    start = mesh.corners
    end = np.roll(start, -1, axis=1)
    low, high = np.minimum(start, end).ravel(), np.maximum(start, end).ravel()
    side = np.unique(low * len(mesh.xy) + high, return_inverse=True)[1]
    outer = (np.bincount(side) == 1)[side]
    # equally far from both rims, whether or not the ends of the side lie on them
    span = np.maximum(np.hypot(*(mesh.xy[low] - mesh.xy[high]).T), 1e-9)
    share = np.clip((span + mesh.away[high] - mesh.away[low]) / (2 * span), 0.02, 0.98)
    cross = mesh.xy[low] + (mesh.xy[high] - mesh.xy[low]) * share[:, None]
    # on a rim the border starts at the vertex where the neighbour changes, which is never an inserted one
    for ends, others in ((low, high), (high, low)):
        corner = outer & mesh.inserted[others] & ~mesh.inserted[ends]
        cross[corner] = mesh.xy[ends[corner]]
    cross = cross.reshape(-1, 3, 2)
    labels = mesh.label[start]
    differ = labels != np.roll(labels, -1, axis=1)
    two, three = differ.sum(axis=1) == 2, differ.sum(axis=1) == 3
    picked = np.argsort(~differ[two], axis=1, kind="stable")[:, :2]
    lines = [np.take_along_axis(cross[two], picked[:, :, None], axis=1)]
    own = np.sort(labels[two], axis=1)
    pairs = [own[:, [0, 2]]]
    for k in range(3):
        lines.append(np.stack([cross[three, k], mesh.xy[start[three]].mean(axis=1)], axis=1))
        pairs.append(np.sort(np.stack([labels[three, k], labels[three, (k + 1) % 3]], axis=1), axis=1))
    ends = np.concatenate(lines)
    long = np.hypot(*(ends[:, 0] - ends[:, 1]).T) > 0
    return shapely.linestrings(ends[long]), np.concatenate(pairs)[long]


def _chains(lines: Geometries, pair: Ints) -> Geometries:
    """Join the pieces between the same two neighbours and take the small zigzag out of them."""
    if not len(lines):
        return lines
    kind = np.unique(pair, axis=0, return_inverse=True)[1].ravel()
    order = np.argsort(kind, kind="stable")
    bundles = shapely.multilinestrings(lines[order], indices=kind[order])
    out: Geometries = shapely.get_parts(shapely.simplify(shapely.line_merge(bundles), STRAIGHTEN_M))
    return out
