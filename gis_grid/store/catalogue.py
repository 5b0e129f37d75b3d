"""What plans there are, for whoever may see them, and how far each has come on its way into force."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, tuple_

from gis_grid.errors import AbsentError, Fault
from gis_grid.store.areas import today
from gis_grid.store.models import Approval, Area, Assignment, Block, Grid, Plan, Publication

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor


@dataclass(frozen=True)
class PlanState:
    """Say what a plan is, where, and how far it has come; `effective` is the day from which it holds, if published."""

    id: str
    district_id: int
    district_code: str
    district: str
    path: str
    name: str
    state: str
    tier: str
    based_on: str | None
    from_draft: str | None
    who: str
    at: datetime
    effective: date | None
    grids: int


@dataclass(frozen=True)
class Step:
    """One step on a plan's way: handed in, agreed to, given back, published, withdrawn."""

    step: str
    who: str
    at: datetime
    comment: str


@dataclass(frozen=True)
class InForce:
    """A plan in force in a district from a day on, and the first day without it, if that is known.

    `version` is another one if the plan was withdrawn and published again.
    """

    plan_id: str
    district_id: int
    district_code: str
    district: str
    path: str
    effective: date
    until: date | None
    version: str


def list_plans(
    session: Session,
    *,
    actor: Actor,
    district: str | None = None,
    state: str | None = None,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[PlanState]:
    """Return plans that the actor may see, the newest first; who may not read plans sees those published.

    `before` is the moment and id of the last plan seen, to go on from there.
    """
    query = _plans().where(_seen_by(actor))
    if district is not None:
        query = query.where(Area.code == district)
    if state is not None:
        query = query.where(Plan.state == state)
    if before is not None:
        query = query.where(tuple_(Plan.created_at, Plan.id) < before)
    rows = session.execute(query.order_by(Plan.created_at.desc(), Plan.id.desc()).limit(limit)).all()
    return [PlanState(*row) for row in rows]


def plan_state(session: Session, plan_id: str, *, actor: Actor) -> PlanState:
    """Return the state of a plan.

    Raises
    ------
    AbsentError
        If there is no such plan, or none that the actor may see.
    """
    found = session.execute(_plans().where(Plan.id == plan_id, _seen_by(actor))).one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    return PlanState(*found)


def steps_of(session: Session, plan_id: str) -> list[Step]:
    """Return the steps that a plan has taken, in order."""
    query = select(Approval.step, Approval.who, Approval.at, Approval.comment).where(Approval.plan_id == plan_id)
    return [Step(*row) for row in session.execute(query.order_by(Approval.id))]


def version_of(session: Session, plan_id: str) -> int:
    """Return a number that is another one after every step of a plan; a publication settles its codes anew."""
    query = select(func.coalesce(func.max(Approval.id), 0)).where(Approval.plan_id == plan_id)
    return int(session.execute(query).scalar_one())


def reach(session: Session, plan_id: str) -> tuple[str, bool]:
    """Return the path of a plan's district, and whether the plan is published.

    Raises
    ------
    AbsentError
        If there is no such plan.
    """
    query = select(Area.path, Publication.plan_id).join(Plan, Plan.district_id == Area.id)
    query = query.outerjoin(Publication, Publication.plan_id == Plan.id)
    found = session.execute(query.where(Plan.id == plan_id)).one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    return found[0], found[1] is not None


def counts_of(session: Session, plan_id: str) -> dict[str, int]:
    """Count the grids, blocks and households of a plan."""
    grids = session.execute(
        select(func.count(), func.coalesce(func.sum(Grid.households), 0)).where(Grid.plan_id == plan_id)
    ).one()
    blocks = select(func.count()).select_from(Block).join(Plan, Plan.ground_id == Block.ground_id)
    count = session.execute(blocks.where(Plan.id == plan_id)).scalar_one()
    assigned = select(func.count()).select_from(Assignment).join(Plan, Plan.id == Assignment.plan_id)
    held = session.execute(assigned.where(Plan.id == plan_id, Assignment.tier == Plan.main_tier)).scalar_one()
    return {"grids": grids[0], "households": int(grids[1]), "blocks": count, "blocks_assigned": held}


def in_force_on(session: Session, *, actor: Actor, on: date | None = None) -> list[InForce]:
    """Return the plan that is in force on a day in each district of the actor's part of the tree.

    Without a day it is today, wherever the district lies; `until` is the first day without the plan.
    """
    columns = (Publication.plan_id, Publication.effective, Publication.at, Area)
    query = select(*columns).join(Area, Area.id == Publication.district_id).where(_under(actor))
    held: dict[int, InForce] = {}
    for plan_id, effective, at, area in session.execute(query.order_by(Publication.effective)):
        day = on or today(area)
        before = held.get(area.id)
        if effective <= day:
            held[area.id] = InForce(plan_id, area.id, area.code, area.name, area.path, effective, None, at.isoformat())
        elif before is not None and before.until is None:
            held[area.id] = replace(before, until=effective)
    return sorted(held.values(), key=lambda one: one.district_code)


def _under(actor: Actor) -> ColumnElement[bool]:
    return or_(*(Area.path.startswith(path, autoescape=True) for path in (actor.path, *actor.also)))


def _plans() -> Select[Any]:
    grids = select(func.count()).where(Grid.plan_id == Plan.id).correlate(Plan).scalar_subquery()
    columns = (Plan.district_id, Area.code, Area.name, Area.path, Plan.name, Plan.state, Plan.main_tier)
    more = (Plan.based_on, Plan.from_draft, Plan.created_by, Plan.created_at, Publication.effective, grids)
    query = select(Plan.id, *columns, *more).join(Area, Area.id == Plan.district_id)
    return query.outerjoin(Publication, Publication.plan_id == Plan.id)


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an actor may see a plan: its own part of the tree, and what is published."""
    if actor.may("read_plans", actor.path):
        return _under(actor)
    return and_(_under(actor), Publication.plan_id.is_not(None))
