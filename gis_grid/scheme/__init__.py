"""Schemes: the tiers, bands, borders, posts and codes by which a place divides itself, read from one TOML file."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gis_grid.errors import Fault, SchemeError
from gis_grid.scheme.posts import Need, Post, Station, needs
from gis_grid.scheme.tiers import Band, Tier

__all__ = [
    "DEFAULT_SCHEME",
    "Band",
    "CodePattern",
    "Cost",
    "Need",
    "Place",
    "Post",
    "Scheme",
    "Station",
    "Tier",
    "needs",
    "scheme_file",
    "scheme_names",
]

DEFAULT_SCHEME = "qinzhou"


@dataclass(frozen=True)
class Cost:
    """The price of a border, per metre and by what it runs along, and of what a planner dislikes.

    `per_m` maps each border class to a price; `compactness` multiplies the drawn perimeter of every grid whatever
    it runs along, `balance` is the price of a grid that misses its target by the whole half-band (in metres of
    a through-the-block border), `inside_per_m` the price of a metre of main street inside a grid. `compound_per_m` is
    paid on top for a metre of border through a compound that would fit the band, `moved_per_household` for every
    household that leaves the grid of a previous plan. `docs/objective.md` explains each with figures.
    """

    per_m: Mapping[str, float] = field(default_factory=lambda: _default_prices())  # noqa: PLW0108  defined below
    compactness: float = 0.35
    balance: float = 120.0
    inside_per_m: float = 0.05
    compound_per_m: float = 4.0
    moved_per_household: float = 5.0

    def price(self, border_class: str, barrier: bool) -> float:
        """Return the price of one metre of border of a class; a barrier costs nothing.

        >>> Cost().price("primary", False) < Cost().price("service", False) < Cost().price("", False)
        True
        """
        return 0.0 if barrier else self.per_m[border_class]


def _default_prices() -> Mapping[str, float]:
    prices = dict.fromkeys(("motorway", "trunk", "railway", "river", "community", "boundary"), 0.0)
    prices |= {"primary": 0.1, "secondary": 0.2, "tertiary": 0.35, "residential": 0.6}
    prices |= {"service": 1.2, "path": 1.4, "wall": 0.8, "cell": 3.0, "stairwell": 6.0, "": 2.0}
    return MappingProxyType(prices)


@dataclass(frozen=True)
class CodePattern:
    """How a grid's code is built: the parent's digits, then a serial of so many digits."""

    parent_digits: int = 12
    serial_digits: int = 3


@dataclass(frozen=True)
class Place:
    """Measure the place a scheme is drawn from: to it the `count` of tiers belongs. What is 0 is not known."""

    households: int = 0
    shops: int = 0
    area_m2: int = 0

    def load(self, counted: str) -> int:
        """Return what a band that counts this (one of `LOADS`) finds in the whole place."""
        parts = {"households": self.households, "area_m2": self.area_m2}
        both = self.households + self.shops if self.households else 0
        return both if counted == "households+shops" else parts.get(counted, 0)


@dataclass(frozen=True)
class Scheme:
    """A way of dividing a district, frozen; `tiers` run from the top down, and one of them is the main tier.

    >>> scheme = Scheme.load("qinzhou")
    >>> scheme.main.band
    Band(min=300, max=500, target=400)
    >>> scheme.with_band(min=80, max=120, target=100).main.band.target
    100
    """

    name: str
    title_zh: str
    title_en: str
    tiers: tuple[Tier, ...]
    about_zh: str = ""
    about_en: str = ""
    barriers: tuple[str, ...] = ("motorway", "railway", "river")
    code: CodePattern = field(default_factory=CodePattern)
    cost: Cost = field(default_factory=Cost)
    posts: tuple[Post, ...] = ()
    stations: tuple[Station, ...] = ()
    place: Place = field(default_factory=Place)

    @property
    def main(self) -> Tier:
        """The tier of grids, which somebody answers for: the one marked so, else the last that is divided."""
        marked = [tier for tier in self.tiers if tier.main]
        divided = [tier for tier in self.tiers if tier.made == "divided"]
        return (marked or divided[-1:] or self.tiers)[-1]

    @property
    def finest(self) -> Band:
        """The narrowest band that counts homes: no block should hold more."""
        bands = [tier.band for tier in self.tiers if tier.made == "divided" and tier.load != "area_m2"]
        return min(bands, key=lambda band: band.max) if bands else Band(0, 2_000_000, 1_000_000)

    @property
    def is_plain(self) -> bool:
        """Whether grids of households are all there is to divide, besides tiers that come with the input."""
        main = self.main
        rest = [tier for tier in self.tiers if tier.id != main.id]
        free = main.made == "divided" and main.load == "households" and not main.count
        return free and not main.radius_m and all(tier.made == "given" for tier in rest)

    def tier(self, name: str) -> Tier | None:
        """Return the tier of that id, if there is one."""
        return next((tier for tier in self.tiers if tier.id == name), None)

    def with_band(self, *, min: int | None = None, max: int | None = None, target: int | None = None) -> Scheme:
        """Return the scheme with another band on its main tier; an unset target moves to the middle of a new band."""
        old = self.main.band
        low, high = old.min if min is None else min, old.max if max is None else max
        if (low, high, target) == (old.min, old.max, None):
            return self
        middle = old.target if (low, high) == (old.min, old.max) else (low + high) // 2
        # the number of units belongs to the band that was replaced
        tier = dataclasses.replace(self.main, count=0, band=Band(low, high, middle if target is None else target))
        return self.with_tier(tier)

    def with_tier(self, tier: Tier) -> Scheme:
        """Return the scheme with a tier in place of the one of the same id."""
        return dataclasses.replace(self, tiers=tuple(tier if one.id == tier.id else one for one in self.tiers))

    @classmethod
    def load(cls, name_or_file: str | Path = DEFAULT_SCHEME) -> Scheme:
        """Read a shipped scheme by name, or a TOML file of the user's own.

        Raises
        ------
        SchemeError
            If there is no such scheme or file, it is no TOML, or its content is wrong; all faults at once.
        """
        name = str(name_or_file)
        try:
            content = tomllib.loads(scheme_file(name))
        except tomllib.TOMLDecodeError as caught:
            raise SchemeError(Fault(f"this is not TOML: {caught}", source=name)) from caught
        return cls.from_content(content, source=name)

    @classmethod
    def from_content(cls, content: Mapping[str, Any], *, source: str = "") -> Scheme:
        """Build a scheme from the tables of its file, as `content` returns them; faults as in `load`."""
        from gis_grid.scheme.reading import from_toml

        return from_toml(content, source=source)

    def content(self) -> dict[str, Any]:
        """Return the scheme as the tables of its TOML file: plain dicts, lists, strings and numbers.

        >>> scheme = Scheme.load("qinzhou")
        >>> Scheme.from_content(scheme.content()) == scheme
        True
        """
        plain = ("name", "title_zh", "title_en", "about_zh", "about_en")
        tables: dict[str, Any] = {key: getattr(self, key) for key in plain}
        tables["barriers"] = list(self.barriers)
        tables["tier"] = [_table(tier, "band") | _table(tier.band) for tier in self.tiers]
        tables["code"] = _table(self.code)
        tables["cost"] = _table(self.cost, "per_m") | {"per_m": dict(self.cost.per_m)}
        tables["post"] = [_table(post) for post in self.posts]
        tables["station"] = [_table(station) for station in self.stations]
        tables["place"] = _table(self.place)
        return tables


def _table(value: Any, *without: str) -> dict[str, Any]:
    pairs = {one.name: getattr(value, one.name) for one in dataclasses.fields(value) if one.name not in without}
    return {key: list(found) if isinstance(found, tuple) else found for key, found in pairs.items()}


def scheme_file(name: str) -> str:
    """Return the text of a scheme: of a shipped one by name, or of a .toml file.

    Raises
    ------
    SchemeError
        If there is no such scheme or file, or it is no text.
    """
    path = Path(name) if name.endswith(".toml") else resources.files("gis_grid.schemes") / f"{name}.toml"
    if not path.is_file():
        remedy = f"use one of {', '.join(scheme_names())}, or the path of a .toml file"
        raise SchemeError(Fault(f"there is no scheme '{name}'", remedy=remedy))
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as caught:
        raise SchemeError(Fault(f"this is not TOML: {caught}", source=name, remedy="save it as UTF-8")) from caught


def scheme_names() -> list[str]:
    """Return the names of the schemes that are shipped, in alphabetical order."""
    found = (entry.name for entry in resources.files("gis_grid.schemes").iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))
