"""Measure a division from its labels and frames alone, with nothing of the engine that may have made it."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from cases import BAND, Case
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


class Measures(NamedTuple):
    """Hold what is told about a division.

    `valid` is the share of grids in band and in one piece, `in_band` and `one_piece` these alone; `nested` the share
    that lies in exactly one community. `faults` counts grids that are not valid though no block of theirs exceeds the
    band. `cost_km` is the priced length of all drawn borders, along the boundaries of communities too. `compactness`
    is the median Polsby–Popper.
    """

    grids: int
    valid: float
    in_band: float
    one_piece: float
    nested: float
    faults: int
    cost_km: float
    compactness: float


def measure(case: Case, labels: np.ndarray, *, shapes: bool = True) -> Measures:
    """Measure a division of a case; without `shapes` the compactness is left out (not a number)."""
    _, grid = np.unique(labels, return_inverse=True)
    held = np.bincount(grid, case.load)
    in_band = (held >= BAND.min) & (held <= BAND.max)
    whole = pieces(case, grid) == 1
    oversize = np.bincount(grid, case.load > BAND.max) > 0
    valid = in_band & whole
    a, b = case.ends
    return Measures(
        grids=len(held),
        valid=float(valid.mean()),
        in_band=float(in_band.mean()),
        one_piece=float(whole.mean()),
        nested=float((_communities(case, grid) == 1).mean()),
        faults=int((~valid & ~(oversize & whole)).sum()),
        cost_km=float(case.price[grid[a] != grid[b]].sum() / 1000),
        compactness=float(np.median(polsby_popper(case.blocks, grid))) if shapes else float("nan"),
    )


def pieces(case: Case, grid: np.ndarray) -> np.ndarray:
    """Return into how many pieces each grid falls; blocks hang together along borders that are no barriers."""
    a, b = case.ends
    kept = (grid[a] == grid[b]) & ~case.borders["barrier"].to_numpy(dtype=bool)
    links = coo_matrix((np.ones(int(kept.sum())), (a[kept], b[kept])), shape=(len(grid), len(grid)))
    _, piece = connected_components(links, directed=False)
    return np.bincount(np.unique(np.stack([grid, piece]), axis=1)[0])


def polsby_popper(blocks: gpd.GeoDataFrame, grid: np.ndarray) -> np.ndarray:
    """Return 4π · area / perimeter² of every grid's ground: 1 for a circle, 0.79 for a square."""
    order = np.argsort(grid, kind="stable")
    starts = np.flatnonzero(np.diff(grid[order], prepend=-1))
    shapes = [shapely.union_all(one) for one in np.split(blocks.geometry.to_numpy()[order], starts[1:])]
    return 4 * np.pi * shapely.area(shapes) / shapely.length(shapes) ** 2


def avoidable(case: Case, labels: np.ndarray) -> int:
    """Return how many grids out of band are not covered by a proof, community by community.

    A grid belongs to the community of its first block; the proofs hold for grids that keep to their communities.
    """
    from gis_grid.rules.arithmetic import explain

    _, first, grid = np.unique(labels, return_index=True, return_inverse=True)
    held = np.bincount(grid, case.load)
    off = (held < BAND.min) | (held > BAND.max)
    home = case.blocks["community_code"].to_numpy(dtype=object)[first]
    spare = Counter(str(code) for code in home[off])
    for finding in explain(case.blocks, case.borders, BAND):
        spare[finding.community_code] -= finding.least
    return sum(count for count in spare.values() if count > 0)


def _communities(case: Case, grid: np.ndarray) -> np.ndarray:
    _, home = np.unique(case.blocks["community_code"].to_numpy(dtype=str), return_inverse=True)
    return np.bincount(np.unique(np.stack([grid, home]), axis=1)[0])
