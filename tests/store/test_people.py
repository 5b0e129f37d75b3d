"""Rosters of plan files become posts and people, dated; who answers on a day; work data only."""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sqlalchemy import select

from gis_grid.errors import AbsentError, ClashError, RightsError
from gis_grid.plan import Plan
from gis_grid.scheme import Scheme
from gis_grid.sources import read_roster
from gis_grid.staffing import crew_of, roster_of, write_roster
from gis_grid.store import Store
from gis_grid.store.access import LOCAL, Actor
from gis_grid.store.areas import add_area
from gis_grid.store.audit import entries
from gis_grid.store.models import Post, Staff
from gis_grid.store.outgoing import roster
from gis_grid.store.people import Kept, assign, keep_people, people_frame, person_of
from small import CODES, small_plan

DAY, LATER = date(2026, 4, 1), date(2026, 9, 1)
GRID = f"{CODES[0]}001"
ROSTER = pd.DataFrame(
    [
        ("林一", "站长", "0000-1", CODES[0], "", ""),
        ("王二", "网格协调员", "0000-2", "", "", "新华1网格"),
        ("", "网格协调员", "", "", "", f"{CODES[0]}002"),
        ("王二", "coordinator", "0000-2", "", "", f"{CODES[1]}001、{CODES[1]}002"),
        ("陈三", "楼长", "0000-3", "", "下河社区", ""),
    ],
    columns=["name", "post", "phone", "community_code", "community", "grid"],
)


def with_roster(staff: pd.DataFrame) -> Plan:
    return dataclasses.replace(small_plan(), staff=staff)


@pytest.fixture
def home(store: Store) -> int:
    with store.writing() as session:
        district = add_area(session, code="420199", level="district", name="样例区").id
        keep_people(session, district, with_roster(ROSTER), on=DAY)
        return district


def answering(store: Store, home: int, code: str, on: date) -> list[tuple[str, str, str]]:
    with store.reading() as session:
        found = people_frame(session, home, on=on)
    rows = found[found["code"] == code]
    return list(rows[["role", "name", "kind"]].itertuples(index=False, name=None))


def ids(store: Store, role: str, unit: str, name: str) -> tuple[int, int]:
    with store.reading() as session:
        post = session.execute(select(Post.id).where(Post.number.startswith(f"{role}@{unit}"))).scalar_one()
        return post, session.execute(select(Staff.id).where(Staff.name == name)).scalar_one()


def test_a_roster_says_who_answers_for_each_unit(store: Store, home: int) -> None:
    assert answering(store, home, GRID, DAY) == [("coordinator", "王二", "holder")]
    assert answering(store, home, f"{CODES[0]}002", DAY) == [("coordinator", "", "vacant")]
    assert answering(store, home, f"{CODES[1]}002", DAY) == [("coordinator", "王二", "holder")]
    # the scheme asks for a station head and a deputy of each community
    assert answering(store, home, CODES[0], DAY) == [("station_head", "林一", "holder"), ("deputy", "", "vacant")]
    assert ("楼长", "陈三", "holder") in answering(store, home, CODES[1], DAY)
    assert answering(store, home, GRID, date(2026, 3, 31)) == []
    with store.reading() as session:
        found = people_frame(session, home, on=DAY).set_index("code")
    lines = ("safety", "city_management", "livelihood", "social_services")
    assert found.loc[GRID, "lines"] == lines
    assert found.loc[GRID, "work_phone"] == "0000-2"
    assert found.loc[GRID, "role_zh"] == "网格协调员"


def test_the_roster_comes_back(store: Store, home: int) -> None:
    with store.reading() as session:
        back = roster(session, home, on=DAY)
    listed = back[back["post"].isin(["coordinator", "楼长"])].set_index(["name", "grid"])
    # one person with three grids under one role is one row
    assert listed.loc[("王二", f"{GRID}、{CODES[1]}001、{CODES[1]}002"), "phone"] == "0000-2"
    assert listed.loc[("", f"{CODES[0]}002"), "vacant"]
    assert listed.loc[("陈三", ""), "community_code"] == CODES[1]
    with store.writing() as session:
        kept = keep_people(session, home, with_roster(back), on=LATER)
    assert kept == Kept(posts=9, people=3, vacant=4)
    with store.reading() as session:
        assert roster(session, home, on=LATER).equals(back)
        assert people_frame(session, home, on=LATER).equals(people_frame(session, home, on=DAY))


