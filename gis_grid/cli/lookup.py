"""`gis-grid lookup`: the grid of a point, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import json_option, plan_argument, say
from gis_grid.errors import CrsError, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gis_grid.plan import Plan

OUTSIDE = 1


class Position(click.ParamType[tuple[float, float]]):
    """Two numbers with a comma between them."""

    name = "lon,lat"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Read the two numbers, or fail naming what was given."""
        if isinstance(value, tuple):
            return value
        try:
            x, y = (float(part) for part in str(value).replace(",", ",").split(","))
        except ValueError:
            self.fail(f"'{value}' is no pair of numbers; write longitude,latitude as in 114.27,30.60", param, ctx)
        return x, y


@click.command()
@plan_argument
@click.option("--point", required=True, type=Position(), help="Longitude and latitude, or x and y of --crs.")
@click.option(
    "--crs", default="wgs84", show_default=True, metavar="CRS", help="wgs84, cgcs2000, gcj02, bd09 or EPSG:…."
)
@click.option(
    "--accuracy", type=click.FloatRange(min=0), default=30.0, show_default=True, help="GPS accuracy in metres."
)
@json_option
@click.pass_context
def lookup(
    ctx: click.Context, plan_file: str, point: tuple[float, float], crs: str, accuracy: float, as_json: bool
) -> None:
    """Say which grid a point lies in, how far its border is, and which other grids are within the accuracy.

    Outside every grid the nearest one is named and the exit code is 1.
    """
    from gis_grid.planfile import read_plan

    answer = _answer(read_plan(plan_file), point, crs, accuracy)
    say(answer | {"plan": plan_file}, lambda: _lines(answer), as_json=as_json)
    ctx.exit(0 if answer["grid"] else OUTSIDE)


def _answer(plan: Plan, point: tuple[float, float], crs: str, accuracy: float) -> dict[str, Any]:
    import numpy as np

    from gis_grid.crs import transform_points
    from gis_grid.lookup import LookupIndex

    east, north = transform_points([point[0]], [point[1]], crs, plan.grids.crs)
    if not (np.isfinite(east[0]) and np.isfinite(north[0])):
        problem = f"{point[0]:g},{point[1]:g} is no place in {crs}"
        raise CrsError(Fault(problem, remedy="give longitude before latitude, and the CRS of the point with --crs"))
    index = LookupIndex(plan.grids)
    owner = int(index.locate(east, north)[0])
    also = [
        _grid(plan, position) | {"distance_m": round(metres, 1)}
        for position, metres in index.within(east[0], north[0], accuracy)
        if position != owner
    ]
    answer: dict[str, Any] = {"grid": None, "distance_to_border_m": None, "also_possible": also, "nearest": None}
    if owner >= 0:
        answer["grid"] = _grid(plan, owner)
        answer["distance_to_border_m"] = round(float(index.border_distance(east, north)[0]), 1)
    else:
        (nearest,), (metres,) = index.nearest(east, north)
        answer["nearest"] = _grid(plan, int(nearest)) | {"distance_m": round(float(metres), 1)}
    return answer


def _grid(plan: Plan, position: int) -> dict[str, Any]:
    grid = plan.grids.iloc[position]
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    return {
        "code": str(grid["code"]),
        "name": str(grid.get("name", "")),
        "community_code": str(grid["community_code"]),
        "community": str(names.get(grid["community_code"], "")),
        "households": int(grid["households"]),
        "bounds_zh": str(grid.get("bounds_zh", "")),
        "bounds_en": str(grid.get("bounds_en", "")),
    }


def _lines(answer: dict[str, Any]) -> Iterable[str]:
    grid, nearest = answer["grid"], answer["nearest"]
    if grid:
        place = f"{grid['community']}, " if grid["community"] else ""
        yield f"{grid['code']} {grid['name']} ({place}{grid['households']} households)"
        yield f"{answer['distance_to_border_m']:g} m from the nearest border"
        if grid["bounds_zh"]:
            yield grid["bounds_zh"]
    else:
        yield f"outside; the nearest grid is {nearest['code']} {nearest['name']}, {nearest['distance_m']:g} m away"
    for other in answer["also_possible"]:
        yield f"may be {other['code']} {other['name']}, {other['distance_m']:g} m away"
