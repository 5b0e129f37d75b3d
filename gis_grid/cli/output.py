"""What the commands print: progress for people at a terminal, one JSON value for programs, short tables otherwise."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from types import TracebackType

    from gis_grid.plan import Plan
    from gis_grid.rules import Finding

#: Findings that are told before the search, the heaviest first in each community.
TOLD = 8

json_option = click.option("--json", "as_json", is_flag=True, help="Print one machine-readable summary on stdout.")
store_option = click.option(
    "--store",
    "place",
    metavar="PLACE",
    help="The store: a file, or postgresql://… [GIS_GRID_STORE, else gis-grid.sqlite here].",
)
plan_argument = click.argument("plan_file", metavar="PLAN", type=click.Path())


def say(summary: Any, lines: Callable[[], Iterable[str]], *, as_json: bool) -> None:
    """Print a summary as JSON, or else as lines for a reader."""
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, default=str))
        return
    for line in lines():
        click.echo(line)


def table(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> list[str]:
    """Lay rows out in columns that fit the widest cell; Chinese characters take two places.

    >>> table([["a", 1], ["网格", 23]], ["name", "n"])
    ['name  n', 'a     1', '网格  23']
    """
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _width(text: str) -> int:
    import unicodedata

    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def plan_summary(plan: Plan) -> dict[str, Any]:
    """Count what a plan holds: grids, in band and out of it, households, blocks, issues by severity."""
    band = plan.scheme.main.band
    households, load = plan.grids["households"], plan.load
    severities = plan.issues["severity"].value_counts().to_dict()
    return {
        "scheme": plan.scheme.name,
        "band": [band.min, band.max, band.target],
        "communities": len(plan.communities),
        "blocks": len(plan.blocks),
        "grids": len(plan.grids),
        "in_band": int(load.between(band.min, band.max).sum()),
        "households": int(plan.blocks["households"].sum()),
        "median_households": float(households.median()) if len(households) else 0.0,
        "median_compactness": round(float(plan.grids["compactness"].median()), 3) if len(households) else 0.0,
        "tiers": tier_counts(plan),
        "issues": {name: int(severities.get(name, 0)) for name in ("error", "exception", "warning")},
    }


def tier_counts(plan: Plan) -> dict[str, int]:
    """Count the units of every tier, from the top down."""
    from gis_grid.plan import tier_column

    counts = {}
    for tier in plan.scheme.tiers:
        if tier.id == plan.scheme.main.id:
            counts[tier.id] = len(plan.grids)
        elif tier_column(tier) in plan.blocks:
            counts[tier.id] = int(plan.blocks[tier_column(tier)].replace("", None).nunique())
    return {name: count for name, count in counts.items() if count}


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Say a plan's summary in a few lines."""
    low, high, target = summary["band"]
    issues = summary["issues"]
    blocks = f"{summary['blocks']:,} blocks in {summary['communities']} communities"
    median = f"median {summary['median_households']:g} households, compactness {summary['median_compactness']:.2f}"
    tiers = [f"{count:,} {name}" for name, count in summary["tiers"].items()]
    return [
        f"{summary['households']:,} households on {blocks} → {summary['grids']} grids",
        f"{summary['in_band']} of {summary['grids']} in the band {low}–{high} (target {target}); {median}",
        *([f"tiers: {', '.join(tiers)}"] if len(tiers) > 2 else []),
        f"{issues['error']} errors, {issues['exception']} exceptions, {issues['warning']} warnings",
    ]


class Progress:
    """Show the stage and how far it is on stderr when that is a terminal; stay silent otherwise."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._bar: Any = None
        self._stage = ""
        self._started = time.perf_counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def __call__(self, stage: str, share: float) -> None:
        """Take note that a share of a stage, from 0 to 1, is done."""
        if not self._shown:
            return
        from tqdm import tqdm

        if stage != self._stage:
            self._close()
            self._stage = stage
            form = "{desc:<12}{bar:30} {percentage:3.0f}% {elapsed}{postfix}"
            self._bar = tqdm(desc=stage, total=1.0, file=sys.stderr, bar_format=form)
        self._bar.update(max(0.0, min(share, 1.0) - self._bar.n))

    def watch(self, cost: float, out_of_band: int) -> None:
        """Show beside the bar what the search has reached: cost, and grids out of band."""
        if self._bar is not None:
            self._bar.set_postfix_str(f"cost {cost:,.0f}, {out_of_band} out of band", refresh=False)

    def tell(self, findings: Sequence[Finding]) -> None:
        """Say on stderr, before the search, what no division of the blocks can meet."""
        self._close()
        if not findings:
            return
        click.echo(f"before the search: {len(findings)} things that no division of these blocks can meet", err=True)
        for finding in findings[:TOLD]:
            click.echo(f"  {finding.message_en}", err=True)
        if len(findings) > TOLD:
            click.echo(f"  … and {len(findings) - TOLD} more", err=True)
        click.echo("what still holds after the search stands among the plan's issues, with remedies", err=True)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.perf_counter() - self._started

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
