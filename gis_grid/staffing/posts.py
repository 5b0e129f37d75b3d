"""The posts of a plan: what the post language of its scheme comes to on the units at hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.partition import PartitionOptions
from gis_grid.partition.joined import join
from gis_grid.scheme import Band, Post, Scheme, Station, Tier
from gis_grid.scheme.posts import EVERY_STATION
from gis_grid.staffing.units import DISTRICT, unit_of, units, within
from gis_grid.units import put_together

if TYPE_CHECKING:
    from gis_grid.plan import Plan

Ints = NDArray[np.int64]

#: columns of the frame of posts; its index is the number of the post
COLUMNS = (
    "role",
    "name_zh",
    "name_en",
    "tier",
    "codes",
    "station",
    "lines",
    "needed",
    "vacancy",
    "held_by",
    "households",
    "shops",
    "difficulty",
)


def posts(plan: Plan, *, options: PartitionOptions | None = None) -> pd.DataFrame:
    """Work out every post of a plan by its scheme, a row a post.

    The index `post` is its number, built from the role and the unit (``coordinator@grid:420103001001001#1``), so that
    the same plan has the same posts. `codes` are the units of the `tier` that the post answers for (a tuple; the code
    of the district is ""), `station` the kind of station it belongs to or "", `lines` its service lines. `needed` is
    False for places between the least and the most people of a post, `vacancy` says that it may stand empty, and
    `held_by` is the number of the post whose holder has this one ex officio. `households`, `shops` (counts) and
    `difficulty` (mean) are those of its units, undivided.

    Posts for several adjoining units share these out among connected groups, as few as there can be; a total is
    shared out evenly, and what is left over goes to the units with most households. `options` holds for the search of
    such groups.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> import gis_grid as gg
    >>> yards = [shapely.box(east, 0, east + 90, 90) for east in (0, 90)]
    >>> about = {"households": [400, 380], "parent_block_id": "", "atom": "face"}
    >>> ground = gpd.GeoDataFrame(about, geometry=yards, crs=4547, index=["a", "b"])
    >>> plan = gg.build_from(gg.District(ground, blocks=ground))
    >>> posts(plan)["role"].tolist()
    ['station_head', 'deputy', 'coordinator', 'coordinator']
    """
    parts = [part for post in plan.scheme.posts for part in _of_post(plan, post, options or PartitionOptions())]
    if not parts:
        return pd.DataFrame(columns=list(COLUMNS), index=pd.Index([], name="post", dtype="str"))
    found = pd.concat(parts, ignore_index=True)
    found = found.set_index(numbers(found)).rename_axis("post")
    return found.assign(held_by=_holders(plan, found))[list(COLUMNS)]


def numbers(found: pd.DataFrame) -> pd.Series:
    """Return the number of each post from its role, station, tier and units; posts that are alike are counted."""
    role = found["role"] + found["station"].where(found["station"] == "", "." + found["station"])
    where = [
        "+".join(f"{tier}:{code}" for code in codes) for tier, codes in zip(found["tier"], found["codes"], strict=True)
    ]
    stem = role.astype(str) + "@" + pd.Series(where, index=found.index, dtype="str")
    serial = stem.groupby(stem).cumcount() + 1
    return (stem + "#" + serial.astype(str)).astype("str")


def _of_post(plan: Plan, post: Post, options: PartitionOptions) -> Iterator[pd.DataFrame]:
    """Yield the places of a post, a frame for each kind of station it is at, else one."""
    stations = [one for one in plan.scheme.stations if post.per in (one.id, EVERY_STATION)]
    if not stations:
        yield _places(plan, post, post.per, None, options)
    for station in stations:
        many = None if post.per == station.id else station
        yield _places(plan, post, station.per, many, options, lines=post.lines or station.lines)


def _places(
    plan: Plan,
    post: Post,
    tier: str,
    station: Station | None,
    options: PartitionOptions,
    *,
    lines: tuple[str, ...] | None = None,
) -> pd.DataFrame:
    there = units(plan, tier)
    group = np.arange(len(there)) if post.every == 1 else adjoining(plan, tier, post.every, options)
    joined = there.assign(code=there.index, hard=there["difficulty"] * (there["households"] + 1e-9)).groupby(group)
    codes = joined["code"].agg(tuple)
    summed = joined[["households", "shops", "hard"]].sum()
    difficulty = (summed["hard"] / (summed["households"] + 1e-9 * joined.size())).round(6)
    least, most = _crew(post, summed["households"].to_numpy())
    row = np.repeat(np.arange(len(codes)), most)
    nth = np.concatenate([np.arange(n) for n in most]) if len(most) else np.zeros(0, dtype=np.int64)
    named = (f"({station.name_zh})", f" ({station.name_en})") if station else ("", "")
    return pd.DataFrame(
        {
            "role": post.id,
            "name_zh": post.name_zh + named[0],
            "name_en": post.name_en + named[1],
            "tier": tier,
            "codes": pd.Series(codes.to_numpy()[row], dtype=object),
            "station": station.id if station else "",
            "lines": pd.Series([lines if lines is not None else post.lines] * len(row), dtype=object),
            "needed": nth < least[row],
            "vacancy": post.vacancy,
            "households": summed["households"].to_numpy()[row],
            "shops": summed["shops"].to_numpy()[row],
            "difficulty": difficulty.to_numpy()[row],
        }
    )


def _crew(post: Post, households: Ints) -> tuple[Ints, Ints]:
    """Return the fewest and the most people of a post at each group of units."""
    count = len(households)
    if not post.total:
        least = np.full(count, post.count, dtype=np.int64)
        return least, np.maximum(least, post.most)
    share, over = divmod(post.total, max(1, count))
    crew = np.full(count, share, dtype=np.int64)
    crew[np.argsort(-households, kind="stable")[:over]] += 1
    return crew, crew


def _holders(plan: Plan, found: pd.DataFrame) -> list[str]:
    """Return the post whose holder has each post ex officio: the one of that role at the unit, or at one around it."""
    by_role = {post.id: post.held_by for post in plan.scheme.posts if post.held_by}
    first: dict[tuple[str, str, str], str] = {}
    for number, role, tier, codes in zip(found.index, found["role"], found["tier"], found["codes"], strict=True):
        for code in codes:
            first.setdefault((role, tier, code), str(number))
    around = cache(lambda tier, other: within(plan, tier, other))
    held = []
    for role, tier, codes in zip(found["role"], found["tier"], found["codes"], strict=True):
        holder = by_role.get(role, "")
        tiers = dict.fromkeys(at for who, at, _ in first if who == holder) if holder else {}
        names = [first.get((holder, at, around(tier, at).get(codes[0], "")), "") for at in tiers]
        held.append(next((name for name in names if name), ""))
    return held


def adjoining(plan: Plan, tier: str, every: int, options: PartitionOptions | None = None) -> Ints:
    """Share the units of a tier out among groups of up to so many adjoining ones, as few groups as there can be.

    Returns the number of the group of each unit, in the order of `units`. A group may lie in two communities and may
    straddle a barrier: who looks after it crosses at the next bridge. Units that adjoin nothing stay alone.
    """
    codes = units(plan, tier).index
    place = unit_of(plan, tier)
    kept = (place != "").to_numpy() if tier != DISTRICT else np.ones(len(place), dtype=bool)
    number = codes.get_indexer(pd.Index(place[kept])).astype(np.int64)
    blocks = plan.blocks[kept].assign(households=0, community_code="")
    inside = plan.borders["a"].isin(blocks.index) & plan.borders["b"].isin(blocks.index)
    lumps = put_together(blocks, plan.borders[inside].assign(barrier=False), number)
    lumps = lumps._replace(blocks=lumps.blocks.assign(households=1))
    shared = Tier(id="shared", name_zh="", name_en="", band=Band(1, every, every), main=True)
    scheme = replace(plan.scheme, tiers=(shared,), posts=(), stations=())
    assert isinstance(scheme, Scheme)
    result = join(lumps, scheme, {"": -(-len(codes) // every)}, options or PartitionOptions())
    named = result.assignment.reindex(lumps.blocks.index)
    return np.asarray(pd.factorize(named)[0], dtype=np.int64)
