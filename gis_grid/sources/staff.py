"""The roster: who holds which post, where; work data only."""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import pandas as pd

from gis_grid.errors import Fault, InputError
from gis_grid.sources.columns import guess_column, text
from gis_grid.sources.tables import open_table

_COLUMNS: Final = {
    "name": "person",
    "post": "post",
    "phone": "phone",
    "community_code": "community_code",
    "community": "community_name",
    "grid": "grid",
}
_REMEDY: Final = "name a column post (岗位) and one name (姓名); an empty name is a vacancy"


def read_staff(path: str | os.PathLike[str]) -> pd.DataFrame:
    """Read a roster, one row a post.

    The columns are `name` ("" if vacant), `post`, `phone`, `community_code`, `community`, `grid` and `vacant`.
    Column names are guessed in Chinese and English; only these columns are kept. The index counts records from 1.

    Raises
    ------
    InputError
        If the file cannot be read, or has no column of names or posts, or a row states neither; all faults at once.
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
    out = pd.DataFrame(
        {c: text(table, guess.column if guess else None) for c, guess in found.items()}, index=table.index
    )
    void = (out["post"] == "").to_numpy(bool)
    blank = void & (out == "").to_numpy().all(axis=1)
    if np.any(void & ~blank):
        rows = out.index[void & ~blank]
        raise InputError(Fault("the post is empty", source, "post", int(row), "say which post it is") for row in rows)
    kept = out[~blank].rename_axis("row")
    return kept.assign(vacant=(kept["name"] == "") | kept["name"].isin(["空缺", "缺", "vacant", "待定"]))
