"""Comments on grids of a plan in review: who approves says them, who draws answers and settles them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.deps import Reading, Writing, may
from api.plan_models import Grid, Wish
from api.routes.plans import PlanId
from gis_grid.store import comments, reports
from gis_grid.store.access import Actor

if TYPE_CHECKING:
    from gis_grid.store.models import Comment

router = APIRouter(tags=["plans"])

Sentence = Annotated[str, Field(max_length=reports.LONGEST, pattern=r"^[^\x00]*$")]


class CommentWish(Wish):
    """A sentence about a grid, by its id; never about a person."""

    grid: Grid
    sentence: Sentence


class AnswerWish(Wish):
    """An answer to a comment; with `settled` nothing more is to be done about it, and it may be empty."""

    sentence: Sentence = ""
    settled: bool = False


class CommentTold(BaseModel):
    """Something that was said: a `comment`, an `answer` to the comment `about`, or that it is `settled`.

    `plan` was in review when it was said: the one asked for, or an earlier one that it follows.
    """

    id: int
    grid: str
    kind: Literal["comment", "answer", "settled"]
    about: int | None
    sentence: str
    who: str
    at: datetime
    plan: str


class CommentList(BaseModel):
    """All that was said, in order."""

    comments: list[CommentTold]


@router.get("/plans/{plan_id}/comments")
def listed(plan_id: PlanId, session: Reading, actor: Annotated[Actor, may("read_plans")]) -> CommentList:
    """Tell what was said of the grids of a plan, and what is still open of the plans that it follows."""
    return CommentList(comments=[_told(one) for one in comments.comments_of(session, plan_id, actor=actor)])


@router.post("/plans/{plan_id}/comments", status_code=201)
def comment(
    plan_id: PlanId, wish: CommentWish, session: Writing, actor: Annotated[Actor, may("comment", rate="write")]
) -> CommentTold:
    """Say something of a grid of a plan in review."""
    return _told(comments.comment(session, plan_id, wish.grid, wish.sentence, actor=actor))


@router.post("/comments/{number}/answers", status_code=201)
def answer(
    number: Annotated[int, Path(ge=1, lt=2**31)],
    wish: AnswerWish,
    session: Writing,
    actor: Annotated[Actor, may("answer", rate="write")],
) -> CommentTold:
    """Answer a comment, or settle it."""
    return _told(comments.answer(session, number, wish.sentence, settled=wish.settled, actor=actor))


def _told(kept: Comment) -> CommentTold:
    names = {name: getattr(kept, name) for name in ("id", "kind", "about", "sentence", "who", "at")}
    return CommentTold(grid=kept.grid_id, plan=kept.plan_id, **names)
