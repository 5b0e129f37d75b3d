"""The roster of a plan file as posts: where each of them is, who holds it, and which stand vacant."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from gis_grid.plan import tier_column
from gis_grid.scheme.posts import EVERY_STATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gis_grid.plan import Plan
    from gis_grid.scheme import Post, Scheme

#: the only columns of a roster that are kept: work data, nothing else about a person
COLUMNS = ("name", "post", "post_zh", "phone", "community_code", "community", "grid", "vacant", "status")
#: what stands between the grids of one post
_BETWEEN = re.compile(r"[、,，;；/|]+")

Unit = tuple[str, str]


@dataclass(frozen=True)
class Place:
    """One post to be filled: its number in the district, role, names, lines, the units it answers for, its holder."""

    number: str
    role: str
    name_zh: str
    name_en: str
    lines: tuple[str, ...]
    units: tuple[Unit, ...]
    name: str
    phone: str


def work_only(staff: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a roster without columns that a roster need not have, and the names of these.

    >>> work_only(pd.DataFrame({"name": ["Lin"], "post": ["head"], "home_phone": ["1"]}))[1]
    ['home_phone']
    """
    rest = [str(column) for column in staff if column not in COLUMNS]
    return staff.drop(columns=rest), rest


def places_of(plan: Plan) -> list[Place]:
    """Return the posts of a plan: a row of the roster each, and those that the scheme asks for beyond them, vacant.

    A row names its grid (or several of them) by code or name, else its community. Posts shared out over several
    units, and those that go with another post, are there only where the roster names them.
    """
    rows = list(_listed(plan))
    rows += [(post.id, units, "", "") for post, units in _wanting(plan, Counter(_at(rows)))]
    serial: Counter[str] = Counter()
    places = []
    for role, units, name, phone in rows:
        where = "+".join(f"{tier}:{code}" for tier, code in units)
        serial[f"{role}@{where}"] += 1
        number = f"{role}@{where}#{serial[f'{role}@{where}']}"
        post = _post(plan.scheme, role)
        zh, en = (post.name_zh, post.name_en) if post else (role, role)
        lines = _lines(plan.scheme, post) if post else ()
        places.append(Place(number, post.id if post else role, zh, en, lines, units, name, phone))
    return places


def _listed(plan: Plan) -> Iterator[tuple[str, tuple[Unit, ...], str, str]]:
    """Yield role, units, name and phone of each row of the roster."""
    if plan.staff is None or "post" not in plan.staff or "name" not in plan.staff:
        return
    text = {c: plan.staff[c].fillna("").astype(str).str.strip() for c in COLUMNS[:7] if c in plan.staff}
    blank = pd.Series("", index=plan.staff.index)
    columns = (text.get(c, blank) for c in ("post", "name", "phone", "grid", "community_code", "community"))
    vacant = plan.staff["vacant"].astype(bool) if "vacant" in plan.staff else text["name"] == ""
    codes = plan.grids["code"].astype(str)
    names = plan.grids["name"].astype(str) if "name" in plan.grids else codes
    once = ~names.duplicated(keep=False)
    grid_of = dict(zip(names[once], codes[once], strict=True)) | dict(zip(codes, codes, strict=True))
    called = dict(
        zip(plan.communities["name"].astype(str), plan.communities["community_code"].astype(str), strict=True)
    )
    tier = plan.scheme.main.id
    for free, (role, name, phone, grid, code, community) in zip(vacant, zip(*columns, strict=True), strict=True):
        known = [grid_of[part.strip()] for part in _BETWEEN.split(grid) if part.strip() in grid_of]
        home = code or called.get(community, "")
        units = tuple((tier, found) for found in known) or ((("community", home),) if home else (("district", ""),))
        post = _post(plan.scheme, role)
        yield post.id if post else role, units, "" if free else name, "" if free else phone


def _post(scheme: Scheme, role: str) -> Post | None:
    return next((post for post in scheme.posts if role in (post.id, post.name_zh, post.name_en)), None)


def _lines(scheme: Scheme, post: Post) -> tuple[str, ...]:
    """Return the service lines of a post: its own, else those of the kind of station it belongs to."""
    stations = [station for station in scheme.stations if station.id == post.per]
    return post.lines or tuple(line for station in stations for line in station.lines)


def _at(rows: list[tuple[str, tuple[Unit, ...], str, str]]) -> Iterator[tuple[str, Unit]]:
    for role, units, _, _ in rows:
        for unit in units:
            yield role, unit


def _wanting(plan: Plan, listed: Counter[tuple[str, Unit]]) -> Iterator[tuple[Post, tuple[Unit, ...]]]:
    """Yield the posts of the scheme that no row of the roster names, with the unit of each."""
    if plan.staff is None:
        return
    main = plan.scheme.main.id
    home = dict(zip(plan.grids["code"].astype(str), plan.grids["community_code"].astype(str), strict=True))
    for post in plan.scheme.posts:
        if post.every > 1 or post.total or post.held_by or post.per == EVERY_STATION:
            continue
        stations = [station.per for station in plan.scheme.stations if station.id == post.per]
        tier = stations[0] if stations else post.per
        wanted: Counter[Unit] = Counter()
        for unit in _units(plan, tier):
            # where a roster says only the community of those who answer for grids, they are counted there
            at = ("community", home.get(unit[1], "")) if tier == main else unit
            wanted[at if listed[post.id, at] else unit] += post.count
        for unit, count in wanted.items():
            for _ in range(count - listed[post.id, unit]):
                yield post, (unit,)


def _units(plan: Plan, tier: str) -> list[Unit]:
    if tier == plan.scheme.main.id:
        codes = plan.grids["code"].astype(str).tolist()
    elif tier == "community":
        codes = plan.communities["community_code"].astype(str).tolist()
    elif tier == "district":
        codes = [""]
    else:
        known = plan.scheme.tier(tier)
        column = tier_column(known) if known is not None else ""
        codes = plan.blocks[column].astype(str).tolist() if column in plan.blocks else []
    return [(tier, code) for code in dict.fromkeys(codes) if code or tier == "district"]
