"""The command `publish`: a plan of the store, or a plan file, comes into force."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import Progress, json_option, say, store_option, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan


@click.command()
@click.argument("plan", metavar="[PLAN]", required=False)
@click.option("--effective", type=click.DateTime(["%Y-%m-%d"]), help="The first day on which the plan holds [today].")
@click.option("--district", "code", metavar="CODE", help="For a plan file: code of its district, such as 420103.")
@click.option("--name", default="", help="For the first plan of a district: what the district is called.")
@click.option("--under", multiple=True, metavar="CODE[=NAME]", help="What a new district lies in, from the top down.")
@click.option("--addresses", metavar="F", help="Points or buildings with addresses, in place of those of the plan.")
@click.option("--street-numbers", metavar="F", help="Pieces of streets with the house numbers along both sides.")
@click.option("--aliases", metavar="F", help="Table of old and other names: name, alias, note (CSV or XLSX).")
@click.option("--crs", metavar="CRS", help="CRS of these files if they declare none; gcj02 or bd09 in any case.")
@click.option("--allow-errors", is_flag=True, help="Publish although the plan breaks rules; that is written down.")
@click.option("--allow-older", is_flag=True, help="Publish although that undoes what was published since.")
@click.option("--withdraw", "back", is_flag=True, help="Take a publication back whose day has not come.")
@click.option("--list", "listed", is_flag=True, help="List what is published, and from when to when.")
@store_option
@json_option
def publish(
    plan: str | None,
    effective: datetime | None,
    code: str | None,
    name: str,
    under: tuple[str, ...],
    addresses: str | None,
    street_numbers: str | None,
    aliases: str | None,
    crs: str | None,
    allow_errors: bool,
    allow_older: bool,
    back: bool,
    listed: bool,
    place: str | None,
    as_json: bool,
) -> None:
    """Put a plan into force from a day on: a plan of the store by its id, or a plan file.

    \b
        gis-grid publish p3f9a0c41d2e7 --effective 2026-12-01
        gis-grid publish plan.gpkg --district 420103 --name 江汉区

    A plan that is not handed in and approved yet is, by whoever sits at the machine; the record says so. Grids that
    nothing happened to keep their codes, and no code that was ever given out comes again.
    """  # noqa: D301
    from gis_grid.store import open_store
    from gis_grid.store import publish as steps
    from gis_grid.store.access import LOCAL
    from gis_grid.store.catalogue import version_of
    from gis_grid.store.tilesets import keep_drawn

    if not listed and plan is None:
        raise click.UsageError("name a plan, or --list")
    with Progress() as progress, open_store(place) as store:
        if listed or plan is None:
            _list(store, as_json)
            return
        if back:
            with store.writing() as session:
                steps.withdraw(session, plan, actor=LOCAL)
            say({"plan": plan, "withdrawn": True}, lambda: [f"{plan}: withdrawn"], as_json=as_json)
            return
        progress("reading", 0.0)
        file = _file(plan, code)
        progress("publishing", 0.2)
        with store.writing() as session:
            plan_id = plan if file is None else _taken(session, file, plan, str(code), name, under)
            if addresses or street_numbers or aliases:
                _addressed(session, plan_id, (addresses, street_numbers, aliases), crs)
            day = _handed_in(session, plan_id, effective.date() if effective else None)
            made = steps.publish(
                session, plan_id, actor=LOCAL, effective=day, allow_errors=allow_errors, allow_older=allow_older
            )
            version = version_of(session, plan_id)
            summary = _summary(session, plan_id, made, day)
        progress("drawing tiles", 0.0)
        keep_drawn(store, plan_id, made, version=version)
    say(summary, lambda: _lines(summary), as_json=as_json)


def _file(plan: str, code: str | None) -> Plan | None:
    """Return the plan of a file, or None if what is named is the id of a plan in the store."""
    from gis_grid.planfile import read_plan

    if not (plan.lower().endswith(".gpkg") or Path(plan).exists()):
        return None
    if not code:
        raise click.UsageError("say which district the plan file is of, as in: --district 420103")
    return read_plan(plan)


def _taken(session: Session, plan: Plan, file: str, code: str, name: str, under: tuple[str, ...]) -> str:
    from gis_grid.store.imports import DistrictOptions, take_in

    above = tuple((part.partition("=")[0], part.partition("=")[2]) for part in under)
    options = DistrictOptions(code, name, above)
    return take_in(session, plan, district=options, title=Path(file).stem).plan_id


def _addressed(
    session: Session, plan_id: str, files: tuple[str | None, str | None, str | None], crs: str | None
) -> None:
    """Put the addresses, numbers and aliases of files in the place of those that the plan's blocks have."""
    from gis_grid.pipeline.addresses import read_for_plan
    from gis_grid.store.addresses import keep_addresses
    from gis_grid.store.plans import load_plan

    plan = read_for_plan(load_plan(session, plan_id), *files, crs=crs)
    frames = (plan.addresses, plan.numbers, plan.aliases)
    kept = [frame if file else None for file, frame in zip(files, frames, strict=True)]
    keep_addresses(session, plan_id, *kept)


def _handed_in(session: Session, plan_id: str, day: date | None) -> date:
    """Take the steps that are left before a plan can be published, and return the day: today unless one is named."""
    from gis_grid.errors import AbsentError, Fault
    from gis_grid.store import publish as steps
    from gis_grid.store.access import LOCAL
    from gis_grid.store.areas import today
    from gis_grid.store.models import Area, Plan

    kept = session.get(Plan, plan_id)
    if kept is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}", remedy="gis-grid export --list shows what there is"))
    if kept.state in ("proposed", "returned"):
        steps.submit(session, plan_id, actor=LOCAL)
    if kept.state == "submitted":
        steps.approve(session, plan_id, actor=LOCAL, alone=True)
    return day or today(session.get_one(Area, kept.district_id))


def _summary(session: Session, plan_id: str, made: Plan, day: date) -> dict[str, Any]:
    """Say what came of a publication."""
    from gis_grid.store import models

    relations = {} if made.concordance is None else made.concordance["relation"].value_counts().to_dict()
    counts = made.issues["severity"].value_counts().to_dict()
    district = session.get_one(models.Area, session.get_one(models.Plan, plan_id).district_id).code
    return {
        "plan": plan_id,
        "district": district,
        "effective": str(day),
        "grids": len(made.grids),
        "households": int(made.grids["households"].sum()),
        "issues": {str(severity): int(count) for severity, count in counts.items()},
        "relations": {str(relation): int(count) for relation, count in relations.items()},
    }


def _lines(summary: dict[str, Any]) -> Iterable[str]:
    held = f"{summary['grids']} grids, {summary['households']:,} households"
    yield f"plan {summary['plan']} of {summary['district']} is in force from {summary['effective']} on: {held}"
    for what, counts in (("since the last", summary["relations"]), ("rules", summary["issues"])):
        if counts:
            yield f"{what}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _list(store: Any, as_json: bool) -> None:
    from gis_grid.store.models import Area
    from gis_grid.store.publish import publications

    with store.reading() as session:
        found = [
            {
                "plan": one.plan_id,
                "district": session.get_one(Area, one.district_id).code,
                "effective": str(one.effective),
                "until": str(one.until or ""),
                "who": one.who,
            }
            for one in publications(session)
        ]
    say(
        found,
        lambda: table([list(row.values()) for row in found], ["plan", "district", "from", "until", "by"]),
        as_json=as_json,
    )
