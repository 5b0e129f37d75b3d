"""Measure suggestions who takes which post: seconds, cost, and the gap to the best there is, beside a plain greedy.

Run it from the repository (``python benchmarks/staffing.py [--grids 600] [--people 1000]``). The districts are made up:
blocks of a grown town, one to a grid, communities of about ten; people live in a community, most of them known at a
grid, some with only part of the service lines. Greedy gives posts away one after another, always the cheapest pair that
is still open, under the same prices in the same run.
"""

from __future__ import annotations

import argparse
import resource
import time
from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from pattern import pattern

from gis_grid.adjacency import outline
from gis_grid.grids import grids
from gis_grid.plan import Plan
from gis_grid.rules import issues_frame
from gis_grid.scheme import Post, Scheme
from gis_grid.staffing import SuggestOptions, crew_of, suggest
from gis_grid.staffing.solve import greedy
from gis_grid.staffing.suggest import weigh
from gis_grid.staffing.task import value

LINES = ("safety", "city_management", "livelihood", "social_services")
#: What is asked of 600 grids and 1,000 people on one core.
MUST_S = 10.0


class Row(NamedTuple):
    """One case as it was measured."""

    case: str
    posts: int
    people: int
    seconds: float
    cost_km: float
    gap: float
    greedy_s: float
    greedy_km: float


def district(count: int, *, seed: int = 0, posts: tuple[Post, ...] = ()) -> Plan:
    """Make up a plan of so many grids, each one block of a grown town with 300 to 500 households."""
    made = pattern(count, seed=seed, community=0, ground_m2=45_000.0)
    rng = np.random.default_rng(seed)
    blocks = made.blocks.assign(households=rng.integers(300, 501, count), shops=rng.integers(0, 120, count))
    middle = blocks.geometry.representative_point()
    cell = (middle.x // 670).astype(int) * 1_000 + (middle.y // 670).astype(int)
    blocks["community_code"] = [f"420199{number:06d}" for number in pd.factorize(cell, sort=True)[0] + 1]
    blocks["difficulty"] = rng.choice([1.0, 1.2, 1.5], count, p=[0.7, 0.2, 0.1])
    ids = pd.Series([f"g{n:05d}" for n in range(1, count + 1)], index=blocks.index, name="grid_id", dtype="str")
    frame = grids(blocks, ids, made.borders, outline(blocks))
    frame["code"] = frame["community_code"] + [f"{n:03d}" for n in frame.groupby("community_code").cumcount() + 1]
    homes = blocks.dissolve("community_code")[["geometry"]].reset_index().assign(name="")
    scheme = Scheme.load("qinzhou")
    scheme = replace(scheme, posts=posts) if posts else scheme
    columns = {"scheme": scheme, "outline": outline(blocks), "assignment": ids, "issues": issues_frame([])}
    return Plan(blocks=blocks, borders=made.borders, communities=gpd.GeoDataFrame(homes), grids=frame, **columns)


def roster(plan: Plan, people: int, role: str, *, known: float, seed: int = 0) -> pd.DataFrame:
    """Make up people of a role: a share of them known at a grid, the others in a community or from a base."""
    rng = np.random.default_rng(seed)
    codes = plan.grids["code"].to_numpy()
    at = rng.permutation(np.resize(np.arange(len(codes)), people))
    first = pd.Series(range(people)).groupby(at).cumcount() == 0
    named = first & (rng.random(people) < known)
    base = rng.integers(0, len(codes), people)
    few = ["、".join(rng.permutation(LINES)[: rng.integers(1, 5)]) for _ in range(people)]
    return pd.DataFrame(
        {
            "name": [f"{role}{n:04d}" for n in range(people)],
            "post": role,
            "grid": np.where(named, codes[at], ""),
            "community_code": plan.grids["community_code"].to_numpy()[at],
            "base": np.where(rng.random(people) < 0.3, codes[base], ""),
            "lines": few,
        }
    )


def measured(case: str, plan: Plan, staff: pd.DataFrame, options: SuggestOptions) -> Row:
    """Suggest, and let greedy do the same."""
    plan = replace(plan, staff=staff)
    start = time.perf_counter()
    crew = crew_of(plan)
    found = suggest(plan, crew=crew, options=options)
    seconds = time.perf_counter() - start
    tasks = [task for _, _, task in weigh(plan, crew, options).tasks]
    start = time.perf_counter()
    cost = sum(value(task, greedy(task)) for task in tasks)
    took = time.perf_counter() - start
    return Row(case, len(found.posts), len(crew.people), seconds, found.cost / 1e3, found.gap, took, cost / 1e3)


def cases(count: int, people: int) -> list[Row]:
    """Measure every case."""
    line = Post("coordinator", "网格员", "coordinator", per="grid", lines=LINES)
    leader, helper = Post("leader", "网格长", "leader", per="grid"), Post("helper", "助理", "helper", per="grid")
    one = district(count, posts=(line,))
    two = district(count, posts=(leader, helper))
    rows = [
        measured("more people than grids", one, roster(one, people, "coordinator", known=0.8), SuggestOptions(most=1))
    ]
    both = pd.concat(
        [
            roster(two, people * 11 // 20, "leader", known=0.8),
            roster(two, people * 9 // 20, "helper", known=0.5, seed=1),
        ]
    )
    rows.append(measured("two posts a grid, up to two a person", two, both.reset_index(drop=True), SuggestOptions()))
    few = roster(one, count * 7 // 10, "coordinator", known=0.7)
    rows.append(measured("fewer people than grids, up to two each", one, few, SuggestOptions()))
    rows.append(measured("half as many people, up to three each", one, few[: count // 2], SuggestOptions(most=3)))
    return rows


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grids", type=int, default=600)
    parser.add_argument("--people", type=int, default=1_000)
    wish = parser.parse_args(arguments)
    cases(40, 60)  # imports and first calls
    print("| case | posts | people | seconds | cost, km | gap | greedy, s | greedy, km | greedy is dearer by |")
    print("|---|---|---|---|---|---|---|---|---|")
    rows = cases(wish.grids, wish.people)
    for row in rows:
        dearer = row.greedy_km / row.cost_km - 1
        print(
            f"| {row.case} | {row.posts:,} | {row.people:,} | {row.seconds:.2f} | {row.cost_km:,.1f} | {row.gap:.3%} "
            f"| {row.greedy_s:.2f} | {row.greedy_km:,.1f} | {dearer:.1%} |"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    verdict = "holds" if max(row.seconds for row in rows) <= MUST_S else "fails"
    print(f"\npeak {peak:,.0f} MB; every case within {MUST_S:g} s: {verdict}")


if __name__ == "__main__":
    main()
