"""Which grid an address lies in: matched against the gazetteer of every district in force, or refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import shapely

from gis_grid.addresses import Match, Matcher
from gis_grid.addresses.gazetteer import in_degrees
from gis_grid.addresses.normalise import fold_all
from gis_grid.addresses.reasons import REASONS
from gis_grid.lookup.answering import with_handling
from gis_grid.lookup.found import Found

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from gis_grid.addresses.suggest import Suggestion
    from gis_grid.lookup.answers import Answers
    from gis_grid.lookup.found import Standing


class Renamed(NamedTuple):
    """An old name that an address was asked by, the name that it stands for now, and what is noted of it."""

    alias: str
    name: str
    note: str


class Other(NamedTuple):
    """A grid in which an address may lie, under the label of what was found there."""

    found: Found
    label: str
    score: float


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """Say which grid an address lies in, at which level and how sure that is; or why it is not told.

    `renamed` are the old names that it was asked by. `grid` is None where it is not told: then `reason` says why, and
    `also_possible` are the grids it may lie in.
    """

    grid: Found | None
    level: str = ""
    score: float = 0.0
    label: str = ""
    lon: float | None = None
    lat: float | None = None
    reason: str = ""
    also_possible: tuple[Other, ...] = ()
    standing: Standing | None = None
    renamed: tuple[Renamed, ...] = ()

    @property
    def reason_en(self) -> str:
        """The reason in English."""
        return REASONS[self.reason].en if self.reason else ""

    @property
    def reason_zh(self) -> str:
        """The reason in Chinese."""
        return REASONS[self.reason].zh if self.reason else ""

    def told(self, *, small: bool = False) -> dict[str, Any]:
        """Return the answer as plain values; households below ten only if `small` counts may be seen."""
        standing = self.standing
        return {
            "grid": self.grid.grid(small=small) if self.grid else None,
            "people": self.grid.people if self.grid else [],
            "level": self.level,
            "score": self.score,
            "label": self.label,
            "lon": self.lon,
            "lat": self.lat,
            "renamed": [one._asdict() for one in self.renamed],
            "reason": self.reason,
            "reason_zh": self.reason_zh,
            "reason_en": self.reason_en,
            "also_possible": [
                {
                    "grid": one.found.grid(small=small),
                    "people": one.found.people,
                    "label": one.label,
                    "score": one.score,
                }
                for one in self.also_possible
            ],
            "district": standing.published.district if standing else None,
            "plan": standing.published.plan if standing else None,
            "as_of": standing.day.isoformat() if standing else None,
        }

    def json(self, *, small: bool = False, line: str | None = None) -> bytes:
        """Return the same as JSON; `line` as for `with_handling`."""
        told = self.told(small=small)
        return orjson.dumps(told if line is None else with_handling(told, line))


def matcher_of(standing: Standing) -> Matcher | None:
    """Return what finds addresses in the grids of a publication, None if it has no addresses."""
    frames = standing.published.addresses
    if frames is None:
        return None
    gazetteer, index = frames.gazetteer, standing.layer.index

    areas = index.locate(gazetteer.lon, gazetteer.lat) if len(gazetteer.lon) else np.empty(0, np.int64)
    communities = {n: fact["community"] for n, fact in enumerate(standing.layer.facts) if fact["community"]}
    return Matcher(gazetteer, areas, ground=index, communities=communities)


def doors_in(standing: Standing) -> dict[str, int]:
    """Return how many addresses of a publication lie in each grid, by code; empty where it has no addresses."""
    frames = standing.published.addresses
    if frames is None or frames.addresses is None:
        return {}
    shapes = in_degrees(frames.addresses).geometry.to_numpy()
    lon, lat = shapely.get_coordinates(shapes).T
    codes = standing.layer.codes
    grid = standing.layer.index.locate(np.ascontiguousarray(lon), np.ascontiguousarray(lat))
    return dict(zip(codes, np.bincount(grid[grid >= 0], minlength=len(codes)).tolist(), strict=True))


def address_at(answers: Answers, text: str, *, on: date | None = None, tier: str | None = None) -> AddressAnswer:
    """Return the answer to one address."""
    return addresses_at(answers, [text], on=on, tier=tier)[0]


def addresses_at(
    answers: Answers, texts: Sequence[str], *, on: date | None = None, tier: str | None = None
) -> list[AddressAnswer]:
    """Return the answers to addresses; where several districts know one, it is refused.

    Neither texts nor what was cut off them is kept.
    """
    answers.check_tier(tier)
    asked = [(one, answers.matcher(one)) for one in answers.in_force(on, tier)]
    known = [(one, matcher) for one, matcher in asked if matcher is not None]
    if not known:
        return [AddressAnswer(None, reason="no-addresses")] * len(texts)
    columns = [_renamed(one, texts, _answers(one, matcher.match_all(texts))) for one, matcher in known]
    return columns[0] if len(columns) == 1 else [_one_of(several) for several in zip(*columns, strict=True)]


def addressed_rows(
    answers: Answers, texts: Sequence[str], *, on: date | None = None, tier: str | None = None, line: str | None = None
) -> list[tuple[Any, ...]]:
    """Return what is added to rows with addresses, in the order of `gis_grid.lookup.batch.RESULTS`."""
    if not texts:
        return []
    return [_row(answer, line) for answer in addresses_at(answers, texts, on=on, tier=tier)]


def _row(answer: AddressAnswer, line: str | None) -> tuple[Any, ...]:
    if answer.grid is None:
        others = ", ".join(dict.fromkeys(one.found.code for one in answer.also_possible))
        said = f"{answer.reason_zh} {answer.reason_en}" + (f": {others}" if others else "")
        return "", "", "", "", None, "", None, "refused", said
    found = answer.grid
    standing = found.standing
    fact = standing.layer.facts[found.position]
    people = standing.published.roster.text(found.code, standing.day.toordinal(), line)
    return fact["code"], fact["name"], fact["community_code"], people, None, answer.level, answer.score, "ok", ""


def suggestions(answers: Answers, text: str, *, most: int = 10, on: date | None = None) -> list[Suggestion]:
    """Return completions of what is being typed, over all districts in force."""
    found: dict[str, Suggestion] = {}
    for standing in answers.in_force(on):
        if standing.published.addresses is not None:
            for one in standing.published.addresses.gazetteer.suggest(text, most):
                found.setdefault(one.text, one)
    return list(found.values())[:most]


def _answers(standing: Standing, matches: list[Match]) -> list[AddressAnswer]:
    return [_answer(standing, match) for match in matches]


def _renamed(standing: Standing, texts: Sequence[str], answers: list[AddressAnswer]) -> list[AddressAnswer]:
    """Say of answers which old names they were asked by."""
    frames = standing.published.addresses
    if frames is None or not frames.former or not texts:
        return answers
    book = frames.gazetteer.book
    out = []
    for text, answer in zip(fold_all(texts), answers, strict=True):
        said = [frames.former[one.text] for one in book.segments(text) if one.text in book.aliases]
        out.append(replace(answer, renamed=tuple(Renamed(*one) for one in dict.fromkeys(said))) if said else answer)
    return out


def _answer(standing: Standing, match: Match) -> AddressAnswer:
    if match.area < 0:
        others = tuple(Other(Found(standing, n, 0.0), label, score) for n, label, score in match.alternatives)
        return AddressAnswer(None, reason=match.reason, also_possible=others, standing=standing)
    lon, lat = (None, None) if math.isnan(match.lon) else (match.lon, match.lat)
    found = Found(standing, match.area, 0.0)
    return AddressAnswer(found, match.level, match.score, match.label, lon, lat, standing=standing)


def _one_of(answers: Sequence[AddressAnswer]) -> AddressAnswer:
    """Return the answer of the only district that knows the place; two that know it make it doubtful."""
    told = [answer for answer in answers if answer.grid is not None]
    if len(told) == 1:
        return told[0]
    if told:
        others = tuple(Other(one.grid, one.label, one.score) for one in told if one.grid is not None)
        return AddressAnswer(None, reason="which-place", also_possible=others, standing=told[0].standing)
    return max(answers, key=lambda answer: (len(answer.also_possible) > 0, answer.reason != "unknown"))
