"""Rules on what is written about a grid: its code, and who holds its posts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gis_grid.plan import tier_column
from gis_grid.rules.context import Context
from gis_grid.rules.issues import Issue
from gis_grid.scheme import needs

_NEW_CODE = "赋予新编码 / give it a new code"


def code(ctx: Context) -> Iterator[Issue]:
    """Find codes that are missing, stand twice, are built wrongly, name another community, or were retired before.

    Retired codes are read from the plan's metadata (`retired_codes`, joined by commas).
    """
    pattern = ctx.plan.scheme.code
    digits = pattern.parent_digits + pattern.serial_digits
    retired = {one for one in ctx.plan.metadata.get("retired_codes", "").split(",") if one}
    counts = pd.Series(ctx.codes).value_counts()
    for grid, value in enumerate(ctx.codes):
        members = ctx.members[grid]
        home = str(ctx.community[members[0]]) if len(members) else ""
        if value == "":
            said, wanted = ("网格没有编码", "the grid has no code"), f"{digits} digits"
        elif not (value.isascii() and value.isdigit() and len(value) == digits and int(value[pattern.parent_digits :])):
            said, wanted = (f"编码 {value} 不合规则", f"code {value} is not built by the pattern"), f"{digits} digits"
        elif counts[value] > 1:
            said, wanted = (f"编码 {value} 重复", f"code {value} is held by {counts[value]} grids"), "unique"
        elif not value.startswith(home):
            said, wanted = (f"编码 {value} 不属于社区 {home}", f"code {value} is not of community {home}"), f"{home}…"
        elif value in retired:
            said, wanted = (
                (f"编码 {value} 已停用，不得再用", f"code {value} was retired and must not return"),
                "a new code",
            )
        else:
            continue
        yield ctx.issue("code", "error", said, grid=grid, found=value, wanted=wanted, remedies=(_NEW_CODE,))


def staffed(ctx: Context) -> Iterator[Issue]:
    """Find posts of the scheme that the roster leaves empty: fewer people than posts, or posts listed as vacant."""
    staff = ctx.plan.staff
    if staff is None:
        return
    held = staff["post"].fillna("").astype(str)
    vacant = staff["vacant"].astype(bool) if "vacant" in staff else staff["name"].fillna("").astype(str) == ""
    for need in needs(ctx.plan.scheme, _units(ctx)):
        post, needed = need.post, need.people
        mine = held.isin([post.id, post.name_zh, post.name_en])
        filled, listed = int((mine & ~vacant).sum()), int((mine & vacant).sum())
        if filled < needed:
            short = needed - filled
            said = (
                f"岗位“{post.name_zh}”需 {needed} 人，在岗 {filled} 人，缺 {short} 人（其中 {listed} 个已登记空缺）",
                f"post {post.name_en}: {needed} needed, {filled} filled, {short} short ({listed} listed as vacant)",
            )
            cure = "补充人员，或登记空缺并指定代理人 / fill the post, or list it as vacant and name a substitute"
            yield ctx.issue("staffed", "warning", said, found=filled, wanted=needed, remedies=(cure,))


def _units(ctx: Context) -> dict[str, int]:
    """Return how many units of each tier there are, as far as the plan knows them."""
    units = {"community": len(np.unique(ctx.community.astype(str)))}
    for tier in ctx.plan.scheme.tiers:
        if tier_column(tier) in ctx.plan.blocks:
            codes = ctx.plan.blocks[tier_column(tier)].fillna("").astype(str)
            units[tier.id] = int(codes[codes != ""].nunique())
    return units | {ctx.plan.scheme.main.id: len(ctx.grid_ids)}
