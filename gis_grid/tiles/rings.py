"""Edges with polygons on both sides → rings of valid polygons, and lines; compiled.

Any labels may stand for the polygons: with the numbers of blocks the rings are those of blocks, with the numbers of
their grids those of grids, and the borders inside a grid drop out by themselves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gis_grid.compiling import compiled, entrance
from gis_grid.tiles.mercator import HIGH, LOW

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@entrance
def fans(edges: Ints, corners: int) -> tuple[Ints, Ints]:
    """Return which half-edges leave each corner, in compressed rows; 2n is edge n from its first corner, 2n+1 back."""
    ptr = np.zeros(corners + 1, np.int64)
    for n in range(len(edges)):
        ptr[edges[n, 0] + 1] += 1
        ptr[edges[n, 1] + 1] += 1
    ptr = np.cumsum(ptr)
    fill = ptr[:-1].copy()
    leaving = np.empty(2 * len(edges), np.int64)
    for n in range(len(edges)):
        for end in range(2):
            leaving[fill[edges[n, end]]] = 2 * n + end
            fill[edges[n, end]] += 1
    return ptr, leaving


@entrance
def trace_rings(corners: Ints, edges: Ints, label: Ints, ptr: Ints, leaving: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """Return the rings of all labels: start of each ring (r + 1), its corners in turn, its label, twice its area.

    `label` (2m) says what lies left of each half-edge, -1 for nothing. Shells have a positive area, holes a negative
    one. Every ring passes each of its corners once, and rings of a label meet in single corners at most, none of them
    cutting its polygon in two.
    """
    used = np.zeros(len(label), np.bool_)
    place = np.full(len(corners), -1, np.int64)
    path = np.empty(len(label) + 1, np.int64)
    starts, rings, count, filled = np.zeros(len(label) + 1, np.int64), np.empty(len(label), np.int64), 0, 0
    whose, areas = np.empty(len(label), np.int64), np.empty(len(label), np.int64)
    for begin in range(len(label)):
        if used[begin] or label[begin] < 0 or label[begin] == label[begin ^ 1]:
            continue
        half, top = begin, 0
        while True:
            used[half] = True
            corner = edges[half // 2, half % 2]
            if place[corner] >= 0:
                # the way has come back to a corner: what lies between is a ring of its own
                since = place[corner]
                filled = _kept(path, since, top, corners, place, rings, filled, starts, count, areas)
                if starts[count + 1] > starts[count]:
                    whose[count] = label[begin]
                    count += 1
                top = since
            path[top], place[corner] = corner, top
            top += 1
            half = _onward(half, corners, edges, label, ptr, leaving)
            if half == begin:
                filled = _kept(path, 0, top, corners, place, rings, filled, starts, count, areas)
                if starts[count + 1] > starts[count]:
                    whose[count] = label[begin]
                    count += 1
                break
            if half < 0 or used[half]:  # only where polygons overlapped from the start
                place[path[:top]] = -1
                break
    return starts[: count + 1].copy(), rings[:filled].copy(), whose[:count].copy(), areas[:count].copy()


@compiled
def _kept(
    path: Ints,
    since: int,
    top: int,
    corners: Ints,
    place: Ints,
    rings: Ints,
    filled: int,
    starts: Ints,
    count: int,
    areas: Ints,
) -> int:
    """Write the end of a path down as a ring, if it has an area, and forget its corners."""
    area = 0
    last = path[top - 1]
    for k in range(since, top):
        here = path[k]
        area += corners[last, 0] * corners[here, 1] - corners[here, 0] * corners[last, 1]
        place[here] = -1
        last = here
    starts[count + 1] = starts[count]
    if area == 0:
        return filled
    for k in range(since, top):
        before, after = path[k - 1 if k > since else top - 1], path[k + 1 if k + 1 < top else since]
        if not _along_rim(corners[before], corners[path[k]], corners[after]):
            rings[filled] = path[k]
            filled += 1
    starts[count + 1], areas[count] = filled, area
    return filled


@compiled
def _along_rim(before: Ints, here: Ints, after: Ints) -> bool:
    """Say whether a corner lies between two others on the rim of the tile, where what lies outside has left it."""
    level = before[1] == here[1] == after[1] and (here[1] == LOW or here[1] == HIGH)
    upright = before[0] == here[0] == after[0] and (here[0] == LOW or here[0] == HIGH)
    return bool(level or upright)


@compiled
def _onward(half: int, corners: Ints, edges: Ints, label: Ints, ptr: Ints, leaving: Ints) -> int:
    """Return the half-edge that follows along the same piece of ground: the sharpest turn to the left."""
    here, back = edges[half // 2, 1 - half % 2], edges[half // 2, half % 2]
    best, single, turn_of_best = -1, True, 0.0
    for k in range(ptr[here], ptr[here + 1]):
        out = leaving[k]
        if label[out] != label[half] or label[out ^ 1] == label[out]:
            continue
        if best < 0:
            best = out
            continue
        if single:
            single, turn_of_best = False, _turn(corners, back, here, edges[best // 2, 1 - best % 2])
        turn = _turn(corners, back, here, edges[out // 2, 1 - out % 2])
        if turn < turn_of_best:
            best, turn_of_best = out, turn
    return best


@compiled
def _turn(corners: Ints, back: int, here: int, onward: int) -> float:
    """Return by how much the way onward lies clockwise of the way back, in (0, 2π]."""
    one = np.arctan2(corners[back, 1] - corners[here, 1], corners[back, 0] - corners[here, 0])
    two = np.arctan2(corners[onward, 1] - corners[here, 1], corners[onward, 0] - corners[here, 0])
    turn: float = one - two if one > two else one - two + 2 * np.pi
    return turn


@entrance
def nest(corners: Ints, starts: Ints, rings: Ints, whose: Ints, areas: Ints) -> Ints:
    """Return the order in which rings are written: by label, each shell followed by its holes."""
    order = np.argsort(whose, kind="mergesort")
    out, count = np.empty(len(whose), np.int64), 0
    shell_of = np.full(len(whose), -1, np.int64)
    begin = 0
    while begin < len(order):
        end = begin
        shells = 0
        while end < len(order) and whose[order[end]] == whose[order[begin]]:
            shells += areas[order[end]] > 0
            end += 1
        for k in range(begin, end):
            ring = order[k]
            if areas[ring] < 0:
                shell_of[ring] = _shell(ring, order, begin, end, shells, corners, starts, rings, areas)
        for k in range(begin, end):
            if areas[order[k]] > 0:
                out[count] = order[k]
                count += 1
                for m in range(begin, end):
                    if shell_of[order[m]] == order[k]:
                        out[count] = order[m]
                        count += 1
        begin = end
    return out[:count]


@compiled
def _shell(
    hole: int, order: Ints, begin: int, end: int, shells: int, corners: Ints, starts: Ints, rings: Ints, areas: Ints
) -> int:
    """Return the smallest shell of the same label around a hole, -1 if there is none."""
    one, two = rings[starts[hole]], rings[starts[hole] + 1]
    # the middle of an edge of the hole lies on no shell, since edges between the same ground have cancelled out
    x, y = (corners[one, 0] + corners[two, 0]) / 2, (corners[one, 1] + corners[two, 1]) / 2
    best = -1
    for k in range(begin, end):
        shell = order[k]
        if areas[shell] <= 0 or (best >= 0 and areas[shell] >= areas[best]):
            continue
        if shells == 1 or (areas[shell] > -areas[hole] and _around(x, y, shell, corners, starts, rings)):
            best = shell
    return best


@compiled
def _around(x: float, y: float, ring: int, corners: Ints, starts: Ints, rings: Ints) -> bool:
    inside = False
    last = rings[starts[ring + 1] - 1]
    for k in range(starts[ring], starts[ring + 1]):
        here = rings[k]
        if (corners[here, 1] > y) != (corners[last, 1] > y):
            run = (corners[last, 0] - corners[here, 0]) / (corners[last, 1] - corners[here, 1])
            inside ^= x < corners[here, 0] + (y - corners[here, 1]) * run
        last = here
    return inside


@entrance
def trace_lines(edges: Ints, key: Ints, ptr: Ints, leaving: Ints) -> tuple[Ints, Ints, Ints]:
    """Join edges of the same key (-1: not drawn) into lines: start of each line (n + 1), its corners, its key."""
    used = key < 0
    starts, path, count, filled = np.zeros(len(edges) + 1, np.int64), np.empty(2 * len(edges), np.int64), 0, 0
    whose = np.empty(len(edges), np.int64)
    for loops in (False, True):  # first the lines that begin somewhere, then those that run in circles
        for begin in range(2 * len(edges)):
            if used[begin // 2]:
                continue
            mine = key[begin // 2]
            if not loops and _meeting(edges[begin // 2, begin % 2], mine, key, ptr, leaving) == 2:
                continue
            path[filled] = edges[begin // 2, begin % 2]
            filled += 1
            half = begin
            while half >= 0:
                used[half // 2] = True
                here = edges[half // 2, 1 - half % 2]
                path[filled] = here
                filled += 1
                half = -1
                if _meeting(here, mine, key, ptr, leaving) == 2:
                    for k in range(ptr[here], ptr[here + 1]):
                        if key[leaving[k] // 2] == mine and not used[leaving[k] // 2]:
                            half = leaving[k]
            starts[count + 1], whose[count] = filled, mine
            count += 1
    return starts[: count + 1].copy(), path[:filled].copy(), whose[:count].copy()


@compiled
def _meeting(corner: int, mine: int, key: Ints, ptr: Ints, leaving: Ints) -> int:
    count = 0
    for k in range(ptr[corner], ptr[corner + 1]):
        count += key[leaving[k] // 2] == mine
    return count
