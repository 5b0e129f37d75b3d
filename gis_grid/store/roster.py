"""The roster of a plan file as posts: where each of them is, who holds it, and which stand vacant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gis_grid.staffing.people import told_of

if TYPE_CHECKING:
    import pandas as pd

    from gis_grid.staffing.people import Crew

#: the only columns of a roster that are kept: work data, nothing else about a person
COLUMNS = (
    "name",
    "post",
    "post_zh",
    "phone",
    "community_code",
    "community",
    "grid",
    "lines",
    "base",
    "most",
    "vacant",
    "status",
)

Unit = tuple[str, str]


class Person(NamedTuple):
    """Somebody on a roster: where they belong and start from, the service lines they know, and posts at most."""

    name: str
    phone: str
    community_code: str
    lines: tuple[str, ...]
    base: str
    most: int


@dataclass(frozen=True)
class Place:
    """One post to be filled: its number in the district, role, names, lines, the units it answers for, its holder."""

    number: str
    role: str
    name_zh: str
    name_en: str
    lines: tuple[str, ...]
    units: tuple[Unit, ...]
    name: str
    phone: str


def work_only(staff: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a roster without columns that a roster need not have, and the names of these.

    >>> import pandas as pd
    >>> work_only(pd.DataFrame({"name": ["Lin"], "post": ["head"], "home_phone": ["1"]}))[1]
    ['home_phone']
    """
    rest = [str(column) for column in staff if column not in COLUMNS]
    return staff.drop(columns=rest), rest


def people_in(crew: Crew) -> list[Person]:
    """Return the people of a crew who have posts as they are kept, in the order of the posts."""
    there = [person for person in dict.fromkeys(crew.posts["person"]) if person]
    told = crew.people.loc[there, list(Person._fields)].itertuples(index=False, name=None)
    return [Person(name, phone, home, tuple(lines), base, int(most)) for name, phone, home, lines, base, most in told]


def places_in(crew: Crew) -> list[Place]:
    """Return the posts of a crew as they are kept: a place each, with the name and work phone of who has it."""
    names, phones = (told_of(crew, column) for column in ("name", "phone"))
    columns = (crew.posts[column] for column in ("role", "name_zh", "name_en", "lines", "tier", "codes"))
    rows = zip(crew.posts.index, *columns, names, phones, strict=True)
    return [
        Place(str(number), role, zh, en, tuple(lines), tuple((tier, code) for code in codes), name, phone)
        for number, role, zh, en, lines, tier, codes, name, phone in rows
    ]
