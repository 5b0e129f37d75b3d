"""Carry a division over to blocks that have changed, moving as few households as possible.

::

    blocks + home ─► homes ─► restore ─► exact ─► assignment
     (which grid      pieces   search     every      old ids kept,
      each was in)    mended   around     set near   new ones appended
                               illegal    home
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gis_grid.assignment import next_grid_id
from gis_grid.errors import Fault, InputError
from gis_grid.partition.cells import from_zero

if TYPE_CHECKING:
    import geopandas as gpd
    import numpy.typing as npt
    import pandas as pd

    from gis_grid.partition.cells import CellGraph, Flags, Ints, Names
    from gis_grid.partition.homes import PartCase
    from gis_grid.partition.restore import Found, Manner
    from gis_grid.partition.tiers import Part
    from gis_grid.scheme import Scheme

__all__ = ["UpdateOptions", "UpdateResult", "update_partition"]


@dataclass(frozen=True)
class UpdateOptions:
    """Say how far an update may go: `max_moved` is the share of households that may change grid (None: no bound).

    With a `time_limit` (seconds) the best division found until then is taken.
    """

    seed: int = 0
    max_moved: float | None = None
    effort: float = 1.0
    time_limit: float | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.max_moved is not None and not 0 <= self.max_moved <= 1:
            faults.append(Fault(f"a share of {self.max_moved} cannot move", remedy="use 0 to 1, or 0 % to 100 %"))
        if not self.effort > 0:
            faults.append(Fault(f"an effort of {self.effort} finds nothing", remedy="use more than 0"))
        if self.time_limit is not None and not self.time_limit > 0:
            faults.append(Fault(f"a time limit of {self.time_limit} s is none", remedy="use more than 0 seconds"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class UpdateResult:
    """Hold an updated division and what it moved.

    `assignment` maps block_id to grid_id: grids that go on keep their id, new ones are numbered above it all.
    `households` had a grid before; of these `moved` changed it, and `needed` would have had to for everything to
    be legal (more than `moved` only where the bound cut the search). `errors` counts grids out of band that nothing
    excuses; `cost` and `stopped_early` are as in `PartitionResult`.
    """

    assignment: pd.Series
    households: int
    moved: int
    needed: int
    errors: int
    cost: dict[str, float]
    stopped_early: str = ""

    @property
    def share_moved(self) -> float:
        """Households moved, as a share of those that had a grid."""
        return self.moved / self.households if self.households else 0.0

    @property
    def share_needed(self) -> float:
        """Households that legality would take, as a share of those that had a grid."""
        return self.needed / self.households if self.households else 0.0


def update_partition(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    scheme: Scheme,
    home: pd.Series,
    *,
    options: UpdateOptions | None = None,
) -> UpdateResult:
    """Make a division legal again with as few households as possible changing grid.

    `home` maps block_id to the grid that most of the block lay in before ("" or absent: none). What comes first are
    grids out of band that nothing excuses, then households out of band, then households that change grid, then
    the cost. Only the neighbourhoods of grids that are illegal, or that ground has joined or left, are searched; all
    other grids stay exactly as they were. The same arguments give the same result, in whatever order the rows stand.

    Raises
    ------
    InputError
        If a border names a block that is not there, or a block id stands twice.

    Examples
    --------
    >>> import geopandas as gpd, pandas as pd, shapely
    >>> from gis_grid.scheme import Scheme
    >>> squares = [shapely.box(100 * n, 0, 100 * n + 100, 100) for n in range(5)]
    >>> index = pd.Index(["b1", "b2", "b3", "b4", "b5"], name="block_id")
    >>> columns = {"community_code": "101", "households": [250, 230, 40, 180, 200]}
    >>> blocks = gpd.GeoDataFrame(columns, index=index, geometry=squares, crs=32650)
    >>> borders = pd.DataFrame({"a": ["b1", "b2", "b3", "b4"], "b": ["b2", "b3", "b4", "b5"], "shared_m": 100.0})
    >>> borders = borders.assign(street_class="residential", street_name="", barrier=False)
    >>> home = pd.Series(["west", "west", "west", "east", "east"], index=index)
    >>> found = update_partition(blocks, borders, Scheme.load("qinzhou"), home)
    >>> found.assignment.to_dict(), found.moved
    ({'b1': 'west', 'b2': 'west', 'b3': 'east', 'b4': 'east', 'b5': 'east'}, 40)
    """
    options = options or UpdateOptions()
    deadline = None if options.time_limit is None else time.time() + options.time_limit
    setting, names = setting_of(blocks, borders, scheme, home)
    found, labels, manners = _searched(setting, len(names), options, deadline)
    while (loose := _out_of_band_islands(setting, labels)).any():  # nothing excuses a grid out of band in two places
        setting = _tied(setting, setting.loose | loose)
        found, labels, manners = _searched(setting, len(names), options, deadline)
    return UpdateResult(
        assignment=_named(labels, names, home, setting),
        households=int(setting.graph.load[setting.home >= 0].sum()),
        moved=found.moved,
        needed=found.needed,
        errors=found.errors,
        cost=_terms(setting, labels),
        stopped_early=_cut_by(manners),
    )


class _Sums(NamedTuple):
    """Count households moved and those that legality takes, and errors."""

    moved: int
    needed: int
    errors: int


def _searched(
    setting: _Setting, grids: int, options: UpdateOptions, deadline: float | None
) -> tuple[_Sums, Ints, list[Manner]]:
    """Return what a search moves, the grid of each block (as `_joined` does), and how each part was searched."""
    cases, empty = cases_of(setting, options.seed)
    manners = [_manner(setting, case, options, deadline) for case in cases]
    found = [_restored(case, manner) for case, manner in zip(cases, manners, strict=True)]
    households = int(setting.graph.load[setting.home >= 0].sum())
    lost = households - sum(int(case.graph.load[case.home >= 0].sum()) for case in cases)
    needed = lost + sum(one.moved for one in found)
    if options.max_moved is not None and needed > options.max_moved * households:
        found = _within(cases, manners, found, options.max_moved * households - lost)
    sums = _Sums(lost + sum(one.moved for one in found), needed, sum(one.errors for one in found))
    return sums, _joined(setting, cases, found, empty, grids), manners


@dataclass(frozen=True)
class _Setting:
    """Hold the whole district as frames and as arrays; `home` numbers the earlier grid of each block (-1: none).

    In the graph `tied` islands are tied to the mainland but for those with `loose` blocks, and `stand` names the block
    that stands for each block.
    """

    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    scheme: Scheme
    graph: CellGraph
    ids: Names
    codes: Names
    home: Ints
    shapes: npt.NDArray[np.object_]
    tied: CellGraph
    stand: Ints
    loose: Flags


def setting_of(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, scheme: Scheme, home: pd.Series
) -> tuple[_Setting, npt.NDArray[np.str_]]:
    """Return the district with the earlier grid of each block, and the ids of these grids."""
    from gis_grid.partition.cells import cell_graph

    graph, ids, codes = cell_graph(blocks, borders, scheme.cost)
    before = home.reindex(ids).fillna("").astype(str).to_numpy(dtype=str)
    names = np.unique(before[before != ""])
    place = np.where(before == "", -1, np.searchsorted(names, before)).astype(np.int64)
    shapes = blocks.geometry.reindex(ids).to_numpy()
    none = np.zeros(len(ids), dtype=bool)
    setting = _Setting(blocks, borders, scheme, graph, ids, codes, place, shapes, graph, np.arange(len(ids)), none)
    return _tied(setting, none), names


def _tied(setting: _Setting, loose: Flags) -> _Setting:
    """Return the district with its islands tied to the mainland, but for those with loose blocks."""
    from gis_grid.partition.homes import bridged

    band = setting.scheme.main.band
    tied, stand = bridged(setting.graph, setting.codes, setting.home, band, setting.shapes, loose)
    return replace(setting, tied=tied, stand=stand, loose=loose)


def _out_of_band_islands(setting: _Setting, labels: Ints) -> Flags:
    """Mark the blocks of small islands that lie in a grid out of band with homes on other ground."""
    from gis_grid.partition.cost import overfull
    from gis_grid.partition.tiers import pieces

    graph, band = setting.graph, setting.scheme.main.band
    land = pieces(graph, np.ones(len(graph.a), dtype=bool))
    on_land = np.bincount(land, weights=graph.load)
    load = np.bincount(labels, weights=graph.load).astype(np.int64)
    lived = graph.load > 0
    lands = np.bincount(np.unique(np.stack([labels, land])[:, lived], axis=1)[0], minlength=len(load))
    bad = (overfull(load, band) > 0) & (lands > 1)
    marked: Flags = bad[labels] & ((on_land > 0) & (on_land < band.min))[land]
    return marked


def _terms(setting: _Setting, labels: Ints) -> dict[str, float]:
    from gis_grid.partition.cost import terms

    used, label = np.unique(labels, return_inverse=True)
    scheme = setting.scheme
    return terms(setting.graph, label, scheme.main.band, scheme.cost, setting.home) if len(used) else {}


def cases_of(setting: _Setting, seed: int) -> tuple[list[PartCase], list[Part]]:
    """Return a case for every part that somebody lives in, and the parts that nobody lives in."""
    from gis_grid.partition.homes import causes_of, main_parts, make_case
    from gis_grid.partition.tiers import parts
    from gis_grid.rules.arithmetic import explain

    band = setting.scheme.main.band
    pieces = parts(setting.tied, setting.ids, setting.codes)
    peopled = [part for part in pieces if part.graph.load.any()]
    main = main_parts(peopled, setting.home)
    findings = explain(setting.blocks, setting.borders, band)
    cause, least = causes_of(findings, setting.ids)
    cases = [
        make_case(part, setting.home[part.cells], np.flatnonzero(main == number), cause[part.cells], least, band, seed)
        for number, part in enumerate(peopled)
    ]
    own = setting.stand == np.arange(len(setting.ids))
    return cases, [part for part in pieces if own[part.cells].any() and not part.graph.load.any()]


def _manner(setting: _Setting, case: PartCase, options: UpdateOptions, deadline: float | None) -> Manner:
    from gis_grid.partition.cost import balance_price
    from gis_grid.partition.restore import Manner

    price, seed = balance_price(setting.scheme.cost), case.part.seed(options.seed)
    manner = Manner(setting.scheme.main.band, price, seed=seed, deadline=deadline)
    return replace(manner, batches=max(1, round(options.effort * manner.batches)))


def _cut_by(manners: list[Manner]) -> str:
    """Say what cut the search short, "" if nothing did."""
    from gis_grid.partition.crew import stop_asked

    if not any(manner.is_over() for manner in manners):
        return ""
    return "interrupted" if stop_asked() else "time limit"


def _restored(case: PartCase, manner: Manner) -> Found:
    from gis_grid.partition.restore import measured, restored

    start = measured(case, manner)
    if not start.errors and not len(case.disturbed):
        return start
    return restored(case, manner)


def _within(cases: list[PartCase], manners: list[Manner], found: list[Found], bound: float) -> list[Found]:
    """Return divisions that keep the bound on households moved; those that mend most for a household come first."""
    from gis_grid.partition.restore import measured, restored

    start = [measured(case, manner) for case, manner in zip(cases, manners, strict=True)]
    room = bound - sum(one.moved for one in start)
    gain = [(a.errors - b.errors) / max(1, b.moved - a.moved) for a, b in zip(start, found, strict=True)]
    chosen = list(start)
    for n in sorted(range(len(cases)), key=lambda n: (-gain[n], n)):
        if found[n].moved - start[n].moved <= room:
            chosen[n] = found[n]
        elif start[n].errors:
            chosen[n] = restored(cases[n], replace(manners[n], cap=max(0.0, start[n].moved + room)))
        room -= chosen[n].moved - start[n].moved
    return chosen


def _joined(setting: _Setting, cases: list[PartCase], found: list[Found], empty: list[Part], grids: int) -> Ints:
    """Return one label for each block: the number of an earlier grid, or one above them all for a new grid."""
    from gis_grid.partition.attach import attach_empty, keep_empty

    labels, new = np.full(len(setting.ids), -1, dtype=np.int64), grids
    for case, one in zip(cases, found, strict=True):
        names = np.append(case.names, new + np.arange(int(one.labels.max()) + 1))
        labels[case.part.cells] = names[one.labels]
        new = max(new, int(labels.max()) + 1)
    labels, homeless = keep_empty(labels, setting.graph, empty, setting.codes, setting.home)
    for part in homeless:  # a community in which nobody lives has grids of its own
        labels[part.cells], new = new, new + 1
    labels = attach_empty(labels, setting.graph, [*(case.part for case in cases), *homeless], setting.shapes)
    whole: Ints = labels[setting.stand]
    return whole


def _named(labels: Ints, names: npt.NDArray[np.str_], home: pd.Series, setting: _Setting) -> pd.Series:
    """Return the assignment: earlier grids by their ids, new ones numbered above every id in use."""
    import pandas as pd

    first = int(next_grid_id(home.dropna().astype(str))[1:])
    new = from_zero(labels[labels >= len(names)])
    grid = np.empty(len(labels), dtype=object)
    old = labels < len(names)
    grid[old] = names[labels[old]]
    grid[~old] = [f"g{first + number:04d}" for number in new.tolist()]
    series = pd.Series(grid, index=setting.ids, name="grid_id", dtype=object)
    return series.reindex(setting.blocks.index).astype(str).rename_axis("block_id")
