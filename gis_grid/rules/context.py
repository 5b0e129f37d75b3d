"""A plan as the arrays that all rules look at, made once for a check."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.plan import Plan
from gis_grid.rules.findings import Remedy
from gis_grid.rules.issues import Issue
from gis_grid.rules.parts import Flags, Ints, Parts, connected, cut_into_parts, link_matrix
from gis_grid.rules.words import Names, spaced
from gis_grid.scheme import Band

Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Limits:
    """Say from where on a matter of taste is worth a warning.

    `compactness` (Polsby–Popper) and `width_m` are the least that pass; `off_lines` is the share of a grid's inner
    border that may run through blocks, `spread` how far loads may scatter in a community (standard deviation over
    mean).
    """

    compactness: float = 0.2
    width_m: float = 20.0
    off_lines: float = 0.25
    spread: float = 0.2


@dataclass(frozen=True)
class Context:
    """Hold a plan by position: `grid` numbers the grid of each block (-1: none), `ends` the blocks of each border.

    `borders` are the rows of the plan's borders behind `ends`; those that name an unknown block are left out.
    """

    plan: Plan
    limits: Limits
    ids: Texts
    grid: Ints
    grid_ids: Texts
    ends: Ints
    borders: pd.DataFrame

    @property
    def band(self) -> Band:
        """The band of the main tier."""
        return self.plan.scheme.main.band

    @cached_property
    def households(self) -> Ints:
        """Households of each block."""
        counts: Ints = self.plan.blocks["households"].to_numpy(dtype=np.int64)
        return counts

    @cached_property
    def load(self) -> Ints:
        """Households of each grid."""
        held = self.grid >= 0
        load: Ints = np.bincount(self.grid[held], self.households[held], len(self.grid_ids)).astype(np.int64)
        return load

    @cached_property
    def community(self) -> Texts:
        """Community code of each block."""
        codes: Texts = self.plan.blocks["community_code"].astype(str).to_numpy(dtype=object)
        return codes

    @cached_property
    def codes(self) -> Texts:
        """Code of each grid, "" where it has none."""
        if "code" not in self.plan.grids:
            return np.full(len(self.grid_ids), "", dtype=object)
        codes: Texts = self.plan.grids["code"].reindex(self.grid_ids).fillna("").astype(str).to_numpy(dtype=object)
        return codes

    @cached_property
    def barrier(self) -> Flags:
        """Mark the borders along barriers."""
        return self.borders["barrier"].to_numpy(dtype=bool)

    @cached_property
    def open(self) -> Flags:
        """Mark the borders between blocks that may share a grid: of one community, without a barrier."""
        _, number = np.unique(self.community.astype(str), return_inverse=True)
        return np.asarray((number[self.ends[:, 0]] == number[self.ends[:, 1]]) & ~self.barrier)

    @cached_property
    def inner(self) -> Flags:
        """Mark the borders between two blocks of one grid."""
        one, other = self.grid[self.ends[:, 0]], self.grid[self.ends[:, 1]]
        return np.asarray((one == other) & (one >= 0))

    @cached_property
    def parts(self) -> Parts:
        """The independent parts of the district."""
        return cut_into_parts(self.plan.blocks, self.plan.borders, self.band)

    @cached_property
    def community_names(self) -> dict[str, str]:
        """Names of the communities by code."""
        frame = self.plan.communities
        if not {"community_code", "name"} <= set(frame.columns):
            return {}
        return dict(zip(frame["community_code"].astype(str), frame["name"].fillna("").astype(str), strict=True))

    @cached_property
    def called(self) -> Names:
        """What blocks and communities are called."""
        return Names(self.plan.blocks, self.community_names)

    @cached_property
    def members(self) -> list[Ints]:
        """Positions of the blocks of each grid."""
        order = np.argsort(self.grid, kind="stable")
        edges = np.searchsorted(self.grid[order], np.arange(len(self.grid_ids) + 1))
        return np.split(order, edges)[1:-1] if len(self.grid_ids) else []

    def pieces(self, kept: Flags) -> Ints:
        """Return a number for the connected pieces of grids when only the kept borders inside grids may be crossed."""
        return connected(link_matrix(self.ends[kept & self.inner], len(self.ids)))

    def issue(
        self,
        rule: str,
        severity: str,
        said: tuple[str, str],
        *,
        grid: int = -1,
        blocks: Ints | None = None,
        found: object = "",
        wanted: object = "",
        remedies: tuple[str, ...] = (),
        tried: tuple[Remedy, ...] = (),
    ) -> Issue:
        """Make an issue from positions; `said` is the message in Chinese and English."""
        named = () if blocks is None else tuple(sorted(str(block) for block in self.ids[blocks]))
        grid_id, code = (str(self.grid_ids[grid]), str(self.codes[grid])) if grid >= 0 else ("", "")
        zh, en = said[0].strip(), said[1].strip()
        return Issue(rule, severity, zh, en, grid_id, code, named, str(found), str(wanted), remedies, tried)

    def grid_called(self, grid: int) -> tuple[str, str]:
        """Return what a grid is called: the name of its tier, and its code or its id."""
        name, tier = self.codes[grid] or self.grid_ids[grid], self.plan.scheme.main
        return spaced(f"{tier.name_zh} {name}"), f"{tier.name_en} {name}"


@dataclass(frozen=True)
class Rule:
    """One rule of division: its id, its name, and the function that yields what breaks it."""

    id: str
    title_zh: str
    title_en: str
    find: Callable[[Context], Iterator[Issue]]


def make_context(plan: Plan, limits: Limits) -> Context:
    """Lay out a plan for the rules; blocks without a grid and grids without a block are kept as such."""
    index = plan.blocks.index
    grid_of = plan.assignment[~plan.assignment.index.duplicated()].reindex(index)
    held = grid_of.notna().to_numpy() & (grid_of.fillna("").astype(str) != "").to_numpy()
    names, number = np.unique(grid_of[held].astype(str).to_numpy(dtype=str), return_inverse=True)
    grid = np.full(len(index), -1, dtype=np.int64)
    grid[held] = number
    ends = np.stack([index.get_indexer(plan.borders[side]) for side in ("a", "b")], axis=1).astype(np.int64)
    known = (ends >= 0).all(axis=1)
    borders = pd.DataFrame(plan.borders.drop(columns=plan.borders.geometry.name)).iloc[np.flatnonzero(known)]
    ids = index.astype(str).to_numpy(dtype=object)
    return Context(plan, limits, ids, grid, names.astype(object), ends[known], borders)
