"""`gis-grid lookup`: the grid of a point, and how sure that is; or the grids of a whole file of points."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import json_option, plan_argument, say
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gis_grid.lookup import Answers, Batch, BatchOptions

OUTSIDE = 1


class Position(click.ParamType[tuple[float, float]]):
    """Two numbers with a comma between them."""

    name = "lon,lat"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Read the two numbers, or fail naming what was given."""
        if isinstance(value, tuple):
            return value
        try:
            x, y = (float(part) for part in str(value).replace("，", ",").split(","))
        except ValueError:
            self.fail(f"'{value}' is no pair of numbers; write longitude,latitude as in 114.27,30.60", param, ctx)
        return x, y


@click.command()
@plan_argument
@click.option("--point", type=Position(), help="Longitude and latitude, or x and y of --crs.")
@click.option("--address", help="An address, as people write it.")
@click.option("--batch", type=click.Path(), help="Answer a file of points or addresses, CSV or JSON lines, row by row.")
@click.option("--out", type=click.Path(), help="Where the answered file goes.")
@click.option(
    "--crs", default="wgs84", show_default=True, metavar="CRS", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:…."
)
@click.option(
    "--accuracy", type=click.FloatRange(min=0), default=30.0, show_default=True, help="GPS accuracy in metres."
)
@click.option("--line", metavar="L", help="Also say who handles this service line, such as noise.")
@json_option
@click.pass_context
def lookup(
    ctx: click.Context,
    plan_file: str,
    point: tuple[float, float] | None,
    address: str | None,
    batch: str | None,
    out: str | None,
    crs: str,
    accuracy: float,
    line: str | None,
    as_json: bool,
) -> None:
    """Say which grid a point or an address lies in, and who answers for it.

    Of a point it says how far the border is, and which other grids are within the accuracy. At a building whose
    stairwells lie in several grids it names the grid of each, and the exit code is 1. An address that may lie in
    two grids is not guessed at: the answer says why, which grids it may be, and the exit code is 1. Outside every grid
    the nearest one is named and the exit code is 1. With --batch every row of a file is answered, and written to --out
    with the grid and its people behind it.

    With --line it says who handles that service line: the post of the nearest unit that has the line, else whoever
    answers for the grid. With --batch only they are named.
    """
    if [point, address, batch].count(None) != 2:
        raise click.UsageError("give --point, --address or --batch, and only one of them")
    if (batch is None) != (out is None):
        raise click.UsageError("--batch goes with --out")
    from gis_grid.lookup import BatchOptions

    answers = _answers(plan_file)
    if batch is not None and out is not None:
        summary = _batch(answers, batch, out, BatchOptions(crs=crs, line=line))
        say(summary | {"plan": plan_file}, lambda: _counts(summary), as_json=as_json)
    elif address is not None:
        found = _with_line(answers.address(address).told(small=True), line)
        say(found | {"plan": plan_file}, lambda: _address_lines(found), as_json=as_json)
        ctx.exit(0 if found["grid"] else OUTSIDE)
    elif point is not None:
        told = {"nearest": None} | answers.at(*point, crs=crs, accuracy_m=accuracy).told(small=True)
        told = _with_line(told, line)
        say(told | {"plan": plan_file}, lambda: _lines(told), as_json=as_json)
        ctx.exit(0 if told["status"] == "ok" else OUTSIDE)


def _answers(plan_file: str) -> Answers:
    from gis_grid.lookup import Answers
    from gis_grid.lookup.planned import published_plan
    from gis_grid.planfile import read_plan

    plan = read_plan(plan_file)
    if plan.assignments is None:  # a file from before they stood in it, or one that was redrawn by hand
        from gis_grid.staffing import with_assignments

        plan = with_assignments(plan)
    return Answers([published_plan(plan, plan_file)])


def _with_line(told: dict[str, Any], line: str | None) -> dict[str, Any]:
    """Return an answer with who handles a service line, if one was asked for."""
    from gis_grid.lookup.answering import with_handling

    found: dict[str, Any] = told if line is None else with_handling(told, line)
    return found


