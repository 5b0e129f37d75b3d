"""One truth for two languages: what Python says of moves and rules is written down, and the browser is held to it.

`api/viewer/tests/vectors.json` is made here (GIS_GRID_WRITE=1) and read by Vitest; this test sees that it is not old.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from api.tables import columns
from gis_grid.assignment import Move, apply, difference, make_assignment, next_grid_id, rebase, squash, undo
from gis_grid.rules import check
from small import small_plan

VIEWER = Path(__file__).resolve().parents[2] / "api" / "viewer"
FILE = VIEWER / "tests" / "vectors.json"
#: what the browser answers itself
RULES = ("inside-parent", "no-gap", "contiguous", "barrier", "band")


def told(moves: list[Move]) -> list[list[str]]:
    return [[move.block, move.old, move.new] for move in moves]


def walk(start: pd.Series, dice: np.random.Generator, count: int) -> list[Move]:
    """Return moves made one after the other, some of which take others back."""
    moves: list[Move] = []
    now = start
    for _ in range(count):
        block = str(dice.choice(now.index))
        grid = str(dice.choice(["g1", "g2", "g3"]))
        if now[block] != grid:
            moves.append(Move(block, now[block], grid))
            now = apply(now, moves[-1:])
    return moves


def lists_of_moves() -> list[dict[str, Any]]:
    dice = np.random.default_rng(7)
    cases = []
    for _ in range(40):
        start = make_assignment({f"b{n}": f"g{dice.integers(1, 4)}" for n in range(6)})
        mine, theirs = walk(start, dice, 6), walk(start, dice, 5)
        accepted, clashes = rebase(mine, theirs)
        cases.append(
            {
                "mine": told(mine),
                "theirs": told(theirs),
                "squashed": told(squash(mine)),
                "undone": told(undo(mine)),
                "accepted": told(accepted),
                "clashes": [[one.block, one.mine.new, one.theirs.new] for one in clashes],
            }
        )
    return cases


def plans() -> dict[str, Any]:
    """Return a plan's table, and what Python says of it after moves."""
    plan, dice = small_plan(), np.random.default_rng(11)
    cases = []
    for number in range(60):
        after = plan.assignment.copy()
        chosen = dice.choice(after.index, size=1 + number % 6, replace=False)
        after.loc[chosen] = dice.choice([*sorted(set(plan.assignment)), "g0099"], size=len(chosen))
        moves = difference(plan.assignment, after)
        held = after.drop(chosen[0]) if number % 10 == 9 else after
        if number % 10 == 9:
            moves = [one for one in moves if one.block != chosen[0]]
            moves.append(Move(str(chosen[0]), str(plan.assignment[chosen[0]]), ""))
        changed = dataclasses.replace(plan, assignment=held)
        found = check(changed, rules=RULES)
        loads = plan.blocks["households"].groupby(held.reindex(plan.blocks.index)).sum()
        cases.append(
            {
                "moves": told(moves),
                "loads": {str(grid): int(load) for grid, load in loads.items()},
                "issues": sorted(
                    [one.rule, one.grid_id, one.found, [] if one.rule == "band" else list(one.block_ids)]
                    for one in found
                    if "m²" not in one.found
                ),
            }
        )
    table = columns(plan, plan.blocks.geometry.to_crs("EPSG:4326"))
    return {"table": table | {"plan": "p1", "revision": 0}, "cases": cases}


def vectors() -> bytes:
    ids = [["g0007", "north"], ["g9"], [], ["g0001", "g12345"]]
    next_ids = [[used, next_grid_id(make_assignment({name: name for name in used}))] for used in ids]
    content = {"moves": lists_of_moves(), "plans": plans(), "next_ids": next_ids}
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def test_the_vectors_are_what_python_says_now() -> None:
    made = vectors()
    if os.environ.get("GIS_GRID_WRITE"):
        FILE.write_bytes(made)
    remedy = "GIS_GRID_WRITE=1 pytest tests/viewer/test_vectors.py writes them anew"
    assert json.loads(FILE.read_bytes()) == json.loads(made), remedy


def test_they_hold_every_rule_and_clash() -> None:
    known = json.loads(FILE.read_bytes())
    seen = {issue[0] for case in known["plans"]["cases"] for issue in case["issues"]}
    assert seen == set(RULES)
    assert any(case["clashes"] for case in known["moves"])


@pytest.mark.slow
def test_the_browsers_code_says_the_same() -> None:
    if not (VIEWER / "node_modules").exists() or shutil.which("npx") is None:
        if "browser" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail("the viewer's packages are not installed (make setup)")
        pytest.skip("the viewer's packages are not installed (make setup)")
    done = subprocess.run(["npx", "vitest", "run"], cwd=VIEWER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
