"""Block ids that last: a block is named after where it lies, so a change elsewhere leaves its name alone."""

from __future__ import annotations

import numpy as np
import shapely

from gis_grid.coverage import Geometries, Ints

#: Letters and digits that cannot be taken for one another, in sort order.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
#: Blocks whose inner points fall into one square of this size share a name and are told apart by a number.
CELL_M = 8.0
DIGITS = 8


def face_ids(faces: Geometries) -> list[str]:
    """Return an id for each face from the square of eight metres that holds its centroid.

    The two grid numbers of the square (east and north, metres in the district's CRS) are interleaved bit by bit and
    written to base 32, so ids that begin alike lie near one another. Should two blocks share a square, the later
    ones from west to east get a number behind it.

    >>> face_ids(np.array([shapely.box(0, 0, 90, 90), shapely.box(90, 0, 180, 90)]))
    ['0000001k', '00000092']
    """
    centre = shapely.get_coordinates(shapely.centroid(faces))
    square = np.floor(centre / CELL_M).astype(np.int64)
    key = _interleave(square[:, 0]) | (_interleave(square[:, 1]) << 1)
    names = ["".join(ALPHABET[(k >> (5 * d)) & 31] for d in reversed(range(DIGITS))) for k in key.tolist()]
    order = np.lexsort((centre[:, 1], centre[:, 0]))
    seen: dict[str, int] = {}
    for at in order.tolist():
        name = names[at]
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            names[at] = f"{name}.{seen[name]}"
    return names


def _interleave(values: Ints) -> Ints:
    """Spread the low 20 bits of each value over the even bits."""
    bits = values & 0xFFFFF
    out = np.zeros_like(bits)
    for b in range(20):
        out |= ((bits >> b) & 1) << (2 * b)
    return out


def part_ids(parent: list[str], geometry: Geometries) -> list[str]:
    """Return ids for the parts of divided blocks: the parent's id and a number from north-west to south-east.

    >>> part_ids(["k", "k"], np.array([shapely.box(5, 0, 6, 1), shapely.box(0, 0, 1, 1)]))
    ['k-2', 'k-1']
    """
    centre = shapely.get_coordinates(shapely.centroid(geometry))
    out = [""] * len(parent)
    count: dict[str, int] = {}
    for at in np.lexsort((centre[:, 1], centre[:, 0] - centre[:, 1])).tolist():
        count[parent[at]] = count.get(parent[at], 0) + 1
        out[at] = f"{parent[at]}-{count[parent[at]]}"
    return out
