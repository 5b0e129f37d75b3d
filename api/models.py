"""What the routes answer: one model a shape."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema


class FaultTold(BaseModel):
    """One thing that is wrong with a request."""

    problem: str
    where: str | None = None
    column: str | None = None
    row: int | str | None = None
    remedy: str | None = None
    zh: str | None = Field(None, description="Problem and remedy in Chinese, if they have words there.")


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    faults: list[FaultTold] = []


class Person(BaseModel):
    """Somebody who answers for a grid: name, post, work phone, service lines."""

    person: str = Field(description="Number on the roster.")
    name: str
    role: str = Field(description="The post, as the scheme names it.")
    role_zh: str
    role_en: str
    kind: str = Field(
        description="holder, substitute, station (the post is vacant and that person answers), or vacant: nobody does."
    )
    work_phone: str
    lines: list[str] = Field(description="Service lines the post answers for.")
    tier: str = Field(description="The tier of the unit the post is for: the grid itself, or one around it.")
    code: str = Field(description="The code of that unit; empty for the district.")


class GridTold(BaseModel):
    """A grid as lookups tell it."""

    code: str
    name: str
    kind: str
    tier: str
    parent_code: str
    community_code: str
    community: str
    households: int | None = Field(description="Null where it is small and the caller is no planner.")
    households_suppressed: bool
    bounds_zh: str
    bounds_en: str


class Asked(BaseModel):
    """Who answers for a grid, and who of them handles the service line that was asked for."""

    people: list[Person]
    handling: list[Person] | None = Field(default=None, description="Only where a line was asked for.")


class Nearby(GridTold, Asked):
    """Another grid near the point, with its people."""

    distance_m: float


class StairwellTold(Asked):
    """A stairwell of a building that several grids share, with its grid and people."""

    stairwell: str = Field(description="Its name; empty where no address says it.")
    grid: GridTold


class BuildingTold(BaseModel):
    """A building that several grids share."""

    label: str = Field(description="Its address; empty where none is known.")
    stairwells: list[StairwellTold]


class LookupAnswer(Asked):
    """The grid of a point, who looks after it, and how sure that is."""

    grid: GridTold
    distance_to_border_m: float
    also_possible: list[Nearby] = Field(description="Grids within the stated accuracy.")
    status: str = Field(description="ok, or which-stairwell: the point is at a building that several grids share.")
    building: BuildingTold | None = Field(description="That building, with the grid of each stairwell.")
    district: str
    plan: str
    as_of: date


class Possible(Asked):
    """A grid in which an address may lie, under the label of what was found there."""

    grid: GridTold
    label: str
    score: float


class RenamedTold(BaseModel):
    """An old name that an address was asked by."""

    alias: str
    name: str = Field(description="What it is called now.")
    note: str


class AddressAnswer(Asked):
    """The grid of an address, who looks after it, and how it was found."""

    grid: GridTold
    level: str = Field(description="stairwell, building, door, interpolated, road, compound or community.")
    score: float = Field(description="How sure the answer is, up to 1.")
    label: str = Field(description="What was found, without floor and room.")
    renamed: list[RenamedTold] = Field(description="Old names that it was asked by.")
    lon: float | None
    lat: float | None
    reason: str
    reason_zh: str
    reason_en: str
    also_possible: list[Possible]
    district: str
    plan: str
    as_of: date


class Suggestion(BaseModel):
    """A completion of what was typed."""

    text: str
    kind: str = Field(description="road, compound, community or door.")


class Suggested(BaseModel):
    """Completions of what was typed, the likeliest first."""

    suggestions: list[Suggestion]


#: an outline as GeoJSON: it is made here, so that nothing of it is checked again
_RINGS = {"type": "array", "items": {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}}
_SHAPE = {"type": {"const": "MultiPolygon"}, "coordinates": {"type": "array", "items": _RINGS}}
Shape = Annotated[
    dict[str, Any], WithJsonSchema({"type": "object", "properties": _SHAPE, "required": ["type", "coordinates"]})
]


class Predecessor(BaseModel):
    """A grid that another one was made from, or became."""

    code: str
    relation: str
    households: int | None
    plan: str
    on: date


class GridAnswer(BaseModel):
    """A grid as of a day, with what it was made from, what became of it, and who looks after it."""

    grid: GridTold
    people: list[Person]
    valid_from: date | None
    valid_to: date | None = Field(description="First day without it.")
    predecessors: list[Predecessor]
    successors: list[Predecessor]
    plan: str
    as_of: date
    geometry: Shape | None = Field(description="In WGS 84, if asked for.")
    next_effective: date | None = Field(None, description="Day of the district's next plan, if one is published.")


class OwnGrid(GridTold):
    """A grid that the caller answers for."""

    doors: int | None = Field(None, description="Addresses in it; null where they are few, or none are kept here.")


class MyGrids(BaseModel):
    """The grids of a caller who is on the roster."""

    grids: list[OwnGrid]
    as_of: date | None


class HandOverTold(BaseModel):
    """Ground that goes from one grid to another on a day to come."""

    own: str = Field(description="Code of the caller's grid.")
    other: str = Field(description="Code of the grid on the other side.")
    other_name: str
    gives: bool = Field(description="Does the caller's grid give it?")
    households: int | None = Field(description="Null where it is small and the caller is no planner.")
    people: list[Person] = Field(description="Who answers for the other grid from that day on.")


class HandOvers(BaseModel):
    """What the next publication changes for the caller's grids; `effective` is null where none is published."""

    effective: date | None
    plan: str | None
    hand_overs: list[HandOverTold]
    redrawn: bool = Field(False, description="Were blocks cut or drawn anew, which are not counted here?")


class StaffTold(BaseModel):
    """Somebody on the roster with one of the posts they hold."""

    district: str = Field(description="Code of the district.")
    tier: str
    code: str = Field(description="The unit the post is for; empty for the district.")
    post: str = Field(description="Number of the post.")
    role: str
    role_zh: str
    role_en: str
    lines: list[str]
    kind: str
    person: str
    name: str
    work_phone: str
    valid_from: date
    valid_to: date | None


class StaffAnswer(BaseModel):
    """The posts of the caller's part of the tree on a day, and who fills them."""

    staff: list[StaffTold]


class Alive(BaseModel):
    """The process is alive."""

    status: str


class Ready(BaseModel):
    """The service can answer."""

    status: str
    publications: int = Field(description="How many publications lookups answer from.")
