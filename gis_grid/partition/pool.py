"""Choose the best division that a pool of grids can make: set partitioning, its relaxation first.

The relaxation of this problem is remarkably tight. Its duals tell of most columns that they cannot be part of any
better division; what remains is a small integer programme, limited in nodes and never in seconds. It is searched here
and not by `scipy.optimize.milp`, whose solver writes stray lines to standard output and took most of the time.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse
from scipy.optimize import linprog

from gis_grid.partition.cells import Flags, Floats, Ints

#: Columns that enter the relaxation at a time, columns of the integer programme at most, its nodes at most, and how
#: far from a whole number counts as one.
_BATCH = 400
_MOST_COLUMNS = 800
_MOST_NODES = 40
_ROUND = 1e-6
_ROUNDS = 20
#: The known division costs this much to the solver, whatever it costs in truth: it works to absolute tolerances.
_SCALE = 1000.0
_EPS = 1e-6


class Relaxation(NamedTuple):
    """Hold the relaxed optimum over a pool: its value and the reduced cost of every column."""

    value: float
    reduced: Floats


class Limit(NamedTuple):
    """Bound the number of grids of a division: no more than so many, or exactly so many."""

    grids: int
    exactly: bool = False


def cheapest_cover(member: Flags, cost: Floats, chosen: Ints, limit: Limit | None = None) -> Ints:
    """Return the columns of the cheapest exact cover of all blocks, or the given ones if none is cheaper.

    `member` has a row for every grid of the pool and a column for every block; `chosen` are the rows of a known
    division, which keeps the `limit` that all divisions must keep.

    >>> member = np.array([[1, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]], dtype=bool)
    >>> cheapest_cover(member, np.array([5.0, 5.0, 3.0, 4.0]), np.array([0, 1]))
    array([2, 3])
    """
    cost = cost * (_SCALE / max(_EPS, float(cost[chosen].sum())))
    relaxed = _relax(member, cost, chosen, limit)
    room = _SCALE - relaxed.value
    if room <= 100 * _EPS:
        return chosen
    kept = np.flatnonzero(relaxed.reduced <= room + _EPS)
    if len(kept) > _MOST_COLUMNS:
        kept = np.sort(kept[np.argsort(relaxed.reduced[kept], kind="stable")[:_MOST_COLUMNS]])
    return _branch(member, cost, np.union1d(kept, chosen), chosen, limit)


def _branch(member: Flags, cost: Floats, kept: Ints, chosen: Ints, limit: Limit | None) -> Ints:
    """Look for the cheapest cover among some columns, the most likely columns first, with a limit of nodes.

    Depth first: take the column that the relaxation uses most, or do without it. What cannot be cheaper than the best
    cover so far is left.
    """
    matrix = scipy.sparse.csr_array(member[kept].astype(np.float64))
    best, price = chosen, float(cost[chosen].sum())
    stack = [np.ones(len(kept), dtype=bool)]
    for _ in range(_MOST_NODES):
        if not stack:
            break
        allowed = np.flatnonzero(stack.pop())
        answer = _solve(matrix[allowed], cost[kept[allowed]], limit)
        if answer.x is None or answer.fun >= price - 10 * _EPS:
            continue
        broken = np.flatnonzero((answer.x > _ROUND) & (answer.x < 1 - _ROUND))
        if len(broken) == 0:
            best, price = kept[allowed[answer.x > 0.5]], float(answer.fun)
            continue
        taken = allowed[broken[np.argmax(answer.x[broken])]]
        without, within = np.zeros(len(kept), dtype=bool), np.zeros(len(kept), dtype=bool)
        without[allowed] = True
        without[taken] = False
        within[allowed] = ~member[np.ix_(kept[allowed], member[kept[taken]])].any(axis=1)
        within[taken] = True
        stack += [without, within]
    exact = bool((member[best].sum(axis=0) == 1).all())
    return np.asarray(best if exact else chosen, dtype=np.int64)


def _solve(matrix: scipy.sparse.csr_array, cost: Floats, limit: Limit | None) -> Any:
    """Solve the relaxation over some columns (rows of `matrix`)."""
    once, count = matrix.T, np.ones((1, len(cost)))
    rows: dict[str, Any] = {"A_eq": once, "b_eq": np.ones(once.shape[0])}
    if limit is not None and limit.exactly:
        rows = {"A_eq": scipy.sparse.vstack([once, count]), "b_eq": np.append(rows["b_eq"], limit.grids)}
    elif limit is not None:
        rows |= {"A_ub": count, "b_ub": [float(limit.grids)]}
    return linprog(cost, **rows, bounds=(0, None), method="highs")


def _relax(member: Flags, cost: Floats, chosen: Ints, limit: Limit | None) -> Relaxation:
    """Solve the relaxation by letting columns in only as the duals ask for them."""
    price = np.zeros(member.shape[1])  # a first guess of the duals: every block pays its share of its grid
    for row in chosen:
        price[member[row]] = cost[row] / member[row].sum()
    matrix = scipy.sparse.csr_array(member.astype(np.float64))
    reduced = cost - matrix @ price
    active = np.union1d(np.argsort(reduced, kind="stable")[:_BATCH], chosen)
    value = float(cost[chosen].sum())
    for _ in range(_ROUNDS):
        answer = _solve(matrix[active], cost[active], limit)
        if answer.x is None:
            break
        value = float(answer.fun)
        duals = answer.eqlin.marginals
        reduced = cost - matrix @ duals[: member.shape[1]] - sum([*duals[member.shape[1] :], *answer.ineqlin.marginals])
        wanted = np.flatnonzero(reduced < -_EPS)
        wanted = np.setdiff1d(wanted[np.argsort(reduced[wanted], kind="stable")[:_BATCH]], active)
        if len(wanted) == 0:
            break
        active = np.union1d(active, wanted)
    return Relaxation(value, reduced)
