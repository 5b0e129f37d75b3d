"""The partition engine beside METIS, KaMinPar, Mt-KaHyPar, spopt's MaxP and GerryChain on the same blocks in one run.

Run with ``python benchmarks/partition.py``; the peers come with the optional extra ``bench`` and are left out with a
message where they are missing. Every tool runs in a process of its own. Results are kept in ``build/bench``: a second
run measures only what is missing, or what ``--again`` names. Tables, verdicts and a picture are written there too.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import apart
import cases
import numpy as np
import tables
from apart import Ran
from cases import Case
from measure import Measures, avoidable, measure
from peers import NEEDS, TITLES
from verdicts import verdicts

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 200_000)
#: Seconds one run of a tool may take: the slow ones a minute, the quick ones five (METIS at its best is 300 runs), the
#: engine as long as it needs. What takes longer, or more than half the machine's memory, is stopped, and larger
#: districts of that tool are left out with a word.
LIMITS = {"maxp": 60.0, "gerrychain": 60.0, "metis": 300.0, "kaminpar": 300.0, "mtkahypar": 300.0}
LIMIT_S = 900.0
#: Where blocks of a case come from.
CASES: dict[str, Callable[[int], Case]] = {
    "town": cases.town,
    "open": cases.open_town,
    "heavy": cases.heavy_town,
    "divided": cases.divided_town,
}


@dataclass(frozen=True)
class Row:
    """Hold one tool's result on one case; `measures` is None where it gave none, `told` says why."""

    case: str
    tool: str
    variant: str
    ran: Ran
    measures: Measures | None = None
    avoidable: int = 0


class Bench:
    """Run tools on cases, keep what they gave, and remember it for the tables."""

    def __init__(self, folder: Path, *, only: set[str], again: set[str], threads: int) -> None:
        self.folder, self.only, self.again, self.threads = folder, only, again, threads
        self.rows: dict[tuple[str, str], Row] = {}
        self.titles: dict[str, str] = {}
        self._blocks: dict[str, int] = {}
        self._late: dict[str, int] = {}  # the fewest blocks that were too much for a tool
        self._missing = {tool for tool, name in NEEDS.items() if importlib.util.find_spec(name) is None}
        for tool in sorted(self._missing & (only or set(NEEDS))):
            print(f"{TITLES[tool]} is left out: {NEEDS[tool]} is not installed (pip install gis-grid[bench])")

    def run(self, case: str, tool: str, *, variant: str = "", **wish: Any) -> Row | None:
        """Run a tool on a case, or read what it gave before; None where it is not wanted or not installed."""
        here = (case, "-".join(filter(None, (tool, variant))))
        if here in self.rows:
            return self.rows[here]
        name = {"plan": "engine"}.get(tool, tool.removesuffix("-best"))
        if (self.only and name not in self.only) or name in self._missing:
            return None
        job = self._job(case, tool, variant)
        wish = {"threads": self.threads} | wish
        row = None if {name, "all"} & self.again else self._before(job, case, tool, variant, wish)
        if row is None:
            row = self._fresh(job, case, tool, variant, wish)
        self.rows[here] = row
        print(f"{case:<14} {here[1]:<16} {tables.line(row)}", flush=True)
        return row

    def case(self, name: str) -> Path:
        """Return the folder of a case, made now if it is not there yet."""
        folder = self.folder / "cases" / name
        stale = "all" in self.again and name not in self.titles
        if stale or not (folder / "case.json").exists():
            kind, _, size = name.partition("-")
            made = CASES[kind](int(size)) if kind in CASES else cases.ottawa(nested=name == "ottawa")
            apart.keep(made, folder)
        about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        self.titles[name], self._blocks[name] = about["title"], about["blocks"]
        return folder

    def _before(self, job: Path, case: str, tool: str, variant: str, wish: dict[str, Any]) -> Row | None:
        file = job / "row.json"
        if not file.exists():
            return None
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["wish"] != wish:
            return None
        self.case(case)
        ran = Ran(**kept["ran"])
        self._mark(case, tool, ran)
        return Row(case, tool, variant, ran, kept["measures"] and Measures(**kept["measures"]), kept["avoidable"])

    def _mark(self, case: str, tool: str, ran: Ran) -> None:
        """Remember that so many blocks took a tool too long, or too much memory."""
        if ran.told and ran.seconds:
            self._late[tool] = min(self._blocks[case], self._late.get(tool, self._blocks[case]))

    def _fresh(self, job: Path, case: str, tool: str, variant: str, wish: dict[str, Any]) -> Row:
        folder = self.case(case)
        if self._blocks[case] >= self._late.get(tool, self._blocks[case] + 1):
            late = f"not tried: {self._late[tool]:,} blocks were too much"
            return Row(case, tool, variant, Ran(0.0, 0.0, 0.0, told=late))
        ran = apart.run(tool, folder, job, wish, limit_s=LIMITS.get(tool, LIMIT_S))
        told, off = None, 0
        if ran.labels is not None:
            held = apart.kept(folder)
            told = measure(held, ran.labels)
            off = avoidable(held, ran.labels) if tool == "engine" else 0
        self._mark(case, tool, ran)
        row = Row(case, tool, variant, ran, told, off)
        if ran.seconds:  # a tool that failed is tried again another time
            kept = {"wish": wish, "ran": asdict(ran) | {"labels": None}, "measures": told and told._asdict()}
            (job / "row.json").write_text(json.dumps(kept | {"avoidable": off}), encoding="utf-8")
        return row

    def kept(self, case: str) -> Case:
        """Return a case as the tools were given it."""
        return apart.kept(self.case(case))

    def labels(self, row: Row) -> np.ndarray:
        """Return the division a row is about."""
        return np.load(self._job(row.case, row.tool, row.variant) / "labels.npy")

    def _job(self, case: str, tool: str, variant: str) -> Path:
        return self.folder / "jobs" / "--".join(filter(None, (case, tool, variant)))


