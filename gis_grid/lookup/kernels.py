"""The hot loops of lookup, compiled: who owns a point, how far the next border is, who else is near.

An index is two arrays. `ints` holds a head, the raster, and for every mixed cell its candidates: the position of the
grid, and its edges in this row of cells from the west side of the cell on. `floats` holds a head and the edges, each
from its lower end to its upper one (from west to east where level), so that both grids along it see the same numbers.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from gis_grid.compiling import compiled, entrance
from gis_grid.lookup.exact import BOUND, side

Ints = npt.NDArray[np.int32]
Positions = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Places in the head of `ints`; the raster follows it.
COLUMNS, ROWS, POINTERS, CANDIDATES, RINGS, RANKS, GRIDS = range(7)
RASTER = 8
#: Places in the head of `floats`; the edges follow it, four numbers each.
WEST, SOUTH, PER_X, PER_Y, GAP_M, SLACK, GEOGRAPHIC = range(7)
EDGES = 8
#: In place of a number of edges: the cell lies in the grid whole.
WHOLE = -1
#: Points looked at together, so that what is gathered of them stays close to the processor.
_BATCH = 2048
#: The ellipsoid of WGS-84, which CGCS2000 shares to a tenth of a millimetre.
_SEMI_MAJOR_M = 6378137.0
_ECCENTRICITY2 = 0.00669437999014


@compiled
def _cell(x: float, y: float, ints: Ints, floats: Floats) -> int:
    """Return the cell of a point, -1 outside the raster and for what is no number."""
    column, row = (x - floats[WEST]) * floats[PER_X], (y - floats[SOUTH]) * floats[PER_Y]
    if column >= 0 and row >= 0 and column < ints[COLUMNS] and row < ints[ROWS]:
        cell: int = int(row) * ints[COLUMNS] + int(column)
        return cell
    return -1


@compiled
def _holds(x: float, y: float, start: int, count: int, floats: Floats) -> bool:
    """Tell whether a grid holds a point, its border included, by the edges east of the point.

    Plain arithmetic without a branch comes first; where its error bound leaves an edge undecided, exact arithmetic.
    """
    odd, unsure = False, False
    for at in range(EDGES + 4 * start, EDGES + 4 * (start + count), 4):
        low, high = floats[at + 1], floats[at + 3]
        one = (floats[at + 2] - floats[at]) * (y - low)
        two = (high - low) * (x - floats[at])
        where = one - two
        odd ^= (low <= y) & (y < high) & (where > 0.0)
        unsure |= (low <= y) & (y <= high) & (abs(where) <= BOUND * (abs(one) + abs(two)))
    if unsure:
        return _holds_exactly(x, y, start, count, floats)
    return odd or count == WHOLE


@compiled
def _holds_exactly(x: float, y: float, start: int, count: int, floats: Floats) -> bool:
    odd = False
    for at in range(EDGES + 4 * start, EDGES + 4 * (start + count), 4):
        low, high = floats[at + 1], floats[at + 3]
        if y < low or y > high:
            continue
        if low == high:
            if floats[at] <= x <= floats[at + 2]:
                return True
            continue
        where = side(floats[at], low, floats[at + 2], high, x, y)
        if where == 0.0:
            return True
        if where > 0.0 and y < high:
            odd = not odd
    return odd


@compiled
def _scale(y: float, floats: Floats) -> tuple[float, float]:
    """Return how many metres a unit of x and of y is at a point: 1, or those of a degree at its latitude."""
    if floats[GEOGRAPHIC] == 0.0:
        return 1.0, 1.0
    phi = math.radians(min(max(y, -89.9), 89.9))
    w2 = 1.0 - _ECCENTRICITY2 * math.sin(phi) ** 2
    parallel_m = _SEMI_MAJOR_M / math.sqrt(w2) * math.cos(phi)
    meridian_m = _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY2) / (w2 * math.sqrt(w2))
    return math.radians(parallel_m), math.radians(meridian_m)


@compiled
def _away(x: float, y: float, start: int, count: int, scale: tuple[float, float], floats: Floats) -> float:
    """Return the squared distance of a point from the nearest of some edges, in square metres."""
    best = math.inf
    for at in range(EDGES + 4 * start, EDGES + 4 * (start + count), 4):
        ax, ay = (floats[at] - x) * scale[0], (floats[at + 1] - y) * scale[1]
        bx, by = (floats[at + 2] - x) * scale[0], (floats[at + 3] - y) * scale[1]
        dx, dy = bx - ax, by - ay
        along = min(max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0.0), 1.0)
        # from the nearer end, so that a point on an end is at no distance from it
        if along > 0.5:
            px, py = bx - (1.0 - along) * dx, by - (1.0 - along) * dy
        else:
            px, py = ax + along * dx, ay + along * dy
        best = min(best, px * px + py * py)
    return best


@compiled
def _between(x: float, y: float, mixed: int, ints: Ints, floats: Floats) -> int:
    """Return the grid of a point that no grid holds but that rounding or a vertex on one side only left out, else -1.

    That is so within a few ulp of a border, and in a gap between two grids.
    """
    scale = _scale(y, floats)
    best, second, found = math.inf, math.inf, -1
    for n in range(ints[ints[POINTERS] + mixed], ints[ints[POINTERS] + mixed + 1]):
        at = ints[CANDIDATES] + 3 * n
        away = _away(x, y, ints[at + 1], ints[at + 2], scale, floats)
        if away < best:
            best, second, found = away, best, ints[at]
        else:
            second = min(second, away)
    slack = floats[SLACK] * max(scale[0], scale[1])
    return found if best <= slack * slack or second <= floats[GAP_M] ** 2 else -1


@compiled
def _in_mixed(x: float, y: float, mixed: int, ints: Ints, floats: Floats) -> int:
    """Return the owner of a point in a cell of several grids: the first candidate that holds it."""
    for n in range(ints[ints[POINTERS] + mixed], ints[ints[POINTERS] + mixed + 1]):
        at = ints[CANDIDATES] + 3 * n
        if _holds(x, y, ints[at + 1], ints[at + 2], floats):
            found: int = ints[at]
            return found
    return _between(x, y, mixed, ints, floats)


@entrance
def locate_one(x: float, y: float, ints: Ints, floats: Floats) -> int:
    """Return the position of the grid that owns a point, -1 outside every grid."""
    cell = _cell(x, y, ints, floats)
    if cell < 0:
        return -1
    found: int = ints[RASTER + cell]
    return found if found >= -1 else _in_mixed(x, y, -2 - found, ints, floats)


@entrance
def locate_many(x: Floats, y: Floats, ints: Ints, floats: Floats) -> tuple[Positions, int]:
    """Return the position of the owner of each point, -1 outside, and how many points have no finite place."""
    found = np.empty(len(x), np.int64)
    waiting = np.empty(_BATCH, np.int32)
    west, south, per_x, per_y = floats[WEST], floats[SOUTH], floats[PER_X], floats[PER_Y]
    columns, rows = ints[COLUMNS], ints[ROWS]
    bad = 0
    for start in range(0, len(x), _BATCH):
        count = 0
        for n in range(start, min(start + _BATCH, len(x))):
            column, row = (x[n] - west) * per_x, (y[n] - south) * per_y
            value = -1
            if column >= 0 and row >= 0 and column < columns and row < rows:
                value = ints[RASTER + int(row) * columns + int(column)]
            elif not (math.isfinite(x[n]) and math.isfinite(y[n])):
                bad += 1
            found[n] = value
            # without a branch: which cells are mixed cannot be foretold
            waiting[count] = n - start
            count += value < -1
        for k in range(count):
            n = start + waiting[k]
            found[n] = _in_mixed(x[n], y[n], -2 - found[n], ints, floats)
    return found, bad


@compiled
def _first_cell(x: float, y: float, ints: Ints, floats: Floats) -> tuple[int, int]:
    """Return column and row of the cell of the raster that is nearest to a point."""
    column = min(max((x - floats[WEST]) * floats[PER_X], 0.0), ints[COLUMNS] - 1.0)
    row = min(max((y - floats[SOUTH]) * floats[PER_Y], 0.0), ints[ROWS] - 1.0)
    return int(column), int(row)


@compiled
def _unseen(low: float, high: float, at: float, across: float) -> float:
    """Return a lower bound of the squared distance to what lies below `low` or above `high` on one axis."""
    reach = min(at - low, high - at)
    return reach * reach + across * across


@entrance
def nearest_border(x: float, y: float, ints: Ints, floats: Floats) -> tuple[float, int]:
    """Return the distance in metres from a point to the nearest border, and whose it is (the first grid's, if several).

    Cells are seen ring by ring around the point, from the first ring that has a border in it, until no cell further
    out can hold a nearer one.
    """
    scale = _scale(y, floats)
    columns, rows = ints[COLUMNS], ints[ROWS]
    column, row = _first_cell(x, y, ints, floats)
    wide, tall = 1.0 / floats[PER_X], 1.0 / floats[PER_Y]
    beside = max(floats[WEST] - x, x - floats[WEST] - columns * wide, 0.0) * scale[0]
    above = max(floats[SOUTH] - y, y - floats[SOUTH] - rows * tall, 0.0) * scale[1]
    best, found = math.inf, -1
    ring = ints[ints[RINGS] + row * columns + column]
    while ring <= max(columns, rows):
        for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
            step = 1 if abs(r - row) == ring else max(2 * ring, 1)
            c = column - ring
            if step == 1:
                c = max(c, 0)
            while c <= min(column + ring, columns - 1):
                if c >= 0 and ints[RASTER + r * columns + c] < -1:
                    best, found = _nearer(x, y, r * columns + c, best, found, scale, ints, floats)
                c += step
        west = floats[WEST] + (column - ring) * wide if column - ring > 0 else -math.inf
        east = floats[WEST] + (column + ring + 1) * wide if column + ring + 1 < columns else math.inf
        south = floats[SOUTH] + (row - ring) * tall if row - ring > 0 else -math.inf
        north = floats[SOUTH] + (row + ring + 1) * tall if row + ring + 1 < rows else math.inf
        level = _unseen(west * scale[0], east * scale[0], x * scale[0], above)
        upright = _unseen(south * scale[1], north * scale[1], y * scale[1], beside)
        if best < min(level, upright):
            break
        ring += 1
    return math.sqrt(best), found


@compiled
def _nearer(
    x: float,
    y: float,
    cell: int,
    best: float,
    found: int,
    scale: tuple[float, float],
    ints: Ints,
    floats: Floats,
) -> tuple[float, int]:
    """Return the nearest border so far, in square metres, and whose it is, after one more cell."""
    mixed = -2 - ints[RASTER + cell]
    for n in range(ints[ints[POINTERS] + mixed], ints[ints[POINTERS] + mixed + 1]):
        at = ints[CANDIDATES] + 3 * n
        away = _away(x, y, ints[at + 1], ints[at + 2], scale, floats)
        before = found < 0 or ints[ints[RANKS] + ints[at]] < ints[ints[RANKS] + found]
        if away < best or (away == best and before and away < math.inf):
            best, found = away, ints[at]
    return best, found


@entrance
def nearest_borders(x: Floats, y: Floats, ints: Ints, floats: Floats) -> tuple[Floats, Positions]:
    """Return the same for arrays of points."""
    metres, found = np.empty(len(x)), np.empty(len(x), np.int64)
    for n in range(len(x)):
        metres[n], found[n] = nearest_border(x[n], y[n], ints, floats)
    return metres, found


@entrance
def grids_within(x: float, y: float, radius_m: float, ints: Ints, floats: Floats) -> tuple[Positions, Floats]:
    """Return the grids that hold a point or have a border within a radius, and their distances (0 inside)."""
    scale = _scale(y, floats)
    metres = np.full(ints[GRIDS], math.inf)
    cell = _cell(x, y, ints, floats)
    if cell >= 0:
        value = ints[RASTER + cell]
        if value >= 0:
            metres[value] = 0.0
        elif value < -1:
            for n in range(ints[ints[POINTERS] - 2 - value], ints[ints[POINTERS] - 1 - value]):
                at = ints[CANDIDATES] + 3 * n
                if _holds(x, y, ints[at + 1], ints[at + 2], floats):
                    metres[ints[at]] = 0.0
            owner = _in_mixed(x, y, -2 - value, ints, floats)
            if owner >= 0:
                metres[owner] = 0.0
    reach_x, reach_y = radius_m / scale[0], radius_m / scale[1]
    first_column, first_row = _first_cell(x - reach_x, y - reach_y, ints, floats)
    last_column, last_row = _first_cell(x + reach_x, y + reach_y, ints, floats)
    for r in range(first_row, last_row + 1):
        for c in range(first_column, last_column + 1):
            value = ints[RASTER + r * ints[COLUMNS] + c]
            if value >= -1:
                continue
            for n in range(ints[ints[POINTERS] - 2 - value], ints[ints[POINTERS] - 1 - value]):
                at = ints[CANDIDATES] + 3 * n
                if metres[ints[at]] > 0.0:
                    away = math.sqrt(_away(x, y, ints[at + 1], ints[at + 2], scale, floats))
                    metres[ints[at]] = min(metres[ints[at]], away)
    found = np.flatnonzero(metres <= radius_m)
    return found, metres[found]
