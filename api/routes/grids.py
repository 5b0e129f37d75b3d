"""A grid as of a day: what it is, who looks after it, what it was made from and what became of it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import shapely
from fastapi import APIRouter, Path, Query, Response

from api import offers
from api.deps import OpenStore, Reading, Service, may
from api.models import GridAnswer, GridTold, HandOvers, HandOverTold, MyGrids, OwnGrid, Person, Predecessor
from gis_grid.lookup.answering import answering
from gis_grid.report.card import CardOptions, Holder
from gis_grid.store.access import Actor
from gis_grid.store.coming import coming_to, next_publication
from gis_grid.store.grids import grid_as_of, grids_of
from gis_grid.store.people import people_frame
from gis_grid.store.units import units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis_grid.store.grids import Standing, Step

router = APIRouter(tags=["grids"])

Code = Annotated[str, Path(max_length=64, description="Code of the grid.")]
Day = Annotated[date | None, Query(alias="at", description="As of this day; today without it.")]
InDistrict = Annotated[str | None, Query(max_length=64, description="Code of its district, if several have it.")]
#: counts below this are told to planners only
SMALL = 10


@router.get("/grids/{code}")
def grid(
    code: Code,
    session: Reading,
    actor: Annotated[Actor, may("read_published", rate="lookup")],
    on: Day = None,
    district: InDistrict = None,
    geometry: Annotated[bool, Query(description="With its shape in WGS 84?")] = False,
) -> GridAnswer:
    """Tell a grid as of a day, with its lineage and the people who answer for it."""
    found = grid_as_of(session, code, actor=actor, on=on, district=district)
    units = units_of(session, found.grid.plan_id, codes=[found.grid.code])
    people = answering(people_frame(session, found.district.id, on=found.as_of), units)
    following = next_publication(session, found.district.id, found.as_of)
    return GridAnswer(
        grid=_told(found, actor),
        people=[Person.model_validate(one) for one in people.get(found.grid.code, [])],
        valid_from=found.valid_from,
        valid_to=found.valid_to,
        predecessors=_steps(found.before, found, actor),
        successors=_steps(found.after, found, actor),
        plan=found.grid.plan_id,
        as_of=found.as_of,
        geometry=_shape(found) if geometry else None,
        next_effective=following.effective if following else None,
    )


@router.get(
    "/grids/{code}/card.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}},
)
def card(
    code: Code,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("read_published", rate="batch")],
    on: Day = None,
    district: InDistrict = None,
) -> Response:
    """Lay out the card of a grid to print: map, bounds, households, who answers; A5, one page."""
    with store.reading() as session:
        found = grid_as_of(session, code, actor=actor, on=on, district=district)
        units = units_of(session, found.grid.plan_id, codes=[found.grid.code])
        people = answering(people_frame(session, found.district.id, on=found.as_of), units)
        least = 0 if actor.may("read_small_counts", found.path) else SMALL
    holders = [
        Holder(str(one.get("role_zh") or one.get("role")), str(one.get("name")), str(one.get("work_phone") or ""))
        for one in people.get(found.grid.code, [])
    ]
    note = f"{found.district.name} · {found.as_of} · 计数为户数 households counted"
    options = CardOptions(holders, str(found.valid_from or ""), note, least)
    content = state.workshop.pool.call(offers.card, found.grid.plan_id, found.grid.code, options)
    return Response(content, media_type="application/pdf")


@router.get("/me/grids")
def my_grids(state: Service, session: Reading, actor: Annotated[Actor, may("read_own")], on: Day = None) -> MyGrids:
    """Tell the grids that the caller answers for, with their doors as counts."""
    found = grids_of(session, actor, on=on)
    answers = state.desk.current.answers
    there = {one.published.plan: one for one in answers.in_force(found[0].as_of)} if found else {}
    standing = there.get(found[0].grid.plan_id) if found else None
    doors = answers.doors(standing) if standing is not None else {}
    grids = []
    for one in found:
        small = actor.may("read_small_counts", one.path)
        count = doors.get(one.grid.code)
        told = None if count is None else shown(count, small=small)
        grids.append(OwnGrid(**_told(one, actor).model_dump(), doors=told))
    return MyGrids(grids=grids, as_of=found[0].as_of if found else on)


@router.get("/me/hand-overs")
def my_hand_overs(session: Reading, actor: Annotated[Actor, may("read_own")]) -> HandOvers:
    """Tell what the next publication gives to the caller's grids and takes from them, and who is on the other side."""
    found = grids_of(session, actor)
    coming = coming_to(session, found)
    if coming is None:
        return HandOvers(effective=None, plan=None, hand_overs=[], redrawn=False)
    small = {one.grid.code: actor.may("read_small_counts", one.path) for one in found}
    rows = [
        HandOverTold(
            own=one.own,
            other=one.other,
            other_name=one.other_name,
            gives=one.gives,
            households=shown(one.households, small=small.get(one.own, False)),
            people=[Person.model_validate(person) for person in one.people],
        )
        for one in coming.hand_overs
    ]
    return HandOvers(effective=coming.effective, plan=coming.plan_id, hand_overs=rows, redrawn=coming.redrawn)


def shown(households: int, *, small: bool) -> int | None:
    """Return a count as a caller may see it.

    >>> shown(9, small=False), shown(9, small=True), shown(10, small=False)
    (None, 9, 10)
    """
    return households if small or households >= SMALL else None


def _told(found: Standing, actor: Actor) -> GridTold:
    grid = found.grid
    households = shown(grid.households, small=actor.may("read_small_counts", found.path))
    return GridTold(
        code=grid.code,
        name=grid.name,
        kind=grid.kind,
        tier=grid.tier,
        parent_code=grid.parent_code,
        community_code=grid.community_code,
        community=found.community,
        households=households,
        households_suppressed=households is None,
        bounds_zh=grid.bounds_zh,
        bounds_en=grid.bounds_en,
    )


def _steps(steps: Sequence[Step], found: Standing, actor: Actor) -> list[Predecessor]:
    small = actor.may("read_small_counts", found.path)
    return [
        Predecessor(
            code=step.code,
            relation=step.relation,
            households=shown(step.households, small=small),
            plan=step.plan_id,
            on=step.on,
        )
        for step in steps
    ]


def _shape(found: Standing) -> dict[str, Any] | None:
    import orjson

    if found.grid.geom is None:
        return None
    shape: dict[str, Any] = orjson.loads(shapely.to_geojson(shapely.set_precision(found.grid.geom, 1e-7)))
    return shape
