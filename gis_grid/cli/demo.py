"""`gis-grid demo`: a made-up town is split, published in a store of its own, and served."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.account import account, account_lines
from gis_grid.cli.output import Progress, json_option, plan_summary, say, summary_lines
from gis_grid.errors import OutputError

if TYPE_CHECKING:
    from gis_grid.plan import Plan

HOST = "127.0.0.1"
#: the made-up town's district
DISTRICT, NAME = "980101", "样例区"
STORE = "store.sqlite"


@click.command()
@click.option("--out", type=click.Path(), default="build/demo", show_default=True, help="Folder for what is made.")
@click.option("--seed", type=int, default=0, show_default=True, help="Which town to make up.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Port of the service; 0 for any."
)
@click.option("--serve/--no-serve", default=True, help="Serve the town, or stop once it is published.")
@json_option
@click.pass_context
def demo(ctx: click.Context, out: str, seed: int, port: int, serve: bool, as_json: bool) -> None:
    """Make up a town of some 30,000 households, split it, publish the plan in a store of its own, and serve it.

    The map is the front page; below /api the service answers where a point lies and who answers for it.
    """
    from gis_grid.pipeline import build_from, sample_frames
    from gis_grid.planfile import write_plan
    from gis_grid.report import write_report
    from gis_grid.webmap import write_map

    folder = Path(out)
    port = _free_port(port) if serve else port  # before the work, which a taken port would make vain
    try:
        (folder / "pages").mkdir(parents=True, exist_ok=True)
    except OSError as caught:
        raise OutputError(
            f"{folder}: the folder cannot be made ({caught.strerror}) → choose another with --out"
        ) from caught
    with Progress() as progress:
        plan = build_from(sample_frames(seed), progress=progress, tell=progress.tell, watch=progress.watch)
        files = [write_plan(plan, folder / "plan.gpkg"), write_map(plan, folder / "map.html")]
        files.append(write_report(plan, folder / "report.html"))
        progress("publishing", 0.0)
        published = _publish(plan, folder / STORE)
        progress("publishing", 1.0)
    _put_pages(folder)
    summary = {
        **plan_summary(plan),
        **account(plan),
        **published,
        "files": [str(path) for path in [*files, folder / STORE]],
        "seconds": round(progress.seconds, 2),
    }
    if serve:
        summary["url"] = f"http://{HOST}:{port}/"
    written = [f"written to {path}" for path in summary["files"]]
    in_force = f"plan {published['plan']} is in force in {NAME} from {published['effective']} on"
    say(summary, lambda: [*summary_lines(summary), *account_lines(summary), *written, in_force], as_json=as_json)
    if serve:
        _serve(ctx, folder, port)


def _publish(plan: Plan, place: Path) -> dict[str, Any]:
    """Put the plan into force today, in a store of its own that is made anew each time."""
    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.areas import district_of, today
    from gis_grid.store.catalogue import version_of
    from gis_grid.store.imports import DistrictOptions, take_in
    from gis_grid.store.publish import approve, publish, submit
    from gis_grid.store.setup import init
    from gis_grid.store.tilesets import keep_drawn

    for old in place.parent.glob(f"{STORE}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    with open_store(place) as store:
        init(store)
        with store.writing() as session:
            plan_id = take_in(session, plan, district=DistrictOptions(DISTRICT, NAME), title="demo").plan_id
            submit(session, plan_id, actor=LOCAL)
            approve(session, plan_id, actor=LOCAL, alone=True)
            day = today(district_of(session, DISTRICT))
            made = publish(session, plan_id, actor=LOCAL, effective=day, allow_errors=True)
            version = version_of(session, plan_id)
        keep_drawn(store, plan_id, made, version=version)
    return {"plan": plan_id, "effective": str(day)}


def _put_pages(folder: Path) -> None:
    """Put what may be read by everybody into a folder of its own: the map as the front page, and the report."""
    shutil.copyfile(folder / "map.html", folder / "pages" / "index.html")
    shutil.copyfile(folder / "report.html", folder / "pages" / "report.html")


def _free_port(port: int) -> int:
    """Return the port if it is free; any free one for 0."""
    try:
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((HOST, port))
            return int(trial.getsockname()[1])
    except OSError as caught:
        problem = f"port {port} of {HOST} cannot be used ({caught.strerror})"
        raise OutputError(f"{problem} → free it, or choose another with --port (make demo PORT=8001)") from caught


def _serve(ctx: click.Context, folder: Path, port: int) -> None:
    """Serve the store with lookups open to everybody, and the map as the front page."""
    url = f"http://{HOST}:{port}/"
    os.environ |= {"GIS_GRID_PUBLIC_LOOKUP": "true", "GIS_GRID_PAGES": str(folder / "pages")}
    os.environ.setdefault("GIS_GRID_LOG_LEVEL", "warning")
    click.echo(f"the map is at {url}, the report at {url}report.html, the service at {url}api/docs", file=sys.stderr)
    if sys.stdin.isatty() and sys.stdout.isatty():
        webbrowser.open(url)
    program = ctx.find_root().command
    serving = program.get_command(ctx, "serve") if isinstance(program, click.Group) else None
    if serving is None:
        raise OutputError("the service is not installed → install gis-grid whole, or run with --no-serve")
    ctx.invoke(serving, host=HOST, port=port, store=str(folder / STORE), workers=1)
