"""People away for some days, who stands in for them, and rosters that come in whole; the record says who did it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import or_, select

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.staffing.people import Crew, crew_of
from gis_grid.store.areas import today
from gis_grid.store.audit import record
from gis_grid.store.grids import in_force_on
from gis_grid.store.models import Area, Post, Staff, StaffAssignment
from gis_grid.store.outgoing import roster
from gis_grid.store.people import Kept, assign, keep_people, person_of
from gis_grid.store.plans import load_plan
from gis_grid.store.roster import work_only

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd
    from sqlalchemy.orm import Session

    from gis_grid import plan as plans
    from gis_grid.store.access import Actor


class Away(NamedTuple):
    """Say what a leave concerns: numbers of the posts, and of those that nobody stands in for on its first day."""

    posts: tuple[str, ...]
    uncovered: tuple[str, ...]


def leave(
    session: Session,
    district: Area,
    number: str,
    *,
    valid_from: date,
    valid_to: date | None = None,
    substitute: str | None = None,
    actor: Actor,
) -> Away:
    """Let a person be away from every post they hold or stand in for, from one day until another.

    `valid_to` is the first day they are back; `substitute` is the number of who stands in at all of these posts
    meanwhile. Without one the substitutes that there are answer, and where there are none the community's station.

    Raises
    ------
    AbsentError
        If the district has nobody of one of the numbers.
    ClashError
        If the person holds no post in that time, would stand in for themselves, or the days are not in order.
    RightsError
        If the actor may not change the roster there.
    """
    actor.require("manage_staff", district.path)
    person = person_of(session, district.id, number)
    other = person_of(session, district.id, substitute) if substitute else None
    if other is not None and other.id == person.id:
        raise ClashError(Fault(f"{person.name} cannot stand in for themselves", column="substitute"))
    if valid_to is not None and valid_to <= valid_from:
        raise ClashError(Fault(f"{valid_from} to {valid_to} is no span of days", remedy="the last day comes after"))
    posts = _posts_of(session, person, valid_from, valid_to)
    if not posts:
        raise ClashError(
            Fault(f"{person.name} holds no post from {valid_from} on", remedy="see the roster of that day")
        )
    uncovered = []
    span = {"valid_from": valid_from, "valid_to": valid_to, "actor": actor}
    for post in posts:
        assign(session, post=post.id, staff=person.id, kind="leave", **span)  # type: ignore[arg-type]
        if other is not None:
            assign(session, post=post.id, staff=other.id, kind="substitute", **span)  # type: ignore[arg-type]
        elif not _answered(session, post, person, valid_from):
            uncovered.append(post.number)
    return Away(tuple(post.number for post in posts), tuple(uncovered))


def back(session: Session, district: Area, number: str, *, on: date, actor: Actor) -> int:
    """Let a person be back from every leave on a day, and return how many ended; one that was to begin later goes.

    Raises
    ------
    AbsentError
        If the district has nobody of that number.
    RightsError
        If the actor may not change the roster there.
    """
    actor.require("manage_staff", district.path)
    person = person_of(session, district.id, number)
    beyond = or_(StaffAssignment.valid_to.is_(None), StaffAssignment.valid_to > on)
    mine = (StaffAssignment.staff_id == person.id, StaffAssignment.kind == "leave", beyond)
    found = session.execute(select(StaffAssignment).where(*mine)).scalars().all()
    for one in found:
        if one.valid_from < on:
            one.valid_to = on
        else:
            session.delete(one)
    session.flush()
    detail = {"staff": person.number, "kind": "back", "from": str(on), "posts": len(found)}
    record(session, actor, "assign", f"person {person.number}", district=district.id, detail=detail)
    return len(found)


def _posts_of(session: Session, person: Staff, first: date, last: date | None) -> list[Post]:
    """Return the posts a person holds or stands in for on some day of a span."""
    until = StaffAssignment.valid_from < last if last is not None else StaffAssignment.valid_from >= person.valid_from
    query = (
        select(Post)
        .join(StaffAssignment, StaffAssignment.post_id == Post.id)
        .where(
            StaffAssignment.staff_id == person.id,
            StaffAssignment.kind.in_(("holder", "substitute")),
            or_(StaffAssignment.valid_to.is_(None), StaffAssignment.valid_to > first),
            until,
        )
        .order_by(Post.number)
    )
    return list(session.execute(query).scalars().unique())


def _answered(session: Session, post: Post, person: Staff, on: date) -> bool:
    """Say whether somebody else holds a post or stands in at it on a day."""
    there = (
        StaffAssignment.post_id == post.id,
        StaffAssignment.kind != "leave",
        StaffAssignment.staff_id != person.id,
        StaffAssignment.valid_from <= on,
        or_(StaffAssignment.valid_to.is_(None), StaffAssignment.valid_to > on),
    )
    return session.execute(select(StaffAssignment.id).where(*there).limit(1)).first() is not None


def plan_on(session: Session, district: Area, day: date) -> plans.Plan:
    """Return the plan in force in a district on a day.

    Raises
    ------
    AbsentError
        If there is none.
    """
    plan_id = in_force_on(session, district.id, day)
    if plan_id is None:
        raise AbsentError(Fault(f"no plan of {district.name} is in force on {day}", remedy="publish one first"))
    return load_plan(session, plan_id)


def crew_on(
    session: Session, district: Area, *, on: date | None = None, holders: bool = False
) -> tuple[plans.Plan, Crew]:
    """Return the plan in force in a district on a day (today there), and its people as the store has them then.

    Those who stand in for somebody on leave are in their place; with `holders` those whose posts they are.

    Raises
    ------
    AbsentError
        If no plan is in force there.
    """
    day = on or today(district)
    plan = plan_on(session, district, day)
    return plan, crew_of(plan, staff=roster(session, district.id, on=day, holders=holders), strict=False)


def take_roster(session: Session, district: Area, staff: pd.DataFrame, *, on: date | None = None, actor: Actor) -> Kept:
    """Make a roster that came in that of a district from a day on (today there), whole or not at all.

    `staff` are rows as `gis_grid.sources.read_roster` returns them. Leave and substitutes stay with the posts.

    Raises
    ------
    AbsentError
        If no plan is in force there.
    InputError
        If rows name grids or communities that the plan in force does not have; all faults at once.
    RightsError
        If the actor may not change the roster there.
    """
    actor.require("manage_staff", district.path)
    day = on or today(district)
    plan = plan_on(session, district, day)
    crew_of(plan, staff=staff)
    kept = keep_people(session, district.id, dataclasses.replace(plan, staff=work_only(staff)[0]), on=day)
    detail = {"from": str(day), "posts": kept.posts, "people": kept.people, "vacant": kept.vacant}
    record(session, actor, "keep_people", district.code, district=district.id, detail=detail)
    return kept
