"""A plan's way to approval: handed in, agreed to by somebody else, or given back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from gis_grid import plan as plans
from gis_grid.errors import AbsentError, ClashError, Fault, RightsError
from gis_grid.planfile.layers import layers_of, plain_columns
from gis_grid.staffing import with_assignments
from gis_grid.store import audit
from gis_grid.store import journal as book
from gis_grid.store.access import LOCAL
from gis_grid.store.columns import now
from gis_grid.store.draft_plans import load_draft
from gis_grid.store.models import Approval, Area, Draft, DraftBlock, JournalEntry, Plan
from gis_grid.store.plans import keep_ground, keep_plan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

#: what a plan's metadata say of the search that made it, which is no longer true of a plan changed by hand
OF_THE_SEARCH = ("cost", "bound", "cost_items", "parts", "stopped_early", "seconds", "update")


def locked(session: Session, plan_id: str, actor: Actor, action: str) -> Plan:
    """Return a plan that nobody else changes until this transaction ends, if the actor may do that to it.

    Raises
    ------
    AbsentError
        If there is no such plan.
    RightsError
        If the actor may not.
    """
    query = select(Plan).where(Plan.id == plan_id).execution_options(populate_existing=True)
    plan = session.execute(query.with_for_update(key_share=True)).scalar_one_or_none()
    if plan is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    actor.require(action, session.execute(select(Area.path).where(Area.id == plan.district_id)).scalar_one())
    return plan


def step(session: Session, plan: Plan, taken: str, actor: Actor, comment: str, **detail: object) -> None:
    """Write down a step on a plan's way, and that it was taken."""
    session.add(Approval(plan_id=plan.id, step=taken, who=actor.name, at=now(), comment=comment))
    told = {"comment": comment, **detail} if comment else detail
    audit.record(session, actor, taken, plan.id, district=plan.district_id, detail=told)


def require_state(plan: Plan, *states: str, remedy: str) -> None:
    """Refuse if a plan is not in one of the states.

    Raises
    ------
    ClashError
        If so.
    """
    if plan.state not in states:
        said, values = f"the plan {plan.id} is {plan.state}", {"state": plan.state}
        raise ClashError(Fault(said, column="state", remedy=remedy, code="plan-state", values=values))


def submit(
    session: Session,
    plan_id: str,
    *,
    draft: str | None = None,
    revision: int | None = None,
    actor: Actor,
    comment: str = "",
) -> str:
    """Hand a plan in, or a draft of it, and return the id of what was handed in.

    A draft becomes a new plan, on a ground of its own if blocks were cut in it, and takes no more moves. `revision` is
    what the planner has seen of the draft: if others have entered something since, it is not handed in.

    Raises
    ------
    ClashError
        If the plan is on its way already, or the draft is not open, is of another plan, or has been changed.
    AbsentError
        If there is no such plan or draft.
    RightsError
        If the actor may not hand in plans of the district.
    """
    if draft is None:
        plan = locked(session, plan_id, actor, "submit")
        require_state(plan, "proposed", "returned", remedy="hand in a draft of it")
        plan.state = "submitted"
        step(session, plan, "submit", actor, comment)
        return plan.id
    found = book.opened(session, draft, lock=True)
    actor.require("submit", found.path)
    book.require_open(found.draft, found.draft.revision if revision is None else revision)
    if found.plan.id != plan_id:
        raise ClashError(Fault(f"the draft {draft} is of the plan {found.plan.id}, not of {plan_id}", column="draft"))
    if revision is not None and revision != found.draft.revision:
        said = f"the draft {draft} is at revision {found.draft.revision}, you have seen {revision}"
        remedy = "load the draft again and look at what others entered"
        raise ClashError(Fault(said, column="revision", remedy=remedy, code="revision"))
    made = _frozen(session, found, actor)
    found.draft.state, found.draft.changed_at = "submitted", now()
    step(session, made, "submit", actor, comment, draft=draft, revision=found.draft.revision)
    return made.id


def _frozen(session: Session, found: book.Opened, actor: Actor) -> Plan:
    """Keep a draft as a plan of its own that is handed in."""
    whole = load_draft(session, found.draft.id)
    told = {key: value for key, value in whole.metadata.items() if key not in OF_THE_SEARCH}
    told["changed_by_hand"] = f"{found.draft.revision} changes of the plan {found.plan.id}"
    whole = with_assignments(replace(whole, metadata=told))
    layers = {key: plain_columns(frame) for key, frame in layers_of(whole).items()}
    district = found.plan.district_id
    cut = session.execute(select(DraftBlock.block_id).where(DraftBlock.draft_id == found.draft.id).limit(1)).first()
    ground = found.plan.ground_id
    if cut is not None:
        tiers = {plans.tier_column(tier) for tier in whole.scheme.tiers} - {"community_code"}
        ground = keep_ground(session, layers, district=district, tiers=tiers)
    words: Mapping[str, str] = {"name": found.draft.name, "who": actor.name, "based_on": found.plan.id}
    plan_id = keep_plan(
        session, layers, scheme=whole.scheme, ground=ground, district=district, from_draft=found.draft.id, **words
    )
    made = session.get_one(Plan, plan_id)
    made.state = "submitted"
    return made


def approve(session: Session, plan_id: str, *, actor: Actor, comment: str = "", alone: bool = False) -> None:
    """Agree to a plan that somebody else made and handed in.

    `alone` lets the one person at the command line of the store do both; it is written down.

    Raises
    ------
    ClashError
        If the plan is not handed in.
    RightsError
        If the actor may not approve plans of the district, handed this one in, or entered changes of its draft.
    AbsentError
        If there is no such plan.
    """
    plan = locked(session, plan_id, actor, "approve")
    require_state(plan, "submitted", remedy="hand it in first")
    if not (alone and actor == LOCAL):
        _require_other(session, plan, actor)
    plan.state = "approved"
    step(session, plan, "approve", actor, comment, **({"alone": True} if alone else {}))


def _require_other(session: Session, plan: Plan, actor: Actor) -> None:
    handed = select(Approval.who).where(Approval.plan_id == plan.id, Approval.step == "submit")
    if actor.name in set(session.execute(handed).scalars()):
        said = f"{actor.name} handed the plan {plan.id} in"
        raise RightsError(Fault(said, remedy="somebody else has to approve it", code="own-plan"))
    edited = select(JournalEntry.who).where(JournalEntry.draft_id == plan.from_draft)
    if actor.name in set(session.execute(edited.distinct()).scalars()):
        said = f"{actor.name} entered changes of the plan {plan.id}"
        raise RightsError(Fault(said, remedy="somebody else has to approve it", code="own-plan"))


def give_back(session: Session, plan_id: str, *, actor: Actor, comment: str) -> None:
    """Give a plan back to those who handed it in; the draft that it came from is open again.

    Raises
    ------
    ClashError
        If the plan is neither handed in nor approved.
    RightsError
        If the actor may not approve plans of the district.
    AbsentError
        If there is no such plan.
    """
    plan = locked(session, plan_id, actor, "approve")
    require_state(plan, "submitted", "approved", remedy="only what is handed in can be given back")
    plan.state = "returned"
    draft = session.get(Draft, plan.from_draft) if plan.from_draft else None
    if draft is not None and draft.state == "submitted":
        draft.state, draft.changed_at = "open", now()
    step(session, plan, "return", actor, comment)
