"""Divide blocks that hold more than a grid may, by the cheapest line that does it.

In this order: dead ends carried on, walls of compounds, inner lanes, cells around buildings, strips by stairwell. Each
step touches only blocks still above the band, so a border never runs through a building while anything else serves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import shapely

from gis_grid.blocks.linework import GRID_M, extensions, faces_of, free_ends, node
from gis_grid.blocks.merge import grouped
from gis_grid.blocks.middle import BUILDING_M, folded
from gis_grid.coverage import Bools, Geometries, Ints, widths

#: An inner line this close along its block's rim is the rim's own carriageway.
RIM_M = 12.0
#: A line may touch a wall, or a house drawn this little off, without running through it.
WALL_M = 1.0
#: What is narrower than this lies between two lines that are one, each rounded to the precision grid.
HAIR_M = 5 * GRID_M


@dataclass(frozen=True)
class Pieces:
    """Blocks while they are being divided, as arrays of one length.

    `face` numbers the street face each is a part of, `atom` says what it is made of, `region` numbers its community.
    """

    geometry: Geometries
    face: Ints
    atom: Geometries
    region: Ints

    def swap(self, old: Bools, new: Pieces) -> Pieces:
        """Return the pieces with the old ones replaced by new ones."""
        keep = ~old
        return Pieces(
            np.concatenate([self.geometry[keep], new.geometry]),
            np.concatenate([self.face[keep], new.face]),
            np.concatenate([self.atom[keep], new.atom]),
            np.concatenate([self.region[keep], new.region]),
        )

    def take(self, chosen: Bools | Ints) -> Pieces:
        """Return the chosen pieces."""
        return Pieces(self.geometry[chosen], self.face[chosen], self.atom[chosen], self.region[chosen])


@dataclass(frozen=True)
class Care:
    """Say what a cut must respect.

    Parts narrower than `min_width_m` fold into their neighbours unless they hold one of the `occupied` points; no
    line may run through `whole` areas (buildings, and compounds that fit one grid).
    """

    min_width_m: float
    occupied: Geometries
    whole: Geometries

    def spared(self, lines: Geometries) -> Geometries:
        """Return the lines that run through nothing that must stay whole."""
        if not len(self.whole) or not len(lines):
            return lines
        cores = shapely.buffer(self.whole, -WALL_M)
        through = shapely.STRtree(cores[~shapely.is_empty(cores)]).query(lines, predicate="intersects")[0]
        out: Geometries = np.delete(lines, np.unique(through))
        return out


def by_lines(pieces: Pieces, lines: Geometries, care: Care) -> Pieces:
    """Cut pieces along lines that run inside them."""
    inner = care.spared(_inside(pieces.geometry, lines))
    if not len(inner):
        return pieces
    rims = node(shapely.boundary(pieces.geometry))
    parts = faces_of(node(np.concatenate([rims, inner])))
    void = widths(parts, below=care.min_width_m) < care.min_width_m
    void[void] &= ~_holds(parts[void], care.occupied)
    if void.any():
        parts = folded(parts, void, rims)
    return _inherit(parts, pieces)


def carried_on(pieces: Pieces, lines: Geometries, care: Care, *, reach_m: float) -> Pieces:
    """Cut pieces along their dead ends, each carried straight on to the next line within reach."""
    inner = _inside(pieces.geometry, lines)
    if not len(inner):
        return pieces
    rims = shapely.boundary(pieces.geometry)
    ends, direction, _ = free_ends(np.concatenate([inner, shapely.get_parts(rims)]))
    added = extensions(ends, direction, np.concatenate([inner, rims]), reach_m)
    added = added[~shapely.is_missing(added)]
    return by_lines(pieces, np.concatenate([inner, added]), care)


def by_areas(pieces: Pieces, areas: Geometries, atom: str, care: Care) -> Pieces:
    """Cut areas (compounds) out of pieces; the narrow ground around them falls to the nearest of them."""
    walls = shapely.get_parts(shapely.boundary(shapely.get_parts(areas)))
    cut = by_lines(pieces, walls, care)
    if not len(cut.geometry) or not len(areas):
        return cut
    inside = shapely.point_on_surface(cut.geometry)
    within = np.unique(shapely.STRtree(areas).query(inside, predicate="intersects")[0])
    atoms = cut.atom.copy()
    atoms[within] = atom
    return replace(cut, atom=atoms)


def by_cells(pieces: Pieces, items: Geometries, loads: Ints, *, least: int, most: int) -> Pieces:
    """Divide pieces into cells around items (footprints, parcels or points), each cell the ground nearest to its item.

    Cells with less than `least` households join the neighbour with the longest common border inside the same piece,
    unless the two would hold more than `most`.
    A piece with fewer than two items stays as it is.
    """
    inside = shapely.point_on_surface(items)
    item, piece = shapely.STRtree(pieces.geometry).query(inside, predicate="intersects")
    first = np.unique(item, return_index=True)[1]
    item, piece = item[first], piece[first]
    out = []
    for n in range(len(pieces.geometry)):
        own = item[piece == n]
        cells = _cells(pieces.geometry[n], items[own], loads[own], least, most) if len(own) > 1 else None
        one = pieces.take(np.array([n]))
        if cells is None or len(cells) < 2:
            out.append(one)
            continue
        many = one.take(np.zeros(len(cells), np.int64))
        out.append(replace(many, geometry=cells, atom=np.full(len(cells), "building", dtype=object)))
    return _join(out)


def _cells(ground: shapely.Geometry, items: Geometries, loads: Ints, least: int, most: int) -> Geometries:
    """Share out one piece of ground among the items on it."""
    parts = _point_cells(ground, items) if (shapely.get_type_id(items) == 0).all() else _area_cells(ground, items)
    item, cell = shapely.STRtree(parts).query(shapely.point_on_surface(items), predicate="intersects")
    first = np.unique(item, return_index=True)[1]
    load = np.bincount(cell[first], loads[item[first]], len(parts)).astype(np.int64)
    return grouped(parts, load, least=least, most=most)


def _point_cells(ground: shapely.Geometry, points: Geometries) -> Geometries:
    """Return the Voronoi cells of points, cut to the ground."""
    rims = [shapely.boundary(ground)]
    spots = shapely.multipoints(np.unique(shapely.get_coordinates(points), axis=0))
    if shapely.get_num_geometries(spots) > 1:
        edges = shapely.voronoi_polygons(spots, extend_to=ground, only_edges=True)
        rims.append(shapely.intersection(edges, ground))
    parts = faces_of(node(np.array(rims, dtype=object)))
    shapely.prepare(ground)
    out: Geometries = parts[shapely.intersects(ground, shapely.point_on_surface(parts))]
    return out


def _area_cells(ground: shapely.Geometry, items: Geometries) -> Geometries:
    """Return the ground nearest to each footprint or parcel, by middle lines between them."""
    areas = np.where(shapely.get_type_id(items) == 0, shapely.buffer(items, 0.5, cap_style="square"), items)
    rims = node(np.array([shapely.boundary(ground)], dtype=object))
    lines = shapely.boundary(shapely.intersection(areas, ground))
    parts = faces_of(node(np.concatenate([rims, lines])))
    spot = shapely.point_on_surface(parts)
    shapely.prepare(ground)
    inside = shapely.intersects(ground, spot)
    parts, spot = parts[inside], spot[inside]
    void = np.ones(len(parts), bool)
    void[shapely.STRtree(areas).query(spot, predicate="intersects")[0]] = False
    if void.any() and not void.all():
        parts = folded(parts, void, rims, spacing_m=BUILDING_M)
    return parts


def by_stairwells(pieces: Pieces, buildings: Geometries, stairwells: Ints) -> Pieces:
    """Cut a piece that holds one building into strips, one for each stairwell, across the building's long axis."""
    inside = shapely.point_on_surface(buildings)
    building, piece = shapely.STRtree(pieces.geometry).query(inside, predicate="intersects")
    out = []
    for n in range(len(pieces.geometry)):
        own, one = building[piece == n], pieces.take(np.array([n]))
        if len(own) != 1 or stairwells[own[0]] < 2:
            out.append(one)
            continue
        strips = _strips(pieces.geometry[n], buildings[own[0]], int(stairwells[own[0]]))
        many = one.take(np.zeros(len(strips), np.int64))
        out.append(replace(many, geometry=strips, atom=np.full(len(strips), "stairwell", dtype=object)))
    return _join(out)


