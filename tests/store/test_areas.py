"""The dated tree, days in time zones, communities of imported plans, and what lies where."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import geopandas as gpd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from gis_grid.errors import AbsentError, ClashError, RightsError, StoreError
from gis_grid.plan import Plan
from gis_grid.store import Store
from gis_grid.store.access import Actor
from gis_grid.store.areas import add_area, area_of, district_at, district_of, today, tree
from gis_grid.store.boxes import within
from gis_grid.store.communities import Kept, keep_communities
from gis_grid.store.models import Area, AreaPredecessor
from small import CODES, CRS, small_plan

DAY = date(2026, 4, 1)


def formers(store: Store, code: str) -> set[str]:
    """Return the names of what the latest area of a code was made from."""
    with store.reading() as session:
        query = select(Area).where(Area.code == code).order_by(Area.valid_from.desc(), Area.id.desc())
        area = session.execute(query).scalars().first()
        assert area is not None
        former = select(Area.name).join(AreaPredecessor, AreaPredecessor.predecessor_id == Area.id)
        return set(session.execute(former.where(AreaPredecessor.area_id == area.id)).scalars())


def test_a_tree_is_what_was_on_a_day(store: Store) -> None:
    merged = date(2012, 12, 1)
    with store.writing() as session:
        add_area(session, code="37", level="province", name="山东省")
        add_area(session, code="3702", level="city", name="青岛市", under="37")
        add_area(session, code="370203", level="district", name="市北区", under="3702")
        add_area(session, code="370205", level="district", name="四方区", under="3702")
        former = ["370203", "370205"]
        add_area(
            session,
            code="370203",
            level="district",
            name="市北区",
            under="3702",
            valid_from=merged,
            predecessors=former,
        )
    with store.reading() as session:
        assert [area.name for area in tree(session, on=date(2012, 11, 30))] == ["山东省", "青岛市", "市北区", "四方区"]
        assert [area.name for area in tree(session, on=merged)] == ["山东省", "青岛市", "市北区"]
        old, new = district_of(session, "370203", on=date(2012, 11, 30)), district_of(session, "370203", on=merged)
        assert (old.id != new.id, old.path) == (True, new.path)
        assert district_of(session, "370205", on=date(2000, 1, 1)).valid_to == merged
        with pytest.raises(AbsentError, match="no district 370205 on 2012-12-01"):
            district_of(session, "370205", on=merged)
    assert formers(store, "370203") == {"市北区", "四方区"}


def test_what_an_area_cannot_be_is_said_at_once(store: Store) -> None:
    with store.writing() as session:
        add_area(session, code="420103", level="district", name="江汉区")
        with pytest.raises(StoreError) as caught:
            add_area(session, code="42/1", level="empire", name="", timezone="Mars/Olympus")
        assert len(caught.value.faults) == 4
        with pytest.raises(ClashError, match="江汉区 has the code 420103"):
            add_area(session, code="420103", level="district", name="又一个", valid_from=DAY)
        with pytest.raises(StoreError, match="does not lie under a district"):
            add_area(session, code="42", level="city", name="x", under="420103")
        with pytest.raises(AbsentError, match="there is no area 99"):
            add_area(session, code="1", level="district", name="x", under="99")
        with pytest.raises(AbsentError, match="no district 370205 before"):
            add_area(session, code="1", level="district", name="x", valid_from=DAY, predecessors=["370205"])
        with pytest.raises(RightsError):
            add_area(session, code="1", level="district", name="x", actor=Actor("Lin", "planner"))


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        ("Asia/Shanghai", "2026-02-28T15:59:59", date(2026, 2, 28)),
        ("Asia/Shanghai", "2026-02-28T16:00:00", date(2026, 3, 1)),
        ("America/Toronto", "2026-03-01T04:59:59", date(2026, 2, 28)),
        ("America/Toronto", "2026-03-01T05:00:00", date(2026, 3, 1)),
        ("America/Toronto", "2026-07-01T03:59:59", date(2026, 6, 30)),
        ("America/Toronto", "2026-07-01T04:00:00", date(2026, 7, 1)),
    ],
)
def test_a_day_begins_at_midnight_there(zone: str, moment: str, day: date) -> None:
    assert today(Area(timezone=zone), at=datetime.fromisoformat(moment).replace(tzinfo=UTC)) == day


@pytest.fixture
def home(store: Store) -> int:
    with store.writing() as session:
        return add_area(session, code="420199", level="district", name="样例区", valid_from=date(2020, 1, 1)).id


def take(store: Store, home: int, plan: Plan, on: date = DAY) -> Kept:
    with store.writing() as session:
        return keep_communities(session, home, plan, on=on)


def with_communities(plan: Plan, frame: gpd.GeoDataFrame) -> Plan:
    return dataclasses.replace(plan, communities=frame)


def names(store: Store, on: date) -> list[str]:
    with store.reading() as session:
        return [area.name for area in tree(session, on=on) if area.level == "community"]


def test_the_first_communities_begin_with_their_district(store: Store, home: int) -> None:
    assert take(store, home, small_plan()) == Kept(same=0, begun=2, ended=0, provisional=0)
    assert names(store, date(2020, 1, 1)) == ["上河社区", "下河社区"]
    assert take(store, home, small_plan(), date(2026, 5, 1)) == Kept(same=2, begun=0, ended=0, provisional=0)
    with store.reading() as session:
        community = area_of(session, CODES[0], on=DAY)
        assert community.path == f"/420199/{CODES[0]}/"
        shape = gpd.GeoSeries([community.geom], crs=4326).to_crs(CRS)
        assert shape.area.iloc[0] == pytest.approx(100_000, rel=1e-6)


def test_a_renamed_community_goes_on_from_the_former_one(store: Store, home: int) -> None:
    plan = small_plan()
    take(store, home, plan)
    renamed = plan.communities.assign(name=plan.communities["name"].replace("上河社区", "清河社区"))
    assert take(store, home, with_communities(plan, renamed)) == Kept(1, 1, 1, 0)
    assert names(store, date(2026, 3, 31)) == ["上河社区", "下河社区"]
    assert names(store, DAY) == ["清河社区", "下河社区"]
    assert formers(store, CODES[0]) == {"上河社区"}


def test_merged_and_split_communities_name_those_they_were_made_from(store: Store, home: int) -> None:
    plan = small_plan()
    take(store, home, plan)
    whole = shapely.union_all(plan.communities.geometry.to_numpy())
    one = gpd.GeoDataFrame({"community_code": ["420199001601"], "name": ["合河社区"]}, geometry=[whole], crs=CRS)
    assert take(store, home, with_communities(plan, one)) == Kept(0, 1, 2, 0)
    assert formers(store, "420199001601") == {"上河社区", "下河社区"}
    west, south, east, north = whole.bounds
    halves = [shapely.box(west, south, (west + east) / 2, north), shapely.box((west + east) / 2, south, east, north)]
    two = gpd.GeoDataFrame({"community_code": ["a1", "a2"], "name": ["西社区", "东社区"]}, geometry=halves, crs=CRS)
    assert take(store, home, with_communities(plan, two), date(2027, 1, 1)) == Kept(0, 2, 1, 0)
    assert formers(store, "a1") == formers(store, "a2") == {"合河社区"}
    assert names(store, date(2026, 12, 31)) == ["合河社区"]
    assert names(store, date(2027, 1, 1)) == ["西社区", "东社区"]


def test_provisional_codes_may_stand_for_others_the_next_time_and_in_another_district(store: Store, home: int) -> None:
    plan = small_plan()
    frame = plan.communities.assign(community_code=["990000000001", "990000000002"])
    assert take(store, home, with_communities(plan, frame)).provisional == 2
    swapped = frame.assign(community_code=["990000000002", "990000000001"])
    take(store, home, with_communities(plan, swapped))
    assert formers(store, "990000000001") == {"下河社区"}
    assert formers(store, "990000000002") == {"上河社区"}
    with store.writing() as session:
        other = add_area(session, code="420198", level="district", name="邻区")
        keep_communities(session, other.id, with_communities(plan, frame), on=DAY)
        with pytest.raises(ClashError, match="2 areas have the code 990000000001"):
            area_of(session, "990000000001", on=DAY)
        assert area_of(session, "990000000001", on=DAY, under=other.path).name == "上河社区"


def test_a_second_thought_on_the_same_day_leaves_one_version(store: Store, home: int) -> None:
    plan = small_plan()
    take(store, home, plan)
    for name in ("清河社区", "浊河社区", "清河社区"):
        renamed = plan.communities.assign(name=plan.communities["name"].replace("上河社区", name))
        take(store, home, with_communities(plan, renamed))
    assert names(store, DAY) == ["清河社区", "下河社区"]
    assert formers(store, CODES[0]) == {"上河社区"}


def test_street_offices_stand_between_district_and_community(store: Store, home: int) -> None:
    plan = small_plan()
    frame = plan.communities.assign(office_code=["420199001", "420199002"], office_name=["北街道", "南街道"])
    take(store, home, with_communities(plan, frame))
    with store.reading() as session:
        assert area_of(session, CODES[1], on=DAY).path == f"/420199/420199002/{CODES[1]}/"
        found = [(area.level, area.name) for area in tree(session, on=DAY)][1:]
        assert found == [
            ("street", "北街道"),
            ("community", "上河社区"),
            ("street", "南街道"),
            ("community", "下河社区"),
        ]
    moved = frame.assign(office_code="420199001", office_name="北街道")
    assert take(store, home, with_communities(plan, moved), date(2027, 1, 1)) == Kept(1, 1, 1, 0)
    with store.reading() as session:
        assert area_of(session, CODES[1], on=date(2027, 1, 1)).path == f"/420199/420199001/{CODES[1]}/"
        with pytest.raises(AbsentError):
            area_of(session, "420199002", on=date(2027, 1, 1))


def test_a_point_finds_its_district_on_a_day(store: Store) -> None:
    west, east = shapely.box(114.0, 30.0, 114.1, 30.1), shapely.box(114.1, 30.0, 114.2, 30.1)
    with store.writing() as session:
        add_area(session, code="2", level="district", name="东区", shape=east)
        add_area(session, code="1", level="district", name="西区", shape=west)
        add_area(session, code="3", level="city", name="市", shape=shapely.union(west, east))
        whole = shapely.union(west, east)
        add_area(
            session,
            code="1",
            level="district",
            name="合区",
            shape=whole,
            valid_from=DAY,
            predecessors=["1", "2"],
        )
    with store.reading() as session:

        def name(lon: float, lat: float, on: date) -> str | None:
            found = district_at(session, lon, lat, on=on)
            return found.name if found else None

        assert name(114.05, 30.05, date(2026, 3, 31)) == "西区"
        assert name(114.15, 30.05, date(2026, 3, 31)) == "东区"
        assert name(114.1, 30.05, date(2026, 3, 31)) == "西区"
        assert name(114.15, 30.05, DAY) == "合区"
        assert name(114.25, 30.05, DAY) is None


corner = st.integers(min_value=-40, max_value=40).map(lambda n: n / 8)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    boxes=st.lists(st.tuples(corner, corner, corner, corner), min_size=1, max_size=12),
    wanted=st.tuples(corner, corner, corner, corner),
)
def test_boxes_find_the_same_on_both_databases(
    store: Store, boxes: list[tuple[float, ...]], wanted: tuple[float, ...]
) -> None:
    def spread(west: float, south: float, east: float, north: float) -> tuple[float, float, float, float]:
        low, high = sorted((west, east)), sorted((south, north))
        return low[0], high[0], low[1] + 0.1, high[1] + 0.1

    rows = [spread(*box) for box in boxes]
    frame = spread(*wanted)
    words = {"level": "district", "name": "x", "timezone": "UTC", "valid_from": date.min}
    with store.writing() as session:
        session.execute(delete(Area))
        session.execute(
            insert(Area),
            [
                {"code": str(n), "path": f"/{n}/", "geom": shapely.multipolygons([shapely.box(*box)])}
                | dict(zip(("west", "south", "east", "north"), box, strict=True))
                | words
                for n, box in enumerate(rows)
            ],
        )
        found = set(session.execute(select(Area.code).where(within(Area, frame))).scalars())
    meets = [b[0] <= frame[2] and b[2] >= frame[0] and b[1] <= frame[3] and b[3] >= frame[1] for b in rows]
    assert found == {str(n) for n, yes in enumerate(meets) if yes}


def test_boxes_are_found_by_the_index_of_either_database(store: Store) -> None:
    with store.writing() as session:
        query = select(Area.code).where(within(Area, (0, 0, 1, 1)))
        plain = query.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
        connection = session.connection()
        if store.dialect == "sqlite":
            said = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plain}").all()
            assert "VIRTUAL TABLE INDEX" in str(said)
        else:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            said = connection.exec_driver_sql(f"EXPLAIN {plain}".replace("%", "%%")).all()
            assert "ix_areas_geom" in str(said)
