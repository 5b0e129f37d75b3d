"""Changes asked for: each carried out on a locked draft, and one that is sent twice carried out once."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gis_grid.assignment import Clash, Move
from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.store import journal as book
from gis_grid.store.models import DraftRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor
    from gis_grid.store.journal import Entry, Opened


@dataclass(frozen=True)
class Patched:
    """What became of a change: the draft's revision now, the moves that took effect, the blocks people must settle.

    A clash says where the sender and where somebody else sent a block; `theirs.new` is "" where the block was cut
    since. `renamed` maps ids that the sender gave to new grids, and that somebody else has given to another new grid in
    the meantime, to the ids they got instead. `entry` is the revision whose moves an undo took back. `repeated` says
    that this is the answer to a request that was answered before.
    """

    revision: int
    accepted: list[Move]
    clashes: list[Clash]
    repeated: bool = False
    renamed: dict[str, str] = field(default_factory=dict)
    entry: int | None = None


def entry_of(session: Session, draft_id: str, revision: int) -> Entry:
    """Return one entry of a draft.

    Raises
    ------
    AbsentError
        If there is none of that revision.
    """
    for one in book.entries(session, draft_id, since=revision - 1, limit=1):
        if one.revision == revision:
            return one
    raise AbsentError(Fault(f"the draft {draft_id} has no entry {revision}"))


def once(
    session: Session,
    draft_id: str,
    actor: Actor,
    key: str | None,
    asked: Mapping[str, Any],
    carry_out: Callable[[Opened], Patched],
) -> Patched:
    """Lock the draft and carry out a request, unless one of the same key was answered before: then answer the same.

    Raises
    ------
    ClashError
        If the key named another request.
    AbsentError
        If there is no such draft.
    RightsError
        If the actor may not draft in the district.
    """
    found = book.opened(session, draft_id, lock=True)
    actor.require("draft", found.path)
    if key is None:
        return carry_out(found)
    content = hashlib.sha256(json.dumps([actor.name, asked], sort_keys=True).encode()).hexdigest()
    before = session.get(DraftRequest, (draft_id, key))
    if before is not None:
        if before.content != content:
            raise ClashError(Fault(f"the key {key!r} named another request", column="key", remedy="use a new key"))
        return _again(session, before)
    start = found.draft.revision
    answer = carry_out(found)
    told = {
        "clashes": [[*vars(clash.mine).values(), *vars(clash.theirs).values()] for clash in answer.clashes],
        "renamed": answer.renamed,
        "entry": answer.entry,
    }
    changed = answer.revision > start
    kept = DraftRequest(
        draft_id=draft_id, key=key, content=content, revision=answer.revision, changed=changed, answer=told
    )
    session.add(kept)
    session.flush()
    return answer


def _again(session: Session, before: DraftRequest) -> Patched:
    """Return the answer that a request got."""
    moves = list(entry_of(session, before.draft_id, before.revision).moves) if before.changed else []
    clashes = [Clash(row[0], Move(*row[:3]), Move(*row[3:])) for row in before.answer["clashes"]]
    return Patched(before.revision, moves, clashes, True, before.answer["renamed"], before.answer["entry"])
