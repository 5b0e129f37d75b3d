"""`gis-grid serve`: the service of a store, until it is told to end."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import uvicorn

    from gis_grid.store import Store

#: how long requests may go on after the service was told to end (seconds)
GRACE_S = 10
#: so many connections may wait to be taken
BACKLOG = 2048


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port; 0 for any.")
@click.option("--store", metavar="STORE", help="A file or postgresql://…; else GIS_GRID_STORE.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes that answer.")
def serve(host: str, port: int, store: str | None, workers: int) -> None:
    """Serve plans and lookups of a store over HTTP, until Ctrl-C."""
    from gis_grid.store import open_store

    with open_store(store) as opened:
        _refuse_unless_ready(opened)
        place = opened.engine.url.render_as_string(hide_password=True)
        os.environ["GIS_GRID_STORE"] = str(opened.file or opened.engine.url.render_as_string(hide_password=False))
    with _listen(host, port) as listening:
        shown = f"[{host}]" if ":" in host else host
        url = f"http://{shown}:{listening.getsockname()[1]}/api/docs"
        click.echo(f"{place} is served at {url}; Ctrl-C ends it", err=True)
        _run(listening, workers)
    click.echo("ended", err=True)


def _refuse_unless_ready(store: Store) -> None:
    from gis_grid.errors import Fault, StoreError
    from gis_grid.store.setup import newest, revision_of

    found = revision_of(store)
    if found == newest():
        return
    place = store.engine.url.render_as_string(hide_password=True)
    if found is None:
        raise StoreError(Fault("this is no store yet", place, remedy="make it one with: gis-grid init"))
    problem = f"the store has the tables of another gis-grid ({found})"
    raise StoreError(Fault(problem, place, remedy="bring it up to date with: gis-grid init"))


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else, so that a taken one is said at once and clearly."""
    from gis_grid.errors import OutputError

    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as caught:
        problem = f"{host} is no address to listen on ({caught.strerror})"
        raise OutputError(f"{problem} → choose another with --host") from caught
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)  # who comes before the app is loaded waits, and is not turned away
    except OSError as caught:
        listening.close()
        problem = f"port {port} of {host} cannot be used ({caught.strerror})"
        raise OutputError(f"{problem} → free it, or choose another with --port") from caught
    listening.set_inheritable(True)
    return listening


def _run(listening: socket.socket, workers: int) -> None:
    from api.leaving import let_go, scratch, sweep

    sweep()
    folder, held = scratch()
    try:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
        _serve_until_told(listening, workers)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        let_go(held)


def _serve_until_told(listening: socket.socket, workers: int) -> None:
    import uvicorn
    from uvicorn.supervisors import Multiprocess

    config = _config(workers)
    server = uvicorn.Server(config)
    signal.signal(signal.SIGTERM, _ended)  # which uvicorn sends once more when all requests are answered
    try:
        if workers > 1:
            Multiprocess(config, sockets=[listening]).run()
        else:
            server.run(sockets=[listening])
    except KeyboardInterrupt:
        pass


def _ended(_signal: int, _frame: object) -> None:
    """Go on to the end of the program: being told to end is no failure."""


def _config(workers: int) -> uvicorn.Config:
    import sys

    import uvicorn

    from api.settings import Settings
    from api.wire import Protocol

    proxies = Settings().trusted_proxies
    options: dict[str, Any] = {"loop": "uvloop"} if sys.platform != "win32" else {}
    return uvicorn.Config(
        "api.start:served",
        factory=True,
        workers=workers,
        http=Protocol,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
        **options,
    )
