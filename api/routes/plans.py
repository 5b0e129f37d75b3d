"""Plans: what there are, one of them, its table, its way into force, and files of it."""

from __future__ import annotations

import base64
import binascii
import dataclasses
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import offers
from api.deps import OpenStore, Reading, Service, Writing, may
from api.errors import Problem
from api.exports import Wanted, sent
from api.plan_models import (
    Comparison,
    DraftTold,
    DraftWish,
    Handing,
    IssuesAnswer,
    PlanAnswer,
    PlanList,
    PlanStep,
    PlanTold,
    Publishing,
    Saying,
    StepTold,
)
from api.readers import Reader
from api.routes.drafts import seen, told_draft
from api.table_models import TABLE
from api.tags import tagged, unpacked
from gis_grid.store import catalogue, drafts, publish
from gis_grid.store.access import Actor

router = APIRouter(tags=["plans"])

PlanId = Annotated[str, Path(max_length=40, pattern=r"^p[0-9a-f]{1,30}$", description="Id of the plan.")]
#: seconds that a plan of a large district may take to be handed in or published
LONG_S = 900.0
State = Literal["proposed", "submitted", "approved", "published", "returned"]


@router.get("/plans")
def plans(
    request: Request,
    session: Reading,
    actor: Reader,
    district: Annotated[str | None, Query(max_length=64, description="Code of a district.")] = None,
    state: State | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str, Query(max_length=200, description="Where the page before ended.")] = "",
) -> PlanList:
    """List plans of the caller's part of the tree, the newest first; below planner those that were published."""
    before = _place(after) if after else None
    found = catalogue.list_plans(session, actor=actor, district=district, state=state, before=before, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    following = str(request.url.include_query_params(after=_mark(page[-1].at, page[-1].id))) if more else None
    return PlanList(plans=[PlanTold(**_plan(one)) for one in page], next=following)


@router.get("/plans/{plan_id}", response_model=PlanAnswer)
def plan(request: Request, plan_id: PlanId, session: Reading, actor: Reader) -> Response:
    """Tell a plan, its counts and the steps that it took."""
    found = catalogue.plan_state(session, plan_id, actor=actor)
    steps = [StepTold(**dataclasses.asdict(one)) for one in catalogue.steps_of(session, plan_id)]
    if not actor.may("read_plans", found.path):
        steps = []
    answer = PlanAnswer(**_plan(found), counts=catalogue.counts_of(session, plan_id), steps=steps)
    return tagged(request, answer.model_dump_json().encode())


@router.get("/plans/{plan_id}/table", response_class=Response, responses=TABLE)
def table(
    request: Request, plan_id: PlanId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> Response:
    """Return every block, grid and border of a plan as columns of numbers; docs/service.md says what they are."""
    found = catalogue.plan_state(session, plan_id, actor=actor)
    actor.require("read_plans", found.path)
    sheet = state.workshop.sheets.get(plan_id, catalogue.version_of(session, plan_id)).table
    return unpacked(request, sheet.content, sheet.etag)


@router.get("/plans/{plan_id}/shapes", response_class=Response, responses=offers.BINARY)
def shapes_of(
    request: Request, plan_id: PlanId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> Response:
    """Return the shapes of the blocks of a plan, in the order of its table, as whole numbers (docs/viewer.md)."""
    found = catalogue.plan_state(session, plan_id, actor=actor)
    actor.require("read_plans", found.path)
    sheet = state.workshop.sheets.get(plan_id, catalogue.version_of(session, plan_id)).shapes
    return unpacked(request, sheet.content, sheet.etag, media_type=offers.NUMBERS)


@router.get("/plans/{plan_id}/issues")
def issues(
    plan_id: PlanId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> IssuesAnswer:
    """Put a plan to every rule."""
    actor.require("read_plans", catalogue.plan_state(session, plan_id, actor=actor).path)
    return IssuesAnswer.model_validate(state.workshop.pool.call(offers.issues, plan_id))


@router.get("/plans/{plan_id}/compare")
def compare(
    plan_id: PlanId,
    session: Reading,
    state: Service,
    actor: Annotated[Actor, may("read_plans")],
    against: Annotated[str, Query(alias="with", max_length=40, pattern=r"^[pd][0-9a-f]{1,30}$")],
) -> Comparison:
    """Say what moves for people from another plan or draft to a plan."""
    actor.require("read_plans", catalogue.plan_state(session, plan_id, actor=actor).path)
    if against.startswith("d"):
        seen(session, against, actor)
    else:
        actor.require("read_plans", catalogue.plan_state(session, against, actor=actor).path)
    return Comparison.model_validate(state.workshop.pool.call(offers.compared, against, plan_id))


@router.get("/plans/{plan_id}/export", response_class=Response, responses=offers.FILE)
def export(
    plan_id: PlanId,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("export", rate="write")],
    wanted: Wanted,
) -> Response:
    """Return a plan as a file; the record says who took it."""
    with store.reading() as session:
        found = catalogue.plan_state(session, plan_id, actor=actor)
    actor.require("export", found.path)
    return sent(state, actor, plan_id, found.district_id, wanted)


@router.post("/plans/{plan_id}/drafts", status_code=201)
def open_draft(
    plan_id: PlanId,
    wish: DraftWish,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("draft", rate="write")],
) -> DraftTold:
    """Open a draft that begins as the plan stands."""
    with store.writing() as session:
        found = catalogue.plan_state(session, plan_id, actor=actor)
        draft_id = drafts.open_draft(session, plan_id, name=wish.name or found.name, actor=actor)
        told = told_draft(drafts.draft(session, draft_id), found.district_code)
    state.workshop.sheets.expect(draft_id, told.revision)
    return told


@router.post("/plans/{plan_id}/submit")
def submit(
    plan_id: PlanId,
    wish: Handing,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("submit", rate="write")],
) -> PlanStep:
    """Hand in a plan, or a draft of it, which becomes a new plan: its id is in the answer."""
    with store.reading() as session:
        catalogue.plan_state(session, plan_id, actor=actor)
    handed = state.workshop.pool.call(
        offers.handed_in, plan_id, wish.draft, wish.revision, actor, wish.comment, seconds=LONG_S
    )
    with store.reading() as session:
        return _step(session, handed, actor)


@router.post("/plans/{plan_id}/approve")
def approve(
    plan_id: PlanId, wish: Saying, session: Writing, actor: Annotated[Actor, may("approve", rate="write")]
) -> PlanStep:
    """Agree to a plan that somebody else handed in and drew."""
    catalogue.plan_state(session, plan_id, actor=actor)
    publish.approve(session, plan_id, actor=actor, comment=wish.comment)
    return _step(session, plan_id, actor)


@router.post("/plans/{plan_id}/return")
def give_back(
    plan_id: PlanId, wish: Saying, session: Writing, actor: Annotated[Actor, may("approve", rate="write")]
) -> PlanStep:
    """Return a plan to those who handed it in."""
    catalogue.plan_state(session, plan_id, actor=actor)
    publish.give_back(session, plan_id, actor=actor, comment=wish.comment)
    return _step(session, plan_id, actor)


@router.post("/plans/{plan_id}/publish")
def publish_plan(
    plan_id: PlanId,
    wish: Publishing,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("publish", rate="write")],
) -> PlanStep:
    """Put an approved plan into force from a day on, with its tiles."""
    with store.reading() as session:
        found = catalogue.plan_state(session, plan_id, actor=actor)
    actor.require("publish", found.path)
    state.workshop.pool.call(offers.published, plan_id, actor, wish.model_dump(), seconds=LONG_S)
    with store.reading() as session:
        return _step(session, plan_id, actor)


