"""What a plan should keep: compounds that fit a grid, and households in the grid they had before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import scipy.sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    import pandas as pd

    from gis_grid.scheme import Band

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def compound_of(blocks: pd.DataFrame, band: Band | None = None) -> Ints:
    """Return a number for the compound each block is a piece of; -1 for none, or one that no grid could hold.

    Compounds go by the column `compound` inside a community, as the rule whole-atoms does; with a `band`, one that
    holds more than `max` households has to be cut and does not count.
    """
    if "compound" not in blocks:
        return np.full(len(blocks), -1, dtype=np.int64)
    named = blocks["compound"].fillna("").astype(str)
    number = blocks.groupby([named.to_numpy(), blocks["community_code"].to_numpy()], sort=True).ngroup().to_numpy()
    total = np.bincount(number, weights=blocks["households"].to_numpy(), minlength=len(blocks))
    kept = (named != "").to_numpy()
    if band is not None:
        kept = kept & (total[number] <= band.max)
    return np.where(kept, number, -1).astype(np.int64)


def inside_compounds(blocks: pd.DataFrame, a: Ints, b: Ints, band: Band | None = None) -> Flags:
    """Mark the borders between blocks `a` and `b` (positions) that run inside one compound which fits the band."""
    compound = compound_of(blocks, band)
    inside: Flags = (compound[a] >= 0) & (compound[a] == compound[b])
    return inside


def households_moved(load: Ints, labels: Ints, home: Ints) -> int:
    """Count the households that leave their grid, when every new grid continues at most one old one.

    `labels` and `home` are the labels of each block in the new and the previous plan; blocks without a previous grid
    (`home` below 0) do not count. Which grid continues which is chosen so that most households stay: an assignment
    problem, solved for each group of grids that have blocks in common.

    >>> households_moved(np.array([200, 150, 160, 190]), np.array([5, 5, 7, 7]), np.array([1, 1, 1, 2]))
    160
    """
    known = home >= 0
    if not known.any():
        return 0
    _, new = np.unique(labels[known], return_inverse=True)
    _, old = np.unique(home[known], return_inverse=True)
    held = scipy.sparse.coo_array((load[known].astype(np.float64), (new, old))).tocsr()
    rows = held.shape[0]
    both = scipy.sparse.block_array([[None, held], [held.T, None]])
    _, group = connected_components(both, directed=False)
    order = np.argsort(group, kind="stable")
    kept = 0.0
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        grids, before = members[members < rows], members[members >= rows] - rows
        if len(grids) and len(before):
            stay = held[grids][:, before].toarray()
            kept += stay[linear_sum_assignment(stay, maximize=True)].sum()
    return int(load[known].sum() - round(kept))
