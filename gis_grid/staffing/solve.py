"""The cheapest way to give posts to people: prices for all pairs by a linear program, then the few left by CP-SAT.

The linear program is solved over a few pairs of post and person first; its prices say of every other pair how much
dearer it must make a solution, and pairs that could make it cheaper join until there are none (column generation,
Gilmore and Gomory 1961). Its value is a bound on every solution. A pair whose reduced cost exceeds the distance
between the bound and a known solution is in no better one (Dantzig, Fulkerson and Johnson 1954), so that few pairs are
left for the integer program. CP-SAT runs with one worker and counts its steps, not seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from gis_grid.staffing.bundles import MOST, by_bundles
from gis_grid.staffing.task import Floats, Ints, Task, parts, value

#: A metre in the whole numbers of the integer program, and the most that a pair is dearer so that no two are alike.
SCALE, APART = 10_000, 100
#: The linear program begins with so many of the cheapest people of each post.
_FIRST = 12
#: The integer program chooses among so many pairs at most.
MOST_PAIRS = 8_000
#: Posts are given out anew until so many times in a row nothing got cheaper.
_IDLE = 6
#: Rounds of column generation at most; each lets so many people of each post join.
_ROUNDS, _JOINING = 40, 6


@dataclass(frozen=True)
class Solved:
    """Hold the person of each post (-1: vacant), what that costs, and what no other solution can cost less than."""

    person: Ints
    cost: float
    bound: float

    @property
    def gap(self) -> float:
        """The share of the cost that may be too much."""
        return max(0.0, self.cost - self.bound) / self.cost if self.cost > 0 else 0.0


def solve(task: Task, *, steps: float = 4.0) -> Solved:
    """Find who takes which post; `steps` bounds the search of the integer program (its deterministic seconds).

    >>> task = Task(np.array([[5.0, 9.0], [6.0, 30.0]]), np.full(2, 99.0), np.ones(2), np.ones(2),
    ...             np.ones(2, dtype=np.int64), 1.0, 0.0)
    >>> found = solve(task)
    >>> found.person.tolist(), found.cost, found.gap
    ([1, 0], 15.0, 0.0)
    """
    posts, people = task.cost.shape
    if not posts or not people or not np.isfinite(task.cost).any():
        whole = float(task.vacant.sum())
        return Solved(np.full(posts, -1, dtype=np.int64), whole, whole)
    bound, price, reduced, share = _prices(task)
    best = min(
        (_reseated(task, one) for one in (_rounded(task, share), greedy(task))), key=lambda one: value(task, one)
    )
    known = value(task, best)
    if 1 < task.most.max() <= MOST:
        found, least = by_bundles(task, best, price, bound, steps)
        bound = max(bound, least)
    else:
        post, person = _left(reduced, known - bound + 1e-3, best)
        found = _integer(task, post, person, best, steps)
    better = min(best, _reseated(task, found), key=lambda one: value(task, one))
    cost = value(task, better)
    return Solved(better, cost, min(bound, cost))


def greedy(task: Task) -> Ints:
    """Give posts away one after another, always the cheapest pair that is still open."""
    return _filled(task, np.full(len(task.vacant), -1, dtype=np.int64), task.most.copy())


def _prices(task: Task) -> tuple[float, Floats, Floats, Floats]:
    """Return the bound, the price of every post, the reduced cost of every pair and its share in the program."""
    posts, people = task.cost.shape
    order = np.argsort(task.pair, axis=1, kind="stable")[:, :_FIRST]
    chosen = np.zeros((posts, people), dtype=bool)
    np.put_along_axis(chosen, order, True, axis=1)
    chosen &= np.isfinite(task.cost)
    for _ in range(_ROUNDS):
        row, column = np.nonzero(chosen)
        done = _linear(task, row, column)
        reduced = task.pair - done.price[:, None] + done.place[None, :] + task.work * done.work[None, :]
        fresh = np.where(chosen, 0.0, np.minimum(reduced, 0.0))
        if fresh.min() > -1e-6:
            break
        join = np.argsort(fresh, axis=1, kind="stable")[:, :_JOINING]
        np.put_along_axis(
            chosen, join, np.take_along_axis(chosen, join, 1) | (np.take_along_axis(fresh, join, 1) < -1e-6), axis=1
        )
    # what is still below zero lowers the bound: each post is taken once at most
    bound = done.value + float(np.minimum(np.where(np.isfinite(reduced), reduced, 0.0), 0.0).min(axis=1).sum())
    share = np.zeros((posts, people))
    share[row, column] = done.share
    return bound, done.price, np.where(np.isfinite(task.cost), reduced, np.inf), share


def _reseated(task: Task, person: Ints) -> Ints:
    """Return a solution after many people have given up one post each and these were given out anew, again and again.

    Of all ways to give those posts out, one to each person at most, a linear assignment finds the cheapest, overload
    and further posts counted exactly (a matching neighbourhood, Ahuja, Ergun, Orlin and Punnen 2002).
    """
    rng, best, idle = np.random.default_rng(0), person, 0
    while idle < _IDLE:
        draw = rng.permutation(len(best))
        order = draw[np.argsort(best[draw], kind="stable")]
        first = np.r_[True, np.diff(best[order]) != 0]
        loose = np.sort(order[first | (best[order] < 0)])
        fresh = _given_out(task, best, loose)
        better = value(task, fresh) < value(task, best) - 1e-6
        best, idle = (fresh, 0) if better else (best, idle + 1)
    return best


def _given_out(task: Task, person: Ints, loose: Ints) -> Ints:
    """Return a solution with the loose posts given out anew in the cheapest way, one to each person at most."""
    stays = person.copy()
    stays[loose] = -1
    held = np.flatnonzero(stays >= 0)
    count = len(task.room)
    posts = np.bincount(stays[held], minlength=count)
    load = np.bincount(stays[held], task.work[held, stays[held]], count)
    over = np.maximum(load + task.work[loose] - task.room, 0.0) - np.maximum(load - task.room, 0.0)
    cost = task.pair[loose] + task.over * over + np.where(posts > 0, task.another, 0.0)
    if task.near is not None and task.apart:
        cost = cost + task.apart * np.where(posts > 0, 1.0 - _touched(task.near, stays, loose, count), 0.0)
    cost = np.where(posts < task.most, cost, np.inf)
    away = np.where(np.eye(len(loose), dtype=bool), task.vacant[loose][:, None], np.inf)
    row, column = optimize.linear_sum_assignment(np.hstack([cost, away]))
    taken = column < count
    stays[loose[row[taken]]] = column[taken]
    return stays


def _touched(near: NDArray[np.bool_], stays: Ints, loose: Ints, people: int) -> Floats:
    """Return how many parts of what each person (column) keeps adjoin each loose post (row): they become one."""
    held = np.flatnonzero(stays >= 0)
    if not len(held):
        return np.zeros((len(loose), people))
    part = parts(near, stays)[held]
    into = sparse.csr_array((np.ones(len(held)), (np.arange(len(held)), part)))
    owner = np.zeros(into.shape[1], dtype=np.int64)
    owner[part] = stays[held]
    touches = (near[np.ix_(loose, held)].astype(np.float64) @ into) > 0
    of_person = sparse.csr_array((np.ones(len(owner)), (np.arange(len(owner)), owner)), shape=(len(owner), people))
    found: Floats = np.asarray(touches.astype(np.float64) @ of_person)
    return found


def _left(reduced: Floats, limit: float, known: Ints) -> tuple[Ints, Ints]:
    """Return the pairs that a better solution can have, those of the known one among them; the likeliest if many."""
    kept = reduced <= limit
    if kept.sum() > MOST_PAIRS:
        kept = reduced <= np.partition(reduced, MOST_PAIRS, axis=None)[MOST_PAIRS]
    held = known >= 0
    kept[np.flatnonzero(held), known[held]] = True
    post, person = np.nonzero(kept)
    return post.astype(np.int64), person.astype(np.int64)


@dataclass(frozen=True)
class _Linear:
    value: float
    share: Floats
    price: Floats
    place: Floats
    work: Floats


def _linear(task: Task, row: Ints, column: Ints) -> _Linear:
    """Solve the linear program over some pairs: pairs, vacancies, further posts and overload are its variables."""
    posts, people = task.cost.shape
    pairs = len(row)
    at = np.arange(pairs)
    eye_posts, eye_people = sparse.eye_array(posts), sparse.eye_array(people)
    of_post = sparse.coo_array((np.ones(pairs), (row, at)), shape=(posts, pairs))
    of_person = sparse.coo_array((np.ones(pairs), (column, at)), shape=(people, pairs))
    work = sparse.coo_array((task.work[row, column], (column, at)), shape=(people, pairs))
    equal = sparse.hstack([of_post, eye_posts, sparse.coo_array((posts, 2 * people))]).tocsr()
    none, blank = sparse.coo_array((people, posts)), sparse.coo_array((people, people))
    upper = sparse.vstack(
        [sparse.hstack([of_person, none, -eye_people, blank]), sparse.hstack([work, none, blank, -eye_people])]
    ).tocsr()
    cost = np.concatenate(
        [task.pair[row, column], task.vacant, np.full(people, task.another), np.full(people, task.over)]
    )
    top = np.full(len(cost), np.inf)
    top[pairs + posts : pairs + posts + people] = task.most - 1
    done: Any = optimize.linprog(
        cost,
        A_ub=upper,
        b_ub=np.concatenate([np.minimum(task.most, 1), task.room]),
        A_eq=equal,
        b_eq=np.ones(posts),
        bounds=np.stack([np.zeros(len(cost)), top], axis=1),
        method="highs-ds",
    )
    away = -np.asarray(done.ineqlin.marginals)
    return _Linear(
        float(done.fun), np.asarray(done.x[:pairs]), np.asarray(done.eqlin.marginals), away[:people], away[people:]
    )


def _rounded(task: Task, share: Floats) -> Ints:
    """Give each post to the person with the largest share in it who may take one more, the surest posts first."""
    person = np.full(len(share), -1, dtype=np.int64)
    left = task.most.copy()
    for post in np.argsort(-share.max(axis=1), kind="stable"):
        able = np.where((left > 0) & (share[post] > 1e-6), share[post], 0.0)
        if able.any():
            person[post] = int(np.argmax(able))
            left[person[post]] -= 1
    return _filled(task, person, left)


def _filled(task: Task, person: Ints, left: Ints) -> Ints:
    """Fill posts that are open, the cheapest pair first; a post stays vacant where that costs less."""
    open_posts = np.flatnonzero(person < 0)
    cost = task.pair[open_posts]
    post, who = np.nonzero(cost < task.vacant[open_posts][:, None])
    for n in np.argsort(cost[post, who], kind="stable"):
        at = open_posts[post[n]]
        if person[at] < 0 and left[who[n]] > 0:
            person[at] = who[n]
            left[who[n]] -= 1
    return person


class _Mine(NamedTuple):
    """Hold what one person could take in the integer program: the pairs, the work of each, and which are known."""

    takes: list[Any]
    work: Ints
    known: NDArray[np.bool_]


def _limit(model: Any, mine: _Mine, most: int, room: int) -> dict[str, Any]:
    """Let a person take so many posts; return the variables that cost: further posts, and work above the room."""
    if most == 1:  # work above the room is in the cost of the pair
        model.add_at_most_one(mine.takes)
        return {}
    further = model.new_int_var(0, most - 1, "")
    model.add(sum(mine.takes) - further <= 1)
    model.add_hint(further, max(0, int(mine.known.sum()) - 1))
    if int(np.sort(mine.work)[-most:].sum()) <= room:
        return {"further": further}
    much = model.new_int_var(0, int(mine.work.sum()), "")
    model.add(sum(int(one) * takes for one, takes in zip(mine.work, mine.takes, strict=True)) - much <= room)
    model.add_hint(much, max(0, int(mine.work[mine.known].sum()) - room))
    return {"further": further, "much": much}


def _integer(task: Task, post: Ints, person: Ints, known: Ints, steps: float) -> Ints:
    """Solve the integer program over the pairs that are left, beginning with a known solution."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    takes = [model.new_bool_var("") for _ in range(len(post))]
    empty = [model.new_bool_var("") for _ in range(len(task.vacant))]
    apart = (post * 7919 + person * 104_729) % APART
    terms: list[Any] = [*takes, *empty]
    price = [*(np.rint(task.pair[post, person]) * SCALE + apart).astype(np.int64).tolist()]
    price += (np.rint(task.vacant) * SCALE).astype(np.int64).tolist()
    of_post: list[list[Any]] = [[one] for one in empty]
    of_person: dict[int, list[int]] = {}
    for n, (at, who) in enumerate(zip(post.tolist(), person.tolist(), strict=True)):
        of_post[at].append(takes[n])
        of_person.setdefault(who, []).append(n)
        model.add_hint(takes[n], bool(known[at] == who))
    for at, one in enumerate(empty):
        model.add_exactly_one(of_post[at])
        model.add_hint(one, bool(known[at] < 0))
    load = np.rint(task.work[post, person]).astype(np.int64)
    for who, pairs in of_person.items():
        mine = _Mine([takes[n] for n in pairs], load[pairs], known[post[pairs]] == who)
        more = _limit(model, mine, int(task.most[who]), int(np.rint(task.room[who])))
        for kind, term in more.items():
            terms.append(term)
            price.append(round((task.another if kind == "further" else task.over) * SCALE))
    model.minimize(sum(int(one) * term for one, term in zip(price, terms, strict=True)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = steps
    solver.parameters.linearization_level = 2
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return known
    found = np.full(len(task.vacant), -1, dtype=np.int64)
    taken = np.array([solver.boolean_value(one) for one in takes], dtype=bool)
    found[post[taken]] = person[taken]
    return found
