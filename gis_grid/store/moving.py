"""Posts at publication: those of grids that are no more go on at the new codes, with their holders, leave and deputies.

A post that moves is a new one from the day the plan comes into force: the old one ends, and what of its assignments
reaches beyond that day is copied with its own last day. Withdrawing the publication takes the copies away and opens
the old ones again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from sqlalchemy import delete, or_, select

from gis_grid.staffing.moving import moved
from gis_grid.staffing.people import Crew
from gis_grid.store.models import Post, PostUnit, StaffAssignment
from gis_grid.store.roster import places_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from gis_grid import plan as plans
    from gis_grid.store.roster import Place


class PostsMoved(NamedTuple):
    """Count the posts that moved to another code, began vacant, and ended."""

    moved: int
    new: int
    ended: int


def move_posts(
    session: Session, district: int, before: plans.Plan, after: plans.Plan, *, on: date
) -> PostsMoved | None:
    """Let the posts of a district follow from one plan to the next on a day; None if it has no posts.

    Posts whose units go on stay as they are. Those of units that are split or merged go to the unit with most of their
    homes, as `gis_grid.staffing.moved` says; posts of new units begin vacant; posts of units without any heir end.
    """
    open_ended = or_(Post.valid_to.is_(None), Post.valid_to > on)
    query = select(Post).where(Post.district_id == district, Post.valid_from <= on, open_ended).order_by(Post.id)
    there = {post.number: post for post in session.execute(query).scalars()}
    if not there:
        return None
    crew = _crew(session, there)
    found = moved(crew, before, after)
    places = {place.number: place for place in places_in(found.crew)}
    came = {str(new): there[str(old)] for old, new in found.became.items() if new}
    counts: Counter[str] = Counter()
    for number, place in places.items():
        old = came.get(number)
        if old is not None and old.number == number:
            continue
        fresh = _begin(session, district, place, on, old)
        counts["new" if old is None else "moved"] += 1
        if old is not None:
            _copy(session, old, fresh, on)
    for number, post in there.items():
        if found.became.get(number, "") != number:
            counts["ended"] += not found.became.get(number, "")
            post.valid_to = max(on, post.valid_from)
            _close(session, post, on)
    session.flush()
    return PostsMoved(counts["moved"], counts["new"], counts["ended"])


def _crew(session: Session, there: Mapping[str, Post]) -> Crew:
    """Return the posts of a store as a crew; a post that anybody has to do with counts as held."""
    ids = [post.id for post in there.values()]
    units: dict[int, list[tuple[str, str]]] = defaultdict(list)
    held: set[int] = set()
    for first in range(0, len(ids), 1000):
        some = ids[first : first + 1000]
        for unit in session.execute(
            select(PostUnit).where(PostUnit.post_id.in_(some)).order_by(PostUnit.code)
        ).scalars():
            units[unit.post_id].append((unit.tier, unit.code))
        held |= set(session.execute(select(StaffAssignment.post_id).where(StaffAssignment.post_id.in_(some))).scalars())
    rows = [
        {
            "role": post.role,
            "name_zh": post.name_zh,
            "name_en": post.name_en,
            "tier": units[post.id][0][0],
            "codes": tuple(code for _, code in units[post.id]),
            "station": number[len(post.role) :].partition("@")[0].removeprefix("."),
            "lines": tuple(post.lines),
            "needed": True,
            "vacancy": True,
            "held_by": "",
            "households": 0,
            "shops": 0,
            "difficulty": 1.0,
            "named": True,
            "extra": False,
            "person": number if post.id in held else "",
        }
        for number, post in there.items()
        if units[post.id]
    ]
    index = pd.Index([number for number, post in there.items() if units[post.id]], name="post", dtype="str")
    people = pd.DataFrame({"name": index, "phone": ""}, index=index.rename("person"))
    return Crew(pd.DataFrame(rows, index=index), people)


def _begin(session: Session, district: int, place: Place, on: date, old: Post | None) -> Post:
    """Begin a post; one that moves keeps its words and lines."""
    words = place if old is None else old
    post = Post(
        district_id=district,
        number=place.number,
        role=place.role,
        name_zh=words.name_zh,
        name_en=words.name_en,
        lines=list(words.lines),
        valid_from=on,
    )
    session.add(post)
    session.flush()
    session.add_all(PostUnit(post_id=post.id, tier=tier, code=code) for tier, code in dict.fromkeys(place.units))
    return post


def _lasting(session: Session, post: Post, on: date) -> Sequence[StaffAssignment]:
    """Return the assignments of a post that reach beyond a day."""
    beyond = or_(StaffAssignment.valid_to.is_(None), StaffAssignment.valid_to > on)
    return session.execute(select(StaffAssignment).where(StaffAssignment.post_id == post.id, beyond)).scalars().all()


def _copy(session: Session, old: Post, fresh: Post, on: date) -> None:
    """Let a post have what of the assignments of the old one reaches beyond a day."""
    for one in _lasting(session, old, on):
        first = max(one.valid_from, on)
        more = {"staff_id": one.staff_id, "kind": one.kind, "valid_from": first, "valid_to": one.valid_to}
        session.add(StaffAssignment(post_id=fresh.id, **more))


def _close(session: Session, post: Post, on: date) -> None:
    """End the assignments of a post on a day; those that only begin later are on the post in its place."""
    for one in _lasting(session, post, on):
        if one.valid_from < on:
            one.valid_to = on
        else:
            session.delete(one)


def move_back(session: Session, district: int, *, on: date) -> None:
    """Take back what `move_posts` did for a publication that begins on a day.

    What was entered for a new post since, as that somebody else holds it, goes back to the post it came from.
    """
    mine = Post.district_id == district
    fresh = list(session.execute(select(Post).where(mine, Post.valid_from == on).order_by(Post.id)).scalars())
    ended = session.execute(select(Post).where(mine, Post.valid_to == on).order_by(Post.id)).scalars().all()
    for post in ended:
        post.valid_to = None
        was = _pairs(session, StaffAssignment.post_id == post.id, StaffAssignment.valid_to == on)
        alike = [(one, _pairs(session, StaffAssignment.post_id == one.id)) for one in fresh if one.role == post.role]
        came = next((pair for pair in alike if was and was.keys() <= pair[1].keys()), None)
        if came is None:
            continue
        for key, one in came[1].items():
            if key in was:
                was[key].valid_to = one.valid_to
            else:
                one.post_id = post.id
        fresh.remove(came[0])
        _drop(session, came[0])
    for post in fresh:
        _drop(session, post)


def _pairs(session: Session, *which: ColumnElement[bool]) -> dict[tuple[int, str], StaffAssignment]:
    """Return assignments by person and kind."""
    found = session.execute(select(StaffAssignment).where(*which).order_by(StaffAssignment.id)).scalars()
    return {(one.staff_id, one.kind): one for one in found}


def _drop(session: Session, post: Post) -> None:
    session.flush()
    for table in (StaffAssignment, PostUnit):
        session.execute(delete(table).where(table.post_id == post.id))
    session.delete(post)
    session.flush()
