"""Published grids for QGIS, GDAL and others: OGC API – Features, with links to the tiles of the same plan."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api import maps, ogc
from api.deps import OpenStore, Service
from api.readers import Reader
from gis_grid.errors import AbsentError, Fault
from gis_grid.store import Store, catalogue
from gis_grid.store.access import Actor

if TYPE_CHECKING:
    from gis_grid.store.catalogue import InForce

GEOJSON = "application/geo+json"
_FEATURES: dict[int | str, dict[str, Any]] = {200: {"content": {GEOJSON: {"schema": {"type": "object"}}}}}
#: parameters that every page takes
_ALWAYS = frozenset({"f"})
_ITEMS = frozenset({"f", "bbox", "datetime", "limit", "offset", *ogc.QUERYABLES})
FORM = "JSON; nothing else is served."


def only_json(f: Annotated[str | None, Query(pattern="^(json|geojson)$", description=FORM)] = None) -> str:
    """Take the parameter with which browsers ask for a format."""
    return f or "json"


router = APIRouter(prefix="/ogc", tags=["ogc"], dependencies=[Depends(only_json)])

CollectionId = Annotated[str, Path(max_length=80, description="`grids-…` or `communities-…` with a district's code.")]
Day = Annotated[
    str | None,
    Query(alias="datetime", max_length=80, description="As of this day, or the last of `from/to`; today without it."),
]
Text = Annotated[str | None, Query(max_length=200)]


@router.get("", response_class=Response, responses=maps.JSON)
def landing(request: Request, _actor: Reader) -> Response:
    """Say what is here."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    base = _base(request)
    api = base.removesuffix("/ogc")
    links = [
        _link(base, "self", "This page"),
        _link(f"{api}/openapi.json", "service-desc", "OpenAPI", "application/vnd.oai.openapi+json;version=3.1"),
        _link(f"{api}/docs", "service-doc", "Routes of the service", "text/html"),
        _link(f"{base}/conformance", "conformance", "What this follows"),
        _link(f"{base}/collections", "data", "Collections"),
    ]
    return _json({"title": "gis-grid", "description": "Published grids and communities", "links": links})


@router.get("/conformance", response_class=Response, responses=maps.JSON)
def conformance(request: Request, _actor: Reader) -> Response:
    """Name the standards that are followed."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    return _json({"conformsTo": list(ogc.CONFORMS)})


@router.get("/collections", response_class=Response, responses=maps.JSON)
def collections(request: Request, store: OpenStore, state: Service, actor: Reader) -> Response:
    """List the grids and the communities of each district that has a plan in force."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    base = _base(request)
    with store.reading() as session:
        found = catalogue.in_force_on(session, actor=actor)
    listed = [_collection(base, kind, held, state.workshop.collections) for held in found for kind in ogc.KINDS]
    return _json({"links": [_link(f"{base}/collections", "self", "Collections")], "collections": listed})


@router.get("/collections/{collection}", response_class=Response, responses=maps.JSON)
def collection(request: Request, collection: CollectionId, store: OpenStore, state: Service, actor: Reader) -> Response:
    """Describe one collection."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    kind, held = _held(store, collection, actor, None)
    return _json(_collection(_base(request), kind, held, state.workshop.collections))


@router.get("/collections/{collection}/queryables", response_class=Response, responses=maps.JSON)
def queryables(request: Request, collection: CollectionId, store: OpenStore, actor: Reader) -> Response:
    """Name the properties that features can be asked for by."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    _held(store, collection, actor, None)
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{_base(request)}/collections/{collection}/queryables",
        "type": "object",
        "title": collection,
        "properties": {name: {"title": title, "type": "string"} for name, title in ogc.QUERYABLES.items()},
        "additionalProperties": False,
    }
    return Response(orjson.dumps(told), media_type="application/schema+json")


class _Page(NamedTuple):
    """Which of the features that are found are told."""

    limit: int
    offset: int


def page(
    limit: Annotated[int, Query(ge=1, description="Features of a page; more than 1,000 are not given.")] = 100,
    offset: Annotated[int, Query(ge=0, lt=2**31, description="Features before this page.")] = 0,
) -> _Page:
    """Take which part is wanted; a limit that is too high is lowered, as the standard asks."""
    return _Page(min(limit, 1000), offset)


def wanted(code: Text = None, name: Text = None, community_code: Text = None) -> dict[str, str]:
    """Take what is wanted of the properties."""
    asked = {"code": code, "name": name, "community_code": community_code}
    return {key: text for key, text in asked.items() if text is not None}


