"""What a page lays over a plan or a draft: compounds, buildings, and the grids of another plan or of a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import beside, maps
from api.deps import Reading, Service, may
from api.errors import Problem
from api.routes.drafts import seen
from api.tags import unpacked
from gis_grid.store import catalogue
from gis_grid.store.access import Actor

router = APIRouter(tags=["plans"])

ID = r"^[pd][0-9a-f]{1,30}$"
Of = Annotated[str, Path(alias="id", max_length=40, pattern=ID, description="Id of a plan or a draft.")]


@router.get("/ground/{id}/{layer}", response_class=Response, responses=maps.JSON)
def ground(
    request: Request,
    of: Of,
    layer: Annotated[beside.Layer, Path(description="Which layer of its ground.")],
    session: Reading,
    state: Service,
    actor: Annotated[Actor, may("read_plans")],
) -> Response:
    """Return a layer of the ground of a plan or a draft as GeoJSON; `null` if its ground has no such layer."""
    _require(session, of, actor)
    found = state.workshop.pool.call(beside.ground, of, layer)
    return unpacked(request, found.content, found.etag)


@router.get("/beside/{id}", response_class=Response, responses=maps.JSON)
def grids_beside(
    request: Request,
    of: Of,
    session: Reading,
    state: Service,
    actor: Annotated[Actor, may("read_plans")],
    other: Annotated[
        str, Query(alias="with", max_length=40, pattern=rf"({ID})|^$", description="A plan or draft.")
    ] = "",
    file: Annotated[str, Query(max_length=200, pattern=r"^(f[0-9a-f]{24}(:[^|\x00-\x1f]{1,100})?)?$")] = "",
    crs: Annotated[str, Query(max_length=200, pattern=r"^[^|\x00-\x1f]*$", description="Of a file without one.")] = "",
) -> Response:
    """Say in which grid of another plan, or of a file that was handed in, each block lies; nothing is kept."""
    _require(session, of, actor)
    if bool(other) == bool(file):
        raise Problem(422, "invalid", "name a plan (with) or a file, and not both")
    pool = state.workshop.pool
    if other:
        _require(session, other, actor)
        found = pool.call(beside.against, of, other)
    else:
        state.workshop.uploads.find(file.partition(":")[0], actor)
        found = pool.call(beside.drawn, of, str(state.workshop.uploads.folder), file, crs)
    return unpacked(request, found.content, found.etag)


def _require(session: Session, id_: str, actor: Actor) -> None:
    """Refuse a plan or a draft that the caller may not read."""
    if id_.startswith("d"):
        seen(session, id_, actor)
    else:
        actor.require("read_plans", catalogue.plan_state(session, id_, actor=actor).path)
