"""Who answers for a grid: the people of the grid itself, then of the units around it, the smallest first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import select

from gis_grid.store.models import Assignment, Grid, Plan

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

#: what is told of somebody who answers for a grid
TOLD = ("person", "name", "role", "role_zh", "role_en", "kind", "work_phone", "lines", "tier", "code")


def units_of(session: Session, plan_id: str, *, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Return the units that each grid of a plan lies in whole: columns `grid` (its code), `tier` and `code`.

    The grid itself comes first, then the units around it from the smallest to the district, whose code is "". A unit
    that a grid only has a part in does not answer for it.
    """
    kept = session.get_one(Plan, plan_id)
    wanted = select(Grid.grid_id, Grid.code, Grid.community_code).where(Grid.plan_id == plan_id)
    if codes is not None:
        wanted = wanted.where(Grid.code.in_(codes))
    grids = pd.DataFrame(session.execute(wanted).all(), columns=["grid_id", "grid", "community"], dtype="str")
    query = select(Assignment.tier, Assignment.block_id, Assignment.unit).where(Assignment.plan_id == plan_id)
    found = pd.DataFrame(session.execute(query).all(), columns=["tier", "block_id", "code"], dtype="str")
    home = found[found["tier"] == kept.main_tier].set_index("block_id")["code"]
    around = found[found["tier"] != kept.main_tier]
    around = around.assign(grid_id=around["block_id"].map(home)).drop_duplicates(["grid_id", "tier", "code"])
    whole = around[~around.duplicated(["grid_id", "tier"], keep=False)]
    whole = whole.merge(grids[["grid_id", "grid"]], on="grid_id")
    parts = [
        pd.DataFrame({"grid": grids["grid"], "tier": kept.main_tier, "code": grids["grid"]}),
        whole[["grid", "tier", "code"]],
        pd.DataFrame({"grid": grids["grid"], "tier": "community", "code": grids["community"]}),
        pd.DataFrame({"grid": grids["grid"], "tier": "district", "code": ""}),
    ]
    units = pd.concat(parts, ignore_index=True).drop_duplicates()
    units["size"] = units.groupby(["tier", "code"])["grid"].transform("nunique")
    return units.sort_values(["grid", "size"], kind="stable", ignore_index=True)[["grid", "tier", "code"]]


def answering(people: pd.DataFrame, units: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return who answers for each grid, from the frames of `people_frame` and `units_of`.

    Where nobody fills a post, the kind is `station`, with the name and phone of the next unit around that has
    somebody: the community's station, else who stands above it. Only where there is nobody at all are names empty and
    the kind `vacant`.

    >>> people = pd.DataFrame([["s1", "Lin", "head", "", "", "holder", "5550100", ("safety",), "grid", "g1"]],
    ...                       columns=TOLD)
    >>> answering(people, pd.DataFrame({"grid": ["g1"], "tier": ["grid"], "code": ["g1"]}))["g1"][0]["name"]
    'Lin'
    """
    rows = units.merge(people[list(TOLD)], on=["tier", "code"], how="inner", sort=False)
    rows = rows.assign(lines=rows["lines"].map(list), nth=range(len(rows)))
    rows = _by_station(rows)
    told: dict[str, list[dict[str, Any]]] = {str(grid): [] for grid in units["grid"].unique()}
    for grid, row in zip(rows["grid"], rows[list(TOLD)].to_dict("records"), strict=True):
        told[grid].append({str(name): value for name, value in row.items()})
    return told


def _by_station(rows: pd.DataFrame) -> pd.DataFrame:
    """Let the next unit around answer where a post is vacant; rows of a grid run from the smallest unit up."""
    vacant = (rows["kind"] == "vacant").to_numpy()
    if not vacant.any():
        return rows
    first = rows["nth"].where(~vacant)
    after = first.groupby(rows["grid"]).bfill()
    found = after.where(vacant).dropna().astype("int64")
    above = rows.set_index("nth").loc[found]
    out = rows.copy()
    for column in ("person", "name", "work_phone"):
        out.loc[found.index, column] = above[column].to_numpy()
    out.loc[found.index, "kind"] = "station"
    return out


def handling(people: list[dict[str, Any]], line: str) -> list[dict[str, Any]]:
    """Return who of those who answer for a grid handles a service line: posts that have it, at the nearest unit.

    Where no post has the line, everybody at the nearest unit answers, for somebody must.

    >>> both = [{"tier": tier, "code": "1", "lines": [line]} for tier, line in (("grid", "safety"), ("area", "noise"))]
    >>> [one["tier"] for one in handling(both, "noise")], [one["tier"] for one in handling(both, "water")]
    (['area'], ['grid'])
    """
    with_it = [one for one in people if line in one["lines"]] or people
    return [one for one in with_it if (one["tier"], one["code"]) == (with_it[0]["tier"], with_it[0]["code"])]
