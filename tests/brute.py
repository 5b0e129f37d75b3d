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
    return out_of(town, best_division(town, part))


def out_of(town: Town, grids: Iterable[Grid]) -> int:
    """Count the grids out of band."""
    return sum(not town.fits(grid) for grid in grids)


def best_division(town: Town, part: Grid) -> list[Grid]:
    """Return a division of a part with as few grids out of band as any."""
    sets = [one for one in connected_sets(part, town.open) if is_admissible(town, one)]
    return min(divisions(part, sets), key=lambda grids: out_of(town, grids))


def rests(town: Town, part: Grid) -> list[Grid]:
    """Return the pieces of a part that remain when the blocks above the band are taken out."""
    return pieces(part - set(town.oversize(part)), town.open)


def trapped(town: Town, rest: Grid) -> list[Grid]:
    """Return the clusters of populated blocks that no connected grid within the band can hold."""
    free = frozenset[int]().union(*(one for one in connected_sets(rest, town.open) if town.fits(one)))
    return pieces({block for block in rest - free if town.load[block]}, town.open)


def most_excused(town: Town, part: Grid) -> int:
    """Return how many grids of a part may be excused: as many as its proofs need.

    A block above the band needs one, every cluster of trapped blocks one, and what cannot be divided within the band
    as many as its best division has, though none where nobody lives beside a block above the band.
    """
    heavy = town.oversize(part)
    peopled = [rest for rest in rests(town, part) if town.total(rest) or not heavy]
    return len(heavy) + sum(max(fewest_out(town, rest), len(trapped(town, rest))) for rest in peopled)


def may_be_excused(town: Town, grid: Grid) -> bool:
    """Tell whether a grid out of band is such that a proof could excuse it: in one part, and with nothing to give."""
    part = next((one for one in parts(town) if grid <= one), None)
    if part is None or not is_admissible(town, grid):
        return False
    if not town.oversize(grid):
        return True
    return all(not town.total(rest & grid) or fewest_out(town, rest) for rest in rests(town, part))


def must_be_excused(town: Town, part: Grid, grids: Sequence[Grid]) -> bool:
    """Tell whether all grids out of band of a division of a part are surely unavoidable.

    Beside a block above the band lie at most whole leftovers too small to be grids, and every proof is answered once.
    """
    if not all(len(pieces(grid, town.open)) == 1 and is_admissible(town, grid) for grid in grids):
        return False
    out = [grid for grid in grids if not town.fits(grid)]
    if not town.oversize(part):
        return len(out) == fewest_out(town, part)
    for rest in rests(town, part):
        touching = [grid for grid in out if town.total(grid & rest)]
        beside = [grid for grid in touching if town.oversize(grid)]
        if len(touching) > (1 if fewest_out(town, rest) else 0):
            return False
        if beside and (town.total(rest) >= town.low or not rest <= beside[0]):
            return False
    return not any(town.total(grid) == 0 for grid in out)


@dataclass(frozen=True)
class Prices:
    """Hold the objective of a scheme: per metre and class, for perimeter, balance, and main streets inside."""

    per_m: dict[str, float]
    main: frozenset[str]
    compactness: float
    balance: float
    inside: float
    target: int


def rank(town: Town, grids: Sequence[Grid], lines: dict[Pair, tuple[str, float]], prices: Prices) -> tuple[float, ...]:
    """Return what plans are compared by: grids out of band, households out of band, cost; less is better.

    A grid so heavy that it could give up whole grids counts as often as it could be filled. `lines` gives class and
    metres of every border; the outline, which no division changes, is left out of the cost.
    """
    step = max(town.low, (town.high + 1) // 2)
    out = missed = 0
    cost = 0.0
    for grid in grids:
        total = town.total(grid)
        if total > town.high:
            out += 1 if total < step + town.high else total // step
        elif total < town.low:
            out += 1
        missed += max(0, town.low - total, total - town.high)
        half = prices.target - town.low if total < prices.target else town.high - prices.target
        cost += prices.balance * min(1.0, abs(total - prices.target) / max(1, half)) ** 2
    for pair, (kind, metres) in lines.items():
        if any(pair[0] in grid and pair[1] in grid for grid in grids):
            cost += metres * prices.inside * (kind in prices.main)
        else:
            cost += metres * (prices.per_m[kind] + 2 * prices.compactness)
    return out, missed, cost


def cheapest(town: Town, lines: dict[Pair, tuple[str, float]], prices: Prices) -> tuple[float, ...]:
    """Return the rank of the best division of a town that is one part, every division having been looked at."""
    every = frozenset(range(len(town.load)))
    most = max(1, town.total(every) // town.low if town.low else len(every))
    ways = divisions(every, connected_sets(every, town.open))
    return min(rank(town, grids, lines, prices) for grids in ways if len(grids) <= most)


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
    """Tell whether what a grid holds across barriers are whole pieces of ground where nobody lives.

    Ground is across a barrier from the main piece of its island, not from what the grid holds elsewhere.
    """
    beyond = set(grid)
    for island in pieces(grid, town.pairs):
        near = [piece for piece in apart if piece <= island]
        beyond -= max(near, key=lambda piece: (town.total(piece), len(piece), -min(piece)))
    empty = all(town.total(land) == 0 and land <= grid for land in parts(town) if land & beyond)
    return empty and len({town.community[block] for block in grid}) == 1


def gaps_and_overlaps(cells: Iterable[Pair], ground: Iterable[Pair]) -> tuple[int, int]:
    """Count the squares of the ground that no block covers, and those that are covered more than once."""
    held = list(cells)
    return len(set(ground) - set(held)), len(held) - len(set(held))
