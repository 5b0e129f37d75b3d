"""Measure updates and suggestions: households moved against the proven minimum, on Ottawa, and how long they take.

Run it from the repository (``python benchmarks/churn.py [OTTAWA.parquet]``). Ottawa's blocks are looked for among the
shared data (``GIS_GRID_DATA``) unless their file is named; without them Ottawa is left out.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from cases import DATA
from least import least_of
from pattern import pattern

import gis_grid as gg
from exact import grown, least_moved
from gis_grid import rules
from gis_grid.adjacency import borders as borders_of
from gis_grid.partition import partition
from gis_grid.partition.update import update_partition
from gis_grid.plan import Plan
from gis_grid.scheme import Scheme
from towns import delaunay, out_of_band, scheme, town

OTTAWA = DATA / "ottawa" / "ottawa_dev_blocks.parquet"
#: Targets of the plans that updates begin from; another seed alone comes to the same plan on Ottawa.
TARGETS = (400, 350, 450)
Frames = tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]


def small_cases(cases: int) -> None:
    """Print how many households an update moves for each one that must, over random towns of 8 to 14 blocks."""
    ratios, illegal, took = [], 0, []
    for seed in range(cases):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(8, 15))
        load, pairs = rng.integers(30, 170, count), delaunay(count, seed)
        blocks, borders = town(load, pairs)
        home = partition(blocks, borders, scheme()).assignment
        if out_of_band(blocks, home, scheme().main.band):
            continue
        later = grown(load, rng, share=(0.05, 0.1, 0.2)[seed % 3]) if seed % 4 else rng.permutation(load)
        least = least_moved(later, pairs, scheme().main.band, pd.factorize(home)[0])
        if least is None:
            continue
        start = time.perf_counter()
        found = update_partition(blocks.assign(households=later), borders, scheme(), home)
        took.append(time.perf_counter() - start)
        illegal += found.errors > 0
        ratios.append(1.0 if found.moved == least else found.moved / max(1, least))
    spread = np.array(ratios)
    told = Counter(np.round(spread, 2).tolist())
    print(f"small cases: {len(spread)}, illegal afterwards: {illegal}, median {1000 * np.median(took):.0f} ms")
    print(f"  ratio to the minimum: mean {spread.mean():.4f}, worst {spread.max():.2f}; {dict(sorted(told.items()))}")


def ottawa_frames(path: str) -> Frames:
    """Return Ottawa's census blocks with districts as communities, and their borders."""
    raw = gpd.read_parquet(path)
    blocks = raw.set_index(raw["DBUID"].astype(str).rename("block_id"))[["households", "geometry"]]
    blocks["community_code"] = raw["ONS_ID"].astype(str).to_numpy()
    blocks["parent_block_id"], blocks["atom"] = "", "face"
    blocks = gpd.GeoDataFrame(blocks, crs=raw.crs).sort_index()
    return blocks, borders_of(blocks).assign(street_class="residential")


def as_plan(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, assignment: pd.Series, laws: Scheme) -> Plan:
    """Return a draft: blocks, borders and an assignment."""
    nothing = gpd.GeoDataFrame({"community_code": [], "name": []}, geometry=[])
    grids = gpd.GeoDataFrame(index=pd.Index(sorted(set(assignment)), name="grid_id"))
    return Plan(laws, blocks, borders, nothing, nothing, assignment, grids, rules.issues_frame([]))


def errors(plan: Plan) -> int:
    """Count what the rules call illegal."""
    chosen = ("inside-parent", "contiguous", "barrier", "band")
    return sum(issue.severity == "error" for issue in rules.check(plan, rules=chosen))


