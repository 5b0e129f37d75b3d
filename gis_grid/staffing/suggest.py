"""Who takes what: people kept where they are known, near their base, with a fair share of the work and the skills."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.errors import Fault, InputError
from gis_grid.staffing.people import Crew, crew_of
from gis_grid.staffing.solve import solve
from gis_grid.staffing.task import Task, parts
from gis_grid.staffing.units import touching, unit_of, ways_m

if TYPE_CHECKING:
    from gis_grid.plan import Plan

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SuggestOptions:
    """Price what a suggestion weighs against one another, in metres of walking.

    A post left `vacant_m`; a post that is new to the person in a community they know, `new_grid_m`, elsewhere,
    `new_community_m`; all service lines of a post when the person has none of them, `lines_m` (part of them, in
    proportion); every `further_m` post of one person, up to `most` unless the roster says otherwise; each part beyond
    the first that the posts of one person fall into, `apart_m`: grids adjoin when they share a border without a
    barrier; a household `over_m` of work beyond what is fair: `fair` times the mean post, as often as there are posts
    for one person. A shop is as much work as `shop` households. `steps` bounds the search (deterministic seconds,
    shared out over roles that have nobody in common).
    """

    vacant_m: float = 20_000.0
    new_grid_m: float = 500.0
    new_community_m: float = 1_500.0
    lines_m: float = 1_500.0
    further_m: float = 300.0
    apart_m: float = 2_000.0
    over_m: float = 10.0
    fair: float = 1.15
    shop: float = 0.5
    most: int = 2
    steps: float = 2.0

    def __post_init__(self) -> None:
        values = {one.name: float(getattr(self, one.name)) for one in fields(self)}
        bad = [name for name, value in values.items() if not (math.isfinite(value) and value >= 0)]
        faults = [Fault(f"'{name}' is {values[name]:g}", remedy="use a number of 0 or more") for name in bad]
        if values["most"] < 1:
            faults.append(Fault(f"'most' is {self.most}", remedy="a person may take 1 post or more"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True)
class Suggestion:
    """Hold who should take which post, and how good that is.

    `posts` has a row a post that somebody of their own holds (index: its number): `role`, `codes`, `before` and
    `person` (numbers of people, "" vacant), `walk_m` (from the base of the person), `work` (households), `missing`
    (service lines that the person has not), and `new` (`kept`, `grid`, `community` or "" where it is vacant).
    `people` has a row a person: `posts`, `parts` (how many parts these fall into; 1: they adjoin), `work`, `fair`
    (the work that is fair), `walk_m`. `cost` and `bound` are metres: no suggestion under the same prices costs less
    than `bound`.
    """

    posts: pd.DataFrame
    people: pd.DataFrame
    cost: float
    bound: float

    @property
    def gap(self) -> float:
        """The share of the cost that a better suggestion could save at most."""
        return max(0.0, self.cost - self.bound) / self.cost if self.cost > 0 else 0.0


def suggest(plan: Plan, *, crew: Crew | None = None, options: SuggestOptions | None = None) -> Suggestion:
    """Suggest who takes which post, at the least cost under the prices of `options`.

    `crew` says who is there and who has what now (the plan's own roster without one). A person takes posts of the
    roles that the roster gives them. The walk goes from the grid or community they start from to the nearest part of
    the post, along the borders of grids; somebody without a base starts at the first post they hold, else in the
    middle of their community. The same plan, people and options give the same suggestion.

    Raises
    ------
    InputError
        If the roster names grids or communities that the plan does not have.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> import gis_grid as gg
    >>> yards = [shapely.box(east, 0, east + 90, 90) for east in (0, 90)]
    >>> about = {"households": [400, 380], "parent_block_id": "", "atom": "face"}
    >>> ground = gpd.GeoDataFrame(about, geometry=yards, crs=4547, index=["a", "b"])
    >>> staff = pd.DataFrame({"name": ["Lin", "Wu"], "post": ["coordinator", "head"]})
    >>> found = suggest(gg.build_from(gg.District(ground, blocks=ground, staff=staff)))
    >>> found.posts.loc[found.posts["role"] == "coordinator", "person"].tolist(), found.gap
    (['s00001', 's00001'], 0.0)
    """
    options = options or SuggestOptions()
    crew = crew_of(plan) if crew is None else crew
    weighed = weigh(plan, crew, options)
    person = np.full(len(weighed.posts), -1, dtype=np.int64)
    total = bound = 0.0
    for rows, columns, task in weighed.tasks:
        done = solve(task, steps=options.steps * len(rows) / len(person))
        if len(columns):
            person[rows] = np.where(done.person >= 0, columns[done.person], -1)
        total, bound = total + done.cost, bound + done.bound
    return _told(weighed, crew, person, total, bound)


class Weighed(NamedTuple):
    """Hold what is known of every post (row) with every person (column), and the tasks that this comes to.

    `walk` (metres), `work` (households a post), `new` (0 theirs, 1 in a community they know, 2 elsewhere), `missing`
    (service lines), `fair` (work a person), and of every two posts whether they adjoin (`near`). Each task comes with
    the rows and columns it settles.
    """

    posts: pd.DataFrame
    walk: Floats
    work: Floats
    new: NDArray[np.int64]
    missing: NDArray[np.int64]
    fair: Floats
    near: NDArray[np.bool_]
    tasks: list[tuple[NDArray[np.int64], NDArray[np.int64], Task]]


def weigh(plan: Plan, crew: Crew, options: SuggestOptions) -> Weighed:
    """Work out what every post would cost every person, and cut that into tasks that do not touch one another."""
    posts = crew.posts[(crew.posts["held_by"] == "") & ~crew.posts["extra"]]
    # where the roster names only a community, nobody is known at one of its grids more than at the others
    posts = posts.assign(person=posts["person"].where(posts["named"], ""))
    work = _work(posts, options)
    walk = _walks(plan, posts, crew)
    new = _news(plan, posts, crew)
    missing = _missing(posts, crew)
    price = np.array([0.0, options.new_grid_m, options.new_community_m])[new]
    share = missing / np.maximum(posts["lines"].map(len).to_numpy()[:, None], 1)
    cost = np.rint(walk + price + share * options.lines_m)
    near = _near(plan, posts)
    roles = crew.people["roles"]
    able = np.array([[role in mine for mine in roles] for role in posts["role"]], dtype=bool).reshape(cost.shape)
    cost = np.where(able, cost, np.inf)
    tasks = [
        (
            rows,
            columns,
            _task(
                crew.people.iloc[columns],
                cost[np.ix_(rows, columns)],
                work[rows],
                near[np.ix_(rows, rows)],
                options,
            ),
        )
        for rows, columns in _apart(able)
    ]
    fair = np.zeros(len(roles))
    for _, columns, task in tasks:
        fair[columns] = task.room
    return Weighed(posts, walk, work, new, missing, fair, near, tasks)


def _work(posts: pd.DataFrame, options: SuggestOptions) -> Floats:
    """Return the work of each post: households, and shops as so many, times the difficulty, shared by its crew."""
    crew = posts.groupby(["role", "tier", "codes", "station"])["role"].transform("size")
    whole = (posts["households"] + options.shop * posts["shops"]) * posts["difficulty"]
    found: Floats = np.rint((whole / crew).to_numpy(dtype=float))
    return found


def _walks(plan: Plan, posts: pd.DataFrame, crew: Crew) -> Floats:
    """Return the metres from the base of each person (column) to the nearest grid of each post (row)."""
    grids = _grids_at(plan, posts)
    start = _starts(plan, posts, crew, grids)
    known = sorted({code for code in start if code})
    if not known:
        return np.zeros((len(posts), len(start)))
    far = ways_m(plan, known).to_numpy()
    nearest = np.stack([far[:, at].min(axis=1) if len(at) else np.zeros(len(known)) for at in grids])
    told = np.array([bool(code) for code in start])
    walk = np.zeros((len(posts), len(start)))
    row = pd.Index(known).get_indexer(pd.Index([code for code in start if code]))
    walk[:, told] = np.take(nearest, row, axis=1)
    # who starts nobody knows where is as far from everywhere as people are on average; an island is twice as far
    reached = walk[:, told][np.isfinite(walk[:, told])]
    walk[:, ~told] = reached.mean() if reached.size else 0.0
    return np.where(np.isfinite(walk), walk, 2 * reached.max() if reached.size else 0.0)


def _grids_at(plan: Plan, posts: pd.DataFrame) -> list[NDArray[np.int64]]:
    """Return the grids (rows) of each post."""
    of_unit = {tier: _grids_of(plan, tier) for tier in posts["tier"].unique()}
    blank = np.zeros(0, dtype=np.int64)
    return [
        np.unique(np.concatenate([of_unit[tier].get(code, blank) for code in codes]))
        for tier, codes in zip(posts["tier"], posts["codes"], strict=True)
    ]


def _near(plan: Plan, posts: pd.DataFrame) -> NDArray[np.bool_]:
    """Return of every two posts whether a grid of the one is, or adjoins, one of the other."""
    grids = _grids_at(plan, posts)
    row = np.repeat(np.arange(len(grids)), [len(at) for at in grids])
    column = np.concatenate([*grids, np.zeros(0, dtype=np.int64)])
    of = sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(grids), len(plan.grids)))
    found: NDArray[np.bool_] = (of @ touching(plan).astype(np.float64) @ of.T).toarray() > 0
    return found


def _starts(plan: Plan, posts: pd.DataFrame, crew: Crew, grids: list[NDArray[np.int64]]) -> list[str]:
    """Return the grid each person starts from: their base, else their first post, else the middle of their community.

    "" where nothing is known.
    """
    middle = _middles(plan)
    codes = plan.grids["code"].astype(str).tolist()
    first = {person: codes[at[0]] for person, at in reversed(list(zip(posts["person"], grids, strict=True))) if len(at)}
    people = crew.people
    return [
        middle.get(base, base) or first.get(person, "") or middle.get(home, "")
        for person, base, home in zip(people.index, people["base"], people["community_code"], strict=True)
    ]


def _middles(plan: Plan) -> dict[str, str]:
    """Return the grid in the middle of each community."""
    point = plan.grids.geometry.representative_point()
    frame = pd.DataFrame({"x": point.x, "y": point.y, "home": plan.grids["community_code"].astype(str)})
    frame["code"] = plan.grids["code"].astype(str)
    mean = frame.groupby("home")[["x", "y"]].transform("mean")
    frame["off"] = np.hypot(frame["x"] - mean["x"], frame["y"] - mean["y"]).round(2)
    best = frame.sort_values(["off", "code"]).drop_duplicates("home")
    return dict(zip(best["home"], best["code"], strict=True))


def _grids_of(plan: Plan, tier: str) -> dict[str, NDArray[np.int64]]:
    """Return the grids (rows) that each unit of a tier has a part in."""
    row = plan.grids.index.get_indexer(plan.assignment.reindex(plan.blocks.index))
    pairs = pd.DataFrame({"unit": unit_of(plan, tier).to_numpy(), "grid": row}).drop_duplicates()
    return {str(unit): rows["grid"].to_numpy(dtype=np.int64) for unit, rows in pairs.groupby("unit")}


def _news(plan: Plan, posts: pd.DataFrame, crew: Crew) -> NDArray[np.int64]:
    """Return how new each post (row) is to each person (column): 0 theirs, 1 in a community they know, 2 elsewhere.

    A person knows the communities of the posts they hold and the one the roster names; one of whom nothing is known
    finds everything as new as the next. Posts at the same units under the same role are one.
    """
    pairs = {tier: _communities(plan, tier) for tier in posts["tier"].unique()}
    homes = [
        frozenset(home for code in codes for home in pairs[tier].get(code, ()))
        for tier, codes in zip(posts["tier"], posts["codes"], strict=True)
    ]
    same, _ = pd.factorize(posts["role"] + "@" + posts["tier"] + posts["codes"].map("+".join) + posts["station"])
    column = pd.Series(range(len(crew.people)), index=crew.people.index)
    knows = [{home} if home else set() for home in crew.people["community_code"]]
    new = np.full((len(posts), len(column)), 2, dtype=np.int64)
    for row, person in enumerate(posts["person"]):
        if person:
            knows[column[person]] |= homes[row]
    for at, known in enumerate(knows):
        if known:
            new[[bool(known & one) for one in homes], at] = 1
    for row, person in enumerate(posts["person"]):
        if person:
            new[same == same[row], column[person]] = 0
    return new


def _communities(plan: Plan, tier: str) -> dict[str, list[str]]:
    pairs = pd.DataFrame({"unit": unit_of(plan, tier), "home": unit_of(plan, "community")}).drop_duplicates()
    return {str(unit): rows["home"].tolist() for unit, rows in pairs.groupby("unit")}


def _missing(posts: pd.DataFrame, crew: Crew) -> NDArray[np.int64]:
    """Return how many service lines of each post each person has not; who names none is taken to know them all."""
    names = sorted({line for lines in posts["lines"] for line in lines})
    asked = np.array([[name in lines for name in names] for lines in posts["lines"]], dtype=np.int64)
    lacks = np.array([[bool(mine) and name not in mine for name in names] for mine in crew.people["lines"]], np.int64)
    found: NDArray[np.int64] = asked.reshape(len(posts), len(names)) @ lacks.reshape(len(crew.people), len(names)).T
    return found


def _apart(able: NDArray[np.bool_]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return the sets of posts and people that have nothing to do with one another."""
    posts = len(able)
    table = (
        sparse.block_array([[None, sparse.csr_array(able)], [sparse.csr_array(able.T), None]]) if able.size else None
    )
    number = csgraph.connected_components(table, directed=False)[1] if table is not None else np.zeros(posts, int)
    found = []
    for part in dict.fromkeys(number[:posts].tolist()):
        rows, columns = np.flatnonzero(number[:posts] == part), np.flatnonzero(number[posts:] == part)
        found.append((rows.astype(np.int64), columns.astype(np.int64)))
    return found


def _task(people: pd.DataFrame, cost: Floats, work: Floats, near: NDArray[np.bool_], options: SuggestOptions) -> Task:
    """Return the task of some posts and people; nobody is spared a post of mean size for lack of room."""
    count = max(1, len(people))
    most = people["most"].to_numpy(dtype=np.int64)
    most = np.where(most > 0, most, options.most)
    fair = float(np.rint(options.fair * work.mean() * -(-len(work) // count)))
    return Task(
        cost=cost,
        vacant=np.full(len(work), options.vacant_m),
        load=work,
        room=np.full(len(people), fair),
        most=most,
        over=options.over_m,
        another=options.further_m,
        near=near,
        apart=options.apart_m,
    )


def _told(weighed: Weighed, crew: Crew, person: NDArray[np.int64], cost: float, bound: float) -> Suggestion:
    posts = weighed.posts
    held = person >= 0
    at = np.where(held, person, 0)
    rows = np.arange(len(posts))
    ids = crew.people.index.to_numpy(dtype=object)

    def taken(table: NDArray[np.generic]) -> NDArray[np.float64]:
        found = table[rows, at] if table.shape[1] else np.zeros(len(rows))
        return np.where(held, found, 0).astype(np.float64)

    words = np.array(["kept", "grid", "community"], dtype=object)
    frame = pd.DataFrame(
        {
            "role": posts["role"],
            "tier": posts["tier"],
            "codes": posts["codes"],
            "before": posts["person"],
            "person": np.where(held, ids[at] if len(ids) else "", ""),
            "walk_m": np.rint(taken(weighed.walk)),
            "work": np.rint(weighed.work),
            "missing": taken(weighed.missing).astype(np.int64),
            "new": np.where(held, words[taken(weighed.new).astype(np.int64)], ""),
        },
        index=posts.index,
    )
    counted = (
        frame.assign(part=parts(weighed.near, person))[held]
        .groupby("person")
        .agg(posts=("role", "size"), parts=("part", "nunique"), work=("work", "sum"), walk_m=("walk_m", "sum"))
    )
    people = crew.people[["name", "phone", "roles"]].join(counted)
    people = people.fillna({"posts": 0, "parts": 0, "work": 0.0, "walk_m": 0.0})
    people = people.astype({"posts": "int64", "parts": "int64"}).assign(fair=weighed.fair)
    return Suggestion(frame, people, cost, bound)
