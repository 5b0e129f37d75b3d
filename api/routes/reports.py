"""Reports of wrong lines: who works there says so, who draws sees it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from api.deps import Reading, Service, Writing, may
from api.errors import Problem
from api.front import path_of
from api.plan_models import Wish
from gis_grid.store import reports
from gis_grid.store.access import Actor
from gis_grid.store.editions import Edition

if TYPE_CHECKING:
    from api.state import State
    from gis_grid.store.models import Report

router = APIRouter(tags=["reports"])

#: a point further than this from every grid is no line of ours (metres)
FURTHEST_M = 500.0


class ReportWish(Wish):
    """A point, and what is wrong with the line there; never about a person."""

    lon: Annotated[float, Field(ge=-180, le=180)]
    lat: Annotated[float, Field(ge=-90, le=90)]
    crs: Literal["wgs84", "cgcs2000", "gcj02", "bd09"] = "wgs84"
    sentence: Annotated[str, Field(min_length=1, max_length=reports.LONGEST, pattern=r"^[^\x00]*$")]


class ReportTold(BaseModel):
    """A report of a wrong line; once it is closed its sentence is empty."""

    id: int
    grid: str = Field(description="The grid it lies in, or is nearest to.")
    plan: str
    lon: float = Field(description="In WGS 84, as is `lat`.")
    lat: float
    sentence: str
    state: str
    who: str
    at: datetime


class ReportList(BaseModel):
    """Reports, the newest first."""

    reports: list[ReportTold]


@router.post("/reports", status_code=201)
def report(
    wish: ReportWish, session: Writing, state: Service, actor: Annotated[Actor, may("report", rate="report")]
) -> ReportTold:
    """Say that a line is wrong at a point: one sentence, nothing about persons."""
    return _told(reports.report(session, _place(state, wish), wish.sentence, actor=actor))


@router.get("/reports")
def listed(
    session: Reading,
    actor: Annotated[Actor, may("read_reports")],
    state: Annotated[Literal["open", "closed"], Query(description="Which of them.")] = "open",
) -> ReportList:
    """Tell the reports in the caller's part of the tree."""
    return ReportList(reports=[_told(one) for one in reports.reports_for(session, actor, state=state)])


@router.post("/reports/{number}/close")
def close(
    number: Annotated[int, Path(ge=1, lt=2**31)],
    session: Writing,
    actor: Annotated[Actor, may("read_reports", rate="write")],
) -> ReportTold:
    """Close a report: its sentence is emptied, that it was made stays on record."""
    return _told(reports.close(session, number, actor=actor))


def _place(state: State, wish: ReportWish) -> reports.Place:
    """Return where a wish is, by the publications in force.

    Raises
    ------
    Problem
        404 if no grid is near.
    """
    from gis_grid.lookup.answers import place_of

    lon, lat = place_of(wish.lon, wish.lat, wish.crs)
    found = state.desk.current.answers.at(lon, lat)
    grid = found.grid or found.nearest
    if grid is None or grid.distance_m > FURTHEST_M or not isinstance(grid.standing.published, Edition):
        raise Problem(404, "outside", "no grid is near that point")
    published = grid.standing.published
    return reports.Place(lon, lat, published.district_id, published.plan, grid.code, path_of(grid))


def _told(kept: Report) -> ReportTold:
    return ReportTold(
        id=kept.id,
        grid=kept.grid_code,
        plan=kept.plan_id,
        lon=kept.lon,
        lat=kept.lat,
        sentence=kept.sentence,
        state=kept.state,
        who=kept.who,
        at=kept.at,
    )
