"""The administrative tree: dated areas, what they were made from, and whole days in a district's own time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import shapely
from sqlalchemy import or_, select

from gis_grid.errors import AbsentError, ClashError, Fault, StoreError
from gis_grid.store.access import LOCAL, WHOLE
from gis_grid.store.audit import record
from gis_grid.store.boxes import within
from gis_grid.store.models import Area, AreaPredecessor
from gis_grid.store.models.ground import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from shapely.geometry.base import BaseGeometry
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

ZONE = "Asia/Shanghai"


def add_area(
    session: Session,
    *,
    code: str,
    level: str,
    name: str,
    under: str | None = None,
    timezone: str = ZONE,
    shape: BaseGeometry | None = None,
    valid_from: date | None = None,
    predecessors: Sequence[str] = (),
    actor: Actor = LOCAL,
) -> Area:
    """Add an area that is in force from a day on (always was, without one), and end what it was made from.

    `under` is the code of the area it lies in, `shape` its polygons in WGS 84, and `predecessors` are the codes of the
    areas that were merged into it, split for it, or renamed to it: they end on the day it begins, unless they have
    ended before. A district that keeps its code and grows is an area of its own from that day, with the
    former one among its predecessors. A predecessor that several areas were made from is named by each of them.

    Raises
    ------
    StoreError
        If code, level or time zone cannot be; all faults at once.
    AbsentError
        If the area above or a predecessor is not there.
    ClashError
        If an area of this code is in force on that day and is not among the predecessors.
    RightsError
        If the actor may not add areas there.
    """
    day = valid_from or date.min
    _check(code, level, name, timezone)
    parent = area_of(session, under, on=day) if under is not None else None
    if parent is not None and LEVELS.index(parent.level) >= LEVELS.index(level):
        raise StoreError(Fault(f"a {level} does not lie under a {parent.level}", under or ""))
    actor.require("manage_areas", parent.path if parent else WHOLE)
    formers = [_former(session, former, level=level, on=day) for former in predecessors]
    area = begin(session, Sketch(code, level, name, timezone, shape), parent=parent, on=day, formers=formers)
    detail = {"level": level, "name": name, "valid_from": str(day), "predecessors": list(predecessors)}
    record(session, actor, "add_area", code, detail=detail)
    return area


@dataclass(frozen=True)
class Sketch:
    """What an area is to be: code, level, name, time zone, and its polygons in WGS 84."""

    code: str
    level: str
    name: str
    zone: str
    shape: BaseGeometry | None


def begin(session: Session, sketch: Sketch, *, parent: Area | None, on: date, formers: Iterable[Area] = ()) -> Area:
    """Add an area under a parent and end those it was made from; what `add_area` does once everything is found."""
    formers = list(formers)
    path = f"{parent.path if parent else WHOLE}{sketch.code}/"
    open_ended = or_(Area.valid_to.is_(None), Area.valid_to > on)
    for other in session.execute(select(Area).where(Area.path == path, open_ended)).scalars():
        if other not in formers:
            remedy = "name it among the predecessors, or use another code"
            raise ClashError(
                Fault(f"{other.name} has the code {sketch.code} from {other.valid_from} on", remedy=remedy)
            )
    for former in formers:
        if former.valid_to is None or former.valid_to > on:
            former.valid_to = max(on, former.valid_from)
    session.flush()
    query = select(Area).where(Area.path == path, Area.valid_from == on)
    area = session.execute(query).scalar_one_or_none()  # one that began and ended on this day was never in force
    if area is None:
        area = Area(code=sketch.code, level=sketch.level, path=path, valid_from=on)
        session.add(area)
    area.name, area.timezone, area.valid_to = sketch.name, sketch.zone, None
    area.parent_id = parent.id if parent else None
    lay(area, sketch.shape)
    session.flush()
    for former in formers:
        if former is not area:
            session.merge(AreaPredecessor(area_id=area.id, predecessor_id=former.id))
    session.flush()
    return area


def lay(area: Area, shape: BaseGeometry | None) -> None:
    """Give an area its shape in WGS 84, with the box around it."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"] if shape is not None else []
    area.geom = shapely.multipolygons(parts) if parts else None
    box = shapely.bounds(area.geom).tolist() if parts else [None] * 4
    area.west, area.south, area.east, area.north = box


def area_of(session: Session, code: str, *, on: date | None = None, level: str | None = None, under: str = "/") -> Area:
    """Return the area of a code that is in force on a day (today where it lies, without one).

    `under` is the path of the area it must lie in: provisional codes of communities are only unique in a district.

    Raises
    ------
    AbsentError
        If there is no such area on that day.
    ClashError
        If several areas have the code, and `under` does not tell them apart.
    """
    query = select(Area).where(Area.code == code, Area.path.startswith(under, autoescape=True))
    if level is not None:
        query = query.where(Area.level == level)
    found = [area for area in session.execute(query).scalars() if in_force(area, on)]
    if len(found) > 1:
        raise ClashError(Fault(f"{len(found)} areas have the code {code}", remedy="say in which district"))
    if not found:
        when = f" on {on}" if on is not None and on != date.min else ""
        problem = f"there is no {level or 'area'} {code}{when}"
        remedy = "gis-grid import adds a district"
        raise AbsentError(Fault(problem, remedy=remedy, code="no-district", values={"code": code}))
    return found[0]


