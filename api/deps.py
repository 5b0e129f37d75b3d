"""Dependencies as validation: who calls, whether they may, and a session of the store.

A route asks for what it needs::

    @router.post("/plans/{plan_id}/publish")
    def publish_plan(plan_id: str, wish: Wish, actor: Annotated[Actor, may("publish")], session: Writing) -> …:

The role is checked before the handler runs; whether the object lies in the caller's part of the tree is checked by
the functions of the store, which know the object (`actor.require(action, path)`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy.orm import Session

from api.auth import Caller, secret_in
from api.errors import Problem
from api.settings import Settings
from api.state import State
from gis_grid.store import Store
from gis_grid.store.access import NOBODY, Actor

_bearer = HTTPBearer(auto_error=False, description="A token of `gis-grid token`, or of the OIDC issuer.")


def service(request: Request) -> State:
    """Return what this process holds."""
    state: State = request.app.state.service
    return state


Service = Annotated[State, Depends(service)]


def settings(state: Service) -> Settings:
    """Return the settings."""
    return state.settings


def store(state: Service) -> Store:
    """Return the store."""
    return state.store


def caller(request: Request, state: Service, _documented: Annotated[Any, Depends(_bearer)]) -> Caller:
    """Return who calls: the bearer of a token, or a guest at an address."""
    header = request.headers.get("authorization")
    secret = secret_in(None if header is None else header.encode("latin-1"))
    if secret is None:
        return Caller(NOBODY, address_of(request.scope), 0.0)
    found = state.gate.caller(secret, address=address_of(request.scope))
    request.state.who = found.actor.name
    return found


def address_of(scope: Any) -> str:
    """Return the address a request comes from.

    >>> address_of({"client": ("10.0.0.7", 5123)})
    '10.0.0.7'
    """
    client = scope.get("client")
    return client[0] if client else "unknown"


def refuse_strangers(who: Caller, state: State) -> None:
    """Refuse a caller without a token, unless what is published is open to everybody here.

    Raises
    ------
    Problem
        401 without a token, where lookups are not public.
    """
    if who.actor is NOBODY and not state.settings.public_lookup:
        raise Problem(401, "token", "this needs a token here", headers={"WWW-Authenticate": "Bearer"})


def may(action: str, *, rate: str = "") -> Any:
    """Return a dependency: the caller, who must be allowed an action, and no oftener than a rate allows.

    Parameters
    ----------
    action
        One of `gis_grid.store.access.ACTIONS`.
    rate
        `lookup`, `batch`, `write` or `report`: what the request is counted as.
    """

    def allowed(who: Annotated[Caller, Depends(caller)], state: Service) -> Actor:
        refuse_strangers(who, state)
        who.require(action)
        if rate:
            state.rates.take(rate, who.key)
        return who.actor

    return Depends(allowed)


def reading(state: Service) -> Iterator[Session]:
    """Give a session that sees the store as it was at its first query."""
    with state.store.reading() as session:
        yield session


def writing(state: Service) -> Iterator[Session]:
    """Give a session whose changes are on the disk before the answer leaves."""
    with state.store.writing() as session:
        yield session


Anyone = Annotated[Caller, Depends(caller)]
OpenStore = Annotated[Store, Depends(store)]
TheSettings = Annotated[Settings, Depends(settings)]
Reading = Annotated[Session, Depends(reading, scope="function")]
Writing = Annotated[Session, Depends(writing, scope="function")]
