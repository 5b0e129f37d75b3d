"""A plan's way into force: handed in, agreed to by somebody else, published with a day from which it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor


@dataclass(frozen=True)
class Published:
    """A plan in force from `effective` until the day before `until` (None while nothing follows)."""

    plan_id: str
    district_id: int
    effective: date
    until: date | None
    at: datetime
    who: str


def submit(
    session: Session,
    plan_id: str,
    *,
    draft: str | None = None,
    revision: int | None = None,
    actor: Actor,
    comment: str = "",
) -> str:
    """Hand a plan in, or a draft of it, which becomes a new plan; return the id of the plan handed in."""
    raise NotImplementedError


def approve(session: Session, plan_id: str, *, actor: Actor, comment: str = "", alone: bool = False) -> None:
    """Agree to a plan that somebody else handed in; `alone` lets the one person at the command line do both."""
    raise NotImplementedError


def give_back(session: Session, plan_id: str, *, actor: Actor, comment: str) -> None:
    """Return a plan to those who handed it in; the draft it came from is open again."""
    raise NotImplementedError


def publish(
    session: Session,
    plan_id: str,
    *,
    effective: date,
    actor: Actor,
    allow_errors: bool = False,
    tiles: Mapping[str, bytes] | None = None,
) -> None:
    """Put an approved plan into force from a day on."""
    raise NotImplementedError


def withdraw(session: Session, plan_id: str, *, actor: Actor, comment: str = "") -> None:
    """Take back a publication that is not yet in force; the plan is approved as before."""
    raise NotImplementedError


def in_force(session: Session, district_id: int, *, on: date) -> str | None:
    """Return the plan that holds in a district on a day."""
    raise NotImplementedError


def publications(session: Session, *, district: int | None = None) -> list[Published]:
    """Return what was published, by district and day."""
    raise NotImplementedError
