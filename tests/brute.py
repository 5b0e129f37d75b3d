"""What the rules say of tiny plans, worked out the slowest way: every division into connected grids is looked at.

Written from the pages in `docs/rules` alone; nothing of `gis_grid` is used, so that it can disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

Pair = tuple[int, int]
Grid = frozenset[int]


@dataclass(frozen=True)
class Town:
    """Hold blocks 0, 1, … with households and community, the pairs that share a border, and those along a barrier."""

    load: tuple[int, ...]
    community: tuple[str, ...]
    pairs: frozenset[Pair]
    walls: frozenset[Pair]
    low: int
    high: int

    @cached_property
    def open(self) -> frozenset[Pair]:
        """Borders inside a community that a grid may reach across."""
        return frozenset(p for p in self.pairs - self.walls if self.community[p[0]] == self.community[p[1]])

    def total(self, blocks: Iterable[int]) -> int:
        return sum(self.load[block] for block in blocks)

    def fits(self, grid: Iterable[int]) -> bool:
        return self.low <= self.total(grid) <= self.high

    def oversize(self, grid: Iterable[int]) -> list[int]:
        """Return the blocks that alone exceed the band."""
        return [block for block in grid if self.load[block] > self.high]


def pieces(blocks: Iterable[int], pairs: Iterable[Pair]) -> list[Grid]:
    """Return the connected pieces of some blocks."""
    left, found = set(blocks), []
    while left:
        reached, fresh = set(), {min(left)}
        while fresh:
            reached |= fresh
            near = {b for a, b in pairs if a in fresh} | {a for a, b in pairs if b in fresh}
            fresh = (near & left) - reached
        left -= reached
        found.append(frozenset(reached))
    return found


def connected_sets(blocks: Grid, pairs: Iterable[Pair]) -> list[Grid]:
    """Return every connected set of some blocks."""
    pairs = list(pairs)
    every = (frozenset(c) for size in range(1, len(blocks) + 1) for c in combinations(sorted(blocks), size))
    return [one for one in every if len(pieces(one, pairs)) == 1]


def divisions(blocks: Grid, sets: Sequence[Grid]) -> Iterator[list[Grid]]:
    """Yield every way to part blocks into some of the sets."""
    if not blocks:
        yield []
        return
    first = min(blocks)
    for grid in sets:
        if first in grid and grid <= blocks:
            for rest in divisions(blocks - grid, sets):
                yield [grid, *rest]


def parts(town: Town) -> list[Grid]:
    """Return the pieces of the communities when no barrier may be crossed: what is divided independently."""
    return pieces(range(len(town.load)), town.open)


def is_admissible(town: Town, grid: Grid) -> bool:
    """Tell whether a grid is in band, or so that it may be excused where nothing better is possible.

    At most one block above the band; without one fewer than `min + max` households, as it could give up a grid.
    """
    heavy = town.oversize(grid)
    return town.fits(grid) or len(heavy) == 1 or (not heavy and town.total(grid) < town.low + town.high)


def fewest_out(town: Town, part: Grid) -> int:
    """Return how many grids out of band every division of a part has at least."""
    sets = [one for one in connected_sets(part, town.open) if is_admissible(town, one)]
    return min(sum(not town.fits(grid) for grid in one) for one in divisions(part, sets))


def split_faults(town: Town, grids: Sequence[Grid]) -> dict[str, set[Grid]]:
    """Return the grids that break a rule about where they lie, by rule; excused ones are not among them."""
    faults: dict[str, set[Grid]] = {"inside-parent": set(), "contiguous": set(), "barrier": set()}
    for grid in grids:
        codes = {town.community[block] for block in grid}
        if len(codes) > 1:
            faults["inside-parent"].add(grid)
        whole, apart = pieces(grid, town.pairs), pieces(grid, town.pairs - town.walls)
        if len(whole) > 1 and not _are_islands(town, grid, whole):
            faults["contiguous"].add(grid)
        if len(apart) > len(whole) and not _is_empty_ground(town, grid, apart):
            faults["barrier"].add(grid)
    return faults


def _are_islands(town: Town, grid: Grid, whole: Sequence[Grid]) -> bool:
    """Tell whether all pieces of a grid but one are islands of its community, too small to be grids of their own."""
    if len({town.community[block] for block in grid}) > 1:
        return False
    same = [p for p in town.pairs if town.community[p[0]] == town.community[p[1]]]
    lands = pieces(range(len(town.load)), same)
    islands = [piece for piece in whole if piece in lands and town.total(piece) < town.low]
    return len(islands) >= len(whole) - 1 and len({land for land in lands if land & grid}) == len(whole)


def _is_empty_ground(town: Town, grid: Grid, apart: Sequence[Grid]) -> bool:
    """Tell whether all pieces of a grid but its main one are whole pieces of ground where nobody lives."""
    main = max(apart, key=lambda piece: (town.total(piece), len(piece), -min(piece)))
    ground = parts(town)
    empty = all(town.total(land) == 0 and land <= grid for land in ground if land & (grid - main))
    return empty and len({town.community[block] for block in grid}) == 1


def gaps_and_overlaps(cells: Iterable[Pair], ground: Iterable[Pair]) -> tuple[int, int]:
    """Count the squares of the ground that no block covers, and those that are covered more than once."""
    held = list(cells)
    return len(set(ground) - set(held)), len(held) - len(set(held))
