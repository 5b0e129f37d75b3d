"""Answers: which grid, whose, how sure, on which day, in which district."""

from __future__ import annotations

import json
from datetime import date

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.crs import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02
from gis_grid.crs.onepoint import bd09_point, gcj02_point
from gis_grid.errors import CrsError, FrameError, InputError
from gis_grid.lookup import Answers, Published
from gis_grid.lookup.planned import published_plan
from small import small_plan

LON, LAT, STEP = 114.0, 30.0, 0.01


def squares(codes: str, *, lon: float = LON, **columns: list[object]) -> gpd.GeoDataFrame:
    """Squares of about a kilometre in a row, one for each letter."""
    shapes = [shapely.box(lon + STEP * n, LAT, lon + STEP * (n + 1), LAT + STEP) for n in range(len(codes))]
    values = {"code": list(codes), "name": [f"网格{c}" for c in codes], "households": 400, "community_code": "1"}
    return gpd.GeoDataFrame(values | columns, geometry=shapes, crs=4326)


def roster(*rows: tuple[str, str, date | None, date | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["grid", "name", "valid_from", "valid_to"])
    return frame.assign(role="head", role_zh="网格长", work_phone="555", lines=[("safety",)] * len(frame))


def centre(n: int, lon: float = LON) -> tuple[float, float]:
    return lon + STEP * (n + 0.5), LAT + STEP / 2


def test_the_grid_its_people_and_its_neighbours() -> None:
    people = roster(("a", "Lin", None, None), ("b", "Wu", None, None))
    answers = Answers([Published("p1", "420103", "江汉", squares("ab"), people=people)])
    answer = answers.at(LON + 0.0099, LAT + 0.005, accuracy_m=30, on=date(2026, 3, 1))
    told = answer.told()
    assert told["grid"]["code"] == "a"
    assert told["people"] == [
        {"name": "Lin", "role": "head", "role_zh": "网格长", "work_phone": "555", "lines": ["safety"]}
    ]
    assert told["distance_to_border_m"] == pytest.approx(9.6, abs=0.1)
    (other,) = told["also_possible"]
    assert (other["code"], other["people"][0]["name"], other["distance_m"]) == ("b", "Wu", 9.6)
    assert (told["plan"], told["as_of"], told["district"]) == ("p1", "2026-03-01", "420103")
    assert json.loads(answer.json()) == told
    assert answers.at(LON + 0.0099, LAT + 0.005).also_possible == ()


def test_outside_the_nearest_grid_of_any_district_is_named() -> None:
    far = Published("q1", "420104", "硚口", squares("xy", lon=LON + 0.5))
    answers = Answers([Published("p1", "420103", "江汉", squares("ab")), far])
    answer = answers.at(LON + 0.499, LAT + 0.005, accuracy_m=200)
    assert answer.grid is None
    assert answer.nearest is not None
    assert (answer.nearest.code, answer.plan) == ("x", "q1")
    assert answer.nearest.distance_m == pytest.approx(96.5, abs=0.2)
    assert [found.code for found in answer.also_possible] == ["x"]
    assert json.loads(answer.json()) == answer.told()


def test_each_district_is_found_by_itself_and_its_border_with_the_next_has_one_owner() -> None:
    west = Published("p1", "420103", "江汉", squares("ab"))
    east = Published("q1", "420104", "硚口", squares("cd", lon=LON + 2 * STEP))
    for order in ([west, east], [east, west]):
        answers = Answers(order)
        assert [answers.at(*centre(n)).grid.code for n in range(4)] == list("abcd")
        on_border = answers.at(east.grids.total_bounds[0], LAT + 0.005, accuracy_m=1)
        assert on_border.grid.code == "b"
        assert [found.code for found in on_border.also_possible] == ["c"]


@pytest.mark.parametrize(
    ("day", "code", "plan"),
    [("2025-12-31", None, None), ("2026-01-01", "a", "p1"), ("2026-05-31", "a", "p1"), ("2026-06-01", "n", "p2")],
)
def test_a_day_is_answered_from_what_was_in_force(day: str, code: str | None, plan: str | None) -> None:
    first = Published("p1", "420103", "江汉", squares("ab"), valid_from=date(2026, 1, 1))
    second = Published("p2", "420103", "江汉", squares("nb"), valid_from=date(2026, 6, 1), valid_to=date(2027, 1, 1))
    answers = Answers([second, first])
    answer = answers.at(*centre(0), on=date.fromisoformat(day))
    assert (answer.grid.code if answer.grid else None, answer.plan) == (code, plan)
    assert answers.at(*centre(0), on=date(2027, 1, 1)).nearest is None


def test_today_is_that_of_the_district(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    import gis_grid.lookup.answers as module

    class Evening(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 5, 31, 20, tzinfo=UTC).astimezone(tz)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "datetime", Evening)
    for zone, code in (("Asia/Shanghai", "n"), ("America/Toronto", "a")):
        plans = [
            Published("p1", "1", "", squares("ab"), timezone=zone),
            Published("p2", "1", "", squares("nb"), valid_from=date(2026, 6, 1), timezone=zone),
        ]
        assert Answers(plans).at(*centre(0)).grid.code == code


def test_people_are_those_of_the_day() -> None:
    change = date(2026, 4, 1)
    people = roster(("a", "Lin", None, change), ("a", "Wu", change, None))
    answers = Answers([Published("p1", "1", "", squares("a"), people=people)])
    names = [answers.at(*centre(0), on=day).grid.people[0]["name"] for day in (date(2026, 3, 31), change)]
    assert names == ["Lin", "Wu"]


def test_small_counts_are_told_only_to_those_who_may_see_them() -> None:
    answers = Answers([Published("p1", "1", "", squares("ab", households=[9, 10]))])
    few, many = (answers.at(*centre(n)) for n in range(2))
    assert few.told()["grid"]["households"] is None
    assert json.loads(few.json())["grid"]["households_suppressed"] is True
    assert json.loads(few.json(small=True))["grid"]["households"] == 9
    assert many.told()["grid"]["households"] == 10


def test_a_tier_may_be_named() -> None:
    grids = pd.concat([squares("ab", tier="grid"), squares("z", tier="zone")], ignore_index=True)
    answers = Answers(
        [Published("p1", "1", "", grids, tier="grid"), Published("q1", "2", "", squares("c", lon=LON + 1))]
    )
    assert answers.at(*centre(0)).grid.code == "a"
    assert answers.at(*centre(0), tier="zone").grid.code == "z"
    assert answers.at(*centre(0, LON + 1), tier="zone").nearest.code == "z"
    with pytest.raises(InputError, match="no tier 'street'"):
        answers.at(*centre(0), tier="street")


@pytest.mark.parametrize(
    ("crs", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09), ("GCJ-02", wgs84_to_gcj02)]
)
def test_shifted_coordinates_are_turned_back(crs: str, shift: object) -> None:
    answers = Answers([Published("p1", "1", "", squares("abc"))])
    lon, lat = (float(value) for value in shift(*centre(1)))  # type: ignore[operator]
    assert answers.at(lon, lat, crs=crs).grid.code == "b"
    assert answers.at(*centre(1), crs="EPSG:4490").grid.code == "b"


