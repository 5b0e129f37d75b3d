"""What somebody may be typing: names by their beginning, in characters and in pinyin, and then their numbers."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from gis_grid.addresses import latin
from gis_grid.addresses.names import AREA, COMMUNITY, COMPOUND, ROAD
from gis_grid.addresses.normalise import fold, is_chinese

if TYPE_CHECKING:
    from gis_grid.addresses.gazetteer import Gazetteer

MOST: Final = 10
_WORDS: Final = {ROAD: "road", COMPOUND: "compound", COMMUNITY: "community", AREA: "area"}
_BEYOND: Final = "\U0010ffff"


class Suggestion(NamedTuple):
    """A text that completes what was typed, and what it is: road, compound, community, area or door."""

    text: str
    kind: str


class Suggester:
    """Complete names and numbers of a gazetteer.

    Names stand in sorted lists under their characters, their pinyin and their initials, so that each keystroke costs a
    search by halves. Exact beginnings come first, then what only contains the text.

    Parameters
    ----------
    gazetteer
        What is known.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        keys: list[tuple[str, str]] = []
        for name, kind in gazetteer.book.kinds.items():
            if kind & AREA and not kind & ~AREA:
                continue
            keys += [(key, name) for key in _keys(name)]
        self._keys = sorted(set(keys))
        self._doors = sorted(gazetteer.roads.keys())

    def suggest(self, text: str, most: int = MOST) -> list[Suggestion]:
        """Return up to `most` completions of what was typed."""
        typed = fold(text).removesuffix("号")
        if not typed:
            return []
        found = self._numbers(typed, most)
        plain = typed.replace(" ", "") if typed.isascii() else typed
        for key in dict.fromkeys((typed, plain, latin.street_key(typed) if typed.isascii() else typed)):
            found.update(self._names(key, most))
        return [Suggestion(label, kind) for label, kind in list(found.items())[:most]]

    def _names(self, typed: str, most: int) -> dict[str, str]:
        found: dict[str, str] = {}
        kinds = self._gazetteer.book.kinds
        at = bisect_left(self._keys, (typed, ""))
        while at < len(self._keys) and len(found) < most and self._keys[at][0].startswith(typed):
            name = self._keys[at][1]
            found[name] = _WORDS[kinds[name] & -kinds[name]]
            at += 1
        return found

    def _numbers(self, typed: str, most: int) -> dict[str, str]:
        """Return numbers of a road that was typed to its end."""
        split = re.fullmatch(r"(.+?)((?:\d+[弄巷])*)(\d+[a-z]?)?", typed)
        if split is None or not is_chinese(typed):
            return {}
        road = self._gazetteer.book.meant(split[1]) + (split[2] or "")
        if road not in self._gazetteer.roads:
            return {}
        prefix = f"{road}|{split[3] or ''}"
        found: dict[str, str] = {} if split[3] else {road: "road"}
        at = bisect_left(self._doors, prefix)
        while at < len(self._doors) and len(found) < most and self._doors[at] < prefix + _BEYOND:
            number = self._doors[at].partition("|")[2]
            if number and self._doors[at].startswith(prefix):
                found[f"{road}{number}号"] = "door"
            at += 1
        return found


def _keys(name: str) -> list[str]:
    """Return under what a name stands: itself, its pinyin and its initials.

    >>> _keys("东湖路")
    ['东湖路', 'donghulu', 'dhl']
    """
    if not is_chinese(name):
        return [name]
    from pypinyin import lazy_pinyin

    syllables = lazy_pinyin(name)
    return [name, "".join(syllables), "".join(one[0] for one in syllables)]
