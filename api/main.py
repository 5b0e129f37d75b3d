"""The app: settings in, routes out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from anyio import CapacityLimiter
from fastapi import FastAPI

from api import logs, openapi
from api.auth import Gate
from api.desk import Desk
from api.errors import add_handlers
from api.front import PATH, Front
from api.limits import Rates
from api.metrics import Metrics
from api.pages import add_pages
from api.routes import (
    batch,
    beside,
    comments,
    drafts,
    events,
    features,
    files,
    grids,
    health,
    jobs,
    lookup,
    offline,
    plans,
    reports,
    staff,
    style,
    tiles,
)
from api.routes.batch import AT_ONCE
from api.settings import Settings
from api.state import State
from api.watch import PREFIX, Watch
from api.workshop import Workshop
from gis_grid.store import open_store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from api.start import Begun

#: every module of routes; each has a `router`, whose paths begin below /api
ROUTES = (
    lookup,
    offline,
    grids,
    staff,
    reports,
    plans,
    comments,
    drafts,
    beside,
    events,
    jobs,
    tiles,
    style,
    features,
    health,
)
#: those that take a body as large as a file
LARGE = (batch, files)


class Service(FastAPI):
    """Describe itself with every error as the problem that it is, and answer lookups before all else."""

    front: Front
    watch: Watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: a lookup at the front, everything else by its route."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            await self.front(scope, send)
        else:
            await self.watch(scope, receive, send)

    async def routed(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request by its route."""
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI description."""
        return openapi.describe(self)


def create_app(settings: Settings | None = None, *, begun: Begun | None = None) -> Service:
    """Return the service for some settings, else for those in the variables GIS_GRID_….

    What has `begun` before the app was there (`api.start`) is gone on with; else processes that work things out begin
    with the first who needs them.
    """
    chosen = settings or Settings()
    logs.events(chosen.log_level)
    store = begun.store if begun else open_store(chosen.store)
    metrics, rates = Metrics(), Rates(chosen)
    desk, workshop = Desk(store, metrics), Workshop(chosen, store, metrics, begun)
    gate, batches = Gate(chosen, store, rates), CapacityLimiter(AT_ONCE)
    state = State(chosen, store, gate, rates, metrics, desk, batches, workshop)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        over = asyncio.Event()
        workshop.start()
        looking = asyncio.create_task(state.desk.keep(chosen.refresh_seconds, over))
        yield
        app.front.book.write()
        over.set()
        await looking  # a look that has begun still needs the store
        await asyncio.to_thread(workshop.stop)
        store.close()

    app = Service(
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        max_body_size=int(chosen.body_mb * 1_000_000),
    )
    app.state.service = state
    app.front = Front(state)
    add_handlers(app)
    app.watch = Watch(app.routed, state.metrics)
    for module in LARGE:
        app.include_router(module.router, prefix=PREFIX, max_body_size=int(chosen.upload_mb * 1_000_000) + 1)
    for module in ROUTES:
        app.include_router(module.router, prefix=PREFIX)
    add_pages(app, chosen.pages)
    return app
