"""Moves: what is applied can be undone, and carrying moves over to another's draft loses none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_series_equal

from gis_grid.assignment import (
    Move,
    apply,
    difference,
    make_assignment,
    merge,
    next_grid_id,
    rebase,
    split,
    squash,
    undo,
)
from gis_grid.errors import MoveError

BEFORE = make_assignment({"b1": "g0001", "b2": "g0001", "b3": "g0002", "b4": "g0002", "b5": "g0003"})
BLOCKS = [f"b{n}" for n in range(8)]
GRIDS = [f"g{n:04d}" for n in range(1, 5)]


@st.composite
def assignments(draw: st.DrawFn) -> pd.Series:
    return make_assignment({block: draw(st.sampled_from(GRIDS)) for block in BLOCKS})


def journal(draw: st.DrawFn, start: pd.Series) -> list[Move]:
    """Draw moves that fit one after another; blocks may move more than once."""
    now, moves = start.to_dict(), []
    for block in draw(st.lists(st.sampled_from(BLOCKS), max_size=12)):
        new = draw(st.sampled_from([grid for grid in GRIDS if grid != now[block]]))
        moves.append(Move(block, now[block], new))
        now[block] = new
    return moves


@st.composite
def histories(draw: st.DrawFn, lists: int = 1) -> tuple[pd.Series, *tuple[list[Move], ...]]:
    start = draw(assignments())
    return (start, *(journal(draw, start) for _ in range(lists)))


@given(histories())
def test_undo_takes_everything_back(history: tuple[pd.Series, list[Move]]) -> None:
    start, moves = history
    assert_series_equal(apply(apply(start, moves), undo(moves)), start)
    assert undo(undo(moves)) == moves


@given(histories())
def test_squashed_moves_do_the_same_with_one_move_a_block(history: tuple[pd.Series, list[Move]]) -> None:
    start, moves = history
    short = squash(moves)
    after = apply(start, moves)
    assert_series_equal(apply(start, short), after)
    assert len({move.block for move in short}) == len(short)
    assert sorted(short) == sorted(difference(start, after))


@given(histories(lists=2))
def test_rebase_loses_no_move(history: tuple[pd.Series, list[Move], list[Move]]) -> None:
    start, mine, theirs = history
    accepted, clashes = rebase(mine, theirs)
    after = apply(apply(start, theirs), accepted)
    clashing = {clash.block for clash in clashes}
    for move in squash(mine):
        assert (after[move.block] == move.new) != (move.block in clashing)
    for move in squash(theirs):
        assert after[move.block] == move.new
    for clash in clashes:
        assert clash.mine.old == clash.theirs.old
        assert clash.mine.new != clash.theirs.new
    touched = {move.block for move in mine} | {move.block for move in theirs}
    untouched = [block for block in BLOCKS if block not in touched]
    assert_series_equal(after[untouched], start[untouched])


@given(histories(lists=2))
def test_who_comes_second_changes_no_block_that_does_not_clash(
    history: tuple[pd.Series, list[Move], list[Move]],
) -> None:
    start, one, other = history
    first = apply(apply(start, one), rebase(other, one).accepted)
    second = apply(apply(start, other), rebase(one, other).accepted)
    clashing = {clash.block for clash in rebase(one, other).clashes}
    assert set(first.index[first != second]) == clashing


def test_applying_leaves_what_was_handed_in_alone_and_keeps_type_and_order() -> None:
    copy = BEFORE.copy()
    after = apply(BEFORE, [Move("b5", "g0003", "g0009")])
    assert_series_equal(BEFORE, copy)
    assert after.index.equals(BEFORE.index)
    assert after.dtype == BEFORE.dtype
    assert (after.name, after.index.name) == ("grid_id", "block_id")
    assert_series_equal(apply(BEFORE, []), BEFORE)


def test_every_misfit_is_named_and_nothing_is_applied() -> None:
    moves = [
        Move("b1", "g0001", "g0002"),
        Move("b1", "g0001", "g0003"),
        Move("b9", "g0001", "g0002"),
        Move("b3", "g0002", "g0002"),
        Move("b4", "g0002", ""),
    ]
    with pytest.raises(MoveError) as caught:
        apply(BEFORE, moves)
    said = str(caught.value)
    assert said.startswith("4 moves do not fit:")
    for part in (
        "block b1 is in g0002, not in g0001",
        "no block b9",
        "b3 is already in g0002",
        "b4 is sent to a grid without",
    ):
        assert part in said


def test_a_long_list_of_misfits_is_cut_short() -> None:
    with pytest.raises(MoveError, match="and 80 more"):
        apply(BEFORE, [Move(f"x{n}", "g1", "g2") for n in range(100)])


def test_a_broken_journal_is_refused() -> None:
    with pytest.raises(MoveError, match="was sent to g0002, then taken from g0003"):
        squash([Move("b1", "g0001", "g0002"), Move("b1", "g0003", "g0001")])


def test_lists_from_different_drafts_cannot_be_rebased() -> None:
    with pytest.raises(MoveError, match="starts in g0001 for one and in g0002 for the other"):
        rebase([Move("b1", "g0001", "g0003")], [Move("b1", "g0002", "g0003")])


def test_merge_makes_one_grid() -> None:
    after = apply(BEFORE, merge(BEFORE, ["g0002", "g0001"]))
    assert after.to_dict() == {"b1": "g0002", "b2": "g0002", "b3": "g0002", "b4": "g0002", "b5": "g0003"}
    fresh = apply(BEFORE, merge(BEFORE, ["g0001", "g0003"], into="g0007"))
    assert fresh[fresh == "g0007"].index.to_list() == ["b1", "b2", "b5"]


@pytest.mark.parametrize(
    ("grids", "into", "said"),
    [
        (["g0001"], "", "at least two"),
        (["g0001", "g0001"], "", "at least two"),
        (["g0001", "g0008"], "", "no grid g0008"),
        (["g0001", "g0002"], "g0003", "in use"),
    ],
)
def test_merge_refuses_what_makes_no_sense(grids: list[str], into: str, said: str) -> None:
    with pytest.raises(MoveError, match=said):
        merge(BEFORE, grids, into=into)


def test_split_takes_blocks_out_and_merging_again_is_the_way_back() -> None:
    moves = split(BEFORE, "g0002", {"b4"})
    assert moves == [Move("b4", "g0002", "g0004")]
    after = apply(BEFORE, moves)
    assert_series_equal(apply(after, merge(after, ["g0002", "g0004"])), BEFORE)


@pytest.mark.parametrize(
    ("grid", "blocks", "new", "said"),
    [
        ("g0009", ["b1"], "", "no grid g0009"),
        ("g0002", ["b1"], "", "block b1 is not in g0002"),
        ("g0002", [], "", "some but not all"),
        ("g0002", ["b3", "b4"], "", "some but not all"),
        ("g0002", ["b3"], "g0001", "in use"),
    ],
)
def test_split_refuses_what_makes_no_sense(grid: str, blocks: list[str], new: str, said: str) -> None:
    with pytest.raises(MoveError, match=said):
        split(BEFORE, grid, blocks, new=new)


def test_difference_needs_the_same_blocks() -> None:
    with pytest.raises(MoveError, match="block b5 is only in the first"):
        difference(BEFORE, BEFORE.drop("b5"))


def test_a_block_cannot_stand_twice() -> None:
    with pytest.raises(MoveError, match="b1"):
        make_assignment(pd.Series(["g1", "g2"], index=["b1", "b1"]))


def test_new_ids_go_on_from_the_highest() -> None:
    assert next_grid_id(BEFORE) == "g0004"
    assert next_grid_id(make_assignment({"b1": "north"})) == "g0001"
    assert next_grid_id(make_assignment({"b1": "g99999"})) == "g100000"


def test_assignments_of_numpy_text_and_object_type_both_work() -> None:
    raw = pd.Series(np.array(["g1", "g2"], dtype=object), index=pd.Index(["b1", "b2"], name="block_id"), name="grid_id")
    assert apply(raw, [Move("b2", "g2", "g1")]).to_list() == ["g1", "g1"]
