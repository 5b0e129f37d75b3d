"""The answer to "which grid is this, and who looks after it": on any day, in whatever district the point lies."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING

from gis_grid.crs import WGS84, transform_points
from gis_grid.crs.onepoint import bd09_point, gcj02_point
from gis_grid.errors import CrsError, Fault, InputError
from gis_grid.lookup.found import Answer, Found, Standing, building_at
from gis_grid.lookup.publications import Layer, Published

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gis_grid.addresses import Matcher
    from gis_grid.lookup.addressed import AddressAnswer

#: Systems whose coordinates are those of WGS 84 for our purpose.
SAME_AS_WGS84 = frozenset(("wgs84", "cgcs2000", "EPSG:4326", "EPSG:4490"))
#: Districts are found by squares of a quarter degree, each listed as far as this beyond its edge.
_SQUARES = 4.0
_BEYOND_M = 1000.0
_MOST_SQUARES = 20_000
#: No degree of latitude is shorter, in metres.
DEGREE_M = 110_500.0


class _District:
    """The publications of one district, by the day from which each is in force."""

    def __init__(self, publications: list[Published]) -> None:
        self.publications = sorted(publications, key=lambda one: (one.valid_from, one.plan))
        self._from = [one.valid_from for one in self.publications]
        self.zone = self.publications[-1].zone
        self.code = self.publications[0].district

    def in_force(self, on: date | None) -> tuple[Published, date] | None:
        """Return what is in force on a day, today without one, and the day."""
        day = datetime.now(self.zone).date() if on is None else on
        at = bisect_right(self._from, day) - 1
        if at < 0:
            return None
        published = self.publications[at]
        return None if published.valid_to is not None and day >= published.valid_to else (published, day)


class Answers:
    """Answer lookups from publications of any number of districts; never changes, so that threads may share it.

    Parameters
    ----------
    publications
        Of each district those that were, are and will be in force.
    before
        Answers that these take the place of: what was made for plans in both is used again.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> square = gpd.GeoDataFrame({"code": ["g1"], "households": [400]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    >>> answers = Answers([Published("p1", "420103", "Jianghan", square)])
    >>> answers.at(0.5, 0.5).grid.code
    'g1'
    >>> answers.at(1.001, 0.5).nearest.distance_m.__round__()
    111
    """

    def __init__(self, publications: Iterable[Published], *, before: Answers | None = None) -> None:
        self.publications = tuple(publications)
        self._layers: dict[tuple[str, str], Layer] = {}
        self._matchers: dict[tuple[str, str], Matcher | None] = {}
        self._doors: dict[tuple[str, str], dict[str, int]] = {}
        if before is not None:
            current = {one.plan: one for one in self.publications}
            held = before._layers.items()  # noqa: SLF001
            self._layers = {key: layer.with_towers(current[key[0]]) for key, layer in held if key[0] in current}
        grouped: dict[str, list[Published]] = defaultdict(list)
        for published in self.publications:
            grouped[published.district].append(published)
            self.layer(published)
        self._districts = [_District(grouped[code]) for code in sorted(grouped)]
        self._squares, self._large = self._by_square()
        self._tiers = {tier for published in self.publications for tier in published.tiers}

    def layer(self, published: Published, tier: str | None = None) -> Layer:
        """Return the grids of a tier of a publication (its own, without one), ready to be asked."""
        wanted = published.tiers[0] if tier is None else tier
        key = published.plan, wanted
        found = self._layers.get(key)
        if found is None:
            found = self._layers[key] = Layer(published.grids, wanted).with_towers(published)
        return found

    def matcher(self, standing: Standing) -> Matcher | None:
        """Return what finds addresses in the grids of a publication; made once, when it is first asked."""
        key = standing.published.plan, standing.layer.tier
        if key not in self._matchers:
            from gis_grid.lookup.addressed import matcher_of

            self._matchers[key] = matcher_of(standing)
        return self._matchers[key]

    def doors(self, standing: Standing) -> dict[str, int]:
        """Return how many addresses lie in each grid of a publication, by code; empty for one without addresses."""
        key = standing.published.plan, standing.layer.tier
        if key not in self._doors:
            from gis_grid.lookup.addressed import doors_in

            self._doors[key] = doors_in(standing)
        return self._doors[key]

    def address(self, text: str, *, on: date | None = None, tier: str | None = None) -> AddressAnswer:
        """Answer for an address, or say why not; see `gis_grid.lookup.addressed`."""
        from gis_grid.lookup.addressed import address_at

        return address_at(self, text, on=on, tier=tier)

    def at(
        self,
        lon: float,
        lat: float,
        *,
        crs: str = "wgs84",
        accuracy_m: float | None = None,
        on: date | None = None,
        tier: str | None = None,
    ) -> Answer:
        """Answer for one point.

        `crs` is what the coordinates are in, `accuracy_m` how far the point may be off, `on` the day the answer is
        of (today in the district without one), `tier` whose grids are meant.

        Raises
        ------
        CrsError
            If there is no such place in that system, or no such system.
        InputError
            If no plan has such a tier, or the accuracy is below zero or not finite.
        """
        lon, lat = place_of(lon, lat, crs)
        self.check_tier(tier)
        if accuracy_m is not None and not 0 <= accuracy_m < math.inf:
            raise InputError(
                Fault(f"{accuracy_m} is no accuracy", column="accuracy_m", remedy="give metres, 0 or more")
            )
        near = list(self._standing(lon, lat, accuracy_m or 0.0, on, tier))
        owner = None
        for standing in near:
            position = standing.layer.index.locate_one(lon, lat)
            if position >= 0:
                owner = Found(standing, position, 0.0)
                break
        also = _also(near, owner, lon, lat, accuracy_m) if accuracy_m else ()
        if owner is None:
            return Answer(None, None, also, self._nearest(lon, lat, on, tier))
        layer = owner.standing.layer
        building = building_at(owner, lon, lat) if owner.position in layer.towers else None
        return Answer(owner, layer.index.border_one(lon, lat)[0], also, None, building)

    def check_tier(self, tier: str | None) -> None:
        """Refuse a tier that no publication has.

        Raises
        ------
        InputError
            Naming those that there are.
        """
        if tier is not None and tier not in self._tiers:
            remedy = f"use one of {', '.join(sorted(self._tiers))}"
            raise InputError(Fault(f"there is no tier {tier!r}", column="tier", remedy=remedy))

    def in_force(self, on: date | None = None, tier: str | None = None) -> list[Standing]:
        """Return what is in force on a day in each district, today without one, by code of the district."""
        return list(self._in_force(self._districts, on, tier))

    def _in_force(self, districts: Iterable[_District], on: date | None, tier: str | None) -> Iterator[Standing]:
        for district in districts:
            found = district.in_force(on)
            if found is not None and (tier is None or tier in found[0].tiers):
                yield Standing(found[0], self.layer(found[0], tier), found[1])

    def _standing(
        self, lon: float, lat: float, reach_m: float, on: date | None, tier: str | None
    ) -> Iterator[Standing]:
        districts: Iterable[_District] = self._districts
        if reach_m <= _BEYOND_M:
            square = math.floor(lon * _SQUARES), math.floor(lat * _SQUARES)
            districts = self._squares.get(square, [])
            if self._large:
                districts = sorted([*districts, *self._large], key=lambda district: district.code)
        return self._in_force(districts, on, tier)

    def _nearest(self, lon: float, lat: float, on: date | None, tier: str | None) -> Found | None:
        """Return the nearest grid of any district; those whose bounds are further off than it are not asked."""
        standing = [(bounds_away(one.layer.bounds, lon, lat), one) for one in self.in_force(on, tier)]
        best: Found | None = None
        for least, one in sorted(standing, key=lambda pair: pair[0]):
            if best is not None and least > best.distance_m:
                break
            metres, position = one.layer.index.border_one(lon, lat)
            if position >= 0 and (best is None or metres < best.distance_m):
                best = Found(one, position, metres)
        return best

    def _by_square(self) -> tuple[dict[tuple[int, int], list[_District]], list[_District]]:
        """List districts by the squares they reach into, and those that are too large for that."""
        squares: dict[tuple[int, int], list[_District]] = defaultdict(list)
        large: list[_District] = []
        for district in self._districts:
            found = {square for one in district.publications for square in _squares(self.layer(one).bounds)}
            for square in found if len(found) <= _MOST_SQUARES else ():
                squares[square].append(district)
            if len(found) > _MOST_SQUARES:
                large.append(district)
        return dict(squares), large


def _squares(bounds: tuple[float, ...]) -> Iterator[tuple[int, int]]:
    west, south, east, north = bounds
    if west > east:
        return
    upright = _BEYOND_M / DEGREE_M
    level = upright / max(math.cos(math.radians(min(max(abs(south), abs(north)), 89.0))), 0.01)
    count = 0
    for column in range(math.floor((west - level) * _SQUARES), math.floor((east + level) * _SQUARES) + 1):
        for row in range(math.floor((south - upright) * _SQUARES), math.floor((north + upright) * _SQUARES) + 1):
            yield column, row
            count += 1
            if count > _MOST_SQUARES:
                return


def bounds_away(bounds: tuple[float, ...], lon: float, lat: float) -> float:
    """Return a lower bound in metres of the distance of a point from what lies within bounds."""
    west, south, east, north = bounds
    if west > east:
        return math.inf
    level = max(west - lon, lon - east, 0.0) * math.cos(math.radians(lat))
    return DEGREE_M * math.hypot(level, max(south - lat, lat - north, 0.0))


def _also(near: list[Standing], owner: Found | None, lon: float, lat: float, accuracy_m: float) -> tuple[Found, ...]:
    found = [
        Found(standing, position, metres)
        for standing in near
        if bounds_away(standing.layer.bounds, lon, lat) <= accuracy_m
        for position, metres in standing.layer.index.within(lon, lat, accuracy_m)
        if owner is None or position != owner.position or standing is not owner.standing
    ]
    return tuple(sorted(found, key=lambda one: one.distance_m)) if len(near) > 1 else tuple(found)


def place_of(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Return a point in WGS 84.

    Raises
    ------
    CrsError
        If there is no such place in the system, or no such system.
    """
    if crs not in SAME_AS_WGS84 and math.isfinite(lon) and math.isfinite(lat):
        x, y = _turned(lon, lat, crs)
    else:
        x, y = lon, lat
    if not (-180.0 <= x <= 180.0 and -90.0 <= y <= 90.0):
        problem = f"{lon:g},{lat:g} is no place in {crs}"
        raise CrsError(Fault(problem, remedy="give longitude before latitude, and the CRS of the point with crs"))
    return x, y


def _turned(lon: float, lat: float, crs: str) -> tuple[float, float]:
    if crs in ("gcj02", "bd09"):
        return gcj02_point(lon, lat) if crs == "gcj02" else bd09_point(lon, lat)
    east, north = transform_points([lon], [lat], crs, WGS84)
    return float(east[0]), float(north[0])
