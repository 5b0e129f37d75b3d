"""Many points at once: a file streams in, and streams out with an answer in every row."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import orjson
from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from api.deps import Service, may
from api.errors import Problem
from api.routes.lookup import Crs, Line, Tier
from gis_grid.lookup import Batch, BatchOptions
from gis_grid.store.access import NOBODY, Actor
from gis_grid.store.audit import record

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from api.state import State

router = APIRouter(tags=["lookup"])
#: rows that are answered at a time: between them other requests have their turn
CHUNK_ROWS = 4_000
#: so many batches are read at once, and so long one waits for a slow sender (seconds)
AT_ONCE, PATIENCE_S = 8, 30.0
FORMS = {
    "text/csv": "csv",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
    "text/plain": "auto",
    "application/octet-stream": "auto",
    "": "auto",
}
_TEXT = {"schema": {"type": "string"}}
_BODY = {"requestBody": {"required": True, "content": {"text/csv": _TEXT, "application/x-ndjson": _TEXT}}}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The same rows, answered.", "content": {"text/csv": _TEXT, "application/x-ndjson": _TEXT}}
}
_END = object()


class Streamed(StreamingResponse):
    """Stream out while the request still streams in: nobody else may read the request meanwhile."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, without waiting for a disconnect beside it; reading the request tells that too."""
        del scope, receive
        await self.stream_response(send)


@router.post("/lookup/batch", response_class=Streamed, responses=_ANSWERS, openapi_extra=_BODY)
async def lookup_batch(
    request: Request,
    state: Service,
    actor: Annotated[Actor, may("lookup", rate="batch")],
    crs: Crs = "wgs84",
    at: Annotated[date | None, Query(description="As of this day; today without it.")] = None,
    tier: Tier = "",
    lon: Annotated[str, Query(max_length=100, description="Name of the column; guessed without it.")] = "",
    lat: Annotated[str, Query(max_length=100, description="Name of the column; guessed without it.")] = "",
    line: Line = "",
) -> StreamingResponse:
    """Answer a file of points or addresses, row by row: CSV (UTF-8, GB18030) or JSON lines, up to 100,000 rows.

    Every row comes back with its own cells and the grid, its people, the distance to the border, and a status; a row
    that cannot be read is answered as such and stops nothing. Callers see grids of their part of the tree. With `line`
    only who handles that service line is named.
    """
    if actor is NOBODY:
        raise Problem(401, "token", "batches need a token", headers={"WWW-Authenticate": "Bearer"})
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in FORMS:
        raise Problem(415, "media-type", "send text/csv or application/x-ndjson")
    options = BatchOptions(
        form=FORMS[media],
        crs=crs,
        lon=lon,
        lat=lat,
        on=at,
        tier=tier or None,
        line=line or None,
        chunk_rows=CHUNK_ROWS,
        most_rows=state.settings.batch_rows,
    )
    blocks = request.stream().__aiter__()
    turn = state.batches
    batch = await anyio.to_thread.run_sync(_begin, state, actor, blocks, options, limiter=turn)
    charset = {"utf-16": "utf-8"}.get(batch.summary.encoding, batch.summary.encoding.removesuffix("-sig"))
    return Streamed(_answered(batch, state, actor), media_type=f"{batch.media_type}; charset={charset}")


def _begin(state: State, actor: Actor, blocks: AsyncIterator[bytes], options: BatchOptions) -> Batch:
    whole = state.settings.public_lookup
    return Batch(_pulled(blocks), state.desk.within(actor, whole=whole), options)


def _pulled(blocks: AsyncIterator[bytes]) -> Iterator[bytes]:
    """Yield the blocks of a body in a worker thread."""

    async def next_block() -> bytes | None:
        with anyio.move_on_after(PATIENCE_S):
            return await anext(blocks, None)
        raise Problem(408, "slow", f"nothing came for {PATIENCE_S:.0f} s")

    while (block := anyio.from_thread.run(next_block)) is not None:
        yield block


async def _answered(batch: Batch, state: State, actor: Actor) -> AsyncIterator[bytes]:
    pieces = iter(batch)
    first = b""
    while (piece := await anyio.to_thread.run_sync(next, pieces, _END, limiter=state.batches)) is not _END:
        assert isinstance(piece, bytes)
        first = first or piece
        yield piece
    counts = batch.summary.by_status
    for status, count in counts.items():
        state.metrics.lookups.labels("batch", status).inc(count)
    yield _left_out(batch, first)
    await run_in_threadpool(_record, state, actor, {"rows": batch.summary.rows, **counts})


def _left_out(batch: Batch, first: bytes) -> bytes:
    """Return a last row that says that there were too many, if there were."""
    said = [note for note in batch.summary.notes if note.startswith("more than")]
    if not said:
        return b""
    if batch.summary.form != "csv":
        return orjson.dumps({"status": "error", "reason": said[0]}, option=orjson.OPT_APPEND_NEWLINE)
    encoding = batch.summary.encoding
    head = first.decode(encoding if encoding != "utf-16" else "utf-8-sig", errors="replace").split("\n", 1)[0]
    separator = batch.summary.separator
    width = len(next(csv.reader([head], delimiter=separator)))
    return (separator * (width - 2) + f'error{separator}"{said[0]}"\r\n').encode()


def _record(state: State, actor: Actor, detail: dict[str, int]) -> None:
    with state.store.writing() as session:
        record(session, actor, "lookup_batch", "batch", detail=detail)
