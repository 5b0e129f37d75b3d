"""The cheapest division of a small community, from a list of all its possible grids: shares no code with the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csc_array

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gis_grid.scheme import Scheme

#: Streets that should not run inside a grid.
_MAIN = {"motorway", "trunk", "primary", "secondary", "railway", "river"}


def cheapest(blocks: gpd.GeoDataFrame, borders: pd.DataFrame, scheme: Scheme, *, most: int) -> float | None:
    """Return what the cheapest division of one community costs that has all grids in band and in one piece.

    None if there is no such division, or more than `most` groups of blocks hang together and are not too heavy. The
    cost is summed up grid by grid from `docs/objective.md`: half of each border to a neighbour, the perimeter, the
    distance from the target, main streets inside. Compounds and barriers are not known here.
    """
    band, cost = scheme.main.band, scheme.cost
    ends = np.stack([blocks.index.get_indexer(borders[name]) for name in ("a", "b")], axis=1)
    metres = borders["shared_m"].to_numpy(dtype=float)
    load = blocks["households"].to_numpy(dtype=np.int64)
    groups = _groups(len(blocks), ends, load, band.max, most)
    if groups is None:
        return None
    member = np.array([[mask >> cell & 1 for cell in range(len(blocks))] for mask in groups], dtype=bool)
    held = member @ load
    member, held = member[held >= band.min], held[held >= band.min]
    if len(held) == 0:
        return None
    both = member[:, ends[:, 0]] & member[:, ends[:, 1]]
    one = member[:, ends[:, 0]] ^ member[:, ends[:, 1]]
    price = borders["street_class"].map(dict(cost.per_m)).to_numpy(dtype=float)
    main = borders["street_class"].isin(_MAIN).to_numpy()
    half = np.where(held < band.target, band.target - band.min, band.max - band.target)
    each = (
        one @ (metres * price) / 2
        + cost.compactness * (member @ blocks.length.to_numpy() - 2 * both @ metres)
        + cost.balance * cost.per_m[""] * np.minimum(1.0, np.abs(held - band.target) / half) ** 2
        + cost.inside_per_m * (both @ (metres * main))
    )
    once = LinearConstraint(csc_array(member.T.astype(float)), 1, 1)
    whole = {"integrality": np.ones(len(each)), "bounds": Bounds(0, 1), "options": {"mip_rel_gap": 0}}
    chosen = milp(each, constraints=once, **whole)
    return None if chosen.x is None else float(each[chosen.x > 0.5].sum())


def _groups(blocks: int, ends: np.ndarray, load: np.ndarray, heaviest: int, most: int) -> set[int] | None:
    """Return all connected groups of blocks that are not too heavy, each as a number with one bit a block."""
    around = [0] * blocks
    for a, b in ends.tolist():
        around[a] |= 1 << b
        around[b] |= 1 << a
    fresh = {1 << cell: (int(load[cell]), around[cell]) for cell in range(blocks) if load[cell] <= heaviest}
    found = set(fresh)
    while fresh and len(found) <= most:
        grown: dict[int, tuple[int, int]] = {}
        for mask, (held, near) in fresh.items():
            for cell in range(blocks):
                if near >> cell & 1 and not mask >> cell & 1 and held + load[cell] <= heaviest:
                    grown[mask | 1 << cell] = (held + int(load[cell]), near | around[cell])
        fresh = {mask: what for mask, what in grown.items() if mask not in found}
        found |= fresh.keys()
    return found if len(found) <= most else None
