"""The head and the body of an answer leave in one piece: one system call less, and one waking of the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable


#: more than this is sent at once (bytes)
MOST_HELD = 65_536


class Gathering:
    """Stand before a transport, and gather what is written to it in one turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._call_soon = loop.call_soon
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send data when this turn of the loop is over."""
        if not self._held:
            self._call_soon(self._flush)
        self._held.append(data)
        self._size += len(data)
        if self._size > MOST_HELD:  # so that the transport can say when a reader is slow
            self._flush()

    def writelines(self, parts: Iterable[bytes]) -> None:
        """Send several pieces."""
        self.write(b"".join(parts))

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """Return how many bytes have not left yet."""
        return self._transport.get_write_buffer_size() + self._size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        held, self._held, self._size = self._held, [], 0
        if held and not self._transport.is_closing():
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))


class Protocol(HttpToolsProtocol):
    """Speak HTTP as uvicorn does, over a transport that gathers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin a connection."""
        gathering: Any = Gathering(transport, self.loop)
        super().connection_made(gathering)
