"""A plan file taken into its district: the tree above it, its communities, its roster, and the plan, at once."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.staffing.people import rows_of, unknown_places
from gis_grid.store.access import LOCAL
from gis_grid.store.areas import ZONE, add_area, area_of, district_of, today
from gis_grid.store.audit import record
from gis_grid.store.communities import keep_communities
from gis_grid.store.people import has_people, keep_people
from gis_grid.store.plans import import_plan
from gis_grid.store.roster import work_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan
    from gis_grid.store.access import Actor
    from gis_grid.store.communities import Kept as Communities
    from gis_grid.store.models import Area
    from gis_grid.store.people import Kept as People


@dataclass(frozen=True)
class DistrictOptions:
    """Say where a plan belongs: the code of its district, and, for one that is not there yet, what it is.

    `above` are code and name of what it lies in, from the top down: a city, or a province and a city; a name is only
    needed where the area is not there yet.
    """

    code: str
    name: str = ""
    above: tuple[tuple[str, str], ...] = ()
    timezone: str = ZONE


@dataclass(frozen=True)
class Taken:
    """Say what an import has done: the plan's id, its district, communities, the roster if it was taken, and notes."""

    plan_id: str
    district: Area
    communities: Communities
    people: People | None
    notes: tuple[str, ...]


def take_in(
    session: Session,
    plan: Plan,
    *,
    district: DistrictOptions,
    title: str,
    roster: bool = False,
    actor: Actor = LOCAL,
) -> Taken:
    """Import a plan with everything around it, in the caller's transaction; its state is `proposed`.

    The first plan of a district brings its roster along; later ones only if `roster` says that theirs is in force from
    today on, for a proposal changes nobody's post. Columns of a roster beyond post and work phone are left out.

    Raises
    ------
    AbsentError
        If the district or an area above it is not there, and no name says what it is.
    ClashError
        If the district is there under another name.
    RightsError
        If the actor may not import plans there, or not add areas.
    """
    home = _district(session, district, actor)
    actor.require("build", home.path)
    notes = []
    if plan.staff is not None:
        staff, rest = work_only(plan.staff)
        plan = dataclasses.replace(plan, staff=staff)
        notes += [f"columns of the roster that nobody needs were left out: {', '.join(rest)}"] if rest else []
        unknown = unknown_places(rows_of(plan, staff))
        places = ", ".join(f"row {fault.row} ({fault.problem})" for fault in unknown[:5])
        notes += [f"{len(unknown)} places of the roster were passed over: {places}"] if unknown else []
    communities = keep_communities(session, home.id, plan)
    people = None
    if plan.staff is not None and (roster or not has_people(session, home.id)):
        people = keep_people(session, home.id, plan)
    elif plan.staff is not None:
        notes.append("the roster of the district stays as it is (--roster takes that of the file)")
    plan_id = import_plan(session, plan, district=home.id, name=title, who=actor.name)
    detail = {"name": title, "grids": len(plan.grids), "blocks": len(plan.blocks), "day": str(today(home))}
    record(session, actor, "import", plan_id, district=home.id, detail=detail)
    return Taken(plan_id, home, communities, people, tuple(notes))


def _district(session: Session, options: DistrictOptions, actor: Actor) -> Area:
    try:
        home = district_of(session, options.code)
    except AbsentError as caught:
        if not options.name:
            remedy = "say what it is called, as in: --name 江汉区"
            raise AbsentError(Fault(f"there is no district {options.code}", remedy=remedy)) from caught
        under = _above(session, options, actor)
        return add_area(
            session,
            code=options.code,
            level="district",
            name=options.name,
            under=under,
            timezone=options.timezone,
            actor=actor,
        )
    if options.name and options.name != home.name:
        raise ClashError(Fault(f"district {home.code} is {home.name}", remedy="leave --name out, or use another code"))
    return home


def _above(session: Session, options: DistrictOptions, actor: Actor) -> str | None:
    """Return the code of what a new district lies in, after adding what is not there."""
    levels: Sequence[str] = ("province", "city")[-len(options.above) :] if options.above else ()
    under = None
    for (code, name), level in zip(options.above, levels, strict=True):
        try:
            area_of(session, code)
        except AbsentError as caught:
            if not name:
                remedy = f"name it too, as in: --under {code}=武汉市"
                raise AbsentError(Fault(f"there is no area {code}", remedy=remedy)) from caught
            add_area(session, code=code, level=level, name=name, under=under, timezone=options.timezone, actor=actor)
        under = code
    return under
