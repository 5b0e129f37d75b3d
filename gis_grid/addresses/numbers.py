"""House numbers: how they are written in one way, which come before which, and which side they are on."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_PARTS: Final = re.compile(r"([甲乙丙丁戊己]?)(\d+)([a-z]?)([甲乙丙丁戊己]?)(?:[-附之](\d+[a-z]?))?(?:号?附(\d+))?")
_LATIN: Final = re.compile(r"(\d+) ?(1/2|/2|\.5)? ?([a-z]?)$")
_SPOT: Final = re.compile(r"[甲乙丙丁戊己]?(\d+)(\.5)?([a-z])?(?:-(\d+)[a-z]?)?")
_STEMS: Final = "甲乙丙丁戊己"


class Number(NamedTuple):
    """A house number: its value, and the key that tells it from every other of the same value."""

    value: int
    key: str


def chinese(text: str) -> Number | None:
    """Read a folded house number; 3号甲 is 甲3, and 附, 之 and a dash mean the same.

    >>> chinese("甲3").key, chinese("3甲").key, chinese("3附1").key, chinese("3之1").key, chinese("012b").key
    ('甲3', '甲3', '3-1', '3-1', '12b')
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    before, digits, letter, behind, sub, sub2 = found.groups()
    value = int(digits[:9])
    rest = sub or sub2
    return Number(value, f"{before or behind}{value}{letter}" + (f"-{rest.lstrip('0')}" if rest else ""))


def latin(text: str) -> Number | None:
    """Read a house number between letters: "27 b", "16 1/2".

    >>> latin("27 b").key, latin("16 1/2").key, latin("16.5").key, latin("7").value
    ('27b', '16.5', '16.5', 7)
    """
    found = _LATIN.match(text.strip())
    if found is None:
        return None
    value = int(found[1][:9])
    return Number(value, f"{value}{'.5' if found[2] else ''}{found[3]}")


def listed(text: str) -> list[str]:
    """Return the single numbers of a list or a range as it is written: first and last of a range.

    >>> listed("126、128、130"), listed("171-195"), listed("5 & 7")
    (['126', '128', '130'], ['171', '195'], ['5', '7'])
    """
    return [part.strip() for part in re.split(r"[、,&+和及至\-]", text) if part.strip()]


def spot(key: str) -> float:
    """Return where a number stands in its row: 27b and 27-1 behind 27, before 28; -1 for what is no number.

    >>> spot("27"), spot("27b"), spot("16.5"), spot("3-2"), spot("甲3"), spot("x")
    (27.0, 27.06, 16.5, 3.06, 3.0, -1.0)
    """
    found = _SPOT.fullmatch(key)
    if found is None:
        return -1.0
    value, half, letter, sub = found.groups()
    on = 3 * (ord(letter) - ord("a") + 1) if letter else 3 * int(sub) if sub else 50 if half else 0
    return int(value[:9]) + min(on, 97) / 100