def updates(frames: Frames, seeds: int, target: int, bound: bool) -> None:
    """Print what moves in Ottawa when counts grow in one block of twenty, from the plan with one target.

    With a `bound` also how many households must move at least.
    """
    blocks, borders = frames
    laws = Scheme.load("qinzhou")
    home = partition(blocks, borders, laws.with_band(min=300, max=500, target=target)).assignment
    for name in ("each of these blocks by 5 %", "by 5 % of all households"):
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            counts = blocks["households"].to_numpy()
            if name.startswith("each"):
                chosen = rng.choice(len(counts), round(0.05 * len(counts)), replace=False)
                later = counts.copy()
                later[chosen] = np.ceil(1.05 * later[chosen]).astype(np.int64)
            else:
                later = grown(counts, rng)
            grown_blocks = blocks.assign(households=later)
            before = errors(as_plan(grown_blocks, borders, home, laws))
            start, cpu = time.perf_counter(), time.process_time()
            found = update_partition(grown_blocks, borders, laws, home)
            took = time.perf_counter() - start, time.process_time() - cpu
            after = errors(as_plan(grown_blocks, borders, found.assignment, laws))
            touched = set(home[home != found.assignment]) | set(found.assignment[home != found.assignment])
            least = least_of(grown_blocks, borders, laws, home) if bound else None
            proved = "" if least is None else f", at least {least} must ({least / found.households:.2%})"
            print(
                f"Ottawa, target {target}, {name}, seed {seed}: {before} errors → {after}; {found.moved} moved "
                f"({found.share_moved:.2%}){proved}, {len(touched)} grids touched; "
                f"{took[0]:.1f} s ({took[1]:.1f} s of one core)"
            )


def suggestions(name: str, frames: Frames, cases: int, sizes: range) -> None:
    """Print how long a suggestion for three neighbouring grids takes after one of their blocks has grown.

    Only grids that hold so many blocks together are asked about.
    """
    blocks, borders = frames
    laws = Scheme.load("qinzhou")
    home = partition(blocks, borders, laws).assignment
    ends = pd.DataFrame({side: home.reindex(borders[side]).to_numpy() for side in ("a", "b")})
    community = blocks["community_code"].groupby(home).first()
    ends = ends[(ends["a"] != ends["b"]) & (ends["a"].map(community) == ends["b"].map(community))]
    beside = pd.concat([ends, ends.rename(columns={"a": "b", "b": "a"})]).drop_duplicates().sort_values(["a", "b"])
    near = beside.groupby("a")["b"].apply(list)
    near = near[near.map(len) >= 2]
    rng = np.random.default_rng(0)
    wall, cpu, size, mended, tried = [], [], [], 0, 0
    while len(wall) <= cases:
        grid = str(rng.choice(near.index))
        chosen = [grid, *map(str, rng.choice(near[grid], 2, replace=False))]
        if int(home.isin(chosen).sum()) not in sizes:
            continue
        later = blocks["households"].copy()
        later[rng.choice(home.index[home == grid])] += int(rng.integers(40, 160))
        draft = replace(as_plan(blocks.assign(households=later), borders, home, laws))
        start, used = time.perf_counter(), time.process_time()
        found = gg.suggest(draft, chosen)
        took = time.perf_counter() - start, time.process_time() - used
        if found.before.unproved:  # a plan that is legal needs no search
            wall.append(took[0])
            cpu.append(took[1])
            size.append(int(home.isin(chosen).sum()))
            tried += 1
            mended += found.after.unproved == 0
    for clock, seconds in (("wall", wall), ("one core", cpu)):
        ms = 1000 * np.array(seconds[1:])  # the first one compiles
        low, high = np.percentile(ms, [50, 95])
        print(f"suggestions, {name}, {clock}: p50 {low:.0f} ms, p95 {high:.0f} ms, worst {ms.max():.0f} ms")
    print(
        f"  {mended} of {tried} mended; three grids hold {min(size)} to {max(size)} blocks (median {np.median(size):g})"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ottawa", nargs="?", default=OTTAWA, help="Ottawa's development blocks, a Parquet file")
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument(
        "--plans", type=int, default=2, choices=range(4), help="plans to begin from, each of another target"
    )
    parser.add_argument("--bound", action="store_true", help="prove how many must move at least: 20 s for each part")
    given = parser.parse_args()
    small_cases(given.cases)
    if not Path(given.ottawa).exists():
        print(f"Ottawa is left out: {given.ottawa} is not there (set GIS_GRID_DATA)")
    else:
        ottawa = ottawa_frames(given.ottawa)
        for target in TARGETS[: given.plans]:
            updates(ottawa, given.seeds, target, given.bound)
        suggestions("Ottawa", ottawa, 150, range(1000))
    suggestions("three grids of 20 blocks", pattern(4_000, households=24, seed=3), 150, range(54, 67))
