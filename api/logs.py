"""The log: one JSON object a line on standard error, with nothing in it that says who lives where.

No query string, no body, no address, no token, and no text of an exception (which may repeat a value): an exception
is logged as its type and the places in the code that it went through. Lookups are logged by grid.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any

import orjson
import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

#: how long lines of lookups are gathered (seconds)
GATHER_S = 0.2
#: lines of a trace that are kept, the innermost last
DEPTH = 12


def events(level: str = "info") -> None:
    """Let structlog write JSON lines of at least a level; the level of a second call counts no more."""
    if not structlog.is_configured():
        structlog.configure(
            processors=[*_SHARED, structlog.processors.JSONRenderer(serializer=orjson.dumps, default=str)],
            wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
            logger_factory=lambda *_: structlog.BytesLogger(sys.stderr.buffer),
        )


def set_up(level: str = "info") -> None:
    """Let structlog and the standard library's loggers write JSON lines of at least a level."""
    events(level)
    handler = logging.StreamHandler(sys.stderr)
    render = structlog.processors.JSONRenderer(serializer=_text, default=str)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_SHARED,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
            keep_exc_info=False,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("uvicorn.error").addFilter(lambda one: not one.getMessage().startswith("Exception in ASGI"))
    for chatty in ("httpx", "httpcore", "alembic", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel("WARNING")


class Book:
    """Write a line for every lookup, by grid; lines are gathered for a moment, for there may be thousands a second."""

    def __init__(self, level: str = "info") -> None:
        self._open = level in ("debug", "info")
        self._lines: list[bytes] = []
        self._moment = 0
        self._said = b""

    def note(self, status: int, outcome: str, grid: str, seconds: float) -> None:
        """Note one lookup; called in the event loop."""
        moment = int(time.time())
        if moment != self._moment:
            self._moment, self._said = moment, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)).encode()
        line = b'{"event":"lookup","level":"info","at":"%b","status":%d,"outcome":"%b","grid":%b,"ms":%.2f}\n'
        if not self._lines:
            asyncio.get_running_loop().call_later(GATHER_S, self.write)
        grid_told = orjson.dumps(grid)
        self._lines.append(line % (self._said, status, outcome.encode(), grid_told, seconds * 1000))

    def write(self) -> None:
        """Write what was gathered."""
        lines, self._lines = self._lines, []
        if self._open and lines:
            sys.stderr.buffer.write(b"".join(lines))
            sys.stderr.buffer.flush()


def places_only(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Put the type of an exception and the places it went through where the exception was.

    >>> try:
    ...     raise ValueError("和平路12号")
    ... except ValueError as caught:
    ...     places_only(None, "error", {"event": "failed", "exc_info": caught})["error"]
    'ValueError'
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()[1]
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        frames = traceback.extract_tb(found.__traceback__)[-DEPTH:]
        event["error"] = type(found).__name__
        event["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    places_only,
]


def _text(value: Any, default: Any) -> str:
    return orjson.dumps(value, default=default).decode()
