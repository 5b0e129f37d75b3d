"""Comments on grids of a plan in review: who may say, answer and settle them, and what is never kept."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from offices import Office

from gis_grid.store import audit


def in_review(office: Office) -> str:
    """Hand in a draft of the office's plan, and return the new plan."""
    draft = office.draft()
    moves = [{"block": "b00003", "old": "g0001", "new": "g0002"}]
    lin = office.tokens["lin"]
    office.calls.patch(f"/api/drafts/{draft}", json={"revision": 0, "moves": moves}, token=lin)
    body = {"draft": draft, "revision": 1, "comment": ""}
    answer = office.calls.post(f"/api/plans/{office.plan_id}/submit", json=body, token=lin)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["plan"])


def test_a_comment_is_said_answered_and_settled_and_all_of_it_stays(office: Office) -> None:
    lin, zhao = office.tokens["lin"], office.tokens["zhao"]
    base = f"/api/plans/{in_review(office)}/comments"
    said = office.calls.post(base, json={"grid": "g0001", "sentence": "东侧应沿路"}, token=zhao)
    assert said.status_code == 201, said.text
    about = f"/api/comments/{said.json()['id']}/answers"
    assert office.calls.post(about, json={"sentence": "已改"}, token=lin).status_code == 201
    assert office.calls.post(about, json={"settled": True}, token=lin).status_code == 201
    assert office.calls.post(about, json={"sentence": "再说"}, token=lin).status_code == 409
    told = office.calls.get(base, token=lin).json()["comments"]
    assert [(one["kind"], one["sentence"], one["who"]) for one in told] == [
        ("comment", "东侧应沿路", "zhao"),
        ("answer", "已改", "lin"),
        ("settled", "", "lin"),
    ]
    with office.store.reading() as session:
        kinds = {one.action for one in audit.entries(session)}
    assert {"comment", "answer", "settled"} <= kinds
    with pytest.raises(sa.exc.DBAPIError, match="never altered"), office.store.writing() as session:
        session.execute(sa.text("UPDATE comments SET sentence = 'x'"))


def test_who_does_not_approve_comments_nothing_and_persons_are_not_spoken_of(office: Office) -> None:
    lin, zhao = office.tokens["lin"], office.tokens["zhao"]
    first = f"/api/plans/{office.plan_id}/comments"
    wish = {"grid": "g0001", "sentence": "东侧应沿路"}
    assert office.calls.post(first, json=wish, token=zhao).status_code == 409, "it is not in review"
    base = f"/api/plans/{in_review(office)}/comments"
    assert office.calls.post(base, json=wish, token=lin).status_code == 403
    assert office.calls.post(base, json=wish).status_code == 401
    assert office.calls.get(base, token=office.tokens["guest"]).status_code in (403, 404)
    assert office.calls.post(base, json=wish | {"grid": "g9999"}, token=zhao).status_code == 404
    for sentence in ("", "打电话给 138 0013 8000"):
        assert office.calls.post(base, json=wish | {"sentence": sentence}, token=zhao).status_code == 422, sentence
    assert office.calls.get(base, token=zhao).json()["comments"] == []
    assert office.calls.post("/api/comments/77/answers", json={"settled": True}, token=lin).status_code == 404


def test_any_two_plans_are_compared_and_a_plan_is_put_to_the_rules(office: Office) -> None:
    lin, plan = office.tokens["lin"], in_review(office)
    found = office.calls.get(f"/api/plans/{plan}/compare?with={office.plan_id}", token=lin).json()
    assert [row["block_id"] for row in found["moved"]] == ["b00003"]
    back = office.calls.get(f"/api/plans/{office.plan_id}/compare?with={plan}", token=lin).json()
    (one,), (other,) = found["moved"], back["moved"]
    assert (one["grid_before"], one["grid_after"]) == (other["grid_after"], other["grid_before"])
    assert office.calls.get(f"/api/plans/{plan}/compare?with=p0", token=lin).status_code == 404
    assert office.calls.get(f"/api/plans/{plan}/compare", token=lin).status_code == 422
    issues = office.calls.get(f"/api/plans/{plan}/issues", token=lin).json()
    assert issues["revision"] == 0
    assert sum(issues["counts"].values()) == len(issues["issues"])


def test_an_atlas_and_a_card_are_printed_from_a_draft(office: Office) -> None:
    base = f"/api/drafts/{office.draft()}/export?format=pdf"
    whole, card = (office.calls.get(base + more, token=office.tokens["lin"]) for more in ("", "&grid=g0001"))
    assert [one.content[:5] for one in (whole, card)] == [b"%PDF-"] * 2
    assert whole.content.count(b"/Type /Page\n") > card.content.count(b"/Type /Page\n") == 1
    assert office.calls.get(f"{base}&grid=g9999", token=office.tokens["lin"]).status_code == 422


def test_what_is_still_open_goes_along_to_the_plan_that_follows(office: Office) -> None:
    lin, zhao = office.tokens["lin"], office.tokens["zhao"]
    first = in_review(office)
    base = f"/api/plans/{first}/comments"
    said = [
        office.calls.post(base, json={"grid": grid, "sentence": sentence}, token=zhao).json()["id"]
        for grid, sentence in (("g0001", "东侧应沿路"), ("g0002", "南侧应沿河"))
    ]
    office.calls.post(f"/api/comments/{said[0]}/answers", json={"sentence": "在改"}, token=lin)
    office.calls.post(f"/api/comments/{said[1]}/answers", json={"settled": True}, token=lin)
    office.calls.post(f"/api/plans/{first}/return", json={"comment": ""}, token=zhao)
    draft = office.calls.post(f"/api/plans/{first}/drafts", json={"name": "again"}, token=lin).json()["id"]
    body = {"draft": draft, "revision": 0, "comment": ""}
    second = office.calls.post(f"/api/plans/{first}/submit", json=body, token=lin).json()["plan"]
    later = f"/api/plans/{second}/comments"
    told = office.calls.get(later, token=zhao).json()["comments"]
    assert [(one["kind"], one["sentence"], one["plan"]) for one in told] == [
        ("comment", "东侧应沿路", first),
        ("answer", "在改", first),
    ]
    settling = office.calls.post(f"/api/comments/{said[0]}/answers", json={"settled": True}, token=lin)
    assert settling.status_code == 201
    assert office.calls.get(later, token=zhao).json()["comments"] == []
