"""Which cells of a raster an edge runs through, and which lie in a grid whole: compiled loops."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gis_grid.compiling import entrance

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

#: Edges are taken to run this much of a cell beside their line, so that rounding never leaves a cell out.
MARGIN = 1.0 / 256.0


@entrance
def rows_of_edges(first: Longs, last: Longs) -> tuple[Longs, Longs]:
    """Return pairs of edge and row for all rows from the first to the last of each edge."""
    total = 0
    for n in range(len(first)):
        total += last[n] - first[n] + 1
    edge, row = np.empty(total, np.int64), np.empty(total, np.int64)
    at = 0
    for n in range(len(first)):
        for r in range(first[n], last[n] + 1):
            edge[at], row[at] = n, r
            at += 1
    return edge, row


@entrance
def columns_of_edges(edges: Floats, edge: Longs, row: Longs, columns: int) -> tuple[Longs, Longs]:
    """Return the first and last column in which an edge runs through a row; edges in units of cells, low end first."""
    first, last = np.empty(len(edge), np.int64), np.empty(len(edge), np.int64)
    for n in range(len(edge)):
        ax, ay, bx, by = edges[edge[n]]
        west, east = min(ax, bx), max(ax, bx)
        if by > ay:
            low, high = max(row[n] - MARGIN, ay), min(row[n] + 1 + MARGIN, by)
            slope = (bx - ax) / (by - ay)
            one, two = ax + (low - ay) * slope, ax + (high - ay) * slope
            west, east = max(west, min(one, two)), min(east, max(one, two))
        first[n] = max(int(np.floor(west - MARGIN)), 0)
        last[n] = max(min(int(np.floor(east + MARGIN)), columns - 1), first[n])
    return first, last


@entrance
def spans(edges: Floats, edge: Longs, row: Longs, start: Longs) -> tuple[Longs, Floats]:
    """Return where the middle line of a row crosses the edges of a group, west to east, as pointers and columns.

    Groups are runs of `edge`, those of one grid in one row, from `start[g]` to `start[g + 1]`.
    """
    pointer = np.zeros(len(start), np.int64)
    crossing = np.empty(len(edge))
    count = 0
    for group in range(len(start) - 1):
        begin = count
        for n in range(start[group], start[group + 1]):
            ax, ay, bx, by = edges[edge[n]]
            middle = row[n] + 0.5
            if ay <= middle < by:
                crossing[count] = ax + (middle - ay) * ((bx - ax) / (by - ay))
                count += 1
        crossing[begin:count] = np.sort(crossing[begin:count])
        pointer[group + 1] = count
    return pointer, crossing[:count]


@entrance
def fill(
    pointer: Longs,
    crossing: Floats,
    row: Longs,
    rank: Longs,
    touched_at: Longs,
    touched: Longs,
    cover: Ints,
    owner: Ints,
    columns: int,
    wanted: npt.NDArray[np.bool_],
    out: Longs,
    ranks: int,
) -> int:
    """Go through the cells that lie in a grid whole, group by group, and return how many were kept in `out`.

    Counts them in `cover` and keeps the lowest rank in `owner`; those marked in `wanted` go to `out` as
    cell × ranks + rank while there is room. `touched` holds the columns an edge of the group runs through, sorted.
    """
    kept = 0
    for group in range(len(pointer) - 1):
        base = row[group] * columns
        at, end = touched_at[group], touched_at[group + 1]
        for k in range(pointer[group], pointer[group + 1] - 1, 2):
            first = max(int(np.floor(crossing[k])), 0)
            last = min(int(np.floor(crossing[k + 1])), columns - 1)
            for column in range(first, last + 1):
                while at < end and touched[at] < column:
                    at += 1
                if at < end and touched[at] == column:
                    continue
                cell = base + column
                cover[cell] += 1
                if owner[cell] < 0 or rank[group] < owner[cell]:
                    owner[cell] = rank[group]
                if wanted[cell]:
                    if kept < len(out):
                        out[kept] = cell * ranks + rank[group]
                    kept += 1
    return kept
