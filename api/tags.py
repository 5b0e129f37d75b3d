"""Answers that a caller may keep: entity tags, and nothing sent again that has not changed."""

from __future__ import annotations

import gzip
import hashlib
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


def tag_of(content: bytes) -> str:
    """Return the strong entity tag of an answer, quoted.

    >>> tag_of(b"") == tag_of(b""), tag_of(b"a") == tag_of(b"b")
    (True, False)
    """
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def unchanged(request: Request, etag: str) -> bool:
    """Say whether the caller has what the tag stands for (RFC 9110: compared weakly; `*` is anything).

    >>> from starlette.requests import Request
    >>> request = Request({"type": "http", "headers": [(b"if-none-match", b'"a", W/"b"')]})
    >>> unchanged(request, '"b"'), unchanged(request, '"c"')
    (True, False)
    """
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in given.split(",")}


def tagged(
    request: Request,
    content: bytes,
    *,
    etag: str | None = None,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with bytes and their tag, or 304 without them where the caller has them."""
    etag = etag or tag_of(content)
    told = {"ETag": etag, "Cache-Control": "private, no-cache", **(headers or {})}
    if unchanged(request, etag):
        return Response(status_code=304, headers=told)
    return Response(content, headers=told, media_type=media_type)


def unpacked(request: Request, content: bytes, etag: str, *, media_type: str = "application/json") -> Response:
    """Answer with bytes that are kept in gzip, as `tagged` does; as they are to whoever does not read gzip."""
    headers = {"Vary": "Accept-Encoding, Authorization"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    elif not unchanged(request, etag):
        content = gzip.decompress(content)
    return tagged(request, content, etag=etag, media_type=media_type, headers=headers)
