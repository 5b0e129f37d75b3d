"""Posts of a plan on the next one: codes that go on keep theirs, what was split or merged goes where most homes go."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from gis_grid.blocks.match import homes
from gis_grid.staffing.people import Crew
from gis_grid.staffing.posts import numbers
from gis_grid.staffing.posts import posts as posts_of
from gis_grid.staffing.units import DISTRICT, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.plan import Plan

#: tiers whose codes are never given to other ground
_LASTING = ("community", DISTRICT)


class Moved(NamedTuple):
    """Hold a crew on the posts of the next plan, and which post of it each earlier post became ("" if none).

    Earlier posts that find no place of their own stand behind the others, as further posts at the unit that most of
    their homes went to, so that nobody who answers for something is lost.
    """

    crew: Crew
    became: pd.Series


def heirs(before: Plan, after: Plan, tier: str) -> pd.DataFrame:
    """Return where the homes of each earlier unit of a tier are now: columns `old`, `new`, `households`, most first.

    Units whose code is never given to other ground, grids and communities, go on under it while it is there.
    """
    old = homes(before.blocks, unit_of(before, tier), after.blocks).rename("old")
    pairs = pd.DataFrame({"old": old, "new": unit_of(after, tier).reindex(old.index)})
    pairs["households"] = after.blocks["households"].reindex(old.index).astype("int64")
    found = pairs.groupby(["old", "new"], as_index=False)[["households"]].sum()
    if tier == DISTRICT:
        whole: pd.DataFrame = found.iloc[:1].assign(old="", new="")
        return whole
    found = found[(found["old"] != "") & (found["new"] != "")]
    stays = (found["old"] == found["new"]) & (tier in _LASTING or tier == before.scheme.main.id)
    order = found.assign(stays=stays).sort_values(
        ["old", "stays", "households", "new"], ascending=[True, False, False, True], kind="stable"
    )
    kept: pd.DataFrame = order.drop(columns="stays").reset_index(drop=True)
    return kept


def moved(crew: Crew, before: Plan, after: Plan, *, posts: pd.DataFrame | None = None) -> Moved:
    """Put the crew of a plan on the posts of the next one.

    A post goes on where its unit does. Where the unit is no more it goes to the one that most of its homes went to: its
    holder takes the post of the same role there, or, if others with more homes have come first, a further post
    there. Posts of new units are vacant.
    """
    found = posts_of(after) if posts is None else posts
    main = {tier: _first(heirs(before, after, tier)) for tier in crew.posts["tier"].unique()}
    order = _in_order(crew.posts, main)
    seats: dict[tuple[str, str, str, str], list[str]] = defaultdict(list)
    for number, role, station, tier, codes in _rows(found):
        for code in codes:
            seats[role, station, tier, code].append(number)
    taken: dict[str, str] = {}
    became: dict[str, str] = {}
    more = []
    for number, role, station, tier, codes in _rows(order):
        new = [main[tier][code][0] for code in codes if code in main[tier]]
        there = [seat for code in new for seat in seats[role, station, tier, code]]
        free = next((seat for seat in there if seat not in taken), None)
        if free is not None:
            taken[free], became[number] = str(crew.posts.at[number, "person"]), free
        elif new:
            more.append((number, tuple(dict.fromkeys(new))))
    whole = found.assign(person=pd.Series(taken, dtype="str").reindex(found.index).fillna(""), named=True, extra=False)
    whole, further = _with_further(crew.posts, whole, more)
    shown = whole["needed"] | (whole["person"] != "")
    told = pd.Series(became | further, dtype="str").reindex(crew.posts.index).fillna("")
    return Moved(Crew(whole[shown], crew.people), told)


def _first(pairs: pd.DataFrame) -> Mapping[str, tuple[str, int, bool]]:
    """Return for each earlier unit where most of its homes are now, how many, and whether its code goes on."""
    best = pairs.drop_duplicates("old")
    rows = zip(best["old"], best["new"], best["households"], strict=True)
    return {old: (new, int(count), old == new) for old, new, count in rows}


def _in_order(posts: pd.DataFrame, main: Mapping[str, Mapping[str, tuple[str, int, bool]]]) -> pd.DataFrame:
    """Return posts so that those whose unit goes on come first, then those that bring most homes along."""
    none = ("", 0, False)
    told = [main[tier].get(codes[0], none) for tier, codes in zip(posts["tier"], posts["codes"], strict=True)]
    keys = pd.DataFrame({"stays": [one[2] for one in told], "homes": [one[1] for one in told]}, index=posts.index)
    keys["held"] = posts["person"] != ""
    keys["number"] = posts.index
    order = keys.sort_values(["stays", "held", "homes", "number"], ascending=[False, False, False, True])
    return posts.loc[order.index]


def _rows(posts: pd.DataFrame) -> Any:
    columns = (posts[name] for name in ("role", "station", "tier", "codes"))
    return zip(posts.index.astype(str), *columns, strict=True)


def _with_further(
    old: pd.DataFrame, whole: pd.DataFrame, more: list[tuple[str, tuple[str, ...]]]
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return posts with those behind them that somebody has and that found no place, and what these became."""
    known = set(whole["role"])  # vacant posts of a role that only the roster knows stay as well
    held = [(n, codes) for n, codes in more if old.at[n, "person"] != "" or old.at[n, "role"] not in known]
    if not held:
        return whole, {}
    rows = old.loc[[number for number, _ in held]].assign(needed=True, vacancy=True, held_by="", named=True, extra=True)
    rows["codes"] = pd.Series([codes for _, codes in held], index=rows.index, dtype=object)
    both = pd.concat([whole, rows[list(whole)]])
    named = numbers(both.reset_index(drop=True)).set_axis(both.index)
    further = dict(zip([number for number, _ in held], named.iloc[len(whole) :], strict=True))
    return both.set_index(named).rename_axis("post"), further
