"""What the routes on staff take and answer: one model a shape."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field

from api.models import Person
from api.plan_models import Wish

District = Annotated[str, Field(min_length=1, max_length=40, description="Code of the district.")]
Number = Annotated[str, Field(min_length=1, max_length=40, description="Number of a person on the roster.")]


class Handling(BaseModel):
    """Who handles a service line in a grid."""

    line: str
    as_of: date
    people: list[Person]


class RosterTaken(BaseModel):
    """What a roster holds, how its columns were understood, and whether it was kept."""

    confirmed: bool
    rows: int
    posts: int
    people: int
    vacant: int
    notes: list[str]


class SuggestPosts(Wish):
    """A district, a day (today without one), and how many posts one person may take."""

    district: District
    at: date | None = None
    most: Annotated[int | None, Field(ge=1, le=20)] = None


class PostSuggested(BaseModel):
    """A post, who has it and who should; `new` is kept, grid (in a community they know), community, or empty."""

    post: str
    role: str
    tier: str
    codes: list[str]
    name_before: str
    name: str
    new: str
    walk_m: float
    work: float


class PersonSuggested(BaseModel):
    """A person with what they should take, in figures and in words."""

    name: str
    posts: int
    work: float
    fair: float = Field(description="Households of work that are fair.")
    walk_m: float
    why_zh: str
    why_en: str


class StaffSuggestion(BaseModel):
    """Who should take which post; costs are metres of walking, and `gap` is the share that could be saved at most."""

    cost_m: int
    bound_m: int
    gap: float
    vacant: int
    posts: list[PostSuggested]
    people: list[PersonSuggested]


class LeaveWish(Wish):
    """Who is away from when until when (the first day they are back; open without it), and who stands in."""

    district: District
    person: Number
    valid_from: date
    valid_to: date | None = None
    substitute: Number | None = None


class AwayTold(BaseModel):
    """The posts somebody is away from, and those that nobody stands in for."""

    posts: list[str]
    uncovered: list[str]


class BackWish(Wish):
    """Who is back, and from which day on."""

    district: District
    person: Number
    on: date | None = None


class BackTold(BaseModel):
    """How many leaves ended."""

    ended: int
