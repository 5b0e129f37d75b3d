"""A plan file as a publication, so that a plan can be asked without a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gis_grid.addresses import DISTRICTS, AddressFrames
from gis_grid.lookup.answering import answering, units_around
from gis_grid.lookup.publications import Published
from gis_grid.plan import tier_column

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from gis_grid.plan import Plan


def published_plan(plan: Plan, name: str = "", *, district: str = "") -> Published:
    """Take a plan as one that is in force at all times; `name` is what answers call it.

    Examples
    --------
    >>> import gis_grid as gg
    >>> from gis_grid.lookup import Answers
    >>> answers = Answers([published_plan(gg.build_from(gg.sample_frames()), "town")])
    >>> [standing.published.plan for standing in answers.in_force()]
    ['town']
    """
    community = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    grids = plan.grids.assign(community=plan.grids["community_code"].map(community).fillna(""))
    return Published(
        name,
        district,
        name,
        grids,
        people=people_of_plan(plan),
        tier=plan.scheme.main.id,
        addresses=addresses_of_plan(plan),
        parts=parts_of_plan(plan),
    )


def addresses_of_plan(plan: Plan, areas: Iterable[str] = ()) -> AddressFrames | None:
    """Return what addresses are looked up in, None for a plan without any; `areas` are names of the district."""
    if plan.addresses is None and plan.numbers is None:
        return None
    stated = plan.metadata.get(DISTRICTS, "").split(",")
    known = (*areas, *filter(None, stated))
    return AddressFrames(plan.addresses, plan.numbers, plan.streets, plan.communities, known, plan.aliases)


def parts_of_plan(plan: Plan) -> gpd.GeoDataFrame | None:
    """Return the blocks that are parts of buildings divided by stairwell, None if there are none."""
    parts = plan.blocks.loc[plan.blocks["atom"] == "stairwell", ["parent_block_id", plan.blocks.geometry.name]]
    return parts if len(parts) else None


def people_of_plan(plan: Plan) -> pd.DataFrame | None:
    """Return who answers for which grid by the posts of a plan, a row each; None where nothing is known of them.

    The grid's own people come first, then those of the units around it, the smallest first. Where a post stands
    vacant, the next unit around that has somebody answers (`gis_grid.lookup.answering`).
    """
    if plan.assignments is None:
        return None
    people = plan.assignments.fillna("").astype(str)
    people["lines"] = people["lines"].map(lambda lines: tuple(filter(None, lines.split(","))))
    told = answering(people, units_of_plan(plan))
    rows = [{"grid": grid} | one for grid, them in told.items() for one in them]
    return pd.DataFrame(rows) if rows else None


def units_of_plan(plan: Plan) -> pd.DataFrame:
    """Return the units that each grid of a plan lies in whole, as `gis_grid.lookup.answering.units_around` does."""
    blocks, main = plan.blocks, plan.scheme.main
    home = plan.assignment.reindex(blocks.index).map(plan.grids["code"].astype(str)).to_numpy()
    named = [(tier.id, tier_column(tier)) for tier in plan.scheme.tiers if tier.id != main.id]
    around = [
        pd.DataFrame({"grid": home, "tier": tier, "code": blocks[column].fillna("").astype(str).to_numpy()})
        for tier, column in named
        if column in blocks
    ]
    listed = pd.concat(around, ignore_index=True) if around else pd.DataFrame(columns=["grid", "tier", "code"])
    grids = pd.DataFrame({"grid": plan.grids["code"].astype(str), "community": plan.grids["community_code"]})
    return units_around(grids, listed[(listed["code"] != "") & listed["grid"].notna()], main.id)
