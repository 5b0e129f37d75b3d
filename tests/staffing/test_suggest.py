"""Suggestions: as cheap as what an exact search finds, bounded, the same each time, explained in figures."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.errors import InputError
from gis_grid.plan import Plan
from gis_grid.staffing import SuggestOptions, crew_of, explained, roster_of, suggest
from gis_grid.staffing.rosters import taken_over
from gis_grid.staffing.solve import solve
from gis_grid.staffing.task import Task, value
from townlet import COMMUNITY, squares


def code(serial: int) -> str:
    return f"{COMMUNITY}{serial:03d}"


def with_staff(*rows: tuple[str, ...], wide: int = 8, high: int = 4) -> Plan:
    columns = ["name", "post", "grid", "community_code", "lines", "base", "most"]
    staff = pd.DataFrame([(*row, *[""] * (7 - len(row))) for row in rows], columns=columns)
    return dataclasses.replace(squares(wide, high, side=2), staff=staff)


def taken(plan: Plan, **options: float) -> dict[str, str]:
    crew = crew_of(plan)
    found = suggest(plan, crew=crew, options=SuggestOptions(**options))
    mine = found.posts[found.posts["role"] == "coordinator"]
    return dict(zip(mine["codes"].str[0].str[-3:], mine["person"].map(crew.people["name"]).fillna(""), strict=True))


tasks = st.integers(0, 10**6).map(np.random.default_rng)


@settings(max_examples=40, deadline=None)
@given(tasks, st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_small_tasks_are_solved_exactly(rng: np.random.Generator, posts: int, people: int, most: int) -> None:
    cost = rng.integers(0, 3_000, (posts, people)).astype(float)
    cost[rng.random(cost.shape) < 0.2] = np.inf
    near = rng.random((posts, posts)) < 0.3
    task = Task(
        cost=cost,
        vacant=rng.integers(500, 5_000, posts).astype(float),
        load=rng.integers(100, 900, posts).astype(float),
        room=rng.integers(300, 1_200, people).astype(float),
        most=np.full(people, most),
        over=float(rng.integers(0, 8)),
        another=float(rng.integers(0, 600)),
        near=near | near.T | np.eye(posts, dtype=bool),
        apart=float(rng.integers(0, 3_000)),
    )
    every = (np.array(one) for one in product(range(-1, people), repeat=posts))
    legal = [one for one in every if all((one == who).sum() <= most for who in range(people))]
    least = min(value(task, one) for one in legal)
    found = solve(task)
    assert all((found.person == who).sum() <= most for who in range(people))
    assert found.cost == pytest.approx(value(task, found.person))
    assert found.bound <= least + 1e-6
    # ties are settled by less than a metre
    assert found.cost <= least + 1.0


def test_who_is_known_somewhere_stays_and_the_others_take_what_is_near() -> None:
    plan = with_staff(
        ("甲", "coordinator", code(1)),
        ("乙", "coordinator", "", COMMUNITY, "", code(8)),
        ("丙", "coordinator", "", COMMUNITY, "", code(5)),
    )
    assert taken(plan, most=1) == {
        "001": "甲", "002": "", "003": "", "004": "", "005": "丙", "006": "", "007": "", "008": "乙",
    }  # fmt: skip


def test_one_person_takes_several_grids_near_by_up_to_the_most() -> None:
    plan = with_staff(("甲", "coordinator", code(1)), ("乙", "coordinator", code(8), "", "", "", "3"))
    found = taken(plan)
    assert sorted(found.values()) == ["", "", "", "乙", "乙", "乙", "甲", "甲"]
    assert found["001"] == "甲"
    assert {grid for grid, name in found.items() if name == "乙"} <= {"004", "007", "008", "003"}


def test_the_grids_of_one_person_adjoin_unless_that_costs_nothing() -> None:
    plan = with_staff(
        ("甲", "coordinator", f"{code(1)}、{code(4)}"), ("乙", "coordinator", f"{code(2)}、{code(3)}"), wide=8, high=2
    )
    assert taken(plan, apart_m=0) == {"001": "甲", "002": "乙", "003": "乙", "004": "甲"}
    crew = crew_of(plan)
    found = suggest(plan, crew=crew)
    mine = found.people["parts"]
    assert mine.tolist() == [1, 1]
    assert explained(found, crew)["why_en"].str.contains("all of them adjoin").all()
    free = explained(suggest(plan, crew=crew, options=SuggestOptions(apart_m=0)), crew)
    assert "in 2 parts that do not adjoin" in free["why_en"].iloc[0]
    assert "分处 2 片" in free["why_zh"].iloc[0]


def test_skills_decide_between_people_at_one_place() -> None:
    every = "safety、city_management、livelihood、social_services"
    plan = with_staff(
        ("甲", "coordinator", "", COMMUNITY, "safety", code(1)), ("乙", "coordinator", "", COMMUNITY, every, code(1))
    )
    assert taken(plan, most=1, new_grid_m=0)["001"] == "乙"


def test_work_beyond_what_is_fair_goes_to_whoever_has_room() -> None:
    rows = ("甲", "coordinator", code(1), "", "", "", "3"), ("乙", "coordinator", code(3), "", "", "", "3")
    even = with_staff(*rows, wide=8, high=2)
    assert taken(even) == {"001": "甲", "002": "甲", "003": "乙", "004": "乙"}
    heavy = even.blocks["households"].where(even.assignment != "g0001", 200)
    plan = dataclasses.replace(even, blocks=even.blocks.assign(households=heavy))
    assert taken(plan, fair=1.0) == {"001": "甲", "002": "乙", "003": "乙", "004": "乙"}


def test_a_declared_difficulty_counts_as_work() -> None:
    rows = ("甲", "coordinator", code(1), "", "", "", "3"), ("乙", "coordinator", code(3), "", "", "", "3")
    plan = with_staff(*rows, wide=8, high=2)
    hard = plan.blocks.assign(difficulty=np.where(plan.assignment == "g0001", 6.0, 1.0))
    assert taken(dataclasses.replace(plan, blocks=hard), fair=1.0)["002"] == "乙"


def test_the_same_people_get_the_same_posts_and_every_figure_is_told() -> None:
    rows = [(f"人{n}", "coordinator", "", COMMUNITY) for n in range(6)] + [("站", "站长", "", COMMUNITY)]
    plan = with_staff(*rows)
    one, other = suggest(plan), suggest(plan)
    assert one.posts.equals(other.posts)
    assert (one.posts["person"] != "").sum() == 9
    crew = crew_of(plan)
    why = explained(one, crew)
    assert list(why.index) == list(one.people.index)
    for person, row in one.people.iterrows():
        assert f"{row['work']:,.0f}" in why.loc[person, "why_zh"]
        assert f"{row['work']:,.0f}" in why.loc[person, "why_en"]
    roster = roster_of(plan, taken_over(crew, one), why=why)
    assert roster["status"].value_counts().to_dict() == {"filled": 7, "vacant": 1}
    # what goes out comes back as it was
    again = crew_of(dataclasses.replace(plan, staff=roster))
    assert again.posts["person"].map(again.people["name"]).fillna("").tolist() == (
        one.posts["person"].map(crew.people["name"]).fillna("").tolist()
    )


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="'vacant_m' is -1"):
        SuggestOptions(vacant_m=-1)
    with pytest.raises(InputError, match="'most' is 0"):
        SuggestOptions(most=0)
    plan = with_staff(("甲", "coordinator", "nowhere"), ("乙", "coordinator", "", "no community"))
    with pytest.raises(InputError) as caught:
        suggest(plan)
    assert {fault.column for fault in caught.value.faults} == {"grid", "community_code"}


def test_nobody_and_nothing_to_do() -> None:
    plan = with_staff()
    found = suggest(plan)
    assert (found.posts["person"] == "").all()
    assert found.cost == found.bound == 20_000.0 * len(found.posts)


def test_who_is_left_over_stays_on_the_roster_in_reserve() -> None:
    plan = with_staff(*[(f"人{n}", "coordinator", "", COMMUNITY) for n in range(5)], wide=4, high=4)
    crew = crew_of(plan)
    assert crew.posts["extra"].sum() == 1
    found = suggest(plan, crew=crew)
    mine = found.posts[found.posts["role"] == "coordinator"]
    assert (mine["person"] != "").sum() == len(mine) == 4
    roster = roster_of(plan, taken_over(crew, found), why=explained(found, crew))
    assert sorted(roster["name"]) == ["", "", "人0", "人1", "人2", "人3", "人4"]
    assert roster.loc[roster["status"] == "reserve", "why_en"].str.startswith("no post").all()
