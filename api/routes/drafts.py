"""Drafts: moves in, what became of them out; undo, cuts, rules, suggestions, and who else is at work."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import shapely
from fastapi import APIRouter, Header, Path, Query, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import offers
from api.deps import OpenStore, Reading, Service, Writing, may
from api.exports import Wanted, sent
from api.plan_models import (
    ClashTold,
    Comparison,
    CutAnswer,
    CutWish,
    DraftList,
    DraftTold,
    Editors,
    EditorTold,
    EntryTold,
    Here,
    IssuesAnswer,
    Journal,
    MovesSuggested,
    MoveTold,
    Patch,
    PatchAnswer,
    SuggestWish,
    UndoWish,
)
from api.table_models import TABLE
from api.tags import tagged, unpacked
from gis_grid.assignment import Move
from gis_grid.errors import AbsentError, Fault
from gis_grid.store import catalogue, drafts, presence
from gis_grid.store.access import Actor
from gis_grid.store.draft_plans import cut
from gis_grid.store.models import Area, Draft, Plan

if TYPE_CHECKING:
    from gis_grid.store.drafts import DraftState, Patched
    from gis_grid.store.journal import Entry

router = APIRouter(tags=["drafts"])

DraftId = Annotated[str, Path(max_length=40, pattern=r"^d[0-9a-f]{1,30}$", description="Id of the draft.")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=100,
        pattern=r"^[\x21-\x7e]+$",
        description="A name of the sender's own for this request: sent twice, it is carried out once.",
    ),
]
#: entries of the journal in one answer at most
ENTRIES = 500


@router.get("/drafts")
def list_drafts(
    session: Reading,
    actor: Annotated[Actor, may("read_plans")],
    plan: Annotated[str | None, Query(max_length=40, description="Id of the plan they belong to.")] = None,
    state: Annotated[str | None, Query(pattern="^(open|submitted|discarded)$")] = "open",
) -> DraftList:
    """List the drafts of the caller's part of the tree, the one changed last first."""
    found = [(one, home(session, one.id)) for one in drafts.list_drafts(session, plan=plan, state=state)]
    return DraftList(drafts=[told_draft(one, code) for one, (code, path) in found if actor.may("read_plans", path)])


@router.get("/drafts/{draft_id}", response_model=DraftTold)
def draft(
    request: Request, draft_id: DraftId, session: Reading, actor: Annotated[Actor, may("read_plans")]
) -> Response:
    """Tell a draft and its revision."""
    code, _ = seen(session, draft_id, actor)
    answer = told_draft(drafts.draft(session, draft_id), code)
    return tagged(request, answer.model_dump_json().encode())


