"""Keys to the service: shown once, kept as a hash, for one role in one part of the tree, until a day."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from gis_grid.errors import AbsentError, Fault, StoreError
from gis_grid.store.access import WHOLE, Actor
from gis_grid.store.areas import heir_of, paths_into
from gis_grid.store.audit import record
from gis_grid.store.columns import now
from gis_grid.store.models import ROLES, Area, Staff, Token
from gis_grid.store.plans import new_id

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

#: what every secret begins with, so that scanners of leaked keys and people know it
PREFIX = "gg_"
RANDOM_BYTES = 32
#: the longest a token may live
MOST_DAYS = 3660


def create_token(
    session: Session,
    *,
    name: str,
    role: str,
    days: int,
    actor: Actor,
    area: int | None = None,
    staff: int | None = None,
) -> tuple[str, str]:
    """Make a token and return its id and its secret, which is shown this once and cannot be had again.

    `name` says who uses it, and stands in the record of what they do. `area` is the id of the area it holds for (the
    whole installation without one), `staff` that of a person of the roster.

    Raises
    ------
    StoreError
        If name, role or days are not what a token can have; all faults at once.
    AbsentError
        If there is no such area or person.
    RightsError
        If the actor may not give tokens there.
    """
    faults = []
    if not name.strip():
        faults.append(Fault("the token has no name", remedy="say who will use it"))
    if role not in ROLES:
        faults.append(Fault(f"there is no role {role!r}", remedy=f"use one of {', '.join(ROLES)}"))
    if not 1 <= days <= MOST_DAYS:
        faults.append(Fault(f"{days} days", remedy=f"use 1 to {MOST_DAYS} days"))
    if faults:
        raise StoreError(faults)
    place = session.get(Area, area) if area is not None else None
    if area is not None and place is None:
        raise AbsentError(Fault(f"there is no area {area}"))
    if staff is not None and session.get(Staff, staff) is None:
        raise AbsentError(Fault(f"there is no person {staff} on the roster"))
    actor.require("manage_tokens", place.path if place else WHOLE)
    secret = PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    made = now()
    token = Token(
        id=new_id("t"),
        hash=_hash(secret),
        name=name.strip(),
        role=role,
        area_id=area,
        staff_id=staff,
        created_at=made,
        expires_at=made + timedelta(days=days),
    )
    session.add(token)
    session.flush()
    detail = {"name": token.name, "role": role, "days": days, "area": place.code if place else None}
    record(session, actor, "create_token", token.id, detail=detail)
    return token.id, secret


def actor_of(session: Session, secret: str, *, at: datetime) -> Actor | None:
    """Return on whose behalf the bearer of a secret acts at a moment, or None if it opens nothing.

    A token that is unknown, expired or revoked is nobody's. The secret is looked up by its hash, so that how long
    that takes says nothing about the secrets there are. Where the token's area goes on under another name or code, it
    holds for that; where it was merged or split, only for what was.
    """
    if not secret.startswith(PREFIX):
        return None
    token = session.execute(select(Token).where(Token.hash == _hash(secret))).scalar_one_or_none()
    if token is None:
        return None
    if at >= token.expires_at or (token.revoked_at is not None and at >= token.revoked_at):
        return None
    area = _place(session, token)
    if area is None:
        return Actor(token.name, token.role, staff_id=token.staff_id)
    heir = heir_of(session, area, at=at)
    also = tuple(sorted(set(paths_into(session, heir)) - {heir.path}))
    return Actor(token.name, token.role, heir.path, token.staff_id, also)


def revoke(session: Session, token_id: str, *, actor: Actor) -> None:
    """Make a token open nothing from now on; one that is revoked already stays as it is.

    Raises
    ------
    AbsentError
        If there is no such token.
    RightsError
        If the actor may not take tokens away there.
    """
    token = session.get(Token, token_id)
    if token is None:
        raise AbsentError(Fault(f"there is no token {token_id}", remedy="see: gis-grid token list"))
    place = _place(session, token)
    actor.require("manage_tokens", place.path if place else WHOLE)
    if token.revoked_at is None:
        token.revoked_at = now()
        session.flush()
        record(session, actor, "revoke_token", token.id, detail={"name": token.name})


def list_tokens(session: Session, *, actor: Actor) -> list[tuple[Token, Area | None]]:
    """Return the tokens of the actor's part of the tree with the area each holds for, the oldest first."""
    tokens = session.execute(select(Token).order_by(Token.created_at, Token.id)).scalars()
    rows = [(token, _place(session, token)) for token in tokens]
    return [(token, area) for token, area in rows if actor.may("manage_tokens", area.path if area else WHOLE)]


def _place(session: Session, token: Token) -> Area | None:
    return session.get(Area, token.area_id) if token.area_id is not None else None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
