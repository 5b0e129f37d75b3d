"""Who has a draft open, and on which grids they work: told to the others, binding nobody, soon forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gis_grid.store.columns import now
from gis_grid.store.models import Presence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

#: who was not heard of for so many seconds has left
LEFT_S = 30
_INSERT: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True)
class Editor:
    """Somebody who has a draft open, the grids they work on, and when they were heard of."""

    who: str
    grids: tuple[str, ...]
    at: datetime


def here(session: Session, draft_id: str, *, actor: Actor, grids: Sequence[str] | None = None) -> None:
    """Say that the actor has a draft open, and works on some grids; on those said before, without `grids`."""
    moment = now()
    known = {"draft_id": draft_id, "who": actor.name}
    keep = _INSERT[session.get_bind().dialect.name](Presence).values(**known, grids=list(grids or ()), at=moment)
    anew = {"at": moment} | ({} if grids is None else {"grids": list(grids)})
    session.execute(keep.on_conflict_do_update(index_elements=list(known), set_=anew))
    silent = Presence.at < now() - timedelta(seconds=LEFT_S)
    session.execute(delete(Presence).where(Presence.draft_id == draft_id, silent, Presence.who != actor.name))


def editors(session: Session, draft_id: str) -> list[Editor]:
    """Return who has a draft open."""
    lately = Presence.at >= now() - timedelta(seconds=LEFT_S)
    query = select(Presence).where(Presence.draft_id == draft_id, lately).order_by(Presence.who)
    return [Editor(row.who, tuple(row.grids), row.at) for row in session.execute(query).scalars()]


def gone(session: Session, draft_id: str, *, actor: Actor) -> None:
    """Say that the actor has closed a draft."""
    session.execute(delete(Presence).where(Presence.draft_id == draft_id, Presence.who == actor.name))
