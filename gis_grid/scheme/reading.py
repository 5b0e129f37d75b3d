"""Read a scheme from the tables of its TOML file, telling every fault at once with its table, its key and a remedy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from gis_grid.errors import Fault, SchemeError
from gis_grid.frames import BORDER_CLASSES, LINE_CLASSES, ROAD_CLASSES
from gis_grid.scheme import Band, CodePattern, Cost, Place, Scheme
from gis_grid.scheme.consistency import faults_between
from gis_grid.scheme.posts import Post, Station
from gis_grid.scheme.tiers import Tier

#: Tables that stand once, and tables that stand as often as one likes.
_SINGLE, _MANY = ("cost", "code", "place"), ("tier", "post", "station")


def from_toml(content: Mapping[str, Any], *, source: str) -> Scheme:
    """Build a scheme from parsed TOML.

    Raises
    ------
    SchemeError
        With every fault found, each naming its table, its key and a remedy.
    """
    reader = _Reader(source)
    tables = {key: reader.tables(content, key) for key in _MANY}
    if not tables["tier"]:
        reader.faults.append(Fault("there is no [[tier]]", source, remedy="describe at least one tier"))
    cost = reader.table(content, "cost")
    prices = dict(Cost().per_m) | reader.prices(cost)
    reader.classes(content.get("barriers", []), LINE_CLASSES, "key 'barriers'")
    tiers = [reader.tier(table, number) for number, table in enumerate(tables["tier"], 1)]
    posts = [reader.part(Post, table, "post", number) for number, table in enumerate(tables["post"], 1)]
    stations = [reader.part(Station, table, "station", number) for number, table in enumerate(tables["station"], 1)]
    parts = {
        "tiers": tuple(tiers),
        "posts": tuple(posts),
        "stations": tuple(stations),
        "cost": reader.build(Cost, cost | {"per_m": MappingProxyType(prices)}, "[cost]"),
        "code": reader.build(CodePattern, reader.table(content, "code"), "[code]"),
        "place": reader.build(Place, reader.table(content, "place"), "[place]"),
    }
    plain = {key: value for key, value in content.items() if key not in (*_SINGLE, *_MANY)}
    scheme = reader.build(Scheme, plain | parts, "")
    if isinstance(scheme, Scheme) and not reader.faults:
        reader.faults += [dataclasses.replace(one, source=reader.at(one.source)) for one in faults_between(scheme)]
    if reader.faults or not isinstance(scheme, Scheme):
        raise SchemeError(dict.fromkeys(reader.faults))
    return scheme


#: What the annotation of a field lets stand in a TOML file, and how to say it.
_KINDS: Mapping[str, tuple[tuple[type, ...], str]] = MappingProxyType(
    {
        "int": ((int,), "a whole number"),
        "float": ((int, float), "a number"),
        "str": ((str,), "a text in quotes"),
        "bool": ((bool,), "true or false"),
        "tuple[str, ...]": ((list, tuple), "a list of texts"),
    }
)


@dataclass
class _Reader:
    """Build the parts of a scheme from TOML tables and gather what is wrong with them."""

    source: str
    faults: list[Fault] = field(default_factory=list)

    def at(self, where: str) -> str:
        """Return a place in the file as a message names it."""
        return ", ".join(part for part in (self.source, where) if part)

    def fault(self, problem: str, where: str, remedy: str) -> None:
        """Take note of a fault."""
        self.faults.append(Fault(problem, self.at(where), remedy=remedy))

    def table(self, content: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Return the table of that name, empty where there is none."""
        found = content.get(key, {})
        if isinstance(found, Mapping):
            return dict(found)
        self.fault(f"'{key}' is no table", "", f"write [{key}]")
        return {}

    def tables(self, content: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
        """Return the tables of that name, none where there are none."""
        found = content.get(key, [])
        if isinstance(found, list) and all(isinstance(one, Mapping) for one in found):
            return [dict(one) for one in found]
        self.fault(f"'{key}' is no list of tables", "", f"write [[{key}]]")
        return []

    def prices(self, cost: Mapping[str, Any]) -> dict[str, float]:
        """Return the prices of classes of border."""
        prices = self.table(cost, "per_m")
        self.classes(prices, BORDER_CLASSES, "[cost.per_m]")
        for name, price in prices.items():
            if isinstance(price, bool) or not isinstance(price, (int, float)) or price < 0:
                self.fault(f"'{name}' is {price!r}, no price", "[cost.per_m]", "use a number of 0 or more")
        return prices

    def classes(self, names: Any, allowed: Iterable[str], where: str) -> None:
        """Refuse classes of line that do not exist."""
        if not isinstance(names, Iterable):
            return
        remedy = f"use {', '.join(name for name in allowed if name)}"
        for name in sorted(str(name) for name in names if name not in allowed):
            self.fault(f"'{name}' is not known here", where, remedy)

    def tier(self, table: Mapping[str, Any], number: int) -> Any:
        """Build a tier, whose band stands in the same table."""
        names = [one.name for one in dataclasses.fields(Band)]
        where = _called("tier", table, number)
        limits = {key: table[key] for key in names if key in table}
        if {"min", "max"} <= set(limits) and all(type(value) is int for value in limits.values()):
            limits.setdefault("target", (limits["min"] + limits["max"]) // 2)
        band = self.build(Band, limits, where)
        if isinstance(table.get("streets"), list):
            self.classes(table["streets"], ROAD_CLASSES, f"{where}, key 'streets'")
        plain = {key: value for key, value in table.items() if key not in names}
        return self.build(Tier, plain | {"band": band}, where, also=names)

    def part(self, kind: type, table: Mapping[str, Any], name: str, number: int) -> Any:
        """Build one of several parts from its table."""
        return self.build(kind, table, _called(name, table, number))

    def build(self, kind: type, table: Mapping[str, Any], where: str, *, also: Iterable[str] = ()) -> Any:
        """Build one part from its table; None where it cannot be."""
        fields = {one.name: one for one in dataclasses.fields(kind)}
        before = len(self.faults)
        keys = [*(name for name in fields if name not in ("band", "tiers", "posts", "stations")), *also]
        for name in sorted(set(table) - set(fields)):
            self.fault(f"'{name}' is not known here", where, f"use {', '.join(keys)}")
        for name, one in fields.items():
            if name not in table:
                if one.default is one.default_factory is dataclasses.MISSING:
                    self.fault(f"'{name}' is missing", where, f"write {name} = …")
                continue
            self._typed(name, table[name], str(one.type), where)
        if len(self.faults) > before:
            return None
        try:
            return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in table.items()})
        except SchemeError as caught:
            self.faults += [dataclasses.replace(fault, source=self.at(where)) for fault in caught.faults]
            return None

    def _typed(self, name: str, value: Any, wanted: str, where: str) -> None:
        allowed, called = _KINDS.get(wanted, ((object,), ""))
        wrong = not isinstance(value, allowed) or (isinstance(value, bool) and bool not in (*allowed, *_any(allowed)))
        if wanted == "tuple[str, ...]" and not wrong:
            wrong = not all(isinstance(one, str) for one in value)
        if wrong:
            self.fault(f"'{name}' is {value!r}, not {called}", where, f"write {called}")


def _any(allowed: tuple[type, ...]) -> tuple[type, ...]:
    return (bool,) if object in allowed else ()


def _called(name: str, table: Mapping[str, Any], number: int) -> str:
    """Return what a table is called: its place among its like, and its id."""
    own = table.get("id")
    return f"[[{name}]] {number}" + (f" ({own})" if isinstance(own, str) and own else "")
