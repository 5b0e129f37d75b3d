"""Calls to an app in this process, from code that is not asynchronous."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    from fastapi import FastAPI


class Calls:
    """Start an app, send it requests, and end it; a `token` goes along with every request."""

    def __init__(self, app: FastAPI, *, token: str | None = None, address: str = "10.0.0.1") -> None:
        self.app = app
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 5000))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    def __enter__(self) -> Self:
        self._runner.run(self._stack.enter_async_context(self.app.router.lifespan_context(self.app)))
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._stack.aclose())
        self._runner.run(self._client.aclose())
        self._runner.close()

    def request(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        """Send one request; a token given here takes the place of the client's own."""
        if token is not None:
            options["headers"] = {**options.get("headers", {}), "Authorization": f"Bearer {token}"}
        return self._runner.run(self._client.request(method, path, **options))

    def get(self, path: str, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", path, **options)

    def patch(self, path: str, **options: Any) -> httpx.Response:
        """Send a PATCH."""
        return self.request("PATCH", path, **options)

    def run(self, coroutine: Any) -> Any:
        """Run something else in the app's loop."""
        return self._runner.run(coroutine)
