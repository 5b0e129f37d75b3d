"""Which grid each block belongs to, and the one kind of change there is: a `Move`.

An assignment is a `pandas.Series` named ``grid_id`` whose index is ``block_id``; no geometry takes part. Undo, the
journal, the body of an edit and the check of two planners against each other are all lists of moves. A list of moves
reads from front to back: a block may appear in it more than once, each time starting where the last move left it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from gis_grid.errors import MoveError

SHOWN_MISFITS = 20


@dataclass(frozen=True, order=True)
class Move:
    """Take one block out of one grid and put it into another.

    >>> Move("b7", "g0001", "g0002").inverse
    Move(block='b7', old='g0002', new='g0001')
    """

    block: str
    old: str
    new: str

    @property
    def inverse(self) -> Move:
        """The move that takes the block back."""
        return Move(self.block, self.new, self.old)


class Clash(NamedTuple):
    """Name a block that two planners sent to two different grids."""

    block: str
    mine: Move
    theirs: Move


class Rebased(NamedTuple):
    """Hold what remains of my moves after theirs: moves that apply, and blocks that only people can settle."""

    accepted: list[Move]
    clashes: list[Clash]


def make_assignment(grid_of: dict[str, str] | pd.Series) -> pd.Series:
    """Build an assignment from pairs of block and grid, ordered by block.

    >>> make_assignment({"b2": "g1", "b1": "g1"}).to_dict()
    {'b1': 'g1', 'b2': 'g1'}

    Raises
    ------
    MoveError
        If a block stands twice.
    """
    series = pd.Series(grid_of, dtype=object)
    if not series.index.is_unique:
        twice = ", ".join(map(str, series.index[series.index.duplicated()].unique()[:SHOWN_MISFITS]))
        raise MoveError(f"blocks stand twice in the assignment: {twice}")
    index = pd.Index(series.index.astype(str), name="block_id")
    return pd.Series(series.astype(str).to_numpy(), index=index, name="grid_id", dtype=str).sort_index()


def apply(assignment: pd.Series, moves: Iterable[Move]) -> pd.Series:
    """Return the assignment after a list of moves; the one handed in stays as it was.

    Raises
    ------
    MoveError
        Naming every move that does not fit: an unknown block, a block that is not in the grid the move
        takes it from, a move that goes nowhere, a new grid without a name. Nothing is applied then.

    Examples
    --------
    >>> before = make_assignment({"b1": "g1", "b2": "g1", "b3": "g2"})
    >>> apply(before, [Move("b2", "g1", "g2")]).to_dict()
    {'b1': 'g1', 'b2': 'g2', 'b3': 'g2'}
    >>> apply(before, [Move("b3", "g1", "g2"), Move("b9", "g1", "g2")])
    Traceback (most recent call last):
    gis_grid.errors.MoveError: 2 moves do not fit:
    block b3 is in g2, not in g1
    there is no block b9
    """
    wanted = list(moves)
    known = assignment.index
    touched = {move.block for move in wanted}
    held = assignment[known.isin(list(touched))]
    now = {str(block): str(grid) for block, grid in held.items()}
    misfits: list[str] = []
    for move in wanted:
        misfit = _misfit(move, now)
        if misfit:
            misfits.append(misfit)
        else:
            now[move.block] = move.new
    if misfits:
        raise MoveError(_list_misfits(misfits))
    after = assignment.copy()
    changed = pd.Series(now, dtype=after.dtype)
    after.loc[changed.index] = changed
    return after


def _misfit(move: Move, now: dict[str, str]) -> str:
    if move.block not in now:
        return f"there is no block {move.block}"
    if now[move.block] != move.old:
        return f"block {move.block} is in {now[move.block]}, not in {move.old}"
    if not move.new:
        return f"block {move.block} is sent to a grid without a name"
    if move.new == move.old:
        return f"block {move.block} is already in {move.old}"
    return ""


def _list_misfits(misfits: Sequence[str]) -> str:
    shown = "\n".join(misfits[:SHOWN_MISFITS])
    more = len(misfits) - SHOWN_MISFITS
    head = "1 move does not fit:" if len(misfits) == 1 else f"{len(misfits)} moves do not fit:"
    return f"{head}\n{shown}" + (f"\n… and {more} more" if more > 0 else "")


def undo(moves: Sequence[Move]) -> list[Move]:
    """Return the moves that take a list of moves back: each turned round, the last one first.

    >>> undo([Move("b1", "g1", "g2"), Move("b1", "g2", "g3")])
    [Move(block='b1', old='g3', new='g2'), Move(block='b1', old='g2', new='g1')]
    """
    return [move.inverse for move in reversed(moves)]


def squash(moves: Iterable[Move]) -> list[Move]:
    """Return the shortest list with the same effect: one move a block, none for a block that came home.

    Blocks keep the order in which they were first touched.

    Raises
    ------
    MoveError
        If a move does not start where the last one of its block ended.

    Examples
    --------
    >>> squash([Move("b1", "g1", "g2"), Move("b2", "g1", "g2"), Move("b1", "g2", "g3"), Move("b2", "g2", "g1")])
    [Move(block='b1', old='g1', new='g3')]
    """
    ends: dict[str, Move] = {}
    misfits: list[str] = []
    for move in moves:
        before = ends.get(move.block)
        if before is not None and before.new != move.old:
            misfits.append(f"block {move.block} was sent to {before.new}, then taken from {move.old}")
            continue
        ends[move.block] = Move(move.block, before.old if before else move.old, move.new)
    if misfits:
        raise MoveError(_list_misfits(misfits))
    return [move for move in ends.values() if move.old != move.new]


def difference(before: pd.Series, after: pd.Series) -> list[Move]:
    """Return the moves that turn one assignment into another, in the order of the blocks.

    Raises
    ------
    MoveError
        If the two do not hold the same blocks.

    Examples
    --------
    >>> difference(make_assignment({"b1": "g1", "b2": "g1"}), make_assignment({"b1": "g1", "b2": "g2"}))
    [Move(block='b2', old='g1', new='g2')]
    """
    lost, gained = before.index.difference(after.index), after.index.difference(before.index)
    if len(lost) or len(gained):
        misfits = [f"block {block} is only in the first assignment" for block in lost]
        misfits += [f"block {block} is only in the second assignment" for block in gained]
        raise MoveError(_list_misfits(misfits))
    aligned = after.reindex(before.index)
    changed = (aligned != before).to_numpy()
    rows = zip(before.index[changed], before[changed], aligned[changed], strict=True)
    return [Move(str(block), str(old), str(new)) for block, old, new in rows]


def merge(assignment: pd.Series, grids: Sequence[str], *, into: str = "") -> list[Move]:
    """Return the moves that make one grid of several; `into` names it, else it is the first of them.

    Raises
    ------
    MoveError
        If fewer than two different grids are named, or one of them has no block.

    Examples
    --------
    >>> merge(make_assignment({"b1": "g1", "b2": "g2"}), ["g1", "g2"])
    [Move(block='b2', old='g2', new='g1')]
    """
    chosen = list(dict.fromkeys(grids))
    if len(chosen) < 2:
        raise MoveError("name at least two different grids to merge")
    _refuse_empty(assignment, chosen)
    target = into or chosen[0]
    if target not in chosen and (assignment == target).any():
        raise MoveError(f"grid {target} is in use; name it among the grids to merge, or choose a new id")
    moving = assignment[assignment.isin(chosen) & (assignment != target)]
    return [Move(str(block), str(grid), target) for block, grid in moving.items()]


def split(assignment: pd.Series, grid: str, blocks: Collection[str], *, new: str = "") -> list[Move]:
    """Return the moves that take some blocks of a grid out into a new grid; `new` names it, else the next free id.

    Raises
    ------
    MoveError
        If the grid has no block, a block is not in it, none or all of its blocks are taken, or the new id is in use.

    Examples
    --------
    >>> split(make_assignment({"b1": "g0001", "b2": "g0001"}), "g0001", ["b2"])
    [Move(block='b2', old='g0001', new='g0002')]
    """
    _refuse_empty(assignment, [grid])
    inside = assignment.index[assignment == grid]
    taken = sorted(set(blocks))
    strangers = [block for block in taken if block not in inside]
    if strangers:
        raise MoveError(_list_misfits([f"block {block} is not in {grid}" for block in strangers]))
    if not taken or len(taken) == len(inside):
        raise MoveError(f"take some but not all of the {len(inside)} blocks of {grid}")
    target = new or next_grid_id(assignment)
    if (assignment == target).any():
        raise MoveError(f"grid {target} is in use; choose a new id")
    return [Move(block, grid, target) for block in taken]


def next_grid_id(assignment: pd.Series) -> str:
    """Return an id no grid has: one above the highest ``g0001``-like number in use.

    >>> next_grid_id(make_assignment({"b1": "g0007", "b2": "north"}))
    'g0008'
    """
    numbers = pd.Series(assignment.unique(), dtype=str).str.extract(r"^g(\d+)$", expand=False).dropna()
    return f"g{(int(numbers.astype(int).max()) if len(numbers) else 0) + 1:04d}"


def _refuse_empty(assignment: pd.Series, grids: Iterable[str]) -> None:
    present = set(assignment.unique())
    missing = [f"there is no grid {grid}" for grid in grids if grid not in present]
    if missing:
        raise MoveError(_list_misfits(missing))


def rebase(mine: Iterable[Move], theirs: Iterable[Move]) -> Rebased:
    """Carry my moves over onto a draft that somebody else has moved in since.

    Both lists start from the same assignment. Moves on blocks that they left alone are accepted as they are, moves
    that agree with theirs are done already, and only blocks sent to two places come back as clashes. A block that
    I moved away and back again is no wish of mine.

    Raises
    ------
    MoveError
        If the two lists do not start from the same assignment.

    Examples
    --------
    >>> mine = [Move("b1", "g1", "g2"), Move("b2", "g1", "g2"), Move("b3", "g1", "g2")]
    >>> theirs = [Move("b2", "g1", "g2"), Move("b3", "g1", "g3")]
    >>> accepted, clashes = rebase(mine, theirs)
    >>> accepted
    [Move(block='b1', old='g1', new='g2')]
    >>> [clash.block for clash in clashes]
    ['b3']
    """
    done = {move.block: move for move in squash(theirs)}
    accepted: list[Move] = []
    clashes: list[Clash] = []
    misfits: list[str] = []
    for move in squash(mine):
        other = done.get(move.block)
        if other is None:
            accepted.append(move)
        elif other.old != move.old:
            misfits.append(f"block {move.block} starts in {move.old} for one and in {other.old} for the other")
        elif other.new != move.new:
            clashes.append(Clash(move.block, move, other))
    if misfits:
        raise MoveError(_list_misfits(misfits))
    return Rebased(accepted, clashes)
