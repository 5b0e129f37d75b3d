"""Plans: frozen divisions, drafts that people work on, and what is in force from which day on."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base, Boxed

#: A plan's way: made or imported, handed in, agreed to by somebody else, in force (or to be); `returned` goes back.
PLAN_STATES = ("proposed", "submitted", "approved", "published", "returned")
DRAFT_STATES = ("open", "submitted", "discarded")
ENTRY_KINDS = ("moves", "undo", "cut")
DECISIONS = ("submit", "approve", "return", "publish", "withdraw")


class Plan(Base):
    """A division of a district that never changes: what changes is a draft, and a draft handed in is a new plan.

    `scheme` holds the tables of the plan's scheme, `notes` the metadata of the plan file as pairs in their order, and
    `main_tier` the tier of the grids.
    """

    __tablename__ = "plans"
    __table_args__ = (CheckConstraint(f"state IN {PLAN_STATES}", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    ground_id: Mapped[int] = mapped_column(ForeignKey("grounds.id"))
    name: Mapped[str]
    state: Mapped[str]
    main_tier: Mapped[str]
    scheme: Mapped[dict[str, Any]]
    notes: Mapped[list[Any]]
    based_on: Mapped[str | None] = mapped_column(ForeignKey("plans.id"))
    from_draft: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]


class PlanLayer(Base):
    """A frame of a plan that is only ever read whole, in Arrow: issues, concordance, own columns of grids."""

    __tablename__ = "plan_layers"

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class Assignment(Base):
    """The unit of one tier that a block belongs to in a plan; in the main tier the unit is a grid's id, else a code."""

    __tablename__ = "assignments"

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    tier: Mapped[str] = mapped_column(primary_key=True)
    block_id: Mapped[str] = mapped_column(primary_key=True)
    unit: Mapped[str]


class Grid(Boxed, Base):
    """A grid of a plan, with its shape as dissolved from the plan's blocks."""

    __tablename__ = "grids"
    __table_args__ = (
        UniqueConstraint("plan_id", "grid_id"),
        UniqueConstraint("plan_id", "code"),
        Index("ix_grids_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
        Index("ix_grids_code", "code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    grid_id: Mapped[str]
    place: Mapped[int]
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    tier: Mapped[str]
    parent_code: Mapped[str]
    community_code: Mapped[str]
    households: Mapped[int]
    bounds_zh: Mapped[str]
    bounds_en: Mapped[str]
    shape: Mapped[bytes]


class Draft(Base):
    """A plan that people are working on; `revision` counts the accepted changes since it was opened."""

    __tablename__ = "drafts"
    __table_args__ = (CheckConstraint(f"state IN {DRAFT_STATES}", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), index=True)
    name: Mapped[str]
    state: Mapped[str]
    revision: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    changed_at: Mapped[datetime]


class DraftAssignment(Base):
    """Where a block of a draft is now, if that is not where the draft's plan has it."""

    __tablename__ = "draft_assignments"

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id"), primary_key=True)
    block_id: Mapped[str] = mapped_column(primary_key=True)
    grid_id: Mapped[str]


class DraftBlock(Base):
    """A part of a block that was cut in a draft; while it has parts, the block `cut_from` is no more in that draft.

    What the part does not say itself (its community, columns of its own) it has from the block of the ground that it
    was cut from, at whatever remove. `parent_block_id` names the face that all of them are parts of.
    """

    __tablename__ = "draft_blocks"

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id"), primary_key=True)
    block_id: Mapped[str] = mapped_column(primary_key=True)
    cut_from: Mapped[str]
    parent_block_id: Mapped[str]
    revision: Mapped[int]
    counts: Mapped[dict[str, Any]]
    shape: Mapped[bytes]


class JournalEntry(Base):
    """One accepted change of a draft, written once: who, when, why, and the moves; the database refuses to alter it.

    `moves` is a list of `[block, old grid, new grid]`; a block that is cut moves to "" and its parts come from "".
    `undoes` is the revision whose moves an `undo` takes back. `cut` holds what it takes to cut the block again: block,
    line, parts.
    """

    __tablename__ = "journal"
    __table_args__ = (CheckConstraint(f"kind IN {ENTRY_KINDS}", name="kind"),)

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id"), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    moves: Mapped[list[Any]]
    undoes: Mapped[int | None]
    cut: Mapped[dict[str, Any] | None]
    why: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]


class DraftRequest(Base):
    """A change asked for under a name of the sender's own (`key`), and its answer: sent twice, it is answered the same.

    `content` is the SHA-256 of what was asked. The moves of the answer stand in the journal if `changed`.
    """

    __tablename__ = "draft_requests"

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[str]
    revision: Mapped[int]
    changed: Mapped[bool]
    answer: Mapped[dict[str, Any]]


class Approval(Base):
    """One step on a plan's way: who took it, when, and what was said."""

    __tablename__ = "approvals"
    __table_args__ = (CheckConstraint(f"step IN {DECISIONS}", name="step"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), index=True)
    step: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    comment: Mapped[str]


class Publication(Base):
    """A plan in force in its district from the day `effective` until the day before the next one's."""

    __tablename__ = "publications"
    __table_args__ = (UniqueConstraint("district_id", "effective"),)

    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"), primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    effective: Mapped[date]
    at: Mapped[datetime]
    who: Mapped[str]


class GridCode(Base):
    """A code that a district has given out by publishing a plan; it is never given to another grid.

    `retired_on` is the first day without it; equal to `valid_from` it means that the publication was withdrawn.
    """

    __tablename__ = "grid_codes"

    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    plan_id: Mapped[str] = mapped_column(ForeignKey("plans.id"))
    valid_from: Mapped[date]
    retired_on: Mapped[date | None]


class Lineage(Base):
    """A grid of a published plan and a grid before it that it shares blocks with."""

    __tablename__ = "lineage"
    __table_args__ = (
        ForeignKeyConstraint(["plan_id"], ["publications.plan_id"]),
        UniqueConstraint("plan_id", "old_code", "new_code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[str]
    old_code: Mapped[str] = mapped_column(index=True)
    new_code: Mapped[str] = mapped_column(index=True)
    relation: Mapped[str]
    households: Mapped[int]


class Tileset(Base):
    """The tiles of a published plan for one audience (all counts, or small ones left out), as one PMTiles archive."""

    __tablename__ = "tilesets"

    plan_id: Mapped[str] = mapped_column(ForeignKey("publications.plan_id"), primary_key=True)
    audience: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    content: Mapped[bytes]
