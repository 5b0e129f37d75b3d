"""Suggest how to mend a handful of grids of a plan, at once and with as little change as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gis_grid.assignment import Move, next_grid_id
from gis_grid.errors import Fault, InputError
from gis_grid.partition.cells import from_zero
from gis_grid.rules.arithmetic import explain

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.partition.cells import CellGraph, Ints, Names
    from gis_grid.partition.homes import PartCase
    from gis_grid.partition.restore import Found, Manner
    from gis_grid.plan import Plan
    from gis_grid.rules.arithmetic import Finding

__all__ = ["Measures", "Suggestion", "suggest"]

#: A suggestion must come at once: one batch of short annealings, and a short search where all grids can be listed.
_BATCHES, _HEATS, _NODES = 1, 10, 2_000


@dataclass(frozen=True)
class Measures:
    """Measure some grids: households of each, how many are out of band, by how many households, and what they cost.

    `unproved` counts the grids out of band that nothing about these blocks alone excuses. The cost (`Scheme.cost`) is
    that of borders among these grids and of their balance.
    """

    households: dict[str, int]
    out_of_band: int
    unproved: int
    households_off: int
    cost: float


@dataclass(frozen=True)
class Suggestion:
    """Hold the moves that mend some grids, measures before and after, and why it is not better than that.

    `findings` prove what these blocks cannot meet, whoever divides them; with other grids beside them there may be a
    way. The message says in Chinese and English what the moves do, or why there are none.
    """

    moves: tuple[Move, ...]
    before: Measures
    after: Measures
    findings: tuple[Finding, ...]
    message_zh: str
    message_en: str
    households_moved: int


def suggest(plan: Plan, grids: Iterable[str], *, seed: int = 0) -> Suggestion:
    """Suggest moves that bring some grids into the band, with as few households as possible changing grid.

    `grids` are ids or codes; only blocks of these grids move, among them or to a new grid. Legality comes first, then
    little change, then the cost. The same plan, grids and seed give the same moves, in whatever order they are named.

    Raises
    ------
    InputError
        If no grid is named, a name is neither an id nor a code of a grid of the plan, or the plan's scheme divides
        more than grids of households.

    Examples
    --------
    >>> import gis_grid as gg
    >>> from gis_grid.assignment import apply
    >>> plan = gg.build_from(gg.sample_frames())
    >>> found = suggest(plan, plan.grids.index[:2])
    >>> found.moves, found.after == found.before
    ((), True)
    """
    from gis_grid.partition.cells import cell_graph

    chosen = _ids(plan, grids)
    mine = plan.assignment[plan.assignment.isin(chosen)]
    blocks = plan.blocks.loc[mine.index]
    borders = plan.borders[plan.borders["a"].isin(mine.index) & plan.borders["b"].isin(mine.index)]
    graph, ids, codes = cell_graph(blocks, borders, plan.scheme.cost)
    home = np.searchsorted(np.array(chosen), mine.reindex(ids).to_numpy(dtype=str)).astype(np.int64)
    table = _Draft(plan, blocks, borders, graph, ids, codes, home, np.array(chosen, dtype=object), seed)
    findings = table.explained() if table.is_beyond_counting() else []
    before, after = table.searched(findings)
    if not findings and any(found.errors for _, found in after):  # is that because these blocks cannot do better?
        findings = table.explained()
        if findings:
            before, after = table.searched(findings)
    return table.told(before, after, findings)


def _ids(plan: Plan, grids: Iterable[str]) -> list[str]:
    """Return the ids of named grids in order."""
    known = {str(grid) for grid in plan.grids.index}
    code_of = plan.grids["code"].astype(str) if "code" in plan.grids else None
    by_code = {} if code_of is None else dict(zip(code_of, code_of.index.astype(str), strict=True))
    wanted = [str(grid) for grid in grids]
    if not plan.scheme.is_plain:
        said = f"the scheme '{plan.scheme.name}' divides more than grids of households, which is not searched here"
        raise InputError(Fault(said, "plan", remedy="move blocks by hand, then check the plan"))
    faults = [Fault(f"there is no grid {grid}", "plan") for grid in wanted if grid not in known and grid not in by_code]
    if not wanted:
        faults = [Fault("no grid is named", "plan", remedy="name the grids to mend, and one or two beside them")]
    if faults:
        raise InputError(faults)
    return sorted({grid if grid in known else by_code[grid] for grid in wanted})


_Searched = list[tuple["PartCase", "Found"]]


@dataclass(frozen=True)
class _Draft:
    """Hold the blocks of some grids as frames and as arrays; `home` numbers the grid of each block among `names`."""

    plan: Plan
    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    graph: CellGraph
    ids: Names
    codes: Names
    home: Ints
    names: Names
    seed: int

    def is_beyond_counting(self) -> bool:
        """Tell whether some part is seen at once not to be divisible into grids in band, by its households alone."""
        from gis_grid.partition.tiers import parts

        band = self.plan.scheme.main.band
        for part in parts(self.graph, self.ids, self.codes):
            total = int(part.graph.load.sum())
            if total and (part.graph.load.max() > band.max or not len(band.feasible_counts(total))):
                return True
        return False

    def explained(self) -> list[Finding]:
        """Return the proofs of what these blocks cannot meet; remedies are for a whole plan to be asked for."""
        return explain(self.blocks, self.borders, self.plan.scheme.main.band, remedies=False)

    def searched(self, findings: list[Finding]) -> tuple[_Searched, _Searched]:
        """Return the cases of all parts as they stand, and as a short search leaves them."""
        from gis_grid.partition.restore import measured, restored

        before, after = [], []
        for case, manner in self._cases(findings):
            start = measured(case, manner)
            before.append((case, start))
            after.append((case, restored(case, manner) if start.errors else start))
        return before, after

    def _cases(self, findings: list[Finding]) -> Iterator[tuple[PartCase, Manner]]:
        from gis_grid.partition.cost import balance_price
        from gis_grid.partition.homes import causes_of, main_parts, make_case
        from gis_grid.partition.restore import Manner
        from gis_grid.partition.tiers import parts

        band = self.plan.scheme.main.band
        cause, least = causes_of(findings, self.ids)
        found = parts(self.graph, self.ids, self.codes)
        main = main_parts(found, self.home)
        for number, part in enumerate(found):
            own = self.home[part.cells]
            names = np.flatnonzero(main == number)
            case = make_case(part, own, names, cause[part.cells], least, band, self.seed)
            manner = Manner(band, balance_price(self.plan.scheme.cost), part.seed(self.seed))
            yield case, replace(manner, batches=_BATCHES, heats=_HEATS, nodes=_NODES, searches=1)

    def told(self, before: _Searched, after: _Searched, findings: list[Finding]) -> Suggestion:
        """Return the moves with what they do."""
        labels = self.home.copy()
        new = len(self.names)
        for case, found in after:
            names = np.append(case.names, new + np.arange(int(found.labels.max()) + 1))
            # what lies across a barrier from the rest of its grid stays with it where it is not searched
            changed = found.labels != case.labels
            labels[case.part.cells[changed]] = names[found.labels[changed]]
            new = max(new, int(labels.max(initial=-1)) + 1)
        first = int(next_grid_id(self.plan.assignment.dropna().astype(str))[1:])
        fresh = labels >= len(self.names)
        grid = np.empty(len(labels), dtype=object)
        grid[~fresh] = self.names[labels[~fresh]]
        grid[fresh] = [f"g{first + number:04d}" for number in from_zero(labels[fresh]).tolist()]
        moving = np.flatnonzero(labels != self.home)
        moves = tuple(Move(str(self.ids[n]), str(self.names[self.home[n]]), str(grid[n])) for n in moving)
        measures = (
            self._measures(self.names[self.home], sum(found.errors for _, found in before)),
            self._measures(grid, sum(found.errors for _, found in after)),
        )
        moved = int(self.graph.load[moving].sum())
        zh, en = _words(moves, moved, *measures, findings)
        return Suggestion(moves, *measures, tuple(findings), zh, en, moved)

    def _measures(self, grid: Names, unproved: int) -> Measures:
        from gis_grid.partition.cost import balance_price, deviation, loads, rank

        names, label = np.unique(grid.astype(str), return_inverse=True)
        load, scheme = loads(self.graph, label), self.plan.scheme
        band = scheme.main.band
        off = deviation(load, band)
        cost = rank(self.graph, label, band, balance_price(scheme.cost))[2]
        held = {str(name): int(count) for name, count in zip(names, load, strict=True)}
        return Measures(held, int((off > 0).sum()), unproved, int(off.sum()), cost)


def _words(
    moves: tuple[Move, ...], moved: int, before: Measures, after: Measures, findings: list[Finding]
) -> tuple[str, str]:
    """Say in Chinese and English what the moves do, or why there are none."""
    if moves:
        zh = f"移动 {len(moves)} 个街坊（{moved} 户），超出范围的网格由 {before.out_of_band} 个减为"
        zh = f"{zh} {after.out_of_band} 个"
        en = f"move {len(moves)} blocks ({moved} households): {before.out_of_band} grids out of band become"
        en = f"{en} {after.out_of_band}"
    elif not before.out_of_band:
        zh, en = "这些网格均在范围内，无需调整", "these grids are in the band: nothing to change"
    else:
        zh, en = "仅在这些网格之间调整，没有更好的划分", "moving blocks among these grids alone finds nothing better"
    if after.out_of_band and findings:
        zh = "；".join([zh, *(finding.message_zh for finding in findings)])
        en = "; ".join([en, *(finding.message_en for finding in findings)])
    if after.unproved:
        zh, en = f"{zh}；请加选相邻网格", f"{en}; name a grid beside them as well"
    return zh, en
