"""Every tier as the rules look at one: its units as grids, the units above as communities, its load as households."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.plan import Plan, tier_column
from gis_grid.rules.findings import Finding
from gis_grid.rules.issues import Issue
from gis_grid.scheme import Tier
from gis_grid.scheme.consistency import words
from gis_grid.units import block_load, put_together

#: What is asked of units besides grids.
_BOUNDED = ("inside-parent", "contiguous", "band", "radius")
_UNBOUNDED = ("inside-parent", "contiguous")
#: What is asked of the load of grids.
_LOADED = ("band", "balance")
#: The whole, where a tier has no parent.
_WHOLE = "district"


@dataclass(frozen=True)
class View:
    """Hold a plan as the rules see one tier of it, which rules look at it, and how what they say is worded."""

    plan: Plan
    rules: tuple[str, ...] | None = None
    tier: Tier | None = None
    parent: Tier | None = None

    def looks_at(self, rule: str) -> bool:
        """Tell whether a rule looks at this view."""
        return self.rules is None or rule in self.rules

    def worded(self, issue: Issue) -> Issue:
        """Say an issue in the words of the tier: what it counts, what its units and those above are called."""
        if self.tier is None:
            return issue
        remedies = tuple(" / ".join(self._said(*one.partition(" / ")[::2])) for one in issue.remedies)
        said = [(one, self._said(one.text_zh, one.text_en)) for one in issue.tried]
        tried = tuple(replace(one, text_zh=zh, text_en=en) for one, (zh, en) in said)
        zh, en = self._said(issue.message_zh, issue.message_en)
        grid_id = issue.grid_id if self.tier.id == self.plan.scheme.main.id and self.tier.main else ""
        return replace(issue, message_zh=zh, message_en=en, remedies=remedies, tried=tried, grid_id=grid_id)

    def _said(self, zh: str, en: str) -> tuple[str, str]:
        assert self.tier is not None
        zh, en = _in_words(self.tier, zh, en)
        if self.parent is None:
            return zh.replace(f"社区 {_WHOLE}", "全区"), en.replace(f"community {_WHOLE}", "the district")
        if self.parent.id != "community":
            zh = re.sub(r"社区 (?=\w)", f"{self.parent.name_zh} ", zh)
            en = re.sub(r"\bcommunity (?=\w)", f"{self.parent.name_en} ", en)
        return zh, en


def worded(finding: Finding, tier: Tier) -> Finding:
    """Say a finding in the words of a tier, as `View.worded` says an issue."""
    zh, en = _in_words(tier, finding.message_zh, finding.message_en)
    return replace(finding, message_zh=zh, message_en=en)


def _in_words(tier: Tier, zh: str, en: str) -> tuple[str, str]:
    """Say what a tier counts and what its units are called in place of households and grids."""
    unit_zh, unit_en = words(tier)
    zh = re.sub(r"(?<=\d) 户", f" {unit_zh}", zh)
    en = re.sub(r"\bhouseholds\b", unit_en, en)
    if "grid" not in tier.name_en:
        zh = zh.replace("网格", tier.name_zh)
        en = re.sub(r"\bgrid(s?)\b", r"unit\1", en)
    return zh, en


def views(plan: Plan) -> Iterator[View]:
    """Yield a plan as its rules look at it: the grids first, then every other tier that its blocks name units of."""
    scheme = plan.scheme
    main = scheme.main
    parent = _parent(plan, main)
    own = main.counted != "households" or (parent is not None and parent.id != "community")
    if not own:
        yield View(plan)
    else:
        from gis_grid.rules import RULES

        yield View(plan, tuple(name for name in RULES if name not in _LOADED))
        yield _view(plan, main, (*_LOADED, "inside-parent") if main.made == "divided" else ("band", "inside-parent"))
    given = set(plan.metadata.get("given_tiers", "").split(","))
    for tier in scheme.tiers:
        if tier.id == main.id or tier.id in given or tier.made in ("given", "atoms"):
            continue
        if tier_column(tier) in plan.blocks:
            yield _view(plan, tier, _BOUNDED if tier.is_bounded else _UNBOUNDED)


def _parent(plan: Plan, tier: Tier) -> Tier | None:
    """Return the nearest tier above one that blocks name units of, leaving out those joined from its own units."""
    above = plan.scheme.tier(tier.parent)
    while above is not None and (_units(plan, above) is None or above.of == tier.id):
        above = plan.scheme.tier(above.parent)
    return above


def _units(plan: Plan, tier: Tier) -> pd.Series | None:
    """Return the unit of each block in a tier, None where the plan knows none."""
    if tier.id == plan.scheme.main.id:
        return plan.assignment.reindex(plan.blocks.index).fillna("").astype(str)
    column = tier_column(tier)
    return plan.blocks[column].fillna("").astype(str) if column in plan.blocks else None


def _view(plan: Plan, tier: Tier, rules: tuple[str, ...]) -> View:
    units, parent = _units(plan, tier), _parent(plan, tier)
    assert units is not None
    above = None if parent is None else _units(plan, parent)
    home = pd.Series(_WHOLE, index=units.index) if above is None else above
    blocks, borders = plan.blocks.assign(community_code=home), plan.borders
    below = plan.scheme.tier(tier.of)
    inner = None if below is None else _units(plan, below)
    if inner is not None and "band" in rules:
        blocks, borders, units = _joined(blocks, borders, inner, units, barriers=tier.main)
    elif not tier.radius_m:
        blocks = blocks.assign(households=block_load(blocks, tier.load))
    names = np.unique(units[units != ""].to_numpy(dtype=str))
    codes = plan.grids["code"].reindex(names).to_numpy() if tier.id == plan.scheme.main.id else names
    grids = gpd.GeoDataFrame({"code": codes}, index=names, geometry=np.full(len(names), None, dtype=object))
    seen = replace(
        plan,
        scheme=replace(plan.scheme, tiers=(replace(tier, main=False),)),
        blocks=blocks,
        borders=borders,
        communities=plan.communities if parent is not None and parent.id == "community" else plan.communities.iloc[:0],
        assignment=units[units != ""],
        grids=grids,
    )
    return View(seen, rules, replace(tier, main=tier.id == plan.scheme.main.id), parent)


def _joined(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, inner: pd.Series, units: pd.Series, *, barriers: bool
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, pd.Series]:
    """Return the units that are joined as blocks with a load of 1, their borders, and the zone of each."""
    number, names = pd.factorize(inner)
    lumps = put_together(blocks, borders, number.astype(np.int64))
    called = pd.Series(np.asarray(names, dtype=object), index=lumps.blocks.index)
    joined = lumps.blocks.assign(households=1, atom="face", parent_block_id="").set_axis(
        pd.Index(called.to_numpy(), name="block_id"), axis=0
    )
    lines = lumps.borders.assign(a=called[lumps.borders["a"]].to_numpy(), b=called[lumps.borders["b"]].to_numpy())
    zone = units.groupby(inner).first().reindex(joined.index)
    return joined, lines if barriers else lines.assign(barrier=False), zone
