"""What mends a grid that misses the band without need: a block to move, a merger, a split."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gis_grid.rules import words
from gis_grid.rules.context import Context
from gis_grid.rules.parts import Ints

_TRIES = 60
_ANEW = "重新划分此处 / divide this place anew"


def mends(ctx: Context, grid: int) -> tuple[str, ...]:
    """Return remedies for one grid, best first: blocks whose move mends it, then a merger or a split."""
    found = list(_moves(ctx, grid))[:2]
    load, band = int(ctx.load[grid]), ctx.band
    if load < band.min:
        found += _mergers(ctx, grid)[:1]
    elif load >= 2 * band.min and len(band.feasible_counts(load)):
        parts = band.feasible_counts(load)[0]
        found.append(words.joined(f"划分为 {parts} 个网格", f"divide it into {parts} grids"))
    return (*found, _ANEW)


def _moves(ctx: Context, grid: int) -> Iterator[str]:
    """Yield single blocks whose move brings this grid and its neighbour into the band, each still in one piece."""
    load, band = int(ctx.load[grid]), ctx.band
    under = load < band.min
    tries = 0
    for mine, theirs in _contacts(ctx, grid):
        block, giver, taker = (theirs, int(ctx.grid[theirs]), grid) if under else (mine, grid, int(ctx.grid[theirs]))
        weight = int(ctx.households[block])
        after = int(ctx.load[giver]) - weight, int(ctx.load[taker]) + weight
        if weight == 0 or any(band.off_by(total) for total in after):
            continue
        tries += 1
        if tries > _TRIES:
            return
        if _stays_whole(ctx, giver, block):
            zh, en = ctx.called.block(block)
            to_zh, to_en = ctx.grid_called(taker)
            yield words.joined(
                f"将{zh.rstrip()}（{weight} 户）划入{to_zh}", f"move {en} ({weight} households) to {to_en}"
            )


def _contacts(ctx: Context, grid: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of a block of the grid and a neighbour in another grid of its community, each neighbour pair once."""
    open_ = ctx.open
    one, other = ctx.grid[ctx.ends[:, 0]], ctx.grid[ctx.ends[:, 1]]
    ahead = ctx.ends[open_ & (one == grid) & (other != grid) & (other >= 0)]
    back = ctx.ends[open_ & (other == grid) & (one != grid) & (one >= 0)][:, ::-1]
    pairs = np.concatenate([ahead, back])
    seen: set[tuple[int, int]] = set()
    for mine, theirs in pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].tolist():
        key = (theirs, grid) if ctx.load[grid] < ctx.band.min else (mine, int(ctx.grid[theirs]))
        if key not in seen:
            seen.add(key)
            yield mine, theirs


def _stays_whole(ctx: Context, grid: int, without: int) -> bool:
    members: Ints = ctx.members[grid]
    remaining = members[members != without]
    return len(remaining) > 0 and int(ctx.parts.pieces(remaining).max()) == 0


def _mergers(ctx: Context, grid: int) -> list[str]:
    loads = {int(ctx.grid[theirs]) for _, theirs in _contacts(ctx, grid)}
    fitting = sorted(k for k in loads if not ctx.band.off_by(int(ctx.load[k] + ctx.load[grid])))
    out = []
    for k in fitting:
        zh, en = ctx.grid_called(k)
        out.append(words.joined(f"并入{zh}", f"merge it into {en}"))
    return out
