"""Where plans lie: the administrative tree, and the ground of a district with its blocks."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gis_grid.store.models.base import Base, Boxed

#: from the top down; a plan belongs to an area of the level `district`
LEVELS = ("province", "city", "district", "street", "community")


class Area(Boxed, Base):
    """A province, city, district, street office or community, as it was from one day to another.

    `path` is the list of codes from the root, ``/4201/420103/420103001001/``: everything under an area begins with its
    path, which is how rights follow the tree, also where an area goes on under its code with another extent. `valid_to`
    is the first day on which the area is no more. `timezone` says where a day of a district begins. Communities
    without an official code have provisional ones, which another district may have as well.
    """

    __tablename__ = "areas"
    __table_args__ = (
        UniqueConstraint("path", "valid_from"),
        CheckConstraint(f"level IN {LEVELS}", name="level"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days"),
        Index("ix_areas_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(index=True)
    level: Mapped[str]
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    path: Mapped[str] = mapped_column(index=True)
    timezone: Mapped[str] = mapped_column(default="Asia/Shanghai")
    valid_from: Mapped[date] = mapped_column(default=date.min)
    valid_to: Mapped[date | None]


class AreaPredecessor(Base):
    """An area that another one was made from: merged, split off, or renamed."""

    __tablename__ = "area_predecessors"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    predecessor_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)


class Ground(Base):
    """The blocks of a district and who borders whom: what every plan on them shares, and nobody changes.

    Cutting a block makes another ground. `crs` is the metric CRS of exact shapes, as text that pyproj reads.
    """

    __tablename__ = "grounds"

    id: Mapped[int] = mapped_column(primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    crs: Mapped[str]
    created_at: Mapped[datetime]


class GroundLayer(Base):
    """A frame of the ground that is only ever read whole, in Arrow: borders, outline, streets, communities."""

    __tablename__ = "ground_layers"

    ground_id: Mapped[int] = mapped_column(ForeignKey("grounds.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]


class Block(Boxed, Base):
    """A block: its shape in WGS 84 to look at, and exactly, in the ground's CRS, as well-known binary.

    `place` is its place in the ground's frame. Columns of the frame's own stand in the ground's layer `blocks`.
    """

    __tablename__ = "blocks"
    __table_args__ = (
        UniqueConstraint("ground_id", "block_id"),
        Index("ix_blocks_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    ground_id: Mapped[int] = mapped_column(ForeignKey("grounds.id"))
    block_id: Mapped[str]
    place: Mapped[int]
    parent_block_id: Mapped[str]
    atom: Mapped[str]
    community_code: Mapped[str]
    households: Mapped[int]
    shape: Mapped[bytes]
