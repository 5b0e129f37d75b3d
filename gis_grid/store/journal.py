"""The journal of a draft: what was accepted, in order; the draft's state is kept beside it and can be made from it.

A change is a list of moves (`gis_grid.assignment.Move`). A block that is cut moves from its grid to "", and its parts
come from ""; so whoever meets a cut meets it as a move like any other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
import shapely
from sqlalchemy import delete, insert, select

from gis_grid.assignment import Move, make_assignment, squash
from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.store import audit
from gis_grid.store.columns import now
from gis_grid.store.models import Area, Assignment, Draft, DraftAssignment, DraftBlock, JournalEntry, Plan

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy.orm import InstrumentedAttribute, Session

    from gis_grid.store.access import Actor

#: so many values are named in one query at most; databases bound the number of parameters
NAMED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Entry:
    """One accepted change of a draft: `kind` is `moves`, `undo` (of the entry `undoes`) or `cut`.

    `cut` says of a cut, and of an undone one, which block, along which line (coordinates in the CRS of the plan), and
    into which parts.
    """

    revision: int
    kind: str
    moves: tuple[Move, ...]
    undoes: int | None
    cut: Mapping[str, Any] | None
    why: str
    who: str
    at: datetime


@dataclass(frozen=True)
class Change:
    """What is to be entered: the moves, and what kind of change they are."""

    kind: str
    moves: Sequence[Move]
    why: str
    undoes: int | None = None
    cut: Mapping[str, Any] | None = field(default=None)


@dataclass(frozen=True)
class Opened:
    """A draft with the plan it starts from, and the path of its district."""

    draft: Draft
    plan: Plan
    path: str


def opened(session: Session, draft_id: str, *, lock: bool = False) -> Opened:
    """Return a draft; with `lock` nobody else changes it until this transaction ends (SQLite has one writer anyway).

    Raises
    ------
    AbsentError
        If there is no such draft.
    """
    query = select(Draft).where(Draft.id == draft_id).execution_options(populate_existing=True)
    draft = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if draft is None:
        raise AbsentError(Fault(f"there is no draft {draft_id}"))
    plan, path = session.execute(
        select(Plan, Area.path).join(Area, Area.id == Plan.district_id).where(Plan.id == draft.plan_id)
    ).one()
    return Opened(draft, plan, path)


def require_open(draft: Draft, revision: int) -> None:
    """Refuse a change of a draft that is handed in or discarded, or from a state that the draft has not reached.

    Raises
    ------
    ClashError
        If so.
    """
    if draft.state != "open":
        remedy = "open a draft of the plan that it became" if draft.state == "submitted" else "open another draft"
        raise ClashError(Fault(f"the draft {draft.id} is {draft.state}", remedy=remedy, code="draft-closed"))
    if not 0 <= revision <= draft.revision:
        said = f"the draft {draft.id} is at revision {draft.revision}, not yet at {revision}"
        raise ClashError(Fault(said, column="revision", remedy="load the draft again", code="revision"))


def entries(session: Session, draft_id: str, *, since: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Yield the entries after a revision, in order."""
    found = select(JournalEntry).where(JournalEntry.draft_id == draft_id, JournalEntry.revision > since)
    for row in session.execute(found.order_by(JournalEntry.revision).limit(limit)).scalars():
        moves = tuple(Move(*move) for move in row.moves)
        yield Entry(row.revision, row.kind, moves, row.undoes, row.cut, row.why, row.who, row.at)


def moves_since(session: Session, draft_id: str, revision: int) -> list[Move]:
    """Return all moves after a revision, one after the other."""
    query = select(JournalEntry.moves).where(JournalEntry.draft_id == draft_id, JournalEntry.revision > revision)
    found = session.execute(query.order_by(JournalEntry.revision)).scalars()
    return [Move(*move) for moves in found for move in moves]


def replayed(start: pd.Series, moves: Sequence[Move]) -> pd.Series:
    """Return the assignment after the moves of a journal, cuts among them.

    Raises
    ------
    MoveError
        If a move does not start where the last one of its block ended.

    Examples
    --------
    >>> cut = [Move("b1", "g1", ""), Move("b1-1", "", "g1"), Move("b1-2", "", "g1"), Move("b1-2", "g1", "g2")]
    >>> replayed(make_assignment({"b1": "g1", "b2": "g2"}), cut).to_dict()
    {'b1-1': 'g1', 'b1-2': 'g2', 'b2': 'g2'}
    """
    ends = pd.Series({move.block: move.new for move in squash(moves)}, dtype="str")
    kept = start[~start.index.isin(ends.index)]
    return make_assignment(pd.concat([kept, ends[ends != ""]]))


