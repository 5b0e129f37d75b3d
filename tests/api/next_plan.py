"""The made-up town's next plan, published but not yet in force, and the tokens of people on its roster."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from town_in_force import publish_alone

from gis_grid.finish import redrawn
from gis_grid.store.areas import today
from gis_grid.store.models import Area, Staff
from gis_grid.store.plans import import_plan

if TYPE_CHECKING:
    from town_in_force import Town


def publish_later(town: Town) -> tuple[str, str, str, date]:
    """Publish for a week from now a plan in which a block goes to the grid beside; return block, both grids, day."""
    plan = town.plan
    code_of = dict(zip(plan.grids.index, plan.grids["code"], strict=True))
    community = plan.blocks["community_code"]
    for a, b in zip(plan.borders["a"], plan.borders["b"], strict=True):
        old, new = plan.assignment[a], plan.assignment[b]
        if old != new and community[a] == community[b] and (plan.assignment == old).sum() > 3:
            break
    moved = plan.assignment.copy()
    moved[a] = new
    later = redrawn(dataclasses.replace(plan, assignment=moved), plan)
    with town.store.writing() as session:
        day = today(session.get_one(Area, town.district)) + timedelta(days=7)
        plan_id = import_plan(session, later, district=town.district, name="next", who="tester")
        publish_alone(session, plan_id, day)
    return str(a), str(code_of[old]), str(code_of[new]), day


def token_of(town: Town, person: str) -> str:
    """Return a field worker's token: that of a number on the roster."""
    with town.store.reading() as session:
        query = select(Staff.id).where(Staff.number == person, Staff.district_id == town.district)
        staff = session.execute(query).scalar_one()
    return town.token("field", area=town.district, staff=staff)
