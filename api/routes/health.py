"""Whether the process is alive, whether it can answer, what it has counted, and what it is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import HTMLResponse, Response

from api.deps import Anyone, OpenStore, Service
from api.errors import Problem
from api.models import Alive, Ready
from api.page import page
from gis_grid.store.setup import newest, revision_of

router = APIRouter(tags=["service"])
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/health")
async def health() -> Alive:
    """Say that the process is alive."""
    return Alive(status="ok")


@router.get("/ready")
def ready(store: OpenStore, state: Service) -> Ready:
    """Say whether the store can be read and has the tables of this gis-grid."""
    if revision_of(store) != newest():
        raise Problem(503, "store", "the store has not the tables of this gis-grid: run gis-grid init")
    if not state.desk.looked:
        raise Problem(503, "starting", "the publications are being read", headers={"Retry-After": "1"})
    return Ready(status="ready", publications=len(state.desk.current.answers.publications))


@router.get("/metrics", response_class=Response, responses=_TEXT)
def metrics(state: Service, who: Anyone) -> Response:
    """Return what was counted, for Prometheus."""
    if not state.settings.public_metrics:
        who.require("read_audit")
    return Response(state.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """Show every route, what it takes and what it answers."""
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return HTMLResponse(page(request.app.openapi()), headers={"Content-Security-Policy": policy})
