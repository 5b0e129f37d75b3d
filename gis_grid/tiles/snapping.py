"""Borders of a coverage brought onto the units of one tile so that nothing crosses (snap rounding), compiled.

Rounding the corners of polygons one by one can make a border cross a corner that it used to pass by. Here every line
that passes through the unit square around a corner is led through that corner (Hobby 1999; Guibas and Marimont 1998):
lines may come to lie on each other, but never cross. Each border is handled once for both its sides, so neighbours
keep the very same points, and what becomes narrower than a unit vanishes from both sides at once.

Clipping needs no cases: everything outside the tile is pressed onto its edge. What lies beyond the edge then covers
it once in each direction and cancels out; what is left is the outline of the part inside.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gis_grid.compiling import compiled, entrance

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Table = TypeVar("Table", Ints, Floats)

#: Side of the square cells in which corners are looked up, in units: for most tiles, and for those with many corners.
CELL, SMALL_CELL, MANY = 32, 16, 20_000
#: Keeps the unit squares of neighbouring corners apart: each owns its lower and left sides only.
HAIR = 1e-9


@entrance
def snap(ends: Floats, sides: Ints, low: int, high: int) -> tuple[Ints, Ints]:
    """Return corners (n, 2) and edges (m, 4: from, to, polygon on the left, on the right) of a coverage on whole units.

    `ends` (k, 4) holds straight pieces x, y → x, y of borders, `sides` (k, 2) the polygons on their left and right
    (-1: none), where x runs to the right and y upwards. Everything outside the square from `low` to `high` is pressed
    onto its edge.
    """
    pieces, owner = _pressed(ends, float(low), float(high))
    cell = SMALL_CELL if len(pieces) > MANY else CELL
    width = (high - low) // cell + 1
    corners, ids, head, following = _corners(pieces, low, cell, width)
    edges, count = np.empty((len(pieces) + 256, 4), np.int64), 0
    first = np.full(len(corners), -1, np.int64)
    chain = np.empty(len(edges), np.int64)
    hits = np.empty(64, np.int64)
    at = np.empty(64)
    for n in range(len(pieces)):
        here, there = ids[n, 0], ids[n, 1]
        if here == there:
            continue
        met, hits, at = _passed(pieces[n], corners, head, following, low, cell, width, hits, at, here, there)
        for step in range(met + 1):
            one = here if step == 0 else hits[step - 1]
            two = there if step == met else hits[step]
            if count == len(edges):
                edges, chain = _doubled(edges), _doubled_row(chain)
            left, right = sides[owner[n], 0], sides[owner[n], 1]
            if one > two:
                one, two, left, right = two, one, right, left
            edges[count, 0], edges[count, 1], edges[count, 2], edges[count, 3] = one, two, left, right
            chain[count] = first[one]
            first[one] = count
            count += 1
    return corners, _cancelled(edges[:count], first, chain)


@compiled
def _doubled(rows: Table) -> Table:
    more = np.empty((2 * len(rows), rows.shape[1]), rows.dtype)
    more[: len(rows)] = rows
    return more


@compiled
def _doubled_row(row: Table) -> Table:
    more = np.empty(2 * len(row), row.dtype)
    more[: len(row)] = row
    return more


@compiled
def _pressed(ends: Floats, low: float, high: float) -> tuple[Floats, Ints]:
    """Cut pieces where they cross the lines along the edge of the square, and press every part into it."""
    out, owner, count = np.empty((len(ends) + 256, 4)), np.empty(len(ends) + 256, np.int64), 0
    cut = np.empty(6)
    for n in range(len(ends)):
        x, y = ends[n, 0], ends[n, 1]
        dx, dy = ends[n, 2] - x, ends[n, 3] - y
        cuts = 1
        cut[0] = 0.0
        for line in (low, high):
            if dx != 0.0 and 0.0 < (line - x) / dx < 1.0:
                cut[cuts] = (line - x) / dx
                cuts += 1
            if dy != 0.0 and 0.0 < (line - y) / dy < 1.0:
                cut[cuts] = (line - y) / dy
                cuts += 1
        cut[1:cuts].sort()
        cut[cuts] = 1.0
        here_x, here_y = min(max(x, low), high), min(max(y, low), high)
        for k in range(1, cuts + 1):
            # the last corner is taken as it stands, since all pieces that meet there must agree on it
            to_x, to_y = (ends[n, 2], ends[n, 3]) if k == cuts else (x + cut[k] * dx, y + cut[k] * dy)
            to_x, to_y = min(max(to_x, low), high), min(max(to_y, low), high)
            if to_x != here_x or to_y != here_y:
                if count == len(out):
                    out, owner = _doubled(out), _doubled_row(owner)
                out[count, 0], out[count, 1], out[count, 2], out[count, 3] = here_x, here_y, to_x, to_y
                owner[count] = n
                count += 1
            here_x, here_y = to_x, to_y
    return out[:count], owner[:count]


@compiled
def _corners(pieces: Floats, low: int, cell: int, width: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Give numbers to rounded ends of pieces; return corners, numbers of both ends, and corners by cell as chains."""
    corners = np.empty((2 * len(pieces), 2), np.int64)
    ids = np.empty((len(pieces), 2), np.int64)
    head = np.full(width * width, -1, np.int64)
    following = np.empty(2 * len(pieces), np.int64)
    count = 0
    for n in range(len(pieces)):
        for end in range(2):
            x = np.int64(np.floor(pieces[n, 2 * end] + 0.5))
            y = np.int64(np.floor(pieces[n, 2 * end + 1] + 0.5))
            place = (x - low) // cell * width + (y - low) // cell
            found = head[place]
            while found >= 0 and (corners[found, 0] != x or corners[found, 1] != y):
                found = following[found]
            if found < 0:
                found = count
                corners[count, 0], corners[count, 1] = x, y
                following[count] = head[place]
                head[place] = count
                count += 1
            ids[n, end] = found
    return corners[:count].copy(), ids, head, following


