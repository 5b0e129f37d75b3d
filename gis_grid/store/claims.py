"""Callers whose area and staff number are told by somebody else: an issuer of tokens with claims."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gis_grid.errors import AbsentError, Fault
from gis_grid.store.access import Actor
from gis_grid.store.areas import area_of, paths_into
from gis_grid.store.models import Area, Staff

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def actor_in(session: Session, *, name: str, role: str, area: str, staff: str | None = None) -> Actor:
    """Return who acts with a role in the area of a code, and as whom of the roster, if as anybody.

    Raises
    ------
    AbsentError
        If there is no such area today, or nobody of that number on the roster there.
    ClashError
        If several areas have the code.
    """
    place = area_of(session, area)
    also = tuple(sorted(paths_into(session, place) - {place.path}))
    return Actor(name, role, place.path, None if staff is None else _person(session, place, staff), also)


def _person(session: Session, place: Area, number: str) -> int:
    """Return the id of a number on the roster of the district that an area lies in, or that lies in it."""
    query = select(Staff.id, Area.path).join(Area, Area.id == Staff.district_id).where(Staff.number == number)
    rows = session.execute(query.order_by(Staff.id.desc())).all()
    found = [row.id for row in rows if place.path.startswith(row.path) or row.path.startswith(place.path)]
    if not found:
        raise AbsentError(Fault("nobody of this number is on the roster here"))
    return int(found[0])