@router.get("/collections/{collection}/items", response_class=Response, responses=_FEATURES)
def items(
    request: Request,
    collection: CollectionId,
    store: OpenStore,
    state: Service,
    actor: Reader,
    part: Annotated[_Page, Depends(page)],
    filters: Annotated[dict[str, str], Depends(wanted)],
    bbox: Annotated[str | None, Query(max_length=200, description="West, south, east, north in degrees.")] = None,
    day: Day = None,
) -> Response:
    """Return features, page by page, in the order of their codes."""
    ogc.refuse_unknown(request.query_params, _ITEMS)
    box, on = ogc.box_of(bbox), ogc.day_of(day)
    kind, held = _held(store, collection, actor, on)
    features = state.workshop.collections.features(kind, held)
    found = features.chosen(box, filters)
    shown = found[part.offset : part.offset + part.limit]
    small = actor.may("read_small_counts", held.path)
    told = [features.feature(at, _dates(held), small=small) for at in shown]
    links = [_link(str(request.url), "self", "This page", GEOJSON)]
    for rel, offset in (("next", part.offset + part.limit), ("prev", max(part.offset - part.limit, 0))):
        if (rel == "next" and offset < len(found)) or (rel == "prev" and part.offset > 0):
            url = request.url.include_query_params(offset=offset, limit=part.limit)
            links.append(_link(str(url), rel, rel, GEOJSON))
    head = {"numberMatched": len(found), "numberReturned": len(shown), "links": links}
    body = b'{"type":"FeatureCollection",%b,"features":[%b]}' % (orjson.dumps(head)[1:-1], b",".join(told))
    return Response(body, media_type=GEOJSON, headers={"Content-Crs": f"<{ogc.CRS84}>"})


@router.get("/collections/{collection}/items/{code}", response_class=Response, responses=_FEATURES)
def item(
    request: Request,
    collection: CollectionId,
    code: Annotated[str, Path(max_length=64)],
    store: OpenStore,
    state: Service,
    actor: Reader,
    day: Day = None,
) -> Response:
    """Return one feature by its code."""
    ogc.refuse_unknown(request.query_params, _ALWAYS | {"datetime"})
    kind, held = _held(store, collection, actor, ogc.day_of(day))
    features = state.workshop.collections.features(kind, held)
    if code not in features.codes:
        raise AbsentError(Fault(f"there is no feature {code[:80]} in {collection}"))
    small = actor.may("read_small_counts", held.path)
    told = features.feature(features.codes.index(code), _dates(held), small=small)
    base = f"{_base(request)}/collections/{collection}"
    links = [_link(f"{base}/items/{code}", "self", code, GEOJSON), _link(base, "collection", collection)]
    return Response(told[:-1] + b',"links":' + orjson.dumps(links) + b"}", media_type=GEOJSON)


@router.get("/collections/{collection}/tiles", response_class=Response, responses=maps.JSON)
def tilesets(request: Request, collection: CollectionId, store: OpenStore, actor: Reader) -> Response:
    """Name the tiles of the plan that a collection's features are of (OGC API – Tiles)."""
    ogc.refuse_unknown(request.query_params, _ALWAYS)
    kind, held = _held(store, collection, actor, None)
    tiles = f"{_base(request).removesuffix('/ogc')}/tiles/{held.plan_id}"
    scheme = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    template = f"{tiles}/{{tileMatrix}}/{{tileCol}}/{{tileRow}}.mvt"
    links = [
        _link(template, "item", "Tiles", "application/vnd.mapbox-vector-tile") | {"templated": True},
        _link(f"{tiles}/tilejson.json", "describedby", "TileJSON"),
    ]
    told = {
        "title": f"{held.district} {ogc.KINDS[kind]}",
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": scheme,
        "layers": [{"id": kind, "dataType": "vector"}],
        "links": links,
    }
    return _json({"tilesets": [told], "links": [_link(str(request.url), "self", "Tiles")]})


def _held(store: Store, collection: str, actor: Actor, on: date | None) -> tuple[str, InForce]:
    """Return the kind of a collection, and the plan that it shows on a day."""
    kind, code = ogc.parts_of(collection)
    with store.reading() as session:
        for held in catalogue.in_force_on(session, actor=actor, on=on):
            if held.district_code == code:
                return kind, held
    raise ogc.absent(collection)


def _collection(base: str, kind: str, held: InForce, kept: ogc.Collections) -> dict[str, Any]:
    id_ = f"{kind}-{held.district_code}"
    own = f"{base}/collections/{id_}"
    until = held.until.isoformat() if held.until else None
    return {
        "id": id_,
        "title": f"{held.district} {ogc.KINDS[kind]}",
        "description": f"In force since {held.effective.isoformat()}",
        "itemType": "feature",
        "crs": [ogc.CRS84],
        "extent": {
            "spatial": {"bbox": [kept.features(kind, held).bounds], "crs": ogc.CRS84},
            "temporal": {"interval": [[f"{held.effective}T00:00:00Z", until and f"{until}T00:00:00Z"]]},
        },
        "links": [
            _link(own, "self", id_),
            _link(f"{own}/items", "items", "Features", GEOJSON),
            _link(f"{own}/queryables", _QUERYABLES, "Queryables", "application/schema+json"),
            _link(f"{own}/tiles", _TILESETS, "Tiles"),
        ],
    }


_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
_TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"


def _dates(held: InForce) -> dict[str, Any]:
    return {"plan": held.plan_id, "valid_from": held.effective, "valid_to": held.until}


def _base(request: Request) -> str:
    url = request.url
    return f"{url.scheme}://{url.netloc}" + url.path[: url.path.index("/ogc") + len("/ogc")]


def _link(href: str, rel: str, title: str, media: str = "application/json") -> dict[str, Any]:
    return {"href": href, "rel": rel, "type": media, "title": title}


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
