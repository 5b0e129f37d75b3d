"""Prove how many households an update must move at least: mixed-integer programs with cuts for connectivity.

Blocks go to earlier grids or to a new one, every grid in band unless a finding excuses it. Where a grid of the
optimum lies in pieces, what would tie them together is added, and it is solved again. The bound of any of these
programs is never more than what any legal division moves; once no grid lies apart it is the minimum.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, sparse

from gis_grid.partition.homes import Case
from gis_grid.partition.tiers import pieces
from gis_grid.partition.update import cases_of, setting_of
from gis_grid.scheme import Band, Scheme

#: New grids that the program may make, beside the earlier ones.
_NEW = 2
#: Seconds for one part.
_SECONDS = 20.0
#: Programs solved for one part, at most.
_TURNS = 60

_Rows = tuple[sparse.csr_array, NDArray[np.float64], NDArray[np.float64]]


class _Model(NamedTuple):
    """Hold where the variables begin: blocks × grids, grids in use, excuses × grids; and how many there are."""

    blocks: int
    grids: int
    findings: int

    @property
    def used(self) -> int:
        return self.blocks * self.grids

    @property
    def excused(self) -> int:
        return self.used + self.grids

    @property
    def size(self) -> int:
        return self.excused + self.findings * self.grids


def least_of(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, laws: Scheme, home: pd.Series, seconds: float = _SECONDS
) -> int:
    """Return a number of households that every legal update of a district moves at least, part by part."""
    setting, _ = setting_of(blocks, borders, laws, home)
    cases, _ = cases_of(setting, seed=0)
    had = int(setting.graph.load[setting.home >= 0].sum())
    kept = sum(int(case.graph.load[case.home >= 0].sum()) for case in cases)
    return had - kept + sum(least_moved(case, laws.main.band, seconds) for case in cases)


def least_moved(case: Case, band: Band, seconds: float = _SECONDS) -> int:
    """Return a number of households that every legal division of a case moves at least."""
    load, new = case.graph.load, min(_NEW, int(case.graph.load.sum()) // max(1, band.min))
    model = _Model(len(load), case.identities + new, len(case.least))
    cost = np.zeros(model.size)
    away = (case.home[:, None] >= 0) & (case.home[:, None] != np.arange(model.grids))
    cost[: model.used] = np.where(away, load[:, None], 0).ravel()
    rows = [*_shares(model), *_bands(case, model, band), *_beside(case, model, band)]
    best, deadline = 0, time.monotonic() + seconds
    for _ in range(_TURNS):
        found = _solved(model, cost, rows, deadline - time.monotonic())
        bound = found.mip_dual_bound
        best = max(best, 0 if bound is None or not np.isfinite(bound) else int(np.ceil(bound - 1e-6)))
        apart = [] if found.x is None else _joining(case, model, found.x)
        if not apart or time.monotonic() > deadline:
            break
        rows += apart
    return best


def _solved(model: _Model, cost: NDArray, rows: list[_Rows], seconds: float) -> optimize.OptimizeResult:
    low, high = (np.concatenate([row[k] for row in rows]) for k in (1, 2))
    return optimize.milp(
        cost,
        constraints=optimize.LinearConstraint(sparse.vstack([row[0] for row in rows], format="csr"), low, high),
        integrality=np.ones(model.size),
        bounds=optimize.Bounds(0, 1),
        options={"time_limit": max(1.0, seconds), "mip_rel_gap": 0.0},
    )


def _joining(case: Case, model: _Model, x: NDArray) -> list[_Rows]:
    """Return what ties together the pieces of grids that lie apart: two blocks in one grid need the ground between."""
    k, graph = model.grids, case.graph
    label = x[: model.used].reshape(-1, k).argmax(axis=1)
    piece = pieces(graph, graph.link & (label[graph.a] == label[graph.b]))
    heaviest = np.lexsort((-graph.load, piece))
    first = heaviest[np.flatnonzero(np.diff(piece[heaviest], prepend=-1))]
    rows, columns, values, count = [], [], [], 0
    for grid in np.unique(label):
        blocks = first[label[first] == grid]
        main = blocks[np.argmax(np.bincount(piece, graph.load)[piece[blocks]])]
        for block in blocks[blocks != main]:
            inside = piece == piece[block]
            rim = np.concatenate([graph.b[graph.link & inside[graph.a]], graph.a[graph.link & inside[graph.b]]])
            rim = np.unique(rim[~inside[rim]])
            for name in range(k):
                at = np.concatenate([[block, main], rim]) * k + name
                rows.append(np.full(len(at), count))
                columns.append(at)
                values.append(np.concatenate([[1.0, 1.0], -np.ones(len(rim))]))
                count += 1
    if not count:
        return []
    matrix = _rows(model, np.concatenate(rows), np.concatenate(columns), np.concatenate(values), count)
    return [(matrix, np.full(count, -np.inf), np.ones(count))]


def _rows(model: _Model, row: NDArray, column: NDArray, value: NDArray, count: int) -> sparse.csr_array:
    return sparse.csr_array((np.asarray(value, dtype=float), (row, column)), shape=(count, model.size))


def _shares(model: _Model) -> list[_Rows]:
    """Put every block into one grid, and into none that is not used."""
    n, k = model.blocks, model.grids
    entry = np.arange(n * k)
    once = _rows(model, entry // k, entry, np.ones(n * k), n)
    both = np.concatenate([entry, entry])
    column = np.concatenate([entry, model.used + entry % k])
    known = _rows(model, both, column, np.repeat([1.0, -1.0], n * k), n * k)
    return [(once, np.ones(n), np.ones(n)), (known, np.full(n * k, -1.0), np.zeros(n * k))]


def _bands(case: Case, model: _Model, band: Band) -> list[_Rows]:
    """Keep every grid in use in band, unless it uses up an excuse of a finding with one of whose blocks it has."""
    n, k, f = model.blocks, model.grids, model.findings
    load, total = case.graph.load.astype(float), float(case.graph.load.sum())
    entry, grid = np.arange(n * k), np.arange(k)
    held = (entry % k, entry, np.repeat(load, k))
    pardon = (np.tile(grid, f), model.excused + np.arange(f * k))
    out = []
    for limit, free, low, high in ((band.min, total, 0.0, np.inf), (band.max, -total, -np.inf, 0.0)):
        row = np.concatenate([held[0], grid, pardon[0]])
        column = np.concatenate([held[1], model.used + grid, pardon[1]])
        value = np.concatenate([held[2], np.full(k, -float(limit)), np.full(f * k, free)])
        out.append((_rows(model, row, column, value, k), np.full(k, low), np.full(k, high)))
    for number in range(f):
        mine = model.excused + number * k + grid
        some = _rows(model, np.zeros(k, dtype=int), mine, np.ones(k), 1)
        out.append((some, np.zeros(1), np.full(1, float(case.least[number]))))
        about = np.flatnonzero((case.cause == number) & (case.graph.load > 0))
        row = np.concatenate([grid, np.repeat(grid, len(about))])
        column = np.concatenate([mine, (about[None, :] * k + grid[:, None]).ravel()])
        value = np.concatenate([np.ones(k), -np.ones(k * len(about))])
        out.append((_rows(model, row, column, value, k), np.full(k, -np.inf), np.zeros(k)))
    return out


def _beside(case: Case, model: _Model, band: Band) -> list[_Rows]:
    """Give a block a neighbour in its grid, but for one that could be a grid alone."""
    k, graph = model.grids, case.graph
    a, b = graph.a[graph.link], graph.b[graph.link]
    grid = np.arange(k)
    bound = np.flatnonzero((graph.load < band.min) & (case.cause < 0))
    place = np.full(model.blocks, -1)
    place[bound] = np.arange(len(bound))
    ends, near = np.concatenate([a, b]), np.concatenate([b, a])
    ends, near = ends[place[ends] >= 0], near[place[ends] >= 0]
    row = np.concatenate([place[bound], place[ends]])[:, None] * k + grid
    column = np.concatenate([bound, near])[:, None] * k + grid
    value = np.repeat([1.0, -1.0], [len(bound) * k, len(ends) * k])
    matrix = _rows(model, row.ravel(), column.ravel(), value, len(bound) * k)
    return [(matrix, np.full(len(bound) * k, -np.inf), np.zeros(len(bound) * k))]