def _strips(ground: shapely.Geometry, building: shapely.Geometry, count: int) -> Geometries:
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(building))[:4]
    one, two = corners[1] - corners[0], corners[2] - corners[1]
    along, across = (one, two) if np.hypot(*one) >= np.hypot(*two) else (two, one)
    start = corners.mean(axis=0) - along / 2
    reach = across / np.hypot(*across) * shapely.length(ground)
    at = start + along * (np.arange(1, count) / count)[:, None]
    cuts = shapely.linestrings(np.stack([at - reach, at + reach], axis=1))
    parts = faces_of(node(np.concatenate([[shapely.boundary(ground)], shapely.intersection(cuts, ground)])))
    shapely.prepare(ground)
    parts = parts[shapely.intersects(ground, shapely.point_on_surface(parts))]
    # ground behind a strip that the cuts have parted from it goes back to it
    place = (shapely.get_coordinates(shapely.centroid(parts)) - start) @ along / (along @ along)
    strip = np.clip(np.floor(place * count), 0, count - 1)
    pieces = [shapely.coverage_union_all(parts[strip == s]) for s in np.unique(strip)]
    out: Geometries = np.array(pieces, dtype=object)
    return out


def _inside(areas: Geometries, lines: Geometries) -> Geometries:
    """Return the parts of lines that run inside areas, away from their rims."""
    none = np.empty(0, dtype=object)
    if not len(lines) or not len(areas):
        return none
    area, line = shapely.STRtree(lines).query(areas, predicate="intersects")
    cut = shapely.intersection(areas[area], lines[line])
    parts, of = shapely.get_parts(cut, return_index=True)
    near = shapely.buffer(shapely.boundary(areas), RIM_M)[area[of]]
    good = (shapely.get_type_id(parts) == 1) & (shapely.length(parts) > 1.0)
    out: Geometries = parts[good & ~shapely.covers(near, parts)]
    return out


