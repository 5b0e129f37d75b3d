"""The units around the grids of a plan in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import select

from gis_grid.lookup.answering import units_around
from gis_grid.store.models import Assignment, Grid, Plan

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session


def units_of(session: Session, plan_id: str, *, codes: Collection[str] | None = None) -> pd.DataFrame:
    """Return the units that each grid of a plan lies in whole, as `gis_grid.lookup.answering.units_around` does."""
    kept = session.get_one(Plan, plan_id)
    wanted = select(Grid.grid_id, Grid.code, Grid.community_code).where(Grid.plan_id == plan_id)
    if codes is not None:
        wanted = wanted.where(Grid.code.in_(codes))
    grids = pd.DataFrame(session.execute(wanted).all(), columns=["grid_id", "grid", "community"], dtype="str")
    query = select(Assignment.tier, Assignment.block_id, Assignment.unit).where(Assignment.plan_id == plan_id)
    found = pd.DataFrame(session.execute(query).all(), columns=["tier", "block_id", "code"], dtype="str")
    home = found[found["tier"] == kept.main_tier].set_index("block_id")["code"]
    around = found[found["tier"] != kept.main_tier]
    around = around.assign(grid_id=around["block_id"].map(home)).merge(grids[["grid_id", "grid"]], on="grid_id")
    return units_around(grids, around[["grid", "tier", "code"]], kept.main_tier)
