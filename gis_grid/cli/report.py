"""`gis-grid report`: a plan as a page to read, an atlas to print, a workbook."""

from __future__ import annotations

from pathlib import Path

import click

from gis_grid.cli.output import json_option, plan_argument, say


@click.command()
@plan_argument
@click.option("--out", required=True, type=click.Path(), metavar="report.html|.pdf|.xlsx", help="File to write.")
@click.option("--map", "only_map", is_flag=True, help="Write the map alone, without tables.")
@json_option
def report(plan_file: str, out: str, only_map: bool, as_json: bool) -> None:
    """Write a plan as a page (.html), as an atlas to print (.pdf) or as a workbook (.xlsx).

    The page holds the map, the table of grids with bounds and counts, and the issues with remedies; it is one file that
    needs no network. The atlas holds a map of the district and a card for each grid, each map to a round scale. The
    workbook has a sheet each for grids, communities, blocks, issues and staff.
    """
    from gis_grid.planfile import read_plan
    from gis_grid.report import write_report
    from gis_grid.webmap import write_map

    written = (write_map if only_map else write_report)(read_plan(plan_file), out)
    size = Path(written).stat().st_size
    say({"out": str(written), "bytes": size}, lambda: [f"written to {written} ({size / 1e6:.1f} MB)"], as_json=as_json)
