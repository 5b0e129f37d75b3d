"""A plan made whole: everything that follows from blocks and their grids, in one place.

::

    blocks + assignment ─► grids ─► codes ─► units of lower tiers ─► issues, names, bounds in words

A build ends here, and so does every change of a plan by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid import rules
from gis_grid.blocks.match import homes
from gis_grid.codes import assign_codes, is_code, reading_order, succession
from gis_grid.describe import describe
from gis_grid.grids import dissolve, grids
from gis_grid.plan import Plan, tier_column
from gis_grid.scheme import Scheme, Tier
from gis_grid.sources.communities import PROVISIONAL

#: Digits of the code of a street office and of a community, as officials write them.
_OFFICE, _COMMUNITY = 9, 12


def redrawn(plan: Plan, before: Plan | None, *, given: Iterable[str] = ()) -> Plan:
    """Return a plan whose blocks or assignment have changed with its grids dissolved and coded anew.

    Grids that go on from the plan `before` keep their codes (`gis_grid.codes.succession`). Others keep the one they
    have in `plan.grids` if nobody ever had it, else they get a new one above all of theirs and all `given` ones. Units
    of lower tiers follow their grids. Grids are named; issues and bounds in words are for `checked` and `described`,
    and who holds which post is for `gis_grid.staffing.with_assignments`.

    Raises
    ------
    InputError
        If a community's code is no such, or its serial numbers are used up.
    """
    shapes = grids(plan.blocks, plan.assignment, plan.borders, plan.outline)
    own = plan.grids["code"].astype(str) if "code" in plan.grids else pd.Series(dtype=str)
    codes = codes_after(replace(plan, grids=shapes), before, own=own, given=given)
    whole = replace(plan, grids=shapes.assign(code=codes), assignments=None)  # they name grids by their codes
    return named(with_parents(replace(whole, blocks=_units_again(whole))))


def codes_after(plan: Plan, before: Plan | None, *, own: pd.Series, given: Iterable[str]) -> pd.Series:
    """Return the code of every grid of a plan that follows another: see `redrawn`.

    `own` are the codes that grids have already, by id, and `given` those that were ever given out.
    """
    pattern, community = plan.scheme.code, plan.grids["community_code"].astype(str)
    gone, kept = set(given), {}
    if before is not None:
        home = homes(before.blocks, before.assignment, plan.blocks)
        codes = before.grids["code"].astype(str)
        follow = succession(home[home != ""], codes, plan.assignment, plan.blocks["households"])
        fit = {g: code for g, code in follow.kept.items() if is_code(code, pattern)}
        kept = {grid: code for grid, code in fit.items() if code.startswith(community[grid])}
        gone = (gone | set(codes)) - set(kept.values())
    taken = gone | set(kept.values())
    for grid, code in own.reindex(plan.grids.index).dropna().items():
        if grid not in kept and code not in taken and is_code(code, pattern) and code.startswith(community[grid]):
            kept[str(grid)] = code
            taken.add(code)
    return assign_codes(plan.grids, pattern, previous=kept, retired=gone)


def checked(plan: Plan) -> Plan:
    """Return the plan with what its rules say about it, and which of its grids are legal."""
    found = rules.check(plan)
    broken = {issue.grid_id for issue in found if issue.severity == "error"}
    legal = ~plan.grids.index.isin(broken)
    return replace(plan, grids=plan.grids.assign(legal=legal), issues=rules.issues_frame(found))


def described(plan: Plan) -> Plan:
    """Return the plan with its grids named and their bounds said in words."""
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    nameless = plan.grids.drop(columns="name", errors="ignore")  # a neighbour is called by its number
    bounds = describe(nameless, plan.assignment, plan.borders, plan.outline, communities=names)
    said = {name: bounds[name] for name in ("bounds_zh", "bounds_en")}
    return named(replace(plan, grids=plan.grids.assign(**said)))


def named(plan: Plan) -> Plan:
    """Return the plan with its grids named, in the order of their codes."""
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    tier, shapes = plan.scheme.main, plan.grids
    serial = shapes["code"].str[-plan.scheme.code.serial_digits :].str.lstrip("0")
    community = shapes["community_code"].map(names).fillna("")
    community = community.where(~community.str.contains(r"[0-9A-Za-z]$", regex=True), community + " ")
    labels = {"kind": "community_grid", "tier": tier.id, "status": "draft", "valid_from": "", "valid_to": ""}
    return replace(plan, grids=shapes.assign(name=community + serial + tier.name_zh, **labels).sort_values("code"))


def with_parents(plan: Plan) -> Plan:
    """Return the plan with the code of the unit above on each grid, and its load where that is not households."""
    scheme, blocks = plan.scheme, plan.blocks
    above = next((one for one in _above(scheme.main, scheme) if tier_column(one) in blocks), None)
    parent_of = blocks["community_code"] if above is None else blocks[tier_column(above)]
    parents = parent_of.groupby(plan.assignment.reindex(blocks.index)).first().reindex(plan.grids.index)
    frame = plan.grids.assign(parent_code=parents.where(parents != "", plan.grids["community_code"]))
    weighed = scheme.main.counted not in ("households", "units")
    return replace(plan, grids=frame.assign(load=plan.load) if weighed else frame)


def unit_codes(
    blocks: gpd.GeoDataFrame, units: pd.Series, tier: Tier, parent: pd.Series, *, after: Mapping[str, int] | None = None
) -> pd.Series:
    """Give every unit its code: that of the unit above, the tier's prefix, and a serial read like a page.

    Street offices and communities of our own making get provisional codes as long as official ones. Strips and
    courtyards are numbered apart, with an S and a Y before their serials. Serials begin above those in `after`, by what
    stands before them.
    """
    number, names = pd.factorize(units)
    at = np.searchsorted(np.sort(number), np.arange(len(names)))
    first = np.argsort(number, kind="stable")[at]
    letter = pd.Series(np.asarray(names, dtype=str)).str[0] if tier.made == "strips" else ""
    above = parent.to_numpy(dtype=str)[first]
    head = pd.Series(above, dtype=str) + tier.code_prefix + letter
    digits = tier.code_digits
    if tier.id in ("street_office", "community"):
        length = _OFFICE if tier.id == "street_office" else _COMMUNITY
        head = head.where(head != "", PROVISIONAL)
        digits = max(1, length - int(head.str.len().max()))
    shapes = dissolve(blocks.geometry.to_numpy(), number.astype(np.int64), len(names))
    order = reading_order(gpd.GeoDataFrame({"community_code": head}, geometry=shapes, crs=blocks.crs))
    serial = head.iloc[order].groupby(head.iloc[order]).cumcount() + 1
    serial += head.loc[serial.index].map(after or {}).fillna(0).astype("int64")
    width = max(digits, len(str(serial.max())))
    codes = (head.loc[serial.index] + serial.astype(str).str.zfill(width)).sort_index()
    return pd.Series(codes.to_numpy(dtype=str)[number], index=blocks.index)


def parent_codes(frame: gpd.GeoDataFrame, tier: Tier, scheme: Scheme) -> pd.Series:
    """Return the code of the unit above each block, "" where there is none."""
    for above in _above(tier, scheme):
        if tier_column(above) in frame:
            codes: pd.Series = frame[tier_column(above)]
            return codes.astype(str)
    return pd.Series("", index=frame.index)


def _above(tier: Tier, scheme: Scheme) -> Iterator[Tier]:
    """Yield the tiers above one, the nearest first."""
    above = scheme.tier(tier.parent)
    while above is not None:
        yield above
        above = scheme.tier(above.parent)


def _units_again(plan: Plan) -> gpd.GeoDataFrame:
    """Return the blocks with units of tiers below the grids coded anew where they came into another grid.

    A unit whose blocks are now in two grids is two units; those that stay keep their code.
    """
    scheme, own = plan.scheme, tier_column(plan.scheme.main)
    grid_code = plan.assignment.reindex(plan.blocks.index).map(plan.grids["code"]).fillna("")
    frame = plan.blocks.assign(**{own: grid_code})
    for tier in scheme.tiers:
        column = tier_column(tier)
        if column not in plan.blocks or tier.made == "given" or scheme.main not in _above(tier, scheme):
            continue
        parent, unit = parent_codes(frame, tier, scheme), frame[column].fillna("").astype(str)
        astray = [bool(u) and not u.startswith(p) for u, p in zip(unit, parent, strict=True)]
        if any(astray):
            letter = unit.str.extract(r"([SY])\d+$", expand=False).fillna("") if tier.made == "strips" else ""
            moved = (letter + unit + " " + parent)[astray]
            codes = unit_codes(frame[astray], moved, tier, parent[astray], after=_last_serials(unit))
            frame = frame.assign(**{column: unit.where(~np.array(astray), codes.reindex(unit.index))})
    return frame.drop(columns=own)


def _last_serials(codes: pd.Series) -> dict[str, int]:
    """Return the highest serial behind each beginning of a code."""
    split = codes[codes != ""].str.extract(r"^(.*?)(\d{1,9})$")
    return {str(head): int(serials.astype(int).max()) for head, serials in split.groupby(0)[1]}
