"""`gis-grid demo`: a made-up town is split and its map opens as a page."""

from __future__ import annotations

import functools
import sys
import webbrowser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from gis_grid.cli.account import account, account_lines
from gis_grid.cli.output import Progress, json_option, plan_summary, say, summary_lines
from gis_grid.errors import OutputError

HOST = "127.0.0.1"


@click.command()
@click.option("--out", type=click.Path(), default="build/demo", show_default=True, help="Folder for what is made.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which town to make up.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port of the page; 0 for any."
)
@click.option("--serve/--no-serve", default=True, help="Serve the page, or stop once it is written.")
@json_option
def demo(out: str, seed: int, port: int, serve: bool, as_json: bool) -> None:
    """Make up a town of some 30,000 households, split it, and open its map in the browser."""
    from gis_grid.pipeline import build_from, sample_frames
    from gis_grid.planfile import write_plan
    from gis_grid.report import write_report
    from gis_grid.webmap import write_map

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as caught:
        raise OutputError(
            f"{folder}: the folder cannot be made ({caught.strerror}) → choose another with --out"
        ) from caught
    server = _server(folder, port) if serve else None  # before the work, which a taken port would make vain
    with Progress() as progress:
        plan = build_from(sample_frames(seed), progress=progress, tell=progress.tell, watch=progress.watch)
        files = [write_plan(plan, folder / "plan.gpkg"), write_map(plan, folder / "map.html")]
        files.append(write_report(plan, folder / "report.html"))
    summary = {
        **plan_summary(plan),
        **account(plan),
        "files": [str(path) for path in files],
        "seconds": round(progress.seconds, 2),
    }
    if server is not None:
        summary["url"] = f"http://{HOST}:{server.server_address[1]}/"
    written = [f"written to {path}" for path in files]
    say(summary, lambda: [*summary_lines(summary), *account_lines(summary), *written], as_json=as_json)
    if server is not None:
        _serve(server, str(summary["url"]))


class _Page(SimpleHTTPRequestHandler):
    """Answer with the files of one folder; its map is the front page."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/map.html" if path == "/" else path)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: the terminal belongs to the person at it."""


def _server(folder: Path, port: int) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer((HOST, port), functools.partial(_Page, directory=str(folder)))
    except OSError as caught:
        problem = f"port {port} of {HOST} cannot be used ({caught.strerror})"
        raise OutputError(f"{problem} → free it, or choose another with --port (make demo PORT=8001)") from caught


def _serve(server: ThreadingHTTPServer, url: str) -> None:
    click.echo(f"the map is at {url} and the report at {url}report.html; Ctrl-C ends it", file=sys.stderr)
    if sys.stdin.isatty() and sys.stdout.isatty():
        webbrowser.open(url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo("ended", file=sys.stderr)
    finally:
        server.server_close()
