"""What is said of grids while a plan is in review."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base

COMMENT_KINDS = ("comment", "answer", "settled")


class Comment(Base):
    """A sentence about a grid of a plan, an answer to one, or that it is settled; rows are added and never changed.

    `about` is the comment that an answer belongs to.
    """

    __tablename__ = "comments"
    __table_args__ = (CheckConstraint(f"kind IN {COMMENT_KINDS}", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), index=True)
    grid_id: Mapped[str]
    kind: Mapped[str]
    about: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    sentence: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
