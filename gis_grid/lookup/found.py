"""What a lookup tells: the grid that was found, the building that several share, the answer as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import orjson

from gis_grid.lookup.answering import with_handling
from gis_grid.lookup.publications import Layer, Published, grid_told


class Standing(NamedTuple):
    """A publication in force on a day, with its grids of the tier that was asked for."""

    published: Published
    layer: Layer
    day: date


@dataclass(frozen=True, slots=True)
class Found:
    """One grid of an answer, how far it is (0 if the point lies in it), and on which day."""

    standing: Standing
    position: int
    distance_m: float

    @property
    def code(self) -> str:
        """The code of the grid."""
        return self.standing.layer.codes[self.position]

    @property
    def people(self) -> list[dict[str, Any]]:
        """Who answers for the grid on that day."""
        return self.standing.published.roster.people(self.code, self.standing.day.toordinal())

    def grid(self, *, small: bool = False) -> dict[str, Any]:
        """Return what is told of the grid; small counts only if they may be seen."""
        return grid_told(self.standing.layer.facts[self.position], small=small)

    def told(self, *, small: bool = False) -> dict[str, Any]:
        """Return the grid with its people and its distance."""
        return self.grid(small=small) | {"people": self.people, "distance_m": round(self.distance_m, 1)}

    def json(self, *, small: bool = False) -> bytes:
        """Return the same as JSON."""
        return b'%b,"people":%b,"distance_m":%.1f}' % (
            self.grid_json(small=small)[:-1],
            self.people_json(),
            self.distance_m,
        )

    def grid_json(self, *, small: bool = False) -> bytes:
        """Return what is told of the grid as JSON."""
        layer = self.standing.layer
        return layer.full[self.position] if small else layer.public[self.position]

    def people_json(self) -> bytes:
        """Return the people as JSON."""
        return self.standing.published.roster.json(self.code, self.standing.day.toordinal())


class Stairwell(NamedTuple):
    """A stairwell of a building that several grids share: its name, "" if nobody knows it, and its grid."""

    name: str
    found: Found

    def told(self, *, small: bool = False) -> dict[str, Any]:
        """Return the stairwell with its grid and people."""
        return {"stairwell": self.name, "grid": self.found.grid(small=small), "people": self.found.people}


class Building(NamedTuple):
    """A building that several grids share: a point there cannot say which one, its stairwell can."""

    label: str
    stairwells: tuple[Stairwell, ...]

    def told(self, *, small: bool = False) -> dict[str, Any]:
        """Return the building with its stairwells."""
        return {"label": self.label, "stairwells": [one.told(small=small) for one in self.stairwells]}


@dataclass(frozen=True, slots=True)
class Answer:
    """Say which grid a point lies in, how far the next border is, and which grids it may lie in as well.

    `nearest` is there only where `grid` is not, unless no plan is in force at all. `also_possible` are the grids within
    the accuracy that was stated, the nearest first. `building` is there where the point lies at a building whose
    stairwells lie in several grids: then `grid` is only the one whose ground the point is on.
    """

    grid: Found | None
    distance_to_border_m: float | None
    also_possible: tuple[Found, ...]
    nearest: Found | None
    building: Building | None = None

    @property
    def status(self) -> str:
        """`ok`, `outside`, or `which-stairwell` where only the stairwell can tell the grid."""
        return "outside" if self.grid is None else "ok" if self.building is None else "which-stairwell"

    @property
    def standing(self) -> Standing | None:
        """The publication that answered."""
        found = self.grid or self.nearest
        return found.standing if found else None

    @property
    def plan(self) -> str | None:
        """The plan that answered."""
        return self.standing.published.plan if self.standing else None

    @property
    def as_of(self) -> date | None:
        """The day the answer is of, in the district's time zone."""
        return self.standing.day if self.standing else None

    def told(self, *, small: bool = False) -> dict[str, Any]:
        """Return the answer as plain values; households below ten only if `small` counts may be seen."""
        distance = self.distance_to_border_m
        standing = self.standing
        told: dict[str, Any] = {
            "grid": self.grid.grid(small=small) if self.grid else None,
            "people": self.grid.people if self.grid else [],
            "distance_to_border_m": None if distance is None else round(distance, 1),
            "also_possible": [found.told(small=small) for found in self.also_possible],
            "status": self.status,
            "building": self.building.told(small=small) if self.building else None,
        }
        if self.grid is None:
            told["nearest"] = self.nearest.told(small=small) if self.nearest else None
        return told | {
            "district": standing.published.district if standing else None,
            "plan": self.plan,
            "as_of": standing.day.isoformat() if standing else None,
        }

    def json(self, *, small: bool = False, line: str | None = None) -> bytes:
        """Return the same as JSON, put together from parts that were made once; `line` as for `with_handling`."""
        if line is not None:
            return orjson.dumps(with_handling(self.told(small=small), line))
        if self.grid is None or self.distance_to_border_m is None or self.building is not None:
            return orjson.dumps(self.told(small=small))
        published, _, day = self.grid.standing
        return b'{"grid":%b,"people":%b,"distance_to_border_m":%.1f,"also_possible":[%b],%b"as_of":"%b"}' % (
            self.grid.grid_json(small=small),
            self.grid.people_json(),
            self.distance_to_border_m,
            b",".join([found.json(small=small) for found in self.also_possible]),
            _ids(published),
            day.isoformat().encode(),
        )


def _ids(published: Published) -> bytes:
    return b'"status":"ok","building":null,"district":%b,"plan":%b,' % (
        orjson.dumps(published.district),
        orjson.dumps(published.plan),
    )


def building_at(owner: Found, lon: float, lat: float) -> Building | None:
    """Return the building that several grids share at a point of one of them, None if there is none."""
    standing = owner.standing
    tower = next((one for one in standing.layer.towers[owner.position] if one.covers(lon, lat)), None)
    if tower is None:
        return None
    stairwells = (Stairwell(name, Found(standing, position, 0.0)) for name, position in tower.stairwells)
    return Building(tower.label, tuple(stairwells))
