"""A plan as it will be in force: worked out beside everybody else, and kept only if nothing has come between.

Codes, shapes, bounds in words and issues take seconds for a large district. Worked out where nobody is kept from
writing, they hold as long as what they follow from is the same; the transaction that publishes looks at that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select

from gis_grid import finish
from gis_grid.compare import concordance
from gis_grid.staffing import with_assignments
from gis_grid.store.models import Approval, GridCode, Plan, Publication
from gis_grid.store.plans import Packed, load_plan, packed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gis_grid import plan as plans


@dataclass(frozen=True)
class Settled:
    """A plan as it will be in force, the same as the store keeps it, and what it follows from.

    `source` is the plan whose roster the district has: the one in force last, else the one this was made from.
    """

    plan: plans.Plan
    packed: Packed
    source: plans.Plan | None
    follows_from: tuple[object, ...]


def settle(session: Session, plan_id: str) -> Settled | None:
    """Work out how an approved plan will be in force; None where there is no such plan.

    Raises
    ------
    ClashError
        If codes cannot be settled.
    """
    kept = session.get(Plan, plan_id)
    if kept is None or kept.state != "approved":
        return None
    last, given = last_of(session, kept.district_id), _given(session, kept)
    before = load_plan(session, last.plan_id) if last is not None else None
    plan = _whole(load_plan(session, plan_id), before, given)
    origin = before if before is not None or kept.based_on is None else load_plan(session, kept.based_on)
    return Settled(plan, packed(plan), origin, _basis(session, kept, last, given))


def settled_now(session: Session, kept: Plan, before: Settled | None) -> Settled:
    """Return what was worked out before, or work it out anew if what it follows from is not the same any more."""
    if before is not None:
        basis = _basis(session, kept, last_of(session, kept.district_id), _given(session, kept))
        if basis == before.follows_from:
            return before
    found = settle(session, kept.id)
    assert found is not None
    return found


def last_of(session: Session, district: int) -> Publication | None:
    """Return the publication of a district whose day is the latest."""
    query = select(Publication).where(Publication.district_id == district)
    return session.execute(query.order_by(Publication.effective.desc()).limit(1)).scalar_one_or_none()


def _basis(session: Session, kept: Plan, last: Publication | None, given: set[str]) -> tuple[object, ...]:
    """Return what a settled plan follows from: plans are what they are, but for steps that they take."""
    ids = [kept.id] if last is None else [kept.id, last.plan_id]
    steps = select(Approval.plan_id, func.max(Approval.id)).where(Approval.plan_id.in_(ids)).group_by(Approval.plan_id)
    published = None if last is None else (last.plan_id, last.effective, last.at)
    return tuple(sorted(tuple(row) for row in session.execute(steps))), published, frozenset(given)


def _given(session: Session, kept: Plan) -> set[str]:
    """Return the codes that others have; what this very plan gave out in a withdrawn publication is still its own."""
    codes = select(GridCode.code).where(GridCode.district_id == kept.district_id)
    others = codes.where(or_(GridCode.plan_id != kept.id, GridCode.retired_on.is_distinct_from(GridCode.valid_from)))
    return set(session.execute(others).scalars())


def _whole(plan: plans.Plan, before: plans.Plan | None, given: set[str]) -> plans.Plan:
    """Return a plan with codes, units, issues, names, bounds, and which grid became which."""
    given = given | {code for code in plan.metadata.get("retired_codes", "").split(",") if code}
    whole = with_assignments(finish.described(finish.checked(finish.redrawn(plan, before, given=given))))
    if before is None:
        return whole
    retired = (given | set(before.grids["code"])) - set(whole.grids["code"])
    told = {**whole.metadata, "retired_codes": ",".join(sorted(retired))}
    return replace(whole, concordance=concordance(before, whole), metadata=told)
