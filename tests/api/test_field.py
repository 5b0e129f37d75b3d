"""What the phone page needs beside lookups: a file to carry, hand-overs to come, doors, reports of wrong lines."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from calls import Calls
from next_plan import publish_later, token_of
from sqlalchemy import delete, select
from town_in_force import Town

from gis_grid.store.access import LOCAL
from gis_grid.store.addresses import KEPT
from gis_grid.store.areas import area_of
from gis_grid.store.audit import record
from gis_grid.store.models import AuditEntry, GroundLayer, Report

Serving = Callable[..., Calls]


def community_of(town: Town, number: int = 0) -> str:
    return str(town.plan.grids["community_code"].iloc[number])


def staff_token(town: Town, calls: Calls, code: str) -> str:
    """Return a field worker's token: somebody who answers for a grid."""
    people = calls.get(f"/api/grids/{code}", token=town.token("planner")).json()["people"]
    return token_of(town, next(one["person"] for one in people if one["person"]))


def test_a_community_is_carried_whole_and_asked_for_again_by_its_tag(published: Town, serving: Serving) -> None:
    calls, code = serving(public_lookup=True), community_of(published)
    found = calls.get(f"/api/communities/{code}/offline")
    assert found.status_code == 200, found.text
    told = found.json()
    own = published.plan.grids.loc[published.plan.grids["community_code"] == code, "code"]
    (edition,) = told["editions"]
    assert {one["code"] for one in edition["grids"] if one["own"]} == set(own)
    assert any(not one["own"] for one in edition["grids"]), "those around come along"
    assert all(len(one["shape"][0]) >= 6 and one["people"] for one in edition["grids"])
    assert edition["plan"] == published.plan_id
    assert found.headers["content-encoding"] == "gzip"
    again = calls.get(f"/api/communities/{code}/offline", headers={"If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert calls.get("/api/communities/000/offline").status_code == 404


def test_who_may_not_look_up_carries_nothing(published: Town, serving: Serving) -> None:
    calls, code = serving(), community_of(published)
    assert calls.get(f"/api/communities/{code}/offline").status_code == 401
    with published.store.reading() as session:
        areas = [area_of(session, one, level="community").id for one in (code, community_of(published, -1))]
    own, other = (published.token("field", area=area) for area in areas)
    grids = calls.get(f"/api/communities/{code}/offline", token=own).json()["editions"][0]["grids"]
    assert all(one["own"] for one in grids), "neighbours lie in another part of the tree"
    assert calls.get(f"/api/communities/{code}/offline", token=other).status_code == 404


def test_the_next_plan_is_carried_and_told_beforehand(published: Town, serving: Serving) -> None:
    _, old, new, day = publish_later(published)
    calls = serving(public_lookup=True)
    assert calls.get(f"/api/grids/{old}").json()["next_effective"] == str(day)
    editions = calls.get(f"/api/communities/{old[:12]}/offline").json()["editions"]
    assert [one["valid_from"] for one in editions][1:] == [str(day)]
    now, then = ({one["code"]: one["shape"] for one in each["grids"]} for each in editions)
    assert now[old] != then[old]
    assert now[new] != then[new]


def test_hand_overs_say_what_comes_and_who_is_on_the_other_side(published: Town, serving: Serving) -> None:
    calls = serving()
    code = str(published.plan.grids["code"].iloc[0])
    nothing = calls.get("/api/me/hand-overs", token=staff_token(published, calls, code)).json()
    assert nothing == {"effective": None, "plan": None, "hand_overs": [], "redrawn": False}
    block, old, new, day = publish_later(published)
    token = staff_token(published, calls, old)
    told = calls.get("/api/me/hand-overs", token=token).json()
    assert told["effective"] == str(day)
    (row,) = [one for one in told["hand_overs"] if one["own"] == old and one["other"] == new]
    count = int(published.plan.blocks.loc[block, "households"])
    assert row["households"] == (count if count >= 10 else None)
    assert row["gives"] is True
    assert told["redrawn"] is False
    assert row["people"], "who answers on the other side"


def test_doors_are_counts(published: Town, serving: Serving) -> None:
    calls = serving()
    grid = published.plan.grids.iloc[0]
    token = staff_token(published, calls, grid["code"])
    told = calls.get("/api/me/grids", token=token).json()["grids"]
    shapes = published.plan.grids.set_index("code").geometry
    doors = published.plan.addresses.geometry
    assert grid["code"] in {one["code"] for one in told}
    for one in told:
        inside = int(doors.within(shapes[one["code"]]).sum())
        assert one["doors"] == (inside if inside >= 10 else None)
    assert sum(one["doors"] or 0 for one in told) > 0
    assert all(set(one) >= {"code", "households", "doors"} for one in told)


def test_doors_of_a_place_without_addresses_are_not_said_to_be_none(published: Town, serving: Serving) -> None:
    with published.store.writing() as session:
        session.execute(delete(GroundLayer).where(GroundLayer.name.in_(KEPT)))
        record(session, LOCAL, "keep_addresses", published.plan_id)
    calls = serving()
    token = staff_token(published, calls, published.plan.grids["code"].iloc[0])
    assert {one["doors"] for one in calls.get("/api/me/grids", token=token).json()["grids"]} == {None}


def test_a_wrong_line_is_reported_seen_and_closed(published: Town, serving: Serving) -> None:
    calls = serving(public_lookup=True)
    point, code = published.inside()
    field, planner = published.token("field"), published.token("planner")
    wish = point | {"sentence": "边界应沿路中心线"}
    assert calls.post("/api/reports", json=wish).status_code == 401
    made = calls.post("/api/reports", json=wish, token=field)
    assert made.status_code == 201, made.text
    assert made.json()["grid"] == code
    assert calls.get("/api/reports", token=field).status_code == 403
    (seen,) = calls.get("/api/reports", token=planner).json()["reports"]
    assert (seen["sentence"], seen["state"]) == ("边界应沿路中心线", "open")
    closed = calls.post(f"/api/reports/{seen['id']}/close", token=planner).json()
    assert (closed["state"], closed["sentence"]) == ("closed", "")
    assert calls.get("/api/reports", token=planner).json()["reports"] == []
    with published.store.reading() as session:
        kept = session.execute(select(Report)).scalar_one()
        deeds = session.execute(select(AuditEntry).where(AuditEntry.subject == f"r{kept.id}")).scalars().all()
    assert (kept.sentence, kept.closed_by) == ("", "planner")
    assert [one.action for one in deeds] == ["report", "close_report"]
    assert "边界" not in str([one.detail for one in deeds])


@pytest.mark.parametrize(
    "sentence", ["", "  ", "x" * 201, "户主电话 13800138000", "身份证４２０１０３１９９００１０１１２３４"]
)
def test_a_report_about_persons_is_refused(published: Town, serving: Serving, sentence: str) -> None:
    point, _ = published.inside()
    calls = serving(token=published.token("field"))
    refused = calls.post("/api/reports", json=point | {"sentence": sentence})
    assert refused.status_code == 422
    assert sentence.strip() == "" or sentence not in refused.text


def test_reports_are_bounded_in_number_and_place(published: Town, serving: Serving) -> None:
    point, _ = published.inside()
    calls = serving(token=published.token("field"), report_rate="2/hour")
    far = calls.post("/api/reports", json={"lon": 0.0, "lat": 0.0, "sentence": "不在这里"})
    assert far.status_code == 404
    seen = [calls.post("/api/reports", json=point | {"sentence": "x"}).status_code for _ in range(2)]
    assert seen == [201, 429]


def test_reports_stay_in_their_part_of_the_tree(published: Town, serving: Serving) -> None:
    calls = serving()
    point, code = published.inside()
    with published.store.reading() as session:
        other = area_of(session, community_of(published, -1), level="community").id
    assert community_of(published, -1) != code[:12]
    assert (
        calls.post(
            "/api/reports", json=point | {"sentence": "x"}, token=published.token("field", area=other)
        ).status_code
        == 403
    )
    made = calls.post("/api/reports", json=point | {"sentence": "x"}, token=published.token("field")).json()
    elsewhere = published.token("planner", area=other)
    assert calls.get("/api/reports", token=elsewhere).json()["reports"] == []
    assert calls.post(f"/api/reports/{made['id']}/close", token=elsewhere).status_code == 404
