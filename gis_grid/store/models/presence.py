"""Who has a draft open just now, for the others who have."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base


class Presence(Base):
    """An editor of a draft, and the grids that they are working on; forgotten when they have not been heard of."""

    __tablename__ = "presence"

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id"), primary_key=True)
    who: Mapped[str] = mapped_column(primary_key=True)
    grids: Mapped[list[Any]]
    at: Mapped[datetime]
