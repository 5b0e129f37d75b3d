"""Units searched anew: where homes are out of reach, and where what lies below cannot be in band.

Only the units concerned and their neighbours are divided again, with as many units as before, and the new division is
kept where fewer units break their band or their radius.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis_grid.units import block_load, reach_m

if TYPE_CHECKING:
    from gis_grid.partition.cells import Flags, Names
    from gis_grid.partition.hierarchy import Builder
    from gis_grid.scheme import Tier

#: How often units are searched anew; compactness is priced so many times dearer each time homes are out of reach.
_TURNS, _DEARER = 4, 4.0


def mend(builder: Builder, tier: Tier) -> None:
    """Search units of a tier anew that break their radius, then the units above those that are out of band."""
    _draw_in(builder, tier)
    _recount(builder, tier)
    parent = builder.above(tier)
    if parent is not None and parent.id not in builder.given and parent.made == "divided":
        _regroup(builder, parent, tier)
        _recount(builder, tier)
    _let_go(builder, tier)


def _draw_in(builder: Builder, tier: Tier) -> None:
    """Divide around units with homes out of reach again, perimeter priced dearer every time."""
    for turn in range(1, _TURNS + 1):
        units = builder.units[tier.id]
        regions = _regions(builder, units, builder.home(tier), _far(builder, tier, units))
        if regions is None or builder.is_over():
            break
        counts = _units_in(units, regions)
        found = builder.divide(tier, regions, counts=counts, compactness=_DEARER**turn, seed=turn)
        _take(builder, regions, {tier.id: found}, {tier.id: counts})


def _recount(builder: Builder, tier: Tier) -> None:
    """Divide around the heaviest or the lightest units again where a unit above has fewer or more than it should."""
    asked = pd.Series(builder.asked.get(tier.id, {}), dtype=float)
    for turn in range(1, 3 * _TURNS + 1):
        units, home = builder.units[tier.id], builder.home(tier)
        missing = (asked - units.groupby(home).nunique()).dropna()
        missing = missing[missing != 0]
        if not len(missing):
            break
        load = pd.Series(block_load(builder.blocks, tier.load), index=units.index).groupby(units).sum()
        need = home.groupby(units).first().map(missing).dropna()
        ranked = (load[need.index] * -np.sign(need)).sort_values(kind="stable").index
        place = need[ranked].groupby(home.groupby(units).first()[ranked]).cumcount()
        # as many units as are missing or too many, others every second turn, should these not do
        late = (turn - 1) // 2
        chosen = place.index[(place >= late) & (place < late + need[ranked].abs())]
        regions = _regions(builder, units, home, chosen)
        if regions is None or builder.is_over():
            break
        step = np.sign(missing[home.reindex(regions.index)].to_numpy()).astype(int)
        more = pd.Series(step, index=regions.index).groupby(regions).first()
        counts = {region: count + int(more[region]) for region, count in _units_in(units, regions).items()}
        found = builder.divide(tier, regions, counts=counts, seed=turn)
        _take(builder, regions, {tier.id: found}, {tier.id: counts})


def _let_go(builder: Builder, tier: Tier) -> None:
    """Divide around units out of band again with any number of units: the band is the law, a number only a wish."""
    if not builder.asked.get(tier.id):
        return
    for turn in range(1, 3):
        units = builder.units[tier.id]
        chosen = units[_broken(builder, tier, units) & ~_hopeless(builder, tier, units)].unique()
        regions = _regions(builder, units, builder.home(tier), chosen)
        if regions is None or builder.is_over():
            break
        found = builder.divide(tier, regions, counts=None, seed=turn)
        _take(builder, regions, {tier.id: found}, {})


def _hopeless(builder: Builder, tier: Tier, units: pd.Series) -> Flags:
    """Mark the blocks of units that hold a block which alone exceeds the band: it does so in whatever unit it lies."""
    heavy = block_load(builder.blocks, tier.load) > tier.band.max
    return np.asarray(units.isin(units[heavy].unique()).to_numpy(dtype=bool))


def _regroup(builder: Builder, parent: Tier, tier: Tier) -> None:
    """Divide the units above units out of band again, together with their neighbours, and then what lies in them."""
    for turn in range(1, _TURNS + 1):
        units, above = builder.units[tier.id], builder.units[parent.id]
        chosen = above[_broken(builder, tier, units) & ~_hopeless(builder, tier, units)].unique()
        regions = _regions(builder, above, builder.home(parent), chosen)
        if regions is None or builder.is_over():
            break
        dearer = _DEARER if parent.radius_m else 1.0
        counts = _units_in(above, regions)
        new = regions + "/" + builder.divide(parent, regions, counts=counts, compactness=dearer, seed=turn)
        inside = _units_in(units, regions)
        share = {
            home: count
            for region, members in new.groupby(regions)
            for home, count in builder.shared(tier, members, inside[str(region)]).items()
        }
        below = builder.divide(tier, new, counts=share, seed=turn)
        wanted = {parent.id: counts, tier.id: inside}
        taken = _take(builder, regions, {parent.id: new, tier.id: below}, wanted)
        if len(taken):
            asked = new[taken].map(share).groupby(builder.home(tier)[taken]).first()
            builder.asked[tier.id] |= {str(home): int(count) for home, count in asked.items()}
        elif turn > 1:
            break


def _units_in(units: pd.Series, regions: pd.Series) -> dict[str, int]:
    """Return how many units lie in each region."""
    found = units.reindex(regions.index).groupby(regions).nunique()
    return {str(region): int(count) for region, count in found.items()}


def _regions(builder: Builder, units: pd.Series, home: pd.Series, chosen: Iterable[str]) -> pd.Series | None:
    """Return the region of each block that lies in one: a chosen unit and its neighbours under the same unit above.

    Regions do not overlap: what is near a region already is left for the next turn. None where no unit has neighbours.
    """
    a, b = units.reindex(builder.borders["a"]).to_numpy(), units.reindex(builder.borders["b"]).to_numpy()
    alike = home.reindex(builder.borders["a"]).to_numpy() == home.reindex(builder.borders["b"]).to_numpy()
    pairs = pd.DataFrame({"one": np.concatenate([a, b]), "other": np.concatenate([b, a])})[np.tile(alike & (a != b), 2)]
    near = pairs.drop_duplicates().groupby("one")["other"].agg(sorted)
    region: dict[str, str] = {}
    for unit in sorted(map(str, chosen)):
        around = [unit, *near.get(unit, [])]
        if len(around) > 1 and not any(one in region for one in around):
            region |= dict.fromkeys(around, unit)
    found = units.map(region).dropna()
    return found.astype(str) if len(found) else None


def _far(builder: Builder, tier: Tier, units: pd.Series) -> Names:
    """Return the units whose farthest home lies outside the radius of the tier."""
    if not tier.radius_m:
        return np.zeros(0, dtype=object)
    number, names = pd.factorize(units)
    over: Flags = reach_m(builder.blocks.loc[units.index], number.astype(np.int64)) > tier.radius_m
    far: Names = np.asarray(names, dtype=object)[over]
    return far


def _broken(builder: Builder, tier: Tier, units: pd.Series) -> Flags:
    """Mark the blocks whose unit breaks its band or its radius."""
    load = pd.Series(block_load(builder.blocks.loc[units.index], tier.load), index=units.index)
    total = load.groupby(units).transform("sum")
    off = ~total.between(tier.band.min, tier.band.max) | units.isin(_far(builder, tier, units))
    return np.asarray(off.to_numpy(dtype=bool))


def _take(
    builder: Builder, regions: pd.Series, new: Mapping[str, pd.Series], wanted: Mapping[str, Mapping[str, int]]
) -> pd.Index:
    """Take over the new units of regions that have fewer faults than before, and return the blocks concerned.

    A fault is a unit that breaks its band or its radius, or one more or less than is `wanted` in the region
    (where that is said).
    """
    tiers = [tier for tier in builder.scheme.tiers if tier.id in new]

    def faults(units: Mapping[str, pd.Series]) -> pd.Series:
        total = pd.Series(0, index=sorted(regions.unique()))
        for tier in tiers:
            column = units[tier.id].reindex(regions.index)
            bad = _broken(builder, tier, column)
            total = total.add(column[bad].groupby(regions[bad]).nunique(), fill_value=0)
            if tier.id in wanted:
                missed = pd.Series(_units_in(column, regions)) - pd.Series(wanted[tier.id])
                total = total.add(missed.abs())
        return total

    better = faults(new) < faults({tier.id: builder.units[tier.id] for tier in tiers})
    kept = regions[regions.isin(better.index[better])]
    for tier in tiers:
        mark = f"{builder.fresh()}/"
        builder.units.loc[kept.index, tier.id] = mark + new[tier.id].reindex(kept.index)
    return kept.index
