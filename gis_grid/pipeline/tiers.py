"""The tiers of a scheme in a build: what the input brings, what is divided, and the codes of all units."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid import rules
from gis_grid.finish import parent_codes, unit_codes, with_parents
from gis_grid.grids import dissolve
from gis_grid.partition import PartitionOptions, PartitionResult
from gis_grid.partition.hierarchy import divide_tiers
from gis_grid.partition.shares import wanted_count
from gis_grid.plan import Plan, tier_column
from gis_grid.rules import Finding, Remedy
from gis_grid.scheme import Scheme, Tier
from gis_grid.scheme.consistency import uncuttable, words
from gis_grid.units import block_load

if TYPE_CHECKING:
    from gis_grid.pipeline.district import District


@dataclass(frozen=True)
class Divided:
    """Hold blocks with the codes of their units above the grid, the communities, the grids, and units below."""

    blocks: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    result: PartitionResult
    units: pd.DataFrame
    missed: Mapping[str, int]


def given_units(district: District, blocks: gpd.GeoDataFrame, scheme: Scheme) -> pd.DataFrame:
    """Return the units that came with the input: communities, and the street offices they name."""
    found = pd.DataFrame(index=blocks.index)
    if district.communities is None:
        return found
    if scheme.tier("community") is not None or scheme.is_plain:
        found["community"] = blocks["community_code"].astype(str)
    if scheme.tier("street_office") is not None and "office_code" in district.communities:
        frame = district.communities
        office = pd.Series(frame["office_code"].fillna("").astype(str).to_numpy(), index=frame["community_code"])
        codes = blocks["community_code"].map(office).fillna("")
        if (codes != "").all():
            found["street_office"] = codes
    return found


def before_search(
    blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, scheme: Scheme, given: pd.DataFrame, names: Mapping[str, str]
) -> list[Finding]:
    """Work out from the top down what no division into the tiers of a scheme can meet."""
    main = scheme.tier(scheme.main.of) or scheme.main
    if scheme.is_plain:
        return rules.explain(blocks, borders, main.band, communities=names, remedies=False)
    found = list(_sums(blocks, scheme, given))
    weighed = blocks.assign(households=block_load(blocks, main.load))
    said = rules.explain(weighed, borders, main.band, communities=names, remedies=False)
    return [*found, *(rules.worded(one, main) for one in said if one.cause != "arithmetic")]


def _sums(blocks: gpd.GeoDataFrame, scheme: Scheme, given: pd.DataFrame) -> Iterator[Finding]:
    for tier in scheme.tiers:
        if tier.made != "divided" or tier.id in given:
            continue
        load = block_load(blocks, tier.load)
        for code, total in _totals(load, blocks, given if tier.id != "street_office" else given.iloc[:, :0]).items():
            if not len(tier.band.feasible_counts(total)):
                yield _finding(tier, str(code), total, blocks, *_no_number(tier, str(code), total))
        whole = int(load.sum())
        count = wanted_count(tier, scheme, whole)
        if count and count not in tier.band.feasible_counts(whole):
            yield _finding(tier, "", whole, blocks, *_no_such_number(tier, count, whole))
        above = scheme.tier(tier.parent)
        both = above is not None and above.made == "divided" and above.load == tier.load and above.id not in given
        if above is not None and both and above.band.narrowed(tier.band) is None:
            yield _finding(tier, "", whole, blocks, *uncuttable(above, tier))


def _totals(
    load: np.ndarray[tuple[int], np.dtype[np.int64]], blocks: gpd.GeoDataFrame, given: pd.DataFrame
) -> dict[str, int]:
    """Return the load of every unit given above, or of the district."""
    if "community" not in given:
        return {"": int(load.sum())}
    total = pd.Series(load, index=blocks.index).groupby(given["community"]).sum()
    return {str(code): int(value) for code, value in total.items()}


def _no_number(tier: Tier, code: str, total: int) -> tuple[str, str]:
    zh, en = words(tier)
    where_zh, where_en = (f"社区 {code} ", f"community {code}") if code else ("全区", "the district")
    band = f"{tier.band.min:,}–{tier.band.max:,}"
    return (
        f"{where_zh}共 {total:,} {zh}，无法划分为 {band} {zh}的{tier.name_zh}",
        f"{where_en} holds {total:,} {en}, which no number of units of {band} fits ({tier.name_en})",
    )


def _no_such_number(tier: Tier, count: int, total: int) -> tuple[str, str]:
    zh, en = words(tier)
    low, high = count * tier.band.min, count * tier.band.max
    return (
        f"{count:,} 个{tier.name_zh}需要 {low:,}–{high:,} {zh}，全区共 {total:,}",
        f"{count:,} units ({tier.name_en}) need {low:,} to {high:,} {en}; the district holds {total:,}",
    )


def _finding(tier: Tier, code: str, total: int, blocks: gpd.GeoDataFrame, zh: str, en: str) -> Finding:
    said = f"修改方案中 {tier.id} 的 count、min 或 max", f"change count, min or max of {tier.id} in the scheme"
    cure = Remedy("accept", *said)
    return Finding("arithmetic", code, (str(blocks.index[0]),), total, zh, en, (cure,))


def counting_notes(
    scheme: Scheme, blocks: gpd.GeoDataFrame, missed: Mapping[str, int], given: Collection[str]
) -> list[str]:
    """Say which numbers of units were taken from the scheme in proportion, and which could not be kept."""
    notes = []
    for tier in scheme.tiers:
        place = scheme.place.load(tier.counted)
        if tier.made == "divided" and tier.count and place and tier.id not in given:
            load = int(block_load(blocks, tier.load).sum())
            count = wanted_count(tier, scheme, load)
            if count != tier.count:
                held = f"{load:,} {words(tier)[1]} here, {place:,} in the place of the scheme"
                notes.append(f"{tier.id}: {count:,} units in place of {tier.count:,} ({held})")
        if missed.get(tier.id, 0):
            less = "fewer" if missed[tier.id] > 0 else "more"
            notes.append(f"{tier.id}: {abs(missed[tier.id]):,} units {less} than asked for, to keep the band")
    return notes


def divide_all(
    blocks: gpd.GeoDataFrame,
    communities: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    scheme: Scheme,
    given: pd.DataFrame,
    options: PartitionOptions,
    progress: Callable[[float, float | None, int], None],
) -> Divided:
    """Divide blocks into the units of every tier; those above the grid get their codes at once.

    `progress` is called with the share done, and with the cost and the units out of band of the tier in hand.
    """
    ids = [tier.id for tier in scheme.tiers if tier.made not in ("given", "atoms")]

    def say(tier: str, share: float, cost: float | None, out_of_band: int) -> None:
        if tier in ids:
            progress((ids.index(tier) + share) / len(ids), cost, out_of_band)

    found = divide_tiers(_without_tiers(blocks, scheme), borders, scheme, given=given, options=options, progress=say)
    frame = _without_tiers(blocks, scheme)
    community = scheme.tier("community")
    for tier in scheme.tiers:
        if tier.id == scheme.main.id:
            break
        if tier.id in given:
            codes = given[tier.id]
        elif tier.made == "given":
            codes = frame["community_code"] if tier is community else pd.Series("", index=frame.index)
        else:
            codes = unit_codes(frame, found.units[tier.id], tier, parent_codes(frame, tier, scheme))
        frame = frame.assign(**{tier_column(tier): codes.astype(str)})
    if community is not None and community.made == "divided" and "community" not in given:
        communities = _drawn(frame, community)
    return Divided(frame, communities, found.main, found.units, found.short)


def _without_tiers(blocks: gpd.GeoDataFrame, scheme: Scheme) -> gpd.GeoDataFrame:
    """Return blocks whose own columns do not stand where the codes of tiers will."""
    taken = {tier_column(tier) for tier in scheme.tiers} - {"community_code"}
    return blocks.rename(columns={name: f"{name}_own" for name in blocks.columns if name in taken})


def _drawn(blocks: gpd.GeoDataFrame, tier: Tier) -> gpd.GeoDataFrame:
    """Return communities of our own making, as the ground of their blocks."""
    codes, number = np.unique(blocks["community_code"].to_numpy(dtype=str), return_inverse=True)
    names = [f"{n + 1}号{tier.name_zh}" for n in range(len(codes))]
    ground = dissolve(blocks.geometry.to_numpy(), number.astype(np.int64), len(codes))
    return gpd.GeoDataFrame({"community_code": codes, "name": names}, geometry=ground, crs=blocks.crs)


def with_units(plan: Plan, divided: Divided) -> Plan:
    """Return the plan with the codes of all other units on its blocks, and of the unit above on its grids."""
    scheme, blocks = plan.scheme, plan.blocks
    codes = plan.assignment.map(plan.grids["code"]).reindex(blocks.index).fillna("")
    frame = blocks.assign(**{tier_column(scheme.main): codes})
    for tier in scheme.tiers:
        if tier.id in divided.units and tier_column(tier) not in frame:
            codes = divided.units[tier.id]
            if tier.made != "given":
                codes = unit_codes(frame, codes, tier, parent_codes(frame, tier, scheme))
            frame = frame.assign(**{tier_column(tier): codes})
    notes = counting_notes(scheme, blocks, divided.missed, plan.metadata["given_tiers"].split(","))
    whole = replace(
        plan,
        metadata={**plan.metadata, "notes": "\n".join(notes)},
        blocks=frame.drop(columns=tier_column(scheme.main)),
    )
    return with_parents(whole)
