"""What is to be decided in a suggestion, in arrays, and what a solution of it costs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """Hold what is to be decided, in arrays: `cost` of every post (row) with every person (column), infinite if not.

    `vacant` is the cost of leaving each post empty, `load` what each post adds to a person's work, `room` how much
    work each person has room for before each unit more costs `over`, `most` how many posts a person may take, and
    `another` the cost of every further post. `near` says of every two posts whether they adjoin; each part that the
    posts of one person fall into beyond the first costs `apart`. Costs are metres.
    """

    cost: Floats
    vacant: Floats
    load: Floats
    room: Floats
    most: Ints
    over: float
    another: float
    near: Bools | None = None
    apart: float = 0.0

    @cached_property
    def pair(self) -> Floats:
        """The cost of each pair with what the post alone is too much for the person.

        Else the linear program shares such a post out between two people, and promises too much.
        """
        paid: Floats = self.cost + self.over * np.maximum(self.load[:, None] - self.room[None, :], 0.0)
        return paid

    @cached_property
    def work(self) -> Floats:
        """What each post adds to a person's work up to their room: what is above it is in the cost of the pair."""
        return np.minimum(self.load[:, None], self.room[None, :])


def value(task: Task, person: Ints) -> float:
    """Return what a solution costs (metres)."""
    held = person >= 0
    count = len(task.room)
    posts = np.bincount(person[held], minlength=count)
    work = np.bincount(person[held], task.load[held], count)
    pairs = float(task.cost[np.flatnonzero(held), person[held]].sum() + task.vacant[~held].sum())
    extra = float(np.maximum(posts - 1, 0).sum()) * task.another
    if task.near is not None and task.apart:
        part = parts(task.near, person)
        extra += float(part.max(initial=-1) + 1 - (posts > 0).sum()) * task.apart
    return pairs + extra + float(np.maximum(work - task.room, 0.0).sum()) * task.over


def parts(near: Bools, person: Ints) -> Ints:
    """Return the part of the posts of a person that each post lies in, numbered over all; -1 where it is vacant.

    >>> near = np.eye(3, dtype=bool) | np.eye(3, k=1, dtype=bool) | np.eye(3, k=-1, dtype=bool)
    >>> parts(near, np.array([0, 0, 0])).tolist(), parts(near, np.array([0, -1, 0])).tolist()
    ([0, 0, 0], [0, -1, 1])
    """
    held = np.flatnonzero(person >= 0)
    number = np.full(len(person), -1, dtype=np.int64)
    if len(held):
        mine = person[held]
        links = near[np.ix_(held, held)] & (mine[:, None] == mine[None, :])
        number[held] = csgraph.connected_components(sparse.csr_array(links), directed=False)[1]
    return number
