"""Districts of the size of real places have the posts of these places, and the vacancies come out by themselves."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.partition import PartitionOptions
from gis_grid.plan import Plan
from gis_grid.scheme import Post, Scheme
from gis_grid.staffing import crew_of, posts, roster_of
from gis_grid.staffing.posts import adjoining
from townlet import COMMUNITY, squares

QUICK = PartitionOptions(effort=0.1)


def district(scheme: str, grids: int, *, wide: int, households: int, **units: int) -> Plan:
    """Return so many grids of one block each, in rows, and units of other tiers that are runs of them."""
    high = -(-grids // wide)
    plan = squares(wide, high, side=1, households=households)
    order = np.arange(wide * high)
    order = np.where(order // wide % 2, order // wide * wide + wide - 1 - order % wide, order)  # runs turn at the rim
    kept = plan.blocks.index[order < grids]
    number = pd.Series(order, index=plan.blocks.index)[kept]
    code = (1 + number * units.get("community", 1) // grids).map("4201030{:05d}".format)
    blocks = plan.blocks.loc[kept].assign(community_code=code)
    for tier, count in units.items():
        if tier != "community":
            blocks[f"{tier}_code"] = (1 + number * count // grids).map(f"{tier[0]}{{:04d}}".format)
    ids = plan.assignment[kept]
    made = plan.grids.loc[ids.to_numpy()].assign(community_code=code.to_numpy())
    made["code"] = made["community_code"] + [f"{n:04d}" for n in range(1, len(made) + 1)]
    inside = plan.borders["a"].isin(kept) & plan.borders["b"].isin(kept)
    homes = blocks.drop_duplicates("community_code")[["community_code", "geometry"]]
    homes = gpd.GeoDataFrame(homes.assign(name="")).reset_index(drop=True)
    return dataclasses.replace(
        plan, scheme=Scheme.load(scheme), blocks=blocks, assignment=ids, grids=made, borders=plan.borders[inside],
        communities=homes,
    )  # fmt: skip


def roles(plan: Plan) -> dict[str, int]:
    found = posts(plan, options=QUICK)
    return found["role"].value_counts().to_dict()


def connected(plan: Plan, codes: tuple[str, ...]) -> bool:
    mine = plan.assignment.map(plan.grids["code"])
    rows = pd.Series(range(len(mine)), index=mine.index)[mine.isin(codes)]
    near = plan.borders[plan.borders["a"].isin(rows.index) & plan.borders["b"].isin(rows.index)]
    a, b = (pd.Index(rows.index).get_indexer(near[side]) for side in ("a", "b"))
    links = sparse.coo_array((np.ones(len(a)), (a, b)), shape=(len(rows), len(rows)))
    return csgraph.connected_components(links, directed=False)[0] == 1


def test_luyuan_has_324_leaders_108_police_and_606_assistants() -> None:
    plan = district("luyuan", 324, wide=18, households=400, community=81, police_zone=108)
    assert roles(plan) == {"leader": 324, "police": 108, "assistant": 606}
    found = posts(plan)
    crew = found[found["role"] == "assistant"].groupby("codes").size()
    assert crew.value_counts().to_dict() == {2: 282, 1: 42}


def test_108_police_each_have_three_adjoining_grids_without_a_tier_of_zones() -> None:
    plan = district("luyuan", 324, wide=18, households=400, community=81)
    scheme = dataclasses.replace(plan.scheme, posts=(Post("police", "民警", "police officer", per="grid", every=3),))
    found = posts(dataclasses.replace(plan, scheme=scheme), options=QUICK)
    assert len(found) == 108
    assert (found["codes"].map(len) == 3).all()
    assert found["codes"].explode().nunique() == 324
    assert all(connected(plan, codes) for codes in found["codes"])
    assert (found["households"] == 1_200).all()


def test_shouguang_has_486_vacancies_once_100_leaders_are_elected() -> None:
    plan = district("shouguang", 586, wide=30, households=102, community=13, area=103)
    elected = pd.DataFrame(
        {"name": [f"组长{n}" for n in range(100)], "post": "leader", "grid": plan.grids["code"].iloc[:100]}
    )
    workers = pd.DataFrame({"name": [f"社工{n}" for n in range(103)], "post": "社工", "grid": ""})
    crew = crew_of(dataclasses.replace(plan, staff=pd.concat([elected, workers], ignore_index=True)))
    vacant = crew.posts[crew.posts["person"] == ""]
    assert crew.posts["role"].value_counts().to_dict() == {"leader": 586, "social_worker": 103}
    assert vacant["role"].value_counts().to_dict() == {"leader": 486}
    assert vacant["vacancy"].all()


def test_jianghan_has_two_supervisors_at_each_of_75_zones() -> None:
    plan = district("jianghan", 1_003, wide=35, households=0, zone=75)
    found = posts(plan)
    assert roles(plan) == {"supervisor": 150}
    assert (found.groupby("codes").size() == 2).all()
    assert found["codes"].nunique() == 75


def test_yanji_has_a_police_officer_and_two_assistants_at_one_of_three_stations_of_78_communities() -> None:
    plan = district("yanji", 390, wide=26, households=100, community=78)
    head = {"name": [f"主任{n}" for n in range(78)], "post": "社区负责人"}
    staff = pd.DataFrame(head | {"community_code": plan.communities["community_code"]})
    crew = crew_of(dataclasses.replace(plan, staff=staff))
    assert roles(plan) == {"community_head": 78, "station_head": 234, "police": 78, "auxiliary": 156}
    heads = crew.posts[crew.posts["role"] == "station_head"]
    assert heads.groupby("station").size().to_dict() == {"service": 78, "security": 78, "management": 78}
    # ex officio: the same 78 people, nobody more, and each at their own community's stations
    assert heads.groupby("codes")["person"].nunique().eq(1).all()
    assert heads["person"].nunique() == len(crew.people) == 78
    own = crew.posts[crew.posts["held_by"] == ""]
    assert (own["person"] == "").sum() == 78 + 156
    assert set(crew.posts.loc[crew.posts["role"] == "police", "lines"]) == {("safety",)}


def test_sifang_has_a_cadre_and_a_committee_member_at_each_of_1180_areas() -> None:
    plan = district("sifang", 1_180, wide=40, households=118, community=93, street_office=7)
    assert roles(plan) == {"cadre": 1_180, "committee_member": 1_180, "department": 93}


def test_qinzhou_has_a_coordinator_a_grid_and_heads_above() -> None:
    plan = district("qinzhou", 120, wide=12, households=400, community=20, street_office=3)
    assert roles(plan) == {"coordinator": 120, "station_head": 20, "deputy": 20, "centre_head": 3}


def test_huangmen_has_a_coordinator_for_each_of_8_grids() -> None:
    assert roles(district("huangmen", 8, wide=4, households=600)) == {"coordinator": 8}


def test_places_beyond_the_least_are_not_needed() -> None:
    plan = squares(4, 4, side=2)
    scheme = dataclasses.replace(plan.scheme, posts=(Post("x", "岗", "post", per="grid", count=1, most=3),))
    plan = dataclasses.replace(plan, scheme=scheme)
    found = posts(plan)
    assert len(found) == 12
    assert found["needed"].sum() == 4
    named = pd.DataFrame({"name": ["a", "b"], "post": "x", "grid": plan.grids["code"].iloc[0]})
    crew = crew_of(dataclasses.replace(plan, staff=named))
    assert (crew.posts["person"] != "").sum() == 2
    assert (crew.posts["person"] == "").sum() == 3


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 6), st.integers(2, 5), st.integers(1, 4))
def test_groups_of_adjoining_grids_are_connected_and_as_few_as_can_be(wide: int, high: int, every: int) -> None:
    plan = squares(wide, high, side=1)
    group = adjoining(plan, "grid", every, QUICK)
    assert group.max() + 1 == -(-wide * high // every)
    codes = np.sort(plan.grids["code"].to_numpy(dtype=str))
    for number in range(int(group.max()) + 1):
        mine = tuple(codes[group == number])
        assert 1 <= len(mine) <= every
        assert connected(plan, mine)


def test_a_roster_of_communities_fills_their_grids() -> None:
    plan = squares(4, 4, side=2)
    rows = [("甲", "网格协调员", "1"), ("乙", "网格协调员", "2"), ("", "网格协调员", "")]
    staff = pd.DataFrame(rows, columns=["name", "post", "phone"]).assign(community="样例社区", grid="")
    crew = crew_of(dataclasses.replace(plan, staff=staff))
    mine = crew.posts[crew.posts["role"] == "coordinator"]
    assert mine["codes"].tolist() == [(f"{COMMUNITY}00{n}",) for n in (1, 2, 3, 4)]
    assert mine["person"].map(crew.people["name"]).fillna("").tolist() == ["甲", "乙", "", ""]
    assert not mine["named"].any()


def test_a_post_of_a_zone_goes_out_and_comes_back_to_its_zone() -> None:
    plan = district("luyuan", 36, wide=6, households=400, community=2, police_zone=12)
    zones = sorted(plan.blocks["police_zone_code"].unique())
    staff = pd.DataFrame({"name": ["Lin", "Wu"], "post": "police", "grid": [zones[4], zones[10]]})
    crew = crew_of(plan, staff=staff)
    out = roster_of(plan, crew)
    again = crew_of(plan, staff=out)
    assert roster_of(plan, again).equals(out)
    held = again.posts[again.posts["person"] != ""]
    assert held["codes"].tolist() == [(zones[4],), (zones[10],)]