@compiled
def _passed(
    piece: Floats,
    corners: Ints,
    head: Ints,
    following: Ints,
    low: int,
    cell: int,
    width: int,
    hits: Ints,
    at: Floats,
    here: int,
    there: int,
) -> tuple[int, Ints, Floats]:
    """Find the corners other than its ends whose unit squares a piece passes through, in order along it."""
    x, y, dx, dy = piece[0], piece[1], piece[2] - piece[0], piece[3] - piece[1]
    count = 0
    west, east = _span(x, piece[2])
    south, north = _span(y, piece[3])
    left, right = _cells(west - low, east - low, cell, width)
    for column in range(left, right):
        bottom, top = south, north
        if dx != 0.0 and abs(dx) > cell:
            one = y + (low + column * cell - 1.0 - x) / dx * dy
            two = y + (low + (column + 1) * cell + 1.0 - x) / dx * dy
            lower, upper = _span(one, two)
            bottom, top = max(south, lower - 0.5), min(north, upper + 0.5)
        lowest, highest = _cells(bottom - low, top - low, cell, width)
        for row in range(lowest, highest):
            corner = head[column * width + row]
            while corner >= 0:
                if corner not in (here, there):
                    enter = _entered(x, y, dx, dy, corners[corner, 0] - 0.5, corners[corner, 1] - 0.5)
                    if enter >= 0.0:
                        if count == len(hits):
                            hits, at = _doubled_row(hits), _doubled_row(at)
                        slot = count
                        while slot > 0 and at[slot - 1] > enter:
                            at[slot], hits[slot] = at[slot - 1], hits[slot - 1]
                            slot -= 1
                        at[slot], hits[slot] = enter, corner
                        count += 1
                corner = following[corner]
    return count, hits, at


@compiled
def _span(one: float, two: float) -> tuple[float, float]:
    """Return the lower and upper end of a stretch, half a unit further out."""
    return min(one, two) - 0.5, max(one, two) + 0.5


@compiled
def _cells(start: float, end: float, cell: int, width: int) -> tuple[int, int]:
    """Return the first cell of a stretch and the one after its last."""
    first, last = int(start) // cell, int(end) // cell + 1
    return max(first, 0), min(last, width)


@compiled
def _entered(x: float, y: float, dx: float, dy: float, left: float, bottom: float) -> float:
    """Return how far along a piece (0 to 1) it enters the unit square with this lower left corner, -1 if nowhere."""
    enter, leave = 0.0, 1.0
    for start, run, least in ((x, dx, left), (y, dy, bottom)):
        most = least + 1.0 - HAIR
        if run == 0.0:
            if start < least or start > most:
                return -1.0
        else:
            one, two = (least - start) / run, (most - start) / run
            enter, leave = max(enter, min(one, two)), min(leave, max(one, two))
    return enter if enter <= leave else -1.0


@compiled
def _cancelled(edges: Ints, first: Ints, chain: Ints) -> Ints:
    """Lay edges between the same corners together: what lies on both sides cancels out, what is left pairs up."""
    out, count = np.empty((len(edges), 4), np.int64), 0
    done = np.zeros(len(edges), np.bool_)
    polygon, net = np.empty(2 * len(edges) + 2, np.int64), np.empty(2 * len(edges) + 2, np.int64)
    for n in range(len(edges)):
        if done[n]:
            continue
        held = 0
        other = first[edges[n, 0]]
        while other >= 0:
            if edges[other, 1] == edges[n, 1]:
                done[other] = True
                held = _counted(polygon, net, held, edges[other, 2], 1)
                held = _counted(polygon, net, held, edges[other, 3], -1)
            other = chain[other]
        while True:
            left, right = -1, -1
            for k in range(held):
                if net[k] > 0 and left < 0:
                    left = polygon[k]
                    net[k] -= 1
                elif net[k] < 0 and right < 0:
                    right = polygon[k]
                    net[k] += 1
            if left < 0 and right < 0:
                break
            if count == len(out):
                out = _doubled(out)
            out[count, 0], out[count, 1], out[count, 2], out[count, 3] = edges[n, 0], edges[n, 1], left, right
            count += 1
    return out[:count].copy()


@compiled
def _counted(polygon: Ints, net: Ints, held: int, who: int, step: int) -> int:
    """Count a polygon in a small table of how often it lies on the left less how often on the right."""
    if who < 0:
        return held
    for k in range(held):
        if polygon[k] == who:
            net[k] += step
            return held
    polygon[held], net[held] = who, step
    return held + 1