def test_who_gives_way_held_the_post_until_that_day(store: Store, home: int) -> None:
    changed = ROSTER.replace({"name": {"林一": "赵四"}, "phone": {"0000-1": "0000-4"}}).iloc[:4]
    with store.writing() as session:
        keep_people(session, home, with_roster(changed), on=LATER)
    before, after = date(2026, 8, 31), LATER
    assert ("station_head", "林一", "holder") in answering(store, home, CODES[0], before)
    assert ("station_head", "赵四", "holder") in answering(store, home, CODES[0], after)
    assert ("楼长", "陈三", "holder") in answering(store, home, CODES[1], before)
    assert "楼长" not in str(answering(store, home, CODES[1], after))


def test_a_new_phone_is_not_a_new_person(store: Store, home: int) -> None:
    with store.writing() as session:
        keep_people(session, home, with_roster(ROSTER.replace({"phone": {"0000-1": "0000-9"}})), on=LATER)
    with store.reading() as session:
        people = session.execute(select(Staff.name, Staff.work_phone).order_by(Staff.number)).all()
    assert [tuple(row) for row in people] == [("林一", "0000-9"), ("王二", "0000-2"), ("陈三", "0000-3")]


def test_a_roster_taken_twice_on_one_day_is_the_last_one(store: Store, home: int) -> None:
    with store.writing() as session:
        for staff in (ROSTER.iloc[:2], ROSTER.iloc[1:], ROSTER):
            keep_people(session, home, with_roster(staff), on=LATER)
        keep_people(session, home, with_roster(ROSTER.iloc[:2]), on=LATER)
        keep_people(session, home, with_roster(ROSTER), on=LATER)
    assert answering(store, home, GRID, LATER) == [("coordinator", "王二", "holder")]
    assert ("楼长", "陈三", "holder") in answering(store, home, CODES[1], LATER)


def test_a_substitute_answers_while_the_holder_is_away(store: Store, home: int) -> None:
    post, holder = ids(store, "coordinator", f"grid:{GRID}", "王二")
    _, other = ids(store, "coordinator", f"grid:{GRID}", "陈三")
    leave = (date(2026, 5, 1), date(2026, 5, 8))
    with store.writing() as session:
        words = {"post": post, "actor": LOCAL}
        assign(session, staff=other, kind="substitute", valid_from=DAY, **words)
        assign(session, staff=holder, kind="leave", valid_from=leave[0], valid_to=leave[1], **words)
        assert [entry.action for entry in entries(session, district=home)] == ["assign", "assign"]
    assert answering(store, home, GRID, date(2026, 4, 30)) == [("coordinator", "王二", "holder")]
    assert answering(store, home, GRID, leave[0]) == [("coordinator", "陈三", "substitute")]
    assert answering(store, home, GRID, date(2026, 5, 7)) == [("coordinator", "陈三", "substitute")]
    assert answering(store, home, GRID, leave[1]) == [("coordinator", "王二", "holder")]
    # leave is from a post: the other grids of the same person are not concerned
    assert answering(store, home, f"{CODES[1]}001", leave[0]) == [("coordinator", "王二", "holder")]


def test_a_new_holder_ends_the_former_one(store: Store, home: int) -> None:
    post, _ = ids(store, "coordinator", f"grid:{GRID}", "王二")
    _, other = ids(store, "coordinator", f"grid:{GRID}", "陈三")
    with store.writing() as session:
        assign(session, post=post, staff=other, kind="holder", valid_from=LATER, actor=LOCAL)
    assert answering(store, home, GRID, date(2026, 8, 31)) == [("coordinator", "王二", "holder")]
    assert answering(store, home, GRID, LATER) == [("coordinator", "陈三", "holder")]


