"""Commands that read plan files: `check`, `describe` and `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import json_option, plan_argument, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from gis_grid.rules import Issue
    from gis_grid.staffing import HandOver

ILLEGAL = 1


@click.command()
@plan_argument
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language of messages.")
@json_option
@click.pass_context
def check(ctx: click.Context, plan_file: str, lang: str, as_json: bool) -> None:
    """Check a plan against every rule and list what breaks them, with remedies.

    Exit code 0: legal; 1: errors found; 2: bad usage or an unreadable file. Exceptions that the plan proves
    to be unavoidable, and warnings, are listed but do not count as errors.
    """
    from gis_grid.planfile import read_plan
    from gis_grid.rules import check as check_plan

    issues = check_plan(read_plan(plan_file))
    counts = {name: sum(issue.severity == name for issue in issues) for name in ("error", "exception", "warning")}
    summary = {"plan": plan_file, "legal": not counts["error"], "counts": counts, "issues": [_plain(i) for i in issues]}
    say(summary, lambda: _issue_lines(issues, counts, lang), as_json=as_json)
    ctx.exit(ILLEGAL if counts["error"] else 0)


def _plain(issue: Issue) -> dict[str, Any]:
    import dataclasses

    return dataclasses.asdict(issue)


def _issue_lines(issues: Sequence[Issue], counts: dict[str, int], lang: str) -> Iterable[str]:
    for issue in issues:
        message = issue.message_zh if lang == "zh" else issue.message_en
        place = f" {issue.grid_code}" if issue.grid_code and issue.grid_code not in message else ""
        yield f"{issue.severity} [{issue.rule}]{place}: {message}"
        for remedy in issue.remedies:
            chinese, _, english = remedy.partition(" / ")
            yield f"    → {chinese if lang == 'zh' else english or chinese}"
    verdict = "not legal" if counts["error"] else "legal"
    yield f"{verdict}: " + ", ".join(f"{count} {name}s" for name, count in counts.items())


@click.command()
@plan_argument
@click.option(
    "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of the bounds."
)
@json_option
def describe(plan_file: str, lang: str, as_json: bool) -> None:
    """Say the bounds of every grid in words (四至): east to …, south to …, west to …, north to …."""
    from gis_grid.planfile import read_plan

    plan = read_plan(plan_file)
    grids = plan.grids.reset_index().sort_values("code")
    if f"bounds_{lang}" not in grids or (grids[f"bounds_{lang}"] == "").all():
        from gis_grid.describe import describe as bounds_of

        bounds = bounds_of(plan.grids, plan.assignment, plan.borders, plan.outline)
        grids = (
            grids.set_index("grid_id")
            .assign(bounds_zh=bounds["bounds_zh"], bounds_en=bounds["bounds_en"])
            .reset_index()
        )
    columns = ["code", "name", "households", f"bounds_{lang}"]
    rows = [dict(zip(columns, row, strict=True)) for row in grids[columns].itertuples(index=False)]
    say(rows, lambda: (f"{r['code']} {r['name']} ({r['households']}): {r[columns[3]]}" for r in rows), as_json=as_json)


@click.command()
@click.argument("before", type=click.Path())
@click.argument("after", type=click.Path())
@click.option("--list", "listed", is_flag=True, help="Also list every block that changed its grid.")
@json_option
def compare(before: str, after: str, listed: bool, as_json: bool) -> None:
    """Say what moved between two plans: blocks, households, grids kept, retired and new, and who hands over to whom."""
    from gis_grid.compare import compare as compare_plans
    from gis_grid.compare import concordance
    from gis_grid.planfile import read_plan
    from gis_grid.staffing import handover

    plans = read_plan(before), read_plan(after)
    found = compare_plans(*plans)
    hands = handover(*plans)
    moved = found.blocks[found.blocks["moved"]]
    changed = found.grids[found.grids["event"] != "same"]
    summary = {
        **found.totals,
        "grids": changed.to_dict("records"),
        "moved": moved.reset_index().to_dict("records"),
        "staff": found.staff.to_dict("records"),
        "handover": hands.blocks.to_dict("records"),
        "handover_totals": hands.totals.to_dict("records"),
        "concordance": concordance(*plans).to_dict("records"),
    }
    say(
        summary,
        lambda: [
            *_comparison_lines(found.totals, changed, moved if listed else None, found.staff),
            *_handover_lines(hands, listed),
        ],
        as_json=as_json,
    )


def _handover_lines(hands: HandOver, listed: bool) -> Iterable[str]:
    """Say who gives doors to whom; "–" stands for a vacant post."""
    if len(hands.totals):
        heads = ["role", "from_person", "to_person", "blocks", "households"]
        rows = hands.totals[heads].replace({"from_person": {"": "–"}, "to_person": {"": "–"}})
        yield from ("", *table(rows.to_numpy().tolist(), ["hand-over", "from", "to", "blocks", "households"]))
    if listed and len(hands.blocks):
        heads = ["block_id", "role", "from_person", "to_person", "households"]
        rows = hands.blocks[heads].replace({"from_person": {"": "–"}, "to_person": {"": "–"}})
        yield from ("", *table(rows.to_numpy().tolist(), ["block", "post", "from", "to", "households"]))


def _comparison_lines(
    totals: dict[str, float], changed: pd.DataFrame, moved: pd.DataFrame | None, staff: pd.DataFrame
) -> Iterable[str]:
    t = {name: f"{value:,}" for name, value in totals.items()}
    yield f"{t['blocks_moved']} of {t['blocks']} blocks moved, {t['blocks_new']} are new and {t['blocks_gone']} gone"
    yield f"{t['households_moved']} of {t['households']} households moved ({totals['share_moved']:.1%})"
    yield (
        f"grids: {t['grids_before']} before, {t['grids_after']} after; "
        f"{t['grids_same']} the same, {t['grids_retired']} retired, {t['grids_new']} new"
    )
    if len(changed):
        yield from ("", *table(changed.to_numpy().tolist(), [str(name).replace("_", " ") for name in changed]))
    if moved is not None and len(moved):
        columns = ["grid_before", "grid_after", "households"]
        rows = moved.reset_index()[["block_id", *columns]].to_numpy().tolist()
        yield from ("", *table(rows, ["block", "grid before", "grid after", "households"]))
    if len(staff):
        columns = [name for name in ("name", "post", "grid", "event") if name in staff]
        yield from ("", *table(staff[columns].to_numpy().tolist(), columns))