@router.post("/plans/{plan_id}/withdraw")
def withdraw(
    plan_id: PlanId, wish: Saying, session: Writing, actor: Annotated[Actor, may("publish", rate="write")]
) -> PlanStep:
    """Take back a publication that is not yet in force."""
    catalogue.plan_state(session, plan_id, actor=actor)
    publish.withdraw(session, plan_id, actor=actor, comment=wish.comment)
    return _step(session, plan_id, actor)


def _step(session: Any, plan_id: str, actor: Actor) -> PlanStep:
    found = catalogue.plan_state(session, plan_id, actor=actor)
    return PlanStep(plan=found.id, state=found.state, effective=found.effective)


def _plan(found: catalogue.PlanState) -> dict[str, Any]:
    told = dataclasses.asdict(found)
    return {name: told[name] for name in PlanTold.model_fields}


def _mark(at: datetime, plan_id: str) -> str:
    """Return where a page ends, as text for an address.

    >>> from datetime import UTC
    >>> _place(_mark(datetime(2026, 1, 2, tzinfo=UTC), "p1"))
    (datetime.datetime(2026, 1, 2, 0, 0, tzinfo=datetime.timezone.utc), 'p1')
    """
    return base64.urlsafe_b64encode(f"{at.isoformat()} {plan_id}".encode()).decode().rstrip("=")


def _place(mark: str) -> tuple[datetime, str]:
    try:
        text = base64.urlsafe_b64decode(mark + "=" * (-len(mark) % 4)).decode()
        moment, _, plan_id = text.partition(" ")
        at = datetime.fromisoformat(moment)
    except (binascii.Error, ValueError) as caught:
        raise Problem(422, "invalid", "after is not where a page ended") from caught
    if at.tzinfo is None or not plan_id.isalnum() or not plan_id.isascii():
        raise Problem(422, "invalid", "after is not where a page ended")
    return at, plan_id
