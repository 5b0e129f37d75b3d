"""What happens to a draft, as it happens: changes that others enter, and who is at work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Query
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from api.deps import OpenStore, Service, may
from api.routes.drafts import DraftId, seen, told_editors, told_entry
from api.streams import stream
from gis_grid.store import drafts, presence
from gis_grid.store.access import Actor

if TYPE_CHECKING:
    from gis_grid.store import Store

router = APIRouter(tags=["drafts"])

SSE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
LastEventId = Annotated[str | None, Header(alias="Last-Event-ID", max_length=200)]
#: looks after which the caller is said to be here again, and entries told at one look
AGAIN, ENTRIES = 25, 100


@router.get("/drafts/{draft_id}/events", response_class=Response, responses=SSE)
def events(
    draft_id: DraftId,
    store: OpenStore,
    state: Service,
    actor: Annotated[Actor, may("read_plans")],
    since: Annotated[int | None, Query(ge=0, lt=2**31, description="The revision that the caller has.")] = None,
    last: LastEventId = None,
) -> EventSourceResponse:
    """Tell each change after a revision (`change`, its number is the event's id), editors (`editors`) and `state`.

    Without a revision the stream begins with what is entered from now on.
    """
    with store.reading() as session:
        seen(session, draft_id, actor)
        known = drafts.draft(session, draft_id).revision
    begun = int(last) if last is not None and last.isdecimal() and len(last) < 10 else since
    looking = _Looking(store, draft_id, actor)
    return stream(looking.look, known if begun is None else begun, state.workshop.streams)


class _Looking:
    """Look at a draft for one caller, and keep the caller present while they look."""

    def __init__(self, store: Store, draft_id: str, actor: Actor) -> None:
        self._store = store
        self._draft_id = draft_id
        self._actor = actor
        self._looks = 0
        self._editors = ""

    def look(self, revision: int) -> tuple[list[ServerSentEvent], int, bool]:
        """Return what happened since a revision, and the revision now."""
        if self._looks % AGAIN == 0 and self._actor.may("draft", self._actor.path):
            with self._store.writing() as session:
                presence.here(session, self._draft_id, actor=self._actor)
        self._looks += 1
        with self._store.reading() as session:
            found = drafts.draft(session, self._draft_id)
            entries = []
            if found.revision > revision:
                entries = drafts.journal(session, self._draft_id, since=revision, limit=ENTRIES)
            present = told_editors(session, self._draft_id)
        told = [
            ServerSentEvent(told_entry(one).model_dump_json(), event="change", id=str(one.revision)) for one in entries
        ]
        names = present.model_dump_json(exclude={"editors": {"__all__": {"at"}}})
        if names != self._editors:
            self._editors = names
            told.append(ServerSentEvent(names, event="editors"))
        revision = entries[-1].revision if entries else max(revision, 0)
        ended = found.state != "open" and revision >= found.revision
        if ended:
            told.append(ServerSentEvent(f'{{"state":"{found.state}"}}', event="state"))
        return told, revision, ended
