"""The fewest households that must change grid, found by trying every division: shares no code with the engine."""

from __future__ import annotations

from functools import cache

import numpy as np

from gis_grid.scheme import Band


def least_moved(load: np.ndarray, pairs: np.ndarray, band: Band, home: np.ndarray) -> int | None:
    """Return the fewest households that change grid in any division into connected grids in band; None: there is none.

    `home` numbers the grid each block was in (-1: none). A grid goes on as one earlier grid or as none, and
    no two go on as the same.
    """
    count = len(load)
    around = [0] * count
    for a, b in pairs.tolist():
        around[a] |= 1 << b
        around[b] |= 1 << a
    sets = {mask for mask in _connected(around, load.tolist(), band.max) if _held(mask, load) >= band.min}
    by_lowest: dict[int, list[int]] = {}
    for mask in sorted(sets):
        by_lowest.setdefault(mask & -mask, []).append(mask)
    housed = [int(load[v]) if home[v] >= 0 else 0 for v in range(count)]

    @cache
    def best(rest: int, used: int) -> float:
        if not rest:
            return 0
        found = float("inf")
        for mask in by_lowest.get(rest & -rest, ()):
            if mask & ~rest:
                continue
            members = [v for v in range(count) if mask >> v & 1]
            total = sum(housed[v] for v in members)
            names = {int(home[v]) for v in members if home[v] >= 0 and not used >> int(home[v]) & 1}
            for name in [None, *names]:
                stay = 0 if name is None else sum(int(load[v]) for v in members if home[v] == name)
                taken = used if name is None else used | 1 << name
                if total - stay < found:
                    found = min(found, total - stay + best(rest & ~mask, taken))
        return found

    moved = best((1 << count) - 1, 0)
    return None if moved == float("inf") else int(moved)


def _held(mask: int, load: np.ndarray) -> int:
    return sum(int(load[v]) for v in range(len(load)) if mask >> v & 1)


def _connected(around: list[int], load: list[int], most: int) -> set[int]:
    found = {1 << v for v in range(len(load)) if load[v] <= most}
    fresh = found
    while fresh:
        grown = set()
        for mask in fresh:
            rim = 0
            for v in range(len(load)):
                if mask >> v & 1:
                    rim |= around[v]
            for v in range(len(load)):
                if rim >> v & 1 and not mask >> v & 1:
                    bigger = mask | 1 << v
                    if sum(load[u] for u in range(len(load)) if bigger >> u & 1) <= most:
                        grown.add(bigger)
        fresh = grown - found
        found = found | fresh
    return found


def grown(load: np.ndarray, rng: np.random.Generator, *, share: float = 0.05) -> np.ndarray:
    """Return counts with a share of all households added, in a share of the blocks (one at least)."""
    chosen = rng.choice(len(load), max(1, round(share * len(load))), replace=False)
    more = load.copy()
    more[chosen] += rng.multinomial(round(share * int(load.sum())), np.full(len(chosen), 1 / len(chosen)))
    return more