def side_by_side(bench: Bench, case: str) -> None:
    """Run every tool on a case: METIS at its best, those that break bounds at the engine's number of grids."""
    own = bench.run(case, "engine")
    grids = own.measures.grids if own and own.measures else 0
    bench.run(case, "metis-best")
    bench.run(case, "kaminpar", grids=grids)
    bench.run(case, "mtkahypar-best", grids=grids)
    bench.run(case, "maxp")
    bench.run(case, "gerrychain")


def curve(bench: Bench, sizes: list[int]) -> None:
    """Run every tool once on made-up towns of all sizes."""
    for size in sizes:
        case = f"town-{size}"
        own = bench.run(case, "engine")
        grids = own.measures.grids if own and own.measures else 0
        bench.run(case, "metis", grids=grids)
        bench.run(case, "kaminpar", grids=grids)
        bench.run(case, "mtkahypar", grids=grids)
        bench.run(case, "maxp")
        bench.run(case, "gerrychain")


def checks(bench: Bench, size: int) -> None:
    """Run what the verdicts need besides: other numbers of workers, a stopped search, heavy tails, whole plans."""
    town = f"town-{size}"
    for workers in (1, 4):
        bench.run(town, "engine", variant=f"w{workers}", threads=workers)
    bench.run(town, "engine", variant="first", threads=1, time_limit=0.5)
    bench.run(f"heavy-{size}", "engine")
    bench.run(f"divided-{size}", "engine")
    if has_ottawa():
        for workers in (1, 2, 4):
            bench.run("ottawa", "plan", variant=f"w{workers}", threads=workers)


def has_ottawa() -> bool:
    """Tell whether Ottawa's real blocks are here."""
    return (cases.DATA / "ottawa" / "ottawa_dev_blocks.parquet").exists()


def plan_of(quick: bool, sizes: list[int]) -> Iterator[Callable[[Bench], None]]:
    """Yield what is to be run, the main figures first."""
    main = 300 if quick else 10_000
    yield lambda bench: side_by_side(bench, f"town-{main}")
    yield lambda bench: side_by_side(bench, f"open-{main}")
    if quick:
        return
    if has_ottawa():
        yield lambda bench: side_by_side(bench, "ottawa")
        yield lambda bench: side_by_side(bench, "ottawa-open")
    else:
        print(f"Ottawa is left out: its blocks are not in {cases.DATA} (set GIS_GRID_DATA)")
    yield lambda bench: checks(bench, main)
    yield lambda bench: curve(bench, sizes)


def arguments(given: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only two districts of 300 blocks")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="numbers of blocks of the curve")
    parser.add_argument("--only", action="append", default=[], metavar="TOOL", help="run only this tool (repeatable)")
    parser.add_argument(
        "--again",
        action="append",
        default=[],
        metavar="TOOL",
        help="measure this tool anew (all: everything, on blocks made anew)",
    )
    parser.add_argument("--out", type=Path, default=Path("build/bench"), help="where results are kept")
    parser.add_argument("--docs", type=Path, help="this folder's benchmarks.md and picture take over the figures")
    parser.add_argument("--threads", type=int, default=2, help="workers or threads of every tool that has them")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> None:
    """Run what is wanted, then print and write tables, verdicts and pictures."""
    asked = arguments(given)
    bench = Bench(asked.out, only=set(asked.only), again=set(asked.again), threads=asked.threads)
    sizes = [int(size) for size in asked.sizes.split(",")]
    for step in plan_of(asked.quick, sizes):
        step(bench)
    text = tables.report(bench.titles, bench.rows, verdicts(bench, 300 if asked.quick else 10_000))
    print("\n" + text)
    (asked.out / "partition.md").write_text(text, encoding="utf-8")
    tables.plot(bench.rows, asked.out / "partition-curve.png")
    if asked.docs:
        tables.take_over(text, asked.docs / "benchmarks.md")
        tables.plot(bench.rows, asked.docs / "img" / "partition-curve.png")


if __name__ == "__main__":
    main()
