"""Posts at publication: codes that go on keep their people, the others move along, and a withdrawal takes it back."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from sqlalchemy import select

from gis_grid.assignment import Move
from gis_grid.store import Store
from gis_grid.store.access import LOCAL
from gis_grid.store.drafts import open_draft, patch
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.models import Post, Staff, StaffAssignment
from gis_grid.store.people import assign, keep_people, people_frame
from gis_grid.store.plans import import_plan
from gis_grid.store.publish import approve, publish, submit, withdraw
from townlet import COMMUNITY, HEAD, LIN, district, squares

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
DAY = timedelta(days=1)
ROSTER = pd.DataFrame(
    [(f"人{n}", "coordinator", f"0000-{n}", f"{COMMUNITY}00{n}", "") for n in (1, 2, 3)]
    + [("站", "station_head", "0000-9", "", COMMUNITY), ("门", "gatekeeper", "0000-8", "", COMMUNITY)],
    columns=["name", "post", "phone", "grid", "community_code"],
)


def code(serial: int) -> str:
    return f"{COMMUNITY}{serial:03d}"


@pytest.fixture
def first(store: Store) -> tuple[int, str]:
    """Publish four grids a year ago; three of them have a coordinator."""
    home = district(store)
    plan = dataclasses.replace(squares(8, 8, households=28), staff=ROSTER)
    with store.writing() as session:
        plan_id = import_plan(session, plan, district=home, name="first", who="tester")
        keep_people(session, home, plan, on=TODAY - 365 * DAY)
    return home, published(store, plan_id, TODAY - 365 * DAY)


def published(store: Store, plan_id: str, on, draft_id: str | None = None) -> str:
    with store.writing() as session:
        made = submit(session, plan_id, draft=draft_id, actor=LIN)
        approve(session, made, actor=HEAD, comment="good")
        publish(session, made, effective=on, actor=HEAD, allow_errors=True)
    return made


def redrawn(store: Store, plan_id: str, moves: list[Move], on) -> str:
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="changed", actor=LIN)
        patch(session, draft_id, revision=0, moves=moves, why="", actor=LIN)
    return published(store, plan_id, on, draft_id)


def person(session, name: str) -> int:
    return session.execute(select(Staff.id).where(Staff.name == name)).scalar_one()


def held(store: Store, home: int, on) -> dict[tuple[str, str], list[str]]:
    with store.reading() as session:
        frame = people_frame(session, home, on=on)
    frame["told"] = frame["name"] + frame["kind"].map({"holder": "", "substitute": "*", "vacant": "-"})
    return frame.groupby(["role", "code"])["told"].agg(sorted).to_dict()


def every_row(store: Store, home: int) -> set[tuple]:
    with store.reading() as session:
        columns = (Post.number, Post.valid_from, Post.valid_to, StaffAssignment.staff_id, StaffAssignment.kind)
        days = (StaffAssignment.valid_from, StaffAssignment.valid_to)
        query = select(*columns, *days).join(StaffAssignment, isouter=True).where(Post.district_id == home)
        return set(session.execute(query).all())


MERGER = [Move(f"b{n:05d}", "g0002", "g0001") for row in range(4) for n in range(8 * row + 4, 8 * row + 8)]
SPLIT = [Move(f"b{n:05d}", "g0001", "g0009") for row in range(4) for n in range(8 * row, 8 * row + 2)]


def test_a_merger_has_both_people_and_the_others_stay(store: Store, first: tuple[int, str]) -> None:
    home, plan_id = first
    before = held(store, home, TODAY)
    redrawn(store, plan_id, MERGER, TODAY + DAY)
    after = held(store, home, TODAY + DAY)
    assert held(store, home, TODAY) == before
    assert after["coordinator", code(5)] == ["人1", "人2"]
    assert after["coordinator", code(3)] == ["人3"]
    assert after["coordinator", code(4)] == ["-"]
    assert ("coordinator", code(1)) not in after
    assert after["station_head", COMMUNITY] == ["站"]
    assert after["gatekeeper", COMMUNITY] == ["门"]


def test_a_split_leaves_the_person_with_one_part_and_the_other_vacant(store: Store, first: tuple[int, str]) -> None:
    home, plan_id = first
    redrawn(store, plan_id, SPLIT, TODAY + DAY)
    after = held(store, home, TODAY + DAY)
    parts = [after["coordinator", code(serial)] for serial in (5, 6)]
    assert sorted(parts) == [["-"], ["人1"]]


def test_leave_and_deputies_move_along(store: Store, first: tuple[int, str]) -> None:
    home, plan_id = first
    with store.writing() as session:
        post = session.execute(select(Post.id).where(Post.number == f"coordinator@grid:{code(1)}#1")).scalar_one()
        holder, other = (person(session, name) for name in ("人1", "人3"))
        words = {"post": post, "actor": LOCAL}
        assign(session, staff=other, kind="substitute", valid_from=TODAY, valid_to=TODAY + 9 * DAY, **words)
        assign(session, staff=holder, kind="leave", valid_from=TODAY, valid_to=TODAY + 5 * DAY, **words)
    redrawn(store, plan_id, MERGER, TODAY + DAY)
    assert held(store, home, TODAY)["coordinator", code(1)] == ["人3*"]
    assert "人3*" in held(store, home, TODAY + 2 * DAY)["coordinator", code(5)]
    assert held(store, home, TODAY + 5 * DAY)["coordinator", code(5)] == ["人1", "人2"]


def test_a_withdrawal_leaves_posts_as_they_were(store: Store, first: tuple[int, str]) -> None:
    home, plan_id = first
    with store.writing() as session:
        post = session.execute(select(Post.id).where(Post.number == f"coordinator@grid:{code(1)}#1")).scalar_one()
        holder = person(session, "人1")
        span = {"valid_from": TODAY, "valid_to": TODAY + 5 * DAY}
        assign(session, post=post, staff=holder, kind="leave", actor=LOCAL, **span)
    before = every_row(store, home)
    second = redrawn(store, plan_id, [*MERGER], TODAY + DAY)
    assert every_row(store, home) != before
    with store.writing() as session:
        withdraw(session, second, actor=HEAD)
    assert every_row(store, home) == before


def test_an_import_says_which_places_of_its_roster_are_not_in_the_plan(store: Store) -> None:
    staff = pd.DataFrame({"name": ["甲", "乙"], "post": "coordinator", "grid": [code(1), "nowhere"]})
    with store.writing() as session:
        plan = dataclasses.replace(squares(8, 8), staff=staff)
        taken = take_in(session, plan, district=DistrictOptions("420103", "样例区"), title="first")
    assert taken.people is not None
    assert (taken.people.people, taken.people.vacant) == (2, 4)
    assert any("row 1 (the plan has no 'nowhere')" in note for note in taken.notes)
