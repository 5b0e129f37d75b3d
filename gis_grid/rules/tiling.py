"""Rules on how grids lie in their communities: inside one, without gap, without overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely

from gis_grid.rules.context import Context
from gis_grid.rules.issues import Issue
from gis_grid.rules.words import joined

#: what two areas may differ by: this share of the larger, or this many square metres
_SHARE, _AREA_M2 = 1e-5, 1.0
_SHOWN = 10


def inside_parent(ctx: Context) -> Iterator[Issue]:
    """Find grids with blocks of several communities, and blocks that lie outside the community they name."""
    held = np.flatnonzero(ctx.grid >= 0)
    pairs = pd.DataFrame({"grid": ctx.grid[held], "community": ctx.community[held], "load": ctx.households[held]})
    shares = pd.DataFrame(pairs.groupby(["grid", "community"], as_index=False)[["load"]].sum())
    for grid in shares.loc[shares.duplicated(["grid"]), "grid"].unique():
        tally = shares[shares["grid"] == grid]
        members = ctx.members[int(grid)]
        main = tally.sort_values(["load", "community"], ascending=[False, True])["community"].iloc[0]
        strangers = members[ctx.community[members] != main]
        zh, en = ctx.grid_called(int(grid))
        names = [ctx.called.community(str(code)) for code in tally["community"]]
        said = (
            f"{zh}跨越 {'、'.join(name[0] for name in names)}",
            f"{en} lies in {', '.join(name[1] for name in names)}",
        )
        home_zh, home_en = ctx.called.community(str(main))
        cure = joined(f"将不属于{home_zh}的街坊划出", f"take out the blocks that are not of {home_en}")
        yield ctx.issue(
            "inside-parent",
            "error",
            said,
            grid=int(grid),
            blocks=strangers,
            found=len(tally),
            wanted=1,
            remedies=(cure,),
        )
    yield from _misplaced(ctx)


def _misplaced(ctx: Context) -> Iterator[Issue]:
    frame = ctx.plan.communities
    if not len(frame) or "community_code" not in frame:
        return
    area = pd.Series(frame.geometry.to_numpy(), index=frame["community_code"].astype(str).to_numpy())
    area = area[~area.index.duplicated()].reindex(ctx.community)
    known = np.flatnonzero(area.notna().to_numpy())
    shapes = area.to_numpy()[known]
    shapely.prepare(frame.geometry.to_numpy())
    point = shapely.point_on_surface(ctx.plan.blocks.geometry.to_numpy()[known])
    outside = known[~shapely.intersects(shapes, point)]
    for grid in np.unique(ctx.grid[outside]):
        strays = outside[ctx.grid[outside] == grid]
        zh, en = ctx.called.blocks(strays)
        home_zh, home_en = ctx.called.community_of(int(strays[0]))
        said = f"{zh}不在{home_zh}范围内", f"{en}: outside the outline of {home_en}"
        cure = "更正街坊所属社区代码 / correct the community code of the blocks"
        yield ctx.issue("inside-parent", "error", said, grid=int(grid), blocks=strays, remedies=(cure,))


def no_gap(ctx: Context) -> Iterator[Issue]:
    """Find blocks without a grid, ground that no block covers, and shapes that lack blocks of theirs."""
    loose = np.flatnonzero(ctx.grid < 0)
    if len(loose):
        zh, en = ctx.called.blocks(loose)
        said = f"{len(loose)} 个街坊未划入任何网格：{zh}", f"{len(loose)} blocks have no grid: {en}"
        cure = "划入相邻网格 / put them into a neighbouring grid"
        yield ctx.issue("no-gap", "error", said, blocks=loose, found=len(loose), wanted=0, remedies=(cure,))
    for code, missing in _uncovered(ctx).items():
        if missing > 0:
            zh, en = ctx.called.community(code)
            said = f"{zh}有 {missing:.0f} 平方米未被街坊覆盖", f"{missing:.0f} m² of {en} are covered by no block"
            yield ctx.issue("no-gap", "error", said, found=f"{missing:.0f} m²", wanted="0 m²")
    for grid, missing in _shape_misses(ctx):
        if missing > 0:
            zh, en = ctx.grid_called(grid)
            said = (
                f"{zh}的图形比其街坊少 {missing:.0f} 平方米",
                f"the shape of {en} lacks {missing:.0f} m² of its blocks",
            )
            cure = "由街坊重新生成网格图形 / derive the shape from its blocks again"
            yield ctx.issue(
                "no-gap", "error", said, grid=grid, found=f"{missing:.0f} m²", wanted="0 m²", remedies=(cure,)
            )


def no_overlap(ctx: Context) -> Iterator[Issue]:
    """Find blocks that overlap, neighbours that do not share their nodes, and shapes that reach beyond their blocks."""
    shapes = ctx.plan.blocks.geometry.to_numpy()
    if len(shapes) and not shapely.coverage_is_valid(shapes):
        yield from _overlaps(ctx)
    for code, missing in _community_misses(ctx).items():
        if missing < 0:
            zh, en = ctx.called.community(code)
            said = (
                f"{zh}的街坊超出其范围 {-missing:.0f} 平方米",
                f"the blocks of {en} exceed its area by {-missing:.0f} m²",
            )
            yield ctx.issue("no-overlap", "error", said, found=f"{-missing:.0f} m²", wanted="0 m²")
    for grid, missing in _shape_misses(ctx):
        if missing < 0:
            zh, en = ctx.grid_called(grid)
            said = (
                f"{zh}的图形超出其街坊 {-missing:.0f} 平方米",
                f"the shape of {en} exceeds its blocks by {-missing:.0f} m²",
            )
            cure = "由街坊重新生成网格图形 / derive the shape from its blocks again"
            yield ctx.issue(
                "no-overlap", "error", said, grid=grid, found=f"{-missing:.0f} m²", wanted="0 m²", remedies=(cure,)
            )


def _overlaps(ctx: Context) -> Iterator[Issue]:
    shapes = ctx.plan.blocks.geometry.to_numpy()
    edges = shapely.coverage_invalid_edges(shapes)
    faulty = np.flatnonzero(~shapely.is_empty(edges))
    one, other = shapely.STRtree(shapes[faulty]).query(shapes[faulty], predicate="intersects")
    one, other = faulty[one[one < other]], faulty[other[one < other]]
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other]))
    least = np.minimum(_AREA_M2, 0.01 * np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other])))
    real = np.flatnonzero(shared > least)
    for k in real[np.argsort(-shared[real], kind="stable")][:_SHOWN]:
        pair = np.array([one[k], other[k]])
        zh, en = ctx.called.blocks(pair)
        said = f"{zh}重叠 {shared[k]:.1f} 平方米", f"{en} overlap by {shared[k]:.1f} m²"
        cure = "修正边界，使其共用节点 / redraw the border so that both share its nodes"
        yield ctx.issue(
            "no-overlap", "error", said, blocks=pair, found=f"{shared[k]:.1f} m²", wanted="0 m²", remedies=(cure,)
        )
    if not len(real):
        zh, en = ctx.called.blocks(faulty)
        said = (
            f"{len(faulty)} 个街坊与邻块未共用节点：{zh}",
            f"{len(faulty)} blocks do not share the nodes of a border: {en}",
        )
        yield ctx.issue("no-overlap", "warning", said, blocks=faulty, found=len(faulty), wanted=0)


def _uncovered(ctx: Context) -> dict[str, float]:
    """Return how many square metres of each community no block of its covers (below zero: they exceed it).

    Where blocks overlap, areas do not tell: ground that is covered twice would make up for a gap elsewhere.
    """
    missing = _community_misses(ctx)
    shapes, frame = ctx.plan.blocks.geometry.to_numpy(), ctx.plan.communities
    if not len(shapes) or "community_code" not in frame or shapely.coverage_is_valid(shapes):
        return missing
    faulty = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes))
    codes, outlines = frame["community_code"].astype(str).to_numpy(), frame.geometry.to_numpy()
    for code in np.unique(ctx.community[faulty].astype(str)):
        whole = shapely.union_all(outlines[codes == code])
        bare = shapely.area(shapely.difference(whole, shapely.union_all(shapes[ctx.community == code])))
        missing.pop(str(code), None)
        if bare > max(_AREA_M2, _SHARE * shapely.area(whole)):
            missing[str(code)] = float(bare)
    return missing


def _community_misses(ctx: Context) -> dict[str, float]:
    """Return by how many square metres the blocks of each community fall short of it, beyond what rounding explains."""
    frame = ctx.plan.communities
    if not len(frame) or "community_code" not in frame:
        return {}
    wanted = frame.geometry.area.groupby(frame["community_code"].astype(str).to_numpy()).sum()
    covered = ctx.plan.blocks.geometry.area.groupby(ctx.community).sum().reindex(wanted.index).fillna(0.0)
    missing = wanted - covered
    real = missing.abs() > np.maximum(_AREA_M2, _SHARE * wanted)
    return {str(code): float(area) for code, area in missing[real].items()}


def _shape_misses(ctx: Context) -> Iterator[tuple[int, float]]:
    """Yield grids whose stored shape differs in area from their blocks, and by how much it falls short."""
    held = ctx.grid >= 0
    area = shapely.area(ctx.plan.blocks.geometry.to_numpy())
    wanted = np.bincount(ctx.grid[held], area[held], len(ctx.grid_ids))
    stored = ctx.plan.grids.geometry.reindex(ctx.grid_ids)
    there = np.flatnonzero(stored.notna().to_numpy())
    missing = wanted[there] - shapely.area(stored.to_numpy()[there])
    real = np.abs(missing) > np.maximum(_AREA_M2, _SHARE * wanted[there])
    yield from zip(there[real].tolist(), missing[real].tolist(), strict=True)
