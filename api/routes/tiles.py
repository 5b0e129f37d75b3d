"""Tiles: of published plans from archives, of drafts as they stand; small counts are left out below planner."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api import maps
from api.deps import OpenStore, Service
from api.maps import plain, tile_in, version_of
from api.readers import Reader
from api.routes.drafts import seen
from api.tags import unchanged
from gis_grid.errors import AbsentError, Fault
from gis_grid.store import Store, catalogue
from gis_grid.store.access import Actor
from gis_grid.tiles.drafts import Counts

router = APIRouter(tags=["tiles"])

MVT = "application/vnd.mapbox-vector-tile"
Of = Annotated[str, Path(max_length=40, pattern=r"^[pd][0-9a-f]{1,30}$", description="Id of a plan or a draft.")]
Place = Annotated[int, Path(ge=0, lt=1 << 24)]
_TILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {MVT: {"schema": {"type": "string", "format": "binary"}}}},
    204: {"description": "Nothing is there."},
}
#: what a caller may do with a tile whose address names its version, and with any other
LASTING, FLEETING = "max-age=31536000, immutable", "no-cache"


@router.get("/tiles/{id_}/tilejson.json", response_class=Response, responses=maps.JSON)
def tilejson(request: Request, id_: Of, store: OpenStore, state: Service, actor: Reader) -> Response:
    """Describe the tiles of a plan or a draft (TileJSON 3.0.0); the addresses in it name what is there now."""
    url = str(request.url).split("?", 1)[0].removesuffix("tilejson.json") + "{z}/{x}/{y}.mvt"
    counts, published = _counts(store, id_, actor)
    archive = state.workshop.plan_maps.archive(id_, counts) if published else None
    if archive is None:
        told = state.workshop.draft_maps.about(id_, counts, url)
    else:
        told = archive.tilejson(f"{url}?v={version_of(archive)}")
    return Response(maps.dumped(told), media_type="application/json", headers={"Cache-Control": "no-cache"})


@router.get("/tiles/{id_}/{z}/{x}/{y}.mvt", response_class=Response, responses=_TILE)
def tile(
    request: Request,
    id_: Of,
    z: Annotated[int, Path(ge=0, le=24)],
    x: Place,
    y: Place,
    store: OpenStore,
    state: Service,
    actor: Reader,
    version: Annotated[str | None, Query(alias="v", max_length=40, description="As in the TileJSON.")] = None,
) -> Response:
    """Return one tile; under an address with the version of now it never changes."""
    counts, published = _counts(store, id_, actor)
    archive = state.workshop.plan_maps.archive(id_, counts) if published else None
    if archive is None:
        found = state.workshop.draft_maps.tile(id_, counts, (z, x, y), version=version)
    else:
        found = tile_in(archive, z, x, y, version=version)
    reach = "public" if published and actor.role == "guest" else "private"
    if found is None:
        return Response(status_code=204, headers={"Cache-Control": f"{reach}, {FLEETING}"})
    headers = {
        "ETag": found.etag,
        "Cache-Control": f"{reach}, {LASTING if found.lasting else FLEETING}",
        "Vary": "Accept-Encoding, Authorization",
    }
    if unchanged(request, found.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(plain(found.data), media_type=MVT, headers=headers)
    return Response(found.data, media_type=MVT, headers=headers | {"Content-Encoding": "gzip"})


def _counts(store: Store, id_: str, actor: Actor) -> tuple[Counts, bool]:
    """Return which counts a caller is told of a plan or draft, and whether it is published.

    Raises
    ------
    AbsentError
        If there is no such plan or draft, or none that the caller may see.
    """
    with store.reading() as session:
        if id_.startswith("d"):
            seen(session, id_, actor)
            return "all", False
        path, published = catalogue.reach(session, id_)
    if not actor.may("read_published" if published else "read_plans", path):
        raise AbsentError(Fault(f"there is no plan {id_}"))
    return "all" if actor.may("read_small_counts", path) else "suppressed", published
