"""One point: its grid, its people, and what callers of different roles may see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from calls import Calls
from town_in_force import BEGUN, Town, publish_alone

from gis_grid.store.areas import today
from gis_grid.store.models import Area, Grid, Staff, Token

Serving = Callable[..., Calls]


def community(town: Town, number: int) -> Area:
    """Return the area of the community that a grid lies in."""
    code = str(town.plan.grids["community_code"].iloc[number])
    with town.store.reading() as session:
        return session.execute(sa.select(Area).where(Area.code == code)).scalar_one()


def test_a_point_is_answered_with_its_grid_its_people_and_its_plan(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    found = serving(public_lookup=True).get("/api/lookup", params=point)
    assert found.status_code == 200
    assert found.headers["content-type"] == "application/json"
    told = found.json()
    row = published.plan.grids.iloc[0]
    assert told["grid"]["code"] == code
    assert told["grid"]["households"] == row["households"]
    assert told["grid"]["community"] == "北园社区"
    assert told["plan"] == published.plan_id
    assert told["distance_to_border_m"] > 0
    assert told["also_possible"] == []
    assert {one["role"] for one in told["people"]} >= {"coordinator", "station_head"}
    tiers = [one["tier"] for one in told["people"]]
    assert tiers == sorted(tiers, key=["grid", "community", "street_office"].index)


def test_who_has_no_token_looks_up_only_where_that_is_allowed(published: Town, serving: Serving) -> None:
    point, _ = published.inside()
    refused = serving().get("/api/lookup", params=point)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["content-type"] == "application/problem+json"
    assert serving(public_lookup=True).get("/api/lookup", params=point).status_code == 200


@pytest.mark.parametrize("header", ["Bearer gg_nonsense", "Bearer", "Basic abc", "Bearer \xff", "Bearer a b"])
def test_a_token_that_opens_nothing_is_refused(published: Town, serving: Serving, header: str) -> None:
    point, _ = published.inside()
    calls = serving(public_lookup=True)
    for path in ("/api/lookup", "/api/staff"):
        refused = calls.get(path, params=point, headers={"Authorization": header.encode("latin-1")})
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_token_opens_nothing_from_the_next_look_on(published: Town, serving: Serving) -> None:
    point, _ = published.inside()
    secret = published.token("field")
    calls = serving(token=secret, token_seconds=0)
    assert calls.get("/api/lookup", params=point).status_code == 200
    with published.store.writing() as session:
        session.execute(sa.update(Token).values(revoked_at=sa.func.coalesce(Token.revoked_at, Token.created_at)))
    assert calls.get("/api/lookup", params=point).status_code == 401


def test_callers_see_their_part_of_the_tree(published: Town, serving: Serving) -> None:
    mine = community(published, 0)
    other = int((published.plan.grids["community_code"] != mine.code).to_numpy().argmax())
    calls = serving(token=published.token("field", area=mine.id))
    assert calls.get("/api/lookup", params=published.inside(0)[0]).status_code == 200
    refused = calls.get("/api/lookup", params=published.inside(other)[0])
    assert refused.status_code == 403
    assert "nearest" not in refused.json()
    code = published.inside(other)[1]
    assert calls.get(f"/api/grids/{code}").status_code == 404
    open_to_all = serving(token=published.token("field", area=mine.id), public_lookup=True)
    assert open_to_all.get("/api/lookup", params=published.inside(other)[0]).status_code == 200


def test_small_counts_are_told_to_planners_only(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    with published.store.writing() as session:
        session.execute(sa.update(Grid).where(Grid.code == code).values(households=7))
    calls = serving(public_lookup=True)
    for path, told in (("/api/lookup", point), (f"/api/grids/{code}", {})):
        grid = calls.get(path, params=told).json()["grid"]
        assert (grid["households"], grid["households_suppressed"]) == (None, True)
        grid = calls.get(path, params=told, token=published.token("planner")).json()["grid"]
        assert (grid["households"], grid["households_suppressed"]) == (7, False)


def test_a_point_outside_is_answered_with_the_nearest_grid(published: Town, serving: Serving) -> None:
    west = published.plan.grids.to_crs(4326).total_bounds
    found = serving(public_lookup=True).get(
        "/api/lookup", params={"lon": west[0] - 0.01, "lat": (west[1] + west[3]) / 2}
    )
    assert found.status_code == 404
    told = found.json()
    assert told["type"].endswith("outside")
    assert 800 < told["nearest"]["distance_m"] < 1200
    assert told["nearest"]["code"] in set(published.plan.grids["code"])


def test_before_the_first_day_nothing_is_in_force(published: Town, serving: Serving) -> None:
    point, _ = published.inside()
    calls = serving(public_lookup=True)
    before = calls.get("/api/lookup", params=point | {"at": str(BEGUN - timedelta(days=1))})
    assert before.status_code == 404
    assert before.json()["nearest"] is None
    on = calls.get("/api/lookup", params=point | {"at": str(BEGUN)})
    assert (on.status_code, on.json()["as_of"]) == (200, str(BEGUN))


def test_what_is_published_elsewhere_is_answered_after_the_next_look(published: Town, serving: Serving) -> None:
    from gis_grid.store.plans import import_plan

    point, code = published.inside()
    calls = serving(public_lookup=True)
    with published.store.writing() as session:
        later = import_plan(session, published.plan, district=published.district, name="second", who="tester")
        day = today(session.get_one(Area, published.district))
        publish_alone(session, later, day)
    desk = calls.app.state.service.desk
    before = desk.current
    desk.renew(always=False)
    assert desk.current is not before
    assert calls.get("/api/lookup", params=point).json()["plan"] == later
    then = calls.get("/api/lookup", params=point | {"at": str(day - timedelta(days=1))}).json()
    assert (then["plan"], then["grid"]["code"]) == (published.plan_id, code)
    kept = desk.current
    desk.renew(always=False)
    assert desk.current is kept


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("", {"query.lon", "query.lat"}),
        ("lon=x&lat=91", {"query.lon", "query.lat"}),
        ("lon=nan&lat=inf", {"query.lon", "query.lat"}),
        ("lon=1&lat=1&crs=mars&accuracy_m=-1&at=yesterday", {"query.crs", "query.accuracy_m", "query.at"}),
        ("lon=%00&lat=%ff%fe", {"query.lon", "query.lat"}),
        ("lon=1e999&lat=1;DROP TABLE plans", {"query.lon", "query.lat"}),
    ],
)
def test_every_fault_of_a_request_is_named_and_nothing_repeated(serving: Serving, asked: str, where: set[str]) -> None:
    found = serving(public_lookup=True).get(f"/api/lookup?{asked}")
    assert found.status_code == 422
    assert {fault["where"] for fault in found.json()["faults"]} == where
    assert "DROP" not in found.text


def test_an_address_that_is_not_known_is_refused_with_a_clear_word(published: Town, serving: Serving) -> None:
    refused = serving(public_lookup=True).get("/api/lookup", params={"address": "火星大道88号"})
    assert refused.status_code == 404
    assert refused.json()["reason"] == "unknown"
    assert refused.json()["plan"] == published.plan_id
    assert "火星" not in refused.text
    longest = serving(public_lookup=True).get("/api/lookup", params={"address": "路" * 301})
    assert longest.status_code == 422


def test_who_asks_too_often_is_told_when_to_come_back(published: Town, serving: Serving) -> None:
    point, _ = published.inside()
    calls = serving(public_lookup=True, lookup_rate="3/minute")
    seen = [calls.get("/api/lookup", params=point) for _ in range(4)]
    assert [one.status_code for one in seen] == [200, 200, 200, 429]
    assert 1 <= int(seen[3].headers["retry-after"]) <= 60
    assert seen[3].headers["content-type"] == "application/problem+json"
    assert calls.get("/api/lookup", params=point, token=published.token("field")).status_code == 200


def test_a_point_of_another_system_is_converted(published: Town, serving: Serving) -> None:
    from gis_grid.crs import transform_points

    point, code = published.inside()
    lon, lat = transform_points([point["lon"]], [point["lat"]], 4326, "gcj02")
    calls = serving(public_lookup=True)
    found = calls.get("/api/lookup", params={"lon": lon[0], "lat": lat[0], "crs": "gcj02"})
    assert found.json()["grid"]["code"] == code


def test_neighbours_within_the_accuracy_are_named(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    told = serving(public_lookup=True).get("/api/lookup", params=point | {"accuracy_m": 500}).json()
    assert told["also_possible"]
    assert code not in {one["code"] for one in told["also_possible"]}
    distances = [one["distance_m"] for one in told["also_possible"]]
    assert distances == sorted(distances)
    assert distances[-1] <= 500


def test_staff_on_the_roster_see_their_own_grids(published: Town, serving: Serving) -> None:
    with published.store.reading() as session:
        person = session.execute(sa.select(Staff).where(Staff.name == "站长甲01")).scalar_one()
    calls = serving(token=published.token("field", staff=person.id))
    told = calls.get("/api/me/grids").json()["grids"]
    mine = published.plan.grids[published.plan.grids["community_code"] == "980101001001"]
    assert [grid["code"] for grid in told] == sorted(mine["code"])
    assert serving(token=published.token("field")).get("/api/me/grids").json()["grids"] == []
    assert serving(public_lookup=True).get("/api/me/grids").status_code == 401


def test_the_roster_is_for_planners(published: Town, serving: Serving) -> None:
    calls = serving()
    assert calls.get("/api/staff").status_code == 401
    assert calls.get("/api/staff", token=published.token("field")).status_code == 403
    everybody = calls.get("/api/staff", token=published.token("planner")).json()["staff"]
    home = community(published, 0)
    some = calls.get("/api/staff", token=published.token("planner", area=home.id)).json()["staff"]
    assert 0 < len(some) < len(everybody)
    assert all(one["code"].startswith(home.code) for one in some)
    vacant = calls.get("/api/staff", params={"vacant": True}, token=published.token("planner")).json()["staff"]
    assert {one["kind"] for one in vacant} == {"vacant"}


def test_a_grid_is_told_as_of_a_day_with_its_shape(published: Town, serving: Serving) -> None:
    _, code = published.inside()
    calls = serving(token=published.token("field"))
    told = calls.get(f"/api/grids/{code}", params={"geometry": True}).json()
    assert told["grid"]["code"] == code
    assert told["valid_from"] == str(BEGUN)
    assert told["geometry"]["type"] == "MultiPolygon"
    assert told["people"]
    assert calls.get(f"/api/grids/{code}", params={"at": "2023-12-31"}).status_code == 404
    assert calls.get("/api/grids/nothing").status_code == 404
