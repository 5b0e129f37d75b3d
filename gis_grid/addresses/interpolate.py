"""Where a number lies that no point has: between its neighbours on its side of the street, as the points show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Longs = NDArray[np.int64]

DEGREE_M: Final = 111_320.0
#: numbers further than this from the last known one are not guessed at
_BEYOND: Final = 8
#: error of a guess where the street has too few points to learn it from, as a share of the gap
_GAP_SHARE: Final = 0.35
_LEAST_M: Final = 6.0
#: how much further off a place may be that does not lie between two numbers
_LESS_SURE: Final = 1.5
#: from one number to the next of its side, where nothing says how far that is
_STEP_M: Final = 8.0


@dataclass(frozen=True, slots=True)
class Between:
    """A place between known numbers: the rows on either side, the point, and how far it may be off in metres."""

    rows: tuple[int, ...]
    lon: float
    lat: float
    off_m: float


class Street:
    """The numbered points of one street, each side of its own if the points show sides.

    Which numbers lie on one side is learned: the points are left out one by one and guessed from those before and
    behind, once among numbers of the same parity and once among all; whichever guesses better is how the street is
    numbered.

    Parameters
    ----------
    values, lon, lat
        Numbers and places of the points.
    rows
        What each point is called.
    """

    def __init__(self, values: Longs, lon: Floats, lat: Floats, rows: Longs) -> None:
        values, first = np.unique(values, return_index=True)
        self._lon, self._lat, self._rows = lon[first], lat[first], rows[first]
        self._scale = DEGREE_M * np.cos(np.radians(self._lat[:1])) if len(values) else np.ones(1)
        sided = [np.flatnonzero(values % 2 == side) for side in (0, 1)]
        whole = [np.arange(len(values))]
        errors = [self._errors(values, groups) for groups in (sided, whole)]
        middle = [float(np.median(found)) if len(found) > 2 else np.inf for found in errors]
        chosen = sided if middle[0] <= middle[1] or len(values) < 4 else whole
        self.sided = chosen is sided
        error = errors[0 if self.sided else 1]
        self.error_m = max(_LEAST_M, float(np.quantile(error, 0.75))) if len(error) > 2 else None
        self._groups = [(values[group], group) for group in chosen]

    def _errors(self, values: Longs, groups: list[Longs]) -> Floats:
        """Return by how many metres each inner point is missed when it is guessed from its neighbours."""
        found = []
        for group in groups:
            if len(group) < 3:
                continue
            before, at, behind = group[:-2], group[1:-1], group[2:]
            share = (values[at] - values[before]) / (values[behind] - values[before])
            east = self._lon[before] + share * (self._lon[behind] - self._lon[before]) - self._lon[at]
            north = self._lat[before] + share * (self._lat[behind] - self._lat[before]) - self._lat[at]
            found.append(np.hypot(east * self._scale[0], north * DEGREE_M))
        return np.concatenate(found) if found else np.empty(0)

    def locate(self, value: int) -> Between | None:
        """Return where a number is, None if it lies too far from those that are known."""
        values, group = self._groups[value % 2] if self.sided else self._groups[0]
        if not len(values):
            return None
        at = int(np.searchsorted(values, value))
        if at < len(values) and values[at] == value:
            # 27b where only 27 is known: beside it, if those before and behind say nothing else
            around = group[max(0, at - 1) : at + 2]
            return self._beside(int(group[at]), 0.0, around)
        if 0 < at < len(values):
            return self._inside(values, group, at, value)
        end, inner = (0, 1) if at == 0 else (len(values) - 1, len(values) - 2)
        return self._beyond(values, group, (end, inner), value)

    def _beyond(self, values: Longs, group: Longs, ends: tuple[int, int], value: int) -> Between | None:
        """Return where a number beyond the last known one is, on from the last two; None if it is too far on."""
        end, inner = ends
        gap = abs(int(values[end]) - value)
        if gap > _BEYOND:
            return None
        if len(values) < 2:
            return self._beside(int(group[end]), gap * _STEP_M, group)
        last, before = int(group[end]), int(group[inner])
        apart = abs(int(values[end]) - int(values[inner]))
        share = min(gap / apart, 1.0)
        lon = float(self._lon[last] + share * (self._lon[last] - self._lon[before]))
        lat = float(self._lat[last] + share * (self._lat[last] - self._lat[before]))
        step = max(self._metres(last, before) / apart, _STEP_M / 2)
        off = _LESS_SURE * max(gap * step, self.error_m or 0.0, _LEAST_M)
        return Between((int(self._rows[last]), int(self._rows[before])), lon, lat, off)

    def _inside(self, values: Longs, group: Longs, at: int, value: int) -> Between:
        low, high = int(group[at - 1]), int(group[at])
        share = (value - values[at - 1]) / (values[at] - values[at - 1])
        lon = float(self._lon[low] + share * (self._lon[high] - self._lon[low]))
        lat = float(self._lat[low] + share * (self._lat[high] - self._lat[low]))
        gap = self._metres(low, high)
        off = max(self.error_m or 0.0, _GAP_SHARE * gap if self.error_m is None else 0.15 * gap, _LEAST_M)
        return Between((int(self._rows[low]), int(self._rows[high])), lon, lat, off)

    def _beside(self, at: int, off_m: float, around: Longs) -> Between:
        off = _LESS_SURE * max(off_m, self.error_m or 0.0, _LEAST_M)
        return Between(tuple(self._rows[around].tolist()), float(self._lon[at]), float(self._lat[at]), off)

    def _metres(self, a: int, b: int) -> float:
        east = (self._lon[a] - self._lon[b]) * self._scale[0]
        return float(np.hypot(east, (self._lat[a] - self._lat[b]) * DEGREE_M))
