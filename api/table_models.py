"""How a whole plan is told as columns, and a community as a file to carry: described, not checked at every answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.models import GridTold, Person


class TierTold(BaseModel):
    """A tier of the scheme, and what a grid of it may hold."""

    id: str
    main: bool
    counted: str
    min: int
    max: int
    target: int


class RoleNames(BaseModel):
    """What a post is called."""

    zh: str
    en: str


class SchemeTold(BaseModel):
    """The scheme of a plan."""

    name: str
    tiers: list[TierTold]
    barriers: list[str]
    roles: dict[str, RoleNames]


class CommunityColumns(BaseModel):
    """Communities: a row each."""

    code: list[str]
    name: list[str]


class GridColumns(BaseModel):
    """Grids: a row each; `community` is the number of a row."""

    id: list[str]
    code: list[str]
    name: list[str]
    kind: list[str]
    community: list[int]
    households: list[int]
    load: list[int]


class BlockColumns(BaseModel):
    """Blocks: a row each; `grid` and `community` are numbers of rows, -1 for none."""

    id: list[str]
    parent: list[str]
    atom: list[str]
    households: list[int]
    grid: list[int]
    community: list[int]
    lon: list[float]
    lat: list[float]
    area_m2: list[float]


class BorderColumns(BaseModel):
    """Stretches between two blocks; `a` and `b` are numbers of rows, `street_name` a number into `streets`."""

    a: list[int]
    b: list[int]
    shared_m: list[float]
    barrier: list[int]
    street_name: list[int]
    streets: list[str]


class Table(BaseModel):
    """Every block, grid and border of a plan or a draft."""

    plan: str | None = None
    draft: str | None = None
    revision: int
    crs: str
    bounds: tuple[float, float, float, float] = Field(description="West, south, east, north in WGS 84.")
    scheme: SchemeTold
    ground: list[Literal["communities", "compounds", "buildings"]] = Field(description="Layers there are to be shown.")
    communities: CommunityColumns
    grids: GridColumns
    blocks: BlockColumns
    borders: BorderColumns


class CarriedGrid(GridTold):
    """A grid as a phone carries it; a ring of `shape` is a flat list of longitudes and latitudes in WGS 84."""

    people: list[Person]
    own: bool
    neighbours: list[str]
    shape: list[list[float]]


class StairwellCarried(BaseModel):
    """A stairwell, and the code of its grid."""

    stairwell: str
    code: str


class TowerCarried(BaseModel):
    """A building that several grids share: a point there cannot say which one."""

    label: str
    stairwells: list[StairwellCarried]
    shape: list[list[float]]


class Edition(BaseModel):
    """The grids of a publication; `slack` and `gap_m` say what rounding is let off."""

    plan: str
    valid_from: str | None
    valid_to: str | None
    slack: float
    gap_m: float
    grids: list[CarriedGrid]
    towers: list[TowerCarried] = []


class Carried(BaseModel):
    """A community and what lies around it, to look up without a network."""

    community: str
    name: str
    district: str
    district_name: str
    timezone: str
    as_of: str
    reach_m: float
    editions: list[Edition]


TABLE: dict[int | str, dict[str, Any]] = {200: {"model": Table}}
CARRIED: dict[int | str, dict[str, Any]] = {200: {"model": Carried}}
