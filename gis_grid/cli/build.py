"""`gis-grid build`: from files to a plan file."""

from __future__ import annotations

import json
from typing import Any

import click

from gis_grid.cli.account import account, account_lines
from gis_grid.cli.output import Progress, json_option, plan_summary, say, summary_lines

#: What `--max-moved` takes.
_SHARE = "a share such as 5% or 0.05"
INPUTS = (
    "boundary",
    "streets",
    "households",
    "communities",
    "barriers",
    "compounds",
    "buildings",
    "staff",
    "addresses",
    "street_numbers",
    "aliases",
    "blocks",
)


class Share(click.ParamType):  # type: ignore[type-arg]  # generic in the newest click only
    """A share between 0 and 1, or as a percentage."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share as a number between 0 and 1."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= 1:
            self.fail(f"'{value}' is not {_SHARE}", param, ctx)
        return share


@click.command()
@click.option("--boundary", metavar="F", help="Outline of the district; several polygons are taken as their union.")
@click.option("--streets", metavar="F", help="Street centrelines, or an .osm.pbf with streets, railways and rivers.")
@click.option("--households", metavar="F", help="Points, footprints or parcels with a count of households.")
@click.option("--count-column", metavar="NAME", help="Column that holds the count; guessed and said when not given.")
@click.option("--communities", metavar="F", help="Communities (社区): no grid lies in two of them.")
@click.option("--barriers", metavar="F", help="Lines that no grid may straddle, besides those among the streets.")
@click.option("--compounds", metavar="F", help="Walled compounds (小区), kept whole where they fit the band.")
@click.option("--buildings", metavar="F", help="Footprints, by which a block above the band is divided.")
@click.option("--staff", metavar="F", help="Roster of staff with their posts.")
@click.option("--addresses", metavar="F", help="Points or buildings with addresses, for lookups by address.")
@click.option("--street-numbers", metavar="F", help="Pieces of streets with the house numbers along both sides.")
@click.option("--aliases", metavar="F", help="Table of old and other names: name, alias, note (CSV or XLSX).")
@click.option("--blocks", metavar="F", help="Ready-made blocks with a count column: the street stage is skipped.")
@click.option("--scheme", metavar="NAME|FILE.toml", help="Scheme to follow.  [default: that of --previous, or qinzhou]")
@click.option("--min", "low", type=click.IntRange(min=0), help="Fewest households of a grid, in place of the scheme's.")
@click.option("--max", "high", type=click.IntRange(min=1), help="Most households of a grid.")
@click.option("--target", type=click.IntRange(min=0), help="Wished households of a grid.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Start of the search; equal seeds give equal plans."
)
@click.option(
    "--time-limit", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds to search at most."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes; the plan is the same. An update uses one.",
)
@click.option(
    "--keep-best", is_flag=True, help="First Ctrl-C ends the search and writes the best plan so far; a second gives up."
)
@click.option("--prove", is_flag=True, help="Prove how much cheaper any plan could be, part by part; takes minutes.")
@click.option("--previous", metavar="PLAN", help="Plan file to follow: as few households as possible change grid.")
@click.option("--max-moved", type=Share(), metavar="5%", help="Share of households that may change grid at most.")
@click.option("--crs", metavar="CRS", help="CRS of inputs that declare none, or gcj02 or bd09 whatever they declare.")
@click.option("--out", required=True, type=click.Path(), metavar="plan.gpkg", help="Plan file to write.")
@json_option
def build(out: str, scheme: str | None, as_json: bool, **given: Any) -> None:
    """Build a plan from a boundary, streets and households, or from ready-made blocks.

    Any vector file that GeoPandas opens will do, also .osm.pbf, and CSV or XLSX for points; path:layer or
    path|layer=NAME picks a layer.
    """
    paths = {name: given[name] for name in INPUTS}
    if not paths["blocks"]:
        absent = [f"--{name}" for name in ("boundary", "streets", "households") if not paths[name]]
        if absent:
            raise click.UsageError(f"missing {', '.join(absent)} (or give --blocks with a count column)")
    from gis_grid.pipeline import BuildOptions, Inputs
    from gis_grid.pipeline import build as build_plan
    from gis_grid.planfile import check_plan_place, read_plan, write_plan
    from gis_grid.scheme import DEFAULT_SCHEME, Scheme

    check_plan_place(out)
    if given["max_moved"] is not None and not given["previous"]:
        raise click.UsageError("--max-moved bounds what moves from one plan to the next: give --previous too")
    kept = given["previous"] and scheme is None
    followed = read_plan(given["previous"]).scheme if kept else Scheme.load(scheme or DEFAULT_SCHEME)
    chosen = followed.with_band(min=given["low"], max=given["high"], target=given["target"])
    inputs = Inputs(**paths, previous=given["previous"], crs=given["crs"], count_column=given["count_column"])
    told = ("seed", "time_limit", "workers", "keep_best", "prove", "max_moved")
    options = BuildOptions(**{name: given[name] for name in told})
    with Progress() as progress:
        plan = build_plan(inputs, chosen, options, progress=progress, tell=progress.tell, watch=progress.watch)
        write_plan(plan, out)
    summary = {"out": out, **plan_summary(plan), **account(plan), "workers": given["workers"]}
    summary |= {"seconds": round(progress.seconds, 2), "notes": _notes(plan.metadata)}
    if given["previous"]:
        summary["update"] = json.loads(plan.metadata["update"])
    lines = [*summary_lines(summary), *_moved_lines(summary), *account_lines(summary), f"written to {out}"]
    say(summary, lambda: [*summary["notes"], *lines], as_json=as_json)


def _moved_lines(summary: dict[str, Any]) -> list[str]:
    """Say what an update moved, and what became of the grids."""
    if "update" not in summary:
        return []
    update = summary["update"]
    moved = f"{update['moved']:,} of {update['households']:,} households changed grid ({update['share_moved']:.1%})"
    return [moved + "; rows of the concordance: " + ", ".join(f"{n} {name}" for name, n in update["relations"].items())]


def _notes(metadata: Any) -> list[str]:
    return [line for line in str(metadata.get("notes", "")).splitlines() if line]
