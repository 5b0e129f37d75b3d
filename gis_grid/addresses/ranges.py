"""Street pieces with the numbers along their left and right sides, as many cities keep them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from gis_grid.addresses.interpolate import DEGREE_M, Between

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd
    from numpy.typing import NDArray

#: what the columns may be called: first and last number on the left, on the right
SPELLINGS: Final = (
    ("l_from", "left_from", "l_f_add", "lfromadd", "fromleft"),
    ("l_to", "left_to", "l_t_add", "ltoadd", "toleft"),
    ("r_from", "right_from", "r_f_add", "rfromadd", "fromright"),
    ("r_to", "right_to", "r_t_add", "rtoadd", "toright"),
)
COLUMNS: Final = ("left_from", "left_to", "right_from", "right_to")
#: a street of which no number is known is looked at in so many places
_SPOTS: Final = 24
#: a number so far beyond the last one of a piece and side may belong there: the next houses, built since
_BEYOND: Final = 4
#: so far from the middle of the street houses are looked for
SETBACK_M: Final = 14.0


def with_ranges(streets: gpd.GeoDataFrame) -> gpd.GeoDataFrame | None:
    """Return streets with columns `COLUMNS`, None if their own columns hold no numbers.

    >>> import geopandas as gpd
    >>> lane = gpd.GeoDataFrame({"L_From": ["2"], "L_To": ["8"], "R_From": [1], "R_To": [-1]}, geometry=[None])
    >>> with_ranges(lane)[list(COLUMNS)].values.tolist()
    [[2, 8, -1, -1]]
    """
    plain = {str(name).lower(): name for name in streets.columns}
    own = [next((plain[one] for one in names if one in plain), None) for names in SPELLINGS]
    if None in own:
        return None
    values = [_whole(streets[name].to_numpy(dtype=object)) for name in own]
    for low, high in ((0, 1), (2, 3)):
        bad = (values[low] < 0) | (values[high] < 0)
        values[low], values[high] = np.where(bad, -1, values[low]), np.where(bad, -1, values[high])
    return streets.assign(**dict(zip(COLUMNS, values, strict=True)))


def _whole(column: NDArray[np.object_]) -> NDArray[np.int64]:
    out = np.full(len(column), -1, dtype=np.int64)
    for at, value in enumerate(column):
        text = str(value).strip().removesuffix(".0")
        if text.isdecimal():
            out[at] = int(text)
    return out


class Ranges:
    """The numbers along pieces of streets.

    Parameters
    ----------
    streets
        Frame in degrees with `road` (its key) and the columns `COLUMNS`.
    """

    def __init__(self, streets: gpd.GeoDataFrame) -> None:
        self._lines = streets.geometry.to_numpy()
        self._table = streets[list(COLUMNS)].to_numpy()
        self._of: dict[str, list[int]] = {}
        for at, road in enumerate(streets["road"].tolist()):
            self._of.setdefault(road, []).append(at)

    def __contains__(self, road: str) -> bool:
        return road in self._of

    def locate(self, road: str, value: int) -> list[Between]:
        """Return the places beside the street where a number may be, one a piece and side that has it."""
        return [place for beyond, place in self._of_side(road, value) if not beyond]

    def near(self, road: str, value: int) -> list[Between]:
        """Return the ends of the pieces whose numbers come nearest to one that none of them has, if they come near."""
        found = list(self._of_side(road, value))
        least = min((beyond for beyond, _ in found), default=0)
        return [place for beyond, place in found if beyond == least]

    def _of_side(self, road: str, value: int) -> Iterator[tuple[int, Between]]:
        """Yield by how much a number is beyond those of each piece and side of its parity, and its place there."""
        for at in self._of.get(road, ()):
            for side, (first, last) in enumerate((self._table[at, :2], self._table[at, 2:])):
                beyond = int(max(min(first, last) - value, value - max(first, last), 0))
                if first < 0 or (value - first) % 2 or beyond > _BEYOND:
                    continue
                share = 0.5 if first == last else float((value - first) / (last - first))
                yield beyond, self._beside(at, share, left=side == 0)

    def anywhere(self, road: str) -> Between | None:
        """Return places along both sides of all of a street, for a number of which nothing is known."""
        pieces = self._of.get(road)
        if not pieces:
            return None
        found = [
            self._beside(at, share, left=left)
            for at in pieces
            for share in np.linspace(0.0, 1.0, max(2, _SPOTS // len(pieces)))
            for left in (True, False)
        ]
        lons, lats = np.array([one.lon for one in found]), np.array([one.lat for one in found])
        return Between((), float(np.median(lons)), float(np.median(lats)), lons, lats)

    def _beside(self, at: int, share: float, *, left: bool) -> Between:
        """Return a point beside a piece of street; ends are kept off, where other streets cross."""
        line = self._lines[at]
        share = min(max(share, 0.12), 0.88)
        here = shapely.get_coordinates(shapely.line_interpolate_point(line, share, normalized=True))[0]
        near = shapely.get_coordinates(
            shapely.line_interpolate_point(line, [share - 0.05, share + 0.05], normalized=True)
        )
        scale = np.array([DEGREE_M * np.cos(np.radians(here[1])), DEGREE_M])
        along = (near[1] - near[0]) * scale
        length = float(np.hypot(*along)) or 1.0
        across = np.array([-along[1], along[0]]) / length * (SETBACK_M if left else -SETBACK_M)
        lon, lat = here + across / scale
        return Between((), float(lon), float(lat), np.array([lon]), np.array([lat]))
