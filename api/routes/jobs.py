"""Long work: asked for, watched, cancelled."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api.deps import OpenStore, Reading, Service, may
from api.errors import Problem
from api.plan_models import JobList, JobTold, JobWish
from api.routes.drafts import seen
from api.routes.events import SSE, LastEventId
from api.streams import stream
from api.tags import tag_of
from gis_grid.errors import Fault, InputError
from gis_grid.store import areas, catalogue, drafts, jobs
from gis_grid.store.access import Actor

if TYPE_CHECKING:
    from api.uploads import Uploads
    from gis_grid.store.jobs import JobState

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(max_length=40, pattern=r"^j[0-9a-f]{1,30}$", description="Id of the job.")]


@router.post("/jobs", status_code=202)
def ask(
    wish: JobWish,
    store: OpenStore,
    state: Service,
    response: Response,
    actor: Annotated[Actor, may("build", rate="write")],
) -> JobTold:
    """Queue a job; its events say how far it is, and its result names the plan."""
    files = _files(wish, state.workshop.uploads, actor)
    wanted = wish.model_dump(exclude={"kind", "district", "inputs"}) | {"files": files, "actor": _plain(actor)}
    with store.writing() as session:
        district = _district(session, wish, actor)
        job_id = jobs.enqueue(
            session, kind=wish.kind, district=district, wanted=wanted, actor=actor, terms=state.workshop.terms
        )
        told = _told(jobs.job(session, job_id, actor=actor))
    state.workshop.runner.wake()
    response.headers["Location"] = f"/api/jobs/{job_id}"
    return told


@router.get("/jobs")
def list_jobs(
    session: Reading,
    actor: Annotated[Actor, may("build")],
    state: Annotated[Literal["queued", "running", "done", "failed", "cancelled"] | None, Query()] = None,
) -> JobList:
    """List the jobs of the caller's part of the tree, the newest first."""
    return JobList(jobs=[_told(one) for one in jobs.list_jobs(session, actor=actor, state=state)])


@router.get("/jobs/{job_id}")
def job(job_id: JobId, session: Reading, actor: Annotated[Actor, may("build")]) -> JobTold:
    """Tell a job."""
    return _told(jobs.job(session, job_id, actor=actor))


@router.get("/jobs/{job_id}/events", response_class=Response, responses=SSE)
def events(
    job_id: JobId,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("build")],
    last: LastEventId = None,
) -> EventSourceResponse:
    """Tell how far a job is, each time it gets on, until it has ended; each event is the whole job."""

    def look(known: str) -> tuple[list[ServerSentEvent], str, bool]:
        with store.reading() as session:
            found = jobs.job(session, job_id, actor=actor)
        told = _told(found).model_dump_json(exclude={"changed_at"})
        mark = tag_of(told.encode()).strip('"')
        if mark == known:
            return [], mark, found.ended
        return [ServerSentEvent(told, event="job", id=mark)], mark, found.ended

    look("")  # an unknown job is a problem before the stream begins
    return stream(look, last or "", state.workshop.streams)


@router.delete("/jobs/{job_id}")
def cancel(
    job_id: JobId, store: OpenStore, state: Service, actor: Annotated[Actor, may("build", rate="write")]
) -> JobTold:
    """Cancel a job; its process is ended at once, whatever it is in the middle of."""
    with store.writing() as session:
        told = _told(jobs.cancel(session, job_id, actor=actor))
    state.workshop.runner.wake()
    return told


def _district(session: Session, wish: JobWish, actor: Actor) -> int:
    """Return the district that a job is for, once what it names is there and the caller's.

    Raises
    ------
    InputError
        If the wish lacks what its kind needs.
    """
    if wish.kind == "suggest":
        if not wish.draft or not wish.grids:
            raise InputError(Fault("a suggestion needs a draft and grids", column="draft"))
        seen(session, wish.draft, actor)
        return drafts.draft(session, wish.draft).district_id
    if wish.kind == "update" and not wish.plan:
        raise InputError(Fault("an update needs the plan to follow", column="plan"))
    if wish.plan:
        found = catalogue.plan_state(session, wish.plan, actor=actor)
        actor.require("read_plans", found.path)
        return found.district_id
    if not wish.district:
        raise InputError(Fault("a build needs the code of its district", column="district", code="no-district"))
    return areas.district_of(session, wish.district).id


def _files(wish: JobWish, uploads: Uploads, actor: Actor) -> dict[str, str]:
    """Return the files of a wish by what they are, once all of them are the caller's own."""
    named = {name: given for name, given in wish.inputs if given is not None}
    for given in named.values():
        uploads.find(given.partition(":")[0], actor)
    if wish.kind == "suggest":
        return {}
    absent = [name for name in ("boundary", "streets", "households") if name not in named]
    if "blocks" not in named and absent:
        detail = f"inputs lack {', '.join(absent)} (or blocks with a count column)"
        raise Problem(422, "inputs", detail, absent=absent)
    return named


def _plain(actor: Actor) -> dict[str, Any]:
    return dataclasses.asdict(actor)


def _told(found: JobState) -> JobTold:
    told = dataclasses.asdict(found)
    return JobTold(**{name: told[name] for name in JobTold.model_fields})