def home(session: Session, plan: Plan, blocks: Collection[str] | None = None) -> dict[str, str]:
    """Return the grid of blocks in a plan; of all of them if none are named."""
    owner = (Assignment.plan_id == plan.id, Assignment.tier == plan.main_tier)
    return _grids(session, Assignment.block_id, Assignment.unit, owner, blocks)


def away(session: Session, draft_id: str, blocks: Collection[str] | None = None) -> dict[str, str]:
    """Return the grid of the blocks of a draft that are not where the plan has them."""
    owner = (DraftAssignment.draft_id == draft_id,)
    return _grids(session, DraftAssignment.block_id, DraftAssignment.grid_id, owner, blocks)


def cut_blocks(session: Session, draft_id: str) -> set[str]:
    """Return the blocks that are no more in a draft, since they were cut."""
    query = select(DraftBlock.cut_from).where(DraftBlock.draft_id == draft_id).distinct()
    return set(session.execute(query).scalars())


def standing(session: Session, found: Opened, blocks: Collection[str] | None = None) -> dict[str, str]:
    """Return the grid of blocks in a draft as it stands; of all of them if none are named."""
    now_in = home(session, found.plan, blocks) | away(session, found.draft.id, blocks)
    gone = cut_blocks(session, found.draft.id)
    return {block: grid for block, grid in now_in.items() if block not in gone} if gone else now_in


def _grids(
    session: Session,
    key: InstrumentedAttribute[str],
    value: InstrumentedAttribute[str],
    owner: tuple[Any, ...],
    blocks: Collection[str] | None,
) -> dict[str, str]:
    query = select(key, value).where(*owner)
    if blocks is None:
        return dict(session.execute(query).all())
    named = list(blocks)
    out: dict[str, str] = {}
    for first in range(0, len(named), NAMED_AT_ONCE):
        out |= dict(session.execute(query.where(key.in_(named[first : first + NAMED_AT_ONCE]))).all())
    return out


def enter(session: Session, found: Opened, change: Change, actor: Actor) -> int:
    """Enter a change of a locked draft, bring the kept state up to date, and return the draft's new revision."""
    draft, moment = found.draft, now()
    draft.revision += 1
    draft.changed_at = moment
    session.add(
        JournalEntry(
            draft_id=draft.id,
            revision=draft.revision,
            kind=change.kind,
            moves=[[move.block, move.old, move.new] for move in change.moves],
            undoes=change.undoes,
            cut=None if change.cut is None else dict(change.cut),
            why=change.why,
            who=actor.name,
            at=moment,
        )
    )
    ends = {move.block: move.new for move in squash(change.moves)}
    _keep_grids(session, found, ends)
    if change.cut is not None:
        _keep_parts(session, draft, change.cut, ends)
    detail = {"revision": draft.revision, "kind": change.kind, "moves": len(change.moves)}
    audit.record(session, actor, "draft", draft.id, district=found.plan.district_id, detail=detail)
    return draft.revision


def _keep_grids(session: Session, found: Opened, ends: Mapping[str, str]) -> None:
    """Keep only where blocks are that are not at home."""
    named, draft_id = list(ends), found.draft.id
    at_home = home(session, found.plan, named)
    for first in range(0, len(named), NAMED_AT_ONCE):
        some = DraftAssignment.block_id.in_(named[first : first + NAMED_AT_ONCE])
        session.execute(delete(DraftAssignment).where(DraftAssignment.draft_id == draft_id, some))
    rows = [
        {"draft_id": draft_id, "block_id": block, "grid_id": grid}
        for block, grid in ends.items()
        if grid and grid != at_home.get(block)
    ]
    if rows:
        session.execute(insert(DraftAssignment), rows)


def _keep_parts(session: Session, draft: Draft, cut: Mapping[str, Any], ends: Mapping[str, str]) -> None:
    """Keep the parts of a block that was cut, or drop them where a cut is taken back."""
    if ends[cut["block"]]:
        mine = (DraftBlock.draft_id == draft.id, DraftBlock.cut_from == cut["block"])
        session.execute(delete(DraftBlock).where(*mine))
        return
    for part in cut["parts"]:
        session.add(
            DraftBlock(
                draft_id=draft.id,
                block_id=part["block_id"],
                cut_from=cut["block"],
                parent_block_id=cut["parent"],
                revision=draft.revision,
                counts=part["counts"],
                shape=shapely.to_wkb(shapely.from_wkb(part["shape"])),
            )
        )
    session.flush()
