"""Schemes: the tiers, bands, borders, posts and codes by which a place divides itself, read from one TOML file."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Any

from gis_grid.errors import Fault, SchemeError
from gis_grid.frames import BORDER_CLASSES, LINE_CLASSES

DEFAULT_SCHEME = "qinzhou"


@dataclass(frozen=True)
class Band:
    """Bound the load of a grid: [min, max] is the law, `target` the wish (counts of households).

    >>> Band(300, 500, 400).feasible_counts(1000)
    range(2, 4)
    >>> len(Band(300, 500, 400).feasible_counts(574))
    0
    """

    min: int = 300
    max: int = 500
    target: int = 400

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.target <= self.max or self.max == 0:
            problem = f"the band {self.min} ≤ {self.target} ≤ {self.max} does not hold"
            raise SchemeError(Fault(problem, remedy="choose 0 ≤ min ≤ target ≤ max and max > 0"))

    def feasible_counts(self, load: int) -> range:
        """Return the numbers of grids into which a load can be cut with every grid in the band."""
        fewest = max(1, math.ceil(load / self.max))
        most = load // self.min if self.min else load
        return range(fewest, max(most, fewest - 1) + 1)

    def off_by(self, load: int) -> int:
        """Return by how many households a load misses the band: below zero under it, above zero over it."""
        return min(0, load - self.min) + max(0, load - self.max)


@dataclass(frozen=True)
class Tier:
    """One level of the division: what it is called, what it nests in, and the band its load must keep.

    `radius_m` bounds how far the farthest household may live from the best place for a service point (0: no bound).
    """

    id: str
    name_zh: str
    name_en: str
    parent: str = ""
    radius_m: float = 0.0
    band: Band = field(default_factory=Band)


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
class Post:
    """A post: `per` names the tier, `every` how many adjoining grids share one, `count` how many there are."""

    id: str
    name_zh: str
    name_en: str
    per: str
    count: int = 1
    every: int = 1
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scheme:
    """A way of dividing a district, frozen; `tiers` run from the top down and the last is the main tier.

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

    @property
    def main(self) -> Tier:
        """The tier that is partitioned by households."""
        return self.tiers[-1]

    def with_band(self, *, min: int | None = None, max: int | None = None, target: int | None = None) -> Scheme:
        """Return the scheme with another band on its main tier; an unset target moves to the middle of a new band."""
        old = self.main.band
        low, high = old.min if min is None else min, old.max if max is None else max
        middle = old.target if (low, high) == (old.min, old.max) else (low + high) // 2
        tier = dataclasses.replace(self.main, band=Band(low, high, middle if target is None else target))
        return dataclasses.replace(self, tiers=(*self.tiers[:-1], tier))

    @classmethod
    def load(cls, name_or_file: str | Path = DEFAULT_SCHEME) -> Scheme:
        """Read a shipped scheme by name, or a TOML file of the user's own.

        Raises
        ------
        SchemeError
            If there is no such scheme or file, it is no TOML, or its content is wrong; all faults at once.
        """
        name = str(name_or_file)
        path = Path(name) if name.endswith(".toml") else resources.files("gis_grid.schemes") / f"{name}.toml"
        if not path.is_file():
            remedy = f"use one of {', '.join(scheme_names())}, or the path of a .toml file"
            raise SchemeError(Fault(f"there is no scheme '{name}'", remedy=remedy))
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as caught:
            raise SchemeError(Fault(f"this is not TOML: {caught}", source=name)) from caught
        return _from_toml(content, source=name)

    @classmethod
    def from_content(cls, content: Mapping[str, Any], *, source: str = "") -> Scheme:
        """Build a scheme from the tables of its file, as `content` returns them; faults as in `load`."""
        return _from_toml(content, source=source)

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
        tables["post"] = [_table(post, "lines") | {"lines": list(post.lines)} for post in self.posts]
        return tables


def _table(value: Any, *without: str) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.name not in without}


