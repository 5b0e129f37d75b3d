"""What changes hands: every door that has another person is listed once, and nothing else."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gis_grid.assignment import Move, apply
from gis_grid.finish import redrawn
from gis_grid.plan import Plan
from gis_grid.staffing import Crew, crew_of, handover, moved
from gis_grid.staffing.moving import heirs
from townlet import COMMUNITY, squares


def code(serial: int) -> str:
    return f"{COMMUNITY}{serial:03d}"


def town() -> Plan:
    staff = pd.DataFrame({"name": ["甲", "乙", "丙"], "post": "coordinator", "grid": [code(n) for n in (1, 2, 3)]})
    return dataclasses.replace(squares(8, 8, households=30), staff=staff)


def after(plan: Plan, moves: list[Move]) -> Plan:
    return redrawn(dataclasses.replace(plan, assignment=apply(plan.assignment, moves)), plan)


def names(crew: Crew) -> dict[str, str]:
    mine = crew.posts[crew.posts["role"] == "coordinator"]
    return dict(zip(mine["codes"].str[0], mine["person"].map(crew.people["name"]).fillna(""), strict=True))


def test_moved_blocks_are_handed_over_with_their_counts() -> None:
    plan = town()
    moves = [Move(block, "g0001", "g0002") for block in ("b00003", "b00011")]
    addresses = pd.Series({"b00003": 7, "b00012": 9})
    found = handover(plan, after(plan, moves), addresses=addresses)
    assert found.blocks[["block_id", "from_person", "to_person", "households", "addresses"]].values.tolist() == [
        ["b00003", "甲", "乙", 30, 7],
        ["b00011", "甲", "乙", 30, 0],
    ]
    assert found.totals.values.tolist() == [["coordinator", "甲", "乙", 2, 60, 7]]


def test_nothing_changes_hands_where_nothing_moves() -> None:
    plan = town()
    found = handover(plan, plan)
    assert len(found.blocks) == len(found.totals) == 0


def test_a_merger_keeps_both_and_a_split_leaves_a_part_vacant() -> None:
    plan = town()
    merged = after(plan, [Move(b, "g0002", "g0001") for b in plan.assignment.index[plan.assignment == "g0002"]])
    crew = moved(crew_of(plan), plan, merged).crew
    held = crew.posts[crew.posts["role"] == "coordinator"].explode("codes").groupby("codes")["person"].agg(sorted)
    assert sorted(len([p for p in people if p]) for people in held) == [0, 1, 2]
    split = after(plan, [Move(b, "g0001", "g0009") for b in ("b00000", "b00001", "b00008", "b00009")])
    parts = names(moved(crew_of(plan), plan, split).crew)
    assert sorted(parts.values()) == ["", "", "丙", "乙", "甲"]
    # the larger part stays with whoever had it: only the smaller changes hands
    found = handover(plan, split)
    assert found.totals[["from_person", "to_person", "blocks"]].values.tolist() == [["甲", "", 4]]


def test_heirs_are_where_most_homes_went() -> None:
    plan = town()
    split = after(plan, [Move(b, "g0001", "g0009") for b in ("b00000", "b00001", "b00008", "b00009")])
    pairs = heirs(plan, split, "grid")
    mine = pairs[pairs["old"] == code(1)]
    assert mine["households"].tolist() == [360, 120]
    assert pairs["households"].sum() == 64 * 30
