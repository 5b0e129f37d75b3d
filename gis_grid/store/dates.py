"""From which day to which day: publications of a district, and the grids in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from gis_grid.store.models import Lineage, Plan, Publication

if TYPE_CHECKING:
    from datetime import date, datetime

    import geopandas as gpd
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class Published:
    """A plan in force from `effective` until the day before `until` (None while nothing follows)."""

    plan_id: str
    district_id: int
    effective: date
    until: date | None
    at: datetime
    who: str


def publications(session: Session, *, district: int | None = None) -> list[Published]:
    """Return what was published, in the order of districts and days, those to come among them."""
    query = select(Publication).order_by(Publication.district_id, Publication.effective)
    if district is not None:
        query = query.where(Publication.district_id == district)
    rows = list(session.execute(query).scalars())
    following = {one.plan_id: other.effective for one, other in pairwise(rows) if one.district_id == other.district_id}
    return [
        Published(row.plan_id, row.district_id, row.effective, following.get(row.plan_id), row.at, row.who)
        for row in rows
    ]


def in_force(session: Session, district_id: int, *, on: date) -> str | None:
    """Return the plan that holds in a district on a day, None before the first publication."""
    query = select(Publication.plan_id).where(Publication.district_id == district_id, Publication.effective <= on)
    return session.execute(query.order_by(Publication.effective.desc()).limit(1)).scalar_one_or_none()


def dated(session: Session, plan: Plan, grids: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the grids of a published plan with the days on which they are what they are.

    `valid_from` is the day from which the grid has its code and its shape, `valid_to` the first day on which one of
    them is another, "" while nobody has published that. Later publications are looked up, not written into earlier
    ones: a published plan never changes.
    """
    day = select(Publication.effective).where(Publication.plan_id == plan.id).scalar_subquery()
    changes = (
        select(func.max(Publication.effective))
        .join(Lineage, Lineage.plan_id == Publication.plan_id)
        .where(Publication.district_id == plan.district_id, Lineage.relation != "same")
    )
    began = changes.add_columns(Lineage.new_code).where(Publication.effective <= day).group_by(Lineage.new_code)
    ended = changes.with_only_columns(func.min(Publication.effective), Lineage.old_code)
    ended = ended.where(Publication.effective > day).group_by(Lineage.old_code)
    spans = [{code: str(when) for when, code in session.execute(query)} for query in (began, ended)]
    columns = {name: grids["code"].map(span.get) for name, span in zip(("valid_from", "valid_to"), spans, strict=True)}
    texts = {name: found.astype("str").fillna("") for name, found in columns.items()}
    return grids.assign(status="published", **texts)