def scheme_names() -> list[str]:
    """Return the names of the schemes that are shipped, in alphabetical order."""
    found = (entry.name for entry in resources.files("gis_grid.schemes").iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def _from_toml(content: Mapping[str, Any], *, source: str) -> Scheme:
    """Build a scheme from parsed TOML, telling every fault at once."""
    reader = _Reader(source)
    tables = {key: reader.tables(content, key) for key in ("tier", "post")}
    if not tables["tier"]:
        reader.faults.append(Fault("there is no [[tier]]", source, remedy="describe at least one tier"))
    cost = reader.table(content, "cost")
    prices = dict(_default_prices()) | reader.table(cost, "per_m")
    reader.known(prices, BORDER_CLASSES, "cost.per_m")
    reader.known(content.get("barriers", []), LINE_CLASSES, "barriers")
    parts = {
        "tiers": tuple(reader.tier(table, f"tier {n}") for n, table in enumerate(tables["tier"], 1)),
        "posts": tuple(reader.build(Post, table, f"post {n}") for n, table in enumerate(tables["post"], 1)),
        "cost": reader.build(Cost, cost | {"per_m": MappingProxyType(prices)}, "cost"),
        "code": reader.build(CodePattern, reader.table(content, "code"), "code"),
    }
    plain = {key: value for key, value in content.items() if key not in ("tier", "post", "cost", "code")}
    scheme = reader.build(Scheme, plain | parts, "scheme")
    if reader.faults or not isinstance(scheme, Scheme):
        raise SchemeError(reader.faults)
    return scheme


#: What the annotation of a field lets stand in a TOML file, and how to say it.
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = MappingProxyType(
    {
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "str": ((str,), "a text"),
        "tuple[str, ...]": ((list, tuple), "a list of texts"),
    }
)


@dataclass
class _Reader:
    """Build the parts of a scheme from TOML tables and gather what is wrong with them."""

    source: str
    faults: list[Fault] = field(default_factory=list)

    def table(self, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Return the table of that name, empty where there is none."""
        found = content.get(key, {})
        if isinstance(found, Mapping):
            return dict(found)
        self.faults.append(Fault(f"'{key}' is no table", self.source, key, remedy=f"write [{key}]"))
        return {}

    def tables(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the tables of that name, none where there are none."""
        found = content.get(key, [])
        if isinstance(found, list) and all(isinstance(one, Mapping) for one in found):
            return [dict(one) for one in found]
        self.faults.append(Fault(f"'{key}' is no list of tables", self.source, key, remedy=f"write [[{key}]]"))
        return []

    def known(self, names: Any, allowed: tuple[str, ...], where: str) -> None:
        """Refuse names that are not allowed."""
        remedy = f"use {', '.join(name for name in allowed if name)}"
        for name in sorted(str(name) for name in names if name not in allowed):
            self.faults.append(Fault(f"'{name}' is not known here", self.source, where, remedy=remedy))

    def tier(self, table: Mapping[str, Any], where: str) -> Any:
        """Build a tier, whose band stands in the same table."""
        names = [f.name for f in dataclasses.fields(Band)]
        band = self.build(Band, {key: table[key] for key in names if key in table}, where)
        return self.build(Tier, {k: v for k, v in table.items() if k not in names} | {"band": band}, where)

    def build(self, kind: type, table: Mapping[str, Any], where: str) -> Any:
        """Build one part from its table; None where it cannot be."""
        fields = {f.name: f for f in dataclasses.fields(kind)}
        before = len(self.faults)
        self.known(table, tuple(fields), where)
        for name, one in fields.items():
            if name not in table:
                if one.default is one.default_factory is dataclasses.MISSING:
                    self.faults.append(Fault(f"'{name}' is missing", self.source, where))
                continue
            allowed, called = _KINDS.get(str(one.type), ((object,), ""))
            if not isinstance(table[name], allowed) or isinstance(table[name], bool):
                self.faults.append(Fault(f"'{name}' is {table[name]!r}, not {called}", self.source, where))
        if len(self.faults) > before:
            return None
        try:
            return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
        except SchemeError as caught:
            self.faults += [dataclasses.replace(fault, source=self.source, column=where) for fault in caught.faults]
            return None
