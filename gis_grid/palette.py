"""Colours for maps: neighbours never alike, and told apart by colour-blind readers too."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Fills that stay apart under the common kinds of colour blindness; black text can be read on each.
#: After Paul Tol, "Colour schemes" (SRON/EPS/TN/09-002), the qualitative scheme "light" without its grey.
FILLS = ("#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#99ddff", "#bbcc33", "#aaaa00")
WATER = "#2b6cb0"
INK = "#222222"
#: Colour and width in pixels of each class of border, wide streets first.
LINES: dict[str, tuple[str, float]] = {
    "motorway": ("#111111", 4.0),
    "trunk": ("#6b2d5c", 3.2),
    "primary": ("#8c2d04", 2.8),
    "secondary": ("#b35806", 2.2),
    "tertiary": ("#a6761d", 1.8),
    "residential": ("#777777", 1.3),
    "service": ("#999999", 1.0),
    "path": ("#aaaaaa", 0.8),
    "railway": ("#111111", 2.4),
    "river": (WATER, 3.2),
    "wall": ("#555555", 1.2),
    "cell": ("#bbbbbb", 0.8),
    "stairwell": ("#cccccc", 0.6),
    "community": ("#7b3294", 2.0),
    "boundary": ("#222222", 2.4),
    "": ("#999999", 0.8),
}


def neighbour_pairs(borders: pd.DataFrame, assignment: pd.Series, order: pd.Index) -> NDArray[np.int64]:
    """Return which grids touch, as (n, 2) positions in `order`, from borders of blocks `a`, `b` and their grids."""
    sides = np.column_stack([order.get_indexer(pd.Index(borders[side].map(assignment))) for side in ("a", "b")])
    known = (sides >= 0).all(axis=1) & (sides[:, 0] != sides[:, 1])
    return np.unique(np.sort(sides[known], axis=1), axis=0).astype(np.int64).reshape(-1, 2)


def colour_numbers(pairs: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Give colour numbers to `count` areas so that neighbours differ, using the fewest-used colour that is free.

    Areas are taken in smallest-last order (Matula and Beck 1983), so a flat map needs at most six colours and
    the eight in `FILLS` always suffice.

    >>> colour_numbers(np.array([[0, 1], [1, 2], [0, 2]]), 4).tolist()
    [2, 1, 0, 3]
    """
    near: list[set[int]] = [set() for _ in range(count)]
    for a, b in pairs.tolist():
        near[a].add(b)
        near[b].add(a)
    left = [set(n) for n in near]
    stack: list[int] = []
    rest = set(range(count))
    while rest:
        area = min(rest, key=lambda n: (len(left[n]), n))
        rest.remove(area)
        stack.append(area)
        for other in left[area]:
            left[other].discard(area)
    numbers = np.full(count, -1, dtype=np.int64)
    used: Counter[int] = Counter()
    for area in reversed(stack):
        taken = {int(numbers[n]) for n in near[area]}
        free = [n for n in range(len(FILLS)) if n not in taken] or list(range(len(FILLS)))
        numbers[area] = min(free, key=lambda n: (used[n], n))
        used[int(numbers[area])] += 1
    return numbers
