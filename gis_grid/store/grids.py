"""Grids as they were on a day: what was in force, what they were made from, what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import select

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.store.areas import in_force, today, tree
from gis_grid.store.models import Area, Grid, GridCode, Lineage, Publication, Staff
from gis_grid.store.people import people_frame
from gis_grid.store.units import units_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor


@dataclass(frozen=True)
class Step:
    """One step in the life of a grid: the plan with which it was made from, or became, the grid of a code."""

    code: str
    relation: str
    households: int
    plan_id: str
    on: date


@dataclass(frozen=True)
class Standing:
    """A grid as of a day, with its district and community and the days of its code."""

    grid: Grid
    district: Area
    community: str
    path: str
    as_of: date
    valid_from: date | None
    valid_to: date | None
    before: tuple[Step, ...]
    after: tuple[Step, ...]


def grid_as_of(
    session: Session, code: str, *, actor: Actor, on: date | None = None, district: str | None = None
) -> Standing:
    """Return the grid of a code in the plan that was in force on a day (today in its district, without one).

    Raises
    ------
    AbsentError
        If no plan in force on that day has such a grid in the actor's part of the tree.
    ClashError
        If several districts have one, and `district` (a code) does not say which.
    """
    found = [one for one in _standing(session, code, on, district) if actor.may("read_published", one.path)]
    if not found:
        when = f" on {on}" if on is not None else ""
        raise AbsentError(Fault(f"there is no grid {code} in force{when}", remedy="ask as of another day with at="))
    if len(found) > 1:
        codes = ", ".join(one.district.code for one in found)
        raise ClashError(Fault(f"several districts have a grid {code}: {codes}", remedy="say which with district="))
    return found[0]


def _standing(session: Session, code: str, on: date | None, district: str | None) -> Iterator[Standing]:
    query = (
        select(Grid, Area, Publication.effective)
        .join(Publication, Publication.plan_id == Grid.plan_id)
        .join(Area, Area.id == Publication.district_id)
        .where(Grid.code == code)
        .order_by(Publication.effective.desc())
    )
    if district is not None:
        query = query.where(Area.code == district)
    seen: set[int] = set()
    for grid, area, effective in session.execute(query):
        day = on or today(area)
        if area.id in seen or effective > day or _superseded(session, area, effective, day):
            continue
        seen.add(area.id)
        yield _told(session, grid, area, day)


def _superseded(session: Session, area: Area, effective: date, day: date) -> bool:
    """Say whether a district has a later plan in force on a day than the one that came into force then."""
    later = (Publication.district_id == area.id, Publication.effective > effective, Publication.effective <= day)
    return session.execute(select(Publication.plan_id).where(*later).limit(1)).first() is not None


def _told(session: Session, grid: Grid, district: Area, day: date) -> Standing:
    under = Area.path.startswith(district.path, autoescape=True)
    communities = session.execute(select(Area).where(Area.code == grid.community_code, under)).scalars()
    community = next((area for area in communities if in_force(area, day)), None)
    life = session.get(GridCode, (district.id, grid.code))
    return Standing(
        grid=grid,
        district=district,
        community=community.name if community else "",
        path=community.path if community else district.path,
        as_of=day,
        valid_from=life.valid_from if life else None,
        valid_to=life.retired_on if life else None,
        before=_steps(session, district, grid.code, back=True),
        after=_steps(session, district, grid.code, back=False),
    )


def _steps(session: Session, district: Area, code: str, *, back: bool) -> tuple[Step, ...]:
    mine, other = (Lineage.new_code, Lineage.old_code) if back else (Lineage.old_code, Lineage.new_code)
    query = (
        select(other, Lineage.relation, Lineage.households, Lineage.plan_id, Publication.effective)
        .join(Publication, Publication.plan_id == Lineage.plan_id)
        .where(mine == code, other.not_in(("", code)), Publication.district_id == district.id)
        .order_by(Publication.effective, other)
    )
    return tuple(Step(*row) for row in session.execute(query))


def grids_of(session: Session, actor: Actor, *, on: date | None = None) -> list[Standing]:
    """Return the grids that the person an actor is on the roster answers for on a day, by code.

    A post of a unit around grids (a zone, a community) answers for all of them. A caller who is nobody on the roster
    has none.
    """
    person = session.get(Staff, actor.staff_id) if actor.staff_id is not None else None
    if person is None:
        return []
    home = session.get_one(Area, person.district_id)
    day = on or today(home)
    plan_id = in_force_on(session, home.id, day)
    if plan_id is None:
        return []
    people = people_frame(session, home.id, on=day)
    mine = people.loc[people["staff_id"] == person.id, ["tier", "code"]].drop_duplicates()
    codes = units_of(session, plan_id).merge(mine, on=["tier", "code"])["grid"].unique().tolist()
    query = select(Grid).where(Grid.plan_id == plan_id, Grid.code.in_(codes)).order_by(Grid.code)
    return [_told(session, grid, home, day) for grid in session.execute(query).scalars()]


def in_force_on(session: Session, district: int, day: date) -> str | None:
    """Return the plan in force in a district on a day."""
    query = select(Publication.plan_id).where(Publication.district_id == district, Publication.effective <= day)
    return session.execute(query.order_by(Publication.effective.desc()).limit(1)).scalar_one_or_none()


def posts_in(session: Session, actor: Actor, *, on: date | None = None) -> pd.DataFrame:
    """Return the posts in an actor's part of the tree on a day, with who fills them, and the code of their `district`.

    Whoever holds only a part of a district sees the posts of units that lie in that part whole.
    """
    frames = []
    for area in tree(session, on=on):
        if area.level != "district":
            continue
        people = people_frame(session, area.id, on=on)
        if not actor.reaches(area.path):
            people = people[_within(session, area, people, actor, on)]
        frames.append(people.assign(district=area.code, lines=people["lines"].map(list)))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"kind": []})


def _within(session: Session, district: Area, people: pd.DataFrame, actor: Actor, on: date | None) -> pd.Series[bool]:
    """Say which posts are for units whose grids all lie in communities that the actor reaches."""
    if not any(own.startswith(district.path) for own in (actor.path, *actor.also)):
        return people["kind"] == ""
    paths = {area.code: area.path for area in tree(session, on=on, under=district.path)}
    plan_id = in_force_on(session, district.id, on or today(district))
    mine = {("community", code) for code, path in paths.items() if actor.reaches(path)}
    if plan_id is not None:
        units = units_of(session, plan_id)
        home = units[units["tier"] == "community"].set_index("grid")["code"]
        reached = home.map(lambda code: actor.reaches(paths.get(code, district.path)))
        inside = units.assign(mine=units["grid"].map(reached)).groupby(["tier", "code"])["mine"].all()
        mine |= set(inside.index[inside])
    return pd.Series(
        [unit in mine for unit in zip(people["tier"], people["code"], strict=True)], people.index, dtype=bool
    )
