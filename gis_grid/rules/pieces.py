"""Rules on what holds a grid together: one piece, and none that only hangs together across a barrier."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gis_grid.rules.context import Context
from gis_grid.rules.issues import Issue
from gis_grid.rules.parts import Ints, connected, link_matrix
from gis_grid.rules.words import OPEN_BARRIER, barrier_names


def contiguous(ctx: Context) -> Iterator[Issue]:
    """Find grids in several pieces; blocks that meet only in a corner do not hold together.

    An island too small to be a grid of its own may belong to another part of its community: an exception.
    """
    pieces = ctx.pieces(np.ones(len(ctx.ends), dtype=bool))
    for grid in _broken(ctx, pieces):
        members = ctx.members[grid]
        apart = _lesser_pieces(ctx, members, pieces)
        count = len(np.unique(pieces[members]))
        zh, en = ctx.grid_called(grid)
        which_zh, which_en = ctx.called.blocks(apart)
        said = (
            f"{zh}分为 {count} 块，脱离主体的有 {which_zh}",
            f"{en} is in {count} pieces; apart from the main one: {which_en}",
        )
        if _only_islands(ctx, grid, pieces):
            said = (
                f"{said[0]}（孤立地块，户数不足以自成网格）",
                f"{said[1]} (islands too small to be grids of their own)",
            )
            yield ctx.issue("contiguous", "exception", said, grid=grid, blocks=apart, found=count, wanted=1)
            continue
        cure = "将脱离主体的街坊划入其相邻网格 / put the blocks apart into a grid they touch"
        yield ctx.issue("contiguous", "error", said, grid=grid, blocks=apart, found=count, wanted=1, remedies=(cure,))


def barrier(ctx: Context) -> Iterator[Issue]:
    """Find grids whose pieces hang together only across a river, a railway, an expressway or another barrier.

    Ground without households that a barrier cuts off from all others of its community – a river bank, a railway yard –
    may go with the grid across from it: an exception.
    """
    whole = ctx.pieces(np.ones(len(ctx.ends), dtype=bool))
    pieces = ctx.pieces(~ctx.barrier)
    for grid in _broken(ctx, pieces):
        members = ctx.members[grid]
        if len(np.unique(pieces[members])) == len(np.unique(whole[members])):
            continue  # in pieces, but not by a barrier
        across = ctx.barrier & ctx.inner & (ctx.grid[ctx.ends[:, 0]] == grid)
        across &= pieces[ctx.ends[:, 0]] != pieces[ctx.ends[:, 1]]
        names = barrier_names(ctx.borders[across])
        grounds = [members[whole[members] == one] for one in np.unique(whole[members])]  # islands are not across it
        apart = np.sort(np.concatenate([_lesser_pieces(ctx, ground, pieces) for ground in grounds]))
        zh, en = ctx.grid_called(grid)
        said = (
            f"{zh}跨越{'、'.join(name[0] for name in names)}",
            f"{en} straddles {', '.join(name[1] for name in names)}",
        )
        count = len(np.unique(pieces[members]))
        if _only_empty(ctx, grid, apart):
            said = f"{said[0]}（对面没有住户）", f"{said[1]} (nobody lives across)"
            yield ctx.issue("barrier", "exception", said, grid=grid, blocks=apart, found=count, wanted=1)
            continue
        cures = (
            "以该分隔线为界划开 / divide it along the barrier",
            OPEN_BARRIER,
        )
        yield ctx.issue("barrier", "error", said, grid=grid, blocks=apart, found=count, wanted=1, remedies=cures)


def _only_empty(ctx: Context, grid: int, apart: Ints) -> bool:
    """Tell whether what a grid holds across a barrier are whole parts of its community in which nobody lives."""
    members = ctx.members[grid]
    cut_off = np.isin(ctx.parts.part, ctx.parts.part[apart])
    at_home = len(set(ctx.community[members])) == 1
    return at_home and not ctx.households[cut_off].any() and bool((ctx.grid[cut_off] == grid).all())


def _broken(ctx: Context, pieces: Ints) -> list[int]:
    """Return the grids with blocks in more than one piece."""
    held = ctx.grid >= 0
    pairs = np.unique(np.stack([ctx.grid[held], pieces[held]], axis=1), axis=0)
    grids, count = np.unique(pairs[:, 0], return_counts=True)
    return [int(grid) for grid in grids[count > 1]]


def _lesser_pieces(ctx: Context, members: Ints, pieces: Ints) -> Ints:
    """Return the blocks of a grid outside its heaviest piece."""
    numbers, local = np.unique(pieces[members], return_inverse=True)
    weight = np.bincount(local, ctx.households[members], len(numbers))
    main = np.lexsort((-np.bincount(local), -weight))[0]
    lesser: Ints = members[local != main]
    return lesser


def _only_islands(ctx: Context, grid: int, pieces: Ints) -> bool:
    """Tell whether all pieces of a grid but one are whole islands of its community, each below `min`."""
    members = ctx.members[grid]
    if len(set(ctx.community[members])) > 1:
        return False
    same = ctx.community[ctx.ends[:, 0]] == ctx.community[ctx.ends[:, 1]]
    land = connected(link_matrix(ctx.ends[same], len(ctx.ids)))
    lands = np.unique(land[members])
    if len(lands) != len(np.unique(pieces[members])):
        return False
    totals = np.array([ctx.households[land == one].sum() for one in lands])
    entire = np.array([(ctx.grid[land == one] == grid).all() for one in lands])
    return bool((entire & (totals < ctx.band.min)).sum() >= len(lands) - 1)