@settings(max_examples=200, deadline=None)
@given(st.floats(60, 145), st.floats(-10, 60))
def test_one_point_is_shifted_as_arrays_are(lon: float, lat: float) -> None:
    assert gcj02_point(lon, lat) == pytest.approx([float(v) for v in gcj02_to_wgs84(lon, lat)], abs=1e-11)
    assert bd09_point(lon, lat) == pytest.approx([float(v) for v in bd09_to_wgs84(lon, lat)], abs=1e-11)


@pytest.mark.parametrize(
    ("point", "options"),
    [
        ((30.0, 114.0), {}),
        ((float("nan"), 30.0), {}),
        ((float("inf"), 30.0), {"crs": "gcj02"}),
        ((1e300, 1e300), {"crs": "EPSG:4547"}),
        ((114.0, 30.0), {"crs": "mars"}),
        ((114.0, 30.0), {"accuracy_m": -1.0}),
        ((114.0, 30.0), {"accuracy_m": float("nan")}),
    ],
)
def test_what_is_no_place_is_refused(point: tuple[float, float], options: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Answers([Published("p1", "1", "", squares("a"))]).at(*point, **options)  # type: ignore[arg-type]


def test_what_is_no_place_is_said_so() -> None:
    with pytest.raises(CrsError, match="longitude before latitude"):
        Answers([]).at(30.0, 114.0)
    assert Answers([]).at(114.0, 30.0).nearest is None


def test_a_new_publication_uses_what_was_made_before() -> None:
    first = Published("p1", "1", "", squares("ab"))
    before = Answers([first])
    after = Answers([first, Published("p2", "1", "", squares("nb"), valid_from=date(2030, 1, 1))], before=before)
    assert after.layer(first) is before.layer(first)
    assert after.at(*centre(0), on=date(2030, 1, 1)).grid.code == "n"
    assert before.at(*centre(0), on=date(2030, 1, 1)).grid.code == "a"


def test_a_publication_that_cannot_be_asked_is_refused_with_every_fault() -> None:
    grids = squares("a").drop(columns="code").set_crs(None, allow_override=True)
    with pytest.raises(FrameError) as caught:
        Published("p1", "1", "", grids, people=pd.DataFrame({"name": ["Lin"]}), timezone="Mars/Olympus")
    assert len(caught.value.faults) == 4


def test_a_plan_answers_with_its_roster() -> None:
    from dataclasses import replace

    from gis_grid.lookup.answering import handling
    from gis_grid.staffing import with_assignments

    staff = pd.DataFrame(
        {
            "name": ["张三", "李四", "王五", ""],
            "post": ["coordinator", "站长", "主任", "coordinator"],
            "phone": ["027-1", "027-2", "", ""],
            "community_code": ["", "420199001001", "", ""],
            "grid": ["新华1网格、420199001001002", "", "", "新华3网格"],
        }
    )
    plan = with_assignments(replace(small_plan(), staff=staff))
    answers = Answers([published_plan(plan, "town")])
    layer = answers.in_force()[0].layer
    places = shapely.get_coordinates(shapely.point_on_surface(plan.grids.geometry.to_crs(4326)))
    told = [answers.at(x, y).grid.people for x, y in places]
    names = [[f"{person['role']} {person['name']} {person['kind']}" for person in people] for people in told]
    first = ["coordinator 张三 holder", "station_head 李四 holder", "deputy 李四 station", "主任 王五 holder"]
    other = [f"{role} 王五 station" for role in ("coordinator", "station_head", "deputy")] + ["主任 王五 holder"]
    assert names == [first, first, other, other]
    assert [handling(people, "safety")[0]["name"] for people in told] == ["张三", "张三", "王五", "王五"]
    assert layer.facts[0]["community"] == "上河社区"
