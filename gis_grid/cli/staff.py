"""`gis-grid staff`: the posts of a plan, who has them, who should, and what changes hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import Progress, json_option, plan_argument, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from gis_grid.staffing import Crew, Suggestion

#: Rows that are shown of a long list.
SHOWN = 20


@click.command()
@plan_argument
@click.option("--staff", "roster", metavar="F", help="Roster to take in place of the plan's own: XLSX or CSV.")
@click.option("--suggest", "suggested", is_flag=True, help="Suggest who takes which post, and say why.")
@click.option("--most", type=click.IntRange(min=1), help="Posts of one person at most.  [default: 2]")
@click.option("--vacant", is_flag=True, help="List the vacant posts.")
@click.option("--out", type=click.Path(), metavar="roster.xlsx", help="Roster to write, .xlsx or .csv.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of words.")
@json_option
def staff(
    plan_file: str,
    roster: str | None,
    suggested: bool,
    most: int | None,
    vacant: bool,
    out: str | None,
    lang: str,
    as_json: bool,
) -> None:
    """Say which posts a plan has by its scheme, who has them, and which are vacant; suggest who takes what.

    \b
        gis-grid staff plan.gpkg                                   posts, people, vacancies
        gis-grid staff plan.gpkg --staff people.xlsx --vacant      with another roster; what is vacant
        gis-grid staff plan.gpkg --suggest --out roster.xlsx       who should take what, to be edited
        gis-grid build … --staff roster.xlsx --out plan.gpkg       and back in

    A roster has a row a post and the columns 姓名 name (empty: vacant) and 岗位 post; 电话 phone (work phones only),
    社区编码 community_code or 社区 community, 网格 grid (several joined by 、), 服务条线 lines (what the person knows),
    驻点 base (a grid or community they start from) and 兼岗上限 most (posts at most) may be there. A row that names
    only a community fills a post at one of its grids.
    """  # noqa: D301
    from gis_grid.planfile import read_plan
    from gis_grid.sources import read_roster
    from gis_grid.staffing import SuggestOptions, crew_of, explained, roster_of, suggest, write_roster
    from gis_grid.staffing.rosters import taken_over

    with Progress() as progress:
        plan = read_plan(plan_file)
        read = read_roster(roster) if roster else None
        crew = crew_of(plan, staff=read.frame if read else None)
        summary: dict[str, Any] = {"plan": plan_file, "notes": list(read.notes) if read else [], **_counts(crew)}
        found = why = None
        if suggested:
            found = suggest(plan, crew=crew, options=SuggestOptions(most=most) if most else None)
            why = explained(found, crew)
            crew = taken_over(crew, found)
            summary["suggestion"] = _weighed(found, why)
        if vacant:
            summary["vacant_posts"] = _vacant(crew, lang).to_dict("records")
        if out:
            summary["out"] = str(write_roster(roster_of(plan, crew, why=why), out, lang=lang))
        summary["seconds"] = round(progress.seconds, 2)
    say(summary, lambda: _lines(summary, lang), as_json=as_json)


def _counts(crew: Crew) -> dict[str, Any]:
    own = crew.posts[crew.posts["held_by"] == ""]
    counted = own.assign(held=own["person"] != "").groupby("role", sort=False)["held"].agg(["size", "sum"])
    names = crew.posts.drop_duplicates("role").set_index("role")[["name_zh", "name_en"]]
    rows = [
        {"role": role, **names.loc[role].to_dict(), "posts": int(size), "filled": int(held), "vacant": int(size - held)}
        for role, size, held in counted.itertuples(name=None)
    ]
    total = {name: sum(row[name] for row in rows) for name in ("posts", "filled", "vacant")}
    return {**total, "people": len(crew.people), "ex_officio": len(crew.posts) - len(own), "roles": rows}


def _weighed(found: Suggestion, why: pd.DataFrame) -> dict[str, Any]:
    people = found.people[["name", "posts", "work", "fair", "walk_m"]].join(why)
    return {
        "cost_m": round(found.cost),
        "bound_m": round(found.bound),
        "gap": round(found.gap, 6),
        "kept": int((found.posts["new"] == "kept").sum()),
        "new": int(found.posts["new"].isin(["grid", "community"]).sum()),
        "vacant": int((found.posts["person"] == "").sum()),
        "people": people.reset_index().to_dict("records"),
    }


def _vacant(crew: Crew, lang: str) -> pd.DataFrame:
    free = crew.posts[(crew.posts["person"] == "") & (crew.posts["held_by"] == "")]
    codes = ["、".join(codes) for codes in free["codes"]]
    return free.assign(code=codes, post=free[f"name_{lang}"])[["post", "tier", "code", "households"]]


def _lines(summary: dict[str, Any], lang: str) -> Iterable[str]:
    yield from summary["notes"]
    filled = f"{summary['filled']} filled, {summary['vacant']} vacant"
    yield f"{summary['posts']} posts: {filled}; {summary['people']} people"
    if summary["ex_officio"]:
        yield f"{summary['ex_officio']} more posts go with another (ex officio)"
    heads = [f"name_{lang}", "posts", "filled", "vacant"]
    yield from ("", *table([[row[name] for name in heads] for row in summary["roles"]], ["post", *heads[1:]]))
    if "suggestion" in summary:
        told = summary["suggestion"]
        yield ""
        yield f"suggested: {told['kept']} stay, {told['new']} new, {told['vacant']} vacant; gap {told['gap']:.2%}"
        for row in told["people"][:SHOWN]:
            yield f"  {row['name']}: {row[f'why_{lang}']}"
        if len(told["people"]) > SHOWN:
            yield f"  … and {len(told['people']) - SHOWN} more; --json and --out have them all"
    if "vacant_posts" in summary:
        rows = [list(row.values()) for row in summary["vacant_posts"]]
        yield from ("", *table(rows, ["vacant post", "tier", "code", "households"]))
    if "out" in summary:
        yield f"written to {summary['out']}"