@router.get("/drafts/{draft_id}/table", response_class=Response, responses=TABLE)
def table(
    request: Request, draft_id: DraftId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> Response:
    """Return every block, grid and border of a draft as it stands, as columns; it names the revision."""
    seen(session, draft_id, actor)
    found = state.workshop.sheets.get(draft_id, drafts.draft(session, draft_id).revision).table
    return unpacked(request, found.content, found.etag)


@router.get("/drafts/{draft_id}/shapes", response_class=Response, responses=offers.BINARY)
def shapes_of(
    request: Request, draft_id: DraftId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> Response:
    """Return the shapes of the blocks of a draft, in the order of its table, as whole numbers (docs/viewer.md)."""
    seen(session, draft_id, actor)
    found = state.workshop.sheets.get(draft_id, drafts.draft(session, draft_id).revision).shapes
    return unpacked(request, found.content, found.etag, media_type=offers.NUMBERS)


@router.patch("/drafts/{draft_id}")
def patch(
    draft_id: DraftId,
    wish: Patch,
    session: Writing,
    actor: Annotated[Actor, may("draft", rate="write")],
    key: Key = None,
) -> PatchAnswer:
    """Enter moves; those on blocks that others sent elsewhere since the revision come back as clashes."""
    seen(session, draft_id, actor)
    moves = [Move(one.block, one.old, one.new) for one in wish.moves]
    found = drafts.patch(session, draft_id, revision=wish.revision, moves=moves, why=wish.why, actor=actor, key=key)
    return _patched(session, draft_id, found, since=wish.revision)


@router.post("/drafts/{draft_id}/undo")
def undo(
    draft_id: DraftId,
    wish: UndoWish,
    session: Writing,
    actor: Annotated[Actor, may("draft", rate="write")],
    key: Key = None,
) -> PatchAnswer:
    """Take back an entry of the journal, by a new entry; without a number, the caller's own last one."""
    seen(session, draft_id, actor)
    found = drafts.undo(session, draft_id, revision=wish.revision, actor=actor, entry=wish.entry, why=wish.why, key=key)
    return _patched(session, draft_id, found, since=found.entry or wish.revision)


@router.get("/drafts/{draft_id}/journal")
def journal(
    draft_id: DraftId,
    session: Reading,
    actor: Annotated[Actor, may("read_plans")],
    since: Annotated[int, Query(ge=0, lt=2**31, description="The revision after which to begin.")] = 0,
    limit: Annotated[int, Query(ge=1, le=ENTRIES)] = ENTRIES,
) -> Journal:
    """Tell what was entered after a revision, in order."""
    seen(session, draft_id, actor)
    found = drafts.journal(session, draft_id, since=since, limit=limit + 1)
    entries = [told_entry(one) for one in found[:limit]]
    return Journal(entries=entries, revision=drafts.draft(session, draft_id).revision, more=len(found) > limit)


@router.get("/drafts/{draft_id}/issues")
def issues(
    draft_id: DraftId, session: Reading, state: Service, actor: Annotated[Actor, may("read_plans")]
) -> IssuesAnswer:
    """Put the draft as it stands to every rule."""
    seen(session, draft_id, actor)
    return IssuesAnswer.model_validate(state.workshop.pool.call(offers.issues, draft_id))


@router.get("/drafts/{draft_id}/compare")
def compare(
    draft_id: DraftId,
    session: Reading,
    state: Service,
    actor: Annotated[Actor, may("read_plans")],
    against: Annotated[
        str, Query(alias="with", max_length=40, pattern=r"^([pd][0-9a-f]{1,30})?$", description="A plan or draft.")
    ] = "",
) -> Comparison:
    """Say what moves for people from the plan the draft began as (or another) to the draft as it stands."""
    seen(session, draft_id, actor)
    before = against or drafts.draft(session, draft_id).plan_id
    if before.startswith("d"):
        seen(session, before, actor)
    else:
        actor.require("read_plans", catalogue.plan_state(session, before, actor=actor).path)
    return Comparison.model_validate(state.workshop.pool.call(offers.compared, before, draft_id))


@router.get("/drafts/{draft_id}/export", response_class=Response, responses=offers.FILE)
def export(
    draft_id: DraftId,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("export", rate="write")],
    wanted: Wanted,
) -> Response:
    """Return a draft as it stands as a file; the record says who took it."""
    with store.reading() as session:
        _, path = seen(session, draft_id, actor)
        district = drafts.draft(session, draft_id).district_id
    actor.require("export", path)
    return sent(state, actor, draft_id, district, wanted)


@router.post("/drafts/{draft_id}/cut")
def cut_block(
    draft_id: DraftId,
    wish: CutWish,
    session: Writing,
    actor: Annotated[Actor, may("draft", rate="write")],
    key: Key = None,
) -> CutAnswer:
    """Cut a block along a line; its parts stay in its grid."""
    seen(session, draft_id, actor)
    line = shapely.LineString(wish.line)
    done = cut(
        session,
        draft_id,
        revision=wish.revision,
        block_id=wish.block_id,
        line=line,
        actor=actor,
        why=wish.why,
        key=key,
    )
    return CutAnswer(**dataclasses.asdict(done))


@router.post("/drafts/{draft_id}/suggest")
def suggest(
    draft_id: DraftId,
    wish: SuggestWish,
    session: Reading,
    state: Service,
    actor: Annotated[Actor, may("draft", rate="write")],
) -> MovesSuggested:
    """Suggest moves that bring some grids into the band; nothing is entered."""
    seen(session, draft_id, actor)
    return MovesSuggested.model_validate(state.workshop.pool.call(offers.suggested, draft_id, wish.grids, wish.seed))


@router.post("/drafts/{draft_id}/presence")
def say_here(
    draft_id: DraftId, wish: Here, session: Writing, actor: Annotated[Actor, may("draft", rate="write")]
) -> Editors:
    """Say that the caller works on some grids; forgotten after half a minute without a word."""
    seen(session, draft_id, actor)
    presence.here(session, draft_id, actor=actor, grids=wish.grids)
    return told_editors(session, draft_id)


@router.delete("/drafts/{draft_id}", status_code=204)
def discard(draft_id: DraftId, session: Writing, actor: Annotated[Actor, may("draft", rate="write")]) -> None:
    """Close a draft for good; its journal stays."""
    seen(session, draft_id, actor)
    drafts.discard(session, draft_id, actor=actor)


def home(session: Session, draft_id: str) -> tuple[str, str]:
    """Return the code and the path of the district of a draft.

    Raises
    ------
    AbsentError
        If there is no such draft.
    """
    query = select(Area.code, Area.path).join(Plan, Plan.district_id == Area.id).join(Draft, Draft.plan_id == Plan.id)
    found = session.execute(query.where(Draft.id == draft_id)).one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is no draft {draft_id}"))
    return found.code, found.path


def seen(session: Session, draft_id: str, actor: Actor) -> tuple[str, str]:
    """Return the code and the path of the district of a draft that a caller may see.

    Raises
    ------
    AbsentError
        If there is no such draft, or none in the caller's part of the tree.
    """
    code, path = home(session, draft_id)
    if not actor.may("read_plans", path):
        raise AbsentError(Fault(f"there is no draft {draft_id}"))
    return code, path


def told_draft(found: DraftState, district_code: str) -> DraftTold:
    """Return a draft as it is told."""
    told = dataclasses.asdict(found) | {"plan": found.plan_id, "district_code": district_code}
    return DraftTold(**{name: told[name] for name in DraftTold.model_fields})


def told_entry(entry: Entry) -> EntryTold:
    """Return an entry of the journal as it is told."""
    told: dict[str, Any] = {field.name: getattr(entry, field.name) for field in dataclasses.fields(entry)}
    return EntryTold(**told | {"moves": [_move(one) for one in entry.moves]})


def told_editors(session: Session, draft_id: str) -> Editors:
    """Return who has a draft open, as it is told."""
    found = presence.editors(session, draft_id)
    return Editors(editors=[EditorTold(who=one.who, grids=list(one.grids), at=one.at) for one in found])


def _patched(session: Session, draft_id: str, found: Patched, *, since: int) -> PatchAnswer:
    names: dict[tuple[str, str], str] = {}
    if found.clashes:  # whoever had sent the block there last when this was answered first
        for entry in drafts.journal(session, draft_id, since=since, limit=max(0, found.revision - since)):
            names |= {(move.block, move.new): entry.who for move in entry.moves}
    clashes = [
        ClashTold(
            block=one.block,
            mine=_move(one.mine),
            theirs=_move(one.theirs),
            who=names.get((one.block, one.theirs.new)),
        )
        for one in found.clashes
    ]
    return PatchAnswer(
        revision=found.revision,
        accepted=[_move(one) for one in found.accepted],
        clashes=clashes,
        repeated=found.repeated,
        renamed=found.renamed,
        entry=found.entry,
    )


def _move(move: Move) -> MoveTold:
    return MoveTold.model_construct(block=move.block, old=move.old, new=move.new)
