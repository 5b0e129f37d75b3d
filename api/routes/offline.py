"""What a phone carries: one community's grids as one small whole file."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request, Response

from api.deps import Anyone, Service, may
from api.table_models import CARRIED
from api.tags import tag_of, unchanged
from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.lookup.carried import Sight, carried, holders
from gis_grid.store.access import WHOLE, Actor
from gis_grid.store.editions import Edition

if TYPE_CHECKING:
    from gis_grid.lookup import Published

router = APIRouter(tags=["lookup"])


@router.get("/communities/{code}/offline", response_class=Response, responses=CARRIED)
def offline(
    request: Request,
    code: Annotated[str, Path(max_length=64, description="Code of the community.")],
    state: Service,
    who: Anyone,
    _actor: Annotated[Actor, may("lookup", rate="lookup")],
    district: Annotated[
        str | None, Query(max_length=64, description="Code of its district, if several have it.")
    ] = None,
) -> Response:
    """Return a community's grids and those around it, with people and exact outlines, to look up without a network.

    The file is small and whole; it changes when a plan, a post or the day does, and `ETag` says when. A plan that is
    published but not yet in force is in it as well.
    """
    answers = state.desk.renew(always=False).answers
    found = holders(answers, code, district=district)
    if len(found) > 1:
        codes = ", ".join(one.published.district for one in found)
        raise ClashError(
            Fault(f"several districts have a community {code}: {codes}", remedy="say which with district=")
        )
    told = (
        carried(answers, found[0], code, sight=_sight(who.actor, whole=state.settings.public_lookup)) if found else None
    )
    if told is None:
        raise AbsentError(Fault(f"there is no community {code} with grids in force"))
    content = orjson.dumps(told)
    headers = {"ETag": tag_of(content), "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Authorization"}
    if unchanged(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        content, headers = gzip.compress(content, 6, mtime=0), headers | {"Content-Encoding": "gzip"}
    return Response(content, media_type="application/json", headers=headers)


def _sight(actor: Actor, *, whole: bool) -> Sight:
    """Return what a caller may see: where lookups are public all grids, else those in its part of the tree."""

    def path(published: Published, code: str) -> str:
        return published.paths.get(code, WHOLE) if isinstance(published, Edition) else WHOLE

    return Sight(
        grid=lambda published, code: whole or actor.may("lookup", path(published, code)),
        small=lambda published, code: actor.may("read_small_counts", path(published, code)),
    )
