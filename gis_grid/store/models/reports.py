"""What field staff say of lines that are wrong."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base

REPORT_STATES = ("open", "closed")


class Report(Base):
    """A point in WGS 84 and a sentence about a line that is wrong there; never about a person.

    `path` is that of the area it lies in, by which rights go. When a report is closed its sentence is emptied.
    """

    __tablename__ = "reports"
    __table_args__ = (CheckConstraint(f"state IN {REPORT_STATES}", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    plan_id: Mapped[str]
    grid_code: Mapped[str]
    path: Mapped[str]
    lon: Mapped[float]
    lat: Mapped[float]
    sentence: Mapped[str]
    state: Mapped[str]
    who: Mapped[str]
    at: Mapped[datetime]
    closed_by: Mapped[str]
    closed_at: Mapped[datetime | None]
