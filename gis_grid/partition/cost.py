"""The objective in a planner's terms: borders priced by what they run along, shape, balance, main streets inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from gis_grid.frames import BORDER_CLASSES
from gis_grid.partition.compounds import households_moved

if TYPE_CHECKING:
    import pandas as pd

    from gis_grid.partition.cells import CellGraph
    from gis_grid.scheme import Band, Cost

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Lines that should run along a grid rather than through it.
MAIN_CLASSES = ("motorway", "trunk", "primary", "secondary", "railway", "river")
#: What a metre of barrier inside a grid costs (a grid that reaches around a barrier's end), as a multiple of the
#: dearest border: such a grid is drawn only where nothing else is possible.
AROUND_BARRIER = 10.0


#: A block above the band counts as so many households where divisions are compared (see `counted`).
HEAVY = 1 << 40


#: Grids out of band, households out of band, cost: what divisions are compared by, in this order; less is better.
Rank = tuple[float, float, float]


class Prices(NamedTuple):
    """Hold what every border costs where it is drawn (`compound` is a share of `border`), and inside a grid."""

    border: Floats
    inside: Floats
    compound: Floats


def border_prices(borders: pd.DataFrame, cost: Cost, within: Flags | None = None) -> Prices:
    """Price every row of a frame of borders by its metres, its class, and whether it is a barrier.

    `within` marks the borders inside a compound that should stay whole; a barrier is free even there.
    """
    metres = borders["shared_m"].to_numpy(dtype=np.float64)
    barrier = borders["barrier"].to_numpy(dtype=bool)
    classes = borders["street_class"].to_numpy(dtype=object)
    free = np.array([[cost.price(name, blocked) for blocked in (False, True)] for name in BORDER_CLASSES])
    place = {name: n for n, name in enumerate(BORDER_CLASSES)}
    rank = np.fromiter((place[name] for name in classes), dtype=np.int64, count=len(classes))
    main = np.isin(rank, [place[name] for name in MAIN_CLASSES])
    inside = np.where(main, cost.inside_per_m, 0.0)
    inside[barrier] = AROUND_BARRIER * free.max()
    whole = np.zeros(len(metres), dtype=bool) if within is None else within & ~barrier
    compound = metres * np.where(whole, cost.compound_per_m, 0.0)
    return Prices(metres * free[rank, barrier.astype(np.int64)] + compound, metres * inside, compound)


def balance_price(cost: Cost) -> float:
    """Return the price of a grid that misses its target by a whole half-band: so many metres through blocks."""
    return cost.balance * cost.price("", False)


def heavy_step(band: Band) -> int:
    """Return the load that could well be a grid of its own: the minimum of the band, or half its maximum."""
    return max(band.min, (band.max + 1) // 2)


def overfull(load: Ints, band: Band) -> Ints:
    """Count grids out of band: 1 for each, and for one so heavy that it could give up a whole grid, all it could fill.

    Counted so, neither two oversized blocks nor many small leftovers are ever better off in one grid. Where blocks
    above the band are marked (`counted`), each is one, and what lies beside it counts like a grid out of band too.

    >>> from gis_grid.scheme import Band
    >>> overfull(np.array([299, 300, 500, 574, 1200, HEAVY, HEAVY + 40, 2 * HEAVY]), Band(300, 500, 400))
    array([1, 0, 0, 1, 4, 1, 2, 3])
    """
    step = heavy_step(band)
    heavy, rest = load // HEAVY, load % HEAVY
    beside = 2 * heavy - 1 + np.where(rest > 0, np.maximum(1, rest // step), 0)
    over = np.where(load < step + band.max, 1, np.where(heavy > 0, beside, load // step))
    return np.where(load < band.min, 1, np.where(load > band.max, over, 0)).astype(np.int64)


def counted(load: Ints, band: Band) -> Ints:
    """Return the loads of blocks with those above the band marked: whatever they hold, they must be a grid alone.

    Without the mark a grid of such a block would take in leftovers at no price, though they could be in band elsewhere.

    >>> from gis_grid.scheme import Band
    >>> counted(np.array([80, 500, 640, 2000]), Band(300, 500, 400)) // HEAVY
    array([0, 0, 1, 1])
    """
    return np.where(load > band.max, HEAVY, load).astype(np.int64)


def deviation(load: Ints, band: Band) -> Ints:
    """Return by how many households each load misses the band; beside a marked block (`counted`) all there is.

    >>> from gis_grid.scheme import Band
    >>> deviation(np.array([299, 300, 500, 574]), Band(300, 500, 400))
    array([ 1,  0,  0, 74])
    """
    over = np.where(load < HEAVY, np.maximum(0, load - band.max), load % HEAVY)
    return np.maximum(0, band.min - load) + over


def imbalance(load: Ints | Floats, band: Band) -> Floats:
    """Return how far each load lies from the target, 0 on it and 1 at the end of the band or beyond, squared.

    >>> from gis_grid.scheme import Band
    >>> imbalance(np.array([300, 350, 400, 500, 900]), Band(300, 500, 400))
    array([1.  , 0.25, 0.  , 1.  , 1.  ])
    """
    half = np.where(load < band.target, max(1, band.target - band.min), max(1, band.max - band.target))
    return np.square(np.minimum(1.0, np.abs(load - band.target) / half))


def terms(graph: CellGraph, labels: Ints, band: Band, cost: Cost, home: Ints | None = None) -> dict[str, float]:
    """Add up every term of the objective for a division (one label a block), and the total.

    `border` prices drawn borders by class, `compounds` what compounds that fit the band cost more where they are cut,
    `compactness` the perimeter of all grids, `balance` the distance from the target, `inside` main streets inside grids
    (not barriers: a grid reaches around one only where it must), `moved` the households that leave their grid of a
    previous plan, whose label of each block is `home` (-1: none; no term without one). All in the scheme's unit: a
    metre of border times its price.
    """
    names, grid = np.unique(labels, return_inverse=True)
    load = np.zeros(len(names), dtype=np.int64)
    np.add.at(load, grid, graph.load)
    drawn = grid[graph.a] != grid[graph.b]
    perimeter = graph.rim_m.sum() - 2.0 * graph.shared_m[~drawn].sum()
    moved = 0 if home is None else households_moved(graph.load, labels, home)
    found = {
        "border": float((graph.border_price - graph.compound_price)[drawn].sum()),
        "compounds": float(graph.compound_price[drawn].sum()),
        "compactness": float(cost.compactness * perimeter),
        "balance": float(balance_price(cost) * imbalance(load, band).sum()),
        "inside": float(graph.inside_price[~drawn & graph.link].sum()),
        "moved": float(cost.moved_per_household * moved),
    }
    return {**found, "total": sum(found.values())}


def grid_costs(graph: CellGraph, labels: Ints, band: Band, balance: float) -> Floats:
    """Return the cost of each grid (labels from 0): half of its drawn borders, and its distance from the target."""
    grids = int(labels.max(initial=-1)) + 1
    drawn = labels[graph.a] != labels[graph.b]
    half = 0.5 * graph.gain[drawn]
    ends = np.concatenate([labels[graph.a[drawn]], labels[graph.b[drawn]]])
    cost = np.bincount(ends, weights=np.concatenate([half, half]), minlength=grids)
    return cost + balance * imbalance(loads(graph, labels), band)


def loads(graph: CellGraph, labels: Ints) -> Ints:
    """Return the households of each grid (labels from 0)."""
    return np.bincount(labels, weights=graph.load).astype(np.int64)


def rank(graph: CellGraph, labels: Ints, band: Band, balance: float) -> Rank:
    """Return what divisions are compared by: grids out of band, households out of band, and cost.

    A block that could fill several grids counts as all of them, wherever it lies.
    """
    marked = counted(graph.load, band)
    load = np.zeros(int(labels.max(initial=-1)) + 1, dtype=np.int64)
    np.add.at(load, labels, marked)
    big = graph.load[marked == HEAVY]
    out = overfull(load, band).sum() + (overfull(big, band) - 1).sum()
    cost = float(grid_costs(graph, labels, band, balance).sum())
    return float(out), float(deviation(loads(graph, labels), band).sum()), round(cost, 6)
