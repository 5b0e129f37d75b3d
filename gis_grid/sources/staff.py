"""The roster: who holds which post, where; work data only."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from gis_grid.errors import Fault, InputError
from gis_grid.sources.columns import Guess, guess_column, text
from gis_grid.sources.tables import open_table

_COLUMNS: Final = {
    "name": "person",
    "post": "post",
    "phone": "phone",
    "community_code": "community_code",
    "community": "community_name",
    "grid": "grid",
}
#: columns that a roster need not have; without them the frame has none either
_MORE: Final = ("lines", "base", "most")
_REMEDY: Final = "name a column post (岗位) and one name (姓名); an empty name is a vacancy"
_VACANT: Final = ("空缺", "缺", "vacant", "待定")
#: what a phone number is written with, and the longest one there is (ITU-T E.164, with an extension)
_PHONE: Final = r"\+?[0-9][0-9 ()./–-]*(?:(?:转|ext\.?|x|#) ?[0-9]+)?"
_DIGITS: Final = 17


class Roster(NamedTuple):
    """Hold a roster as read, a row a post, and what was guessed and left out on the way."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def read_staff(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a roster, one row a post; as `read_roster`, without the notes."""
    return read_roster(path).frame


def read_roster(path: str | os.PathLike[str]) -> Roster:
    """Read a roster, one row a post, and say which columns were taken for what.

    The columns are `name` ("" if vacant), `post`, `phone`, `community_code`, `community`, `grid` and `vacant`; and,
    where the file has them, `lines` (service lines that the person knows), `base` (grid or community they start from)
    and `most` (posts at most, "" if not told). Column names are guessed in Chinese and English; only these columns
    are kept. CSV may be UTF-8 or GB18030. The index counts records from 1, and `attrs["source"]` names the file.

    Raises
    ------
    InputError
        If the file cannot be read, has no column of names or posts, a row states no post, a phone is none, `most` is
        no whole number, or a row stands twice; all faults at once.
    """
    table, source = open_table(path)
    found = {column: guess_column(table, kind, source) for column, kind in _COLUMNS.items()}
    if found["community"] and found["name"] and found["community"].column == found["name"].column:
        # one column of names is that of the people
        found["community"] = None
    missing = [column for column in ("name", "post") if found[column] is None]
    if missing:
        listed = ", ".join(map(str, table.columns))
        raise InputError(
            Fault("the column is missing", source, column, None, f"{_REMEDY}; its columns are: {listed}")
            for column in missing
        )
    more = {column: guess_column(table, column, source) for column in _MORE}
    found |= {column: guess for column, guess in more.items() if guess is not None}
    out = pd.DataFrame(
        {c: text(table, guess.column if guess else None) for c, guess in found.items()}, index=table.index
    )
    kept = out[~(out == "").to_numpy().all(axis=1)].rename_axis("row")
    kept = kept.assign(vacant=(kept["name"] == "") | kept["name"].isin(_VACANT))
    faults = _faults(kept, source)
    if faults:
        raise InputError(faults)
    kept.attrs["source"] = source  # for faults that only a plan can show
    return Roster(kept, _notes(table, found, source))


def _faults(rows: pd.DataFrame, source: str) -> list[Fault]:
    """Return everything that is wrong with the rows of a roster."""
    phone = rows["phone"]
    digits = phone.str.count(r"[0-9]")
    whole = rows["most"].str.fullmatch(r"[1-9][0-9]?") if "most" in rows else rows["post"] == rows["post"]
    alike = rows.duplicated(["name", "post", "phone", "community_code", "community", "grid"], keep=False)
    twice = alike & ~rows["vacant"]
    checks = (
        (rows["post"] == "", "post", "the post is empty", "say which post it is"),
        (
            (phone != "") & ~phone.str.fullmatch(_PHONE) & ~rows["vacant"],
            "phone",
            "this is no phone number",
            "write the work phone with digits",
        ),
        (digits > _DIGITS, "phone", "the number is too long for a phone", "a roster holds work phones, nothing else"),
        (
            ~whole & (rows.get("most", "") != ""),
            "most",
            "this is no number of posts",
            "write 1 to 99, or leave it empty",
        ),
        (twice, "name", "the row stands twice", "leave one of them out"),
    )
    return [
        Fault(problem, source, column, int(row), remedy)
        for wrong, column, problem, remedy in checks
        for row in rows.index[np.asarray(wrong, dtype=bool)]
    ]


def _notes(table: pd.DataFrame, found: dict[str, Guess | None], source: str) -> tuple[str, ...]:
    """Say which column was taken for what, and which were left out."""
    taken = {column: guess.column for column, guess in found.items() if guess is not None}
    rest = [str(column) for column in table.columns if str(column) not in taken.values()]
    said = f"{source}: " + ", ".join(f"'{column}' is {name}" for name, column in taken.items())
    return (said, *([f"{source}: columns that nobody needs were left out: {', '.join(rest)}"] if rest else []))
