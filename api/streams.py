"""Streams of events (server-sent events): each event holds all there is to know, so that nothing is lost by a gap."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import TYPE_CHECKING, Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from api.errors import Problem

if TYPE_CHECKING:
    import threading

#: how often what is told is looked at, and after how long a stream ends so that the caller comes again, in seconds
LOOK_S, LONG_S = 0.4, 600.0
PING_S = 15

#: a look: events since the last one, what to hand to the next look, and whether this was the end
Look = Callable[[Any], tuple[Iterable[ServerSentEvent], Any, bool]]


def stream(look: Look, begun: Any, places: threading.BoundedSemaphore) -> EventSourceResponse:
    """Answer with the events that one look after another finds; looks run beside the loop.

    Raises
    ------
    Problem
        429 if too many streams are open.
    """
    if not places.acquire(blocking=False):
        raise Problem(429, "too-often", "too many streams are open here", headers={"Retry-After": "10"})
    try:
        return _Stream(_events(look, begun), places)
    except BaseException:
        places.release()
        raise


class _Stream(EventSourceResponse):
    """Give the place back when the stream has ended, however it ended."""

    def __init__(self, content: AsyncIterator[ServerSentEvent], places: threading.BoundedSemaphore) -> None:
        super().__init__(content, ping=PING_S, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._places = places

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._places.release()


async def _events(look: Look, state: Any) -> AsyncIterator[ServerSentEvent]:
    until = time.monotonic() + LONG_S
    while True:
        events, state, ended = await run_in_threadpool(look, state)
        for event in events:
            yield event
        if ended or time.monotonic() > until:
            return
        await asyncio.sleep(LOOK_S)
