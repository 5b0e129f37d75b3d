"""The roster of the caller's part of the tree."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import Reading, may
from api.models import StaffAnswer, StaffTold
from gis_grid.store.access import Actor
from gis_grid.store.grids import posts_in

router = APIRouter(tags=["staff"])


@router.get("/staff")
def staff(
    session: Reading,
    actor: Annotated[Actor, may("read_staff")],
    on: Annotated[date | None, Query(alias="at", description="As of this day; today without it.")] = None,
    vacant: Annotated[bool, Query(description="Only posts that nobody fills?")] = False,
) -> StaffAnswer:
    """Tell every post in the caller's part of the tree and who fills it: names, posts and work phones, no more."""
    found = posts_in(session, actor, on=on)
    if vacant:
        found = found[found["kind"] == "vacant"]
    return StaffAnswer(staff=[StaffTold.model_validate(row) for row in found.to_dict("records")])