def district_of(session: Session, code: str, *, on: date | None = None) -> Area:
    """Return the district of a code on a day (today there, without one).

    Raises
    ------
    AbsentError
        If there is no such district on that day.
    """
    return area_of(session, code, on=on, level="district")


def district_at(session: Session, lon: float, lat: float, *, on: date | None = None) -> Area | None:
    """Return the district that a point in WGS 84 lies in on a day (today there, without one), or None.

    A point on the line between two belongs to the one with the smaller code.
    """
    query = select(Area).where(Area.level == "district", within(Area, (lon, lat, lon, lat))).order_by(Area.code)
    point = shapely.Point(lon, lat)
    for area in session.execute(query).scalars():
        if in_force(area, on) and shapely.intersects(area.geom, point):
            return area
    return None


def tree(session: Session, *, on: date | None = None, under: str = "/") -> list[Area]:
    """Return the areas in force on a day (today where each lies, without one), each before those under it."""
    query = select(Area).where(Area.path.startswith(under, autoescape=True)).order_by(Area.path)
    return [area for area in session.execute(query).scalars() if in_force(area, on)]


def today(area: Area, *, at: datetime | None = None) -> date:
    """Return which day it is in an area at a moment (now, without one).

    >>> midnight = datetime(2026, 3, 1, 4, 30, tzinfo=UTC)
    >>> today(Area(timezone="America/Toronto"), at=midnight), today(Area(timezone="Asia/Shanghai"), at=midnight)
    (datetime.date(2026, 2, 28), datetime.date(2026, 3, 1))
    """
    return (at or datetime.now(UTC)).astimezone(ZoneInfo(area.timezone)).date()


def in_force(area: Area, on: date | None = None) -> bool:
    """Say whether an area is in force on a day (today there, without one); the day it ends is the first without it."""
    day = on or today(area)
    return area.valid_from <= day and (area.valid_to is None or day < area.valid_to)


def heir_of(session: Session, area: Area, *, at: datetime) -> Area:
    """Return the area that an area is at a moment: itself, or what it alone has become under another name or code."""
    while not in_force(area, today(area, at=at)):
        heirs = _linked(session, AreaPredecessor.area_id, AreaPredecessor.predecessor_id, area)
        if len(heirs) != 1 or heirs[0].valid_from > today(area, at=at):
            break
        if len(_linked(session, AreaPredecessor.predecessor_id, AreaPredecessor.area_id, heirs[0])) != 1:
            break
        area = heirs[0]
    return area


def paths_into(session: Session, area: Area) -> set[str]:
    """Return the paths of all areas that went whole into an area, however long ago."""
    found: set[str] = set()
    waiting, seen = [area], {area.id}
    while waiting:
        for former in _linked(session, AreaPredecessor.predecessor_id, AreaPredecessor.area_id, waiting.pop()):
            heirs = _linked(session, AreaPredecessor.area_id, AreaPredecessor.predecessor_id, former)
            if former.id not in seen and len(heirs) == 1:
                seen.add(former.id)
                found.add(former.path)
                waiting.append(former)
    return found


def _linked(session: Session, wanted: object, given: object, area: Area) -> list[Area]:
    """Return what an area became, or what it was made from, by the two columns of predecessors."""
    query = select(Area).join(AreaPredecessor, Area.id == wanted).where(given == area.id).order_by(Area.id)  # type: ignore[arg-type]
    return list(session.execute(query).scalars())


def _former(session: Session, code: str, *, level: str, on: date) -> Area:
    """Return the latest area of a code that began before a day: what may be a predecessor on that day."""
    query = select(Area).where(Area.code == code, Area.level == level, Area.valid_from < on)
    found = session.execute(query.order_by(Area.valid_from.desc()).limit(1)).scalar_one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is no {level} {code} before {on}", remedy="add the predecessor first"))
    return found


def _check(code: str, level: str, name: str, timezone: str) -> None:
    faults = []
    if not code or not code.isprintable() or "/" in code or " " in code:
        faults.append(Fault(f"{code!r} is no code", remedy="use digits or letters, without spaces and slashes"))
    if level not in LEVELS:
        faults.append(Fault(f"there is no level {level!r}", remedy=f"use one of {', '.join(LEVELS)}"))
    if not name.strip():
        faults.append(Fault("the area has no name", code, remedy="give it one"))
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(Fault(f"there is no time zone {timezone!r}", code, remedy="use one such as Asia/Shanghai"))
    if faults:
        raise StoreError(faults)
