"""Blocks, borders and a scheme in, an assignment of blocks to grids out: legal wherever anything legal exists.

::

    blocks + borders ─► cells ─► tiers ─► build ─► improve ─► pool ─► assignment
                        arrays   parts    METIS    anneal,    set partitioning
                                          seeds    re-split   over the grids met

`rounds` keeps the order of work, `windows` cuts large parts, `crew` hands work to processes, `cost` is the
objective, and `kernels` and `trees` are the compiled loops.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from gis_grid.partition.cells import CellGraph, Flags, Ints, Names
    from gis_grid.partition.rounds import Standing, Terms
    from gis_grid.partition.tiers import Part
    from gis_grid.scheme import Band, Scheme

__all__ = ["PartitionOptions", "PartitionResult", "Progress", "partition"]

#: Called with blocks done and blocks to do (each as often as it is searched), and cost and grids out of band so far.
Progress = Callable[[int, int, float, int], None]

#: Fewer blocks than this are divided sooner than a second process starts.
_WORTH_A_PROCESS = 400


#: A district of fewer blocks than this is searched longer, up to so many times: it is done in seconds all the same.
_SMALL, _PATIENT = 4_000, 3.0

_COLUMNS = (
    "community_code",
    "blocks",
    "households",
    "grids",
    "out_of_band",
    "unavoidable",
    "cost",
    "bound",
    "gap",
    "steps",
)


@dataclass(frozen=True)
class PartitionOptions:
    """Say how hard to search: `effort` multiplies the steps; `time_limit` (seconds) keeps the best found until then.

    `prove` asks for a proof of how cheap each part could be; parts of up to 400 blocks get one.
    """

    seed: int = 0
    workers: int = 1
    time_limit: float | None = None
    effort: float = 1.0
    prove: bool = False

    def __post_init__(self) -> None:
        faults = []
        if self.workers < 1:
            faults.append(Fault(f"{self.workers} workers cannot do any work", remedy="use at least 1"))
        if not self.effort > 0:
            faults.append(Fault(f"an effort of {self.effort} finds nothing", remedy="use more than 0"))
        if self.time_limit is not None and not self.time_limit > 0:
            faults.append(Fault(f"a time limit of {self.time_limit} s is none", remedy="use more than 0 seconds"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class PartitionResult:
    """Hold a division and what it costs.

    `assignment` maps block_id to grid_id ("g0001", …) in the order of the blocks. `cost` has the terms of the
    objective and their `total`. `parts` has a row for every part that was divided on its own: `community_code`,
    `blocks`, `households`, `grids`, `out_of_band`, `unavoidable` (how many of these are proved), `cost`, `bound` (no
    division with as little out of band costs less; NaN where nothing was proved), `gap` (what is left between the two,
    as a share of the cost), `steps`. `bound` is the same for the whole, if all parts have one.
    `stopped_early` says what cut the search: "time limit", "interrupted", or "" if nothing did.
    """

    assignment: pd.Series
    cost: dict[str, float]
    parts: pd.DataFrame
    stopped_early: str = ""
    bound: float | None = None


def partition(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    scheme: Scheme,
    *,
    options: PartitionOptions | None = None,
    progress: Progress | None = None,
    counts: Mapping[str, int] | None = None,
) -> PartitionResult:
    """Divide the blocks of every community into grids of the scheme's main tier.

    Every grid is in one piece inside its community, reaches across no barrier, and is in band wherever blocks,
    barriers and arithmetic allow it: fewest grids out of band come first, then fewest households out of band, then
    the cost (`Scheme.cost`). A part too small for two grids stays one; one where nobody lives goes with the grid next
    to it, even across a barrier. The same input, seed and effort give the same assignment on any number of workers.

    `blocks` and `borders` keep the contract of `gis_grid.frames`. `progress` is called with blocks done, blocks to
    do, and cost and grids out of band so far. `counts` says for some community codes exactly how many grids
    to make; the target is then an even share. With more than one worker, processes are spawned: a script that calls
    this needs its `if __name__ == "__main__":`.

    Method: METIS seeds (Karypis and Kumar 1998); annealing over single blocks and over re-splits of one to three
    grids along random spanning trees (DeFord, Duchin and Solomon 2021); set partitioning over all grids met
    (Mehrotra, Johnson and Nemhauser 1998).

    Raises
    ------
    InputError
        If a border names a block that is not there, or a block id stands twice.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from gis_grid.scheme import Scheme
    >>> squares = [shapely.box(100 * n, 0, 100 * n + 100, 100) for n in range(4)]
    >>> index = pd.Index(["b1", "b2", "b3", "b4"], name="block_id")
    >>> columns = {"community_code": "101", "households": [200, 210, 190, 180]}
    >>> blocks = gpd.GeoDataFrame(columns, index=index, geometry=squares, crs=32650)
    >>> borders = pd.DataFrame({"a": ["b1", "b2", "b3"], "b": ["b2", "b3", "b4"], "shared_m": 100.0})
    >>> borders = borders.assign(street_class="residential", street_name="", barrier=False)
    >>> partition(blocks, borders, Scheme.load("qinzhou")).assignment.to_dict()
    {'b1': 'g0001', 'b2': 'g0001', 'b3': 'g0002', 'b4': 'g0002'}
    """
    from gis_grid.partition.cells import cell_graph
    from gis_grid.partition.crew import Crew
    from gis_grid.partition.rounds import Standing, divide
    from gis_grid.partition.tiers import parts, shares

    options, band = options or PartitionOptions(), scheme.main.band
    terms = _terms(options, scheme, len(blocks))  # the clock runs from here
    graph, ids, codes = cell_graph(blocks, borders, scheme.cost, band)
    pieces = parts(graph, ids, codes)
    given = shares(pieces, counts or {})
    least, excused = _proved(blocks, borders, band, ids, pieces)
    standings = [Standing(part, terms, least[n], excused[part.cells], given[n]) for n, part in enumerate(pieces)]
    with Crew(options.workers if options.prove or len(ids) >= _WORTH_A_PROCESS else 1) as crew:
        return _result(blocks, graph, ids, divide(standings, crew, progress), scheme)


def _terms(options: PartitionOptions, scheme: Scheme, blocks: int) -> Terms:
    """Return what all searches of a district of so many blocks share."""
    from gis_grid.partition.cost import balance_price
    from gis_grid.partition.rounds import Terms

    deadline = None if options.time_limit is None else time.time() + options.time_limit
    longer = min(_PATIENT, max(1.0, _SMALL / max(1, blocks))) if options.effort >= 1.0 else 1.0
    balance = balance_price(scheme.cost)
    return Terms(scheme.main.band, balance, options.seed, options.effort * longer, deadline, options.prove)


def _proved(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, band: Band, ids: Names, pieces: list[Part]
) -> tuple[list[int], Flags]:
    """Return how many grids out of band are proved to be unavoidable in each part, and the blocks proved about."""
    from gis_grid.rules.arithmetic import explain

    home = {str(ids[cell]): number for number, part in enumerate(pieces) for cell in part.cells}
    least, named = [0] * len(pieces), set[str]()
    for finding in explain(blocks, borders, band, remedies=False):
        least[home[finding.block_ids[0]]] += finding.least
        named.update(finding.block_ids)
    return least, np.array([str(block) in named for block in ids], dtype=bool)


def _result(
    blocks: gpd.GeoDataFrame, graph: CellGraph, ids: Names, standings: list[Standing], scheme: Scheme
) -> PartitionResult:
    """Return the division with its grids numbered by communities and first blocks, and what it costs."""
    import pandas as pd

    from gis_grid.partition.attach import attach_empty
    from gis_grid.partition.cells import from_zero
    from gis_grid.partition.cost import loads, terms

    band = scheme.main.band
    drawn = np.zeros(len(ids), dtype=np.int64)
    for standing in standings:
        drawn[standing.part.cells] = standing.labels + int(drawn.max(initial=-1)) + 1
    shapes = blocks.geometry.reindex(ids).to_numpy()
    drawn = attach_empty(drawn, graph, [standing.part for standing in standings], shapes)
    by_part = np.concatenate([standing.part.cells for standing in standings] or [np.zeros(0, dtype=np.int64)])
    labels = np.empty_like(drawn)
    labels[by_part] = from_zero(drawn[by_part])
    names = pd.Series([f"g{number + 1:04d}" for number in labels], index=ids, dtype=object)
    cost, table = terms(graph, labels, band, scheme.cost), _table(standings, labels, loads(graph, labels), band)
    return PartitionResult(
        assignment=names.reindex(blocks.index).astype(str).rename("grid_id").rename_axis("block_id"),
        cost=cost,
        parts=table,
        stopped_early=_cut_by(standings),
        bound=bound_of(table, cost["total"]),
    )


def bound_of(parts: pd.DataFrame, cost: float) -> float | None:
    """Return what no division of a district costs less than, from its parts; None if one of them has no bound."""
    left = float((parts["cost"] - parts["bound"]).sum(skipna=False))
    return None if np.isnan(left) else cost - left


def _cut_by(standings: list[Standing]) -> str:
    """Say what cut the search short, "" if nothing did."""
    from gis_grid.partition.crew import stop_asked

    if not any(standing.stopped_early for standing in standings):
        return ""
    return "interrupted" if stop_asked() else "time limit"


def _table(standings: list[Standing], labels: Ints, load: Ints, band: Band) -> pd.DataFrame:
    """Return one row for every part; one without households whose blocks went to another part's grid has no grids."""
    import pandas as pd

    with_people = [standing.part.cells for standing in standings if standing.part.graph.load.any()]
    shared = np.unique(np.concatenate([labels[cells] for cells in with_people] or [labels[:0]]))
    rows = []
    for standing in standings:
        graph, grids = standing.part.graph, np.unique(labels[standing.part.cells])
        if not graph.load.any():
            grids = np.setdiff1d(grids, shared)
        cost = standing.plain_cost if len(grids) else 0.0
        left = standing.rank[2] - standing.bound if len(grids) else 0.0
        proved = np.isfinite(left)
        rows.append(
            {
                "community_code": standing.part.community_code,
                "blocks": len(graph),
                "households": int(graph.load.sum()),
                "grids": len(grids),
                "out_of_band": int(((load[grids] < band.min) | (load[grids] > band.max)).sum()),
                "unavoidable": standing.least if len(grids) else 0,
                "cost": cost,
                "bound": cost - left if proved else np.nan,
                "gap": left / max(cost, 1e-9) if proved else np.nan,
                "steps": standing.steps,
            }
        )
    return pd.DataFrame(rows, columns=_COLUMNS)
