"""`gis-grid tiles`: a plan as vector tiles in one file."""

from __future__ import annotations

import re
from typing import Any

import click

from gis_grid.cli.output import Progress, json_option, plan_argument, say


class Zooms(click.ParamType[tuple[int, int]]):
    """Take a range of zooms such as 11-16."""

    name = "zooms"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Turn 11-16 into (11, 16)."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", value)
        if found is None or not 0 <= int(found[1]) <= int(found[2]) <= 20:
            self.fail(f"{value!r} is no range of zooms from 0 to 20 → write it as 11-16", param, ctx)
        return int(found[1]), int(found[2])


@click.command()
@plan_argument
@click.option("--out", required=True, type=click.Path(), metavar="plan.pmtiles", help="File to write.")
@click.option("--suppress", is_flag=True, help="Leave counts below 10 out, as guests see them.")
@click.option("--zooms", type=Zooms(), metavar="11-16", help="First and last zoom; else chosen from the extent.")
@json_option
def tiles(plan_file: str, out: str, suppress: bool, zooms: tuple[int, int] | None, as_json: bool) -> None:
    """Write a plan as vector tiles in one PMTiles file, with all its layers at every zoom.

    Layers: grids, blocks, borders, streets, labels and communities. The same plan gives the same bytes.
    """
    from gis_grid.planfile import read_plan
    from gis_grid.tiles import TileArchive, TileOptions, check_tiles_place, write_tiles

    check_tiles_place(out)
    with Progress() as progress:
        plan = read_plan(plan_file)
        options = TileOptions(counts="suppressed" if suppress else "all", zooms=zooms)
        written = write_tiles(plan, out, options, progress=progress)
        seconds = round(progress.seconds, 2)
    with TileArchive(written) as archive:
        summary = {
            "out": str(written),
            "bytes": written.stat().st_size,
            "tiles": archive.header["addressed_tiles_count"],
            "zooms": archive.zooms,
            "bounds": archive.bounds,
            "layers": [layer["id"] for layer in archive.metadata["vector_layers"]],
            "counts": options.counts,
            "seconds": seconds,
        }
    first, last = summary["zooms"]
    line = f"{summary['tiles']:,} tiles of zooms {first}–{last} written to {written} ({summary['bytes'] / 1e6:.1f} MB)"
    say(summary, lambda: [line], as_json=as_json)
