"""How maps are drawn: a style for MapLibre whose tiles are this service's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import maps
from api.deps import Reading
from api.readers import Reader
from api.routes.drafts import seen
from gis_grid.errors import AbsentError, Fault
from gis_grid.store import catalogue
from gis_grid.store.access import Actor
from gis_grid.tiles.style import Theme, map_style

router = APIRouter(tags=["tiles"])


@router.get("/style.json", response_class=Response, responses=maps.JSON)
def style(
    request: Request,
    session: Reading,
    actor: Reader,
    of: Annotated[str, Query(max_length=40, pattern=r"^([pd][0-9a-f]{1,30})?$", description="A plan or draft.")] = "",
    district: Annotated[str | None, Query(max_length=64, description="Code: its plan in force.")] = None,
    theme: Theme = "light",
    labels: bool = True,
) -> Response:
    """Return a style that draws a plan or a draft; without one, the plan in force (of the district first by code)."""
    tiles = str(request.url).split("/style.json", 1)[0] + "/tiles/{}/tilejson.json"
    shown, base = _shown(session, of, district, actor)
    address = tiles.format(base) if base and base != shown else None
    told = map_style(tiles.format(shown), base=address, theme=theme, labels=labels)
    return Response(maps.dumped(told), media_type="application/json", headers={"Cache-Control": "no-cache"})


def _shown(session: Session, of: str, district: str | None, actor: Actor) -> tuple[str, str | None]:
    """Return what is drawn, and the published plan whose streets and labels lie under it."""
    held = {one.district_code: one.plan_id for one in catalogue.in_force_on(session, actor=actor)}
    if of.startswith("d"):
        code, _ = seen(session, of, actor)
        return of, held.get(code)
    if of:
        found = catalogue.plan_state(session, of, actor=actor)
        return of, held.get(found.district_code) if found.effective is None else None
    chosen = district or min(held, default="")
    if chosen not in held:
        raise AbsentError(Fault("no plan is in force", district or "", remedy="publish one, or name one with of="))
    return held[chosen], None
