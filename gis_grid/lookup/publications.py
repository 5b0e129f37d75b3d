"""What a lookup answers from: a plan in force in a district, its grids and the people who answer for them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import pandas as pd

from gis_grid.crs import WGS84, transform_geometries
from gis_grid.errors import Fault, FrameError
from gis_grid.lookup.answering import TOLD, handling
from gis_grid.lookup.index import LookupIndex
from gis_grid.lookup.towers import towers_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from gis_grid.addresses import AddressFrames
    from gis_grid.lookup.towers import Tower

#: What is told of a grid, and what stands for it where the frame lacks the column.
GRID_KEYS: dict[str, Any] = {
    "code": "",
    "name": "",
    "kind": "",
    "tier": "",
    "parent_code": "",
    "community_code": "",
    "community": "",
    "households": 0,
    "bounds_zh": "",
    "bounds_en": "",
}
#: What is told of a person, where the frame of people has the column; work data only.
PERSON_KEYS = TOLD
#: Counts below this are told only to those who may see them.
SMALL = 10


@dataclass(frozen=True, eq=False)
class Published:
    """Hold a plan in force in a district from `valid_from` until the day before `valid_to`, or the next one.

    Parameters
    ----------
    plan
        Id of the plan; a plan of that id never changes.
    district, name
        Code and name of the district.
    grids
        Frame of grids (`GRID_KEYS`), of several tiers if there are, in a geographic CRS; others are carried over.
    valid_from, valid_to
        Whole days in the district's time zone; the second is the first day without it.
    timezone
        Name of the district's time zone.
    people
        Frame of who answers for which grid, a row each: `grid` (its code), what is told (`PERSON_KEYS`), and the days
        `valid_from` and `valid_to`, missing where it has no beginning or end. Rows keep their order.
    tier
        The tier that is asked for unless a caller names another; that of the first grid if empty.
    addresses
        What addresses are looked up in.
    parts
        Blocks that are parts of buildings divided by stairwell, with `parent_block_id`.

    Raises
    ------
    FrameError
        If a frame lacks what it needs; all faults at once.
    """

    plan: str
    district: str
    name: str
    grids: gpd.GeoDataFrame
    valid_from: date = date.min
    valid_to: date | None = None
    timezone: str = "Asia/Shanghai"
    people: pd.DataFrame | None = None
    tier: str = ""
    addresses: AddressFrames | None = None
    parts: gpd.GeoDataFrame | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.grids.crs is None:
            faults.append(Fault("the frame has no CRS", "grids", remedy="declare one (set_crs)"))
        if "code" not in self.grids:
            faults.append(Fault("the column is missing", "grids", "code"))
        if self.people is not None and "grid" not in self.people:
            faults.append(Fault("the column is missing", "people", "grid", None, "name the grid of each person"))
        try:
            self.zone  # noqa: B018  found here rather than in the first answer
        except (ZoneInfoNotFoundError, ValueError):
            problem = f"there is no time zone {self.timezone!r}"
            faults.append(Fault(problem, remedy="use a name such as Asia/Shanghai"))
        if faults:
            raise FrameError(faults)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The time zone in which days begin."""
        return ZoneInfo(self.timezone)

    @cached_property
    def tiers(self) -> tuple[str, ...]:
        """The tiers that have grids, the one that is asked for first."""
        found = self.grids["tier"].astype(str).tolist() if "tier" in self.grids else [""] * len(self.grids)
        return tuple(dict.fromkeys([self.tier] * (self.tier in found) + found)) or ("",)

    @cached_property
    def roster(self) -> Roster:
        """The people by grid and day."""
        return Roster(self.people)


class Layer:
    """The grids of one tier of a plan: their index, and what is told of each, ready to be sent.

    `codes` are in the order of the index's positions; `facts[n]` is what is told of a grid, `full[n]` the same as JSON,
    and `public[n]` JSON in which a small count is left out. `towers` are buildings divided between grids, by position.
    """

    towers: dict[int, tuple[Tower, ...]]

    def __init__(self, grids: gpd.GeoDataFrame, tier: str) -> None:
        chosen = grids[grids["tier"].astype(str) == tier] if "tier" in grids else grids
        shapes = chosen.geometry.to_numpy()
        if not chosen.crs.is_geographic:
            shapes = transform_geometries(shapes, chosen.crs, WGS84)
        index_columns = [name for name in ("code", "kind") if name in chosen]
        shaped = type(grids)(chosen[index_columns], geometry=shapes, crs=WGS84)
        self.tier = tier
        self.towers = {}
        self.index = LookupIndex(shaped)
        self.bounds: tuple[float, ...] = tuple(shaped.total_bounds.tolist()) if len(shaped) else (0.0, 0.0, -1.0, -1.0)
        self.facts: list[dict[str, Any]] = [_fact(row) for row in _rows(chosen)]
        self.codes: list[str] = [fact["code"] for fact in self.facts]
        self.full = [orjson.dumps(grid_told(fact, small=True)) for fact in self.facts]
        self.public = [orjson.dumps(grid_told(fact, small=False)) for fact in self.facts]

    def with_towers(self, published: Published) -> Layer:
        """Return the same grids with the buildings that a publication divides between them."""
        if published.parts is None:
            return self
        out = copy(self)
        out.towers = towers_in(published.parts, self.index, published.addresses)
        return out


