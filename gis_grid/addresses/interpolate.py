"""Where a number lies that no point has: between its neighbours on its side of the street, as the points show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from gis_grid.addresses.errors import frame, letters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis_grid.addresses.errors import Errors

    Floats = NDArray[np.float64]
    Longs = NDArray[np.int64]

DEGREE_M: Final = 111_320.0
#: numbers further than this from the last known one are not guessed at
_BEYOND: Final = 60
#: from one number to the next of its side, where nothing says how far that is
_STEP_M: Final = 5.0
#: places on all sides are turned by this angle from one to the next (the golden one), so that they spread evenly
_TURN: Final = 2.4
#: from one side of a street to the other
_WIDTH_M: Final = 30.0


@dataclass(frozen=True, slots=True)
class Between:
    """A place between known numbers: the rows on either side, the point, and places where it may be, equally likely."""

    rows: tuple[int, ...]
    lon: float
    lat: float
    lons: Floats
    lats: Floats


class Street:
    """The numbered points of one street, each side of its own if the points show sides.

    Which numbers lie on one side is learned: the points are left out one by one and expected from those before and
    behind, once among numbers of the same parity and once among all; whichever misses less is how the street is
    numbered. By how much an unknown number may be off was learned from the whole district.

    Parameters
    ----------
    values, lon, lat
        Numbers and places of the points.
    rows
        What each point is called.
    errors
        How far numbers of the district lie from where they are expected.
    """

    def __init__(self, values: Floats, lon: Floats, lat: Floats, rows: Longs, errors: Errors) -> None:
        values, first = np.unique(values, return_index=True)
        self._errors, self._rows = errors, rows[first]
        self._scale = DEGREE_M * float(np.cos(np.radians(lat[first[0]])))
        self._x, self._y = lon[first] * self._scale, lat[first] * DEGREE_M
        sided = [np.flatnonzero(np.floor(values) % 2 == side) for side in (0, 1)]
        whole = [np.arange(len(values))]
        missed = [self._missed(values, groups) for groups in (sided, whole)]
        middle = [float(np.median(found)) if len(found) > 2 else np.inf for found in missed]
        self.sided = middle[0] <= middle[1] or len(values) < 4
        self._groups = [(values[group], group) for group in (sided if self.sided else whole)]

    def _missed(self, values: Floats, groups: list[Longs]) -> Floats:
        """Return by how many metres each inner point is missed if expected from its neighbours."""
        found = []
        for group in groups:
            if len(group) < 3:
                continue
            before, at, behind = group[:-2], group[1:-1], group[2:]
            share = (values[at] - values[before]) / (values[behind] - values[before])
            east, north = self._x[behind] - self._x[before], self._y[behind] - self._y[before]
            off = np.hypot(self._x[before] + share * east - self._x[at], self._y[before] + share * north - self._y[at])
            found.append(off)
        return np.concatenate(found) if found else np.empty(0)

    def locate(self, value: float) -> Between | None:
        """Return where a number is, None if it lies too far from those that are known."""
        side = int(value) % 2
        values, group = self._groups[side] if self.sided else self._groups[0]
        return self._across(value, side) if not len(values) else self._along(values, group, value)

    def _across(self, value: float, side: int) -> Between | None:
        """Return where a number is of whose side nothing is known: across from the other side's, left or right."""
        found = self._along(*self._groups[1 - side], value)
        if found is None:
            return None
        turn = np.arange(len(found.lons)) * _TURN
        lons = found.lon + 2 * (found.lons - found.lon) + _WIDTH_M * np.cos(turn) / self._scale
        lats = found.lat + 2 * (found.lats - found.lat) + _WIDTH_M * np.sin(turn) / DEGREE_M
        return replace(found, lons=lons, lats=lats)

    def _along(self, values: Floats, group: Longs, value: float) -> Between | None:
        at = int(np.searchsorted(values, value))
        if at < len(values) and values[at] == value:
            return self._beside(group, at)
        if 0 < at < len(values):
            return self._inside(values, group, at, value)
        return self._beyond(values, group, 0 if at == 0 else len(values) - 1, value)

    def _beside(self, group: Longs, at: int) -> Between:
        """Return where a number is that only a sign tells from a known one: not far from it, along the street."""
        low, high = int(group[max(at - 1, 0)]), int(group[min(at + 1, len(group) - 1)])
        ux, uy, _ = frame(self._x[low], self._y[low], self._x[high], self._y[high])
        here = int(group[at])
        return self._spread((here,), self._x[here], self._y[here], (ux, uy), self._errors.beside())

    def _inside(self, values: Floats, group: Longs, at: int, value: float) -> Between:
        low, high = int(group[at - 1]), int(group[at])
        step = float(values[at] - values[at - 1])
        share = (value - values[at - 1]) / step
        ux, uy, gap = frame(self._x[low], self._y[low], self._x[high], self._y[high])
        x, y = self._x[low] + share * gap * ux, self._y[low] + share * gap * uy
        alike = int(letters(value, values[at - 1], values[at]))
        off = self._errors.inside(gap, step, alike) * gap
        return self._spread((low, high), x, y, (ux, uy), off)

    def _beyond(self, values: Floats, group: Longs, end: int, value: float) -> Between | None:
        """Return where a number beyond the last known one is, on from the last two; None if it is too far on."""
        step = abs(float(values[end]) - value)
        if step > _BEYOND:
            return None
        last = int(group[end])
        if len(values) < 2:
            return self._around(last, step)
        before = int(group[1 if end == 0 else end - 1])
        ux, uy, length = frame(self._x[before], self._y[before], self._x[last], self._y[last])
        distance = max(length * step / abs(values[end] - values[1 if end == 0 else end - 1]), 4.0)
        off = self._errors.beyond(distance, step) * distance
        x, y = self._x[last] + distance * ux, self._y[last] + distance * uy
        return self._spread((last, before), x, y, (ux, uy), off)

    def _around(self, only: int, step: float) -> Between:
        """Return where a number is if one other is all that is known: as far off as usual, on any side."""
        distance = max(step * _STEP_M, 4.0)
        missed = self._errors.beyond(distance, step) * distance
        away, turn = np.hypot(distance + missed[:, 0], missed[:, 1]), np.arange(len(missed)) * _TURN
        off = np.column_stack([away * np.cos(turn), away * np.sin(turn)])
        return self._spread((only,), self._x[only], self._y[only], (1.0, 0.0), off)

    def _spread(self, at: tuple[int, ...], x: float, y: float, along: tuple[float, float], off: Floats) -> Between:
        """Return a place with all where it may be: `off` metres along a direction and across it."""
        ux, uy = along
        lons = (x + off[:, 0] * ux - off[:, 1] * uy) / self._scale
        lats = (y + off[:, 0] * uy + off[:, 1] * ux) / DEGREE_M
        rows = tuple(self._rows[list(at)].tolist())
        return Between(rows, float(x / self._scale), float(y / DEGREE_M), lons, lats)
