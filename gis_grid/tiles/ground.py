"""Blocks as every tile needs them: simplified for a zoom with their borders shared, then snapped to a tile's units."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.tiles.encoder import Bytes, write_paths
from gis_grid.tiles.mercator import EXTENT, HIGH, LOW, scaled
from gis_grid.tiles.rings import fans, nest, trace_lines, trace_rings
from gis_grid.tiles.snapping import snap

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Geometries = NDArray[Any]

#: Corners whose triangle is smaller than the square of this are left out, in units: a quarter of a pixel of 512.
TOLERANCE = 4.0
#: The same at the last zoom, which is enlarged when a map is drawn closer.
LAST_TOLERANCE = 1.0


class Grounds:
    """Make the ground of each zoom when it is first asked for; no locks.

    The last zoom is simplified for itself; before it every second zoom is, and the zoom before that takes its borders
    over, since simplifying costs more than all else and a quarter of the corners too many costs little.
    """

    def __init__(self, mercator: Geometries, last: int) -> None:
        self._mercator = mercator
        self._last = last
        self._made: dict[int, Ground] = {}

    def at(self, zoom: int) -> Ground:
        """Return the blocks simplified for a zoom, all their borders once."""
        if zoom not in self._made:
            if (self._last - zoom) % 2 == 0 and zoom < self._last:
                self._made[zoom] = self.at(zoom + 1).halved()
            else:
                shapes = scaled(self._mercator, zoom)
                tolerance = LAST_TOLERANCE if zoom == self._last else TOLERANCE
                self._made[zoom] = Ground.of(shapely.coverage_simplify(shapes, tolerance), zoom)
        return self._made[zoom]


@dataclass(frozen=True)
class Ground:
    """Hold the borders of all blocks at one zoom, each once, with the blocks on both sides.

    `ends` (n, 4) are straight pieces x, y → x, y in units of the zoom, `sides` (n, 2) the positions of the blocks on
    the left and right (-1: none), `boxes` (blocks, 4) the bounds of the blocks; the pieces around block b are
    ``around[ptr[b]:ptr[b + 1]]``.
    """

    zoom: int
    ends: Floats
    sides: Ints
    boxes: Floats
    ptr: Ints
    around: Ints

    @classmethod
    def of(cls, shapes: Geometries, zoom: int) -> Ground:
        """Take a coverage in units of a zoom apart into its borders."""
        ends, sides = _pieces(shapely.orient_polygons(shapes))
        piece, side = np.nonzero(sides >= 0)
        block = sides[piece, side]
        ptr = np.searchsorted(np.sort(block), np.arange(len(shapes) + 1)).astype(np.int64)
        return cls(zoom, ends, sides, shapely.bounds(shapes), ptr, piece[np.argsort(block, kind="stable")])

    def halved(self) -> Ground:
        """Return the same ground in the units of the zoom before."""
        return replace(self, zoom=self.zoom - 1, ends=self.ends / 2, boxes=self.boxes / 2)

    def tile(self, x: int, y: int) -> TileGround:
        """Return the blocks of one tile on its own units, those of its surroundings cut off."""
        west, north = x * EXTENT, y * EXTENT
        edge = np.array([west + HIGH, north + HIGH, west + LOW, north + LOW])
        boxes = self.boxes
        near = (boxes[:, 0] < edge[0]) & (boxes[:, 1] < edge[1]) & (boxes[:, 2] > edge[2]) & (boxes[:, 3] > edge[3])
        touched = np.append(near, False)  # the last answers for -1, no block
        pieces = self._pieces_around(np.flatnonzero(near))
        sides = np.where(touched[self.sides[pieces]], self.sides[pieces], -1)
        ends = self.ends[pieces] - np.array([west, north, west, north], dtype=float)
        return TileGround(*snap(ends, sides, LOW, HIGH))

    def _pieces_around(self, blocks: Ints) -> Ints:
        """Return the pieces around any of these blocks, each once, in order."""
        start, count = self.ptr[blocks], np.diff(self.ptr)[blocks]
        steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        wanted = np.zeros(len(self.ends), bool)
        wanted[self.around[np.repeat(start, count) + steps]] = True
        return np.flatnonzero(wanted)


@dataclass(frozen=True)
class TileGround:
    """Hold the blocks of one tile: corners (n, 2) on whole units, edges (m, 4: from, to, block left, block right)."""

    corners: Ints
    edges: Ints

    @cached_property
    def fans(self) -> tuple[Ints, Ints]:
        """The half-edges that leave each corner."""
        found: tuple[Ints, Ints] = fans(self.edges, len(self.corners))
        return found

    @cached_property
    def digest(self) -> bytes:
        """A digest of corners and edges, 16 bytes."""
        return hashlib.blake2b(self.corners.tobytes() + self.edges.tobytes(), digest_size=16).digest()

    @cached_property
    def present(self) -> Ints:
        """Positions of the blocks that are seen in the tile."""
        return np.flatnonzero(np.bincount(self.edges[:, 2:].ravel() + 1)[1:])

    def polygons(self, label: Ints) -> tuple[Ints, tuple[Bytes, Ints]]:
        """Return the labels seen in the tile and their polygons as drawing commands.

        `label` gives the label of each block, -1 for none; the blocks of a label are one polygon or several.
        """
        of_edge = np.append(label, -1)[self.edges[:, 2:]].ravel()
        starts, rings, whose, areas = trace_rings(self.corners, self.edges, of_edge, *self.fans)
        order = nest(self.corners, starts, rings, whose, areas)
        rows, data, ptr = write_paths(self.corners, starts, rings, whose, order, True)
        return rows, (data, ptr)

    def lines(self, key: Ints) -> tuple[Ints, tuple[Bytes, Ints]]:
        """Return the keys of edges (-1: not drawn) that are seen in the tile, and their lines as drawing commands."""
        starts, path, whose = trace_lines(self.edges, np.where(self.at_rim, -1, key), *self.fans)
        order = np.argsort(whose, kind="stable")
        rows, data, ptr = write_paths(self.corners, starts, path, whose, order, False)
        return rows, (data, ptr)

    @cached_property
    def at_rim(self) -> NDArray[np.bool_]:
        """Which edges run along the rim at which the tile was cut off."""
        one, two = self.corners[self.edges[:, 0]], self.corners[self.edges[:, 1]]
        rim: NDArray[np.bool_] = ((one == two) & ((one == LOW) | (one == HIGH))).any(axis=1)
        return rim


def _pieces(shapes: Geometries) -> tuple[Floats, Ints]:
    """Return the straight pieces of a coverage's borders once each, with the polygons left and right.

    Rings must run with their polygon on the left. Where polygons overlap, a piece may appear more than once, so that
    the outline of every polygon stays closed.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return np.zeros((0, 4)), np.zeros((0, 2), np.int64)
    number, points = _numbered(xy)
    inner = (ring[1:] == ring[:-1]) & (number[1:] != number[:-1])
    start, end, who = number[:-1][inner], number[1:][inner], owner[part[ring[1:][inner]]]
    forward = start < end
    low, high = np.where(forward, start, end), np.where(forward, end, start)
    key = low * len(points) + high
    order = np.argsort(2 * key + ~forward, kind="stable")
    low, high, who, forward, key = low[order], high[order], who[order], forward[order], key[order]
    # a piece and the same piece the other way round make one, with a polygon on either side
    pairs = np.zeros(len(key), bool)
    pairs[:-1] = (key[1:] == key[:-1]) & forward[:-1] & ~forward[1:]
    second = np.zeros(len(key), bool)
    second[1:] = pairs[:-1]
    mate = np.append(who[1:], -1)
    left = np.where(forward, who, -1)
    right = np.where(forward, np.where(pairs, mate, -1), who)
    kept = ~second
    ends = np.concatenate([points[low[kept]], points[high[kept]]], axis=1)
    return ends, np.stack([left[kept], right[kept]], axis=1).astype(np.int64)


def _numbered(xy: Floats) -> tuple[Ints, Floats]:
    """Give equal points equal numbers; return them and the points in the order of their numbers."""
    x, xs = pd.factorize(xy[:, 0])
    y, ys = pd.factorize(xy[:, 1])
    number, pairs = pd.factorize(x.astype(np.int64) * len(ys) + y)
    return number.astype(np.int64), np.stack([xs[pairs // len(ys)], ys[pairs % len(ys)]], axis=1)
