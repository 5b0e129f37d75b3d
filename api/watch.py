"""Around every request: counted, timed, logged by its route, and answered with headers that keep it private."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect

from api.errors import MEDIA_TYPE, problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics

PREFIX = "/api"
TOO_LARGE = 413
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
_log = structlog.get_logger("api")


class Watch:
    """Note what every request came to; the path itself is never kept, only the route's pattern."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status, ended, instead = time.perf_counter(), 500, False, b""

        async def noted(message: Message) -> None:
            nonlocal status, ended, instead
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers.setdefault("X-Content-Type-Options", "nosniff")
                headers.setdefault("Cache-Control", "no-store")
                if status == TOO_LARGE and headers.get("Content-Type") != MEDIA_TYPE:  # told by the framework
                    instead = _too_large()
                    headers["Content-Type"], headers["Content-Length"] = MEDIA_TYPE, str(len(instead))
            elif message["type"] == "http.response.body" and instead:
                message, ended = {"type": "http.response.body", "body": instead}, True
            elif message["type"] == "http.response.body":
                ended = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception as caught:
            if not isinstance(caught, ClientDisconnect):
                _log.error("failed", route=template(scope), exc_info=caught)
            if not ended:  # the server closes the connection, so that half an answer does not pass for a whole one
                raise
        finally:
            self._note(scope, status, time.perf_counter() - begun)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = template(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        who = scope.get("state", {}).get("who")
        _log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 2), who=who)


def _too_large() -> bytes:
    return orjson.dumps(problem(TOO_LARGE, "the body is larger than this service takes", kind="too-large"))


def template(scope: Any) -> str:
    """Return the pattern of the route that took a request, such as ``/api/grids/{code}``."""
    path = getattr(scope.get("route"), "path", None)
    if not isinstance(path, str):
        return "none"
    return path if path.startswith(PREFIX) else PREFIX + path
