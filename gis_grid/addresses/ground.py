"""In which area a number is likely to lie that nobody has a point for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gis_grid.addresses.gazetteer import Gazetteer
    from gis_grid.addresses.interpolate import Between

    Floats = NDArray[np.float64]

#: bands along a border, in metres; the last is what the others are compared with
_BANDS_M: Final = np.array([0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 40.0])
#: so many points are looked at, and so many must lie in the last band
_SAMPLE, _ENOUGH = 20_000, 100
#: no place is ruled out for what was not seen in a sample
_LEAST: Final = 0.02


class Ground(Protocol):
    """What says in which area points in degrees lie, -1 outside, and how many metres its border is away."""

    def locate(self, x: Floats, y: Floats) -> NDArray[Any]:
        """Return the area of each point."""
        ...

    def border_distance(self, x: Floats, y: Floats) -> Floats:
        """Return how far the border is from each point."""
        ...


class Odds:
    """Say how probable each area is for a number of which only its neighbours are known.

    Every place where it may be counts for its area, and the less the nearer to a border it is, as far as houses of this
    district stand less often there: where borders are the middles of streets, none stands on one.
    """

    def __init__(self, gazetteer: Gazetteer, ground: Ground) -> None:
        self._ground = ground
        self._clear = clearing(gazetteer, ground)

    def areas(self, found: Between) -> tuple[NDArray[Any], Floats]:
        """Return the areas where a number may be, the most probable first, and the probability of each."""
        there, at = np.unique(self._ground.locate(found.lons, found.lats), return_inverse=True)
        weight = np.interp(self._ground.border_distance(found.lons, found.lats), *self._clear)
        shares = np.bincount(at, weight) / max(weight.sum(), 1e-9)
        order = np.argsort(-shares, kind="stable")
        return there[order], shares[order]


def clearing(gazetteer: Gazetteer, ground: Ground) -> tuple[Floats, Floats]:
    """Return distances from a border in metres, and how dense points lie there beside those 20 to 40 m away.

    All ones where a district has too few points near borders to tell.
    """
    middles = (_BANDS_M[:-1] + _BANDS_M[1:]) / 2
    if not len(gazetteer.lon):
        return middles, np.ones(len(middles))
    step = max(1, len(gazetteer.lon) // _SAMPLE)
    away = ground.border_distance(gazetteer.lon[::step], gazetteer.lat[::step])
    density = np.histogram(away[np.isfinite(away)], _BANDS_M)[0] / np.diff(_BANDS_M)
    if density[-1] * (_BANDS_M[-1] - _BANDS_M[-2]) < _ENOUGH:
        return middles, np.ones(len(middles))
    return middles, np.clip(density / density[-1], _LEAST, 1.0)
