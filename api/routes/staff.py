"""The roster of the caller's part of the tree: told, taken in, handed out; who takes what, who is away."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api import staffing
from api.deps import OpenStore, Reading, Service, Writing, may
from api.errors import Problem
from api.models import Person, StaffAnswer, StaffTold
from api.staff_models import (
    AwayTold,
    BackTold,
    BackWish,
    Handling,
    LeaveWish,
    RosterTaken,
    StaffSuggestion,
    SuggestPosts,
)
from gis_grid.lookup.answering import answering, handling
from gis_grid.staffing import roster_of
from gis_grid.store import Store, audit
from gis_grid.store.access import Actor
from gis_grid.store.areas import district_of, today
from gis_grid.store.grids import grid_as_of, posts_in
from gis_grid.store.leave import back, crew_on, leave, take_roster
from gis_grid.store.models import Area
from gis_grid.store.people import people_frame
from gis_grid.store.units import units_of

router = APIRouter(tags=["staff"])

#: bytes of a roster at most
MOST_BYTES = 8 << 20
Code = Annotated[str, Query(max_length=40, description="Code of the district.")]
On = Annotated[date | None, Query(alias="at", description="As of this day; today without it.")]
_SENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in staffing.MEDIA.values()}}
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("/staff")
def staff(
    session: Reading,
    actor: Annotated[Actor, may("read_staff")],
    on: On = None,
    vacant: Annotated[bool, Query(description="Only posts that nobody fills?")] = False,
) -> StaffAnswer:
    """Tell every post in the caller's part of the tree and who fills it: names, posts and work phones, no more."""
    found = posts_in(session, actor, on=on)
    if vacant:
        found = found[found["kind"] == "vacant"]
    return StaffAnswer(staff=[StaffTold.model_validate(row) for row in found.to_dict("records")])


@router.get("/staff/handling")
def handles(
    session: Reading,
    actor: Annotated[Actor, may("read_staff")],
    grid: Annotated[str, Query(max_length=40, description="Code of a grid.")],
    line: Annotated[str, Query(max_length=60, description="Service line, as the scheme names it: noise, safety, …")],
    on: On = None,
) -> Handling:
    """Tell who handles a service line in a grid: the nearest post that has it, else who answers for the grid."""
    found = grid_as_of(session, grid, actor=actor, on=on)
    actor.require("read_staff", found.path)
    units = units_of(session, found.grid.plan_id, codes=[grid])
    people = answering(people_frame(session, found.district.id, on=found.as_of), units)[grid]
    chosen = handling(people, line)
    return Handling(line=line, as_of=found.as_of, people=[Person.model_validate(one) for one in chosen])


@router.get("/staff/roster", response_class=Response, responses=_SENT)
def export_roster(
    store: OpenStore,
    actor: Annotated[Actor, may("export", rate="write")],
    district: Code,
    form: Annotated[staffing.Sheet, Query(alias="format")] = "xlsx",
    lang: Annotated[str, Query(pattern="^(zh|en)$")] = "zh",
    on: On = None,
) -> Response:
    """Return the roster of a district on a day as XLSX or CSV (UTF-8 with a mark); the record says who took it.

    It has those whose posts they are, also while somebody stands in for them, and can be taken in again as it is.
    """
    with store.writing() as session:
        area = _district(session, district, actor, "export")
        content = staffing.sheet(roster_of(*crew_on(session, area, on=on, holders=True)), form, lang)
        detail = {"format": form, "at": str(on or today(area))}
        audit.record(session, actor, "export", f"roster {area.code}", district=area.id, detail=detail)
    name = f"roster-{area.code}.{form}"
    return Response(
        content, media_type=staffing.MEDIA[form], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


async def _body(request: Request) -> bytes:
    """Return what was sent, up to a size.

    Raises
    ------
    Problem
        413 if it is larger.
    """
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MOST_BYTES:
            raise Problem(413, "too-large", f"a roster has no more than {MOST_BYTES >> 20} MiB")
    return bytes(content)


@router.post("/staff/roster", openapi_extra=_BODY)
async def import_roster(
    store: OpenStore,
    actor: Annotated[Actor, may("manage_staff", rate="write")],
    content: Annotated[bytes, Depends(_body)],
    district: Code,
    name: Annotated[str, Query(min_length=1, max_length=200, description="What the file is called, with its ending.")],
    valid_from: Annotated[date | None, Query(alias="from", description="From this day on; today without it.")] = None,
    confirmed: Annotated[bool, Query(description="Keep it? Else only say what would be kept.")] = False,
) -> RosterTaken:
    """Take a roster in from a day on; unless it is `confirmed`, only say how its columns are understood."""
    return await run_in_threadpool(_take, store, actor, content, district, name, valid_from, confirmed)


def _take(
    store: Store, actor: Actor, content: bytes, district: str, name: str, valid_from: date | None, confirmed: bool
) -> RosterTaken:
    frame, notes = staffing.read(content, name)
    with store.writing() as session:
        area = _district(session, district, actor, "manage_staff")
        kept = take_roster(session, area, frame, on=valid_from, actor=actor)
        if not confirmed:
            session.rollback()
    counts = {"posts": kept.posts, "people": kept.people, "vacant": kept.vacant}
    return RosterTaken(confirmed=confirmed, rows=len(frame), notes=list(notes), **counts)


@router.post("/staff/suggest")
def suggest(
    session: Reading, state: Service, wish: SuggestPosts, actor: Annotated[Actor, may("read_staff", rate="write")]
) -> StaffSuggestion:
    """Suggest who takes which post of a district, and why, with the gap to the best there is; nothing is entered."""
    area = _district(session, wish.district, actor, "read_staff")
    found = state.workshop.pool.call(staffing.suggested, area.id, wish.at or today(area), wish.most)
    return StaffSuggestion.model_validate(found)


@router.post("/staff/leave", status_code=201)
def begin_leave(
    session: Writing, wish: LeaveWish, actor: Annotated[Actor, may("manage_staff", rate="write")]
) -> AwayTold:
    """Let a person be away for some days from all their posts, and say which of these nobody stands in for."""
    area = _district(session, wish.district, actor, "manage_staff")
    found = leave(
        session,
        area,
        wish.person,
        valid_from=wish.valid_from,
        valid_to=wish.valid_to,
        substitute=wish.substitute,
        actor=actor,
    )
    return AwayTold(posts=list(found.posts), uncovered=list(found.uncovered))


@router.post("/staff/back")
def end_leave(session: Writing, wish: BackWish, actor: Annotated[Actor, may("manage_staff", rate="write")]) -> BackTold:
    """Let a person be back from leave on a day (today without one)."""
    area = _district(session, wish.district, actor, "manage_staff")
    return BackTold(ended=back(session, area, wish.person, on=wish.on or today(area), actor=actor))


def _district(session: Session, code: str, actor: Actor, action: str) -> Area:
    """Return a district of the caller's part of the tree.

    Raises
    ------
    AbsentError
        If there is none of that code.
    RightsError
        If the caller may not do that there.
    """
    area = district_of(session, code)
    actor.require(action, area.path)
    return area
