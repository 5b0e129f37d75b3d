"""Reports of wrong lines: a point and a sentence from who works there, kept for who draws, emptied when closed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import false, or_, select

from gis_grid.errors import AbsentError, Fault, InputError
from gis_grid.store.audit import record
from gis_grid.store.columns import now
from gis_grid.store.models import Report

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

#: the longest sentence (characters)
LONGEST = 200
#: so many figures in a row are a telephone number or worse, never a house number
_NUMBER = re.compile(r"\d(?:[ -]?\d){6,}")


@dataclass(frozen=True)
class Place:
    """Where a report is of: a point in WGS 84, the grid it lies in or is nearest to, and that grid's path of rights."""

    lon: float
    lat: float
    district_id: int
    plan_id: str
    grid_code: str
    path: str


def checked(sentence: str) -> str:
    """Return a sentence on one line, if it can be about a line on the map only.

    >>> checked(" 边界应沿  建设路中心线 ")
    '边界应沿 建设路中心线'
    >>> checked("打电话给 138 0013 8000")
    Traceback (most recent call last):
    gis_grid.errors.InputError: column 'sentence': it holds a long number → say what is wrong with the line, not who

    Raises
    ------
    InputError
        If it is empty, too long, or holds what looks like a telephone or identity number.
    """
    said = " ".join(sentence.split())
    remedy = "say what is wrong with the line, not who"
    if not said:
        raise InputError(Fault("it is empty", column="sentence", remedy=remedy, code="sentence-empty"))
    if len(said) > LONGEST:
        problem = f"it has {len(said)} characters, {LONGEST} at most"
        raise InputError(Fault(problem, column="sentence", remedy=remedy, code="sentence-long"))
    if _NUMBER.search(said.translate({ord("０") + n: str(n) for n in range(10)})):
        raise InputError(Fault("it holds a long number", column="sentence", remedy=remedy, code="sentence-number"))
    return said


def report(session: Session, place: Place, sentence: str, *, actor: Actor) -> Report:
    """Keep a report of a wrong line; the record says who made one and in which grid, not what it says.

    Raises
    ------
    InputError
        If the sentence cannot be kept.
    RightsError
        If the actor may not report there.
    """
    actor.require("report", place.path)
    kept = Report(
        district_id=place.district_id,
        plan_id=place.plan_id,
        grid_code=place.grid_code,
        path=place.path,
        lon=place.lon,
        lat=place.lat,
        sentence=checked(sentence),
        state="open",
        who=actor.name,
        at=now(),
        closed_by="",
    )
    session.add(kept)
    session.flush()
    record(session, actor, "report", f"r{kept.id}", district=place.district_id, detail={"grid": place.grid_code})
    return kept


def reports_for(session: Session, actor: Actor, *, state: str = "open", limit: int = 200) -> list[Report]:
    """Return reports that the actor may see, the newest first: those of a planner's part of the tree, else none."""
    if not actor.may("read_reports", actor.path):
        return []
    paths = (Report.path.startswith(own, autoescape=True) for own in (actor.path, *actor.also))
    query = select(Report).where(or_(false(), *paths), Report.state == state)
    return list(session.execute(query.order_by(Report.id.desc()).limit(limit)).scalars())


def close(session: Session, number: int, *, actor: Actor) -> Report:
    """Close a report, and empty its sentence: that it was made stays, what it said does not.

    Raises
    ------
    AbsentError
        If there is no such report in the actor's part of the tree.
    """
    found = session.get(Report, number)
    if found is None or not actor.may("read_reports", found.path):
        raise AbsentError(Fault(f"there is no report {number}"))
    if found.state == "open":
        found.state, found.sentence, found.closed_by, found.closed_at = "closed", "", actor.name, now()
        record(session, actor, "close_report", f"r{number}", district=found.district_id)
        session.flush()
    return found