def grid_told(fact: dict[str, Any], *, small: bool) -> dict[str, Any]:
    """Return what is told of a grid; a count below `SMALL` only if `small` counts may be seen.

    >>> grid_told({"code": "1", "households": 3}, small=False)
    {'code': '1', 'households': None, 'households_suppressed': True}
    """
    hidden = not small and fact["households"] < SMALL
    return fact | {"households": None if hidden else fact["households"], "households_suppressed": hidden}


def _rows(grids: gpd.GeoDataFrame) -> Iterator[dict[str, Any]]:
    columns = [name for name in GRID_KEYS if name in grids]
    values = zip(*(grids[name].tolist() for name in columns), strict=True)
    return (dict(zip(columns, row, strict=True)) for row in values)


def _fact(row: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a grid, each of the type it is told in."""
    fact = {}
    for key, absent in GRID_KEYS.items():
        value = row.get(key)
        fact[key] = absent if _missing(value) else type(absent)(value)
    return fact


def _missing(value: Any) -> bool:
    return value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value)  # noqa: PLR0124


class Roster:
    """Who answers for each grid on each day, kept as sent once it was asked for."""

    def __init__(self, people: pd.DataFrame | None) -> None:
        self._rows: dict[str, list[tuple[int, int, dict[str, Any]]]] = defaultdict(list)
        days: set[int] = set()
        for grid, start, end, person in _people(people):
            self._rows[grid].append((start, end, person))
            days |= {start, end}
        self._days = sorted(days)
        self._told: dict[tuple[str, int], tuple[list[dict[str, Any]], bytes, str]] = {}

    def people(self, code: str, day: int) -> list[dict[str, Any]]:
        """Return the people of a grid on a day (an ordinal)."""
        return self._on(code, day)[0]

    def json(self, code: str, day: int) -> bytes:
        """Return the same as JSON."""
        return self._on(code, day)[1]

    def text(self, code: str, day: int, line: str | None = None) -> str:
        """Return the same as text for a cell of a table: role, name and work phone of each; of those of a line."""
        return self._on(code, day)[2] if line is None else cell_of(handling(self.people(code, day), line))

    def _on(self, code: str, day: int) -> tuple[list[dict[str, Any]], bytes, str]:
        key = code, bisect_right(self._days, day)
        found = self._told.get(key)
        if found is None:
            people = [person for start, end, person in self._rows.get(code, ()) if start <= day < end]
            found = self._told[key] = people, orjson.dumps(people), cell_of(people)
        return found


def _people(people: pd.DataFrame | None) -> Iterator[tuple[str, int, int, dict[str, Any]]]:
    """Yield grid, first day, first day without, and what is told, of each row of people."""
    if people is None:
        return
    told = [name for name in PERSON_KEYS if name in people]
    for row in people.to_dict("records"):
        start, end = _day(row.get("valid_from"), date.min), _day(row.get("valid_to"), date.max)
        yield str(row["grid"]), start, end, {name: _plain(name, row[name]) for name in told}


def _day(value: Any, absent: date) -> int:
    if _missing(value) or value == "":
        return absent.toordinal()
    return (date.fromisoformat(value) if isinstance(value, str) else value).toordinal()


def _plain(name: str, value: Any) -> Any:
    if name == "lines":
        return [] if _missing(value) else [*filter(None, value.split(","))] if isinstance(value, str) else list(value)
    return "" if _missing(value) else str(value)


def cell_of(people: list[dict[str, Any]]) -> str:
    """Return people as one text: role, name and work phone of each.

    >>> cell_of([{"role_zh": "网格员", "name": "林青", "work_phone": "5550100"}, {"role": "head", "name": "Wu"}])
    '网格员 林青 5550100; head Wu'
    """
    return "; ".join(filter(None, map(_line, people)))


def _line(person: dict[str, Any]) -> str:
    role = person.get("role_zh") or person.get("role_en") or person.get("role")
    return " ".join(part for part in (role, person.get("name"), person.get("work_phone")) if part)
