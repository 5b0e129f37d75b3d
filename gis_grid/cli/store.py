"""Commands of the store: `init`, `import` and `export`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import Progress, json_option, plan_argument, say, store_option, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gis_grid.store.imports import Taken


@click.command()
@store_option
@json_option
def init(place: str | None, as_json: bool) -> None:
    """Make a store for plans, or bring an older one up to date.

    \b
    Without anything said the store is the file gis-grid.sqlite in this folder: nothing to install.
        gis-grid init
    For a city, PostgreSQL with PostGIS; create the database first, then:
        gis-grid init --store postgresql://user@host/gisgrid

    What stands in the store stays. Set GIS_GRID_STORE to name the store once for all commands.
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store.setup import init as make
    from gis_grid.store.setup import revision_of

    with open_store(place) as store:
        before = revision_of(store)
        revision = make(store)
        where = store.engine.url.render_as_string(hide_password=True) if store.file is None else str(store.file)
    summary = {"store": where, "revision": revision, "was": before}
    done = "is up to date" if before == revision else f"brought up from {before}" if before else "made"
    say(summary, lambda: [f"{where}: {done} (revision {revision})"], as_json=as_json)


@click.command("import")
@plan_argument
@click.option("--district", "code", required=True, metavar="CODE", help="Code of the district, such as 420103.")
@click.option("--name", default="", help="What the district is called; needed for the first plan of a district.")
@click.option(
    "--under",
    multiple=True,
    metavar="CODE[=NAME]",
    help="What a new district lies in, from the top down; with a name it is added where it is not there.",
)
@click.option("--timezone", default="", help="Time zone in which the days of a new district begin [Asia/Shanghai].")
@click.option("--title", default="", help="What to call the plan [the name of the file].")
@click.option("--addresses", metavar="F", help="Points or buildings with addresses, in place of those of the plan.")
@click.option("--street-numbers", metavar="F", help="Pieces of streets with the house numbers along both sides.")
@click.option("--aliases", metavar="F", help="Table of old and other names: name, alias, note (CSV or XLSX).")
@click.option("--crs", metavar="CRS", help="CRS of these files if they declare none; gcj02 or bd09 in any case.")
@click.option("--roster", is_flag=True, help="Take the roster of the file as the one in force from today on.")
@store_option
@json_option
def import_(
    plan_file: str,
    code: str,
    name: str,
    under: tuple[str, ...],
    timezone: str,
    title: str,
    addresses: str | None,
    street_numbers: str | None,
    aliases: str | None,
    crs: str | None,
    roster: bool,
    place: str | None,
    as_json: bool,
) -> None:
    """Take a plan file into the store, whole or not at all, as a proposed plan of its district.

    \b
        gis-grid import plan.gpkg --district 420103 --name 江汉区 --under 4201=武汉市

    Its communities become areas under the district: those that were renamed, merged or split since the last plan
    begin today and name those they came from. The first plan brings its roster along. Prints the plan's id, by which
    other commands know it.
    """  # noqa: D301
    from gis_grid.pipeline.addresses import read_for_plan
    from gis_grid.planfile import read_plan
    from gis_grid.store import open_store
    from gis_grid.store.areas import ZONE
    from gis_grid.store.imports import DistrictOptions, take_in

    above = tuple((part.partition("=")[0], part.partition("=")[2]) for part in under)
    if len(above) > 2:
        raise click.BadParameter("a district lies in a city and a province, no more", param_hint="--under")
    options = DistrictOptions(code, name, above, timezone or ZONE)
    with Progress() as progress, open_store(place) as store:
        progress("reading", 0.0)
        plan = read_plan(plan_file)
        if addresses or street_numbers or aliases:
            plan = read_for_plan(plan, addresses, street_numbers, aliases, crs=crs)
        progress("keeping", 0.1)
        with store.writing() as session:
            taken = take_in(session, plan, district=options, title=title or Path(plan_file).stem, roster=roster)
            summary = _taken(taken) | {"seconds": round(progress.seconds, 3)}
    say(summary, lambda: _taken_lines(summary), as_json=as_json)


def _taken(taken: Taken) -> dict[str, Any]:
    import dataclasses

    people = dataclasses.asdict(taken.people) if taken.people else None
    return {
        "plan": taken.plan_id,
        "district": taken.district.code,
        "name": taken.district.name,
        "communities": dataclasses.asdict(taken.communities),
        "people": people,
        "notes": list(taken.notes),
    }


def _taken_lines(summary: dict[str, Any]) -> Iterable[str]:
    there, people = summary["communities"], summary["people"]
    yield f"plan {summary['plan']} of {summary['name']} ({summary['district']}), proposed"
    counted = f"{there['same']} as before, {there['begun']} begin, {there['ended']} end"
    yield f"communities: {counted}" + (f"; {there['provisional']} provisional codes" if there["provisional"] else "")
    if people:
        yield f"roster: {people['posts']} posts, {people['people']} people, {people['vacant']} vacant"
    yield from summary["notes"]


@click.command()
@click.argument("plan_id", metavar="[PLAN]", required=False)
@click.option("--out", metavar="F.gpkg", help="The plan file to write.")
@click.option("--list", "listed", is_flag=True, help="List the plans of the store instead, the newest first.")
@store_option
@json_option
def export(plan_id: str | None, out: str | None, listed: bool, place: str | None, as_json: bool) -> None:
    """Write a plan of the store to a plan file: the very bytes that were imported, if it was.

    \b
        gis-grid export --list
        gis-grid export p3f9a0c41d2e7 --out plan.gpkg
    """  # noqa: D301
    from gis_grid.planfile import check_plan_place, write_plan
    from gis_grid.staffing import with_assignments
    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.audit import record
    from gis_grid.store.plans import load_plan

    if listed:
        _list_plans(place, as_json)
        return
    if plan_id is None or out is None:
        raise click.UsageError("name a plan and --out, or --list")
    check_plan_place(out)
    with Progress() as progress, open_store(place) as store:
        progress("reading", 0.0)
        with store.reading() as session:
            plan = load_plan(session, plan_id)
        progress("writing", 0.5)
        with store.writing() as session:
            record(session, LOCAL, "export", plan_id, detail={"file": Path(out).name})
        path = write_plan(with_assignments(plan), out)
    summary = {"plan": plan_id, "out": str(path), "grids": len(plan.grids), "seconds": round(progress.seconds, 3)}
    say(summary, lambda: [f"plan {plan_id} written to {path}"], as_json=as_json)


def _list_plans(place: str | None, as_json: bool) -> None:
    from gis_grid.store import open_store
    from gis_grid.store.plans import list_plans

    with open_store(place) as store, store.reading() as session:
        rows = list_plans(session)
    heads = ["plan", "district", "name", "state", "title", "created"]
    found = [dict(zip(heads, row, strict=True)) for row in rows]
    say(found, lambda: table([list(row) for row in rows], heads) if rows else ["no plans yet"], as_json=as_json)
