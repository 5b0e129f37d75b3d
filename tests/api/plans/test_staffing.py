"""Rosters, leave, suggestions and hand-over lists over HTTP: what they say, and who may ask."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pandas as pd
import pytest
from offices import CODE, Office, in_force

from gis_grid.store.access import LOCAL
from gis_grid.store.areas import add_area
from gis_grid.store.audit import entries
from gis_grid.store.tokens import create_token
from townlet import COMMUNITY

TODAY = date.today()  # noqa: DTZ011  the district's day may be the next one; nothing here hangs on it
ROSTER = "姓名,岗位,工作电话,社区编码,网格,家庭住址\n" + "\n".join(
    [
        f"张一,网格协调员,0000-1,{COMMUNITY},{COMMUNITY}001,x",
        f"李二,网格协调员,0000-2,{COMMUNITY},,x",
        f"王三,站长,0000-3,{COMMUNITY},,x",
    ]
)


def sent(office: Office, content: bytes, *, who: str = "admin", name: str = "roster.csv", **more: str):
    query = {"district": CODE, "name": name, **more}
    return office.calls.post("/api/staff/roster", params=query, content=content, token=office.tokens[who])


@pytest.fixture
def peopled(office: Office) -> Office:
    """Put the plan into force and take the roster in."""
    in_force(office)
    answer = sent(office, ROSTER.encode("gb18030"), confirmed="true", **{"from": "2020-01-01"})
    assert answer.status_code == 200, answer.text
    return office


def told(office: Office, role: str, **query: str) -> list[tuple[str, str]]:
    answer = office.calls.get("/api/staff", params=query, token=office.tokens["lin"])
    assert answer.status_code == 200, answer.text
    return [(one["name"], one["kind"]) for one in answer.json()["staff"] if one["role"] == role]


def test_a_roster_is_confirmed_before_it_is_kept(office: Office) -> None:
    in_force(office)
    seen = sent(office, ROSTER.encode("utf-8-sig"))
    assert seen.status_code == 200, seen.text
    body = seen.json()
    assert (body["confirmed"], body["rows"], body["people"]) == (False, 3, 3)
    assert "家庭住址" in body["notes"][1]
    assert told(office, "coordinator") == []
    assert sent(office, ROSTER.encode("utf-8-sig"), confirmed="true").json()["vacant"] == 1
    assert [name for name, _ in told(office, "coordinator")] == ["张一", "李二"]


def test_faults_of_a_roster_come_all_at_once(office: Office) -> None:
    in_force(office)
    wrong = "姓名,岗位,电话,网格\n甲,网格协调员,0000-1,nowhere\n乙,,call me,\n"
    answer = sent(office, wrong.encode())
    assert answer.status_code == 422
    assert {(one["column"], one["row"]) for one in answer.json()["faults"]} == {("post", 2), ("phone", 2)}
    answer = sent(office, wrong.replace(",,call me", ",站长,0000-2").encode())
    assert [(one["column"], one["row"]) for one in answer.json()["faults"]] == [("grid", 1)]


def test_rights(peopled: Office) -> None:
    assert sent(peopled, ROSTER.encode(), who="lin").status_code == 403
    with peopled.store.writing() as session:
        away = add_area(session, code="999999", level="district", name="邻区").id
        elsewhere = create_token(session, name="x", role="administrator", days=1, actor=LOCAL, area=away)[1]
    query = {"district": CODE, "name": "r.csv"}
    assert (
        peopled.calls.post("/api/staff/roster", params=query, content=ROSTER.encode(), token=elsewhere).status_code
        == 403
    )
    wish = {"district": CODE, "person": "s00001", "valid_from": str(TODAY)}
    assert peopled.calls.post("/api/staff/leave", json=wish, token=elsewhere).status_code == 403
    assert peopled.calls.post("/api/staff/suggest", json={"district": CODE}, token=elsewhere).status_code == 403
    assert peopled.calls.get("/api/staff/roster", params={"district": CODE}, token=elsewhere).status_code == 403
    guest = peopled.tokens["guest"]
    assert peopled.calls.get("/api/staff/roster", params={"district": CODE}, token=guest).status_code == 403
    assert peopled.calls.get("/api/staff").status_code == 401


def test_the_roster_goes_out_and_comes_back(peopled: Office) -> None:
    for form in ("xlsx", "csv"):
        query = {"district": CODE, "format": form}
        answer = peopled.calls.get("/api/staff/roster", params=query, token=peopled.tokens["lin"])
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["content-disposition"]
        before = told(peopled, "coordinator")
        again = sent(peopled, answer.content, name=f"back.{form}", confirmed="true")
        assert again.status_code == 200, again.text
        assert told(peopled, "coordinator") == before
    frame = pd.read_csv(io.BytesIO(answer.content), dtype=str, keep_default_na=False)
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "张一" in frame["姓名"].tolist()
    with peopled.store.reading() as session:
        assert "export" in [entry.action for entry in entries(session, district=peopled.district)]


def test_leave_deputies_and_the_station(peopled: Office) -> None:
    calls, admin = peopled.calls, peopled.tokens["admin"]
    people = {one["name"]: one["person"] for one in calls.get("/api/staff", token=admin).json()["staff"]}
    first, last = TODAY + timedelta(days=3), TODAY + timedelta(days=6)
    wish = {"district": CODE, "person": people["张一"], "valid_from": str(first), "valid_to": str(last)}
    away = calls.post("/api/staff/leave", json=wish, token=admin)
    assert away.status_code == 201, away.text
    assert away.json()["uncovered"] == away.json()["posts"] == [f"coordinator@grid:{COMMUNITY}001#1"]

    def answering(on: date) -> list[tuple[str, str, str]]:
        query = {"grid": f"{COMMUNITY}001", "line": "livelihood", "at": str(on)}
        answer = calls.get("/api/staff/handling", params=query, token=admin)
        assert answer.status_code == 200, answer.text
        return [(one["name"], one["kind"], one["role"]) for one in answer.json()["people"]]

    assert answering(first - timedelta(days=1)) == [("张一", "holder", "coordinator")]
    # nobody stands in: the head of the community's station answers, under the post that is empty
    assert answering(first) == [("王三", "station", "coordinator")]
    calls.post("/api/staff/leave", json=wish | {"substitute": people["李二"]}, token=admin)
    assert answering(first) == [("李二", "substitute", "coordinator")]
    assert answering(last) == [("张一", "holder", "coordinator")]
    again = {"district": CODE, "person": people["张一"], "on": str(first + timedelta(days=1))}
    assert calls.post("/api/staff/back", json=again, token=admin).json() == {"ended": 2}
    assert answering(first + timedelta(days=1)) == [("张一", "holder", "coordinator")]
    alone = wish | {"substitute": people["张一"]}
    assert calls.post("/api/staff/leave", json=alone, token=admin).status_code == 409


def test_a_suggestion_and_a_hand_over_list(peopled: Office) -> None:
    calls, lin = peopled.calls, peopled.tokens["lin"]
    found = calls.post("/api/staff/suggest", json={"district": CODE, "most": 1}, token=lin)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body["gap"] < 1e-3
    assert {one["name"]: one["posts"] for one in body["people"]} == {"张一": 1, "李二": 1, "王三": 1}
    assert all(one["why_zh"] and one["why_en"] for one in body["people"])
    draft = peopled.draft()
    moves = [{"block": f"b{n:05d}", "old": "g0001", "new": "g0002"} for n in (3, 11)]
    answer = calls.patch(f"/api/drafts/{draft}", json={"revision": 0, "moves": moves, "why": ""}, token=lin)
    assert answer.status_code == 200, answer.text
    told_ = calls.get(f"/api/drafts/{draft}/compare", token=lin).json()
    assert told_["handover_totals"] == [
        {
            "role": "coordinator",
            "from_person": "张一",
            "to_person": "李二",
            "blocks": 2,
            "households": 60,
            "addresses": 0,
        }
    ]
    assert [one["block_id"] for one in told_["handover"]] == ["b00003", "b00011"]
