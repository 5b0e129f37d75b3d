"""Rules on where borders run and how grids look: whole compounds and buildings, along streets, compact."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.rules.context import Context
from gis_grid.rules.issues import Issue
from gis_grid.rules.parts import Ints
from gis_grid.rules.words import joined
from gis_grid.units import reach_m

#: borders that run through a block, with a name for the message
_THROUGH = {"cell": ("楼间", "between buildings"), "stairwell": ("楼内单元间", "between stairwells of a building")}
#: atoms that are pieces of something that should stay whole
_PIECES = ("stairwell", "cut")
#: columns that name the whole a block is a piece of, and what the whole is
_WHOLES = {
    "parent_block_id": ("街坊", "block"),
    "compound": ("小区", "compound"),
    "building": ("楼栋", "building"),
}


def whole_atoms(ctx: Context) -> Iterator[Issue]:
    """Find blocks, compounds and buildings that lie in several grids although they would fit into one.

    Strips of a building and parts cut by hand belong together by `parent_block_id`, other pieces by the columns
    `compound` and `building` where blocks have them; a street face is no atom. A cut that a planner drew (`atom` is
    `cut`) is a warning.
    """
    atom = ctx.plan.blocks["atom"].to_numpy()
    for column, (kind_zh, kind_en) in _WHOLES.items():
        if column not in ctx.plan.blocks:
            continue
        named = ctx.plan.blocks[column].fillna("").astype(str).to_numpy(dtype=object)
        if column == "parent_block_id":
            named = np.where(np.isin(atom, _PIECES), named, "")
        for whole, members, total in _cut_wholes(ctx, named):
            drawn = (atom[members] == "cut").any()
            grids = np.unique(ctx.grid[members])
            said = (
                f"{kind_zh} {whole} 共 {total} 户，可归入一个网格，却分属 {len(grids)} 个网格",
                f"{kind_en} {whole} holds {total} households and fits into one grid, but lies in {len(grids)}",
            )
            main = int(np.bincount(ctx.grid[members], ctx.households[members] + 1).argmax())
            to_zh, to_en = ctx.grid_called(main)
            cure = joined(f"整体划入{to_zh}", f"put all of it into {to_en}")
            yield ctx.issue(
                "whole-atoms",
                "warning" if drawn else "error",
                said,
                grid=main,
                blocks=members,
                found=len(grids),
                wanted=1,
                remedies=(cure,),
            )


def _cut_wholes(ctx: Context, named: NDArray[np.object_]) -> Iterator[tuple[str, Ints, int]]:
    rows = np.flatnonzero((named != "") & (ctx.grid >= 0))
    frame = pd.DataFrame(
        {
            "whole": named[rows],
            "home": ctx.community[rows],
            "grid": ctx.grid[rows],
            "load": ctx.households[rows],
            "row": rows,
        }
    )
    for (whole, _), group in frame.groupby(["whole", "home"], sort=True):
        total = int(group["load"].sum())
        if group["grid"].nunique() > 1 and total <= ctx.band.max:
            yield str(whole), group["row"].to_numpy(), total


def on_lines(ctx: Context) -> Iterator[Issue]:
    """Find grids whose border with others runs through blocks for a good part of its length."""
    kind = ctx.borders["street_class"].astype(str).to_numpy(dtype=object)
    metres = ctx.borders["shared_m"].to_numpy(dtype=float)
    one, other = ctx.grid[ctx.ends[:, 0]], ctx.grid[ctx.ends[:, 1]]
    drawn = one != other
    through = drawn & np.isin(kind, list(_THROUGH))
    sides = np.concatenate([one, other])
    known = sides >= 0
    count = len(ctx.grid_ids)
    length = np.bincount(sides[known], np.tile(np.where(drawn, metres, 0.0), 2)[known], count)
    off = np.bincount(sides[known], np.tile(np.where(through, metres, 0.0), 2)[known], count)
    share = np.divide(off, length, out=np.zeros(count), where=length > 0)
    for grid in np.flatnonzero(share > ctx.limits.off_lines):
        zh, en = ctx.grid_called(int(grid))
        said = (
            f"{zh}与相邻网格的边界有 {off[grid]:.0f} 米（{share[grid]:.0%}）穿越街坊内部",
            f"{off[grid]:.0f} m ({share[grid]:.0%}) of the border of {en} with its neighbours run through blocks",
        )
        wanted = f"≤ {ctx.limits.off_lines:.0%}"
        cure = "将边界移至道路或围墙 / move the border to a street or a wall"
        yield ctx.issue(
            "on-lines", "warning", said, grid=int(grid), found=f"{share[grid]:.0%}", wanted=wanted, remedies=(cure,)
        )


def compact(ctx: Context) -> Iterator[Issue]:
    """Find grids that are stringy (low Polsby–Popper) or pinched (with a neck below the least width).

    A grid that has its part of the community to itself has nothing to exchange and is let pass.
    """
    shapes = ctx.plan.grids.geometry.reindex(ctx.grid_ids)
    there = np.flatnonzero(shapes.notna().to_numpy())
    geometry = shapes.to_numpy()[there]
    area, perimeter = shapely.area(geometry), shapely.length(geometry)
    score = np.divide(4 * np.pi * area, perimeter**2, out=np.zeros(len(area)), where=perimeter > 0)
    pinched = _pinched(geometry, area, ctx.limits.width_m)
    held = ctx.grid >= 0
    shared = np.unique(np.stack([ctx.parts.part[held], ctx.grid[held]], axis=1), axis=0)
    company = np.bincount(shared[:, 0], minlength=len(ctx.ids))[shared[:, 0]]
    choice = np.isin(there, shared[company > 1, 1])
    for k in np.flatnonzero(((score < ctx.limits.compactness) | pinched) & choice):
        grid = int(there[k])
        zh, en = ctx.grid_called(grid)
        cure = "与相邻网格交换街坊，使形状规整 / exchange blocks with neighbouring grids"
        if score[k] < ctx.limits.compactness:
            said = f"{zh}形状狭长，紧凑度 {score[k]:.2f}", f"{en} is stringy: compactness {score[k]:.2f}"
            found, wanted = f"{score[k]:.2f}", f"≥ {ctx.limits.compactness:.2f}"
        else:
            width = ctx.limits.width_m
            said = f"{zh}有宽不足 {width:.0f} 米的狭颈", f"{en} has a neck narrower than {width:.0f} m"
            found, wanted = f"< {width:.0f} m", f"≥ {width:.0f} m"
        yield ctx.issue("compact", "warning", said, grid=grid, found=found, wanted=wanted, remedies=(cure,))


def radius(ctx: Context) -> Iterator[Issue]:
    """Find grids whose homes no single service point can reach within the radius of the tier.

    Homes stand at a point inside their block; the smallest circle around them says how near the best place can be.
    """
    limit = ctx.plan.scheme.main.radius_m
    if limit <= 0:
        return
    reach = reach_m(ctx.plan.blocks, ctx.grid)
    for k in np.flatnonzero(reach > limit):
        zh, en = ctx.grid_called(int(k))
        said = (
            f"{zh}最远住户距最佳服务点约 {reach[k]:.0f} 米，超过 {limit:.0f} 米",
            f"the farthest homes of {en} are about {reach[k]:.0f} m from the best service point, above {limit:.0f} m",
        )
        cure = joined(
            "与相邻网格交换街坊，使住户集中", "exchange blocks with neighbouring grids to draw homes together"
        )
        yield ctx.issue(
            "radius",
            "error",
            said,
            grid=int(k),
            found=f"{reach[k]:.0f} m",
            wanted=f"≤ {limit:.0f} m",
            remedies=(cure,),
        )


def _pinched(shapes: NDArray[np.object_], area: NDArray[np.float64], width_m: float) -> NDArray[np.bool_]:
    """Mark shapes that vanish or fall into considerable parts when a rim of half the width is taken off."""
    inner = shapely.buffer(shapes, -width_m / 2, quad_segs=1, join_style="mitre")
    parts, of = shapely.get_parts(inner, return_index=True)
    before = shapely.get_num_geometries(shapes)
    big = shapely.area(parts) > 0.05 * area[of]
    count = np.bincount(of[big], minlength=len(shapes))
    return np.asarray((count == 0) | (count > before))
