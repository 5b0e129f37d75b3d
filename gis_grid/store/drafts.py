"""Drafts: plans that several people work on at once, each change an entry of a journal.

::

    moves, made at revision r ──► rebase on what others entered since r ──► accepted ──► one journal entry, r + n
                                                                        └─► clashes ──► back to the planner
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from gis_grid.assignment import Clash, Move, apply, make_assignment, next_grid_id, rebase, squash
from gis_grid.assignment import undo as turned_round
from gis_grid.errors import AbsentError, ClashError, Fault, MoveError
from gis_grid.store import audit
from gis_grid.store import journal as book
from gis_grid.store.columns import now
from gis_grid.store.draft_plans import Divided, cut, load_draft
from gis_grid.store.journal import Change, Entry, Opened
from gis_grid.store.models import Area, Draft, Grid, JournalEntry, Plan
from gis_grid.store.plans import new_id
from gis_grid.store.requests import Patched, entry_of, once

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    import pandas as pd
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

__all__ = [
    "Divided",
    "DraftState",
    "Patched",
    "assignment_of",
    "cut",
    "discard",
    "draft",
    "journal",
    "list_drafts",
    "load_draft",
    "open_draft",
    "patch",
    "rebuild",
    "undo",
]

#: moves in one change at most
MOST_MOVES = 10_000
#: how a grid may be called that a move creates
GRID_ID = re.compile(r"\w[\w.\-]{0,63}")


@dataclass(frozen=True)
class DraftState:
    """Say what a draft is and how far it has come; `who` opened it, at `at`; `changed_at` is the last change."""

    id: str
    plan_id: str
    district_id: int
    name: str
    state: str
    revision: int
    who: str
    at: datetime
    changed_at: datetime


def open_draft(session: Session, plan_id: str, *, name: str, actor: Actor) -> str:
    """Open a draft that starts as a plan stands, and return its id.

    Raises
    ------
    AbsentError
        If there is no such plan.
    RightsError
        If the actor may not draft in the plan's district.
    """
    found = session.execute(
        select(Plan, Area.path).join(Area, Area.id == Plan.district_id).where(Plan.id == plan_id)
    ).one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    plan, path = found
    actor.require("draft", path)
    moment = now()
    kept = Draft(
        id=new_id("d"),
        plan_id=plan_id,
        name=name,
        state="open",
        revision=0,
        created_at=moment,
        created_by=actor.name,
        changed_at=moment,
    )
    session.add(kept)
    audit.record(session, actor, "draft", kept.id, district=plan.district_id, detail={"plan": plan_id, "kind": "open"})
    return kept.id


def draft(session: Session, draft_id: str) -> DraftState:
    """Return the state of a draft.

    Raises
    ------
    AbsentError
        If there is no such draft.
    """
    found = book.opened(session, draft_id)
    return _state(found.draft, found.plan.district_id)


def list_drafts(
    session: Session, *, district: int | None = None, plan: str | None = None, state: str | None = "open"
) -> list[DraftState]:
    """Return drafts, the one changed last first; without a `state` those handed in and discarded as well."""
    query = select(Draft, Plan.district_id).join(Plan, Plan.id == Draft.plan_id)
    for column, wanted in ((Plan.district_id, district), (Draft.plan_id, plan), (Draft.state, state)):
        if wanted is not None:
            query = query.where(column == wanted)
    found = session.execute(query.order_by(Draft.changed_at.desc(), Draft.id))
    return [_state(kept, home) for kept, home in found]


def _state(kept: Draft, district: int) -> DraftState:
    return DraftState(
        kept.id,
        kept.plan_id,
        district,
        kept.name,
        kept.state,
        kept.revision,
        kept.created_by,
        kept.created_at,
        kept.changed_at,
    )


def assignment_of(session: Session, draft_id: str, *, revision: int | None = None) -> pd.Series:
    """Return which grid each block of a draft is in, as it stands or as it stood at a revision.

    Raises
    ------
    AbsentError
        If there is no such draft.
    ClashError
        If the draft has not reached that revision.
    """
    found = book.opened(session, draft_id)
    if revision is None or revision == found.draft.revision:
        return make_assignment(book.standing(session, found))
    if not 0 <= revision <= found.draft.revision:
        said = f"the draft {draft_id} is at revision {found.draft.revision}, not yet at {revision}"
        raise ClashError(Fault(said, column="revision"))
    query = select(JournalEntry.moves).where(JournalEntry.draft_id == draft_id, JournalEntry.revision <= revision)
    moves = session.execute(query.order_by(JournalEntry.revision)).scalars()
    past = [Move(*move) for entry in moves for move in entry]
    return book.replayed(make_assignment(book.home(session, found.plan)), past)


def rebuild(session: Session, draft_id: str) -> pd.Series:
    """Return which grid each block is in, from the plan and the journal alone; equal to `assignment_of`."""
    found = book.opened(session, draft_id)
    start = make_assignment(book.home(session, found.plan))
    return book.replayed(start, book.moves_since(session, draft_id, 0))


def journal(session: Session, draft_id: str, *, since: int = 0, limit: int | None = None) -> list[Entry]:
    """Return the entries of a draft after a revision, in order.

    Raises
    ------
    AbsentError
        If there is no such draft.
    """
    book.opened(session, draft_id)
    return list(book.entries(session, draft_id, since=since, limit=limit))


def patch(
    session: Session,
    draft_id: str,
    *,
    revision: int,
    moves: Sequence[Move],
    why: str,
    actor: Actor,
    key: str | None = None,
) -> Patched:
    """Enter the moves that a planner made while looking at a revision of a draft.

    What others entered since then stays: moves on blocks that they left alone take effect, moves that agree with
    theirs are done already, and a block that was sent to two places, or cut, comes back as a clash
    (`gis_grid.assignment.rebase`). Moves may empty a grid, or create one by naming it. With a `key` of the sender's own
    a request that is sent twice is answered the same and enters nothing the second time.

    Raises
    ------
    MoveError
        If moves do not fit the draft as it was at that revision; all faults at once, and nothing is entered.
    ClashError
        If the draft is not open, has not reached that revision, or `key` named another request.
    AbsentError
        If there is no such draft.
    RightsError
        If the actor may not draft in the district.
    """
    asked = {"revision": revision, "moves": [[move.block, move.old, move.new] for move in moves], "why": why}

    def carry_out(found: Opened) -> Patched:
        book.require_open(found.draft, revision)
        theirs = book.moves_since(session, draft_id, revision)
        mine = _checked(session, found, moves, theirs)
        named, renamed = _renamed(session, found, mine, revision, actor)
        accepted, clashes = rebase(named, theirs)
        if accepted:
            book.enter(session, found, Change("moves", accepted, why), actor)
        return Patched(found.draft.revision, accepted, clashes, renamed=renamed)

    return once(session, draft_id, actor, key, {"patch": asked}, carry_out)


def _checked(session: Session, found: Opened, moves: Sequence[Move], theirs: Sequence[Move]) -> list[Move]:
    """Return the moves, squashed, if they fit the draft as it was before `theirs`."""
    if len(moves) > MOST_MOVES:
        raise MoveError(f"{len(moves):,} moves at once are too many → send at most {MOST_MOVES:,}")
    touched = {move.block for move in moves}
    grid_of = book.standing(session, found, touched)
    before: dict[str, str] = {}
    for move in theirs:
        if move.block in touched:
            before.setdefault(move.block, move.old)
    grid_of = {block: grid for block, grid in (grid_of | before).items() if grid}
    names = sorted({move.new for move in moves if move.new and not GRID_ID.fullmatch(move.new)})
    faults = [f"{name[:80]!r} is no id of a grid → use up to 64 letters, digits, dots and hyphens" for name in names]
    try:
        apply(make_assignment(grid_of), moves)
    except MoveError as caught:
        faults.insert(0, str(caught))
    if faults:
        raise MoveError("\n".join(faults))
    return squash(moves)


def _renamed(
    session: Session, found: Opened, mine: list[Move], revision: int, actor: Actor
) -> tuple[list[Move], dict[str, str]]:
    """Give another id to a grid that I create, if somebody else has created one of that id since.

    Two planners who each split a grid would both take the next free id, and their pieces would become one grid. Where
    they sent a block to it that I send there too, we mean the same grid.
    """
    since = list(book.entries(session, found.draft.id, since=revision))
    theirs = {(move.block, move.new) for entry in since if entry.who != actor.name for move in entry.moves}
    agreed = {move.new for move in mine if (move.block, move.new) in theirs}
    doubtful = ({move.new for move in mine} & {grid for _, grid in theirs}) - agreed
    if doubtful:
        known = select(Grid.grid_id).where(Grid.plan_id == found.plan.id, Grid.grid_id.in_(doubtful))
        doubtful -= set(session.execute(known).scalars())
    if not doubtful:
        return mine, {}
    first: dict[str, Entry] = {}
    for entry in book.entries(session, found.draft.id):
        for move in entry.moves:
            first.setdefault(move.new, entry)
    taken = set(book.standing(session, found).values()) | set(first) | {move.new for move in mine}
    renamed: dict[str, str] = {}
    for grid in sorted(doubtful):
        if first[grid].revision > revision and first[grid].who != actor.name:
            renamed[grid] = next_grid_id(make_assignment({name: name for name in taken}))
            taken.add(renamed[grid])
    return [Move(move.block, move.old, renamed.get(move.new, move.new)) for move in mine], renamed


def undo(
    session: Session,
    draft_id: str,
    *,
    revision: int,
    actor: Actor,
    entry: int | None = None,
    why: str = "",
    key: str | None = None,
) -> Patched:
    """Take back an entry of the journal by entering its moves turned round; without `entry`, the actor's own last one.

    "Own last" is what people mean by undo when two of them work on one draft: the newest entry of theirs, up to
    the revision they are looking at, that is not taken back yet. Blocks that somebody has moved on since come back as
    clashes and stay where they are. A cut is taken back whole, or not at all where its parts have been moved. To take
    back an undo, name its entry.

    Raises
    ------
    ClashError
        If there is nothing to take back, the draft is not open, has not reached that revision, or `key` named another
        request.
    AbsentError
        If there is no such draft or entry.
    RightsError
        If the actor may not draft in the district.
    """

    def carry_out(found: Opened) -> Patched:
        book.require_open(found.draft, revision)
        chosen = _to_undo(session, draft_id, revision, actor) if entry is None else [entry_of(session, draft_id, entry)]
        for one in chosen:
            theirs = book.moves_since(session, draft_id, one.revision)
            accepted, clashes = rebase(turned_round(one.moves), theirs)
            if one.cut is not None:
                accepted, clashes = _all_or_none(one, accepted, clashes, theirs)
            if accepted:
                book.enter(session, found, Change("undo", accepted, why, one.revision, one.cut), actor)
            if accepted or clashes or entry is not None:
                return Patched(found.draft.revision, accepted, clashes, entry=one.revision)
        said = f"{actor.name} has entered nothing in the draft {draft_id} that is not taken back"
        raise ClashError(Fault(said, remedy="name the entry to take back"))

    return once(session, draft_id, actor, key, {"undo": [revision, entry, why]}, carry_out)


def _all_or_none(
    one: Entry, accepted: list[Move], clashes: list[Clash], theirs: Sequence[Move]
) -> tuple[list[Move], list[Clash]]:
    """Take a cut back whole or not at all: where block or parts were cut since, half of it would still apply."""
    if clashes or len(accepted) in (0, len(one.moves)):
        return ([] if clashes else accepted), clashes
    mine = {move.block: move.inverse for move in one.moves}
    last = next(move for move in reversed(theirs) if move.block in mine)
    return [], [Clash(last.block, mine[last.block], last)]


def _to_undo(session: Session, draft_id: str, revision: int, actor: Actor) -> Iterable[Entry]:
    """Yield the actor's entries that are in effect, the newest first."""
    columns = (JournalEntry.revision, JournalEntry.kind, JournalEntry.undoes, JournalEntry.who)
    query = select(*columns).where(JournalEntry.draft_id == draft_id).order_by(JournalEntry.revision.desc())
    undone: set[int | None] = set()
    for number, kind, undoes, who in session.execute(query).all():
        if number in undone:
            continue
        if kind == "undo":
            undone.add(undoes)
        elif who == actor.name and number <= revision:
            yield entry_of(session, draft_id, number)


def discard(session: Session, draft_id: str, *, actor: Actor) -> None:
    """Close a draft for good; its journal stays.

    Raises
    ------
    ClashError
        If it is not open.
    AbsentError
        If there is no such draft.
    RightsError
        If the actor may not draft in the district.
    """
    found = book.opened(session, draft_id, lock=True)
    actor.require("draft", found.path)
    book.require_open(found.draft, found.draft.revision)
    found.draft.state, found.draft.changed_at = "discarded", now()
    detail = {"kind": "discard", "revision": found.draft.revision}
    audit.record(session, actor, "draft", draft_id, district=found.plan.district_id, detail=detail)
