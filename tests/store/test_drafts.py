"""Two planners in one draft: nothing is lost, what cannot be decided is asked, and everything can be taken back."""

from __future__ import annotations

import pytest

from gis_grid.assignment import Clash, Move
from gis_grid.errors import AbsentError, ClashError, MoveError, RightsError
from gis_grid.store import Store
from gis_grid.store.access import Actor
from gis_grid.store.drafts import (
    assignment_of,
    discard,
    draft,
    journal,
    list_drafts,
    open_draft,
    patch,
    rebuild,
    undo,
)
from townlet import LIN, WANG, kept, squares

NEAR = [Move("b00003", "g0001", "g0002"), Move("b00011", "g0001", "g0002")]


@pytest.fixture
def draft_id(store: Store) -> str:
    plan_id = kept(store, squares())
    with store.writing() as session:
        return open_draft(session, plan_id, name="east", actor=LIN)


def test_planners_on_different_blocks_do_not_collide(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        first = patch(session, draft_id, revision=0, moves=NEAR, why="school", actor=LIN)
    with store.writing() as session:
        second = patch(session, draft_id, revision=0, moves=[Move("b00020", "g0002", "g0001")], why="", actor=WANG)
    assert (first.revision, second.revision) == (1, 2)
    assert first.accepted == NEAR
    assert not second.clashes
    with store.reading() as session:
        now = assignment_of(session, draft_id)
        assert now[["b00003", "b00011", "b00020"]].tolist() == ["g0002", "g0002", "g0001"]
        assert now.equals(rebuild(session, draft_id))
        assert assignment_of(session, draft_id, revision=1)["b00020"] == "g0002"
        assert [(one.revision, one.who, one.why) for one in journal(session, draft_id)] == [
            (1, "Lin", "school"),
            (2, "Wang", ""),
        ]
        assert draft(session, draft_id).revision == 2


def test_a_block_sent_to_two_places_comes_back_and_the_rest_is_kept(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=NEAR, why="", actor=LIN)
        mine = [Move("b00003", "g0001", "g9"), Move("b00002", "g0001", "g9"), Move("b00011", "g0001", "g0002")]
        found = patch(session, draft_id, revision=0, moves=mine, why="", actor=WANG)
    assert found.accepted == [mine[1]]
    assert found.clashes == [Clash("b00003", mine[0], NEAR[0])]
    with store.reading() as session:
        assert assignment_of(session, draft_id)["b00003"] == "g0002"


def test_two_new_grids_of_one_id_stay_two(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=[Move("b00000", "g0001", "g0003")], why="", actor=LIN)
        found = patch(session, draft_id, revision=0, moves=[Move("b00031", "g0002", "g0003")], why="", actor=WANG)
        again = patch(session, draft_id, revision=0, moves=[Move("b00001", "g0001", "g0003")], why="", actor=LIN)
    assert found.renamed == {"g0003": "g0004"}
    assert found.accepted == [Move("b00031", "g0002", "g0004")]
    assert again.accepted == [Move("b00001", "g0001", "g0003")]


def test_every_fault_is_told_and_nothing_entered(store: Store, draft_id: str) -> None:
    wrong = [
        Move("nowhere", "g0001", "g0002"),
        Move("b00003", "g0002", "g0001"),
        Move("b00004", "g0002", "a b"),
        Move("b00005", "g0002", ""),
        Move("b00006", "g0002", "g0002"),
    ]
    with store.writing() as session, pytest.raises(MoveError) as caught:
        patch(session, draft_id, revision=0, moves=wrong, why="", actor=LIN)
    for said in ("no block nowhere", "b00003 is in g0001", "'a b' is no id", "without a name", "already in g0002"):
        assert said in str(caught.value)
    with store.writing() as session, pytest.raises(MoveError, match="too many"):
        patch(session, draft_id, revision=0, moves=NEAR * 5001, why="", actor=LIN)
    with store.writing() as session, pytest.raises(ClashError, match="not yet at 4"):
        patch(session, draft_id, revision=4, moves=NEAR, why="", actor=LIN)
    with store.reading() as session:
        assert draft(session, draft_id).revision == 0
        assert journal(session, draft_id) == []


def test_moves_that_change_nothing_make_no_entry(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        there_and_back = [Move("b00003", "g0001", "g0002"), Move("b00003", "g0002", "g0001")]
        assert patch(session, draft_id, revision=0, moves=there_and_back, why="", actor=LIN).revision == 0
        assert patch(session, draft_id, revision=0, moves=[], why="", actor=LIN).revision == 0
        patch(session, draft_id, revision=0, moves=NEAR, why="", actor=LIN)
        same = patch(session, draft_id, revision=0, moves=NEAR, why="", actor=WANG)
    assert (same.revision, same.accepted, same.clashes) == (1, [], [])


def test_a_request_sent_twice_is_answered_the_same(store: Store, draft_id: str) -> None:
    words = {"revision": 0, "why": "", "key": "k1"}
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=NEAR[:1], why="", actor=WANG)
        mine = [Move("b00003", "g0001", "g9"), Move("b00002", "g0001", "g9")]
        first = patch(session, draft_id, moves=mine, actor=LIN, **words)
        undo(session, draft_id, revision=2, actor=WANG)
        second = patch(session, draft_id, moves=mine, actor=LIN, **words)
        with pytest.raises(ClashError, match="named another request"):
            patch(session, draft_id, moves=mine[:1], actor=LIN, **words)
    assert (second.revision, second.accepted, second.clashes) == (first.revision, first.accepted, first.clashes)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.clashes
    with store.reading() as session:
        assert draft(session, draft_id).revision == 3


def test_undo_takes_back_what_one_did_oneself(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=NEAR, why="", actor=LIN)
        patch(session, draft_id, revision=1, moves=[Move("b00000", "g0001", "g0002")], why="", actor=WANG)
        patch(session, draft_id, revision=2, moves=[Move("b00001", "g0001", "g0002")], why="", actor=LIN)
        assert undo(session, draft_id, revision=3, actor=LIN).entry == 3
        assert undo(session, draft_id, revision=4, actor=LIN).entry == 1
        with pytest.raises(ClashError, match="nothing"):
            undo(session, draft_id, revision=5, actor=LIN)
        now = assignment_of(session, draft_id)
        assert now[["b00000", "b00001", "b00003"]].tolist() == ["g0002", "g0001", "g0001"]
        again = undo(session, draft_id, revision=5, actor=LIN, entry=4)
        assert again.accepted == [Move("b00001", "g0001", "g0002")]
        assert undo(session, draft_id, revision=6, actor=LIN).entry == 3
        assert journal(session, draft_id, since=6)[0].undoes == 3
        assert rebuild(session, draft_id).equals(assignment_of(session, draft_id))


def test_undo_leaves_what_somebody_has_moved_on(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=NEAR, why="", actor=LIN)
        patch(session, draft_id, revision=1, moves=[Move("b00003", "g0002", "g9")], why="", actor=WANG)
        found = undo(session, draft_id, revision=2, actor=LIN)
    assert found.accepted == [Move("b00011", "g0002", "g0001")]
    assert [(clash.block, clash.theirs.new) for clash in found.clashes] == [("b00003", "g9")]


def test_a_discarded_draft_takes_no_more(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        discard(session, draft_id, actor=LIN)
        assert list_drafts(session) == []
        assert [one.state for one in list_drafts(session, state=None)] == ["discarded"]
        with pytest.raises(ClashError, match="discarded"):
            patch(session, draft_id, revision=0, moves=NEAR, why="", actor=LIN)
        with pytest.raises(ClashError, match="discarded"):
            discard(session, draft_id, actor=LIN)


def test_what_is_absent_or_not_allowed_is_said(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        with pytest.raises(AbsentError, match="no plan p0"):
            open_draft(session, "p0", name="", actor=LIN)
        with pytest.raises(AbsentError, match="no draft d0"):
            patch(session, "d0", revision=0, moves=NEAR, why="", actor=LIN)
        with pytest.raises(AbsentError, match="no entry 7"):
            undo(session, draft_id, revision=0, entry=7, actor=LIN)
        with pytest.raises(RightsError):
            patch(session, draft_id, revision=0, moves=NEAR, why="", actor=Actor("Xu", "field"))
        with pytest.raises(RightsError):
            patch(session, draft_id, revision=0, moves=NEAR, why="", actor=Actor("Xu", "planner", "/99/"))
