"""Who takes several posts: every person takes one bundle of posts at most, and every post is in one bundle.

Over bundles the linear program knows exactly what two or three posts together cost a person, work above what is fair
and parts that do not adjoin among it, so that its bound is close (Dantzig and Wolfe 1960; Barnhart et al. 1998,
branch-and-price). For any prices of the posts, what they sum to less what each person could gain at most is a bound
on every solution. The prices are those of the program, drawn towards the best that are known (Wentges 1997).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis_grid.staffing.task import Floats, Ints, Task, value

#: Bundles of so many posts at most are looked through one and all.
MOST = 3
#: Rounds of the linear program at most, bundles that join in each for every person, and the gap that is good enough.
_ROUNDS, _JOINING, _ENOUGH = 18, 12, 2e-4
#: Prices are drawn so far towards the best known ones in the first rounds, and from the sixth on.
_FIRST, _THEN = 0.85, 0.5
#: Bundles of three that gain so many metres less than the best of a person are not looked at.
_SPARE = 100.0
#: The rounds combine so many of the posts that gain most for a person.
_AMONG = 40
#: The integer program chooses among so many bundles of a person, and of all, at most.
_OF_ONE, _OF_ALL = 100, 3_000


class Bundles(NamedTuple):
    """Hold bundles: a row each of posts (-1 behind the last), the `person`, and the `gain` (cost less prices)."""

    posts: Ints
    person: Ints
    gain: Floats


def by_bundles(task: Task, known: Ints, price: Floats, bound: float, steps: float) -> tuple[Ints, float]:
    """Return a solution at least as good as the known one, and a bound; `price` (a post) is where the search begins."""
    best, enough = value(task, known), _ENOUGH * value(task, known)
    price = np.minimum(price, task.vacant)
    program = _Program(task)
    program.add(_of(known))
    mine, seems, drawn = price, -np.inf, 1.0
    for turn in range(_ROUNDS):
        offered = priced(task, mine, _JOINING, _AMONG)
        least = float(mine.sum() + _least(task, offered).sum())
        if least > seems:
            seems, price = least, mine
        stuck = not program.add(offered)
        if best - seems <= enough or (stuck and drawn == 0):
            break
        drawn = 0.0 if stuck else _FIRST if turn < 5 else _THEN
        mine = drawn * price + (1 - drawn) * np.minimum(program.prices(), task.vacant)
    offered = priced(task, price, _OF_ONE)
    least = float(price.sum() + _least(task, offered).sum())
    spare = offered.gain - _least(task, offered)[offered.person]
    kept = np.flatnonzero(spare <= best - least + 1e-3)
    kept = kept[np.argsort(spare[kept], kind="stable")[:_OF_ALL]]
    chosen = dict.fromkeys([*_keys(_of(known), np.arange(len(_of(known).person))), *_keys(offered, kept)])
    return _chosen(task, [*chosen], known, steps), max(bound, least)


def priced(task: Task, price: Floats, most: int, among: int | None = None) -> Bundles:
    """Return the bundles of each person that cost least less the prices of their posts, up to `most` below 0.

    With `among` several posts are combined only among so many that gain most: quick, and no bound.
    """
    found = [_of_person(task, price, who, most, among) for who in range(len(task.room))]
    person = np.repeat(np.arange(len(found)), [len(gain) for _, gain in found])
    return Bundles(np.concatenate([posts for posts, _ in found]), person, np.concatenate([gain for _, gain in found]))


def cost_of(task: Task, posts: tuple[int, ...], who: int) -> float:
    """Return what a bundle of up to three posts costs a person (metres)."""
    at = list(posts)
    much = max(0.0, float(task.load[at].sum() - task.room[who])) * task.over
    cost = float(task.cost[at, who].sum()) + much + task.another * (len(at) - 1)
    if task.near is None or len(at) == 1:
        return cost
    links = int(np.triu(task.near[np.ix_(at, at)], 1).sum())
    return cost + task.apart * max(0, len(at) - 1 - links)


def _of_person(task: Task, price: Floats, who: int, most: int, among: int | None) -> tuple[Ints, Floats]:
    """Return the best bundles of a person, posts and gains.

    A post that costs more than its price and a further post together is in no best bundle, unless it joins two others.
    """
    own = task.cost[:, who] - price
    one = np.flatnonzero(np.isfinite(own))
    posts = [np.stack([one, np.full(len(one), -1), np.full(len(one), -1)], axis=1)]
    gains = [own[one] + task.over * np.maximum(task.load[one] - task.room[who], 0.0)]
    worth = np.flatnonzero(own < -task.another)
    worth = worth[np.argsort(own[worth], kind="stable")[:among]]
    if task.most[who] > 1 and len(worth) > 1:
        a, b = np.triu_indices(len(worth), 1)
        two = np.stack([worth[a], worth[b]], axis=1)
        posts.append(np.column_stack([two, np.full(len(two), -1)]))
        gains.append(_together(task, own, who, two))
        if task.most[who] > 2:
            limit = min(0.0, float(np.concatenate(gains).min())) + _SPARE
            three = _threes(task, own, who, worth, limit)
            posts.append(three)
            gains.append(_together(task, own, who, three))
    every, gain = np.concatenate(posts), np.concatenate(gains)
    below = np.flatnonzero(gain < -1e-6)
    if len(below) > most:
        below = below[np.argpartition(gain[below], most - 1)[:most]]
    below = below[np.argsort(gain[below], kind="stable")]
    return every[below].astype(np.int64), gain[below]


def _threes(task: Task, own: Floats, who: int, worth: Ints, below: float) -> Ints:
    """Return the bundles of three that can gain as much as `below`.

    They are among those worth it by themselves, and two of them with one that joins both.
    """
    a, b = np.triu_indices(len(worth), 1)
    two = np.column_stack([worth[a], worth[b]])
    much = np.maximum(task.load[two].sum(axis=1) + task.load.min() - task.room[who], 0.0)
    gain = own[two].sum(axis=1) + task.over * much + 2 * task.another
    able = np.flatnonzero(gain + own[worth].min() < below)
    row, third = np.nonzero(np.arange(len(worth))[None, :] > b[able][:, None])
    found = [np.column_stack([two[able[row]], worth[third]])]
    joins = np.flatnonzero((own >= -task.another) & (own < task.apart - task.another))
    two = two[gain - task.another < below]
    if task.near is not None and len(joins) and len(two):
        row, third = np.nonzero(task.near[np.ix_(two[:, 0], joins)] & task.near[np.ix_(two[:, 1], joins)])
        found.append(np.column_stack([two[row], joins[third]]))
    return np.concatenate(found)


def _together(task: Task, own: Floats, who: int, posts: Ints) -> Floats:
    """Return the gain of bundles of two or three posts."""
    count = posts.shape[1]
    much = np.maximum(task.load[posts].sum(axis=1) - task.room[who], 0.0)
    gain: Floats = own[posts].sum(axis=1) + task.over * much + task.another * (count - 1)
    if task.near is not None and task.apart:
        pairs = [(a, b) for a in range(count) for b in range(a + 1, count)]
        links = np.sum([task.near[posts[:, a], posts[:, b]] for a, b in pairs], axis=0)
        gain = gain + task.apart * np.maximum(count - 1 - links, 0)
    return gain


def _least(task: Task, offered: Bundles) -> Floats:
    """Return the gain of the best bundle of each person, 0 for none."""
    found = np.zeros(len(task.room))
    np.minimum.at(found, offered.person, offered.gain)
    return found


def _of(known: Ints) -> Bundles:
    """Return a solution as bundles."""
    people = np.unique(known[known >= 0])
    mine = [np.flatnonzero(known == who) for who in people]
    posts = np.array([[*at, *[-1] * (MOST - len(at))] for at in mine], dtype=np.int64).reshape(-1, MOST)
    return Bundles(posts, people, np.zeros(len(people)))


def _keys(bundles: Bundles, rows: NDArray[np.intp]) -> list[tuple[int, tuple[int, ...]]]:
    posts = [tuple(sorted(at for at in row if at >= 0)) for row in bundles.posts[rows].tolist()]
    return list(zip(bundles.person[rows].tolist(), posts, strict=True))


class _Program:
    """The linear program over the bundles that have joined so far; it goes on from where it last was."""

    def __init__(self, task: Task) -> None:
        from ortools.linear_solver import pywraplp  # type: ignore[import-untyped]

        self._task = task
        self._solver: Any = pywraplp.Solver.CreateSolver("GLOP")
        self._post = [self._solver.Constraint(1.0, 1.0) for _ in task.vacant]
        self._person = [self._solver.Constraint(-self._solver.infinity(), 1.0) for _ in task.room]
        self._goal = self._solver.Objective()
        self._goal.SetMinimization()
        self.pool: dict[tuple[int, tuple[int, ...]], bool] = {}
        for at, cost in enumerate(task.vacant.tolist()):
            self._column(cost, [self._post[at]])

    def _column(self, cost: float, rows: list[Any]) -> None:
        column = self._solver.NumVar(0.0, self._solver.infinity(), "")
        self._goal.SetCoefficient(column, cost)
        for row in rows:
            row.SetCoefficient(column, 1.0)

    def add(self, bundles: Bundles) -> int:
        """Let bundles join; return how many are new."""
        fresh = [key for key in _keys(bundles, np.arange(len(bundles.person))) if key not in self.pool]
        for who, posts in fresh:
            self.pool[who, posts] = True
            self._column(cost_of(self._task, posts, who), [*(self._post[at] for at in posts), self._person[who]])
        return len(fresh)

    def prices(self) -> Floats:
        """Return the price of each post."""
        self._solver.Solve()
        return np.array([row.dual_value() for row in self._post])


def _chosen(task: Task, bundles: list[tuple[int, tuple[int, ...]]], known: Ints, steps: float) -> Ints:
    """Choose among bundles by CP-SAT, beginning with the known solution; one worker, and steps that are counted."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    of_post: list[list[Any]] = [[model.new_bool_var("")] for _ in task.vacant]
    terms: list[tuple[int, Any]] = [(round(cost), row[0]) for cost, row in zip(task.vacant, of_post, strict=True)]
    of_person: dict[int, list[Any]] = {}
    takes = []
    mine = {(who, tuple(np.flatnonzero(known == who).tolist())) for who in np.unique(known[known >= 0]).tolist()}
    for who, posts in bundles:
        one = model.new_bool_var("")
        takes.append(one)
        terms.append((round(cost_of(task, posts, who)), one))
        of_person.setdefault(who, []).append(one)
        for at in posts:
            of_post[at].append(one)
        model.add_hint(one, (who, posts) in mine)
    for at, row in enumerate(of_post):
        model.add_exactly_one(row)
        model.add_hint(row[0], bool(known[at] < 0))
    for row in of_person.values():
        model.add_at_most_one(row)
    model.minimize(sum(cost * term for cost, term in terms))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = steps
    solver.parameters.linearization_level = 2
    if solver.solve(model) not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return known
    found = np.full(len(task.vacant), -1, dtype=np.int64)
    for (who, posts), one in zip(bundles, takes, strict=True):
        if solver.boolean_value(one):
            found[list(posts)] = who
    return found
