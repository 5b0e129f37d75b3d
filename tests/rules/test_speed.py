"""Five thousand blocks in six hundred grids are dissolved, coded, described and checked within three seconds."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from gis_grid.codes import assign_codes
from gis_grid.describe import describe
from gis_grid.grids import grids
from gis_grid.plan import Plan
from gis_grid.rules import check, issues_frame
from gis_grid.scheme import Scheme
from lattice import blocks_of, borders_of, no_outline

ROWS, COLUMNS, DEEP, WIDE = 50, 100, 2, 4
LIMIT_S = 3.0


def test_a_district_of_six_hundred_grids() -> None:
    random = np.random.default_rng(0)
    blocks = blocks_of(random.integers(0, 100, (ROWS, COLUMNS)).tolist())
    row, column = np.divmod(np.arange(ROWS * COLUMNS), COLUMNS)
    community = row // 10 * 10 + column // 12
    blocks["community_code"] = [f"4201990{number:05d}" for number in community]
    labels = pd.Series([f"g{r // DEEP:02d}{c // WIDE:02d}" for r, c in zip(row, column, strict=True)], blocks.index)
    assert labels.nunique() > 600
    borders = borders_of(blocks)
    areas = blocks.dissolve("community_code")[["geometry"]].reset_index().assign(name="社区")
    scheme, start = Scheme.load(), time.perf_counter()
    shapes = grids(blocks, labels, borders)
    shapes["code"] = assign_codes(shapes, scheme.code)
    shapes = shapes.join(describe(shapes, labels, borders))
    plan = Plan(scheme, blocks, borders, no_outline(), areas, labels, shapes, issues_frame([]))
    issues = check(plan)
    seconds = time.perf_counter() - start
    assert sum(issue.rule == "band" for issue in issues) > 100
    assert seconds < LIMIT_S