def test_what_cannot_be_assigned_is_refused(store: Store, home: int) -> None:
    post, holder = ids(store, "coordinator", f"grid:{GRID}", "王二")
    with store.writing() as session:
        words = {"post": post, "staff": holder, "valid_from": DAY, "actor": LOCAL}
        with pytest.raises(ClashError, match="no kind 'boss'"):
            assign(session, kind="boss", **words)
        with pytest.raises(ClashError, match="no span of days"):
            assign(session, kind="leave", valid_to=DAY, **words)
        with pytest.raises(AbsentError, match="no post 999"):
            assign(session, kind="leave", **(words | {"post": 999}))
        with pytest.raises(AbsentError, match="no person 999"):
            assign(session, kind="leave", **(words | {"staff": 999}))
        with pytest.raises(RightsError):
            assign(session, kind="leave", **(words | {"actor": Actor("Lin", "planner")}))
        other = add_area(session, code="420198", level="district", name="邻区")
        keep_people(session, other.id, with_roster(ROSTER), on=DAY)
        with pytest.raises(ClashError, match="another district"):
            assign(session, kind="leave", **(words | {"staff": person_of(session, other.id, "s00001").id}))
        with pytest.raises(AbsentError, match="nobody s99"):
            person_of(session, home, "s99")
        with pytest.raises(AbsentError, match="no district 999"):
            people_frame(session, 999)


def test_posts_at_a_kind_of_station_have_its_lines(store: Store) -> None:
    plan = dataclasses.replace(with_roster(ROSTER.iloc[:0]), scheme=Scheme.load("yanji"))
    with store.writing() as session:
        home = add_area(session, code="2224", level="district", name="延吉市").id
        keep_people(session, home, plan, on=DAY)
        found = people_frame(session, home, on=DAY)
    police = found[found["role"].isin(["police", "auxiliary"])]
    # one officer and two assistants at the security station of each community
    assert police.groupby("code")["role"].value_counts().unstack().to_dict("list") == {
        "auxiliary": [2, 2],
        "police": [1, 1],
    }
    assert set(police["lines"]) == {("safety",)}


def test_what_a_roster_says_of_people_is_kept_and_goes_out_again(store: Store, tmp_path: Path) -> None:
    said = {
        "lines": ["", "安全、民生", "", "安全", ""],
        "base": ["", GRID, "", "", "下河社区"],
        "most": ["", "3", "", "", "1"],
    }
    staff = ROSTER.assign(**said)
    plan = with_roster(staff)
    with store.writing() as session:
        home = add_area(session, code="420197", level="district", name="技能区").id
        keep_people(session, home, plan, on=DAY)
        wu = person_of(session, home, "s00002")
        assert (wu.name, wu.lines, wu.base, wu.most) == ("王二", ["安全", "民生"], GRID, 3)
    before = roster_of(plan, crew_of(plan))
    for name in ("roster.xlsx", "roster.csv"):
        with store.writing() as session:
            crew = crew_of(plan, staff=roster(session, home, on=DAY))
            back = read_roster(write_roster(roster_of(plan, crew), tmp_path / name)).frame
            keep_people(session, home, with_roster(back), on=DAY)
            after = roster_of(plan, crew_of(plan, staff=roster(session, home, on=DAY)))
        assert sorted(after.itertuples(index=False)) == sorted(before.itertuples(index=False))


def test_the_roster_that_goes_out_has_the_holder_while_somebody_stands_in(store: Store, home: int) -> None:
    post, holder = ids(store, "coordinator", f"grid:{GRID}", "王二")
    _, other = ids(store, "coordinator", f"grid:{GRID}", "陈三")
    with store.writing() as session:
        for kind, who in (("leave", holder), ("substitute", other)):
            assign(session, post=post, staff=who, kind=kind, valid_from=DAY, valid_to=LATER, actor=LOCAL)
        away = roster(session, home, on=DAY)
        kept = roster(session, home, on=DAY, holders=True)
        assert kept.equals(roster(session, home, on=LATER))
    assert away[away["grid"] == GRID]["name"].tolist() == ["陈三"]
