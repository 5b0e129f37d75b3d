"""How long the made-up town takes, beside dividing it.

    python benchmarks/sample.py

Both in one process, the best of three seeds: the town is to be made in a small part of the time that its plan takes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import gis_grid as gg

SEEDS = range(3)


def seconds(work: Callable[[], Any]) -> float:
    """Return how long something takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Measure."""
    towns = [gg.sample_frames(seed) for seed in SEEDS]  # compiles and loads what both need
    gg.build_from(towns[0])
    made = min(seconds(partial(gg.sample_frames, seed)) for seed in SEEDS)
    built = min(seconds(partial(gg.build_from, town)) for town in towns)
    print(f"made in {made:.2f} s, {made / built:.2f} of the {built:.2f} s that its plan takes")


if __name__ == "__main__":
    main()
