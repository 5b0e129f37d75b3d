"""Who answers for a unit on a day: posts, holders, substitutes, leave. Staff only, with post and work phone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from sqlalchemy import or_, select

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.staffing.people import crew_of
from gis_grid.store.areas import today
from gis_grid.store.audit import record
from gis_grid.store.models import Area, Post, PostUnit, Staff, StaffAssignment
from gis_grid.store.roster import people_in, places_in

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from gis_grid.plan import Plan
    from gis_grid.store.access import Actor
    from gis_grid.store.roster import Person, Place

KINDS = ("holder", "substitute", "leave")
Kind = TypeVar("Kind", Post, Staff)
#: columns of `people_frame`
COLUMNS = (
    "tier",
    "code",
    "post",
    "post_id",
    "role",
    "role_zh",
    "role_en",
    "lines",
    "kind",
    "staff_id",
    "person",
    "name",
    "work_phone",
    "valid_from",
    "valid_to",
)


@dataclass(frozen=True)
class Kept:
    """Say what the roster holds now: posts, people who hold them, and posts that stand vacant."""

    posts: int
    people: int
    vacant: int


def keep_people(session: Session, district: int, plan: Plan, *, on: date | None = None) -> Kept:
    """Make the roster of a plan that of its district from a day on (today there): posts, people and who holds what.

    What was so before stays as it was, with its dates: a post that is no more ends, a person who gives way to another
    holds the post until that day. A person is known by name and work phone, or by the name alone where only one
    has it. Leave and substitutes stay with the posts that go on. Of each person are kept the service lines, base,
    community and most posts that the roster tells. Grids that the plan does not have are passed over.

    Raises
    ------
    AbsentError
        If there is no such district.
    """
    home = _district(session, district)
    day = on or today(home)
    crew = crew_of(plan, strict=False)
    places = places_in(crew)
    people = _people(session, district, people_in(crew), day)
    open_posts = {post.number: post for post in _open(session, Post, district, day)}
    for place in places:
        post = open_posts.pop(place.number, None) or _begin_post(session, district, place, day)
        post.role, post.name_zh, post.name_en, post.lines = place.role, place.name_zh, place.name_en, list(place.lines)
        _hold(session, post, people.get((place.name, place.phone)), day)
    for post in open_posts.values():
        post.valid_to = max(day, post.valid_from)
        _end(session, StaffAssignment.post_id == post.id, day)
    session.flush()
    return Kept(len(places), len({id(person) for person in people.values()}), sum(not place.name for place in places))


def has_people(session: Session, district: int) -> bool:
    """Say whether a district has a roster."""
    return session.execute(select(Post.id).where(Post.district_id == district).limit(1)).first() is not None


def person_of(session: Session, district: int, number: str) -> Staff:
    """Return the person of a number on a district's roster.

    Raises
    ------
    AbsentError
        If there is nobody of that number.
    """
    query = select(Staff).where(Staff.district_id == district, Staff.number == number)
    found = session.execute(query).scalar_one_or_none()
    if found is None:
        raise AbsentError(Fault(f"there is nobody {number} on the roster", remedy="see the numbers of its people"))
    return found


def assign(
    session: Session,
    *,
    post: int,
    staff: int,
    kind: str,
    valid_from: date,
    actor: Actor,
    valid_to: date | None = None,
) -> int:
    """Let a person hold a post, stand in for its holder, or be on leave from it, from one day until another.

    `valid_to` is the first day on which it is no longer so. Who holds the post already gives way on `valid_from`.

    Raises
    ------
    AbsentError
        If there is no such post or person.
    ClashError
        If the days are not in order, the person is of another district, or there is no such kind.
    RightsError
        If the actor may not change the roster there.
    """
    at, who = session.get(Post, post), session.get(Staff, staff)
    if at is None or who is None:
        raise AbsentError(Fault(f"there is no post {post}" if at is None else f"there is no person {staff}"))
    actor.require("manage_staff", _district(session, at.district_id).path)
    if kind not in KINDS:
        raise ClashError(Fault(f"there is no kind {kind!r}", remedy=f"use one of {', '.join(KINDS)}"))
    if who.district_id != at.district_id:
        raise ClashError(Fault(f"{who.name} belongs to another district", remedy="put them on the roster there"))
    if valid_to is not None and valid_to <= valid_from:
        raise ClashError(Fault(f"{valid_from} to {valid_to} is no span of days", remedy="the last day comes after"))
    if kind == "holder":
        _end(session, (StaffAssignment.post_id == post) & (StaffAssignment.kind == "holder"), valid_from)
    found = StaffAssignment(post_id=post, staff_id=staff, kind=kind, valid_from=valid_from, valid_to=valid_to)
    session.add(found)
    session.flush()
    detail = {"post": at.number, "staff": who.number, "kind": kind, "from": str(valid_from), "to": str(valid_to or "")}
    record(session, actor, "assign", f"post {at.id}", district=at.district_id, detail=detail)
    return found.id


def people_frame(session: Session, district: int, *, on: date | None = None, holders: bool = False) -> pd.DataFrame:
    """Return who answers for each unit of a district on a day (today there): a row a unit, post and person.

    The columns are `tier` and `code` of the unit (of the district itself `code` is ""), `post` (its number) and
    `post_id`, `role`, `role_zh`, `role_en`, `lines` (service lines, a tuple), `kind`, `staff_id`, `person` (their
    number), `name`, `work_phone`, and the days `valid_from` and `valid_to` of what stands there. `kind` is
    `holder`; `substitute` while the holder is on leave or the post stands vacant; and `vacant` where nobody
    answers, with empty names: whoever stands above that post answers then. With `holders` leave does not count: those
    whose posts they are, and nobody who stands in.

    Raises
    ------
    AbsentError
        If there is no such district.
    """
    day = on or today(_district(session, district))
    units = defaultdict(list)
    posts = {post.id: post for post in _open(session, Post, district, day) if post.valid_from <= day}
    for unit in session.execute(select(PostUnit).join(Post).where(Post.district_id == district)).scalars():
        units[unit.post_id].append((unit.tier, unit.code))
    query = (
        select(StaffAssignment, Staff)
        .join(Staff, Staff.id == StaffAssignment.staff_id)
        .where(Staff.district_id == district, _runs(StaffAssignment.valid_from, StaffAssignment.valid_to, day))
        .order_by(StaffAssignment.id)
    )
    at: dict[int, list[tuple[StaffAssignment, Staff]]] = defaultdict(list)
    for held, person in session.execute(query):
        at[held.post_id].append((held, person))
    rows = [
        (*unit, *_of_post(post), *answer)
        for post in posts.values()
        for unit in units[post.id]
        for answer in _answering(post, [one for one in at[post.id] if not holders or one[0].kind == "holder"])
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"staff_id": "Int64"})
    return frame.sort_values(["tier", "code", "post_id"], kind="stable", ignore_index=True)  # as the scheme lists them


def _of_post(post: Post) -> tuple[Any, ...]:
    return post.number, post.id, post.role, post.name_zh, post.name_en, tuple(post.lines)


def _answering(post: Post, held: list[tuple[StaffAssignment, Staff]]) -> list[tuple[Any, ...]]:
    """Return who answers for a post: those who hold it and are there, else who stands in, else nobody."""
    away = {person.id for one, person in held if one.kind == "leave"}
    there = [(one, person) for one, person in held if one.kind == "holder" and person.id not in away]
    standing_in = [(one, person) for one, person in held if one.kind == "substitute" and person.id not in away]
    found = there or standing_in
    if not found:
        return [("vacant", None, "", "", "", post.valid_from, post.valid_to)]
    return [
        (one.kind, person.id, person.number, person.name, person.work_phone, one.valid_from, one.valid_to)
        for one, person in found
    ]


def _district(session: Session, district: int) -> Area:
    area = session.get(Area, district)
    if area is None or area.level != "district":
        raise AbsentError(Fault(f"there is no district {district}", remedy="add it first"))
    return area


def _runs(
    start: InstrumentedAttribute[date], end: InstrumentedAttribute[date | None], day: date
) -> ColumnElement[bool]:
    return (start <= day) & or_(end.is_(None), end > day)


def _open(session: Session, table: type[Kind], district: int, day: date) -> list[Kind]:
    """Return the posts or people of a district that have not ended by a day."""
    open_ended = or_(table.valid_to.is_(None), table.valid_to > day)
    query = select(table).where(table.district_id == district, open_ended).order_by(table.id)
    return list(session.execute(query).scalars())


def _people(session: Session, district: int, told: list[Person], day: date) -> dict[tuple[str, str], Staff]:
    """Return the person of each name and phone on the roster; new ones are added, what changed is noted."""
    wanted = {(one.name, one.phone): one for one in told}
    there = _open(session, Staff, district, day)
    exact = {(person.name, person.work_phone): person for person in there}
    named = defaultdict(list)
    for person in there:
        if (person.name, person.work_phone) not in wanted:
            named[person.name].append(person)
    numbers = session.execute(select(Staff.number).where(Staff.district_id == district)).scalars()
    last = max((int(number[1:]) for number in numbers if number[1:].isdecimal()), default=0)
    found: dict[tuple[str, str], Staff] = {}
    names = [name for name, _ in wanted]
    for (name, phone), one in wanted.items():
        known: Staff | None = exact.get((name, phone))
        if known is None and len(named[name]) == 1 and names.count(name) == 1:
            known = named[name][0]
            known.work_phone = phone
        if known is None:
            last += 1
            known = Staff(district_id=district, number=f"s{last:05d}", name=name, work_phone=phone, valid_from=day)
            session.add(known)
        known.community_code, known.lines = one.community_code, list(one.lines)
        known.base, known.most = one.base, one.most
        found[name, phone] = known
    staying = {id(person) for person in found.values()}
    for person in there:
        if id(person) not in staying:
            person.valid_to = max(day, person.valid_from)
    session.flush()
    return found


def _begin_post(session: Session, district: int, place: Place, day: date) -> Post:
    query = select(Post).where(Post.district_id == district, Post.number == place.number, Post.valid_from == day)
    post = session.execute(query).scalar_one_or_none()
    if post is not None:  # it began and ended on this day
        post.valid_to = None
        return post
    words = {"role": place.role, "name_zh": place.name_zh, "name_en": place.name_en, "lines": list(place.lines)}
    post = Post(district_id=district, number=place.number, valid_from=day, **words)
    session.add(post)
    session.flush()
    session.add_all(PostUnit(post_id=post.id, tier=tier, code=code) for tier, code in dict.fromkeys(place.units))
    return post


def _hold(session: Session, post: Post, person: Staff | None, day: date) -> None:
    """Let a person, or nobody, hold a post from a day on, unless it is so already."""
    holding = (StaffAssignment.post_id == post.id) & (StaffAssignment.kind == "holder")
    query = select(StaffAssignment).where(holding, _runs(StaffAssignment.valid_from, StaffAssignment.valid_to, day))
    now_there = session.execute(query).scalars().all()
    if person is not None and [one.staff_id for one in now_there] == [person.id]:
        return
    _end(session, holding, day)
    if person is not None:
        session.add(StaffAssignment(post_id=post.id, staff_id=person.id, kind="holder", valid_from=day))


def _end(session: Session, which: ColumnElement[bool], day: date) -> None:
    """End assignments on a day; those that would only have begun then, or later, are taken back."""
    open_ended = or_(StaffAssignment.valid_to.is_(None), StaffAssignment.valid_to > day)
    for one in session.execute(select(StaffAssignment).where(which, open_ended)).scalars():
        if one.valid_from < day:
            one.valid_to = day
        else:
            session.delete(one)
    session.flush()
