"""Who answers: posts, and the staff who hold them. Nothing here is about residents as persons."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base


class Staff(Base):
    """Somebody who holds posts: name and work phone, where they belong and start from, what they know, posts at most.

    `community_code` and `base` (code of a grid or community) are "" and `most` is 0 where the roster does not say; no
    `lines` stand for all of them.
    """

    __tablename__ = "staff"
    __table_args__ = (UniqueConstraint("district_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    number: Mapped[str]
    name: Mapped[str]
    work_phone: Mapped[str]
    lon: Mapped[float | None]
    lat: Mapped[float | None]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    community_code: Mapped[str] = mapped_column(default="", server_default="")
    lines: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    base: Mapped[str] = mapped_column(default="", server_default="")
    most: Mapped[int] = mapped_column(default=0, server_default="0")


class Post(Base):
    """A post at one unit (a grid, a community …): its role and the service lines it answers for."""

    __tablename__ = "posts"
    __table_args__ = (UniqueConstraint("district_id", "number", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    number: Mapped[str]
    role: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    lines: Mapped[list[Any]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


class PostUnit(Base):
    """A unit that a post answers for; a post of three adjoining grids has three."""

    __tablename__ = "post_units"

    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True, index=True)


class StaffAssignment(Base):
    """Who holds a post from one day to another; a substitute answers while the holder is away."""

    __tablename__ = "staff_assignments"
    __table_args__ = (
        CheckConstraint("kind IN ('holder', 'substitute', 'leave')", name="kind"),
        CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    kind: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
