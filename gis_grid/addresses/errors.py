"""How far numbers lie from where their neighbours make them expected: learned from a district's own points.

Every known number is left out in turn and expected from those around it, as an unknown one would be. What is missed is
kept as a share of the distance that it was expected over, along and across, and apart for near and far neighbours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Longs = NDArray[np.int64]

#: so many places stand for where a number may be
PLACES: Final = 120
#: classes of an error: how many metres it was expected over
_GAPS_M: Final = np.array([30.0, 60.0, 120.0, 240.0])
#: and how many numbers on
_STEPS: Final = np.array([0.99, 4.5, 8.5, 14.5, 24.5, 48.5])
#: so many errors make a class of its own
_ENOUGH: Final = 25
#: what is assumed where a district has too few points to learn from: shares of the distance, metres beside a number
_INSIDE, _BEYOND, _BESIDE_M = 0.2, 0.5, 12.0
#: so far on the last known numbers are looked at to learn about those beyond
_FURTHEST: Final = 2


class Errors:
    """Hold where numbers turned out to lie, as pairs of shares (along, across) of the distance looked at.

    Parameters
    ----------
    inside, beyond
        Shares of the distance with what it was, in metres and numbers, and which of the numbers around it differ by a
        letter only; shape (n, 5).
    """

    def __init__(self, inside: Floats, beyond: Floats) -> None:
        self._inside = _classes(inside, _normal(_INSIDE))
        self._beyond = _classes(beyond, _normal(_BEYOND))
        self._beside = _normal(_BESIDE_M)

    def inside(self, gap_m: float, step: float, letters: int = 0) -> Floats:
        """Return shares of the gap between two numbers by which one between them may be off: shape (PLACES, 2)."""
        return self._inside[_class(gap_m, step, letters)]

    def beyond(self, distance_m: float, step: float) -> Floats:
        """Return shares of a distance by which a number that far behind the last may be off: shape (PLACES, 2)."""
        return self._beyond[_class(distance_m, step, 0)]

    def beside(self) -> Floats:
        """Return metres by which a number may be off that only a sign tells from a known one: shape (PLACES, 2)."""
        return self._beside


def learned(group: Longs, value: Floats, x: Floats, y: Floats) -> Errors:
    """Learn from points sorted by group (a side of a street) and number, x and y in metres; 27b is 27 and a little."""
    first = np.flatnonzero(np.r_[True, (group[1:] != group[:-1]) | (value[1:] != value[:-1])][: len(group)])
    group, value, x, y = group[first], value[first], x[first], y[first]
    return Errors(_left_out(group, value, x, y), _ends(group, value, x, y))


def letters(value: ArrayLike, before: ArrayLike, behind: ArrayLike) -> Longs:
    """Return which numbers around one differ by a letter only: 0 none, 1 the one before, 2 the one behind, 3 both.

    >>> letters(np.array([27.1, 27.1]), np.array([27.0, 25.0]), np.array([29.0, 27.2])).tolist()
    [1, 2]
    """
    whole, low, high = (np.floor(np.asarray(one, dtype=float)) for one in (value, before, behind))
    return np.asarray((whole == low) + 2 * (whole == high), dtype=np.int64)


def frame(x0: float, y0: float, x1: float, y1: float) -> tuple[float, float, float]:
    """Return the direction from one point to another as a unit vector, and how far that is.

    >>> frame(0.0, 0.0, 3.0, 4.0)
    (0.6, 0.8, 5.0)
    """
    dx, dy = x1 - x0, y1 - y0
    length = float(np.hypot(dx, dy))
    return (dx / length, dy / length, length) if length > 0 else (1.0, 0.0, 0.0)


def _left_out(group: Longs, value: Floats, x: Floats, y: Floats) -> Floats:
    """Leave out each number that has one before and one behind it."""
    at = np.flatnonzero(group[2:] == group[:-2]) + 1 if len(group) > 2 else np.empty(0, np.int64)
    share = (value[at] - value[at - 1]) / (value[at + 1] - value[at - 1])
    step = value[at + 1] - value[at - 1]
    missed = _missed(x, y, at, (at - 1, at - 1, at + 1), share, step)
    return np.column_stack([missed, letters(value[at], value[at - 1], value[at + 1])])


def _ends(group: Longs, value: Floats, x: Floats, y: Floats) -> Floats:
    """Leave out the numbers at each end, one or two of them, and expect the last from what is left."""
    found = []
    if not len(group):
        return np.empty((0, 5))
    for turn in (1, -1):
        g, v, x1, y1 = group[::turn], value[::turn], x[::turn], y[::turn]
        start = np.flatnonzero(np.r_[True, g[1:] != g[:-1]])
        for on in range(1, _FURTHEST + 1):
            at = start[start + on + 1 < len(g)]
            at = at[g[at + on + 1] == g[at]]
            step = np.abs(v[at] - v[at + on])
            share = 1 + step / np.abs(v[at + on + 1] - v[at + on])
            # from the one before the last over the last and on
            found.append(_missed(x1, y1, at, (at + on + 1, at + on + 1, at + on), share, step, over=share - 1))
    missed = np.concatenate(found)
    return np.column_stack([missed, np.zeros(len(missed))])


def _missed(
    x: Floats,
    y: Floats,
    at: Longs,
    of: tuple[Longs, Longs, Longs],
    share: Floats,
    step: Floats,
    over: Floats | None = None,
) -> Floats:
    """Return by what share of the distance each point was missed, along and across, with that distance and step."""
    origin, low, high = of
    dx, dy = x[high] - x[low], y[high] - y[low]
    length = np.maximum(np.hypot(dx, dy), 1.0)
    east, north = x[at] - (x[origin] + share * dx), y[at] - (y[origin] + share * dy)
    along, across = (east * dx + north * dy) / length, (north * dx - east * dy) / length
    distance = length if over is None else np.maximum(length * over, 4.0)
    return np.column_stack([along / distance, across / distance, distance, step])


def _class(distance_m: float, step: float, alike: int) -> int:
    return int(_class_of(np.array([[0.0, 0.0, distance_m, step, alike]]))[0])


def _class_of(errors: Floats) -> Longs:
    gap, step = np.searchsorted(_GAPS_M, errors[:, 2]), np.searchsorted(_STEPS, errors[:, 3])
    return (errors[:, 4].astype(np.int64) * (len(_STEPS) + 1) + step) * (len(_GAPS_M) + 1) + gap


def _classes(errors: Floats, otherwise: Floats) -> list[Floats]:
    """Return for each class the places that stand for it; one with too few takes those of any gap, or of any step."""
    whole = _spread(errors[:, :2]) if len(errors) >= _ENOUGH else otherwise
    at = _class_of(errors)
    gaps, steps = len(_GAPS_M) + 1, len(_STEPS) + 1
    out = []
    for n in range(4 * steps * gaps):
        wider = (errors[at // width == n // width, :2] for width in (1, gaps, gaps * steps))
        out.append(next((_spread(found) for found in wider if len(found) >= _ENOUGH), whole))
    return out


def _spread(errors: Floats) -> Floats:
    """Return PLACES of many errors, evenly spread along the street."""
    order = np.lexsort((errors[:, 1], errors[:, 0]))
    return errors[order[((np.arange(PLACES) + 0.5) / PLACES * len(order)).astype(np.int64)]]


def _normal(scale: float) -> Floats:
    """Return PLACES of a normal distribution of that scale, across at half of it."""
    from scipy.special import ndtri

    along = ndtri((np.arange(PLACES) + 0.5) / PLACES)
    across = np.roll(along.reshape(-1, 5)[:, ::-1].ravel("F"), 7)
    return np.column_stack([along * scale, across * scale / 2])
