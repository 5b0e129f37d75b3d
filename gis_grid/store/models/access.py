"""Who may do what, who did what, and what is being done: tokens, the audit record, jobs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base

#: what a caller may be, the least first
ROLES = ("guest", "field", "planner", "approver", "administrator")
JOB_STATES = ("queued", "running", "done", "failed", "cancelled")


class Token(Base):
    """A key to the service: kept as a hash, for one role, in one part of the tree, until a day or until revoked."""

    __tablename__ = "tokens"
    __table_args__ = (CheckConstraint(f"role IN {ROLES}", name="role"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    hash: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Base):
    """One write, export or approval: who, when, what, and to which object; the database refuses to alter it."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    who: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    district_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    detail: Mapped[dict[str, Any]]


class Job(Base):
    """Long work asked for: what, by whom, how far, and what came of it."""

    __tablename__ = "jobs"
    __table_args__ = (CheckConstraint(f"state IN {JOB_STATES}", name="state"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    district_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    wanted: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(index=True)
    stage: Mapped[str]
    share: Mapped[float]
    result: Mapped[dict[str, Any]]
    problem: Mapped[str]
    attempts: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
