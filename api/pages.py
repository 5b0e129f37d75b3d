"""The pages for people: the planner's at /, the phone's at /my, and whatever lies in a folder of one's own."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse, Response

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import Receive, Scope, Send

#: what `make` builds from the sources of the pages
BUILT = Path(__file__).parent / "viewer" / "dist"
PAGES = {"/": "planner.html", "/planner": "planner.html", "/my": "my-grid.html"}
#: scripts, styles and pictures of our own, and nothing else; text of scripts is never run
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
#: the page asks where the phone is, and for nothing else that a browser guards
PERMISSIONS = "geolocation=(self), camera=(), microphone=()"


class Pages:
    """Serve the built pages: files whose names carry their content for ever, everything else asked for again.

    `folder` is one of the office's own; its front page and files come first.
    """

    def __init__(self, folder: str = "") -> None:
        self._own = StaticFiles(directory=folder, html=True) if folder else None
        self._folder = Path(folder) if folder else None
        self._built = GZipMiddleware(_Built(directory=BUILT, check_dir=False), minimum_size=1024)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page or a part of one."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path == "/" and b"grid=" in scope.get("query_string", b""):  # what the codes on doors and cards lead to
            address = "/my?" + scope["query_string"].decode("latin-1")
            await RedirectResponse(address)(scope, receive, send)
        elif self._own is not None and self._holds(path):
            await self._own(scope, receive, send)
        else:
            await self._built(scope, receive, send)

    def _holds(self, path: str) -> bool:
        assert self._folder is not None
        there = self._folder / path.lstrip("/")
        return (there / "index.html").is_file() if path.endswith("/") else there.is_file()


class _Built(StaticFiles):
    def lookup_path(self, path: str) -> Any:
        """Return the file of a page's address."""
        return super().lookup_path(PAGES.get("/" + path.removeprefix("."), path))

    def file_response(self, full_path: Any, stat_result: Any, scope: Scope, status_code: int = 200) -> Response:
        """Answer with a file, under the policy of the pages; compressed, if it was when the pages were built."""
        packed = Path(f"{full_path}.gz")
        if "gzip" in Headers(scope=scope).get("accept-encoding", "") and packed.is_file():
            answer = super().file_response(packed, packed.stat(), scope, status_code)
            answer.headers["Content-Encoding"] = "gzip"
            answer.headers["Content-Type"] = mimetypes.guess_type(full_path)[0] or "application/octet-stream"
            answer.headers["Vary"] = "Accept-Encoding"
        else:
            answer = super().file_response(full_path, stat_result, scope, status_code)
        lasting = "/assets/" in str(full_path).replace("\\", "/")
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Referrer-Policy"] = "same-origin"
        answer.headers["Permissions-Policy"] = PERMISSIONS
        return answer


def add_pages(app: FastAPI, folder: str = "") -> None:
    """Serve the pages below everything else of an app."""
    app.mount("/", Pages(folder))
