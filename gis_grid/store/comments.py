"""Comments on grids of a plan in review: said by who approves, answered and settled by who draws, never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.store.audit import record
from gis_grid.store.catalogue import plan_state
from gis_grid.store.columns import now
from gis_grid.store.models import Comment, Grid, Plan
from gis_grid.store.reports import checked

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor


def comment(session: Session, plan_id: str, grid_id: str, sentence: str, *, actor: Actor) -> Comment:
    """Say something of a grid of a plan in review; the record says that it was said, not what.

    Raises
    ------
    AbsentError
        If the actor may not know of such a plan, or it has no such grid.
    ClashError
        If the plan is not in review.
    InputError
        If the sentence cannot be kept: it is empty, too long, or holds a long number.
    RightsError
        If the actor does not approve plans there.
    """
    found = plan_state(session, plan_id, actor=actor)
    actor.require("comment", found.path)
    if found.state != "submitted":
        raise ClashError(
            Fault(
                f"plan {plan_id} is {found.state}, not in review",
                remedy="comment while it is in review",
                code="no-review",
            )
        )
    query = select(Grid.id).where(Grid.plan_id == plan_id, Grid.grid_id == grid_id)
    if session.execute(query).first() is None:
        raise AbsentError(Fault(f"there is no grid {grid_id} in plan {plan_id}", remedy="see the ids in its table"))
    return _kept(session, found.district_id, Comment(plan_id=plan_id, grid_id=grid_id, kind="comment"), sentence, actor)


def answer(session: Session, number: int, sentence: str, *, settled: bool = False, actor: Actor) -> Comment:
    """Answer a comment, or say that it is settled; a comment that is settled stays to be read.

    Raises
    ------
    AbsentError
        If there is no such comment in the actor's part of the tree.
    ClashError
        If it is settled already.
    InputError
        If the sentence cannot be kept.
    """
    first = session.get(Comment, number)
    if first is None or first.kind != "comment":
        raise AbsentError(Fault(f"there is no comment {number}"))
    found = plan_state(session, first.plan_id, actor=actor)
    actor.require("answer", found.path)
    query = select(Comment.id).where(Comment.about == number, Comment.kind == "settled")
    if session.execute(query).first() is not None:
        raise ClashError(Fault(f"comment {number} is settled", remedy="comment anew", code="settled"))
    kind = "settled" if settled else "answer"
    kept = Comment(plan_id=first.plan_id, grid_id=first.grid_id, kind=kind, about=number)
    return _kept(session, found.district_id, kept, sentence, actor)


def comments_of(session: Session, plan_id: str, *, actor: Actor) -> list[Comment]:
    """Return all that was said of the grids of a plan, in order, and before it what is open of those it follows.

    Of an earlier plan comments that nobody has settled go along, with their answers, while the later plan has a grid
    of that id.

    Raises
    ------
    AbsentError
        If the actor may not know of such a plan.
    RightsError
        If the actor may not read plans there.
    """
    actor.require("read_plans", plan_state(session, plan_id, actor=actor).path)
    return [*_carried(session, plan_id), *_said_of(session, plan_id)]


def _said_of(session: Session, plan_id: str) -> list[Comment]:
    return list(session.execute(select(Comment).where(Comment.plan_id == plan_id).order_by(Comment.id)).scalars())


def _carried(session: Session, plan_id: str) -> list[Comment]:
    """Return what is open of the plans that a plan follows, the earliest first."""
    grids = set(session.execute(select(Grid.grid_id).where(Grid.plan_id == plan_id)).scalars())
    found: list[Comment] = []
    line = session.execute(select(Plan.based_on).where(Plan.id == plan_id)).scalar_one()
    while line is not None:
        said = _said_of(session, line)
        settled = {one.about for one in said if one.kind == "settled"}
        found = [one for one in said if one.grid_id in grids and (one.about or one.id) not in settled] + found
        line = session.execute(select(Plan.based_on).where(Plan.id == line)).scalar_one()
    return found


def _kept(session: Session, district: int, kept: Comment, sentence: str, actor: Actor) -> Comment:
    """Keep a row; that something is settled needs no sentence."""
    kept.sentence = "" if kept.kind == "settled" and not sentence.strip() else checked(sentence)
    kept.who, kept.at = actor.name, now()
    session.add(kept)
    session.flush()
    detail = {"plan": kept.plan_id, "grid": kept.grid_id}
    record(session, actor, kept.kind, f"c{kept.id}", district=district, detail=detail)
    return kept
