"""Choose the best division that a pool of grids can make: set partitioning, its relaxation first.

The relaxation of this problem is remarkably tight. Its duals tell of most columns that they cannot be part of any
better division; what remains is a small integer programme, limited in nodes and never in seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from gis_grid.partition.cells import Flags, Floats, Ints

#: Columns that enter the relaxation at a time, columns of the integer programme at most, and its nodes at most.
_BATCH = 400
_MOST_COLUMNS = 800
_MOST_NODES = 100
_ROUNDS = 20
#: The known division costs this much to the solver, whatever it costs in truth: it works to absolute tolerances.
_SCALE = 1000.0
_EPS = 1e-6


class Relaxation(NamedTuple):
    """Hold the relaxed optimum over a pool: its value and the reduced cost of every column."""

    value: float
    reduced: Floats


def cheapest_cover(member: Flags, cost: Floats, chosen: Ints, most: int | None = None) -> Ints:
    """Return the columns of the cheapest exact cover of all blocks, or the given ones if none is cheaper.

    `member` has a row for every grid of the pool and a column for every block; `chosen` are the rows of a known
    division, and no division may have more than `most` grids.

    >>> member = np.array([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)
    >>> cheapest_cover(member, np.array([5.0, 5.0, 3.0, 4.0]), np.array([0, 1]))
    array([2, 3])
    """
    cost = cost * (_SCALE / max(_EPS, float(cost[chosen].sum())))
    relaxed = _relax(member, cost, chosen, most)
    room = _SCALE - relaxed.value
    if room <= 100 * _EPS:
        return chosen
    kept = np.flatnonzero(relaxed.reduced <= room + _EPS)
    if len(kept) > _MOST_COLUMNS:
        kept = np.sort(kept[np.argsort(relaxed.reduced[kept], kind="stable")[:_MOST_COLUMNS]])
    kept = np.union1d(kept, chosen)
    matrix = scipy.sparse.csr_array(member[kept].T.astype(np.float64))
    rules = [LinearConstraint(matrix, 1, 1)]
    if most is not None:
        rules.append(LinearConstraint(np.ones((1, len(kept))), 0, most))
    answer = milp(
        cost[kept],
        constraints=rules,
        integrality=np.ones(len(kept)),
        bounds=Bounds(0, 1),
        options={"node_limit": _MOST_NODES, "mip_rel_gap": 1e-6},
    )
    if answer.x is None:
        return chosen
    found: Ints = kept[answer.x > 0.5]
    exact = bool((member[found].sum(axis=0) == 1).all())
    return found if exact and cost[found].sum() < _SCALE - 10 * _EPS else chosen


def _relax(member: Flags, cost: Floats, chosen: Ints, most: int | None) -> Relaxation:
    """Solve the relaxation by letting columns in only as the duals ask for them."""
    price = np.zeros(member.shape[1])  # a first guess of the duals: every block pays its share of its grid
    for row in chosen:
        price[member[row]] = cost[row] / member[row].sum()
    matrix = scipy.sparse.csr_array(member.astype(np.float64))
    reduced = cost - matrix @ price
    active = np.union1d(np.argsort(reduced, kind="stable")[:_BATCH], chosen)
    value = float(cost[chosen].sum())
    for _ in range(_ROUNDS):
        limit = {} if most is None else {"A_ub": np.ones((1, len(active))), "b_ub": [float(most)]}
        once = {"A_eq": matrix[active].T, "b_eq": np.ones(member.shape[1])}
        answer = linprog(cost[active], **once, **limit, bounds=(0, None), method="highs")
        if answer.x is None:
            break
        value = float(answer.fun)
        reduced = cost - matrix @ answer.eqlin.marginals - (0.0 if most is None else answer.ineqlin.marginals[0])
        wanted = np.flatnonzero(reduced < -_EPS)
        wanted = np.setdiff1d(wanted[np.argsort(reduced[wanted], kind="stable")[:_BATCH]], active)
        if len(wanted) == 0:
            break
        active = np.union1d(active, wanted)
    return Relaxation(value, reduced)