def _batch(answers: Answers, source: str, out: str, options: BatchOptions) -> dict[str, Any]:
    """Answer a file beside its place, then rename it: an error leaves what stood there untouched."""
    from gis_grid.lookup import Batch
    from gis_grid.places import whole_file

    if not Path(source).is_file():
        raise InputError(Fault("there is no such file", source, remedy="check the path"))
    with Path(source).open("rb") as file:
        try:
            batch = Batch(file, answers, options)
        except InputError as caught:
            raise type(caught)(
                Fault(fault.problem, source, fault.column, fault.row, fault.remedy) for fault in caught.faults
            ) from None
        with whole_file(out) as part, part.open("wb") as written:
            written.writelines(batch)
    return _summary(batch, out)


def _summary(batch: Batch, out: str) -> dict[str, Any]:
    found = batch.summary
    return {
        "out": out,
        "rows": found.rows,
        "by_status": dict(sorted(found.by_status.items())),
        "form": found.form,
        "encoding": found.encoding,
        "columns": found.columns,
        "notes": found.notes,
    }


def _counts(summary: dict[str, Any]) -> Iterable[str]:
    counts = ", ".join(f"{count:,} {status}" for status, count in summary["by_status"].items())
    yield f"{summary['rows']:,} rows answered ({counts or 'none'}) → {summary['out']}"
    taken = ", ".join(f"column '{name}' for {kind}" for kind, name in summary["columns"].items())
    yield f"read as {summary['form']} in {summary['encoding']}; took {taken or 'no column'}"
    yield from summary["notes"]


def _address_lines(answer: dict[str, Any]) -> Iterable[str]:
    grid = answer["grid"]
    if grid:
        place = f"{grid['community']}, " if grid["community"] else ""
        yield f"{grid['code']} {grid['name']} ({place}{grid['households']} households)"
        yield f"{answer['label'] or grid['name']}, by {answer['level']}, score {answer['score']:g}"
        for one in answer["renamed"]:
            noted = f" ({one['note']})" if one["note"] else ""
            yield f"{one['alias']} 是 {one['name']} 的旧名或别名; old or other name of {one['name']}{noted}"
        yield from _people_lines(answer)
        return
    yield f"{answer['reason_zh']} {answer['reason_en']}"
    for other in answer["also_possible"]:
        yield f"may be {other['grid']['code']} {other['grid']['name']}: {other['label']}, score {other['score']:g}"


def _people_lines(told: dict[str, Any]) -> Iterable[str]:
    """Yield who answers, or who of them handles the service line that was asked for."""
    for person in told.get("handling", told["people"]):
        role = (
            person["role_zh"] if person["role_zh"] == person["role_en"] else f"{person['role_zh']} {person['role_en']}"
        )
        yield " ".join(part for part in (role, person["name"], person["work_phone"]) if part)


def _lines(answer: dict[str, Any]) -> Iterable[str]:
    grid, nearest, building = answer["grid"], answer["nearest"], answer["building"]
    if building:
        yield f"哪个单元? {building['label'] or 'this building'} lies in several grids: which stairwell?"
        for one in building["stairwells"]:
            named = f"{one['stairwell']}单元" if one["stairwell"] else "一个单元 a stairwell"
            yield f"{named}: {one['grid']['code']} {one['grid']['name']}"
            yield from (f"  {line}" for line in _people_lines(one))
        return
    if grid:
        place = f"{grid['community']}, " if grid["community"] else ""
        yield f"{grid['code']} {grid['name']} ({place}{grid['households']} households)"
        yield f"{answer['distance_to_border_m']:g} m from the nearest border"
        if grid["bounds_zh"]:
            yield grid["bounds_zh"]
    elif nearest:
        yield f"outside; the nearest grid is {nearest['code']} {nearest['name']}, {nearest['distance_m']:g} m away"
    yield from _people_lines(answer)
    for other in answer["also_possible"]:
        yield f"may be {other['code']} {other['name']}, {other['distance_m']:g} m away"
