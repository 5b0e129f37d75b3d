"""Drafts over HTTP: moves, clashes, undo, the journal, and who may see them."""

from __future__ import annotations

import pytest
from offices import Office

from gis_grid.store import audit


def _move(block: str, old: str, new: str) -> dict[str, str]:
    return {"block": block, "old": old, "new": new}


def _patch(office: Office, draft: str, who: str, revision: int, *moves: dict[str, str], **more: object) -> dict:
    body = {"revision": revision, "moves": list(moves), **more}
    found = office.calls.patch(f"/api/drafts/{draft}", json=body, token=office.tokens[who])
    assert found.status_code == 200, found.text
    return found.json()


def test_two_planners_on_different_blocks_never_collide_and_a_clash_has_both_names(
    office: Office,
) -> None:
    draft = office.draft()
    assert _patch(office, draft, "lin", 0, _move("b00003", "g0001", "g0002"))["revision"] == 1
    found = _patch(office, draft, "wang", 0, _move("b00011", "g0001", "g0002"), _move("b00003", "g0001", "g0003"))
    assert [one["block"] for one in found["accepted"]] == ["b00011"]
    [clash] = found["clashes"]
    assert (clash["block"], clash["mine"]["new"], clash["theirs"]["new"]) == ("b00003", "g0003", "g0002")
    assert clash["who"] == "lin"
    journal = office.calls.get(f"/api/drafts/{draft}/journal", token=office.tokens["lin"]).json()
    assert [(one["revision"], one["who"]) for one in journal["entries"]] == [(1, "lin"), (2, "wang")]
    assert not journal["more"]


