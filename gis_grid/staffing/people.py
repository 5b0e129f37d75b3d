"""The people of a roster: who they are, which posts they have now, where they start from, and what they can do."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from gis_grid.errors import Fault, InputError
from gis_grid.staffing.posts import numbers
from gis_grid.staffing.posts import posts as posts_of
from gis_grid.staffing.units import unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.plan import Plan
    from gis_grid.scheme import Post, Scheme

#: what stands between the grids, posts or service lines of one cell
BETWEEN = re.compile(r"[、,，;；/|]+")
#: columns of a roster that are read; everything else about a person is none of our business
ROSTER = ("name", "post", "phone", "community_code", "community", "grid", "lines", "base", "most", "vacant")


class Crew(NamedTuple):
    """Hold the posts of a plan with who has them, the people of its roster, and what no post of the scheme fits.

    `posts` is the frame of `gis_grid.staffing.posts` with `person` (the number of who has the post, "" if it is
    vacant) and `named` (whether the roster says so itself, or only which community somebody belongs to); posts that
    only the roster names stand behind those of the scheme (`extra` are those of a role that the scheme has no more
    room for), and places beyond the least number of people that nobody
    fills are left out. `people` has a row a person, index `person`: `name`, `phone`, `roles`
    (tuple), `community_code` ("" if not told), `lines` (skills; none told: all), `base` (code of a grid or community,
    or ""), `most` (posts at most; 0 if not told).
    """

    posts: pd.DataFrame
    people: pd.DataFrame


def crew_of(
    plan: Plan, *, staff: pd.DataFrame | None = None, posts: pd.DataFrame | None = None, strict: bool = True
) -> Crew:
    """Put the people of a roster into the posts of a plan: those who name grids into these, others where there is room.

    `staff` are rows as `gis_grid.sources.read_staff` returns them, the plan's own without one. A row that names
    several grids (or units of the tier of its post, by their codes) fills the post of each of them. A row that names
    only a community fills a post at its grids, in the order of their codes and of the rows; once these are full, it is
    a further post at the community. What the scheme knows no post for stands where the row says. Without `strict`,
    grids and communities that the plan does not have are passed over. Vacant posts come out by themselves; ex officio
    posts go with their holder.

    Raises
    ------
    InputError
        If a row names a grid or community that the plan does not have; all faults at once.
    """
    staff = plan.staff if staff is None else staff
    found = posts_of(plan) if posts is None else posts
    rows = [] if staff is None else rows_of(plan, staff)
    faults = [] if staff is None else unknown_places(rows, str(staff.attrs.get("source", "staff")))
    if strict and faults:
        raise InputError(faults)
    seats = _Seats(plan, found)
    people: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda one: (not one.units, not one.name)):
        person = people.setdefault((row.name, row.phone), f"s{len(people) + 1:05d}") if row.name else ""
        seats.take(row, person)
    filled = seats.frame()
    ex_officio = filled["held_by"] != ""
    with_it = filled["held_by"].map(filled["person"]).fillna("")
    filled = filled.assign(person=with_it.where(ex_officio & (filled["person"] == ""), filled["person"]).astype("str"))
    return Crew(filled[filled["needed"] | (filled["person"] != "")], _people(plan, rows, people))


class Row(NamedTuple):
    """One row of a roster, in plain text."""

    number: int | str
    name: str
    post: str
    phone: str
    community: str
    units: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]
    base: str
    most: int
    unknown: tuple[tuple[str, str], ...]


def rows_of(plan: Plan, staff: pd.DataFrame) -> list[Row]:
    """Return the rows of a roster, with grids and communities by their codes; none without names and posts."""
    if "post" not in staff or "name" not in staff:
        return []
    text = {name: staff[name].fillna("").astype(str).str.strip() for name in ROSTER if name in staff}
    blank = pd.Series("", index=staff.index)
    vacant = staff["vacant"].astype(bool) if "vacant" in staff else text["name"] == ""
    places = _Places(*_names(plan), plan.scheme, _other_units(plan))
    columns = zip(*(text.get(name, blank) for name in ROSTER[:-1]), strict=True)
    return [
        _row(number, bool(free), cells, places)
        for number, free, cells in zip(staff.index, vacant, columns, strict=True)
    ]


class _Places(NamedTuple):
    """Hold what a roster may call grids and communities, and the codes of units of other tiers."""

    grids: Mapping[str, str]
    communities: Mapping[str, str]
    scheme: Scheme
    others: Mapping[str, frozenset[str]]

    def unit(self, role: str, said: str) -> tuple[str, str] | None:
        """Return tier and code of a unit: one of the tier of the post, else a grid, else one of any other tier."""
        post = post_of(self.scheme, role)
        if post is not None and said in self.others.get(post.per, ()):
            return post.per, said
        if said in self.grids:
            return self.scheme.main.id, self.grids[said]
        return next(((tier, said) for tier, codes in self.others.items() if said in codes), None)


def _other_units(plan: Plan) -> dict[str, frozenset[str]]:
    """Return the codes of the units of each tier that is neither that of grids nor that of communities."""
    tiers = [tier.id for tier in plan.scheme.tiers if tier.id not in (plan.scheme.main.id, "community")]
    return {tier: frozenset(unit_of(plan, tier).unique()) - {""} for tier in tiers}


def _row(number: Any, free: bool, cells: tuple[str, ...], places: _Places) -> Row:
    name, role, phone, code, community, grid, lines, base, most = cells
    grid_of, home_of = places.grids, places.communities
    said = {part.strip(): places.unit(role, part.strip()) for part in BETWEEN.split(grid) if part.strip()}
    units = tuple(dict.fromkeys(unit for unit in said.values() if unit is not None))
    home = home_of.get(code, "") or home_of.get(community, "")
    start = grid_of.get(base, "") or home_of.get(base, "")
    checks = (
        *(("grid", part, unit is not None) for part, unit in said.items()),
        ("community_code", code, not code or code in home_of),
        ("community", community, not community or bool(home)),
        ("base", base, not base or bool(start)),
    )
    skills = tuple(part.strip() for part in BETWEEN.split(lines) if part.strip())
    limit = int(most) if most.isdecimal() else 0
    unknown = tuple((column, value) for column, value, known in checks if not known)
    who = ("", "") if free else (name, phone)
    return Row(number, who[0], role, who[1], home, units, skills, start, limit, unknown)


def _names(plan: Plan) -> tuple[dict[str, str], dict[str, str]]:
    """Return the codes of grids and of communities by code, and by names that only one of them has."""
    codes = plan.grids["code"].astype(str)
    names = plan.grids["name"].astype(str) if "name" in plan.grids else codes
    once = ~names.duplicated(keep=False)
    grids = dict(zip(names[once], codes[once], strict=True)) | dict(zip(codes, codes, strict=True))
    code, called = plan.communities["community_code"].astype(str), plan.communities["name"].astype(str)
    once = ~called.duplicated(keep=False) & (called != "")
    return grids, dict(zip(called[once], code[once], strict=True)) | dict(zip(code, code, strict=True))


def unknown_places(rows: list[Row], source: str = "staff") -> list[Fault]:
    """Return a fault for each grid, community or base of a roster (the file `source`) that the plan does not have."""
    remedies = {
        "grid": "use the code of a grid (or of the unit of the post) of this plan, or a name that only one grid has",
        "base": "use the code of a grid or community of this plan, or leave it empty",
    }
    other = "use the code or the name of a community of this plan"
    return [
        Fault(f"the plan has no {value!r}", source, column, row.number, remedies.get(column, other))
        for row in rows
        for column, value in row.unknown
    ]


def _people(plan: Plan, rows: list[Row], people: dict[tuple[str, str], str]) -> pd.DataFrame:
    mine: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.name:
            mine[people[row.name, row.phone]].append(row)
    told = [
        {
            "person": person,
            "name": name,
            "phone": phone,
            "roles": tuple(dict.fromkeys(role_of(plan.scheme, row.post) for row in mine[person])),
            "community_code": next((row.community for row in mine[person] if row.community), ""),
            "lines": tuple(dict.fromkeys(line for row in mine[person] for line in row.lines)),
            "base": next((row.base for row in mine[person] if row.base), ""),
            "most": max(row.most for row in mine[person]),
        }
        for (name, phone), person in people.items()
    ]
    columns = ["person", "name", "phone", "roles", "community_code", "lines", "base", "most"]
    return pd.DataFrame(told, columns=columns).set_index("person")


def told_of(crew: Crew, column: str) -> pd.Series:
    """Return a column of text about the person of each post, "" where it is vacant."""
    known = dict(zip(crew.people.index, crew.people[column].astype(str), strict=True))
    return pd.Series([known.get(person, "") for person in crew.posts["person"]], crew.posts.index, dtype="str")


def role_of(scheme: Scheme, said: str) -> str:
    """Return the id of the post of a scheme that a roster calls by its id or by its Chinese or English name."""
    post = post_of(scheme, said)
    return post.id if post is not None else said


def post_of(scheme: Scheme, said: str) -> Post | None:
    """Return the post that a roster calls by its id or name, if the scheme has it."""
    return next((post for post in scheme.posts if said in (post.id, post.name_zh, post.name_en)), None)


def _parts(plan: Plan, tier: str) -> dict[str, list[tuple[str, str]]]:
    """Return the grids in each unit of a tier, and the communities that it has a part in: what a roster may say."""
    frame = pd.DataFrame({"unit": unit_of(plan, tier)})
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for other in dict.fromkeys((plan.scheme.main.id, "community")):
        pairs = frame.assign(part=unit_of(plan, other)).drop_duplicates().sort_values(["unit", "part"])
        for unit, part in pairs.itertuples(index=False, name=None):
            found[unit].append((other, part))
    return found


class _Seats:
    """Seats at the posts of a plan, taken one after another in the order of the posts."""

    def __init__(self, plan: Plan, posts: pd.DataFrame) -> None:
        self._plan = plan
        self._posts = posts
        self._person: dict[str, str] = {}
        self._named: set[str] = set()
        self._tier = dict(zip(posts.index, posts["tier"], strict=True))
        self._of_role: dict[str, list[str]] = defaultdict(list)
        for number, role in zip(posts.index, posts["role"], strict=True):
            self._of_role[role].append(str(number))
        self._more: list[dict[str, object]] = []
        self._at: dict[tuple[str, str, str], list[str]] = defaultdict(list)
        parts = {tier: _parts(plan, tier) for tier in posts["tier"].unique()}
        for number, role, tier, codes in zip(posts.index, posts["role"], posts["tier"], posts["codes"], strict=True):
            units = [(tier, code) for code in codes] + [unit for code in codes for unit in parts[tier].get(code, ())]
            for unit in dict.fromkeys(units):
                self._at[role, *unit].append(str(number))

    def take(self, row: Row, person: str) -> None:
        """Seat the person of a row, or nobody, at the first free seat of each unit it names."""
        role = role_of(self._plan.scheme, row.post)
        units = list(row.units) or [("community", row.community)] * bool(row.community)
        if post_of(self._plan.scheme, row.post) is None:
            self._further(row, role, units or [("district", "")], person)
            return
        mine = {number for number, who in self._person.items() if who == person and person}
        for unit in units or [("district", "")]:
            there = self._at[role, *unit] if units else self._of_role[role]
            if row.units and mine & set(there):
                continue  # several grids of one shared post
            free = next((number for number in there if number not in self._person), None)
            if free is not None:
                self._person[free] = person
                mine.add(free)
                if row.units or (units and self._tier[free] == units[0][0]):
                    self._named.add(free)
            elif person:
                self._further(row, role, [unit], person)

    def _further(self, row: Row, role: str, units: list[tuple[str, str]], person: str) -> None:
        post = post_of(self._plan.scheme, row.post)
        named = {"name_zh": post.name_zh, "name_en": post.name_en, "lines": post.lines} if post else {}
        told = {"role": role, "name_zh": row.post, "name_en": row.post, "lines": (), "person": person, **named}
        codes = tuple(code for _, code in units)
        self._more.append(
            told | {"tier": units[0][0], "codes": codes, "needed": True, "vacancy": True, "extra": post is not None}
        )

    def frame(self) -> pd.DataFrame:
        """Return the posts with who sits there."""
        found = self._posts.assign(person=pd.Series(self._person, dtype="str").reindex(self._posts.index).fillna(""))
        found = found.assign(named=found.index.isin(self._named), extra=False)
        if not self._more:
            return found
        more = pd.DataFrame(self._more).assign(
            station="", held_by="", named=True, households=0, shops=0, difficulty=1.0
        )
        both = pd.concat([found, more[list(found)]], ignore_index=True)
        return both.set_index(numbers(both)).rename_axis("post")
