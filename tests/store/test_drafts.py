"""Two planners in one draft: nothing is lost, what cannot be decided is asked, and everything can be taken back."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely

from gis_grid.assignment import Clash, Move
from gis_grid.errors import AbsentError, ClashError, InputError, MoveError, RightsError
from gis_grid.store import Store
from gis_grid.store.access import Actor
from gis_grid.store.drafts import (
    assignment_of,
    cut,
    discard,
    draft,
    journal,
    list_drafts,
    load_draft,
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


def halves(store: Store, draft_id: str, block: str) -> list[list[float]]:
    """Return a line in WGS 84 that cuts a block in two from west to east."""
    with store.reading() as session:
        plan = load_draft(session, draft_id, checked=False)
    west, south, east, north = plan.blocks.geometry.loc[block].bounds
    middle = (south + north) / 2
    drawn = gpd.GeoSeries([shapely.LineString([(west - 9, middle), (east + 9, middle + 1)])], crs=plan.blocks.crs)
    return shapely.get_coordinates(drawn.to_crs(4326)[0]).tolist()


def test_a_cut_is_an_entry_that_can_be_taken_back_and_made_again(store: Store, draft_id: str) -> None:
    drawn = halves(store, draft_id, "b00009")
    with store.writing() as session:
        found = cut(session, draft_id, revision=0, block_id="b00009", line=drawn, actor=LIN, key="c")
        again = cut(session, draft_id, revision=0, block_id="b00009", line=drawn, actor=LIN, key="c")
        assert (found.parts, again.parts, again.repeated) == (["b00009-1", "b00009-2"],) * 2 + (True,)
        now = assignment_of(session, draft_id)
        assert "b00009" not in now
        assert now[found.parts].tolist() == ["g0001", "g0001"]
        assert now.equals(rebuild(session, draft_id))
        back = undo(session, draft_id, revision=1, actor=LIN)
        assert assignment_of(session, draft_id)["b00009"] == "g0001"
        assert len(load_draft(session, draft_id, checked=False).blocks) == 32
        undo(session, draft_id, revision=2, entry=back.revision, actor=LIN)
        assert assignment_of(session, draft_id).equals(now)
        third = patch(session, draft_id, revision=3, moves=[Move("b00009-2", "g0001", "g0003")], why="", actor=WANG)
        undone = undo(session, draft_id, revision=4, actor=LIN, entry=1)
        assert (third.revision, undone.revision, undone.accepted) == (4, 4, [])
        assert [clash.block for clash in undone.clashes] == ["b00009-2"]
        plan = load_draft(session, draft_id)
    assert shapely.coverage_is_valid(plan.blocks.geometry.to_numpy())
    assert plan.grids["households"].to_dict() == {"g0001": 465, "g0002": 480, "g0003": 15}
    assert {"b00009-1", "b00009-2"} <= set(plan.borders["a"]) | set(plan.borders["b"])


def test_a_block_that_was_cut_anew_is_not_put_together_by_halves(store: Store, draft_id: str) -> None:
    drawn = halves(store, draft_id, "b00009")
    with store.writing() as session:
        cut(session, draft_id, revision=0, block_id="b00009", line=drawn, actor=LIN)
        undo(session, draft_id, revision=1, actor=LIN)
        again = cut(session, draft_id, revision=2, block_id="b00009", line=drawn, actor=LIN)
        assert again.parts == ["b00009-3", "b00009-4"]
        for entry in (1, 2):
            found = undo(session, draft_id, revision=3, actor=LIN, entry=entry)
            assert (found.revision, found.accepted) == (3, [])
            assert found.clashes
        assert undo(session, draft_id, revision=3, actor=LIN).entry == 3
        assert rebuild(session, draft_id).equals(assignment_of(session, draft_id))
        assert len(load_draft(session, draft_id, checked=False).blocks) == 32


def test_a_cut_whose_part_was_cut_is_not_taken_back(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        cut(session, draft_id, revision=0, block_id="b00009", line=halves(store, draft_id, "b00009"), actor=LIN)
    drawn = halves(store, draft_id, "b00009-1")
    with store.writing() as session:
        cut(session, draft_id, revision=1, block_id="b00009-1", line=drawn, actor=WANG)
        found = undo(session, draft_id, revision=2, actor=LIN)
        assert (found.accepted, [clash.block for clash in found.clashes]) == ([], ["b00009-1"])
        undo(session, draft_id, revision=2, actor=WANG)
        assert undo(session, draft_id, revision=3, actor=LIN).entry == 1
        assert load_draft(session, draft_id, checked=False).blocks.index.str.len().max() == 6


def test_a_block_that_was_cut_meanwhile_comes_back(store: Store, draft_id: str) -> None:
    drawn = halves(store, draft_id, "b00003")
    mine = [Move("b00003", "g0001", "g0002"), Move("b00002", "g0001", "g0002")]
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=[NEAR[1]], why="", actor=WANG, key="k")
        cut(session, draft_id, revision=0, block_id="b00003", line=drawn, actor=LIN)
        found = patch(session, draft_id, revision=0, moves=mine, why="", actor=WANG)
        assert [(clash.block, clash.theirs.new) for clash in found.clashes] == [("b00003", "")]
        assert found.accepted == mine[1:]
        assert patch(session, draft_id, revision=0, moves=[NEAR[1]], why="", actor=WANG, key="k").revision == 1
        with pytest.raises(MoveError, match="no block b00003"):
            patch(session, draft_id, revision=3, moves=mine[:1], why="", actor=WANG)
        with pytest.raises(ClashError, match="was cut by somebody else"):
            cut(session, draft_id, revision=0, block_id="b00003", line=drawn, actor=WANG)
        with pytest.raises(InputError, match="misses the block"):
            cut(session, draft_id, revision=3, block_id="b00031", line=drawn, actor=WANG)
        with pytest.raises(InputError, match="longitude and latitude"):
            cut(session, draft_id, revision=3, block_id="b00031", line=[[500000, 3400000], [1, 2]], actor=WANG)


def test_a_draft_is_a_whole_plan(store: Store, draft_id: str) -> None:
    with store.writing() as session:
        patch(session, draft_id, revision=0, moves=[*NEAR, Move("b00031", "g0002", "g0003")], why="", actor=LIN)
        plan = load_draft(session, draft_id)
    assert plan.grids["households"].to_dict() == {"g0001": 420, "g0002": 510, "g0003": 30}
    assert plan.grids["code"].str[-3:].to_dict() == {"g0001": "001", "g0002": "003", "g0003": "004"}
    assert plan.grids["legal"].to_dict() == {"g0001": True, "g0002": False, "g0003": False}
    assert set(plan.issues.loc[plan.issues["severity"] == "error", "rule"]) == {"band"}
    assert plan.grids["bounds_zh"].str.startswith("东至").all()
    assert plan.grids["name"].tolist() == ["样例社区1网格", "样例社区3网格", "样例社区4网格"]
