"""What comes to somebody in the field: grounds that the next publication gives them or takes from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import aliased

from gis_grid.lookup.answering import answering
from gis_grid.store.areas import today
from gis_grid.store.models import Assignment, Block, Grid, Plan, Publication
from gis_grid.store.people import people_frame
from gis_grid.store.units import units_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from sqlalchemy.orm import Session

    from gis_grid.store.grids import Standing


@dataclass(frozen=True)
class HandOver:
    """Say what goes from one grid to another: households, and who answers on the other side from that day on."""

    own: str
    other: str
    other_name: str
    gives: bool
    households: int
    people: list[dict[str, Any]]


@dataclass(frozen=True)
class Coming:
    """The next publication in a district, and what it changes for some grids.

    `redrawn` says that blocks of theirs were cut or drawn anew, which `hand_overs` do not count.
    """

    effective: date
    plan_id: str
    hand_overs: tuple[HandOver, ...]
    redrawn: bool


def next_publication(session: Session, district: int, day: date) -> Publication | None:
    """Return the first publication of a district that is not in force yet on a day."""
    query = select(Publication).where(Publication.district_id == district, Publication.effective > day)
    return session.execute(query.order_by(Publication.effective).limit(1)).scalar_one_or_none()


def coming_to(session: Session, own: Iterable[Standing]) -> Coming | None:
    """Return what the next publication changes for grids of one district; None if none is published yet."""
    grids = {one.grid.code: one for one in own}
    if not grids:
        return None
    some = next(iter(grids.values()))
    following = next_publication(session, some.district.id, today(some.district))
    if following is None:
        return None
    moved = _moved(session, some.grid.plan_id, following.plan_id, grids)
    others = {new if old in grids else old for old, new, _ in moved}
    named = _named(session, (some.grid.plan_id, following.plan_id), others)
    units = units_of(session, following.plan_id, codes=others)
    people = answering(people_frame(session, some.district.id, on=following.effective), units)
    rows = []
    for old, new, count in moved:
        mine, other = (old, new) if old in grids else (new, old)
        rows.append(HandOver(mine, other, named.get(other, ""), old in grids, count, people.get(other, [])))
    gone = _gone(session, some.grid.plan_id, following.plan_id, [one.grid.grid_id for one in grids.values()])
    return Coming(following.effective, following.plan_id, tuple(rows), gone)


def _moved(session: Session, before: str, after: str, mine: Collection[str]) -> list[tuple[str, str, int]]:
    """Return old code, new code and households of the blocks that change grids, where one of the two is mine."""
    was, will = aliased(Assignment), aliased(Assignment)
    old, new = aliased(Grid), aliased(Grid)
    tiers = {plan: session.get_one(Plan, plan).main_tier for plan in (before, after)}
    query = (
        select(old.code, new.code, func.sum(Block.households))
        .select_from(was)
        .join(will, will.block_id == was.block_id)
        .join(old, (old.plan_id == before) & (old.grid_id == was.unit))
        .join(new, (new.plan_id == after) & (new.grid_id == will.unit))
        .join(Plan, Plan.id == after)
        .join(Block, (Block.ground_id == Plan.ground_id) & (Block.block_id == was.block_id))
        .where(was.plan_id == before, was.tier == tiers[before], will.plan_id == after, will.tier == tiers[after])
        .where(old.code != new.code, or_(old.code.in_(mine), new.code.in_(mine)))
        .group_by(old.code, new.code)
        .order_by(old.code, new.code)
    )
    return [(str(one), str(other), int(count)) for one, other, count in session.execute(query)]


def _gone(session: Session, before: str, after: str, mine: Collection[str]) -> bool:
    """Say whether blocks of some grids (ids) are in the earlier plan only."""
    was, will = aliased(Assignment), aliased(Assignment)
    there = exists().where(will.plan_id == after, will.block_id == was.block_id)
    query = select(was.block_id).where(was.plan_id == before, was.unit.in_(mine), ~there)
    return session.execute(query.limit(1)).first() is not None


def _named(session: Session, plans: Sequence[str], codes: Collection[str]) -> dict[str, str]:
    """Return the names of grids by their codes, as the last of some plans has them."""
    query = select(Grid.plan_id, Grid.code, Grid.name).where(Grid.plan_id.in_(plans), Grid.code.in_(codes))
    rows = sorted(session.execute(query), key=lambda row: plans.index(row[0]))
    return {str(code): str(name) for _, code, name in rows}
