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
    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan

HOST = "127.0.0.1"
#: the made-up town's district
DISTRICT, NAME = "980101", "样例区"
STORE = "store.sqlite"
#: how long the tokens in the links live
DAYS = 7


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

    The front page is the planner's, /my the phone's; below /api the service answers where a point lies and who answers
    for it. The links that are printed carry a token of a planner and of a field worker; both live for a week.
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
        "files": [str(path) for path in [*files, folder / STORE]],
        "seconds": round(progress.seconds, 2),
    }
    secrets = published.pop("secrets")
    summary |= published
    if serve:
        url = f"http://{HOST}:{port}/"
        summary |= {"url": url, "planner": f"{url}#token={secrets[0]}", "field": f"{url}my#token={secrets[1]}"}
    written = [f"written to {path}" for path in summary["files"]]
    in_force = f"plan {published['plan']} is in force in {NAME} from {published['effective']} on"
    say(summary, lambda: [*summary_lines(summary), *account_lines(summary), *written, in_force], as_json=as_json)
    if serve:
        _serve(ctx, folder, summary)


def _publish(plan: Plan, place: Path) -> dict[str, Any]:
    """Put the plan into force today, in a store of its own that is made anew each time; give out two tokens."""
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
        with store.writing() as session:
            secrets = _tokens(session)
    return {"plan": plan_id, "effective": str(day), "secrets": secrets}


def _tokens(session: Session) -> list[str]:
    """Return the secrets of a planner of the town and of whoever holds the first post at a grid."""
    from gis_grid.store.access import LOCAL
    from gis_grid.store.areas import district_of
    from gis_grid.store.people import people_frame
    from gis_grid.store.tokens import create_token

    area = district_of(session, DISTRICT).id
    staff = people_frame(session, area)
    worker = staff[(staff["tier"] == "grid") & (staff["kind"] == "holder")].iloc[0]
    wanted = [("planner", "planner", None), (str(worker["name"]), "field", int(worker["staff_id"]))]
    return [
        create_token(session, name=name, role=role, days=DAYS, actor=LOCAL, area=area, staff=staff_id)[1]
        for name, role, staff_id in wanted
    ]


def _put_pages(folder: Path) -> None:
    """Put what may be read by everybody into a folder of its own: the map and the report."""
    for name in ("map.html", "report.html"):
        shutil.copyfile(folder / name, folder / "pages" / name)
    (folder / "pages" / "index.html").unlink(missing_ok=True)  # of an earlier demo: the front page is the planner's


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


def _serve(ctx: click.Context, folder: Path, summary: dict[str, Any]) -> None:
    """Serve the store with lookups open to everybody, and the pages."""
    url, port = summary["url"], int(summary["url"].rsplit(":", 1)[1].strip("/"))
    os.environ |= {"GIS_GRID_PUBLIC_LOOKUP": "true", "GIS_GRID_PAGES": str(folder / "pages")}
    os.environ.setdefault("GIS_GRID_LOG_LEVEL", "warning")
    for line in (
        f"规划 planner        {summary['planner']}",
        f"网格员 field worker  {summary['field']}",
        f"the map is at {url}map.html, the report at {url}report.html, the service at {url}api/docs",
    ):
        click.echo(line, err=True)
    if sys.stdin.isatty() and sys.stdout.isatty():
        webbrowser.open(summary["planner"])
    program = ctx.find_root().command
    serving = program.get_command(ctx, "serve") if isinstance(program, click.Group) else None
    if serving is None:
        raise OutputError("the service is not installed → install gis-grid whole, or run with --no-serve")
    ctx.invoke(serving, host=HOST, port=port, store=str(folder / STORE), workers=1)