def test_undo_takes_back_ones_own_and_a_request_sent_twice_counts_once(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    body = {"revision": 0, "moves": [_move("b00003", "g0001", "g0002")]}
    for repeated in (False, True):
        headers = {"Idempotency-Key": "k1"}
        found = office.calls.patch(f"/api/drafts/{draft}", json=body, token=lin, headers=headers).json()
        assert (found["revision"], found["repeated"]) == (1, repeated)
    found = office.calls.post(f"/api/drafts/{draft}/undo", json={"revision": 1}, token=lin).json()
    assert (found["revision"], found["entry"]) == (2, 1)
    assert found["accepted"] == [_move("b00003", "g0002", "g0001")]


def test_a_clash_that_is_asked_for_again_is_told_as_it_was(office: Office) -> None:
    draft = office.draft()
    _patch(office, draft, "lin", 0, _move("b00003", "g0001", "g0002"))
    body = {"revision": 0, "moves": [_move("b00003", "g0001", "g0003")]}
    ask = {"json": body, "token": office.tokens["wang"], "headers": {"Idempotency-Key": "k1"}}
    first = office.calls.patch(f"/api/drafts/{draft}", **ask).json()
    assert first["clashes"][0]["who"] == "lin"
    _patch(office, draft, "wang", 1, _move("b00003", "g0002", "g0003"))
    _patch(office, draft, "wang", 2, _move("b00003", "g0003", "g0002"))
    again = office.calls.patch(f"/api/drafts/{draft}", **ask).json()
    assert again == {**first, "repeated": True}


def test_a_revision_ahead_is_a_conflict_and_a_move_that_does_not_fit_names_every_fault(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    ahead = office.calls.patch(f"/api/drafts/{draft}", json={"revision": 5, "moves": []}, token=lin)
    assert ahead.status_code == 409
    body = {"revision": 0, "moves": [_move("b00003", "g0004", "g0001"), _move("nowhere", "g0001", "g0002")]}
    wrong = office.calls.patch(f"/api/drafts/{draft}", json=body, token=lin)
    assert wrong.status_code == 422
    assert "b00003" in wrong.text
    assert "nowhere" in wrong.text


def test_drafts_are_not_for_everybody(office: Office) -> None:
    draft = office.draft()
    assert office.calls.get(f"/api/drafts/{draft}").status_code == 401
    assert office.calls.get(f"/api/drafts/{draft}", token=office.tokens["guest"]).status_code == 403
    assert office.calls.get("/api/drafts/d0", token=office.tokens["lin"]).status_code == 404


def test_the_rules_a_suggestion_and_a_comparison_are_of_the_draft_as_it_stands(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    before = office.calls.get(f"/api/drafts/{draft}/issues", token=lin).json()
    _patch(office, draft, "lin", 0, _move("b00000", "g0001", "g0002"))
    after = office.calls.get(f"/api/drafts/{draft}/issues", token=lin).json()
    assert (before["revision"], after["revision"]) == (0, 1)
    assert "contiguous" in {one["rule"] for one in after["issues"]} - {one["rule"] for one in before["issues"]}
    found = office.calls.get(f"/api/drafts/{draft}/compare", token=lin).json()
    assert [(one["block_id"], one["households"]) for one in found["moved"]] == [("b00000", 30)]
    offer = office.calls.post(f"/api/drafts/{draft}/suggest", json={"grids": ["g0001", "g0002"]}, token=lin).json()
    assert offer["revision"] == 1
    assert offer["message_en"]
    unknown = office.calls.post(f"/api/drafts/{draft}/suggest", json={"grids": ["nope"]}, token=lin)
    assert unknown.status_code == 422
    assert "nope" in unknown.text


def test_a_cut_makes_two_blocks_of_one(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    inside = office.plan.blocks.to_crs(4326).geometry["b00005"].bounds
    west, south, east, north = inside
    middle = (west + east) / 2
    body = {"revision": 0, "block_id": "b00005", "line": [[middle, south - 0.001], [middle, north + 0.001]]}
    found = office.calls.post(f"/api/drafts/{draft}/cut", json=body, token=lin)
    assert found.status_code == 200, found.text
    assert len(found.json()["parts"]) == 2
    table = office.calls.get(f"/api/drafts/{draft}/table", token=lin).json()
    assert set(found.json()["parts"]) <= set(table["blocks"]["id"])
    assert "b00005" not in table["blocks"]["id"]
    assert sum(table["blocks"]["households"]) == 30 * 32


def test_a_discarded_draft_takes_no_moves(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    assert office.calls.request("DELETE", f"/api/drafts/{draft}", token=lin).status_code == 204
    body = {"revision": 0, "moves": [_move("b00003", "g0001", "g0002")]}
    assert office.calls.patch(f"/api/drafts/{draft}", json=body, token=lin).status_code == 409


def test_editors_see_one_another(office: Office) -> None:
    draft = office.draft()
    for who, grids in (("lin", ["g0001"]), ("wang", ["g0004"])):
        said = office.calls.post(f"/api/drafts/{draft}/presence", json={"grids": grids}, token=office.tokens[who])
        assert said.status_code == 200, said.text
    assert {one["who"]: one["grids"] for one in said.json()["editors"]} == {"lin": ["g0001"], "wang": ["g0004"]}


@pytest.mark.parametrize("since", [0, 1])
def test_events_begin_where_the_caller_was(office: Office, since: int) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    _patch(office, draft, "lin", 0, _move("b00003", "g0001", "g0002"))
    _patch(office, draft, "wang", 1, _move("b00011", "g0001", "g0002"))
    office.calls.request("DELETE", f"/api/drafts/{draft}", token=lin)  # so that the stream has an end
    found = office.calls.get(f"/api/drafts/{draft}/events", token=lin, headers={"Last-Event-ID": str(since)})
    assert found.headers["content-type"].startswith("text/event-stream")
    ids = [line.removeprefix("id: ") for line in found.text.splitlines() if line.startswith("id:")]
    assert ids == [str(one) for one in (1, 2) if one > since]
    assert '"state":"discarded"' in found.text


def test_an_export_is_written_down(office: Office) -> None:
    draft = office.draft()
    found = office.calls.get(f"/api/drafts/{draft}/export?format=geojson&layer=blocks", token=office.tokens["lin"])
    assert found.status_code == 200, found.text
    assert len(found.json()["features"]) == 32
    with office.store.reading() as session:
        [entry] = audit.entries(session, action="export")
    assert (entry.subject, entry.who) == (draft, "lin")