def _holds(parts: Geometries, occupied: Geometries) -> Bools:
    """Tell which parts hold a point of the occupied ground."""
    if not len(occupied) or not len(parts):
        return np.zeros(len(parts), bool)
    return np.bincount(shapely.STRtree(occupied).query(parts, predicate="intersects")[0], minlength=len(parts)) > 0


def _inherit(parts: Geometries, pieces: Pieces) -> Pieces:
    """Return parts with what their pieces were; parts outside every piece are dropped."""
    inside = shapely.point_on_surface(parts)
    part, piece = shapely.STRtree(pieces.geometry).query(inside, predicate="intersects")
    first = np.unique(part, return_index=True)[1]
    return replace(pieces.take(piece[first]), geometry=parts[part[first]])


def settled(pieces: Pieces) -> Pieces:
    """Return pieces that share every vertex with their neighbours again, after some of them were cut."""
    parts = faces_of(node(shapely.boundary(pieces.geometry)))
    inside = shapely.point_on_surface(parts)
    tree = shapely.STRtree(pieces.geometry)
    part, piece = tree.query(inside, predicate="intersects")
    first = np.unique(part, return_index=True)[1]
    owner = np.full(len(parts), -1)
    owner[part[first]] = piece[first]
    # two corners that were rounded apart leave a gap of a hair's breadth between long sides: it falls to one of them
    hair = (owner < 0) & (2 * shapely.area(parts) < HAIR_M * shapely.length(parts))
    owner[hair] = tree.nearest(inside[hair])
    # ground outside every piece, a hole in the district, has no owner
    parts, owner = parts[owner >= 0], owner[owner >= 0]
    order = np.argsort(owner, kind="stable")
    parts, owner = parts[order], owner[order]
    start = np.flatnonzero(np.r_[True, np.diff(owner) != 0])
    out = parts[start]
    for n in np.flatnonzero(np.diff(np.r_[start, len(owner)]) > 1):
        out[n] = shapely.coverage_union_all(parts[owner == owner[start[n]]])
    return replace(pieces.take(owner[start]), geometry=out)


def _join(several: list[Pieces]) -> Pieces:
    names = ("geometry", "face", "atom", "region")
    return Pieces(*(np.concatenate([getattr(p, name) for p in several]) for name in names))
