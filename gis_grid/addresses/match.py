"""What an address is: the place it names, or why it is not told and what it may be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from gis_grid.addresses import latin, numbers
from gis_grid.addresses.changes import located_anew
from gis_grid.addresses.entries import number_keys
from gis_grid.addresses.grammar import Parsed, Spot, parse
from gis_grid.addresses.ground import Odds
from gis_grid.addresses.names import AREA, COMPOUND, ROAD, SURE, Name
from gis_grid.addresses.normalise import fold, fold_all, is_chinese

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from gis_grid.addresses.changes import Box
    from gis_grid.addresses.gazetteer import Gazetteer
    from gis_grid.addresses.ground import Ground
    from gis_grid.addresses.interpolate import Between

    Longs = NDArray[np.int64]

#: from the coarsest to the finest
LEVELS: Final = ("community", "compound", "road", "interpolated", "door", "building", "stairwell")
COMMUNITY_LEVEL, COMPOUND_LEVEL, ROAD_LEVEL, INTERPOLATED, DOOR, BUILDING, STAIRWELL = range(7)
#: names whose scores lie closer than this are both possible
MARGIN: Final = 0.12
_MOST_ALTERNATIVES: Final = 6
#: an unknown number is told where it lies in one area with this probability
CONFIDENCE: Final = 0.8
_SLIP: Final = 0.93
#: what is less probable than this is not named as possible
_LEAST_SHARE: Final = 0.05
#: how sure an answer of each level is, at best
_WORTH: Final = (0.5, 0.7, 0.6, 0.8, 1.0, 1.0, 1.0)


class Alternative(NamedTuple):
    """An area that an address may lie in, under the label of what was found there."""

    area: int
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """Say what an address is: level, score and place, or the reason why that is not told.

    `area` is -1 where it is not told, and `reason` empty where it is. `alternatives` are then what it may be.
    """

    level: str = ""
    score: float = 0.0
    area: int = -1
    lon: float = float("nan")
    lat: float = float("nan")
    label: str = ""
    reason: str = ""
    alternatives: tuple[Alternative, ...] = ()


@dataclass(slots=True)
class _Hit:
    """Something that an address may be."""

    level: int
    score: float
    rows: Longs
    areas: tuple[int, ...]
    lon: float = float("nan")
    lat: float = float("nan")
    share: float = 1.0


@dataclass(slots=True)
class _Case:
    """What was found for an address: for each road and compound that it names what that may be."""

    groups: list[list[_Hit]] = field(default_factory=list)
    unknown: int = 0
    parsed: Parsed | None = None

    def add(self, hits: list[_Hit]) -> None:
        if hits:
            self.groups.append(hits)
        else:
            self.unknown += 1


class Matcher:
    """Match addresses against a gazetteer, refusing those that may lie in two areas.

    Parameters
    ----------
    gazetteer, areas
        What is known, and the area of each entry, -1 for none; without it every entry lies in one and the same.
    ground
        Says where points lie (a `gis_grid.lookup.LookupIndex`); without it points between numbers are told only where
        their neighbours lie in one area.
    communities
        The name of the community of each area, by which equal names are told apart.
    confidence
        How probable it must be that a number nobody has a point for lies in one area, if that is to be told.
    """

    def __init__(
        self,
        gazetteer: Gazetteer,
        areas: Longs | None = None,
        *,
        ground: Ground | None = None,
        communities: Mapping[int, str] | None = None,
        confidence: float = CONFIDENCE,
    ) -> None:
        self.confidence = confidence
        self.gazetteer = gazetteer
        self.areas = np.zeros(len(gazetteer.lon), dtype=np.int64) if areas is None else areas
        self._ground, self._odds = ground, Odds(gazetteer, ground) if ground is not None else None
        self._communities = dict(communities or {})
        districts = (name for name, kind in gazetteer.book.kinds.items() if kind & AREA)
        self._has_areas = any(name.endswith(("区", "县", "市")) for name in districts)

    def follow(self, boxes: Sequence[Box] = ()) -> int:
        """Look up anew where entries lie that were added, or lie in boxes (degrees) where areas changed; how many."""
        self.areas, count = located_anew(self.gazetteer, self.areas, self._ground, boxes)
        return count

    def match(self, text: str) -> Match:
        """Return what an address is."""
        return self.match_folded(fold(text))

    def match_all(self, texts: Sequence[str]) -> list[Match]:
        """Return what each of many addresses is; equal ones are looked at once."""
        folded = fold_all(texts) if len(texts) else []
        known = {text: self.match_folded(text) for text in dict.fromkeys(folded)}
        return [known[text] for text in folded]

    def match_folded(self, text: str) -> Match:
        """Return what a folded address is."""
        if not text:
            return Match(reason="empty")
        return self._decided(self._chinese(text) if is_chinese(text) else self._latin(text))

    def _chinese(self, text: str) -> _Case:
        parsed = parse(text, self.gazetteer.book)
        case = _Case(parsed=parsed)
        for spot in parsed.roads:
            case.add(self._road(spot, parsed))
        for spot in parsed.compounds:
            case.add(self._compound(spot, parsed))
        return case

    def _latin(self, text: str) -> _Case:
        street, number = latin.split(text)
        number = latin.within(text, number)
        case, names = _Case(), self._latin_names(street)
        keys = [found.key for found in map(numbers.latin, latin.span(number)) if found is not None]
        case.add(self._numbered(names, "", keys, None) if keys or not number else [])
        return case

    def _latin_names(self, street: str) -> list[Name]:
        """Return the street that is written, one with a slip in its last word, or similar ones."""
        key, known = latin.street_key(street), self.gazetteer.book.kinds
        if key in known:
            return [Name(key, 1.0)]
        found = [Name(other, _SLIP) for other in latin.mended(street) if other in known]
        return found or self._names(Spot(key, known=False), ROAD)

    def _names(self, spot: Spot, kind: int) -> list[Name]:
        if spot.known:
            return [Name(spot.name, 1.0)]
        found = self.gazetteer.book.alike(spot.name, kind)
        # between letters one slip is likely and two are not: names that take one more are not meant
        margin = MARGIN if is_chinese(spot.name) else 0.5 / max(len(spot.name), 1)
        return [name for name in found if name.score >= found[0].score - margin]

    def _road(self, spot: Spot, parsed: Parsed) -> list[_Hit]:
        names = self._names(spot, ROAD)
        keys = number_keys(spot.number)
        if spot.number and not keys:
            return []
        hits = self._numbered(names, spot.lanes, keys, parsed)
        if not spot.exact and not any(hit.level >= DOOR for hit in hits):
            # 12-3 behind a road: number 12, building 3
            number, _, building = spot.number.partition("-")
            inner = Parsed(building=building, stairwell=parsed.stairwell)
            found = [
                hit for hit in self._numbered(names, spot.lanes, number_keys(number), inner) if hit.level >= BUILDING
            ]
            return found or hits
        return hits

    def _numbered(self, names: list[Name], lanes: str, keys: list[str], parsed: Parsed | None) -> list[_Hit]:
        hits: list[_Hit] = []
        for name in names:
            road = name.text + lanes
            if not keys:
                rows = self.gazetteer.roads.get(road)
                hits += [self._hit(ROAD_LEVEL, name.score, rows)] if rows is not None else []
            hits += _shared([self._door(road, key, name.score, parsed) for key in keys])
        doors = [hit for hit in hits if hit.level >= DOOR]
        # one of several names that has the number goes first; not in letters, where a slip makes another street's name
        return doors if doors and len(names) > 1 and len(keys) == 1 and parsed is not None else hits

    def _door(self, road: str, key: str, score: float, parsed: Parsed | None) -> list[_Hit]:
        rows = self.gazetteer.roads.get(f"{road}|{key}")
        return self._between(road, key, score) if rows is None else [self._refined(DOOR, score, rows, parsed)]

    def _compound(self, spot: Spot, parsed: Parsed) -> list[_Hit]:
        hits = []
        for name in self._names(spot, COMPOUND):
            rows = self.gazetteer.compounds.get(name.text)
            if rows is not None:
                hits.append(self._refined(COMPOUND_LEVEL, name.score, rows, parsed))
        return [hit for hit in hits if hit.level >= BUILDING] or hits

    def _refined(self, level: int, score: float, rows: Longs, parsed: Parsed | None) -> _Hit:
        """Return a hit narrowed down to building and stairwell, as far as there are such."""
        missed = False
        if parsed is None:
            return self._hit(level, score, rows)
        for wanted, column, finer in (
            (parsed.building, self.gazetteer.columns["building"], BUILDING),
            (parsed.stairwell, self.gazetteer.columns["stairwell"], STAIRWELL),
        ):
            if not wanted:
                continue
            there = column[rows]
            found = rows[there == wanted]
            if len(found):
                rows, level = found, finer
            elif (there != "").any():
                missed = True
                break
        return self._hit(level, score * (0.8 if missed else 1.0), rows)

    def _hit(self, level: int, score: float, rows: Longs) -> _Hit:
        return _Hit(level, score, rows, _distinct(self.areas[rows].tolist()))

    def _between(self, road: str, key: str, score: float) -> list[_Hit]:
        """Return where a number may be that no point has."""
        gazetteer, spot = self.gazetteer, numbers.spot(key)
        if spot < 0:
            return []
        ranges, street = gazetteer.ranges, gazetteer.street(road)
        exact = ranges.locate(road, int(spot)) if ranges is not None else []
        found = exact or (ranges.near(road, int(spot)) if ranges is not None else [])
        beside = street.locate(spot) if street is not None else None
        hits = [self._placed(one, score) for one in found]
        if beside is None:
            anywhere = ranges.anywhere(road) if ranges is not None and not hits else None
            return hits if anywhere is None else [self._placed(anywhere, score)]
        other = self._placed(beside, score)
        # the piece of street knows side and block; points only choose where several pieces have the number, or none
        inside = [hit for hit in hits if hit.areas[0] >= 0]
        return [hit for hit in inside if hit.areas[0] in other.areas] or (inside if exact else []) or [other]

    def _placed(self, found: Between, score: float) -> _Hit:
        """Return a hit for a place between numbers, with every area that it may lie in."""
        rows = np.array(found.rows, dtype=np.int64)
        if self._odds is None:
            areas = _distinct(self.areas[rows].tolist())
            return _Hit(INTERPOLATED, score * 0.8, rows, areas if len(rows) > 1 else (*areas, -1), found.lon, found.lat)
        there, shares = self._odds.areas(found)
        told = shares[0] * score >= self.confidence or shares[0] > 1 - _LEAST_SHARE
        areas = tuple(there[: 1 if told else max(2, int((shares >= _LEAST_SHARE).sum()))].tolist())
        return _Hit(INTERPOLATED, score * 0.8, rows, areas, found.lon, found.lat, share=float(shares[0]))

    def _decided(self, case: _Case) -> Match:
        """Weigh what was found, and tell the place only if all of it lies in one area."""
        parsed = case.parsed
        if not case.groups:
            return self._only_community(parsed, unknown=case.unknown > 0)
        groups = _agreeing(case.groups)
        common = _common(groups)
        if len(common) > 1 and parsed is not None and parsed.communities and self._communities:
            common = {area for area in common if self._communities.get(area) in parsed.communities} or common
        if not common:
            return self._refused("contradiction", groups)
        if len(common) > 1:
            return self._refused(_why(groups), groups, common)
        (area,) = common
        hits = [hit for group in groups for hit in group if area in hit.areas]
        best = max(hits, key=lambda hit: (hit.level, hit.score))
        return self._told(case, groups, area, best)

    def _told(self, case: _Case, groups: list[list[_Hit]], area: int, best: _Hit) -> Match:
        parsed = case.parsed
        sure = max(hit.score for group in groups for hit in group if area in hit.areas)
        several = sum(any(hit.level >= INTERPOLATED or len(hit.areas) == 1 for hit in group) for group in groups) > 1
        score = min(1.0, sure + 0.05) if several else sure
        score *= best.share * _WORTH[best.level] / (0.8 if best.level == INTERPOLATED else 1.0)
        if parsed is not None:
            if parsed.near:
                return self._refused("near", groups)
            if self._has_areas and parsed.foreign and not parsed.areas:
                if not several:
                    return self._refused("elsewhere", groups)
                score *= 0.9
            home = self._communities.get(area)
            score *= 0.9 if parsed.communities and home not in parsed.communities else 1.0
        name_score = sure / 0.8 if best.level == INTERPOLATED else sure
        if name_score < SURE and not several:
            return self._refused("unsure", groups)
        if area < 0:
            return self._refused("outside", groups)
        lon, lat = self._point(best, area)
        score *= 0.95 if case.unknown else 1.0
        return Match(LEVELS[best.level], round(score, 3), area, lon, lat, self._label(best, area))

    def _point(self, hit: _Hit, area: int) -> tuple[float, float]:
        if hit.lon == hit.lon or not len(hit.rows):
            return hit.lon, hit.lat
        rows = hit.rows[self.areas[hit.rows] == area]
        return float(self.gazetteer.lon[rows].mean()), float(self.gazetteer.lat[rows].mean())

    def _label(self, hit: _Hit, area: int) -> str:
        rows = hit.rows[self.areas[hit.rows] == area] if len(hit.rows) else hit.rows
        if not len(rows):
            return ""
        return self.gazetteer.label(int(rows[0]), level=LEVELS[hit.level])

    def _only_community(self, parsed: Parsed | None, *, unknown: bool) -> Match:
        """Answer an address that names no road or compound that is known."""
        named = parsed.communities if parsed is not None else []
        areas = [area for area, name in self._communities.items() if name in named]
        if unknown or not areas:
            return Match(reason="unknown" if unknown or not named else "no-place")
        if len(areas) == 1:
            return Match("community", _WORTH[0], areas[0], label=named[0])
        several = [Alternative(area, named[0], _WORTH[0]) for area in areas[:_MOST_ALTERNATIVES]]
        return Match(reason="which-road", alternatives=tuple(several))

    def _refused(self, reason: str, groups: list[list[_Hit]], among: Iterable[int] | None = None) -> Match:
        best: dict[int, tuple[float, _Hit]] = {}
        for group in groups:
            for hit in group:
                for area in hit.areas:
                    if area >= 0 and (among is None or area in among) and best.get(area, (-1.0,))[0] < hit.score:
                        best[area] = hit.score, hit
        ranked = sorted(best.items(), key=lambda pair: (-pair[1][0], pair[0]))[:_MOST_ALTERNATIVES]
        told = tuple(Alternative(area, self._label(hit, area), round(score, 3)) for area, (score, hit) in ranked)
        return Match(reason=reason, alternatives=told)


def _distinct(areas: list[Any]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(areas)) if len(areas) > 1 else tuple(areas)


def _shared(of_numbers: list[list[_Hit]]) -> list[_Hit]:
    """Return the hits of several numbers of one address, only those in areas that all may lie in if there are such."""
    common = _common([hits for hits in of_numbers if hits]) if any(of_numbers) else set()
    every = [hit for hits in of_numbers for hit in hits]
    if len(of_numbers) < 2 or not common:
        # an end of a range that is known goes before one that is not
        known = [hits for hits in of_numbers if hits and all(len(hit.areas) == 1 for hit in hits)]
        return known[0] if len(known) == 1 else every
    shared = [hit for hit in every if common.intersection(hit.areas)]
    for hit in shared:
        hit.areas = tuple(area for area in hit.areas if area in common)
    return shared


def _common(groups: list[list[_Hit]]) -> set[int]:
    sets = [{area for hit in group for area in hit.areas} for group in groups]
    return set.intersection(*sets)


def _agreeing(groups: list[list[_Hit]]) -> list[list[_Hit]]:
    """Leave out weak findings that contradict strong ones: a guessed name or number gives way to an exact one."""
    if len(groups) < 2 or _common(groups):
        return groups
    best = [max(hit.score for hit in group) for group in groups]
    exact = [one >= 0.95 and group[0].level != ROAD_LEVEL for one, group in zip(best, groups, strict=True)]
    strong = [group for group, is_exact in zip(groups, exact, strict=True) if is_exact]
    weak = all(one < 0.9 for one, is_exact in zip(best, exact, strict=True) if not is_exact)
    return strong if strong and weak and _common(strong) else groups


def _why(groups: list[list[_Hit]]) -> str:
    """Say why an address may lie in several areas."""
    finest = max(groups, key=lambda group: max(hit.level for hit in group))
    hits = [hit for hit in finest if hit.level == max(other.level for other in finest)]
    if len(hits) > 1:
        return "which-name" if hits[0].level != INTERPOLATED else "between"
    return {
        ROAD_LEVEL: "which-number",
        COMPOUND_LEVEL: "which-building",
        INTERPOLATED: "between",
        DOOR: "which-building",
        BUILDING: "which-stairwell",
    }.get(hits[0].level, "which-place")
