"""Which grid a point lies in, and who looks after it: one point, or many in a stream."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.deps import Anyone, Service, address_of, may
from api.errors import MEDIA_TYPE
from api.front import WORST_M, reply
from api.models import AddressAnswer, LookupAnswer, Suggested, Suggestion
from gis_grid.lookup.addressed import suggestions
from gis_grid.store.access import Actor

router = APIRouter(tags=["lookup"])

Lon = Annotated[float | None, Query(ge=-180, le=180, description="Longitude in degrees.")]
Lat = Annotated[float | None, Query(ge=-90, le=90, description="Latitude in degrees.")]
Crs = Annotated[
    Literal["wgs84", "cgcs2000", "gcj02", "bd09"],
    Query(description="What the coordinates are: of a phone wgs84, of Amap and Tencent gcj02, of Baidu bd09."),
]
Accuracy = Annotated[float | None, Query(ge=0, le=WORST_M, description="How exact the position is, in metres.")]
Day = Annotated[date | None, Query(description="As of this day; today without it.")]
Tier = Annotated[str, Query(max_length=64, description="The tier asked for; the grids without it.")]
Line = Annotated[
    str, Query(max_length=60, description="A service line, such as noise: `handling` then says who of them handles it.")
]
Words = Annotated[str | None, Query(max_length=300, description="An address in place of lon and lat.")]
Typed = Annotated[
    str, Query(min_length=1, max_length=60, description="What was typed so far, in characters or pinyin.")
]


@router.get("/lookup", response_model=LookupAnswer | AddressAnswer)
async def lookup(
    request: Request,
    state: Service,
    _who: Anyone,
    lon: Lon = None,
    lat: Lat = None,
    crs: Crs = "wgs84",
    accuracy_m: Accuracy = None,
    at: Day = None,
    tier: Tier = "",
    address: Words = None,
    line: Line = "",
) -> Response:
    """Tell the grid of a point or an address, the people who answer for it, and how far its border is.

    Other grids within the accuracy that is stated are named as also possible. Outside every grid the answer is 404 with
    the nearest.
    A point on a border belongs to one grid only, always the same.

    An address that may lie in several grids is not guessed at: the answer is 404 with the reason and those grids.

    With `line`, `handling` stands beside the people of each grid: those who handle that service line at the nearest
    unit that has a post for it, else everybody at the nearest unit, for somebody must.
    """
    del (
        lon,
        lat,
        crs,
        accuracy_m,
        at,
        tier,
        address,
        line,
    )  # `api.front` reads them, and usually answers first
    header = request.headers.get("authorization")
    arguments = (request.scope["query_string"], header.encode() if header else None, address_of(request.scope))
    found = await run_in_threadpool(reply, state, *arguments)
    assert found is not None
    return Response(found.body, found.status, media_type="application/json" if found.status == 200 else MEDIA_TYPE)


@router.get("/suggest")
def suggest(state: Service, _who: Annotated[Actor, may("lookup", rate="lookup")], q: Typed) -> Suggested:
    """Complete an address as it is typed: streets, compounds, communities, then house numbers."""
    found = suggestions(state.desk.current.answers, q)
    return Suggested(suggestions=[Suggestion(text=one.text, kind=one.kind) for one in found])
