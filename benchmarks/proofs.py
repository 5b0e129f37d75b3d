"""State how far plans may be from the cheapest there is: small communities, and Ottawa's real districts (`--prove`).

Run with ``python benchmarks/proofs.py``. A bound is no more than any division costs (`docs/search.md`), so a gap of 0
is a proof. For small communities a second proof shares no code with the first: every connected group of blocks is
listed, and the cheapest set of groups is chosen by a mixed integer program.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import cases
import numpy as np
from listed import cheapest
from tables import machine

from gis_grid.partition import PartitionOptions, partition
from gis_grid.scheme import Scheme

if TYPE_CHECKING:
    import pandas as pd

#: Households of a block in a small community: all grids can be in band, and a grid has few blocks.
FROM, TO = 60, 240
#: More than so many connected groups of blocks are not listed.
MOST = 150_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=60, help="small communities to divide")
    parser.add_argument("--workers", type=int, default=2)
    wanted = parser.parse_args()
    print(f"Machine: {machine()}\n")
    _small(wanted.small)
    _ottawa(wanted.workers)


def _small(towns: int) -> None:
    """Divide communities of 8 to 40 blocks as by default, beside the cheapest division of all."""
    proved, equal, listed, worst, slowest = 0, 0, 0, 0.0, 0.0
    for seed in range(towns):
        blocks = 8 + seed * 32 // max(1, towns - 1)
        case = cases.town(blocks, seed=seed)
        counts = np.random.default_rng(seed).integers(FROM, TO, len(case.blocks))
        whole = case.blocks.assign(community_code="1", households=counts)
        start = time.perf_counter()
        found = partition(whole, case.borders, Scheme.load(), options=PartitionOptions(seed=seed, workers=1))
        slowest = max(slowest, time.perf_counter() - start)
        proved += int((found.parts["gap"] < 1e-6).all())
        least = cheapest(whole, case.borders, Scheme.load(), most=MOST)
        if least is not None:
            listed += 1
            gap = max(0.0, found.cost["total"] / least - 1)
            equal, worst = equal + int(gap < 1e-6), max(worst, gap)
    print(f"{towns} made-up communities of 8 to 40 blocks, as by default, the slowest in {slowest:.2f} s:")
    print(f"- proved to be the cheapest by their own bound: {proved}")
    print(f"- all groups listed: {listed}, of these as cheap as the cheapest: {equal}, worst {worst:.4%} dearer\n")


def _ottawa(workers: int) -> None:
    """Divide Ottawa's districts with and without a proof."""
    case, scheme = cases.ottawa(nested=True), Scheme.load()
    options = PartitionOptions(workers=workers)
    seconds: list[float] = []
    tables: list[pd.DataFrame] = []
    for prove in (False, True):
        start = time.perf_counter()
        found = partition(case.blocks, case.borders, scheme, options=replace(options, prove=prove))
        seconds.append(time.perf_counter() - start)
        tables.append(found.parts)
    plain, proved = tables
    assert plain["community_code"].tolist() == proved["community_code"].tolist()
    dearer = plain["cost"] / proved["cost"] - 1
    print("| district | blocks | households | grids | out of band, proved | cost | gap | default dearer by |")
    print("|---|---|---|---|---|---|---|---|")
    for one, more in zip(proved.itertuples(), dearer, strict=True):
        out = f"{one.out_of_band}, {one.unavoidable}"
        print(f"| {one.community_code} | {one.blocks} | {one.households:,} | {one.grids} | {out} ", end="")
        print(f"| {one.cost:,.1f} | {one.gap:.2%} | {more:.2%} |")
    gaps = proved["gap"].to_numpy(dtype=float)
    print(f"\nmedian gap {np.median(gaps):.2%}, worst {gaps.max():.2%}; by default at most {dearer.max():.2%} dearer")
    print(f"{seconds[1]:.0f} s with proofs, {seconds[0]:.1f} s without, {workers} workers")


if __name__ == "__main__":
    main()
