"""Posts: who is asked for at which tier, and how many people that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gis_grid.errors import Fault, SchemeError

if TYPE_CHECKING:
    from gis_grid.scheme import Scheme

#: In place of a tier: every station, whatever its kind.
EVERY_STATION = "station"


@dataclass(frozen=True)
class Station:
    """A kind of station: each unit of the tier `per` has one; `lines` are the service lines that belong there."""

    id: str
    name_zh: str
    name_en: str
    per: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Post:
    """A post: `count` people (to `most`, where that is more) for each `every` adjoining units of the tier `per`.

    `per` may also name a kind of station, "station" for all kinds, or "district". `total` asks for so many people in
    the whole district, shared out evenly. `held_by` names the post whose holder has this one ex officio, so that it
    takes nobody more. `vacancy` says that the post may stand empty.
    """

    id: str
    name_zh: str
    name_en: str
    per: str
    count: int = 1
    most: int = 0
    every: int = 1
    total: int = 0
    held_by: str = ""
    vacancy: bool = False
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks = (
            (self.count < 0, f"'count' is {self.count}, below zero", "use 0 or more"),
            (self.every < 1, f"'every' is {self.every}", "use 1 for each unit, 3 for every three"),
            (self.total < 0, f"'total' is {self.total}, below zero", "leave it out for so many a unit"),
            (0 < self.most < self.count, f"'most' is {self.most}, less than 'count'", f"use {self.count} or more"),
            (
                self.total > 0 and (self.count != 1 or self.most > 0 or self.every != 1),
                "'total' does not go with 'count', 'most' or 'every'",
                "use either",
            ),
        )
        faults = [Fault(problem, remedy=remedy) for wrong, problem, remedy in checks if wrong]
        if faults:
            raise SchemeError(faults)


@dataclass(frozen=True)
class Need:
    """Say what a post takes: how many places there are, how many people hold them, and how many are vacant.

    `places` to `most` people stand in the plan of posts; `people` is how many of them are persons of their own (0
    where the post goes with another); `vacant` is what is not filled, and `allowed` whether it may stay so.
    """

    post: Post
    units: int
    places: int
    most: int
    people: int
    vacant: int
    allowed: bool


def needs(scheme: Scheme, units: Mapping[str, int], *, filled: Mapping[str, int] | None = None) -> tuple[Need, ...]:
    """Work out how many people the posts of a scheme take for so many units of each tier.

    `units` maps tier ids to numbers of units; `filled` maps post ids to people there are (a post that is not named
    is taken to be filled).

    >>> from gis_grid.scheme import Scheme
    >>> found = needs(Scheme.load("shouguang"), {"community": 13, "area": 103, "grid": 586}, filled={"leader": 100})
    >>> [(need.post.id, need.places, need.vacant) for need in found]
    [('social_worker', 103, 0), ('leader', 586, 486)]
    """
    found = []
    for post in scheme.posts:
        at = units_of(scheme, post.per, units)
        shares = -(-at // post.every)
        places = post.total or post.count * shares
        most = max(places, post.most * shares)
        own = 0 if post.held_by else places
        vacant = max(0, own - (filled or {}).get(post.id, own))
        found.append(Need(post, at, places, most, own, vacant, post.vacancy))
    return tuple(found)


def units_of(scheme: Scheme, per: str, units: Mapping[str, int]) -> int:
    """Return how many units there are of a tier, of a kind of station, of all stations, or of the district."""
    if per == "district":
        return 1
    kinds = [station for station in scheme.stations if per in (station.id, EVERY_STATION)]
    if kinds:
        return sum(units.get(station.per, 0) for station in kinds)
    return units.get(per, 0)


def shared_out(total: int, units: int) -> dict[int, int]:
    """Return how many units get how many people when a total is shared out evenly, the larger share first.

    >>> shared_out(606, 324)
    {2: 282, 1: 42}
    """
    share, over = divmod(total, units)
    both = {share + 1: over, share: units - over}
    return {people: count for people, count in both.items() if count}
